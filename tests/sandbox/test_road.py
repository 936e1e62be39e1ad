"""The road without faults, whom an order befalls, and what the real cloud makes of a fault."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud
from nbs_cli.sandbox.front import Front
from nbs_cli.sandbox.trouble import fault
from tests.conftest import Served
from tests.sandbox.canned import ANSWER, BODY, HEAD, Caller, request
from tests.sandbox.conftest import Road

LOGIN = {"auth": {"tenantId": TENANT_ID, "passwordCredentials": {"username": USERNAME, "password": PASSWORD}}}
Fronted = Callable[..., Served]


@contextmanager
def client(served: Served) -> Iterator[httpx.Client]:
    """Lend a client with a token of the sandbox."""
    # plain http on loopback: certificates are of no use here, and reading them takes long
    with httpx.Client(base_url=f"{served.url}/v2/{TENANT_ID}", verify=False, trust_env=False, timeout=20) as made:
        token = made.post(f"{served.url}/v2.0/tokens", json=LOGIN).json()["access"]["token"]["id"]
        made.headers["X-Auth-Token"] = token
        yield made


# --- nothing is ordered -------------------------------------------------------------------------------------------


def test_a_hundred_requests_on_one_connection(road: Road) -> None:
    """Without a fault not a byte is changed, of requests and answers alike, and the connection stays."""
    road.canned.answers = lambda number: HEAD[:-2] + b"X-Number: %d\r\n\r\n" % number + BODY
    sent = []
    with road.call() as caller:
        for number in range(1, 101):
            sent.append(request("POST", f"/a%20b//c?d={number}&e", b"\0\r\n\r\n" * number, "X-A:  b ", "x-a: c"))
            caller.send(sent[-1])
            expected = road.canned.answers(number)
            assert caller.hear(len(expected)) == expected
    assert road.canned.arrived == sent


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", "kept"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "kept"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: u\r\n\r\n", "kept"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER, "kept"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", "closed"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "closed"),
    ],
    ids=["no body", "no body but a length", "chunks", "100 first", "close", "1.0"],
)
def test_answers_of_every_framing_pass(road: Road, answer: bytes, end: str) -> None:
    """Whatever tells the end of an answer; a `100 Continue` that the client did not ask for is not passed on."""
    expected = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    road.canned.answers = lambda number: answer if number == 1 else ANSWER
    road.canned.lasting = end == "kept"
    with road.call() as caller:
        caller.ask()
        if end == "kept":
            assert caller.hear(len(expected)) == expected
            caller.ask()
            assert caller.hear(len(ANSWER)) == ANSWER
        else:
            assert caller.all() == (expected, "closed")


def test_head_has_no_body(road: Road) -> None:
    """The answer to a HEAD ends with its head, whatever length it tells; that of a fault too."""
    road.canned.answers = lambda _number: HEAD
    road.order("status", code=500, body="x", after=1)
    with road.call() as caller:
        caller.ask("HEAD")
        assert caller.hear(len(HEAD)) == HEAD
        caller.ask("HEAD", "/v2", b"", "Connection: close")
        assert caller.all()[0].endswith(b"Content-Length: 1\r\n\r\n")


def test_bodies_in_chunks_and_on_demand_pass(road: Road) -> None:
    """A request whose body comes in chunks, and one that waits for `100 Continue` before it sends its body."""
    chunked = b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    head, _empty, _body = request("POST", "/v2", b"abc", "Expect: 100-continue").rpartition(b"abc")
    with road.call() as caller:
        caller.send(chunked)
        assert caller.hear(len(ANSWER)) == ANSWER
        caller.send(head)
        assert caller.hear(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.send(b"abc")
        assert caller.hear(len(ANSWER)) == ANSWER
    assert road.canned.arrived == [chunked, head + b"abc"]


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET /v2 HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /v2 HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx",
        b"GET /v2 HTTP/1.1\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        b"GET /v2 HTTP/2.0\r\n\r\n",
    ],
    ids=["nonsense", "length", "too large", "head", "version"],
)
def test_what_cannot_be_read_is_refused_by_the_cloud_itself(served: Served, sent: bytes) -> None:
    """What the front cannot take for a request the cloud's server sees as it is, and its refusal comes back."""
    front = Front(served.cloud, int(served.url.rpartition(":")[2]))
    front.start()
    heard = []
    for url in (served.url, front.url):
        with Caller(url) as caller:
            caller.send(sent)
            heard.append(caller.hear(12))
    front.close()
    assert heard[0] == heard[1]
    assert heard[0].startswith(b"HTTP/1."), heard


def test_links_lead_through_the_front(fronted: Fronted) -> None:
    """The addresses in the cloud's answers are the front's, where the request came to."""
    served = fronted()
    with client(served) as http:
        login = http.post(f"{served.url}/v2.0/tokens", json=LOGIN).json()
        made = http.post("/volumes", json={"volume": {"size": 1}}).json()["volume"]
    urls = {entry["publicURL"] for one in login["access"]["serviceCatalog"] for entry in one["endpoints"]}
    assert all(url.startswith(served.url) for url in urls)
    assert all(link["href"].startswith(served.url) for link in made["links"])


def test_32_clients_at_once(fronted: Fronted) -> None:
    """Each makes five volumes: every one is there, once, and every answer was its own."""
    served = fronted(delay=0)

    def make(number: int) -> list[str]:
        with client(served) as http:
            names = [f"{number}-{turn}" for turn in range(5)]
            made = [http.post("/volumes", json={"volume": {"size": 1, "name": name}}).json() for name in names]
        assert [one["volume"]["name"] for one in made] == names
        return [one["volume"]["id"] for one in made]

    with ThreadPoolExecutor(32) as pool:
        made = [identifier for some in pool.map(make, range(32)) for identifier in some]
    with client(served) as http:
        there = [row["id"] for row in http.get("/volumes").json()["volumes"]]
        there += [row["id"] for row in http.get("/volumes", params={"marker": there[-1]}).json()["volumes"]]
    assert len(made) == len(set(made)) == 160
    assert sorted(there) == sorted(made)


# --- clients that vanish, fronts that end -------------------------------------------------------------------------


def test_clients_that_vanish_do_no_harm(road: Road) -> None:
    """Half a request, half an answer, a reset in a flood: the next client is answered, and no thread stays."""
    road.order("huge", bytes=1 << 30)
    road.order("drip", rate=50)
    road.order("hang")
    for _fault in range(3):
        with road.call() as caller:
            caller.ask()
            time.sleep(0.02)
            caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with road.call() as caller:
        caller.send(request("POST", "/v2", b"whole")[:-3])
    with road.call() as caller:
        caller.ask()
        assert caller.hear(len(ANSWER)) == ANSWER
    deadline = time.monotonic() + 10
    while road.front._clients and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not road.front._clients


def test_it_ends_whatever_it_is_doing(state: str) -> None:
    """A front that ends ends what hangs, drips and waits, and leaves no thread."""
    before = set(threading.enumerate())
    cloud = Cloud(state)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # a cloud that never answers
        front = Front(cloud, mute.getsockname()[1])
        front.start()
        for kind in ("hang", "latency", "late", "drip"):
            cloud.order(fault(kind, **({"seconds": 3600} if kind in {"latency", "late"} else {})))
        callers = [Caller(front.url) for _number in range(5)]
        for caller in callers:
            caller.ask()
        while cloud.ordered():
            time.sleep(0.01)
        front.close()
        for caller in callers:
            assert caller.all()[1] != "silent"
            caller.socket.close()
    cloud.close()
    assert set(threading.enumerate()) <= before


# --- whom it befalls ----------------------------------------------------------------------------------------------


def struck(road: Road, method: str = "GET", target: str = "/v2/t/volumes/detail") -> bool:
    """Whether a request is answered with the 418 that the tests below order."""
    with road.call() as caller:
        caller.ask(method, target)
        return caller.hear(13) == b"HTTP/1.1 418 "


@pytest.mark.parametrize(
    ("given", "method", "target", "expected"),
    [
        ({}, "GET", "/", True),
        ({"method": "POST"}, "POST", "/v2/t/volumes", True),
        ({"method": "post"}, "POST", "/v2/t/volumes", True),
        ({"method": "POST"}, "GET", "/v2/t/volumes", False),
        ({"path": "*/volumes"}, "GET", "/v2/t/volumes", True),
        ({"path": "*/volumes"}, "GET", "/v2/t/volumes?limit=1", True),
        ({"path": "*/volumes"}, "GET", "/v2/t/volumes/detail", False),
        ({"path": "*/volumes*"}, "GET", "/v2/t/volumes/detail", True),
        ({"path": "*/detail*marker=*"}, "GET", "/v2/t/volumes/detail?limit=1&marker=x", True),
        ({"path": "*/detail*marker=*"}, "GET", "/v2/t/volumes/detail?limit=1", False),
        ({"path": "/v2/[st]/volumes"}, "GET", "/v2/t/volumes", True),
        ({"path": "*/VOLUMES"}, "GET", "/v2/t/volumes", False),
        ({"method": "DELETE", "path": "*/x"}, "DELETE", "/v2/t/volumes/x", True),
        ({"method": "DELETE", "path": "*/x"}, "DELETE", "/v2/t/volumes/y", False),
    ],
    ids=str,
)
def test_by_method_and_path(road: Road, given: dict[str, str], method: str, target: str, expected: bool) -> None:
    """A glob is held against the path, and against path and query; who does not fit does not use an order up."""
    road.order("status", code=418, **given)
    assert struck(road, method, target) is expected
    assert (road.cloud.ordered() == []) is expected


def test_by_count(road: Road) -> None:
    """So many requests, then no more; 0 is for ever, until it is taken back; some are spared first."""
    road.order("status", code=418, count=2, after=1)
    assert [struck(road) for _turn in range(5)] == [False, True, True, False, False]
    number = road.order("status", code=418, count=0)
    assert all(struck(road) for _turn in range(5))
    (order,) = road.cloud.ordered()
    assert (order.id, order.seen, order.done) == (number, 5, 5)
    road.cloud.cancel([number])
    assert not struck(road)


def test_one_order_after_the_other(road: Road) -> None:
    """Orders that make an answer are a script: the second begins when the first is used up."""
    for code in (500, 502, 504):
        road.order("status", code=code)
    with road.call() as caller:
        for last in ("keep-alive", "keep-alive", "keep-alive", "close"):
            caller.ask("GET", "/v2", b"", f"Connection: {last}")
        assert re.findall(rb"HTTP/1.1 ([0-9]+)", caller.all()[0]) == [b"500", b"502", b"504", b"200"]


def test_by_probability(road: Road) -> None:
    """The dice fall the same way for the same seed, in another way for another, and about as often as was asked."""
    rounds = []
    for seed in (1, 1, 2):
        number = road.order("status", code=418, count=0, probability=0.3, seed=seed)
        rounds.append([struck(road) for _turn in range(100)])
        road.cloud.cancel([number])
    assert rounds[0] == rounds[1] != rounds[2]
    assert all(15 < sum(one) < 45 for one in rounds)


def test_a_seed_is_rolled_where_a_die_is_needed() -> None:
    """A probability without a seed gets one, which is shown, so that what happened can be repeated."""
    assert len({fault("reset", probability=0.5).seed for _turn in range(20)}) > 1
    assert fault("reset").seed == 0


def test_an_order_is_used_up_once(road: Road) -> None:
    """Of 64 requests of 16 clients at once exactly the ten are struck that were ordered, by whatever thread."""
    road.order("status", code=418, count=10)
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _turn: struck(road), range(64))) == 10


# --- what the cloud makes of it -----------------------------------------------------------------------------------


def test_tokens_die(fronted: Fronted) -> None:
    """The cloud itself answers 401 to every token that it has issued, until there is a new one."""
    served = fronted()
    with client(served) as http:
        served.cloud.order(fault("expire-token", path="*/volumes*"))
        assert [http.get("/types").status_code, http.get("/volumes").status_code] == [200, 401]
        assert http.get("/types").status_code == 401
    with client(served) as http:
        assert http.get("/volumes").status_code == 200


@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_a_list_lags_behind(fronted: Fronted, noun: str) -> None:
    """What was made last is in no list, short or detailed, until it is old enough; asked for by ID it is there."""
    served = fronted(delay=0)
    with client(served) as http:
        old = http.post("/volumes", json={"volume": {"size": 1}}).json()["volume"]["id"]
        time.sleep(0.3)
        body: dict[str, Any] = {"volumes": {"size": 1}, "snapshots": {"volume_id": old}}[noun]
        made = http.post(f"/{noun}", json={noun[:-1]: body}).json()[noun[:-1]]["id"]
        number = served.cloud.order(fault("lag", seconds=0.25, count=0))
        for path in (f"/{noun}", f"/{noun}/detail"):
            rows = [row["id"] for row in http.get(path).json()[noun]]
            assert rows == ([old] if noun == "volumes" else [])
        assert http.get(f"/{noun}/{made}").status_code == 200
        time.sleep(0.3)
        assert made in http.get(f"/{noun}").text
        served.cloud.cancel([number])


def test_marks_are_stripped(fronted: Fronted) -> None:
    """Neither the answer nor the record carries the metadata that was sent."""
    served = fronted(delay=0)
    with client(served) as http:
        served.cloud.order(fault("strip-metadata", method="POST"))
        asked = {"volume": {"size": 1, "name": "n", "metadata": {"nbs:request": "k"}}}
        made = http.post("/volumes", json=asked).json()["volume"]
        assert (made["name"], made["metadata"]) == ("n", {})
        assert http.get(f"/volumes/{made['id']}").json()["volume"]["metadata"] == {}


@pytest.mark.parametrize(
    ("orders", "volumes"),
    [
        ([("reset", {"when": "after"})], 1),
        ([("reset", {})], 0),
        ([("close", {"when": "after"})], 1),
        ([("status", {"code": 504})], 0),
        ([("status", {"code": 504, "when": "after"})], 1),
        ([("truncate", {"at": 100, "of": "answer"})], 1),
        ([("html", {})], 1),
        ([("late", {"seconds": 0.1})], 1),
        ([("duplicate", {})], 2),
        ([("duplicate", {"delay": 0.1})], 2),
        ([("duplicate", {}), ("reset", {"when": "after"})], 2),
    ],
    ids=str,
)
def test_a_create_under_every_fault(fronted: Fronted, orders: list[tuple[str, dict[str, Any]]], volumes: int) -> None:
    """The cloud's own table is the oracle: so many volumes are there in the end, whatever the client was told."""
    served = fronted(delay=0)
    with client(served) as http:
        for kind, given in orders:
            served.cloud.order(fault(kind, method="POST", path="*/volumes", **given))
        with suppress(httpx.TransportError):
            http.post("/volumes", json={"volume": {"size": 1}})
        deadline = time.monotonic() + 5
        while len(served.asked("POST")) < volumes and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.05)
        assert len(http.get("/volumes").json()["volumes"]) == volumes == len(served.asked("POST"))


def test_failures_of_the_cloud_count_too(fronted: Fronted) -> None:
    """`create-error` and its like are orders as any other: spared ones first, so many, and used up by operations."""
    served = fronted(delay=0)
    served.cloud.order(fault("create-error", count=2, after=1))
    with client(served) as http:
        made = [http.post("/volumes", json={"volume": {"size": 1}}).json()["volume"]["id"] for _turn in range(4)]
        statuses = [http.get(f"/volumes/{one}").json()["volume"]["status"] for one in made]
    assert statuses == ["available", "error", "error", "available"]
    assert json.dumps(served.cloud.ordered()) == "[]"
