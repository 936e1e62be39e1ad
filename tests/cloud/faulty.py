"""A server that misbehaves on purpose, byte by byte, over real sockets: what a WSGI server cannot do.

A behaviour is a function of one `Line` (a connection on which a request has arrived). `Faulty` plays a script of them,
one a request, the last one for ever; `relay` makes it a front of another server whose answers can get lost on the way.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Heard:
    """One request as it arrived: method, target (path and query), headers (lower-case names), body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass
class Line:
    """A connection on which *heard* arrived as its *turn*-th request; *over* is set when the server ends."""

    socket: socket.socket
    heard: Heard
    over: threading.Event
    turn: int = 1
    open: bool = True

    def send(self, data: bytes) -> bool:
        """Send; false when nobody listens any more."""
        try:
            self.socket.sendall(data)
        except OSError:
            self.open = False
        return self.open

    def end(self) -> None:
        """Close in the usual way (not before the behaviour is over: the peer sees the end after all data)."""
        self.open = False


Behaviour = Callable[[Line], None]


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """A status line and headers."""
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(status: int = 200, body: Any = None, **headers: str) -> Behaviour:
    """A proper answer: *body* is bytes as they are, or JSON; header names with `_` for `-`."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}

    def behave(line: Line) -> None:
        line.send(head(status, {"Content-Type": "application/json", "Content-Length": str(len(raw)), **given}) + raw)

    return behave


def raw(data: bytes) -> Behaviour:
    """Send *data* as it is, and close."""

    def behave(line: Line) -> None:
        line.send(data)
        line.end()

    return behave


def nothing(line: Line) -> None:
    """Close without a word."""
    line.end()


def reset(line: Line) -> None:
    """End the connection with a TCP reset."""
    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.end()


def mute(line: Line) -> None:
    """Never answer."""
    line.over.wait(60)
    line.end()


def drip(data: bytes, at_once: int = 0, pause: float = 1.0) -> Behaviour:
    """Send *data* a byte per *pause* seconds, the first *at_once* bytes together."""

    def behave(line: Line) -> None:
        line.send(data[:at_once])
        for byte in data[at_once:]:
            if line.over.wait(pause) or not line.send(bytes([byte])):
                break
        line.end()

    return behave


def drip_headers(line: Line) -> None:
    """A byte a second, from the first one on."""
    drip(head(200, {"Content-Length": "2"}) + b"{}")(line)


def drip_body(line: Line) -> None:
    """Headers at once, then a byte a second."""
    start = head(200, {"Content-Length": "1000"})
    drip(start + b" " * 1000, len(start))(line)


def hundreds(line: Line) -> None:
    """`100 Continue`, for ever."""
    while not line.over.wait(0.01) and line.send(b"HTTP/1.1 100 Continue\r\n\r\n"):
        pass
    line.end()


def cut(body: bytes, length: int | None = None, status: int = 200) -> Behaviour:
    """Send *body* and close: with a Content-Length of *length*, or without one (then the close is its end)."""

    def behave(line: Line) -> None:
        line.send(head(status, {"Connection": "close"} if length is None else {"Content-Length": str(length)}) + body)
        line.end()

    return behave


def flood(size: int, *, declared: bool = False) -> Behaviour:
    """Send a body of *size* bytes, its length declared or not."""

    def behave(line: Line) -> None:
        line.send(head(200, {"Content-Length": str(size)} if declared else {"Connection": "close"}))
        piece = b" " * 65536
        for _number in range(size // len(piece)):
            if not line.send(piece):
                break
        line.end()

    return behave


def once_a_connection(behaviour: Behaviour) -> Behaviour:
    """Behave so for the first request of a connection, and reset it at the second: an idle connection that died."""

    def behave(line: Line) -> None:
        (behaviour if line.turn == 1 else reset)(line)

    return behave


def relay(url: str, *, answered: bool = True, delay: float = 0, cut_at: int | None = None) -> Behaviour:
    """Pass the request on to the server at *url*, and its answer back.

    The answer is dropped unless *answered*, late by *delay* seconds, or cut after *cut_at* bytes of its body.
    """

    def behave(line: Line) -> None:
        there = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        heard = line.heard
        there.putrequest(heard.method, heard.target, skip_host=True, skip_accept_encoding=True)
        for name, value in heard.headers.items():
            there.putheader(name, value)
        there.endheaders(heard.body or None)
        came = there.getresponse()
        raw = came.read()
        there.close()
        if delay and line.over.wait(delay):
            return
        if answered:
            headers = {name: value for name, value in came.getheaders() if name.lower() not in {"connection", "via"}}
            line.send(head(came.status, headers) + raw[:cut_at])
        if not answered or cut_at is not None:
            line.end()

    return behave


@dataclass
class Faulty:
    """The server: *script* gives the behaviour for each request, by its turn or by what was heard."""

    script: Sequence[Behaviour] | Callable[[Heard], Behaviour]
    tls: ssl.SSLContext | None = None
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._turn = threading.Lock()
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self._start(self._accept)

    @property
    def host(self) -> str:
        """Host and port, as messages name them."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'http' if self.tls is None else 'https'}://{self.host}"

    def asked(self, method: str | None = None) -> list[Heard]:
        """The requests that arrived, logins aside, of one method when it is named."""
        return [heard for heard in self.heard if "/tokens" not in heard.target and method in {None, heard.method}]

    def logins(self) -> list[Heard]:
        """The requests for a token."""
        return [heard for heard in self.heard if heard.target.endswith("/tokens")]

    def close(self) -> None:
        """End every conversation and the server."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # ends the accept that waits
        self._socket.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for line in self._lines:
            line.close()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                line, _address = self._socket.accept()
            except OSError:
                return
            self._lines.append(line)
            self._start(self._converse, line)

    def _converse(self, line: socket.socket) -> None:
        try:
            if self.tls is not None:
                line = self.tls.wrap_socket(line, server_side=True)
                self._lines.append(line)
            with line.makefile("rb") as stream:
                turn = 0
                while not self._over.is_set() and (heard := _read(stream)) is not None:
                    turn += 1
                    spoken = Line(line, heard, self._over, turn)
                    self._behaviour(heard)(spoken)
                    if not spoken.open:
                        break
        except OSError:
            pass
        finally:
            line.close()

    def _behaviour(self, heard: Heard) -> Behaviour:
        with self._turn:
            self.heard.append(heard)
            if callable(self.script):
                return self.script(heard)
            return self.script[min(len(self.heard), len(self.script)) - 1]


def certificate(folder: Path, name: str, *, days: int = 1) -> Path:
    """A self-signed certificate for *name* (an address or a host) and its key, in one file; old for negative *days*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    alternative: x509.GeneralName = x509.DNSName(name)
    if name[0].isdigit():
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}{days}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def tls(pem: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS with the certificate in *pem*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def _read(stream: Any) -> Heard | None:
    words = stream.readline().decode("latin-1").split()
    if len(words) < 3:
        return None
    headers: dict[str, str] = {}
    while (text := stream.readline().decode("latin-1").strip()) != "":
        name, _colon, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Heard(words[0], words[1], headers, stream.read(int(headers.get("content-length", 0))))
