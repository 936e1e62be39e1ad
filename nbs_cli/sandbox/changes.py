"""What time does: statuses that fall due, and how long each kind of change takes."""

from __future__ import annotations

import sqlite3

from nbs_cli.sandbox.turns import Turn, kept

GONE = "gone"  # an `upcoming` that is no status: the row is taken away
CREATE, DELETE, UPLOAD, EXTEND, QUEUE, ATTACH = 1.0, 0.5, 0.75, 0.5, 0.25, 0.25  # shares of Settings.delay
TABLES = ("volumes", "snapshots")


def due(db: sqlite3.Connection, moment: float) -> bool:
    """Whether any status is to change by now."""
    tests = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE due <= :moment)" for table in TABLES)
    return bool(db.execute(f"SELECT {tests}", {"moment": moment}).fetchone()[0])


def settle(db: sqlite3.Connection, moment: float) -> None:
    """Let every change that is due by now have happened at its time."""
    db.execute(
        "UPDATE volumes SET server_id = NULL, attachment_id = NULL, attached_at = NULL "
        "WHERE due <= ? AND status = 'detaching'",
        (moment,),
    )
    for table in TABLES:
        db.execute(f"DELETE FROM {table} WHERE due <= ? AND upcoming = ?", (moment, GONE))
        db.execute(
            f"UPDATE {table} SET status = upcoming, due = NULL, upcoming = NULL, "
            "updated_at = strftime('%Y-%m-%dT%H:%M:%S.000000', due, 'unixepoch') WHERE due <= ?",
            (moment,),
        )


def begin(turn: Turn, table: str, identifier: str, status: str, upcoming: str, *, share: float) -> None:
    """Put a row into a passing `status`, to become `upcoming` after this share of the delay."""
    turn.db.execute(
        f"UPDATE {table} SET status = ?, upcoming = ?, due = ?, updated_at = ? WHERE id = ?",
        (status, upcoming, turn.moment + share * turn.settings.delay, kept(turn.moment), identifier),
    )


def begin_delete(turn: Turn, table: str, identifier: str) -> None:
    """Start a delete, which ends as it was told to: gone, in `error_deleting`, or back in `available`."""
    if turn.fails("delete-error"):
        upcoming = "error_deleting"
    elif turn.fails("delete-bounce"):  # accepted, then the backend is busy (facts, section 5.1)
        upcoming = "available"
    else:
        upcoming = GONE
    begin(turn, table, identifier, "deleting", upcoming, share=DELETE)


def after_create(turn: Turn) -> tuple[str, float]:
    """Tell what a new row becomes, and when."""
    upcoming = "error" if turn.fails("create-error") else "available"
    return upcoming, turn.moment + CREATE * turn.settings.delay
