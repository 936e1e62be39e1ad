"""A volume with its snapshots: shown as a tree, deleted from the leaves to the root, told whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.commands.branching import picture
from nbs_cli.output.text import width
from tests.commands.conftest import INTERNAL, SNAPSHOT_KEYS, VOLUME_KEYS, World, errors
from tests.conftest import NBS
from tests.test_terminal import ESCAPE, Seen


@pytest.fixture
def grown(world: World) -> World:
    """Two volumes: `db` with two snapshots, `bare` with none."""
    volume = world.volume("db", 10)
    for name in ("one", "two"):
        world.snapshot(volume, name)
    world.volume("bare", 5)
    return world


def test_a_tree_shows_what_hangs_on_a_volume(grown: World) -> None:
    """A line each, the last branch with its own sign, IDs whole; from two lists."""
    lines = grown("volume", "show", "db", "bare", "--with-snapshots").out.splitlines()
    assert [line.split()[0] for line in lines] == ["db", "├──", "└──", "bare"]
    assert {line.split()[1] for line in lines[1:3]} == {"one", "two"}
    assert {call.path.rpartition("/")[2] for call in grown.served.asked("GET")} == {"detail"}


def test_programs_get_the_snapshots_inside(grown: World) -> None:
    """The documented fields of both, and nothing else; a bare one has an empty list."""
    one = grown.json("volume", "show", "db", "--with-snapshots")
    assert set(one) == VOLUME_KEYS | {"snapshots"}
    assert all(set(snapshot) == SNAPSHOT_KEYS for snapshot in one["snapshots"])
    assert [len(row["snapshots"]) for row in grown.json("volume", "show", "db", "bare", "--with-snapshots")] == [2, 0]


@pytest.mark.parametrize("room", [40, 60, 80, 120])
def test_a_tree_fits_the_terminal(room: int) -> None:
    """Names are shortened and columns give way; an ID is never cut, and there are signs for terminals without them."""
    record = {"name": "데이터베이스" * 4, "id": "0" * 36, "status": "in-use", "size": 100, "created_at": None}
    lines = picture([{**record, "snapshots": [record, record]}], room, utf8=True)
    assert all(width(line) <= max(room, 54) for line in lines)
    assert all("0" * 36 in line for line in lines)
    assert picture([{**record, "snapshots": [record]}], None, utf8=False)[1].startswith("`-- ")


def test_the_snapshots_go_first(grown: World) -> None:
    """Every snapshot is gone before the volume is asked for; each outcome has a row."""
    rows = grown.json("volume", "delete", "db", "--with-snapshots", "--yes", "--wait")
    assert [row["outcome"] for row in rows] == ["deleted"] * 3
    assert rows[-1]["ref"] == "db"
    paths = [call.path.split("/")[-2] for call in grown.served.asked("DELETE")]
    assert paths == ["snapshots", "snapshots", "volumes"]
    assert grown.names() == ["bare"]
    assert grown.names("snapshots") == []


def test_it_is_rehearsed(grown: World) -> None:
    """In the order in which it would go, and nothing goes."""
    rows = grown.json("volume", "delete", "db", "--with-snapshots", "--dry-run")
    assert [row["path"].split("/")[-2] for row in rows] == ["snapshots", "snapshots", "volumes"]
    assert {row["forecast"] for row in rows} == {"accepted"}
    assert grown.served.asked("DELETE") == []


def test_nobody_there_to_answer(grown: World) -> None:
    """Without a terminal and without --yes it is exit 2, nothing asked."""
    ran = grown("volume", "delete", "db", "--with-snapshots")
    assert ran.code == 2
    assert grown.served.calls == []


def test_an_attached_volume_keeps_its_snapshots(grown: World) -> None:
    """It is bound to be refused, so nothing of it is touched: exit 5; beside one that goes: exit 10."""
    volume = grown.json("volume", "show", "db")["id"]
    grown.cloud.attach(volume)
    ran = grown("volume", "delete", "db", "--with-snapshots", "--yes", "-o", "json")
    assert ran.code == 5
    assert "db was not deleted: it is attached to" in errors(ran)[-1]["message"]
    assert grown.served.asked("DELETE") == []
    assert grown("volume", "delete", "db", "bare", "--with-snapshots", "--yes").code == 10
    assert grown.names() == ["db"]
    assert grown.names("snapshots") == ["one", "two"]


def test_a_snapshot_that_stays_keeps_its_volume(build: Callable[..., World]) -> None:
    """One is refused: the others go, the volume is not asked for, exit 10 and each is told."""

    def stubborn(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["REQUEST_METHOD"] == "DELETE" and environ["PATH_INFO"].endswith(kept[0]):
                start_response("409 Conflict", [("Content-Type", "application/json")])
                return [b'{"conflictingRequest": {"message": "busy", "code": 409}}']
            return app(environ, start_response)

        return answer

    kept = ["nothing yet"]
    world = build(wrap=stubborn)
    volume = world.volume("db")
    world.snapshot(volume, "goes")
    kept[0] = world.snapshot(volume, "stays")
    ran = world("volume", "delete", "db", "--with-snapshots", "--yes", "-o", "json")
    outcomes = {row["id"]: row["outcome"] for row in json.loads(ran.out)}
    assert ran.code == 10
    assert outcomes[kept[0]] == outcomes[volume] == "failed"
    assert sorted(outcomes.values()) == ["deleted", "failed", "failed"]
    assert "db was not deleted: its snapshot stays is left" in ran.err
    assert world.names() == ["db"]
    assert [call for call in world.served.asked("DELETE") if "/volumes/" in call.path] == []


def test_what_is_not_there_may_be_passed_over(grown: World) -> None:
    """--ignore-missing works here too; without it nothing is done."""
    assert grown("volume", "delete", "db", "nothing", "--with-snapshots", "--yes").code == 3
    assert grown.names() == ["bare", "db"]
    assert grown("volume", "delete", "bare", "nothing", "--with-snapshots", "--yes", "--ignore-missing").code == 0
    assert grown.names() == ["db"]


def test_what_the_guide_does_not_document_stays_away(grown: World) -> None:
    """Of the snapshots inside too, in every format; a query is answered where a picture would have been."""
    for options in (
        ["-c", "name,snapshots"],
        ["-c", "snapshots", "-o", "csv"],
        ["-o", "yaml"],
        ["--query", "snapshots"],
    ):
        ran = grown("volume", "show", "db", "--with-snapshots", *options)
        assert (ran.code, INTERNAL in ran.out) == (0, False)
        assert "one" in ran.out
    assert grown("volume", "show", "db", "--with-snapshots", "--query", "length(snapshots)").out == "2\n"


def test_statuses_are_coloured_for_eyes_only(grown: World) -> None:
    """Green for what is well; the same letters without, and none in a pipe."""
    plain = grown("volume", "show", "db", "--with-snapshots").out
    colored = grown("volume", "show", "db", "--with-snapshots", "--color", "always").out
    assert colored.count("\x1b[32mavailable\x1b[0m") == 3
    assert re.sub(r"\x1b\[\d+m", "", colored) == plain


def test_the_question_counts_what_goes(grown: World) -> None:
    """The tree fits the terminal; an attached volume is told to stay and is not counted; a no leaves all."""
    grown.cloud.attach(grown.json("volume", "show", "bare")["id"])
    seen = Seen(["volume", "delete", "db", "bare", "--with-snapshots"], grown.served.environ)
    shown = seen.until("[y/N]")
    rows = [ESCAPE.sub("", row) for row in shown.split("\r\n")]
    assert all(width(row) <= 80 for row in rows)
    assert [row.split()[0] for row in rows[:4]] == ["db", "├──", "└──", "bare"]
    assert "bare stays: it is attached" in shown
    assert "Delete 1 volume and 2 snapshots?" in shown
    seen.type("n\r")
    assert seen.end()[0] == 0
    assert grown.names() == ["bare", "db"]


def test_nothing_is_asked_where_nothing_would_go(grown: World) -> None:
    """Every volume stays: that is told, and ends with 5."""
    grown.cloud.attach(grown.json("volume", "show", "db")["id"])
    seen = Seen(["volume", "delete", "db", "--with-snapshots"], grown.served.environ)
    code, said = seen.end()
    assert code == 5
    assert "[y/N]" not in said
    assert grown.names("snapshots") == ["one", "two"]


def test_ctrl_c_between_the_snapshots_and_the_volume(build: Callable[..., World]) -> None:
    """What was asked is told, the volumes were not reached and are there; the same command goes on from there."""
    world = build(delay=3)
    volume = world.volume("db")
    world.volume("bare")
    world.cloud.advance(60)
    world.snapshot(volume, "leaf")
    world.cloud.advance(60)
    words = ["volume", "delete", "db", "bare", "--with-snapshots"]
    seen = Seen(words, {**world.served.environ, "NO_COLOR": "1"})
    seen.until("[y/N]")
    seen.type("y\r")
    seen.until("deleting")
    seen.child.sendintr()
    code, said = seen.end()
    assert code == 130
    rows = [row.split("  ")[-1].strip() for row in said.split("\r\n")]
    assert (rows.count("accepted"), rows.count("not tried")) == (1, 2), said
    assert "interrupted" in said
    assert world.names() == ["bare", "db"]
    world.cloud.advance(60)
    assert world("volume", "delete", "db", "bare", "--with-snapshots", "--yes").code == 0


def test_ctrl_c_in_a_plain_wait(build: Callable[..., World], tmp_path: Path) -> None:
    """A delete that is waited for gives its rows too when the wait is interrupted."""
    world = build(delay=3)
    world.volume("one")
    world.volume("two")
    world.cloud.advance(60)
    with (tmp_path / "rows").open("w") as rows:
        words = [NBS, "volume", "delete", "one", "two", "--yes", "--wait", "-o", "json"]
        child = subprocess.Popen(
            words, env={**os.environ, **world.served.environ}, stdout=rows, stderr=subprocess.PIPE, text=True
        )
        assert child.stderr is not None
        assert "deleting" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
    assert child.returncode == 130
    assert [row["outcome"] for row in json.loads((tmp_path / "rows").read_text())] == ["accepted", "accepted"]


def test_no_snapshots_are_not_asked_about(grown: World) -> None:
    """Nought snapshots are no part of the question."""
    seen = Seen(["volume", "delete", "bare", "--with-snapshots"], grown.served.environ)
    seen.until("Delete 1 volume? It cannot be undone. [y/N]")
    seen.type("y\r")
    assert seen.end()[0] == 0
