"""The data of one command on stdout, in the format that was asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from nbs_cli.cloud.resources import Field, Resource
from nbs_cli.errors import Failure, Usage
from nbs_cli.output.records import FORMATS, Format, Ids, Look, Record
from nbs_cli.output.words import _, plural

NAMES = ("table", *FORMATS)


class Printer:
    """Writes records to *stream*; `list` and `show` choose the fields, the format does the rest.

    *table* is the format for people: it depends on whether somebody is looking.
    """

    def __init__(self, stream: TextIO, look: Look, table: type[Format]) -> None:
        self.stream = stream
        self.look = look
        self.formats = {"table": table, **FORMATS}

    def list(self, resource: Resource, pages: Iterable[list[Record]], *, brief: bool = False) -> bool:
        """Write a list as its pages come; gives whether there was a row."""
        form = self._format(resource, self._fields(resource, brief=brief))
        form.start()
        count = 0
        try:
            for page in pages:
                form.page(page)
                self.stream.flush()
                count += len(page)
        except Failure as failure:
            if count:
                words = plural("after a row", "after {count} rows", count).format(count=count)
                failure.message = _("the list breaks off {where}: {why}").format(where=words, why=failure.message)
            raise
        if not count:
            form.page([])
        form.end()
        return count > 0

    def show(self, resource: Resource, records: Sequence[Record], *, several: bool = False) -> None:
        """Write one record alone, or several as a list that shows every field of each."""
        form = self._format(resource, self._fields(resource, alone=not several))
        if several:
            form.start()
            form.page(list(records))
            form.end()
        else:
            for record in records:
                form.one(record)
        self.stream.flush()

    def check(self, resource: Resource, *, brief: bool = False) -> None:
        """Raise Usage for a column that *resource* does not have, before anything is asked of the server."""
        self._fields(resource, brief=brief)

    def _fields(self, resource: Resource, *, brief: bool = False, alone: bool = False) -> tuple[Field, ...]:
        known = resource.named(resource.brief) if brief else resource.fields
        if self.look.columns is not None:
            return tuple(_named(resource, known, self.look.columns))
        form = self.formats[self.look.output]
        if not form.columns_by_default or (alone and self.look.output == "table"):
            return known
        return tuple(field for field in resource.named(resource.columns) if field in known)

    def _format(self, resource: Resource, fields: tuple[Field, ...]) -> Format:
        chosen = Ids if self.look.quiet else self.formats[self.look.output]
        return chosen(self.stream, resource, fields, self.look)


def _named(resource: Resource, known: tuple[Field, ...], text: str) -> Iterator[Field]:
    for name in text.split(","):
        field = resource.field(name.strip().lower())
        if field is None or field not in known:
            names = [field.heading for field in known]
            nearest = difflib.get_close_matches(name, [*names, *(field.wire for field in known)], 1)
            raise Usage(
                _("there is no column {name!r} here").format(name=name),
                hint=_("did you mean {name}?").format(name=nearest[0])
                if nearest
                else _("the columns are {names}").format(names=", ".join(names)),
            )
        yield field
