"""When the same request is sent again, and when enough was sent."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.request import Request
from nbs_cli.cloud.retries import SENDS, Budget, pause
from nbs_cli.errors import Failure, LostAnswer, RateLimited, Unavailable
from tests.cloud.conftest import MakeClient, MakeFaulty, uuid, with_token
from tests.cloud.faulty import Behaviour, Heard, answer
from tests.conftest import Ran

GET, POST = Request("GET", "https://a.example/"), Request("POST", "https://a.example/")


def test_a_command_has_a_budget_for_sending_again() -> None:
    """A hundred times, then once more for every five answers, and never more than a hundred in store."""
    budget = Budget()
    assert sum(budget.spend() for _number in range(300)) == 100
    for _number in range(4):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    for _number in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _number in range(300)) == 100


def test_an_empty_budget_ends_the_repeating(
    faulty: MakeFaulty, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everything fails, 300 requests on one client are sent 300 times and a hundred more (A12)."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    server, client = faulty(answer(503)), make_client()
    for _number in range(300):
        with pytest.raises(LostAnswer):
            client.send(Request("GET", server.url + "/v2/t/volumes", "t", limit=10.0))
    assert len(server.heard) == 400


def test_an_outage_ends_a_bulk_command_early(
    faulty: MakeFaulty, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 IDs and a server that is down: a few dozen requests, exit 9, nothing deleted (A12)."""
    monkeypatch.setattr("nbs_cli.cloud.client.time.sleep", lambda _seconds: None)
    server = faulty(answer(503))
    ran = nbs("volume", "delete", "--yes", *(uuid(number) for number in range(500)), env=with_token(server))
    assert ran.code == 9
    assert 4 <= len(server.heard) <= 600
    assert server.asked("DELETE") == []


def test_an_outage_in_the_middle_of_a_bulk_command(
    faulty: MakeFaulty, nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other delete fails whatever is tried: all are tried, a hundred repeated sends and those earned at most."""
    monkeypatch.setattr("nbs_cli.cloud.client.time.sleep", lambda _seconds: None)

    def by(heard: Heard) -> Behaviour:
        number = int(heard.target[-4:])
        if heard.method == "DELETE" and number % 2:
            return answer(503)
        volume = {"id": heard.target.rpartition("/")[2], "status": "available", "name": "v"}
        return answer(200, {"volume": volume}) if heard.method == "GET" else answer(202)

    server = faulty(by=by)
    refs = [uuid(number) for number in range(200)]
    ran = nbs("volume", "delete", "--yes", "--parallel", "1", *refs, env=with_token(server))
    assert ran.code == 10
    assert len({heard.target for heard in server.asked("DELETE")}) == 200
    assert len(server.asked("DELETE")) <= 200 + 100 + 500 // 5


@pytest.mark.parametrize(
    ("failure", "request_", "again"),
    [
        (Unavailable("never left"), POST, True),
        (LostAnswer("lost"), GET, True),
        (LostAnswer("lost"), POST, False),
        (LostAnswer("busy", http_status=503), GET, True),
        (LostAnswer("broken", http_status=500), GET, False),
        (RateLimited("slowly"), POST, True),
        (Failure("no"), GET, False),
    ],
)
def test_what_may_be_sent_again(failure: Failure, request_: Request, again: bool) -> None:
    """What passes, and does no harm: a create only where it cannot have been processed."""
    assert (pause(request_, failure, 1, Deadline(), Budget()) is not None) == again
    assert pause(request_, failure, SENDS, Deadline(), Budget()) is None


@pytest.mark.parametrize(
    ("wish", "total", "slept"),
    [(30.0, None, True), (31.0, None, False), (0.5, 1.0, True), (0.9, 1.0, False), (0.0, 0.1, False)],
)
def test_a_pause_leaves_room_for_what_it_waits_for(wish: float, total: float | None, slept: bool) -> None:
    """A send with hardly any time left would say "no answer in 0.0s" where the failure before it knew the cause."""
    failure = Unavailable("refused")
    failure.retry_after = wish
    assert (pause(GET, failure, 1, Deadline(total), Budget()) is not None) == slept
