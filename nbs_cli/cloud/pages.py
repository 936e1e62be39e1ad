"""All pages of a list, or the part of it that is asked for: complete and in order, or an error."""

from __future__ import annotations

from collections.abc import Iterator

from nbs_cli.cloud.blockstorage import BlockStorage, Page, Record
from nbs_cli.cloud.nouns import missing
from nbs_cli.cloud.resources import Paging, Resource
from nbs_cli.cloud.sorting import Order, sort_rows
from nbs_cli.cloud.span import Span
from nbs_cli.cloud.walking import Walk
from nbs_cli.errors import LostAnswer, NotFound, Usage

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
    if resource.paging is Paging.EITHER and (span.marker is not None or span.offset):
        yield from _cut(storage, resource, span)
        return
    walk = Walk(storage, resource, span)
    yield from walk.pages()
    if span.offset and span.marker is None and not walk.given:
        yield from _cut(storage, resource, span)


def _cut(storage: BlockStorage, resource: Resource, span: Span) -> Iterator[list[Record]]:
    """Take the whole list and cut the span out of it here: order, marker, offset, limit."""
    whole = Walk(storage, resource, Span(page_size=span.page_size, detail=span.detail))
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
        yield from Walk(storage, resource, EVERYTHING).pages()
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
    walk = Walk(storage, resource, span)
    try:
        page = walk.ask(wanted or span.page_size, order=span.order)
        enough = wanted is not None and len(page.rows) >= wanted
        if not enough and not _is_whole(walk, page, span.order):
            return None
    except (Usage, LostAnswer, NotFound):
        return None  # this server stumbles over the key, or the last row was deleted meanwhile
    return sort_rows(page.rows, span.order)[span.offset or 0 :][: span.limit]


def _is_whole(walk: Walk, page: Page, order: Order) -> bool:
    """Whether nothing follows *page* in its own order, which only a marker whose values are not null can prove."""
    if page.marker is not None or not page.rows:
        return page.marker is None
    last = page.rows[-1]
    if any(last.get(key) is None or (key, direction) == ("name", "desc") for key, direction in order):
        return False  # what is null would follow, and a marker loses it
    return not walk.ask(walk.span.page_size, marker=last["id"], order=order).rows


def everything(storage: BlockStorage, resource: Resource, *, detail: bool = True) -> list[Record]:
    """Every row of a list at once."""
    return [row for page in pages(storage, resource, EVERYTHING._replace(detail=detail)) for row in page]
