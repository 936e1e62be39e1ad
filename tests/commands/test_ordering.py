"""From the options of `volume create` to the bodies of its requests."""

from __future__ import annotations

import json

import pytest

from tests.commands.conftest import World


@pytest.mark.parametrize(
    ("said", "sent"),
    [("General SSD", "General SSD"), ("general hdd", "General HDD"), ("ssd", "General SSD"), ("HDD", "General HDD")],
)
def test_a_type_goes_out_by_its_name(world: World, said: str, sent: str) -> None:
    """However a type is named, the server gets the name that it knows."""
    assert world.json("volume", "create", "--size", "1", "--type", said)["volume_type"] == sent
    assert json.loads(world.served.asked("POST")[0].body)["volume"]["volume_type"] == sent


@pytest.mark.parametrize("name", ["한글 이름", "a/b?c#d", "../x", "-", "💾", "x" * 255, "가" * 255, "null", "[red]x"])
def test_a_name_goes_out_as_it_is(world: World, name: str) -> None:
    """Every name that the API can keep is kept as it was typed, and found again."""
    made = world.json("volume", "create", "--size", "1", "--name", name)
    assert made["name"] == name
    assert world.json("volume", "show", f"name:{name}")["id"] == made["id"]


def test_an_empty_name_is_no_name(world: World) -> None:
    """An empty name or description is sent as it was said, and shown as nothing."""
    ran = world("volume", "create", "--size", "1", "--name", "", "--description", "", "-c", "name,description")
    assert ran.code == 0
    assert ran.out == "name         -\ndescription  -\n"


def test_the_number_counts_to_the_length_of_a_name(world: World) -> None:
    """With `--count` the longest name has to leave room for its number."""
    line = ["volume", "create", "--size", "1", "--count", "2", "--name"]
    assert world(*line, "x" * 254).code == 2
    assert world.served.calls == []
    assert world(*line, "x" * 253).code == 0


def test_an_unknown_snapshot_makes_nothing(world: World) -> None:
    """Exit 3, and no volume."""
    ran = world("volume", "create", "--snapshot", "nobody")
    assert ran.code == 3
    assert "there is no snapshot nobody" in ran.err
    assert world.served.asked("POST") == []
