"""Where files of `nbs` lie: the platform's folders for configuration, state and cache (owns platformdirs).

Never below a temporary folder, never in the working directory: a user without a home has no files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from nbs_cli.errors import Failure
from nbs_cli.output.words import _

APP = "nbs"


def config_file(named: str | None) -> Path | None:
    """The config file: *named* (NBS_CONFIG_FILE), or config.toml in the platform's folder; None without a home."""
    if named is not None:
        return Path(os.path.expanduser(named)).absolute()  # noqa: PTH111 Path.expanduser raises for an unknown user
    folder = _known(platformdirs.user_config_path)
    return None if folder is None else folder / "config.toml"


def state() -> Path:
    """The folder for state: sandbox, request journal, secrets kept in files, locks; not made here. Raises Failure."""
    folder = _known(platformdirs.user_state_path)
    if folder is None:
        raise Failure(_("this user has no home folder to keep files in"), hint=_("XDG_STATE_HOME names another one"))
    return folder


def cache() -> Path | None:
    """The folder for what can be found again, not made here; None for a user without a home."""
    return _known(platformdirs.user_cache_path)


def _known(find: Callable[..., Path]) -> Path | None:
    """The folder that platformdirs finds; None for a user without a home: it names none, or says that there is none."""
    try:
        folder = Path(find(APP, appauthor=False))
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def sandbox_state() -> Path:
    """The SQLite file that the `sandbox` profile and `nbs sandbox serve` share."""
    return state() / "sandbox.sqlite3"


def requests() -> Path:
    """The folder of the request journal."""
    return state() / "requests"


def secret_file(account: str) -> Path:
    """The file of a secret that is kept in one (`--store file`), for *account* of `secrets.account`."""
    return state() / "secrets" / f"{account}.json"


def lock_file(account: str) -> Path:
    """The lock that one caller at a time holds while it logs in or asks the keyring for *account*."""
    return state() / "locks" / f"{account}.lock"


def volume_lock(volume_id: str) -> Path:
    """The lock that whoever changes the set of a volume's snapshots holds; the ID is foreign and names no file."""
    return state() / "locks" / f"snapshots-{hashlib.sha256(volume_id.encode()).hexdigest()[:32]}.lock"


def readable(path: Path) -> str:
    """Give *path* as people write it, `~` for the home folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 Path.home() raises for a user without an entry in passwd
    text = str(path)
    return "~" + text.removeprefix(home) if home not in {"/", "~"} and text.startswith(home + os.sep) else text
