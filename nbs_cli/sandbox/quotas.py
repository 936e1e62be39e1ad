"""How much one tenant may have in one region: counts and gigabytes (facts, section 3.5)."""

from __future__ import annotations

from nbs_cli.sandbox.refusals import over
from nbs_cli.sandbox.turns import Record, Scope, Turn


def allow_volume(turn: Turn, scope: Scope, size: int) -> None:
    """Refuse (413) a new volume of `size` GB that is too large by itself or together with the others."""
    allow_size(turn, size)
    allow_gigabytes(turn, scope, size)
    if _count(turn, scope, "volumes") >= turn.settings.volumes:
        raise over(f"VolumeLimitExceeded: Maximum number of volumes allowed ({turn.settings.volumes}) exceeded")


def allow_snapshot(turn: Turn, scope: Scope, volume_id: str, size: int) -> None:
    """Refuse (413) a new snapshot of `size` GB beyond the tenant's limits or the volume's own."""
    allow_gigabytes(turn, scope, size)
    of_volume = turn.db.execute("SELECT COUNT(*) FROM snapshots WHERE volume_id = ?", (volume_id,)).fetchone()[0]
    for count, limit in (
        (_count(turn, scope, "snapshots"), turn.settings.snapshots),
        (of_volume, turn.settings.snapshots_per_volume),
    ):
        if count >= limit:
            raise over(f"SnapshotLimitExceeded: Maximum number of snapshots allowed ({limit}) exceeded")


def allow_size(turn: Turn, size: int) -> None:
    """Refuse (413) a volume that is larger than any may be."""
    if size > turn.settings.largest:
        raise over(
            f"VolumeSizeExceedsLimit: Requested volume size {size} is larger than maximum allowed limit "
            f"{turn.settings.largest}."
        )


def limits(turn: Turn, scope: Scope) -> Record:
    """`{"limits": {"rate": [], "absolute": {...}}}`: what there may be, and what there is (facts, section 3.7)."""
    settings = turn.settings
    absolute = {
        "maxTotalVolumes": settings.volumes,
        "maxTotalSnapshots": settings.snapshots,
        "maxTotalVolumeGigabytes": settings.gigabytes,
        "maxTotalBackups": 0,
        "maxTotalBackupGigabytes": 0,
        "totalVolumesUsed": _count(turn, scope, "volumes"),
        "totalGigabytesUsed": _gigabytes(turn, scope),
        "totalSnapshotsUsed": _count(turn, scope, "snapshots"),
        "totalBackupsUsed": 0,
        "totalBackupGigabytesUsed": 0,
    }
    return {"limits": {"rate": [], "absolute": absolute}}


def quota_set(turn: Turn, scope: Scope, *, usage: bool) -> Record:
    """`{"quota_set": {...}}`: each limit, with `usage` as `{"limit", "in_use", "reserved"}` (facts, section 3.7)."""
    settings = turn.settings
    used = {
        "volumes": (settings.volumes, _count(turn, scope, "volumes")),
        "snapshots": (settings.snapshots, _count(turn, scope, "snapshots")),
        "gigabytes": (settings.gigabytes, _gigabytes(turn, scope)),
        "per_volume_gigabytes": (settings.largest, 0),
    }
    told: Record = {"id": scope.tenant_id}
    for name, (limit, in_use) in used.items():
        told[name] = {"limit": limit, "in_use": in_use, "reserved": 0} if usage else limit
    return {"quota_set": told}


def allow_gigabytes(turn: Turn, scope: Scope, more: int) -> None:
    """Refuse (413) `more` GB beyond the tenant's sum; snapshots count with their volume's size."""
    used = _gigabytes(turn, scope)
    if used + more > turn.settings.gigabytes:
        raise over(
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
            f"Requested {more}G, quota is {turn.settings.gigabytes}G and {used}G has been consumed."
        )


def _gigabytes(turn: Turn, scope: Scope) -> int:
    return sum(
        turn.db.execute(
            f"SELECT COALESCE(SUM(size), 0) FROM {table} WHERE tenant_id = ? AND region = ?",
            (scope.tenant_id, scope.region),
        ).fetchone()[0]
        for table in ("volumes", "snapshots")
    )


def _count(turn: Turn, scope: Scope, table: str) -> int:
    count: int = turn.db.execute(
        f"SELECT COUNT(*) FROM {table} WHERE tenant_id = ? AND region = ?", (scope.tenant_id, scope.region)
    ).fetchone()[0]
    return count
