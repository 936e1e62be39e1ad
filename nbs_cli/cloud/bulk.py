"""Many at once: threads on one client, every item tried, every outcome kept; some failures stop the rest."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from nbs_cli.errors import Failure, RateLimited, Unauthorized, Unavailable

PARALLEL = 8
_PATIENCE = 5.0  # seconds that requests have to finish after a signal
_TROUBLE = 3  # this many unreachable answers in a row, or failures of a kind, and the rest is not even tried


class Outcome:
    """What became of one item: a result or a failure, neither when it was not tried.

    `tried` without `done` is what was still out when the user would wait no longer; `gone` is what is no more.
    """

    def __init__(
        self,
        item: Any,
        result: Any = None,
        failure: Failure | None = None,
        *,
        tried: bool = False,
        done: bool = False,
    ) -> None:
        self.item = item
        self.result = result
        self.failure = failure
        self.tried = tried
        self.done = done
        self.gone = False


class _Crew:
    """The threads of one bulk call and what they share."""

    def __init__(
        self, work: Callable[[Any], Any], outcomes: Sequence[Outcome], trouble: tuple[type[Failure], ...]
    ) -> None:
        self.work = work
        self.kinds = trouble
        self.waiting = deque(outcomes)
        self.trouble = 0
        self.crash: BaseException | None = None
        self.working = 0
        self.over = threading.Event()  # a join that a signal interrupts may take its thread for ended
        self.lock = threading.Lock()

    def begin(self, count: int) -> None:
        """Start *count* threads; `over` is set when the last one ends, or when a signal let none begin."""
        self.working = 1  # who starts them counts too, until all that will be are started
        try:
            for _number in range(count):
                with self.lock:
                    self.working += 1
                threading.Thread(target=self._toil, daemon=True).start()
        finally:
            self._leave()

    def _toil(self) -> None:
        try:
            while (outcome := self._next()) is not None:
                self._do(outcome)
        finally:
            self._leave()

    def _leave(self) -> None:
        with self.lock:
            self.working -= 1
            if not self.working:
                self.over.set()

    def _do(self, outcome: Outcome) -> None:
        try:
            outcome.result = self.work(outcome.item)
        except Failure as failure:
            outcome.failure = failure
        except BaseException as crash:  # noqa: BLE001 a thread has no caller: the main thread raises it
            self.crash = crash
            self.stop()
        outcome.done = True
        self._judge(outcome.failure)

    def _next(self) -> Outcome | None:
        with self.lock:
            if not self.waiting:
                return None
            outcome = self.waiting.popleft()
            outcome.tried = True
            return outcome

    def _judge(self, failure: Failure | None) -> None:
        with self.lock:
            self.trouble = self.trouble + 1 if isinstance(failure, self.kinds) else 0
            if isinstance(failure, Unauthorized) or self.trouble >= _TROUBLE:
                self.waiting.clear()

    def stop(self) -> None:
        with self.lock:
            self.waiting.clear()


def at_once(
    work: Callable[[Any], Any],
    items: Sequence[Any],
    parallel: int = PARALLEL,
    interrupted: Callable[[list[Outcome]], None] | None = None,
    stop: Callable[[], None] = lambda: None,
    trouble: type[Failure] | None = None,
) -> list[Outcome]:
    """Do *work* on every one of *items*, *parallel* at a time, and give the outcomes in the order of the items.

    A refused login, or a server that is not there, ends the batch: what was not tried is marked so. With *trouble*,
    three failures of that kind in a row end it too. Ctrl-C, and every other signal that ends the command, starts
    nothing new, calls *stop*, gives the requests that are out a few seconds, tells *interrupted* the outcomes, and goes
    on its way.
    """
    outcomes = [Outcome(item) for item in items]
    crew = _Crew(work, outcomes, (Unavailable, RateLimited) if trouble is None else (trouble,))
    try:
        crew.begin(min(parallel, len(items)))
        crew.over.wait()
    except KeyboardInterrupt:
        crew.stop()
        stop()
        crew.over.wait(_PATIENCE)
        if interrupted is not None:
            interrupted(outcomes)
        raise
    if crew.crash is not None:
        raise crew.crash
    return outcomes
