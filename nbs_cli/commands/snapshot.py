"""`nbs snapshot`: list, show, create, delete, wait, prune, rotate."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.cloud.bulk import PARALLEL
from nbs_cli.cloud.resources import SNAPSHOT
from nbs_cli.cloud.span import Span
from nbs_cli.commands import keeping, options
from nbs_cli.commands.options import (
    AllProfiles,
    Brief,
    Description,
    DryRun,
    Every,
    For,
    Glob,
    IgnoreMissing,
    Limit,
    Marker,
    Name,
    NewerThan,
    NoRequestKey,
    Offset,
    OlderThan,
    PageSize,
    Parallel,
    Refs,
    RequestKey,
    Sort,
    Status,
    Volumes,
    Wait,
    Watch,
)
from nbs_cli.errors import Usage
from nbs_cli.output.words import _
from nbs_cli.parser import command, group

app = group(
    _("Snapshots of volumes"), examples=("nbs snapshot create data-1 --wait", "nbs snapshot list --sort created:desc")
)


@command(
    app,
    "list",
    _("List snapshots, all of them"),
    "nbs snapshot list",
    "nbs snapshot list --watch --status creating",
    "nbs snapshot list -o json -c id,name",
    "nbs snapshot list --name 'nightly-*' --status available",
    "nbs snapshot list --older-than 90d --sort created:asc",
    "nbs snapshot list --volume data-1 --timeline",
)
def list_(
    ctx: typer.Context,
    name: Glob = None,
    status: Status = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    sort: Sort = None,
    limit: Limit = None,
    page_size: PageSize = None,
    offset: Offset = None,
    marker: Marker = None,
    brief: Brief = False,
    watch: Watch = False,
    every: Every = None,
    volume: Annotated[
        str | None, typer.Option("--volume", metavar="REF", help=_("only those of this volume, by name or ID"))
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help=_("draw them on a time line, with what their policies keep"))
    ] = False,
    all_profiles: AllProfiles = False,
) -> None:
    """GET /snapshots/detail; with --brief GET /snapshots."""
    if all_profiles and (timeline or volume is not None):
        raise Usage(_("--all-profiles shows every volume's: leave --volume and --timeline out"))
    shape = commands.choosing.with_profile(SNAPSHOT) if all_profiles else SNAPSHOT
    span = options.span(shape, sort=sort, limit=limit, page_size=page_size, offset=offset, marker=marker, brief=brief)
    wish = options.wish(name=name, status=status, older=older_than, newer=newer_than)
    if timeline:
        if wish.asks or watch or span != Span():
            raise Usage(_("--timeline shows everything: no option but --volume goes together with it"))
        commands.timing.draw(ctx.obj, volume)
        return
    if all_profiles:
        commands.choosing.list_everywhere(ctx.obj, SNAPSHOT, span, wish, alone=volume is None and not watch)
        return
    commands.listing.list_all(ctx.obj, SNAPSHOT, span, wish, volume=volume, every=options.interval(watch, every))


@command(app, "show", _("Show snapshots"), "nbs snapshot show before-upgrade", "nbs snapshot show ID -o json")
def show(ctx: typer.Context, refs: Refs, parallel: Parallel = PARALLEL) -> None:
    """GET /snapshots/{id} for each."""
    commands.looking.show(ctx.obj, SNAPSHOT, refs, parallel=parallel)


@command(
    app,
    "create",
    _("Make a snapshot of each volume"),
    "nbs snapshot create data-1 --name before-upgrade --wait",
    "nbs snapshot create data-1 data-2 --force",
)
def create(
    ctx: typer.Context,
    volumes: Volumes,
    name: Name = None,
    description: Description = None,
    force: Annotated[
        bool, typer.Option("--force", help=_("of an attached volume too; detach it first for a consistent one"))
    ] = False,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="NAME", help=_("mark it as this policy's, which may remove it"))
    ] = None,
    request_key: RequestKey = None,
    no_request_key: NoRequestKey = False,
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """POST /snapshots for each."""
    marked = not no_request_key
    bodies, several = commands.ordering.snapshots(
        ctx.obj, volumes, name, description, force=force, marked=marked, policy=policy
    )
    wished = commands.making.wishes(SNAPSHOT, bodies, request_key, marked=marked, policy=policy)
    commands.making.make(ctx.obj, SNAPSHOT, wished, wait=wait, dry_run=dry_run, several=several)


@command(
    app,
    "delete",
    _("Delete snapshots; shows them and asks first"),
    "nbs snapshot delete before-upgrade",
    "nbs snapshot list -q | nbs snapshot delete - --yes --wait",
)
def delete(
    ctx: typer.Context,
    refs: Refs,
    ignore_missing: IgnoreMissing = False,
    parallel: Parallel = PARALLEL,
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """DELETE /snapshots/{id} for each."""
    commands.removing.remove(
        ctx.obj, SNAPSHOT, refs, ignore_missing=ignore_missing, parallel=parallel, wait=wait, dry_run=dry_run
    )


@command(
    app,
    "wait",
    _("Wait until snapshots are in a status, or gone"),
    "nbs snapshot wait before-upgrade",
    "nbs snapshot wait before-upgrade --for gone --timeout 5m",
)
def wait(ctx: typer.Context, refs: Refs, for_: For = "available", parallel: Parallel = PARALLEL) -> None:
    """Poll GET /snapshots/{id}."""
    commands.looking.wait(ctx.obj, SNAPSHOT, refs, for_, parallel=parallel)


command(
    app,
    "prune",
    _(
        "Show which snapshots a policy would remove, and remove them\n\n"
        "Each rule counts by itself and keeps the newest snapshot of each hour, day, week, month or year that has one; "
        "a snapshot stays when any rule wants it. Only snapshots that the policy made (`nbs snapshot rotate`, "
        "`nbs snapshot create --policy`) are touched. Without --apply nothing is removed."
    ),
    "nbs snapshot prune --volume data-1 --keep-last 3 --keep-daily 7",
    "nbs snapshot prune --all-volumes --policy daily --apply",
)(keeping.prune)

command(
    app,
    "rotate",
    _(
        "Make a snapshot of each volume, then prune: a backup for cron\n\n"
        "Makes a snapshot marked with the policy, waits until it is available, and only then removes what the policy "
        "no longer keeps. Exit code 0: all done. 10: a new snapshot is there, but not all was done. Anything else: "
        "there is no new snapshot to rely on."
    ),
    "nbs snapshot rotate data-1 --policy daily",
    "nbs snapshot rotate data-1 --keep-last 3 --force --make-room",
)(keeping.rotate)
