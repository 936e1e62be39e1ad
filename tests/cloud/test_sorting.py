"""Sorting as the server would: keys as people write them, nulls first ascending, ties by creation and ID."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.cloud.sorting import Order, read_order, sort_rows
from nbs_cli.errors import Usage
from tests.cloud.conftest import uuid


@pytest.mark.parametrize(
    ("text", "resource", "order"),
    [
        ("name", VOLUME, (("name", "desc"),)),
        ("name:asc", VOLUME, (("name", "asc"),)),
        ("name:asc,created_at:desc", VOLUME, (("name", "asc"), ("created_at", "desc"))),
        (" size:desc , name:asc ", VOLUME, (("size", "desc"), ("name", "asc"))),
        ("created:desc", VOLUME, (("created_at", "desc"),)),
        ("type:asc,zone", VOLUME, (("volume_type", "asc"), ("availability_zone", "desc"))),
        ("tenant", VOLUME, (("os-vol-tenant-attr:tenant_id", "desc"),)),
        ("os-vol-tenant-attr:tenant_id", VOLUME, (("os-vol-tenant-attr:tenant_id", "desc"),)),
        ("os-vol-tenant-attr:tenant_id:asc", VOLUME, (("os-vol-tenant-attr:tenant_id", "asc"),)),
        ("progress:asc", SNAPSHOT, (("os-extended-snapshot-attributes:progress", "asc"),)),
        ("volume:asc", SNAPSHOT, (("volume_id", "asc"),)),
    ],
)
def test_an_order_is_read(text: str, resource: Resource, order: Order) -> None:
    """Wire names and headings; a bare key means desc, as on the server; a wire name may hold a colon."""
    assert read_order(text, resource) == order


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "name,",
        "nmae",
        "name:up",
        "name:ASC",
        "name:",
        "name:asc:desc",
        ":asc",
        "os-vol-tenant-attr",
        "os-vol-tenant-attr:",
        "os-vol-tenant-attr:tenant_id:up",
        "name;drop",
        "이름",
    ],
)
def test_what_is_no_order_is_refused(text: str) -> None:
    """Before any request, with what there is to choose from."""
    with pytest.raises(Usage) as refused:
        read_order(text, VOLUME)
    assert "asc" in refused.value.message or "name" in str(refused.value.hint)


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A row with an ID that counts and a time of its own."""
    return {"id": uuid(number), "created_at": f"2026-01-01T00:00:{number:02}.000000", **fields}


ROWS = [row(1, name="b", size=2), row(2, name=None, size=1), row(3, name="a", size=2), row(4, name="a", size=10)]


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ((("name", "asc"),), [2, 3, 4, 1]),
        ((("name", "desc"),), [1, 4, 3, 2]),
        ((("size", "asc"),), [2, 1, 3, 4]),
        ((("size", "desc"),), [4, 3, 1, 2]),
        ((("name", "asc"), ("size", "desc")), [2, 4, 3, 1]),
        ((("size", "desc"), ("name", "asc")), [4, 3, 1, 2]),
        ((("created_at", "asc"),), [1, 2, 3, 4]),
        ((("id", "desc"),), [4, 3, 2, 1]),
        ((("status", "asc"),), [1, 2, 3, 4]),
        ((("status", "desc"),), [4, 3, 2, 1]),
    ],
)
def test_rows_are_sorted(order: Order, numbers: list[int]) -> None:
    """Numbers as numbers, nulls first ascending and last descending, ties in the direction of the first key."""
    assert [row["id"] for row in sort_rows(ROWS, order)] == [uuid(number) for number in numbers]


def test_the_rows_that_came_are_left_as_they_were() -> None:
    """A sorted copy, for the caller may print the others."""
    rows = list(ROWS)
    sort_rows(rows, (("name", "asc"),))
    assert rows == ROWS


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@settings(database=None, deadline=None, max_examples=200)
@given(st.lists(VALUES, max_size=12), st.sampled_from(["asc", "desc"]), st.randoms())
def test_values_of_any_kind_have_one_order(values: list[Any], direction: str, random: Any) -> None:
    """No mixture raises, and where the rows came from does not matter: one order, and its mirror image."""
    rows = [row(number, description=value) for number, value in enumerate(values)]
    order = (("description", direction),)
    expected = sort_rows(rows, order)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert sort_rows(shuffled, order) == expected
    mirrored = sort_rows(rows, (("description", "asc" if direction == "desc" else "desc"),))
    assert mirrored == expected[::-1]
