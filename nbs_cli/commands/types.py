"""`nbs types`: volume types."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli.cloud import refs
from nbs_cli.cloud.pages import everything, pages
from nbs_cli.cloud.resources import VOLUME_TYPE
from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(_("Volume types"), examples=("nbs types list", "nbs types show ssd"))


@command(app, "list", _("List the volume types"), "nbs types list", "nbs types list -o json")
def list_(ctx: typer.Context) -> None:
    """GET /types."""
    session: Session = ctx.obj
    session.printer.check(VOLUME_TYPE)
    session.printer.list(VOLUME_TYPE, pages(session.storage, VOLUME_TYPE))


@command(app, "show", _("Show a volume type"), 'nbs types show "General SSD"', "nbs types show hdd -o json")
def show(
    ctx: typer.Context,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help=_("its name in any case, its ID, or hdd/ssd"))],
) -> None:
    """Pick one from GET /types, for the guide has no request for a single type."""
    session: Session = ctx.obj
    session.printer.check(VOLUME_TYPE)
    rows = everything(session.storage, VOLUME_TYPE)
    session.printer.show(VOLUME_TYPE, [refs.volume_type(rows, type_)])
