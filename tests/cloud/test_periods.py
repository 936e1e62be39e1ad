"""Zones, calendar periods and windows: the same on every machine."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbs_cli.cloud import periods
from nbs_cli.cloud.periods import Window, window, zone
from nbs_cli.errors import Usage

MODERN = st.builds(
    lambda minutes: datetime(1988, 10, 10, tzinfo=timezone.utc) + timedelta(minutes=minutes), st.integers(0, 58_000_000)
)


@given(MODERN)
def test_seoul_is_built_in(moment: datetime) -> None:
    """Since October 1988 the built-in zone of Seoul is what the machine's zone data say."""
    there = moment.astimezone(zoneinfo.ZoneInfo("Asia/Seoul"))
    assert moment.astimezone(zone("Asia/Seoul")).replace(tzinfo=None) == there.replace(tzinfo=None)


def test_a_machine_without_zone_data() -> None:
    """Asia/Seoul and UTC are there all the same; any other zone is exit 2, with the way to get it."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert zone("Asia/Seoul").utcoffset(None) == timedelta(hours=9)
        assert zone("UTC").utcoffset(None) == timedelta()
        with pytest.raises(Usage, match="no time zone 'Europe/Berlin'") as refused:
            zone("Europe/Berlin")
    finally:
        zoneinfo.reset_tzpath(to=before)
    assert "pip install tzdata" in (refused.value.hint or "")


@pytest.mark.parametrize(
    "name", ["", "KST+9", "Asia", "../etc/passwd", "/etc/localtime", "localtime", "\x00", "서울", "posixrules"]
)
def test_no_zone(name: str) -> None:
    """What is no zone, and what is the zone of this machine, is refused."""
    with pytest.raises(Usage, match="no time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("36h", Window(hours=36)),
        ("14d", Window(days=14)),
        ("2w", Window(days=14)),
        ("6mo", Window(months=6)),
        ("1y6mo", Window(months=18)),
        ("2w1d12h", Window(days=15, hours=12)),
    ],
)
def test_windows(text: str, expected: Window) -> None:
    """A number and a unit, or several."""
    assert window(text) == expected


@pytest.mark.parametrize(
    "text", ["", "5m", "1M", "14", "d", "1d2d", "-1d", "0d", "0h0d", "1.5d", "1 d", "٣d", "1d ", "999999d", "1y5m"]
)
def test_no_window(text: str) -> None:
    """Nothing, `m`, no unit, a unit twice, signs, fractions, other digits: refused."""
    with pytest.raises(Usage, match="no stretch of time"):
        window(text)


@pytest.mark.parametrize(
    ("end", "text", "begin"),
    [
        ("2026-03-31T12:00", "1mo", "2026-02-28T23:59"),
        ("2024-03-31T12:00", "1mo", "2024-02-29T23:59"),
        ("2026-03-28T12:00", "1mo", "2026-02-28T12:00"),
        ("2024-02-29T12:00", "1y", "2023-02-28T23:59"),
        ("2026-01-15T12:00", "2mo3d4h", "2025-11-12T08:00"),
        ("2026-01-15T12:00", "9999y", "0001-01-02T09:00"),
    ],
)
def test_beginnings(end: str, text: str, begin: str) -> None:
    """Months by the calendar, clamped at their end; days and hours behind; never before the first year."""
    seoul = zone("Asia/Seoul")
    found = window(text).before(datetime.fromisoformat(end).replace(tzinfo=seoul), seoul)
    assert f"{found.astimezone(seoul):%Y-%m-%dT%H:%M}".zfill(16) == begin


@given(MODERN, MODERN, st.builds(Window, st.integers(0, 30), st.integers(0, 100), st.integers(0, 100)))
def test_later_ends_have_later_beginnings(one: datetime, other: datetime, stretch: Window) -> None:
    """Whatever the zone: this is what makes pruning often the same as pruning once."""
    for name in ("Asia/Seoul", "America/New_York", "Australia/Lord_Howe"):
        there = zone(name)
        begins = sorted((end, stretch.before(end, there)) for end in (one, other))
        assert begins[0][1] <= begins[1][1]


def test_periods() -> None:
    """The hour that comes twice is two; the ISO week belongs to the year of its Thursday."""
    new_york = zone("America/New_York")
    first, second = (datetime(2025, 11, 2, hour, 30, tzinfo=timezone.utc).astimezone(new_york) for hour in (5, 6))
    assert (first.hour, second.hour) == (1, 1)
    assert periods.hour(first) != periods.hour(second)
    assert periods.day(first) == periods.day(second)
    assert (
        periods.week(datetime(2024, 12, 30, tzinfo=timezone.utc))
        == periods.week(datetime(2025, 1, 5, tzinfo=timezone.utc))
        == (2025, 1)
    )
    assert periods.month(datetime(2024, 12, 30, tzinfo=timezone.utc)) == (2024, 12)
    assert periods.year(datetime(2024, 12, 30, tzinfo=timezone.utc)) == 2024
