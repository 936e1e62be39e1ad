"""Bars on a terminal: figures with their share drawn beside them (owns rich's bars)."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from typing import TextIO

from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nbs_cli.output.figures import Figure, Section, lines
from nbs_cli.output.lines import GAP
from nbs_cli.output.text import safe, shorten, width

_WIDEST = 100  # columns of a picture
_BAR = 30
_SHORTEST = 8
_ALARM = 0.9  # of a limit: from here on it is red


def draw(sections: Sequence[Section], stream: TextIO, *, color: bool) -> None:
    """Write *sections* with a bar behind every figure that has a share."""
    room = min(shutil.get_terminal_size().columns, _WIDEST) if stream.isatty() else _WIDEST
    console = Console(
        file=stream,
        width=room,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        legacy_windows=False,
    )
    for number, section in enumerate(sections):
        with console.capture() as drawn:
            console.print(Text(safe(section.title), style="bold"))
            if any(figure.share is not None for figure in section.figures):
                console.print(_table(section, room))
        rows = "\n".join(line.rstrip(" ") for line in drawn.get().split("\n"))
        if all(figure.share is None for figure in section.figures):
            rows += "".join(f"{shorten(line, room)}\n" for line in lines(section))
        stream.write(("\n" if number else "") + rows)


def _table(section: Section, room: int) -> Table:
    """The figures with their bars, which have what room the cells leave."""
    table = Table(box=None, show_header=False, padding=(0, GAP, 0, 0), pad_edge=False)
    for place in range(len(section.figures[0].cells)):
        table.add_column(no_wrap=True, justify="right" if place in section.right else "left")
    longest = max(width(line) for line in lines(section))
    bar = min(_BAR, max(_SHORTEST, room - longest - GAP))
    table.add_column(no_wrap=True)
    for figure in section.figures:
        first, *rest = (safe(cell) for cell in figure.cells)
        table.add_row(Text(f"  {first}"), *map(Text, rest), _bar(figure, bar))
    return table


def _bar(figure: Figure, longest: int) -> Bar | Text:
    """A bar no wider than it is long: the blanks behind it would be copied along."""
    if not figure.share:
        return Text("")
    length = max(1, round(min(1.0, figure.share) * longest * 8)) / 8  # the letters have eighths
    full = figure.bounded and figure.share >= _ALARM
    return Bar(math.ceil(length), 0, length, width=math.ceil(length), color="red" if full else "cyan")
