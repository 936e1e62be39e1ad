"""Listing, which everything that can be listed does alike: page in, page out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nbs_cli import commands
from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.filters import ANYTHING, Filter, Sieve
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.span import Span
from nbs_cli.errors import Usage, nearest
from nbs_cli.local import names
from nbs_cli.local.names import Known
from nbs_cli.output.words import _
from nbs_cli.session import Session


def list_all(
    session: Session,
    resource: Resource,
    span: Span,
    wish: Filter = ANYTHING,
    *,
    volume: str | None = None,
    every: float | None = None,
) -> None:
    """Print every row of *span* that *wish* lets through, page by page; of snapshots only those of *volume*.

    With *every* (seconds) it is watched instead: looked at again and again.
    """
    session.printer.check(resource, brief=not span.detail)
    if not span.detail:
        _in_brief(resource, wish)
    if volume is not None:
        wish = wish._replace(volume_id=commands.looking.volume_id(session, volume))
    if every is not None:
        commands.watching.watch(
            session, resource, lambda: _rows(session, resource, span, wish), every=every, brief=not span.detail
        )
        return
    seen: list[Known] = []
    sieve = _sieve(session, span, wish)
    noted = _noted(_walked(session, resource, span, wish), seen)
    any_rows = session.printer.list(resource, sieve.through(noted) if wish.asks else noted, brief=not span.detail)
    if span.whole:
        names.remember(session.names(resource), seen)
    if not any_rows:
        _nothing(session, resource, sieve)


def _walked(session: Session, resource: Resource, span: Span, wish: Filter) -> Iterator[list[Record]]:
    """The pages of the server; what is left out here must not be counted there."""
    return pages(session.storage, resource, span._replace(limit=None, offset=None) if wish.asks else span)


def _rows(session: Session, resource: Resource, span: Span, wish: Filter) -> Iterator[list[Record]]:
    """The pages of what is wanted."""
    walked = _walked(session, resource, span, wish)
    return _sieve(session, span, wish).through(walked) if wish.asks else walked


def _sieve(session: Session, span: Span, wish: Filter) -> Sieve:
    return Sieve(wish, span.offset or 0, span.limit, lambda: session.server_now)


def _in_brief(resource: Resource, wish: Filter) -> None:
    """Raise Usage for a filter on what the short list does not tell."""
    for field in resource.named(wish.wires):
        if field.wire not in resource.brief:
            raise Usage(
                _("the short list does not tell the {field}").format(field=field.heading), hint=_("leave `--brief` out")
            )


def _nothing(session: Session, resource: Resource, sieve: Sieve) -> None:
    """Say that there is nothing; a word that nothing bears may be a misspelt one, which a script is told too.

    It is no mistake: servers have statuses, types and zones that no guide knows.
    """
    for wire, word in sieve.unheard():
        documented = [name for name, _meaning in resource.statuses] if wire == "status" else []
        known = sorted({*documented, *sieve.seen.get(wire, ())})
        if word not in documented and known:
            told = _("no {noun} has the {field} {word!r}").format(
                noun=noun_of(resource), field=resource.named((wire,))[0].heading, word=word
            )
            session.notes.note(f"{told}: {nearest(word, known, _('there are {names}'))}")
            return
    if session.notes.terminal:
        words = _("there are no such {noun}s") if sieve.wish.asks else _("there are no {noun}s")
        session.notes.note(words.format(noun=noun_of(resource)))


def _noted(found: Iterable[list[Record]], seen: list[Known]) -> Iterator[list[Record]]:
    """The pages as they come; what completion will offer of them goes into *seen*."""
    for page in found:
        yield page
        seen += map(names.known, page[: names.MOST - len(seen)])
