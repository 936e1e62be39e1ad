"""The time line: every moment has its place, the kept one is seen, the picture fits."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from nbs_cli.output.text import width
from nbs_cli.output.timeline import PLAIN, Lane, Signs, picture

NOW = datetime(2026, 3, 2, tzinfo=timezone.utc)
MOMENTS = st.lists(
    st.tuples(
        st.integers(0, 9000).map(lambda hours: NOW - timedelta(hours=hours)), st.sampled_from([True, False, None])
    ),
    min_size=1,
    max_size=30,
)


def test_a_picture() -> None:
    """Two lanes over one scale, the dates at both ends."""
    days = [NOW - timedelta(days=day) for day in range(0, 40, 10)]
    lanes = [
        Lane("daily", "2 of 4 kept", [(day, number < 2) for number, day in enumerate(days)]),
        Lane("손으로", "1", [(NOW - timedelta(days=15), None)]),
    ]
    assert picture(lanes, 60, PLAIN) == [
        "daily   o-----------o------------#------------#  2 of 4 kept",
        "손으로  -------------------+-------------------  1",
        "        2026-01-31     2026-02-15    2026-03-02",
    ]


@given(st.lists(MOMENTS, min_size=1, max_size=4), st.integers(50, 140))
def test_pictures_fit(many: list[list[tuple[datetime, bool | None]]], room: int) -> None:
    """No line is wider than the room; the newest stands at the right end, a kept one is never hidden."""
    lanes = [Lane(f"정책-{number}", "3 of 4 kept", moments) for number, moments in enumerate(many)]
    lines = picture(lanes, room, Signs())
    assert max(width(line) for line in lines) <= room
    for lane, line in zip(lanes, lines, strict=False):
        signs = line.split("  ")[1]
        assert ("●" in signs) == any(stays is True for _moment, stays in lane.moments)
        assert ("○" in signs) <= any(stays is False for _moment, stays in lane.moments)


def test_nothing_and_one() -> None:
    """No moments, no picture; a single one has its date."""
    assert picture([Lane("daily", "", [])], 80, PLAIN) == []
    lines = picture([Lane("daily", "1 of 1 kept", [(NOW, True)])], 80, PLAIN)
    assert lines[0].count("#") == 1
    assert lines[1].endswith("03-02 00:00")


def test_hostile_names() -> None:
    """A lane's name is made safe and shortened."""
    lines = picture([Lane("\x1b[31m" + "x" * 99, "1", [(NOW, None)])], 80, PLAIN)
    assert "\x1b" not in "".join(lines)
    assert width(lines[0]) <= 80
