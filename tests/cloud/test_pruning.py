"""What pruning reads of the wire, and what it refuses: marks, times, guards. The deeds are tested with the command."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from nbs_cli.cloud import pruning
from nbs_cli.cloud.marks import Wish, key_of, policy_of
from nbs_cli.cloud.resources import SNAPSHOT
from nbs_cli.cloud.retention import Action, Snapshot, Verdict
from nbs_cli.errors import Usage

WIRE = {"id": "s", "volume_id": "v", "status": "available", "name": None, "created_at": "2026-03-01T16:00:00.000000"}


@pytest.mark.parametrize(
    ("description", "policy"),
    [
        ("[nbs:abcdefghijklmnop:daily]", "daily"),
        ("before the upgrade [nbs:abcdefghijklmnop:daily.2_x-y]", "daily.2_x-y"),
        ("[nbs:abcdefghijklmnop]", None),
        ("[nbs:abc:daily] and more", None),
        ("x[nbs:abc:daily]", None),
        ("[nbs::daily]", None),
        ("[nbs:abc:]", None),
        ("[NBS:abc:daily]", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_marks(description: Any, policy: str | None) -> None:
    """Only a whole mark at the very end makes a snapshot a policy's."""
    assert policy_of({**WIRE, "description": description}) == policy
    assert pruning.read({**WIRE, "description": description}).policy == policy


@pytest.mark.parametrize("text", [None, "", "정기 점검"])
def test_a_wish_bears_its_policy(text: str | None) -> None:
    """The mark that a create sends is read back as its key and its policy, and stands within 255 characters."""
    body = {"volume_id": "v", **({} if text is None else {"description": text})}
    record = Wish(SNAPSHOT, body, "abcdefghijklmnop", policy="daily").marked()
    assert (key_of(SNAPSHOT, record), policy_of(record)) == ("abcdefghijklmnop", "daily")
    assert policy_of(Wish(SNAPSHOT, body, "abcdefghijklmnop").marked()) is None


@pytest.mark.parametrize(
    ("created", "read"),
    [
        ("2026-03-01T16:00:00.163206", "2026-03-01T16:00:00+00:00"),
        ("2026-03-01T16:00:00Z", "2026-03-01T16:00:00+00:00"),
        ("2026-03-01T16:00:00+09:00", "2026-03-01T07:00:00+00:00"),
        ("1969-12-31T00:00:00", None),
        ("2026-13-01T00:00:00", None),
        (None, None),
        (5, None),
    ],
)
def test_times(created: Any, read: str | None) -> None:
    """UTC unless said otherwise; fractions are dropped, for answers differ in them; what is no time is None."""
    found = pruning.read({**WIRE, "created_at": created}).created
    assert (found.astimezone(timezone.utc).isoformat() if found else None) == read


def _verdicts(keep: int, remove: int, leave: int = 0) -> list[Verdict]:
    begin = datetime(2026, 3, 1, tzinfo=timezone.utc)
    actions = [Action.KEEP] * keep + [Action.REMOVE] * remove + [Action.LEAVE] * leave
    return [
        Verdict(Snapshot(f"{number:03}", "v", "available", begin - timedelta(hours=number)), action)
        for number, action in enumerate(actions)
    ]


@pytest.mark.parametrize(
    ("keep", "remove", "most", "fine"),
    [
        (1, 1, None, True),
        (1, 2, None, False),
        (20, 20, None, True),
        (30, 21, None, False),
        (30, 21, 21, True),
        (1, 9, 9, True),
        (1, 9, 8, False),
        (9, 1, 1, True),
        (5, 0, None, True),
        (0, 0, None, True),
        (0, 1, 99, False),
        (0, 5, 99, False),
    ],
)
def test_guards(keep: int, remove: int, most: int | None, fine: bool) -> None:
    """Half and twenty, or what --max-delete says; a plan that empties a volume is refused whatever is said."""
    verdicts = _verdicts(keep, remove, leave=7)
    if fine:
        pruning.guard(verdicts, most)
    else:
        with pytest.raises(Usage):
            pruning.guard(verdicts, most)


def test_the_oldest_goes_first() -> None:
    """What goes is in the order of its age, whatever the order of the plan."""
    assert [one.id for one in pruning.going(_verdicts(2, 3))] == ["004", "003", "002"]
