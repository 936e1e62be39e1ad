"""A look at many resources at once: by pages of the list where many lie on them, and by ID where few do.

A page of the list costs about as much as asking for twenty by their IDs, and a server takes it better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.bulk import PARALLEL, Outcome, at_once
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.span import PAGE, Span
from nbs_cli.errors import Failure, RateLimited, Unavailable

WORTH = 20  # resources that a page has to bring
_FEW = 4  # so many are asked for one by one, at every tick of a wait
_SMALLEST = 100  # rows of a page that is asked for at every tick


def by_id(
    storage: BlockStorage, resource: Resource, ids: Sequence[str], parallel: int = PARALLEL, *, brief: bool = False
) -> list[Outcome]:
    """The records of *ids* (lower case, each once): an Outcome each, its `result` the record, or its `failure`.

    Where many are wanted the list is read, as long as its pages bring many of them; the rest is asked for by ID. With
    *brief* it is only to be known that they are there, and the short list, a third as long, will do.
    """
    found = _listed(storage, resource, set(ids), Span(detail=not brief)) if len(ids) >= WORTH else {}
    return _with_the_rest(ids, found, lambda one: storage.get(resource, one), parallel)


def _listed(storage: BlockStorage, resource: Resource, wanted: set[str], span: Span) -> dict[str, Record]:
    found: dict[str, Record] = {}
    try:
        for page in pages(storage, resource, span):
            brought = {row["id"].lower(): row for row in page if row["id"].lower() in wanted}
            found |= brought
            if len(brought) < WORTH or len(found) == len(wanted):
                break
    except (Unavailable, RateLimited):
        raise
    except Failure:
        pass  # this server does not like the list; by ID it says why, if anything is wrong
    return found


def look(storage: BlockStorage, resource: Resource, ids: Sequence[str], left: Callable[[], float]) -> list[Outcome]:
    """How *ids* are now, in at most `left()` seconds a request: an Outcome each, as `by_id` gives them.

    Of many one page is asked for, the first one, where the newest lie; singly only those that do not lie on it. A
    server that does not answer is not asked again for each.
    """
    found: dict[str, Record] = {}
    if len(ids) > _FEW:
        size = min(PAGE, max(_SMALLEST, 4 * len(ids)))
        try:
            rows = storage.page(resource, {"limit": size}, limit=left()).rows
        except (Unavailable, RateLimited) as failure:
            return [Outcome(one, failure=failure, tried=True, done=True) for one in ids]
        except Failure:
            rows = []  # this server does not like the list; by ID it says why, if anything is wrong
        wanted = {one.lower(): one for one in ids}
        listed = {row["id"].lower(): row for row in rows if isinstance(row.get("status"), str)}
        found = {one: listed[key] for key, one in wanted.items() if key in listed}
    return _with_the_rest(ids, found, lambda one: storage.get(resource, one, limit=left()), PARALLEL)


def _with_the_rest(
    ids: Sequence[str], found: dict[str, Record], ask: Callable[[str], Record], parallel: int
) -> list[Outcome]:
    """An Outcome for each of *ids* in their order: what was *found*, and what asking for the others gives."""
    asked = {outcome.item: outcome for outcome in at_once(ask, [one for one in ids if one not in found], parallel)}
    return [asked[one] if one in asked else Outcome(one, result=found[one], tried=True, done=True) for one in ids]
