"""What changed between two looks at a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbs_cli.cloud.resources import Resource

Record = dict[str, Any]
PRESENT, ADDED, CHANGED, REMOVED = "present", "added", "changed", "removed"  # data, so never translated


def compare(resource: Resource, before: Mapping[str, Record] | None, now: Mapping[str, Record]) -> list[Record]:
    """A record for everything that differs (`shapes.CHANGE` without its time), rows by their ID.

    *before* is None at the first look: then all is `present`. `removed` is what is no longer in the list. Only
    documented fields count, and `was` has the former values of those that changed.
    """
    if before is None:
        return [_change(PRESENT, row) for row in now.values()]
    project = resource.projection(tuple(field for field in resource.fields if field.wire != "links"))
    changes = [_change(REMOVED, row) for one, row in before.items() if one not in now]
    for one, row in now.items():
        if one not in before:
            changes.append(_change(ADDED, row))
            continue
        old, new = project(before[one]), project(row)
        was = {wire: old[wire] for wire in new if old[wire] != new[wire]}
        if was:
            changes.append(_change(CHANGED, row, was))
    return changes


def _change(change: str, row: Record, was: Record | None = None) -> Record:
    return {"change": change, **{key: row.get(key) for key in ("id", "name", "status", "size")}, "was": was or {}}
