"""`--all-profiles`: the rows of every profile at once, each with the profile's name."""

from __future__ import annotations

from contextlib import closing

from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.filters import Filter, Sieve
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import Field, Kind, Resource
from nbs_cli.cloud.sorting import sort_rows
from nbs_cli.cloud.span import Span
from nbs_cli.commands.outcomes import conclude
from nbs_cli.errors import NotFound, Usage
from nbs_cli.output.words import _
from nbs_cli.session import Session

_PROFILE = Field("profile", _("the profile that it was found with"), Kind.NAME)
_MOST = 32  # profiles at once: one that does not answer takes its whole time


def list_everywhere(session: Session, resource: Resource, span: Span, wish: Filter, *, alone: bool) -> None:
    """Print the rows of every profile that *wish* lets through, asked at once, each with the profile's name.

    It does not go together with what is about one place (*alone* is false): `--volume`, and a watch.
    A profile that fails is told on stderr and does not end the others: Partial is raised when all is printed.
    """
    _check(session, span, alone=alone)
    shape = with_profile(resource)
    session.printer.check(shape, brief=not span.detail)
    names = list(session.config.profiles)
    if not names:
        raise NotFound(_("there are no profiles"), hint=_("`nbs auth login` makes one"))
    # each is a batch of its own: the login that one refuses says nothing about the others
    batches = at_once(lambda name: _listed(session, resource, span, wish, name), names, min(len(names), _MOST))
    outcomes = [batch.result for batch in batches]
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
    return resource._replace(
        fields=(_PROFILE, *resource.fields),
        columns=("profile", *resource.columns),
        brief=("profile", *resource.brief),
    )


def _check(session: Session, span: Span, *, alone: bool) -> None:
    if not alone:
        raise Usage(_("--all-profiles goes together with neither --volume nor --watch"))
    if session.options.profile is not None:
        raise Usage(_("--all-profiles and --profile exclude each other"))
    if span.offset is not None or span.marker is not None:
        raise Usage(_("--offset and --marker count in one list, and --all-profiles shows several"))


def _listed(session: Session, resource: Resource, span: Span, wish: Filter, name: str) -> Outcome:
    # what is left out here must not be counted there, and no server knows profiles
    order = tuple(key for key in span.order if key[0] != _PROFILE.wire)
    asked = span._replace(order=order, limit=None if wish.asks else span.limit)
    with closing(session.of_profile(name)) as other:
        sieve = Sieve(wish, 0, None, lambda: other.server_now)
        (outcome,) = at_once(
            lambda _name: [row for page in sieve.through(pages(other.storage, resource, asked)) for row in page], [name]
        )
    return outcome
