"""A server that replays recorded pages from memory, plain and over TLS: what is measured is the client, not the cloud.

One page of volumes and one of snapshots are recorded from the sandbox; every other page is the same bytes under other
IDs. Logins, versions and whatever else a client asks for is answered by the sandbox itself. A process of its own:

    python -m tests.benchmarks.pages CERTIFICATE      prints its addresses as JSON, ends when its stdin does

`GET /_begin?rows=10000&delay=0.05&creating=3` sets how many rows a list has, how long a delete takes and for how long
(seconds from now) volumes are `creating`; `GET /_count` tells the requests since then.
"""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud, Settings
from nbs_cli.sandbox.web import application

PAGE = 1000
_MARK = "0badcafe"  # the first digits of every ID of a recorded page: the number of its page goes there
_LIST = re.compile(r"(?P<root>.*/v2/[^/]+)/(?P<what>volumes/detail|volumes|snapshots/detail)")
_ONE = re.compile(r"(?P<root>.*/v2/[^/]+)/volumes/(?P<id>[0-9a-f]{8}-[0-9a-f-]{27})")


def volume_id(number: int) -> str:
    """The ID of the volume *number* of a list, counted from 0."""
    return f"{number // PAGE:08x}-0000-4000-8000-{number % PAGE:012}"


class Recorded:
    """Pages of both lists, recorded from the sandbox: `rows` of them in each list, of a thousand each."""

    def __init__(self) -> None:
        self.cloud = Cloud(":memory:", Settings(page_default=PAGE))
        self.cloud.seed(PAGE, PAGE)
        self.app = application(self.cloud)
        self.lock = threading.Lock()
        login = {"tenantId": TENANT_ID, "passwordCredentials": {"username": USERNAME, "password": PASSWORD}}
        access = json.loads(self.ask("POST", "/v2.0/tokens", {}, json.dumps({"auth": login}).encode(), "x")[1])
        self.token: str = access["access"]["token"]["id"]
        self.catalog = access["access"]["serviceCatalog"]
        self.root = next(
            urlsplit(endpoint["publicURL"]).path
            for entry in self.catalog
            if entry["type"] == "volumev2"
            for endpoint in entry["endpoints"]
            if endpoint["region"] == "KR1"
        )
        self.rows = {what: self._rows(what) for what in ("volumes", "volumes/detail", "snapshots/detail")}
        self.pages: dict[tuple[str, int, int], str] = {}

    def _rows(self, what: str) -> list[str]:
        """The rows of a recorded page of the list *what* as the text that they came in, each under an ID of ours."""
        headers = {"X-Auth-Token": self.token}
        _status, body = self.ask("GET", f"{self.root}/{what}?limit={PAGE}", headers, b"", "x")
        recorded = json.loads(body)[what.partition("/")[0]]
        assert len(recorded) == PAGE
        return [
            json.dumps(row).replace(row["id"], f"{_MARK}-0000-4000-8000-{number:012}")
            for number, row in enumerate(recorded)
        ]

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes, host: str) -> tuple[str, bytes]:
        """Ask the sandbox, in this process; gives status line and body."""
        path, _mark, query = target.partition("?")
        given: list[str] = []

        def begin(status: str, _headers: Any, _error: Any = None) -> Any:
            given.append(status)

        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": host.partition(":")[0],
            "SERVER_PORT": host.partition(":")[2] or "80",
            "HTTP_HOST": host,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": headers.get("content-type", "application/json"),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": headers.get("scheme", "http"),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
        with self.lock:
            answer = b"".join(self.app(environ, begin))
        return given[0], answer

    def page(self, what: str, first: int, count: int, base: str) -> str:
        """*count* rows from *first*, and a link to what follows when *base* is the address of the list."""
        number, offset = divmod(first, PAGE)
        key = (what, offset, count)
        if key not in self.pages:
            self.pages[key] = ", ".join(self.rows[what][offset : offset + count])
        text = self.pages[key].replace(_MARK, f"{number:08x}")
        links = json.dumps([{"rel": "next", "href": base}]) if base else ""
        noun = what.partition("/")[0]
        return f'{{"{noun}": [{text}]' + (f', "{noun}_links": {links}' if base else "") + "}"

    def one(self, identifier: str) -> str:
        """The volume with this ID."""
        row = self.rows["volumes/detail"][int(identifier[-12:]) % PAGE]
        return f'{{"volume": {row.replace(_MARK, identifier[:8])}}}'


class State:
    """What the benchmark set, and the requests since then."""

    def __init__(self) -> None:
        self.begin({})

    def begin(self, wanted: dict[str, list[str]]) -> None:
        """Count anew, with *wanted* in place of the usual."""
        self.rows = int(wanted.get("rows", ["1000"])[0])
        self.delay = float(wanted.get("delay", ["0"])[0])
        self.creating = time.monotonic() + float(wanted.get("creating", ["0"])[0])
        self.asked: list[str] = []
        self.out = self.most = 0  # requests that are being answered now, and at most


class Pages:
    """The server itself: two doors, a thread a connection."""

    def __init__(self, certificate: Path) -> None:
        self.recorded = Recorded()
        self.state = State()
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.doors = {scheme: socket.create_server(("127.0.0.1", 0), backlog=512) for scheme in ("http", "https")}
        for scheme, door in self.doors.items():
            threading.Thread(target=self._admit, args=(scheme, door), daemon=True).start()

    def addresses(self) -> dict[str, str]:
        """Where it is, the tenant's root below that, and a token."""
        ports = {scheme: f"{scheme}://127.0.0.1:{door.getsockname()[1]}" for scheme, door in self.doors.items()}
        return {**ports, "root": self.recorded.root, "token": self.recorded.token}

    def _admit(self, scheme: str, door: socket.socket) -> None:
        while True:
            line, _address = door.accept()
            threading.Thread(target=self._converse, args=(scheme, line), daemon=True).start()

    def _converse(self, scheme: str, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if scheme == "https":
                line = self.context.wrap_socket(line, server_side=True)
            with line, line.makefile("rb") as stream:
                while self._exchange(scheme, line, stream):
                    pass
        except OSError:
            return  # the client is gone

    def _exchange(self, scheme: str, line: socket.socket, stream: Any) -> bool:
        words = stream.readline().decode("latin-1").split()
        if len(words) < 3:
            return False
        headers = {"scheme": scheme}
        while (text := stream.readline().decode("latin-1").strip()) != "":
            name, _colon, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        status, answer = self._counted(words[0], words[1], headers, body)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        line.sendall(head.encode() + answer)
        return headers.get("connection", "").lower() != "close"

    def _counted(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, bytes]:
        path, _mark, query = target.partition("?")
        if path == "/_begin":
            self.state.begin(parse_qs(query))
            return "200 OK", b"{}"
        if path == "/_count":
            return "200 OK", json.dumps({"asked": self.state.asked, "most": self.state.most}).encode()
        state = self.state
        with self.lock:
            state.asked.append(f"{method} {target}")
            state.out += 1
            state.most = max(state.most, state.out)
        try:
            return self._answer(method, target, headers, body)
        finally:
            with self.lock:
                state.out -= 1

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, bytes]:
        path, _mark, query = target.partition("?")
        host = headers.get("host", "127.0.0.1")
        listed, one = _LIST.fullmatch(path), _ONE.fullmatch(path)
        if method == "GET" and listed:
            return "200 OK", self._list(listed["what"], f"{headers['scheme']}://{host}{path}", parse_qs(query))
        if method == "GET" and one:
            return "200 OK", self._dressed(self.recorded.one(one["id"])).encode()
        if method == "DELETE" and one:
            time.sleep(self.state.delay)
            return "202 Accepted", b""
        return self.recorded.ask(method, target, headers, body, host)

    def _list(self, what: str, base: str, query: dict[str, list[str]]) -> bytes:
        marker = query.get("marker", [""])[0]
        first = int(marker[:8], 16) * PAGE + int(marker[-12:]) + 1 if marker else 0
        count = max(0, min(int(query.get("limit", [PAGE])[0]), PAGE - first % PAGE, self.state.rows - first))
        more = first + count < self.state.rows
        link = f"{base}?limit={PAGE}&marker={volume_id(first + count - 1)}" if more else ""
        return self._dressed(self.recorded.page(what, first, count, link)).encode()

    def _dressed(self, text: str) -> str:
        """The rows in the status that they have now."""
        if time.monotonic() >= self.state.creating:
            return text
        return text.replace('"status": "available"', '"status": "creating"')


if __name__ == "__main__":
    print(json.dumps(Pages(Path(sys.argv[1])).addresses()), flush=True)
    sys.stdin.read()
