"""Many commands at once with one profile: none fails, few log in, and nothing that is written is lost.

NBS_TEST_PROCESSES raises the number of commands (100 in the long run).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nbs_cli.local import config
from nbs_cli.sandbox.cloud import PASSWORD
from tests.accounts import LIST, change_kept, config_path, log_in, secret_path
from tests.conftest import NBS, Ran, Served
from tests.daemon import Bus, bus, needed
from tests.kills import killed

Run = Callable[..., Ran]
LONG = "NBS_TEST_PROCESSES" in os.environ
PROCESSES = int(os.environ.get("NBS_TEST_PROCESSES", "40"))
PAIRS = 20
KILLS = int(os.environ.get("NBS_TEST_KILLS", "30"))


@dataclass
class Ended:
    """One of many commands: its exit code, what it wrote, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float


def at_once(number: int, *words: str) -> list[Ended]:
    """Run *number* of the same command, all started before any is waited for."""
    ended: list[Ended] = []

    def one() -> None:
        begun = time.monotonic()
        done = subprocess.run([NBS, *words], capture_output=True, text=True, check=False, timeout=300)
        ended.append(Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - begun))

    threads = [threading.Thread(target=one) for _number in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def figures(what: str, ended: list[Ended], served: Served) -> str:
    """The figures of a run, on one line."""
    failed = sum(one.code != 0 for one in ended)
    slowest = max(one.seconds for one in ended)
    return f"{what}: {len(ended)} commands, {failed} failed, {len(served.logins())} logins, slowest {slowest:.1f} s"


def all_well(ended: list[Ended]) -> None:
    """Every one of them did its work and complained of nothing."""
    assert {(one.code, one.out, one.err) for one in ended} == {(0, "[]\n", "")}


# one profile, a cold token


@pytest.mark.parametrize("cold", ["expired by its times", "refused by the server"])
def test_file_store(cold: str, nbs: Run, served: Served, home: Path) -> None:
    """A storm of commands on a file whose token is no longer good: all succeed, with five logins at most."""
    log_in(nbs, served)
    if cold == "expired by its times":
        change_kept(secret_path(home), lambda access: access.update(received=0.0))
    else:
        served.cloud.expire_tokens()
    number = PROCESSES if cold == "refused by the server" else PROCESSES // 4

    ended = at_once(number, *LIST)

    print(figures(f"file, {cold}", ended, served))
    all_well(ended)
    assert 1 <= len(served.logins()) <= 5
    kept = json.loads(secret_path(home).read_text())
    assert kept["password"] == PASSWORD
    assert [path.name for path in secret_path(home).parent.iterdir()] == [secret_path(home).name]


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A bus with an open keyring."""
    with bus() as made:
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        made.unlock()
        yield made


@needed
@pytest.mark.keyring
def test_keyring_store(unlocked: Bus, installed: Run, served: Served) -> None:
    """The same on a keyring: one caller at a time waits its turn, none runs into the limit, and one logs in."""
    log_in(installed, served, store=None)
    served.cloud.expire_tokens()

    ended = at_once(PROCESSES if LONG else PROCESSES // 2, *LIST)

    print(figures("keyring", ended, served))
    all_well(ended)
    assert len(served.logins()) == 1


def test_login_storm(nbs: Run, served: Served, home: Path) -> None:
    """Six logins to six profiles at once: every one is kept, with its secret."""
    words = ["auth", "login", "--identity-url", served.url, "--store", "file", "--region", "KR1", "--password-stdin"]
    words += ["--tenant-id", served.environ["NBS_TENANT_ID"], "--username", served.environ["NBS_USERNAME"]]
    running = [
        subprocess.Popen([NBS, *words, "-p", f"p{number}"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(6)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(PASSWORD + "\n")
        process.stdin.flush()
    ended = [process.communicate()[1] for process in running]

    assert [process.returncode for process in running] == [0] * 6, ended
    known = config.load(None)
    assert sorted(known.profiles) == sorted(f"p{number}" for number in range(6))
    assert known.in_use in known.profiles
    assert len(list((home / ".local/state/nbs/secrets").iterdir())) == 6


# one config file


EDITOR = """
import sys
from nbs_cli.local import config, edits
known = config.load(None)
for line in sys.stdin:
    edits.put(known, sys.argv[1], {"region": line.strip()})
    print("done", flush=True)
"""


@pytest.fixture
def two(home: Path) -> Path:
    """A config file with two empty profiles and a comment."""
    path = config_path(home)
    path.parent.mkdir(parents=True)
    path.write_text("# kept\n[profiles.a]\n\n[profiles.b]\n")
    return path


def test_two_commands_at_once(two: Path) -> None:
    """Two `profile set` at once, a few times: both are kept."""
    for number in range(PAIRS // 5):
        running = [
            subprocess.Popen([NBS, "-q", "profile", "set", "region", f"KR{number}", "-p", name]) for name in ("a", "b")
        ]
        assert [process.wait() for process in running] == [0, 0]
        known = config.load(None).profiles
        assert (known["a"].region, known["b"].region) == (f"KR{number}",) * 2
    assert two.read_text().startswith("# kept\n")
    assert sorted(one.name for one in two.parent.iterdir()) == ["config.toml", "config.toml.lock"]


def test_two_edits_at_once(two: Path) -> None:
    """What `profile set` does, by two processes in the same instant, many times: both are kept."""
    editors = [
        subprocess.Popen(
            [sys.executable, "-c", EDITOR, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        for name in ("a", "b")
    ]
    lost = 0
    for number in range(PAIRS * 5):
        for editor in editors:
            assert editor.stdin is not None
            editor.stdin.write(f"KR{number}\n")
            editor.stdin.flush()
        for editor in editors:
            assert editor.stdout is not None
            assert editor.stdout.readline() == "done\n"
        known = config.load(None).profiles
        lost += (known["a"].region, known["b"].region) != (f"KR{number}",) * 2
    for editor in editors:
        editor.communicate()

    print(f"{PAIRS * 5} pairs of edits, {lost} lost")
    assert lost == 0


def test_kills_during_edits(nbs: Run, two: Path) -> None:
    """Writers of the config killed with -9 at random moments: it is old or new, whole, and the lock is free again."""
    begin = "from nbs_cli.local import config, edits\nknown = config.load(None)\nnumber = 0"
    work = "number += 1; edits.put(known, 'a', {'region': f'KR{number}', 'username': 'u' * (number % 5000)})"
    slowest = 0.0
    for number in killed(KILLS, begin, work):
        assert two.read_text().startswith("# kept\n")
        known = config.load(None)
        assert set(known.profiles) == {"a", "b"}
        begun = time.monotonic()
        assert nbs("profile", "set", "region", f"KR{number}", "-p", "b").code == 0
        slowest = max(slowest, time.monotonic() - begun)
        assert config.load(None).profiles["a"] == known.profiles["a"]
        assert config.load(None).profiles["b"].region == f"KR{number}"
    left = [one for one in two.parent.iterdir() if one.suffix == ".tmp"]
    print(f"{KILLS} kills: 0 corrupt, {len(left)} temporary files left, slowest edit after one {slowest:.2f} s")
    assert all(one.stat().st_mode & 0o077 == 0 for one in left)
    assert slowest < 5  # half of what an edit would wait for a lock that is not freed


def test_kills_of_commands(nbs: Run, served: Served, home: Path) -> None:
    """Commands that renew a token, killed with -9 at random moments: the password is never lost."""
    log_in(nbs, served)
    chance = random.Random(13)
    for _number in range(KILLS // 5):
        served.cloud.expire_tokens()
        with subprocess.Popen([NBS, *LIST], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(0.1, 0.5))
            process.kill()
        assert json.loads(secret_path_of(home).read_text())["password"] == PASSWORD
    served.cloud.expire_tokens()
    assert nbs(*LIST).code == 0


def secret_path_of(home: Path) -> Path:
    """The secret's file, beside which a kill may have left a temporary one."""
    (path,) = (home / ".local/state/nbs/secrets").glob("*.json")
    return path


def test_killed_holder_of_the_turn(nbs: Run, served: Served, home: Path) -> None:
    """A command that is killed while it has the turn to log in holds nobody up."""
    log_in(nbs, served)
    served.cloud.expire_tokens()
    lock = home / ".local/state/nbs/locks" / (secret_path(home).stem + ".lock")
    words = (
        "import sys\nfrom pathlib import Path\nfrom nbs_cli.local import files\n"
        f"with files.locked(Path({str(lock)!r}), 5) as held:\n    print(held, flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        holder.kill()
    begun = time.monotonic()

    assert nbs(*LIST).code == 0
    assert time.monotonic() - begun < 4  # a turn that is not given up is waited for 5 s


def test_stopped_holder_of_the_turn(nbs: Run, served: Served, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is stopped while it has the turn holds others up for the limit, and then they log in."""
    monkeypatch.setattr("nbs_cli.local.secrets._TURN_AT_FILE", 0.3)
    from nbs_cli.local import files

    log_in(nbs, served)
    served.cloud.expire_tokens()
    lock = home / ".local/state/nbs/locks" / (secret_path(home).stem + ".lock")
    with files.locked(lock, 1) as held:
        assert held
        assert nbs(*LIST).code == 0
    assert len(served.logins()) == 1
