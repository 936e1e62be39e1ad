"""The metadata of one volume or snapshot as a resource of its own (not in the guide; facts, section 3.7)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from nbs_cli.sandbox import rows, rules
from nbs_cli.sandbox.refusals import Refused
from nbs_cli.sandbox.turns import Record, Scope, Turn, kept

FIND = {"volumes": rows.volume, "snapshots": rows.snapshot}


def show(turn: Turn, scope: Scope, table: str, identifier: str) -> Record:
    """`{"metadata": {...}}`. Raises Refused (404)."""
    return {"metadata": _stored(FIND[table](turn, scope, identifier))}


def change(turn: Turn, scope: Scope, table: str, identifier: str, body: Any, *, whole: bool) -> Record:
    """Add to the metadata, or put other metadata in the `whole` place; answers as `show`. Raises Refused (400, 404)."""
    row = FIND[table](turn, scope, identifier)
    given = rules.metadata({"metadata": rules.fields(body, "metadata")})
    _store(turn, table, identifier, given if whole else _stored(row) | given)
    return show(turn, scope, table, identifier)


def remove(turn: Turn, scope: Scope, table: str, identifier: str, key: str) -> None:
    """Take one key away. Raises Refused (404)."""
    stored = _stored(FIND[table](turn, scope, identifier))
    if key not in stored:
        noun = table.removesuffix("s").capitalize()
        raise Refused(404, "itemNotFound", f"{noun} {identifier} has no metadata with key {key}.")
    del stored[key]
    _store(turn, table, identifier, stored)


def _stored(row: sqlite3.Row) -> dict[str, str]:
    stored: dict[str, str] = json.loads(row["metadata"])
    return stored


def _store(turn: Turn, table: str, identifier: str, metadata: dict[str, str]) -> None:
    turn.db.execute(
        f"UPDATE {table} SET metadata = ?, updated_at = ? WHERE id = ?",
        (json.dumps(metadata), kept(turn.moment), identifier),
    )
