"""What several at once come to: each failure told, one exit code for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbs_cli.cloud.bulk import Outcome
from nbs_cli.errors import Failure, Partial
from nbs_cli.output.words import _
from nbs_cli.session import Session


def conclude(session: Session, outcomes: Sequence[Outcome], label: Any) -> None:
    """Raise what *outcomes* come to: nothing, the one failure, Partial, or the class that all failures share.

    *label* gives what a person called an outcome's item. Each failure of several is told on stderr first.
    """
    failed = [outcome for outcome in outcomes if outcome.failure is not None]
    untried = [outcome for outcome in outcomes if not outcome.tried]
    if not failed:
        return
    if len(outcomes) == 1:
        raise first(failed)
    as_json = session.output in {"json", "jsonl"}
    for outcome in failed:
        session.notes.failure(first([outcome]), as_json=as_json)
    if untried:
        names = ", ".join(label(outcome.item) for outcome in untried)
        session.notes.note(_("not tried: {names}").format(names=names))
    raise _together(outcomes, failed)


def first(failed: Sequence[Outcome]) -> Failure:
    """The failure of the first of *failed*."""
    failure = failed[0].failure
    assert failure is not None  # noqa: S101 only failed outcomes are given
    return failure


def _together(outcomes: Sequence[Outcome], failed: Sequence[Outcome]) -> Failure:
    failures = [first([outcome]) for outcome in failed]
    done = [outcome for outcome in outcomes if outcome.tried and outcome.failure is None]
    words = _("{failed} of {count} failed").format(failed=len(outcomes) - len(done), count=len(outcomes))
    if done or len({failure.exit_code for failure in failures}) > 1:
        return Partial(words)
    together = type(failures[0])(words)
    together.retryable = all(failure.retryable for failure in failures)
    return together
