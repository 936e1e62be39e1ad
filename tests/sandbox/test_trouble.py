"""A fault in the making: checked where it is made, and held against requests."""

from __future__ import annotations

from typing import Any

import pytest

from nbs_cli.sandbox.forms import Mistake
from nbs_cli.sandbox.kinds import KINDS, MATCHING
from nbs_cli.sandbox.trouble import fault


def made(kind: str, given: dict[str, Any]) -> str:
    """Give the kind of the fault that was made, or the words of the mistake."""
    try:
        return fault(kind, **given).kind
    except Mistake as mistake:
        return mistake.message


@pytest.mark.parametrize("kind", list(KINDS), ids=str)
def test_nonsense_is_a_mistake_and_nothing_else(kind: str) -> None:
    """Whatever stands for a parameter, or for whom it befalls: a fault, or a Mistake with words."""
    for value in (None, True, -1, 1e400, 10**30, "", "\ud800", "\r\n", "\0", [], [[]], {}, object()):
        for name in (*(one.name for one in KINDS[kind].parameters), *MATCHING, "nonsense"):
            assert made(kind, {name: value})


def test_a_glob_is_held_against_path_and_query() -> None:
    """Either may match; the query alone does not."""
    assert fault("reset", path="*/volumes").fits("GET", "/v2/volumes?limit=/volumes/x")
    assert not fault("reset", path="*/snapshots").fits("GET", "/v2/volumes?x=1&y=/snapshotsx")
