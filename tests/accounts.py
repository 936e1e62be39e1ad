"""Logging in to a served cloud, and what lies on this machine afterwards."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME
from tests.conftest import Ran, Served

CANARY = "Canary-8f3!päss 값"  # a password that is nowhere by chance
LIST = ("volume", "list", "-o", "json")


def login_words(
    served: Served, *more: str, store: str | None = "file", tenant: str = TENANT_ID, user: str = USERNAME
) -> list[str]:
    """The words of a login that asks nothing but the password on stdin."""
    where = [] if store is None else ["--store", store]
    who = ["--identity-url", served.url, "--tenant-id", tenant, "--username", user, "--region", "KR1"]
    return ["auth", "login", *who, *where, "--password-stdin", *more]


def log_in(run: Callable[..., Ran], served: Served, *more: str, env: dict[str, str] | None = None, **words: Any) -> Ran:
    """Log in, which has to work, and forget the requests that it made."""
    done = run(*login_words(served, *more, **words), env=env, stdin=PASSWORD + "\n")
    assert done.code == 0, done.err
    served.calls.clear()
    return done


def config_path(home: Path) -> Path:
    """Where the config file lies."""
    return home / ".config" / "nbs" / "config.toml"


def secret_path(home: Path) -> Path:
    """The one file with a secret."""
    (path,) = (home / ".local" / "state" / "nbs" / "secrets").iterdir()
    return path


def change_kept(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Have *change* alter the access that is kept in the file *path*."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    change(kept["access"])
    kept.pop("sum", None)  # what is meant is no damage
    path.write_text(json.dumps(kept), encoding="utf-8")


def holding(folder: Path, *texts: str) -> list[Path]:
    """The files below *folder* that hold one of *texts*, plain or in base64."""
    import base64

    needles = [text.encode() for text in texts] + [base64.b64encode(text.encode())[:-4] for text in texts]
    return [
        path for path in folder.rglob("*") if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


@contextmanager
def trap() -> Iterator[str]:
    """The URL of a port where nobody may call; whoever connects fails the test, even before sending a byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.settimeout(0)
        try:
            connection, _address = listener.accept()
        except BlockingIOError:
            return
        connection.settimeout(0)
        try:
            said = connection.recv(500)
        except BlockingIOError:
            said = b""
        raise AssertionError(f"somebody called: {said!r}")


def altered(change: Callable[[dict[str, Any]], object], *, path: str = "/tokens") -> Callable[[Any], Any]:
    """Wrap a WSGI application: *change* alters the JSON of each answer to a request whose path ends in *path*."""

    def wrap(app: Any) -> Any:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if not environ["PATH_INFO"].endswith(path):
                whole: Iterable[bytes] = app(environ, start_response)
                return whole
            head: list[Any] = []
            raw = b"".join(app(environ, lambda *words: head.append(words)))
            body = json.loads(raw)
            change(body)
            raw = json.dumps(body).encode()
            status, headers, *_rest = head[0]
            start_response(
                status,
                [(name, value) for name, value in headers if name.lower() != "content-length"]
                + [("Content-Length", str(len(raw)))],
            )
            return [raw]

        return wrapped

    return wrap
