"""How rows look in answers: exactly the guide's fields, plus one that it does not document."""

from __future__ import annotations

import json
import sqlite3

from nbs_cli.sandbox.rules import type_of
from nbs_cli.sandbox.settings import DEVICE, INTERNAL, VolumeType
from nbs_cli.sandbox.turns import Record, Scope

TYPE_MADE, TYPE_CHANGED = "2019-10-10T06:34:33.000000", "2019-10-10T06:37:52.000000"  # the guide's upload example
NULL = "null"  # the string, where the guide's upload example has it


def summary(row: sqlite3.Row, scope: Scope) -> Record:
    """Show a volume in the plain list."""
    return {"id": row["id"], "links": links(row["id"], scope), "name": row["name"], INTERNAL: {"shard": 1}}


def created(row: sqlite3.Row, scope: Scope) -> Record:
    """Show a volume in the answer to its creation: without the tenant and replication attributes."""
    return {
        "status": row["status"],
        "user_id": row["user_id"],
        "attachments": attachments(row),
        "links": links(row["id"], scope),
        "availability_zone": row["zone"],
        "bootable": row["bootable"],
        "encrypted": False,
        "created_at": row["created_at"],
        "description": row["description"],
        "volume_type": type_of(row["type_id"]).name,
        "name": row["name"],
        "replication_status": "disabled",
        "consistencygroup_id": None,
        "source_volid": row["source_volid"],
        "snapshot_id": row["snapshot_id"],
        "multiattach": False,
        "metadata": _metadata(row),
        "id": row["id"],
        "size": row["size"],
        INTERNAL: {"shard": 1, "pool": "pool-01"},
    }


def detail(row: sqlite3.Row, scope: Scope) -> Record:
    """Show a volume as show and the detailed list give it."""
    return {
        **created(row, scope),
        "os-volume-replication:extended_status": None,
        "os-volume-replication:driver_data": None,
        "os-vol-tenant-attr:tenant_id": row["tenant_id"],
    }


def links(volume_id: str, scope: Scope) -> list[Record]:
    """Show the volume's two addresses; the bookmark has no version."""
    path = f"{scope.tenant_id}/volumes/{volume_id}"
    return [
        {"href": f"{scope.root}/v2/{path}", "rel": "self"},
        {"href": f"{scope.root}/{path}", "rel": "bookmark"},
    ]


def attached(row: sqlite3.Row) -> bool:
    """Whether an instance has the volume; while it is `attaching`, not yet."""
    return row["server_id"] is not None and row["status"] != "attaching"


def attachments(row: sqlite3.Row) -> list[Record]:
    """Show the volume's one attachment, with the two keys that real servers add to the guide's."""
    if not attached(row):
        return []
    return [
        {
            "server_id": row["server_id"],
            "attachment_id": row["attachment_id"],
            "volume_id": row["id"],
            "device": DEVICE,
            "id": row["id"],
            "host_name": None,
            "attached_at": row["attached_at"],
            INTERNAL: {"connector": "iscsi"},
        }
    ]


def _metadata(row: sqlite3.Row) -> dict[str, str]:
    stored: dict[str, str] = json.loads(row["metadata"])
    if attached(row):  # what an administrator would see shows through (facts, section 3.8)
        stored |= {"readonly": "False", "attached_mode": "rw"}
    return stored


def snapshot(row: sqlite3.Row) -> Record:
    """Show a snapshot in the plain list and in the answer to its creation."""
    return {
        "status": row["status"],
        "description": row["description"],
        "created_at": row["created_at"],
        "metadata": json.loads(row["metadata"]),
        "volume_id": row["volume_id"],
        "size": row["size"],
        "id": row["id"],
        "name": row["name"],
        INTERNAL: {"shard": 1},
    }


def snapshot_detail(row: sqlite3.Row) -> Record:
    """Show a snapshot as show and the detailed list give it."""
    return {
        **snapshot(row),
        "os-extended-snapshot-attributes:progress": "0%" if row["status"] == "creating" else "100%",
        "os-extended-snapshot-attributes:project_id": row["tenant_id"],
    }


def volume_type(known: VolumeType) -> Record:
    """Show a type in the list, with the extra specs that NHN shows."""
    return {
        "os-volume-type-access:is_public": True,
        "extra_specs": {"volume_backend_name": known.backend},
        "id": known.id,
        "name": known.name,
        "description": None,
        INTERNAL: {"number": known.number},
    }


def raw_type(known: VolumeType) -> Record:
    """Show a type in the answer to an upload: the database's own row, "null" strings and all (the guide's example)."""
    spec = {
        "volume_type_id": known.id,
        "deleted": False,
        "created_at": "2019-10-10T06:39:35.000000",
        "updated_at": NULL,
        "deleted_at": NULL,
        "value": known.backend,
        "key": "volume_backend_name",
        "id": known.number,
    }
    return {
        "name": known.name,
        "qos_specs_id": known.qos_specs_id,
        "deleted": False,
        "deleted_at": NULL,
        "created_at": TYPE_MADE,
        "updated_at": TYPE_CHANGED,
        "extra_specs": [spec],
        "is_public": True,
        "id": known.id,
        "description": NULL,
    }
