"""Images made from volumes: the guide's upload action, and the image service's view of what becomes of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from nbs_cli.sandbox import changes, rows, rules, views
from nbs_cli.sandbox.refusals import Refused, bad, invalid
from nbs_cli.sandbox.settings import INTERNAL
from nbs_cli.sandbox.turns import Record, Scope, Turn, kept, new_id, zulu

ACTION = "os-volume_upload_image"
FIELDS = ("image_name", "force", "disk_format", "container_format", "visibility", "protected")
DISK_FORMATS = ("raw", "vmdk", "vdi", "qcow2", "vhd", "vhdx", "ploop")
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
VISIBILITIES = ("private", "shared")
GIB = 1024**3


def upload(turn: Turn, scope: Scope, volume_id: str, given: Record) -> Record:
    """`{"os-volume_upload_image": ...}` in the shape of the guide's example; the volume is `uploading` meanwhile.

    Raises Refused (400 also for unknown fields, 404).
    """
    rules.only(given, ACTION, FIELDS)
    row = _row(given)
    volume = rows.volume(turn, scope, volume_id)
    _allow(volume, rules.switch(given, "force"))
    _insert(turn, scope, row | {"size": volume["size"]})
    changes.begin(turn, "volumes", volume_id, "uploading", volume["status"], share=changes.UPLOAD)
    return {
        ACTION: {
            "status": "uploading",
            "image_name": row["name"],
            "disk_format": row["disk_format"],
            "container_format": row["container_format"],
            "updated_at": kept(turn.moment),
            "image_id": row["id"],
            "display_description": volume["description"],
            "id": volume_id,
            "size": volume["size"],
            "volume_type": views.raw_type(rules.type_of(volume["type_id"])),
            INTERNAL: {"worker": 3},
        }
    }


def show(turn: Turn, tenant_id: str | None, region: str, image_id: str) -> Record:
    """Show an image, flat: `queued`, then `saving`, then `active`; sizes in bytes. Raises Refused (404)."""
    row: sqlite3.Row | None = turn.db.execute(
        "SELECT * FROM images WHERE id = ? AND tenant_id = ? AND region = ?", (image_id, tenant_id, region)
    ).fetchone()
    if row is None:
        raise Refused(404, "itemNotFound", f"No image found with ID {image_id}")
    active = turn.moment >= row["active"]
    return {
        "id": row["id"],
        "name": row["name"],
        "status": "active" if active else "saving" if turn.moment >= row["saving"] else "queued",
        "visibility": row["visibility"],
        "protected": bool(row["protected"]),
        "disk_format": row["disk_format"],
        "container_format": row["container_format"],
        "size": row["size"] * GIB if active else None,
        "min_disk": row["size"],
        "min_ram": 0,
        "owner": row["tenant_id"],
        "tags": [],
        "created_at": zulu(row["created"]),
        "updated_at": zulu(row["active"] if active else row["created"]),
        "file": f"/v2/images/{row['id']}/file",
        "self": f"/v2/images/{row['id']}",
        "schema": "/v2/schemas/image",
        INTERNAL: {"store": "ceph-2"},
    }


def size(turn: Turn, scope: Scope, image_id: object) -> int:
    """Tell how many GB a volume made from this image needs. Raises Refused (400) unless it is there and `active`."""
    row: sqlite3.Row | None = turn.db.execute(
        "SELECT size FROM images WHERE id = ? AND tenant_id = ? AND region = ? AND active <= ?",
        (str(image_id), scope.tenant_id, scope.region, turn.moment),
    ).fetchone()
    if row is None:
        raise bad("Invalid image identifier or unable to access requested image.")
    size: int = row["size"]
    return size


def _row(given: Mapping[str, object]) -> Record:
    given = dict(given)
    rules.required(given, ACTION, "image_name")
    name = given["image_name"]
    if not isinstance(name, str):
        raise invalid("image_name", name, f"{name!r} is not of type 'string'")
    if not 1 <= len(name) <= rules.LONGEST:
        raise invalid("image_name", name, f"{name!r} is too {'long' if name else 'short'}")
    return {
        "id": new_id(),
        "name": name,
        "disk_format": rules.choice(given, "disk_format", DISK_FORMATS, "raw"),
        "container_format": rules.choice(given, "container_format", CONTAINER_FORMATS, "bare"),
        "visibility": rules.choice(given, "visibility", VISIBILITIES, "private"),
        "protected": rules.switch(given, "protected"),
    }


def _allow(volume: sqlite3.Row, force: bool) -> None:
    if volume["status"] == "in-use" and not force:
        raise bad(f"Invalid volume: Volume {volume['id']} status must be available")
    if volume["status"] not in ("available", "in-use"):
        raise bad(
            f"Invalid volume: Volume {volume['id']} status must be available or in-use, "
            f"but current status is: {volume['status']}."
        )


def _insert(turn: Turn, scope: Scope, row: Record) -> None:
    delay = turn.settings.delay
    row = row | {"tenant_id": scope.tenant_id, "region": scope.region, "created": turn.moment}
    row |= {"saving": turn.moment + changes.QUEUE * delay, "active": turn.moment + changes.UPLOAD * delay}
    turn.db.execute(f"INSERT INTO images ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", (*row.values(),))
