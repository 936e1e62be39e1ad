"""`nbs api`: any call of the service."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.commands.options import DryRun
from nbs_cli.output.words import _
from nbs_cli.parser import command

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "api",
    _(
        "Call the API: any method and path, with the profile's token\n\n"
        "PATH stands below the tenant's endpoint and is never another host. The answer is printed as it came, fields "
        "that the guide does not document included. A write needs a profile that may write, a DELETE asks first, and a "
        "write whose answer was lost ends with exit code 11.\n\n"
        "The last two examples, extending and renaming, are actions that the family of the service has and the guide "
        "does not promise: they may be refused, and may cease without notice. A volume cannot be made smaller again."
    ),
    "nbs api GET /volumes/detail --paginate --query 'volumes[].id'",
    "nbs api GET /limits",
    'nbs api POST /volumes --data \'{"volume": {"size": 10, "name": "data-1"}}\'',
    "nbs api DELETE /volumes/ID --yes",
    'nbs api POST /volumes/ID/action --data \'{"os-extend": {"new_size": 200}}\'',
    'nbs api PUT /volumes/ID --data \'{"volume": {"name": "data-2"}}\'',
)
def api(
    ctx: typer.Context,
    method: Annotated[str, typer.Argument(metavar="METHOD", help=_("GET, POST, PUT, PATCH or DELETE, in any case"))],
    path: Annotated[str, typer.Argument(metavar="PATH", help=_("the path below the endpoint: /volumes, with a query"))],
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="JSON", help=_("the body: JSON, @FILE, or - for standard input")),
    ] = None,
    paginate: Annotated[
        bool, typer.Option("--paginate", help=_("all pages of a list of volumes, snapshots or types, as one"))
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Whatever was typed."""
    commands.calling.call(ctx.obj, method, path, data, paginate=paginate, dry_run=dry_run)
