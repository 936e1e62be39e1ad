"""csv and jsonl: RFC 4180 with wire names and defused formulas; one object a line."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest

from nbs_cli.cloud.resources import VOLUME
from nbs_cli.output.records import Format, JsonLines, Look
from nbs_cli.output.spreadsheet import Csv

FIELDS = VOLUME.named(("id", "name", "size", "attachments", "metadata", "description"))


def written(form: type[Format], rows: list[dict[str, Any]], look: Look | None = None) -> str:
    """What *form* writes of *rows* as a list."""
    stream = StringIO(newline="")
    made = form(stream, VOLUME, FIELDS, look or Look())
    made.start()
    made.page(rows[:1])
    made.page(rows[1:])
    made.end()
    return stream.getvalue()


def test_a_reader_of_csv_gets_it_back() -> None:
    """Commas, quotes, line ends and Korean survive; the header holds wire names; lines end as RFC 4180 says."""
    rows: list[dict[str, Any]] = [
        {"id": "1", "name": 'a,"b"\n한글', "size": 10, "attachments": [], "metadata": {"k": "v"}},
        {"id": "2"},
    ]
    text = written(Csv, rows)
    header, first, second = csv.reader(StringIO(text, newline=""))
    assert header == ["id", "name", "size", "attachments", "metadata", "description"]
    assert first == ["1", 'a,"b"\n한글', "10", "[]", '{"k":"v"}', ""]
    assert second == ["2", "", "", "", "", ""]
    assert text.count("\r\n") == 3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe (faults G5)."""
    _header, row = csv.reader(StringIO(written(Csv, [{"id": "1", "name": start + "cmd()"}]), newline=""))
    assert row[1] == "'" + start + "cmd()"


def test_the_header_can_be_left_out() -> None:
    """`--no-header` means csv as well."""
    assert written(Csv, [{"id": "1"}], Look(header=False)) == "1,,,,,\r\n"


def test_jsonl_is_an_object_a_line() -> None:
    """Every line is JSON by itself, also for a record that was asked for alone."""
    rows: list[dict[str, Any]] = [{"id": "1", "name": "a\nb", "nhn_internal": 1}, {"id": "2", "name": None}]
    lines = written(JsonLines, rows).splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["1", "2"]
    assert json.loads(lines[0])["name"] == "a\nb"
    stream = StringIO()
    JsonLines(stream, VOLUME, FIELDS, Look()).one(rows[0])
    assert stream.getvalue() == lines[0] + "\n"
