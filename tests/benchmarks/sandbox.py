"""How quick the sandbox is, in figures: `python -m tests.benchmarks.sandbox`; ends 1 where one is over its limit.

The installed command and real HTTP: `sandbox seed` into a new file, then pages of 1,000 rows from `sandbox serve`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx

from tests.conftest import NBS
from tests.sandbox.served import client, serving

ROUNDS = 20
SEED_LIMIT, PAGE_LIMIT = 2.0, 0.060  # seconds
VOLUMES, SNAPSHOTS = 10_000, 2_000
PAGES = (
    "/volumes/detail?limit=1000",
    "/volumes/detail?limit=1000&marker={marker}",
    "/volumes/detail?limit=1000&sort=name:asc",
    "/volumes?limit=1000",
    "/snapshots/detail?limit=1000",
)


def main() -> int:
    """Measure, print a line for each figure, and give the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        state = str(Path(folder, "sandbox.sqlite3"))
        words = [NBS, "sandbox", "seed", str(VOLUMES), "--snapshots", str(SNAPSHOTS), "--state", state]
        fine = [told(f"seed {VOLUMES} volumes, {SNAPSHOTS} snapshots", SEED_LIMIT, [seconds(partial(seeded, words))])]
        with serving("--state", state) as served, closing(client(served.url)) as http:
            marker = http.get("/volumes", params={"limit": 1, "offset": VOLUMES - 1001}).json()["volumes"][0]["id"]
            pages = [pattern.format(marker=marker) for pattern in PAGES]
            fine += [
                told(page, PAGE_LIMIT, [seconds(partial(got, http, page)) for _ in range(ROUNDS)]) for page in pages
            ]
    return 0 if all(fine) else 1


def seeded(words: list[str]) -> None:
    """Run `sandbox seed`."""
    subprocess.run(words, check=True, capture_output=True)


def got(http: httpx.Client, path: str) -> None:
    """Read a page of 1,000 rows."""
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.text.count('"nhn_internal"') == 1000


def seconds(work: Callable[[], None]) -> float:
    """How long *work* takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def told(what: str, limit: float, times: list[float]) -> bool:
    """Print the figures of *what*; whether the median is within the *limit*."""
    median = statistics.median(times)
    figures = f"median {median * 1000:.0f} ms, slowest {max(times) * 1000:.0f} ms of {len(times)}"
    print(f"{what:<95} {figures} (limit {limit * 1000:.0f} ms)")
    return median <= limit


if __name__ == "__main__":
    sys.exit(main())
