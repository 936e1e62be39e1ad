"""Listing, which everything that can be listed does alike: page in, page out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.span import Span
from nbs_cli.local import names
from nbs_cli.local.names import Known
from nbs_cli.output.words import _
from nbs_cli.session import Session


def list_all(session: Session, resource: Resource, span: Span, chosen: Iterator[list[Record]] | None = None) -> None:
    """Print every row of *span*, page by page, or only what was *chosen* of it."""
    session.printer.check(resource, brief=not span.detail)
    seen: list[Known] = []
    rows = pages(session.storage, resource, span) if chosen is None else chosen
    any_rows = session.printer.list(resource, _noted(rows, seen), brief=not span.detail)
    if span.whole and chosen is None:
        names.remember(session.names(resource), seen)
    if not any_rows and session.notes.terminal:
        session.notes.note(_("there are no {noun}s").format(noun=noun_of(resource)))


def _noted(found: Iterable[list[Record]], seen: list[Known]) -> Iterator[list[Record]]:
    """The pages as they come; what completion will offer of them goes into *seen*."""
    for page in found:
        yield page
        seen += map(names.known, page[: names.MOST - len(seen)])
