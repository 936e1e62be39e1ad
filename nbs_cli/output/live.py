"""A table that is drawn anew in its place, on a terminal; its last picture stays (owns rich's live pictures)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.text import Text

from nbs_cli.output.records import Record
from nbs_cli.output.table import Table
from nbs_cli.output.text import safe, shorten

Picture = tuple[str, list[Record], list[str]]  # a title, the rows, lines below


def show(table: Table, pictures: Iterable[Picture]) -> None:
    """Draw each of *pictures* in the place of the one before, until there is none or a signal comes."""
    console = table.console(interactive=True)
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        for title, rows, below in pictures:
            live.update(_drawn(table, title, rows, below), refresh=True)


def _drawn(table: Table, title: str, rows: list[Record], below: list[str]) -> Any:
    room = table.room or 80
    lines = [Text(shorten(safe(line), room), style="yellow") for line in below]
    head = Text(shorten(safe(title), room), style="dim")
    return Group(head, table.drawn(rows), *lines)
