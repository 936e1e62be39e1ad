"""Many at once: threads on one client, every item tried, every outcome kept; some failures stop the rest."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nbs_cli.errors import Failure, RateLimited, Unauthorized, Unavailable

PARALLEL = 8
_PATIENCE = 5.0  # seconds that requests have to finish after a signal
_TROUBLE = 3  # this many unreachable answers in a row, and the rest is not even tried


@dataclass
class Outcome:
    """What became of one item: a result or a failure, neither when it was not tried.

    `tried` without `done` is what was still out when the user would wait no longer; `gone` is what is no more.
    """

    item: Any
    result: Any = None
    failure: Failure | None = None
    tried: bool = False
    done: bool = False
    gone: bool = False


class _Crew:
    """The threads of one bulk call and what they share."""

    def __init__(self, work: Callable[[Any], Any], outcomes: Sequence[Outcome]) -> None:
        self.work = work
        self.waiting = deque(outcomes)
        self.trouble = 0
        self.crash: BaseException | None = None
        self.lock = threading.Lock()

    def toil(self) -> None:
        while (outcome := self._next()) is not None:
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
            self.trouble = self.trouble + 1 if isinstance(failure, Unavailable | RateLimited) else 0
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
) -> list[Outcome]:
    """Do *work* on every one of *items*, *parallel* at a time, and give the outcomes in the order of the items.

    A refused login, or a server that is not there, ends the batch: what was not tried is marked so. Ctrl-C, and every
    other signal that ends the command, starts nothing new, gives the requests that are out a few seconds, tells
    *interrupted* the outcomes, and goes on its way.
    """
    outcomes = [Outcome(item) for item in items]
    crew = _Crew(work, outcomes)
    threads = [threading.Thread(target=crew.toil, daemon=True) for _number in range(min(parallel, len(items)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        crew.stop()
        patience = time.monotonic() + _PATIENCE
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, patience - time.monotonic()))
        if interrupted is not None:
            interrupted(outcomes)
        raise
    if crew.crash is not None:
        raise crew.crash
    return outcomes
