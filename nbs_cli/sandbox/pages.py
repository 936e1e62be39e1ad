"""One page of a list: order, filters, limit, offset and marker, all in SQL (observed, lists)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from nbs_cli.sandbox.refusals import bad, missing
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


def page(
    turn: Turn, scope: Scope, shelf: Shelf, query: Query, view: Callable[[sqlite3.Row], Record], *, path: str
) -> Record:
    """`{table: [...]}` with the rows asked for, and a `{table}_links` next link iff the page is full.

    Raises Refused (400 bad numbers and sort keys, 404 unknown marker).
    """
    asked = _first(query)
    limit = _limit(asked, turn.settings.page_default, turn.settings.page_cap)
    rows = _rows(turn, scope, shelf, asked, limit)
    answer: Record = {shelf.table: [view(row) for row in rows]}
    if turn.settings.links and rows and len(rows) == limit:
        href = f"{scope.root}/v2/{scope.tenant_id}/{path}?{_next_query(query, rows[-1]['id'])}"
        answer[f"{shelf.table}_links"] = [{"rel": "next", "href": href}]
    return answer


def _first(query: Query) -> dict[str, str]:
    return dict(reversed(query))  # of two equal parameters the first counts


def _next_query(query: Query, marker: str) -> str:
    # The offset stays, so following the link skips rows on every page; that is how real servers do it.
    return urlencode([(name, value) for name, value in query if name != "marker"] + [("marker", marker)])


def _rows(turn: Turn, scope: Scope, shelf: Shelf, asked: Mapping[str, str], limit: int) -> list[sqlite3.Row]:
    offset = _offset(asked)
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
    if "marker" in asked:
        after, bounds = _after(_marker(turn, scope, shelf, asked["marker"]), order)
        where.append(after)
        values += bounds
    ordered = ", ".join(f"{column} {direction}" for column, direction in order)
    return turn.db.execute(
        f"SELECT * FROM {shelf.table} WHERE {' AND '.join(where)} ORDER BY {ordered} LIMIT ? OFFSET ?",
        (*values, limit, offset),
    ).fetchall()


def _limit(asked: Mapping[str, str], default: int, cap: int) -> int:
    if "limit" not in asked:
        return min(default, cap)
    number = _integer(asked["limit"], "limit param must be an integer")
    if number < 0:
        raise bad("limit param must be positive")
    return min(number, cap)


def _offset(asked: Mapping[str, str]) -> int:
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
