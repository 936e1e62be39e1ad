"""`nbs types`: volume types."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.cloud.resources import VOLUME_TYPE
from nbs_cli.cloud.span import Span
from nbs_cli.output.words import _
from nbs_cli.parser import command, group

app = group(_("Volume types"), examples=("nbs types list", "nbs types show ssd"))


@command(app, "list", _("List the volume types"), "nbs types list", "nbs types list -o json")
def list_(ctx: typer.Context) -> None:
    """GET /types."""
    commands.listing.list_all(ctx.obj, VOLUME_TYPE, Span())


@command(app, "show", _("Show a volume type"), 'nbs types show "General SSD"', "nbs types show hdd -o json")
def show(
    ctx: typer.Context,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help=_("its name in any case, its ID, or hdd/ssd"))],
) -> None:
    """Pick one from GET /types, for the guide has no request for a single type."""
    commands.looking.show_type(ctx.obj, type_)
