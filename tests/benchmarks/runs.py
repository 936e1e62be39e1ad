"""Runs of whole processes, in turn: wall clock, CPU and peak memory as the operating system accounts for them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Spawner:
    """The small process that starts what is measured."""

    def __init__(self) -> None:
        words = [sys.executable, "-I", "-S", str(Path(__file__).with_name("spawner.py"))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, argv: Sequence[str], environ: dict[str, str], stdin: str = os.devnull) -> dict[str, Any]:
        """Run *argv* with *stdin*, a file: `wall` and `cpu` in seconds, `peak` in MiB, `code`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"argv": list(argv), "environ": environ, "stdin": stdin}) + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def close(self) -> None:
        """End it."""
        self.process.communicate()


@dataclass
class Case:
    """Something to measure: a command, its environment and standard input, and what stands in the table.

    A case is run once every `every` rounds; `before` is called ahead of each run, `after` behind it; `code` is how it
    has to end. `beside` is what the yardstick took just ahead of each run. What should come of it stands in `table.py`.
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
    beside: list[float] = field(default_factory=list)
    peak: float = 0.0  # MiB
    notes: dict[str, Any] = field(default_factory=dict)

    def run(self, spawner: Spawner, *, warm_up: bool = False) -> None:
        """Run it once; raises RuntimeError when it does not end as it should."""
        self.before()
        told = spawner.run(self.argv, self.environ, self.stdin)
        if told["code"] != self.code:
            raise RuntimeError(f"{self.name}: exit {told['code']}: {' '.join(self.argv)}")
        self.after(self)
        if not warm_up:
            self.wall.append(told["wall"])
            self.cpu.append(told["cpu"])
            self.peak = max(self.peak, told["peak"])

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
            "wall": {"min": min(self.wall), "median": self.seconds, "max": max(self.wall), "all": self.wall},
            "beside": self.beside,
            "cpu": {"min": min(self.cpu), "median": self.busy, "max": max(self.cpu)},
            "peak_mib": self.peak,
            **self.notes,
        }


def interleaved(yardstick: Case, cases: Sequence[Case], rounds: int, tell: Callable[[str], None]) -> None:
    """Run *cases* in turn, *rounds* times, after one round that is not counted; *yardstick* just ahead of each."""
    spawner = Spawner()
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}, load {os.getloadavg()[0]:.1f}")
        for case in cases:
            if number == 0 or (number - 1) % case.every == 0:
                yardstick.run(spawner, warm_up=number == 0)
                case.run(spawner, warm_up=number == 0)
                case.beside += yardstick.wall[-1:]
    spawner.close()
