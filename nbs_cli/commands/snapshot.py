"""`nbs snapshot`: list, show, create, delete, wait, prune, rotate."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli.cloud.bulk import PARALLEL
from nbs_cli.cloud.marks import LONGEST_MARK
from nbs_cli.cloud.refs import resolve
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.commands import keeping, looking, making, options, removing, timing
from nbs_cli.commands.options import (
    Brief,
    Description,
    DryRun,
    For,
    IgnoreMissing,
    Limit,
    Marker,
    Name,
    NoRequestKey,
    Offset,
    PageSize,
    Parallel,
    Refs,
    RequestKey,
    Sort,
    Volumes,
    Wait,
)
from nbs_cli.errors import Usage
from nbs_cli.local.policies import check_name
from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(
    _("Snapshots of volumes"), examples=("nbs snapshot create data-1 --wait", "nbs snapshot list --sort created:desc")
)


@command(
    app,
    "list",
    _("List snapshots, all of them"),
    "nbs snapshot list",
    "nbs snapshot list -o json -c id,name",
    "nbs snapshot list --volume data-1 --timeline",
)
def list_(
    ctx: typer.Context,
    sort: Sort = None,
    limit: Limit = None,
    page_size: PageSize = None,
    offset: Offset = None,
    marker: Marker = None,
    brief: Brief = False,
    volume: Annotated[
        str | None, typer.Option("--volume", metavar="REF", help=_("only those of this volume, by name or ID"))
    ] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help=_("draw them on a time line, with what their policies keep"))
    ] = False,
) -> None:
    """GET /snapshots/detail; with --brief GET /snapshots."""
    if timeline:
        timing.draw(ctx.obj, volume)
        return
    span = options.span(
        SNAPSHOT, sort=sort, limit=limit, page_size=page_size, offset=offset, marker=marker, brief=brief
    )
    looking.list_all(ctx.obj, SNAPSHOT, span, volume=volume)


@command(app, "show", _("Show snapshots"), "nbs snapshot show before-upgrade", "nbs snapshot show ID -o json")
def show(ctx: typer.Context, refs: Refs, parallel: Parallel = PARALLEL) -> None:
    """GET /snapshots/{id} for each."""
    looking.show(ctx.obj, SNAPSHOT, refs, parallel=parallel)


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
    session: Session = ctx.obj
    session.writing()
    options.sendable(_("name"), name)
    room = options.LONGEST - (0 if no_request_key else LONGEST_MARK)
    if policy is not None:
        check_name(policy)
        if no_request_key:
            raise Usage(_("--policy is a part of the mark, which --no-request-key leaves out"))
        room -= len(policy) + 1
    options.sendable(_("description (with its request mark)"), description, room)
    texts, several = session.refs(volumes)
    given = {"name": name, "description": description, "force": force or None}
    fields = {key: value for key, value in given.items() if value is not None}
    found = resolve(session.storage, VOLUME, texts)
    bodies = [{"volume_id": item.id, **fields} for item in found]
    wished = making.wishes(SNAPSHOT, bodies, request_key, marked=not no_request_key, policy=policy)
    making.make(session, SNAPSHOT, wished, wait=wait, dry_run=dry_run, several=several)


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
    removing.remove(
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
    looking.wait(ctx.obj, SNAPSHOT, refs, for_, parallel=parallel)


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
