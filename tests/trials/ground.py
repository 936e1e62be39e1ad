"""What the trials stand on: a home of their own, a served cloud, commands with a limit, and a table of figures.

`python -m tests.trials.NAME [--trials N]` runs one and exits 1 when a promise was not kept.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waitress.server import create_server

from nbs_cli.running import run
from nbs_cli.sandbox.cloud import Cloud, Settings
from nbs_cli.sandbox.web import application
from nbs_cli.session import Session
from tests.conftest import NBS, Call, Ran, Served, recording

MEBIBYTE = 1 << 20


@dataclass
class Figure:
    """What one row of a trial came to: how many were tried, which of them broke the promise, and what was measured."""

    what: str
    trials: int = 0
    broken: list[str] = field(default_factory=list)
    note: str = ""
    untried: str = ""  # why nothing was tried here

    @property
    def kept(self) -> bool:
        """Whether the promise was kept, as far as it could be tried here."""
        return not self.broken and bool(self.trials or self.untried)

    @property
    def words(self) -> str:
        """What is said behind the numbers."""
        return f"NOT TRIED: {self.untried}" if self.untried else self.note

    def count(self, kept: bool, else_: str) -> None:
        """One trial more; *else_* says what happened where the promise was not kept."""
        self.trials += 1
        if not kept:
            self.broken.append(else_)


Trial = Callable[[int], list[Figure]]


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned lines, and below them the first few of what was broken."""
    wide = max(len(figure.what) for figure in figures)
    lines = [f"{'':{wide}}  trials  broken"]
    lines += [f"{one.what:{wide}}  {one.trials:6}  {len(one.broken):6}  {one.words}".rstrip() for one in figures]
    for one in figures:
        lines += [f"  {one.what}: {words}" for words in one.broken[:5]]
    return "\n".join(lines)


def main(trial: Trial, usual: int) -> None:
    """Run *trial* in a home of its own, print its figures, and exit 1 when something was broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=usual, help="how many of each")
    wanted = parser.parse_args().trials
    began = time.monotonic()
    with private():
        figures = trial(wanted)
    print(
        f"{table(figures)}\n{time.monotonic() - began:.0f} s, load {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores"
    )
    raise SystemExit(not all(one.kept for one in figures))


@contextlib.contextmanager
def private() -> Iterator[Path]:
    """A home of its own, which is the working directory too, and no variable that nbs would read."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="nbs-trial-", ignore_cleanup_errors=True) as home:
        for name in before:
            if name.startswith(("NBS_", "OS_", "XDG_", "PYTHON", "SUDO_")) or name.upper().endswith("_PROXY"):
                del os.environ[name]
        os.environ.update(HOME=home, TZ="UTC")
        try:
            with working_in(home):
                yield Path(home)
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def working_in(folder: str) -> Iterator[None]:
    """Another working directory for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def serving(wrap: Callable[[Any], Any] | None = None, **settings: Any) -> Iterator[Served]:
    """A new cloud over real HTTP in which nothing takes time, and what reached it."""
    cloud = Cloud(":memory:", Settings(**{"delay": 0, **settings}))
    calls: list[Call] = []
    app = application(cloud)
    server = create_server(recording(wrap(app) if wrap else app, calls), host="127.0.0.1", port=0, threads=16)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Served(cloud, f"http://127.0.0.1:{server.effective_port}", calls)
    finally:
        server.trigger.pull_trigger(server._map.clear)  # an empty map ends waitress's loop, in its own thread
        thread.join(5)
        server.task_dispatcher.shutdown()
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()
        cloud.close()


def inside(*args: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Ran:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    session = Session({**os.environ, **(env or {})}, stdin=io.StringIO(stdin), stdout=out, stderr=err)
    return Ran(run(list(args), session), out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Measured(Ran):
    """A process that ended: how long it took from its start, and the most memory that it held (bytes)."""

    seconds: float
    memory: int


_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
# the peak of this process alone: what getrusage tells begins with that of the process that started it
_PROGRAM = """
import pathlib, sys
from nbs_cli.__main__ import main
code = main(sys.argv[2:])
sys.stdout.flush()
pathlib.Path(sys.argv[1]).write_text(pathlib.Path("/proc/self/status").read_text())
sys.exit(code)
"""


def measured(*args: str, env: Mapping[str, str] | None = None, limit: float = 120) -> Measured:
    """Run a command in a process of its own, and measure it."""
    with tempfile.NamedTemporaryFile() as status:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, status.name, *args],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        took = time.monotonic() - began
        peak = _PEAK.search(Path(status.name).read_text(encoding="utf-8"))
    return Measured(done.returncode, done.stdout, done.stderr, took, int(peak[1]) * 1024 if peak else 0)


def outside(*args: str, env: Mapping[str, str] | None = None, stdin: str = "", limit: float = 120) -> Ran:
    """Run the installed command in a process of its own."""
    done = subprocess.run(
        [NBS, *args],
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=limit,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
