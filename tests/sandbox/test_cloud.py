"""The sandbox's cloud by itself: its clock, its states, its hooks."""

from __future__ import annotations

import math
import threading

import pytest

from nbs_cli.sandbox.cloud import OTHER_TENANT_ID, TENANT_ID, Cloud, Refused, Settings

from .conftest import Clock, Door


def test_a_volume_becomes_available_after_the_delay(door: Door, clock: Clock) -> None:
    """`creating` lasts exactly the delay, however often it is looked at."""
    volume = f"/volumes/{door.volume()['id']}"
    clock.pass_by(1.9)
    assert door.status(volume) == "creating"
    clock.pass_by(0.2)
    assert door.status(volume) == "available"


def test_a_volume_is_gone_after_deleting(door: Door, clock: Clock) -> None:
    """`deleting` is shown for a while, then the volume is a 404."""
    volume = f"/volumes/{door.volume()['id']}"
    clock.pass_by(2)
    assert door.delete(volume).status_code == 202
    assert door.status(volume) == "deleting"
    clock.pass_by(1)
    assert door.status(volume) == "gone"


def test_a_snapshot_goes_the_same_way(door: Door, clock: Clock) -> None:
    """A snapshot's progress is 0% while it is creating and 100% after."""
    volume_id = door.volume()["id"]
    clock.pass_by(2)
    snapshot = f"/snapshots/{door.snapshot(volume_id)['id']}"
    progress = "os-extended-snapshot-attributes:progress"
    assert door.get(snapshot).json()["snapshot"][progress] == "0%"
    clock.pass_by(2)
    assert door.get(snapshot).json()["snapshot"][progress] == "100%"
    door.delete(snapshot)
    assert door.status(snapshot) == "deleting"
    clock.pass_by(1)
    assert door.status(snapshot) == "gone"


def test_an_upload_gives_the_volume_back(door: Door, clock: Clock) -> None:
    """An uploading volume returns to the status it had, in-use as well; the image is queued, saving, active."""
    volume_id = door.volume()["id"]
    clock.pass_by(2)
    door.cloud.attach(volume_id)
    body = {"os-volume_upload_image": {"image_name": "i", "force": True}}
    image_id = door.post(f"/volumes/{volume_id}/action", body).json()["os-volume_upload_image"]["image_id"]
    seen = []
    for _ in range(3):
        seen.append((door.http.get(f"/v2/images/{image_id}").json()["status"], door.status(f"/volumes/{volume_id}")))
        clock.pass_by(0.75)
    assert seen == [("queued", "uploading"), ("saving", "uploading"), ("active", "in-use")]


def test_advance_moves_time_for_everyone(state: str, clock: Clock) -> None:
    """The clock's offset is in the state, so another process's statuses move too; it adds up."""
    here, there = Cloud(state, now=clock), Cloud(state, now=clock)
    door = Door(there)
    volume = f"/volumes/{door.volume()['id']}"
    here.advance(1)
    here.advance(1)
    assert there.moment() == clock() + 2
    assert door.status(volume) == "available"
    here.close()
    there.close()


def test_the_clock_only_goes_forward(state: str, clock: Clock) -> None:
    """A time that lies behind, or a thousand years on, is refused and changes nothing; the present is fine."""
    cloud = Cloud(state, now=clock)
    cloud.advance(10)
    for seconds in (-1, 1001 * 365.25 * 86_400, math.nan):
        with pytest.raises(ValueError, match="forward"):
            cloud.advance(seconds)
        with pytest.raises(ValueError, match="forward"):
            cloud.advance_to(cloud.moment() + seconds)
    assert cloud.ahead() == 10
    cloud.advance_to(cloud.moment())
    cloud.advance(0)
    assert cloud.ahead() == 10
    cloud.close()


def test_tokens_age_with_the_clock(door: Door) -> None:
    """A token that is valid for twelve hours is refused once the clock was moved by more, and a new one is given."""
    door.cloud.advance(43_199)
    assert door.get("/volumes").status_code == 200
    door.cloud.advance(1)
    assert door.get("/volumes").status_code == 401
    door.login()
    assert door.get("/volumes").status_code == 200


def test_the_state_survives(state: str, clock: Clock) -> None:
    """Volumes, tokens and what is under way are there again after reopening; time went on meanwhile."""
    first = Cloud(state, now=clock)
    door = Door(first)
    name, volume_id, token = "데이터", door.volume(name="데이터")["id"], door.http.headers["X-Auth-Token"]
    first.close()
    clock.pass_by(60)
    second = Cloud(state, now=clock)
    again = Door(second)
    again.http.headers["X-Auth-Token"] = token
    volume = again.get(f"/volumes/{volume_id}").json()["volume"]
    assert (volume["name"], volume["status"]) == (name, "available")
    second.close()


def test_reset_empties_everything(door: Door, clock: Clock) -> None:
    """After a reset there is no volume, no token, no order to fail, and the clock is the host's again."""
    door.volume()
    door.cloud.advance(500)
    door.cloud.fail_next("create-error")
    door.cloud.reset()
    assert door.get("/volumes").status_code == 401
    door.login()
    assert door.get("/volumes").json() == {"volumes": []}
    assert door.cloud.moment() == clock()
    volume = f"/volumes/{door.volume()['id']}"
    clock.pass_by(2)
    assert door.status(volume) == "available"


def test_eight_threads_create_at_once(state: str) -> None:
    """Creates from eight threads at once are all kept, each with its own ID."""
    cloud = Cloud(state)
    door = Door(cloud)
    threads = [threading.Thread(target=lambda: [door.volume() for _ in range(10)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(door.get("/volumes", limit=1000).json()["volumes"]) == 80
    cloud.close()


def test_attach_and_detach(door: Door, clock: Clock) -> None:
    """Attached, a volume is in-use, names its server, and its metadata gains two keys; detached, all that is gone."""
    volume_id = door.volume(metadata={"env": "운영"})["id"]
    with pytest.raises(Refused, match="status must be available") as early:
        door.cloud.attach(volume_id)
    assert early.value.status == 400
    clock.pass_by(2)
    server_id = "0e7fd4c8-0f9b-4c2c-9b1e-5a4db0c5a4db"
    attached = door.cloud.attach(volume_id, server_id)
    (attachment,) = attached["attachments"]
    assert attached["status"] == "in-use"
    assert attached["metadata"] == {"env": "운영", "readonly": "False", "attached_mode": "rw"}
    assert {"server_id", "attachment_id", "volume_id", "device", "id", "host_name", "attached_at"} < set(attachment)
    assert (attachment["server_id"], attachment["id"]) == (server_id, volume_id)
    assert door.cloud.detach(volume_id)["attachments"] == []
    volume = door.get(f"/volumes/{volume_id}").json()["volume"]
    assert (volume["status"], volume["metadata"]) == ("available", {"env": "운영"})
    with pytest.raises(Refused):
        door.cloud.detach(volume_id)
    with pytest.raises(Refused) as unknown:
        door.cloud.attach("11111111-2222-4333-8444-555555555555")
    assert unknown.value.status == 404


@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_an_ordered_create_ends_in_error(door: Door, clock: Clock, noun: str) -> None:
    """`create-error` spoils one create, of a volume or a snapshot; the next one is well."""
    source = door.volume()["id"]
    clock.pass_by(2)

    def make() -> str:
        return f"/{noun}/{(door.volume() if noun == 'volumes' else door.snapshot(source))['id']}"

    door.cloud.fail_next("create-error")
    spoiled, well = make(), make()
    assert door.status(spoiled) == "creating"
    clock.pass_by(2)
    assert (door.status(spoiled), door.status(well)) == ("error", "available")
    assert door.delete(spoiled).status_code == 202


@pytest.mark.parametrize(("kind", "end"), [("delete-error", "error_deleting"), ("delete-bounce", "available")])
@pytest.mark.parametrize("noun", ["volumes", "snapshots"])
def test_an_ordered_delete_does_not_happen(door: Door, clock: Clock, kind: str, end: str, noun: str) -> None:
    """A delete may be accepted, look like one, and end in error or as if nothing had been."""
    door.cloud.seed(1, 1)
    thing = f"/{noun}/{door.get(f'/{noun}').json()[noun][0]['id']}"
    if noun == "volumes":
        (snapshot,) = door.get("/snapshots").json()["snapshots"]
        door.delete(f"/snapshots/{snapshot['id']}")
        clock.pass_by(1)
    door.cloud.fail_next(kind)
    assert door.delete(thing).status_code == 202
    assert door.status(thing) == "deleting"
    clock.pass_by(1)
    assert door.status(thing) == end


def test_an_order_reaches_another_process(state: str, clock: Clock) -> None:
    """Orders to fail are in the state; a refused request does not use one up."""
    here, there = Cloud(state, now=clock), Cloud(state, now=clock)
    door = Door(there)
    here.fail_next("create-error")
    assert door.post("/volumes", {"volume": {"size": 0}}).status_code == 400
    volume = f"/volumes/{door.volume()['id']}"
    clock.pass_by(2)
    assert door.status(volume) == "error"
    with pytest.raises(ValueError, match="unknown kind"):
        here.fail_next("earthquake")
    here.close()
    there.close()


def test_seeding_thousands(door: Door) -> None:
    """Seeded rows are available, some unnamed, some Korean, some of the same second; snapshots are of one volume."""
    door.cloud.seed(2500, 30)
    volumes = door.get("/volumes/detail", limit=1000).json()["volumes"]
    names = [volume["name"] for volume in volumes]
    assert {volume["status"] for volume in volumes} == {"available"}
    assert None in names
    assert any("데이터" in (name or "") for name in names)
    assert 1 < len({volume["created_at"] for volume in volumes}) < len(volumes)
    assert len({snapshot["volume_id"] for snapshot in door.get("/snapshots").json()["snapshots"]}) == 1
    with pytest.raises(ValueError, match="need a volume"):
        door.cloud.seed(0, 1)


def test_seeding_elsewhere(cloud: Cloud) -> None:
    """A tenant's region has its own volumes."""
    cloud.seed(3, tenant_id=OTHER_TENANT_ID, region="KR2")
    cloud.seed(2, tenant_id=TENANT_ID, region="KR2")
    other = {"tenant_id": OTHER_TENANT_ID, "username": "other", "password": "other"}
    counts = [
        len(door.get("/volumes").json()["volumes"])
        for door in (Door(cloud), Door(cloud, prefix="/kr2"), Door(cloud, **other), Door(cloud, prefix="/kr2", **other))
    ]
    assert counts == [0, 2, 0, 3]


def test_the_region_s_zones(cloud: Cloud) -> None:
    """A volume's zone is the region's first unless told, and one of the other region's is refused."""
    kr2 = Door(cloud, prefix="/kr2")
    assert kr2.volume()["availability_zone"] == "kr2-pub-a"
    answer = kr2.post("/volumes", {"volume": {"size": 1, "availability_zone": "kr-pub-a"}})
    assert (answer.status_code, "kr-pub-a" in answer.text) == (400, True)


def test_settings_are_the_cloud_s_own(clock: Clock) -> None:
    """A delay of zero settles everything at the next look."""
    door = Door(Cloud(":memory:", Settings(delay=0), now=clock))
    volume = door.volume()
    assert volume["status"] == "creating"
    assert door.status(f"/volumes/{volume['id']}") == "available"
