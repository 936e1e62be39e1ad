"""`nbs completion`: print the completion script of a shell."""

from __future__ import annotations

from typing import Annotated

import typer

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
        "Load it in the running shell as the examples show, or keep it in a file where the shell looks for it: the "
        "first lines of the script say where. With it the Tab key completes commands, options, their values and the "
        "names of profiles."
    ),
    "source <(nbs completion bash)",
    "nbs completion bash > ~/.local/share/bash-completion/completions/nbs",
    "nbs completion zsh > ~/.zfunc/_nbs",
    "nbs completion fish > ~/.config/fish/completions/nbs.fish",
    "nbs completion powershell | Out-String | Invoke-Expression",
)
def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help=_("bash, zsh, fish or powershell"))],
) -> None:
    """The script as it is, with nothing of this machine in it."""
    session: Session = ctx.obj
    if shell not in SHELLS:
        raise Usage(
            _("there is no completion for the shell {shell!r}").format(shell=shell),
            hint=nearest(shell, tuple(SHELLS), _("the shells are {names}")),
        )
    session.stdout.write(SHELLS[shell])
