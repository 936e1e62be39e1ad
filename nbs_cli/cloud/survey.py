"""What is there in all: sums by type, status and zone, quotas, and what somebody should look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from nbs_cli.cloud import clock
from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.deletion import attached_to
from nbs_cli.cloud.pages import pages
from nbs_cli.cloud.periods import Window
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.errors import Failure
from nbs_cli.output.text import moment

# the wire names of a volume's fields by which its size is summed, and what a record calls the sums
DIVISIONS = {"volume_type": "by_type", "status": "by_status", "availability_zone": "by_zone"}
# what is looked up in the answer to GET /limits (facts.md §3.7): what there is, and what there may be
_QUOTAS = {
    "gigabytes": ("totalGigabytesUsed", "maxTotalVolumeGigabytes"),
    "volumes": ("totalVolumesUsed", "maxTotalVolumes"),
    "snapshots": ("totalSnapshotsUsed", "maxTotalSnapshots"),
}


@dataclass
class Sum:
    """How many there are, and their GB."""

    count: int = 0
    gigabytes: int = 0

    def add(self, row: Record) -> None:
        """Count *row*; a size that is none counts as nothing."""
        size = row.get("size")
        self.count += 1
        self.gigabytes += size if isinstance(size, int) else 0

    def record(self) -> dict[str, int]:
        """As programs get it."""
        return {"count": self.count, "gigabytes": self.gigabytes}


@dataclass
class Survey:
    """The figures of one region; the lists hold what was noticed of each volume and snapshot, none of them twice."""

    now: datetime
    volumes: Sum = field(default_factory=Sum)
    snapshots: Sum = field(default_factory=Sum)
    divisions: dict[str, dict[str, Sum]] = field(default_factory=lambda: {wire: {} for wire in DIVISIONS})
    unattached: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    orphaned: list[Record] = field(default_factory=list)
    stale: list[Record] = field(default_factory=list)
    quota: dict[str, dict[str, int | None]] | None = None

    def record(self) -> dict[str, Any]:
        """As programs get it (`shapes.USAGE`)."""
        return {
            "volumes": self.volumes.record(),
            "snapshots": self.snapshots.record(),
            **{
                name: [{"value": value, **one.record()} for value, one in self.largest(wire)]
                for wire, name in DIVISIONS.items()
            },
            "quota": self.quota,
            "unattached": self.unattached,
            "failed": self.failed,
            "orphaned": self.orphaned,
            "stale": self.stale,
            "time": f"{self.now:%Y-%m-%dT%H:%M:%S}",
        }

    def largest(self, wire: str) -> list[tuple[str, Sum]]:
        """The sums of a division, the largest first."""
        return sorted(self.divisions[wire].items(), key=lambda item: (-item[1].gigabytes, item[0]))


def survey(storage: BlockStorage, stale: Window) -> Survey:
    """Read every volume and snapshot, keeping sums and what stands out; *stale* is the age that makes one old."""
    ids: set[str] = set()
    found = Survey(datetime.now(timezone.utc))
    for page in pages(storage, VOLUME):
        ids.update(row["id"] for row in page)
        for row in page:
            _count(found, row)
    found.now = clock.read(storage.client.date)
    oldest = stale.before(found.now, timezone.utc)
    for page in pages(storage, SNAPSHOT):
        for row in page:
            _judge(found, row, ids, oldest)
    found.quota = quota(storage)
    return found


def _count(found: Survey, row: Record) -> None:
    found.volumes.add(row)
    for wire, sums in found.divisions.items():
        sums.setdefault(str(row.get(wire) or "-"), Sum()).add(row)
    if _failed(row):
        found.failed.append(_noticed("volume", row))
    elif row.get("status") == "available" and not attached_to(row):
        found.unattached.append(_noticed("volume", row))


def _judge(found: Survey, row: Record, ids: set[str], oldest: datetime) -> None:
    found.snapshots.add(row)
    created = moment(row["created_at"]) if isinstance(row.get("created_at"), str) else None
    if _failed(row):
        found.failed.append(_noticed("snapshot", row))
    elif row.get("volume_id") not in ids:
        found.orphaned.append(_noticed("snapshot", row))
    elif created is not None and created < oldest:
        found.stale.append(_noticed("snapshot", row))


def _failed(row: Record) -> bool:
    return str(row.get("status")).startswith("error")


def _noticed(kind: str, row: Record) -> Record:
    return {"kind": kind, **{key: row.get(key) for key in ("id", "name", "status", "size", "created_at")}}


def quota(storage: BlockStorage) -> dict[str, dict[str, int | None]] | None:
    """What is used and what is allowed, where the server tells it; None where it does not.

    GET /limits is no part of the guide: whatever a server makes of it, the figures are complete without.
    """
    try:
        body = storage.request("GET", "/limits").body
    except Failure:
        return None
    limits = body.get("limits") if isinstance(body, dict) else None
    absolute = limits.get("absolute") if isinstance(limits, dict) else None
    if not isinstance(absolute, dict):
        return None
    read = {name: (absolute.get(used), absolute.get(most)) for name, (used, most) in _QUOTAS.items()}
    return {
        name: {"used": used, "limit": most if most >= 0 else None}
        for name, (used, most) in read.items()
        if isinstance(used, int) and isinstance(most, int)
    } or None
