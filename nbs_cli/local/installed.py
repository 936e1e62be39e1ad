"""Where a shell looks for a completion script of a user, and putting one there: only what was put there is removed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from nbs_cli.errors import Conflict, Usage
from nbs_cli.local import files
from nbs_cli.output.words import _

# the first lines of the scripts of any version of nbs; whatever else is there was written by somebody else
_OURS = ("# Completion of nbs for ", "#compdef nbs\n# Completion of nbs for ")


class Done(Enum):
    """What became of the file."""

    WRITTEN = "written"
    REPLACED = "replaced"
    SAME = "same"
    REMOVED = "removed"
    ABSENT = "absent"


class Place(NamedTuple):
    """The file of a shell's completion, and the line that the user has to add to `profile`; empty where none is.

    `loader` is what makes the line needless where it is there.
    """

    path: Path
    line: str = ""
    profile: str = ""
    loader: str = ""


def place(shell: str, environ: Mapping[str, str]) -> Place:
    """Where *shell* looks, by its own documentation; raises Usage for a user without a home."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 Path.home() raises for a user without an entry in passwd
    if not home.is_absolute():
        raise Usage(_("this user has no home folder"), hint=_("`nbs completion bash` prints the script"))
    data = _folder(environ, "XDG_DATA_HOME", home / ".local/share")
    config = _folder(environ, "XDG_CONFIG_HOME", home / ".config")
    if shell == "bash":
        own = environ.get("BASH_COMPLETION_USER_DIR")
        path = (Path(own) if own else data / "bash-completion") / "completions/nbs"
        return Place(path, f". {_quoted(path)}", "~/.bashrc", "bash-completion")
    if shell == "fish":
        return Place(config / "fish/completions/nbs.fish")
    if shell == "zsh":
        folder = data / "zsh/site-functions"
        return Place(
            folder / "_nbs", f"fpath=({_quoted(folder)} $fpath); autoload -Uz compinit && compinit", "~/.zshrc"
        )
    path = config / "powershell/nbs.ps1"
    return Place(path, f". {_quoted(path)}", "$PROFILE")


def _folder(environ: Mapping[str, str], name: str, usual: Path) -> Path:
    """The folder of the XDG variable *name*; a relative one does not count (XDG Base Directory Specification)."""
    value = environ.get(name, "")
    return Path(value) if value.startswith("/") else usual


def _quoted(path: Path) -> str:
    """*path* as one word of any of the shells."""
    text = str(path)
    return text if all(char.isalnum() or char in "/._-" for char in text) else "'" + text.replace("'", "'\\''") + "'"


def install(path: Path, script: str) -> Done:
    """Put *script* there; what another program put there stays: Conflict."""
    there = _ours(path)
    if there == script:
        return Done.SAME
    files.write(path, script)
    return Done.WRITTEN if there is None else Done.REPLACED


def uninstall(path: Path) -> Done:
    """Remove what was put there; raises Conflict for what was not."""
    if _ours(path) is None:
        return Done.ABSENT
    files.remove(path)
    return Done.REMOVED


def _ours(path: Path) -> str | None:
    """The script that is there, None where there is nothing; raises Conflict for another's, a link too."""
    if not path.is_symlink():
        text = files.read(path)
        if text is None or text.startswith(_OURS):
            return text
    raise Conflict(
        _("{path} was not written by nbs, and is left as it is").format(path=path),
        hint=_("move it away, and run the command again"),
    )
