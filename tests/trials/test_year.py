"""A year of rotations against the sandbox, its clock driven: after every run what should be there is there.

The judge counts by itself: it groups formatted times, and knows nothing of the product's plan.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from nbs_cli.sandbox.trouble import Fault, fault
from tests.aged import aged
from tests.commands.conftest import World
from tests.conftest import Ran, Served

SEOUL = timezone(timedelta(hours=9))
BEGIN = datetime(2025, 1, 1, 0, 17, tzinfo=SEOUL)
FORMS = {"last": "%s", "hourly": "%F %H", "daily": "%F", "weekly": "%G-%V", "monthly": "%Y-%m", "yearly": "%Y"}
HOURLY = {"last": 3, "hourly": 24, "daily": 7}
DAILY = {"daily": 7, "weekly": 5, "monthly": 6}
ANYWHERE = (
    lambda: fault("status", code=503, count=2),
    lambda: fault("status", code=500),
    lambda: fault("status", code=429, header="Retry-After: 0"),
    lambda: fault("reset", when="before"),
    lambda: fault("close", when="before", count=5),
    lambda: fault("truncate", at=20),
    lambda: fault("html"),
    lambda: fault("bad-json", code=200),
    lambda: fault("expire-token"),
    lambda: fault("latency", seconds=0.02),
)
ON_THE_WAY = (
    lambda: fault("reset", method="POST", path="*/snapshots", when="after"),
    lambda: fault("status", method="POST", path="*/snapshots", code=504, when="after"),
    lambda: fault("status", method="POST", path="*/snapshots", code=504, when="before"),
    lambda: fault("close", method="POST", path="*/snapshots", when="after"),
    lambda: fault("duplicate", method="POST", path="*/snapshots"),
    lambda: fault("strip-metadata", method="POST", path="*/snapshots"),
    lambda: fault("lag", seconds=60, method="GET", path="*/snapshots*", count=8),
    lambda: fault("reset", method="DELETE", when="after"),
    lambda: fault("reset", method="DELETE", when="before", count=9),
    lambda: fault("status", method="DELETE", code=500, count=9),
    lambda: fault("status", method="GET", path="*/snapshots/detail*", code=503, count=9),
    lambda: fault("create-error"),
    lambda: fault("delete-bounce"),
    lambda: fault("delete-error"),
)


@dataclass
class Judge:
    """What is in the cloud before and after each run, and what must be."""

    served: Served
    volume: str
    figures: Counter[str] = field(default_factory=Counter)

    def there(self, policy: str) -> dict[str, datetime]:
        """The available snapshots of *policy*, with their times."""
        with self.served.cloud.reading() as turn:
            rows = turn.db.execute(
                "SELECT id, created_at FROM snapshots WHERE status = 'available' AND description LIKE ?",
                (f"%:{policy}]",),
            ).fetchall()
        return {row["id"]: datetime.fromisoformat(row["created_at"]).replace(tzinfo=timezone.utc) for row in rows}

    def all(self) -> dict[str, str]:
        """Every snapshot with its status."""
        with self.served.cloud.reading() as turn:
            return {row["id"]: row["status"] for row in turn.db.execute("SELECT id, status FROM snapshots")}

    @staticmethod
    def keeps(snapshots: dict[str, datetime], rules: dict[str, int]) -> set[str]:
        """What *rules* keep of *snapshots*."""
        newest_first = sorted(snapshots, key=lambda one: (snapshots[one], one), reverse=True)
        kept: set[str] = set()
        for name, count in rules.items():
            buckets: dict[str, str] = {}
            for one in newest_first:
                moment = snapshots[one].astimezone(SEOUL)
                buckets.setdefault(one if name == "last" else f"{moment:{FORMS[name]}}", one)
            kept |= set(list(buckets.values())[:count])
        return kept

    def run(self, policy: str, rules: dict[str, int], rotate: Callable[[], Ran]) -> Ran:
        """Have *rotate* run, and judge it: what it removed, what it left, and whether its exit code is the truth."""
        strangers = {one for one in self.all() if one not in self.there(policy)}
        before = self.there(policy)
        ran = rotate()
        self.served.cloud.cancel()
        after, everything = self.there(policy), self.all()
        new = after.keys() - before.keys()
        gone = before.keys() - after.keys()
        should = self.keeps({**before, **after}, rules)

        assert gone.isdisjoint(should), ran.err
        assert strangers <= everything.keys(), ran.err
        self.figures[f"exit {ran.code}"] += 1
        self.figures["removed"] += len(gone)
        self.figures["kept too long"] += len(after.keys() - should)
        if ran.code == 0:
            assert new, ran.err
            assert after.keys() == should, ran.err
        elif ran.code == 10:
            assert any(
                status == "available" for one, status in everything.items() if one not in strangers | before.keys()
            )
        else:
            assert not gone, ran.err
            assert ran.err
        if ran.code in {2, 3, 4, 5, 6}:
            assert not new, ran.err
        return ran


@dataclass
class Year:
    """A world whose clock stands still until it is moved on, a volume with strangers, and its judge."""

    world: World
    judge: Judge
    moment: float

    def rotate(self, policy: str, rules: dict[str, int], *more: str) -> Ran:
        """One run of one policy."""
        words = [word for name, count in rules.items() for word in (f"--keep-{name}", str(count))]
        line = ("snapshot", "rotate", self.judge.volume, "--policy", policy, *words, *more)
        return self.judge.run(policy, rules, lambda: self.world(*line))


@pytest.fixture
def begin(fronted: Callable[..., Served], nbs: Any, monkeypatch: pytest.MonkeyPatch) -> Iterable[Callable[[], Year]]:
    """Begin a year: the pauses of this machine shortened, the cloud's clock at the first of January."""
    worlds: list[World] = []
    monkeypatch.setattr("nbs_cli.cloud.settling._PAUSES", (0.0, 0.01, 0.02))
    monkeypatch.setenv("NBS_SETTLE", "0.1s")
    monkeypatch.setattr("nbs_cli.cloud.retries._PAUSE", 0.001)
    monkeypatch.setattr("nbs_cli.cloud.waiting._FIRST", 0.001)
    monkeypatch.setattr("nbs_cli.cloud.waiting._SLOWEST", 0.01)

    def start() -> Year:
        served = fronted(delay=0, snapshots_per_volume=9999, gigabytes=99_999)
        world = World(served, nbs)
        worlds.append(world)
        year = Year(world, Judge(served, ""), BEGIN.timestamp())
        monkeypatch.setattr(served.cloud, "_now", lambda: year.moment)
        volume = year.judge.volume = world.volume("data")
        aged(served.cloud, volume, 4000, policy=None, name="손으로")
        aged(served.cloud, volume, 4000, policy="monthly")
        aged(served.cloud, volume, 4000, policy="hourly", status="error")
        return year

    yield start
    for world in worlds:
        world.close()


def quiet(year: Year, hours: int) -> None:
    """Hourly runs, and a daily one at four, without faults: every run is exit 0, and what is left is exact."""
    for hour in range(hours):
        year.moment = (BEGIN + timedelta(hours=hour)).timestamp()
        assert year.rotate("hourly", HOURLY).code == 0
        if hour % 24 == 4:
            assert year.rotate("daily", DAILY).code == 0


def stormy(year: Year, runs: int, seed: int) -> None:
    """Daily runs with faults on the road in most of them; `make-room` has nothing to do."""
    chance = random.Random(seed)
    for day in range(runs):
        year.moment = (BEGIN + timedelta(days=day, minutes=chance.randint(0, 90))).timestamp()
        for _number in range(chance.choice([0, 1, 1, 1, 2, 3])):
            ordered: Callable[[], Fault] = chance.choice([*ANYWHERE, *ON_THE_WAY, *ON_THE_WAY])
            year.judge.served.cloud.order(ordered())
        year.rotate("daily", DAILY, "--max-delete", "99", "--timeout", "20s")
        if chance.random() < 0.2:  # the run is tried again
            year.moment += 600
            year.rotate("daily", DAILY, "--max-delete", "99")


def told(name: str, year: Year, began: float) -> None:
    """Print the figures."""
    figures = ", ".join(f"{key}: {count}" for key, count in sorted(year.judge.figures.items()))
    print(f"\n{name}: {figures}; {time.monotonic() - began:.0f} s")


def test_two_days(begin: Callable[[], Year]) -> None:
    """The quiet year, its first 32 hours."""
    quiet(begin(), 32)


def test_a_month_of_storms(begin: Callable[[], Year]) -> None:
    """The stormy year, its first month: nothing is removed that should stay, no run lies."""
    year = begin()
    stormy(year, 30, seed=1)
    assert len(year.judge.figures) > 4


@pytest.mark.trials
def test_a_quiet_year(begin: Callable[[], Year]) -> None:
    """8,760 hourly and 365 daily runs."""
    year, began = begin(), time.monotonic()
    quiet(year, 365 * 24)
    told("a quiet year", year, began)


@pytest.mark.trials
@pytest.mark.parametrize("seed", range(4))
def test_a_stormy_year(begin: Callable[[], Year], seed: int) -> None:
    """365 daily runs with faults, and the ones that were tried again, four times."""
    year, began = begin(), time.monotonic()
    stormy(year, 365, seed)
    told(f"a stormy year ({seed})", year, began)
