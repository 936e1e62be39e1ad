"""`nbs completion`: print the completion script of a shell, or put it where the shell looks."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.errors import Usage, nearest
from nbs_cli.output.words import _
from nbs_cli.parser import command
from nbs_cli.session import Session
from nbs_cli.shells import SHELLS

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@command(
    app,
    "completion",
    _(
        "Print the completion script of a shell: bash, zsh, fish or powershell\n\n"
        "Load it in the running shell as the examples show, or let --install put it where the shell looks for it; "
        "--uninstall takes it away again. With it the Tab key completes commands, options, their values and the "
        "names of profiles."
    ),
    "source <(nbs completion bash)",
    "nbs completion bash --install",
    "nbs completion zsh --install",
    "nbs completion fish --uninstall",
    "nbs completion powershell | Out-String | Invoke-Expression",
)
def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help=_("bash, zsh, fish or powershell"))],
    install: Annotated[bool, typer.Option("--install", help=_("put it where the shell looks for it"))] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help=_("take away what --install put there, and nothing else"))
    ] = False,
) -> None:
    """The script as it is, with nothing of this machine in it."""
    session: Session = ctx.obj
    if shell not in SHELLS:
        raise Usage(
            _("there is no completion for the shell {shell!r}").format(shell=shell),
            hint=nearest(shell, tuple(SHELLS), _("the shells are {names}")),
        )
    if install and uninstall:
        raise Usage(_("--install and --uninstall are two different wishes"))
    if install:
        commands.installing.install(session, shell)
    elif uninstall:
        commands.installing.uninstall(session, shell)
    else:
        session.stdout.write(SHELLS[shell])
