"""`nbs snapshot`: what is different from volumes."""

from __future__ import annotations

from tests.commands.conftest import World


def test_names_of_snapshots_are_not_names_of_volumes(world: World) -> None:
    """A ref means a snapshot where a snapshot is asked for, and a volume where a volume is."""
    volume = world.volume("data")
    snapshot = world.snapshot(volume, "data")
    assert world.json("snapshot", "show", "data")["id"] == snapshot
    assert world.json("volume", "show", "data")["id"] == volume


def test_an_older_server_knows_no_markers(world: World, build: object) -> None:
    """Snapshots are listed whole on a server that ignores markers on this list, and deleted by name there."""
    assert callable(build)
    old = build(snapshot_markers=False, page_default=10, page_cap=10)
    old.cloud.seed(1, 35)
    ids = old("snapshot", "list", "-q").out.splitlines()
    assert (len(ids), len(set(ids))) == (35, 35)
    assert old("snapshot", "delete", "-", "--yes", stdin="\n".join(ids)).code == 0
    assert old("snapshot", "list", "-q").out == ""


def test_a_description_leaves_room_for_the_mark(world: World) -> None:
    """255 characters in all: one that leaves no room for the mark is exit 2, and fits with `--no-request-key`."""
    world.volume("data")
    line = ["snapshot", "create", "data", "--description"]
    assert world(*line, "x" * 255).code == 2
    assert world.served.calls == []
    assert world(*line, "x" * 255, "--no-request-key").code == 0
    assert world(*line, "가" * 232).code == 0
