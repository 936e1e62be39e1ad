"""Volume types: list and show (the guide's section on types)."""

from __future__ import annotations

from collections.abc import Sequence

from nbs_cli.sandbox import pages, views
from nbs_cli.sandbox.refusals import bad, missing
from nbs_cli.sandbox.settings import DEFAULT_TYPE, TYPES, VolumeType
from nbs_cli.sandbox.turns import Record, Scope, Turn


def page(turn: Turn, scope: Scope, query: pages.Query) -> Record:
    """`{"volume_types": [...]}`, sorted, cut and linked as other lists are, though hardly anybody asks for it.

    Raises Refused (400 bad numbers and sort keys, 404 unknown marker).
    """
    asked = pages.first(query)
    limit = pages.limit(asked, turn.settings)
    ordered = _ordered(asked.get("sort"))
    start = pages.offset(asked) + (_place(ordered, asked["marker"]) if "marker" in asked else 0)
    shown = ordered[start : start + limit]
    answer: Record = {"volume_types": [views.volume_type(known) for known in shown]}
    if turn.settings.links and shown and len(shown) == limit:
        href = f"{scope.root}/v2/{scope.tenant_id}/types?{pages.next_query(query, shown[-1].id)}"
        answer["volume_type_links"] = [{"rel": "next", "href": href}]
    return answer


def show(type_id: str) -> Record:
    """`{"volume_type": ...}` by ID, or the one that is used by `default`. Raises Refused (404)."""
    for known in TYPES:
        if type_id == known.id or (type_id == "default" and known == DEFAULT_TYPE):
            return {"volume_type": views.volume_type(known)}
    raise missing("Volume type", type_id)


def _ordered(sort: str | None) -> Sequence[VolumeType]:
    if sort is None:
        return TYPES
    key, _, direction = sort.partition(":")
    if key not in ("id", "name"):
        raise bad("Invalid input received: Invalid sort key")
    return sorted(TYPES, key=lambda known: str(getattr(known, key)), reverse=direction != "asc")


def _place(ordered: Sequence[VolumeType], marker: str) -> int:
    for number, known in enumerate(ordered, start=1):
        if known.id == marker:
            return number
    raise missing("Volume type", marker)
