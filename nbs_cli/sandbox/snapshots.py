"""Snapshots: list, show, create, delete (the guide's section on snapshots)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from nbs_cli.sandbox import changes, pages, quotas, rows, rules, views
from nbs_cli.sandbox.refusals import bad, invalid
from nbs_cli.sandbox.turns import Record, Scope, Turn, kept, stamp

SHELF = pages.Shelf(
    table="snapshots",
    kind="Snapshot",
    sorts={
        **{name: name for name in ("status", "id", "created_at", "updated_at", "volume_id", "user_id")},
        "display_name": "name",  # `name` and `size` themselves are refused here (observed, lists)
        "volume_size": "size",
        "project_id": "tenant_id",
    },
    filters={name: name for name in ("name", "status", "volume_id")},
)
FIELDS = ("volume_id", "force", "name", "description", "metadata")


def page(turn: Turn, scope: Scope, query: pages.Query, *, detailed: bool) -> Record:
    """`{"snapshots": [...], "snapshots_links"?}`; older servers know neither markers nor links (facts, section 3.4)."""
    path = "snapshots/detail" if detailed else "snapshots"
    view = views.snapshot_detail if detailed else views.snapshot
    if turn.settings.snapshot_markers:
        return pages.page(turn, scope, SHELF, query, view, path=path)
    known = [(name, value) for name, value in query if name not in ("marker", "sort")]
    return {"snapshots": pages.page(turn, scope, SHELF, known, view, path=path)["snapshots"]}


def show(turn: Turn, scope: Scope, snapshot_id: str) -> Record:
    """`{"snapshot": detail}`. Raises Refused (404)."""
    return {"snapshot": views.snapshot_detail(rows.snapshot(turn, scope, snapshot_id))}


def create(turn: Turn, scope: Scope, body: Any) -> Record:
    """`{"snapshot": ...}` with status `creating`; an attached volume needs `force`.

    Raises Refused (400 also for unknown fields, 404 unknown volume, 413 limits).
    """
    given = rules.fields(body, "snapshot")
    rules.only(given, "snapshot", FIELDS)
    rules.required(given, "snapshot", "volume_id")
    force = rules.switch(given, "force")
    row: Record = {
        "name": rules.snapshot_text(given, "name"),
        "description": rules.snapshot_text(given, "description"),
        "metadata": json.dumps(rules.metadata(given)),
    }
    volume = rows.volume(turn, scope, _volume_id(given))
    _allow(volume, force)
    quotas.allow_snapshot(turn, scope, volume["id"], volume["size"])
    row |= {"volume_id": volume["id"], "size": volume["size"]}
    made = views.snapshot(rows.snapshot(turn, scope, rows.insert(turn, scope, "snapshots", row)))
    return {"snapshot": {**made, "created_at": stamp(turn.moment)}}


def update(turn: Turn, scope: Scope, snapshot_id: str, body: Any) -> Record:
    """Change name or description: `{"snapshot": detail}` (not in the guide; facts, section 3.7).

    Raises Refused (400, 404).
    """
    given = rules.spelled(rules.fields(body, "snapshot"))
    rows.snapshot(turn, scope, snapshot_id)
    for column in ("name", "description"):
        if column in given:
            value = rules.snapshot_text(given, column)
            turn.db.execute(
                f"UPDATE snapshots SET {column} = ?, updated_at = ? WHERE id = ?",
                (value, kept(turn.moment), snapshot_id),
            )
    return show(turn, scope, snapshot_id)


def delete(turn: Turn, scope: Scope, snapshot_id: str) -> None:
    """Start deleting a snapshot. Raises Refused (404, 400 wrong status)."""
    if rows.snapshot(turn, scope, snapshot_id)["status"] not in ("available", "error"):
        raise bad("Invalid snapshot: Snapshot status must be available or error and must not be part of a group.")
    changes.begin_delete(turn, "snapshots", snapshot_id)


def _volume_id(given: Record) -> str:
    volume_id = rules.identifier(given, "volume_id")
    if volume_id is None:
        raise invalid("volume_id", None, "None is not of type 'string'")
    return volume_id


def _allow(volume: sqlite3.Row, force: bool) -> None:
    if volume["status"] == "error":
        raise bad("Invalid volume: The snapshot cannot be created when the volume is in error status.")
    # The guide: `force` is for attached volumes. No other status gets past it here.
    if volume["status"] != "available" and not (force and volume["status"] == "in-use"):
        raise bad(
            f"Invalid volume: Volume {volume['id']} status must be available, "
            f"but current status is: {volume['status']}."
        )
