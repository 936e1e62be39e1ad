"""Tables on a terminal: statuses in colour, columns that give way on a narrow one."""

from __future__ import annotations

import shutil

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from nbs_cli.cloud.resources import Field, Kind
from nbs_cli.output.cells import cell, hue
from nbs_cli.output.lines import GAP, Column, Lines, columns, narrowed, shown
from nbs_cli.output.records import Record
from nbs_cli.output.text import width

_NARROWEST = 24  # columns for a value beside its label
SCREENFUL = 200  # rows that rich lays out; beyond them plain lines, which look the same and cost a hundredth


class Table(Lines):
    """A table on a terminal: rich draws a screenful or two, plain lines the rest."""

    @property
    def room(self) -> int | None:
        """The columns of the terminal; None for a pipe that colours were asked for."""
        return shutil.get_terminal_size().columns if self.stream.isatty() else None

    def page(self, rows: list[Record]) -> None:
        """Lay the first page out; what follows keeps its columns."""
        cells = [shown(self.fields, row) for row in rows]
        first = self.layout is None
        if self.layout is None:
            self.layout = self._fitting(columns(self.fields, cells))
        if first and len(rows) <= SCREENFUL:
            needed = sum(column.width + GAP for column in self.layout)
            self._print(self._drawn(self.layout, rows), needed)
            return
        if first and self.look.header:
            self._lines(self.layout, [[column.heading for column in self.layout]])
        kept = self.layout
        fields = [column.field for column in kept]
        fitted = (zip(kept, shown(fields, row), strict=True) for row in rows)
        self._lines(kept, ([column.fit(text) for column, text in row] for row in fitted))

    def one(self, record: Record) -> None:
        """Draw every field on a line of its own, long values folded beside their label, or below it."""
        labels = max(width(field.wire) for field in self.fields) + GAP
        if self.room is not None and self.room < labels + _NARROWEST:
            self._below(record)
            return
        table = RichTable(box=None, show_header=False, padding=(0, GAP, 0, 0), pad_edge=False)
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for field in self.fields:
            table.add_row(field.wire, _styled(field, cell(field, record.get(field.wire), short=False)))
        self._print(table)

    def _print(self, table: RichTable, needed: int = 0) -> None:
        """Print without the blanks that rich fills the last column with: they would be copied along."""
        console = self._console(needed)
        with console.capture() as drawn:
            console.print(table)
        self.stream.write("\n".join(line.rstrip(" ") for line in drawn.get().split("\n")))

    def _below(self, record: Record) -> None:
        console = self._console()
        for field in self.fields:
            value = _styled(field, cell(field, record.get(field.wire), short=False))
            console.print(Text(field.wire, style="bold"), Padding(value, (0, 0, 0, GAP)), sep="\n", overflow="fold")

    def _fitting(self, wide: list[Column]) -> list[Column]:
        explicit = self.look.columns is not None  # the user named the columns: none gives way
        return wide if explicit or self.room is None else narrowed(wide, self.room)

    def _drawn(self, layout: list[Column], rows: list[Record]) -> RichTable:
        table = RichTable(
            box=None, show_header=self.look.header, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold"
        )
        for column in layout:
            table.add_column(
                column.heading, no_wrap=True, width=column.width, justify="right" if column.right else "left"
            )
        fields = [column.field for column in layout]
        for row in rows:
            texts = shown(fields, row)
            table.add_row(
                *(_styled(column.field, column.fit(text)) for column, text in zip(layout, texts, strict=True))
            )
        return table

    def drawn(self, rows: list[Record]) -> RichTable:
        """The rows as a table that fits, for a picture that changes."""
        return self._drawn(self._fitting(columns(self.fields, [shown(self.fields, row) for row in rows])), rows)

    def console(self, *, interactive: bool) -> Console:
        """A console on which a picture can be drawn in the place of the one before."""
        console = self._console()
        return Console(
            file=self.stream,
            width=console.width,
            force_terminal=interactive,
            no_color=not self.look.color,
            color_system="standard" if self.look.color else None,
            highlight=False,
        )

    def _console(self, needed: int = 0) -> Console:
        """A console as wide as the terminal, or as the table, for rich would cut what it has no room for."""
        return Console(
            file=self.stream,
            width=max(self.room or 10_000, needed),
            force_terminal=self.look.color,
            no_color=not self.look.color,
            color_system="standard" if self.look.color else None,
            highlight=False,
            soft_wrap=False,
            legacy_windows=False,
        )


def _styled(field: Field, text: str) -> Text:
    """Text that rich does not read markup in; a status in its colour."""
    return Text(text, style=hue(text.strip()) if field.kind is Kind.STATUS else "")
