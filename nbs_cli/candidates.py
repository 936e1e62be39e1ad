"""What may stand at the cursor: candidates, and the values that are lists or have to be looked up.

A kind of value whose words are known beforehand is in `completion.json`; one that has to be looked up is in SOURCES.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.local.names import Known

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
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


class Asked(NamedTuple):
    """What a line says of where a value lies: the profile and the region, what is typed of it, the arguments before."""

    profile: str | None = None
    region: str | None = None
    typed: str = ""
    before: tuple[str, ...] = ()


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


def _config() -> dict[str, Any]:
    """The config file, whatever may be wrong in it: nbs says so when it is run."""
    from nbs_cli.local.folders import config_file

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    path = config_file(os.environ.get("NBS_CONFIG_FILE") or None)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}


def _tables(config: dict[str, Any]) -> dict[str, Any]:
    tables = config.get("profiles")
    return tables if isinstance(tables, dict) else {}


def _profiles(_asked: Asked) -> list[Row]:
    """The profiles of the config file."""
    return [(name, _where(table)) for name, table in _tables(_config()).items()]


def _where(profile: Any) -> str:
    """The realm and the region of a profile, as far as they are words."""
    values = [profile.get(key) for key in ("realm", "region")] if isinstance(profile, dict) else []
    return " ".join(_shown(value) for value in values if isinstance(value, str))


def _any_profile(asked: Asked) -> list[Row]:
    """Those, and the one that is always there."""
    return [*_profiles(asked), ("sandbox", _("a cloud in a box"))]


def _seen(what: str, asked: Asked) -> list[Known]:
    """What the last list of *what* held, of the profile, tenant and region that the line would use."""
    from nbs_cli.local.names import place, remembered

    return remembered(place(what, *_scope(asked)))


def _scope(asked: Asked) -> tuple[str | None, str | None, str | None]:
    """Profile, tenant and region as `local/credentials.py` finds them, without looking whether they are right."""
    env = os.environ.get
    profile = asked.profile or env("NBS_PROFILE")
    if not profile and (env("NBS_TOKEN") or env("NBS_USERNAME")):
        return None, env("NBS_TENANT_ID"), asked.region or env("NBS_REGION")
    config = _config()
    profile = profile or _word(config.get("profile"))
    if not profile:
        return None, env("OS_TENANT_ID") or env("OS_PROJECT_ID"), asked.region or env("OS_REGION_NAME")
    table = _tables(config).get(profile)
    table = table if isinstance(table, dict) else {}
    return profile, _word(table.get("tenant_id")), asked.region or _word(table.get("region"))


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _refs(what: str, asked: Asked) -> list[Row]:
    """Names as they can be typed; IDs of what has none of its own, and where an ID is being typed."""
    found = [one for one in _seen(what, asked) if _UUID.fullmatch(one.id)]
    bearers = Counter(one.name for one in found)
    room = max((len(_shown(one.status)) for one in found), default=0)
    rows: list[Row] = []
    for one in found:
        ref = _ref(one.name) if bearers[one.name] == 1 else None
        if ref is not None:
            rows.append((ref, f"{_shown(one.status):{room}}  {one.id}"))
        if ref is None or (asked.typed and one.id.startswith(asked.typed.lower())):
            rows.append((one.id, f"{_shown(one.status):{room}}  {_shown(one.name)}".rstrip()))
    return [row for row in rows if row[0] not in asked.before]


def _ref(name: str) -> str | None:
    """How *name* is typed as a REF (`cloud/refs.py`); None for one that cannot be."""
    if not name or _CONTROL.search(name):
        return None
    odd = name.startswith(("-", "id:", "name:")) or _UUID.fullmatch(name)
    return f"name:{name}" if odd else name


def _types(asked: Asked) -> list[Row]:
    return [(one.name, one.id) for one in _seen("volume_type", asked) if _ref(one.name) == one.name]


def _zones(asked: Asked) -> list[Row]:
    return [(zone, "") for zone in dict.fromkeys(one.zone for one in _seen("volume", asked)) if _ref(zone) == zone]


# kinds whose values are looked up on the TAB, some beside those that are known beforehand
SOURCES: dict[str, Callable[[Asked], list[Row]]] = {
    "profile": _any_profile,
    "own profile": _profiles,
    "volume": partial(_refs, "volume"),
    "snapshot": partial(_refs, "snapshot"),
    "type": _types,
    "zone": _zones,
}
LISTS: dict[str, Callable[[list[Row], str, str], Answer]] = {"columns": _columns, "sort": _sort_keys}
