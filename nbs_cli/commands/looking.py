"""Listing, showing and waiting, which volumes and snapshots do alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.refs import one, resolve
from nbs_cli.cloud.resources import VOLUME, Resource
from nbs_cli.cloud.waiting import GONE, Goal, until
from nbs_cli.cloud.walking import Span
from nbs_cli.commands import options
from nbs_cli.commands.outcomes import conclude
from nbs_cli.output.words import _
from nbs_cli.session import Session


def list_all(session: Session, resource: Resource, span: Span, *, volume: str | None = None) -> None:
    """Print every row of *span*, page by page; of snapshots only those of *volume* when one is named."""
    session.printer.check(resource, brief=not span.detail)
    rows = pages(session.storage, resource, span) if volume is None else _of_volume(session, resource, span, volume)
    any_rows = session.printer.list(resource, rows, brief=not span.detail)
    if not any_rows and session.notes.terminal:
        session.notes.note(_("there are no {noun}s").format(noun=noun_of(resource)))


def _of_volume(session: Session, resource: Resource, span: Span, volume: str) -> Iterator[list[Record]]:
    """The rows of one volume: all are asked for, and offset and limit count here, for servers document no filter."""
    volume_id = one(session.storage, VOLUME, volume).id
    everything = replace(span, limit=None, offset=None)
    rows = (row for page in pages(session.storage, resource, everything) for row in page)
    begin = span.offset or 0
    end = None if span.limit is None else begin + span.limit
    found = list(islice((row for row in rows if row.get("volume_id") == volume_id), begin, end))
    if found:
        yield found


def show(session: Session, resource: Resource, refs: list[str], *, parallel: int) -> None:
    """Print what every one of *refs* means: one as an object, several as a list."""
    session.printer.check(resource)
    texts, several = session.refs(refs)
    found = resolve(session.storage, resource, texts, parallel=parallel)
    session.printer.show(resource, [item.record for item in found], several=several)


def wait(session: Session, resource: Resource, refs: list[str], goal: str, *, parallel: int) -> None:
    """Wait until every one of *refs* reaches the status *goal*, or is `gone`; print them as last seen."""
    session.printer.check(resource)
    goal = options.status(resource, goal, GONE)
    texts, several = session.refs(refs)
    found = resolve(session.storage, resource, texts, ignore_missing=goal == GONE, parallel=parallel)
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
    gone_too = session.output != "table"
    records = [outcome.result for outcome in outcomes if gone_too or not outcome.gone]
    if records or several:
        session.printer.show(resource, records, several=several)
    conclude(session, outcomes, lambda item: item.ref)
