"""`nbs doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.output.words import _
from nbs_cli.parser import command

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "doctor",
    _(
        "Find out what is wrong here, and how to mend it\n\n"
        "It looks at the config file, at who could read what nbs keeps, at the keyring and the credentials, and lists "
        "the creates whose answer was lost or that were killed before they could tell what they made, each with the "
        "command that settles it: that one looks first, and creates only what is missing. Nothing is asked of any "
        "server but with --online: then proxy, name, connection, certificate, login, clock and region are tried, "
        "and one read. Below each problem stands the command that mends it. Exit 1 when there is one."
    ),
    "nbs doctor",
    "nbs doctor --online",
    "nbs doctor -q | sh",
    "nbs doctor -o json | jq '.[] | select(.status != \"ok\")'",
)
def doctor(
    ctx: typer.Context,
    online: Annotated[bool, typer.Option("--online", help=_("try the way to the server too"))] = False,
) -> None:
    """Every check, in turn."""
    commands.examining.examine(ctx.obj, online=online)
