"""Listing, which everything that can be listed does alike: page in, page out."""

from __future__ import annotations

from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.span import Span
from nbs_cli.output.words import _
from nbs_cli.session import Session


def list_all(session: Session, resource: Resource, span: Span) -> None:
    """Print every row of *span*, page by page."""
    session.printer.check(resource, brief=not span.detail)
    any_rows = session.printer.list(resource, pages(session.storage, resource, span), brief=not span.detail)
    if not any_rows and session.notes.terminal:
        session.notes.note(_("there are no {noun}s").format(noun=noun_of(resource)))
