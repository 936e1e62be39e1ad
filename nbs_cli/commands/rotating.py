"""`nbs snapshot rotate`: a new snapshot of each volume, waited for, then what its policy no longer keeps is removed.

The exit code tells the truth in one number: 0 is a new snapshot, available, and every old one gone that should be;
10 is a new snapshot with old ones left; anything else is no new snapshot that can be relied on.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import NamedTuple

from nbs_cli import commands
from nbs_cli.cloud import pruning, rotation
from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.marks import LONGEST_MARK
from nbs_cli.cloud.once import Made
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.refs import Found, resolve
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.cloud.retention import Verdict
from nbs_cli.cloud.rotation import Terms, Turn
from nbs_cli.commands import making, options, reporting, retaining
from nbs_cli.commands.outcomes import conclude, first
from nbs_cli.commands.shapes import REQUEST, ROTATION
from nbs_cli.errors import Failure, Partial
from nbs_cli.output.words import _, plural
from nbs_cli.session import Session


class Wanted(NamedTuple):
    """The options of `snapshot rotate`: volumes as typed, and how; `jitter` in seconds."""

    volumes: tuple[str, ...]
    description: str | None
    force: bool
    make_room: bool
    jitter: float
    heartbeat: Path | None
    metrics: Path | None
    dry_run: bool = False


def rotate(session: Session, policy: Policy, wanted: Wanted) -> None:
    """Rotate every volume; print a row each, a line for each on stderr, and raise what they come to.

    With `dry_run` the requests are printed, and nothing is sent, waited for, locked or reported.
    """
    session.writing()
    session.printer.check(REQUEST if wanted.dry_run else ROTATION)
    room = options.LONGEST - LONGEST_MARK - len(policy.name) - 1
    options.sendable(_("description (with its request mark)"), wanted.description, room)
    reporting.check(wanted.heartbeat, wanted.metrics)
    texts, several = session.refs(wanted.volumes)
    if wanted.dry_run:
        found = resolve(session.storage, VOLUME, texts)
        commands.rehearsing.rotate(session, _turns(session, policy, wanted, found), policy)
        return
    report = reporting.Report(policy.name, texts)
    with reporting.reported(session, report, wanted.heartbeat, wanted.metrics):
        _stagger(session, wanted.jitter)
        found = resolve(session.storage, VOLUME, texts)
        with retaining.locked(session, [item.id for item in found]):
            outcomes = _turned(session, policy, wanted, _turns(session, policy, wanted, found))
        report.rows = [_row(outcome, policy) for outcome in outcomes]
        _print(session, outcomes, report.rows, several=several)
        conclude(session, outcomes, lambda turn: turn.label)


def _turns(session: Session, policy: Policy, wanted: Wanted, found: list[Found]) -> list[Turn]:
    """A turn for each volume, which begins now by the server's clock."""
    now = pruning.server_time(session.storage)
    return [Turn(item, rotation.wish(item, policy, now, wanted.description, force=wanted.force), now) for item in found]


def _stagger(session: Session, jitter: float) -> None:
    """Sleep a random part of *jitter*: a hundred machines need not ask in the same second."""
    if jitter:
        time.sleep(session.deadline.left(random.uniform(0, jitter)))  # noqa: S311 jitter needs no secrecy


def _turned(session: Session, policy: Policy, wanted: Wanted, turns: list[Turn]) -> list[Outcome]:
    """Make, wait, prune; an Outcome for each turn, with the first thing that went wrong."""
    terms = Terms(wanted.make_room, session.wait_seconds(WAIT), session.deadline, session.notes.status)
    outcomes = at_once(
        lambda turn: rotation.make(session.once, turn, policy, terms),
        turns,
        interrupted=lambda so_far: _tell_interrupted(session, so_far),
    )
    _tell_made(session, outcomes)
    making.await_all(session, SNAPSHOT, outcomes)
    for outcome in outcomes:
        if isinstance(outcome.result, Made):
            outcome.item.record = outcome.result.record
            if outcome.failure is not None:
                outcome.failure.retryable = False  # another run makes another snapshot
    ready = [outcome for outcome in outcomes if outcome.result is not None and outcome.failure is None]
    if ready:
        _prune(session, policy, ready, terms)
    return outcomes


def _prune(session: Session, policy: Policy, ready: list[Outcome], terms: Terms) -> None:
    """Remove what the policy no longer keeps of the volumes whose new snapshot is there, from one list of all."""
    (seen,) = at_once(pruning.look, [session.storage])
    if seen.failure is not None:
        _blame(ready, seen.failure)
        return
    verdicts: list[Verdict] = []
    for plan in at_once(lambda outcome: rotation.plan(seen.result, outcome.item, policy), ready, parallel=1):
        if plan.failure is not None:
            _blame([plan.item], plan.failure)
        else:
            verdicts += plan.result
    turns = {outcome.item.volume.id: outcome for outcome in ready}
    removals = pruning.remove(session.storage, verdicts, interrupted=lambda so_far: _tell_removals(session, so_far))
    accepted = [removal for removal in removals if removal.tried and removal.failure is None]
    ended = rotation.gone(session.storage, [removal.item for removal in accepted], terms)
    session.notes.clear()
    for removal, end in zip(accepted, ended, strict=True):
        removal.failure = end.failure
        if end.failure is None:
            turns[removal.item.volume_id].item.removed.append(removal.item)
            session.did(_("removed snapshot {name}").format(name=removal.item.name or removal.item.id))
    for outcome in ready:
        failed = [
            removal
            for removal in removals
            if removal.item.volume_id == outcome.item.volume.id and (removal.failure is not None or not removal.tried)
        ]
        if failed:
            worst = next((removal for removal in removals if removal.failure is not None), failed[0])
            _blame([outcome], first([worst]), len(failed))


def _blame(outcomes: list[Outcome], failure: Failure, count: int | None = None) -> None:
    """Let the turns end partially: the snapshot is there, and *count* old ones (all, if not said) are left."""
    words = _("{volume}: the new snapshot is there, but nothing was removed: {why}")
    if count is not None:
        words = plural(
            "{volume}: the new snapshot is there, but an old one is left: {why}",
            "{volume}: the new snapshot is there, but {count} old ones are left: {why}",
            count,
        )
    for outcome in outcomes:
        outcome.failure = Partial(
            words.format(volume=outcome.item.label, count=count, why=failure.message),
            hint=failure.hint,
            http_status=failure.http_status,
            request_id=failure.request_id,
            resource=failure.resource,
        )


def _tell_made(session: Session, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        for snapshot in outcome.item.removed:
            session.did(_("removed snapshot {name} to make room").format(name=snapshot.name or snapshot.id))
        if outcome.result is not None:
            session.did(_("made snapshot {name}").format(name=outcome.item.wish.body["name"]))
            session.once.told(outcome.item.wish)


def _tell_removals(session: Session, removals: list[Outcome]) -> None:
    for removal in removals:
        if removal.done and removal.failure is None:
            session.did(_("removing snapshot {name}").format(name=removal.item.name or removal.item.id))


def _tell_interrupted(session: Session, outcomes: list[Outcome]) -> None:
    _tell_made(session, outcomes)
    for outcome in outcomes:
        name = outcome.item.wish.body["name"]
        if outcome.tried and not outcome.done:
            session.notes.note(
                _("snapshot {name} may have been made; it bears the policy's mark, and the next run counts it").format(
                    name=name
                )
            )


def _row(outcome: Outcome, policy: Policy) -> Record:
    turn: Turn = outcome.item
    made = turn.record or {}
    removed = [snapshot.id for snapshot in turn.removed]
    row: Record = {
        "volume": turn.label,
        "outcome": _word(outcome),
        "snapshot": made.get("name"),
        "kept": turn.kept,
        "removed": len(removed),
        "left": turn.left,
        "policy": policy.name,
        "snapshot_id": made.get("id"),
        "volume_id": turn.volume.id,
        "created_at": made.get("created_at"),
        "removed_ids": removed,
    }
    return row if outcome.failure is None else {**row, "error": outcome.failure.record()}


def _word(outcome: Outcome) -> str:
    if not outcome.tried:
        return "not tried"
    if outcome.failure is None:
        return "ok"
    return "partial" if isinstance(outcome.failure, Partial) else "failed"


def _print(session: Session, outcomes: list[Outcome], rows: list[Record], *, several: bool) -> None:
    """A line for each volume on stderr; rows on stdout, in a table only for several."""
    for outcome, row in zip(outcomes, rows, strict=True):
        if row["outcome"] == "ok":
            session.notes.note(
                _("rotated {volume}: {snapshot} made, {kept} kept, {removed} removed, {left} left alone").format(**row)
            )
        elif not outcome.tried:
            session.notes.note(_("{volume} was not tried").format(**row))
    if session.options.quiet:
        rows = [row for row in rows if row["snapshot_id"] is not None]
    if several or not session.for_people:
        session.printer.show(ROTATION, rows, several=several)
