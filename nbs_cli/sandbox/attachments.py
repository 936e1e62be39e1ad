"""Attaching and detaching, which is Compute's business (facts, section 3.7).

Any UUID is an instance here: the sandbox has no servers. Compute's own calls pass through `attaching` and `detaching`;
the hooks of `Cloud` and Cinder's own actions, which only change the record, are done at once.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from nbs_cli.sandbox import changes, rows, rules, views
from nbs_cli.sandbox.refusals import bad, missing
from nbs_cli.sandbox.settings import DEVICE, ZONES
from nbs_cli.sandbox.turns import UUID, Record, Scope, Turn, kept, new_id, stamp

NOWHERE = "http://sandbox.invalid"  # there is no request whose address the links could repeat
ROOT = "volumeAttachment"


def attach(turn: Turn, volume_id: str, server_id: str | None) -> Record:
    """See `Cloud.attach`."""
    _expect(_find(turn, volume_id), "available")
    mark(turn, volume_id, server_id)
    return _record(turn, volume_id)


def detach(turn: Turn, volume_id: str) -> Record:
    """See `Cloud.detach`."""
    _expect(_find(turn, volume_id), "in-use")
    unmark(turn, volume_id)
    return _record(turn, volume_id)


def mark(turn: Turn, volume_id: str, server_id: str | None) -> None:
    """Make a volume `in-use` at once, by this instance or a new one."""
    _set(turn, volume_id, status="in-use", server_id=server_id or new_id())


def unmark(turn: Turn, volume_id: str) -> None:
    """Make a volume `available` at once, by no instance."""
    turn.db.execute(
        "UPDATE volumes SET status = 'available', server_id = NULL, attachment_id = NULL, attached_at = NULL, "
        "updated_at = ? WHERE id = ?",
        (kept(turn.moment), volume_id),
    )


def page(turn: Turn, scope: Scope, server_id: str) -> Record:
    """`{"volumeAttachments": [...]}` of one instance. Raises Refused (404 an ID that is no UUID)."""
    found = turn.db.execute(
        "SELECT * FROM volumes WHERE tenant_id = ? AND region = ? AND server_id = ? ORDER BY attached_at, id",
        (scope.tenant_id, scope.region, _server(server_id)),
    )
    return {"volumeAttachments": [_view(row) for row in found]}


def show(turn: Turn, scope: Scope, server_id: str, volume_id: str) -> Record:
    """`{"volumeAttachment": {device, id, serverId, volumeId}}`. Raises Refused (404)."""
    return {ROOT: _view(_attached(turn, scope, server_id, volume_id))}


def begin(turn: Turn, scope: Scope, server_id: str, body: Any) -> Record:
    """Start attaching an `available` volume; it is `in-use` soon. Raises Refused (400, 404)."""
    given = rules.fields(body, ROOT)
    rules.required(given, ROOT, "volumeId")
    volume = rows.volume(turn, scope, str(given["volumeId"]))
    _server(server_id)
    _expect(volume, "available")
    _set(turn, volume["id"], status="available", server_id=server_id)
    changes.begin(turn, "volumes", volume["id"], "attaching", "in-use", share=changes.ATTACH)
    return show(turn, scope, server_id, volume["id"])


def end(turn: Turn, scope: Scope, server_id: str, volume_id: str) -> None:
    """Start detaching an `in-use` volume; it is `available` soon. Raises Refused (400, 404)."""
    _expect(_attached(turn, scope, server_id, volume_id), "in-use")
    changes.begin(turn, "volumes", volume_id, "detaching", "available", share=changes.ATTACH)


def zones(region: str) -> Record:
    """`{"availabilityZoneInfo": [...]}` of a region."""
    told = [{"zoneName": name, "zoneState": {"available": True}, "hosts": None} for name in ZONES[region]]
    return {"availabilityZoneInfo": told}


def _set(turn: Turn, volume_id: str, *, status: str, server_id: str) -> None:
    turn.db.execute(
        "UPDATE volumes SET status = ?, server_id = ?, attachment_id = ?, attached_at = ?, updated_at = ? WHERE id = ?",
        (status, server_id, new_id(), stamp(turn.moment), kept(turn.moment), volume_id),
    )


def _server(server_id: str) -> str:
    if not UUID.fullmatch(server_id):
        raise missing("Instance", server_id)
    return server_id


def _attached(turn: Turn, scope: Scope, server_id: str, volume_id: str) -> sqlite3.Row:
    row = rows.volume(turn, scope, volume_id)
    if row["server_id"] != _server(server_id):
        raise missing("Volume attachment", volume_id)
    return row


def _view(row: sqlite3.Row) -> Record:
    return {"device": DEVICE, "id": row["id"], "serverId": row["server_id"], "volumeId": row["id"]}


def _find(turn: Turn, volume_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = turn.db.execute("SELECT * FROM volumes WHERE id = ?", (volume_id,)).fetchone()
    if row is None:
        raise missing("Volume", volume_id)
    return row


def _expect(row: sqlite3.Row, status: str) -> None:
    if row["status"] != status:
        raise bad(
            f"Invalid volume: Volume {row['id']} status must be {status}, but current status is: {row['status']}."
        )


def _record(turn: Turn, volume_id: str) -> Record:
    row = _find(turn, volume_id)
    scope = Scope(tenant_id=row["tenant_id"], region=row["region"], user_id=row["user_id"], base=NOWHERE)
    return views.detail(row, scope)
