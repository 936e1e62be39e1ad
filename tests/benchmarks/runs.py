"""Runs of whole processes, in turn: wall clock, CPU and peak memory as the operating system accounts for them."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    """Something to measure: a command, its environment and standard input, and what stands in the table.

    `must` and `goal` are limits for `figure` of all cases measured (see `table.py`), None where there is none. A case
    is run once every `every` rounds; `before` is called ahead of each run, `after` behind it.
    """

    name: str
    argv: Sequence[str]
    environ: dict[str, str]
    stdin: str = os.devnull
    every: int = 1
    before: Callable[[], object] = lambda: None
    after: Callable[[Case], object] = lambda _case: None
    code: int = 0
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: float = 0.0  # MiB
    notes: dict[str, Any] = field(default_factory=dict)

    def run(self, *, warm_up: bool = False) -> None:
        """Run it once; raises RuntimeError when it does not end as it should."""
        self.before()
        files = [
            (os.POSIX_SPAWN_OPEN, 0, self.stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        begun = time.perf_counter()
        child = os.posix_spawn(self.argv[0], list(self.argv), self.environ, file_actions=files)
        _pid, status, used = os.wait4(child, 0)
        took = time.perf_counter() - begun
        if os.waitstatus_to_exitcode(status) != self.code:
            raise RuntimeError(f"{self.name}: exit {os.waitstatus_to_exitcode(status)}: {' '.join(self.argv)}")
        self.after(self)
        if not warm_up:
            self.wall.append(took)
            self.cpu.append(used.ru_utime + used.ru_stime)
            self.peak = max(self.peak, used.ru_maxrss / 1024)

    @property
    def seconds(self) -> float:
        """The median of the wall clock."""
        return statistics.median(self.wall)

    @property
    def busy(self) -> float:
        """The median of the CPU seconds."""
        return statistics.median(self.cpu)

    def record(self) -> dict[str, Any]:
        """Everything that was measured, for JSON (seconds, MiB)."""
        return {
            "name": self.name,
            "command": list(self.argv),
            "runs": len(self.wall),
            "wall": {"min": min(self.wall), "median": self.seconds, "max": max(self.wall)},
            "cpu": {"min": min(self.cpu), "median": self.busy, "max": max(self.cpu)},
            "peak_mib": self.peak,
            **self.notes,
        }


def interleaved(cases: Sequence[Case], rounds: int, tell: Callable[[str], None]) -> None:
    """Run *cases* in turn, *rounds* times, after one round that is not counted."""
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}, load {os.getloadavg()[0]:.1f}")
        for case in cases:
            if number == 0 or (number - 1) % case.every == 0:
                case.run(warm_up=number == 0)
