"""A delete that may be repeated without harm, and that says why it was refused.

DELETE is idempotent by ID: a repeated one may meet 404, or 400 while `deleting`, and both mean that it is under way
(faults.md §3.5). The family refuses attached volumes and volumes with snapshots in one and the same sentence, so the
volume and its snapshots are looked at to name the reason.
"""

from __future__ import annotations

import time

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.errors import Conflict, ErrorState, Failure, LostAnswer, Nonsense, NotFound
from nbs_cli.output.words import _, plural

_SENDS = 3  # of one DELETE whose answer is lost each time; the client's own are within one of them
_IDENTITY = ("name", "size", "created_at")


def delete(storage: BlockStorage, resource: Resource, found: Found, *, pause: float = 1.0) -> None:
    """Have *found* deleted: returns when the server accepted it, or has it under way already.

    A lost answer is settled by two looks, *pause* seconds apart, and sent again when both show that nothing came of it.
    Raises Conflict naming what stands in the way, ErrorState for one that is stuck, and whatever the client raises.
    """
    for send in range(1, _SENDS + 1):
        try:
            storage.delete(resource, found.id)
        except NotFound as failure:
            if send == 1 and not failure.resent:
                raise
        except Conflict as failure:
            now = _looked(storage, resource, found, failure)
            if now is not None and now["status"] == "error_deleting" and (send > 1 or failure.resent):
                raise _stuck(now) from failure
            if now is not None:
                raise _explained(storage, resource, now, failure) from failure
        except (LostAnswer, Nonsense) as failure:
            if not _settled(storage, resource, found, failure, pause):
                client = storage.client
                if send == _SENDS or failure.resent or client.deadline.left(pause) < pause or not client.budget.spend():
                    raise
                continue
        return


def _settled(storage: BlockStorage, resource: Resource, found: Found, lost: Failure, pause: float) -> bool:
    """Whether a DELETE came to something although its answer was lost; raises ErrorState for one that is stuck."""
    for wait in (0.0, pause):
        if storage.client.deadline.left(wait) < wait:
            break
        time.sleep(wait)
        now = _looked(storage, resource, found, lost)
        if now is None:
            return True
        if now["status"] == "error_deleting":
            raise _stuck(now) from lost
    return False


def _looked(storage: BlockStorage, resource: Resource, found: Found, failure: Failure) -> Record | None:
    """What is left of *found*, None when its delete is done or under way; raises *failure* when nobody can tell."""
    try:
        return _under_way(storage, resource, found)
    except Failure:
        raise failure from None  # the look tells nothing; what came before does


def check_itself(storage: BlockStorage, resource: Resource, found: Found) -> None:
    """Raise Conflict when *found* is no longer what it was when it was found: another name, size or time of birth.

    Between a list, a question and its answer a name may have passed to another; only the ID is deleted, and only then.
    """
    now = storage.get(resource, found.id)
    other = [
        field
        for field in _IDENTITY
        if str(now.get(field))[: _exact(field)] != str(found.record.get(field))[: _exact(field)]
    ]
    if other:
        raise Conflict(
            _("{ref} is not what it was a moment ago: it has another {fields}").format(
                ref=found.ref, fields=", ".join(other)
            ),
            hint=_("nothing was deleted; look at it and run the command again"),
            resource=found.id,
        )


def _exact(field: str) -> int | None:
    """How much of a value counts: of a time the seconds, for not all answers have the same fraction (faults.md H4)."""
    return len("2026-01-01T00:00:00") if field == "created_at" else None


def _stuck(now: Record) -> ErrorState:
    return ErrorState(
        _("{name} could not be deleted: its status is {status}").format(name=named([now])[0], status=now["status"]),
        hint=_("only NHN Cloud's support can remove it"),
        resource=now["id"],
    )


def _under_way(storage: BlockStorage, resource: Resource, found: Found) -> Record | None:
    """None when the delete is done or under way; else the record as it is now."""
    try:
        now = storage.get(resource, found.id)
    except NotFound:
        return None
    return None if now["status"] == "deleting" else now


def obstacles(resource: Resource, record: Record, snapshots: list[Record]) -> str | None:
    """Why a delete of *record* is bound to be refused (guide: 블록 스토리지 삭제하기), None when nothing is known."""
    if resource is VOLUME and attached_to(record):
        return _("it is attached to {servers}").format(servers=", ".join(attached_to(record)))
    if snapshots:
        words = plural("it has a snapshot: {names}", "it has {count} snapshots: {names}", len(snapshots))
        return words.format(count=len(snapshots), names=", ".join(named(snapshots)))
    if record.get("status") not in {"available", "error", "error_restoring", "error_extending", "error_backing-up"}:
        return _("its status is {status}").format(status=record.get("status"))
    return None


def attached_to(record: Record) -> list[str]:
    """The IDs of the instances that a volume is attached to."""
    attachments = record.get("attachments")
    items = attachments if isinstance(attachments, list) else []
    return [str(item.get("server_id")) for item in items if isinstance(item, dict)]


def snapshots_of(storage: BlockStorage, volume_ids: set[str]) -> dict[str, list[Record]]:
    """The snapshots of each of *volume_ids*, from one list."""
    snapshots: dict[str, list[Record]] = {volume_id: [] for volume_id in volume_ids}
    for row in everything(storage, SNAPSHOT):
        if row.get("volume_id") in snapshots:
            snapshots[row["volume_id"]].append(row)
    return snapshots


def named(rows: list[Record]) -> list[str]:
    """What people call each of *rows*: its name, or its ID where it has none."""
    return [str(row.get("name") or row["id"]) for row in rows]


def _explained(storage: BlockStorage, resource: Resource, now: Record, refusal: Conflict) -> Conflict:
    snapshots: list[Record] = []
    if resource is VOLUME and not attached_to(now):
        try:
            snapshots = snapshots_of(storage, {now["id"]})[now["id"]]
        except Failure:
            snapshots = []  # the reason cannot be named; the server's own words stand
    reason = obstacles(resource, now, snapshots)
    name = named([now])[0]
    message = _("{name} cannot be deleted: {reason}").format(name=name, reason=reason or refusal.message)
    return Conflict(
        message if reason is None else f"{message} ({refusal.message})",
        hint=_hint(resource, now, snapshots),
        http_status=refusal.http_status,
        request_id=refusal.request_id,
        resource=now["id"],
    )


def _hint(resource: Resource, now: Record, snapshots: list[Record]) -> str | None:
    if resource is VOLUME and attached_to(now):
        return _("detach it from the instance first (console, or the Compute API)")
    if snapshots:
        return _("delete its snapshots first: `nbs snapshot delete {ids}`").format(
            ids=" ".join(row["id"] for row in snapshots)
        )
    if now["status"] == "error_deleting":
        return _("only NHN Cloud's support can remove it")
    return None
