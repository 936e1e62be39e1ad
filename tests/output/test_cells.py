"""One value for people, by the kind of its field."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nbs_cli.cloud.resources import Field, Kind
from nbs_cli.output.cells import cell, compact
from tests.output.conftest import OBEYED, PAYLOADS

SERVER = {"server_id": "abc", "device": "/dev/vdb", "id": "x"}


def shown(kind: Kind, value: Any, *, short: bool = True) -> str:
    """What stands in a cell."""
    return cell(Field("x", "", kind), value, short=short)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_a_dash(kind: Kind, value: Any) -> None:
    """Null and an empty text are `-` in every column."""
    assert shown(kind, value) == "-"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.TEXT, "한글", "한글"),
        (Kind.TEXT, 5, "5"),
        (Kind.TEXT, True, "true"),
        (Kind.TEXT, {"a": [1, None]}, "a=[1,null]"),
        (Kind.TEXT, [], "-"),
        (Kind.TEXT, ["a", "b"], "a, b"),
        (Kind.SIZE, 10, "10 GB"),
        (Kind.SIZE, 10240, "10,240 GB"),
        (Kind.SIZE, 0, "0 GB"),
        (Kind.SIZE, "10", "10"),
        (Kind.SIZE, 1.5, "1.5"),
        (Kind.YES, True, "yes"),
        (Kind.YES, False, "no"),
        (Kind.YES, "true", "yes"),
        (Kind.YES, "False", "no"),
        (Kind.YES, "maybe", "maybe"),
        (Kind.YES, 1, "1"),
        (Kind.BACKEND, {"volume_backend_name": "ssd_general"}, "ssd_general"),
        (Kind.BACKEND, {"volume_backend_name": "x", "more": "y"}, "x"),
        (Kind.BACKEND, {"other": "x"}, "other=x"),
        (Kind.BACKEND, {}, "-"),
        (Kind.METADATA, {"env": "prod", "이름": "값"}, "env=prod, 이름=값"),
        (Kind.METADATA, {"nbs:request": "k"}, "-"),
        (Kind.METADATA, {"nbs:request": "k", "a": "b"}, "a=b"),
        (Kind.METADATA, {"a": None, "b": 1}, "a=null, b=1"),
        (Kind.DESCRIPTION, "words [nbs:6xy5m2zwujlhdvhb]", "words"),
        (Kind.DESCRIPTION, "[nbs:6xy5m2zwujlhdvhb]", "-"),
        (Kind.DESCRIPTION, " [nbs:key:daily]", "-"),
        (Kind.DESCRIPTION, "[nbs:key] in the middle", "[nbs:key] in the middle"),
        (Kind.TEXT, "words [nbs:key]", "words [nbs:key]"),
        (Kind.ATTACHMENTS, [], "-"),
        (Kind.ATTACHMENTS, [SERVER], "abc"),
        (Kind.ATTACHMENTS, [SERVER, {"server_id": "def"}], "abc, def"),
        (Kind.ATTACHMENTS, ["odd", 5], "odd, 5"),
        (Kind.LINKS, [{"href": "http://a", "rel": "self"}, {"href": "http://b"}], "http://a, http://b"),
        (Kind.OBJECT, {"name": "General HDD", "id": "x"}, "General HDD"),
        (Kind.OBJECT, {"volume": {"size": 1}}, 'volume={"size":1}'),
        (Kind.TIME, "soon", "soon"),
        (Kind.TIME, 5, "5"),
        (Kind.STATUS, "reserved", "reserved"),
        (Kind.NAME, ["a\nb", {"c": "\x1b"}], 'a\\nb, {"c":"\\u001b"}'),
    ],
)
def test_values_in_words(kind: Kind, value: Any, text: str) -> None:
    """Sizes, yes and no, backends, attachments, metadata; whatever has another type is shown as it is."""
    assert shown(kind, value) == text


def test_a_record_alone_has_more_room() -> None:
    """Shown alone, an attachment has its device and a time its seconds and its zone."""
    assert shown(Kind.ATTACHMENTS, [SERVER], short=False) == "abc (/dev/vdb)"
    assert shown(Kind.TIME, "2018-12-18T05:43:12.000000", short=False) == "2018-12-18 05:43:12 (UTC)"


@pytest.mark.parametrize(
    ("zone", "wire", "short", "whole"),
    [
        ("Asia/Seoul", "2018-12-18T15:43:12.000000", "2018-12-19 00:43", "2018-12-19 00:43:12 (KST)"),
        ("America/New_York", "2024-07-01T12:00:00Z", "2024-07-01 08:00", "2024-07-01 08:00:00 (EDT)"),
        ("America/New_York", "2024-12-01T12:00:00", "2024-12-01 07:00", "2024-12-01 07:00:00 (EST)"),
        ("Asia/Kolkata", "2024-12-31T20:00:00.5", "2025-01-01 01:30", "2025-01-01 01:30:00 (IST)"),
    ],
)
def test_times_are_in_the_local_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str, wire: str, short: str, whole: str
) -> None:
    """UTC on the wire, the zone of the machine for people, summer time included."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert (shown(Kind.TIME, wire), shown(Kind.TIME, wire, short=False)) == (short, whole)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_no_cell_is_obeyed(kind: Kind, text: str) -> None:
    """No payload gets through in any kind of field: as a value, a key, an item, deep inside."""
    for value in (
        text,
        {text: text},
        {"name": text},
        {"volume_backend_name": text},
        [text],
        [{"server_id": text, "device": text, "href": text}],
        {"deep": [{"er": text}]},
    ):
        for short in (True, False):
            cellful = shown(kind, value, short=short)
            assert not OBEYED.search(cellful)
            assert "\n" not in cellful


def test_compact_json() -> None:
    """JSON without white space, in the letters of the text."""
    assert compact({"이름": [1, None, True]}) == '{"이름":[1,null,true]}'
