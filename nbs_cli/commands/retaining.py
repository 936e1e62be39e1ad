"""What `snapshot prune` and `snapshot rotate` have in common: the options of a policy, the policy, locks, rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from nbs_cli.cloud import policies
from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.retention import Action, Verdict
from nbs_cli.errors import Conflict, NotFound
from nbs_cli.local import files, folders
from nbs_cli.local.policies import RULES, check_name
from nbs_cli.output.text import duration
from nbs_cli.output.words import _, plural
from nbs_cli.session import Session


def policy(session: Session, name: str, typed: dict[str, Any]) -> Policy:
    """The policy *name* with the rules that were *typed* (keys of `local/policies.py`, None where not), or the file's.

    A rule on the command line stands for all of them: then the file is not asked. Raises Usage, and NotFound for a
    policy that is nowhere.
    """
    check_name(name)
    given = {key: value for key, value in typed.items() if value is not None}
    if not given.keys().isdisjoint(RULES):
        return policies.read(name, given)
    known = session.policy(name, given)
    if known is None:
        there = ", ".join(session.retention) or _("none")
        raise NotFound(
            _("there is no policy {name} in the config file, and no rule was given").format(name=name),
            hint=_("the policies are: {names}; or say a rule, `--keep-daily 7` for example").format(names=there),
        )
    return known


@contextmanager
def locked(session: Session, volume_ids: Iterable[str]) -> Iterator[None]:
    """Be the only nbs on this machine that changes the snapshots of these volumes; waits for the others first.

    Locks are taken in the order of the IDs, so that two runs never wait for each other. Raises Conflict.
    """
    seconds = session.deadline.left(session.wait_seconds(WAIT))
    with ExitStack() as stack:
        for volume_id in sorted(set(volume_ids)):
            path = folders.volume_lock(volume_id)
            if not stack.enter_context(files.exclusive(path, 0)):
                session.notes.note(
                    _("waiting for another nbs that works on the snapshots of {id}").format(id=volume_id)
                )
                if not stack.enter_context(files.exclusive(path, seconds)):
                    raise Conflict(
                        _("another nbs still works on the snapshots of {id} after {time}").format(
                            id=volume_id, time=duration(seconds)
                        ),
                        hint=_("try again when it is done; it holds {path}").format(path=path),
                        resource=volume_id,
                    )
        yield


def rows(verdicts: Iterable[Verdict], policy: Policy, records: Iterable[Record], names: dict[str, str]) -> list[Record]:
    """A row of the plan (`shapes.PLAN`) for each verdict; *names* are those of the volumes, by ID."""
    wire = {record["id"]: record for record in records}
    return [_row(verdict, policy, wire[verdict.snapshot.id], names) for verdict in verdicts]


def _row(verdict: Verdict, policy: Policy, record: Record, names: dict[str, str]) -> Record:
    snapshot = verdict.snapshot
    created = snapshot.created
    return {
        "action": verdict.action.value,
        "time": None if created is None else f"{created.astimezone(policy.zone):%Y-%m-%d %H:%M}",
        "name": record.get("name"),
        "reasons": list(verdict.reasons),
        "volume_name": names.get(snapshot.volume_id),
        "id": snapshot.id,
        "volume_id": snapshot.volume_id,
        "status": snapshot.status,
        "created_at": record.get("created_at"),
    }


def summary(verdicts: Iterable[Verdict], done: int | None) -> str:
    """How many are kept, removed and left alone; *done* of them were removed, None while it is a plan."""
    actions = [verdict.action for verdict in verdicts]
    going = actions.count(Action.REMOVE)
    removed = _("{going} to remove") if done is None else _("{done} of {going} removed")
    return plural(
        "{count} snapshot: {kept} kept, {removed}, {left} left alone",
        "{count} snapshots: {kept} kept, {removed}, {left} left alone",
        len(actions),
    ).format(
        count=len(actions),
        kept=actions.count(Action.KEEP),
        removed=removed.format(going=going, done=done),
        left=actions.count(Action.LEAVE),
    )


def terms(policy: Policy) -> str:
    """The policy in one line."""
    return _("policy {name} keeps {rules}; times and days of {zone}").format(
        name=policy.name, rules=policy.rules, zone=policy.zone_name
    )
