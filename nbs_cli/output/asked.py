"""The answer of a query on stdout: the same data in every format, after all pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from nbs_cli.cloud.resources import Field, Resource
from nbs_cli.output.printer import SHAPELESS, Printer
from nbs_cli.output.query import Query
from nbs_cli.output.records import Format, Look, Record, Whole

_ALONE = "value"  # what stands over values that have no name, where something must


class Asked(Printer):
    """Collects the records as `-o json` has them, asks *query* of them once, and writes what it answers."""

    def __init__(self, stream: TextIO, look: Look, form: type[Format], query: Query) -> None:
        super().__init__(stream, look, form)
        self.query = query

    def list(self, resource: Resource, pages: Iterable[list[Record]], *, brief: bool = False) -> bool:
        """Collect all pages, then write the answer; gives whether there was a row."""
        project = resource.projection(self._fields(resource, brief=brief))
        rows = [project(row) for page in pages for row in page]
        self._write(resource, self.query.ask(rows))
        return bool(rows)

    def show(self, resource: Resource, records: Sequence[Record], *, several: bool = False) -> None:
        """Write the answer about one record alone, or about several as a list."""
        project = resource.projection(self._fields(resource))
        rows = [project(record) for record in records]
        for data in [rows] if several else rows:
            self._write(resource, self.query.ask(data))

    def data(self, value: Any) -> None:
        """Write the answer about what has no declared shape."""
        self._write(SHAPELESS, self.query.ask(value))

    def _usual(
        self,
        resource: Resource,
        known: tuple[Field, ...],
        *,
        alone: bool,
    ) -> tuple[Field, ...]:
        return known

    def _write(self, resource: Resource, answer: Any) -> None:
        if issubclass(self.form, Whole):
            self.form(self.stream, resource, (), self.look).data(answer)
        elif rows := _records(answer):
            shape = shaped(resource, rows)
            titled = self.look.output == "csv" or shape.field(_ALONE) is None
            look = self.look._replace(columns=self.query.text, header=self.look.header and titled)
            form = self.form(self.stream, shape, shape.fields, look)
            if isinstance(answer, dict) and answer:
                form.one(answer)
            else:
                form.start()
                form.page(rows)
                form.end()
        self.stream.flush()


def _records(answer: Any) -> list[Record]:
    """The answer as records: objects as they are, the values of lists under 1, 2, 3 …, anything else alone."""
    rows = answer if isinstance(answer, list) else [answer]
    if all(isinstance(row, dict) for row in rows):
        return [row for row in rows if row]
    if all(isinstance(row, list) for row in rows):
        return [{str(number): value for number, value in enumerate(row, 1)} for row in rows if row]
    return [{_ALONE: row} for row in rows]


def shaped(resource: Resource, rows: list[Record]) -> Resource:
    """The shape of *rows* made of *resource*: a field for every key; one of a known name is shown as that is."""
    keys = dict.fromkeys(key for row in rows for key in row)
    fields = tuple(
        Field(key, "") if known is None else known._replace(wire=key, short="", items=(), optional=False)
        for key, known in ((key, resource.field(key)) for key in keys)
    )
    return Resource(name="result", plural="results", path="", fields=fields, columns=tuple(keys))
