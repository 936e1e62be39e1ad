"""Figures beside their names, in sections: data for a picture, and what they look like without a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nbs_cli.cloud.resources import Field, Kind
from nbs_cli.output.lines import GAP, columns, narrowed
from nbs_cli.output.text import safe, width

INDENT = 2


class Figure(NamedTuple):
    """A line: its cells, and how long its bar is (0 to 1); None for no bar; `bounded` where 1 is a limit."""

    cells: tuple[str, ...]
    share: float | None = None
    bounded: bool = False


class Section(NamedTuple):
    """Lines under a title; `kinds` says what the cells are: numbers stand under each other, names may be shortened."""

    title: str
    figures: Sequence[Figure]
    kinds: tuple[Kind, ...]


def plain(sections: Sequence[Section]) -> Iterator[str]:
    """The sections as lines, one figure each, without bars."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield safe(section.title)
        yield from lines(section)


def lines(section: Section, room: int | None = None) -> list[str]:
    """The figures of *section*, each on a line, without bars; in *room* columns where there is an end.

    Cells that are empty in every line take no room. No number is ever cut: the last cells give way to the others.
    """
    rows = [[safe(cell) for cell in figure.cells] for figure in section.figures]
    places = [place for place in range(len(section.kinds)) if any(row[place] for row in rows)]
    rows = [[row[place] for place in places] for row in rows]
    layout = columns([Field("", "", section.kinds[place]) for place in places], rows)
    if room is not None:
        layout = narrowed(layout, room - INDENT)
    return [
        " " * INDENT + (" " * GAP).join(column.fit(text) for column, text in zip(layout, row, strict=False)).rstrip()
        for row in rows
    ]


def longest(section: Section, room: int | None = None) -> int:
    """The columns of the longest of those lines."""
    return max((width(line) for line in lines(section, room)), default=0)
