"""The sandbox's doors: every path, shape, header and refusal, as the guide and the observations have them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from nbs_cli.sandbox.cloud import OBJECT_STORAGE_TENANT_ID, OTHER_TENANT_ID, PASSWORD, TENANT_ID, USERNAME
from tests.conftest import Served

from .conftest import BASE, Clock, Door, MakeDoor

NOWHERE = "11111111-2222-4333-8444-555555555555"
SECRET = {"username": USERNAME, "password": PASSWORD}
VOLUME = {
    *("attachments", "links", "availability_zone", "encrypted", "volume_type", "snapshot_id", "id", "size", "user_id"),
    *("metadata", "status", "description", "multiattach", "source_volid", "consistencygroup_id", "name", "bootable"),
    *("created_at", "replication_status", "nhn_internal"),
}
ATTRIBUTES = {
    "os-volume-replication:extended_status",
    "os-volume-replication:driver_data",
    "os-vol-tenant-attr:tenant_id",
}
SNAPSHOT = {"status", "description", "created_at", "metadata", "volume_id", "size", "id", "name", "nhn_internal"}
UPLOAD = "os-volume_upload_image"
NOT_DELETABLE = "Volume status must be available or error or error_restoring"


def refusal(answer: httpx.Response, status: int, fault: str = "badRequest") -> str:
    """Check a refusal for its status and its one name, and give its message."""
    assert answer.status_code == status, answer.text
    (name,) = answer.json()
    assert (name, answer.json()[name]["code"]) == (fault, status)
    return str(answer.json()[name]["message"])


# Identity


def test_a_token_comes_with_a_catalog_for_this_address(door: Door) -> None:
    """The token's answer has the documented shape, and its catalog the address that the request came to."""
    answer = door.http.post(
        "http://127.0.0.1:9000/v2.0/tokens", json={"auth": {"tenantId": TENANT_ID, "passwordCredentials": SECRET}}
    )
    assert answer.status_code == 200
    access = answer.json()["access"]
    token, user = access["token"], access["user"]
    assert len(token["id"]) == 32
    assert token["issued_at"].count(".") == 1
    assert token["expires"].endswith("Z")
    assert token["tenant"].keys() == {"id", "name", "groupId", "description", "enabled", "project_domain"}
    assert (token["tenant"]["id"], token["tenant"]["enabled"]) == (TENANT_ID, True)
    assert user.keys() == {"id", "username", "name", "roles", "roles_links"}
    assert user["username"] != USERNAME
    assert access["metadata"]["is_admin"] == 0
    base = "http://127.0.0.1:9000"
    assert {
        service["type"]: [tuple(endpoint.values()) for endpoint in service["endpoints"]]
        for service in access["serviceCatalog"]
    } == {
        "identity": [("KR1", f"{base}/v2.0"), ("KR2", f"{base}/v2.0")],
        "image": [("KR1", base), ("KR2", f"{base}/kr2")],
        "compute": [("KR1", f"{base}/v2/{TENANT_ID}"), ("KR2", f"{base}/kr2/v2/{TENANT_ID}")],
        "volumev2": [("KR1", f"{base}/v2/{TENANT_ID}"), ("KR2", f"{base}/kr2/v2/{TENANT_ID}")],
    }


@pytest.mark.parametrize(
    ("tenant_id", "username", "password"),
    [
        (TENANT_ID, USERNAME, "wrong"),
        (TENANT_ID, USERNAME, None),
        (TENANT_ID, USERNAME, ""),
        (TENANT_ID, "nobody", PASSWORD),
        ("0" * 32, USERNAME, PASSWORD),
        (OTHER_TENANT_ID, USERNAME, PASSWORD),
        ([TENANT_ID], USERNAME, PASSWORD),
    ],
)
def test_wrong_credentials_are_all_alike(door: Door, tenant_id: Any, username: str, password: str | None) -> None:
    """One and the same 401 for a wrong password, user or tenant, so nothing can be told from it."""
    answer = door.ask_token(tenantId=tenant_id, passwordCredentials={"username": username, "password": password})
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "code": 401,
            "title": "Unauthorized",
            "message": "The request you have made requires authentication.",
        }
    }
    assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{BASE}"'


@pytest.mark.parametrize("tenant", [{}, {"tenantId": None}, {"tenantId": ""}])
def test_without_a_tenant_the_token_is_unscoped(door: Door, tenant: dict[str, Any]) -> None:
    """It is issued, with an empty catalog, and opens no path."""
    answer = door.ask_token(passwordCredentials=SECRET, **tenant)
    access = answer.json()["access"]
    assert (answer.status_code, access["serviceCatalog"]) == (200, [])
    assert "tenant" not in access["token"]
    door.http.headers["X-Auth-Token"] = access["token"]["id"]
    assert refusal(door.get("/volumes"), 400) == "Malformed request url"


@pytest.mark.parametrize(
    ("content", "kind", "missing"),
    [
        ('{"auth": null}', "application/json", "auth in request body"),
        ("", "application/json", "auth in request body"),
        ("[]", "application/json", "auth in request body"),
        ('{"auth": {}}', "application/json", "passwordCredentials in auth"),
        ('{"auth": {"passwordCredentials": {"password": "x"}}}', "application/json", "username or userId"),
        ('{"auth": {"passwordCredentials": {"username": "x"}}}', "application/json", "password in"),
        ('{"auth": {', "application/json", "valid JSON"),
        ("{}", "text/plain", "application/json in Content-Type header"),
        ("{}", None, "application/json in Content-Type header"),
    ],
)
def test_what_identity_cannot_read(door: Door, content: str, kind: str | None, missing: str) -> None:
    """A missing field, broken JSON or another content type is a 400 in Keystone's shape."""
    headers = {} if kind is None else {"Content-Type": kind}
    answer = door.http.post("/v2.0/tokens", content=content, headers=headers)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["title"]) == (400, "Bad Request")
    assert error["message"].startswith(f"Expecting to find {missing}")


def test_identity_accepts_slashes_and_a_charset(door: Door) -> None:
    """A trailing slash, a double one and a charset are fine; another method or path is a 404 of Keystone's."""
    content = json.dumps({"auth": {"tenantId": TENANT_ID, "passwordCredentials": SECRET}})
    for path in ("/v2.0/tokens/", "/v2.0//tokens"):
        answer = door.http.post(path, content=content, headers={"Content-Type": "application/json; charset=utf-8"})
        assert answer.status_code == 200
    for answer in (door.http.get("/v2.0/tokens"), door.http.post("/v2.0/token", json={})):
        assert "The resource could not be found" in refusal(answer, 404, "error")


def test_an_object_storage_tenant_has_no_block_storage(door: Door) -> None:
    """Its token is fine, is marked `swift`, and its catalog lacks volumev2."""
    access = door.ask_token(tenantId=OBJECT_STORAGE_TENANT_ID, passwordCredentials=SECRET).json()["access"]
    assert access["token"]["tenant"]["swift"] is True
    assert {service["type"] for service in access["serviceCatalog"]} == {"identity", "image"}


def test_a_token_ends(door: Door, clock: Clock) -> None:
    """Missing, unknown, expired and revoked tokens get the same 401, from block storage as well, before any 404."""
    answers = []
    clock.pass_by(43_199)
    assert door.get("/volumes").status_code == 200
    clock.pass_by(2)
    answers.append(door.get("/volumes"))
    door.login()
    door.cloud.expire_tokens()
    answers.append(door.get("/volumes"))
    for token in ("deadbeef" * 4, ""):
        door.http.headers["X-Auth-Token"] = token
        answers.append(door.get("/nonsense"))
    del door.http.headers["X-Auth-Token"]
    answers.append(door.post("/volumes", {"volume": {"size": 1}}))
    assert {answer.text for answer in answers} == {answers[0].text}
    for answer in answers:
        assert refusal(answer, 401, "error")
        assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")
        assert answer.headers["X-Openstack-Request-Id"]


def test_a_token_opens_its_own_tenant_only(door: Door) -> None:
    """Another tenant's path is a 400, another tenant's volume on one's own path a 404."""
    other = Door(door.cloud, tenant_id=OTHER_TENANT_ID, username="other", password="other")
    volume_id = other.volume()["id"]
    answer = door.http.get(f"/v2/{OTHER_TENANT_ID}/volumes/{volume_id}")
    assert refusal(answer, 400) == "Malformed request url"
    for answer in (door.get(f"/volumes/{volume_id}"), door.delete(f"/volumes/{volume_id}")):
        assert refusal(answer, 404, "itemNotFound") == f"Volume {volume_id} could not be found."
    assert refusal(door.post("/snapshots", {"snapshot": {"volume_id": volume_id}}), 404, "itemNotFound")


# Shapes and headers


def test_types(door: Door) -> None:
    """The guide's two types with its IDs and extra specs; one of them by ID."""
    types = door.get("/types").json()["volume_types"]
    assert [(kind["id"], kind["name"], kind["extra_specs"]) for kind in types] == [
        ("4e36aa51-df30-422e-aff1-eba1f3d9612f", "General SSD", {"volume_backend_name": "ssd_general"}),
        ("6bda35e2-b2b9-497a-8f65-67a73839c856", "General HDD", {"volume_backend_name": "hdd_general"}),
    ]
    for kind in types:
        fields = {"id", "name", "description", "extra_specs", "os-volume-type-access:is_public", "nhn_internal"}
        assert kind.keys() == fields
        assert door.get(f"/types/{kind['id']}").json() == {"volume_type": kind}
    assert door.get("/types/default").json()["volume_type"]["name"] == "General HDD"
    assert refusal(door.get(f"/types/{NOWHERE}"), 404, "itemNotFound")


def test_a_volume_s_record(door: Door) -> None:
    """Create's answer has the guide's fields without the attributes and with the fraction; show has them all."""
    body = {
        "size": 10,
        "name": " 데이터 ",
        "description": "설명",
        "availability_zone": "kr-pub-b",
        "metadata": {"a": "b"},
    }
    answer = door.post("/volumes", {"volume": {**body, "volume_type": "General SSD", "colour": "ignored"}})
    made = answer.json()["volume"]
    assert answer.status_code == 202
    assert made.keys() == VOLUME
    assert (made["status"], made["name"], made["bootable"], made["size"]) == ("creating", "데이터", "false", 10)
    assert (made["volume_type"], made["availability_zone"]) == ("General SSD", "kr-pub-b")
    assert made["created_at"] == "2030-03-17T17:46:40.250000"
    shown = door.get(f"/volumes/{made['id']}").json()["volume"]
    assert shown.keys() == VOLUME | ATTRIBUTES
    assert shown["created_at"] == "2030-03-17T17:46:40.000000"
    assert shown["os-vol-tenant-attr:tenant_id"] == TENANT_ID
    assert {link["rel"]: link["href"] for link in shown["links"]} == {
        "self": f"{BASE}/v2/{TENANT_ID}/volumes/{made['id']}",
        "bookmark": f"{BASE}/{TENANT_ID}/volumes/{made['id']}",
    }
    assert door.get("/volumes/detail").json() == {"volumes": [shown]}
    (summary,) = door.get("/volumes").json()["volumes"]
    assert summary.keys() == {"id", "links", "name", "nhn_internal"}


def test_the_guide_s_own_create(door: Door) -> None:
    """The guide's example body, null in nearly every field, makes a General HDD in the default zone."""
    empty = dict.fromkeys(("availability_zone", "source_volid", "description", "snapshot_id", "name", "volume_type"))
    made = door.volume(**empty, metadata={})
    assert (made["name"], made["volume_type"], made["availability_zone"]) == (None, "General HDD", "kr-pub-a")


def test_a_snapshot_s_record(door: Door, clock: Clock) -> None:
    """Create and the plain list have the guide's fields; show and detail two more."""
    volume_id = door.volume(size=3)["id"]
    clock.pass_by(2)
    made = door.snapshot(volume_id, name="스냅숏", description="Daily backup", force=True)
    assert made.keys() == SNAPSHOT
    assert (made["status"], made["size"], made["created_at"][-7:]) == ("creating", 3, ".250000")
    (listed,) = door.get("/snapshots").json()["snapshots"]
    assert listed == {**made, "created_at": listed["created_at"]}
    assert listed["created_at"].endswith(".000000")
    shown = door.get(f"/snapshots/{made['id']}").json()["snapshot"]
    extended = {f"os-extended-snapshot-attributes:{name}" for name in ("progress", "project_id")}
    assert shown.keys() == SNAPSHOT | extended
    assert door.get("/snapshots/detail").json() == {"snapshots": [shown]}


def test_an_upload_s_answer(door: Door, clock: Clock) -> None:
    """The guide's shape: the whole type, its specs as a list, and the strings "null"."""
    volume_id = door.volume(size=2, description="설명")["id"]
    clock.pass_by(2)
    given = {"image_name": "VOLUME IMAGE", "force": True, "disk_format": "qcow2", "container_format": "bare"}
    body = {UPLOAD: {**given, "visibility": "private", "protected": False}}
    answer = door.post(f"/volumes/{volume_id}/action", body)
    assert answer.status_code == 202
    told = answer.json()[UPLOAD]
    assert told.keys() == {
        *("status", "image_name", "disk_format", "container_format", "updated_at", "image_id", "display_description"),
        *("id", "size", "volume_type", "nhn_internal"),
    }
    assert (told["id"], told["display_description"], told["status"]) == (volume_id, "설명", "uploading")
    (spec,) = told["volume_type"]["extra_specs"]
    assert (spec["key"], spec["value"], spec["deleted_at"]) == ("volume_backend_name", "hdd_general", "null")
    assert told["volume_type"]["description"] == "null"
    image = door.http.get(f"/v2/images/{told['image_id']}").json()
    assert (image["name"], image["disk_format"], image["min_disk"]) == ("VOLUME IMAGE", "qcow2", 2)
    assert "nhn_internal" in image
    assert refusal(door.http.get(f"/v2/images/{NOWHERE}"), 404, "itemNotFound")


def test_headers_and_bytes(door: Door) -> None:
    """JSON is ASCII with wide separators; every answer has a date and a request ID, block storage's twice."""
    answers = [
        door.post("/volumes", {"volume": {"size": 1, "name": "데이터"}}),
        door.post("/volumes", {"volume": {"size": 0}}),
        door.get("/nonsense"),
    ]
    assert b'"name": "\\ub370\\uc774\\ud130", ' in answers[0].content
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Openstack-Request-Id"].startswith("req-")
        assert answer.headers["X-Compute-Request-Id"] == answer.headers["X-Openstack-Request-Id"]
        assert parsedate_to_datetime(answer.headers["Date"]).year == 2030
        assert answer.headers["Content-Length"] == str(len(answer.content))
    assert len({answer.headers["X-Openstack-Request-Id"] for answer in answers}) == 3
    assert "X-Compute-Request-Id" not in door.ask_token(passwordCredentials=SECRET).headers


def test_deleting_answers_nothing(door: Door, clock: Clock) -> None:
    """202, no body, and the content type that real servers send with it."""
    volume_id = door.volume()["id"]
    clock.pass_by(2)
    answer = door.delete(f"/volumes/{volume_id}")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (202, b"", "0")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_update_and_extend(door: Door, clock: Clock) -> None:
    """Two operations that the guide leaves out and clients use all the same."""
    volume_id = door.volume(name="old", description="kept")["id"]
    clock.pass_by(2)
    changed = door.put(f"/volumes/{volume_id}", {"volume": {"name": "new", "metadata": {"a": "b"}}})
    assert changed.status_code == 200
    volume = changed.json()["volume"]
    assert (volume["name"], volume["description"], volume["metadata"]) == ("new", "kept", {"a": "b"})
    action = f"/volumes/{volume_id}/action"
    assert "(current: 1, extended: 1)" in refusal(door.post(action, {"os-extend": {"new_size": 1}}), 400)
    assert refusal(door.post(action, {"os-extend": {"new_size": 2049}}), 413, "overLimit")
    assert door.post(action, {"os-extend": {"new_size": 5}}).status_code == 202
    assert "to extend" in refusal(door.post(action, {"os-extend": {"new_size": 9}}), 400)
    assert door.status(f"/volumes/{volume_id}") == "extending"
    clock.pass_by(2)
    volume = door.get(f"/volumes/{volume_id}").json()["volume"]
    assert (volume["status"], volume["size"]) == ("available", 5)


# Refusals


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nonsense"),
        ("GET", "/volumes/"),
        ("PATCH", "/volumes"),
        ("POST", "/volumes/detail"),
        ("PUT", "/types"),
        ("DELETE", "/types/x"),
        ("GET", "/volumes/x/action"),
        ("GET", "/volumes/x/y/z"),
    ],
)
def test_no_such_path_or_method(door: Door, method: str, path: str) -> None:
    """Both are a 404 from below the API, whose code is a string and whose text has HTML in it."""
    answer = door.http.request(method, door.root + path)
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "The resource could not be found.<br /><br />\n\n\n",
        "code": "404 Not Found",
        "title": "Not Found",
    }


def test_other_odd_addresses(door: Door) -> None:
    """HEAD is an empty 404, a double slash is fine, no tenant in the path is no path."""
    head = door.http.head(door.root + "/volumes")
    assert (head.status_code, head.content) == (404, b"")
    assert door.http.get(f"/v2//{TENANT_ID}//volumes").status_code == 200
    assert door.http.get("/v2/volumes").json()["code"] == "404 Not Found"
    assert door.http.get("/v1").json()["code"] == "404 Not Found"


@pytest.mark.parametrize(
    ("content", "kind", "refused", "text"),
    [
        ('{"volume": {"size": 1', "application/json", (400, "badRequest"), "Malformed request body"),
        (b'{"volume": {"size": 1, "name": "\xff"}}', "application/json", (400, "badRequest"), "Malformed request body"),
        (
            '{"volume": {"size": 1, "name": "\\ud800"}}',
            "application/json",
            (400, "badRequest"),
            "Malformed request body",
        ),
        ("[" * 100_000, "application/json", (400, "badRequest"), "Malformed request body"),
        ('{"volume": {"size": 1}}', "text/plain", (415, "badMediaType"), "Unsupported Content-Type"),
        ('{"volume": {"size": 1}}', None, (415, "badMediaType"), "Unsupported Content-Type"),
        ("", "application/json", (500, "computeFault"), "The server has either erred"),
        ("[]", "application/json", (400, "badRequest"), "Malformed request body"),
        ("{}", "application/json", (400, "badRequest"), "'volume' is a required property"),
        ('{"volume": null}', "application/json", (400, "badRequest"), "None is not of type 'object'"),
    ],
)
def test_bodies_that_are_refused(
    door: Door, content: str | bytes, kind: str | None, refused: tuple[int, str], text: str
) -> None:
    """What is not a JSON object with the one key, of the right type, is refused under the right name."""
    headers = {} if kind is None else {"Content-Type": kind}
    answer = door.http.post(f"{door.root}/volumes", content=content, headers=headers)
    assert text in refusal(answer, *refused)


def test_a_body_that_is_too_large(door: Door) -> None:
    """Over 114,688 bytes the answer comes from below the API."""
    answer = door.post("/volumes", {"volume": {"size": 1, "description": "x" * 114_688}})
    assert (answer.status_code, answer.json()["code"]) == (413, "413 Request Entity Too Large")


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("size", 0, "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1"),
        ("size", -5, "-5 is less than the minimum of 1"),
        ("size", "ten", "'ten' does not match '^[0-9]+$'"),
        ("size", "٣", "does not match"),
        ("size", "0", "must be an integer and greater than 0"),
        ("size", 1.5, "1.5 is not of type 'integer', 'string', 'null'"),
        ("size", True, "True is not of type"),
        ("size", None, "either malformed or otherwise incorrect"),
        ("name", 7, "7 is not of type 'string', 'null'"),
        ("name", "이" * 256, "name has 256 characters, more than 255."),
        ("description", "d" * 256, "description has 256 characters"),
        ("availability_zone", "mars", "Availability zone 'mars' is invalid."),
        ("availability_zone", "", "'' is too short"),
        ("metadata", [], "[] is not of type 'object'"),
        ("metadata", {"환경": "x"}, "does not match any of the regexes"),
        ("metadata", {"k" * 256: "x"}, "does not match any of the regexes"),
        ("metadata", {"k\n": "x"}, "does not match any of the regexes"),
        ("metadata", {"k": 1}, "1 is not of type 'string'"),
        ("metadata", {"k": "v" * 256}, "is too long"),
        ("snapshot_id", "abc", "'abc' is not valid under any of the given schemas"),
        ("source_volid", "abc", "'abc' is not valid under any of the given schemas"),
    ],
)
def test_volume_fields_that_are_refused(door: Door, field: str, value: Any, text: str) -> None:
    """Each bad value is a 400 with the observed text."""
    assert text in refusal(door.post("/volumes", {"volume": {"size": 1, field: value}}), 400)


def test_volume_fields_that_are_accepted(door: Door) -> None:
    """Digits as a string, an empty name, 255 characters, a type by its ID or empty."""
    assert door.volume(size="2")["size"] == 2
    assert door.volume(name="")["name"] == ""
    assert len(door.volume(name="이" * 255)["name"]) == 255
    assert door.volume(volume_type="4e36aa51-df30-422e-aff1-eba1f3d9612f")["volume_type"] == "General SSD"
    assert door.volume(volume_type="")["volume_type"] == "General HDD"


@pytest.mark.parametrize("name", ["Nope", "general ssd", NOWHERE])
def test_an_unknown_type(door: Door, name: str) -> None:
    """Type names are matched exactly."""
    text = refusal(door.post("/volumes", {"volume": {"size": 1, "volume_type": name}}), 404, "itemNotFound")
    assert text.startswith("Volume type ")
    assert text.endswith(f"{name} could not be found.")


@pytest.mark.parametrize("volume_id", [NOWHERE, "abc", "데이터", "A6D9FBA7-9AD1-438B-885C-75ED5F3CAEC7"])
def test_unknown_things(door: Door, volume_id: str) -> None:
    """An unknown ID and what is no ID at all are the same 404."""
    for method, path, body in (
        ("GET", "volumes/{}", None),
        ("DELETE", "volumes/{}", None),
        ("PUT", "volumes/{}", {"volume": {"name": "x"}}),
        ("POST", "volumes/{}/action", {UPLOAD: {"image_name": "i"}}),
        ("GET", "snapshots/{}", None),
        ("DELETE", "snapshots/{}", None),
    ):
        answer = door.http.request(method, f"{door.root}/{path.format(volume_id)}", json=body)
        assert refusal(answer, 404, "itemNotFound").endswith(f"{volume_id} could not be found.")


def test_limits(make_door: MakeDoor, clock: Clock) -> None:
    """Sizes, counts and gigabytes (snapshots included) are refused with 413 and a useless Retry-After of 0."""
    door = make_door(gigabytes=10, largest=8, volumes=2, snapshots=2, snapshots_per_volume=1)

    def over(answer: httpx.Response) -> str:
        assert (answer.headers["Retry-After"], answer.json()["overLimit"]["retryAfter"]) == ("0", "0")
        return refusal(answer, 413, "overLimit")

    def create(size: Any) -> httpx.Response:
        return door.post("/volumes", {"volume": {"size": size}})

    for large in (9, 10**30, "9" * 5000):
        assert over(create(large)).startswith("VolumeSizeExceedsLimit: Requested volume size")
    volume_id = door.volume(size=4)["id"]
    clock.pass_by(2)
    door.snapshot(volume_id)
    assert over(door.post("/snapshots", {"snapshot": {"volume_id": volume_id}})) == (
        "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
        "Requested 4G, quota is 10G and 8G has been consumed."
    )
    assert over(create(3)).startswith("VolumeSizeExceedsAvailableQuota")
    small = door.volume(size=1)["id"]
    assert over(create(1)) == "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded"
    clock.pass_by(2)
    assert "gigabytes quota" in over(door.post(f"/volumes/{small}/action", {"os-extend": {"new_size": 3}}))
    assert Door(door.cloud, prefix="/kr2").volume(size=8)["size"] == 8


@pytest.mark.parametrize(("per_volume", "together"), [(1, 5), (5, 1)])
def test_snapshot_limits(make_door: MakeDoor, clock: Clock, per_volume: int, together: int) -> None:
    """Too many snapshots of one volume, or of the tenant, are SnapshotLimitExceeded."""
    door = make_door(snapshots_per_volume=per_volume, snapshots=together)
    volume_id = door.volume()["id"]
    clock.pass_by(2)
    door.snapshot(volume_id)
    text = refusal(door.post("/snapshots", {"snapshot": {"volume_id": volume_id}}), 413, "overLimit")
    assert text == "SnapshotLimitExceeded: Maximum number of snapshots allowed (1) exceeded"


def test_a_volume_from_a_snapshot(door: Door, clock: Clock) -> None:
    """Size, zone and type are the snapshot's unless told; smaller, other type and other zone are refused."""
    source = door.volume(size=5, volume_type="General SSD", availability_zone="kr-pub-b")["id"]
    clock.pass_by(2)
    snapshot_id = door.snapshot(source)["id"]

    def create(**fields: Any) -> httpx.Response:
        return door.post("/volumes", {"volume": {"snapshot_id": snapshot_id, **fields}})

    assert "Originating snapshot status" in refusal(create(), 400)
    clock.pass_by(2)
    made = create().json()["volume"]
    assert (made["size"], made["volume_type"], made["availability_zone"]) == (5, "General SSD", "kr-pub-b")
    assert made["snapshot_id"] == snapshot_id
    assert create(size=6).json()["volume"]["size"] == 6
    assert "'4'GB cannot be smaller than the snapshot size 5GB" in refusal(create(size=4), 400)
    assert "requested type is not compatible" in refusal(create(volume_type="General HDD"), 400)
    assert "same availability zone as the snapshot" in refusal(create(availability_zone="kr-pub-a"), 400)
    assert "only one of" in refusal(create(source_volid=source), 400)
    unknown = door.post("/volumes", {"volume": {"size": 1, "snapshot_id": NOWHERE}})
    assert refusal(unknown, 404, "itemNotFound") == f"Snapshot {NOWHERE} could not be found."


def test_a_volume_from_a_volume(door: Door, clock: Clock) -> None:
    """A clone, which the guide's example body hints at: as large as its source, and from one that is ready."""
    source = door.volume(size=5)["id"]
    assert refusal(door.post("/volumes", {"volume": {"source_volid": source}}), 400)
    clock.pass_by(2)
    made = door.volume(size=5, source_volid=source)
    assert made["source_volid"] == source
    answer = door.post("/volumes", {"volume": {"size": 1, "source_volid": source}})
    assert "smaller than the source volume size" in refusal(answer, 400)


def test_deletes_that_are_refused(door: Door, clock: Clock) -> None:
    """Creating, attached, uploading, with snapshots, already deleting: one text; gone: 404."""
    volume_id = door.volume()["id"]
    clock.pass_by(0.1)  # a host is chosen
    volume = f"/volumes/{volume_id}"

    def refused() -> bool:
        return NOT_DELETABLE in refusal(door.delete(volume), 400)

    assert refused()
    clock.pass_by(2)
    door.cloud.attach(volume_id)
    assert refused()
    door.cloud.detach(volume_id)
    door.post(f"{volume}/action", {UPLOAD: {"image_name": "i"}})
    assert refused()
    clock.pass_by(2)
    snapshot = f"/snapshots/{door.snapshot(volume_id)['id']}"
    assert "Snapshot status must be available or error" in refusal(door.delete(snapshot), 400)
    clock.pass_by(2)
    assert refused()
    assert door.delete(snapshot).status_code == 202
    assert refusal(door.delete(snapshot), 400)
    assert refused()
    clock.pass_by(2)
    assert refusal(door.delete(snapshot), 404, "itemNotFound")
    assert door.delete(volume).status_code == 202
    assert refused()
    clock.pass_by(2)
    assert refusal(door.delete(volume), 404, "itemNotFound")


def test_error_deleting_cannot_be_deleted(door: Door, clock: Clock) -> None:
    """A delete that failed cannot be tried again by an ordinary user."""
    volume = f"/volumes/{door.volume()['id']}"
    clock.pass_by(2)
    door.cloud.fail_next("delete-error")
    door.delete(volume)
    clock.pass_by(2)
    assert NOT_DELETABLE in refusal(door.delete(volume), 400)


def test_snapshots_that_are_refused(door: Door, clock: Clock) -> None:
    """An attached volume needs `force`; no other status gets past; unknown fields are refused here."""
    volume_id = door.volume()["id"]

    def create(**fields: Any) -> httpx.Response:
        return door.post("/snapshots", {"snapshot": {"volume_id": volume_id, **fields}})

    for force in (False, True):
        assert "current status is: creating." in refusal(create(force=force), 400)
    clock.pass_by(2)
    door.cloud.attach(volume_id)
    assert "current status is: in-use." in refusal(create(), 400)
    assert create(force=True).status_code == 202
    assert create(force="true").status_code == 202
    assert "'maybe' is not one of [True, 'True'" in refusal(create(force="maybe"), 400)
    assert "('colour' was unexpected)" in refusal(create(colour="red"), 400)
    assert "is too long" in refusal(create(name="n" * 256), 400)
    assert "'volume_id' is a required property" in refusal(door.post("/snapshots", {"snapshot": {}}), 400)
    assert "'snapshot' is a required property" in refusal(door.post("/snapshots", {}), 400)
    for bad in ("abc", None):
        assert refusal(door.post("/snapshots", {"snapshot": {"volume_id": bad}}), 400)
    unknown = door.post("/snapshots", {"snapshot": {"volume_id": NOWHERE}})
    assert refusal(unknown, 404, "itemNotFound") == f"Volume {NOWHERE} could not be found."


def test_a_snapshot_of_a_volume_in_error(door: Door, clock: Clock) -> None:
    """Not even with `force`."""
    door.cloud.fail_next("create-error")
    volume_id = door.volume()["id"]
    clock.pass_by(2)
    answer = door.post("/snapshots", {"snapshot": {"volume_id": volume_id, "force": True}})
    assert "when the volume is in error status" in refusal(answer, 400)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Malformed request body"),
        ({UPLOAD: None}, "Malformed request body"),
        ({"os-fly": {}}, "There is no such action: os-fly."),
        ({UPLOAD: {"disk_format": "raw"}}, "'image_name' is a required property"),
        ({UPLOAD: {"image_name": ""}}, "'' is too short"),
        ({UPLOAD: {"image_name": 7}}, "7 is not of type 'string'"),
        ({UPLOAD: {"image_name": "i" * 256}}, "is too long"),
        ({UPLOAD: {"image_name": "i", "disk_format": "floppy"}}, "'floppy' is not one of ['raw', 'vmdk'"),
        ({UPLOAD: {"image_name": "i", "container_format": "box"}}, "'box' is not one of"),
        ({UPLOAD: {"image_name": "i", "visibility": "public"}}, "'public' is not one of ['private', 'shared']"),
        ({UPLOAD: {"image_name": "i", "protected": "maybe"}}, "'maybe' is not one of"),
        ({UPLOAD: {"image_name": "i", "force": 1.5}}, "1.5 is not one of"),
        ({UPLOAD: {"image_name": "i", "a": 1, "b": 2}}, "('a', 'b' were unexpected)"),
        ({"os-extend": {}}, "'new_size' is a required property"),
    ],
)
def test_actions_that_are_refused(door: Door, clock: Clock, body: Any, text: str) -> None:
    """Unknown actions, fields and values are 400s with the observed texts."""
    volume_id = door.volume()["id"]
    clock.pass_by(2)
    assert text in refusal(door.post(f"/volumes/{volume_id}/action", body), 400)


def test_uploads_that_are_refused(door: Door, clock: Clock) -> None:
    """A creating volume, an attached one without `force`, and an action without a body."""
    volume_id = door.volume()["id"]
    action = f"/volumes/{volume_id}/action"
    body = {UPLOAD: {"image_name": "i"}}
    assert "available or in-use, but current status is: creating." in refusal(door.post(action, body), 400)
    clock.pass_by(2)
    door.cloud.attach(volume_id)
    assert refusal(door.post(action, body), 400) == f"Invalid volume: Volume {volume_id} status must be available"
    assert "no such action: None" in refusal(door.http.post(door.root + action), 400)


def test_a_crash_is_told_as_one(
    door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug of the sandbox's own is a 500 of the family, and its traceback can be read."""
    monkeypatch.setattr("nbs_cli.sandbox.types.page", lambda *_: 1 / 0)
    assert refusal(door.get("/types"), 500, "computeFault")
    assert "ZeroDivisionError" in capsys.readouterr().err


# Lists


def ids(answer: httpx.Response, noun: str = "volumes") -> list[str]:
    """Give the IDs of a page."""
    return [record["id"] for record in answer.json()[noun]]


def walk(door: Door, path: str, **params: Any) -> list[str]:
    """Follow the next links to the end, over at most 100 pages, and give every ID."""
    answer, seen, noun = door.get(f"/{path}", **params), [], path.partition("/")[0]
    for _ in range(100):
        seen += ids(answer, noun)
        links = answer.json().get(f"{noun}_links")
        if not links:
            return seen
        assert links[0]["rel"] == "next"
        answer = door.http.get(links[0]["href"])
    raise AssertionError("no end")


def test_the_default_page(door: Door) -> None:
    """100 of 250, newest first, with a next link that repeats the query and adds a marker."""
    door.cloud.seed(250)
    answer = door.get("/volumes/detail", name="웹서버", colour="red")
    assert len(ids(answer)) == 41
    answer = door.get("/volumes/detail", colour="빨강")
    volumes = answer.json()["volumes"]
    order = [(volume["created_at"], volume["id"]) for volume in volumes]
    assert (len(volumes), order) == (100, sorted(order, reverse=True))
    (link,) = answer.json()["volumes_links"]
    assert link["href"] == f"{BASE}{door.root}/volumes/detail?colour=%EB%B9%A8%EA%B0%95&marker={volumes[-1]['id']}"
    assert len(set(walk(door, "volumes"))) == 250


@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
@pytest.mark.parametrize("limit", [1000, 250, 125, 100, 7])
def test_every_row_once(door: Door, noun: str, limit: int) -> None:
    """Following the links gives all 250 once, also where the last page is exactly full."""
    door.cloud.seed(250, 250)
    seen = walk(door, noun, limit=limit)
    assert (len(seen), len(set(seen))) == (250, 250)


@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_the_link_comes_with_a_full_page(door: Door, noun: str) -> None:
    """A full last page has a link to an empty one; a page that is not full has none."""
    door.cloud.seed(4, 4)
    full = door.get(f"/{noun}", limit=4).json()
    assert door.http.get(full[f"{noun}_links"][0]["href"]).json() == {noun: []}
    assert door.get(f"/{noun}", limit=5).json().keys() == {noun}
    assert door.get(f"/{noun}", limit=0).json() == {noun: []}


def test_a_server_without_links(make_door: MakeDoor) -> None:
    """Without links the pages are there all the same, by marker."""
    door = make_door(links=False)
    door.cloud.seed(250)
    first = door.get("/volumes", limit=200)
    assert first.json().keys() == {"volumes"}
    rest = door.get("/volumes", limit=200, marker=ids(first)[-1])
    assert len({*ids(first), *ids(rest)}) == 250


def test_snapshots_of_a_server_without_markers(make_door: MakeDoor) -> None:
    """`marker` and `sort` are ignored there, links never sent: only limit and offset get anywhere."""
    door = make_door(snapshot_markers=False)
    door.cloud.seed(3, 250)
    first = door.get("/snapshots", limit=100)
    again = door.get("/snapshots/detail", limit=100, marker=ids(first, "snapshots")[-1], sort="bogus")
    assert ids(again, "snapshots") == ids(first, "snapshots")
    assert first.json().keys() == {"snapshots"}
    rest = [ids(door.get("/snapshots", limit=100, offset=offset), "snapshots") for offset in (100, 200)]
    assert len({*ids(first, "snapshots"), *rest[0], *rest[1]}) == 250
    assert door.get("/volumes", limit=3).json().keys() == {"volumes", "volumes_links"}


def test_page_caps(make_door: MakeDoor) -> None:
    """A limit over the cap is cut in silence, and that page counts as full."""
    door = make_door(page_default=5, page_cap=10)
    door.cloud.seed(25)
    answer = door.get("/volumes", limit=5000)
    assert len(ids(answer)) == 10
    assert "limit=5000&marker=" in answer.json()["volumes_links"][0]["href"]
    assert len(ids(door.get("/volumes"))) == 5
    assert len(walk(door, "volumes", limit=5000)) == 25


def test_offset_and_marker(door: Door) -> None:
    """An offset counts from the marker, and the next link repeats it, so that following it skips rows every time."""
    door.cloud.seed(20)
    everything = ids(door.get("/volumes"))
    assert ids(door.get("/volumes", offset=18)) == everything[18:]
    assert ids(door.get("/volumes", offset=999)) == []
    assert ids(door.get("/volumes", limit=3, offset=1, marker=everything[4])) == everything[6:9]
    assert walk(door, "volumes", limit=3, offset=3) == [*everything[3:6], *everything[9:12], *everything[15:18]]


@pytest.mark.parametrize(
    ("params", "status", "text"),
    [
        ({"limit": "-1"}, 400, "limit param must be positive"),
        ({"limit": "abc"}, 400, "limit param must be an integer"),
        ({"limit": ""}, 400, "limit param must be an integer"),
        ({"limit": "1.5"}, 400, "limit param must be an integer"),
        ({"offset": "-1"}, 400, "offset must be >= 0"),
        ({"offset": "abc"}, 400, "offset must be an integer"),
        ({"offset": "99999999999"}, 400, "offset must be <= 2147483647"),
        ({"marker": NOWHERE}, 404, f"{NOWHERE} could not be found."),
        ({"marker": "abc"}, 404, "abc could not be found."),
        ({"marker": ""}, 404, "could not be found."),
        ({"sort": "bogus"}, 400, "Invalid input received: Invalid sort key"),
        ({"sort": ""}, 400, "Invalid input received: Invalid sort key"),
        ({"sort": "description:asc"}, 400, "Invalid input received: Invalid sort key"),
        ({"sort": "status:ASC"}, 400, "Unknown sort direction, must be 'desc' or 'asc'."),
        ({"sort": "status:"}, 400, "Unknown sort direction"),
        ({"sort": "status:asc,"}, 400, "Invalid sort key"),
    ],
)
@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_queries_that_are_refused(door: Door, noun: str, params: dict[str, str], status: int, text: str) -> None:
    """Bad numbers, markers, keys and directions, on either list."""
    answer = door.get(f"/{noun}", **params)
    assert text in refusal(answer, status, "itemNotFound" if status == 404 else "badRequest")


@pytest.mark.parametrize("key", ["name", "size"])
def test_snapshots_sort_by_other_names(door: Door, key: str) -> None:
    """`name` and `size` are refused there; the names below them work."""
    assert refusal(door.get("/snapshots", sort=key), 400)
    assert door.get("/snapshots", sort={"name": "display_name", "size": "volume_size"}[key]).status_code == 200


def test_sorting(door: Door) -> None:
    """Nulls first ascending and last descending, a bare key descends, ties follow the first direction, keys add up."""
    door.cloud.seed(60)
    everything = door.get("/volumes/detail").json()["volumes"]

    def row(volume: Any) -> tuple[Any, ...]:
        name = volume["name"]
        return (name is not None, name or "", volume["created_at"], volume["id"])

    up = [volume["id"] for volume in sorted(everything, key=row)]
    assert ids(door.get("/volumes", sort="name:asc")) == up
    assert ids(door.get("/volumes", sort=" name : asc ")) == up
    assert ids(door.get("/volumes", sort="name")) == up[::-1]
    both = sorted(everything, key=row, reverse=True)
    both = [volume["id"] for volume in sorted(both, key=lambda volume: int(volume["size"]))]
    assert ids(door.get("/volumes", sort="size:asc,name:desc,created_at:desc,id:desc")) == both
    first = door.http.get(f"{door.root}/volumes?sort=name:asc&sort=size:asc&limit=1")
    assert ids(first) == up[:1]
    assert "sort=name%3Aasc&sort=size%3Aasc" in first.json()["volumes_links"][0]["href"]


@pytest.mark.parametrize(
    "sort",
    ["name:asc", "name:desc", "status", "size:asc,name:desc", "created_at:asc", "id", "updated_at", "host"],
)
def test_marker_walks_in_every_order(door: Door, sort: str) -> None:
    """Pages of 7 show each of 100 rows once and in order, nulls and ties included."""
    door.cloud.seed(100)
    assert walk(door, "volumes", limit=7, sort=sort) == ids(door.get("/volumes", sort=sort))


def test_filters(door: Door, clock: Clock) -> None:
    """The known ones select, unknown ones are ignored."""
    door.cloud.seed(8, 3)
    made = door.volume(name="하나", size=7, availability_zone="kr-pub-b")["id"]
    for params in ({"name": "하나"}, {"status": "creating"}, {"size": "7"}):
        assert ids(door.get("/volumes", **params)) == [made]
    assert len(ids(door.get("/volumes", availability_zone="kr-pub-b"))) == 5
    assert len(ids(door.get("/volumes", bootable="false"))) == 9
    assert len(ids(door.get("/volumes", volume_type="General SSD", all_tenants="1"))) == 9
    assert ids(door.get("/volumes", name="nope")) == []
    clock.pass_by(2)
    snapshot_id = door.snapshot(made, name="스냅숏")["id"]
    for params in ({"name": "스냅숏"}, {"status": "creating"}, {"volume_id": made}):
        assert ids(door.get("/snapshots", **params), "snapshots") == [snapshot_id]


def test_a_marker_that_is_gone(door: Door, clock: Clock) -> None:
    """If the marker's volume is deleted between two pages, the next one is a 404."""
    door.cloud.seed(5)
    page = door.get("/volumes", limit=2)
    door.delete(f"/volumes/{ids(page)[-1]}")
    clock.pass_by(1)
    assert refusal(door.http.get(page.json()["volumes_links"][0]["href"]), 404, "itemNotFound")


# Servers and neighbours


def test_over_http_there_is_one_date(serve: Callable[..., Served]) -> None:
    """Behind waitress the answers are the same, with one Date, and the catalog names the port."""
    served = serve()
    with httpx.Client(base_url=served.url, trust_env=False) as http:
        answer = http.post("/v2.0/tokens", json={"auth": {"tenantId": TENANT_ID, "passwordCredentials": SECRET}})
        access = answer.json()["access"]
        headers = {"X-Auth-Token": access["token"]["id"]}
        page = http.get(f"/v2/{TENANT_ID}/volumes", headers=headers)
        large = http.post(f"/v2/{TENANT_ID}/volumes", headers=headers, content=b" " * 200_000)
    assert access["serviceCatalog"][0]["endpoints"][0]["publicURL"] == f"{served.url}/v2.0"
    assert len(page.headers.get_list("Date")) == 1
    assert 0 <= served.cloud.moment() - parsedate_to_datetime(page.headers["Date"]).timestamp() < 60
    assert (page.json(), large.status_code) == ({"volumes": []}, 413)


def test_thousands_are_walked(door: Door) -> None:
    """10,000 volumes are read in ten pages, each once."""
    door.cloud.seed(10_000)
    assert len(set(walk(door, "volumes/detail", limit=1000))) == 10_000


def test_the_sandbox_is_no_relative() -> None:
    """It loads nothing of the rest of nbs, and its cloud works without falcon."""
    program = (
        "import sys, nbs_cli.sandbox.cloud\nassert 'falcon' not in sys.modules\nimport nbs_cli.sandbox.web\n"
        "print(*sorted(m for m in sys.modules if m.startswith('nbs_cli.') and not m.startswith('nbs_cli.sandbox')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
