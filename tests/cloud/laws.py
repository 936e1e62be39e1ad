"""The laws of retention as properties: what must hold for any snapshots, any rules, any zone (faults.md §5.3).

A law is a strategy and a check; the check is given the module to judge, so that mutants of it can be judged as well.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.periods import Window
from nbs_cli.errors import Usage

UTC = timezone.utc
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ZONES = ("Asia/Seoul", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
COUNTED = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
OTHER_STATUSES = ("creating", "error", "deleting", "backing-up", "restoring", "unmanaging", "error_deleting", "deleted")
POLICY = "daily"
Rows = list[tuple[Any, ...]]  # id, volume, status, created, policy, name


@dataclass(frozen=True)
class Case:
    """What a law is tried on: rows of snapshots, rules by name, a zone, and a seed for what else is random."""

    rows: Rows
    rules: dict[str, Any]
    zone: str
    seed: int


def _times(future: bool) -> st.SearchStrategy[datetime]:
    """Hours of the last three years, thick at the changes of summer time and of the year; many are the same."""
    edges = [
        datetime(2025, 11, 2, 4, tzinfo=UTC),
        datetime(2025, 3, 30, tzinfo=UTC),
        datetime(2025, 12, 29, tzinfo=UTC),
    ]
    back = st.builds(
        lambda hours, half: NOW - timedelta(hours=hours, minutes=30 * half), st.integers(1, 26_000), st.booleans()
    )
    near = st.builds(
        lambda hours, half: NOW - timedelta(hours=hours, minutes=30 * half), st.integers(1, 90), st.booleans()
    )
    edge = st.builds(
        lambda begin, half: begin + timedelta(minutes=30 * half), st.sampled_from(edges), st.integers(0, 16)
    )
    ahead = st.builds(lambda hours: NOW + timedelta(hours=hours), st.integers(1, 9_000))
    return st.one_of(back, near, edge, ahead) if future else st.one_of(back, near, edge)


def rows(*, clean: bool = False, volumes: int = 2, most: int = 24) -> st.SearchStrategy[Rows]:
    """Snapshots; with *clean* only candidates: available, of the policy, not of the future."""
    made = st.tuples(
        st.sampled_from(["v1", "v2", "v3"][:volumes]),
        st.just("available") if clean else st.sampled_from(["available"] * 6 + list(OTHER_STATUSES)),
        _times(future=not clean),
        st.just(POLICY) if clean else st.sampled_from([POLICY] * 5 + [None, "weekly"]),
        st.sampled_from(["nightly-1", "백업", ""]),
    )
    # IDs in an order of their own: what is newer need not have the larger one
    return st.lists(made, max_size=most).map(
        lambda many: [(f"{(7919 * number) % 997:03}", *row) for number, row in enumerate(many)]
    )


counts = st.integers(1, 12)
windows = st.builds(Window, st.integers(0, 14), st.integers(0, 40), st.integers(0, 60)).filter(
    lambda one: one != Window()
)
rules = st.fixed_dictionaries({}, optional={**dict.fromkeys(COUNTED, counts), "within": windows}).filter(bool)


def cases(what: st.SearchStrategy[Rows], of: st.SearchStrategy[dict[str, Any]] = rules) -> st.SearchStrategy[Case]:
    """Cases of these rows and rules in any zone."""
    return st.builds(Case, what, of, st.sampled_from(ZONES), st.integers(0, 2**32))


def plan(
    judged: ModuleType, case: Case, given_rows: Iterable[tuple[Any, ...]] | None = None, **scope: Any
) -> list[Any]:
    """The plan of the module *judged*."""
    snapshots = [judged.Snapshot(*row[:1], *row[1:]) for row in (case.rows if given_rows is None else given_rows)]
    within = judged.Scope(**{"policy": POLICY, "now": NOW, **scope})
    rules_of = dict(case.rules)
    if rules_of.get("within") is not None:
        rules_of["within"] = judged.Window(*rules_of["within"])
    return list(judged.plan(snapshots, judged.Rules(**rules_of), ZoneInfo(case.zone), within))


def ids(verdicts: Iterable[Any], action: str) -> set[str]:
    """The IDs with this verdict."""
    return {verdict.snapshot.id for verdict in verdicts if verdict.action.value == action}


def told(verdicts: Iterable[Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Action and reasons by ID."""
    return {verdict.snapshot.id: (verdict.action.value, verdict.reasons) for verdict in verdicts}


def candidate(row: tuple[Any, ...]) -> bool:
    """Whether a row is the policy's business, said in the test's own words."""
    return bool(row[2] == "available" and row[4] == POLICY and row[3] <= NOW)


def whole(judged: ModuleType, case: Case) -> None:
    """1: keep, remove and leave are the input, in its order, each once."""
    verdicts = plan(judged, case)
    assert [verdict.snapshot.id for verdict in verdicts] == [row[0] for row in case.rows]
    assert {verdict.action.value for verdict in verdicts} <= {"keep", "remove", "leave"}


def only_ours(judged: ModuleType, case: Case) -> None:
    """2: what is removed was available, ours, and not of the future; what is kept or removed is just that."""
    verdicts = plan(judged, case)
    assert ids(verdicts, "remove") | ids(verdicts, "keep") == {row[0] for row in case.rows if candidate(row)}


def newest_stays(judged: ModuleType, case: Case) -> None:
    """3: the newest candidate of every volume is kept."""
    kept = ids(plan(judged, case), "keep")
    for volume in ("v1", "v2"):
        ours = [row for row in case.rows if candidate(row) and row[1] == volume]
        if ours:
            assert max(ours, key=lambda row: (row[3], row[0]))[0] in kept


def order_is_nothing(judged: ModuleType, case: Case) -> None:
    """4: the order of the input is nothing, snapshots of one second included: their IDs decide."""
    mixed = random.Random(case.seed).sample(case.rows, len(case.rows))
    assert told(plan(judged, case, mixed)) == told(plan(judged, case))


def twice_is_once(judged: ModuleType, case: Case) -> None:
    """5: what a plan kept, the next plan keeps."""
    removed = ids(plan(judged, case), "remove")
    assert ids(plan(judged, case, [row for row in case.rows if row[0] not in removed]), "remove") == set()


def more_keeps_more(judged: ModuleType, case: Case) -> None:
    """6: a larger count or window never removes more; nor does one rule more."""
    removed = ids(plan(judged, case), "remove")
    chance = random.Random(case.seed)
    for name in (*COUNTED, "within"):
        old = case.rules.get(name)
        if name == "within":
            part = chance.choice(["months", "days", "hours"])
            new: Any = Window(days=3) if old is None else old._replace(**{part: getattr(old, part) + 5})
        else:
            new = (old or 0) + chance.randint(1, 3)
        larger = Case(case.rows, {**case.rules, name: new}, case.zone, case.seed)
        assert ids(plan(judged, larger), "remove") <= removed, name


def _bucket(name: str, row: tuple[Any, ...], zone: str) -> Any:
    """The bucket of a snapshot, by other means than the product's: formatted text."""
    there = row[3].astimezone(ZoneInfo(zone))
    forms = {"hourly": "%Y-%m-%d %H %z", "daily": "%Y-%m-%d", "weekly": "%G-%V", "monthly": "%Y-%m", "yearly": "%Y"}
    return row[0] if name == "last" else f"{there:{forms[name]}}"


def one_rule_counts(judged: ModuleType, case: Case) -> None:
    """7: a single rule keeps the newest of exactly min(n, number of buckets) buckets."""
    for name in COUNTED:
        n = case.rules.get(name)
        if n is None:
            continue
        alone = Case(case.rows, {name: n}, case.zone, case.seed)
        for volume in ("v1", "v2"):
            ours = sorted(
                (row for row in case.rows if row[1] == volume), key=lambda row: (row[3], row[0]), reverse=True
            )
            newest: dict[Any, str] = {}
            for row in ours:
                newest.setdefault(_bucket(name, row, case.zone), row[0])
            kept = ids(plan(judged, alone), "keep") & {row[0] for row in ours}
            assert kept == set(list(newest.values())[:n]), name


def no_more_than_said(judged: ModuleType, case: Case) -> None:
    """8: no more are kept than the counts together, for each volume."""
    counted = {name: value for name, value in case.rules.items() if name != "within"}
    if counted:
        verdicts = plan(judged, Case(case.rows, counted, case.zone, case.seed))
        for volume in ("v1", "v2"):
            kept = [one for one in verdicts if one.snapshot.volume_id == volume and one.action.value == "keep"]
            assert len(kept) <= sum(counted.values())


def time_deletes_nothing(judged: ModuleType, case: Case) -> None:
    """9: the same snapshots years later give the same plan: where backups stopped, nothing goes."""
    later = NOW + timedelta(days=random.Random(case.seed).randint(1, 4000))
    assert told(plan(judged, case, now=later)) == told(plan(judged, case))


def _with(judged: ModuleType, case: Case, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
    """Strangers made of the case's own rows by *change* leave the plan for the others as it is."""
    strangers = [change((f"x{row[0]}", *row[1:])) for row in case.rows]
    both = random.Random(case.seed).sample([*case.rows, *strangers], 2 * len(case.rows))
    after = told(plan(judged, case, both))
    assert {key: value for key, value in after.items() if not key.startswith("x")} == told(plan(judged, case))


def strangers_change_nothing(judged: ModuleType, case: Case) -> None:
    """10: a snapshot of another status, of another policy or of none changes nothing for the others."""
    chance = random.Random(case.seed)
    soon = timedelta(minutes=1)
    _with(judged, case, lambda row: (row[0], row[1], chance.choice(OTHER_STATUSES), row[3] + soon, *row[4:]))
    _with(judged, case, lambda row: (*row[:3], row[3] + soon, chance.choice([None, "weekly"]), row[5]))


def the_future_changes_nothing(judged: ModuleType, case: Case) -> None:
    """11: a snapshot of the future changes nothing for the others."""
    ahead = timedelta(hours=random.Random(case.seed).randint(1, 9000))
    _with(judged, case, lambda row: (*row[:3], NOW + ahead, *row[4:]))


def volumes_are_apart(judged: ModuleType, case: Case) -> None:
    """12: each volume's plan is what it would be if there were no other."""
    together = told(plan(judged, case))
    alone: dict[str, Any] = {}
    for volume in ("v1", "v2"):
        alone |= told(plan(judged, case, [row for row in case.rows if row[1] == volume]))
    assert alone == together


def often_is_once(judged: ModuleType, case: Case) -> None:
    """13: pruning after every snapshot leaves what pruning once at the end leaves."""
    there: Rows = []
    for row in sorted(case.rows, key=lambda row: (row[3], row[0])):
        there.append(row)
        kept = ids(plan(judged, case, there), "keep")
        there = [one for one in there if one[0] in kept]
    assert {row[0] for row in there} == ids(plan(judged, case), "keep")


def the_host_is_nothing(judged: ModuleType, case: Case) -> None:
    """14: the zone of this machine has no influence."""
    plans = []
    before = os.environ.get("TZ")
    try:
        for host in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"):
            os.environ["TZ"] = host
            time.tzset()
            plans.append(told(plan(judged, case)))
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()
    assert plans == [plans[0]] * 4


def a_cut_list_is_safe(judged: ModuleType, case: Case) -> None:
    """16: what a list hides never makes a plan remove what the whole list keeps."""
    chance = random.Random(case.seed)
    seen = [row for row in case.rows if chance.random() < 0.6]
    assert ids(plan(judged, case, seen), "remove") <= ids(plan(judged, case), "remove")


def each_rule_by_itself(judged: ModuleType, case: Case) -> None:
    """17: what several rules keep is what each of them would keep alone, together."""
    alone = [plan(judged, Case(case.rows, {name: rule}, case.zone, 0)) for name, rule in case.rules.items()]
    assert ids(plan(judged, case), "keep") == set().union(*(ids(verdicts, "keep") for verdicts in alone))


def _at(*moments: str) -> Rows:
    return [
        (f"{number}", "v1", "available", datetime.fromisoformat(moment), POLICY, "")
        for number, moment in enumerate(moments)
    ]


def golden(judged: ModuleType, _case: Case) -> None:
    """15: summer time, ISO weeks, month ends, an empty policy, and backups that stopped."""
    twice = Case(_at("2025-11-02T05:30:00+00:00", "2025-11-02T06:30:00+00:00"), {"hourly": 5}, "America/New_York", 0)
    assert ids(plan(judged, twice), "keep") == {"0", "1"}  # 01:30 came twice
    week = Case(_at("2024-12-30T03:00:00+00:00", "2025-01-05T03:00:00+00:00"), {"weekly": 5}, "Asia/Seoul", 0)
    assert ids(plan(judged, week), "keep") == {"1"}  # both are 2025-W01
    nights = ("2023-02-28T04:00:00+00:00", "2023-02-27T04:00:00+00:00", "2023-03-31T03:00:00+00:00")
    for end, kept in (("2023-03-31T03:00:00+00:00", {"2"}), ("2023-03-28T03:30:00+00:00", {"0", "2"})):
        month = Case(_at(*nights[:2], end), {"within": Window(months=1)}, "Asia/Seoul", 0)
        assert ids(plan(judged, month), "keep") == kept
    assert judged.Window(months=1).before(datetime(2024, 3, 31, 3, tzinfo=UTC), UTC).date().isoformat() == "2024-02-29"
    assert judged.Window(months=1).before(datetime(2023, 3, 31, 3, tzinfo=UTC), UTC).date().isoformat() == "2023-02-28"
    for empty in ({}, dict.fromkeys(COUNTED)):
        try:
            plan(judged, Case(_at("2025-01-01T00:00:00+00:00"), empty, "UTC", 0))
        except Usage:
            continue
        raise AssertionError("an empty policy was taken")
    stopped = [NOW - timedelta(days=60 + day) for day in range(30)]
    case = Case(_at(*(moment.isoformat() for moment in stopped)), {"within": Window(days=30)}, "Asia/Seoul", 0)
    assert ids(plan(judged, case), "remove") == set()


LAWS: dict[str, tuple[st.SearchStrategy[Case], Callable[[ModuleType, Case], None]]] = {
    "1 whole": (cases(rows()), whole),
    "2 only ours": (cases(rows()), only_ours),
    "3 newest stays": (cases(rows()), newest_stays),
    "4 order": (cases(rows()), order_is_nothing),
    "5 idempotent": (cases(rows()), twice_is_once),
    "6 monotone": (cases(rows()), more_keeps_more),
    "7 one rule": (cases(rows(clean=True)), one_rule_counts),
    "8 at most": (cases(rows(clean=True)), no_more_than_said),
    "9 time": (cases(rows(clean=True)), time_deletes_nothing),
    "10 strangers": (cases(rows(clean=True)), strangers_change_nothing),
    "11 future": (cases(rows(clean=True)), the_future_changes_nothing),
    "12 volumes": (cases(rows()), volumes_are_apart),
    "13 often": (cases(rows(clean=True, volumes=1)), often_is_once),
    "14 host": (cases(rows(clean=True)), the_host_is_nothing),
    "15 golden": (st.just(Case([], {}, "UTC", 0)), golden),
    "16 cut list": (cases(rows()), a_cut_list_is_safe),
    "17 union": (cases(rows()), each_rule_by_itself),
}


def hold(judged: ModuleType, name: str, examples: int, *, shrink: bool = True) -> None:
    """Try the law *name* on *judged* with so many examples; raises what fails, made small unless told otherwise."""
    strategy, check = LAWS[name]

    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
        derandomize=not shrink,  # a mutant is killed by the same examples every time
    )
    @given(strategy)
    def tried(case: Case) -> None:
        check(judged, case)

    tried()
