"""One request with the faults that befall it: what happens on the way to the cloud, and on the way back."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nbs_cli.sandbox import wire
from nbs_cli.sandbox.kinds import Part
from nbs_cli.sandbox.settings import LAG
from nbs_cli.sandbox.trouble import Fault
from nbs_cli.sandbox.wire import Message, Reader

Parameters = Mapping[str, Any]
_MARK = re.compile(r"\s*\[nbs:[^\]\s]+\]$")  # what nbs adds to a description
_ABORTING = struct.pack("ii", 1, 0)  # linger for no time at all: close() sends a reset


class Line:
    """A connection of a client; `over` is set when the front ends. What cannot be sent raises OSError."""

    def __init__(self, client: socket.socket, over: threading.Event) -> None:
        self.reader = Reader(client)
        self.open = True
        self._client = client
        self._over = over

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._client.sendall(data)

    def wait(self, seconds: float) -> None:
        """Let time pass; raises ConnectionError when the front ends meanwhile."""
        if seconds and self._over.wait(seconds):
            raise ConnectionError("the front ends")

    def hang(self) -> None:
        """Say nothing until the client is gone."""
        while self._client.recv(65_536):
            pass
        self.end()

    def end(self, how: str = "close") -> None:
        """End the connection: `close`, or `reset`, which the client sees as such."""
        self.open = False
        with suppress(OSError):
            if how == "reset":
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTING)
            else:
                self._client.shutdown(socket.SHUT_WR)
        self._client.close()


@dataclass
class Exchange:
    """A request on a line; `ask` passes it to the cloud and gives its answer, `expire` kills every token."""

    line: Line
    request: Message
    faults: Sequence[Fault]
    ask: Callable[[Message], Message]
    expire: Callable[[], None]

    @property
    def ordered(self) -> Fault | None:
        """The fault that makes the answer."""
        return next((fault for fault in self.faults if fault.part is Part.ANSWER), None)

    @cached_property
    def answer(self) -> Message:
        """The cloud's answer; asking for it is what has the request processed, once."""
        if self._on_the_way("expire-token"):
            self.expire()
        answer = self.ask(self._sent)
        for twice in self._on_the_way("duplicate"):
            if twice["answer"] == "second" or not twice["delay"]:
                self.line.wait(twice["delay"])
                again = self.ask(self._sent)
                answer = again if twice["answer"] == "second" else answer
        for change in self._changes("answer"):
            answer = wire.holding(answer.head, answer.body.replace(*change))
        return answer

    def finish(self) -> None:
        """Do what comes after the answer: the second of two requests, when the first one was answered at once."""
        for twice in self._on_the_way("duplicate"):
            if twice["answer"] == "first" and twice["delay"] and "answer" in self.__dict__:
                self.line.wait(twice["delay"])
                self.ask(self._sent)

    def delay(self, when: str) -> None:
        """Wait as long as was ordered for `before` or `after` the processing."""
        for latency in self._on_the_way("latency"):
            if latency["when"] == when:
                self.line.wait(latency["seconds"])

    def tell(self, head: bytes, body: bytes = b"") -> None:
        """Send an answer that is not the cloud's, without its body to a HEAD."""
        self.line.send(head if self.request.words[0] == "HEAD" else head + body)

    @cached_property
    def _sent(self) -> Message:
        """The request as it goes to the cloud."""
        sent = self.request
        if self._on_the_way("strip-metadata"):
            sent = _stripped(sent)
        for change in self._changes("request"):
            sent = wire.holding(sent.head, sent.body.replace(*change))
        for find, put in self._changes("target"):
            first, rest = sent.head.split(b"\r\n", 1)
            method, target, version = first.split(b" ", 2)
            sent = Message(
                b" ".join((method, target.replace(find, put), version)) + b"\r\n" + rest, sent.framed, sent.body
            )
        for lag in self._on_the_way("lag"):
            sent = Message(wire.adding(sent.head, f"{LAG}: {lag['seconds']}".encode()), sent.framed, sent.body)
        return sent

    def _on_the_way(self, kind: str) -> list[Parameters]:
        return [fault.parameters for fault in self.faults if fault.kind == kind]

    def _changes(self, of: str) -> list[tuple[bytes, bytes]]:
        changes = [change for change in self._on_the_way("replace") if change["of"] == of]
        return [(change["find"].encode(), change["put"].encode()) for change in changes]


def _stripped(request: Message) -> Message:
    """Give the request without metadata and without a mark in its description; one that creates nothing as it is."""
    try:
        asked = json.loads(request.body)
    except ValueError:
        return request
    for noun in ("volume", "snapshot"):
        given = asked.get(noun) if isinstance(asked, dict) else None
        if isinstance(given, dict):
            given.pop("metadata", None)
            if isinstance(given.get("description"), str):
                given["description"] = _MARK.sub("", given["description"])
    return wire.holding(request.head, json.dumps(asked).encode())
