"""Until it is so, until it is gone, or why not.

A wait ends with the truth: every error status, a resource that vanishes, a delete that was accepted and bounced back;
unknown statuses only pass by; a look that fails does not end it (trust.md 6, facts.md §5).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.bulk import Outcome
from nbs_cli.cloud.deadline import CALL, Deadline
from nbs_cli.cloud.looks import look
from nbs_cli.cloud.nouns import command_of, noun_of
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import Resource
from nbs_cli.errors import ErrorState, Failure, Nonsense, NotFound, RateLimited, Unavailable, WaitTimeout
from nbs_cli.output.text import duration
from nbs_cli.output.words import _

GONE = "gone"
_FIRST, _GROWTH, _SLOWEST = 0.5, 1.3, 5.0  # seconds between two looks
_LAST_LOOK = 0.25  # seconds that the last one may take
_PROGRESS = "os-extended-snapshot-attributes:progress"
_IMAGE_FAILED = frozenset({"killed", "deleted", "pending_delete"})

# told at every look: what is watched, its status, the percentage where there is one, seconds since the start
Tell = Callable[[str, str, str | None, float], None]


class Goal(NamedTuple):
    """What is waited for: a status, or GONE; `deleted` when a delete of ours was accepted before."""

    status: str
    deleted: bool = False


@dataclass
class _Watched:
    found: Found
    statuses: list[str] = field(default_factory=list)

    @property
    def last(self) -> str:
        return self.statuses[-1] if self.statuses else str(self.found.record.get("status"))


def until(
    storage: BlockStorage,
    resource: Resource,
    found: Sequence[Found],
    goal: Goal,
    *,
    seconds: float,
    deadline: Deadline,
    tell: Tell,
) -> list[Outcome]:
    """Wait until every one of *found* reaches *goal*, at most *seconds* or to the *deadline*.

    Gives an Outcome each, in their order: `item` the Found, `result` the record as last seen, `gone` when it is none,
    `failure` ErrorState, WaitTimeout or what else ended the wait.
    """
    outcomes = [Outcome(item, result=item.record, tried=True) for item in found]
    watched = {id(outcome): _Watched(outcome.item) for outcome in outcomes}
    pending = list(outcomes)
    elapsed = 0.0
    ticks = _Ticks(seconds, deadline)
    for elapsed, last_look in ticks:
        looks = look(storage, resource, [outcome.item.id for outcome in pending], ticks.left)
        for outcome, seen in zip(pending, looks, strict=True):
            _judge(resource, outcome, watched[id(outcome)], seen, goal)
            status = GONE if outcome.gone else watched[id(outcome)].last
            tell(_label(outcome), status, _percent(seen.result), elapsed)
        pending = [outcome for outcome in pending if not _over(outcome, goal)]
        if not pending:
            return outcomes
        if last_look:
            break
    for outcome in pending:
        outcome.failure = _late(resource, outcome, watched[id(outcome)].last, goal, elapsed)
    return outcomes


def _over(outcome: Outcome, goal: Goal) -> bool:
    if outcome.failure is not None or outcome.gone:
        return True
    return bool(outcome.result.get("status") == goal.status)


class _Ticks:
    """The moments to look at: soon at first, then slower; one last look when the time is up."""

    def __init__(self, seconds: float, deadline: Deadline) -> None:
        self.deadline = deadline
        self.began = time.monotonic()
        self.end = self.began + min(seconds, deadline.left(seconds))
        self.pause = _FIRST
        self.looked = False
        self.last = False

    def left(self) -> float:
        """Seconds that a look may take: a server that is mute must not make the wait longer."""
        return max(_LAST_LOOK, min(CALL, self.end - time.monotonic()))

    def __iter__(self) -> _Ticks:
        return self

    def __next__(self) -> tuple[float, bool]:
        if self.last:
            raise StopIteration
        if self.looked:
            # jitter needs no secrecy: it keeps many waits from looking at the same moment
            pause = self.pause * random.uniform(0.9, 1.1)  # noqa: S311
            time.sleep(max(0.0, min(pause, self.end - time.monotonic())))
            self.pause = min(self.pause * _GROWTH, _SLOWEST)
        self.looked = True
        now = time.monotonic()
        self.last = now >= self.end
        if self.last:
            self.deadline.allow(_LAST_LOOK)
        return now - self.began, self.last


def _judge(resource: Resource, outcome: Outcome, watched: _Watched, look: Outcome, goal: Goal) -> None:
    """Set the outcome's result, and its failure when this look settles that it failed."""
    if look.failure is not None:
        _judge_failed_look(resource, outcome, look.failure, goal)
        return
    if look.result is None:
        return  # the batch was cut short; the next look tells
    outcome.result = look.result
    status = str(look.result["status"])
    if status != goal.status:
        outcome.failure = _ended(resource, outcome, watched, status, goal)
    watched.statuses.append(status)


def _judge_failed_look(resource: Resource, outcome: Outcome, failure: Failure, goal: Goal) -> None:
    if isinstance(failure, NotFound):
        if goal.status == GONE:
            outcome.gone = True
        else:
            outcome.failure = _error(resource, outcome, _("vanished while it was waited for"), None)
    elif not isinstance(failure, Unavailable | RateLimited | Nonsense):
        outcome.failure = failure


def _ended(resource: Resource, outcome: Outcome, watched: _Watched, status: str, goal: Goal) -> Failure | None:
    if status.startswith("error") and not (goal.deleted and status == outcome.item.record.get("status")):
        words = _("ended in status {status}").format(status=status)
        return _error(resource, outcome, words, _way_on(resource, outcome, status))
    if goal.status == GONE and status != "deleting":
        bounced = "deleting" in watched.statuses
        # a delete sets the status before it is answered: twice not deleting is no delay of ours
        ignored = goal.deleted and len(watched.statuses) >= 1
        if bounced or ignored:
            words = _("is {status} again: the delete was accepted and then given up").format(status=status)
            return _error(resource, outcome, words, _("something may still depend on it: a volume made from it?"))
    return None


def _error(resource: Resource, outcome: Outcome, words: str, hint: str | None) -> ErrorState:
    message = _("{noun} {label} {words}").format(noun=noun_of(resource), label=_label(outcome), words=words)
    return ErrorState(message, hint=hint, resource=outcome.item.id)


def _late(resource: Resource, outcome: Outcome, status: str, goal: Goal, seconds: float) -> WaitTimeout:
    return WaitTimeout(
        _("{noun} {label} is still {status} after {time}").format(
            noun=noun_of(resource), label=_label(outcome), status=status, time=duration(round(seconds))
        ),
        hint=_("it may still get there: `nbs {command} wait {id} --for {goal}`").format(
            command=command_of(resource), id=outcome.item.id, goal=goal.status
        ),
        resource=outcome.item.id,
    )


def _label(outcome: Outcome) -> str:
    record: Record = outcome.item.record
    return str(record.get("name") or record["id"])


def _way_on(resource: Resource, outcome: Outcome, status: str) -> str:
    command, resource_id = command_of(resource), outcome.item.id
    if status == "error":
        return _("delete it (`nbs {command} delete {id}`) and try again; NHN Cloud can tell why, by its ID").format(
            command=command, id=resource_id
        )
    return _("`nbs {command} show {id}` shows it; NHN Cloud can tell why, by its ID").format(
        command=command, id=resource_id
    )


def _percent(record: Record | None) -> str | None:
    value = (record or {}).get(_PROGRESS)
    return value if isinstance(value, str) else None


def image_active(
    storage: BlockStorage, image_id: str, *, seconds: float, deadline: Deadline, tell: Tell, name: str | None = None
) -> Record:
    """Wait until the image called *name* is `active` in the image service and give it; ErrorState or WaitTimeout.

    Source: facts.md §3.8 (queued, saving, active, killed, deleted, pending_delete).
    """
    status, elapsed = "queued", 0.0
    for elapsed, _last in _Ticks(seconds, deadline):
        try:
            image = storage.image(image_id) or {}
        except NotFound:
            raise ErrorState(_("image {id} vanished while it was waited for").format(id=image_id)) from None
        except (Unavailable, RateLimited, Nonsense):
            continue
        status = str(image.get("status"))
        tell(name or image_id, status, None, elapsed)
        if status == "active":
            return image
        if status in _IMAGE_FAILED:
            raise ErrorState(
                _("image {id} ended in status {status}").format(id=image_id, status=status), resource=image_id
            )
    raise WaitTimeout(
        _("image {id} is still {status} after {time}").format(
            id=image_id, status=status, time=duration(round(elapsed))
        ),
        hint=_("it may still get there; the console shows it under Compute > Image"),
        resource=image_id,
    )
