"""Listing, which everything that can be listed does alike: page in, page out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from nbs_cli import commands
from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.span import Span
from nbs_cli.local import names
from nbs_cli.local.names import Known
from nbs_cli.output.words import _
from nbs_cli.session import Session


def list_all(session: Session, resource: Resource, span: Span, *, volume: str | None = None) -> None:
    """Print every row of *span*, page by page; of snapshots only those of *volume* when one is named."""
    session.printer.check(resource, brief=not span.detail)
    seen: list[Known] = []
    rows = pages(session.storage, resource, span) if volume is None else _of_volume(session, resource, span, volume)
    any_rows = session.printer.list(resource, _noted(rows, seen), brief=not span.detail)
    if span.whole and volume is None:
        names.remember(session.names(resource), seen)
    if not any_rows and session.notes.terminal:
        session.notes.note(_("there are no {noun}s").format(noun=noun_of(resource)))


def _of_volume(session: Session, resource: Resource, span: Span, volume: str) -> Iterator[list[Record]]:
    """The rows of one volume: all are asked for, and offset and limit count here, for servers document no filter."""
    volume_id = commands.looking.volume_id(session, volume)
    everything = replace(span, limit=None, offset=None)
    rows = (row for page in pages(session.storage, resource, everything) for row in page)
    begin = span.offset or 0
    end = None if span.limit is None else begin + span.limit
    found = list(islice((row for row in rows if row.get("volume_id") == volume_id), begin, end))
    if found:
        yield found


def _noted(found: Iterable[list[Record]], seen: list[Known]) -> Iterator[list[Record]]:
    """The pages as they come; what completion will offer of them goes into *seen*."""
    for page in found:
        yield page
        seen += map(names.known, page[: names.MOST - len(seen)])
