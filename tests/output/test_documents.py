"""YAML: the same data as JSON, whatever stands in it, and nothing that a terminal would obey."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
import yaml

from nbs_cli.cloud.resources import VOLUME
from nbs_cli.output.documents import Yaml
from nbs_cli.output.records import Json, Look
from tests.output.conftest import OBEYED, PAYLOADS

ODD: list[Any] = [
    None,
    True,
    10,
    "",
    "10",
    "true",
    "null",
    "~",
    "- a",
    "a: b",
    "# c",
    "한글 이름",
    "a\nb",
    " x ",
    "1e3",
    {"k": [1]},
]


def written(form: type[Json] | type[Yaml], rows: list[dict[str, Any]], *, alone: bool = False) -> str:
    """What *form* writes of *rows*."""
    stream = StringIO()
    made = form(stream, VOLUME, VOLUME.fields, Look())
    if alone:
        made.one(rows[0])
    else:
        made.start()
        made.page(rows)
        made.end()
    return stream.getvalue()


@pytest.mark.parametrize("value", [*ODD, *PAYLOADS.values()], ids=repr)
@pytest.mark.parametrize("alone", [True, False])
def test_it_is_the_same_data(value: Any, alone: bool) -> None:
    """A reader of YAML gets what a reader of JSON gets, and the terminal obeys none of it."""
    rows = [{"id": "1", "name": value, "metadata": {"k": value}}, {"id": "2"}]
    text = written(Yaml, rows, alone=alone)
    try:
        expected = json.loads(written(Json, rows, alone=alone))
        expected_text = json.dumps(expected).encode("utf-8")
    except UnicodeEncodeError:
        expected_text = b""
    assert not OBEYED.search(text)
    if expected_text and "\\ud" not in json.dumps(expected):  # half a letter is no text in YAML
        assert yaml.safe_load(text) == expected


def test_an_empty_list_is_one() -> None:
    """Nothing there is `[]`, not nothing."""
    assert written(Yaml, []) == "[]\n"


def test_keys_stand_in_the_order_of_the_guide() -> None:
    """As in JSON."""
    keys = [line.partition(":")[0] for line in written(Yaml, [{"id": "1"}], alone=True).splitlines()]
    assert keys[:3] == ["id", "name", "status"]
