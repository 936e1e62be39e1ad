"""Ordered faults in the sandbox's state: added, listed, taken back, and used up by the requests that they befall."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass

from nbs_cli.sandbox.kinds import Part
from nbs_cli.sandbox.trouble import Fault

ANY = "SELECT 1 FROM faults LIMIT 1"


@dataclass(frozen=True)
class Order:
    """A fault in the state: its number, how many requests it was about, and how many of them it befell."""

    id: int
    fault: Fault
    seen: int
    done: int

    def strikes(self) -> bool:
        """Whether it befalls the next request that it is about: the same for the same seed."""
        if self.seen < self.fault.after:
            return False
        return random.Random(f"{self.fault.seed}:{self.seen}").random() < self.fault.probability  # noqa: S311 no secret


def add(db: sqlite3.Connection, fault: Fault) -> int:
    """Write an order; gives its number."""
    number = db.execute("INSERT INTO faults (fault) VALUES (?)", (json.dumps(asdict(fault)),)).lastrowid
    assert number is not None  # noqa: S101 SQLite gives one for every INSERT
    return number


def standing(db: sqlite3.Connection) -> list[Order]:
    """Give the orders that are not used up, the oldest first."""
    rows = db.execute("SELECT id, fault, seen, done FROM faults ORDER BY id")
    return [Order(row["id"], Fault(**json.loads(row["fault"])), row["seen"], row["done"]) for row in rows]


def remove(db: sqlite3.Connection, numbers: Collection[int]) -> None:
    """Take these orders back."""
    db.executemany("DELETE FROM faults WHERE id = ?", [(number,) for number in numbers])


def take(db: sqlite3.Connection, fits: Callable[[Fault], bool]) -> list[Order]:
    """Give the orders that strike now, of those whose fault `fits`, and count them.

    All that happen on the way, but only the first that makes the answer: those after it are not asked, so that orders
    of answers are used up one request after the other.
    """
    taken: list[Order] = []
    answered = False
    for order in standing(db):
        on_the_way = order.fault.part is Part.WAY
        if not fits(order.fault) or (answered and not on_the_way):
            continue
        strikes = order.strikes()
        _count(db, order, strikes=strikes)
        if strikes:
            taken.append(order)
            answered = answered or not on_the_way
    return taken


def _count(db: sqlite3.Connection, order: Order, *, strikes: bool) -> None:
    done = order.done + strikes
    if done == order.fault.count and strikes:
        db.execute("DELETE FROM faults WHERE id = ?", (order.id,))
    else:
        db.execute("UPDATE faults SET seen = ?, done = ? WHERE id = ?", (order.seen + 1, done, order.id))
