"""The requests that the guide does not have, but clients make: how the sandbox answers them (facts, section 3.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from nbs_cli.sandbox.cloud import TENANT_ID
from nbs_cli.sandbox.settings import (
    CLOSED_TENANT_ID,
    FORMER_PASSWORD,
    FORMER_USERNAME,
    VIEWER_PASSWORD,
    VIEWER_USERNAME,
)
from tests.sandbox.conftest import BASE, Clock, Door

SERVER = "0f0f0f0f-1111-4222-8333-444444444444"
MakeDoor = Callable[..., Door]


def refused(answer: httpx.Response, status: int, fault: str = "badRequest") -> str:
    """Check the status and the fault of a refusal, and give its message."""
    assert (answer.status_code, next(iter(answer.json()))) == (status, fault), answer.text
    return str(answer.json()[fault]["message"])


def available(door: Door, clock: Clock, **fields: Any) -> str:
    """Make a volume and wait until it is there."""
    identifier = str(door.volume(**fields)["id"])
    clock.pass_by(3)
    return identifier


# Compute


def test_attaching_takes_its_time(door: Door, clock: Clock) -> None:
    """Attaching goes over `attaching` to `in-use`, detaching over `detaching` back, with all that shows of it."""
    volume = available(door, clock)
    place = f"/servers/{SERVER}/os-volume_attachments"
    answer = door.post(place, {"volumeAttachment": {"volumeId": volume}})
    told = {"device": "/dev/vdb", "id": volume, "serverId": SERVER, "volumeId": volume}
    assert (answer.status_code, answer.json()) == (200, {"volumeAttachment": told})
    record = door.get(f"/volumes/{volume}").json()["volume"]
    assert (record["status"], record["attachments"], record["metadata"]) == ("attaching", [], {})
    clock.pass_by(1)
    record = door.get(f"/volumes/{volume}").json()["volume"]
    assert (record["status"], record["attachments"][0]["server_id"]) == ("in-use", SERVER)
    assert record["metadata"]["attached_mode"] == "rw"
    assert door.get(place).json() == {"volumeAttachments": [told]}
    assert door.get(f"{place}/{volume}").json() == {"volumeAttachment": told}
    assert (gone := door.delete(f"{place}/{volume}")).status_code == 202
    assert gone.content == b""
    assert door.status(f"/volumes/{volume}") == "detaching"
    clock.pass_by(1)
    record = door.get(f"/volumes/{volume}").json()["volume"]
    assert (record["status"], record["attachments"], record["metadata"]) == ("available", [], {})
    assert door.get(place).json() == {"volumeAttachments": []}


def test_attaching_that_cannot_be(door: Door, clock: Clock) -> None:
    """Wrong status, unknown volume, no instance's ID, nothing attached: each refused, nothing changed."""
    volume = available(door, clock)
    place = f"/servers/{SERVER}/os-volume_attachments"
    body = {"volumeAttachment": {"volumeId": volume}}
    assert "could not be found" in refused(door.post("/servers/web-1/os-volume_attachments", body), 404, "itemNotFound")
    assert "volumeId" in refused(door.post(place, {"volumeAttachment": {}}), 400)
    refused(door.post(place, {"volumeAttachment": {"volumeId": SERVER}}), 404, "itemNotFound")
    refused(door.delete(f"{place}/{volume}"), 404, "itemNotFound")
    assert door.status(f"/volumes/{volume}") == "available"
    door.post(place, body)
    assert "current status is: attaching" in refused(door.post(place, body), 400)
    assert "current status is: attaching" in refused(door.delete(f"{place}/{volume}"), 400)


def test_a_snapshot_and_an_upload_leave_an_attachment(door: Door, clock: Clock) -> None:
    """What happens to a volume in use leaves it in use, by the same instance."""
    volume = available(door, clock)
    door.post(f"/servers/{SERVER}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}})
    clock.pass_by(3)
    door.post(f"/volumes/{volume}/action", {"os-volume_upload_image": {"image_name": "i", "force": True}})
    clock.pass_by(3)
    assert door.get(f"/volumes/{volume}").json()["volume"]["attachments"][0]["server_id"] == SERVER


def test_cinders_own_attaching_flips_the_record(door: Door, clock: Clock) -> None:
    """os-attach and os-detach are done at once; each is refused where the other is due."""
    volume = available(door, clock)
    action = f"/volumes/{volume}/action"
    assert "detach" in refused(door.post(action, {"os-detach": {}}), 400)
    assert door.post(action, {"os-attach": {"instance_uuid": SERVER, "mountpoint": "/dev/vdb"}}).status_code == 202
    assert door.get(f"/volumes/{volume}").json()["volume"]["attachments"][0]["server_id"] == SERVER
    assert "attach" in refused(door.post(action, {"os-attach": {}}), 400)
    assert door.post(action, {"os-detach": {}}).status_code == 202
    assert door.status(f"/volumes/{volume}") == "available"


def test_zones(door: Door) -> None:
    """Each region has its own."""
    info = door.get("/os-availability-zone").json()["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in info] == ["kr-pub-a", "kr-pub-b"]
    door.prefix = "/kr2"
    info = door.get("/os-availability-zone").json()["availabilityZoneInfo"]
    assert [zone["zoneName"] for zone in info] == ["kr2-pub-a", "kr2-pub-b"]


# Words of a resource, and its metadata


@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_words_can_be_changed(door: Door, clock: Clock, noun: str) -> None:
    """PUT takes name and description, also as the first API called them; what is not named stays."""
    identifier = available(door, clock, name="a", description="b")
    if noun == "snapshots":
        identifier = door.snapshot(identifier, name="a", description="b")["id"]
    root = noun.removesuffix("s")
    assert door.put(f"/{noun}/{identifier}", {root: {"name": "c"}}).json()[root]["name"] == "c"
    told = door.put(f"/{noun}/{identifier}", {root: {"display_name": "d", "display_description": "e"}}).json()[root]
    assert (told["name"], told["description"]) == ("d", "e")
    assert (door.get(f"/{noun}/{identifier}").json()[root]["description"]) == "e"
    refused(door.put(f"/{noun}/{identifier}", {root: {"name": "x" * 256}}), 400)
    refused(door.put(f"/{noun}/{SERVER}", {root: {"name": "x"}}), 404, "itemNotFound")


@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_metadata_is_a_resource(door: Door, clock: Clock, noun: str) -> None:
    """POST adds, PUT replaces, DELETE takes one key away; bad keys are refused."""
    identifier = available(door, clock, metadata={"a": "1"})
    if noun == "snapshots":
        identifier = door.snapshot(identifier, metadata={"a": "1"})["id"]
    place = f"/{noun}/{identifier}/metadata"
    assert door.post(place, {"metadata": {"b": "2"}}).json() == {"metadata": {"a": "1", "b": "2"}}
    assert door.get(place).json() == {"metadata": {"a": "1", "b": "2"}}
    assert door.delete(f"{place}/a").status_code == 200
    assert "no metadata with key a" in refused(door.delete(f"{place}/a"), 404, "itemNotFound")
    assert door.put(place, {"metadata": {"c": "3"}}).json() == {"metadata": {"c": "3"}}
    refused(door.post(place, {"metadata": {"키": "3"}}), 400)
    refused(door.post(place, {}), 400)
    assert door.get(f"/{noun}/{identifier}").json()[noun.removesuffix("s")]["metadata"] == {"c": "3"}


def test_metadata_filters_volumes(door: Door, clock: Clock) -> None:
    """`metadata={'env':'web'}` finds those that bear it; what is no dictionary finds nothing."""
    web = available(door, clock, metadata={"env": "web", "team": "db"})
    available(door, clock, metadata={"env": "db"})
    for text, found in (("{'env':'web'}", [web]), ("{'env':'web','team':'x'}", []), ("env=web", []), ("[1]", [])):
        assert [row["id"] for row in door.get("/volumes", metadata=text).json()["volumes"]] == found


# Deleting


def test_a_volume_without_a_host_is_gone_at_once(door: Door, clock: Clock) -> None:
    """A delete within 50 ms of the create takes the row away; after that, it is refused until the volume is there."""
    first, second = door.volume()["id"], door.volume()["id"]
    assert door.delete(f"/volumes/{first}").status_code == 202
    assert door.status(f"/volumes/{first}") == "gone"
    clock.pass_by(0.06)
    refused(door.delete(f"/volumes/{second}"), 400)


def test_cascade_takes_the_snapshots_too(door: Door, clock: Clock) -> None:
    """Without it a volume with snapshots stays; with it all go; a snapshot that is busy holds them all."""
    volume = available(door, clock)
    snapshot = door.snapshot(volume)["id"]
    refused(door.delete(f"/volumes/{volume}?cascade=true"), 400)
    assert door.status(f"/snapshots/{snapshot}") == "creating"
    clock.pass_by(3)
    refused(door.delete(f"/volumes/{volume}?cascade=false"), 400)
    assert door.delete(f"/volumes/{volume}?cascade=True").status_code == 202
    assert door.status(f"/snapshots/{snapshot}") == "deleting"
    clock.pass_by(3)
    assert (door.status(f"/volumes/{volume}"), door.status(f"/snapshots/{snapshot}")) == ("gone", "gone")


# Images


def test_a_volume_is_made_of_an_image(door: Door, clock: Clock) -> None:
    """An image that is ready makes a bootable volume, at least as large; one that is not, or is unknown, makes none."""
    volume = available(door, clock, size=3)
    upload = door.post(f"/volumes/{volume}/action", {"os-volume_upload_image": {"image_name": "i"}})
    image = upload.json()["os-volume_upload_image"]["image_id"]
    for unready in (image, SERVER, "nonsense", 7):
        assert "image identifier" in refused(door.post("/volumes", {"volume": {"size": 3, "imageRef": unready}}), 400)
    clock.pass_by(3)
    assert door.volume(size=4, imageRef=image)["bootable"] == "true"
    assert "smaller than the image" in refused(door.post("/volumes", {"volume": {"size": 2, "imageRef": image}}), 400)
    refused(door.post("/volumes", {"volume": {"imageRef": image}}), 400)
    both = {"size": 3, "imageRef": image, "source_volid": volume}
    assert "only one of" in refused(door.post("/volumes", {"volume": both}), 400)


def test_bootable_can_be_set(door: Door, clock: Clock) -> None:
    """os-set_bootable changes the text that the guide calls a string."""
    volume = available(door, clock)
    assert door.post(f"/volumes/{volume}/action", {"os-set_bootable": {"bootable": True}}).status_code == 202
    assert door.get(f"/volumes/{volume}").json()["volume"]["bootable"] == "true"


@pytest.mark.parametrize("action", ["os-reset_status", "os-force_delete", "os-force_detach", "os-migrate_volume"])
def test_what_only_administrators_may(door: Door, clock: Clock, action: str) -> None:
    """403, by the name of the policy, and nothing happens."""
    volume = available(door, clock)
    told = refused(door.post(f"/volumes/{volume}/action", {action: {}}), 403, "forbidden")
    assert f"volume_admin_actions:{action.removeprefix('os-')}" in told
    assert door.status(f"/volumes/{volume}") == "available"


# Limits


def test_limits_and_what_is_used(make_door: MakeDoor, clock: Clock) -> None:
    """Both ways to ask tell the same, of one's own tenant only."""
    door = make_door(volumes=5, gigabytes=100, snapshots=7, largest=50)
    volume = available(door, clock, size=10)
    door.snapshot(volume)
    absolute = door.get("/limits").json()["limits"]["absolute"]
    assert {name: value for name, value in absolute.items() if "Backup" not in name} == {
        "maxTotalVolumes": 5,
        "maxTotalSnapshots": 7,
        "maxTotalVolumeGigabytes": 100,
        "totalVolumesUsed": 1,
        "totalGigabytesUsed": 20,
        "totalSnapshotsUsed": 1,
    }
    used = door.get(f"/os-quota-sets/{TENANT_ID}", usage="True").json()["quota_set"]
    assert used["gigabytes"] == {"limit": 100, "in_use": 20, "reserved": 0}
    plain = door.get(f"/os-quota-sets/{TENANT_ID}").json()["quota_set"]
    assert (plain["volumes"], plain["per_volume_gigabytes"]) == (5, 50)
    refused(door.get("/os-quota-sets/0123"), 403, "forbidden")


# Types


def test_types_are_a_list_like_others(door: Door) -> None:
    """Limit, marker, offset and sort work, the default can be asked for, none can be made."""
    first = door.get("/types", limit=1).json()
    assert [known["name"] for known in first["volume_types"]] == ["General SSD"]
    link = first["volume_type_links"][0]["href"]
    second = door.http.get(link).json()
    assert [known["name"] for known in second["volume_types"]] == ["General HDD"]
    by_name = door.get("/types", sort="name:asc").json()["volume_types"]
    assert [known["name"] for known in by_name] == ["General HDD", "General SSD"]
    assert [known["name"] for known in door.get("/types", offset=1).json()["volume_types"]] == ["General HDD"]
    refused(door.get("/types", sort="colour"), 400)
    refused(door.get("/types", marker=SERVER), 404, "itemNotFound")
    assert door.get("/types/default").json()["volume_type"]["name"] == "General HDD"
    refused(door.post("/types", {"volume_type": {"name": "x"}}), 403, "forbidden")


# Sorting as it is broken


def test_a_sort_that_crashes_on_its_second_page(door: Door) -> None:
    """`sort=bootable` works until a marker comes with it, as on real servers."""
    door.cloud.seed(3)
    first = door.get("/volumes", sort="bootable", limit=1).json()
    told = refused(
        door.get("/volumes", sort="bootable", limit=1, marker=first["volumes"][0]["id"]), 500, "computeFault"
    )
    assert "erred" in told


# Versions, tenants, people


@pytest.mark.parametrize("path", ["/", "/kr2", "/kr2/"])
def test_versions_need_no_token(door: Door, path: str) -> None:
    """Clients that look which versions there are find one, at the address they asked."""
    answer = httpx.Client(transport=door.http._transport, base_url=BASE).get(path)
    (version,) = answer.json()["versions"]
    assert (answer.status_code, version["id"]) == (300, "v2.0")
    assert version["links"][0]["href"] == f"{BASE}{path.rstrip('/')}/v2/"
    assert httpx.Client(transport=door.http._transport, base_url=BASE).get("/v2/").status_code == 401
    assert door.http.get("/v2/").status_code == 200


@pytest.mark.parametrize("path", ["/v2.0", "/v2.0/"])
def test_the_identity_service_says_its_version(door: Door, path: str) -> None:
    """With and without the slash."""
    answer = door.http.get(path)
    assert (answer.status_code, answer.json()["version"]["id"]) == (200, "v2.0")


def test_tenants_of_a_token(door: Door) -> None:
    """Those that are open to its user; a token is needed."""
    names = [tenant["name"] for tenant in door.http.get("/v2.0/tenants").json()["tenants"]]
    assert names == ["sandbox", "sandbox-object-storage"]
    del door.http.headers["X-Auth-Token"]
    refused(door.http.get("/v2.0/tenants"), 401, "error")


def test_a_tenant_by_its_name(door: Door) -> None:
    """`tenantName` does for `tenantId`."""
    who = {"username": "sandbox", "password": "sandbox-password"}
    token = door.ask_token(tenantName="sandbox", passwordCredentials=who).json()["access"]["token"]
    assert token["tenant"]["id"] == TENANT_ID
    refused(door.ask_token(tenantName="other", passwordCredentials=who), 401, "error")
    refused(door.ask_token(tenantId=CLOSED_TENANT_ID, passwordCredentials=who), 401, "error")


def test_somebody_who_left(door: Door) -> None:
    """A disabled account is told so, in words of its own."""
    who = {"username": FORMER_USERNAME, "password": FORMER_PASSWORD}
    assert "disabled" in refused(door.ask_token(tenantId=TENANT_ID, passwordCredentials=who), 401, "error")


def test_somebody_who_may_only_look(door: Door, clock: Clock) -> None:
    """A viewer reads everything and changes nothing."""
    volume = available(door, clock)
    viewer = Door(door.cloud, username=VIEWER_USERNAME, password=VIEWER_PASSWORD)
    assert viewer.status(f"/volumes/{volume}") == "available"
    for answer in (
        viewer.post("/volumes", {"volume": {"size": 1}}),
        viewer.put(f"/volumes/{volume}", {"volume": {"name": "x"}}),
        viewer.delete(f"/volumes/{volume}"),
        viewer.post(f"/volumes/{volume}/action", {"os-extend": {"new_size": 9}}),
        viewer.post(f"/volumes/{volume}/metadata", {"metadata": {"a": "b"}}),
        viewer.post("/snapshots", {"snapshot": {"volume_id": volume}}),
        viewer.post(f"/servers/{SERVER}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}}),
    ):
        assert "Policy doesn't allow" in refused(answer, 403, "forbidden")
    assert door.get(f"/volumes/{volume}").json()["volume"]["size"] == 1


def test_an_older_server_refuses_in_text(make_door: MakeDoor) -> None:
    """With `text_401` a bad token is one line of text, and a bad password still JSON."""
    door = make_door(text_401=True)
    door.http.headers["X-Auth-Token"] = "dead"
    answer = door.get("/volumes")
    assert (answer.status_code, answer.text) == (401, "Authentication required")
    assert answer.headers["WWW-Authenticate"] == f"Keystone uri='{BASE}'"
    refused(door.ask_token(passwordCredentials={"username": "sandbox", "password": "no"}), 401, "error")


def test_no_extensions_are_boasted_of(door: Door) -> None:
    """The list is there, and empty."""
    assert door.get("/extensions").json() == {"extensions": []}
