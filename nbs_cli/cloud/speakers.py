"""Threads that hold the exchanges of a client, each kept for the next exchange: a bulk call has thousands of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Work = tuple[Callable[[], None], threading.Event] | None  # None: go home


class Speakers:
    """As many daemon threads as were ever needed at once; one that nobody waits for any more comes back by itself."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[Work]] = []

    def speak(self, work: Callable[[], None], done: threading.Event) -> None:
        """Have a thread do *work*, which raises nothing, and then set *done*."""
        try:
            desk = self._idle.pop()
        except IndexError:
            desk = SimpleQueue()
            threading.Thread(target=self._sit, args=(desk,), daemon=True).start()
        desk.put((work, done))

    def close(self) -> None:
        """Send the idle ones home; who works still is left to it."""
        while self._idle:
            self._idle.pop().put(None)

    def _sit(self, desk: SimpleQueue[Work]) -> None:
        while (task := desk.get()) is not None:
            work, done = task
            work()
            self._idle.append(desk)  # before anybody goes on who may need it at once
            done.set()
