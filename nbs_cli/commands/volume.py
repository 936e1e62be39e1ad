"""`nbs volume`: list, show, create, delete, upload-image, wait."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.cloud.bulk import PARALLEL
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.commands import options
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
    Ref,
    Refs,
    RequestKey,
    Sort,
    Status,
    Visibility,
    Wait,
    Watch,
)
from nbs_cli.output.words import _
from nbs_cli.parser import command, group

app = group(
    _("Volumes: create, list, delete, make images of them"),
    examples=("nbs volume create --size 10 --name data-1 --wait", "nbs volume list", "nbs volume delete data-1"),
)


@command(
    app,
    "list",
    _("List volumes, all of them, however the server cuts its pages"),
    "nbs volume list",
    "nbs volume list --watch",
    "nbs volume list --sort size:desc,name:asc --limit 20",
    "nbs volume list --unattached --type ssd --name 'data-*'",
    "nbs volume list --newer-than 36h",
    "nbs volume list -o json | jq '[.[].size] | add'",
    "nbs volume list --query '[?size > `100`].name'",
    "nbs volume list --all-profiles",
)
def list_(
    ctx: typer.Context,
    name: Glob = None,
    status: Status = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help=_("only of this type: its name in any case, or hdd/ssd")),
    ] = None,
    zone: Annotated[str | None, typer.Option("--zone", metavar="ZONE", help=_("only in this zone"))] = None,
    attached: Annotated[
        bool | None, typer.Option("--attached/--unattached", help=_("only attached ones, or only those that are not"))
    ] = None,
    bootable: Annotated[
        bool | None, typer.Option("--bootable/--no-bootable", help=_("only bootable ones, or only those that are not"))
    ] = None,
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
    all_profiles: AllProfiles = False,
) -> None:
    """GET /volumes/detail; with --brief GET /volumes."""
    shape = commands.choosing.with_profile(VOLUME) if all_profiles else VOLUME
    span = options.span(shape, sort=sort, limit=limit, page_size=page_size, offset=offset, marker=marker, brief=brief)
    wish = options.wish(
        name=name,
        status=status,
        type_=type_,
        zone=zone,
        attached=attached,
        bootable=bootable,
        older=older_than,
        newer=newer_than,
    )
    if all_profiles:
        commands.choosing.list_everywhere(ctx.obj, VOLUME, span, wish, alone=not watch)
        return
    commands.listing.list_all(ctx.obj, VOLUME, span, wish, every=options.interval(watch, every))


@command(
    app,
    "show",
    _("Show volumes"),
    "nbs volume show data-1",
    "nbs volume show data-1 data-2 -o json",
    "nbs volume show data-1 --with-snapshots",
)
def show(
    ctx: typer.Context,
    refs: Refs,
    with_snapshots: Annotated[
        bool,
        typer.Option("--with-snapshots", help=_("each with its snapshots, as a tree; JSON has them in `snapshots`")),
    ] = False,
    parallel: Parallel = PARALLEL,
) -> None:
    """GET /volumes/{id} for each."""
    if with_snapshots:
        commands.branching.show(ctx.obj, refs, parallel=parallel)
        return
    commands.looking.show(ctx.obj, VOLUME, refs, parallel=parallel)


@command(
    app,
    "create",
    _("Create a volume, empty or from a snapshot"),
    "nbs volume create --size 10",
    "nbs volume create --size 100 --name data-1 --type ssd --zone kr-pub-a --wait",
    "nbs volume create --snapshot before-upgrade --name data-1-copy",
    "nbs volume create --size 10 --name node --count 3 --request-key build-4711",
    "nbs volume create --size 10 --name data-1 --if-not-exists --wait",
)
def create(
    ctx: typer.Context,
    size: Annotated[
        int | None,
        typer.Option(parser=options.gigabytes, metavar="GB", help=_("its size in GB; that of the snapshot by default")),
    ] = None,
    name: Name = None,
    description: Description = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help=_("volume type: its name in any case, or hdd/ssd"))
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help=_("availability zone, kr-pub-a for example"))
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", metavar="REF", help=_("the snapshot to make it from"))
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", metavar="KEY=VALUE", help=_("metadata; may be repeated"))
    ] = None,
    count: Annotated[
        int, typer.Option(parser=options.whole, metavar="N", help=_("make N of them, called NAME-1 to NAME-N"))
    ] = 1,
    if_not_exists: Annotated[
        bool,
        typer.Option(
            "--if-not-exists", help=_("take what has the name and all that is said here; refuse what is otherwise")
        ),
    ] = False,
    request_key: RequestKey = None,
    no_request_key: NoRequestKey = False,
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """POST /volumes."""
    order = commands.ordering.Order(
        size, name, description, type_, zone, snapshot, tuple(metadata or ()), count, if_not_exists
    )
    bodies = commands.ordering.bodies(ctx.obj, order)
    wished = commands.making.wishes(VOLUME, bodies, request_key, marked=not no_request_key)
    commands.making.make(
        ctx.obj, VOLUME, wished, wait=wait, dry_run=dry_run, several=count > 1, if_not_exists=if_not_exists
    )


@command(
    app,
    "delete",
    _("Delete volumes; shows them and asks first"),
    "nbs volume delete data-1",
    "nbs volume delete data-1 data-2 --yes --wait",
    "nbs volume delete data-1 --dry-run",
    "nbs volume delete data-1 --with-snapshots",
)
def delete(
    ctx: typer.Context,
    refs: Refs,
    with_snapshots: Annotated[
        bool, typer.Option("--with-snapshots", help=_("their snapshots first, each waited for, then the volumes"))
    ] = False,
    ignore_missing: IgnoreMissing = False,
    parallel: Parallel = PARALLEL,
    wait: Wait = False,
    dry_run: DryRun = False,
) -> None:
    """DELETE /volumes/{id} for each."""
    if with_snapshots:
        commands.uprooting.uproot(
            ctx.obj, refs, ignore_missing=ignore_missing, parallel=parallel, wait=wait, dry_run=dry_run
        )
        return
    commands.removing.remove(
        ctx.obj, VOLUME, refs, ignore_missing=ignore_missing, parallel=parallel, wait=wait, dry_run=dry_run
    )


@command(
    app,
    "upload-image",
    _(
        "Make an image of a volume\n\n"
        "The volume needs at least 100 KB of free space for the image to be set up later. "
        "An attached volume needs --force, and what it writes meanwhile may be in the image or not. "
        "A protected image can be neither changed nor deleted."
    ),
    "nbs volume upload-image data-1 --image-name golden --wait",
    "nbs volume upload-image data-1 --image-name golden --visibility shared",
)
def upload_image(
    ctx: typer.Context,
    ref: Ref,
    image_name: Annotated[str, typer.Option("--image-name", metavar="NAME", help=_("the image's name"))],
    disk_format: Annotated[
        str, typer.Option("--disk-format", metavar="FORMAT", help=_("disk format: qcow2, raw, …"))
    ] = "qcow2",
    container_format: Annotated[
        str, typer.Option("--container-format", metavar="FORMAT", help=_("container format: bare, …"))
    ] = "bare",
    visibility: Annotated[
        Visibility | None, typer.Option("--visibility", metavar="WHO", help=_("private or shared"))
    ] = None,
    protected: Annotated[
        bool, typer.Option("--protected", help=_("forbid that the image is changed or deleted"))
    ] = False,
    force: Annotated[bool, typer.Option("--force", help=_("of an attached volume too"))] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help=_("wait until the image can be used, 30 minutes at most"))
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """POST /volumes/{id}/action with os-volume_upload_image."""
    wish = commands.imaging.Wish(image_name, disk_format, container_format, visibility, protected, force)
    commands.imaging.upload(ctx.obj, ref, wish, wait=wait, dry_run=dry_run)


@command(
    app,
    "wait",
    _("Wait until volumes are in a status, or gone"),
    "nbs volume wait data-1",
    "nbs volume wait data-1 data-2 --for in-use --timeout 5m",
    "nbs volume wait data-1 --for gone",
)
def wait(ctx: typer.Context, refs: Refs, for_: For = "available", parallel: Parallel = PARALLEL) -> None:
    """Poll GET /volumes/{id}."""
    commands.looking.wait(ctx.obj, VOLUME, refs, for_, parallel=parallel)
