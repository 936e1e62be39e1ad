"""The guide's requests, one by one: what nbs types on the wire for each, and what it makes of the answer.

`python -m tests.cloud.test_guide` prints the table. Examples and field names are copied from the guide (API v2 guide of
NHN Cloud Block Storage) and from the token page that it refers to; the cloud holds the very resources of its examples.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest

from nbs_cli.output.text import pad, width
from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID, USERNAME, Cloud
from tests.conftest import Call, Ran, Served

# Resources of the guide's examples
GUIDE_TENANT = "6cdebe3eb0094910bc41f1d42ebe4cb7"
GUIDE_HOST = "https://kr1-api-block-storage-infrastructure.gov-nhncloudservice.com"
VOLUME = "17975e9d-1533-40db-bd02-2072cd2ccb7f"
UNNAMED = "90712f4f-2faa-4e4f-8eb1-9313a8595570"
SOURCE = "5aa119a8-d25b-45a7-8d1b-88e127885635"
SNAPSHOT = "f63af601-43cd-41ab-8905-e1e93995f366"
HDD = "6bda35e2-b2b9-497a-8f65-67a73839c856"
OWNER = "5e6524d826084188ae549815b3e33380"


def links(volume: str) -> list[dict[str, str]]:
    """The links of a volume, as the guide shows them."""
    return [
        {"href": f"{GUIDE_HOST}/v2/{GUIDE_TENANT}/volumes/{volume}", "rel": "self"},
        {"href": f"{GUIDE_HOST}/{GUIDE_TENANT}/volumes/{volume}", "rel": "bookmark"},
    ]


TYPES = [
    {
        "os-volume-type-access:is_public": True,
        "extra_specs": {"volume_backend_name": "ssd_general"},
        "id": "4e36aa51-df30-422e-aff1-eba1f3d9612f",
        "name": "General SSD",
        "description": None,
    },
    {
        "os-volume-type-access:is_public": True,
        "extra_specs": {"volume_backend_name": "hdd_general"},
        "id": HDD,
        "name": "General HDD",
        "description": None,
    },
]
VOLUME_DETAIL = {
    "attachments": [],
    "links": links(VOLUME),
    "availability_zone": "kr-pub-a",
    "encrypted": False,
    "os-volume-replication:extended_status": None,
    "volume_type": "General HDD",
    "snapshot_id": None,
    "id": VOLUME,
    "size": 50,
    "user_id": OWNER,
    "os-vol-tenant-attr:tenant_id": GUIDE_TENANT,
    "metadata": {},
    "status": "available",
    "description": None,
    "multiattach": False,
    "source_volid": None,
    "consistencygroup_id": None,
    "name": "volume-f4f47065-300e-480e-8c9c-fb7ec985bffb",
    "bootable": "false",
    "created_at": "2018-12-18T05:43:12.000000",
    "os-volume-replication:driver_data": None,
    "replication_status": "disabled",
}
VOLUME_BRIEF = {"id": UNNAMED, "links": links(UNNAMED), "name": None}
SNAPSHOT_BRIEF = {
    "status": "available",
    "description": "",
    "created_at": "2020-03-03T11:03:40.000000",
    "metadata": {},
    "volume_id": VOLUME,
    "size": 50,
    "id": SNAPSHOT,
    "name": "SNAPSHOT",
}
SNAPSHOT_DETAIL = {
    **SNAPSHOT_BRIEF,
    "os-extended-snapshot-attributes:progress": "100%",
    "os-extended-snapshot-attributes:project_id": GUIDE_TENANT,
}
# the answers' tables of the guide: creations (their examples cannot be repeated, for each makes something new)
VOLUME_CREATED = set(VOLUME_DETAIL)
SNAPSHOT_CREATED = set(SNAPSHOT_BRIEF)
IMAGE_UPLOADED = {
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
# nbs gives one set of keys for list, show and create: these are null where the guide's creation does not have them
NULL_WHEN_CREATED = {"os-extended-snapshot-attributes:progress", "os-extended-snapshot-attributes:project_id"}


@dataclass(frozen=True)
class Case:
    """One request of the guide, the command line that makes it, and what both sides have to say.

    `holds` is the volume that the cloud holds. `query` is what goes out beside `limit=1000`, which nbs always sends
    with a list. `answer` is the guide's own example of what the command prints; where there can be none, `keys` are
    the documented names.
    """

    name: str
    request: str
    command: str
    holds: str = VOLUME
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    answer: Any = None
    keys: set[str] = field(default_factory=set)

    @property
    def method(self) -> str:
        """GET, POST or DELETE."""
        return self.request.split()[0]

    @property
    def path(self) -> str:
        """The path as it arrives at the sandbox."""
        return self.request.split()[1].replace("{tenantId}", TENANT_ID)

    @property
    def listing(self) -> bool:
        """Whether nbs sends `limit` with it: with lists that have pages, types have none."""
        return self.method == "GET" and self.path.rpartition("/")[2] in {"volumes", "snapshots", "detail"}


V2 = "/v2/{tenantId}"
CASES = (
    Case("types list", f"GET {V2}/types", "nbs types list", answer=TYPES),
    Case("volumes list", f"GET {V2}/volumes", "nbs volume list --brief", holds=UNNAMED, answer=[VOLUME_BRIEF]),
    Case("volumes detail", f"GET {V2}/volumes/detail", "nbs volume list", answer=[VOLUME_DETAIL]),
    Case(
        "volumes detail, sort",
        f"GET {V2}/volumes/detail",
        "nbs volume list --sort name:asc",
        query={"sort": "name:asc"},
        answer=[VOLUME_DETAIL],
    ),
    Case(
        "volumes detail, limit",
        f"GET {V2}/volumes/detail",
        "nbs volume list --limit 1",
        query={"limit": "1"},
        answer=[VOLUME_DETAIL],
    ),
    Case(
        "volumes detail, offset",
        f"GET {V2}/volumes/detail",
        "nbs volume list --offset 1 --limit 1",
        query={"limit": "1", "offset": "1"},
        answer=[],
    ),
    Case(
        "volumes detail, marker",
        f"GET {V2}/volumes/detail",
        f"nbs volume list --marker {VOLUME} --limit 1",
        query={"limit": "1", "marker": VOLUME},
        answer=[],
    ),
    Case(
        "volumes list, limit and marker",
        f"GET {V2}/volumes",
        f"nbs volume list --brief --marker {VOLUME} --limit 1",
        query={"limit": "1", "marker": VOLUME},
        answer=[],
    ),
    Case("volume show", f"GET {V2}/volumes/{VOLUME}", f"nbs volume show {VOLUME}", answer=VOLUME_DETAIL),
    Case(
        "volume create",
        f"POST {V2}/volumes",
        "nbs volume create --size 10",
        body={
            "volume": {
                "size": 10,
                "availability_zone": None,
                "source_volid": None,
                "description": None,
                "snapshot_id": None,
                "name": None,
                "volume_type": None,
                "metadata": {},
            }
        },
        keys=VOLUME_CREATED,
    ),
    Case(
        "volume create, every parameter",
        f"POST {V2}/volumes",
        f"nbs volume create --size 60 --snapshot {SNAPSHOT} --name DATA --type hdd --zone kr-pub-a --description 설명 "
        "--metadata env=prod",
        body={
            "volume": {
                "size": 60,
                "description": "설명",
                "availability_zone": "kr-pub-a",
                "name": "DATA",
                "volume_type": "General HDD",
                "snapshot_id": SNAPSHOT,
                "metadata": {"env": "prod"},
            }
        },
        keys=VOLUME_CREATED,
    ),
    Case("volume delete", f"DELETE {V2}/volumes/{SOURCE}", f"nbs volume delete {SOURCE} --yes"),
    Case(
        "volume upload-image",
        f"POST {V2}/volumes/{VOLUME}/action",
        f'nbs volume upload-image {VOLUME} --image-name "VOLUME IMAGE" --force --disk-format qcow2 '
        "--container-format bare --visibility private",
        body={
            "os-volume_upload_image": {
                "image_name": "VOLUME IMAGE",
                "force": True,
                "disk_format": "qcow2",
                "container_format": "bare",
                "visibility": "private",
                "protected": False,
            }
        },
        keys=IMAGE_UPLOADED,
    ),
    Case(
        "volume upload-image, the rest",
        f"POST {V2}/volumes/{VOLUME}/action",
        f"nbs volume upload-image {VOLUME} --image-name i --disk-format raw --container-format ovf --visibility shared "
        "--protected",
        body={
            "os-volume_upload_image": {
                "image_name": "i",
                "force": False,
                "disk_format": "raw",
                "container_format": "ovf",
                "visibility": "shared",
                "protected": True,
            }
        },
        keys=IMAGE_UPLOADED,
    ),
    Case("snapshots list", f"GET {V2}/snapshots", "nbs snapshot list --brief", answer=[SNAPSHOT_BRIEF]),
    Case("snapshots detail", f"GET {V2}/snapshots/detail", "nbs snapshot list", answer=[SNAPSHOT_DETAIL]),
    Case("snapshot show", f"GET {V2}/snapshots/{SNAPSHOT}", f"nbs snapshot show {SNAPSHOT}", answer=SNAPSHOT_DETAIL),
    Case(
        "snapshot create",
        f"POST {V2}/snapshots",
        f'nbs snapshot create {SOURCE} --name SNAPSHOT-001 --description "Daily backup" --force',
        body={
            "snapshot": {
                "name": "SNAPSHOT-001",
                "description": "Daily backup",
                "volume_id": SOURCE,
                "force": True,
            }
        },
        keys=SNAPSHOT_CREATED,
    ),
    Case("snapshot delete", f"DELETE {V2}/snapshots/{SNAPSHOT}", f"nbs snapshot delete {SNAPSHOT} --yes"),
    Case(
        "token",
        "POST /v2.0/tokens",
        "nbs auth token",
        body={
            "auth": {
                "tenantId": TENANT_ID,
                "passwordCredentials": {"username": USERNAME, "password": PASSWORD},
            }
        },
    ),
)


def plant(cloud: Cloud, case: Case) -> None:
    """Put the resources of the guide's examples into the cloud: one volume as a rule, and a snapshot of it."""
    common = {"tenant_id": TENANT_ID, "region": "KR1", "user_id": OWNER, "status": "available", "size": 50}
    volume = {**common, "zone": "kr-pub-a", "type_id": HDD, "created_at": VOLUME_DETAIL["created_at"]}
    name = None if case.holds == UNNAMED else VOLUME_DETAIL["name"]
    insert(cloud, "volumes", {**volume, "id": case.holds, "name": name})
    if SOURCE in case.command:
        insert(cloud, "volumes", {**volume, "id": SOURCE})
    snapshot = {"id": SNAPSHOT, "name": "SNAPSHOT", "description": "", "volume_id": case.holds}
    insert(cloud, "snapshots", {**common, **snapshot, "created_at": SNAPSHOT_BRIEF["created_at"]})


def insert(cloud: Cloud, table: str, row: dict[str, Any]) -> None:
    """Put a row into the cloud's memory, past its doors: nobody can choose an ID there."""
    with cloud.writing() as turn:
        turn.db.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", (*row.values(),)
        )


def run(nbs: Callable[..., Ran], served: Served, case: Case) -> tuple[Ran, Call]:
    """Have the case's command run, and give what it wrote and the one request of the case that arrived."""
    plant(served.cloud, case)
    words = shlex.split(case.command)[1:]
    ran = nbs(*words, *([] if case.name == "token" else ["-o", "json"]), env=served.environ)
    assert ran.code == 0, ran.err
    calls = [call for call in served.calls if (call.method, call.path) == (case.method, case.path)]
    return ran, calls[0]


every = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def bare(value: Any) -> Any:
    """Without what may be left out, for it says nothing: nulls, what is empty, false flags; and without the mark."""
    if isinstance(value, dict):
        kept = {name: bare(inner) for name, inner in value.items() if name != "nbs:request"}
        return {name: inner for name, inner in kept.items() if inner not in (None, False, {}, "")}
    return re.sub(r" ?\[nbs:[^\]]*\]$", "", value) if isinstance(value, str) else value


@every
def test_the_request(served: Served, nbs: Callable[..., Ran], case: Case) -> None:
    """Method, path, query, headers and body are the guide's: `limit` and the request mark are all that nbs adds."""
    _ran, call = run(nbs, served, case)
    expected = {"limit": "1000", **case.query} if case.listing else case.query
    assert dict(parse_qsl(call.query)) == expected
    assert call.headers["accept"] == "application/json"
    assert call.headers.get("content-type") == (None if case.body is None else "application/json")
    assert ("x-auth-token" in call.headers) == (case.name != "token")
    if case.body is None:
        assert call.body == b""
    else:
        assert bare(json.loads(call.body)) == bare(case.body)


@every
def test_nothing_else_is_changed(served: Served, nbs: Callable[..., Ran], case: Case) -> None:
    """Beside its request a command only logs in and looks: no other POST and no other DELETE leaves the machine."""
    _ran, call = run(nbs, served, case)
    assert [other for other in served.asked() if other.method != "GET"] == [call] * (
        case.method != "GET" and case.name != "token"
    )
    assert len(served.logins()) == 1


@every
def test_the_answer(served: Served, nbs: Callable[..., Ran], case: Case) -> None:
    """`-o json` prints the guide's own example, or exactly its documented names; what it does not name is dropped."""
    ran, _call = run(nbs, served, case)
    if case.name == "token":
        assert re.fullmatch(r"[0-9a-f]{32}\n", ran.out)
        return
    text = ran.out.replace(served.url, GUIDE_HOST).replace(TENANT_ID, GUIDE_TENANT)
    printed = json.loads(text)
    if case.method == "DELETE":
        assert printed == [
            {"ref": case.path.rpartition("/")[2], "id": case.path.rpartition("/")[2], "outcome": "accepted"}
        ]
    elif case.answer is not None:
        assert printed == case.answer
    else:
        assert set(printed) - case.keys <= NULL_WHEN_CREATED
        assert case.keys <= set(printed)
        assert all(printed[key] is None for key in set(printed) - case.keys)


def test_an_attachment_has_the_documented_fields(served: Served, nbs: Callable[..., Ran]) -> None:
    """The five of the guide's table, and none of those that servers add."""
    server = "0c3a4f8e-0000-4000-8000-000000000001"
    plant(served.cloud, CASES[0])
    served.cloud.attach(VOLUME, server)
    (attachment,) = json.loads(nbs("volume", "show", VOLUME, "-o", "json", env=served.environ).out)["attachments"]
    assert attachment.keys() == {"server_id", "attachment_id", "volume_id", "device", "id"}
    assert (attachment["server_id"], attachment["volume_id"], attachment["id"]) == (server, VOLUME, VOLUME)


def test_all_twelve_requests_of_the_guide_are_here() -> None:
    """And the token's; each parameter of the three that have bodies is sent by one of the commands."""
    assert {re.sub(r"[0-9a-f-]{36}", "{id}", case.request) for case in CASES} == {
        f"GET {V2}/types",
        f"GET {V2}/volumes",
        f"GET {V2}/volumes/detail",
        f"GET {V2}/volumes/{{id}}",
        f"POST {V2}/volumes",
        f"DELETE {V2}/volumes/{{id}}",
        f"POST {V2}/volumes/{{id}}/action",
        f"GET {V2}/snapshots",
        f"GET {V2}/snapshots/detail",
        f"GET {V2}/snapshots/{{id}}",
        f"POST {V2}/snapshots",
        f"DELETE {V2}/snapshots/{{id}}",
        "POST /v2.0/tokens",
    }
    sent: dict[str, set[str]] = {}
    for case in CASES:
        for envelope, inner in bare(case.body or {}).items():
            sent.setdefault(envelope, set()).update(inner)
    assert sent["volume"] == {
        *("size", "description", "availability_zone", "name", "volume_type", "snapshot_id", "metadata")
    }
    assert sent["snapshot"] == {"volume_id", "force", "description", "name"}
    assert sent["os-volume_upload_image"] == {
        *("image_name", "force", "disk_format", "container_format", "visibility", "protected")
    }
    assert {name for case in CASES for name in case.query} == {"sort", "limit", "offset", "marker"}


def table() -> Iterator[str]:
    """The requests, the commands that make them, and the cases that prove it, as aligned lines."""
    rows = [("REQUEST OF THE GUIDE", "COMMAND", "CASE OF test_guide.py")]
    for case in CASES:
        request = re.sub(rf"{VOLUME}|{SOURCE}", "{volumeId}", case.request).replace(SNAPSHOT, "{snapshotId}")
        command = re.sub(rf"{VOLUME}|{SOURCE}", "VOLUME", case.command).replace(SNAPSHOT, "SNAPSHOT")
        rows.append((request.replace("{tenantId}", "…"), command, case.name))
    widths = [max(width(row[column]) for row in rows) for column in (0, 1)]
    for request, command, name in rows:
        yield f"{pad(request, widths[0])}  {pad(command, widths[1])}  {name}"


def test_the_table_can_be_shown() -> None:
    """One line for each case, under a heading."""
    lines = list(table())
    assert len(lines) == len(CASES) + 1
    assert lines[1].split("  ")[0].strip() == "GET /v2/…/types"


if __name__ == "__main__":
    print("\n".join(table()))
