"""Filters of the lists over real HTTP: judged here, paged there, and told when nothing bears a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nbs_cli.local.names import remembered
from tests.commands.conftest import World


@pytest.fixture
def full(build: Callable[..., World]) -> World:
    """Seven volumes on pages of two: odd ones on ssd and attached, even ones on hdd."""
    world = build(page_default=2, page_cap=2)
    for number in range(1, 8):
        odd = number % 2
        made = world.volume(f"data-{number}", number, volume_type="General SSD" if odd else "General HDD")
        if odd:
            world.cloud.attach(made)
    return world


def names(world: World, *args: str) -> list[str]:
    """The names that a list gives."""
    return [row["name"] for row in world.json(*args)]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--name", "data-[123]"], "321"),
        (["--status", "in-use"], "7531"),
        (["--status", "AVAILABLE"], "642"),
        (["--type", "ssd"], "7531"),
        (["--type", "general hdd"], "642"),
        (["--attached"], "7531"),
        (["--unattached", "--limit", "2"], "64"),
        (["--unattached", "--offset", "1", "--limit", "1"], "4"),
        (["--no-bootable", "--attached", "--sort", "size:asc"], "1357"),
        (["--bootable"], ""),
        (["--name", "data-?", "--type", "hdd", "--unattached", "--sort", "size:asc", "--limit", "1"], "2"),
    ],
)
def test_volumes_are_chosen_here(full: World, options: list[str], numbers: str) -> None:
    """What fits comes, in order, over all pages; the server is asked for none of it."""
    sort = [] if "--sort" in options else ["--sort", "name:desc"]
    assert names(full, "volume", "list", *options, *sort) == [f"data-{number}" for number in numbers]
    asked = "&".join(call.query for call in full.served.asked("GET"))
    assert not [word for word in ("name=", "status=", "type=", "zone=", "bootable=") if word in asked]


def test_zones_are_chosen(world: World) -> None:
    """By the zone's name, in any case."""
    world.volume("a", availability_zone="kr-pub-a")
    world.volume("b", availability_zone="kr-pub-b")
    assert names(world, "volume", "list", "--zone", "KR-PUB-B") == ["b"]


def test_enough_is_enough(full: World) -> None:
    """With a limit no page is asked for behind the one that fills it."""
    assert len(names(full, "volume", "list", "--name", "data-*", "--limit", "1")) == 1
    assert len(full.served.asked("GET")) == 1


def test_snapshots_are_chosen(full: World) -> None:
    """By name, status and volume together."""
    data = full.volume("disk")
    for name in ("nightly-1", "nightly-2", "manual"):
        full.snapshot(data, name)
    other = full.volume("other")
    full.snapshot(other, "nightly-3")
    assert sorted(names(full, "snapshot", "list", "--name", "nightly-*")) == ["nightly-1", "nightly-2", "nightly-3"]
    chosen = names(
        full, "snapshot", "list", "--name", "nightly-*", "--volume", "disk", "--status", "available", "--brief"
    )
    assert sorted(chosen) == ["nightly-1", "nightly-2"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--status", "avialable"], "no volume has the status 'avialable': did you mean available?"),
        (["--type", "generl ssd"], "no volume has the type 'generl ssd': did you mean General SSD?"),
        (["--zone", "mars"], "no volume has the zone 'mars': there are kr-pub-a"),
        (["--status", "error"], ""),
        (["--name", "nothing"], ""),
    ],
)
def test_a_word_that_nothing_bears_is_told(full: World, options: list[str], told: str) -> None:
    """A server may have statuses beyond the guide, so it is exit 0 and nothing on stdout; the nearest is named."""
    ran = full("volume", "list", *options, "-o", "json")
    assert (ran.code, ran.out) == (0, "[]\n")
    assert told in ran.err
    assert bool(ran.err) is bool(told)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["volume", "list", "--brief", "--status", "available"], "the short list does not tell the status"),
        (["volume", "list", "--brief", "--attached"], "the short list does not tell the attached"),
        (["snapshot", "list", "--name", ""], "--name is empty"),
        (["snapshot", "list", "--status", "a\x07"], "the --status holds control characters"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(full: World, args: list[str], words: str) -> None:
    """Exit 2, nothing asked."""
    ran = full(*args)
    assert ran.code == 2
    assert words in ran.err
    assert full.served.calls == []


def test_names_are_remembered_of_all_that_passed(full: World) -> None:
    """A filtered list has seen every row, and completion offers them all; one that broke off early offers none."""
    full("volume", "list", "--name", "data-*", "--limit", "1")
    full("volume", "list", "--name", "data-1")
    (kept,) = Path(".cache/nbs/names").iterdir()
    assert len(remembered(kept)) == 7
