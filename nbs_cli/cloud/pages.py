"""All pages of a list: complete under any page size, cap, missing link or vanished marker, or an error.

What is known of servers of this family (facts.md §3.3 and §3.4, observed.md, lists) and what follows:
- the default page is 100 or 1000 and the largest 1000: `limit` is always sent, and a short page proves nothing;
- a next link comes with a full page, on some servers never: only its marker is used, and no link is no proof of the
  end, unless this server has shown before that it gives one with a full page of at least that size;
- a marker whose row is deleted between two pages is a 404: the walk starts once more, and rows seen are left out;
- some servers ignore markers on snapshot lists: then offsets, each page overlapping the one before by one row, so
  that a row that vanished in between is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nbs_cli.cloud.blockstorage import BlockStorage, Page, Record
from nbs_cli.cloud.nouns import missing
from nbs_cli.cloud.resources import Paging, Resource
from nbs_cli.cloud.sorting import Order, sort_rows
from nbs_cli.errors import Failure, LostAnswer, Nonsense, NotFound, Usage
from nbs_cli.output.words import _

PAGE = 1000  # the largest page of the family
SMALLEST_CAP = 100  # the smallest default page known: a list shorter than this is whole even where nothing pages


@dataclass(frozen=True)
class Span:
    """Which part of a list is wanted: at most `limit` rows, from `offset` or after `marker`, `page_size` at a time."""

    limit: int | None = None
    page_size: int = PAGE
    offset: int | None = None
    marker: str | None = None
    order: Order = ()
    detail: bool = True

    def ask(self, so_far: int) -> int:
        """How many rows to ask for when *so_far* have come."""
        return self.page_size if self.limit is None else min(self.page_size, self.limit - so_far)

    def full(self, so_far: int) -> bool:
        """Whether nothing more is wanted."""
        return self.limit is not None and so_far >= self.limit


EVERYTHING = Span()


def pages(storage: BlockStorage, resource: Resource, span: Span = EVERYTHING) -> Iterator[list[Record]]:
    """Give the rows of *span* page by page, each row once; a page is never empty.

    Raises Nonsense when a page brings nothing new, or when the server's pages cannot be trusted to be all.
    """
    if resource.paging is Paging.WHOLE:
        yield from _whole(storage, resource)
    elif span.order:
        yield from _sorted(storage, resource, span)
    else:
        yield from _walked(storage, resource, span)


def _walked(storage: BlockStorage, resource: Resource, span: Span) -> Iterator[list[Record]]:
    """Walk; what servers of the family are known to get wrong is counted out here instead.

    A server that ignores markers would begin at the start; one that cuts limit and offset twice gives an empty page.
    """
    if span.marker is not None and resource.paging is Paging.EITHER:
        yield from _cut(storage, resource, span)
        return
    walk = _Walk(storage, resource, span)
    yield from walk.pages()
    if span.offset and span.marker is None and not walk.given:
        yield from _cut(storage, resource, span)


def _cut(storage: BlockStorage, resource: Resource, span: Span) -> Iterator[list[Record]]:
    """Take the whole list and cut the span out of it here: order, marker, offset, limit."""
    whole = _Walk(storage, resource, Span(page_size=span.page_size, detail=span.detail))
    rows = [row for page in whole.pages() for row in page]
    if span.order:
        rows = sort_rows(rows, span.order)
    if span.marker is not None:
        rows = rows[_behind(rows, resource, span.marker) :]
    rows = rows[span.offset or 0 :][: span.limit]
    if rows:
        yield rows


def _behind(rows: list[Record], resource: Resource, marker: str) -> int:
    for number, row in enumerate(rows, 1):
        if row["id"] == marker:
            return number
    raise missing(resource, marker)


def _whole(storage: BlockStorage, resource: Resource) -> Iterator[list[Record]]:
    page = storage.page(resource, {})
    if page.marker is not None:
        yield from _Walk(storage, resource, EVERYTHING).pages()
    elif page.rows:
        yield page.rows


def _sorted(storage: BlockStorage, resource: Resource, span: Span) -> Iterator[list[Record]]:
    """Let the server sort when one page answers the call; else walk its default order and sort here.

    A marker under another order loses rows with null names (facts.md §3.4).
    """
    rows = _one_sorted_page(storage, resource, span)
    if rows is None:
        yield from _cut(storage, resource, span)
    elif rows:
        yield rows


# what every server of the family sorts by as it says; others are refused, or answered with wrong rows (observed.md)
_SORTED_BY_SERVERS = frozenset({"name", "size", "status", "id", "created_at", "availability_zone"})


def _one_sorted_page(storage: BlockStorage, resource: Resource, span: Span) -> list[Record] | None:
    """The sorted rows when one page of the server's answers the call for certain, None otherwise.

    Only volume lists are documented to be sorted; a server that ignores `sort` would give the wrong first rows. An
    offset is counted here, for some servers cut limit and offset twice.
    """
    wanted = None if span.limit is None else (span.offset or 0) + span.limit
    sortable = resource.paging is Paging.MARKER and all(key in _SORTED_BY_SERVERS for key, _direction in span.order)
    if not sortable or span.marker is not None or (wanted or 0) > span.page_size:
        return None
    walk = _Walk(storage, resource, span)
    try:
        page = walk.ask(wanted or span.page_size, order=span.order)
        enough = wanted is not None and len(page.rows) >= wanted
        if not enough and not _is_whole(walk, page, span.order):
            return None
    except (Usage, LostAnswer, NotFound):
        return None  # this server stumbles over the key, or the last row was deleted meanwhile
    return sort_rows(page.rows, span.order)[span.offset or 0 :][: span.limit]


def _is_whole(walk: _Walk, page: Page, order: Order) -> bool:
    """Whether nothing follows *page* in its own order, which only a marker whose values are not null can prove."""
    if page.marker is not None or not page.rows:
        return page.marker is None
    last = page.rows[-1]
    if any(last.get(key) is None for key, _direction in order):
        return False
    return not walk.ask(walk.span.page_size, marker=last["id"], order=order).rows


class _Walk:
    """One walk through a list; remembers what it has seen."""

    def __init__(self, storage: BlockStorage, resource: Resource, span: Span) -> None:
        self.storage = storage
        self.resource = resource
        self.span = span
        self.seen: set[str] = set()
        self.given = 0
        self.linked = 0  # rows of the smallest page that came with a next link
        self.restarted = False

    def ask(self, limit: int, *, marker: str | None = None, offset: int | None = None, order: Order = ()) -> Page:
        query: dict[str, str | int] = {"limit": limit}
        if order:
            query["sort"] = ",".join(f"{key}:{direction}" for key, direction in order)
        if offset:
            query["offset"] = offset
        if marker:
            query["marker"] = marker
        return self.storage.page(self.resource, query, detail=self.span.detail)

    def pages(self) -> Iterator[list[Record]]:
        marker, offset = self.span.marker, self.span.offset
        used: set[str] = set()
        while not self.span.full(self.given):
            try:
                page = self.ask(self.span.ask(self.given), marker=marker, offset=offset)
            except NotFound:
                if self.restarted or marker is None or not used:
                    raise
                self.restarted, marker, offset = True, self.span.marker, self.span.offset
                used.clear()
                continue
            fresh = self._fresh(page)
            if page.rows and not fresh and not self.restarted:
                if self.resource.paging is Paging.EITHER:
                    yield from self._by_offset()
                    return
                raise _repeats(self.resource)
            if fresh:
                yield fresh
            if self._ended(page):
                return
            marker, offset = page.marker or page.rows[-1]["id"], None
            if marker in used:
                raise _repeats(self.resource)
            used.add(marker)

    def _fresh(self, page: Page) -> list[Record]:
        fresh = []
        for row in page.rows:
            if row["id"] not in self.seen and not self.span.full(self.given):
                self.seen.add(row["id"])
                self.given += 1
                fresh.append(row)
        return fresh

    def _ended(self, page: Page) -> bool:
        """An empty page is the end; so is one without a link that is shorter than those that this server links."""
        if page.marker is not None and page.rows:
            self.linked = min(self.linked, len(page.rows)) if self.linked else len(page.rows)
            return False
        return not page.rows or len(page.rows) < self.linked

    def _by_offset(self) -> Iterator[list[Record]]:
        """Go on by offset, one row back each time; where that row is another one, rows vanished: start once more.

        The end is a page that holds that row alone and nothing behind it.
        """
        start = self.span.offset or 0
        position, back = start + self.given, 1
        while not self.span.full(self.given):
            page = self.ask(max(2, self.span.page_size), offset=position - back)
            vanished = back == 1 and not (page.rows and page.rows[0]["id"] in self.seen)
            fresh = self._fresh(page)
            if fresh:
                yield fresh
            if vanished:
                if self.restarted:
                    raise _changing(self.resource)
                self.restarted, position, back = True, start, 0
            elif fresh or (self.restarted and len(page.rows) > back and position < start + self.given):
                position, back = position + len(page.rows) - back, 1
            elif back == 1 and len(page.rows) == 1:
                back = 0  # the end, or a server whose pages hold one row: what follows tells
            else:
                self._believe_end(page)
                return

    def _believe_end(self, page: Page) -> None:
        """Nothing may follow but the last row; a server that ignores offsets too shows its first page again.

        That page is the whole list when it is shorter than what was asked for and than any page known.
        """
        if len(page.rows) > 1 and len(page.rows) >= min(SMALLEST_CAP, self.span.page_size):
            raise _repeats(self.resource)


def _repeats(resource: Resource) -> Failure:
    return Nonsense(
        _("the list of {what} repeats itself: this server's pages do not lead to the end").format(what=resource.plural),
        hint=_("the list would be short; `--debug` shows the pages"),
    )


def _changing(resource: Resource) -> Failure:
    return Nonsense(
        _("the list of {what} changed twice while it was read").format(what=resource.plural),
        hint=_("try again when less is deleted at once"),
    )


def everything(storage: BlockStorage, resource: Resource, *, detail: bool = True) -> list[Record]:
    """Every row of a list at once."""
    return [row for page in pages(storage, resource, replace(EVERYTHING, detail=detail)) for row in page]
