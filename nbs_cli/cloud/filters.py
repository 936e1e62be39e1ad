"""Which rows of a list are wanted, judged here: no filter of the servers is documented."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from nbs_cli.output.text import moment

Record = dict[str, Any]
Bound = Callable[[datetime], datetime]  # what time it is -> the moment that is meant
_TYPES = frozenset({"hdd", "ssd"})


class Filter(NamedTuple):
    """What a row must be; None, and no words, for anything.

    `name` is a glob (`*`, `?`, `[…]`, case counts), `words` wire names with the word that their value must be (letter
    case does not count, and `hdd`/`ssd` are the types with that word in their name), `volume_id` a snapshot's volume,
    `older` and `newer` bounds of the time of its creation.
    """

    name: str | None = None
    words: tuple[tuple[str, str], ...] = ()
    attached: bool | None = None
    bootable: bool | None = None
    volume_id: str | None = None
    older: Bound | None = None
    newer: Bound | None = None

    @property
    def asks(self) -> bool:
        """Whether anything is asked for at all."""
        return self != ANYTHING

    @property
    def wires(self) -> tuple[str, ...]:
        """The wire names of the fields that it looks at."""
        looked: dict[str, object] = {"name": self.name, "attachments": self.attached, "bootable": self.bootable}
        looked["created_at"] = self.older or self.newer
        return (*(wire for wire, wish in looked.items() if wish is not None), *(wire for wire, _word in self.words))

    def fits(self, row: Record) -> bool:
        """Whether *row* is wanted."""
        return (
            (self.name is None or fnmatchcase(str(row.get("name") or ""), self.name))
            and all(_says(wire, row.get(wire), word) for wire, word in self.words)
            and (self.attached is None or bool(row.get("attachments")) is self.attached)
            and (self.bootable is None or (str(row.get("bootable")).lower() == "true") is self.bootable)
            and (self.volume_id is None or row.get("volume_id") == self.volume_id)
        )

    def made_in_time(self, row: Record, now: datetime) -> bool:
        """Whether *row* was created before one bound and after the other; one that tells no time is not."""
        if self.older is None and self.newer is None:
            return True
        created = moment(row["created_at"]) if isinstance(row.get("created_at"), str) else None
        return (
            created is not None
            and (self.older is None or created < self.older(now))
            and (self.newer is None or created > self.newer(now))
        )


ANYTHING = Filter()


def _says(wire: str, value: Any, word: str) -> bool:
    text = str(value or "").casefold()
    wanted = word.casefold()
    return text == wanted or (wire == "volume_type" and wanted in _TYPES and wanted in text.split())


class Sieve:
    """Lets the wanted rows of pages through, from the *offset*-th on and at most *limit*; keeps one page at a time.

    `now` tells what time it is at the server, by which ages are judged. `seen` gathers the values that the fields of
    words had, for those who have to be told that theirs is none.
    """

    def __init__(
        self,
        wish: Filter,
        offset: int = 0,
        limit: int | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.wish = wish
        self.offset = offset
        self.limit = limit
        self.now = now
        self.seen: dict[str, set[str]] = {}

    def through(self, pages: Iterable[list[Record]]) -> Iterator[list[Record]]:
        """The wanted rows, page by page; a page is never empty, and none is asked for when enough came."""
        skip, left = self.offset, self.limit
        for page in pages:
            for wire, _word in self.wish.words:
                self.seen.setdefault(wire, set()).update(str(row[wire]) for row in page if row.get(wire))
            now = self.now()
            rows = [row for row in page if self.wish.fits(row) and self.wish.made_in_time(row, now)]
            skip, rows = max(0, skip - len(rows)), rows[skip:]
            rows = rows if left is None else rows[:left]
            if rows:
                yield rows
            left = None if left is None else left - len(rows)
            if left == 0:
                return

    def unheard(self) -> list[tuple[str, str]]:
        """The words that no row had, with their wire names."""
        return [
            (wire, word)
            for wire, word in self.wish.words
            if not any(_says(wire, value, word) for value in self.seen.get(wire, ()))
        ]
