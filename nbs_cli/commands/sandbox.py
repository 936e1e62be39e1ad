"""`nbs sandbox`: the cloud in a box: serve, empty and fill it, move its clock, attach and detach its volumes."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from nbs_cli import commands
from nbs_cli.cloud import refs
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.commands import faults, options, times
from nbs_cli.commands.options import Ref
from nbs_cli.commands.particulars import CLOCK
from nbs_cli.errors import Usage
from nbs_cli.output.words import _
from nbs_cli.parser import command, group
from nbs_cli.session import Session

app = group(
    _("A cloud in a box: try everything without an account"),
    examples=("nbs -p sandbox volume create --size 10 --wait", "nbs sandbox serve --port 8776", "nbs sandbox reset"),
)
app.add_typer(faults.app, name="fault")
State = Annotated[
    str | None, typer.Option("--state", metavar="FILE", help=_("the state in FILE, not the sandbox profile's"))
]


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
    asked = commands.serving.scenario(scenario)
    if asked is not None:
        settings = {**settings, **asked.settings, **_typed(ctx, settings)}
    cloud = session.open_cloud(state, **settings)
    commands.serving.serve(session, cloud, port, None if asked is None else asked.faults)


def _typed(ctx: typer.Context, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given on the command line: their defaults give way to a scenario."""
    sources = {name: ctx.get_parameter_source(name) for name in settings}
    return {name: settings[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}


@command(
    app,
    "reset",
    _(
        "Empty the sandbox: its volumes, snapshots and tokens\n\n"
        "Failures that were ordered are forgotten, and its clock tells the real time again."
    ),
    "nbs sandbox reset",
    "nbs sandbox reset --state ci.sqlite3",
)
def reset(ctx: typer.Context, state: State = None) -> None:
    """Forget everything that the state holds."""
    session: Session = ctx.obj
    with closing(session.open_cloud(state)) as cloud:
        cloud.reset()
    session.did(_("the sandbox is empty"))


@command(
    app,
    "seed",
    _(
        "Put many volumes into the sandbox at once\n\n"
        "They are available, of 1 to 4 GB, some without a name. No quota holds them up, but they count: where it is "
        "used up, nothing can be created. `--region` says where they go."
    ),
    "nbs sandbox seed 10000",
    "nbs sandbox seed 50 --snapshots 500 --region KR2",
)
def seed(
    ctx: typer.Context,
    volumes: Annotated[int, typer.Argument(parser=options.whole, metavar="N", help=_("how many volumes"))],
    snapshots: Annotated[
        int, typer.Option(parser=options.counted, metavar="M", help=_("and so many snapshots of the first of them"))
    ] = 0,
    state: State = None,
) -> None:
    """Straight into the state, without a request."""
    session: Session = ctx.obj
    region = commands.serving.region(session)
    with closing(session.open_cloud(state)) as cloud:
        cloud.seed(volumes, snapshots, region=region)
    session.did(_("seeded {volumes} volumes and {snapshots} snapshots").format(volumes=volumes, snapshots=snapshots))


@command(
    app,
    "clock",
    _(
        "Show the sandbox's time, or move it forward\n\n"
        "Whatever shares the state sees the new time at its next request: statuses change, snapshots get older, and "
        "tokens age too, so that a script with a token may have to get a new one. The clock never goes back; "
        "`nbs sandbox reset` sets it right, and empties the sandbox."
    ),
    "nbs sandbox clock",
    "nbs sandbox clock --advance 30d",
    "nbs sandbox clock --set 2027-01-31T09:00:00+09:00",
)
def clock(
    ctx: typer.Context,
    advance: Annotated[
        float | None,
        typer.Option(parser=times.span, metavar="DURATION", help=_("go forward: `90s`, `2h`, `1d`, `52w`")),
    ] = None,
    set_: Annotated[
        float | None,
        typer.Option("--set", parser=times.instant, metavar="TIME", help=_("go forward to TIME; UTC without a zone")),
    ] = None,
    state: State = None,
) -> None:
    """The time is real, plus what was added."""
    session: Session = ctx.obj
    if advance is not None and set_ is not None:
        raise Usage(_("--advance and --set exclude each other"), hint=_("give one of them"))
    session.printer.check(CLOCK)
    with closing(session.open_cloud(state)) as cloud:
        commands.serving.move_clock(cloud, advance, set_)
        moved = datetime.fromtimestamp(cloud.moment(), timezone.utc)
        record = {"time": moved.strftime("%Y-%m-%dT%H:%M:%SZ"), "ahead": round(cloud.ahead())}
    session.printer.show(CLOCK, [record])


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
    commands.serving.attach(session, found.id)
    session.did(_("attached volume {ref}").format(ref=ref))


@command(app, "detach", _("Detach a volume of the sandbox"), "nbs sandbox detach data-1", "nbs sandbox detach ID")
def detach(ctx: typer.Context, ref: Ref) -> None:
    """What the Compute API would do: `in-use` becomes `available`."""
    session = _sandbox(ctx)
    found = refs.one(session.storage, VOLUME, ref)
    commands.serving.detach(session, found.id)
    session.did(_("detached volume {ref}").format(ref=ref))


def _sandbox(ctx: typer.Context) -> Session:
    """The session, in the sandbox whatever profile is in use."""
    session: Session = ctx.obj
    session.options.profile = "sandbox"
    return session
