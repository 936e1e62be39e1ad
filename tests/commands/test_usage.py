"""`nbs usage`: sums that add up, what stands out, quotas where they are told, for people and for programs."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.aged import aged
from tests.commands.conftest import World
from tests.test_terminal import Seen


@pytest.fixture
def full(build: Callable[..., World]) -> World:
    """Two types, two zones, one attached, one failed, an orphaned snapshot, and one that is 100 days old."""
    world = build(page_default=2, page_cap=2)
    attached = world.volume("db", 100, volume_type="General SSD", availability_zone="kr-pub-a")
    world.snapshot(attached, "old")
    world.snapshot(attached, "new")
    long_ago = time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime(time.time() - 100 * 86_400))
    world.cloud.attach(attached)
    world.volume("spare", 20, volume_type="General HDD", availability_zone="kr-pub-b")
    world.volume("broken", 5, volume_type="General HDD", availability_zone="kr-pub-b")
    lost = world.volume("lost", 7)
    world.snapshot(lost, "orphan")
    with world.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET status = 'error' WHERE name = 'broken'")
        turn.db.execute("UPDATE snapshots SET volume_id = 'gone' WHERE name = 'orphan'")
        turn.db.execute("UPDATE snapshots SET created_at = ? WHERE name = 'old'", (long_ago,))
    return world


def sums(rows: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """The sums of a division by their value."""
    return {row["value"]: (row["count"], row["gigabytes"]) for row in rows}


def test_the_figures_add_up(full: World) -> None:
    """Every division sums to the whole; quotas are the server's own."""
    got = full.json("usage")
    assert got["volumes"] == {"count": 4, "gigabytes": 132}
    assert got["snapshots"]["count"] == 3
    for name in ("by_type", "by_status", "by_zone"):
        assert sum(row["gigabytes"] for row in got[name]) == 132
        assert sum(row["count"] for row in got[name]) == 4
    assert sums(got["by_status"]) == {"in-use": (1, 100), "available": (2, 27), "error": (1, 5)}
    assert sums(got["by_zone"])["kr-pub-b"] == (2, 25)
    assert got["quota"]["volumes"] == {"used": 4, "limit": full.cloud.settings.volumes}
    assert got["quota"]["gigabytes"]["limit"] == full.cloud.settings.gigabytes


def test_what_stands_out_is_named_once(full: World) -> None:
    """Free volumes, failed ones, snapshots without their volume, old ones by the server's clock."""
    got = full.json("usage")
    assert {key: sorted(row["name"] for row in got[key]) for key in ("unattached", "failed", "orphaned", "stale")} == {
        "unattached": ["lost", "spare"],
        "failed": ["broken"],
        "orphaned": ["orphan"],
        "stale": ["old"],
    }
    assert full.json("usage", "--stale", "1y")["stale"] == []
    assert got["failed"][0]["kind"] == "volume"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "400 Bad Request", "200 OK"])
def test_a_server_without_limits_is_as_good(build: Callable[..., World], status: str) -> None:
    """GET /limits is not of the guide: without it everything else is told, and nothing is said of it."""

    def without(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if not environ["PATH_INFO"].endswith("/limits"):
                return app(environ, start_response)
            start_response(status, [("Content-Type", "application/json")])
            return [b'{"limits": []}']

        return answer

    world = build(wrap=without)
    world.volume("a")
    ran = world("usage", "-o", "json")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["quota"] is None
    assert json.loads(ran.out)["volumes"]["count"] == 1
    assert [call.path.rpartition("/")[2] for call in world.served.asked()][-1] == "limits"


def test_people_read_lines(full: World) -> None:
    """In a pipe: no bars, no colour, ages in words, IDs whole."""
    ran = full("usage")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^  volumes +4  of 10,000 +132 GB$", ran.out, re.MULTILINE)
    assert re.search(r"^  counted by the quota +\d+ GB  of 10,240 GB$", ran.out, re.MULTILINE)
    assert "volumes that no instance has: 2, 27 GB\n" in ran.out
    assert "snapshots older than 90d: 1, 100 GB\n" in ran.out
    assert re.search(r"^  [0-9a-f-]{36}  old  100 GB  3 months ago$", ran.out, re.MULTILINE)
    assert re.search(r"^  [0-9a-f-]{36}  broken  5 GB  error$", ran.out, re.MULTILINE)
    assert "\x1b" not in ran.out
    assert "█" not in ran.out


def test_colours_bring_bars(full: World) -> None:
    """The largest part is the longest bar, and no line ends with blanks."""
    out = full("usage", "--color", "always").out
    bars = {line.split()[0]: line.count("█") for line in out.splitlines() if "█" in line}
    assert bars["in-use"] > bars["available"] > bars["error"]
    assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_nothing_is_well_too(world: World) -> None:
    """An empty cloud has sums of nothing and no section of what stands out."""
    ran = world("usage")
    assert ran.code == 0
    assert ran.out.startswith("in all\n  volumes               0  of 10,000  0 GB\n")
    assert "by type" not in ran.out


@pytest.mark.parametrize("args", [["-q"], ["--stale", "90"], ["--stale", "3m"], ["-c", "sizes"]])
def test_what_has_no_answer_is_refused(world: World, args: list[str]) -> None:
    """Exit 2 before any request."""
    ran = world("usage", *args)
    assert (ran.code, ran.out) == (2, "")
    assert world.served.calls == []


def test_names_are_not_obeyed(world: World) -> None:
    """A name that a terminal would obey, or rich would read as markup, is shown."""
    world.volume("[red]x\u202e\x1b[2J")
    out = world("usage", "--color", "always").out
    assert "[red]x" in out
    assert not {"\u202e"} & set(out)
    assert "\x1b[2J" not in out


def test_a_query_is_answered(full: World) -> None:
    """Where something is asked of the figures that is the answer, and no picture."""
    assert full("usage", "--query", "orphaned[].name", "-o", "value").out == "orphan\n"
    assert full("usage", "--query", "by_status[0].value").out == "in-use\n"


def test_every_way_on_leads_there(full: World) -> None:
    """The commands of the hints, run as they are printed, list what the picture counts."""
    holder = full.volume("holder")
    for number in range(6):
        full.volume(f"free-{number}")
        full.snapshot(holder, f"orphan-{number}")
        aged(full.cloud, full.json("volume", "show", "db")["id"], 24 * 200)
    with full.cloud.writing() as turn:
        turn.db.execute("UPDATE snapshots SET volume_id = 'gone' WHERE volume_id = ?", (holder,))
        turn.db.execute("UPDATE volumes SET status = 'error_deleting' WHERE name = 'holder'")
    _code, said = Seen(["usage"], full.served.environ).end()
    hints = " ".join(said.partition("hint:")[2].split())
    commands = re.findall(r"`nbs ([^`]+)`", hints)
    assert len(commands) == 5
    listed = [full(*shlex.split(line), *([] if "--query" in line else ["-q"])).out.split() for line in commands]
    got = full.json("usage")
    wanted = {key: sorted(row["id"] for row in got[key]) for key in ("unattached", "failed", "orphaned", "stale")}
    assert [sorted(ids) for ids in (listed[0], listed[1] + listed[2], *listed[3:])] == list(wanted.values())
