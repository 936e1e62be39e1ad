"""The mark of a create: where it stands, which keys can be kept, how they are found again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.marks import MARK, Wish, check_key, key_of, new_key
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.errors import Usage

both = pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT], ids=lambda resource: resource.name)


def test_a_volume_is_marked_in_its_metadata() -> None:
    """Beside the user's own keys, and what was typed is left as it was."""
    body = {"size": 1, "metadata": {"env": "prod"}}
    assert Wish(VOLUME, body, "k-1").marked() == {"size": 1, "metadata": {"env": "prod", "nbs:request": "k-1"}}
    assert Wish(VOLUME, {"size": 1}, "k-1").marked() == {"size": 1, "metadata": {"nbs:request": "k-1"}}
    assert body == {"size": 1, "metadata": {"env": "prod"}}


def test_a_snapshot_is_marked_behind_its_description() -> None:
    """Its request has no metadata; without a description the mark stands alone."""
    marked = Wish(SNAPSHOT, {"volume_id": "v", "description": "매일"}, "k-1").marked()
    assert marked == {"volume_id": "v", "description": "매일 [nbs:k-1]"}
    assert Wish(SNAPSHOT, {"volume_id": "v"}, "k-1").marked()["description"] == "[nbs:k-1]"


@both
def test_without_a_key_nothing_is_added(resource: Resource) -> None:
    """`--no-request-key` sends what was typed and no more."""
    assert Wish(resource, {"size": 1}, None).marked() == {"size": 1}


@both
@settings(database=None, deadline=None, max_examples=150)
@given(
    key=st.from_regex(r"[A-Za-z0-9._:/-]{1,100}", fullmatch=True),
    description=st.none() | st.text(max_size=30) | st.just("old [nbs:other]"),
)
def test_a_key_that_is_accepted_is_found_again(resource: Resource, key: str, description: str | None) -> None:
    """Whatever stands around it, and after the server stripped what it strips."""
    try:
        check_key(key)
    except Usage:
        return
    sent = Wish(resource, {"description": description}, key).marked()
    record = {**sent, "description": (sent.get("description") or "").strip()}
    assert key_of(resource, record) == key


@pytest.mark.parametrize(
    ("description", "key"),
    [
        ("daily [nbs:abc:daily]", "abc"),
        ("[nbs:abc:daily]", "abc"),
        ("daily [nbs:abc]", "abc"),
        ("two [nbs:a] [nbs:b]", "b"),
        ("[nbs:abc] and more", None),
        ("x[nbs:abc]", None),
        ("[nbs:]", None),
        ("[nbs:a b]", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_mark_is_read_at_the_end_alone(description: Any, key: str | None) -> None:
    """A policy behind the key is left out (commands.md 5); people may write brackets anywhere else."""
    assert key_of(SNAPSHOT, {"description": description}) == key


@pytest.mark.parametrize("metadata", [None, {}, [], "x", {MARK: 5}, {MARK: None}])
def test_odd_metadata_bears_no_key(metadata: Any) -> None:
    """Whatever a server puts there."""
    assert key_of(VOLUME, {"metadata": metadata}) is None


@pytest.mark.parametrize("key", ["", " ", "a b", "a]b", "[a", "a\nb", "데이터", "a" * 101, "a;b", "a:b", "\ud800"])
def test_a_key_that_could_not_be_kept_is_refused(key: str) -> None:
    """Before anything is sent."""
    with pytest.raises(Usage):
        check_key(key)


@both
def test_random_keys_are_long_enough_and_usable(resource: Resource) -> None:
    """128 bits for a volume, 80 for a snapshot whose description has to hold them; no two alike."""
    keys = {new_key(resource) for _number in range(1000)}
    assert len(keys) == 1000
    assert {len(key) for key in keys} == {32 if resource is VOLUME else 16}
    for key in keys:
        check_key(key)
