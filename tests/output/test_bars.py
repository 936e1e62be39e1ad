"""Bars and plain figures: widths, limits, foreign text."""

from __future__ import annotations

import io

import pytest

from nbs_cli.output.bars import draw
from nbs_cli.output.figures import Figure, Section, plain
from nbs_cli.output.text import ago, width

SECTION = Section("크기", [Figure(("서울", "1"), 0.5), Figure(("b", "10"), 1.0, bounded=True)], frozenset({1}))


def test_plain_lines_are_aligned_by_width() -> None:
    """Korean letters are two wide, numbers stand under each other."""
    assert list(plain([SECTION, SECTION]))[:4] == ["크기", "  서울   1", "  b     10", ""]


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_bars_fit(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar has its share of the room; one at its limit is red."""
    monkeypatch.setenv("COLUMNS", str(columns))

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Screen()
    draw([SECTION], stream, color=False)
    lines = stream.getvalue().splitlines()
    assert max(width(line) for line in lines) <= columns
    assert abs(lines[2].count("█") - 2 * lines[1].count("█")) <= 1
    colored = Screen()
    draw([SECTION], colored, color=True)
    assert "\x1b[31" in colored.getvalue().splitlines()[2]
    assert "\x1b[31" not in colored.getvalue().splitlines()[1]


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
