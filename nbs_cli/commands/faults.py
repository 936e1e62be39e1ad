"""`nbs sandbox fault`: order faults of the sandbox, list them, take them back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nbs_cli import commands
from nbs_cli.commands.particulars import FAULT
from nbs_cli.errors import NotFound, Usage
from nbs_cli.output.words import _, plural
from nbs_cli.parser import command, group
from nbs_cli.sandbox.forms import Choice
from nbs_cli.sandbox.kinds import KINDS, MATCHING, METHODS, Kind, Parameter, Part
from nbs_cli.sandbox.trouble import Fault
from nbs_cli.session import Session

app = group(
    _("Order faults, to see what your programs make of them"),
    examples=(
        "nbs sandbox fault add status code=503 --method GET --count 3",
        "nbs sandbox fault list",
        "nbs sandbox fault clear",
    ),
)
State = Annotated[
    str | None, typer.Option(metavar="FILE", help=_("the state that `nbs sandbox serve --state FILE` keeps"))
]


def _named(part: Part) -> str:
    """The names of the kinds that are a part of the cloud, of the way, or of the answer."""
    return ", ".join(kind.name for kind in KINDS.values() if kind.part is part)


def _told(kind: Kind) -> str:
    """One paragraph of the help: what a kind does, and its parameters with their defaults."""
    words = f"`{kind.name}`: {_(kind.words)}"
    if kind.parameters:
        words += ". " + "; ".join(f"`{_usual(one)}`, {_(one.words)}" for one in kind.parameters)
    return words


def _usual(parameter: Parameter) -> str:
    if parameter.default is None or parameter.default in ("", []):
        return f"{parameter.name}="
    value = f"{parameter.default:g}" if isinstance(parameter.default, float) else parameter.default
    return f"{parameter.name}={value}"


def _words(parameter: Parameter) -> list[tuple[str, str]]:
    """How a parameter may be written: whole where it is one of a few words."""
    values = parameter.form.words if isinstance(parameter.form, Choice) else ("",)
    return [(f"{parameter.name}={value}", _(parameter.words)) for value in values]


WORDS = {  # what completion offers
    "fault": [(kind.name, _(kind.words)) for kind in KINDS.values()],
    "method": [(method, "") for method in METHODS],
    **{f"parameter of {kind.name}": [row for one in kind.parameters for row in _words(one)] for kind in KINDS.values()},
}
_HELP = _(
    "Order a fault for the requests that come to the sandbox\n\n"
    "It befalls the next request that fits, or `--count` of them, of any client of `nbs sandbox serve`, whether the "
    "server runs already or not. Faults happen on the road to the sandbox, over HTTP only, but for those of the cloud "
    "itself ({in_the_cloud}), which happen to `nbs -p sandbox` as well.\n\n"
    "Of several orders that fit a request, all that happen on the way strike together ({on_the_way}), and the first of "
    "those that make the answer; the next one waits for the next request.\n\n"
    "The kinds, and their parameters with what they are when they are not given:"
).format(in_the_cloud=_named(Part.CLOUD), on_the_way=_named(Part.WAY))


@command(
    app,
    "add",
    "\n\n".join([_HELP, *map(_told, KINDS.values())]),
    "nbs sandbox fault add reset when=after --method POST --path '*/volumes'",
    "nbs sandbox fault add status code=429 header='Retry-After: 3' --count 2",
    "nbs sandbox fault add latency seconds=0.5 --count 0 --probability 0.2 --seed 7",
    "nbs sandbox fault add create-error",
)
def add(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=_("what happens: status, reset, truncate, …"))],
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE…]", help=_("its parameters, as `code=503`"))
    ] = None,
    method: Annotated[str | None, typer.Option(metavar="METHOD", help=_("only requests of this method"))] = None,
    path: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help=_("only requests whose path, or path and query, is like GLOB: `*/volumes*`")),
    ] = None,
    count: Annotated[
        str | None, typer.Option(metavar="N", help=_("how many requests; 0 for ever; 1 by default"))
    ] = None,
    after: Annotated[str | None, typer.Option(metavar="N", help=_("spare the first N requests"))] = None,
    probability: Annotated[
        str | None, typer.Option(metavar="P", help=_("how likely it is for each request, up to 1"))
    ] = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help=_("the same requests again, for a probability"))] = None,
    state: State = None,
) -> None:
    """Write the order into the state that the server looks into at each request."""
    session: Session = ctx.obj
    session.printer.check(FAULT)
    matching = {
        "method": method,
        "path": path,
        "count": count,
        "after": after,
        "probability": probability,
        "seed": seed,
    }
    fault = commands.serving.fault(kind, {**_parameters(pairs or []), **matching})
    cloud = commands.serving.shared_cloud(session, state)
    number = cloud.order(fault)
    session.did(_("ordered fault {number}: {kind}").format(number=number, kind=kind))
    if fault.part is not Part.CLOUD:
        session.notes.note(_("it happens over HTTP only, to clients of `nbs sandbox serve`"))
    session.printer.show(FAULT, [_record(number, fault)])


@command(
    app,
    "list",
    _("List the faults that are ordered and not used up"),
    "nbs sandbox fault list",
    "nbs sandbox fault list -o json",
)
def list_(ctx: typer.Context, state: State = None) -> None:
    """What the state holds, the oldest first."""
    session: Session = ctx.obj
    session.printer.check(FAULT)
    orders = commands.serving.shared_cloud(session, state).ordered()
    session.printer.list(FAULT, [[_record(one.id, one.fault, one.seen, one.done) for one in orders]])


@command(
    app,
    "clear",
    _("Take orders of faults back, all of them by default"),
    "nbs sandbox fault clear",
    "nbs sandbox fault clear 3 4",
)
def clear(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help=_("the IDs that `fault list` shows"))] = None,
    state: State = None,
) -> None:
    """All or nothing: an ID that is not there changes nothing."""
    session: Session = ctx.obj
    cloud = commands.serving.shared_cloud(session, state)
    known = {str(one.id): one.id for one in cloud.ordered()}
    chosen = list(dict.fromkeys(ids or known))
    for identifier in chosen:
        if identifier not in known:
            raise NotFound(
                _("there is no fault {id}").format(id=identifier),
                hint=_("`nbs sandbox fault list` shows what there is"),
            )
    cloud.cancel([known[identifier] for identifier in chosen])
    session.did(plural("a fault is taken back", "{count} faults are taken back", len(chosen)).format(count=len(chosen)))


def _parameters(pairs: list[str]) -> dict[str, Any]:
    """Read `KEY=VALUE` pairs; only headers may be repeated. Raises Usage."""
    read: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Usage(
                _("the parameter {pair!r} is not KEY=VALUE").format(pair=pair), hint=_("write it as `code=503`")
            )
        if key in MATCHING:
            raise Usage(
                _("{key} is an option, not a parameter").format(key=key),
                hint=_("write `--{key} {value}`").format(key=key, value=value),
            )
        if key in read and key != "header":
            raise Usage(_("the parameter {key!r} is given twice").format(key=key))
        read[key] = [*read.get(key, []), value] if key == "header" else value
    return read


def _record(number: int, fault: Fault, seen: int = 0, done: int = 0) -> dict[str, Any]:
    return {
        "id": number,
        "kind": fault.kind,
        "parameters": dict(fault.parameters),
        "method": fault.method,
        "path": fault.path,
        "count": fault.count,
        "done": done,
        "after": fault.after,
        "seen": seen,
        "probability": fault.probability,
        "seed": fault.seed,
    }
