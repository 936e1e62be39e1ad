"""A server whose bytes are known beforehand, and a client that is nothing but a socket: what a front stands between."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nbs_cli.sandbox.wire import Reader, read_request

BODY = b'{"volumes": [{"id": "1", "name": "a"}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Odd:  two  spaces \r\nContent-Length: 39\r\n\r\n"
ANSWER = HEAD + BODY
PATIENCE = 10.0


@dataclass
class Canned:
    """Answers every request with what `answers` gives for its number (from 1), and keeps their bytes in `arrived`."""

    answers: Callable[[int], bytes] = lambda _number: ANSWER
    arrived: list[bytes] = field(default_factory=list)
    lasting: bool = True  # whether a connection is kept after an answer

    def __post_init__(self) -> None:
        self._more = threading.Condition()
        self._lines: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it and every connection."""
        for line in (self._listener, *self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def wait(self, number: int) -> list[bytes]:
        """Wait until so many requests have arrived; gives all."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.arrived) >= number, PATIENCE), self.arrived
        return self.arrived

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _address = self._listener.accept()
                self._lines.append(line)
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        reader = Reader(line)
        with contextlib.suppress(OSError):
            while (request := read_request(reader, lambda _go_on: None)) is not None:
                with self._more:
                    self.arrived.append(request.raw)
                    number = len(self.arrived)
                    self._more.notify_all()
                line.sendall(self.answers(number))
                if not self.lasting:
                    break
        line.close()


@dataclass
class Caller:
    """One connection of a client; `heard` are all bytes that came, `end` how it ended: closed, reset, silent."""

    url: str
    heard: bytes = b""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def ask(self, method: str = "GET", target: str = "/v2/t/volumes/detail", body: bytes = b"", *more: str) -> None:
        """Send one request."""
        self.send(request(method, target, body, *more))

    def hear(self, size: int) -> bytes:
        """Give the next `size` bytes; fewer when there are no more."""
        while len(self.heard) < size and (piece := self.socket.recv(65_536)):
            self.heard += piece
        given, self.heard = self.heard[:size], self.heard[size:]
        return given

    def all(self, patience: float = PATIENCE) -> tuple[bytes, str]:
        """Give everything up to the end, and how it ended; `silent` when nothing comes for so many seconds."""
        self.socket.settimeout(patience)
        try:
            while piece := self.socket.recv(1 << 20):
                self.heard += piece
        except ConnectionResetError:
            return self.heard, "reset"
        except TimeoutError:
            return self.heard, "silent"
        return self.heard, "closed"


def request(method: str = "GET", target: str = "/v2/t/volumes/detail", body: bytes = b"", *more: str) -> bytes:
    """Give a request's bytes, with a Content-Length where it has a body."""
    lines = [f"{method} {target} HTTP/1.1", "Host: cloud.test", *more]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body
