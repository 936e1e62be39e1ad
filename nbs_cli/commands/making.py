"""Making volumes and snapshots: the request or its rehearsal, the wait, what is printed."""

from __future__ import annotations

from typing import Any

from nbs_cli.cloud import existing, forecast, marks
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.marks import Wish
from nbs_cli.cloud.nouns import command_of, noun_of
from nbs_cli.cloud.once import Made, unknown
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import VOLUME, Resource
from nbs_cli.cloud.waiting import Goal, until
from nbs_cli.commands.outcomes import conclude
from nbs_cli.commands.rehearsing import rehearse
from nbs_cli.commands.shapes import REQUEST
from nbs_cli.errors import Failure, NotFound, Usage, closest
from nbs_cli.local import names
from nbs_cli.output.words import _
from nbs_cli.session import Session


def wishes(
    resource: Resource,
    bodies: list[dict[str, Any]],
    request_key: str | None,
    *,
    marked: bool,
    policy: str | None = None,
) -> list[Wish]:
    """A wish for every one of *bodies*: marked with *request_key* (`KEY-1`, `KEY-2`, … for several) or a random key.

    *policy* is the retention policy that the marks of snapshots name.
    """
    if request_key is not None:
        if not marked:
            raise Usage(_("--request-key and --no-request-key exclude each other"))
        marks.check_key(request_key)
    made = []
    for number, body in enumerate(bodies, 1):
        key = None
        if marked:
            key = marks.new_key(resource) if request_key is None else request_key
            if request_key is not None and len(bodies) > 1:
                key = f"{request_key}-{number}"
        made.append(Wish(resource, body, key, given=request_key is not None, policy=policy))
    return made


def make(
    session: Session,
    resource: Resource,
    made: list[Wish],
    *,
    wait: bool,
    dry_run: bool,
    several: bool,
    if_not_exists: bool = False,
) -> None:
    """Create what is wished for, wait for it when asked to, and print it as last seen.

    With *if_not_exists* what bears a wish's name and is what it says is taken for it; what is not, refused.
    """
    session.writing()
    session.printer.check(REQUEST if dry_run else resource)
    there: list[dict[str, Any] | None] = [None] * len(made)
    if if_not_exists:
        there = existing.named(session.storage, made)
    missing = [wish for wish, record in zip(made, there, strict=True) if record is None]
    if dry_run:
        _rehearse(session, resource, missing, [record for record in there if record is not None])
        return
    tried = at_once(
        session.once.create,
        missing,
        interrupted=lambda so_far: _tell_interrupted(session, resource, so_far, several=several),
        stop=session.deadline.cut,
    )
    outcomes = _together(made, there, tried)
    _name_zones(session, outcomes)
    _tell(session, resource, outcomes)
    if session.options.quiet:
        _show(session, resource, outcomes, several=several)  # an ID does not change while it is waited for
    _tick_off(session, outcomes)
    names.change(session.names(resource), made=map(names.known, _records(outcomes)))
    if wait:
        await_all(session, resource, outcomes)
        _warn(outcomes, again=if_not_exists)
    if not session.options.quiet:
        _show(session, resource, outcomes, several=several)
    conclude(session, outcomes, lambda wish: str(wish.body.get("name") or wish.key))
    records = _records(outcomes)
    if not wait and any(outcome.result is not None and not outcome.result.named for outcome in outcomes):
        session.notes.hint(
            _("`nbs {command} wait {id}` waits until it can be used").format(
                command=command_of(resource), id=records[0]["id"]
            )
        )


def _together(made: list[Wish], there: list[dict[str, Any] | None], tried: list[Outcome]) -> list[Outcome]:
    """The outcome of every wish in its order: what was there already, and what was tried."""
    left = iter(tried)
    return [
        next(left) if record is None else Outcome(wish, Made(record, adopted=True, named=True), tried=True, done=True)
        for wish, record in zip(made, there, strict=True)
    ]


def _name_zones(session: Session, outcomes: list[Outcome]) -> None:
    """Where a zone is refused, name the one like it that a list has shown before: the API has no list of zones."""
    for outcome in outcomes:
        zone = outcome.item.body.get("availability_zone")
        if isinstance(outcome.failure, NotFound) and zone is not None:
            seen = dict.fromkeys(row.zone for row in names.remembered(session.names(VOLUME)) if row.zone)
            close = closest(zone, list(seen))
            if close is not None and close != zone:
                words = _("did you mean {name}?").format(name=close)
                outcome.failure.hint = " ".join(filter(None, (words, outcome.failure.hint)))


def _rehearse(session: Session, resource: Resource, missing: list[Wish], there: list[dict[str, Any]]) -> None:
    """Print what would be sent for what is missing, and say what would not be made because it is there."""
    for record in there:
        session.notes.note(_called(resource, record, _("{noun} {name} exists already; nothing is sent for it")))
    made = [(wish, session.once.foreseen(wish)) for wish in missing]
    for record in [record for _wish, record in made if record is not None]:
        words = _("{noun} {name} was made with this request key; nothing is sent for it")
        session.notes.note(_called(resource, record, words))
    missing = [wish for wish, record in made if record is None]
    forecasts = forecast.creates(session.storage, resource, [wish.body for wish in missing]) if missing else []
    rehearse(
        session,
        [
            ("POST", f"/{resource.path}", {resource.name: wish.marked()}, expected)
            for wish, expected in zip(missing, forecasts, strict=True)
        ],
    )


def _called(resource: Resource, record: dict[str, Any], words: str) -> str:
    called = f"{record['name']} ({record['id']})" if record.get("name") else record["id"]
    return words.format(noun=noun_of(resource), name=called)


def _tell(session: Session, resource: Resource, outcomes: list[Outcome]) -> None:
    """Say what was made."""
    for outcome in outcomes:
        if outcome.result is None:
            continue
        if outcome.result.named:
            session.notes.note(_called(resource, outcome.result.record, _("{noun} {name} exists already")))
            continue
        words = _("found {noun} {name}: it was made before, and its answer was lost or its key used again")
        if not outcome.result.adopted:
            words = _("created {noun} {name}")
        session.did(_called(resource, outcome.result.record, words))


def _show(session: Session, resource: Resource, outcomes: list[Outcome], *, several: bool) -> None:
    """Print what there is now."""
    if records := _records(outcomes):
        session.printer.show(resource, records, several=several)


def _warn(outcomes: list[Outcome], *, again: bool) -> None:
    """What was made is made once more by the same command, unless its key or its name (*again*) is looked for first."""
    for outcome in outcomes:
        if outcome.failure is not None and outcome.result is not None:
            outcome.failure.retryable &= outcome.item.given or again


def _records(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    return [outcome.result.record for outcome in outcomes if outcome.result is not None]


def _tick_off(session: Session, outcomes: list[Outcome]) -> None:
    """What a person knows now leaves the journal; whoever is killed before finds it there."""
    for outcome in outcomes:
        if outcome.result is not None:
            session.once.told(outcome.item)


def _tell_interrupted(session: Session, resource: Resource, outcomes: list[Outcome], *, several: bool) -> None:
    """Print what was made, and name the command that settles what may have been made."""
    _tell(session, resource, outcomes)
    for outcome in outcomes:
        failure = outcome.failure
        if outcome.tried and not outcome.done:
            failure = unknown(outcome.item, Failure(_("interrupted")))
        if failure is not None:
            session.notes.failure(failure, as_json=session.output in {"json", "jsonl"})
    _show(session, resource, outcomes, several=several)
    _tick_off(session, outcomes)


def await_all(session: Session, resource: Resource, outcomes: list[Outcome]) -> None:
    """Wait until everything made is `available`; what a wait found out goes into the outcomes.

    What was there before, and is attached to an instance, is ready.
    """
    waiting = [
        outcome
        for outcome in outcomes
        if outcome.result is not None and not (outcome.result.named and outcome.result.record["status"] == "in-use")
    ]
    found = [Found(outcome.result.record["id"], outcome.result.record) for outcome in waiting]
    ended = until(
        session.storage,
        resource,
        found,
        Goal("available"),
        seconds=session.wait_seconds(WAIT),
        deadline=session.deadline,
        tell=session.notes.status,
    )
    session.notes.clear()
    for outcome, end in zip(waiting, ended, strict=True):
        outcome.result = Made(end.result or outcome.result.record)
        outcome.failure = end.failure
