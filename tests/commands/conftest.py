"""A cloud that can be filled by raw requests, and the command that leads to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pytest

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud
from tests.conftest import Ran, Served

INTERNAL = "nhn_internal"  # the key that the sandbox puts into every record and the guide does not document

# the fields of the guide, written down from its tables (guide.ko.md) and not taken from the program
TYPE_KEYS = {"id", "name", "os-volume-type-access:is_public", "description", "extra_specs"}
VOLUME_KEYS = {
    "attachments",
    "links",
    "availability_zone",
    "encrypted",
    "os-volume-replication:extended_status",
    "volume_type",
    "snapshot_id",
    "id",
    "size",
    "user_id",
    "os-vol-tenant-attr:tenant_id",
    "metadata",
    "status",
    "description",
    "multiattach",
    "source_volid",
    "consistencygroup_id",
    "name",
    "bootable",
    "created_at",
    "os-volume-replication:driver_data",
    "replication_status",
}
ATTACHMENT_KEYS = {"server_id", "attachment_id", "volume_id", "device", "id"}
VOLUME_BRIEF_KEYS = {"id", "links", "name"}
SNAPSHOT_BRIEF_KEYS = {"status", "description", "created_at", "metadata", "volume_id", "size", "id", "name"}
SNAPSHOT_KEYS = SNAPSHOT_BRIEF_KEYS | {
    "os-extended-snapshot-attributes:progress",
    "os-extended-snapshot-attributes:project_id",
}
IMAGE_KEYS = {
    "status",
    "image_name",
    "disk_format",
    "container_format",
    "updated_at",
    "image_id",
    "display_description",
    "id",
    "size",
    "volume_type",
}
TENANT = f"/v2/{TENANT_ID}"


@dataclass
class World:
    """A served cloud, a command with the credentials for it, and raw requests that fill it."""

    served: Served
    nbs: Callable[..., Ran]

    @property
    def cloud(self) -> Cloud:
        """The cloud itself, for what no request can do."""
        return self.served.cloud

    def __call__(self, *args: str, stdin: str = "", env: dict[str, str] | None = None) -> Ran:
        """Run a command with the served cloud's credentials in its environment."""
        return self.nbs(*args, env={**self.served.environ, **(env or {})}, stdin=stdin)

    def json(self, *args: str, stdin: str = "") -> Any:
        """What a successful command prints with `-o json`."""
        ran = self(*args, "-o", "json", stdin=stdin)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    @cached_property
    def _http(self) -> httpx.Client:
        login = {"username": USERNAME, "password": PASSWORD}
        # plain http on loopback: certificates are of no use here, and reading them takes long
        client = httpx.Client(base_url=self.served.url + TENANT, verify=False, trust_env=False)
        body = {"auth": {"tenantId": TENANT_ID, "passwordCredentials": login}}
        answer = client.post(f"{self.served.url}/v2.0/tokens", json=body)
        client.headers["X-Auth-Token"] = answer.json()["access"]["token"]["id"]
        return client

    def raw(self, method: str, path: str, body: Any = None) -> Any:
        """A request that nbs has no part in; it is not counted."""
        before = len(self.served.calls)
        answer = self._http.request(method, path, json=body)
        del self.served.calls[before:]
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def volume(self, name: str | None = None, size: int = 1, **more: Any) -> str:
        """Make a volume and give its ID."""
        made = self.raw("POST", "/volumes", {"volume": {"name": name, "size": size, **more}})
        return str(made["volume"]["id"])

    def snapshot(self, volume_id: str, name: str | None = None, **more: Any) -> str:
        """Make a snapshot and give its ID."""
        made = self.raw("POST", "/snapshots", {"snapshot": {"name": name, "volume_id": volume_id, **more}})
        return str(made["snapshot"]["id"])

    def names(self, noun: str = "volumes") -> list[str]:
        """The names of what there is, as the server tells them."""
        return sorted(row["name"] for row in self.raw("GET", f"/{noun}/detail")[noun])

    def close(self) -> None:
        """Close the connection of the raw requests."""
        if "_http" in self.__dict__:
            self._http.close()


@pytest.fixture
def build(
    serve: Callable[..., Served], nbs: Callable[..., Ran], request: pytest.FixtureRequest
) -> Callable[..., World]:
    """Serve a new cloud in which nothing takes time: `build(gigabytes=100, delay=60)`."""

    def make(**settings: Any) -> World:
        world = World(serve(**{"delay": 0, **settings}), nbs)
        request.addfinalizer(world.close)
        return world

    return make


@pytest.fixture
def world(build: Callable[..., World]) -> World:
    """An empty cloud in which nothing takes time."""
    return build()


def table(text: str) -> list[list[str]]:
    """The cells of aligned lines: columns are two spaces or more apart."""
    return [re.split(r"  +", line) for line in text.splitlines()]


def fields(text: str) -> dict[str, str]:
    """The labels and values of a single record shown as aligned lines."""
    return dict(re.split(r"  +", line, maxsplit=1) for line in text.splitlines())


def errors(ran: Ran) -> list[dict[str, Any]]:
    """The JSON errors on stderr, one a line."""
    return [json.loads(line)["error"] for line in ran.err.splitlines() if line.startswith("{")]
