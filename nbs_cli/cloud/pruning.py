"""From a policy to deletes: what the server shows, the plan, its guards, and each snapshot read again before it goes.

Removing is never hurried: one at a time, the oldest first, nothing that changed since the plan, an end after three
failures in a row. Source: trust.md, retention; faults.md §5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from nbs_cli.cloud import retention
from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deletion import delete
from nbs_cli.cloud.marks import policy_of
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import SNAPSHOT
from nbs_cli.cloud.retention import Action, Scope, Snapshot, Verdict
from nbs_cli.errors import Conflict, Failure, Nonsense, NotFound, Usage
from nbs_cli.output.text import moment
from nbs_cli.output.words import _

SKEW = timedelta(minutes=5)  # that the clocks of one cloud may differ
_ZONES = timedelta(hours=14)  # the zone farthest ahead of UTC
_SHARE, _MOST = 0.5, 20  # of a volume's candidates that may go without `--max-delete`
_OLDEST = datetime(1970, 1, 2, tzinfo=timezone.utc)  # a time before it is none


class Sight(NamedTuple):
    """What the server showed: its time, then every snapshot there was."""

    now: datetime
    records: list[Record]

    def without(self, ids: Collection[str]) -> Sight:
        """The same without the snapshots *ids*, which are gone."""
        return self._replace(records=[record for record in self.records if record["id"] not in ids])


def look(storage: BlockStorage) -> Sight:
    """Ask for the server's time and for every snapshot; raises Usage when the list may be cut."""
    now = server_time(storage)
    try:
        return Sight(now, everything(storage, SNAPSHOT))
    except Nonsense as nonsense:
        raise Usage(
            _("the list of snapshots may be cut, so nothing is removed: {words}").format(words=nonsense.message),
            hint=nonsense.hint,
        ) from nonsense


def server_time(storage: BlockStorage) -> datetime:
    """What time it is at the server (its Date header), for this machine's clock may be wrong; raises Usage."""
    answer = storage.request("GET", f"/{SNAPSHOT.path}?limit=1")
    try:
        read = parsedate_to_datetime(answer.headers.get("date", ""))
        return read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError) as error:
        raise Usage(
            _("the server does not say what time it is there, so snapshots cannot be told old or new"),
            hint=_("a proxy that drops the Date header? `--debug` shows the answer"),
        ) from error


def read(record: Record) -> Snapshot:
    """What retention knows of a snapshot's *record*; fractions of a second are dropped, for answers differ in them."""
    created = moment(record["created_at"]) if isinstance(record.get("created_at"), str) else None
    if created is not None:
        created = created.replace(microsecond=0) if created > _OLDEST else None
    return Snapshot(
        id=record["id"],
        volume_id=str(record.get("volume_id")),
        status=str(record.get("status")),
        created=created,
        policy=policy_of(record),
        name=str(record.get("name") or ""),
    )


def planned(
    sight: Sight,
    policy: Policy,
    volumes: Collection[str] | None,
    *,
    unmanaged: bool = False,
    pattern: str | None = None,
) -> list[Verdict]:
    """The plan for the snapshots of *volumes* (IDs; None: all), newest first; raises Usage where a time is in doubt."""
    snapshots = [read(record) for record in sight.records if volumes is None or record.get("volume_id") in volumes]
    _check_zone(snapshots, sight.now)
    scope = Scope(policy.name, sight.now + SKEW, unmanaged, pattern)
    verdicts = retention.plan(snapshots, policy.rules, policy.zone, scope)
    return sorted(verdicts, key=_age, reverse=True)


def _age(verdict: Verdict) -> tuple[datetime, str]:
    return verdict.snapshot.created or _OLDEST, verdict.snapshot.id


def _check_zone(snapshots: Iterable[Snapshot], now: datetime) -> None:
    """Raise Usage when a snapshot is ahead of the server by hours: then its times may not be the UTC that they seem."""
    for snapshot in snapshots:
        if snapshot.created is not None and SKEW < snapshot.created - now <= _ZONES:
            raise doubt(snapshot, snapshot.created - now)


def doubt(snapshot: Snapshot, ahead: timedelta) -> Usage:
    """Say that the server's times cannot be trusted: *snapshot* is *ahead* of its clock."""
    hours = f"{ahead.total_seconds() / 3600:+.1f}"
    return Usage(
        _(
            "snapshot {name} is dated {hours} hours from the server's own clock: its times may be in another zone"
        ).format(name=snapshot.name or snapshot.id, hours=hours),
        hint=_("nothing is removed while that is in doubt; compare `nbs snapshot show {id}` with the clock").format(
            id=snapshot.id
        ),
        resource=snapshot.id,
    )


def guard(verdicts: Iterable[Verdict], most: int | None) -> None:
    """Raise Usage when more of a volume would go than anybody should do unasked; *most* is `--max-delete`."""
    volumes: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.action is not Action.LEAVE:
            volumes.setdefault(verdict.snapshot.volume_id, []).append(verdict)
    for volume_id, group in volumes.items():
        going = sum(verdict.action is Action.REMOVE for verdict in group)
        if going and going == len(group):
            raise Usage(_("every snapshot of volume {id} would go; nothing is removed").format(id=volume_id))
        allowed = most if most is not None else min(_MOST, int(len(group) * _SHARE))
        if going > allowed:
            raise Usage(
                _("{going} of {count} snapshots of volume {id} would go at once; {allowed} may").format(
                    going=going, count=len(group), id=volume_id, allowed=allowed
                ),
                hint=_("if the plan is what you want, say `--max-delete {going}`").format(going=going),
                resource=volume_id,
            )


def going(verdicts: Iterable[Verdict]) -> list[Snapshot]:
    """What the plan removes, the oldest first."""
    return [verdict.snapshot for verdict in sorted(verdicts, key=_age) if verdict.action is Action.REMOVE]


def remove(
    storage: BlockStorage,
    verdicts: Sequence[Verdict],
    interrupted: Callable[[list[Outcome]], None] | None = None,
) -> list[Outcome]:
    """Delete what the plan removes, the oldest first; an Outcome each, its item the Snapshot.

    Each is read again just before; so is the newest of its volume that stays, for the first of them. What changed is
    left, with Conflict; what is gone already is `gone`. Three failures in a row end it.
    """
    anchors = _anchors(verdicts)
    sure: set[str] = set()

    def work(snapshot: Snapshot) -> None:
        if snapshot.volume_id not in sure:
            _unchanged(storage, anchors[snapshot.volume_id])
            sure.add(snapshot.volume_id)
        _remove_one(storage, snapshot)

    return at_once(work, going(verdicts), parallel=1, interrupted=interrupted, trouble=Failure)


def _anchors(verdicts: Iterable[Verdict]) -> dict[str, Snapshot]:
    """The newest snapshot of each volume that stays."""
    anchors: dict[str, Snapshot] = {}
    for verdict in sorted(verdicts, key=_age):
        if verdict.action is Action.KEEP:
            anchors[verdict.snapshot.volume_id] = verdict.snapshot
    return anchors


def _remove_one(storage: BlockStorage, snapshot: Snapshot) -> None:
    try:
        record = storage.get(SNAPSHOT, snapshot.id)
        if record["status"] == "deleting":
            return  # somebody else is at it
        _check_same(snapshot, read(record))
        delete(storage, SNAPSHOT, Found(snapshot.name or snapshot.id, record))
    except NotFound:
        return  # gone already, which is what was wanted


def _unchanged(storage: BlockStorage, snapshot: Snapshot) -> None:
    """Raise Conflict when *snapshot* is not as the plan saw it, or gone."""
    try:
        record = storage.get(SNAPSHOT, snapshot.id)
    except NotFound:
        raise _changed(snapshot, _("it is gone")) from None
    _check_same(snapshot, read(record))


def _check_same(planned: Snapshot, now: Snapshot) -> None:
    if now.status != planned.status:
        raise _changed(planned, _("its status is {status}").format(status=now.status))
    if now != planned:
        raise _changed(planned, _("its name, time, volume or mark is another one"))


def _changed(snapshot: Snapshot, how: str) -> Conflict:
    return Conflict(
        _("{name} changed since the plan was made: {how}; it is left alone").format(
            name=snapshot.name or snapshot.id, how=how
        ),
        hint=_("the next run makes a new plan"),
        resource=snapshot.id,
    )
