"""`volume create --if-not-exists`: the same is taken, another refused, two are ambiguous; once is enough."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbs_cli.cloud.marks import MARK
from tests.commands.conftest import World, build, errors, world

__all__ = ["build", "world"]  # fixtures

ENSURE = ("volume", "create", "--size", "5", "--name", "data", "--if-not-exists")


def posts(world: World) -> list[Any]:
    """The names in the creates that went out."""
    return [json.loads(call.body)["volume"]["name"] for call in world.served.asked("POST")]


def test_a_second_time_makes_nothing(world: World) -> None:
    """First made, then found: the same record under every format, exit 0, one POST in all."""
    first = world.json(*ENSURE)
    again = world(*ENSURE, "-o", "json")
    assert (again.code, json.loads(again.out)["id"]) == (0, first["id"])
    assert f"data ({first['id']}) exists already" in again.err
    assert "created" not in again.err
    assert world(*ENSURE, "-q").out == f"{first['id']}\n"
    assert posts(world) == ["data"]


def test_only_what_was_said_is_compared(world: World) -> None:
    """Metadata, description and type that were not said are no difference; nor is the mark of another create."""
    made = world.volume(
        "data", 5, description="by hand", metadata={"env": "prod", MARK: "k"}, availability_zone="kr-pub-b"
    )
    assert world.json(*ENSURE)["id"] == made
    assert world.json(*ENSURE, "--metadata", "env=prod", "--zone", "kr-pub-b", "--type", "hdd")["id"] == made
    assert posts(world) == []


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        (["--size", "6"], {"size"}),
        (["--description", "other"], {"description"}),
        (["--metadata", "env=test"], {"metadata"}),
        (["--type", "ssd", "--zone", "kr-pub-b"], {"volume_type", "availability_zone"}),
    ],
)
def test_other_parameters_are_a_conflict(world: World, more: list[str], fields: set[str]) -> None:
    """Exit 5 that names every one of them and the resource; nothing is made, in a rehearsal neither."""
    made = world.volume("data", 5, metadata={"env": "prod"}, availability_zone="kr-pub-a")
    for last in ([], ["--dry-run"]):
        ran = world(*ENSURE, *more, *last, "-o", "json")
        (error,) = errors(ran)
        assert (ran.code, error["code"], error["resource"]) == (5, "conflict", made)
        told = error["message"].partition(": ")[2]
        assert {
            word for word in ("size", "description", "metadata", "volume_type", "availability_zone") if word in told
        } == fields
    assert posts(world) == []


def test_other_metadata_is_told_as_it_is_typed(world: World) -> None:
    """`env=prod`, as it was said, and not the mark that nbs left in it; none where it has no other."""
    world.volume("data", 5, metadata={"env": "prod", MARK: "k"})
    assert "parameters: metadata env=prod\n" in world(*ENSURE, "--metadata", "env=test").err
    world.volume("bare", 5, metadata={MARK: "k"})
    assert "metadata none\n" in world(*ENSURE, "--name", "bare", "--metadata", "env=test").err


def test_two_of_that_name(world: World) -> None:
    """Exit 3 with both, whatever they are like."""
    ids = {world.volume("data", 5), world.volume("data", 9)}
    ran = world(*ENSURE)
    assert ran.code == 3
    assert all(one in ran.err for one in ids)
    assert posts(world) == []


def test_of_several_only_the_missing_are_made(world: World) -> None:
    """`--count`: the one that is there stays in its place; one that is otherwise stops all before anything is made."""
    two = world.volume("data-2", 5)
    rehearsed = world.json(*ENSURE, "--count", "3", "--dry-run")
    assert [row["body"]["volume"]["name"] for row in rehearsed] == ["data-1", "data-3"]
    rows = world.json(*ENSURE, "--count", "3", "--wait")
    assert [row["name"] for row in rows] == ["data-1", "data-2", "data-3"]
    assert rows[1]["id"] == two
    assert sorted(posts(world)) == ["data-1", "data-3"]
    assert world("volume", "create", "--size", "6", "--name", "data", "--count", "4", "--if-not-exists").code == 5
    assert len(posts(world)) == 2


def test_one_in_use_is_ready(world: World) -> None:
    """`--wait` does not wait for what is attached already."""
    world.cloud.attach(world.volume("data", 5))
    assert world.json(*ENSURE, "--wait", "--timeout", "20s")["status"] == "in-use"


def test_one_of_no_use(build: Any) -> None:
    """In an error status it is 8, while it is being deleted 5; each with the way on."""
    broken = build()
    broken.cloud.fail_next("create-error")
    broken.volume("data", 5)
    ran = broken(*ENSURE)
    assert ran.code == 8
    assert "nbs volume delete" in ran.err
    going = build(delay=60)
    volume = going.volume("data", 5)
    going.cloud.advance(100)
    going.raw("DELETE", f"/volumes/{volume}")
    ran = going(*ENSURE)
    assert ran.code == 5
    assert f"nbs volume wait {volume} --for gone" in ran.err


def test_with_a_request_key(world: World) -> None:
    """What the key made is what the name finds; a key of another request stays refused."""
    first = world.json(*ENSURE, "--request-key", "job-1")
    assert world.json(*ENSURE, "--request-key", "job-1")["id"] == first["id"]
    ran = world("volume", "create", "--size", "5", "--name", "other", "--if-not-exists", "--request-key", "job-1")
    assert ran.code == 2
    assert posts(world) == ["data"]


def test_a_name_is_needed(world: World) -> None:
    """Without one there is nothing to look for: 2, before any request."""
    assert world("volume", "create", "--size", "5", "--if-not-exists").code == 2
    assert world.served.calls == []
