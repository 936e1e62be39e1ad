"""`nbs auth`: tokens."""

from __future__ import annotations

import typer

from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(_("Credentials and tokens"), examples=("export NBS_TOKEN=$(nbs auth token)",))


@command(
    app,
    "token",
    _("Print a token, for scripts that make many calls and for curl"),
    "export NBS_TOKEN=$(nbs auth token)",
    'curl -H "X-Auth-Token: $(nbs auth token)" …',
)
def token(ctx: typer.Context) -> None:
    """The token of the credentials in use: the given one, or that of a new login."""
    session: Session = ctx.obj
    session.stdout.write(session.identity.token + "\n")
