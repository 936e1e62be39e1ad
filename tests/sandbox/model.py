"""A small model of the service, written down again from the guide: lists of plain things, no SQL, no HTTP.

It answers with a status code instead of a text. What the sandbox does is compared with it, step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Scope = tuple[str, str]  # tenant and region
LIMITS = {
    "page_default": 3,
    "page_cap": 5,
    "snapshots_per_volume": 2,
    "gigabytes": 40,
    "largest": 20,
    "volumes": 6,
    "snapshots": 5,
    "delay": 2.0,
    "token_life": 60.0,
}
DELAY = LIMITS["delay"]
YOUNG = 0.05  # seconds in which a new volume has no host yet
GONE = "gone"
SERVER = "server-1"  # what volumes are attached to
SORTS = {
    "volumes": ("name", "size", "status", "id", "created_at", "updated_at", "availability_zone"),
    "snapshots": ("status", "id", "created_at", "updated_at", "volume_id", "display_name", "volume_size"),
}
COLUMNS = {"created_at": "created", "updated_at": "updated", "availability_zone": "zone"}
COLUMNS |= {"display_name": "name", "volume_size": "size"}


class No(Exception):
    """The request is refused with this status code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Thing:
    """A volume or a snapshot; `due` is when `status` becomes `upcoming`."""

    noun: str
    id: str
    scope: Scope
    size: int
    created: int
    name: str | None = None
    status: str = "creating"
    upcoming: str | None = "available"
    due: float | None = None
    updated: int = 0
    zone: str = ""
    type: str = ""
    snapshot_id: str | None = None
    source_volid: str | None = None
    volume_id: str | None = None
    born: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)
    server: str | None = None

    def becomes(self, status: str, upcoming: str, now: float, share: float) -> None:
        """Enter a passing status."""
        self.status, self.upcoming, self.due, self.updated = status, upcoming, now + share * DELAY, int(now)


class Model:
    """Everything that there is, in the order in which it was made, and what was ordered to fail."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.orders: list[str] = []
        self.images: dict[str, tuple[Scope, float]] = {}

    def settle(self, now: float) -> None:
        """Let happen what is due."""
        for thing in list(self.things):
            if thing.due is not None and thing.due <= now:
                if thing.upcoming == GONE:
                    self.things.remove(thing)
                else:
                    assert thing.upcoming is not None
                    thing.status, thing.updated = thing.upcoming, int(thing.due)
                thing.due = thing.upcoming = None

    def of(self, noun: str, scope: Scope) -> list[Thing]:
        """The scope's volumes or snapshots."""
        return [thing for thing in self.things if (thing.noun, thing.scope) == (noun, scope)]

    def find(self, noun: str, scope: Scope, identifier: str) -> Thing:
        """One of them, or No(404)."""
        for thing in self.of(noun, scope):
            if thing.id == identifier:
                return thing
        raise No(404)

    def fails(self, kind: str) -> bool:
        """Whether this one fails; the order is used up."""
        if kind not in self.orders:
            return False
        self.orders.remove(kind)
        return True

    def room(self, scope: Scope, more: int) -> None:
        """Volumes and snapshots share the gigabytes."""
        if sum(thing.size for thing in self.things if thing.scope == scope) + more > LIMITS["gigabytes"]:
            raise No(413)

    def may_create(self, scope: Scope, size: int) -> None:
        """Whether a volume of this size may be made."""
        if size > LIMITS["largest"] or len(self.of("volumes", scope)) >= LIMITS["volumes"]:
            raise No(413)
        self.room(scope, size)

    def origin(self, scope: Scope, source: str, identifier: str, size: int | None) -> tuple[Thing, int]:
        """The volume that a new one takes zone and type from, and the new one's size."""
        found = self.find("snapshots" if source == "snapshot_id" else "volumes", scope, identifier)
        if found.status not in (("available",) if source == "snapshot_id" else ("available", "in-use")):
            raise No(400)
        if size is not None and size < found.size:
            raise No(400)
        volume = found if found.volume_id is None else self.find("volumes", scope, found.volume_id)
        return volume, size or found.size

    def made(self, thing: Thing, now: float) -> None:
        """Add what was accepted."""
        thing.born = now
        thing.becomes("creating", "error" if self.fails("create-error") else "available", now, 1.0)
        self.things.append(thing)

    def may_snapshot(self, scope: Scope, volume_id: str, *, force: bool) -> Thing:
        """The volume, where a snapshot of it may be made."""
        volume = self.find("volumes", scope, volume_id)
        if volume.status != "available" and not (force and volume.status == "in-use"):
            raise No(400)
        own = [thing for thing in self.of("snapshots", scope) if thing.volume_id == volume_id]
        if len(own) >= LIMITS["snapshots_per_volume"] or len(self.of("snapshots", scope)) >= LIMITS["snapshots"]:
            raise No(413)
        self.room(scope, volume.size)
        return volume

    def delete(self, noun: str, scope: Scope, identifier: str, now: float, *, cascade: bool = False) -> None:
        """Start a delete, with *cascade* the snapshots' too; a volume that has no host yet is simply gone."""
        thing = self.find(noun, scope, identifier)
        if noun == "volumes" and thing.status == "creating" and now - thing.born < YOUNG:
            self.things.remove(thing)
            return
        own = [other for other in self.things if other.volume_id == identifier]
        allowed = {"available", "error", "deleting"} if cascade else set()
        if thing.status not in {"available", "error"} or any(other.status not in allowed for other in own):
            raise No(400)
        for other in own:
            if other.status != "deleting":
                self.end(other, now)
        if any(other.upcoming != GONE for other in own):  # no snapshot is left without its volume
            thing.becomes("deleting", "error_deleting", now, 0.5)
        else:
            self.end(thing, now)

    def end(self, thing: Thing, now: float) -> None:
        """Let it be deleted, with the end that was ordered."""
        end = GONE
        if self.fails("delete-error"):
            end = "error_deleting"
        elif self.fails("delete-bounce"):
            end = "available"
        thing.becomes("deleting", end, now, 0.5)

    def move(self, identifier: str, now: float, *, attach: bool) -> None:
        """Attach or detach, which knows no scope."""
        found = [thing for thing in self.things if thing.noun == "volumes" and thing.id == identifier]
        if not found:
            raise No(404)
        before, after = ("available", "in-use") if attach else ("in-use", "available")
        if found[0].status != before:
            raise No(400)
        found[0].status, found[0].server, found[0].updated = after, SERVER if attach else None, int(now)

    def upload(self, scope: Scope, identifier: str, now: float, *, force: bool) -> None:
        """The volume is `uploading` and then what it was."""
        volume = self.find("volumes", scope, identifier)
        if volume.status != "available" and not (force and volume.status == "in-use"):
            raise No(400)
        volume.becomes("uploading", volume.status, now, 0.75)

    def extend(self, scope: Scope, identifier: str, size: int, now: float) -> None:
        """Grow."""
        volume = self.find("volumes", scope, identifier)
        if size <= volume.size or volume.status != "available":
            raise No(400)
        if size > LIMITS["largest"]:
            raise No(413)
        self.room(scope, size - volume.size)
        volume.size = size
        volume.becomes("extending", "available", now, 0.5)

    def page(self, noun: str, scope: Scope, asked: Mapping[str, Any]) -> tuple[list[Thing], bool]:
        """The rows of one page, and whether a link to the next one comes with it."""
        rows = sorted(self.of(noun, scope), key=lambda row: (row.created, row.id), reverse=True)
        if "sort" in asked:
            rows = in_order(self.of(noun, scope), asked["sort"])
        if "marker" in asked:  # before the filters: the marker need not pass them
            rows = rows[rows.index(self.find(noun, scope, asked["marker"])) + 1 :]
        rows = [row for row in rows if all(matches(row, name, asked[name]) for name in asked if name in FILTERS)]
        rows = rows[asked.get("offset", 0) :]
        limit = min(asked.get("limit", LIMITS["page_default"]), LIMITS["page_cap"])
        return rows[:limit], bool(limit) and len(rows) >= limit


FILTERS = ("name", "status", "volume_id", "size", "availability_zone")


def matches(row: Thing, name: str, wanted: str) -> bool:
    """Whether a filter lets it through; a name that is null equals nothing."""
    value = getattr(row, COLUMNS.get(name, name))
    return value is not None and str(value) == str(wanted)


def in_order(rows: Iterable[Thing], sort: str) -> list[Thing]:
    """Sort as `sort=key:dir,…` says; ties go by creation and ID in the first key's direction, null is the least."""
    keys = [tuple(part.split(":")) for part in sort.split(",")]
    first = keys[0][1]
    named = {key for key, _direction in keys}
    keys += [(key, first) for key in ("created_at", "id") if key not in named]
    ordered = list(rows)
    for key, direction in reversed(keys):  # a stable sort by the last key first
        ordered.sort(key=by(COLUMNS.get(key, key)), reverse=direction == "desc")
    return ordered


def by(column: str) -> Callable[[Thing], tuple[Any, ...]]:
    """The value to sort by."""

    def value(row: Thing) -> tuple[Any, ...]:
        read = getattr(row, column)
        return (False,) if read is None else (True, read)

    return value
