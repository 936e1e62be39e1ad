"""One value for people: what stands in a cell of a table, by the kind of its field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from nbs_cli.cloud.resources import Field, Kind
from nbs_cli.output.text import local, safe
from nbs_cli.output.words import _

NOTHING = "-"
_REQUEST_MARK = r"\s*\[nbs:[^\]\s]+\]$"
_REQUEST_KEY = "nbs:request"
_READ = frozenset({Kind.TIME, Kind.YES, Kind.DESCRIPTION})  # texts that are more than what they say
_BACKEND = "volume_backend_name"
_GOOD = frozenset({"available", "in-use", "active", "deleted", "accepted", "keep", "ok"})


def cell(field: Field, value: Any, *, short: bool = True) -> str:
    """Give *value* as people read it, safe for a terminal; `-` for nothing.

    *short* leaves out what a list has no room for: seconds of a time, devices of an attachment.
    """
    kind = field.kind
    text = value if type(value) is str and kind not in _READ else _words(kind, value, short)
    return safe(text) if text else NOTHING


def _words(kind: Kind, value: Any, short: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _of_text(kind, value, short)
    if isinstance(value, bool) and kind is Kind.YES:
        return _("yes") if value else _("no")
    if isinstance(value, int) and kind is Kind.SIZE:
        return f"{value:,} GB"
    if isinstance(value, Mapping):
        return _of_object(kind, value)
    if isinstance(value, list):
        return ", ".join(_of_item(kind, item, short) for item in value)
    return compact(value)


def _of_text(kind: Kind, value: str, short: bool) -> str:
    if kind is Kind.TIME and (time := local(value)) is not None:
        return time.isoformat(" ")[:16] if short else f"{time:%Y-%m-%d %H:%M:%S} ({time:%Z})"
    if kind is Kind.YES and value.lower() in {"true", "false"}:
        return _("yes") if value.lower() == "true" else _("no")
    return re.sub(_REQUEST_MARK, "", value) if kind is Kind.DESCRIPTION else value


def _of_object(kind: Kind, value: Mapping[str, Any]) -> str:
    if kind is Kind.BACKEND and isinstance(value.get(_BACKEND), str):
        return str(value[_BACKEND])
    if kind is Kind.OBJECT and "name" in value:
        return str(value["name"])
    return ", ".join(f"{key}={_flat(inner)}" for key, inner in value.items() if key != _REQUEST_KEY)


def _of_item(kind: Kind, item: Any, short: bool) -> str:
    if kind is Kind.ATTACHMENTS and isinstance(item, Mapping):
        server = str(item.get("server_id"))
        return server if short or not item.get("device") else f"{server} ({item['device']})"
    if kind is Kind.LINKS and isinstance(item, Mapping):
        return str(item.get("href"))
    return _flat(item)


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def compact(value: Any) -> str:
    """Give *value* as JSON without white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def hue(status: str) -> str:
    """The colour of a status on a terminal: what is well, what failed, what is on its way."""
    if status in _GOOD:
        return "green"
    return "red" if status.startswith(("error", "failed")) else "yellow"
