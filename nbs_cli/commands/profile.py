"""`nbs profile`: list, show, use, set, remove."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nbs_cli import commands
from nbs_cli.commands.particulars import PROFILE
from nbs_cli.errors import Usage
from nbs_cli.local import config
from nbs_cli.local.config import KEYS, SANDBOX, Config, Profile
from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(
    _("Profiles: which realm, region, tenant and user"),
    examples=("nbs profile list", "nbs profile use prod", "nbs profile set region KR2 -p prod"),
)
Name = Annotated[str, typer.Argument(metavar="NAME", help=_("the profile's name"))]


_SANDBOX = Profile(SANDBOX, store="none", region="KR1")


def _record(known: Config, profile: Profile) -> dict[str, Any]:
    values = {key: getattr(profile, key) for key in KEYS}
    values["password_command"] = list(profile.password_command) or None
    values["retention"] = profile.retention or None
    return {"name": profile.name, "in_use": profile.name == known.in_use, **values}


@command(app, "list", _("List the profiles; `sandbox` is always there"), "nbs profile list", "nbs profile list -o json")
def list_(ctx: typer.Context) -> None:
    """What the config file holds."""
    session: Session = ctx.obj
    known = session.config
    rows = [_record(known, profile) for profile in known.profiles.values()]
    rows.append(_record(known, _SANDBOX))
    session.printer.list(PROFILE, [rows])


@command(
    app, "show", _("Show a profile, the one in use by default"), "nbs profile show", "nbs profile show prod -o json"
)
def show(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=_("the profile's name"))] = None,
) -> None:
    """One table of the config file."""
    session: Session = ctx.obj
    session.printer.check(PROFILE)
    name = name or _chosen(session)
    profile = _SANDBOX if name == SANDBOX else session.config.get(name)
    session.printer.show(PROFILE, [_record(session.config, profile)])


@command(app, "use", _("Use a profile from now on"), "nbs profile use prod", "nbs profile use sandbox")
def use(ctx: typer.Context, name: Name) -> None:
    """Set the key `profile` of the config file."""
    session: Session = ctx.obj
    if name != SANDBOX:
        session.config.get(name)
    session.edits.use(session.config, name)
    session.did(_("{name} is the profile in use").format(name=name))


@command(
    app,
    "set",
    _("Change a value of a profile: the one in use, or that of -p"),
    "nbs profile set region KR2",
    "nbs profile set read_only true -p prod",
)
def set_(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("realm, region, read_only, output, …"))],
    value: Annotated[str, typer.Argument(metavar="VALUE", help=_("its value; empty takes the key out"))],
) -> None:
    """Edit one key of the config file; comments stay."""
    session: Session = ctx.obj
    name = _chosen(session)
    config.check_name(name)
    profile = session.config.get(name)
    config.check_key(key)
    checked = config.parse(key, value) if value else None
    commands.entering.check_value(key, checked)
    changed = profile._replace(**{key: getattr(Profile(name), key) if checked is None else checked})
    if changed.tenant_id and changed.username:
        commands.entering.forget_former(session, name, changed)
    session.edits.put(session.config, name, {key: checked})
    session.did(_("{name}: {key} is {value}").format(name=name, key=key, value=value or _("unset")))


@command(
    app,
    "remove",
    _("Remove a profile, and its password and token"),
    "nbs profile remove old",
    "nbs profile remove old -q",
)
def remove(ctx: typer.Context, name: Name) -> None:
    """The secret first: where it cannot be removed the profile stays, so that it can be tried again."""
    session: Session = ctx.obj
    config.check_name(name)
    commands.entering.forget(session, session.config.get(name))
    session.edits.drop(session.config, name)
    session.did(_("removed the profile {name}").format(name=name))


def _chosen(session: Session) -> str:
    name = session.options.profile or session.environment.get("NBS_PROFILE") or session.config.in_use
    if name is None:
        raise Usage(_("no profile is in use"), hint=_("name one with `-p`, or `nbs profile use NAME`"))
    return name
