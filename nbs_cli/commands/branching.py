"""`nbs volume show --with-snapshots`: volumes, each with what hangs on it."""

from __future__ import annotations

import shutil
from typing import Any, TextIO

from nbs_cli.cloud.deletion import snapshots_of
from nbs_cli.cloud.refs import resolve
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Kind
from nbs_cli.commands.shapes import TREE
from nbs_cli.output.cells import hue
from nbs_cli.output.lines import GAP, Column, columns, narrowed, shown
from nbs_cli.session import Session

Record = dict[str, Any]
_COLUMNS = ("name", "id", "status", "size", "created_at")  # of both; the last ones give way on a narrow terminal
_NARROWEST = 54  # columns of a short name and an ID
_CODES = {"green": 32, "red": 31, "yellow": 33}


def show(session: Session, refs: list[str], *, parallel: int) -> None:
    """Print what every one of *refs* means with its snapshots, newest first: a tree, or records with `snapshots`."""
    session.printer.check(TREE)
    texts, several = session.refs(refs)
    found = resolve(session.storage, VOLUME, texts, parallel=parallel)
    snapshots = snapshots_of(session.storage, {item.id for item in found})
    records = [{**item.record, "snapshots": [SNAPSHOT.project(row) for row in snapshots[item.id]]} for item in found]
    if not session.for_people:
        session.printer.show(TREE, records, several=several)
        return
    lines = drawn(records, session.stdout, color=session.colored(session.stdout))
    session.stdout.write("".join(f"{line}\n" for line in lines))


def drawn(records: list[Record], stream: TextIO, *, color: bool, indent: int = 0) -> list[str]:
    """The lines of the tree for *stream*, behind *indent* blanks: they fit a terminal, in letters that it has."""
    utf8 = "utf" in (stream.encoding or "utf-8").lower()
    room = shutil.get_terminal_size().columns - indent if stream.isatty() else None
    return [" " * indent + line for line in picture(records, room, utf8=utf8, color=color)]


def picture(records: list[Record], room: int | None, *, utf8: bool, color: bool = False) -> list[str]:
    """A line for each volume, and under it one for each of its snapshots; in *room* columns where there is an end."""
    more, last = ("├── ", "└── ") if utf8 else ("|-- ", "`-- ")
    rows: list[list[str]] = []
    for record in records:
        rows.append(shown(VOLUME.named(_COLUMNS), record))
        for number, snapshot in enumerate(record["snapshots"], 1):
            first, *rest = shown(SNAPSHOT.named(_COLUMNS), snapshot)
            rows.append([(last if number == len(record["snapshots"]) else more) + first, *rest])
    layout = columns(SNAPSHOT.named(_COLUMNS), rows)
    if room is not None:
        layout = narrowed(layout, max(room, _NARROWEST))
    return [_line(layout, row, color=color) for row in rows]


def _line(layout: list[Column], row: list[str], *, color: bool) -> str:
    cells = [_painted(column, text, color=color) for column, text in zip(layout, row, strict=False)]
    return (" " * GAP).join(cells).rstrip()


def _painted(column: Column, text: str, *, color: bool) -> str:
    """The cell, a status in its colour; the blanks behind it stay without."""
    fitted = column.fit(text)
    if not color or column.field.kind is not Kind.STATUS:
        return fitted
    return f"\x1b[{_CODES[hue(text)]}m{text}\x1b[0m" + fitted[len(text) :]
