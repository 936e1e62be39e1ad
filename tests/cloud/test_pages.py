"""All pages of a list: complete and each row once, whatever the server does with pages, or an error that says so."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml

from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import VOLUME, VOLUME_TYPE, Resource
from nbs_cli.cloud.sorting import Order
from nbs_cli.cloud.span import Span
from nbs_cli.errors import ExitCode, NotFound, Unavailable
from nbs_cli.sandbox.cloud import Cloud, Settings
from tests.cloud.conftest import MakeAt, MakeStorage, uuid
from tests.cloud.lists import (
    NOUNS,
    SERVERS,
    Kilo,
    Rows,
    Wrap,
    given,
    ids,
    nouns,
    reference,
    remove,
    rewriting,
    some_rows,
    stored,
    walk_busy,
)
from tests.conftest import Ran, Served


def queries(served: Served) -> list[dict[str, str]]:
    """The queries of the lists that were asked for."""
    return [dict(parse_qsl(call.query)) for call in served.asked("GET")]


# Thousands of rows, over HTTP, by the command

LISTS = [("volume", "list"), ("volume", "list", "--brief"), ("snapshot", "list"), ("snapshot", "list", "--brief")]


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_every_list_is_complete(serve: Callable[..., Served], nbs: Callable[..., Ran], server: dict[str, Any]) -> None:
    """2,500 volumes and 130 snapshots on a server that gives 100 by default and 1,000 at most: all of them, once."""
    served = serve(page_default=100, page_cap=1000, **server)
    served.cloud.seed(2500, 130)
    for command in LISTS:
        served.calls.clear()
        ran = nbs(*command, "-q", env=served.environ)
        assert ran.code == 0
        assert ran.out.split() == ids(stored(served.cloud, NOUNS[command[0]]))
        assert all(1 <= int(query["limit"]) <= 1000 for query in queries(served))
        assert len(served.asked()) <= 5


def first_words(text: str) -> list[str]:
    """The first word of every line."""
    return [line.split()[0] for line in text.splitlines()]


READERS: dict[str, Callable[[str], list[str]]] = {
    "table": lambda text: first_words(text)[1:],
    "json": lambda text: [row["id"] for row in json.loads(text)],
    "jsonl": lambda text: [json.loads(line)["id"] for line in text.splitlines()],
    "yaml": lambda text: [row["id"] for row in yaml.safe_load(text)],
    "csv": lambda text: [row["id"] for row in csv.DictReader(text.splitlines())],
    "value": first_words,
}


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_every_format_is_complete(
    serve: Callable[..., Served], nbs: Callable[..., Ran], server: dict[str, Any]
) -> None:
    """The same 2,500 and 130 in every format, each once and in the server's order."""
    served = serve(page_default=100, page_cap=1000, **server)
    served.cloud.seed(2500, 130)
    for noun in ("volume", "snapshot"):
        expected = ids(stored(served.cloud, NOUNS[noun]))
        for form, read in READERS.items():
            ran = nbs(noun, "list", "-o", form, "-c", "id,size", env=served.environ)
            assert (ran.code, ran.err) == (0, "")
            assert read(ran.out) == expected, form


@pytest.mark.parametrize("page_size", [1, 7, 35])
@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_page_size_changes_nothing(
    serve: Callable[..., Served], nbs: Callable[..., Ran], command: tuple[str, ...], page_size: int
) -> None:
    """However many rows are asked for at a time, on the most awkward server there is."""
    served = serve(**SERVERS["neither"])
    served.cloud.seed(35, 35)
    ran = nbs(*command, "-q", "--page-size", str(page_size), env=served.environ)
    assert ran.out.split() == ids(stored(served.cloud, NOUNS[command[0]]))


def test_types_have_no_pages(storage: MakeStorage) -> None:
    """The guide knows none, so no `limit` is sent."""
    asked: list[str] = []

    def wrap(app: Any) -> Any:
        def note(environ: dict[str, Any], start: Any) -> Any:
            asked.append(environ["QUERY_STRING"])
            return app(environ, start)

        return note

    assert [row["name"] for row in everything(storage(wrap=wrap), VOLUME_TYPE)] == ["General SSD", "General HDD"]
    assert asked[-1] == ""


def test_types_that_come_in_pages_are_walked(at: MakeAt) -> None:
    """A server that links a next page of them is followed all the same."""

    def server(environ: dict[str, Any], start: Any) -> list[bytes]:
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        first = 3 if query.get("marker") == uuid(2) else 1
        body: dict[str, Any] = {"volume_types": [{"id": uuid(number), "name": "t"} for number in (first, first + 1)]}
        if first == 1:
            body["volume_type_links"] = [{"rel": "next", "href": f"?marker={uuid(2)}"}]
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(body if query.get("marker") != uuid(4) else {"volume_types": []}).encode()]

    assert ids(everything(at(server), VOLUME_TYPE)) == [uuid(number) for number in (1, 2, 3, 4)]


def test_a_sorted_list_gets_over_a_row_that_vanishes(storage: MakeStorage) -> None:
    """Also when it goes between the page and the question whether anything follows."""
    for at in (2, 3):
        cloud = Cloud(":memory:", Settings(links=False))
        cloud.seed(20)
        last = sorted(
            (row for row in stored(cloud, VOLUME)), key=lambda row: (row["size"], row["created_at"], row["id"])
        )
        deeds = {at: remove(VOLUME, [last[-1]["id"]])}
        got, stayed = walk_busy(storage, cloud, VOLUME, deeds, Span(order=(("size", "asc"),)))
        assert stayed <= set(got)
        cloud.close()


def test_a_token_that_expires_between_two_pages_is_not_noticed(
    serve: Callable[..., Served], nbs: Callable[..., Ran]
) -> None:
    """One new login, and on from the same marker (B13)."""
    holder: list[Served] = []
    seen = [0]

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            seen[0] += "/volumes" in environ["PATH_INFO"]
            if seen[0] == 3:
                seen[0] += 100
                holder[0].cloud.expire_tokens()
            return app(environ, start)

        return door

    holder.append(serve(wrap, page_cap=10))
    served = holder[0]
    served.cloud.seed(60)
    ran = nbs("volume", "list", "-q", env=served.environ)
    assert ran.out.split() == ids(stored(served.cloud, VOLUME))
    assert len(served.logins()) == 2
    markers = [query.get("marker") for query in queries(served)]
    assert len(markers) == len(set(markers)) + 1


def test_a_failure_half_way_is_not_a_short_list(
    serve: Callable[..., Served], nbs: Callable[..., Ran], no_pauses: list[float]
) -> None:
    """What came is printed, the JSON is not closed, and the exit code is that of the failure (commands.md 3.3)."""
    seen = [0]

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            seen[0] += "/volumes" in environ["PATH_INFO"]
            if seen[0] >= 3:
                start("503 Service Unavailable", [("Content-Type", "text/plain")])
                return [b"busy"]
            return app(environ, start)

        return door

    served = serve(wrap, page_cap=10)
    served.cloud.seed(60)
    ran = nbs("volume", "list", "-o", "json", env=served.environ)
    assert ran.code == ExitCode.UNAVAILABLE
    assert len(json.loads(ran.out + "]")) == 20
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(ran.out)


# Sorted, limited, cut


ORDERS: list[Order] = [
    (),
    (("name", "asc"),),
    (("name", "desc"),),
    (("size", "desc"), ("name", "asc")),
    (("created_at", "asc"),),
    (("status", "asc"), ("id", "desc")),
]
DOORS: dict[str, dict[str, Any]] = {
    "usual": {},
    "no links": {"links": False},
    "a cap of 7": {"page_cap": 7},
    "a cap of 7 and no links": {"page_cap": 7, "links": False},
    "snapshots without markers": {"snapshot_markers": False, "page_cap": 7},
}


def spans(rows: Rows, order: Order) -> Iterable[Span]:
    """Every combination of limit, offset and marker that means something."""
    for limit in (None, 1, 7, 8, 40):
        for offset in (None, 3, 7, 29, 30, 40):
            for marker in (None, rows[0]["id"], rows[6]["id"], rows[13]["id"], rows[-1]["id"]):
                yield Span(limit=limit, offset=offset, marker=marker, order=order)


@nouns
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_part_of_a_list_is_the_right_one(
    storage: MakeStorage, resource: Resource, door: dict[str, Any], order: Order
) -> None:
    """Order, limit, offset and marker together, against a sort of all rows, nulls and equal values included."""
    cloud = Cloud(":memory:", Settings(**door))
    cloud.seed(30, 30)
    rows, here = stored(cloud, resource), storage(cloud)
    lot = random.Random(str((order, door, resource.name)))
    for span in lot.sample(list(spans(rows, order)), 12):
        assert given(here, resource, span) == reference(rows, span), span
    cloud.close()


@pytest.mark.parametrize("marker", [uuid(1), "no-uuid", "a&b=c"])
@pytest.mark.parametrize("order", [(), (("name", "asc"),)], ids=["no order", "by name"])
@nouns
def test_a_marker_that_is_no_row_is_not_found(
    storage: MakeStorage, resource: Resource, order: Order, marker: str
) -> None:
    """Exit 3, not a list from anywhere else."""
    here = storage()
    with pytest.raises(NotFound):
        given(here, resource, Span(marker=marker, order=order))


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_a_limit_is_one_request(serve: Callable[..., Served], nbs: Callable[..., Ran], limit: int) -> None:
    """No more rows travel than are wanted, sorted or not."""
    served = serve()
    served.cloud.seed(1100)
    for options in ((), ("--sort", "name:asc"), ("--brief",)):
        served.calls.clear()
        ran = nbs("volume", "list", "-q", "--limit", str(limit), *options, env=served.environ)
        assert len(ran.out.split()) == limit
        assert [query["limit"] for query in queries(served)] == [str(limit)]


def test_a_sort_that_one_page_answers_is_the_servers(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """`sort` goes out as the guide writes it (commands.md 3.12)."""
    served = serve()
    served.cloud.seed(30)
    ran = nbs("volume", "list", "-q", "--sort", "size:desc,name:asc", "--limit", "3", env=served.environ)
    span = Span(order=(("size", "desc"), ("name", "asc")), limit=3)
    assert ran.out.split() == reference(stored(served.cloud, VOLUME), span)
    assert queries(served) == [{"limit": "3", "sort": "size:desc,name:asc"}]


def refused(status: int) -> Wrap:
    """A server that does not sort."""
    fault = {"badRequest": {"code": status, "message": "Invalid input received: Invalid sort key"}}
    return rewriting(lambda query: (status, fault) if "sort" in query else query)


SORTLESS: dict[str, Wrap] = {
    "400": refused(400),
    "500": refused(500),
    "503": refused(503),
    "sort ignored": rewriting(lambda query: {name: value for name, value in query.items() if name != "sort"}),
    "sort ignored, pages of 7": rewriting(
        lambda query: {"limit": str(min(7, int(query["limit"])))} | {k: v for k, v in query.items() if k == "marker"}
    ),
}


@pytest.mark.parametrize("wrap", SORTLESS.values(), ids=SORTLESS)
@pytest.mark.parametrize("order", ORDERS[1:], ids=str)
def test_a_server_that_cannot_sort_is_helped(
    storage: MakeStorage, no_pauses: list[float], wrap: Wrap, order: Order
) -> None:
    """A refused or ignored key, or one that the server stumbles over: the rows are sorted here."""
    cloud = Cloud(":memory:", Settings())
    cloud.seed(30)
    span = Span(order=order)
    assert given(storage(cloud, wrap), VOLUME, span) == reference(stored(cloud, VOLUME), span)
    cloud.close()


@pytest.mark.parametrize("key", ["volume_type", "attachments", "metadata", "bootable", "description", "links"])
@pytest.mark.parametrize("limit", [None, 5])
def test_a_key_that_servers_get_wrong_is_sorted_here(storage: MakeStorage, key: str, limit: int | None) -> None:
    """Real servers answer some of them with 200 and wrong rows (observed.md): they are not asked at all."""
    cloud = Cloud(":memory:", Settings())
    cloud.seed(30)
    asked: list[dict[str, str]] = []

    def change(query: dict[str, str]) -> dict[str, str]:
        asked.append(query)
        return {name: value for name, value in query.items() if name != "sort"}

    rows = everything(storage(cloud), VOLUME)
    got = given(storage(cloud, rewriting(change)), VOLUME, Span(order=((key, "asc"),), limit=limit))
    expected = sorted(rows, key=lambda row: (str(row[key]), row["created_at"], row["id"]))
    assert got == ids(expected)[:limit]
    assert all("sort" not in query for query in asked)
    cloud.close()


@pytest.mark.parametrize("links", [False, True], ids=["no links", "links"])
@pytest.mark.parametrize("cap", [10, 100, 1000])
@pytest.mark.parametrize("order", [*ORDERS[:5], (("name", "desc"), ("size", "asc"))], ids=str)
def test_the_oldest_servers_are_walked_too(at: MakeAt, links: bool, cap: int, order: Order) -> None:
    """Limit and offset cut twice, nulls lost behind markers: no row is lost here, whatever part is asked for."""
    rows = some_rows(150, 40)
    for server_rows in (rows, rows[:100] + rows[-10:], rows[-100:], rows[90:120]):
        server = Kilo(server_rows, cap, links)
        marker = reference(server_rows, Span(order=(("created_at", "desc"),)))[15]
        for span in (
            Span(order=order),
            Span(order=order, limit=10),
            Span(order=order, limit=10, offset=5),
            Span(order=order, offset=5),
            Span(order=order, offset=105, limit=3),
            Span(order=order, limit=120),
            Span(order=order, marker=marker, limit=30),
        ):
            wanted = span._replace(order=order or (("created_at", "desc"),))
            assert given(at(server), VOLUME, span) == reference(server_rows, wanted), span


def test_a_server_that_is_down_is_down(at: MakeAt, no_pauses: list[float]) -> None:
    """The kinds of failure are the client's."""

    def down(_environ: dict[str, Any], start: Any) -> list[bytes]:
        start("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"busy"]

    for order in ((), (("name", "asc"),)):
        with pytest.raises(Unavailable):
            given(at(down), VOLUME, Span(order=order))
