"""Aligned lines: columns that fit, one row a line, streamed; what a table looks like without a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nbs_cli.cloud.resources import Field, Kind
from nbs_cli.output.cells import cell
from nbs_cli.output.records import Format, Record
from nbs_cli.output.text import pad, shorten, width

GAP = 2
_SHORTENED = {Kind.NAME, Kind.TEXT, Kind.DESCRIPTION, Kind.METADATA, Kind.OBJECT}
_NARROWEST = 12  # columns that a shortened cell keeps


class Column:
    """A field and the columns of the terminal that it takes."""

    def __init__(self, field: Field, width: int) -> None:
        self.field = field
        self.width = width

    @property
    def heading(self) -> str:
        """What stands over it."""
        return self.field.heading.upper()

    @property
    def right(self) -> bool:
        """Whether numbers stand under each other."""
        return self.field.kind is Kind.SIZE

    def fit(self, text: str) -> str:
        """Give *text* in exactly this width; longer text is left whole unless it may be shortened."""
        if self.field.kind in _SHORTENED:
            text = shorten(text, self.width)
        space = " " * (self.width - width(text))
        return space + text if self.right else text + space


def aside(text: str, columns: int, right: bool) -> str:
    """*text* filled up to *columns*, on its right, or on its left for numbers."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def columns(fields: Iterable[Field], rows: Sequence[Sequence[str]]) -> list[Column]:
    """Columns as wide as their headings and the cells of *rows*."""
    return [
        Column(field, max([width(field.heading), *(width(row[number]) for row in rows)]))
        for number, field in enumerate(fields)
    ]


def narrowed(wide: list[Column], room: int) -> list[Column]:
    """Make *wide* fit *room* columns: first names are shortened, then the last columns give way; IDs are never cut."""
    kept = list(wide)
    while len(kept) > 1:
        excess = sum(column.width + GAP for column in kept) - GAP - room
        if excess <= 0:
            return kept
        supple = [column for column in kept if column.field.kind in _SHORTENED]
        spare = sum(max(0, column.width - _NARROWEST) for column in supple)
        if excess <= spare:
            return _shortened(kept, excess)
        kept.pop()
    return kept


def _shortened(kept: list[Column], excess: int) -> list[Column]:
    """Take *excess* from the widest of the supple columns, one at a time."""
    taken = [Column(column.field, column.width) for column in kept]
    for _step in range(excess):
        widest = max((column for column in taken if column.field.kind in _SHORTENED), key=lambda column: column.width)
        widest.width -= 1
    return taken


def shown(fields: Sequence[Field], row: Record) -> list[str]:
    """The cells of *row* as people read them."""
    return [cell(field, row.get(field.wire)) for field in fields]


class Lines(Format):
    """A table as plain lines: widths are settled on the first page, nothing is cut, wrapped or coloured."""

    all_alone = True

    def start(self) -> None:
        """Nothing is written before the widths are known."""
        self.layout: list[Column] | None = None

    def page(self, rows: list[Record]) -> None:
        """Write the rows, under a header when they are the first."""
        cells = [shown(self.fields, row) for row in rows]
        if self.layout is None:
            self.layout = columns(self.fields, cells)
            if self.look.header:
                self._lines(self.layout, [[column.heading for column in self.layout]])
        self._lines(self.layout, cells)

    def _lines(self, layout: list[Column], rows: Iterable[Sequence[str]]) -> None:
        places = [(column.width, column.right) for column in layout]
        lines = [
            (" " * GAP).join([aside(text, *place) for text, place in zip(row, places, strict=True)]).rstrip()
            for row in rows
        ]
        self.stream.write("".join([f"{line}\n" for line in lines]))

    def one(self, record: Record) -> None:
        """Write every field on a line of its own."""
        labels = [field.wire for field in self.fields]
        space = max(width(label) for label in labels) + GAP
        for field, label in zip(self.fields, labels, strict=True):
            self.stream.write(f"{pad(label, space)}{cell(field, record.get(field.wire), short=False)}\n")


def aligned(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Plain rows as aligned lines, for a small table inside a message."""
    texts = [[str(value) for value in row] for row in rows]
    widths = [max(width(row[number]) for row in texts) for number in range(len(texts[0]))] if texts else []
    return [
        (" " * GAP).join(pad(text, space) for text, space in zip(row, widths, strict=True)).rstrip() for row in texts
    ]
