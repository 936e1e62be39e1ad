"""Attaching and detaching, which is Compute's business: hooks for tests and for people, no API."""

from __future__ import annotations

import sqlite3

from nbs_cli.sandbox import views
from nbs_cli.sandbox.refusals import bad, missing
from nbs_cli.sandbox.turns import Record, Scope, Turn, kept, new_id, stamp

NOWHERE = "http://sandbox.invalid"  # there is no request whose address the links could repeat


def attach(turn: Turn, volume_id: str, server_id: str | None) -> Record:
    """See `Cloud.attach`."""
    _expect(_find(turn, volume_id), "available")
    turn.db.execute(
        "UPDATE volumes SET status = 'in-use', server_id = ?, attachment_id = ?, attached_at = ?, updated_at = ? "
        "WHERE id = ?",
        (server_id or new_id(), new_id(), stamp(turn.moment), kept(turn.moment), volume_id),
    )
    return _record(turn, volume_id)


def detach(turn: Turn, volume_id: str) -> Record:
    """See `Cloud.detach`."""
    _expect(_find(turn, volume_id), "in-use")
    turn.db.execute(
        "UPDATE volumes SET status = 'available', server_id = NULL, attachment_id = NULL, attached_at = NULL, "
        "updated_at = ? WHERE id = ?",
        (kept(turn.moment), volume_id),
    )
    return _record(turn, volume_id)


def _find(turn: Turn, volume_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = turn.db.execute("SELECT * FROM volumes WHERE id = ?", (volume_id,)).fetchone()
    if row is None:
        raise missing("Volume", volume_id)
    return row


def _expect(row: sqlite3.Row, status: str) -> None:
    if row["status"] != status:
        raise bad(
            f"Invalid volume: Volume {row['id']} status must be {status}, but current status is: {row['status']}."
        )


def _record(turn: Turn, volume_id: str) -> Record:
    row = _find(turn, volume_id)
    scope = Scope(tenant_id=row["tenant_id"], region=row["region"], user_id=row["user_id"], base=NOWHERE)
    return views.detail(row, scope)
