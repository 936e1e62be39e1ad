"""The faulty road: every fault as a plain socket hears it, byte for byte, and what reaches the cloud of it."""

from __future__ import annotations

import gzip
import json
import re
import time
from typing import Any

import pytest

from nbs_cli.sandbox.deeds import DEEDS
from nbs_cli.sandbox.forms import Choice
from nbs_cli.sandbox.garbage import NOT_JSON, PAGE
from nbs_cli.sandbox.kinds import KINDS, Part
from tests.sandbox.canned import ANSWER, BODY, HEAD, request
from tests.sandbox.conftest import Road

JSON = b"Content-Type: application/json\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
SPACES = b" " * 2_500_000
REFUSED = b'{"serviceUnavailable": {"code": 503, "message": "ordered with `nbs sandbox fault add`"}}'
LATE = b'{"computeFault": {"code": 504, "message": "ordered with `nbs sandbox fault add`"}}'
BARE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Odd:  two  spaces \r\n"
DRIPS = 2_000  # bytes a second


def answer(first: bytes, *lines: bytes, body: bytes = b"") -> bytes:
    """Put an answer together, its length told."""
    told = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + first, *lines, told, b"", b""]) + body


def ok(body: bytes) -> bytes:
    """Give a 200 that says it is JSON."""
    return answer(b"200 OK", JSON.strip(), body=body)


def case(kind: str, heard: bytes, end: str = "kept", reached: int = 0, **given: Any) -> Any:
    """One fault: what is heard, how the connection ends, and how many requests have reached the cloud then."""
    words = ",".join(f"{name}={str(value)[:20]}" for name, value in given.items())
    return pytest.param(kind, given, heard, end, reached, id=f"{kind} {words}")


ANSWERS = [
    case("status", answer(b"503 Service Unavailable", JSON.strip(), body=REFUSED)),
    case("status", answer(b"503 Service Unavailable", JSON.strip(), body=REFUSED), reached=1, when="after"),
    case(
        "status",
        answer(b"429 Too Many Requests", b"Content-Type: text/plain", b"Retry-After: 3", b"X-A: \xe9", body=b"slowly"),
        code="429",
        header=["Retry-After: 3", "X-A: é"],
        body="slowly",
        type="text/plain",
    ),
    case("status", answer(b"204 No Content", JSON.strip()), code=204),
    case(
        "status",
        answer(b"599 Unknown", JSON.strip(), body=b'{"error": "\xed\x95\x9c"}'),
        code=599,
        body='{"error": "한"}',
    ),
    case("reset", b"", "reset"),
    case("reset", b"", "reset", 1, when="after"),
    case("reset", ANSWER, "reset", 1, when="next"),
    case("close", b"", "closed"),
    case("close", b"", "closed", 1, when="after"),
    case("close", ANSWER, "closed", 1, when="next"),
    case("truncate", HEAD + BODY[:10], "closed", 1),
    case("truncate", HEAD, "closed", 1, at=0),
    case("truncate", ANSWER[:5], "closed", 1, at=5, of="answer"),
    case("truncate", HEAD[:-2], "closed", 1, at=len(HEAD) - 2, of="answer"),
    case("truncate", HEAD + BODY[:-1], "reset", 1, at=len(BODY) - 1, then="reset"),
    case(
        "truncate",
        BARE + b"Transfer-Encoding: chunked\r\n\r\n27\r\n" + BODY[:6],
        "closed",
        1,
        at=10,
        framing="chunked",
    ),
    case(
        "truncate",
        BARE + b"Transfer-Encoding: chunked\r\n\r\n27\r\n" + BODY + b"\r\n0\r\n\r\n",
        "closed",
        1,
        at=1000,
        framing="chunked",
    ),
    case("truncate", BARE + b"Connection: close\r\n\r\n" + BODY[:10], "closed", 1, framing="close"),
    case("drip", ANSWER, reached=1, rate=DRIPS),
    case("drip", ANSWER, reached=1, rate=DRIPS, part="head"),
    case("continue", GO_ON * 3 + ANSWER, reached=1, times=3, pause=0),
    case("continue", GO_ON * 2 + ANSWER, reached=1, times=2, pause=0.01, when="after"),
    case("html", answer(b"200 OK", b"Content-Type: text/html; charset=utf-8", body=PAGE), reached=1),
    case("html", answer(b"502 Bad Gateway", JSON.strip(), body=PAGE), code=502, type="application/json", when="before"),
    case("bad-json", ok(b'{"volumes": [{"id": "5e6524d8-2608-4188-ae54-9815b3e33380", "na'), reached=1),
    *(case("bad-json", ok(body), variant=variant, when="before") for variant, body in NOT_JSON.items()),
    case("huge", ok(SPACES), reached=1, bytes=len(SPACES)),
    case("huge", ok(SPACES), bytes=len(SPACES), when="before", length="yes"),
    case("huge", b"HTTP/1.1 200 OK\r\n" + JSON + b"Connection: close\r\n\r\n", "closed", 1, bytes=0, length="no"),
    case(
        "huge",
        b"HTTP/1.1 202 Accepted\r\n" + JSON + b"Connection: close\r\n\r\n" + SPACES,
        "closed",
        1,
        bytes=len(SPACES),
        length="no",
        code=202,
    ),
    case(
        "headers",
        BARE + b"Content-Length: 39\r\nX-Sandbox-000001: xx\r\nX-Sandbox-000002: xx\r\n\r\n" + BODY,
        reached=1,
        number=2,
        size=2,
    ),
    *(
        case(
            "redirect",
            answer(f"{code} {phrase}".encode(), b"Location: http://a.test/b"),
            to="http://a.test/b",
            code=code,
        )
        for code, phrase in {
            301: "Moved Permanently",
            302: "Found",
            303: "See Other",
            307: "Temporary Redirect",
            308: "Permanent Redirect",
        }.items()
    ),
    case("redirect", answer(b"302 Found", b"Location: /b"), reached=1, to="/b", when="after"),
    case("late", b"", "closed", seconds=0.2),
    case("late", b"", "reset", seconds=0.2, answer="reset"),
    case(
        "late",
        answer(b"504 Gateway Timeout", JSON.strip(), b"Connection: close", body=LATE),
        "closed",
        seconds=0.2,
        answer="504",
    ),
]
# those that are not one row of bytes: a test each, below
ELSEWHERE = {("hang", "when"), ("truncate", "gzip"), ("late", "hang"), ("gzip-bomb", "")}


@pytest.mark.parametrize(("kind", "given", "expected", "end", "reached"), ANSWERS)
def test_a_fault_is_what_it_should_be_byte_for_byte(
    road: Road, kind: str, given: dict[str, Any], expected: bytes, end: str, reached: int
) -> None:
    """What a plain socket hears, how the connection ends, and whether the request has reached the cloud by then."""
    road.order(kind, **given, path="/v2/*")
    with road.call() as caller:
        caller.ask()
        if given.get("when") == "next":
            assert caller.hear(len(ANSWER)) == ANSWER
            assert len(road.canned.arrived) == 1
            caller.ask()
            assert caller.all() == (b"", end)
        elif end == "kept":
            assert caller.hear(len(expected)) == expected
            assert len(road.canned.arrived) == reached
            caller.ask("GET", "/last", b"", "Connection: close")
            assert caller.hear(len(ANSWER)) == ANSWER
        else:
            assert caller.all() == (expected, end)
            assert len(road.canned.arrived) == reached
    if kind == "late":
        assert road.canned.wait(1) == [request()]
    assert road.cloud.ordered() == []


def test_every_kind_and_every_choice_is_tried() -> None:
    """No kind of answer, and no word that one of its parameters may be, is left out above."""
    tried = {(case.values[0], name, str(value)) for case in ANSWERS for name, value in case.values[1].items()}
    kinds = {case.values[0] for case in ANSWERS} | {kind for kind, _what in ELSEWHERE}
    assert kinds == DEEDS.keys() == {kind.name for kind in KINDS.values() if kind.part is Part.ANSWER}
    for kind in KINDS.values():
        for one in kind.parameters if kind.part is Part.ANSWER else ():
            for word in one.form.words if isinstance(one.form, Choice) else ():
                usual = word == one.default and kind.name in {case.values[0] for case in ANSWERS}
                elsewhere = {(kind.name, word), (kind.name, one.name), (kind.name, "")} & ELSEWHERE
                assert usual or elsewhere or (kind.name, one.name, word) in tried, (kind.name, one.name, word)


@pytest.mark.parametrize(("when", "reached"), [("before", 0), ("after", 1)])
def test_it_hangs(road: Road, when: str, reached: int) -> None:
    """Nothing comes, whether the request was processed or not; a client that gives up does no harm."""
    road.order("hang", when=when)
    with road.call() as caller:
        caller.ask()
        assert caller.all(0.3) == (b"", "silent")
    assert len(road.canned.arrived) == reached
    with road.call() as caller:
        caller.ask()
        assert caller.hear(len(ANSWER)) == ANSWER


def test_what_is_late_may_hang_too(road: Road) -> None:
    """The client hears nothing, and the request is processed all the same."""
    road.order("late", seconds=0.1, answer="hang")
    with road.call() as caller:
        caller.ask()
        road.canned.wait(1)
        assert caller.all(0.2) == (b"", "silent")


@pytest.mark.parametrize(("at", "whole"), [(12, False), (10_000, True)])
def test_gzip_breaks_off(road: Road, at: int, whole: bool) -> None:
    """A body in gzip whose end is the close: cut, nothing says so but gzip itself; whole, it is the cloud's."""
    road.order("truncate", at=at, framing="gzip")
    with road.call() as caller:
        caller.ask()
        came, end = caller.all()
    head, _empty, body = came.partition(b"\r\n\r\n")
    assert (head, end) == (BARE + b"Content-Encoding: gzip\r\nConnection: close", "closed")
    if whole:
        assert gzip.decompress(body) == BODY
    else:
        assert len(body) == at
        with pytest.raises(EOFError):
            gzip.decompress(body)


@pytest.mark.parametrize(("size", "layers"), [(0, 1), (5, 1), (1 << 20, 1), (5_000_001, 1), (5_000_001, 2)])
def test_a_bomb_of_gzip(road: Road, size: int, layers: int) -> None:
    """Small on the wire, its length told, and exactly so many bytes of white space when it is unpacked."""
    road.order("gzip-bomb", bytes=size, layers=layers)
    with road.call() as caller:
        caller.ask("GET", "/v2/t/volumes", b"", "Connection: close")
        head, _empty, body = caller.all()[0].partition(b"\r\n\r\n")
    encoding = {1: b"gzip", 2: b"gzip, gzip"}[layers]
    assert head == b"HTTP/1.1 200 OK\r\n%sContent-Encoding: %s\r\nContent-Length: %d" % (JSON, encoding, len(body))
    assert len(body) < 20_000
    for _layer in range(layers):
        body = gzip.decompress(body)
    assert body == b" " * size


@pytest.mark.parametrize("part", ["head", "body"])
def test_it_drips_as_slowly_as_asked(road: Road, part: str) -> None:
    """So many bytes a second, from the first one of the part; the head before a dripping body comes at once."""
    road.order("drip", part=part, rate=100)
    with road.call() as caller:
        caller.ask()
        began = time.monotonic()
        first = caller.hear(len(HEAD) if part == "body" else 10)
        assert (HEAD + BODY).startswith(first)
        caller.hear(20)
        assert time.monotonic() - began >= (0.2 if part == "body" else 0.3) * 0.99


def test_continue_never_ends(road: Road) -> None:
    """Hundreds of `100 Continue` and no answer, nor is the request processed."""
    road.order("continue", pause=0)
    with road.call() as caller:
        caller.ask()
        assert caller.hear(500 * len(GO_ON)) == GO_ON * 500
    assert road.canned.arrived == []


@pytest.mark.parametrize(("when", "reached"), [("before", 0), ("after", 1)])
def test_latency(road: Road, when: str, reached: int) -> None:
    """The answer comes later; before that the request has, or has not, reached the cloud."""
    road.order("latency", seconds=0.4, when=when)
    with road.call() as caller:
        caller.ask()
        assert caller.all(0.15) == (b"", "silent")
        assert len(road.canned.arrived) == reached
        caller.socket.settimeout(10)
        assert caller.hear(len(ANSWER)) == ANSWER


def test_what_is_delayed_is_processed_though_the_client_left(road: Road) -> None:
    """A client that gives up during a latency before the processing has sent its request all the same."""
    road.order("latency", seconds=0.2)
    with road.call() as caller:
        caller.ask("POST", "/v2/t/volumes", b"{}")
    assert road.canned.wait(1) == [request("POST", "/v2/t/volumes", b"{}")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, 1), ({"delay": 0.1}, 1), ({"answer": "second"}, 2), ({"answer": "second", "delay": 0.1}, 2)],
    ids=str,
)
def test_a_request_is_duplicated(road: Road, given: dict[str, Any], expected: int) -> None:
    """The cloud gets the same bytes twice; the client gets one answer, the one that was asked for."""
    road.canned.answers = lambda number: answer(b"202 Accepted", body=b"%d" % number)
    road.order("duplicate", **given)
    with road.call() as caller:
        caller.ask("POST", "/v2/t/volumes", b'{"volume": {}}', "Connection: close")
        assert caller.all() == (answer(b"202 Accepted", body=b"%d" % expected), "closed")
    sent = request("POST", "/v2/t/volumes", b'{"volume": {}}', "Connection: close")
    assert road.canned.wait(2) == [sent, sent]


@pytest.mark.parametrize(
    ("given", "sent", "came"),
    [
        ({"find": '"1"', "put": '"22"'}, request("PUT", "/x?y=1", b"one"), BODY.replace(b'"1"', b'"22"')),
        ({"find": "y=1", "put": "z=", "of": "target"}, request("PUT", "/x?z=", b"one"), BODY),
        ({"find": "one", "put": "한", "of": "request"}, request("PUT", "/x?y=1", "한".encode()), BODY),
        (
            {"find": "one", "of": "request"},
            b"PUT /x?y=1 HTTP/1.1\r\nHost: cloud.test\r\nContent-Length: 0\r\n\r\n",
            BODY,
        ),
    ],
    ids=str,
)
def test_texts_are_replaced(road: Road, given: dict[str, Any], sent: bytes, came: bytes) -> None:
    """In the answer, the target or the request; lengths are told anew, everything else stays."""
    road.order("replace", **given)
    with road.call() as caller:
        caller.ask("PUT", "/x?y=1", b"one")
        expected = BARE + b"Content-Length: %d\r\n\r\n" % len(came) + came
        assert caller.hear(len(expected)) == expected
    assert road.canned.arrived == [sent]


def test_a_lag_is_asked_of_the_cloud(road: Road) -> None:
    """The front tells the cloud by a header for how many seconds its lists lag behind."""
    road.order("lag", seconds=0.3)
    with road.call() as caller:
        caller.ask()
        caller.hear(len(ANSWER))
    assert road.canned.arrived == [request("GET", "/v2/t/volumes/detail", b"", "X-Sandbox-Lag: 0.3")]


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"volume": {"size": 1, "metadata": {"nbs:request": "k"}}}, {"volume": {"size": 1}}),
        ({"snapshot": {"description": "daily [nbs:k:p]"}}, {"snapshot": {"description": "daily"}}),
        ({"snapshot": {"description": None}}, {"snapshot": {"description": None}}),
        ({"os-extend": {"new_size": 2}}, {"os-extend": {"new_size": 2}}),
        ([], []),
    ],
    ids=str,
)
def test_metadata_is_stripped(road: Road, asked: Any, sent: Any) -> None:
    """A create reaches the cloud without metadata and without nbs's mark; the rest of it stays."""
    road.order("strip-metadata")
    with road.call() as caller:
        caller.ask("POST", "/v2/t/volumes", json.dumps(asked).encode())
        caller.hear(len(ANSWER))
    assert road.canned.arrived == [request("POST", "/v2/t/volumes", json.dumps(sent).encode())]


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff"])
def test_what_has_no_metadata_is_left_alone(road: Road, body: bytes) -> None:
    """A request without a body of JSON passes as it is."""
    road.order("strip-metadata")
    with road.call() as caller:
        caller.ask("POST", "/v2/t/volumes", body)
        caller.hear(len(ANSWER))
    assert road.canned.arrived == [request("POST", "/v2/t/volumes", body)]


def test_faults_go_together(road: Road) -> None:
    """What happens on the way strikes with the fault that makes the answer; of those the second waits for its turn."""
    road.order("duplicate")
    road.order("strip-metadata")
    road.order("latency", seconds=0.01, when="after")
    road.order("reset", when="after")
    road.order("status", code=500)
    with road.call() as caller:
        caller.ask("POST", "/v2/t/volumes", b'{"volume": {"metadata": {}}}')
        assert caller.all() == (b"", "reset")
    assert road.canned.arrived == [request("POST", "/v2/t/volumes", b'{"volume": {}}')] * 2
    assert [one.fault.kind for one in road.cloud.ordered()] == ["status"]
    with road.call() as caller:
        caller.ask()
        assert re.match(rb"HTTP/1.1 500 ", caller.hear(20))
