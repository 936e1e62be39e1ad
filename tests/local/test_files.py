"""Private, atomic, locked files: under an open umask, a full disk, kill -9, planted links, stopped holders."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbs_cli.errors import Failure
from nbs_cli.local import files
from tests.kills import killed

KILLS = int(os.environ.get("NBS_TEST_KILLS", "30"))


def mode(path: Path) -> int:
    """The permissions of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def child(words: str, *args: object) -> Iterator[subprocess.Popen[str]]:
    """A Python that runs *words* and says `ready` first; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", words, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    made = tmp_path / "folder"
    made.mkdir()
    return made


HOLDER = """
import sys
from pathlib import Path
from nbs_cli.local import files
with files.locked(Path(sys.argv[1]), 5) as held:
    assert held
    print("ready", flush=True)
    sys.stdin.read()
"""

# reading, writing, removing


def test_round_trip(folder: Path) -> None:
    """What was written is read, Korean and line ends as they are; a second text takes the first one's place."""
    path = folder / "new" / "folder" / "x.json"
    for text in ("", "한국\r\n\tz\n", "short"):
        files.write(path, text)
        assert path.read_bytes() == text.encode()
    assert files.read(path) == "short"
    assert [one.name for one in path.parent.iterdir()] == ["x.json"]


def test_nothing_there(folder: Path) -> None:
    """A file that does not exist, or whose folder does not, is None; removing it is False."""
    for path in (folder / "none", folder / "no" / "folder"):
        assert files.read(path) is None
        assert files.remove(path) is False
    assert list(folder.iterdir()) == []


def test_remove(folder: Path) -> None:
    """Removing says that there was something; the rest stays."""
    (folder / "a").touch()
    (folder / "b").touch()

    assert files.remove(folder / "a") is True
    assert [path.name for path in folder.iterdir()] == ["b"]


def test_troubles_name_the_file(folder: Path) -> None:
    """A folder in a file's place, a file in a folder's: words with the path, and nothing is changed."""
    (folder / "folder" / "x").mkdir(parents=True)
    (folder / "file").write_text("kept")

    with pytest.raises(Failure, match=r"folder cannot be read: Is a directory"):
        files.read(folder / "folder")
    with pytest.raises(Failure, match=r"folder cannot be written"):
        files.write(folder / "folder", "x")
    with pytest.raises(Failure, match=r"folder cannot be removed"):
        files.remove(folder / "folder")
    with pytest.raises(Failure, match=r"below cannot be written"):
        files.write(folder / "file" / "below", "x")
    assert (folder / "file").read_text() == "kept"
    assert sorted(path.name for path in folder.rglob("*")) == ["file", "folder", "x"]


def test_private_from_birth(folder: Path) -> None:
    """Under umask 000: 0600 for files, 0700 for each folder made on the way; folders of others stay as they are."""
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    before = os.umask(0)
    try:
        files.write(shared / "a" / "b" / "x", "secret")
        with files.locked(shared / "c" / "x.lock", 1):
            pass
    finally:
        os.umask(before)

    assert mode(shared) == 0o755
    assert {mode(shared / name) for name in ("a", "a/b", "c")} == {0o700}
    assert {mode(shared / name) for name in ("a/b/x", "c/x.lock")} == {0o600}


def test_open_file_becomes_private(folder: Path) -> None:
    """A file that others could read is private after the next write; the old one, still open, keeps the old text."""
    path = folder / "x"
    path.write_text("old")
    path.chmod(0o666)
    with path.open() as reader:
        files.write(path, "new")
        assert reader.read() == "old"

    assert mode(path) == 0o600


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_synced_before_renamed(folder: Path) -> None:
    """The text is on the disk before the name leads to it, and the name before the write is over."""
    log = folder / "log"
    path = folder / "x"
    words = f"from pathlib import Path\nfrom nbs_cli.local import files\nfiles.write(Path({str(path)!r}), 'text')"
    done = subprocess.run(
        [
            "strace",
            "-y",
            "-e",
            "trace=write,fsync,rename,renameat,renameat2",
            "-o",
            str(log),
            sys.executable,
            "-c",
            words,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")

    calls = [line.partition("(")[0] for line in log.read_text().splitlines() if str(folder) in line]
    assert calls == ["write", "fsync", "rename", "fsync"]


def test_links_are_not_followed(folder: Path) -> None:
    """A link planted at the file's place is replaced, one at the lock's is refused; what they lead to is untouched."""
    victim = folder / "victim"
    victim.write_text("precious")
    (folder / "x").symlink_to(victim)
    (folder / "x.lock").symlink_to(victim)

    files.write(folder / "x", "new")
    with files.locked(folder / "x.lock", 1) as held:
        assert held is False

    assert victim.read_text() == "precious"
    assert (folder / "x").read_text() == "new"
    assert not (folder / "x").is_symlink()


def test_full_disk(folder: Path) -> None:
    """A write that fails half-way leaves the old text and no temporary file, and names the path."""
    path = folder / "x"
    path.write_text("old")
    words = (
        "import resource\nfrom pathlib import Path\nfrom nbs_cli.local import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        f"files.write(Path({str(path)!r}), 'x' * 100_000)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)

    assert "x cannot be written: File too large" in done.stderr
    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [path]


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="mounting needs root")
def test_really_full_disk(folder: Path) -> None:
    """The same on a file system of 64 kB that is full."""
    words = (
        "from pathlib import Path\nfrom nbs_cli.local import files\nfrom nbs_cli.errors import Failure\n"
        f"path = Path({str(folder)!r}) / 'x'\n"
        "files.write(path, 'old')\n"
        "try:\n    files.write(path, 'y' * 200_000)\nexcept Failure as failure:\n    print(failure)\n"
        "print(path.read_text(), len(list(path.parent.iterdir())))"
    )
    script = f"mount -t tmpfs -o size=64k none '{folder}' && exec '{sys.executable}' -c \"$1\""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", words], capture_output=True, text=True, check=False
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("mounting is not allowed here")

    assert done.stdout.splitlines() == [f"{folder}/x cannot be written: No space left on device", "old 1"]


def test_stale_leftovers_go(folder: Path) -> None:
    """What a killed writer left is removed an hour later; what may still be written, and others' files, stay."""
    old, young, other = (folder / name for name in (".x.aaa.tmp", ".x.bbb.tmp", ".y.aaa.tmp"))
    for path in (old, young, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (time.time() - 3700,) * 2)

    files.write(folder / "x", "text")

    assert sorted(path.name for path in folder.iterdir()) == [".x.bbb.tmp", ".y.aaa.tmp", "x"]


def test_kill_while_writing(folder: Path) -> None:
    """After every kill -9 at a random moment the file is old or new, whole; leftovers are private and go later."""
    path = folder / "x"
    files.write(path, "")
    seen = set()
    begin = f"import os\nfrom pathlib import Path\nfrom nbs_cli.local import files\npath = Path({str(path)!r})"
    # each writer has a letter of its own, so that a busy machine, where each writes but once, is seen to write
    for _number in killed(KILLS, begin, "files.write(path, chr(97 + os.getpid() % 26) * 100_000)"):
        text = files.read(path) or ""
        assert len(text) in {0, 100_000}
        assert len(set(text)) <= 1
        seen.add(text)
        assert all(mode(one) == 0o600 for one in folder.iterdir())
    left = len(list(folder.iterdir())) - 1
    print(f"{KILLS} kills: 0 corrupt, {left} temporary files left")
    assert len(seen) > 1
    for one in folder.iterdir():
        os.utime(one, (time.time() - 3700,) * 2)

    files.write(path, "c")
    assert list(folder.iterdir()) == [path]


# locks


def test_lock_excludes(folder: Path) -> None:
    """While one holds the lock another waits its limit and goes on without; after it is freed it is had at once."""
    path = folder / "locks" / "x.lock"
    with files.locked(path, 1) as first:
        begun = time.monotonic()
        with files.locked(path, 0.2) as second:
            assert (first, second) == (True, False)
        assert time.monotonic() - begun >= 0.2
    with files.locked(path, 0) as third:
        assert third is True


def test_lock_is_freed_by_a_failure(folder: Path) -> None:
    """A block that raises frees the lock, and its failure goes on."""
    path = folder / "x.lock"
    with pytest.raises(ZeroDivisionError), files.locked(path, 1):
        raise ZeroDivisionError
    with files.locked(path, 0) as held:
        assert held is True


def test_lock_is_freed_by_kill(folder: Path) -> None:
    """A holder that is killed with -9 frees the lock at once."""
    path = folder / "x.lock"
    with child(HOLDER, path) as process:
        with files.locked(path, 0) as held:
            assert held is False
        process.kill()
        process.wait()
        with files.locked(path, 0) as held:
            assert held is True


def test_stopped_holder(folder: Path) -> None:
    """A holder that is stopped holds others up for the limit and no longer."""
    path = folder / "x.lock"
    with child(HOLDER, path) as process:
        process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        with files.locked(path, 0.3) as held:
            took = time.monotonic() - begun
        process.send_signal(signal.SIGCONT)

    assert held is False
    print(f"a stopped holder: {took:.2f} s of a limit of 0.3 s")
    assert took < 0.3 + 2


@pytest.mark.parametrize("place", ["/proc/nbs/x.lock", "/dev/null/x.lock"])
def test_nowhere_to_lock(place: str) -> None:
    """Where no file can be made the block runs without a lock, at once."""
    begun = time.monotonic()
    with files.locked(Path(place), 5) as held:
        assert held is False
    assert time.monotonic() - begun < 2


def test_file_system_without_locks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network drive that knows no locks (ENOLCK) is not waited for."""
    import fcntl

    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with files.locked(folder / "x.lock", 60) as held:
        assert held is False


def test_one_at_a_time(folder: Path) -> None:
    """Eight threads that read, add one and write lose nothing, and no descriptor stays open."""
    path = folder / "x"
    files.write(path, "0")
    opened = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0

    def add() -> None:
        for _number in range(5):
            with files.locked(folder / "x.lock", 30) as held:
                assert held
                files.write(path, str(int(files.read(path) or "") + 1))

    threads = [threading.Thread(target=add) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert files.read(path) == "40"
    if opened:
        assert len(list(Path("/proc/self/fd").iterdir())) <= opened


def test_exclusive(folder: Path) -> None:
    """One holder at a time; where nothing can be locked there is none, and it is said."""
    path = folder / "lock"
    with files.exclusive(path, 0) as first, files.exclusive(path, 0) as second:
        assert (first, second) == (True, False)
    with files.exclusive(path, 0) as again:
        assert again
    (folder / "file").write_text("")
    with pytest.raises(Failure, match="cannot be made"), files.exclusive(folder / "file" / "lock", 0):
        pass


def test_publish(folder: Path) -> None:
    """What is published is whole and for everybody to read, whatever the umask; a folder is not made for it."""
    before = os.umask(0o077)
    try:
        files.publish(folder / "nbs.prom", "nbs 1\n")
    finally:
        os.umask(before)
    assert (folder / "nbs.prom").read_text() == "nbs 1\n"
    assert mode(folder / "nbs.prom") == 0o644
    assert [path.name for path in folder.iterdir()] == ["nbs.prom"]
    with pytest.raises(Failure, match="cannot be written"):
        files.publish(folder / "missing" / "nbs.prom", "")
