"""JSON that a person gives: typed, from a file, from standard input; everything else is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from nbs_cli.errors import Usage
from nbs_cli.local.given import data


def test_three_ways(tmp_path: Path) -> None:
    """The same object whichever way it comes."""
    body = {"volume": {"name": "볼륨", "size": 10}}
    text = '{"volume": {"name": "볼륨", "size": 10}}'
    (tmp_path / "body.json").write_text(text, encoding="utf-8")
    assert data(text, io.StringIO()) == body
    assert data(f"@{tmp_path}/body.json", io.StringIO()) == body
    assert data("-", io.StringIO(text)) == body


@pytest.mark.parametrize(
    "text", ["", "{", "10", "null", '"x"', '{"a": NaN}', "[" * 100_000, "@/no/such/file", "@", "-"]
)
def test_what_is_no_body(text: str) -> None:
    """No JSON, no object or list, numbers that are none, no file, nothing on standard input: Usage."""
    with pytest.raises(Usage):
        data(text, io.StringIO())


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are told with the file's name."""
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(Usage, match="cannot be read"):
        data(f"@{tmp_path}/x", io.StringIO())
