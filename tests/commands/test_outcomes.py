"""One exit code for all: what several outcomes come to."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

import pytest

from nbs_cli.cloud.bulk import Outcome
from nbs_cli.commands.outcomes import conclude
from nbs_cli.errors import Conflict, Failure, NotFound, Partial, RateLimited, Unauthorized, Unavailable
from nbs_cli.session import Session

FINE, UNTRIED = "fine", "untried"
Fate = Failure | str


def concluded(fates: Sequence[Fate]) -> tuple[Failure | None, str]:
    """What outcomes of these fates come to, and what is said on the way."""
    outcomes = [
        Outcome(f"item-{number}", tried=fate is not UNTRIED, failure=fate if isinstance(fate, Failure) else None)
        for number, fate in enumerate(fates)
    ]
    session = Session({}, stdin=StringIO(), stdout=StringIO(), stderr=(said := StringIO()))
    try:
        conclude(session, outcomes, str)
    except Failure as failure:
        return failure, said.getvalue()
    return None, said.getvalue()


@pytest.mark.parametrize("fates", [[], [FINE], [FINE] * 3])
def test_all_well(fates: Sequence[Fate]) -> None:
    """Nothing failed: nothing is raised, nothing said."""
    assert concluded(fates) == (None, "")


def test_one_alone_fails_as_itself() -> None:
    """The one failure of one is raised as it is, and not told twice."""
    failure = Conflict("attached")
    assert concluded([failure]) == (failure, "")


@pytest.mark.parametrize(
    ("fates", "kind", "code", "words"),
    [
        ([Conflict("a"), Conflict("b")], Conflict, 5, "2 of 2 failed"),
        ([Conflict("a"), FINE], Partial, 10, "1 of 2 failed"),
        ([Conflict("a"), NotFound("b")], Partial, 10, "2 of 2 failed"),
        ([Unavailable("a"), UNTRIED], Unavailable, 9, "2 of 2 failed"),
        ([FINE, Unauthorized("a"), UNTRIED], Partial, 10, "2 of 3 failed"),
    ],
)
def test_several_come_to_one(fates: Sequence[Fate], kind: type[Failure], code: int, words: str) -> None:
    """The class that all failures share, or Partial; what was not tried did not succeed."""
    failure, said = concluded(fates)
    assert type(failure) is kind
    assert (failure.exit_code, failure.message) == (code, words)
    assert said.count("nbs: ") == sum(isinstance(fate, Failure) for fate in fates)


def test_failures_of_one_code_share_it() -> None:
    """Two classes with one exit code are one failure of that code (a quota and a rate limit, say)."""
    failure, _said = concluded([RateLimited("a"), RateLimited("b")])
    assert failure is not None
    assert failure.exit_code == 6


def test_what_was_not_tried_is_named() -> None:
    """Whoever reads stderr learns which refs were left."""
    _failure, said = concluded([Unavailable("gone"), UNTRIED, UNTRIED])
    assert "not tried: item-1, item-2" in said
