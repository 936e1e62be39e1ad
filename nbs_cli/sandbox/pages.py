"""One page of a list: order, filters, limit, offset and marker, all in SQL (observed, lists)."""

from __future__ import annotations

import sqlite3
from ast import literal_eval
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from nbs_cli.sandbox.refusals import bad, crash, missing
from nbs_cli.sandbox.settings import Settings
from nbs_cli.sandbox.turns import Record, Scope, Turn

Query = Sequence[tuple[str, str]]
FARTHEST = 2_147_483_647  # the largest offset
TIES = ("created_at", "id")


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What there is to page through: a table, and how a query's words map to its columns."""

    table: str
    kind: str
    sorts: Mapping[str, str]
    filters: Mapping[str, str]
    labelled: bool = False  # whether `metadata` filters, too
    broken: Collection[str] = ()  # sort keys that crash real servers once a marker is given too (observed, lists)


def page(
    turn: Turn, scope: Scope, shelf: Shelf, query: Query, view: Callable[[sqlite3.Row], Record], *, path: str
) -> Record:
    """`{table: [...]}` with the rows asked for, and a `{table}_links` next link iff the page is full.

    Raises Refused (400 bad numbers and sort keys, 404 unknown marker).
    """
    asked = first(query)
    most = limit(asked, turn.settings)
    rows = _rows(turn, scope, shelf, asked, most)
    answer: Record = {shelf.table: [view(row) for row in rows]}
    if turn.settings.links and rows and len(rows) == most:
        href = f"{scope.root}/v2/{scope.tenant_id}/{path}?{next_query(query, rows[-1]['id'])}"
        answer[f"{shelf.table}_links"] = [{"rel": "next", "href": href}]
    return answer


def first(query: Query) -> dict[str, str]:
    """Read the parameters of a query, the first of equal names."""
    return dict(reversed(query))


def next_query(query: Query, marker: str) -> str:
    """Write the query of a next link: all of this one, and the marker."""
    # The offset stays, so following the link skips rows on every page; that is how real servers do it.
    return urlencode([(name, value) for name, value in query if name != "marker"] + [("marker", marker)])


def _rows(turn: Turn, scope: Scope, shelf: Shelf, asked: Mapping[str, str], most: int) -> list[sqlite3.Row]:
    order = _order(asked.get("sort"), shelf)
    where = ["tenant_id = ?", "region = ?"]
    values: list[str | float] = [scope.tenant_id, scope.region]
    if scope.lag:
        where.append("(born IS NULL OR born <= ?)")
        values.append(turn.moment - scope.lag)
    for name, column in shelf.filters.items():
        if name in asked:
            where.append(f"CAST({column} AS TEXT) = ?")
            values.append(asked[name])
    if shelf.labelled and "metadata" in asked:
        for key, value in _labels(asked["metadata"]):
            where.append("EXISTS (SELECT 1 FROM json_each(metadata) WHERE key = ? AND value = ?)")
            values += [key, value]
    if "marker" in asked:
        if (asked.get("sort") or "").partition(":")[0].strip() in shelf.broken:
            raise crash()
        after, bounds = _after(_marker(turn, scope, shelf, asked["marker"]), order)
        where.append(after)
        values += bounds
    ordered = ", ".join(f"{column} {direction}" for column, direction in order)
    return turn.db.execute(
        f"SELECT * FROM {shelf.table} WHERE {' AND '.join(where)} ORDER BY {ordered} LIMIT ? OFFSET ?",
        (*values, most, offset(asked)),
    ).fetchall()


def _labels(text: str) -> list[tuple[str, str]]:
    """Read `{'env': 'web'}`, a filter in Python's own spelling; anything else fits no row."""
    try:
        wanted = literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        wanted = None
    if not isinstance(wanted, dict):
        return [("", "")]
    return [(str(key), str(value)) for key, value in wanted.items()]


def limit(asked: Mapping[str, str], settings: Settings) -> int:
    """How many rows a page may have: what is asked for, silently cut to the cap. Raises Refused (400)."""
    default, cap = settings.page_default, settings.page_cap
    if "limit" not in asked:
        return min(default, cap)
    number = _integer(asked["limit"], "limit param must be an integer")
    if number < 0:
        raise bad("limit param must be positive")
    return min(number, cap)


def offset(asked: Mapping[str, str]) -> int:
    """How many rows to skip. Raises Refused (400)."""
    number = _integer(asked.get("offset", "0"), "offset must be an integer")
    if number < 0:
        raise bad("offset must be >= 0")
    if number > FARTHEST:
        raise bad(f"offset must be <= {FARTHEST}")
    return number


def _integer(value: str, complaint: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise bad(complaint) from None


def _order(sort: str | None, shelf: Shelf) -> list[tuple[str, str]]:
    if sort is None:
        return [(column, "desc") for column in TIES]
    order = [_sort_key(part, shelf) for part in sort.split(",")]
    named = {column for column, _ in order}
    return order + [(column, order[0][1]) for column in TIES if column not in named]


def _sort_key(part: str, shelf: Shelf) -> tuple[str, str]:
    key, colon, direction = (piece.strip() for piece in part.partition(":"))
    if colon and direction not in ("asc", "desc"):
        raise bad("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.")
    if key not in shelf.sorts:
        raise bad("Invalid input received: Invalid sort key")
    return shelf.sorts[key], direction or "desc"


def _marker(turn: Turn, scope: Scope, shelf: Shelf, marker: str) -> sqlite3.Row:
    row: sqlite3.Row | None = turn.db.execute(
        f"SELECT * FROM {shelf.table} WHERE id = ? AND tenant_id = ? AND region = ?",
        (marker, scope.tenant_id, scope.region),
    ).fetchone()
    if row is None:
        raise missing(shelf.kind, marker)
    return row


def _after(marker: sqlite3.Row, order: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
    # "equal in all earlier keys, and beyond in this one", for each key; SQLite, too, has nulls first in ascending order
    choices, bounds = [], []
    for i, (column, direction) in enumerate(order):
        beyond = f"{column} > ?" if direction == "asc" else f"({column} < ? OR {column} IS NULL)"
        if marker[column] is None:
            beyond = f"{column} IS NOT ?" if direction == "asc" else f"0 AND {column} IS ?"
        choices.append(" AND ".join([f"{earlier} IS ?" for earlier, _ in order[:i]] + [beyond]))
        bounds += [marker[earlier] for earlier, _ in order[: i + 1]]
    return f"({' OR '.join(f'({choice})' for choice in choices)})", bounds
