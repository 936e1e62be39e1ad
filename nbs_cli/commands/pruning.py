"""`nbs snapshot prune`: the plan, what speaks against it, and with --apply the deed."""

from __future__ import annotations

from typing import Any, NamedTuple

from nbs_cli import commands
from nbs_cli.cloud import pruning, rotation
from nbs_cli.cloud.bulk import Outcome, at_once
from nbs_cli.cloud.deadline import WAIT
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.policies import Policy
from nbs_cli.cloud.pruning import Sight
from nbs_cli.cloud.refs import resolve
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.cloud.retention import Snapshot, Verdict
from nbs_cli.cloud.rotation import Terms
from nbs_cli.commands import retaining
from nbs_cli.commands.outcomes import conclude
from nbs_cli.commands.shapes import PLAN, REQUEST
from nbs_cli.errors import Usage
from nbs_cli.output.lines import aligned
from nbs_cli.output.text import safe
from nbs_cli.output.words import _
from nbs_cli.session import Session


class Wanted(NamedTuple):
    """The options of `snapshot prune`: volumes as typed or all, which candidates, whether to do it or rehearse it."""

    volumes: tuple[str, ...]
    all_volumes: bool
    pattern: str | None
    unmanaged: bool
    apply: bool
    dry_run: bool


class Plan(NamedTuple):
    """What was seen, and what is to become of it."""

    policy: Policy
    sight: Sight
    verdicts: list[Verdict]
    names: dict[str, str]  # of the volumes, by ID


def prune(session: Session, policy: Policy, wanted: Wanted) -> None:
    """Print what *policy* would do to the snapshots; with `apply` do it, wait until they are gone, print outcomes.

    With `dry_run` the requests of the deed are printed.
    """
    _check(session, wanted)
    names = _volumes(session, wanted)
    plan = _planned(session, policy, wanted, names)
    if wanted.dry_run:
        commands.rehearsing.prune(session, plan.verdicts, policy)
        return
    if not wanted.apply:
        _print(session, plan, None)
        _forecast(session, plan)
        return
    touched = {snapshot.volume_id for snapshot in pruning.going(plan.verdicts)}
    with retaining.locked(session, touched):
        if touched:  # nobody else is at these volumes any more: what counts is what they have now
            plan = _planned(session, policy, wanted, names)
        pruning.guard(plan.verdicts, policy.most)
        if wanted.unmanaged and not _confirmed(session, plan):
            session.notes.note(_("nothing was removed"))
            return
        outcomes = _apply(session, plan, touched)
    _print(session, plan, outcomes)
    conclude(session, outcomes, label)


def _check(session: Session, wanted: Wanted) -> None:
    """Refuse before any request what cannot be meant."""
    session.printer.check(REQUEST if wanted.dry_run else PLAN)
    if bool(wanted.volumes) == wanted.all_volumes:
        raise Usage(
            _("say whose snapshots: `--volume NAME`, or `--all-volumes`")
            if not wanted.volumes
            else _("--volume and --all-volumes exclude each other")
        )
    if wanted.apply or wanted.dry_run:
        session.writing()
    asks = wanted.apply and wanted.unmanaged and not wanted.dry_run
    if asks and not (session.options.yes or session.notes.interactive):
        raise Usage(
            _("--include-unmanaged asks before it removes what nbs did not make, and nobody is there to answer"),
            hint=_("leave it out, or say `--yes` if you are sure"),
        )


def _volumes(session: Session, wanted: Wanted) -> dict[str, str]:
    """The names of the volumes by ID: those that were named, or all."""
    if wanted.volumes:
        found = resolve(session.storage, VOLUME, list(wanted.volumes))
        return {item.id: str(item.record.get("name") or "") for item in found}
    return {row["id"]: str(row.get("name") or "") for row in everything(session.storage, VOLUME, detail=False)}


def _planned(session: Session, policy: Policy, wanted: Wanted, names: dict[str, str]) -> Plan:
    sight = pruning.look(session.storage)
    volumes = set(names) if wanted.volumes else None
    verdicts = pruning.planned(sight, policy, volumes, unmanaged=wanted.unmanaged, pattern=wanted.pattern)
    return Plan(policy, sight, sorted(verdicts, key=lambda verdict: names.get(verdict.snapshot.volume_id, "")), names)


def _forecast(session: Session, plan: Plan) -> None:
    """Say that it is a plan, and what `--apply` would say to it."""
    (judged,) = at_once(lambda verdicts: pruning.guard(verdicts, plan.policy.most), [plan.verdicts])
    if judged.failure is not None:
        session.notes.note(_("`--apply` would refuse: {why}").format(why=judged.failure.message))
        session.notes.hint(judged.failure.hint or "")
    elif pruning.going(plan.verdicts):
        session.notes.note(_("a plan: nothing was removed; `--apply` does it"))
    else:
        session.notes.note(_("a plan: there is nothing to remove"))


def _confirmed(session: Session, plan: Plan) -> bool:
    """Show what would be lost, and ask."""
    going = pruning.going(plan.verdicts)
    if session.options.yes or not going:
        return True
    foreign = sum(snapshot.policy != plan.policy.name for snapshot in going)
    zone = plan.policy.zone
    lines = aligned(
        [
            [safe(snapshot.id), safe(snapshot.name or "-"), f"{snapshot.created.astimezone(zone):%Y-%m-%d %H:%M}"]
            for snapshot in going
            if snapshot.created is not None
        ]
    )
    for line in lines:
        session.notes.note(f"  {line}")
    question = _("Delete these {count} snapshots, {foreign} of which the policy {name} did not make?")
    return session.notes.confirm(
        question.format(count=len(going), foreign=foreign, name=plan.policy.name) + " " + _("It cannot be undone.")
    )


def _apply(session: Session, plan: Plan, touched: set[str]) -> list[Outcome]:
    """Remove what the plan removes of the volumes *touched* and wait until it is gone; an Outcome for each Snapshot."""
    outcomes = pruning.remove(
        session.storage,
        [verdict for verdict in plan.verdicts if verdict.snapshot.volume_id in touched],
        interrupted=lambda so_far: _print(session, plan, so_far, gone=False),
    )
    accepted = [outcome for outcome in outcomes if outcome.tried and outcome.failure is None]
    terms = Terms(
        make_room=False, seconds=session.wait_seconds(WAIT), deadline=session.deadline, tell=session.notes.status
    )
    ended = rotation.gone(session.storage, [outcome.item for outcome in accepted], terms)
    session.notes.clear()
    for outcome, end in zip(accepted, ended, strict=True):
        outcome.failure = end.failure
    return outcomes


def _print(session: Session, plan: Plan, outcomes: list[Outcome] | None, *, gone: bool = True) -> None:
    """The plan on stdout, with what became of it; the policy and the sum on stderr."""
    results = {outcome.item.id: _result(outcome, gone=gone) for outcome in outcomes or ()}
    table = [
        {**row, **results.get(row["id"], {})}
        for row in retaining.rows(plan.verdicts, plan.policy, plan.sight.records, plan.names)
    ]
    done = None if outcomes is None else 0
    for outcome in outcomes or ():
        if results[outcome.item.id]["outcome"] in {"removed", "accepted"}:
            words = _("removed snapshot {name}") if gone else _("removing snapshot {name}")
            session.did(words.format(name=label(outcome.item)))
            done = (done or 0) + 1
    session.notes.note(retaining.terms(plan.policy))
    session.notes.note(retaining.summary(plan.verdicts, done))
    several = len({verdict.snapshot.volume_id for verdict in plan.verdicts}) > 1
    columns = [column for column in PLAN.columns if column != "id"]
    columns += ["volume_name"] if several else []
    columns += ["outcome"] if outcomes else []
    if session.options.quiet:
        table = [row for row in table if row.get("outcome", row["action"]) in {"remove", "removed", "accepted"}]
    session.printer.show(PLAN._replace(columns=(*columns, "id")), table, several=True)


def _result(outcome: Outcome, *, gone: bool) -> dict[str, Any]:
    if outcome.failure is not None:
        return {"outcome": "failed", "error": outcome.failure.record()}
    if not outcome.tried or not outcome.done:
        return {"outcome": "not tried" if not outcome.tried else "unknown"}
    return {"outcome": "removed" if gone else "accepted"}


def label(snapshot: Snapshot) -> str:
    """What people call a snapshot."""
    return f"{snapshot.name} ({snapshot.id})" if snapshot.name else snapshot.id
