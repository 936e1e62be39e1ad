"""Lists for tests: what a cloud holds and in which order, doors that change a list, servers that give odd ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from nbs_cli.cloud.blockstorage import BlockStorage
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.cloud.span import Span
from nbs_cli.sandbox.cloud import Cloud
from tests.cloud.conftest import MakeStorage, uuid

Row = dict[str, Any]
Rows = list[Row]
Wrap = Callable[[Any], Any]
NOUNS: dict[str, Resource] = {"volume": VOLUME, "snapshot": SNAPSHOT}
nouns = pytest.mark.parametrize("resource", NOUNS.values(), ids=NOUNS)


def stored(cloud: Cloud, resource: Resource) -> Rows:
    """The rows as the cloud holds them, in the default order: newest first, then by ID, both descending."""
    with cloud.reading() as turn:
        found = turn.db.execute(f"SELECT * FROM {resource.path} ORDER BY created_at DESC, id DESC").fetchall()
    return [dict(row) for row in found]


def ids(rows: Iterable[Row]) -> list[str]:
    """Their IDs."""
    return [row["id"] for row in rows]


def given(storage: BlockStorage, resource: Resource, span: Span) -> list[str]:
    """The IDs that *span* gives, page by page; a page is never empty."""
    got: list[str] = []
    for page in pages(storage, resource, span):
        assert page
        got += ids(page)
    return got


SERVERS: dict[str, dict[str, Any]] = {
    "usual": {},
    "no links": {"links": False},
    "snapshots without markers": {"snapshot_markers": False},
    "neither": {"links": False, "snapshot_markers": False},
}


def value_of(key: str, row: Row) -> tuple[int, Any]:
    """Nulls before everything."""
    return (0, 0) if row[key] is None else (1, row[key])


def reference(rows: Rows, span: Span) -> list[str]:
    """What the guide says: by the order, from behind the marker, without the first `offset`, `limit` of them."""
    wanted = list(rows)
    if span.order:
        ties = [key for key in ("created_at", "id") if key not in dict(span.order)]
        for key, direction in reversed([*span.order, *((key, span.order[0][1]) for key in ties)]):
            wanted.sort(key=partial(value_of, key), reverse=direction == "desc")
    found = ids(wanted)
    if span.marker is not None:
        found = found[found.index(span.marker) + 1 :]
    found = found[span.offset or 0 :]
    return found if span.limit is None else found[: span.limit]


@dataclass
class Busy:
    """A door to *cloud* through which rows are added and deleted just before certain requests for a list."""

    cloud: Cloud
    resource: Resource
    deeds: dict[int, Callable[[Cloud], None]]
    asked: int = 0
    most: int = 2000

    def __call__(self, app: Any) -> Callable[..., Any]:
        """Stand before *app*."""

        def door(environ: dict[str, Any], start: Any) -> Any:
            if self.resource.path in environ["PATH_INFO"]:
                self.asked += 1
                assert self.asked < self.most, "no end of requests"
                if self.asked in self.deeds:
                    self.deeds[self.asked](self.cloud)
            return app(environ, start)

        return door


def remove(resource: Resource, victims: Sequence[str]) -> Callable[[Cloud], None]:
    """Take these rows away."""

    def deed(cloud: Cloud) -> None:
        with cloud.writing() as turn:
            for victim in victims:
                turn.db.execute(f"DELETE FROM {resource.path} WHERE id = ?", (victim,))

    return deed


def add(resource: Resource, count: int) -> Callable[[Cloud], None]:
    """Add new rows, newer than all."""

    def deed(cloud: Cloud) -> None:
        with cloud.writing() as turn:
            row = dict(turn.db.execute(f"SELECT * FROM {resource.path} LIMIT 1").fetchone())
            known = turn.db.execute(f"SELECT COUNT(*) FROM {resource.path}").fetchone()[0]
            for number in range(count):
                row |= {"id": uuid(known + number), "created_at": f"2999-01-01T00:00:{number:02}.000000"}
                turn.db.execute(
                    f"INSERT INTO {resource.path} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                    (*row.values(),),
                )

    return deed


def walk_busy(
    storage: MakeStorage, cloud: Cloud, resource: Resource, deeds: dict[int, Callable[[Cloud], None]], span: Span
) -> tuple[list[str], set[str]]:
    """What a walk gives while *deeds* happen, and the IDs that were there before and after."""
    before = set(ids(stored(cloud, resource)))
    got = given(storage(cloud, Busy(cloud, resource, deeds)), resource, span)
    return got, before & set(ids(stored(cloud, resource)))


@dataclass
class Stuck:
    """A WSGI server that gives the same rows whatever marker it is asked for, `limit` kept or not."""

    count: int
    keep_limit: bool = True
    link: bool = False
    asked: int = 0
    grow_at: int = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        """Answer the same page."""
        self.asked += 1
        assert self.asked < 200, "no end of requests"
        resource = next(noun for noun in NOUNS.values() if noun.path in environ["PATH_INFO"])
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        rows: Rows = [{"id": uuid(number), "name": "x", "status": "available"} for number in range(self.count)]
        if self.grow_at and self.asked >= self.grow_at:
            rows.insert(0, {"id": uuid(999_999), "name": "new", "status": "available"})
        if self.keep_limit:
            rows = rows[: int(query["limit"])]
        body: dict[str, Any] = {resource.plural: rows}
        if self.link:
            body[f"{resource.plural}_links"] = [{"rel": "next", "href": f"?marker={rows[-1]['id']}"}]
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]


def rewriting(change: Callable[[dict[str, str]], tuple[int, Any] | dict[str, str]]) -> Wrap:
    """A door that changes the query of each list, or answers it with a status and a body of its own."""

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            if "/volumes" in environ["PATH_INFO"]:
                changed = change(dict(parse_qsl(environ["QUERY_STRING"])))
                if isinstance(changed, tuple):
                    status, body = changed
                    start(f"{status} Whatever", [("Content-Type", "application/json")])
                    return [json.dumps(body).encode()]
                environ = {**environ, "QUERY_STRING": urlencode(changed)}
            return app(environ, start)

        return door

    return wrap


@dataclass
class Kilo:
    """A list as the oldest servers of the family give it (facts.md 3.4), at most *cap* rows a page, links or none.

    `offset` and `limit` are cut out of rows that were already limited, and a marker's comparison loses nulls.
    """

    rows: Rows
    cap: int = 1000
    links: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        """Answer a page."""
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        self.asked.append(query)
        assert len(self.asked) < 500, "no end of requests"
        limit = min(int(query.get("limit", self.cap)), self.cap)
        rows = self._behind(query)[:limit]
        if "offset" in query:
            rows = rows[int(query["offset"]) :][:limit]
        body: dict[str, Any] = {"volumes": [{**row, "status": "available"} for row in rows]}
        if self.links and rows and len(rows) == int(query.get("limit", self.cap)):
            body["volumes_links"] = [{"rel": "next", "href": "?" + urlencode({**query, "marker": rows[-1]["id"]})}]
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _behind(self, query: dict[str, str]) -> Rows:
        parts = [part.partition(":") for part in query.get("sort", "created_at:desc").split(",")]
        order = tuple((key, direction) for key, _colon, direction in parts)
        keys = [*order, *((key, order[0][1]) for key in ("created_at", "id") if key not in dict(order))]
        rows = {row["id"]: row for row in self.rows}
        ordered = [rows[found] for found in reference(self.rows, Span(order=order))]
        if "marker" not in query:
            return ordered
        return [row for row in ordered if self._follows(row, rows[query["marker"]], keys)]

    def _follows(self, row: Row, marker: Row, keys: Sequence[Any]) -> bool:
        """`a > x OR a = x AND b > y …` in SQL: never true of a null."""
        for key, direction in keys:
            have, mark = row[key], marker[key]
            if have is None or mark is None:
                return False
            if have != mark:
                return bool(have > mark if direction == "asc" else have < mark)
        return False


def some_rows(count: int, unnamed: int) -> Rows:
    """Rows of which the last *unnamed* have no name, two in each second."""
    lot = random.Random(count)
    return [
        {
            "id": uuid(lot.getrandbits(40)),
            "name": None if number >= count - unnamed else f"v-{number % 40:03}",
            "size": number % 4,
            "created_at": f"2026-01-01T00:{number // 120:02}:{number // 2 % 60:02}.000000",
        }
        for number in range(count)
    ]
