"""Create exactly once under random faults: the short version of the long trials, every kind of fault at least once.

NBS_TRIALS raises the number for each resource (1,000 in the long run); `python -m tests.trials.once` does the same
without pytest. Figures are printed.
"""

from __future__ import annotations

import os

import pytest

from tests.trials.mix import KILL, MIX
from tests.trials.once import table, trials, wrongs

TRIALS = int(os.environ.get("NBS_TRIALS", "0"))
EVERYDAY = len([*MIX, KILL])


@pytest.mark.trials
@pytest.mark.skipif(not TRIALS, reason="NBS_TRIALS says how many; the everyday version is below")
@pytest.mark.parametrize("resource", ["volume", "snapshot"])
def test_many_trials(resource: str) -> None:
    """0 duplicates, 0 unreported, 0 wrong adoptions, every unknown settled by one re-run (trust.md 1)."""
    tallies = trials(TRIALS, resource)
    print(table(resource, tallies))
    assert wrongs(tallies) == []


def test_a_trial_of_each_fault() -> None:
    """The same oracle, one trial of each fault, in four processes: volumes, whose mark is their metadata."""
    tallies = trials(EVERYDAY, "volume", workers=4)
    print(table("volume", tallies))
    assert wrongs(tallies) == []
    assert sum(sum(one.codes.values()) for one in tallies.values()) == EVERYDAY
