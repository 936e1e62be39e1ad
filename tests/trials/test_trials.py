"""The trials, small every day where that costs little, and long by `pytest -m trials -s`; each keeps its promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbs_cli.grammar import PRINTS
from tests.conftest import Ran
from tests.output.conftest import PAYLOADS
from tests.trials import canary, deadlines, fuzz, mutants, origins, paging, payloads, storm
from tests.trials.ground import Figure, Trial, private, table

LONG: dict[str, tuple[Trial, int]] = {
    "deadlines": (deadlines.trial, deadlines.TRIALS),
    "origins": (origins.trial, origins.TRIALS),
    "canary": (canary.trial, canary.TRIALS),
    "paging": (paging.trial, paging.TRIALS),
    "storm": (storm.trial, storm.TRIALS),
    "fuzz": (fuzz.trial, fuzz.TRIALS),
    "payloads": (payloads.trial, payloads.TRIALS),
    "mutants": (mutants.trial, mutants.TRIALS),
}


def kept(figures: list[Figure]) -> None:
    """Print the figures; every promise was kept, and something was tried."""
    print(f"\n{table(figures)}")
    assert [one.what for one in figures if not one.kept] == []


@pytest.mark.trials
@pytest.mark.parametrize("name", LONG)
def test_long(name: str) -> None:
    """The trial in full."""
    trial, trials = LONG[name]
    with private():
        kept(trial(trials))


def test_fuzz_of_every_day() -> None:
    """A hundred answers, command lines and configs of any kind: 0 tracebacks (trust.md 10)."""
    with private(), fuzz.quick():
        kept([fuzz.answers(60), fuzz.lines(60), fuzz.configs(20)])


def test_payloads_of_every_day() -> None:
    """Two payloads in every field of a volume (trust.md 8)."""
    few = {name: PAYLOADS[name] for name in ("8-bit CSI", "override")}
    kept([payloads.fields(few, "volume", payloads.VOLUME), payloads.progress(few)])


def test_paging_of_every_day() -> None:
    """A few lists that change while they are read, and a link elsewhere (trust.md 5)."""
    kept([paging.changing("B11, B12", 4, paging.both), paging.elsewhere(1)])


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_can_be_made(mutant: mutants.Mutant) -> None:
    """Its text stands in just one file, and is Python with the mistake too: code that moves takes its mutants along."""
    _path, before, mistaken = mutants.placed(mutant, mutants.ROOT)
    assert mistaken != before


def test_every_trial_is_told(request: pytest.FixtureRequest) -> None:
    """tests/README.md has the command of each trial, and each file of this folder is one or stands below them."""
    told = (request.config.rootpath / "tests" / "README.md").read_text(encoding="utf-8")
    names = {path.stem for path in Path(__file__).parent.glob("*.py")} - {"__init__", "ground", "mix", "test_trials"}
    subjects = {name for name in names if not name.startswith("test_")}
    assert subjects == {*LONG, "once"}
    assert all(f"python -m tests.trials.{name}" in told for name in subjects)
    assert all(f"tests/trials/{name}.py" in told for name in names - subjects - {"test_once"})


def test_a_broken_promise_is_noticed() -> None:
    """A figure with a broken trial, or without any, is none that was kept; and says what happened."""
    figure = Figure("x")
    assert not figure.kept
    figure.count(kept=False, else_="it burnt")
    assert not Figure("y", 2, ["once"]).kept
    assert Figure("y", 2).kept
    assert "x: it burnt" in table([figure])
    assert paging.whole(Ran(0, "a\n", ""), ["a", "b"], ["a", "b"]) == "exit 0, and 1 rows are missing"
    assert canary.leaks(f"x{canary.PASSWORD}x".encode())


def test_no_command_escapes_the_canary() -> None:
    """The trial of secrets has words for every command, or says why not."""
    assert set(canary.LINES) | canary.UNTRIED == set(PRINTS)
