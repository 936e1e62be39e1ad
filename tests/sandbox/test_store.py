"""The sandbox's memory: private, shared between threads and processes, all or nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nbs_cli.sandbox.store import VERSION, Store


def count(store: Store) -> int:
    """Count the rows of the table that these tests write to."""
    with store.read() as db:
        return int(db.execute("SELECT COUNT(*) FROM faults").fetchone()[0])


def write(store: Store, times: int = 1) -> None:
    """Insert rows, each in a transaction of its own."""
    for _ in range(times):
        with store.write() as db:
            db.execute("INSERT INTO faults (fault) VALUES ('x')")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_the_file_is_private_from_birth(state: str) -> None:
    """The state, its WAL and its folder are the owner's alone, whatever the umask would allow."""
    store = Store(state)
    write(store)
    folder = Path(state).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "sandbox.db": 0o600,
        "sandbox.db-wal": 0o600,
        "sandbox.db-shm": 0o600,
    }
    store.close()


@pytest.mark.parametrize("memory", [False, True])
def test_eight_threads_lose_nothing(state: str, memory: bool) -> None:
    """Eight threads that write at once are taken in turns, in a file as in memory, and see each other's rows."""
    store = Store(":memory:" if memory else state)
    threads = [threading.Thread(target=write, args=(store, 25)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(store) == 200
    store.close()


def test_eight_processes_lose_nothing(state: str) -> None:
    """Eight processes may make the same state at once: one schema, every row."""
    program = (
        "import sys\nfrom nbs_cli.sandbox.store import Store\nstore = Store(sys.argv[1])\n"
        "for _ in range(10):\n    with store.write() as db:\n"
        "        db.execute(\"INSERT INTO faults (fault) VALUES ('x')\")\nstore.close()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, state]) for _ in range(8)]
    assert [process.wait(60) for process in running] == [0] * 8
    store = Store(state)
    assert count(store) == 80
    store.close()


def test_an_exception_takes_every_change_back(state: str) -> None:
    """A transaction that fails leaves nothing behind, and the next one works."""
    store = Store(state)

    def fail() -> None:
        with store.write() as db:
            db.execute("INSERT INTO faults (fault) VALUES ('x')")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert count(store) == 0
    write(store)
    assert count(store) == 1
    store.close()


def test_many_short_threads_leave_no_file_open(state: str) -> None:
    """A server's threads live for one connection each: the state's files are open once, however many there were."""
    store = Store(state)
    for _number in range(50):
        thread = threading.Thread(target=write, args=(store,))
        thread.start()
        thread.join()
    assert count(store) == 50
    opened = [link.resolve() for link in Path("/proc/self/fd").glob("*")]
    assert opened.count(Path(state).resolve()) == 1
    store.close()


def test_each_thread_has_its_own_connection(state: str) -> None:
    """A reader in another thread sees the state before a transaction that is still open here."""
    store = Store(state)
    seen: list[int] = []
    with store.write() as db:
        db.execute("INSERT INTO faults (fault) VALUES ('x')")
        thread = threading.Thread(target=lambda: seen.append(count(store)))
        thread.start()
        thread.join()
    assert (seen, count(store)) == ([0], 1)
    store.close()


def test_a_closed_store_opens_again(state: str) -> None:
    """Closing gives every file handle back, and is no end."""
    store = Store(state)
    write(store)
    store.close()
    assert count(store) == 1
    store.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """A foreign file is left as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear all, " * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        Store(str(path))
    assert path.read_text().startswith("Dear all")


def test_a_state_of_version_1_is_brought_up_to_date(state: str) -> None:
    """What it holds stays; what it lacks is added, what is no longer needed goes, and a fault can be ordered in it."""
    Store(state).close()
    with sqlite3.connect(state) as old:
        for table in ("volumes", "snapshots"):
            old.execute(f"ALTER TABLE {table} DROP COLUMN born")
        old.execute("DROP TABLE faults")
        old.execute("CREATE TABLE failures (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL)")
        old.execute("INSERT INTO failures (kind) VALUES ('create-error')")
        old.execute("INSERT INTO tokens VALUES ('t', 'u', NULL, 1.0)")
        old.execute("PRAGMA user_version = 1")
    old.close()
    store = Store(state)
    write(store)
    with store.read() as db:
        columns = {row["name"] for row in db.execute("PRAGMA table_info(volumes)")}
        tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "born" in columns
        assert "failures" not in tables
        assert db.execute("SELECT id FROM tokens").fetchone()[0] == "t"
        assert db.execute("PRAGMA user_version").fetchone()[0] == VERSION
    assert count(store) == 1
    store.close()


@pytest.mark.parametrize("memory", [False, True])
def test_a_glance_sees_what_others_write(state: str, memory: bool) -> None:
    """`finds` over its one connection sees the newest rows, from any thread, also after the store was closed."""
    store = Store(":memory:" if memory else state)
    seen: list[bool] = []

    def glance() -> None:
        seen.append(store.finds("SELECT 1 FROM faults"))

    for step in (glance, lambda: write(store), glance, *([] if memory else [store.close, glance])):
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
    assert seen == ([False, True] if memory else [False, True, True])
    store.close()
