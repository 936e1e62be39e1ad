"""Options and arguments that several commands share: same name, same help, everywhere; and what they mean."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

import typer

from nbs_cli import commands
from nbs_cli.cloud.filters import Filter
from nbs_cli.cloud.resources import Resource
from nbs_cli.cloud.sorting import read_order
from nbs_cli.cloud.span import PAGE, Span
from nbs_cli.errors import Usage, nearest
from nbs_cli.output.words import _
from nbs_cli.session import seconds

LONGEST = 255  # characters of a name, a description, a metadata key or value (facts.md §3.5)
_USUAL_LOOK = 5.0  # seconds
_LARGEST = 2_147_483_647
_UNSENDABLE = r"[\x00-\x1f\x7f\ud800-\udfff]"


class Visibility(str, Enum):
    """Who may see the image (guide)."""

    PRIVATE = "private"
    SHARED = "shared"


def whole(text: str | int) -> int:
    """Read a whole number greater than zero, in the digits 0 to 9 (typer gives defaults as they are).

    Raises typer.BadParameter, to which typer adds the option's name.
    """
    if not _is_whole(str(text)):
        raise typer.BadParameter(_("{text!r} is no whole number greater than 0").format(text=text))
    return int(text)


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,10}", text) is not None and 0 < int(text) <= _LARGEST


def gigabytes(text: str) -> int:
    """Read a size in GB: a whole number greater than zero, without a unit; raises Usage."""
    if not _is_whole(text):
        raise Usage(
            _("the size is a whole number of GB greater than 0, not {text!r}").format(text=text),
            hint=_("write `--size 10` for 10 GB"),
        )
    return int(text)


def counted(text: str | int) -> int:
    """Read a whole number, zero included; raises typer.BadParameter."""
    return 0 if str(text) == "0" else whole(text)


def interval(watched: bool, every: str | None) -> float | None:
    """Seconds between two looks, None when nothing is watched; raises Usage for one that is too short."""
    if not watched:
        if every is not None:
            raise Usage(_("--every is how often --watch looks"), hint=_("say `--watch` too"))
        return None
    wanted = _USUAL_LOOK if every is None else seconds(every)
    if wanted < 1:
        raise Usage(_("a look every {every} is no gentle one").format(every=every), hint=_("say 1s or more"))
    return wanted


def sendable(what: str, text: str | None, longest: int = LONGEST) -> None:
    """Raise Usage for a text that the API cannot keep: too long, control characters, half a letter."""
    if text is None:
        return
    if len(text) > longest:
        raise Usage(
            _("the {what} has {length} characters, more than {longest}").format(
                what=what, length=len(text), longest=longest
            )
        )
    if re.search(_UNSENDABLE, text):
        raise Usage(_("the {what} holds control characters").format(what=what))


def metadata(pairs: list[str] | None) -> dict[str, str]:
    """Read `KEY=VALUE` pairs; raises Usage for what is none, a key twice, or one that is too long."""
    read: dict[str, str] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise Usage(
                _("the metadata {pair!r} is not KEY=VALUE").format(pair=pair), hint=_("write `--metadata env=prod`")
            )
        if key in read:
            raise Usage(_("the metadata key {key!r} is given twice").format(key=key))
        if key.startswith("nbs:"):
            raise Usage(_("metadata keys that begin with `nbs:` are kept for nbs itself"))
        sendable(_("metadata key"), key)
        sendable(_("metadata value"), value)
        read[key] = value
    return read


def status(resource: Resource, text: str, *more: str) -> str:
    """Check that *text* is a documented status of *resource* or one of *more*; raises Usage with the nearest."""
    known = [*more, *(name for name, _meaning in resource.statuses)]
    if text in known:
        return text
    raise Usage(
        _("there is no status {text!r}").format(text=text),
        hint=nearest(text, known, _("the statuses are {names}")),
    )


def span(
    resource: Resource,
    *,
    sort: str | None,
    limit: int | None,
    page_size: int | None,
    offset: int | None,
    marker: str | None,
    brief: bool,
) -> Span:
    """The part of a list that the options ask for; raises Usage before any request."""
    sendable(_("marker"), marker)
    if page_size is not None and page_size > PAGE:
        raise Usage(_("a page has at most {most} rows").format(most=PAGE), hint=_("`--limit` is the limit in all"))
    return Span(
        limit=limit,
        page_size=page_size or PAGE,
        offset=offset,
        marker=marker,
        order=() if sort is None else read_order(sort, resource),
        detail=not brief,
    )


def wish(
    *,
    name: str | None,
    status: str | None,
    type_: str | None = None,
    zone: str | None = None,
    attached: bool | None = None,
    bootable: bool | None = None,
    older: str | None = None,
    newer: str | None = None,
) -> Filter:
    """The rows of a list that the options ask for; raises Usage for an empty word or no time before any request.

    Statuses, types and zones are taken as they are: a server may have some that the guide does not know.
    """
    words = {"status": status, "volume_type": type_, "availability_zone": zone}
    for option, text in {"--name": name, "--status": status, "--type": type_, "--zone": zone}.items():
        sendable(option, text)
        if text == "":
            raise Usage(_("{option} is empty").format(option=option), hint=_("leave it out for all"))
    return Filter(
        name,
        tuple((wire, word) for wire, word in words.items() if word is not None),
        attached,
        bootable,
        older=None if older is None else commands.aging.bound("--older-than", older),
        newer=None if newer is None else commands.aging.bound("--newer-than", newer),
    )


Refs = Annotated[list[str], typer.Argument(metavar="REF…", help=_("names or IDs; `-` reads them from standard input"))]
Ref = Annotated[str, typer.Argument(metavar="REF", help=_("a name or an ID"))]
Volumes = Annotated[
    list[str], typer.Argument(metavar="VOLUME…", help=_("names or IDs of volumes; `-` reads them from standard input"))
]
Sort = Annotated[
    str | None, typer.Option(metavar="KEY[:DIR],…", help=_("sort by these columns; DIR is asc, or desc (the default)"))
]
Watch = Annotated[
    bool, typer.Option("--watch", help=_("keep looking: a live table, or changes as JSON lines in a pipe"))
]
Every = Annotated[
    str | None,
    typer.Option("--every", metavar="TIME", help=_("how often --watch looks, every 5s when this is left out")),
]
Limit = Annotated[int | None, typer.Option(parser=whole, metavar="N", help=_("at most N rows in all"))]
PageSize = Annotated[
    int | None, typer.Option(parser=whole, metavar="N", help=_("rows to ask for at a time, 1000 at most"))
]
Offset = Annotated[int | None, typer.Option(parser=counted, metavar="N", help=_("leave the first N rows out"))]
Marker = Annotated[str | None, typer.Option(metavar="ID", help=_("begin after the row with this ID"))]
Brief = Annotated[bool, typer.Option("--brief", help=_("the short list: fewer fields, a lighter request"))]
Glob = Annotated[
    str | None, typer.Option("--name", metavar="GLOB", help=_("only those whose name is like this: 'data-*'"))
]
Status = Annotated[str | None, typer.Option("--status", metavar="STATUS", help=_("only those in this status"))]
OlderThan = Annotated[
    str | None,
    typer.Option(
        "--older-than", metavar="AGE", help=_("only those created longer ago (36h, 90d, 6mo) or before a day")
    ),
]
NewerThan = Annotated[
    str | None,
    typer.Option("--newer-than", metavar="AGE", help=_("only those created since then: 36h, 90d, 6mo, or a day")),
]
AllProfiles = Annotated[
    bool, typer.Option("--all-profiles", help=_("of every profile at once, with its name; one that fails is told"))
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help=_("its name"))]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help=_("its description"))]
RequestKey = Annotated[
    str | None,
    typer.Option(metavar="KEY", help=_("mark it with KEY; the same command again finds it instead of making another")),
]
NoRequestKey = Annotated[bool, typer.Option("--no-request-key", help=_("leave the request mark out"))]
Wait = Annotated[bool, typer.Option("--wait", help=_("wait until it is done, 10 minutes at most"))]
For = Annotated[str, typer.Option("--for", metavar="STATUS", help=_("the status to wait for, or `gone`"))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("show the requests and send none of them"))]
IgnoreMissing = Annotated[bool, typer.Option("--ignore-missing", help=_("pass over what does not exist"))]
Parallel = Annotated[int, typer.Option(parser=whole, metavar="N", help=_("how many to work on at once"))]
