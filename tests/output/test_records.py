"""Records for programs: JSON that parses everywhere, values that split, IDs alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbs_cli.cloud.resources import VOLUME
from nbs_cli.commands.shapes import OUTCOME
from nbs_cli.output.records import FORMATS, Format, Ids, Json, Look, Value
from tests.output.conftest import OBEYED, PAYLOADS, Pipe, Screen, volume

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def written(form: type[Format], rows: list[dict[str, Any]], stream: Any = None, pages: int = 1) -> str:
    """What a list of *rows* comes to in *form*, its rows in so many pages."""
    stream = stream or Pipe()
    writer = form(stream, VOLUME, VOLUME.fields, Look())
    writer.start()
    for number in range(pages):
        writer.page(rows[number::pages])
    writer.end()
    return str(stream.getvalue()) if isinstance(stream, StringIO) else ""


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (1, 1), (3, 1), (3, 3), (5, 2)])
def test_a_list_is_an_array_however_its_pages_come(rows: int, pages: int) -> None:
    """Streamed page by page, it is one array; a record is a line, so that `grep` works on it."""
    text = written(Json, [volume(number) for number in range(rows)], pages=pages)
    assert [row["id"] for row in json.loads(text)] == [
        volume(n)["id"] for p in range(pages) for n in range(p, rows, pages)
    ]
    assert len(text.splitlines()) == (rows + 2 if rows else 1)


def test_one_alone_is_an_object() -> None:
    """A record that was asked for alone is no array."""
    stream = Pipe()
    Json(stream, VOLUME, VOLUME.fields, Look()).one(volume(1))
    assert json.loads(stream.getvalue())["name"] == "data-1"
    assert stream.getvalue().count("\n") == 1


def test_what_the_guide_does_not_name_is_dropped() -> None:
    """Undocumented keys go, in attachments too; documented ones that are missing are null; values stay as they are."""
    record = {
        "id": "x",
        "size": "10",
        "nhn": 1,
        "attachments": [{"server_id": "s", "host_name": "h"}],
        "metadata": {"k": 1},
    }
    (row,) = json.loads(written(Json, [record]))
    assert row.keys() == {field.wire for field in VOLUME.fields}
    assert (row["size"], row["metadata"], row["name"]) == ("10", {"k": 1}, None)
    assert row["attachments"] == [
        {"server_id": "s", "attachment_id": None, "volume_id": None, "device": None, "id": None}
    ]


def test_an_optional_field_is_left_out() -> None:
    """An outcome without an error has no `error` key."""
    stream = Pipe()
    Json(stream, OUTCOME, OUTCOME.fields, Look()).one({"ref": "a", "id": "b", "outcome": "accepted"})
    assert json.loads(stream.getvalue()) == {"ref": "a", "id": "b", "outcome": "accepted"}


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp949", "latin-1", "UTF-16"])
@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_json_holds_every_text_and_obeys_none(text: str, encoding: str) -> None:
    """Strictly valid, the same text when parsed, no control, mark or half letter raw; ASCII where Unicode cannot go."""
    stream = Pipe(encoding)
    written(Json, [volume(1, name=text, metadata={text: text})], stream)
    document = stream.getvalue()
    (row,) = json.loads(document, strict=True)
    assert (row["name"], row["metadata"]) == (text, {text: text})
    assert not OBEYED.search(document)
    assert document.isascii() or "utf" in encoding.lower()


@pytest.mark.parametrize("columns", [80])
def test_json_on_a_terminal_is_indented_and_as_safe(screen: Callable[[int], Screen], columns: int) -> None:
    """People get it indented; it is the same document."""
    rows = [volume(number, name=text) for number, text in enumerate(PAYLOADS.values())]
    terminal = screen(columns)
    written(Json, rows, terminal.stream)
    assert [row["name"] for row in json.loads(terminal.text)] == list(PAYLOADS.values())
    assert not OBEYED.search(terminal.text)
    assert '\n  "name": ' in terminal.text


def test_another_parser_agrees() -> None:
    """`jq -e` takes the document and finds the same texts."""
    jq = shutil.which("jq")
    assert jq, "jq is needed here: apt-get install jq"
    texts = [text for text in PAYLOADS.values() if not any("\ud800" <= char <= "\udfff" for char in text)]
    document = written(Json, [volume(number, name=text) for number, text in enumerate(texts)])
    done = subprocess.run([jq, "-e", "[.[].name]"], input=document.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout) == texts


@given(ANY_JSON, ANY_JSON)
def test_values_come_back_as_the_server_sent_them(name: Any, metadata: Any) -> None:
    """Whatever the server put into a documented field is in the document unchanged."""
    (row,) = json.loads(written(Json, [volume(1, name=name, metadata=metadata)]))
    assert (row["name"], row["metadata"]) == (name, metadata)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("한글", "한글"),
        ("a\tb", "a\\tb"),
        ("a\nb\r", "a\\nb\\r"),
        ("a\\tb", "a\\\\tb"),
        (10, "10"),
        (True, "true"),
        ({"k": "v\t"}, '{"k":"v\\\\t"}'),
        ([1, None], "[1,null]"),
    ],
)
def test_values_are_split_by_tabs_alone(value: Any, text: str) -> None:
    """Tabs, line ends and backslashes inside a value are escaped; null is empty, the rest JSON."""
    line = written(Value, [volume(1, name=value)])
    assert line.split("\t")[1] == text
    assert line.count("\t") == len(VOLUME.fields) - 1
    assert line.count("\n") == 1


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_values_can_be_read_back(texts: list[str]) -> None:
    """A line is split at tabs and its escapes undone: the very texts that went in, whatever they hold."""
    lines = written(Value, [volume(1, name=text) for text in texts]).split("\n")[:-1]
    escapes = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    read = []
    for line in lines:
        cell, plain = line.split("\t")[1], ""
        while cell:
            piece = cell[:2] if cell[0] == "\\" else cell[0]
            plain, cell = plain + escapes.get(piece, piece), cell[len(piece) :]
        read.append(plain)
    assert read == texts


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_values_on_a_terminal_are_safe(screen: Callable[[int], Screen], text: str) -> None:
    """A terminal obeys nothing of a value; the tabs between the values are ours."""
    terminal = screen(80)
    written(Value, [volume(1, name=text, description=text)], terminal.stream)
    lines = terminal.text.splitlines()
    assert len(lines) == 1
    assert all(not OBEYED.search(cell) for cell in lines[0].split("\t"))


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_ids_are_safe_and_a_line_each(text: str) -> None:
    """Not even an ID is trusted."""
    lines = written(Ids, [{"id": text}, {"id": "b"}, {}])
    assert lines.count("\n") == 3
    assert not OBEYED.search(lines)


def test_every_format_takes_an_empty_list() -> None:
    """Nothing to write is no failure in any format."""
    assert {name: written(form, []) for name, form in FORMATS.items() if name in {"json", "value"}} == {
        "json": "[]\n",
        "value": "",
    }
