"""Where files of `nbs` lie: the platform's folders for state and configuration."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def state() -> Path:
    """The folder for state (sandbox, request journal); not made here.

    Raises Usage's cousin RuntimeError where the user has no home and XDG_STATE_HOME is not set.
    """
    return Path(platformdirs.user_state_path("nbs", appauthor=False))


def sandbox_state() -> Path:
    """The SQLite file that the `sandbox` profile and `nbs sandbox serve` share."""
    return state() / "sandbox.sqlite3"


def readable(path: Path) -> str:
    """Give *path* as people write it, `~` for the home folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 Path.home() raises for a user without an entry in passwd
    text = str(path)
    return "~" + text.removeprefix(home) if home != "/" and text.startswith(home + os.sep) else text
