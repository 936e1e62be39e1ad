"""`nbs help`: what is to know beside the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.output.words import _
from nbs_cli.parser import command

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "help",
    _(
        "Tell about a topic: exit-codes, environment, output, statuses, …\n\n"
        "The topics are manual pages too: nbs-help-TOPIC(7). Without one they are listed."
    ),
    "nbs help exit-codes",
    "nbs help",
)
def help_(
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            help=_("exit-codes, environment, output, statuses, waiting, retention, ci or air-gap"),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Nothing is asked of any server."""
    commands.describing.topic(ctx.obj, topic)
