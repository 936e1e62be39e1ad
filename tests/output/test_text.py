"""Foreign text made safe; how wide it is; times and durations in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbs_cli.output.text import duration, local, moment, pad, safe, shorten, unicode_escaped, width, wrapped
from tests.output.conftest import MARKUP, OBEYED, PAYLOADS, columns_of

ANYTHING = st.text(st.characters(exclude_categories=[]))  # lone surrogates too


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put this process into a time zone until the test ends."""

    def put(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_nothing_is_left_to_obey(text: str) -> None:
    """Every control, escape, mark of direction and half letter is shown instead, and stands on one line."""
    shown = safe(text)
    assert not OBEYED.search(shown)
    assert "\n" not in shown
    assert shown


@pytest.mark.parametrize("kind", [*MARKUP, "escaped", "flag and combining"])
def test_harmless_text_stays(kind: str) -> None:
    """Markup, emoji codes, formats and backslashes are text like any other."""
    assert safe(PAYLOADS[kind]) == PAYLOADS[kind]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "^[[31m"),
        ("\x07\x08\x00", "^G^H^@"),
        ("\n\r\t\x7f", "\\n\\r\\t^?"),
        ("\x9b", "\\x9b"),
        ("\u202e\ufeff\udc80", "\\u202e\\ufeff\\udc80"),
        ("\U000e0041", "\\ue0041"),
        ("한글 é 💾", "한글 é 💾"),
    ],
)
def test_how_it_is_shown(text: str, shown: str) -> None:
    r"""As people know it: `^[` for escape, `\n` for a line end, a code for what has no sign."""
    assert safe(text) == shown


@given(ANYTHING)
def test_no_text_at_all_is_obeyed(text: str) -> None:
    """Whatever the text, what is shown holds nothing that a terminal obeys, and can be encoded."""
    shown = safe(text)
    assert not OBEYED.search(shown)
    shown.encode()


@given(st.recursive(ANYTHING, lambda inner: st.lists(inner) | st.dictionaries(ANYTHING, inner), max_leaves=5))
def test_json_escapes_are_json(value: object) -> None:
    """A document with its controls and marks escaped means exactly what it meant, and shows none of them."""
    document = unicode_escaped(json.dumps(value, ensure_ascii=False))
    assert not OBEYED.search(document)
    assert json.loads(document) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("한글", 4), ("a한b", 4), ("ｶﾅ", 2), ("カナ", 4), ("e\u0301", 1), ("💾", 2)],
)
def test_width(text: str, columns: int) -> None:
    """Korean letters take two columns, accents none."""
    assert width(text) == columns == columns_of(text)


@pytest.mark.parametrize("columns", range(2, 14))
@pytest.mark.parametrize("text", ["한글이름입니다", "abcdefghijkl", "a한b글c이d", "데이터 디스크 하나", "💾💾💾💾"])
def test_shortened_text_fits(text: str, columns: int) -> None:
    """Never wider than asked for, whole where it fits, with an ellipsis where it does not; padding fills it exactly."""
    short = shorten(text, columns)
    assert columns_of(short) <= columns
    assert (short == text) == (columns_of(text) <= columns)
    assert short == text or short.endswith("…")
    assert columns_of(pad(short, columns)) == columns


@pytest.mark.parametrize("room", [10, 20, 40, 80])
def test_wrapped_text_fits(room: int) -> None:
    """Lines break between words by display width; no word is lost."""
    text = "블록 스토리지를 삭제하기 전에 its snapshots have to go, 스냅숏부터 지웁니다"
    lines = wrapped(text, room, "  ")
    assert " ".join(lines).split() == text.split()
    assert all(columns_of(line) <= room or " " not in line.strip() for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2018-12-18T05:43:12.000000", "2018-12-18T05:43:12+00:00"),
        ("2018-12-18T05:43:12", "2018-12-18T05:43:12+00:00"),
        ("2018-12-18T05:43:12Z", "2018-12-18T05:43:12+00:00"),
        ("2018-12-18T05:43:12.163206Z", "2018-12-18T05:43:12.163206+00:00"),
        ("2018-12-18T05:43:12+09:00", "2018-12-17T20:43:12+00:00"),
    ],
)
def test_moments(text: str, utc: str) -> None:
    """A time without a zone is UTC; one with a zone is what it says."""
    assert moment(text) == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "null", "2018-13-18T05:43:12", "2018-12-18T25:00:00", "\x1b[31m", "5"]
)
def test_what_is_no_moment(text: str) -> None:
    """Anything else is no time, and no failure."""
    assert moment(text) is None
    assert local(text) is None


@pytest.mark.parametrize("name", ["Asia/Seoul", "UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59", "0001-01-01T00:00:00", "1969-12-31T23:59:59", "2018-12-18T00:00"]
)
def test_the_edge_of_the_calendar(zone: Callable[[str], None], name: str, text: str) -> None:
    """A time that this zone has no day for is shown as it came, not fallen over."""
    zone(name)
    read = local(text)
    assert read is None or abs(read - datetime.fromisoformat(text).replace(tzinfo=timezone.utc)) < timedelta(days=1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (0.2, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (130, "2m 10s"),
        (3599, "59m 59s"),
        (3600, "1h"),
        (3900, "1h 5m"),
        (86_399, "23h 59m"),
        (90000, "1d 1h"),
        (172_800, "2d"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """As people say them, two units at most."""
    assert duration(seconds) == words
