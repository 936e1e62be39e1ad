"""Which fields and which format a command's data gets."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest

from nbs_cli.cloud.resources import IMAGE, SNAPSHOT, VOLUME, VOLUME_TYPE, Resource
from nbs_cli.commands.shapes import OUTCOME, REQUEST
from nbs_cli.errors import Usage
from nbs_cli.output.lines import Lines
from nbs_cli.output.printer import Printer
from nbs_cli.output.records import FORMATS, Look
from tests.output.conftest import volume

RESOURCES = [VOLUME_TYPE, VOLUME, SNAPSHOT, IMAGE, OUTCOME, REQUEST]


def printer(**look: Any) -> tuple[Printer, StringIO]:
    """A printer of this look, and what it writes."""
    stream = StringIO()
    asked = Look(**look)
    return Printer(stream, asked, FORMATS.get(asked.output, Lines)), stream


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_every_field_can_be_named(resource: Resource) -> None:
    """By wire name and by heading, in any case; all of them at once."""
    for field in resource.fields:
        for name in {field.wire, field.heading, field.wire.upper()}:
            printer(columns=name)[0].check(resource)
    printer(columns=",".join(field.wire for field in resource.fields))[0].check(resource)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
@pytest.mark.parametrize(
    "name", ["", " ", ",", "id,", "xyzzy", "*", "id name", "[id]", "nhn_internal", "-nope", "+nope"]
)
def test_what_is_no_column_is_refused(resource: Resource, name: str) -> None:
    """Exit 2 with the columns that there are, or the nearest."""
    with pytest.raises(Usage, match="there is no column"):
        printer(columns=name)[0].check(resource)


@pytest.mark.parametrize(
    ("name", "nearest"), [("nmae", "name"), ("siz", "size"), ("volume_typ", "volume_type"), ("attachd", "attached")]
)
def test_the_nearest_column_is_offered(name: str, nearest: str) -> None:
    """A misspelt column is answered with the one that was meant."""
    with pytest.raises(Usage) as refused:
        printer(columns=name)[0].check(VOLUME)
    assert refused.value.hint == f"did you mean {nearest}?"


def test_a_column_twice_is_there_twice_for_people() -> None:
    """What was asked for is shown as it was asked for; JSON cannot hold a key twice."""
    people, out = printer(columns="id,id")
    people.list(VOLUME, [[volume(1)]])
    assert out.getvalue().splitlines()[0].split() == ["ID", "ID"]
    programs, document = printer(columns="id,id", output="json")
    programs.list(VOLUME, [[volume(1)]])
    assert json.loads(document.getvalue()) == [{"id": volume(1)["id"]}]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ("+bootable", ["ID", "NAME", "STATUS", "SIZE", "TYPE", "ZONE", "ATTACHED", "CREATED", "BOOTABLE"]),
        ("-type,-zone,-attached,-created", ["ID", "NAME", "STATUS", "SIZE"]),
        ("-id,+id,-type,-zone,-attached,-created", ["NAME", "STATUS", "SIZE", "ID"]),
        ("+id,-name,-status,-size,-type,-zone,-attached,-created", ["ID"]),
    ],
)
def test_the_usual_columns_can_be_changed(changes: str, expected: list[str]) -> None:
    """`+a` adds a column at the end, `-b` leaves one out, the others stay as they are."""
    people, out = printer(columns=changes)
    people.list(VOLUME, [[volume(1)]])
    assert out.getvalue().splitlines()[0].split() == expected


def test_signs_and_plain_names_are_not_mixed() -> None:
    """Whether `a` is added or chosen alone could not be told."""
    with pytest.raises(Usage, match="neither added nor left out"):
        printer(columns="+bootable,name")[0].check(VOLUME)


def test_a_failure_half_way_leaves_the_array_open() -> None:
    """Rows that came are written; the array is not closed, so that no program takes it for whole."""

    def pages() -> Any:
        yield [volume(1)]
        raise Usage("stop")

    writer, out = printer(output="json")
    with pytest.raises(Usage):
        writer.list(VOLUME, pages())
    assert volume(1)["id"] in out.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(out.getvalue())


def test_quiet_is_stronger_than_any_format() -> None:
    """`-q` prints IDs in every format: of an image its own, not the volume's."""
    for output in ("table", "json", "value"):
        writer, out = printer(output=output, quiet=True)
        writer.show(IMAGE, [{"image_id": "image", "id": "volume"}])
        assert out.getvalue() == "image\n"
