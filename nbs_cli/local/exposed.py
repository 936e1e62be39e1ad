"""Files of nbs that others could read or write although they should not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_ALL, _WRITE = 0o077, 0o022  # what others may not do: anything with a secret, write where a command is named
_MOST = 1000  # files of a folder that are looked at


class Exposed(NamedTuple):
    """A file or folder, and the mode that it should have; `foreign` when it is another user's."""

    path: Path
    mode: int
    foreign: bool


def exposed(secret: Iterable[Path], other: Iterable[Path]) -> Iterator[Exposed]:
    """What of *secret* others can read or write, and what of *other* others can write; folders with all inside.

    What is not there, and systems whose modes say nothing, give nothing.
    """
    if not hasattr(os, "getuid"):
        return
    for forbidden, roots in ((_ALL, secret), (_WRITE, other)):
        for root in roots:
            for path in _within(root):
                yield from _judged(path, forbidden)


def _within(root: Path) -> list[Path]:
    return [root, *sorted(root.rglob("*"))[:_MOST]] if root.is_dir() else [root]


def _judged(path: Path, forbidden: int) -> Iterator[Exposed]:
    try:
        status = path.lstat()
    except OSError:
        return
    foreign = status.st_uid not in {os.getuid(), 0}
    if not path.is_symlink() and (foreign or status.st_mode & forbidden):
        yield Exposed(path, 0o700 if path.is_dir() else 0o600, foreign)
