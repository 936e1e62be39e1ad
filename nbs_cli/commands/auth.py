"""`nbs auth`: log in, log out, who am I, a token."""

from __future__ import annotations

from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.commands.particulars import STATUS
from nbs_cli.errors import Usage
from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(
    _("Log in and out, tokens"), examples=("nbs auth login", "nbs auth status", "export NBS_TOKEN=$(nbs auth token)")
)


@command(
    app,
    "login",
    _(
        "Log in once, and keep the password in the keyring\n\n"
        "The values are in the console, Compute > Instance > API endpoint settings. The API password is set there; it "
        "is not the password of the console. Nothing is kept before the server has given a token."
    ),
    "nbs auth login",
    "nbs auth login -p prod --realm gov --region KR1 --tenant-id ID --username ops@example.go.kr",
    "nbs auth login --tenant-id ID --username U --password-stdin < password.txt",
    "nbs auth login --store command --password-command 'pass show nhn'",
)
def login(
    ctx: typer.Context,
    realm: Annotated[str | None, typer.Option(metavar="REALM", help=_("gov, public, ngsc, …"))] = None,
    tenant_id: Annotated[str | None, typer.Option(metavar="ID", help=_("the tenant ID"))] = None,
    username: Annotated[str | None, typer.Option(metavar="U", help=_("the account: an e-mail address, or IAM"))] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help=_("read the API password from standard input"))
    ] = False,
    store: Annotated[
        str | None, typer.Option(metavar="WHERE", help=_("where the password is kept: keyring, file or command"))
    ] = None,
    password_command: Annotated[
        str | None, typer.Option(metavar="COMMAND", help=_("the command that prints the password, run without a shell"))
    ] = None,
    identity_url: Annotated[
        str | None, typer.Option(metavar="URL", help=_("the identity service, in place of the realm's"))
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help=_("the block storage endpoint, in place of the catalog's"))
    ] = None,
) -> None:
    """POST /v2.0/tokens, then keep."""
    session: Session = ctx.obj
    region = session.options.region
    typed = commands.entering.Typed(
        realm, region, tenant_id, username, identity_url, endpoint, store, password_command, password_stdin
    )
    commands.entering.login(session, typed)


@command(
    app,
    "logout",
    _("Forget the password and the token; the profile stays"),
    "nbs auth logout",
    "nbs auth logout -p prod",
)
def logout(ctx: typer.Context) -> None:
    """Remove the item from where it lies; NHN has no way to revoke a token."""
    session: Session = ctx.obj
    if session.keeper is None:
        raise Usage(_("there is no profile to log out of"), hint=_("`nbs profile list` shows the profiles"))
    place = session.keeper.store.place()
    with session.mended(_("the password may still lie there: unlock the keyring and try again")):
        removed = session.keeper.store.remove()
    words = _("logged out: nothing is left in {place}") if removed else _("there was nothing in {place}")
    session.did(words.format(place=place))


@command(
    app,
    "status",
    _("Show who you are, and where the secret lies"),
    "nbs auth status",
    "nbs auth status --online -o json",
)
def status(
    ctx: typer.Context,
    online: Annotated[bool, typer.Option("--online", help=_("try the credentials: ask the server"))] = False,
) -> None:
    """What is known here; with --online one read."""
    session: Session = ctx.obj
    session.printer.check(STATUS)
    session.printer.show(STATUS, [commands.standing.describe(session, online=online)])


@command(
    app,
    "token",
    _("Print a token, for scripts that make many calls and for curl"),
    "export NBS_TOKEN=$(nbs auth token)",
    'curl -H "X-Auth-Token: $(nbs auth token)" …',
)
def token(ctx: typer.Context) -> None:
    """The token of the credentials in use: the given one, the kept one, or that of a new login."""
    session: Session = ctx.obj
    # bare in every format, or NBS_OUTPUT=json would break `$(nbs auth token)`
    session.stdout.write(session.identity.token + "\n")
