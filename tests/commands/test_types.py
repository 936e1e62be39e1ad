"""Volume types: the ways to name one."""

from __future__ import annotations

import pytest

from tests.commands.conftest import World, errors

SSD, HDD = "4e36aa51-df30-422e-aff1-eba1f3d9612f", "6bda35e2-b2b9-497a-8f65-67a73839c856"


@pytest.mark.parametrize(
    ("ref", "identifier"),
    [
        ("General SSD", SSD),
        ("general ssd", SSD),
        ("GENERAL HDD", HDD),
        (SSD, SSD),
        ("ssd", SSD),
        ("HDD", HDD),
    ],
)
def test_a_type_is_named_in_any_of_its_ways(world: World, ref: str, identifier: str) -> None:
    """By its name in any case, by its ID, or by hdd/ssd."""
    assert world.json("types", "show", ref)["id"] == identifier


@pytest.mark.parametrize("ref", ["nvme", "general", "", "General", "../types", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_type_names_the_known_ones(world: World, ref: str) -> None:
    """Exit 3, and the hint lists what there is; the text is never part of a path."""
    ran = world("types", "show", ref, "-o", "json")
    assert ran.code in {2, 3}
    assert "General SSD, General HDD" in str(errors(ran)[0]["hint"])
    assert {call.path.rpartition("/")[2] for call in world.served.asked()} <= {"types"}


def test_quiet_gives_the_id(world: World) -> None:
    """`-q` prints the ID alone."""
    assert world("types", "show", "ssd", "-q").out == SSD + "\n"
