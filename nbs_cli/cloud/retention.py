"""Which snapshots a policy keeps, which it removes, which it leaves alone, and why (pure: no clock, no network).

The rules are restic's: each counts on its own, keeps the newest snapshot of each non-empty hour, day, ISO week, month
or year, and a snapshot stays when any rule wants it. `within` counts from the newest snapshot and not from now: where
backups have stopped, nothing goes. Source: trust.md, retention; faults.md §5.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, tzinfo
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple

from nbs_cli.cloud import periods
from nbs_cli.cloud.periods import Window
from nbs_cli.errors import Usage
from nbs_cli.output.words import _


class Snapshot(NamedTuple):
    """What retention knows of a snapshot; `created` is None where the server's time is none, `policy` the mark's."""

    id: str
    volume_id: str
    status: str
    created: datetime | None
    policy: str | None = None
    name: str = ""


class Rules(NamedTuple):
    """How many to keep of each kind; None for a rule that is not there. `text` is `within` as it was written."""

    last: int | None = None
    hourly: int | None = None
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None
    within: Window | None = None
    text: str = ""

    def counted(self) -> dict[str, int]:
        """The rules that count, by name."""
        names = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
        return {name: count for name in names if (count := getattr(self, name)) is not None}

    def __str__(self) -> str:
        words = [f"{name} {count}" for name, count in self.counted().items()]
        return ", ".join([*words, f"within {self.text}"] if self.within else words)


class Scope(NamedTuple):
    """Whose snapshots are candidates: those of the policy `policy`, or with `unmanaged` all; of names like `pattern`.

    `now` is the server's time: what is dated after it is left alone.
    """

    policy: str
    now: datetime
    unmanaged: bool = False
    pattern: str | None = None


class Action(Enum):
    """What is to become of a snapshot."""

    KEEP = "keep"
    REMOVE = "remove"
    LEAVE = "leave"


class Verdict(NamedTuple):
    """What is to become of a snapshot, and why: the rules that keep it, or what makes it no candidate."""

    snapshot: Snapshot
    action: Action
    reasons: tuple[str, ...] = ()


_PERIODS: dict[str, periods.Period] = {
    "hourly": periods.hour,
    "daily": periods.day,
    "weekly": periods.week,
    "monthly": periods.month,
    "yearly": periods.year,
}


def plan(snapshots: Sequence[Snapshot], rules: Rules, zone: tzinfo, scope: Scope) -> list[Verdict]:
    """A verdict for every one of *snapshots*, in their order; each volume is judged by itself.

    *zone* says where days begin and end. Raises Usage for rules that keep nothing, and for a candidate without a time.
    """
    if not rules.counted() and rules.within is None:
        raise Usage(
            _("the policy {name} has no rule, and would keep nothing").format(name=scope.policy),
            hint=_("say at least one, `--keep-daily 7` for example"),
        )
    verdicts: dict[str, Verdict] = {}
    volumes: dict[str, list[Snapshot]] = {}
    for snapshot in snapshots:
        reason = _no_candidate(snapshot, scope)
        if reason is None:
            volumes.setdefault(snapshot.volume_id, []).append(snapshot)
        else:
            verdicts[snapshot.id] = Verdict(snapshot, Action.LEAVE, (reason,))
    for group in volumes.values():
        verdicts.update((verdict.snapshot.id, verdict) for verdict in _judged(group, rules, zone))
    return [verdicts[snapshot.id] for snapshot in snapshots]


def _no_candidate(snapshot: Snapshot, scope: Scope) -> str | None:
    """Why *snapshot* is not the policy's business; None when it is."""
    if not scope.unmanaged and snapshot.policy != scope.policy:
        return "unmanaged" if snapshot.policy is None else f"policy {snapshot.policy}"
    if scope.pattern is not None and not fnmatchcase(snapshot.name, scope.pattern):
        return "name"
    if snapshot.status != "available":
        return f"status {snapshot.status}"
    if snapshot.created is not None and snapshot.created > scope.now:
        return "future"
    return None


def _judged(group: Iterable[Snapshot], rules: Rules, zone: tzinfo) -> list[Verdict]:
    """The verdicts on the candidates of one volume."""
    ordered = sorted(group, key=_age, reverse=True)
    reasons: dict[str, list[str]] = {snapshot.id: [] for snapshot in ordered}
    for name, count in rules.counted().items():
        for snapshot in _newest_of_each(ordered, count, _bucket(name, zone)):
            reasons[snapshot.id].append(name)
    if rules.within is not None:
        begin = rules.within.before(_time(ordered[0]), zone)
        for snapshot in ordered:
            if _time(snapshot) > begin:
                reasons[snapshot.id].append("within")
    return [
        Verdict(snapshot, Action.KEEP, tuple(reasons[snapshot.id]))
        if reasons[snapshot.id]
        else Verdict(snapshot, Action.REMOVE, ("no rule",))
        for snapshot in ordered
    ]


def _newest_of_each(
    ordered: Iterable[Snapshot], count: int, bucket: Callable[[Snapshot], Hashable]
) -> Iterable[Snapshot]:
    """The first snapshot of each of the first *count* buckets; *ordered* begins with the newest."""
    seen: set[Hashable] = set()
    for snapshot in ordered:
        key = bucket(snapshot)
        if key not in seen and len(seen) < count:
            seen.add(key)
            yield snapshot


def _bucket(name: str, zone: tzinfo) -> Callable[[Snapshot], Hashable]:
    if name == "last":
        return lambda snapshot: snapshot.id
    return lambda snapshot: _PERIODS[name](_time(snapshot).astimezone(zone))


def _age(snapshot: Snapshot) -> tuple[datetime, str]:
    return _time(snapshot), snapshot.id


def _time(snapshot: Snapshot) -> datetime:
    if snapshot.created is None:
        raise Usage(
            _("snapshot {id} has no time of creation, so nothing can be said of its age").format(id=snapshot.id),
            hint=_("delete it by hand, or ask NHN Cloud, and try again"),
            resource=snapshot.id,
        )
    return snapshot.created
