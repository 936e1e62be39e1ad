"""Showing and waiting, which volumes and snapshots do alike."""

from __future__ import annotations

from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.refs import one, resolve, volume_type
from nbs_cli.cloud.resources import VOLUME, VOLUME_TYPE, Resource
from nbs_cli.cloud.waiting import GONE, Goal, until
from nbs_cli.commands import options
from nbs_cli.commands.outcomes import conclude
from nbs_cli.output.words import _
from nbs_cli.session import Session


def show(session: Session, resource: Resource, refs: list[str], *, parallel: int) -> None:
    """Print what every one of *refs* means: one as an object, several as a list."""
    session.printer.check(resource)
    texts, several = session.refs(refs)
    found = resolve(session.storage, resource, texts, parallel=parallel)
    session.printer.show(resource, [item.record for item in found], several=several)


def volume_id(session: Session, text: str) -> str:
    """The ID of the one volume that *text* means."""
    return one(session.storage, VOLUME, text).id


def show_type(session: Session, text: str) -> None:
    """Print the one volume type that *text* means, picked from the list: the guide has no request for one."""
    session.printer.check(VOLUME_TYPE)
    session.printer.show(VOLUME_TYPE, [volume_type(everything(session.storage, VOLUME_TYPE), text)])


def wait(session: Session, resource: Resource, refs: list[str], goal: str, *, parallel: int) -> None:
    """Wait until every one of *refs* reaches the status *goal*, or is `gone`; print them as last seen."""
    session.printer.check(resource)
    goal = options.status(resource, goal, GONE)
    texts, several = session.refs(refs)
    found = resolve(
        session.storage, resource, texts, ignore_missing=goal == GONE, parallel=parallel, tell=session.notes.note
    )
    outcomes = until(
        session.storage,
        resource,
        found,
        Goal(goal),
        seconds=session.wait_seconds(WAIT),
        deadline=session.deadline,
        tell=session.notes.status,
    )
    session.notes.clear()
    for outcome in outcomes:
        if outcome.gone:
            session.notes.note(_("{noun} {ref} is gone").format(noun=noun_of(resource), ref=outcome.item.ref))
    # a program gets what was last seen of what is gone; a person is not shown what is not there
    gone_too = session.output != "table" or session.query is not None
    records = [outcome.result for outcome in outcomes if gone_too or not outcome.gone]
    if records or several:
        session.printer.show(resource, records, several=several)
    conclude(session, outcomes, lambda item: item.ref)
