"""What may stand at the cursor: candidates, and the values that are lists or have to be looked up.

A kind of value whose words are known beforehand is in `completion.json`; one that has to be looked up is in SOURCES.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from nbs_cli.output.words import _

WORDS, OPEN, FILES = "words", "open", "files"  # OPEN: a word that may go on, so no space behind it
Row = tuple[str, str]  # a word and its help


class Candidate(NamedTuple):
    """A word that may stand at the cursor: the whole word, what lists show of it, its help."""

    value: str
    label: str
    help: str


class Answer(NamedTuple):
    """What may stand at the cursor; with the mode FILES the shell completes the names of files by itself."""

    mode: str = WORDS
    candidates: tuple[Candidate, ...] = ()


def answer_of(rows: Iterable[Row], stem: str = "", mode: str = WORDS) -> Answer:
    """The candidates of *rows*; *stem* is the part of the word at the cursor that stays before each."""
    return Answer(mode, tuple(Candidate(stem + value, _shown(value), help_) for value, help_ in rows))


def translated(help_: str) -> str:
    """*help_* in the language of the person; nothing stays nothing."""
    return help_ and _(help_)


def _shown(text: str) -> str:
    r"""What a list may show of *text*: a control character or a mark that reorders is seen as `\x1b`."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _columns(fields: list[Row], stem: str, typed: str) -> Answer:
    """Columns for `-c a,b` or `-c +a,-b`, without those that are already there."""
    before, comma, last = typed.rpartition(",")
    sign = last[:1] if last[:1] in {"+", "-"} else ""
    there = {name.lstrip("+-") for name in before.split(",")}
    return answer_of((row for row in fields if row[0] not in there), stem + before + comma + sign, OPEN)


def _sort_keys(fields: list[Row], stem: str, typed: str) -> Answer:
    """Keys for `--sort size:desc,name`, and the directions of a key that is there."""
    before, comma, last = typed.rpartition(",")
    rows: list[Row] = []
    for name, help_ in fields:
        rows.append((name, help_))
        if last == name or last.startswith(f"{name}:"):
            rows += [(f"{name}:asc", _("the smallest first")), (f"{name}:desc", _("the largest first"))]
    return answer_of(rows, stem + before + comma, OPEN)


def _profiles() -> list[Row]:
    """The profiles of the config file, whatever else may be wrong in it: nbs says so when it is run."""
    from nbs_cli.local.folders import config_file

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    path = config_file(os.environ.get("NBS_CONFIG_FILE") or None)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("profiles") if path else None
    except (OSError, ValueError):
        tables = None
    return [(name, _where(table)) for name, table in tables.items()] if isinstance(tables, dict) else []


def _where(profile: Any) -> str:
    """The realm and the region of a profile, as far as they are words."""
    values = [profile.get(key) for key in ("realm", "region")] if isinstance(profile, dict) else []
    return " ".join(_shown(value) for value in values if isinstance(value, str))


def _any_profile() -> list[Row]:
    """Those, and the one that is always there."""
    return [*_profiles(), ("sandbox", _("a cloud in a box"))]


# kinds whose values are looked up on the TAB
SOURCES: dict[str, Callable[[], list[Row]]] = {"profile": _any_profile, "own profile": _profiles}
LISTS: dict[str, Callable[[list[Row], str, str], Answer]] = {"columns": _columns, "sort": _sort_keys}
