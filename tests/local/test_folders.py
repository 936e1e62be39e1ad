"""Where files lie, also for those who have no home."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.local import folders
from tests.conftest import NBS, Ran, Served


def test_state_lies_in_the_platforms_folder(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Below the home folder, or where XDG_STATE_HOME says."""
    assert folders.sandbox_state() == home / ".local" / "state" / "nbs" / "sandbox.sqlite3"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert folders.state() == tmp_path / "state" / "nbs"


@pytest.mark.parametrize(("path", "text"), [("{home}/x", "~/x"), ("{home}", "{home}"), ("{home}x/y", "{home}x/y")])
def test_paths_are_written_as_people_write_them(home: Path, path: str, text: str) -> None:
    """`~` stands for the home folder and for nothing that only begins like it."""
    assert folders.readable(Path(path.format(home=home))) == text.format(home=home)


def test_a_home_at_the_root_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the home folder is `/`, paths stay what they are."""
    monkeypatch.setenv("HOME", "/")
    assert folders.readable(Path("/etc/x")) == "/etc/x"


@pytest.mark.parametrize("nowhere", ["/proc/nowhere", "/dev/null", ""])
def test_reading_needs_no_home(served: Served, installed: Callable[..., Ran], nowhere: str) -> None:
    """With credentials in the environment a list works where nothing can be written."""
    ran = installed("volume", "list", "-o", "json", env={**served.environ, "HOME": nowhere})
    assert (ran.code, ran.out) == (0, "[]\n")


@pytest.mark.parametrize("nowhere", ["/proc/nowhere", "/dev/null"])
def test_the_sandbox_says_what_it_lacks(installed: Callable[..., Ran], nowhere: str) -> None:
    """The sandbox keeps its state: where it cannot, exit 1, the path, the variable that names another."""
    ran = installed("-p", "sandbox", "volume", "list", env={"HOME": nowhere})
    assert (ran.code, ran.out) == (1, "")
    assert nowhere in ran.err
    assert "XDG_STATE_HOME" in ran.err
    assert "Traceback" not in ran.err


def test_nothing_is_written_by_reading(served: Served, installed: Callable[..., Ran], home: Path) -> None:
    """A list leaves no file behind."""
    assert installed("volume", "list", env=served.environ).code == 0
    assert list(home.iterdir()) == []
    assert os.access(NBS, os.X_OK)
