"""HTTP/1.1 as it stands on the wire: requests and answers, whole, without a byte changed."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

END = b"\r\n\r\n"
LONGEST_HEAD = 1 << 20  # bytes; the cloud's own limit is lower, and it shall refuse in its own words
LARGEST_BODY = 64 << 20  # bytes that the front holds; the cloud refuses far smaller ones
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
_PIECE = 65_536
_NO_BODY = frozenset({204, 304})


class Unreadable(ConnectionError):
    """What arrived is no request that could be told apart: `seen` is what was read of it."""

    def __init__(self, seen: bytes) -> None:
        super().__init__("no request")
        self.seen = seen


@dataclass(frozen=True)
class Message:
    """A request or an answer: `head` with the empty line, `framed` the body as it came, `body` what it says."""

    head: bytes
    framed: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        """Every byte of it."""
        return self.head + self.framed

    @cached_property
    def words(self) -> list[str]:
        """The words of the first line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)

    @property
    def lasting(self) -> bool:
        """Whether the connection may go on after it."""
        said = (field(self.head, b"connection") or b"").lower()
        if b"HTTP/1.0" in self.head.partition(b"\r\n")[0]:
            return b"keep-alive" in said
        return b"close" not in said


class Reader:
    """Reads pieces of a stream off a socket; what came too early waits for the next piece."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._kept = bytearray()

    def until(self, mark: bytes, most: int) -> bytes:
        """Read up to and with `mark`, or nothing at the end; raises Unreadable half-way or past `most` bytes."""
        start = 0
        while (found := self._kept.find(mark, start)) < 0:
            start = max(0, len(self._kept) - len(mark))
            if len(self._kept) > most or not self._more():
                seen = self._take(len(self._kept))
                if seen:
                    raise Unreadable(seen)
                return b""
        return self._take(found + len(mark))

    def exactly(self, size: int) -> bytes:
        """Read `size` bytes; raises ConnectionError when fewer come."""
        while len(self._kept) < size:
            if not self._more():
                raise ConnectionError("the other side is gone")
        return self._take(size)

    def rest(self) -> bytes:
        """Read to the end of the stream."""
        while self._more():
            pass
        return self._take(len(self._kept))

    def wait(self) -> bool:
        """Wait for the next byte, which stays; false at the end of the stream."""
        return bool(self._kept) or self._more()

    def _more(self) -> bool:
        piece = self._line.recv(_PIECE)
        self._kept += piece
        return bool(piece)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken


def read_request(reader: Reader, go_on: Callable[[bytes], None]) -> Message | None:
    """Read one request, None at the end of the stream; `go_on` sends the `100 Continue` that it may ask for.

    Raises Unreadable, and ConnectionError where its body breaks off.
    """
    head = reader.until(END, LONGEST_HEAD)
    if not head:
        return None
    length = _length(head)
    if not re.match(rb"[^\s]+ [^\s]+ HTTP/1\.[01]\r\n", head) or length is None or length > LARGEST_BODY:
        raise Unreadable(head)
    if (field(head, b"expect") or b"").lower() == b"100-continue":
        go_on(GO_ON)
    if chunked(head):
        return Message(head, *_chunks(reader))
    body = reader.exactly(length)
    return Message(head, body, body)


def read_answer(reader: Reader, method: str) -> Message:
    """Read the answer to a request of this method, whatever `100 Continue` comes before it; raises ConnectionError."""
    while True:
        head = reader.until(END, LONGEST_HEAD)
        if not head:
            raise ConnectionError("no answer")
        status = int(head.split(b" ", 2)[1][:3])
        if status >= 200:
            break
    if method == "HEAD" or status in _NO_BODY:
        return Message(head, b"", b"")
    if chunked(head):
        return Message(head, *_chunks(reader))
    body = reader.rest() if field(head, b"content-length") is None else reader.exactly(_length(head) or 0)
    return Message(head, body, body)


def field(head: bytes, name: bytes) -> bytes | None:
    """Give the value of the first header of this name (lower case)."""
    found = re.search(rb"\r\n" + re.escape(name) + rb":[ \t]*(.*?)[ \t]*(?=\r\n)", head, re.IGNORECASE)
    return found[1] if found else None


def without(head: bytes, *names: bytes) -> bytes:
    """Give the head without the headers of these names (lower case)."""
    for name in names:
        head = re.sub(rb"\r\n" + re.escape(name) + rb":[^\r\n]*(?=\r\n)", b"", head, flags=re.IGNORECASE)
    return head


def adding(head: bytes, *lines: bytes) -> bytes:
    """Give the head with these header lines at its end."""
    return head[: -len(b"\r\n")] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def holding(head: bytes, body: bytes) -> Message:
    """Give the message with this head and another body, whose length it tells."""
    bare = without(head, b"content-length", b"transfer-encoding")
    return Message(adding(bare, b"Content-Length: %d" % len(body)), body, body)


def chunked(head: bytes) -> bool:
    """Whether its body comes in chunks."""
    return b"chunked" in (field(head, b"transfer-encoding") or b"").lower()


def in_chunks(body: bytes) -> bytes:
    """Give the body as one chunk and the last one."""
    return (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


def _length(head: bytes) -> int | None:
    told = field(head, b"content-length")
    if told is None:
        return 0
    return int(told) if re.fullmatch(rb"[0-9]{1,18}", told) else None


def _chunks(reader: Reader) -> tuple[bytes, bytes]:
    framed, body = bytearray(), bytearray()
    while True:
        line = reader.until(b"\r\n", LONGEST_HEAD)
        size = re.match(rb"[0-9A-Fa-f]{1,8}", line)
        framed += line
        if size is None or len(body) > LARGEST_BODY:
            raise ConnectionError("no chunk")
        if int(size[0], 16) == 0:
            break
        piece = reader.exactly(int(size[0], 16) + 2)
        framed += piece
        body += piece[:-2]
    while True:
        line = reader.until(b"\r\n", LONGEST_HEAD)
        framed += line
        if line in {b"\r\n", b""}:
            return bytes(framed), bytes(body)
