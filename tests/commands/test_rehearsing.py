"""`--dry-run` of every write: the requests that would go out, what they would meet, and not one of them sent."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.grammar import Grammar
from nbs_cli.sandbox.cloud import TENANT_ID
from tests.aged import aged, there
from tests.commands.conftest import World

TENANT = f"/v2/{TENANT_ID}"
REHEARSED = {
    "volume create": "volume create --size 1 --name new --count 2",
    "volume delete": "volume delete data --with-snapshots",
    "volume upload-image": "volume upload-image free --image-name golden",
    "snapshot create": "snapshot create data --name new",
    "snapshot delete": "snapshot delete night-1 night-2",
    "snapshot prune": "snapshot prune --volume data --keep-last 2 --apply",
    "snapshot rotate": "snapshot rotate data --keep-last 3",
    "api": 'api PUT /volumes/x --data \'{"volume": {"name": "y"}}\'',
}
READING = {"types", "usage", "auth", "profile", "sandbox", "doctor", "schema", "commands", "help", "completion"}


@pytest.fixture
def volume(world: World) -> str:
    """A volume with three nightly snapshots of the policy `default`, one made by hand, and a volume without any."""
    volume_id = world.volume("data")
    aged(world.cloud, volume_id, 5000, policy=None, name="손으로")
    for day in (3, 2, 1):
        aged(world.cloud, volume_id, 24 * day, name=f"night-{day}")
    world.volume("free")
    return volume_id


def writes(world: World) -> list[tuple[str, str]]:
    """Every request so far that is no read."""
    return [(call.method, call.path) for call in world.served.asked() if call.method != "GET"]


def test_every_write_can_be_rehearsed() -> None:
    """The commands with `--dry-run` are those that send a write: what is not here reads, or changes this machine."""
    nodes = [node for node in Grammar().nodes.values() if node.path and not node.commands]
    having = {node.path for node in nodes if any("--dry-run" in option.names for option in node.options)}
    assert having == REHEARSED.keys()
    others = {node.path for node in nodes} - having
    assert {path for path in others if path.split()[0] not in READING} == {
        f"{noun} {verb}" for noun in ("volume", "snapshot") for verb in ("list", "show", "wait")
    }


@pytest.mark.parametrize("path", REHEARSED)
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "yaml", "csv", "value"])
def test_none_of_them_is_sent(world: World, volume: str, path: str, form: str) -> None:
    """No POST, PUT or DELETE leaves, nothing changes, nothing is asked; each request has a forecast."""
    before = world.raw("GET", "/volumes/detail"), there(world.cloud)
    ran = world(*shlex.split(REHEARSED[path]), "--dry-run", "-o", form, env={"CI": "true"})
    assert ran.code == 0, ran.err
    assert "nothing was sent" in ran.err
    assert writes(world) == []
    assert (world.raw("GET", "/volumes/detail"), there(world.cloud)) == before
    rows = world.json(*shlex.split(REHEARSED[path]), "--dry-run")
    assert rows
    assert all(row["forecast"] and row["path"].startswith(TENANT) for row in rows)


def exact(world: World, typed: str) -> tuple[list[Any], list[Any]]:
    """The rehearsed requests, and those that the command then sends: methods and paths."""
    rehearsed = [(row["method"], row["path"]) for row in world.json(*shlex.split(typed), "--dry-run")]
    assert world(*shlex.split(typed), "--yes").code == 0
    return rehearsed, writes(world)


@pytest.mark.parametrize("path", [path for path in REHEARSED if path != "api"])
def test_they_are_what_is_sent(world: World, volume: str, path: str) -> None:
    """The command then sends those requests and no other; what goes one after the other, in that order."""
    rehearsed, sent = exact(world, REHEARSED[path])
    assert sorted(rehearsed) == sorted(sent)
    if path in {"snapshot prune", "snapshot rotate"}:
        assert rehearsed == sent


def test_a_plan_that_goes_too_far(world: World, volume: str) -> None:
    """`prune --apply` refuses it before any write, so does its rehearsal; a rotation would still make its snapshot."""
    ran = world("snapshot", "prune", "--volume", "data", "--keep-last", "1", "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert "--max-delete" in ran.err
    rows = world.json("snapshot", "rotate", "data", "--keep-last", "1", "--dry-run")
    assert [row["method"] for row in rows] == ["POST"]
    assert "nothing would be removed" in world("snapshot", "rotate", "data", "--keep-last", "1", "--dry-run").err


def test_a_rehearsed_rotation_reports_nothing(world: World, volume: str, tmp_path: Path) -> None:
    """Neither heartbeat nor metrics are written, for there was no run; nor is a jitter slept."""
    files = [tmp_path / "beat", tmp_path / "metrics"]
    words = ["--heartbeat-file", str(files[0]), "--metrics-file", str(files[1]), "--jitter", "1h"]
    assert world("snapshot", "rotate", "data", "--keep-last", "3", "--dry-run", *words).code == 0
    assert not any(file.exists() for file in files)


def test_a_key_that_was_used(world: World) -> None:
    """What a key made is not made again, and the rehearsal says so; other parameters are refused as the create is."""
    words = ["volume", "create", "--size", "1", "--name", "web", "--request-key", "job-1"]
    assert world(*words).code == 0
    ran = world(*words, "--dry-run", "-o", "json")
    assert (ran.code, ran.out) == (0, "[]\n")
    assert "was made with this request key; nothing is sent for it" in ran.err
    words[3] = "2"
    assert world(*words, "--dry-run").code == world(*words).code == 2
    assert len(writes(world)) == 1


def test_a_read_only_profile_rehearses_no_write(build: Callable[..., World]) -> None:
    """A profile that refuses the write refuses its rehearsal: the exit code is the command's own."""
    from tests.accounts import log_in

    world = build()
    log_in(world.nbs, world.served)
    assert world.nbs("profile", "set", "read_only", "true").code == 0
    for typed in REHEARSED.values():
        assert world.nbs(*shlex.split(typed), "--dry-run").code == 2
