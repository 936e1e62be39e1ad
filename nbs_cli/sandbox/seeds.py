"""Thousands of rows at once, for tests and demonstrations."""

from __future__ import annotations

from nbs_cli.sandbox.settings import TYPES, USERS, ZONES
from nbs_cli.sandbox.turns import Turn, kept, new_id

NAMES = ("데이터-{:05}", None, "web-{:05}", "백업 디스크 {:05}", "db log {:05}", "웹서버")  # the last one repeats


def sow(turn: Turn, volumes: int, snapshots: int, *, tenant_id: str, region: str) -> None:
    """Insert available volumes of 1 to 4 GB, and snapshots of the first of them; see `Cloud.seed`."""
    if snapshots and not volumes:
        raise ValueError("snapshots need a volume")
    owner = next((user.id for user in USERS.values() if tenant_id in user.tenants), "")
    ids = [new_id() for _ in range(volumes)]
    turn.db.executemany(
        "INSERT INTO volumes (id, tenant_id, region, user_id, name, description, size, status, zone, type_id, "
        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, NULL, ?, 'available', ?, ?, ?, ?)",
        (
            (identifier, tenant_id, region, owner, _name(i), 1 + i % 4, ZONES[region][i % 2], TYPES[i % 2].id)
            + (_time(turn, i, volumes),) * 2
            for i, identifier in enumerate(ids)
        ),
    )
    turn.db.executemany(
        "INSERT INTO snapshots (id, tenant_id, region, user_id, volume_id, name, size, status, created_at, "
        "updated_at) VALUES (?, ?, ?, ?, ?, ?, 1, 'available', ?, ?)",
        (
            (new_id(), tenant_id, region, owner, ids[0], _name(i)) + (_time(turn, i, snapshots),) * 2
            for i in range(snapshots)
        ),
    )


def _name(i: int) -> str | None:
    pattern = NAMES[i % len(NAMES)]
    return None if pattern is None else pattern.format(i)


def _time(turn: Turn, i: int, count: int) -> str:
    return kept(turn.moment - (count - i) // 2)  # in order of insertion, two in each second
