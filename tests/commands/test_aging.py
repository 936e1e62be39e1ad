"""`--older-than` and `--newer-than`: ages by the server's clock, days and times of this machine's zone."""

from __future__ import annotations

import time

import pytest

from tests.aged import aged
from tests.commands.conftest import World


@pytest.fixture
def old(world: World) -> World:
    """A volume with snapshots that are an hour, two days and 100 days old, and the server's clock a year ahead."""
    volume = world.volume("db")
    world.cloud.advance(365 * 86_400)
    for hours in (1, 48, 2_400):
        aged(world.cloud, volume, hours, name=f"{hours}h")
    return world


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--older-than", "90d"], ["2400h"]),
        (["--older-than", "36h"], ["2400h", "48h"]),
        (["--newer-than", "36h"], ["1h"]),
        (["--older-than", "2h", "--newer-than", "3mo"], ["48h"]),
        (["--older-than", "1y"], []),
        (["--newer-than", "6mo", "--brief"], ["1h", "2400h", "48h"]),
    ],
)
def test_ages(old: World, options: list[str], names: list[str]) -> None:
    """What time it is the server says; both bounds go together, and with the short list of snapshots."""
    assert sorted(row["name"] for row in old.json("snapshot", "list", *options)) == names


def test_volumes_have_ages_too(old: World) -> None:
    """The same of volumes, with the other filters."""
    assert old("volume", "create", "--size", "1", "--name", "new").code == 0
    assert old("volume", "list", "--older-than", "6mo", "-c", "name", "-o", "value").out == "db\n"
    assert old("volume", "list", "--newer-than", "1d", "--name", "n*", "-c", "name", "-o", "value").out == "new\n"
    assert old("volume", "list", "--newer-than", "1d", "--brief").code == 2


def test_days_and_times_are_those_that_lists_show(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a zone they are of this machine's; with one they are of that."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    volume = world.volume("db")
    aged(world.cloud, volume, 0, name="s", created="2026-05-01T00:30:00.000000")  # 09:30 in Seoul
    for text, there in {
        "2026-05-01": False,
        "2026-05-01 09:29": False,
        "2026-05-01 09:31": True,
        "2026-05-01T00:31Z": True,
        "2026-05-01T00:29:00+00:00": False,
        "2026-05-02": True,
    }.items():
        assert bool(world.json("snapshot", "list", "--older-than", text)) is there, text
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize("text", ["", "3m", "90", "yesterday", "2026-13-01", "-1d", "0d"])
@pytest.mark.parametrize("option", ["--older-than", "--newer-than"])
def test_what_is_no_time_is_refused(world: World, option: str, text: str) -> None:
    """Exit 2, the option named, nothing asked."""
    ran = world("volume", "list", f"{option}={text}")
    assert ran.code == 2
    assert ran.err.startswith(f"nbs: {option}: {text!r} is neither an age nor a time\nhint: write it as 36h")
    assert world.served.calls == []


def test_a_time_line_takes_no_filters(world: World) -> None:
    """It would draw what was left out: refused, not passed over."""
    for options in (["--older-than", "1d"], ["--name", "x"], ["--limit", "1"], ["--watch"]):
        assert world("snapshot", "list", "--timeline", "--volume", "db", *options).code == 2
    assert world.served.calls == []
