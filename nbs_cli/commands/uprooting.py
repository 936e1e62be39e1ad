"""`nbs volume delete --with-snapshots`: the snapshots first, each waited for, then the volumes.

A volume that is bound to be refused (attached, in a wrong status) keeps its snapshots; so does one keep its disk of
which a snapshot would not go.
"""

from __future__ import annotations

from typing import Any

from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deletion import attached_to, named, obstacles, snapshots_of
from nbs_cli.cloud.refs import Found, resolve
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.commands.branching import drawn
from nbs_cli.commands.outcomes import conclude
from nbs_cli.commands.rehearsing import Request, deletion, rehearse
from nbs_cli.commands.removing import Interrupted, await_gone, delete_one, may_ask, print_rows, told
from nbs_cli.commands.shapes import OUTCOME, REQUEST
from nbs_cli.errors import Conflict, NotFound
from nbs_cli.local import names
from nbs_cli.output.words import _, plural
from nbs_cli.session import Session

Plan = dict[str, list[Found]]  # the snapshots by the ID of their volume


def uproot(
    session: Session, refs: list[str], *, ignore_missing: bool, parallel: int, wait: bool, dry_run: bool
) -> None:
    """Delete every one of *refs* with its snapshots; print every outcome, raise what they come to."""
    session.writing()
    session.printer.check(REQUEST if dry_run else OUTCOME)
    if not dry_run:
        may_ask(session)
    texts, _several = session.refs(refs)
    found = resolve(session.storage, VOLUME, texts, ignore_missing=ignore_missing, parallel=parallel)
    plan = _planned(session, found)
    if dry_run:
        _rehearse(session, found, plan)
        return
    if not session.options.yes and found and not _confirmed(session, found, plan):
        session.notes.note(_("nothing was deleted"))
        return
    outcomes = _done(session, found, plan, parallel, wait=wait)
    if ignore_missing:
        outcomes = [outcome for outcome in outcomes if not isinstance(outcome.failure, NotFound)]
    conclude(session, outcomes, lambda item: item.ref)


def _planned(session: Session, found: list[Found]) -> Plan:
    """The snapshots of each volume, from one list; a volume that cannot be deleted anyway has none that go."""
    snapshots = snapshots_of(session.storage, {item.id for item in found}) if found else {}
    return {
        item.id: [] if _kept(item) else [Found(f"id:{row['id']}", row) for row in snapshots[item.id]] for item in found
    }


def _kept(item: Found) -> str | None:
    """Why the volume is bound to be refused whatever becomes of its snapshots."""
    return obstacles(VOLUME, item.record, [])


def _done(session: Session, found: list[Found], plan: Plan, parallel: int, *, wait: bool) -> list[Outcome]:
    """Delete the snapshots and wait for them, then the volumes that are free of them; print the rows, give them all."""
    rows: list[dict[str, Any]] = []
    leaves = [item for items in plan.values() for item in items]
    interrupted = _interrupted(session, SNAPSHOT, rows, [Outcome(item) for item in found])
    snapshots = at_once(lambda item: delete_one(session, SNAPSHOT, item), leaves, parallel, interrupted=interrupted)
    await_gone(session, SNAPSHOT, snapshots, interrupted)
    rows += _told(session, snapshots)
    stuck = {one.item.id: one for one in snapshots if one.failure is not None or not one.tried}
    kept = [outcome for item in found if (outcome := _left(item, plan, stuck)) is not None]
    held = {outcome.item.id for outcome in kept}
    free = [item for item in found if item.id not in held]
    interrupted = _interrupted(session, VOLUME, rows, kept)
    volumes = at_once(lambda item: delete_one(session, VOLUME, item), free, parallel, interrupted=interrupted)
    if wait:
        await_gone(session, VOLUME, volumes, interrupted)
    print_rows(session, rows + told(session, VOLUME, [*volumes, *kept], gone=wait), several=True)
    for resource, outcomes in ((SNAPSHOT, snapshots), (VOLUME, volumes)):
        gone = [outcome.item.id for outcome in outcomes if outcome.done and outcome.failure is None]
        names.change(session.names(resource), gone=gone)
    return [*snapshots, *volumes, *kept]


def _interrupted(
    session: Session, resource: Resource, before: list[dict[str, Any]], volumes: list[Outcome]
) -> Interrupted:
    """What a signal has printed: the rows *before*, the outcomes so far, and the *volumes* that were not reached."""

    def tell(so_far: list[Outcome]) -> None:
        rows = told(session, resource, so_far, gone=False) + told(session, VOLUME, volumes, gone=False)
        print_rows(session, before + rows, several=True)

    return tell


def _told(session: Session, snapshots: list[Outcome]) -> list[dict[str, Any]]:
    """As `told` of what is gone; people get the names of the snapshots, which nobody has typed."""
    rows = told(session, SNAPSHOT, snapshots, gone=True)
    if session.for_people:
        for row, outcome in zip(rows, snapshots, strict=True):
            row["ref"] = named([outcome.item.record])[0]
    return rows


def _left(item: Found, plan: Plan, stuck: dict[str, Outcome]) -> Outcome | None:
    """The outcome of a volume that is not deleted, None for one that can be."""
    reason = _kept(item)
    left = [one.record for one in plan[item.id] if one.id in stuck]
    if left:
        reason = plural("its snapshot {names} is left", "its snapshots {names} are left", len(left)).format(
            names=", ".join(named(left))
        )
    if reason is None:
        return None
    words = _("{name} was not deleted: {reason}").format(name=named([item.record])[0], reason=reason)
    hint = _("detach it from the instance first (console, or the Compute API)") if attached_to(item.record) else None
    return Outcome(item, failure=Conflict(words, hint=hint, resource=item.id), tried=True, done=True)


def _rehearse(session: Session, found: list[Found], plan: Plan) -> None:
    requests: list[Request] = []
    for item in found:
        requests += [deletion(SNAPSHOT, snapshot, []) for snapshot in plan[item.id]]
        requests.append(deletion(VOLUME, item, []))
    rehearse(session, requests)


def _confirmed(session: Session, found: list[Found], plan: Plan) -> bool:
    """Show the volumes with their snapshots as a tree, and ask; nothing is asked where nothing would go."""
    records = [{**item.record, "snapshots": [one.record for one in plan[item.id]]} for item in found]
    for line in drawn(records, session.stderr, color=False, indent=2):
        session.notes.note(line)
    staying = {item.id: reason for item in found if (reason := _kept(item)) is not None}
    for item in found:
        if item.id in staying:
            name = named([item.record])[0]
            session.notes.note(_("{name} stays: {reason}").format(name=name, reason=staying[item.id]))
    volumes, snapshots = len(found) - len(staying), sum(len(items) for items in plan.values())
    if not volumes:
        return True
    return session.notes.confirm(_question(volumes, snapshots))


def _question(volumes: int, snapshots: int) -> str:
    what = plural("{count} volume", "{count} volumes", volumes).format(count=volumes)
    if not snapshots:
        return _("Delete {volumes}? It cannot be undone.").format(volumes=what)
    beside = plural("{count} snapshot", "{count} snapshots", snapshots).format(count=snapshots)
    return _("Delete {volumes} and {snapshots}? It cannot be undone.").format(volumes=what, snapshots=beside)
