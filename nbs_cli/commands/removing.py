"""Deleting volumes and snapshots: what would be lost is shown, asked, done in parallel, and told one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbs_cli import commands
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.deletion import attached_to, check_itself, delete, named, snapshots_of
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.refs import Found, resolve
from nbs_cli.cloud.resources import VOLUME, Resource
from nbs_cli.cloud.waiting import GONE, Goal, until
from nbs_cli.commands.outcomes import conclude
from nbs_cli.commands.shapes import OUTCOME, REQUEST
from nbs_cli.errors import NotFound, Usage
from nbs_cli.local import names
from nbs_cli.output.cells import cell
from nbs_cli.output.lines import aligned
from nbs_cli.output.words import _
from nbs_cli.session import Session

Interrupted = Callable[[list[Outcome]], None]
_LOOKS = 30  # a lost delete is looked after again when this part of the settle window is over


def remove(
    session: Session,
    resource: Resource,
    refs: list[str],
    *,
    ignore_missing: bool,
    parallel: int,
    wait: bool,
    dry_run: bool,
) -> None:
    """Delete every one of *refs*, all of them found first; print the outcomes, raise what they come to."""
    session.writing()
    session.printer.check(REQUEST if dry_run else OUTCOME)
    if not dry_run:
        may_ask(session)
    texts, several = session.refs(refs)
    # who need not be asked, nor waited for, is deleted by ID alone
    brief = session.options.yes and not wait and not dry_run
    found = resolve(session.storage, resource, texts, ignore_missing=ignore_missing, parallel=parallel, brief=brief)
    if dry_run:
        _rehearse(session, resource, found)
        return
    if not session.options.yes and found and not _confirmed(session, resource, found):
        session.notes.note(_("nothing was deleted"))
        return
    interrupted: Interrupted = lambda so_far: _print(session, resource, so_far, several=True)  # noqa: E731
    outcomes = at_once(lambda item: delete_one(session, resource, item), found, parallel, interrupted=interrupted)
    if ignore_missing:
        outcomes = [outcome for outcome in outcomes if not isinstance(outcome.failure, NotFound)]
    if wait:
        await_gone(session, resource, outcomes, interrupted)
    _print(session, resource, outcomes, several=several, gone=wait)
    accepted = [outcome.item.id for outcome in outcomes if outcome.done and outcome.failure is None]
    names.change(session.names(resource), gone=accepted)
    conclude(session, outcomes, lambda item: item.ref)


def delete_one(session: Session, resource: Resource, item: Found) -> None:
    """Delete what was found; a name, and a question, leave time for it to become something else."""
    if not session.options.yes or item.ref.removeprefix("id:").lower() != item.id.lower():
        check_itself(session.storage, resource, item)
    delete(session.storage, resource, item, pause=session.settle_seconds / _LOOKS)


def may_ask(session: Session) -> None:
    """Raise Usage at once where nobody can be asked and nobody said yes."""
    if session.options.yes or session.notes.interactive:
        return
    raise Usage(_("a delete asks first, and nobody is there to answer"), hint=_("say `--yes` if you are sure"))


def _confirmed(session: Session, resource: Resource, found: list[Found]) -> bool:
    """Show what would be lost, and ask."""
    snapshots = snapshots_of(session.storage, {item.id for item in found}) if resource is VOLUME else {}
    for line in _described(resource, found, snapshots):
        session.notes.note(line)
    count = len(found)
    question = (
        _("Delete this {noun}?").format(noun=noun_of(resource))
        if count == 1
        else _("Delete these {count} {noun}s?").format(count=count, noun=noun_of(resource))
    )
    return session.notes.confirm(question + " " + _("It cannot be undone."))


def _described(resource: Resource, found: list[Found], snapshots: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What would be lost, a line each; under it what it is attached to, and its snapshots."""
    columns = resource.named(("id", "name", "status", "size"))
    rows = [[cell(field, item.record.get(field.wire)) for field in columns] for item in found]
    lines: list[str] = []
    for item, line in zip(found, aligned(rows), strict=True):
        lines.append(f"  {line}")
        if resource is VOLUME and attached_to(item.record):
            lines.append("    " + _("attached to {servers}").format(servers=", ".join(attached_to(item.record))))
        if snapshots.get(item.id):
            lines.append("    " + _("snapshots: {names}").format(names=", ".join(named(snapshots[item.id]))))
    return lines


def _rehearse(session: Session, resource: Resource, found: list[Found]) -> None:
    snapshots = snapshots_of(session.storage, {item.id for item in found}) if resource is VOLUME and found else {}
    rehearsing = commands.rehearsing
    rehearsing.rehearse(session, [rehearsing.deletion(resource, item, snapshots.get(item.id, [])) for item in found])


def await_gone(session: Session, resource: Resource, outcomes: list[Outcome], interrupted: Interrupted) -> None:
    """Wait until what was accepted is gone; one that does not go has its failure set.

    A signal that ends the wait tells *interrupted* the outcomes, and goes on its way.
    """
    accepted = [outcome for outcome in outcomes if outcome.tried and outcome.failure is None]
    try:
        ended = until(
            session.storage,
            resource,
            [outcome.item for outcome in accepted],
            Goal(GONE, deleted=True),
            seconds=session.wait_seconds(WAIT),
            deadline=session.deadline,
            tell=session.notes.status,
        )
    except KeyboardInterrupt:
        session.notes.clear()
        interrupted(outcomes)
        raise
    session.notes.clear()
    for outcome, end in zip(accepted, ended, strict=True):
        outcome.failure = end.failure


def _print(session: Session, resource: Resource, outcomes: list[Outcome], *, several: bool, gone: bool = False) -> None:
    """Say what was done on stderr; the outcomes go to stdout, in a table only when there are several."""
    print_rows(session, told(session, resource, outcomes, gone=gone), several=several)


def told(session: Session, resource: Resource, outcomes: list[Outcome], *, gone: bool) -> list[dict[str, Any]]:
    """Say what was done on stderr, and give the outcomes as records; *gone* when it was waited for."""
    rows = []
    for outcome in outcomes:
        word = _word(outcome, gone=gone)
        if word in {"deleted", "accepted"}:
            words = _("deleted {noun} {name}") if gone else _("deleting {noun} {name}")
            session.did(words.format(noun=noun_of(resource), name=_called(outcome.item)))
        row: dict[str, Any] = {"ref": outcome.item.ref, "id": outcome.item.id, "outcome": word}
        rows.append(row if outcome.failure is None else {**row, "error": outcome.failure.record()})
    return rows


def print_rows(session: Session, rows: list[dict[str, Any]], *, several: bool) -> None:
    """Write the outcomes to stdout, in a table only when there are *several*."""
    if session.options.quiet:
        rows = [row for row in rows if "error" not in row]
    if several or not session.for_people:
        session.printer.show(OUTCOME, rows, several=True)


def _called(item: Found) -> str:
    name = item.record.get("name")
    return f"{name} ({item.id})" if name else item.id


def _word(outcome: Outcome, *, gone: bool) -> str:
    """The outcome in a word of the contract; never translated, for it is data."""
    if not outcome.tried:
        return "not tried"
    if not outcome.done:
        return "unknown"
    if outcome.failure is not None:
        return "failed"
    return "deleted" if gone else "accepted"
