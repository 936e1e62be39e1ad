"""Other people's clients against `nbs sandbox serve`: curl, openstackclient and cinderclient, as a user types them.

NBS_TEST_PEERS is a virtualenv that has PACKAGES, or `make` to make one (once, in the temporary folder; netifaces needs
a C compiler). Then `python -m pytest -m peers -s tests/sandbox/test_peers.py` shows what they print.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME
from tests.sandbox.served import serving

PACKAGES = (
    "python-openstackclient==6.0.1",
    "python-cinderclient==7.4.1",
    "openstacksdk==1.5.0",
    "keystoneauth1==5.8.0",
    "setuptools<81",  # they still ask for pkg_resources
)
WHERE = os.environ.get("NBS_TEST_PEERS")
MADE = Path(tempfile.gettempdir(), "nbs-test-peers")
Run = Callable[..., str]

peers = [
    pytest.mark.peers,
    pytest.mark.skipif(
        WHERE is None, reason="NBS_TEST_PEERS names no virtualenv with openstackclient and cinderclient"
    ),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    """Give the folder of the peers' commands, made when that is asked for."""
    home = MADE if WHERE == "make" else Path(str(WHERE))
    if WHERE == "make" and not (home / "bin" / "openstack").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
    return home / "bin"


@pytest.fixture
def url() -> Iterator[str]:
    """Serve a cloud in which nothing takes time."""
    with serving("--state", ":memory:", "--delay", "0") as served:
        yield served.url


@pytest.fixture
def peer(folder: Path, url: str) -> Run:
    """Run a command of the peers with an openrc's variables; gives what it printed."""
    environ = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": os.environ["HOME"],
        "LC_ALL": "C.UTF-8",
        "OS_AUTH_URL": f"{url}/v2.0",
        "OS_IDENTITY_API_VERSION": "2",
        "OS_VOLUME_API_VERSION": "2",
        "OS_TENANT_ID": TENANT_ID,
        "OS_PROJECT_ID": TENANT_ID,  # cinder knows it by this name only
        "OS_USERNAME": USERNAME,
        "OS_PASSWORD": PASSWORD,
        "OS_REGION_NAME": "KR1",
    }

    def run(*words: str, code: int = 0, **more: str) -> str:
        env = {name: value for name, value in (environ | more).items() if value}
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120, check=False)
        print(f"$ {' '.join(words)}\n{done.stdout}", end="")
        assert done.returncode == code, done.stderr
        assert "discover" not in done.stderr
        return done.stdout

    return run


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(url: str) -> None:
    """A token, then create, list, show, snapshot and delete, by hand."""

    def curl(method: str, address: str, body: Any = None, *, token: str = "") -> tuple[int, Any]:
        words = ["curl", "-sS", "-X", method, "-w", "\n%{http_code}", "-H", f"X-Auth-Token: {token}"]
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
        out = subprocess.run([*words, address], capture_output=True, text=True, check=True, timeout=60).stdout
        text, _line, code = out.rpartition("\n")
        print(f"$ curl -X {method} {address}\n{code} {text[:200]}")
        return int(code), json.loads(text) if text else None

    credentials = {"username": USERNAME, "password": PASSWORD}
    code, answer = curl(
        "POST", f"{url}/v2.0/tokens", {"auth": {"tenantId": TENANT_ID, "passwordCredentials": credentials}}
    )
    assert code == 200
    token, root = answer["access"]["token"]["id"], f"{url}/v2/{TENANT_ID}"
    code, answer = curl("POST", f"{root}/volumes", {"volume": {"size": 1, "name": "데이터"}}, token=token)
    assert code == 202
    volume = answer["volume"]["id"]
    assert curl("GET", f"{root}/volumes/{volume}", token=token)[1]["volume"]["name"] == "데이터"
    code, answer = curl("POST", f"{root}/snapshots", {"snapshot": {"volume_id": volume}}, token=token)
    assert code == 202
    snapshot = f"{root}/snapshots/{answer['snapshot']['id']}"
    assert curl("DELETE", f"{root}/volumes/{volume}", token=token)[0] == 400
    assert curl("DELETE", snapshot, token=token) == (202, None)
    assert curl("GET", snapshot, token=token)[0] == 404
    assert curl("DELETE", f"{root}/volumes/{volume}", token=token) == (202, None)
    assert curl("GET", f"{root}/volumes/detail", token=token) == (200, {"volumes": []})
    assert curl("GET", f"{root}/volumes", token="x")[0] == 401


class TestPeers:
    """The installed commands of openstackclient and cinderclient."""

    pytestmark = peers

    @pytest.mark.parametrize("tenant", ["OS_TENANT_ID", "OS_TENANT_NAME"])
    def test_openstack(self, peer: Run, tenant: str) -> None:
        """`openstack`: list, show, create, snapshot and delete, with the tenant's ID as with its name."""
        named = {"OS_TENANT_ID": "", "OS_PROJECT_ID": "", tenant: TENANT_ID if tenant == "OS_TENANT_ID" else "sandbox"}

        def openstack(*words: str, show: bool = True) -> Any:
            out = peer("openstack", *words, *(("-f", "json") if show else ()), **named)
            return json.loads(out) if show else None

        made = openstack("volume", "create", "--size", "1", "--type", "General SSD", "--property", "env=prod", "one")
        assert (made["size"], made["type"]) == (1, "General SSD")
        shown = openstack("volume", "show", "one")
        assert (shown["id"], shown["status"]) == (made["id"], "available")
        assert [(row["ID"], row["Name"], row["Size"]) for row in openstack("volume", "list")] == [
            (made["id"], "one", 1)
        ]
        snapshot = openstack("volume", "snapshot", "create", "--volume", "one", "before")
        assert snapshot["volume_id"] == made["id"]
        assert [row["ID"] for row in openstack("volume", "snapshot", "list")] == [snapshot["id"]]
        assert openstack("volume", "snapshot", "show", "before")["status"] == "available"
        copy = openstack("volume", "create", "--snapshot", "before", "two")
        assert copy["snapshot_id"] == snapshot["id"]
        openstack("volume", "snapshot", "delete", "before", show=False)
        assert openstack("volume", "snapshot", "list") == []
        openstack("volume", "set", "--name", "renamed", "--size", "3", "two", show=False)
        assert (openstack("volume", "show", "renamed")["size"]) == 3
        openstack("volume", "delete", "one", "renamed", show=False)
        assert openstack("volume", "list") == []

    def test_cinder(self, peer: Run) -> None:
        """`cinder`: the same, in its tables, and what it says of what is gone."""
        made = fields(peer("cinder", "create", "1", "--name", "one"))
        assert made["name"] == "one"
        assert fields(peer("cinder", "show", "one"))["status"] == "available"
        assert [row[:3] for row in cells(peer("cinder", "list"))] == [(made["id"], "available", "one")]
        snapshot = fields(peer("cinder", "snapshot-create", "--name", "before", "one"))
        assert snapshot["volume_id"] == made["id"]
        assert [row[0] for row in cells(peer("cinder", "snapshot-list"))] == [snapshot["id"]]
        assert fields(peer("cinder", "snapshot-show", "before"))["status"] == "available"
        peer("cinder", "delete", "one", code=1)
        peer("cinder", "snapshot-delete", "before")
        peer("cinder", "extend", "one", "2")
        peer("cinder", "delete", "one")
        assert cells(peer("cinder", "list")) == []
        peer("cinder", "show", "one", code=1)


def cells(table: str) -> list[tuple[str, ...]]:
    """Read the rows of a table drawn with bars, without its heading."""
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines() if line[:1] == "|"
    ]
    return rows[1:] if rows and rows[0][0] in {"Property", "ID"} else rows


def fields(table: str) -> dict[str, str]:
    """Read a table of properties and values."""
    return {row[0]: row[1] for row in cells(table)}
