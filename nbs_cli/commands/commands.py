"""`nbs commands`: the command tree, for programs."""

from __future__ import annotations

import typer

from nbs_cli import commands as deeds
from nbs_cli.output.words import _
from nbs_cli.parser import command

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "commands",
    _("List every command, with its options and examples for programs"),
    "nbs commands",
    "nbs commands -o json",
)
def commands(ctx: typer.Context) -> None:
    """Nothing is asked of any server."""
    deeds.describing.tree(ctx.obj)
