"""A sandbox with a clock that stands still until it is moved, and ways to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud, Settings
from nbs_cli.sandbox.front import Front
from nbs_cli.sandbox.trouble import fault
from nbs_cli.sandbox.web import application
from tests.sandbox.canned import Caller, Canned

BASE = "https://cloud.test:8443"


@dataclass
class Clock:
    """Seconds since 1970, with a fraction that only a create's answer may show."""

    moment: float = 1_900_000_000.25

    def __call__(self) -> float:
        """Tell the time."""
        return self.moment

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += seconds


@dataclass
class Door:
    """A client of the sandbox's WSGI application that holds a token of its tenant."""

    cloud: Cloud
    tenant_id: str = TENANT_ID
    username: str = USERNAME
    password: str = PASSWORD
    prefix: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(transport=httpx.WSGITransport(app=application(self.cloud)), base_url=BASE)
        self.login()

    @property
    def root(self) -> str:
        """Give the path of the tenant's region."""
        return f"{self.prefix}/v2/{self.tenant_id}"

    def ask_token(self, **auth: Any) -> httpx.Response:
        """Ask for a token with this `auth`."""
        return self.http.post("/v2.0/tokens", json={"auth": auth})

    def login(self) -> None:
        """Get a token and use it from now on."""
        answer = self.ask_token(
            tenantId=self.tenant_id, passwordCredentials={"username": self.username, "password": self.password}
        )
        self.http.headers["X-Auth-Token"] = answer.json()["access"]["token"]["id"]

    def get(self, path: str, **params: Any) -> httpx.Response:
        """GET below the root."""
        return self.http.get(self.root + path, params=params or None)

    def post(self, path: str, body: Any) -> httpx.Response:
        """POST below the root."""
        return self.http.post(self.root + path, json=body)

    def put(self, path: str, body: Any) -> httpx.Response:
        """PUT below the root."""
        return self.http.put(self.root + path, json=body)

    def delete(self, path: str) -> httpx.Response:
        """DELETE below the root."""
        return self.http.delete(self.root + path)

    def volume(self, **fields: Any) -> Any:
        """Create a volume (1 GB unless told) and answer its record."""
        answer = self.post("/volumes", {"volume": {"size": 1, **fields}})
        assert answer.status_code == 202, answer.text
        return answer.json()["volume"]

    def snapshot(self, volume_id: str, **fields: Any) -> Any:
        """Create a snapshot and answer its record."""
        answer = self.post("/snapshots", {"snapshot": {"volume_id": volume_id, **fields}})
        assert answer.status_code == 202, answer.text
        return answer.json()["snapshot"]

    def status(self, path: str) -> str:
        """Look up the status of a volume or snapshot, or `gone`."""
        answer = self.get(path)
        if answer.status_code == 404:
            return "gone"
        (record,) = answer.json().values()
        return str(record["status"])


MakeDoor = Callable[..., Door]


@pytest.fixture
def clock() -> Clock:
    """Stand still until told otherwise."""
    return Clock()


@pytest.fixture
def cloud(clock: Clock) -> Iterator[Cloud]:
    """Make a cloud in memory with the usual settings."""
    made = Cloud(":memory:", now=clock)
    yield made
    made.close()


@pytest.fixture
def door(cloud: Cloud) -> Door:
    """Open the usual tenant's door to the usual cloud."""
    return Door(cloud)


@pytest.fixture
def make_door(clock: Clock) -> Iterator[MakeDoor]:
    """Open a door to a fresh cloud with the settings that are given."""
    clouds: list[Cloud] = []

    def make(**settings: Any) -> Door:
        clouds.append(Cloud(":memory:", Settings(**settings), now=clock))
        return Door(clouds[-1])

    yield make
    for made in clouds:
        made.close()


@pytest.fixture
def state(tmp_path: Path) -> str:
    """Name a path in a folder that does not exist yet."""
    return str(tmp_path / "state" / "sandbox.db")


@dataclass
class Road:
    """A front in front of a server whose bytes are known: order faults of its `cloud`, talk to its `url`."""

    cloud: Cloud
    canned: Canned
    front: Front

    @property
    def url(self) -> str:
        """Where the front is."""
        return self.front.url

    def order(self, kind: str, **given: Any) -> int:
        """Order a fault."""
        return self.cloud.order(fault(kind, **given))

    def call(self) -> Caller:
        """Open a connection."""
        return Caller(self.url)


@pytest.fixture
def road(state: str) -> Iterator[Road]:
    """Build the road: a state in a file, a canned server, a front."""
    cloud = Cloud(state)
    canned = Canned()
    front = Front(cloud, canned.port)
    front.start()
    yield Road(cloud, canned, front)
    front.close()
    canned.close()
    cloud.close()
