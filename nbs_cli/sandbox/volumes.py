"""Volumes: list, show, create, update, extend, delete (the guide's section on block storage)."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from nbs_cli.sandbox import changes, images, pages, quotas, rows, rules, views
from nbs_cli.sandbox.refusals import bad
from nbs_cli.sandbox.settings import DEFAULT_TYPE, ZONES, VolumeType
from nbs_cli.sandbox.turns import Record, Scope, Turn, kept, stamp

SHELF = pages.Shelf(
    table="volumes",
    kind="Volume",
    sorts={
        **{name: name for name in ("name", "size", "status", "id", "created_at", "updated_at", "bootable", "user_id")},
        "display_name": "name",
        "availability_zone": "zone",
        "volume_type_id": "type_id",
        "project_id": "tenant_id",
        # Every volume is on the same host, so anything that is the same for all will do. The other two are no columns;
        # real servers take them all the same and answer in an order that has nothing to do with them.
        **dict.fromkeys(("host", "volume_type", "volume_attachment"), "region"),
    },
    filters={
        **{name: name for name in ("name", "status", "size", "bootable")},
        "availability_zone": "zone",
        "volume_type_id": "type_id",
    },
    labelled=True,
    broken=("bootable",),
)
EXTEND = "os-extend"
DELETABLE = ("available", "error", "error_restoring", "error_extending", "error_managing")
NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing "
    "and must not be migrating, attached, belong to a group, have snapshots or be disassociated from snapshots after "
    "volume transfer."
)
# It does not name the field; that is how it is.
SIZELESS = "The server could not comply with the request since it is either malformed or otherwise incorrect."


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a new volume is copied from, if anything; it decides what the request leaves out."""

    snapshot_id: str | None = None
    volume_id: str | None = None
    image_id: str | None = None
    size: int | None = None
    zone: str | None = None
    type: VolumeType | None = None


def page(turn: Turn, scope: Scope, query: pages.Query, *, detailed: bool) -> Record:
    """`{"volumes": [...], "volumes_links"?}`; see `pages.page`."""
    if detailed:
        return pages.page(turn, scope, SHELF, query, lambda row: views.detail(row, scope), path="volumes/detail")
    return pages.page(turn, scope, SHELF, query, lambda row: views.summary(row, scope), path="volumes")


def show(turn: Turn, scope: Scope, volume_id: str) -> Record:
    """`{"volume": detail}`. Raises Refused (404)."""
    return {"volume": views.detail(rows.volume(turn, scope, volume_id), scope)}


def create(turn: Turn, scope: Scope, body: Any) -> Record:
    """`{"volume": ...}` with status `creating` and a `created_at` with its fraction, which no later read shows.

    Unknown fields are ignored. Raises Refused (400, 404 unknown type or origin, 413 quotas).
    """
    given = rules.spelled(rules.fields(body, "volume"))
    size = rules.size(given)
    row: Record = {
        "name": rules.volume_text(given, "name"),
        "description": rules.volume_text(given, "description"),
        "metadata": json.dumps(rules.metadata(given)),
    }
    zone, kind = rules.zone(given, scope.region), rules.volume_type(given)
    origin = _origin(turn, scope, given)
    _match(origin, zone, kind)
    row |= {
        "size": _size(origin, size),
        "zone": zone or origin.zone or ZONES[scope.region][0],
        "type_id": (kind or origin.type or DEFAULT_TYPE).id,
        "snapshot_id": origin.snapshot_id,
        "source_volid": origin.volume_id,
        "bootable": "true" if origin.image_id else "false",
    }
    quotas.allow_volume(turn, scope, row["size"])
    volume = views.created(rows.volume(turn, scope, rows.insert(turn, scope, "volumes", row)), scope)
    return {"volume": {**volume, "created_at": stamp(turn.moment)}}


def update(turn: Turn, scope: Scope, volume_id: str, body: Any) -> Record:
    """Change name, description or metadata: `{"volume": detail}` (not in the guide; facts, section 3.7).

    Raises Refused (400, 404).
    """
    given = rules.spelled(rules.fields(body, "volume"))
    rows.volume(turn, scope, volume_id)
    changed: Record = {name: rules.volume_text(given, name) for name in ("name", "description") if name in given}
    if "metadata" in given:
        changed["metadata"] = json.dumps(rules.metadata(given))
    for column, value in changed.items():
        turn.db.execute(
            f"UPDATE volumes SET {column} = ?, updated_at = ? WHERE id = ?", (value, kept(turn.moment), volume_id)
        )
    return show(turn, scope, volume_id)


def extend(turn: Turn, scope: Scope, volume_id: str, given: Record) -> None:
    """Grow an `available` volume to `new_size` GB (not in the guide; facts, section 3.7). Raises Refused (400, 413)."""
    rules.required(given, EXTEND, "new_size")
    size = rules.size(given, "new_size")
    row = rows.volume(turn, scope, volume_id)
    if size is None or size <= row["size"]:
        raise bad(
            "Invalid input received: New size for extend must be greater than current size. "
            f"(current: {row['size']}, extended: {size})."
        )
    if row["status"] != "available":
        raise bad(
            f"Invalid volume: Volume {volume_id} status must be available to extend, "
            f"but current status is: {row['status']}."
        )
    quotas.allow_size(turn, size)
    quotas.allow_gigabytes(turn, scope, size - row["size"])
    turn.db.execute("UPDATE volumes SET size = ? WHERE id = ?", (size, volume_id))
    changes.begin(turn, "volumes", volume_id, "extending", "available", share=changes.EXTEND)


def set_bootable(turn: Turn, scope: Scope, volume_id: str, *, bootable: bool) -> None:
    """Call a volume bootable or not (not in the guide; facts, section 3.7). Raises Refused (404)."""
    rows.volume(turn, scope, volume_id)
    turn.db.execute("UPDATE volumes SET bootable = ? WHERE id = ?", ("true" if bootable else "false", volume_id))


def delete(turn: Turn, scope: Scope, volume_id: str, *, cascade: bool = False) -> None:
    """Start deleting a volume, with `cascade` its snapshots too (not in the guide; facts, section 3.7).

    Raises Refused (404, 400 one text for every reason).
    """
    row = rows.volume(turn, scope, volume_id)
    if _unscheduled(turn, row):
        turn.db.execute("DELETE FROM volumes WHERE id = ?", (volume_id,))
        return
    if cascade:
        _delete_snapshots(turn, volume_id)
    in_the_way = turn.db.execute(
        "SELECT 1 FROM snapshots WHERE volume_id = ? AND NOT (? AND status = 'deleting')", (volume_id, cascade)
    ).fetchone()
    if row["status"] not in DELETABLE or row["server_id"] is not None or in_the_way:
        raise bad(NOT_DELETABLE)
    stays = "SELECT 1 FROM snapshots WHERE volume_id = ? AND upcoming IS NOT ?"
    if turn.db.execute(stays, (volume_id, changes.GONE)).fetchone():  # it is not left without its volume
        changes.begin(turn, "volumes", volume_id, "deleting", "error_deleting", share=changes.DELETE)
    else:
        changes.begin_delete(turn, "volumes", volume_id)


def _delete_snapshots(turn: Turn, volume_id: str) -> None:
    ids = turn.db.execute(
        "SELECT id FROM snapshots WHERE volume_id = ? AND status IN ('available', 'error')", (volume_id,)
    ).fetchall()
    for row in ids:
        changes.begin_delete(turn, "snapshots", row["id"])


def _unscheduled(turn: Turn, row: sqlite3.Row) -> bool:
    """Whether no host was chosen yet: then there is nothing to delete but the row (observed, errors)."""
    return row["status"] == "creating" and turn.moment - (row["born"] or 0) < turn.settings.scheduling


def _origin(turn: Turn, scope: Scope, given: Record) -> Origin:
    snapshot_id, volume_id = (rules.identifier(given, name) for name in ("snapshot_id", "source_volid"))
    image_id = given.get("imageRef") or None
    if sum(origin is not None for origin in (snapshot_id, volume_id, image_id)) > 1:
        raise bad("Invalid input received: May specify only one of backup, imageRef, snapshot, source volume")
    if snapshot_id:
        copied = rows.snapshot(turn, scope, snapshot_id)
        if copied["status"] != "available":
            raise bad("Invalid snapshot: Originating snapshot status must be one of 'available' values")
        source = rows.volume(turn, scope, copied["volume_id"])
        return _origin_like(source, snapshot_id=snapshot_id, size=copied["size"])
    if volume_id:
        source = rows.volume(turn, scope, volume_id)
        if source["status"] not in ("available", "in-use"):
            raise bad("Invalid volume: Originating volume status must be one of 'available, in-use' values")
        return _origin_like(source, volume_id=volume_id, size=source["size"])
    if image_id:
        return Origin(image_id=image_id, size=images.size(turn, scope, image_id))
    return Origin()


def _origin_like(
    source: sqlite3.Row, *, size: int, snapshot_id: str | None = None, volume_id: str | None = None
) -> Origin:
    kind = rules.type_of(source["type_id"])
    return Origin(snapshot_id=snapshot_id, volume_id=volume_id, size=size, zone=source["zone"], type=kind)


def _size(origin: Origin, size: int | None) -> int:
    if origin.size is None:
        if size is None:
            raise bad(SIZELESS)
        return size
    if origin.image_id and size is None:
        raise bad(SIZELESS)
    if size is not None and size < origin.size:
        word = _word(origin)
        raise bad(
            f"Invalid input received: Volume size '{size}'GB cannot be smaller than the {word} size {origin.size}GB. "
            f"They must be >= original {word} size."
        )
    return size or origin.size


def _match(origin: Origin, zone: str | None, kind: VolumeType | None) -> None:
    if kind is not None and origin.type is not None and kind != origin.type:
        raise bad(
            f"Invalid input received: Invalid volume_type provided: {kind.id} (requested type is not compatible; "
            "recommend omitting the type argument)."
        )
    if zone is not None and origin.zone is not None and zone != origin.zone:
        raise bad(f"Invalid input received: Volume must be in the same availability zone as the {_word(origin)}")


def _word(origin: Origin) -> str:
    if origin.image_id:
        return "image"
    return "snapshot" if origin.snapshot_id else "source volume"
