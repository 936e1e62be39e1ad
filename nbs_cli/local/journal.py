"""Requests whose outcome is open: a private file for each key, on the disk before the request leaves the machine.

A file is called by the digest of endpoint, resource and key, for a key may hold anything and never becomes a path.
Source: faults.md §3.4.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from nbs_cli.errors import Failure, Unavailable
from nbs_cli.local import files
from nbs_cli.output.words import _

KEPT = 30 * 86_400.0  # seconds until an entry is dropped


class Place(NamedTuple):
    """Where requests go: `command` is how a command line that goes there begins (`nbs -p prod`)."""

    command: str
    source: str  # where the credentials come from, for people
    tenant_id: str
    endpoint: str
    profile: str | None = None
    region: str | None = None


class Entry(NamedTuple):
    """A request that was sent, or was just about to be; `id` is what it made, once that is known.

    `parameters` is the body of its POST without the mark, `sent_at` this machine's clock in seconds since 1970,
    `server_time` the last `Date` header before it, `echoed` whether the answer bore the mark (None: nobody knows).
    """

    key: str
    resource: str
    parameters: dict[str, Any]
    place: Place
    sent_at: float
    server_time: str | None = None
    id: str | None = None
    echoed: bool | None = None

    @property
    def state(self) -> str:
        """`sent` while nobody knows what became of it, then `confirmed`."""
        return "sent" if self.id is None else "confirmed"


class Sheet(NamedTuple):
    """The file of one key, held by one process at a time."""

    path: Path

    @property
    def lock(self) -> Path:
        """What is locked by who works on the key."""
        return self.path.with_suffix(".lock")

    @property
    def busy(self) -> bool:
        """Whether somebody works on the key at this moment."""
        if not self.lock.exists():
            return False
        with files.locked(self.lock, 0) as free:
            return not free

    def read(self) -> Entry | None:
        """What is known of the key, None for nothing; raises Failure for a file that is no entry."""
        text = files.read(self.path)
        return None if text is None else _entry(self.path, text)

    def keep(self, entry: Entry) -> None:
        """Have *entry* on the disk; raises Failure, and then nothing may be sent."""
        try:
            files.write(self.path, json.dumps(_record(entry)))
        except Failure as failure:
            raise _unrecorded(failure) from failure

    def confirm(self, entry: Entry, made: str, *, echoed: bool | None = None) -> None:
        """Keep what *entry* made; where that fails it stays open, and a look finds it."""
        with suppress(Failure):
            self.keep(entry._replace(id=made, echoed=echoed))

    def restore(self, entry: Entry | None) -> None:
        """Undo `keep`, for nothing was made: back to what was known before."""
        with suppress(Failure):
            if entry is None:
                files.remove(self.path)
            else:
                self.keep(entry)


class Journal:
    """The sheets of the requests that go to one place; *folder* tells where they lie when that is first needed."""

    def __init__(self, folder: Callable[[], Path], place: Place) -> None:
        self.place = place
        self._find = folder

    @cached_property
    def folder(self) -> Path:
        """Where the sheets lie; what is too old is dropped from there. Raises Failure for a user without a home."""
        folder = self._find()
        sweep(folder)
        return folder

    def sheet(self, resource: str, key: str) -> Sheet:
        """The sheet of *key* for *resource* at this place."""
        name = f"{self.place.endpoint}\n{resource}\n{key}".encode(errors="surrogatepass")
        digest = hashlib.sha256(name).hexdigest()
        return Sheet(self.folder / f"{resource}-{digest[:32]}.json")

    @contextmanager
    def alone(self, resource: str, key: str, seconds: float, waiting: Callable[[], None]) -> Iterator[Sheet]:
        """Hold the sheet of *key* while the block runs; *waiting* is told when somebody else holds it.

        Raises Unavailable when that lasts longer than *seconds*, Failure where nothing can be written.
        """
        sheet = self.sheet(resource, key)
        with ExitStack() as stack:
            if not stack.enter_context(files.locked(sheet.lock, 0)):
                _check_writable(sheet)
                waiting()
                if not stack.enter_context(files.locked(sheet.lock, seconds)):
                    raise _held(key)
            yield sheet

    def forget(self, resource: str, key: str) -> None:
        """Drop what is known of a random key, which nobody will say again."""
        sheet = self.sheet(resource, key)
        with suppress(Failure):
            files.remove(sheet.path)
            files.remove(sheet.lock)


def sheets(folder: Path) -> list[Sheet]:
    """All that lie in *folder*, whatever place they are for."""
    return [Sheet(path) for path in sorted(folder.glob("*.json"))]


def sweep(folder: Path) -> None:
    """Remove entries, locks and what killed writers left behind, when they are older than 30 days."""
    with suppress(OSError):
        for path in folder.iterdir():
            if time.time() - path.stat().st_mtime > KEPT:
                path.unlink()


def _record(entry: Entry) -> dict[str, Any]:
    return {**entry._asdict(), "place": entry.place._asdict(), "state": entry.state}


def _entry(path: Path, text: str) -> Entry:
    try:
        data = json.loads(text)
        known = {name: value for name, value in data.items() if name in Entry._fields}
        entry = Entry(**{**known, "place": Place(**data["place"])})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path) from error
    if not isinstance(entry.parameters, dict) or not isinstance(entry.sent_at, int | float):
        raise _damaged(path)
    return entry


def _damaged(path: Path) -> Failure:
    return Failure(
        _("{path} is no record of a request").format(path=path),
        hint=_("it says what may have been created; look for that, then remove the file"),
    )


def _check_writable(sheet: Sheet) -> None:
    try:
        files.check_writable(sheet.path.parent)
    except Failure as failure:
        raise _unrecorded(failure) from failure


def _unrecorded(failure: Failure) -> Failure:
    return Failure(
        _("the request cannot be recorded, so it was not sent: {why}").format(why=failure.message),
        hint=_("XDG_STATE_HOME names another folder; `--no-request-key` goes without a record"),
    )


def _held(key: str) -> Unavailable:
    return Unavailable(
        _("another nbs is still at work on the request key {key}").format(key=key),
        hint=_("nothing was sent; run the same command again when that one has ended"),
    )
