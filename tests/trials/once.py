"""Create exactly once, trial by trial: a raw faulty road between nbs and the sandbox, its table as the oracle.

`python -m tests.trials.once --trials 1000` prints, for each fault, what became of it: faults.md §3.6. The sandbox and
its road run in a process of their own (`nbs sandbox serve`), nbs in another; a killed nbs in one more.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbs_cli.running import run
from nbs_cli.sandbox.cloud import Cloud
from nbs_cli.session import Session
from tests.conftest import NBS, Ran
from tests.trials.mix import KILL, MIX, WINDOW, Mixed, orders

BAD = ("duplicates", "unreported", "wrong", "unsettled", "odd code")
_KEY = re.compile(r"--request-key (\S+?)`")


@dataclass
class Tally:
    """What the trials of one fault came to: exit codes of the first run, what was wrong, how many were settled."""

    codes: Counter[int] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take the trials of another in."""
        self.codes += other.codes
        self.bad += other.bad
        self.settled += other.settled
        self.told += other.told


class Place:
    """A sandbox behind its faulty road, and the nbs that is tried against it."""

    def __init__(self, url: str, state: Path, environ: dict[str, str]) -> None:
        self.url = url
        self.cloud = Cloud(str(state))
        self.environ = {**os.environ, **environ, "NBS_SETTLE": f"{WINDOW}s"}

    def nbs(self, *words: str) -> Ran:
        """Run a command in this process."""
        out, err = io.StringIO(), io.StringIO()
        session = Session(self.environ, stdin=io.StringIO(), stdout=out, stderr=err)
        return Ran(run(list(words), session), out.getvalue(), err.getvalue())

    def killed(self, words: list[str], seconds: float) -> Ran:
        """Run a command in a process of its own, and kill it after *seconds*."""
        with subprocess.Popen(
            [NBS, *words], env=self.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
        return Ran(process.returncode, out, err)

    def rows(self, noun: str, name: str) -> list[dict[str, Any]]:
        """The oracle: what the cloud holds under *name*."""
        with self.cloud.reading() as turn:
            return [dict(row) for row in turn.db.execute(f"SELECT * FROM {noun} WHERE name = ?", (name,))]

    def calm(self, noun: str, name: str) -> None:
        """Take back every order, and what a trial has made: quotas are not what is tried."""
        self.cloud.cancel()
        with self.cloud.writing() as turn:
            turn.db.execute(f"DELETE FROM {noun} WHERE name = ?", (name,))


@contextmanager
def placed() -> Iterator[Place]:
    """A new sandbox in a process of its own, and a home for nbs."""
    folder = Path(tempfile.mkdtemp(prefix="nbs-trials-"))
    os.environ["XDG_STATE_HOME"] = str(folder / "home")
    line = [NBS, "sandbox", "serve", "--state", str(folder / "cloud"), "--delay", "0", "--snapshots-per-volume", "9999"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said: list[str] = []
        while not said or "ready" not in said[-1]:
            said.append(server.stdout.readline())
        environ = dict(shlex.split(one)[1].split("=", 1) for one in said if one.startswith("export"))
        place = Place(environ["NBS_IDENTITY_URL"], folder / "cloud", environ)
        try:
            yield place
        finally:
            place.cloud.close()
            server.terminate()
    shutil.rmtree(folder)


class Trial:
    """One create under one fault, its re-run when it could not be settled, and what the oracle says of both."""

    def __init__(self, place: Place, resource: str, fault: str, name: str, chance: random.Random) -> None:
        self.place, self.noun, self.fault, self.name, self.chance = place, f"{resource}s", fault, name, chance
        self.mixed = MIX.get(fault, Mixed(lambda _chance: []))
        self.given = self.mixed.given or chance.random() < 0.5
        self.words = [resource, "create", *(["--size", "1"] if resource == "volume" else [SOURCE]), "--name", name]
        self.tally = Tally()

    def run(self) -> Tally:
        """Order, create, settle, judge."""
        self.place.calm(self.noun, self.name)
        for order in orders(self.fault, self.noun, self.chance, failing=not self.given):
            self.place.cloud.order(order)
        words = [*self.words, *(["--request-key", self.name] if self.given else [])]
        if self.fault == KILL:
            self._judge_killed(self.place.killed(words, self.chance.uniform(0.1, 0.6)))
        else:
            self._judge(self.place.nbs(*words, *self.mixed.options))
        self.place.calm(self.noun, self.name)
        return self.tally

    def _judge(self, ran: Ran) -> None:
        self.tally.codes[int(ran.code)] += 1
        if ran.code not in self.mixed.codes:
            self._wrong("odd code", ran)
        if self.mixed.twins:
            ids = [row["id"] for row in self._rows()]
            if len(ids) != 2 or not all(one in ran.err for one in ids):
                self._wrong("unreported", ran)
            return
        if ran.code == 11:
            key = _KEY.search(ran.err)
            if key is None:
                self._wrong("unreported", ran)
                return
            time.sleep(self.mixed.later)
            ran = self._again(key[1])
        self._judge_end(ran)

    def _again(self, key: str) -> Ran:
        """One more run, with the key that the first one named; the road is mended by then, but for what is late."""
        self.place.cloud.cancel()
        again = self.place.nbs(*self.words, "--request-key", key)
        self.tally.settled += again.code == 0
        if again.code != 0:
            self._wrong("unsettled", again)
        return again

    def _judge_end(self, ran: Ran) -> None:
        """One where it says so, none where it was refused; never two."""
        time.sleep(0.6 * WINDOW if self.fault.startswith("late, at once") else 0)
        rows = self._rows()
        if len(rows) > 1:
            self._wrong("duplicates", ran)
        if rows and ran.code not in {0, 11} and not any(row["id"] in ran.err for row in rows):
            self._wrong("unreported", ran)
        if ran.code == 0 and not (rows and rows[0]["id"] in ran.out + ran.err):
            self._wrong("wrong", ran)

    def _judge_killed(self, ran: Ran) -> None:
        """What is in the cloud was told, or the doctor names its key; the doctor's command settles it."""
        self.tally.codes[int(ran.code)] += 1
        time.sleep(0.1)
        rows = self._rows()
        findings = json.loads(self.place.nbs("doctor", "-o", "json").out)
        keys = [
            one["request"]["key"]
            for one in findings
            if one.get("request", {}).get("parameters", {}).get("name") == self.name
        ]
        if rows and not keys and rows[0]["id"] not in ran.err and not self.given:
            self._wrong("unreported", ran)
        if keys or self.given:
            self._judge_end(self._again(keys[0] if keys else self.name))

    def _rows(self) -> list[dict[str, Any]]:
        return self.place.rows(self.noun, self.name)

    def _wrong(self, what: str, ran: Ran) -> None:
        self.tally.bad[what] += 1
        self.tally.told.append(
            f"{self.fault} ({self.name}, given={self.given}): {what}: exit {ran.code}: {ran.err.strip()[:300]}"
        )


SOURCE = "source"


def share(resource: str, faults: list[str], seed: int) -> dict[str, Tally]:
    """Run a trial for each of *faults*, against one sandbox, and tell what each kind came to."""
    chance = random.Random(seed)
    tallies: dict[str, Tally] = {name: Tally() for name in faults}
    with placed() as place:
        assert place.nbs("volume", "create", "--size", "1", "--name", SOURCE, "--wait", "-q").code == 0
        for number, name in enumerate(faults):
            tallies[name].add(Trial(place, resource, name, f"t-{seed}-{number}", chance).run())
    return tallies


def trials(number: int, resource: str, *, seed: int = 1, workers: int = 2) -> dict[str, Tally]:
    """Run *number* trials of *resource*, every fault as often as the others, in so many processes at once."""
    names = [*MIX, KILL]
    faults = [names[index % len(names)] for index in range(number)]
    shares = [faults[place::workers] for place in range(workers)]
    tallies = {name: Tally() for name in names}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        jobs = [pool.submit(share, resource, one, seed * 100 + place) for place, one in enumerate(shares) if one]
        for job in jobs:
            for name, tally in job.result().items():
                tallies[name].add(tally)
    return tallies


def table(resource: str, tallies: dict[str, Tally]) -> str:
    """The figures: faults × outcomes."""
    lines = [f"{resource:<20} trials  settled by a re-run  {'  '.join(BAD)}  exit codes"]
    for name, tally in tallies.items():
        bad = "  ".join(f"{tally.bad[what]:>{len(what)}}" for what in BAD)
        codes = " ".join(f"{code}:{count}" for code, count in sorted(tally.codes.items()))
        lines.append(f"{name:<20} {sum(tally.codes.values()):>6}  {tally.settled:>19}  {bad}  {codes}")
    total = sum(sum(tally.bad.values()) for tally in tallies.values())
    return "\n".join([*lines, f"{sum(sum(one.codes.values()) for one in tallies.values())} trials, {total} wrong"])


def wrongs(tallies: dict[str, Tally]) -> list[str]:
    """What was wrong, a line each."""
    return [line for tally in tallies.values() for line in tally.told]


def main() -> int:
    """Run the trials of both resources and print their figures; 1 when one was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help="how many for each resource")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--resource", choices=["volume", "snapshot"], action="append")
    asked = parser.parse_args()
    bad: list[str] = []
    for resource in asked.resource or ["volume", "snapshot"]:
        tallies = trials(asked.trials, resource, seed=asked.seed, workers=asked.workers)
        print(table(resource, tallies), flush=True)
        bad += wrongs(tallies)
    print(*bad, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
