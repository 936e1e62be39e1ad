"""`nbs sandbox serve` in a process of its own, and raw requests to it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME
from tests.conftest import NBS


@dataclass(frozen=True)
class Serving:
    """A server that is ready: its process, its address, and the variables that it printed."""

    process: subprocess.Popen[str]
    url: str
    environ: dict[str, str]


@contextlib.contextmanager
def serving(*options: str) -> Iterator[Serving]:
    """Serve with these options until the block ends, then kill it."""
    with subprocess.Popen(
        [NBS, "sandbox", "serve", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        environ = {}
        for line in process.stdout:
            if not line.startswith("export "):
                break
            name, _equals, value = line.removeprefix("export ").strip().partition("=")
            environ[name] = value
        try:
            yield Serving(process, environ["NBS_IDENTITY_URL"], environ)
        finally:
            process.kill()


def client(url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Give a client of the usual tenant's first region that holds a token; *transport* leads elsewhere than to HTTP."""
    # plain http on loopback: certificates are of no use here, and reading them takes long
    http = httpx.Client(transport=transport, verify=False, trust_env=False, timeout=60)
    try:
        http.headers["X-Auth-Token"] = _token(http, url)
    except httpx.TransportError:
        http.close()
        raise
    http.base_url = httpx.URL(f"{url}/v2/{TENANT_ID}/")
    return http


def _token(http: httpx.Client, url: str) -> str:
    body = {"auth": {"tenantId": TENANT_ID, "passwordCredentials": {"username": USERNAME, "password": PASSWORD}}}
    return str(http.post(f"{url}/v2.0/tokens", json=body).json()["access"]["token"]["id"])
