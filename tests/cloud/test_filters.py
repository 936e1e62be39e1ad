"""Filters: every one by itself and together, limits that count what is left, pages that stay pages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nbs_cli.cloud.filters import ANYTHING, Filter, Sieve

ROW: dict[str, Any] = {
    "name": "data-1",
    "status": "in-use",
    "volume_type": "General SSD",
    "availability_zone": "kr-pub-a",
    "attachments": [{"server_id": "s"}],
    "bootable": "true",
    "volume_id": "v",
}


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        (ANYTHING, True),
        (Filter(name="data-*"), True),
        (Filter(name="DATA-*"), False),
        (Filter(name="data-?"), True),
        (Filter(name="data-[2-9]"), False),
        (Filter(words=(("status", "IN-USE"),)), True),
        (Filter(words=(("status", "in"),)), False),
        (Filter(words=(("volume_type", "general ssd"),)), True),
        (Filter(words=(("volume_type", "SSD"),)), True),
        (Filter(words=(("volume_type", "hdd"),)), False),
        (Filter(words=(("volume_type", "General"),)), False),
        (Filter(words=(("availability_zone", "kr-pub-b"),)), False),
        (Filter(attached=True), True),
        (Filter(attached=False), False),
        (Filter(bootable=True), True),
        (Filter(bootable=False), False),
        (Filter(volume_id="v"), True),
        (Filter(volume_id="w"), False),
        (Filter("data-*", (("status", "in-use"), ("volume_type", "ssd")), attached=True), True),
        (Filter("data-*", (("status", "in-use"), ("volume_type", "hdd")), attached=True), False),
    ],
)
def test_a_row_is_wanted_when_everything_fits(wish: Filter, fits: bool) -> None:
    """Globs mind the case, words do not; hdd and ssd are words of a type's name."""
    assert wish.fits(ROW) is fits
    assert wish.asks is (wish != ANYTHING)


def test_what_a_server_leaves_out_is_not_a_match() -> None:
    """A row without the field is not in that status, not attached, not bootable; a glob of everything takes it."""
    assert Filter(name="*").fits({})
    assert Filter(attached=False, bootable=False).fits({})
    assert not Filter(words=(("status", "available"),)).fits({"status": None})
    assert Filter(bootable=True).fits({"bootable": True})


@given(
    pages=some.lists(some.lists(some.sampled_from("ab"), min_size=1, max_size=5), max_size=6),
    offset=some.integers(0, 6),
    limit=some.none() | some.integers(1, 6),
)
def test_limit_and_offset_count_what_is_left(pages: list[list[str]], offset: int, limit: int | None) -> None:
    """The pages joined are the wanted rows cut as a list is cut; none is empty, none larger than what came."""
    rows = [
        [{"id": f"{number}-{place}", "name": name} for place, name in enumerate(page)]
        for number, page in enumerate(pages)
    ]
    given_ = list(Sieve(Filter(name="a"), offset, limit).through(rows))

    wanted = [row for page in rows for row in page if row["name"] == "a"][offset:]
    assert [row for page in given_ for row in page] == (wanted if limit is None else wanted[:limit])
    assert all(given_)


def test_no_page_is_asked_for_when_enough_came() -> None:
    """The first page has what is wanted, so the second is never taken."""

    def pages() -> Any:
        yield [{"name": "a"}, {"name": "b"}]
        raise AssertionError("a page too many")

    assert list(Sieve(Filter(name="a"), limit=1).through(pages())) == [[{"name": "a"}]]


def test_words_that_nothing_bears_are_known() -> None:
    """Of the words, those that no row had, with what the rows had instead."""
    sieve = Sieve(Filter(words=(("status", "avialable"), ("volume_type", "ssd"))))
    assert list(sieve.through([[ROW]])) == []
    assert sieve.unheard() == [("status", "avialable")]
    assert sieve.seen["status"] == {"in-use"}


NOW = datetime(2027, 1, 31, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("created", "older", "newer"),
    [
        ("2027-01-01T00:00:00.000000", True, False),
        ("2027-01-30T00:00:00.000000", False, True),
        (None, False, False),
        ("no time", False, False),
    ],
)
def test_ages_are_judged_by_what_time_it_is(created: str | None, older: bool, newer: bool) -> None:
    """Between the bounds, by the clock that the sieve is given; a row that tells no time is in no such list."""
    bound = lambda now: now - timedelta(days=10)  # noqa: E731 as short as it is said
    row = {"name": "a", "created_at": created}
    for wish, fits in ((Filter(older=bound), older), (Filter(newer=bound), newer)):
        assert wish.asks
        assert wish.wires == ("created_at",)
        assert bool(list(Sieve(wish, now=lambda: NOW).through([[row]]))) is fits
