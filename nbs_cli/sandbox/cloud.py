"""The sandbox's cloud: its state, its own clock, and the hooks that stand for what people and hardware do to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from nbs_cli.sandbox import attachments, changes, orders, seeds
from nbs_cli.sandbox.kinds import FAILURES, Part
from nbs_cli.sandbox.orders import Order
from nbs_cli.sandbox.refusals import Refused
from nbs_cli.sandbox.settings import (
    OBJECT_STORAGE_TENANT_ID,
    OTHER_PASSWORD,
    OTHER_TENANT_ID,
    OTHER_USERNAME,
    PASSWORD,
    REGIONS,
    TENANT_ID,
    USERNAME,
    Settings,
)
from nbs_cli.sandbox.store import TABLES, Store
from nbs_cli.sandbox.trouble import Fault, fault
from nbs_cli.sandbox.turns import Turn

__all__ = [
    "FAILURES",
    "OBJECT_STORAGE_TENANT_ID",
    "OTHER_PASSWORD",
    "OTHER_TENANT_ID",
    "OTHER_USERNAME",
    "PASSWORD",
    "REGIONS",
    "TENANT_ID",
    "USERNAME",
    "Cloud",
    "Refused",
    "Settings",
]

USUAL = Settings()


class Cloud:
    """One sandbox, kept in the SQLite file `state` (":memory:": in this process only), safe between threads.

    `now` gives seconds since 1970; the sandbox's own time is that plus what `advance` has added.
    Raises OSError or sqlite3.Error where the state cannot be opened.
    """

    def __init__(
        self,
        state: str,
        settings: Settings = USUAL,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self._now = now
        self._store = Store(state)

    def close(self) -> None:
        """Close the state; the next operation opens it again."""
        self._store.close()

    def reset(self) -> None:
        """Empty everything: volumes, snapshots, images, tokens, ordered failures and the clock's offset."""
        with self._store.write() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")

    @contextmanager
    def reading(self) -> Iterator[Turn]:
        """Give a turn that only looks, after everything due has happened."""
        with self._store.read() as db:
            late = changes.due(db, self._moment(db))
        if late:
            with self._store.write() as db:
                changes.settle(db, self._moment(db))
        with self._store.read() as db:
            yield Turn(db=db, moment=self._moment(db), settings=self.settings)

    @contextmanager
    def writing(self) -> Iterator[Turn]:
        """Give a turn that may change the state; a refusal takes its changes back."""
        with self._store.write() as db:
            moment = self._moment(db)
            changes.settle(db, moment)
            yield Turn(db=db, moment=moment, settings=self.settings)

    def moment(self) -> float:
        """Give the sandbox's time, in seconds since 1970."""
        with self._store.read() as db:
            return self._moment(db)

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward for every process that shares the state."""
        with self._store.write() as db:
            if not db.execute("UPDATE clock SET offset = offset + ?", (seconds,)).rowcount:
                db.execute("INSERT INTO clock (offset) VALUES (?)", (seconds,))

    def attach(self, volume_id: str, server_id: str | None = None) -> dict[str, Any]:
        """Attach an `available` volume, as Compute does it; the answer is the volume's record as GET shows it.

        Raises Refused (404 unknown volume, 400 wrong status).
        """
        with self.writing() as turn:
            return attachments.attach(turn, volume_id, server_id)

    def detach(self, volume_id: str) -> dict[str, Any]:
        """Detach an `in-use` volume; answers and raises as `attach` does."""
        with self.writing() as turn:
            return attachments.detach(turn, volume_id)

    def expire_tokens(self) -> None:
        """Make every issued token invalid, as a changed API password does."""
        with self._store.write() as db:
            db.execute("DELETE FROM tokens")

    def fail_next(self, kind: str) -> None:
        """Order the next operation of a kind to fail, in whichever process it comes: one of FAILURES.

        Orders add up. Raises ValueError for an unknown kind.
        """
        if kind not in FAILURES:
            raise ValueError(f"unknown kind of failure: {kind}")
        self.order(fault(kind))

    def order(self, ordered: Fault) -> int:
        """Order a fault for whoever shares the state (those of the road happen in `front.Front`); gives its number."""
        with self._store.write() as db:
            return orders.add(db, ordered)

    def ordered(self) -> list[Order]:
        """Give the orders that are not used up yet, the oldest first."""
        with self._store.read() as db:
            return orders.standing(db)

    def cancel(self, numbers: Collection[int] | None = None) -> None:
        """Take back the orders with these numbers, None for all."""
        with self._store.write() as db:
            orders.remove(db, [one.id for one in orders.standing(db)] if numbers is None else numbers)

    def befalls(self, method: str, target: str) -> list[Order]:
        """Give, and use up, the orders that strike this request on the road; quick when nothing is ordered."""
        if not self._store.finds(orders.ANY):
            return []

        def fits(ordered: Fault) -> bool:
            return ordered.part is not Part.CLOUD and ordered.fits(method, target)

        if not any(fits(one.fault) for one in self.ordered()):
            return []
        with self._store.write() as db:
            return orders.take(db, fits)

    def seed(self, volumes: int, snapshots: int = 0, *, tenant_id: str = TENANT_ID, region: str = "KR1") -> None:
        """Insert many available volumes (1 to 4 GB) and snapshots at once, past every limit.

        The snapshots are all of the first of these volumes; each two volumes share one `created_at`.
        Raises ValueError for snapshots without a volume.
        """
        with self.writing() as turn:
            seeds.sow(turn, volumes, snapshots, tenant_id=tenant_id, region=region)

    def _moment(self, db: Any) -> float:
        offset: float = db.execute("SELECT COALESCE(SUM(offset), 0) FROM clock").fetchone()[0]
        return self._now() + offset
