"""`--watch`: a list that is looked at again and again; a live table for people, changes as JSON lines for programs.

There is no end but a signal. A look that fails is told and followed by another, later one; what cannot get better
(a refused login) ends it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.changes import CHANGED, PRESENT, compare
from nbs_cli.cloud.nouns import noun_of
from nbs_cli.cloud.resources import Field, Kind, Resource
from nbs_cli.commands.shapes import CHANGE
from nbs_cli.errors import Failure, Nonsense, RateLimited, Unavailable, Usage
from nbs_cli.output.text import ago, moment
from nbs_cli.output.words import _, plural
from nbs_cli.session import Session

Look = Callable[[], Iterator[list[Record]]]
_SLOWEST = 60.0  # seconds between two looks at a server that does not answer
_RECENT = 5  # changes that stay below the table


@dataclass
class _Seen:
    """The rows of the last look that went well, and what changed since the one before; `trouble` of a failed look."""

    rows: dict[str, Record] | None
    changes: list[Record]
    trouble: Failure | None = None


def watch(session: Session, resource: Resource, look: Look, *, every: float, brief: bool) -> None:
    """Show what *look* gives every *every* seconds until a signal comes; raises what the first look raises."""
    if session.options.quiet or session.query is not None or session.output not in {"table", "jsonl"}:
        raise Usage(
            _("--watch is a picture on a terminal, or changes as JSON lines in a pipe"),
            hint=_("leave `-o`, `-q` and `--query` out, or say `-o jsonl`"),
        )
    session.looks_on = True
    fields = session.printer.check(resource, brief=brief)
    seen = _looks(session, resource, look, every)
    if session.output == "jsonl" or not session.drawable:
        _print(session, seen)
        return
    shown = fields if session.options.columns else _aged(fields)
    session.live(_pictures(session, resource, seen, every), shown)


def _looks(session: Session, resource: Resource, look: Look, every: float) -> Iterator[_Seen]:
    """One look after another; the first one must go well."""
    rows: dict[str, Record] | None = None
    pause = every
    while True:
        try:
            now = {row["id"]: row for page in look() for row in page}
        except (Unavailable, RateLimited, Nonsense) as failure:
            if rows is None or not session.deadline.left(1.0):
                raise
            pause = min(pause * 2, max(_SLOWEST, every))
            yield _Seen(rows, [], failure)
        else:
            stamp = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S}"
            changes = [{"time": stamp, **change} for change in compare(resource, rows, now)]
            rows, pause = now, every
            yield _Seen(rows, changes)
        # jitter needs no secrecy: it keeps many watchers from looking at the same moment
        time.sleep(pause * random.uniform(0.9, 1.1))  # noqa: S311


def _print(session: Session, seen: Iterator[_Seen]) -> None:
    """Changes as they come, a line each; a failed look is told on stderr."""
    lines = session.lines(CHANGE)
    for one in seen:
        lines.page(one.changes)
        session.stdout.flush()
        if one.trouble is not None:
            session.notes.note(_("a look failed, there will be another: {why}").format(why=one.trouble.message))


def _aged(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields, the time of creation replaced by an age, which stands where a narrow terminal still shows it."""
    ages = [field._replace(kind=Kind.CALENDAR, short=_("age")) for field in fields if field.wire == "created_at"]
    others = [field for field in fields if field.wire != "created_at"]
    place = next((number for number, field in enumerate(others, 1) if field.wire == "size"), len(others))
    return (*others[:place], *ages, *others[place:])


def _pictures(
    session: Session, resource: Resource, seen: Iterator[_Seen], every: float
) -> Iterator[tuple[str, list[Record], list[str]]]:
    """For each look its title, the rows with their ages, and the lines below: what changed lately, what went wrong."""
    recent: list[str] = []
    for one in seen:
        rows = [_with_age(row, session) for row in (one.rows or {}).values()]
        recent = [*recent, *(_line(change) for change in one.changes if change["change"] != PRESENT)][-_RECENT:]
        title = _("{time}  {count}, a look every {every:g} s; Ctrl-C ends it").format(
            time=f"{datetime.now().astimezone():%H:%M:%S}",
            count=_counted(resource, len(rows)),
            every=every,
        )
        trouble = [] if one.trouble is None else [_("the last look failed: {why}").format(why=one.trouble.message)]
        yield title, rows, [*recent, *trouble]


def _counted(resource: Resource, count: int) -> str:
    noun = noun_of(resource)
    return plural("{count} {noun}", "{count} {noun}s", count).format(count=count, noun=noun)


def _with_age(row: Record, session: Session) -> Record:
    created = moment(row["created_at"]) if isinstance(row.get("created_at"), str) else None
    return {**row, "created_at": None if created is None else ago((session.server_now - created).total_seconds())}


def _line(change: Record) -> str:
    """A change as people read it, with the time of this machine."""
    name = str(change["name"] or change["id"])
    at = moment(change["time"])
    clock = f"{at.astimezone():%H:%M:%S}" if at else "-"
    if change["change"] == CHANGED and "status" in change["was"]:
        return f"{clock}  {name}  {change['was']['status']} → {change['status']}"
    if change["change"] == CHANGED:
        return f"{clock}  {name}  {', '.join(change['was'])}"
    words = {"added": _("is new"), "removed": _("is gone")}
    return f"{clock}  {name}  {words[change['change']]}"
