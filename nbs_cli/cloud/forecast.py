"""What the server can be expected to answer to a create, as far as can be known without sending it.

Source: facts.md §3.5 (what is limited) and §3.7 (`GET /limits`, which NHN does not promise); the guide on statuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.errors import Failure
from nbs_cli.output.words import _, plural


def creates(storage: BlockStorage, resource: Resource, bodies: Sequence[Record]) -> list[str]:
    """For each of *bodies* of creates: `accepted`, `refused: why` or `unknown: why`, and what is worth knowing."""
    try:
        volumes = {row["id"]: row for row in everything(storage, VOLUME)}
        there = list(volumes.values()) if resource is VOLUME else everything(storage, SNAPSHOT)
        absolute = _limits(storage)
    except Failure as failure:
        return [_("unknown: {reason}").format(reason=failure.message) for _body in bodies]
    names = [str(row.get("name") or "") for row in there]
    told = []
    size = 0
    for number, body in enumerate(bodies, 1):
        volume = volumes.get(str(body.get("volume_id"))) or {}
        size += int(body.get("size") or volume.get("size") or 0)
        obstacle = _over(absolute, resource, number, size) or (_unready(volume, body) if resource is SNAPSHOT else None)
        if obstacle is not None:
            told.append(_("refused: {reason}").format(reason=obstacle))
            continue
        told.append("; ".join([_("accepted"), *_remarks(resource, absolute, names.count(str(body.get("name"))))]))
    return told


def image(volume: Record, *, force: bool) -> str:
    """What is to be expected of making an image of *volume*."""
    status = str(volume.get("status"))
    if status == "available" or (force and status == "in-use"):
        return _("accepted")
    reason = _("its status is {status}").format(status=status)
    if status == "in-use":
        reason += _(", and --force is missing")
    return _("refused: {reason}").format(reason=reason)


def _limits(storage: BlockStorage) -> dict[str, Any]:
    """The absolute limits, empty where the service does not tell them."""
    try:
        body = storage.request("GET", "/limits").body
    except Failure:
        return {}
    limits = body.get("limits") if isinstance(body, dict) else None
    absolute = limits.get("absolute") if isinstance(limits, dict) else None
    return absolute if isinstance(absolute, dict) else {}


def _over(absolute: dict[str, Any], resource: Resource, count: int, size: int) -> str | None:
    """The limit that *count* more of *resource*, of *size* GB in all, would break."""
    kind = "Volumes" if resource is VOLUME else "Snapshots"
    for most, used, more, words in (
        (f"maxTotal{kind}", f"total{kind}Used", count, _("{used} of at most {most} are there")),
        ("maxTotalVolumeGigabytes", "totalGigabytesUsed", size, _("{used} GB of at most {most} GB are used")),
    ):
        limit, now = absolute.get(most), absolute.get(used)
        if type(limit) is int and type(now) is int and 0 <= limit < now + more:
            return words.format(used=now, most=limit)
    return None


def _unready(volume: Record, body: Record) -> str | None:
    status = volume.get("status")
    if status == "in-use" and not body.get("force"):
        return _("the volume is attached, and --force is missing")
    if status not in {"available", "in-use"}:
        return _("the status of the volume is {status}").format(status=status)
    return None


def _remarks(resource: Resource, absolute: dict[str, Any], same: int) -> list[str]:
    remarks = []
    if same:
        remarks.append(plural("one has this name already", "{count} have this name already", same).format(count=same))
    if not absolute:
        remarks.append(_("the service does not tell its quota"))
    if resource is SNAPSHOT:
        remarks.append(_("how many snapshots a volume may have is not told"))
    return remarks
