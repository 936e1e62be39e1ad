"""Evil deeds, byte by byte: what each kind of fault makes of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus

from nbs_cli.sandbox import garbage, wire
from nbs_cli.sandbox.exchanges import Exchange, Parameters
from nbs_cli.sandbox.kinds import KINDS
from nbs_cli.sandbox.wire import Message

NAMES = {  # of the refusals in the block storage's shape; any other is a computeFault
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
JSON = "application/json"
WORDS = "ordered with `nbs sandbox fault add`"
_BREATH = 0.01  # seconds between two pieces of what drips quickly
_bomb = lru_cache(2)(garbage.bomb)


def perform(exchange: Exchange) -> None:
    """Have the request processed and answered as its faults want it. Raises OSError when the client is gone."""
    exchange.delay("before")
    ordered = exchange.ordered
    if ordered is None or _processed(ordered.kind, ordered.parameters):
        exchange.answer  # noqa: B018 asking is processing
    exchange.delay("after")
    if ordered is None:
        exchange.line.send(exchange.answer.raw)
    else:
        DEEDS[ordered.kind](exchange, ordered.parameters)


def _processed(kind: str, parameters: Parameters) -> bool:
    settled = KINDS[kind].processed
    return parameters["when"] != "before" if settled is None else settled


def _head(code: int, *lines: str, length: int | None) -> bytes:
    phrase = HTTPStatus(code).phrase if code in set(HTTPStatus) else "Unknown"
    told = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {code} {phrase}", *lines, *told, "", ""]).encode("latin-1", "replace")


def _status(exchange: Exchange, asked: Parameters) -> None:
    code = asked["code"]
    body = (
        asked["body"].encode()
        or json.dumps({NAMES.get(code, "computeFault"): {"code": code, "message": WORDS}}).encode()
    )
    if code in {204, 304}:
        body = b""
    exchange.tell(_head(code, f"Content-Type: {asked['type']}", *asked["header"], length=len(body)), body)


def _hang(exchange: Exchange, _asked: Parameters) -> None:
    exchange.line.hang()


def _close(exchange: Exchange, asked: Parameters) -> None:
    _end(exchange, asked, "close")


def _reset(exchange: Exchange, asked: Parameters) -> None:
    _end(exchange, asked, "reset")


def _end(exchange: Exchange, asked: Parameters, how: str) -> None:
    if asked["when"] == "next":
        exchange.line.send(exchange.answer.raw)
        wire.read_request(exchange.line.reader, lambda _go_on: None)  # what is left unread would make it a reset
    exchange.line.end(how)


def _truncate(exchange: Exchange, asked: Parameters) -> None:
    answer = _framed(exchange.answer, asked["framing"])
    start = len(answer.head) if asked["of"] == "body" else 0
    exchange.line.send(answer.raw[: start + asked["at"]])
    exchange.line.end(asked["then"])


def _framed(answer: Message, framing: str) -> Message:
    """Give the answer with the end of its body told in another way."""
    if framing == "length":
        return answer
    bare = wire.without(answer.head, b"content-length", b"transfer-encoding", b"connection")
    if framing == "chunked":
        return Message(wire.adding(bare, b"Transfer-Encoding: chunked"), wire.in_chunks(answer.body), answer.body)
    if framing == "close":
        return Message(wire.adding(bare, b"Connection: close"), answer.body, answer.body)
    head = wire.adding(bare, b"Content-Encoding: gzip", b"Connection: close")
    return Message(head, garbage.gzipped(answer.body), answer.body)


def _drip(exchange: Exchange, asked: Parameters) -> None:
    data, rate = exchange.answer.raw, asked["rate"]
    start = len(exchange.answer.head) if asked["part"] == "body" else 0
    if start:
        exchange.line.send(data[:start])
    size = max(1, int(rate * _BREATH))
    for place in range(start, len(data), size):
        exchange.line.wait(size / rate)
        exchange.line.send(data[place : place + size])


def _continue(exchange: Exchange, asked: Parameters) -> None:
    sent = 0
    while not asked["times"] or sent < asked["times"]:
        exchange.line.send(wire.GO_ON)
        exchange.line.wait(asked["pause"])
        sent += 1
    exchange.line.send(exchange.answer.raw)


def _html(exchange: Exchange, asked: Parameters) -> None:
    page = garbage.PAGE
    exchange.tell(_head(asked["code"], f"Content-Type: {asked['type']}", length=len(page)), page)


def _bad_json(exchange: Exchange, asked: Parameters) -> None:
    body = garbage.NOT_JSON[asked["variant"]]
    exchange.tell(_head(asked["code"], f"Content-Type: {JSON}", length=len(body)), body)


def _huge(exchange: Exchange, asked: Parameters) -> None:
    told = asked["length"] == "yes"
    lines = [f"Content-Type: {JSON}", *([] if told else ["Connection: close"])]
    exchange.tell(_head(asked["code"], *lines, length=asked["bytes"] if told else None))
    for piece in garbage.flood(asked["bytes"]):
        exchange.line.send(piece)
    if not told:
        exchange.line.end()


def _gzip_bomb(exchange: Exchange, asked: Parameters) -> None:
    packed = _bomb(asked["bytes"], asked["layers"])
    layers = ", ".join(["gzip"] * asked["layers"])
    lines = (f"Content-Type: {JSON}", f"Content-Encoding: {layers}")
    exchange.tell(_head(asked["code"], *lines, length=len(packed)), packed)


def _headers(exchange: Exchange, asked: Parameters) -> None:
    value = b"x" * asked["size"]
    lines = [b"X-Sandbox-%06d: %s" % (number, value) for number in range(1, asked["number"] + 1)]
    exchange.line.send(wire.adding(exchange.answer.head, *lines) + exchange.answer.framed)


def _redirect(exchange: Exchange, asked: Parameters) -> None:
    exchange.tell(_head(int(asked["code"]), f"Location: {asked['to']}", length=0))


def _late(exchange: Exchange, asked: Parameters) -> None:
    with suppress(OSError):  # it is processed whether anybody listens or not
        if asked["answer"] == "504":
            body = json.dumps({"computeFault": {"code": 504, "message": WORDS}}).encode()
            lines = (f"Content-Type: {JSON}", "Connection: close")  # the next request shall not wait for this one
            exchange.tell(_head(504, *lines, length=len(body)), body)
        if asked["answer"] != "hang":
            exchange.line.end("reset" if asked["answer"] == "reset" else "close")
    exchange.line.wait(asked["seconds"])
    exchange.answer  # noqa: B018 asking is processing
    if exchange.line.open:
        exchange.line.hang()


DEEDS: dict[str, Callable[[Exchange, Parameters], None]] = {
    "status": _status,
    "hang": _hang,
    "reset": _reset,
    "close": _close,
    "truncate": _truncate,
    "drip": _drip,
    "continue": _continue,
    "html": _html,
    "bad-json": _bad_json,
    "huge": _huge,
    "gzip-bomb": _gzip_bomb,
    "headers": _headers,
    "redirect": _redirect,
    "late": _late,
}
