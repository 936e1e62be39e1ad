"""The signatures of `snapshot prune` and `snapshot rotate`: what is typed becomes a policy and what is wanted of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from nbs_cli import commands
from nbs_cli.commands import options
from nbs_cli.commands.options import Description, DryRun, Volumes
from nbs_cli.local.policies import USUAL
from nbs_cli.output.words import _
from nbs_cli.session import Session, seconds

PolicyName = Annotated[
    str,
    typer.Option(
        "--policy", metavar="NAME", help=_("the policy: the mark of its snapshots, and its rules in the config file")
    ),
]


def _count(words: str) -> OptionInfo:
    made: OptionInfo = typer.Option(parser=options.whole, metavar="N", help=words)
    return made


KeepLast = Annotated[int | None, _count(_("keep the N newest"))]
KeepHourly = Annotated[int | None, _count(_("keep the newest of each of the last N hours that have one"))]
KeepDaily = Annotated[int | None, _count(_("the same for days"))]
KeepWeekly = Annotated[int | None, _count(_("the same for weeks, which begin on Monday"))]
KeepMonthly = Annotated[int | None, _count(_("the same for months"))]
KeepYearly = Annotated[int | None, _count(_("the same for years"))]
KeepWithin = Annotated[
    str | None,
    typer.Option(
        "--keep-within", metavar="TIME", help=_("keep what is at most 36h, 14d, 2w, 6mo or 1y older than the newest")
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help=_("where hours and days begin and end; Asia/Seoul if not said")),
]
MaxDelete = Annotated[
    int | None,
    typer.Option(
        "--max-delete",
        parser=options.whole,
        metavar="N",
        help=_("let up to N of a volume go at once; 20, and half of them, if not said"),
    ),
]


def prune(
    ctx: typer.Context,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", metavar="REF", help=_("snapshots of this volume; may be repeated")),
    ] = None,
    all_volumes: Annotated[bool, typer.Option("--all-volumes", help=_("the snapshots of every volume"))] = False,
    policy: PolicyName = USUAL,
    keep_last: KeepLast = None,
    keep_hourly: KeepHourly = None,
    keep_daily: KeepDaily = None,
    keep_weekly: KeepWeekly = None,
    keep_monthly: KeepMonthly = None,
    keep_yearly: KeepYearly = None,
    keep_within: KeepWithin = None,
    match: Annotated[
        str | None, typer.Option("--match", metavar="GLOB", help=_("only snapshots with names like this: `nightly-*`"))
    ] = None,
    include_unmanaged: Annotated[
        bool,
        typer.Option("--include-unmanaged", help=_("what the policy did not make, too; asks before it removes")),
    ] = False,
    timezone: Timezone = None,
    max_delete: MaxDelete = None,
    apply: Annotated[bool, typer.Option("--apply", help=_("remove them, the oldest first"))] = False,
    dry_run: DryRun = False,
) -> None:
    """GET /snapshots/detail; with --apply GET and DELETE /snapshots/{id} for each that goes."""
    session: Session = ctx.obj
    typed = {
        "keep_last": keep_last,
        "keep_hourly": keep_hourly,
        "keep_daily": keep_daily,
        "keep_weekly": keep_weekly,
        "keep_monthly": keep_monthly,
        "keep_yearly": keep_yearly,
        "keep_within": keep_within,
        "timezone": timezone,
        "max_delete": max_delete,
    }
    chosen = commands.retaining.policy(session, policy, typed)
    wanted = commands.pruning.Wanted(tuple(volume or ()), all_volumes, match, include_unmanaged, apply, dry_run)
    commands.pruning.prune(session, chosen, wanted)


def rotate(
    ctx: typer.Context,
    volumes: Volumes,
    policy: PolicyName = USUAL,
    keep_last: KeepLast = None,
    keep_hourly: KeepHourly = None,
    keep_daily: KeepDaily = None,
    keep_weekly: KeepWeekly = None,
    keep_monthly: KeepMonthly = None,
    keep_yearly: KeepYearly = None,
    keep_within: KeepWithin = None,
    timezone: Timezone = None,
    max_delete: MaxDelete = None,
    description: Description = None,
    force: Annotated[
        bool, typer.Option("--force", help=_("of an attached volume too; detach it first for a consistent one"))
    ] = False,
    make_room: Annotated[
        bool,
        typer.Option(
            "--make-room",
            help=_("where the limit is full, first remove the oldest that the policy removes anyway"),
        ),
    ] = False,
    jitter: Annotated[
        str | None, typer.Option("--jitter", metavar="TIME", help=_("wait a random part of this first: 5m"))
    ] = None,
    heartbeat_file: Annotated[
        Path | None,
        typer.Option("--heartbeat-file", metavar="FILE", help=_("write the time into FILE when all went well")),
    ] = None,
    metrics_file: Annotated[
        Path | None,
        typer.Option("--metrics-file", metavar="FILE", help=_("write metrics into FILE for node_exporter")),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """POST /snapshots for each, GET until it is available, then as `prune --apply`."""
    session: Session = ctx.obj
    typed = {
        "keep_last": keep_last,
        "keep_hourly": keep_hourly,
        "keep_daily": keep_daily,
        "keep_weekly": keep_weekly,
        "keep_monthly": keep_monthly,
        "keep_yearly": keep_yearly,
        "keep_within": keep_within,
        "timezone": timezone,
        "max_delete": max_delete,
    }
    chosen = commands.retaining.policy(session, policy, typed)
    wait = 0.0 if jitter is None else seconds(jitter)
    wanted = commands.rotating.Wanted(
        tuple(volumes), description, force, make_room, wait, heartbeat_file, metrics_file, dry_run
    )
    commands.rotating.rotate(session, chosen, wanted)
