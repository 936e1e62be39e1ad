"""Many at once: every item tried, every outcome kept, and an end to it where nothing helps."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pytest

from nbs_cli.cloud.bulk import PARALLEL, Outcome, at_once
from nbs_cli.errors import Conflict, Failure, LostAnswer, NotFound, RateLimited, Unauthorized, Unavailable


def test_outcomes_come_in_the_order_of_the_items() -> None:
    """However long each one takes."""

    def work(item: int) -> int:
        time.sleep(0.002 * (10 - item))
        return item * item

    outcomes = at_once(work, range(10))
    assert [outcome.item for outcome in outcomes] == list(range(10))
    assert [outcome.result for outcome in outcomes] == [item * item for item in range(10)]
    assert all(outcome.tried and outcome.failure is None for outcome in outcomes)


def test_nothing_is_no_work() -> None:
    """An empty list ends at once."""
    assert at_once(lambda _item: 1 / 0, []) == []


@pytest.mark.parametrize("parallel", [1, 3, PARALLEL, 50])
def test_as_many_at_a_time_as_allowed(parallel: int) -> None:
    """So many are under way together (each waits for the others), and never more."""
    together = min(parallel, 24)
    gate, lock, now, most = threading.Barrier(together), threading.Lock(), 0, 0

    def work(_item: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        gate.wait(10)
        with lock:
            now -= 1

    outcomes = at_once(work, range(24), parallel)
    assert all(outcome.failure is None for outcome in outcomes)
    assert most <= together


@pytest.mark.parametrize("kind", [NotFound, Conflict, Failure])
def test_a_failure_of_one_does_not_stop_the_others(kind: type[Failure]) -> None:
    """What is about the item is about the item (trust.md)."""

    def work(item: int) -> int:
        if item % 3 == 0:
            raise kind(str(item))
        return item

    outcomes = at_once(work, range(30))
    assert all(outcome.tried for outcome in outcomes)
    assert [outcome.item for outcome in outcomes if outcome.failure] == list(range(0, 30, 3))
    assert {str(outcome.failure) for outcome in outcomes if outcome.failure} == {str(n) for n in range(0, 30, 3)}


@pytest.mark.parametrize(("kind", "most"), [(Unauthorized, 1), (Unavailable, 3), (LostAnswer, 3), (RateLimited, 3)])
def test_where_nothing_helps_the_rest_is_not_tried(kind: type[Failure], most: int) -> None:
    """A refused login ends the batch at once, a server that is not there after three in a row (A12)."""
    tried: list[int] = []

    def work(item: int) -> None:
        tried.append(item)
        raise kind("no")

    outcomes = at_once(work, range(500), parallel=1)
    assert tried == list(range(most))
    assert [outcome.tried for outcome in outcomes] == [True] * most + [False] * (500 - most)
    assert all(outcome.failure is None and outcome.result is None for outcome in outcomes if not outcome.tried)


def test_an_outage_costs_few_requests_with_threads_too() -> None:
    """Those that are under way finish, and no more begin."""
    tried: list[int] = []

    def work(item: int) -> None:
        tried.append(item)
        time.sleep(0.01)
        raise Unavailable("no")

    at_once(work, range(500))
    assert len(tried) <= 3 + 2 * PARALLEL


def test_trouble_that_passes_is_no_outage() -> None:
    """Only failures in a row count: two, and one that works, over and over."""

    def work(item: int) -> int:
        if item % 3:
            raise Unavailable("no")
        return item

    outcomes = at_once(work, range(60), parallel=1)
    assert all(outcome.tried for outcome in outcomes)


def test_a_mistake_in_the_work_is_raised() -> None:
    """A thread has no caller: what is no Failure comes out in the main thread, and stops the rest."""
    tried: list[int] = []

    def work(item: int) -> None:
        tried.append(item)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        at_once(work, range(100), parallel=1)
    assert tried == [0]


@pytest.mark.parametrize("after", [0.0, 0.05], ids=["while threads start", "while they work"])
@pytest.mark.parametrize("slowest", range(4))
def test_an_interrupt_starts_nothing_new_and_lets_the_rest_finish(after: float, slowest: int) -> None:
    """Ctrl-C: what is out comes to its end, what was not begun is told so, and the interrupt goes on its way.

    Also the one that was being waited for: a `Thread.join` that is interrupted takes its thread for dead (gh-90882).
    """
    begun: list[int] = []
    ended: list[int] = []
    told: list[list[Outcome]] = []
    main = threading.get_ident()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            time.sleep(after)
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.6 if item == slowest else 0.2)
        ended.append(item)
        return item

    try:
        with pytest.raises(KeyboardInterrupt):
            at_once(work, range(50), 4, interrupted=told.append)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= 8
    (outcomes,) = told
    assert [outcome.item for outcome in outcomes] == list(range(50))
    assert sum(outcome.tried for outcome in outcomes) == len(begun)
    assert all((outcome.result == outcome.item) == outcome.tried for outcome in outcomes if outcome.item)


def test_an_outcome_begins_untried() -> None:
    """What was never begun has neither a result nor a failure."""
    outcome: Any = Outcome("x")
    assert (outcome.result, outcome.failure, outcome.tried) == (None, None, False)


@pytest.mark.parametrize(("kinds", "tried"), [([Conflict] * 9, 3), ([Conflict, Conflict, None] * 3, 9)])
def test_three_of_a_kind_end_a_batch_that_is_careful(kinds: list[type[Failure] | None], tried: int) -> None:
    """With *trouble* three failures of that kind in a row are enough; a success in between begins anew."""

    def work(kind: type[Failure] | None) -> None:
        if kind is not None:
            raise kind("no")

    outcomes = at_once(work, kinds, parallel=1, trouble=Failure)
    assert sum(outcome.tried for outcome in outcomes) == tried
