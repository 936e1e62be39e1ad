"""Bars and plain figures: widths, limits, foreign text."""

from __future__ import annotations

import io

import pytest

from nbs_cli.cloud.resources import Kind
from nbs_cli.output.bars import draw
from nbs_cli.output.figures import Figure, Section, lines, plain
from nbs_cli.output.text import ago, width

SECTION = Section("크기", [Figure(("서울", "1"), 0.5), Figure(("b", "10"), 1.0, bounded=True)], (Kind.NAME, Kind.SIZE))
TOTAL = (Kind.NAME, Kind.SIZE, Kind.TEXT, Kind.SIZE, Kind.TEXT)
NOTICED = (Kind.ID, Kind.NAME, Kind.SIZE, Kind.STATUS)


def test_plain_lines_are_aligned_by_width() -> None:
    """Korean letters are two wide, numbers stand under each other."""
    assert list(plain([SECTION, SECTION]))[:4] == ["크기", "  서울   1", "  b     10", ""]


@pytest.mark.parametrize("columns", [16, 20, 40, 80, 200])
def test_bars_fit(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar has its share of the room; one at its limit is red."""
    monkeypatch.setenv("COLUMNS", str(columns))

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Screen()
    draw([SECTION], stream, color=False)
    drawn = stream.getvalue().splitlines()
    assert max(width(line) for line in drawn) <= columns
    assert columns > 16 or not any("█" in line for line in drawn)  # no room for one
    assert abs(drawn[2].count("█") - 2 * drawn[1].count("█")) <= 1
    colored = Screen()
    draw([SECTION], colored, color=True)
    assert ("\x1b[31" in colored.getvalue().splitlines()[2]) is (columns > 16)
    assert "\x1b[31" not in colored.getvalue().splitlines()[1]


@pytest.mark.parametrize("columns", [40, 50, 60, 70, 80])
def test_no_number_is_cut(columns: int) -> None:
    """On a narrow terminal names are shortened and last cells give way; a number or an ID is whole or not there."""
    total = Section("all", [Figure(("counted by the quota", "", "", "1,535 GB", "of 10,240 GB"))], TOTAL)
    noticed = Section("old", [Figure(("0" * 36, "업그레이드-전-스냅숏", "1,000 GB", "3 months ago"))], NOTICED)
    for section, whole in ((total, {"1,535 GB", "of 10,240 GB"}), (noticed, {"0" * 36, "1,000 GB", "3 months ago"})):
        (line,) = lines(section, columns)
        assert width(line) <= columns
        cells = {cell.strip() for cell in line.split("  ") if cell.strip()}
        assert {cell for cell in cells if cell[:1].isdecimal() or cell.startswith("of ")} <= whole
    assert "0" * 36 in lines(noticed, columns)[0]
    assert "1,535 GB" in lines(total, columns)[0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7_200, "2 hours ago"),
        (86_400, "1 day ago"),
        (59 * 86_400, "59 days ago"),
        (90 * 86_400, "3 months ago"),
        (800 * 86_400, "2 years ago"),
    ],
)
def test_ages_are_told_in_their_largest_unit(seconds: float, words: str) -> None:
    """What lies ahead, clocks being what they are, is just now."""
    assert ago(seconds) == words
