"""`snapshot list --volume` and `--timeline`: one volume's snapshots, as a list and as a picture."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.aged import aged
from tests.commands.conftest import World
from tests.conftest import NBS


@pytest.fixture
def volume(world: World, home: Path) -> str:
    """A volume with snapshots of a policy that the config file has, of one that it has not, and by hand."""
    config = home / ".config" / "nbs" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[retention.daily]\nkeep_last = 2\n", encoding="utf-8")
    volume_id = world.volume("운영-디스크")
    for day in range(4):
        aged(world.cloud, volume_id, 24 * day + 1, policy="daily")
    aged(world.cloud, volume_id, 30, policy="weekly")
    aged(world.cloud, volume_id, 50, policy=None, name="손으로")
    other = world.volume("other")
    aged(world.cloud, other, 9)
    return volume_id


def test_a_lane_for_each_policy(world: World, volume: str) -> None:
    """Kept and going ones where the rules are known, others where they are not; another volume's are not there."""
    lines = world("snapshot", "list", "--volume", "운영-디스크", "--timeline").out.splitlines()
    assert lines[0] == "운영-디스크"
    marks = {line.split()[0]: line for line in lines[1:4]}
    assert (marks["daily"].count("●"), marks["daily"].count("○")) == (2, 2)
    assert marks["daily"].endswith("2 of 4 kept")
    assert (marks["weekly"].count("◆"), marks["no"].count("◆")) == (1, 1)
    assert max(len(line) for line in lines) <= 80
    assert "Asia/Seoul" in lines[-1]


def test_in_ascii(world: World, volume: str) -> None:
    """Where the output cannot have these signs, plain ones stand for them."""
    import subprocess

    env = {**os.environ, **world.served.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [NBS, "snapshot", "list", "--volume", volume, "--timeline"], env=env, capture_output=True, check=True
    )
    text = done.stdout.decode("ascii")
    assert "#" in text
    assert "\\u25cf" not in text


def test_nothing_to_draw(world: World) -> None:
    """A volume without snapshots is told, exit 0; one that is not there is exit 3."""
    world.volume("empty")
    ran = world("snapshot", "list", "--volume", "empty", "--timeline")
    assert (ran.code, ran.out) == (0, "")
    assert "there are no snapshots of empty" in ran.err
    assert world("snapshot", "list", "--volume", "nowhere", "--timeline").code == 3


def test_the_list_of_a_volume(world: World, volume: str) -> None:
    """--volume keeps the others out; limit, offset and sort count among what is left."""
    rows = world.json("snapshot", "list", "--volume", volume, "--sort", "created:desc")
    assert len(rows) == 6
    assert {row["volume_id"] for row in rows} == {volume}
    assert rows == sorted(rows, key=lambda row: row["created_at"], reverse=True)
    part = world.json("snapshot", "list", "--volume", volume, "--sort", "created:desc", "--limit", "2", "--offset", "1")
    assert part == rows[1:3]
    assert world("snapshot", "list", "--volume", "nowhere").code == 3
