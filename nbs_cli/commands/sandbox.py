"""`nbs sandbox`: the cloud in a box: serve it over HTTP, empty it, attach and detach its volumes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nbs_cli.cloud import refs
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.commands import faults, options
from nbs_cli.commands.options import Ref
from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(
    _("A cloud in a box: try everything without an account"),
    examples=("nbs -p sandbox volume create --size 10 --wait", "nbs sandbox serve --port 8776", "nbs sandbox reset"),
)
app.add_typer(faults.app, name="fault")


def _port(text: str | int) -> int:
    port = options.counted(text)
    if port > 65_535:
        raise typer.BadParameter(_("a port is 0 to 65535"))
    return port


def _delay(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise typer.BadParameter(_("{text!r} is no number of seconds").format(text=text))
    return value


@command(
    app,
    "serve",
    _(
        "Offer the sandbox over HTTP on this machine\n\n"
        "Prints the variables that lead nbs to it, then one line when it is ready, and ends on SIGTERM or Ctrl-C. "
        "It shares the state of the sandbox profile unless --state names another file.\n\n"
        "Faults that `nbs sandbox fault add` orders in that state happen to its clients. --scenario orders those of a "
        "TOML file in place of what is ordered already: a table [[fault]] for each, whose keys are `kind`, its "
        "parameters, and the options of `fault add`. In [settings] stand `delay`, `page_default` and the like; what is "
        "said on the command line comes first."
    ),
    "nbs sandbox serve --port 8776",
    "nbs sandbox serve --state :memory: --page-default 10 --delay 0",
    "nbs sandbox serve --scenario flaky.toml",
)
def serve(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(parser=_port, metavar="N", help=_("the port; 0 for any free one"))] = 0,
    state: Annotated[
        str | None, typer.Option(metavar="FILE", help=_("keep the state in FILE; `:memory:` keeps none"))
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="FILE", help=_("order the faults of this TOML file, and take its settings"))
    ] = None,
    page_default: Annotated[
        int, typer.Option("--page-default", parser=options.whole, metavar="N", help=_("rows of a page without a limit"))
    ] = 100,
    page_cap: Annotated[
        int, typer.Option("--page-cap", parser=options.whole, metavar="N", help=_("rows of a page at most"))
    ] = 1000,
    snapshots_per_volume: Annotated[
        int,
        typer.Option(
            "--snapshots-per-volume", parser=options.whole, metavar="N", help=_("snapshots a volume may have")
        ),
    ] = 10,
    delay: Annotated[float, typer.Option(parser=_delay, metavar="SECONDS", help=_("how long a create takes"))] = 2.0,
) -> None:
    """Serve the one WSGI application with waitress, on loopback only."""
    session: Session = ctx.obj
    settings: dict[str, Any] = {
        "page_default": page_default,
        "page_cap": page_cap,
        "snapshots_per_volume": snapshots_per_volume,
        "delay": delay,
    }
    asked = session.scenario(scenario)
    if asked is not None:
        settings = {**settings, **asked.settings, **_typed(ctx, settings)}
    session.serve(session.open_cloud(state, **settings), port, None if asked is None else asked.faults)


def _typed(ctx: typer.Context, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given on the command line: their defaults give way to a scenario."""
    sources = {name: ctx.get_parameter_source(name) for name in settings}
    return {name: settings[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}


@command(
    app,
    "reset",
    _("Empty the sandbox: its volumes, snapshots and tokens"),
    "nbs sandbox reset",
    "nbs sandbox reset --yes",
)
def reset(ctx: typer.Context) -> None:
    """Forget everything that the sandbox profile's state holds."""
    session: Session = ctx.obj
    session.cloud.reset()
    session.did(_("the sandbox is empty"))


@command(
    app,
    "attach",
    _("Attach a volume of the sandbox to an instance"),
    "nbs sandbox attach data-1",
    "nbs sandbox attach ID",
)
def attach(ctx: typer.Context, ref: Ref) -> None:
    """What the Compute API would do: `available` becomes `in-use`."""
    session = _sandbox(ctx)
    found = refs.one(session.storage, VOLUME, ref)
    session.attach(found.id)
    session.did(_("attached volume {ref}").format(ref=ref))


@command(app, "detach", _("Detach a volume of the sandbox"), "nbs sandbox detach data-1", "nbs sandbox detach ID")
def detach(ctx: typer.Context, ref: Ref) -> None:
    """What the Compute API would do: `in-use` becomes `available`."""
    session = _sandbox(ctx)
    found = refs.one(session.storage, VOLUME, ref)
    session.detach(found.id)
    session.did(_("detached volume {ref}").format(ref=ref))


def _sandbox(ctx: typer.Context) -> Session:
    """The session, in the sandbox whatever profile is in use."""
    session: Session = ctx.obj
    session.options.profile = "sandbox"
    return session
