"""Aligned lines without a terminal, and the columns that give way on a narrow one."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from nbs_cli.cloud.resources import VOLUME, Field, Kind
from nbs_cli.output.lines import Column, Lines, aligned, columns, narrowed, shown
from nbs_cli.output.records import Look
from tests.output.conftest import OBEYED, PAYLOADS, columns_of, volume

FIELDS = VOLUME.named(VOLUME.columns)


def listed(rows: list[dict[str, Any]], *, header: bool = True, pages: int = 1) -> list[str]:
    """The lines of a list of volumes, its rows in so many pages."""
    stream = StringIO()
    lines = Lines(stream, VOLUME, FIELDS, Look(header=header))
    lines.start()
    for number in range(pages):
        lines.page(rows[number::pages])
    lines.end()
    return stream.getvalue().splitlines()


def starts(line: str) -> list[int]:
    """The columns of the terminal where the cells of *line* begin, cells being two spaces or more apart."""
    places, column, spaces = [], 0, 2
    for char in line:
        if char == " ":
            spaces += 1
        else:
            if spaces >= 2:
                places.append(column)
            spaces = 0
        column += columns_of(char)
    return places


def test_columns_stand_under_each_other_by_display_width() -> None:
    """Korean names, long and short, leave every column where it is; sizes end where sizes end."""
    lines = listed([volume(1, name="가나다라마"), volume(2, name="x", size=2048), volume(3, name="e\u0301é한")])
    lefts = {tuple(starts(line)[:3]) for line in lines}
    assert len(lefts) == 1
    assert {starts(line)[4] for line in lines} == {starts(lines[0])[4]}
    assert len({columns_of(line[: line.index(" GB") + 3]) for line in lines[1:]}) == 1


def test_nothing_is_cut_or_wrapped() -> None:
    """However long a name is, it is there whole, on one line."""
    name = "아주 긴 이름 " * 30 + "end"
    lines = listed([volume(1, name=name), volume(2)])
    assert len(lines) == 3
    assert name in lines[1]


def test_no_line_ends_in_spaces() -> None:
    """A line ends where its text ends."""
    assert all(line == line.rstrip() for line in listed([volume(1), volume(2, created_at=None)]))


def test_later_pages_keep_the_widths_of_the_first() -> None:
    """One header, and what follows stays under it though it may be wider."""
    lines = listed([volume(1), volume(2, name="a much longer name than the first one")], pages=2)
    assert len(lines) == 3
    assert lines[2].startswith(lines[2].split()[0] + "  a much longer name")


def test_an_empty_list_is_its_header() -> None:
    """No row: the headings alone, or nothing at all without them."""
    assert listed([])[0].split() == ["ID", "NAME", "STATUS", "SIZE", "TYPE", "ZONE", "ATTACHED", "CREATED"]
    assert listed([], header=False) == []


def test_a_record_alone_is_a_line_for_each_field() -> None:
    """Wire names on the left, values aligned on the right."""
    stream = StringIO()
    Lines(stream, VOLUME, VOLUME.fields, Look()).one(volume(1, name="한글"))
    lines = stream.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == [field.wire for field in VOLUME.fields]
    assert len({starts(line)[1] for line in lines}) == 1


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_no_row_is_obeyed(text: str) -> None:
    """A hostile text in every field is one line of harmless text, in a list and alone."""
    record = volume(1, **dict.fromkeys(("name", "status", "volume_type", "availability_zone", "created_at"), text))
    record |= {"description": text, "metadata": {text: text}, "attachments": [{"server_id": text, "device": text}]}
    lines = listed([record, volume(2)])
    assert len(lines) == 3
    stream = StringIO()
    Lines(stream, VOLUME, VOLUME.fields, Look()).one(record)
    assert len(stream.getvalue().splitlines()) == len(VOLUME.fields)
    assert not OBEYED.search("".join(lines) + stream.getvalue())


def test_a_missing_field_is_nothing() -> None:
    """A field that the server left out is `-`, and no failure."""
    assert listed([{"id": "x"}])[1].split() == ["x", *["-"] * 7]


@pytest.mark.parametrize("room", [200, 120, 100, 90, 80, 70, 60, 50, 40, 36, 20, 1])
def test_columns_give_way_and_the_id_does_not(room: int) -> None:
    """Whatever the width, what is left fits, the ID is whole, and columns leave from the end."""
    rows = [shown(FIELDS, volume(1, name="아주 긴 한글 이름을 가진 블록 스토리지")), shown(FIELDS, volume(2))]
    wide = columns(FIELDS, rows)
    kept = narrowed(wide, room)
    total = sum(column.width for column in kept) + 2 * (len(kept) - 1)
    assert kept[0].field.wire == "id"
    assert kept[0].width == 36
    assert total <= max(room, 36)
    assert [column.field for column in kept] == list(FIELDS[: len(kept)])


def test_a_name_is_shortened_before_a_column_leaves() -> None:
    """A long name gives way first, down to twelve columns, so that the columns stay."""
    rows = [shown(FIELDS, volume(1, name="x" * 100))]
    wide = columns(FIELDS, rows)
    just = sum(column.width for column in wide) + 2 * (len(wide) - 1) - 88
    assert len(narrowed(wide, just)) == len(FIELDS)
    assert narrowed(wide, just)[1].width == 12
    assert len(narrowed(wide, just - 1)) < len(FIELDS)


def test_what_fits_is_left_alone() -> None:
    """Nothing is shortened where there is room."""
    wide = columns(FIELDS, [shown(FIELDS, volume(1))])
    assert narrowed(wide, sum(column.width + 2 for column in wide) - 2) == wide


@pytest.mark.parametrize(
    ("kind", "text", "fitted"),
    [
        (Kind.NAME, "short", "short     "),
        (Kind.NAME, "a very long name", "a very lo…"),
        (Kind.NAME, "한글한글한글", "한글한글… "),
        (Kind.SIZE, "10 GB", "     10 GB"),
        (Kind.ID, "longer than ten", "longer than ten"),
    ],
)
def test_a_cell_fits_its_column(kind: Kind, text: str, fitted: str) -> None:
    """Exactly as wide as its column; numbers to the right; an ID is never cut."""
    assert Column(Field("x", "", kind), 10).fit(text) == fitted


def test_a_small_table_in_a_message() -> None:
    """Rows of any values, aligned by display width; none are no lines."""
    assert aligned([["ID", "NAME"], ["1", "한글"], [22, "x"]]) == ["ID  NAME", "1   한글", "22  x"]
    assert aligned([]) == []
