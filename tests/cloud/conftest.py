"""What the tests of this wing share: a server that misbehaves, a client with a deadline, a storage in a cloud."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from nbs_cli.cloud import waiting
from nbs_cli.cloud.access import Credentials
from nbs_cli.cloud.blockstorage import BlockStorage
from nbs_cli.cloud.client import Client
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.identity import Identity
from nbs_cli.cloud.trace import Trace
from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud, Settings
from nbs_cli.sandbox.web import application
from tests.cloud.faulty import Behaviour, Faulty, Heard

MakeFaulty = Callable[..., Faulty]
MakeClient = Callable[..., Client]
MakeStorage = Callable[..., BlockStorage]
MakeAt = Callable[[Any], BlockStorage]


@pytest.fixture(autouse=True)
def quick_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six looks within a fifth of a second, where people get them within half a minute."""
    monkeypatch.setenv("NBS_SETTLE", "0.2s")


@pytest.fixture
def faulty() -> Iterator[MakeFaulty]:
    """Start a server that behaves as told: `faulty(reset, answer(200, {}))`, or `faulty(by=…)` what was heard."""
    with contextlib.ExitStack() as stack:

        def start(*script: Behaviour, by: Callable[[Heard], Behaviour] | None = None, tls: Any = None) -> Faulty:
            server = Faulty(by or list(script), tls)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """A client with a deadline of so many seconds (None: none), closed with the test."""
    with contextlib.ExitStack() as stack:

        def make(seconds: float | None = None, write: Callable[[str], None] | None = None, **more: Any) -> Client:
            client = Client(deadline=Deadline(seconds), trace=Trace(write), **more)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def storage(make_client: MakeClient) -> Iterator[MakeStorage]:
    """The block storage of a new cloud in this process: `storage(page_cap=7)`; *wrap* stands between it and us."""
    clouds: list[Cloud] = []

    def make(
        cloud: Cloud | None = None, wrap: Callable[[Any], Any] | None = None, region: str = "KR1", **settings: Any
    ) -> BlockStorage:
        if cloud is None:
            cloud = Cloud(":memory:", Settings(**{"delay": 0.1, **settings}))
            clouds.append(cloud)
        app = application(cloud)
        client = make_client(application=wrap(app) if wrap else app)
        credentials = Credentials(
            source="a test",
            identity_url="http://sandbox.localhost",
            tenant_id=TENANT_ID,
            username=USERNAME,
            password=PASSWORD,
            region=region,
        )
        return BlockStorage(client, Identity(client, credentials))

    yield make
    for cloud in clouds:
        cloud.close()


@pytest.fixture
def at(make_client: MakeClient) -> MakeAt:
    """The block storage of a server, or of a WSGI application in this process, with a token."""

    def make(place: Any) -> BlockStorage:
        served = isinstance(place, Faulty)
        url = place.url if served else "http://cloud.localhost"
        client = make_client() if served else make_client(application=place)
        return BlockStorage(client, Identity(client, Credentials("a test", url, TENANT_ID, token="t", endpoint=url)))

    return make


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retries without their jitter; gives the upper bounds that were asked for."""
    bounds: list[float] = []

    def uniform(_low: float, high: float) -> float:
        bounds.append(high)
        return 0.0

    monkeypatch.setattr(random, "uniform", uniform)
    return bounds


@pytest.fixture
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that look every few hundredths of a second."""
    monkeypatch.setattr(waiting, "_FIRST", 0.02)
    monkeypatch.setattr(waiting, "_GROWTH", 1.0)


def with_token(server: Faulty) -> dict[str, str]:
    """The variables that lead nbs to *server* with a token, so that no login is needed."""
    return {"NBS_TOKEN": "a-token", "NBS_TENANT_ID": TENANT_ID, "NBS_ENDPOINT": server.url}


def with_login(server: Faulty) -> dict[str, str]:
    """The variables that lead nbs to *server* as its identity service."""
    return {
        "NBS_IDENTITY_URL": server.url,
        "NBS_TENANT_ID": TENANT_ID,
        "NBS_USERNAME": USERNAME,
        "NBS_PASSWORD": PASSWORD,
        "NBS_REGION": "KR1",
    }


def rows(count: int, **more: Any) -> Sequence[dict[str, Any]]:
    """Records of volumes with the IDs 0 to *count*, enough for a list."""
    return [{"id": uuid(number), "name": f"v-{number}", "status": "available", **more} for number in range(count)]


def uuid(number: int) -> str:
    """A UUID that counts."""
    return f"00000000-0000-4000-8000-{number:012}"
