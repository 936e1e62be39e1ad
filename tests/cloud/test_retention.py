"""Which snapshots stay: the laws hold, and every mutant of the module breaks the one that was written against it.

`RETENTION_EXAMPLES=1500` tries each law so often; 100 are enough every day.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType

import pytest

import nbs_cli.cloud
from nbs_cli.cloud import periods, retention
from nbs_cli.cloud.retention import Action, Rules, Scope, Snapshot
from nbs_cli.errors import Usage
from tests.cloud.laws import LAWS, NOW, hold

EXAMPLES = int(os.environ.get("RETENTION_EXAMPLES", "100"))
SEOUL = periods.zone("Asia/Seoul")


@pytest.mark.parametrize("law", LAWS)
def test_law(law: str) -> None:
    """The law holds."""
    hold(retention, law, 1 if law == "15 golden" else EXAMPLES)


# what is changed in which file, and the law that must not hold any more
MUTANTS: dict[str, tuple[str, list[tuple[str, str]], str]] = {
    "the future counts": ("retention", [("snapshot.created > scope.now", "False")], "11 future"),
    "any status counts": ("retention", [('snapshot.status != "available"', "False")], "10 strangers"),
    "anybody's counts": ("retention", [("snapshot.policy != scope.policy", "False")], "10 strangers"),
    "volumes are thrown together": (
        "retention",
        [("setdefault(snapshot.volume_id, [])", 'setdefault("", [])')],
        "12 volumes",
    ),
    "the oldest of a bucket": ("retention", [("key=_age, reverse=True", "key=_age, reverse=False")], "7 one rule"),
    "within counts from now": (
        "retention",
        [
            ("_judged(group, rules, zone))", "_judged(group, rules, zone, scope.now))"),
            (
                'rules: Rules, zone: tzinfo) -> list[Verdict]:\n    """The',
                'rules: Rules, zone: tzinfo, now: datetime) -> list[Verdict]:\n    """The',
            ),
            ("before(_time(ordered[0]), zone)", "before(now, zone)"),
        ],
        "9 time",
    ),
    "the host's zone": ("retention", [(".astimezone(zone))", ".astimezone())")], "14 host"),
    "the hour that comes twice is one": ("periods", [("when.hour, when.utcoffset()", "when.hour")], "15 golden"),
    "ties by the order of the list": (
        "retention",
        [("return _time(snapshot), snapshot.id", 'return _time(snapshot), ""')],
        "4 order",
    ),
    "one too many": ("retention", [("len(seen) < count", "len(seen) <= count")], "7 one rule"),
    "one too few": ("retention", [("len(seen) < count", "len(seen) + 1 < count")], "7 one rule"),
    "the calendar's year with the ISO week": (
        "periods",
        [("return when.isocalendar()[:2]", "return when.year, when.isocalendar()[1]")],
        "15 golden",
    ),
    "an empty policy": ("retention", [("if not rules.counted() and rules.within is None:", "if False:")], "15 golden"),
    "a rule uses up another's slots": (
        "retention",
        [("_newest_of_each(ordered, count", "_newest_of_each([one for one in ordered if not reasons[one.id]], count")],
        "17 union",
    ),
    "a month back is thirty days": (
        "periods",
        [("return when.replace(year=years, month=month_index + 1)", "return when - timedelta(days=30 * months)")],
        "15 golden",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_killed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module with this change breaks the law."""
    file, edits, law = MUTANTS[name]
    if file == "periods":
        changed = _mutated(periods, edits, monkeypatch)
        monkeypatch.setitem(sys.modules, "nbs_cli.cloud.periods", changed)
        monkeypatch.setattr(nbs_cli.cloud, "periods", changed)
        edits = []
    mutant = _mutated(retention, edits, monkeypatch)

    with pytest.raises((AssertionError, IndexError)):
        hold(mutant, law, 400, shrink=False)


def _mutated(module: ModuleType, edits: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    mutant = ModuleType(f"mutant_of_{module.__name__.rpartition('.')[2]}")
    monkeypatch.setitem(sys.modules, mutant.__name__, mutant)
    exec(compile(source, mutant.__name__, "exec"), vars(mutant))
    return mutant


def _snapshot(created: datetime | None, **more: str) -> Snapshot:
    return Snapshot(**{"id": "s", "volume_id": "v", "status": "available", "policy": "daily", **more}, created=created)


def test_reasons() -> None:
    """Every verdict says why: the rules that keep a snapshot, or what makes it none of the policy's business."""
    snapshots = [
        _snapshot(NOW - timedelta(days=1), id="1"),
        _snapshot(NOW - timedelta(days=2), id="2"),
        _snapshot(NOW - timedelta(days=40), id="3"),
        _snapshot(NOW, id="4", policy="weekly"),
        Snapshot("5", "v", "available", NOW),
        _snapshot(NOW, id="6", status="error"),
        _snapshot(NOW + timedelta(days=2), id="7"),
    ]
    verdicts = retention.plan(snapshots, Rules(last=1, daily=2), SEOUL, Scope("daily", NOW))

    assert [(one.action, one.reasons) for one in verdicts] == [
        (Action.KEEP, ("last", "daily")),
        (Action.KEEP, ("daily",)),
        (Action.REMOVE, ("no rule",)),
        (Action.LEAVE, ("policy weekly",)),
        (Action.LEAVE, ("unmanaged",)),
        (Action.LEAVE, ("status error",)),
        (Action.LEAVE, ("future",)),
    ]


def test_scope() -> None:
    """`unmanaged` takes everybody's in, `pattern` only names like it."""
    snapshots = [
        _snapshot(NOW - timedelta(days=day), id=str(day), policy=policy, name=name)
        for day, policy, name in ((1, "daily", "a-1"), (2, "weekly", "a-2"), (3, "daily", "b-1"), (4, "daily", "a-3"))
    ]
    everybody = retention.plan(snapshots, Rules(last=1), SEOUL, Scope("daily", NOW, unmanaged=True))
    named = retention.plan(snapshots, Rules(last=1), SEOUL, Scope("daily", NOW, pattern="a-*"))

    assert [one.action.value for one in everybody] == ["keep", "remove", "remove", "remove"]
    assert [one.action.value for one in named] == ["keep", "leave", "leave", "remove"]
    assert named[2].reasons == ("name",)


def test_a_candidate_without_a_time() -> None:
    """Nothing is planned where a candidate's age is not known; a stranger's is of no interest."""
    with pytest.raises(Usage, match="no time of creation"):
        retention.plan([_snapshot(None), _snapshot(NOW, id="2")], Rules(last=1), SEOUL, Scope("daily", NOW))
    verdicts = retention.plan([_snapshot(None, status="error")], Rules(last=1), SEOUL, Scope("daily", NOW))
    assert [one.action for one in verdicts] == [Action.LEAVE]


def test_rules_in_words() -> None:
    """The rules as people read them."""
    assert str(Rules(last=3, weekly=4, within=periods.window("14d"), text="14d")) == "last 3, weekly 4, within 14d"


def test_years_before_the_calendar() -> None:
    """A window longer than history keeps everything."""
    old = _snapshot(datetime(1970, 1, 3, tzinfo=timezone.utc))
    (verdict,) = retention.plan([old], Rules(within=periods.window("9999y")), SEOUL, Scope("daily", NOW))
    assert verdict.reasons == ("within",)
