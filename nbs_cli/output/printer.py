"""The data of one command on stdout, in the format that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from nbs_cli.cloud.resources import Field, Resource
from nbs_cli.errors import Failure, Usage, nearest
from nbs_cli.output.records import Format, Ids, Json, Look, Record, Whole
from nbs_cli.output.words import _, plural

SHAPELESS = Resource(name="data", plural="data", path="", fields=(), columns=())


class Printer:
    """Writes records to *stream*; `list` and `show` choose the fields, the format *form* does the rest."""

    def __init__(self, stream: TextIO, look: Look, form: type[Format]) -> None:
        self.stream = stream
        self.look = look
        self.form = form

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
        self.stream.flush()
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

    def data(self, value: Any) -> None:
        """Write what has no declared shape as it is: JSON, where the format cannot write anything whatever."""
        form = self.form if issubclass(self.form, Whole) else Json
        form(self.stream, SHAPELESS, (), self.look).data(value)
        self.stream.flush()

    def check(self, resource: Resource, *, brief: bool = False) -> tuple[Field, ...]:
        """The fields of a list; raises Usage for a column that there is not, before anything is asked of the server."""
        return self._fields(resource, brief=brief)

    def _fields(self, resource: Resource, *, brief: bool = False, alone: bool = False) -> tuple[Field, ...]:
        known = resource.named(resource.brief) if brief else resource.fields
        usual = self._usual(resource, known, alone=alone)
        if self.look.columns is None:
            return usual
        names = [name.strip() for name in self.look.columns.split(",")]
        if names[0][:1] in {"+", "-"}:
            return _changed(resource, known, usual, names)
        return tuple(_named(resource, known, name) for name in names)

    def _usual(self, resource: Resource, known: tuple[Field, ...], *, alone: bool) -> tuple[Field, ...]:
        """The fields of *known* where the user named none."""
        if not self.form.columns_by_default or (alone and self.form.all_alone):
            return known
        return tuple(field for field in resource.named(resource.columns) if field in known)

    def _format(self, resource: Resource, fields: tuple[Field, ...]) -> Format:
        chosen = Ids if self.look.quiet else self.form
        return chosen(self.stream, resource, fields, self.look)


def _changed(
    resource: Resource, known: tuple[Field, ...], usual: tuple[Field, ...], names: list[str]
) -> tuple[Field, ...]:
    """The usual fields with the ones after a `+` added and the ones after a `-` left out."""
    fields = list(usual)
    for name in names:
        if name[:1] not in {"+", "-"}:
            raise Usage(
                _("{name!r} is neither added nor left out").format(name=name),
                hint=_("write `-c +{name}` or `-c -{name}`, or name all columns without signs").format(name=name),
            )
        field = _named(resource, known, name[1:])
        fields = [one for one in fields if one != field] + ([field] if name[0] == "+" else [])
    return tuple(fields)


def _named(resource: Resource, known: tuple[Field, ...], name: str) -> Field:
    field = resource.field(name.lower())
    if field is not None and field in known:
        return field
    names = dict.fromkeys([*(one.heading for one in known), *(one.wire for one in known)])  # many have but one
    raise Usage(
        _("there is no column {name!r} here").format(name=name),
        hint=nearest(name, list(names), _("the columns are {names}")),
    )
