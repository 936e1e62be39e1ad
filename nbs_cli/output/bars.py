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

from nbs_cli.output.figures import Figure, Section, lines, longest
from nbs_cli.output.lines import GAP
from nbs_cli.output.text import safe

_WIDEST = 100  # columns of a picture
_BAR = 30
_SHORTEST = 8
_ALARM = 0.9  # of a limit: from here on it is red


def draw(sections: Sequence[Section], stream: TextIO, *, color: bool) -> None:
    """Write *sections* with a bar behind every figure that has a share, where there is room for one."""
    room = min(shutil.get_terminal_size().columns, _WIDEST) if stream.isatty() else _WIDEST
    console = Console(
        file=stream,
        width=_WIDEST + _BAR,  # rich would cut what it has no room for
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        legacy_windows=False,
    )
    for number, section in enumerate(sections):
        with console.capture() as drawn:
            console.print(Text(safe(section.title), style="bold"))
            console.print(_table(section, room))
        rows = "\n".join(line.rstrip(" ") for line in drawn.get().split("\n"))
        stream.write(("\n" if number else "") + rows)


def _table(section: Section, room: int) -> Table:
    """The figures, and their bars in what room they leave."""
    table = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    bar = min(_BAR, room - longest(section, room) - GAP)
    for figure, line in zip(section.figures, lines(section, room), strict=True):
        table.add_row(Text(line), _bar(figure, bar) if bar >= _SHORTEST else "")
    return table


def _bar(figure: Figure, longest: int) -> Bar | Text:
    """A bar no wider than it is long: the blanks behind it would be copied along."""
    if not figure.share:
        return Text("")
    length = max(1, round(min(1.0, figure.share) * longest * 8)) / 8  # the letters have eighths
    full = figure.bounded and figure.share >= _ALARM
    return Bar(math.ceil(length), 0, length, width=math.ceil(length), color="red" if full else "cyan")
