"""Figures beside their names, in sections: data for a picture, and what they look like without a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbs_cli.output.lines import aligned
from nbs_cli.output.text import safe


@dataclass(frozen=True)
class Figure:
    """A line: its cells, and how long its bar is (0 to 1); None for no bar; `bounded` where 1 is a limit."""

    cells: tuple[str, ...]
    share: float | None = None
    bounded: bool = False


@dataclass(frozen=True)
class Section:
    """Lines under a title; `right` says which cells are numbers."""

    title: str
    figures: Sequence[Figure]
    right: frozenset[int] = frozenset()


def plain(sections: Sequence[Section]) -> Iterator[str]:
    """The sections as lines, one figure each, without bars."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield safe(section.title)
        yield from lines(section)


def lines(section: Section) -> list[str]:
    """The figures of *section*, each on a line, without bars."""
    return [f"  {line}" for line in aligned(_filled(section))]


def _filled(section: Section) -> list[list[str]]:
    """The cells, numbers pushed to the right."""
    rows = [[safe(cell) for cell in figure.cells] for figure in section.figures]
    for place in section.right:
        longest = max((len(row[place]) for row in rows), default=0)
        for row in rows:
            row[place] = row[place].rjust(longest)
    return rows
