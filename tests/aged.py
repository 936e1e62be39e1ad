"""Snapshots of any age and mark, put into a sandbox as if they had been made then."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone

from nbs_cli.sandbox.cloud import TENANT_ID, Cloud
from nbs_cli.sandbox.settings import USERS

MARK = " [nbs:aaaabbbbccccdddd"


def aged(
    cloud: Cloud,
    volume_id: str,
    hours: float,
    *,
    policy: str | None = "default",
    status: str = "available",
    name: str | None = None,
    created: str | None = None,
    identifier: str | None = None,
) -> str:
    """Insert a snapshot that is *hours* old by the cloud's clock (or of the time *created* as it stands); its ID.

    *policy* None leaves the mark out: somebody made it by hand.
    """
    when = datetime.fromtimestamp(cloud.moment(), timezone.utc) - timedelta(hours=hours)
    identifier = identifier or str(uuid.uuid4())
    description = None if policy is None else f"{MARK}:{policy}]".strip()
    text = f"{when:%Y-%m-%dT%H:%M:%S}.000000" if created is None else created
    with cloud.writing() as turn:
        turn.db.execute(
            "INSERT INTO snapshots (id, tenant_id, region, user_id, volume_id, name, description, size, status, "
            "created_at, updated_at) VALUES (?, ?, 'KR1', ?, ?, ?, ?, 1, ?, ?, ?)",
            (
                identifier,
                TENANT_ID,
                USERS["sandbox"].id,
                volume_id,
                name or f"{policy or 'hand'}-{hours:g}h",
                description,
                status,
                text,
                text,
            ),
        )
    return identifier


def there(cloud: Cloud) -> set[str]:
    """The IDs of the snapshots that are there and not on their way out."""
    with cloud.reading() as turn:
        return {row["id"] for row in turn.db.execute("SELECT id FROM snapshots WHERE status != 'deleting'")}
