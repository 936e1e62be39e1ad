"""When the same request is sent again: faults that pass, pauses drawn by lot, and a budget for the whole command.

Source: trust.md, the HTTP module (retries).
"""

from __future__ import annotations

import email.utils
import random
import threading
import time

from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.request import Request
from nbs_cli.errors import Failure, LostAnswer, RateLimited, Unavailable

SENDS = 4  # of one request, in all
_PAUSE, _LONGEST_PAUSE = 0.5, 20.0  # seconds: full jitter over 0.5·2ⁿ
_LONGEST_WISH = 30.0  # seconds that a server may ask for
_ROOM = 0.25  # seconds that a send must have left: one with less would cover what is known by "no answer in 0.0s"
_RETRIED = frozenset({408, 429, 502, 503, 504})
_BUDGET, _COST, _GAIN = 500, 5, 1


class Budget:
    """How often one command may send again, all its requests together: a hundred times, and once more for five answers.

    Four sends of every request are a help to one, and a flood from a bulk command during an outage (faults.md A12).
    """

    def __init__(self) -> None:
        self._left = _BUDGET
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Take what one more send costs; False where too little is left."""
        with self._lock:
            if self._left < _COST:
                return False
            self._left -= _COST
            return True

    def earn(self) -> None:
        """A request was answered."""
        with self._lock:
            self._left = min(_BUDGET, self._left + _GAIN)


def pause(request: Request, failure: Failure, attempt: int, deadline: Deadline, budget: Budget) -> float | None:
    """Seconds until *request* is sent again after its *attempt*-th send ended in *failure*, None when it is not."""
    if attempt == SENDS or not _passing(failure, repeatable=request.repeatable):
        return None
    # jitter needs no secrecy
    seconds = random.uniform(0, min(_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE))  # noqa: S311
    if failure.retry_after is not None:
        seconds = failure.retry_after
    # a pause that does not fit, or is out of all proportion, is not slept: the failure is told at once
    fits = seconds <= _LONGEST_WISH and seconds + _ROOM <= deadline.left(seconds + _ROOM)
    return seconds if fits and budget.spend() else None


def _passing(failure: Failure, *, repeatable: bool) -> bool:
    """Whether the same request may fare better in a moment, and does no harm if it is sent again.

    What was refused for its rate, or never left this machine, may go again whatever it is.
    """
    if isinstance(failure, RateLimited):
        return True
    if not isinstance(failure, Unavailable) or not failure.passing:
        return False
    if isinstance(failure, LostAnswer) and not repeatable:
        return False
    return failure.http_status is None or failure.http_status in _RETRIED


def wished(retry_after: str | None) -> float | None:
    """Read a Retry-After (seconds, or an HTTP date) in seconds; 0 for a past one, None for none and for nonsense."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal() and len(retry_after) < 10:
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
