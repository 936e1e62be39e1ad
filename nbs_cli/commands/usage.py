"""`nbs usage`: what there is, drawn."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.output.words import _
from nbs_cli.parser import command

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "usage",
    _(
        "Show what there is: GB by type, status and zone, and what stands out\n\n"
        "What stands out are volumes that no instance has, whatever ended in an error status, and snapshots whose "
        "volume is gone or that are old. Quotas are shown where the server tells them. On a terminal it is drawn; "
        "`-o json` gives the same figures to programs."
    ),
    "nbs usage",
    "nbs usage --stale 30d",
    "nbs usage -o json | jq '.unattached[].id'",
)
def usage(
    ctx: typer.Context,
    stale: Annotated[
        str, typer.Option("--stale", metavar="AGE", help=_("the age from which a snapshot is old: 30d, 6mo, 1y"))
    ] = "90d",
) -> None:
    """Every volume and every snapshot, and GET /limits."""
    commands.surveying.tell(ctx.obj, stale)
