"""Sorting rows here as the server would: several keys, nulls first when ascending, ties by creation and ID."""

from __future__ import annotations

from functools import partial
from typing import Any

from nbs_cli.cloud.resources import Resource
from nbs_cli.errors import Usage, nearest
from nbs_cli.output.words import _

Order = tuple[tuple[str, str], ...]  # (wire name, "asc" or "desc"), most significant first
DIRECTIONS = ("asc", "desc")


def read_order(text: str, resource: Resource) -> Order:
    """Read `KEY[:asc|desc],…`, keys by wire name or short name; a bare key means desc, as on the server.

    Raises Usage for an unknown key or direction, before any request.
    """
    return tuple(_read_key(part.strip(), resource) for part in text.split(","))


def _read_key(part: str, resource: Resource) -> tuple[str, str]:
    field, direction = resource.field(part), "desc"
    if field is None:  # a wire name may hold a colon itself: only what stands behind the last one is a direction
        name, _colon, direction = part.rpartition(":")
        field = resource.field(name)
    if field is None:
        names = [field.heading for field in resource.fields]
        raise Usage(
            _("cannot sort by {name!r}").format(name=part),
            hint=nearest(part.partition(":")[0], names, _("the keys are {names}")),
        )
    if direction not in DIRECTIONS:
        raise Usage(_("unknown sort direction {direction!r}: it is asc or desc").format(direction=direction))
    return field.wire, direction


def sort_rows(rows: list[dict[str, Any]], order: Order) -> list[dict[str, Any]]:
    """Give *rows* in *order*; ties by `created_at` and `id` in the direction of the first key (observed.md, lists)."""
    first = order[0][1]
    ordered = list(rows)
    for key, direction in reversed((*order, ("created_at", first), ("id", first))):
        ordered.sort(key=partial(_comparable, key), reverse=direction == "desc")
    return ordered


def _comparable(key: str, row: dict[str, Any]) -> tuple[int, Any]:
    """Values of one kind beside each other, null before everything."""
    value = row.get(key)
    if value is None:
        return 0, 0
    if isinstance(value, bool | int | float):
        return 1, value
    return 2, value if isinstance(value, str) else str(value)
