"""Words for people: English as long as there is no other catalogue."""

from __future__ import annotations

import pytest

from nbs_cli.output.words import _, plural


def test_words_stay_what_they_are() -> None:
    """A text without a translation is itself, placeholders and all."""
    assert _("there is no {noun} {ref}") == "there is no {noun} {ref}"


@pytest.mark.parametrize(("count", "word"), [(0, "snapshots"), (1, "snapshot"), (2, "snapshots")])
def test_the_number_chooses_the_word(count: int, word: str) -> None:
    """One is one, everything else is many."""
    assert plural("snapshot", "snapshots", count) == word
