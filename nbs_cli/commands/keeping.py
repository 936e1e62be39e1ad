"""The signatures of `snapshot prune` and `snapshot rotate`: what is typed becomes a policy and what is wanted of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nbs_cli.cloud import policies
from nbs_cli.cloud.marks import LONGEST_MARK
from nbs_cli.commands import options, pruning, retaining, rotating
from nbs_cli.commands.options import Description, Volumes
from nbs_cli.commands.retaining import (
    KeepDaily,
    KeepHourly,
    KeepLast,
    KeepMonthly,
    KeepWeekly,
    KeepWithin,
    KeepYearly,
    MaxDelete,
    PolicyName,
    Timezone,
)
from nbs_cli.output.words import _
from nbs_cli.session import Session, seconds


def prune(
    ctx: typer.Context,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", metavar="REF", help=_("snapshots of this volume; may be repeated")),
    ] = None,
    all_volumes: Annotated[bool, typer.Option("--all-volumes", help=_("the snapshots of every volume"))] = False,
    policy: PolicyName = policies.USUAL,
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
    chosen = retaining.policy(session, policy, typed)
    wanted = pruning.Wanted(tuple(volume or ()), all_volumes, match, include_unmanaged, apply)
    pruning.prune(session, chosen, wanted)


def rotate(
    ctx: typer.Context,
    volumes: Volumes,
    policy: PolicyName = policies.USUAL,
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
    chosen = retaining.policy(session, policy, typed)
    room = options.LONGEST - LONGEST_MARK - len(policy) - 1
    options.sendable(_("description (with its request mark)"), description, room)
    wait = 0.0 if jitter is None else seconds(jitter)
    wanted = rotating.Wanted(tuple(volumes), description, force, make_room, wait, heartbeat_file, metrics_file)
    rotating.rotate(session, chosen, wanted)
