"""One walk through a list, page after page by marker, or by offset where a server ignores markers.

What is known of servers of this family (facts.md §3.3 and §3.4, observed.md, lists) and what follows:
- the default page is 100 or 1000 and the largest 1000: `limit` is always sent, and a short page proves nothing;
- a next link comes with a full page, on some servers never: only its marker is used, and no link is no proof of the
  end, unless this server has shown before that it gives one with a full page of at least that size;
- a marker whose row is deleted between two pages is a 404: the walk starts over, and rows seen are left out; who
  removes the oldest, one by one, does that to it several times;
- some servers ignore markers on snapshot lists: then offsets, each page overlapping the one before by one row, so
  that a row that vanished in between is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator

from nbs_cli.cloud.blockstorage import BlockStorage, Page, Record
from nbs_cli.cloud.resources import Paging, Resource
from nbs_cli.cloud.sorting import Order
from nbs_cli.cloud.span import PAGE, Span
from nbs_cli.errors import Failure, Nonsense, NotFound
from nbs_cli.output.words import _

_STARTS = 5  # times that a walk starts over while rows vanish under it
SMALLEST_CAP = 100  # the smallest default page known: a list shorter than this is whole even where nothing pages


class Walk:
    """One walk through a list; remembers what it has seen."""

    def __init__(self, storage: BlockStorage, resource: Resource, span: Span) -> None:
        self.storage = storage
        self.resource = resource
        self.span = span
        self.seen: set[str] = set()
        self.given = 0
        self.linked = 0  # rows of the smallest page that came with a next link
        self.restarts = 0

    def ask(self, limit: int, *, marker: str | None = None, offset: int | None = None, order: Order = ()) -> Page:
        """Ask for one page of the list."""
        query: dict[str, str | int] = {"limit": limit}
        if order:
            query["sort"] = ",".join(f"{key}:{direction}" for key, direction in order)
        if offset:
            query["offset"] = offset
        if marker:
            query["marker"] = marker
        return self.storage.page(self.resource, query, detail=self.span.detail)

    def pages(self) -> Iterator[list[Record]]:
        """Give the rows page by page, each row once; a page is never empty.

        Raises Nonsense where this server's pages do not lead to the end, NotFound for a marker that does not exist.
        """
        marker, offset = self.span.marker, self.span.offset
        used: set[str] = set()
        while not self.span.full(self.given):
            try:
                page = self.ask(self.span.ask(self.given), marker=marker, offset=offset)
            except NotFound:
                if self.restarts == _STARTS or marker is None or not used:
                    raise
                self.restarts += 1
                marker, offset = self.span.marker, self.span.offset
                used.clear()
                continue
            fresh = self._fresh(page)
            if page.rows and not fresh and not self.restarts:
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
        """Go on by offset, one row back each time; where that row is another one, rows vanished: start over.

        The end is a page that holds that row alone and nothing behind it.
        """
        position, back = self.given, 1
        while not self.span.full(self.given):
            page = self.ask(max(2, self.span.page_size), offset=position - back)
            vanished = back == 1 and not (page.rows and page.rows[0]["id"] in self.seen)
            fresh = self._fresh(page)
            if fresh:
                yield fresh
            if vanished:
                if self.restarts == _STARTS:
                    raise _changing(self.resource)
                self.restarts += 1
                position, back = 0, 0
            elif back == 1 and len(page.rows) == 1:
                back = 0  # the end, or a server whose pages hold one row: what follows tells
            elif fresh or (len(page.rows) > back and not self._ignores_offsets(page, position - back)):
                position, back = position + len(page.rows) - back, 1
            else:
                self._believe_end(page)
                return

    def _ignores_offsets(self, page: Page, offset: int) -> bool:
        """Whether *page*, which brought nothing new, is the first one again; else rows were added before it."""
        if offset > 10 * (self.given + PAGE):
            raise _repeats(self.resource)
        return offset > 0 and self.ask(max(2, self.span.page_size)).rows == page.rows

    def _believe_end(self, page: Page) -> None:
        """Nothing may follow but the last row; a server that ignores offsets too shows its first page again.

        That page is the whole list when it is shorter than what was asked for and than any page known, unless this
        server has linked a next one, which says that there is more.
        """
        if len(page.rows) > 1 and (self.linked or len(page.rows) >= min(SMALLEST_CAP, self.span.page_size)):
            raise _repeats(self.resource)


def _repeats(resource: Resource) -> Failure:
    return Nonsense(
        _("the list of {what} repeats itself: this server's pages do not lead to the end").format(what=resource.plural),
        hint=_("the list would be short; `--debug` shows the pages"),
    )


def _changing(resource: Resource) -> Failure:
    return Nonsense(
        _("the list of {what} changed again and again while it was read").format(what=resource.plural),
        hint=_("try again when less is deleted at once"),
    )
