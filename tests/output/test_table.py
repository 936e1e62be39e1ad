"""Tables on a terminal: they fit, nothing is cut that must not be, colours are for people alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, VOLUME_TYPE, Resource
from nbs_cli.output.records import Look
from nbs_cli.output.table import SCREENFUL, Table
from tests.output.conftest import OBEYED, PAYLOADS, Screen, columns_of, volume

STYLE = re.compile("\x1b\\[[0-9;]*m")
Make = Callable[[int], Screen]


def drawn(
    stream: Any, rows: list[dict[str, Any]], look: Look | None = None, resource: Resource = VOLUME, names: Any = None
) -> None:
    """Draw a list of *rows* as the command does."""
    table = Table(stream, resource, resource.named(names or resource.columns), look or Look())
    table.start()
    table.page(rows)
    table.end()
    stream.flush()


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 132, 200])
def test_a_table_fits_its_terminal(screen: Make, columns: int) -> None:
    """No line is wider than the terminal, every ID is whole, every row is one line."""
    terminal = screen(columns)
    drawn(terminal.stream, [volume(number, name="블록 스토리지 " * number) for number in range(1, 9)])
    lines = terminal.text.splitlines()
    assert len(lines) == 9
    assert all(columns_of(line.rstrip()) <= columns for line in lines)
    assert [line.split()[0] for line in lines[1:]] == [volume(number)["id"] for number in range(1, 9)]


@pytest.mark.parametrize("columns", [20, 36])
def test_an_id_is_whole_on_the_narrowest_terminal(screen: Make, columns: int) -> None:
    """Where even the ID does not fit, it is not cut: the terminal wraps it."""
    terminal = screen(columns)
    drawn(terminal.stream, [volume(1)])
    assert volume(1)["id"] in terminal.text


@pytest.mark.parametrize("columns", [40, 80])
def test_columns_that_were_asked_for_stay(screen: Make, columns: int) -> None:
    """Named columns are all there and whole, even where the terminal has to wrap them."""
    terminal = screen(columns)
    names = ("name", "id", "user_id", "snapshot_id", "created_at")
    rows = [volume(1, name="이름" * 20, user_id="u" * 32, snapshot_id="s" * 36)]
    drawn(terminal.stream, rows, Look(columns=",".join(names)), names=names)
    for text in (rows[0]["id"], "u" * 32, "s" * 36, "이름" * 20, "2018-12-18 05:43"):
        assert text in terminal.text
    assert len(terminal.text.splitlines()) == 2


def test_a_wide_terminal_shows_everything(screen: Make) -> None:
    """With room enough the columns are those of a pipe."""
    terminal = screen(200)
    drawn(terminal.stream, [volume(1)])
    pipe = StringIO()
    drawn(pipe, [volume(1)])
    assert [line.split() for line in terminal.text.splitlines()] == [
        line.split() for line in pipe.getvalue().splitlines()
    ]


@pytest.mark.parametrize("count", [SCREENFUL, SCREENFUL + 1])
def test_long_lists_look_like_short_ones(screen: Make, count: int) -> None:
    """Rows beyond a screenful are plain lines with the same columns."""
    terminal = screen(80)
    drawn(terminal.stream, [volume(number, name="한글 이름" * 5) for number in range(count)])
    lines = terminal.text.splitlines()
    assert len(lines) == count + 1
    assert len({line[38:].rstrip() for line in lines[1:]}) == 1
    assert all(columns_of(line.rstrip()) <= 80 for line in lines)


def test_later_pages_keep_the_columns(screen: Make) -> None:
    """A second page has no header and stands under the first."""
    terminal = screen(80)
    table = Table(terminal.stream, VOLUME, VOLUME.named(VOLUME.columns), Look())
    table.start()
    table.page([volume(1)])
    table.page([volume(2), volume(3, name="long " * 20)])
    lines = terminal.text.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", *(volume(number)["id"] for number in (1, 2, 3))]
    assert len({line.rstrip().rindex("available") for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("available", "32"),
        ("in-use", "32"),
        ("error", "31"),
        ("error_deleting", "31"),
        ("creating", "33"),
        ("reserved", "33"),
    ],
)
def test_a_status_has_its_colour(screen: Make, status: str, code: str) -> None:
    """Green for what is well, red for errors, yellow for what is on its way; nothing else is coloured."""
    terminal = screen(100)
    drawn(terminal.stream, [volume(1, status=status)], Look(color=True))
    row = terminal.text.splitlines()[1]
    assert f"\x1b[{code}m{status}" in row
    assert len(STYLE.findall(row)) == 2


def test_without_colour_there_is_none(screen: Make) -> None:
    """A terminal without colours gets no escape sequence at all."""
    terminal = screen(80)
    drawn(terminal.stream, [volume(1)])
    Table(terminal.stream, VOLUME, VOLUME.fields, Look()).one(volume(1))
    assert "\x1b" not in terminal.text


def test_colours_in_a_pipe_change_nothing_else() -> None:
    """With `--color always` a pipe gets the same text, in one line however long, in colours."""
    plain, coloured = StringIO(), StringIO()
    rows = [volume(1, name="이름 " * 60), volume(2)]
    drawn(plain, rows)
    drawn(coloured, rows, Look(color=True))
    stripped = STYLE.sub("", coloured.getvalue())
    assert [line.split() for line in stripped.splitlines()] == [line.split() for line in plain.getvalue().splitlines()]
    assert "\x1b[32mavailable" in coloured.getvalue()


def test_no_header(screen: Make) -> None:
    """`--no-header` leaves the rows."""
    terminal = screen(80)
    drawn(terminal.stream, [volume(1)], Look(header=False))
    assert len(terminal.text.splitlines()) == 1


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_record_alone_folds_beside_its_label(screen: Make, columns: int) -> None:
    """Every field is there, long values go on below themselves, nothing is lost."""
    terminal = screen(columns)
    link = {"href": "https://kr1.example/" + "x" * 150, "rel": "self"}
    record = volume(1, name="한글 이름 " * 12, links=[link], description="words " * 30)
    Table(terminal.stream, VOLUME, VOLUME.fields, Look()).one(record)
    lines = terminal.text.splitlines()
    assert all(columns_of(line.rstrip()) <= columns for line in lines)
    folded = re.sub(r"\s", "", terminal.text)
    for value in (record["id"], link["href"], record["name"], record["description"]):
        assert re.sub(r"\s", "", value) in folded
    assert all(any(line.startswith(field.wire[: columns // 2]) for line in lines) for field in VOLUME.fields)


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_no_row_is_obeyed(screen: Make, text: str) -> None:
    """A hostile text in every field reaches the terminal as harmless text, in one row; markup stays literal."""
    record = volume(1, **dict.fromkeys(("name", "status", "volume_type", "availability_zone", "created_at"), text))
    record |= {"description": text, "metadata": {text: text}, "attachments": [{"server_id": text, "device": text}]}
    terminal = screen(500)
    drawn(terminal.stream, [record, volume(2)])
    assert terminal.text.count("\n") == 3
    assert not OBEYED.search(terminal.text)
    alone = screen(80)
    Table(alone.stream, VOLUME, VOLUME.fields, Look()).one(record)
    assert not OBEYED.search(alone.text)
    if "[" in text and "\x1b" not in text:
        assert text in terminal.text


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_colours_come_from_us_alone(screen: Make, text: str) -> None:
    """With colours on, a hostile status adds no escape sequence to those of a harmless one."""
    sequences = []
    for status in ("reserved", text):
        terminal = screen(300)
        drawn(terminal.stream, [volume(1, status=status, name=status)], Look(color=True))
        sequences.append(STYLE.findall(terminal.text))
        assert not OBEYED.search(STYLE.sub("", terminal.text))
    assert sequences[0] == sequences[1]


@pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT, VOLUME_TYPE])
def test_an_empty_list_is_its_header(screen: Make, resource: Resource) -> None:
    """No rows: the headings."""
    terminal = screen(100)
    drawn(terminal.stream, [], resource=resource)
    assert terminal.text.split() == [field.heading.upper() for field in resource.named(resource.columns)]
