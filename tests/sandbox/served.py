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


def token(url: str, tenant_id: str = TENANT_ID, username: str = USERNAME, password: str = PASSWORD) -> str:
    """Log in."""
    credentials = {"username": username, "password": password}
    body = {"auth": {"tenantId": tenant_id, "passwordCredentials": credentials}}
    # plain http on loopback: certificates are of no use here, and reading them takes long
    answer = httpx.post(f"{url}/v2.0/tokens", json=body, verify=False, trust_env=False)
    return str(answer.json()["access"]["token"]["id"])


def client(url: str) -> httpx.Client:
    """Give a client of the usual tenant's first region that holds a token."""
    headers = {"X-Auth-Token": token(url)}
    return httpx.Client(base_url=f"{url}/v2/{TENANT_ID}", headers=headers, verify=False, trust_env=False, timeout=60)
