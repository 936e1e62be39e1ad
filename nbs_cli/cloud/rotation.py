"""A new snapshot under a policy: its name, room for it where the volume's limit is full, and the plan that follows it.

A snapshot that was made and is not there to be seen, or bears another time than it was made at, is a reason to remove
nothing: the list is cut then, or the server's clock means something else. Source: trust.md, retention.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from nbs_cli.cloud import marks, pruning, retention
from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.bulk import Outcome
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.marks import Wish
from nbs_cli.cloud.once import Made, Once
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.pruning import Sight
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import SNAPSHOT
from nbs_cli.cloud.retention import Action, Scope, Snapshot, Verdict
from nbs_cli.cloud.waiting import GONE, Goal, Tell, until
from nbs_cli.errors import Failure, OverLimit, RateLimited, Usage
from nbs_cli.output.text import UNSAFE
from nbs_cli.output.words import _

_LONGEST = 255  # characters of a name
# how a full limit may be worded where it is no 413: NHN's own cap of snapshots a volume is documented without its words
_FULL = re.compile(r"limit|exceed|quota|maximum", re.IGNORECASE)


class Terms(NamedTuple):
    """How a rotation goes about it: seconds to wait for a delete, the end of the command, who is told of a status."""

    make_room: bool
    seconds: float
    deadline: Deadline
    tell: Tell


@dataclass
class Turn:
    """One volume's rotation: its wish, the server's time when it began, and what was done by and by."""

    volume: Found
    wish: Wish
    began: datetime
    record: Record | None = None
    kept: int | None = None
    left: int | None = None
    removed: list[Snapshot] = field(default_factory=list)
    going: int = 0

    @property
    def label(self) -> str:
        """What people call the volume."""
        return str(self.volume.record.get("name") or self.volume.id)


def wish(volume: Found, policy: Policy, now: datetime, description: str | None, *, force: bool) -> Wish:
    """The snapshot to make of *volume*, marked with the policy; its name tells volume, policy and the time there."""
    tail = f"-{policy.name}-{now.astimezone(policy.zone):%Y%m%d-%H%M%S}"
    stem = re.sub(UNSAFE, "", str(volume.record.get("name") or "")) or volume.id[:8]
    body: Record = {"volume_id": volume.id, "name": stem[: _LONGEST - len(tail)] + tail}
    if description is not None:
        body["description"] = description
    if force:
        body["force"] = True
    return Wish(SNAPSHOT, body, marks.new_key(SNAPSHOT), policy=policy.name)


def make(once: Once, turn: Turn, policy: Policy, terms: Terms) -> Made:
    """Make the snapshot; where the limit is full, first remove the oldest that the policy would remove anyway.

    What was removed goes into the turn. Raises OverLimit, saying what would make room, and what `Once.create` raises.
    """
    spare: list[Verdict] | None = None
    while True:
        try:
            return once.create(turn.wish)
        except Failure as failure:
            if not _is_full(failure):
                raise
            if spare is None:
                spare = _spare(pruning.look(once.storage), turn, policy)
            if len(spare) < 2 or not terms.make_room:
                raise _no_room(turn, failure, spare[1:]) from failure
            _remove(once.storage, turn, [spare[0], spare.pop(1)], terms)


def _is_full(failure: Failure) -> bool:
    if isinstance(failure, RateLimited):
        return False
    return isinstance(failure, OverLimit) or (
        failure.http_status in {400, 403, 409} and _FULL.search(failure.message) is not None
    )


def foreseen(sight: Sight, turn: Turn, policy: Policy) -> list[Verdict]:
    """The plan for the volume as it will be once the new snapshot is there; raises Usage for one that goes too far."""
    coming = Snapshot("", turn.volume.id, "available", sight.now + pruning.SKEW, policy.name)
    there = [pruning.read(record) for record in sight.records if record.get("volume_id") == turn.volume.id]
    scope = Scope(policy.name, sight.now + pruning.SKEW)
    verdicts = retention.plan([*there, coming], policy.rules, policy.zone, scope)
    pruning.guard(verdicts, policy.most)
    return verdicts


def _spare(sight: Sight, turn: Turn, policy: Policy) -> list[Verdict]:
    """The newest snapshot of now, which stays; then what the policy removes once the new one is there, oldest first."""
    today = pruning.planned(sight, policy, {turn.volume.id})
    verdicts = foreseen(sight, turn, policy)
    newest = [Verdict(verdict.snapshot, Action.KEEP) for verdict in today if verdict.action is not Action.LEAVE][:1]
    stays = {verdict.snapshot.id for verdict in newest}
    going = [Verdict(one, Action.REMOVE) for one in pruning.going(verdicts) if one.id not in stays]
    return [*newest, *going]


def _no_room(turn: Turn, failure: Failure, spare: list[Verdict]) -> OverLimit:
    if turn.removed:
        hint = _("what the policy would remove is removed; keep fewer, or delete a snapshot by hand")
    elif spare:
        first = spare[0].snapshot
        hint = _("`--make-room` first removes {name}, which the policy would remove anyway").format(
            name=first.name or first.id
        )
    else:
        hint = _("the policy keeps all that are there: keep fewer, or delete a snapshot by hand")
    return OverLimit(
        _("there is no room for another snapshot of {volume}: {words}").format(
            volume=turn.label, words=failure.message
        ),
        hint=hint,
        http_status=failure.http_status,
        request_id=failure.request_id,
        resource=turn.volume.id,
    )


def _remove(storage: BlockStorage, turn: Turn, verdicts: list[Verdict], terms: Terms) -> None:
    """Remove the one snapshot that *verdicts* remove, and wait until it is gone."""
    (outcome,) = pruning.remove(storage, verdicts)
    if outcome.failure is None:
        (outcome,) = gone(storage, pruning.going(verdicts), terms)
    if outcome.failure is not None:
        raise outcome.failure
    turn.removed += pruning.going(verdicts)


def gone(storage: BlockStorage, snapshots: list[Snapshot], terms: Terms) -> list[Outcome]:
    """Wait until *snapshots*, whose delete was accepted, are gone: an Outcome each, as `waiting.until` gives them."""
    found = [
        Found(snapshot.name, {"id": snapshot.id, "name": snapshot.name, "status": snapshot.status})
        for snapshot in snapshots
    ]
    return until(
        storage,
        SNAPSHOT,
        found,
        Goal(GONE, deleted=True),
        seconds=terms.seconds,
        deadline=terms.deadline,
        tell=terms.tell,
    )


def plan(sight: Sight, turn: Turn, policy: Policy) -> list[Verdict]:
    """The plan for the volume after its new snapshot; raises Usage where that is not to be seen as it must be."""
    assert turn.record is not None  # noqa: S101 only what was made is planned for
    fresh = next((record for record in sight.records if record["id"] == turn.record["id"]), None)
    if fresh is None:
        raise Usage(
            _("the new snapshot of {volume} is not in the list, which may be cut: nothing is removed").format(
                volume=turn.label
            ),
            hint=_("the next run tries again"),
        )
    snapshot = pruning.read(fresh)
    if snapshot.policy != policy.name:
        raise Usage(
            _("the server did not keep the mark of snapshot {name}, so the policy cannot know it again").format(
                name=snapshot.name
            ),
            hint=_("nothing is removed; `--include-unmanaged` of `nbs snapshot prune` sees it"),
            resource=snapshot.id,
        )
    ahead = _off(snapshot.created, turn.began, sight.now)
    if ahead:
        raise pruning.doubt(snapshot, ahead)
    verdicts = pruning.planned(sight, policy, {turn.volume.id})
    pruning.guard(verdicts, policy.most)
    turn.kept = sum(verdict.action is Action.KEEP for verdict in verdicts)
    turn.left = sum(verdict.action is Action.LEAVE for verdict in verdicts)
    turn.going = len(pruning.going(verdicts))
    return verdicts


def _off(created: datetime | None, began: datetime, ended: datetime) -> timedelta | None:
    """How far *created* lies outside the time in which it was made; None for not at all, and for no time."""
    if created is None or began - pruning.SKEW <= created <= ended + pruning.SKEW:
        return None
    return created - began if created < began else created - ended
