"""What the cloud holds of a request key: one look, looks over a while, twins, what stands under a known ID.

A list may lag behind what was made, and a look that fails is no proof of absence. Source: faults.md §3.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.marks import Wish, key_of, unlike
from nbs_cli.cloud.nouns import command_of, noun_of
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import Resource
from nbs_cli.errors import Failure, LostAnswer, Nonsense, NotFound, Usage
from nbs_cli.output.words import _

_PAUSES = (1.0, 1.0, 2.0, 4.0, 7.0, 15.0)  # parts of it between two looks: soon at first
_GOING = frozenset({"deleting", "deleted"})


def pauses(window: float) -> list[float]:
    """The seconds between two looks within *window* seconds."""
    return [part * window / sum(_PAUSES) for part in _PAUSES]


def look(storage: BlockStorage, wish: Wish) -> Record | None:
    """The one resource that bears the key of *wish*, None for none; raises as `judged`, and what the list raises."""
    return judged(wish, bearers(storage, wish))


def over_a_while(storage: BlockStorage, wish: Wish, window: float, deadline: Deadline) -> list[Record]:
    """Look for all that bear the key again and again, for *window* seconds or to the *deadline*, until one does.

    Raises the failure of the last look when it failed, or one that says that the time was too short: who could not look
    to the end does not know.
    """
    found: list[Record] = []
    failure: Failure | None = None
    for pause in pauses(window):
        if not deadline.rest(pause):
            failure = failure or Failure(_("the time was too short to look for it"))
            break
        found, failure = _tried(storage, wish)
        if found:
            return _once_more(storage, wish, found, window, deadline)
        if failure is not None and not _passes(failure):
            break
    if failure is not None:
        raise failure
    return found


def twins(storage: BlockStorage, wish: Wish, made: Record, window: float, deadline: Deadline) -> list[Record]:
    """All that bear the key of *wish* besides *made*: a middlebox may send a request twice.

    A list that does not show *made* yet would not show its twin either, so it is asked again, within *window* seconds.
    Empty when nobody can tell.
    """
    found, _failure = _tried(storage, wish)
    if not _among(found, made):
        for pause in pauses(window):
            if not deadline.rest(pause):
                break
            found, _failure = _tried(storage, wish)
            if _among(found, made):
                found = _once_more(storage, wish, found, window, deadline)
                break
    return [row for row in found if row["id"] != made["id"]]


def _once_more(
    storage: BlockStorage, wish: Wish, found: list[Record], window: float, deadline: Deadline
) -> list[Record]:
    """Look again in a moment: in a list that lags, a twin shows right behind the first."""
    again = _tried(storage, wish)[0] if deadline.rest(pauses(window)[0]) else []
    return again or found


def _among(found: Sequence[Record], made: Record) -> bool:
    return any(row["id"] == made["id"] for row in found)


def kept(storage: BlockStorage, resource: Resource, resource_id: str) -> Record | None:
    """The record with *resource_id*, None when it was deleted since."""
    try:
        record = storage.get(resource, resource_id)
    except NotFound:
        return None
    return None if record["status"] in _GOING else record


def bearers(storage: BlockStorage, wish: Wish) -> list[Record]:
    """All that bear the key of *wish*, the oldest first; what is being deleted bears it no more."""
    return sorted(_marked(storage, wish), key=_age)


def _age(record: Record) -> tuple[str, str]:
    """What the oldest has least of; in whole seconds, for not all answers have the same fraction (faults.md H4)."""
    return str(record.get("created_at"))[: len("2026-01-01T00:00:00")], str(record["id"])


def _marked(storage: BlockStorage, wish: Wish) -> Iterator[Record]:
    for row in everything(storage, wish.resource):
        if key_of(wish.resource, row) == wish.key and row.get("status") not in _GOING:
            yield row


def _tried(storage: BlockStorage, wish: Wish) -> tuple[list[Record], Failure | None]:
    try:
        return bearers(storage, wish), None
    except Failure as failure:
        return [], failure


def _passes(failure: Failure) -> bool:
    """Whether the next look may fare better."""
    return failure.retryable or isinstance(failure, LostAnswer | Nonsense)


def judged(wish: Wish, found: Sequence[Record]) -> Record | None:
    """The one of *found* that is what was wished for, None for none.

    Raises Usage when it has other parameters than the wish, Failure with the IDs when several bear the key.
    """
    if len(found) > 1:
        raise twofold(wish, found)
    if not found:
        return None
    differing = unlike(wish, found[0])
    if differing and wish.given:
        raise Usage(
            _("the request key {key} made {id} with another {fields}").format(
                key=wish.key, id=found[0]["id"], fields=", ".join(differing)
            ),
            hint=_("use another key for another request"),
            resource=found[0]["id"],
        )
    return found[0]


def twofold(wish: Wish, found: Sequence[Record]) -> Failure:
    """Several bear one key: say which, and the command that would remove all but the oldest."""
    oldest, *others = sorted(found, key=_age)
    return Failure(
        _("{count} {noun}s bear the request key {key}: {ids}").format(
            count=len(found),
            noun=noun_of(wish.resource),
            key=wish.key,
            ids=", ".join(row["id"] for row in (oldest, *others)),
        ),
        hint=_("nothing was deleted; `nbs {command} delete {ids}` keeps {oldest}, the oldest, alone").format(
            command=command_of(wish.resource), ids=" ".join(row["id"] for row in others), oldest=oldest["id"]
        ),
        resource=oldest["id"],
    )
