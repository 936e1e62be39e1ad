"""Which rows of a list are shown where not all of one place are: those of a volume, those of every profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice

from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.refs import one
from nbs_cli.cloud.resources import VOLUME, Field, Kind, Resource
from nbs_cli.cloud.sorting import sort_rows
from nbs_cli.cloud.span import Span
from nbs_cli.commands.outcomes import conclude
from nbs_cli.errors import NotFound, Usage
from nbs_cli.output.words import _
from nbs_cli.session import Session

_PROFILE = Field("profile", _("the profile that it was found with"), Kind.NAME)


def of_volume(session: Session, resource: Resource, span: Span, volume: str) -> Iterator[list[Record]]:
    """The rows of one volume: all are asked for, and offset and limit count here, for servers document no filter."""
    volume_id = one(session.storage, VOLUME, volume).id
    everything = replace(span, limit=None, offset=None)
    rows = (row for page in pages(session.storage, resource, everything) for row in page)
    begin = span.offset or 0
    end = None if span.limit is None else begin + span.limit
    found = list(islice((row for row in rows if row.get("volume_id") == volume_id), begin, end))
    if found:
        yield found


def list_everywhere(session: Session, resource: Resource, span: Span) -> None:
    """Print the rows of every profile of the config file, asked at once, each with the profile's name.

    A profile that fails is told on stderr and does not end the others: Partial is raised when all is printed.
    """
    _check(session, span)
    shape = with_profile(resource)
    session.printer.check(shape, brief=not span.detail)
    names = list(session.config.profiles)
    if not names:
        raise NotFound(_("there are no profiles"), hint=_("`nbs auth login` makes one"))
    # each is a batch of its own: the login that one refuses says nothing about the others
    outcomes = [batch.result for batch in at_once(lambda name: _listed(session, resource, span, name), names)]
    for outcome in outcomes:
        if outcome.failure is not None:
            outcome.failure.message = f"{outcome.item}: {outcome.failure.message}"
    rows = [{"profile": outcome.item, **row} for outcome in outcomes for row in outcome.result or ()]
    if span.order:
        rows = sort_rows(rows, span.order)
    if any(outcome.failure is None for outcome in outcomes):
        session.printer.list(shape, [rows[: span.limit]], brief=not span.detail)
    conclude(session, outcomes, str)


def with_profile(resource: Resource) -> Resource:
    """*resource* as `--all-profiles` shows it: the profile first."""
    return replace(
        resource,
        fields=(_PROFILE, *resource.fields),
        columns=("profile", *resource.columns),
        brief=("profile", *resource.brief),
    )


def _check(session: Session, span: Span) -> None:
    if session.options.profile is not None:
        raise Usage(_("--all-profiles and --profile exclude each other"))
    if span.offset is not None or span.marker is not None:
        raise Usage(_("--offset and --marker count in one list, and --all-profiles shows several"))


def _listed(session: Session, resource: Resource, span: Span, name: str) -> Outcome:
    with closing(session.of_profile(name)) as other:
        (outcome,) = at_once(
            lambda _name: [row for page in pages(other.storage, resource, span) for row in page], [name]
        )
    return outcome
