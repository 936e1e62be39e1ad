"""What the tests stand on: a private home, the command itself in three ways, and a cloud over real HTTP."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from waitress.server import create_server

from nbs_cli.running import run
from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud, Settings
from nbs_cli.sandbox.front import Front
from nbs_cli.sandbox.web import application
from nbs_cli.session import Session

NBS = str(Path(sys.executable).with_name("nbs"))


@dataclass(frozen=True)
class Ran:
    """What a command came to: exit code, what it wrote to stdout and to stderr."""

    code: int
    out: str
    err: str


@dataclass
class Call:
    """One request as it arrived at the server: method, path, query as it stood, headers (lower case), body."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Served:
    """A cloud over HTTP on loopback: its URL, the variables that lead there, and every request that arrived."""

    cloud: Cloud
    url: str
    calls: list[Call] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """What `nbs sandbox serve` prints, as a mapping."""
        return {
            "NBS_IDENTITY_URL": self.url,
            "NBS_TENANT_ID": TENANT_ID,
            "NBS_USERNAME": USERNAME,
            "NBS_PASSWORD": PASSWORD,
            "NBS_REGION": "KR1",
        }

    def asked(self, method: str | None = None) -> list[Call]:
        """The requests to the block storage (logins aside), of one method when it is named."""
        return [call for call in self.calls if "/tokens" not in call.path and method in {None, call.method}]

    def logins(self) -> list[Call]:
        """The requests to the identity service."""
        return [call for call in self.calls if call.path.endswith("/tokens")]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, and no variable of the developer's that nbs would read."""
    for name in list(os.environ):
        if name.startswith(("NBS_", "OS_", "XDG_", "PYTHON")) or name.upper().endswith("_PROXY") or name in _READ:
            monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("NBS_LANG", "en")  # whatever the developer's language is
    monkeypatch.chdir(folder)
    return folder


_READ = {"NO_COLOR", "FORCE_COLOR", "CI", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "COLUMNS", "LINES"}


@pytest.fixture
def nbs() -> Callable[..., Ran]:
    """Run a command in this process: `nbs("volume", "list", env={…}, stdin="…")`."""

    def command(*args: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Ran:
        out, err = io.StringIO(), io.StringIO()
        session = Session({**os.environ, **(env or {})}, stdin=io.StringIO(stdin), stdout=out, stderr=err)
        code = run(list(args), session)
        return Ran(code, out.getvalue(), err.getvalue())

    return command


@pytest.fixture
def installed() -> Callable[..., Ran]:
    """Run the installed command in a process of its own, with pipes for its streams."""

    def command(*args: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 60) -> Ran:
        done = subprocess.run(
            [NBS, *args],
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return command


def recording(app: Any, calls: list[Call]) -> Any:
    """Wrap a WSGI application so that every request is noted in *calls*."""

    def recorder(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {
            name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        calls.append(Call(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], headers, body))
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    return recorder


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serve a new cloud over real HTTP: `serve(page_default=100, delay=0.1)`; ended with the test."""
    servers: list[tuple[Any, threading.Thread]] = []

    def start(wrap: Callable[[Any], Any] | None = None, **settings: Any) -> Served:
        cloud = Cloud(":memory:", Settings(**{"delay": 0.1, **settings}))
        calls: list[Call] = []
        app = application(cloud)
        app = recording(wrap(app) if wrap else app, calls)
        server = create_server(app, host="127.0.0.1", port=0, threads=16)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        return Served(cloud, f"http://127.0.0.1:{server.effective_port}", calls)

    yield start
    for server, thread in servers:
        server.trigger.pull_trigger(server._map.clear)  # an empty map ends waitress's loop, in its own thread
        thread.join(5)
        server.task_dispatcher.shutdown()
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()


@pytest.fixture
def fronted(serve: Callable[..., Served]) -> Iterator[Callable[..., Served]]:
    """Serve as `serve` does, behind the faulty road: `fronted().cloud.order(fault("reset", when="after"))`.

    The calls are those that reached the cloud.
    """
    fronts: list[Front] = []

    def start(**settings: Any) -> Served:
        behind = serve(**settings)
        fronts.append(Front(behind.cloud, int(behind.url.rpartition(":")[2])))
        fronts[-1].start()
        return Served(behind.cloud, fronts[-1].url, behind.calls)

    yield start
    for front in fronts:
        front.close()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """One cloud over real HTTP with the usual settings and quick state changes."""
    return serve()
