"""A real gnome-keyring: kept, read, removed; locked, stopped, killed, mute: every command ends in its time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nbs_cli.sandbox.cloud import PASSWORD
from tests.accounts import LIST, config_path, holding, log_in, login_words
from tests.conftest import NBS, Ran, Served
from tests.daemon import Bus, bus, later, mute_bus, mute_prompter, needed

pytestmark = [pytest.mark.keyring, needed]
Run = Callable[..., Ran]
LIMIT = 1.0  # seconds that the keyring is given here
STARTING = 2.0  # seconds that starting a process may take; more on a machine that is busy with other things


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A session bus without a daemon; every command of the test sees it."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with bus() as made:
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def unlocked(session: Bus) -> Bus:
    """A bus with an open keyring."""
    session.unlock()
    return session


@dataclass
class Timed:
    """A command that came to its end, and how long it took."""

    ran: Ran
    seconds: float


def allowed() -> float:
    """Seconds that a command with a keyring in trouble may take here and now."""
    return LIMIT + STARTING * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def timed(run: Run, what: str, *words: str, stdin: str = "") -> Timed:
    """Run a command that meets a keyring in trouble: it has to end within the limit, and says what is wrong."""
    begun = time.monotonic()
    ran = run(*words, stdin=stdin, env={"NBS_KEYRING_TIMEOUT": str(LIMIT)})
    took = time.monotonic() - begun
    print(f"{what}: {took:.2f} s, exit {ran.code}: {ran.err.splitlines()[0] if ran.err else ''}")
    assert took < allowed(), f"{what}: {took:.2f} s"
    assert "Traceback" not in ran.err
    assert "a mistake in nbs" not in ran.err
    return Timed(ran, took)


def items(name: str = "nbs") -> list[str]:
    """The accounts that the keyring holds for a service."""
    words = (
        "import secretstorage, sys\n"
        "c = secretstorage.dbus_init()\n"
        "for i in secretstorage.search_items(c, {'service': sys.argv[1]}): print(i.get_attributes()['username'])\n"
    )
    done = subprocess.run([sys.executable, "-c", words, name], capture_output=True, text=True, check=True)
    return done.stdout.split()


# what is kept


def test_kept_read_removed(unlocked: Bus, installed: Run, served: Served, home: Path) -> None:
    """A login keeps one item and nothing in plain text; the next command makes one request; logout removes it."""
    done = log_in(installed, served, store=None)

    assert "the keyring (keyring.backends.SecretService.Keyring)" in done.err
    assert 'keyring_backend = "keyring.backends.SecretService.Keyring"' in config_path(home).read_text()
    assert 'store = "keyring"' in config_path(home).read_text()
    assert len(items()) == 1
    assert [path for path in holding(home, PASSWORD) if "keyrings" not in path.parts] == []
    assert installed(*LIST).code == 0
    assert [call.method for call in served.calls] == ["GET"]
    assert installed("auth", "logout").code == 0
    assert items() == []
    assert installed(*LIST).code == 4


def test_one_item_a_profile(unlocked: Bus, installed: Run, served: Served) -> None:
    """Logging in twice keeps one item, two profiles two; removing a profile removes its own."""
    log_in(installed, served, store=None)
    log_in(installed, served, store=None)
    assert len(items()) == 1
    log_in(installed, served, "-p", "other", store=None)
    assert len(items()) == 2
    assert installed("profile", "remove", "other").code == 0
    assert [name.startswith("default-") for name in items()] == [True]


def test_renewed_token_is_kept(unlocked: Bus, installed: Run, served: Served) -> None:
    """A token that the server no longer knows is renewed once, and the keyring keeps the new one."""
    log_in(installed, served, store=None)
    served.cloud.expire_tokens()

    assert installed(*LIST).code == 0
    assert len(served.logins()) == 1
    assert installed(*LIST).code == 0
    assert len(served.logins()) == 1
    assert len(items()) == 1


def test_remembered_backend_is_loaded_directly(unlocked: Bus, installed: Run, served: Served) -> None:
    """After the login no other backend is looked for: neither keyring's search nor its choice is made."""
    log_in(installed, served, store=None)
    words = (
        "import keyring.core, keyring.backend, sys\n"
        "def no(*_a, **_k): raise SystemExit('searched')\n"
        "keyring.core.init_backend = keyring.backend.get_all_keyring = keyring.get_keyring = no\n"
        f"from nbs_cli.__main__ import main\nsys.exit(main({list(LIST)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_password_is_in_no_argument(unlocked: Bus, installed: Run, served: Served) -> None:
    """What is kept goes to the daemon over the bus and through no process list."""
    process = subprocess.Popen(
        [NBS, *login_words(served, store=None)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    _out, err = process.communicate(PASSWORD)

    assert process.returncode == 0, err
    assert PASSWORD.encode() not in seen


# trouble, after a login


TROUBLES = ["locked", "stopped", "killed", "killed and mute", "no bus", "prompt nobody answers"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_after_login(
    trouble: str,
    unlocked: Bus,
    installed: Run,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A command whose keyring is in trouble ends with 4 within the limit, says what is wrong, and asks no server."""
    log_in(installed, served, store=None)
    told = "keyring"
    with mute_bus(tmp_path) as mute:
        if trouble in {"locked", "prompt nobody answers"}:
            unlocked.lock()
        if trouble == "locked":
            told = "the keyring is locked"
        if trouble == "stopped":
            unlocked.signal(signal.SIGSTOP)
            told = f"did not answer in {LIMIT:g} s"
        if trouble == "killed":
            unlocked.signal(signal.SIGKILL)
            told = "the keyring is locked"  # the bus starts another daemon, which knows no password
        if trouble == "killed and mute":
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", mute["DBUS_SESSION_BUS_ADDRESS"])
        if trouble == "no bus":
            monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
        if trouble == "prompt nobody answers":
            told = f"did not answer in {LIMIT:g} s"
            with mute_prompter(unlocked):
                done = timed(installed, trouble, *LIST)
        else:
            done = timed(installed, trouble, *LIST)

    assert done.ran.code == 4, done.ran.err
    assert done.ran.out == ""
    assert told in done.ran.err
    assert served.calls == []


def test_heals_when_the_daemon_goes_on(unlocked: Bus, installed: Run, served: Served) -> None:
    """A daemon that was stopped and goes on is as good as before: nothing was lost."""
    log_in(installed, served, store=None)
    unlocked.signal(signal.SIGSTOP)
    assert timed(installed, "stopped", *LIST).ran.code == 4
    unlocked.signal(signal.SIGCONT)

    assert installed(*LIST).code == 0
    assert served.logins() == []


def test_environment_needs_no_keyring(unlocked: Bus, installed: Run, served: Served) -> None:
    """With credentials of the environment a keyring in trouble costs nothing and is not mentioned."""
    log_in(installed, served, store=None)
    unlocked.signal(signal.SIGSTOP)
    done = installed(*LIST, env=served.environ)

    assert (done.code, done.err) == (0, "")


# trouble, at the login


@pytest.mark.parametrize("trouble", ["locked", "nothing unlocked", "stopped", "mute bus", "prompt nobody answers"])
def test_trouble_at_login(
    trouble: str,
    session: Bus,
    installed: Run,
    served: Served,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A login that cannot keep the password ends with 4 within the limit, names the ways on, and falls back to none."""
    if trouble != "nothing unlocked":
        session.unlock()
    if trouble in {"locked", "prompt nobody answers"}:
        session.lock()
    if trouble == "stopped":
        session.signal(signal.SIGSTOP)
    words = login_words(served, store=None)
    with mute_bus(tmp_path) as mute:
        if trouble == "mute bus":
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", mute["DBUS_SESSION_BUS_ADDRESS"])
        if trouble == "prompt nobody answers":
            with mute_prompter(session):
                done = timed(installed, trouble, *words, stdin=PASSWORD)
        else:
            done = timed(installed, trouble, *words, stdin=PASSWORD)

    assert done.ran.code == 4
    assert "--store file" in done.ran.err
    assert PASSWORD not in done.ran.err
    assert not config_path(home).exists()
    assert holding(home, PASSWORD) == []


@pytest.mark.parametrize("deed", [signal.SIGKILL, signal.SIGSTOP], ids=["daemon killed", "daemon stopped, then killed"])
def test_daemon_dies_meanwhile(deed: signal.Signals, unlocked: Bus, installed: Run, served: Served) -> None:
    """A daemon, or the whole bus, that dies while it is asked: exit 4 in words, within the limit."""
    log_in(installed, served, store=None)
    unlocked.signal(signal.SIGSTOP)
    if deed == signal.SIGKILL:
        timer = later(0.6, lambda: unlocked.signal(signal.SIGKILL))
    else:
        timer = later(0.6, unlocked.process.kill)
    done = timed(installed, "died meanwhile", *LIST)
    timer.join()

    assert done.ran.code == 4
    assert "keyring" in done.ran.err
    assert served.calls == []


def test_failed_login_keeps_the_former_secret(unlocked: Bus, installed: Run, served: Served, home: Path) -> None:
    """A login to a file that fails, or whose password is wrong, leaves the item in the keyring as it was."""
    log_in(installed, served, store=None)
    before = config_path(home).read_text()
    blocked = home / ".local/state/nbs/secrets"
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where the folder should be")

    assert installed(*login_words(served, store="file"), stdin=PASSWORD).code == 1
    assert installed(*login_words(served, store="file"), stdin="wrong").code == 4
    assert config_path(home).read_text() == before
    assert len(items()) == 1
    served.calls.clear()
    assert installed(*LIST).code == 0
    assert served.logins() == []


def test_former_secret_that_cannot_be_removed(unlocked: Bus, installed: Run, served: Served) -> None:
    """A login to a file while the keyring is locked works, and says that the former password stayed behind."""
    log_in(installed, served, store=None)
    unlocked.lock()

    done = timed(installed, "login to a file", *login_words(served, store="file"), stdin=PASSWORD)

    assert done.ran.code == 0, done.ran.err
    assert "former" in done.ran.err
    assert installed(*LIST).code == 0


def test_logout_says_what_is_left(unlocked: Bus, installed: Run, served: Served) -> None:
    """A logout that cannot reach the keyring says that the password is still there, and works when it can."""
    log_in(installed, served, store=None)
    unlocked.signal(signal.SIGSTOP)
    done = timed(installed, "logout", "auth", "logout")
    unlocked.signal(signal.SIGCONT)

    assert done.ran.code == 4
    assert "still" in done.ran.err
    assert "--store file" not in done.ran.err
    assert installed("auth", "logout").code == 0
    assert items() == []


def test_write_that_timed_out(unlocked: Bus, installed: Run, served: Served) -> None:
    """A daemon that stops between the read and the write: the command is done, and what is kept is old or new."""
    log_in(installed, served, store=None)
    served.cloud.expire_tokens()
    words = (
        f"import os, signal, sys\nos.environ['NBS_KEYRING_TIMEOUT'] = '{LIMIT}'\n"
        "from keyring.backends.SecretService import Keyring\n"
        "def stopping(self, *_words, real=Keyring.set_password):\n"
        f"    os.kill({unlocked.daemons[-1].pid}, signal.SIGSTOP)\n"
        "    return real(self, *_words)\n"
        "Keyring.set_password = stopping\n"
        f"from nbs_cli.__main__ import main\nsys.exit(main({list(LIST)!r}))"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False, timeout=30)
    took = time.monotonic() - begun
    unlocked.signal(signal.SIGCONT)

    print(f"write that timed out: {took:.2f} s, exit {done.returncode}")
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert "not known whether it was written" in done.stderr
    assert took < allowed()
    assert len(items()) == 1
    assert installed(*LIST).code == 0


def test_the_doctor_tries_it(unlocked: Bus, installed: Run, served: Served) -> None:
    """Open: its backend and how long a word took, which is not left there; locked: named, and the way on works."""
    log_in(installed, served, store=None)
    kept = items()
    well = installed("doctor")
    assert well.code == 0, well.out
    told = re.search(
        r"the keyring \(keyring\.backends\.SecretService\.Keyring\) keeps what it is given, in \d+ ms", well.out
    )
    assert told is not None, well.out
    assert items() == kept

    unlocked.lock()
    ill = timed(installed, "locked", "doctor").ran
    assert ill.code == 1
    assert "problem  the keyring is locked, and nobody unlocked it" in ill.out
    fix = ill.out.partition("keeps its secret there\n")[2].splitlines()[0].strip()
    assert fix == "nbs auth login -p default --store file"
    assert installed(*fix.split()[1:], "--password-stdin", stdin=PASSWORD).code == 0
    assert installed("doctor").code == 0
    assert served.asked() == []
