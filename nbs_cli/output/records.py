"""Records for programs: json, jsonl and value; each format is one small class."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple, TextIO

from nbs_cli.cloud.resources import Field, Resource
from nbs_cli.output.cells import compact
from nbs_cli.output.text import safe, unicode_escaped

Record = dict[str, Any]


class Look(NamedTuple):
    """How output is to look: the format's name, columns as typed, IDs only, header or none, colour."""

    output: str = "table"
    columns: str | None = None
    quiet: bool = False
    header: bool = True
    color: bool = False


class Format:
    """How records leave on *stream*: `start`, then `page` after page, then `end`; or `one` record alone.

    *fields* are the ones to show. Where the user named none, `columns_by_default` says whether the format shows the
    columns of a table or everything documented, and `all_alone` whether one record alone shows everything all the same.
    """

    columns_by_default = True
    all_alone = False

    def __init__(self, stream: TextIO, resource: Resource, fields: tuple[Field, ...], look: Look) -> None:
        self.stream = stream
        self.resource = resource
        self.fields = fields
        self.look = look
        self.project = resource.projection(fields)

    def start(self) -> None:
        """Before the first page."""

    def page(self, rows: list[Record]) -> None:
        """Write rows that are there now."""
        raise NotImplementedError

    def end(self) -> None:
        """After the last page."""

    def one(self, record: Record) -> None:
        """Write one record that was asked for alone."""
        self.start()
        self.page([record])
        self.end()


class Whole(Format):
    """A format that can write any data, not only records."""

    columns_by_default = False

    def data(self, value: Any) -> None:
        """Write *value* as it is."""
        raise NotImplementedError


class Json(Whole):
    """The guide's fields under their wire names; a list is an array, streamed page by page.

    On a terminal it is indented; piped, every record of a list is one line.
    """

    @cached_property
    def encode(self) -> Callable[[Any], str]:
        """How a value becomes text here; made once, for `json.dumps` makes an encoder for every row."""
        ascii_only = "utf" not in (self.stream.encoding or "utf-8").lower()
        return json.JSONEncoder(ensure_ascii=ascii_only, indent=self.indented).encode

    def start(self) -> None:
        """Open the array."""
        self.separator = "["

    def page(self, rows: list[Record]) -> None:
        """Write the rows, each after its comma."""
        if rows:
            self._items(map(self.project, rows))

    def end(self) -> None:
        """Close the array; an empty one is `[]`."""
        self.stream.write("[]\n" if self.separator == "[" else "\n]\n")

    def one(self, record: Record) -> None:
        """Write the object alone."""
        self._alone(self.project(record))

    def data(self, value: Any) -> None:
        """Write *value*; a list as records are listed."""
        if not isinstance(value, list):
            self._alone(value)
            return
        self.start()
        if value:
            self._items(value)
        self.end()

    @property
    def indented(self) -> int | None:
        """How far inner lines stand in, for a person who looks; None for one line a record."""
        return 2 if self.stream.isatty() else None

    def _items(self, values: Iterable[Any]) -> None:
        """Write items of the array, each on lines of its own, after its comma."""
        self.stream.write(f"{self.separator}\n{self._joined(values, ',')}")
        self.separator = ","

    def _alone(self, value: Any) -> None:
        self.stream.write(self._joined([value], "") + "\n")

    def _joined(self, values: Iterable[Any], comma: str) -> str:
        encode = self.encode
        return f"{comma}\n".join([unicode_escaped(encode(value)) for value in values])


class JsonLines(Json):
    """The same objects, one a line, without an array around them."""

    def start(self) -> None:
        """Nothing stands before the first line."""

    def _items(self, values: Iterable[Any]) -> None:
        """Write a line for each."""
        self.stream.write(self._joined(values, "") + "\n")

    def end(self) -> None:
        """Nothing stands behind the last line."""

    @property
    def indented(self) -> int | None:
        """Never: a line is a record."""
        return None


class Value(Format):
    """Values separated by tabs, a record a line, no header; tabs and line ends inside values are escaped."""

    def page(self, rows: list[Record]) -> None:
        """Write a line for each row."""
        terminal = self.stream.isatty()
        for row in rows:
            line = "\t".join([_escaped(plain(value)) for value in self.project(row).values()])
            self.stream.write((_safe_line(line) if terminal else line) + "\n")


class Ids(Format):
    """Only the IDs, one a line (`-q`)."""

    def page(self, rows: list[Record]) -> None:
        """Write the ID of each row."""
        for row in rows:
            self.stream.write(f"{safe(str(row.get(self.resource.id_field) or ''))}\n")


def plain(value: Any) -> str:
    """A value for programs: nothing for null, text as it is, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else compact(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _safe_line(line: str) -> str:
    return "\t".join(safe(cell) for cell in line.split("\t"))


FORMATS: dict[str, type[Format]] = {"json": Json, "jsonl": JsonLines, "value": Value}
NAMES = ("table", "json", "jsonl", "yaml", "csv", "value")
