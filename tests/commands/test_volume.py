"""`nbs volume`, told in one story: from nothing to an image, a copy, and nothing again."""

from __future__ import annotations

from tests.commands.conftest import World


def test_the_life_of_a_volume(world: World) -> None:
    """Every request of the guide, in the order in which a person makes them, by name and by ID."""
    made = world.json("volume", "create", "--size", "10", "--name", "data", "--type", "ssd", "--wait")
    assert made["status"] == "available"
    assert world.json("types", "show", made["volume_type"])["name"] == "General SSD"
    snapshot = world.json("snapshot", "create", "data", "--name", "before", "--wait")
    assert snapshot["volume_id"] == made["id"]
    copy = world.json("volume", "create", "--snapshot", "before", "--name", "copy", "--wait")
    assert (copy["size"], copy["snapshot_id"]) == (10, snapshot["id"])
    image = world.json("volume", "upload-image", "data", "--image-name", "golden", "--wait")
    assert image["id"] == made["id"]
    assert world("volume", "delete", "data", "--yes").code == 5
    assert world("snapshot", "delete", "before", "--yes", "--wait").code == 0
    assert world("volume", "delete", "data", "copy", "--yes", "--wait").code == 0
    assert world.json("volume", "list") == world.json("snapshot", "list") == []


def test_the_other_region_is_another_place(world: World) -> None:
    """`--region` in any case leads to the other endpoint, whose volumes are its own."""
    assert world("volume", "create", "--size", "1", "--name", "far", "--region", "kr2").code == 0
    assert world.json("volume", "list") == []
    assert [row["name"] for row in world.json("volume", "list", "--region", "KR2")] == ["far"]
    assert {call.path[:4] for call in world.served.asked("POST")} == {"/kr2"}


def test_aliases(world: World) -> None:
    """`vol`, `snap`, `ls`, `get` and `rm` are the long words."""
    world.volume("data")
    assert world("vol", "ls") == world("volume", "list")
    assert world("vol", "get", "data") == world("volume", "show", "data")
    assert world("snap", "ls").code == 0
    assert world("vol", "rm", "data", "--yes").code == 0
    assert world.names() == []
