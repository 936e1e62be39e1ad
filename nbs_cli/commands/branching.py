"""`nbs volume show --with-snapshots`: volumes, each with what hangs on it."""

from __future__ import annotations

import shutil
from typing import Any

from nbs_cli.cloud.deletion import snapshots_of
from nbs_cli.cloud.refs import resolve
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.commands.shapes import TREE
from nbs_cli.output.lines import GAP, Column, columns, narrowed, shown
from nbs_cli.session import Session

Record = dict[str, Any]
_COLUMNS = ("name", "id", "status", "size", "created_at")  # of both; the last ones give way on a narrow terminal
_NARROWEST = 54  # columns of a short name and an ID


def show(session: Session, refs: list[str], *, parallel: int) -> None:
    """Print what every one of *refs* means with its snapshots, newest first: a tree, or records with `snapshots`."""
    session.printer.check(TREE)
    texts, several = session.refs(refs)
    found = resolve(session.storage, VOLUME, texts, parallel=parallel)
    snapshots = snapshots_of(session.storage, {item.id for item in found})
    records = [{**item.record, "snapshots": snapshots[item.id]} for item in found]
    if not session.for_people:
        session.printer.show(TREE, records, several=several)
        return
    utf8 = "utf" in (session.stdout.encoding or "utf-8").lower()
    room = shutil.get_terminal_size().columns if session.stdout.isatty() else None
    session.stdout.write("".join(f"{line}\n" for line in picture(records, room, utf8=utf8)))


def picture(records: list[Record], room: int | None, *, utf8: bool) -> list[str]:
    """A line for each volume, and under it one for each of its snapshots; in *room* columns where there is an end."""
    more, last = ("├── ", "└── ") if utf8 else ("|-- ", "`-- ")
    rows: list[list[str]] = []
    for record in records:
        rows.append(shown(VOLUME.named(_COLUMNS), record))
        for number, snapshot in enumerate(record["snapshots"], 1):
            first, *rest = shown(SNAPSHOT.named(_COLUMNS), snapshot)
            rows.append([(last if number == len(record["snapshots"]) else more) + first, *rest])
    wide = columns(SNAPSHOT.named(_COLUMNS), rows)
    return [_line(wide if room is None else narrowed(wide, max(room, _NARROWEST)), row) for row in rows]


def _line(layout: list[Column], row: list[str]) -> str:
    return (" " * GAP).join(column.fit(text) for column, text in zip(layout, row, strict=False)).rstrip()
