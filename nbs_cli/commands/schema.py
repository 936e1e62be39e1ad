"""`nbs schema`: the JSON Schema of what is printed."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.output.words import _
from nbs_cli.parser import command

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "schema",
    _(
        "Print the JSON Schema of what commands print\n\n"
        "Draft 2020-12: every field that is printed, and no other. `error` is what stands under `error` on stderr. "
        "Without RESOURCE: what shapes there are, and what prints them."
    ),
    "nbs schema volume",
    "nbs schema snapshot --list",
)
def schema(
    ctx: typer.Context,
    resource: Annotated[
        str | None,
        typer.Argument(metavar="RESOURCE", help=_("volume, snapshot, types, image, outcome, error, …; all without it")),
    ] = None,
    several: Annotated[bool, typer.Option("--list", help=_("of a list of them"))] = False,
    brief: Annotated[bool, typer.Option("--brief", help=_("of the short list's rows"))] = False,
    all_profiles: Annotated[bool, typer.Option("--all-profiles", help=_("of the list of all profiles"))] = False,
) -> None:
    """Nothing is asked of any server."""
    commands.describing.schema(ctx.obj, resource, several=several, brief=brief, all_profiles=all_profiles)
