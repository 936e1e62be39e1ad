"""Kinds of faults: each told in a line, its parameters with words of their own."""

from __future__ import annotations

import pytest

from nbs_cli.sandbox.kinds import KINDS, MATCHING, Kind


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.name)
def test_every_kind_is_told_and_checked(kind: Kind) -> None:
    """A sentence each, parameters with words of their own that no option bears, defaults that its form accepts."""
    assert 10 < len(kind.words) < 90
    assert not kind.words.endswith(".")
    assert not {one.name for one in kind.parameters} & set(MATCHING)
    for one in kind.parameters:
        assert one.words
        if one.default is not None:
            assert one.form.read(one.default) == one.default
    settled = kind.processed is not None or any(one.name == "when" for one in kind.parameters)
    assert settled or kind.part.value != "answer"
