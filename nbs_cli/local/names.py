"""What completion remembers: names and IDs of the last lists, a file a list for each profile, tenant and region.

It is a cache: what cannot be kept is not kept, what cannot be read is not there, and nobody is told. Nothing heavy is
loaded here, for a TAB reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from nbs_cli.errors import Failure
from nbs_cli.local import files
from nbs_cli.local.folders import cache

MOST = 1000  # rows of a list: its first page, where the newest lie
_LONGEST = 255  # characters of any value (facts.md §3.5)
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class Known(NamedTuple):
    """A resource as it was seen last: its ID and name, empty for none, its status and its availability zone."""

    id: str
    name: str = ""
    status: str = ""
    zone: str = ""


def known(row: dict[str, Any]) -> Known:
    """What is remembered of a row of a list."""
    values = (row.get(key) for key in ("id", "name", "status", "availability_zone"))
    return Known(*(value[:_LONGEST] if isinstance(value, str) else "" for value in values))


def place(what: str, profile: str | None, tenant: str | None, region: str | None) -> Path | None:
    """The file for the resources called *what* (`volume`, …); None for a user without a home."""
    folder = cache()
    key = ".".join(map(_written, (profile or "", tenant or "", (region or "").upper(), what)))
    return folder / "names" / f"{key}.json" if folder is not None and len(key) < 200 else None


def _written(text: str) -> str:
    """*text* as a part of a file's name, different for every text."""
    return "".join(char if char in _SAFE else f"%{ord(char):x}%" for char in text)


def remember(path: Path | None, rows: Iterable[Known]) -> None:
    """Keep *rows*, at most MOST of them, in place of what was kept; nothing is written where nothing changed."""
    if path is None:
        return
    text = json.dumps(list(rows)[:MOST], ensure_ascii=False, separators=(",", ":"))
    with suppress(Failure, OSError, ValueError):
        if files.read(path) != text:
            files.write(path, text, durable=False)


def change(path: Path | None, made: Iterable[Known] = (), gone: Iterable[str] = ()) -> None:
    """Put what was *made* before the others, and take those with the IDs *gone* away."""
    first = list(made)
    away = {*gone, *(row.id for row in first)}
    remember(path, [*first, *(row for row in remembered(path) if row.id not in away)])


def remembered(path: Path | None) -> list[Known]:
    """What was kept; nothing where it cannot be read, whatever the reason."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8")) if path is not None else []
        return [Known(*row) for row in rows if all(isinstance(value, str) for value in row)]
    except (OSError, ValueError, TypeError, RecursionError):
        return []
