"""Where files lie, and that a user without a home still has a working command."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.errors import Failure
from nbs_cli.local import folders
from nbs_cli.sandbox.cloud import PASSWORD
from tests.accounts import LIST, config_path, log_in, login_words
from tests.conftest import NBS, Ran, Served

Run = Callable[..., Ran]


def test_usual_places(home: Path) -> None:
    """The platform's folders, below the home."""
    assert folders.config_file(None) == home / ".config/nbs/config.toml"
    assert folders.state() == home / ".local/state/nbs"
    assert folders.sandbox_state() == home / ".local/state/nbs/sandbox.sqlite3"
    assert folders.secret_file("prod-1") == home / ".local/state/nbs/secrets/prod-1.json"
    assert folders.lock_file("prod-1") == home / ".local/state/nbs/locks/prod-1.lock"


def test_xdg_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CONFIG_HOME and XDG_STATE_HOME move them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))

    assert folders.config_file(None) == tmp_path / "c/nbs/config.toml"
    assert folders.state() == tmp_path / "s/nbs"


def test_relative_xdg_is_not_obeyed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder would be another one in every working folder: it is as good as none."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    monkeypatch.setenv("XDG_STATE_HOME", "here")

    assert folders.config_file(None) in {None, home / ".config/nbs/config.toml"}


@pytest.mark.parametrize(
    ("path", "shown"), [("{home}/x/y", "~/x/y"), ("{home}", "{home}"), ("{home}2/x", "{home}2/x"), ("/etc/x", "/etc/x")]
)
def test_readable(path: str, shown: str, home: Path) -> None:
    """A path in the home begins with `~`, and no other does."""
    assert folders.readable(Path(path.format(home=home))) == shown.format(home=home)


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home there is no config, and state says which variable helps; nothing lies in a temporary folder."""
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_args, **_words: Path("~/.config/nbs"))
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_args, **_words: Path("~/.local/state/nbs"))

    assert folders.config_file(None) is None
    with pytest.raises(Failure) as caught:
        folders.state()
    assert "XDG_STATE_HOME" in str(caught.value.hint)


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="only root can become another user, with setpriv"
)
@pytest.mark.parametrize("folder", ["unset", "/nonexistent", "/proc"])
def test_user_of_nobody(folder: str, served: Served, tmp_path: Path) -> None:
    """A user of no passwd entry, without a home, lists with the environment's credentials; no file is made anywhere."""
    before = set(Path("/tmp").iterdir())
    env = {**os.environ, **served.environ}
    env.pop("HOME")
    if folder != "unset":
        env["HOME"] = folder
    words = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", NBS, *LIST]
    done = subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode in {126, 127} or "failed to execute" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip("this Python lies where others may not read")

    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    mine = [path for path in set(Path("/tmp").iterdir()) - before if path.exists() and path.stat().st_uid == 54_321]
    assert mine == []


@pytest.mark.parametrize(
    "words", [("auth", "login"), ("profile", "use", "sandbox"), ("-p", "sandbox", "volume", "list")]
)
def test_home_that_cannot_be_used(words: tuple[str, ...], installed: Run) -> None:
    """What has to be kept and cannot be is a sentence that names the place, never a traceback."""
    done = (
        installed(*words, "--store", "file", env={"HOME": "/proc"})
        if "login" in words
        else installed(*words, env={"HOME": "/proc"})
    )

    assert done.code in {1, 2}
    assert "a mistake in nbs" not in done.err
    if "login" not in words:
        assert "/proc/" in done.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="sudo needs root")
def test_sudo_leaves_nothing_in_the_home_of_its_caller(
    installed: Run, served: Served, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo -E nbs` reads, and refuses to write what the user could not open later (faults.md E10)."""
    os.chown(home, 54321, 54321)
    monkeypatch.setenv("SUDO_UID", "54321")
    assert installed("volume", "list", "-o", "json", env=served.environ).out == "[]\n"
    for words in (
        login_words(served),
        ["-p", "sandbox", "volume", "list"],
    ):
        ran = installed(*words, stdin=PASSWORD)
        assert ran.code != 0
        assert "sudo" in ran.err, (words, ran)
    assert list(home.rglob("*")) == []


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed")
def test_no_file_may_grow(home: Path, served: Served, nbs: Run, installed: Run) -> None:
    """Where the system lets no file grow, the old one stays as it is, and the reason is told (E18)."""
    log_in(nbs, served)
    before = config_path(home).read_text(encoding="utf-8")
    words = ["prlimit", "--fsize=0", NBS, "profile", "set", "output", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot be written: File too large" in done.stderr) == (1, True), done.stderr
    assert config_path(home).read_text(encoding="utf-8") == before
    assert list(home.rglob("*.tmp")) == []


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed")
def test_a_small_machine_is_enough(served: Served) -> None:
    """A list of a thousand volumes in 256 MB of address space, of which threads take most (E17)."""
    served.cloud.seed(1000)
    words = ["prlimit", "--as=268435456", NBS, "volume", "list", "-q"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **served.environ})
    assert (done.returncode, len(done.stdout.split())) == (0, 1000), done.stderr
