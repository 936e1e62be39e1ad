"""How long a command may take: a limit for each call, and a hard total when the user named one."""

from __future__ import annotations

import threading
import time

CALL = 60.0  # seconds for one request, and for one page of a list
CREATE = 150.0  # longer than a gateway's own time-out, so that the gateway answers first
WAIT = 600.0
IMAGE_WAIT = 1800.0
SETTLE = 30.0  # seconds that a create whose answer was lost is looked for


class Deadline:
    """The end of a command by the monotonic clock: *total* seconds from *began* (now by default), None for no end."""

    def __init__(self, total: float | None = None, began: float | None = None) -> None:
        start = time.monotonic() if began is None else began
        self._end = None if total is None else start + total
        self._cut = threading.Event()

    def left(self, limit: float) -> float:
        """Seconds that a step of at most *limit* seconds may take; 0 when the time is up."""
        if self._end is None:
            return limit
        return max(0.0, min(limit, self._end - time.monotonic()))

    def rest(self, seconds: float) -> bool:
        """Let *seconds* pass; false, at once or in between, when the end comes before or nobody waits any more."""
        if self.left(seconds) < seconds:
            return False
        return not self._cut.wait(seconds) if seconds else not self._cut.is_set()

    def cut(self) -> None:
        """Nobody waits any more: what rests ends its rest; what is out may come back."""
        self._cut.set()

    def allow(self, seconds: float) -> None:
        """Let what comes last take *seconds*, though the time is up: the look at the end of a wait."""
        if self._end is not None:
            self._end = max(self._end, time.monotonic() + seconds)
