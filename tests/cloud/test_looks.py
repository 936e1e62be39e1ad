"""Looking at many at once: by pages of the list where many lie on them, by ID where few do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.looks import WORTH, by_id, look
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.cloud.waiting import Goal, until
from nbs_cli.errors import NotFound, Unavailable
from tests.cloud.conftest import MakeAt, uuid
from tests.conftest import Ran, Served

Served_ = Callable[..., Served]
pytestmark = pytest.mark.usefixtures("quick_waits")


class Listed:
    """A WSGI server with volumes 0 to *count*, all in *status*, newest first; it notes what it was asked."""

    def __init__(self, count: int, status: str = "available", refuse: int = 0) -> None:
        self.rows = {uuid(number): {"id": uuid(number), "name": None, "status": status} for number in range(count)}
        self.refuse = refuse
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        """Answer a list or one."""
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        self.asked.append(f"{path.rpartition('/')[2]}?{query}".rstrip("?"))
        status: str = "200 OK"
        body: dict[str, Any]
        if path.endswith("/detail"):
            given = dict(part.split("=") for part in query.split("&") if part)
            ids = list(self.rows)
            first = ids.index(given["marker"]) + 1 if "marker" in given else 0
            body = {"volumes": [self.rows[one] for one in ids[first : first + int(given["limit"])]]}
            status = f"{self.refuse} Whatever" if self.refuse else status
        elif path.rpartition("/")[2] in self.rows:
            body = {"volume": self.rows[path.rpartition("/")[2]]}
        else:
            status, body = "404 Not Found", {"itemNotFound": {"code": 404, "message": "no"}}
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]


def left() -> float:
    """Time enough."""
    return 10.0


def test_few_are_asked_for_by_id(at: MakeAt) -> None:
    """A handful is asked for one by one."""
    server = Listed(100)
    found = by_id(at(server), VOLUME, [uuid(3), uuid(1)])
    looks = look(at(server), VOLUME, [uuid(2)], left)

    assert [outcome.result["id"] for outcome in [*found, *looks]] == [uuid(3), uuid(1), uuid(2)]
    assert sorted(server.asked) == [uuid(1), uuid(2), uuid(3)]


def test_many_are_found_in_the_list(at: MakeAt) -> None:
    """For many a page is read that brings them all, in their order; what does not exist is asked for by ID."""
    server = Listed(100)
    wanted = [uuid(number) for number in (*range(WORTH, 0, -1), 999)]

    *found, missing = by_id(at(server), VOLUME, wanted)

    assert [outcome.result["id"] for outcome in found] == wanted[:-1]
    assert isinstance(missing.failure, NotFound)
    assert server.asked == ["detail?limit=1000", f"detail?limit=1000&marker={uuid(99)}", uuid(999)]


def test_pages_that_bring_few_are_not_gone_on_with(at: MakeAt) -> None:
    """Where the wanted lie far behind, they are asked for by ID after one page."""
    server = Listed(3000)
    wanted = [uuid(2000 + number) for number in range(WORTH)]

    assert all(outcome.result for outcome in by_id(at(server), VOLUME, wanted))
    assert server.asked[0] == "detail?limit=1000"
    assert sorted(server.asked[1:]) == wanted


def test_one_page_a_look(at: MakeAt) -> None:
    """Fifty are looked at by one request; those that are not on the page are asked for beside it."""
    server = Listed(300)
    wanted = [*(uuid(number) for number in range(50)), uuid(299)]

    looks = look(at(server), VOLUME, wanted, left)

    assert [outcome.result["id"] for outcome in looks] == wanted
    assert server.asked == ["detail?limit=204", uuid(299)]


def test_a_server_in_trouble_is_not_asked_fifty_times(at: MakeAt, no_pauses: list[float]) -> None:
    """A list that is not answered is this look's answer for all; only its retries are sent."""
    server = Listed(50, refuse=503)

    looks = look(at(server), VOLUME, list(server.rows), left)

    assert all(isinstance(outcome.failure, Unavailable) for outcome in looks)
    assert set(server.asked) == {"detail?limit=200"}
    assert len(server.asked) == 4


def test_a_refused_list_is_no_obstacle(at: MakeAt) -> None:
    """Who may not list may still look at each."""
    server = Listed(6, refuse=403)

    assert all(outcome.result for outcome in look(at(server), VOLUME, list(server.rows), left))


def test_a_wait_of_fifty_asks_once_a_tick(at: MakeAt) -> None:
    """A wait of fifty that takes four ticks asks four times, whatever becomes of them."""
    server = Listed(50, "creating")
    storage = at(server)
    found = [Found(one, dict(row)) for one, row in server.rows.items()]

    def tell(_label: str, _status: str, _percent: str | None, _elapsed: float) -> None:
        if len(server.asked) == 3:
            for row in server.rows.values():
                row["status"] = "available"

    ended = until(storage, VOLUME, found, Goal("available"), seconds=20, deadline=Deadline(), tell=tell)

    assert [outcome.result["status"] for outcome in ended] == ["available"] * 50
    assert server.asked == ["detail?limit=200"] * 4


def test_a_delete_of_thirty_finds_them_by_one_list(serve: Served_, nbs: Callable[..., Ran]) -> None:
    """`volume delete` of thirty IDs: one list, thirty DELETEs."""
    served = serve(page_default=1000)
    served.cloud.seed(30)
    ids = nbs("volume", "list", "-q", env=served.environ).out.split()
    served.calls.clear()

    assert nbs("volume", "delete", *ids, "--yes", env=served.environ).code == 0
    assert len(served.asked("GET")) == 1
    assert len(served.asked("DELETE")) == 30


def test_a_list_that_makes_no_sense_is_left_alone(at: MakeAt) -> None:
    """Where the list is refused or is none, many are asked for by ID all the same."""
    server = Listed(40, refuse=400)
    found = by_id(at(server), VOLUME, [uuid(number) for number in range(WORTH)])
    assert [outcome.failure for outcome in found] == [None] * WORTH
    assert len(server.asked) == 1 + WORTH
