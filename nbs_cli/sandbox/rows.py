"""Rows of volumes and snapshots: found within a scope, and inserted into it."""

from __future__ import annotations

import sqlite3

from nbs_cli.sandbox import changes
from nbs_cli.sandbox.refusals import missing
from nbs_cli.sandbox.turns import Record, Scope, Turn, kept, new_id


def volume(turn: Turn, scope: Scope, volume_id: str) -> sqlite3.Row:
    """One of the scope's volumes. Raises Refused (404), also for an ID that is no UUID."""
    return _find(turn, scope, "volumes", "Volume", volume_id)


def snapshot(turn: Turn, scope: Scope, snapshot_id: str) -> sqlite3.Row:
    """One of the scope's snapshots. Raises Refused (404), also for an ID that is no UUID."""
    return _find(turn, scope, "snapshots", "Snapshot", snapshot_id)


def insert(turn: Turn, scope: Scope, table: str, columns: Record) -> str:
    """Insert a row that is `creating` as of now, and give its new ID."""
    upcoming, due = changes.after_create(turn)
    row = {
        **columns,
        "id": new_id(),
        "status": "creating",
        "upcoming": upcoming,
        "due": due,
        "tenant_id": scope.tenant_id,
        "region": scope.region,
        "user_id": scope.user_id,
        "created_at": kept(turn.moment),
        "born": turn.moment,
        "updated_at": kept(turn.moment),
    }
    turn.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", (*row.values(),))
    identifier: str = row["id"]
    return identifier


def _find(turn: Turn, scope: Scope, table: str, kind: str, identifier: str) -> sqlite3.Row:
    row: sqlite3.Row | None = turn.db.execute(
        f"SELECT * FROM {table} WHERE id = ? AND tenant_id = ? AND region = ?",
        (identifier, scope.tenant_id, scope.region),
    ).fetchone()
    if row is None:
        raise missing(kind, identifier)
    return row
