"""Every command ends, and no answer exhausts the machine: rows A1 to A6, A18, A19 and F2 to F5 of the faults."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.accounts import LIST, login_words
from tests.cloud.conftest import with_token
from tests.cloud.faulty import Behaviour, Faulty, answer, drip_body, drip_headers, flood, hundreds, mute
from tests.daemon import WHERE, Bus, bus, mute_bus, mute_prompter
from tests.trials.ground import MEBIBYTE, Figure, Measured, main, measured, outside, serving

TRIALS = 20
LIMIT = 1.0  # seconds that each command is given
GRACE = 0.5
LARGEST = 100 * MEBIBYTE
SOON = 2.0  # seconds in which a flood is refused
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("unshare") is not None


def trial(trials: int) -> list[Figure]:
    """All rows, *trials* of each."""
    return [*slow(trials), *names(trials), *large(trials), *keyrings(trials)]


def starting() -> float:
    """Seconds that a process takes here and now until nbs begins, and to end."""
    return statistics.median(measured("--version").seconds for _number in range(5))


def ended(figure: Figure, done: Measured, limit: float, code: int = 9) -> None:
    """Count a command that has to end with *code* in *limit* seconds, in words."""
    kept = done.seconds <= limit and done.code == code and "Traceback" not in done.err
    figure.count(kept, f"{done.seconds:.2f} s, exit {done.code}: {done.err[:120]}")


def timed(figure: Figure, trials: int, own: float, env: Mapping[str, str], words: tuple[str, ...], code: int) -> None:
    """Run a command *trials* times and note the slowest.

    It may take the limit, the grace, and what it takes by itself: *own*, measured before, and as much more as starting
    a process takes longer right before or after it. A machine that others use is not a command that does not end.
    """
    usual, slowest, most = starting(), 0.0, 0.0
    before = usual
    for _number in range(trials):
        done = measured(*words, env=env)
        after = measured("--version").seconds
        allowed = LIMIT + GRACE + own * max(1.0, before / usual, after / usual)
        before = after
        slowest, most = max(slowest, done.seconds), max(most, allowed)
        ended(figure, done, allowed, code)
    figure.note = f"slowest {slowest:.2f} s, allowed {LIMIT + GRACE + own:.2f} to {most:.2f} s"


def slow(trials: int) -> Iterator[Figure]:
    """A1 to A4: silence, a byte a second, endless 100s."""
    rows: dict[str, Behaviour] = {
        "A1 headers": drip_headers,
        "A2 body": drip_body,
        "A3 100s": hundreds,
        "A4 mute": mute,
    }
    own = starting()
    for name, behaviour in rows.items():
        figure = Figure(name)
        with contextlib.closing(Faulty([behaviour])) as server:
            timed(figure, trials, own, with_token(server), ("volume", "list", "--timeout", f"{LIMIT}s"), 9)
        yield figure


def names(trials: int) -> Iterator[Figure]:
    """A5 a resolver that never answers, A6 eight addresses of which none does."""
    for name, host in (("A5 mute DNS", "nowhere.example"), ("A6 black holes", "hole.example")):
        figure = Figure(name)
        if not ROOT:
            figure.untried = "a resolver of one's own needs root and unshare"
            yield figure
            continue
        with black_holes() as port:
            env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "t", "NBS_ENDPOINT": f"https://{host}:{port}"}
            before = starting()
            told = apart(trials, env)
            allowed = LIMIT + GRACE + max(before, starting())
        for done in told:
            ended(figure, done, allowed)
        figure.note = f"slowest {max(done.seconds for done in told):.2f} s, allowed {allowed:.2f} s"
        yield figure


@contextlib.contextmanager
def black_holes() -> Iterator[int]:
    """A port of eight addresses of this machine where a connection is never made: their queues are full."""
    held: list[socket.socket] = []
    port = 0
    try:
        for number in range(1, 9):
            hole = socket.socket()
            held.append(hole)
            hole.bind((f"127.0.1.{number}", port))
            port = hole.getsockname()[1]
            hole.listen(0)
            for _knock in range(3):
                knocker = socket.socket()
                knocker.settimeout(0)
                held.append(knocker)
                with contextlib.suppress(BlockingIOError):
                    knocker.connect(hole.getsockname())
        yield port
    finally:
        for one in held:
            one.close()


_APART = """
import dataclasses, json, os, pathlib, socket, subprocess, sys
trials, limit, folder = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
(folder / "resolv.conf").write_text("nameserver 127.0.0.53\\n")
lines = [f"127.0.1.{number} hole.example" for number in range(1, 9)]
(folder / "hosts").write_text("\\n".join(["127.0.0.1 localhost", *lines, ""]))
(folder / "nsswitch.conf").write_text("hosts: files dns\\n")
for name in ("resolv.conf", "hosts", "nsswitch.conf"):
    place = pathlib.Path("/etc", name)
    if place.exists():
        subprocess.run(["mount", "--bind", str(folder / name), str(place.resolve())], check=True)
mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mute.bind(("127.0.0.53", 53))
from tests.trials.ground import measured
done = [dataclasses.asdict(measured("volume", "list", "--timeout", limit)) for _number in range(trials)]
print(json.dumps(done))
"""


def apart(trials: int, env: Mapping[str, str]) -> list[Measured]:
    """Run the list where names are resolved by a mute server, and `hole.example` is eight addresses."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["unshare", "-m", sys.executable, "-c", _APART, str(trials), f"{LIMIT}s", folder],
            env={**os.environ, **env, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [Measured(**one) for one in json.loads(done.stdout)]


def large(trials: int) -> Iterator[Figure]:
    """A18 bodies of 10 GB, A19 bombs: refused soon, in little memory."""
    ten = 10_000_000_000
    bomb = gzip.compress(bytes(1 << 30), 6)
    rows: dict[str, Behaviour] = {
        "A18 10 GB, declared": flood(ten, declared=True),
        "A18 10 GB": flood(ten),
        "A19 gzip bomb": answer(200, bomb, Content_Encoding="gzip"),
        "A19 gzip of gzip": answer(200, gzip.compress(bomb), Content_Encoding="gzip, gzip"),
        "A19 gzip, not said": answer(200, bomb),
    }
    allowed = SOON + starting()
    for name, behaviour in rows.items():
        figure, slowest, most = Figure(name), 0.0, 0
        with contextlib.closing(Faulty([behaviour])) as server:
            for _number in range(max(1, trials // 4)):
                done = measured("volume", "list", env=with_token(server))
                slowest, most = max(slowest, done.seconds), max(most, done.memory)
                ended(figure, done, allowed, 1)
                figure.count(done.memory < LARGEST, f"{done.memory // MEBIBYTE} MiB")
        figure.note = f"slowest {slowest:.2f} s, most memory {most / MEBIBYTE:.0f} MiB"
        yield figure


def keyrings(trials: int) -> Iterator[Figure]:
    """F2 to F5: locked, asking nobody, stopped, killed, a bus that is mute: what it adds is the limit at most."""
    if shutil.which("gnome-keyring-daemon") is None or shutil.which("dbus-daemon") is None:
        yield Figure("F2-F5 keyrings", untried="gnome-keyring and dbus are not installed")
        return
    rows: dict[str, Callable[[Bus], contextlib.AbstractContextManager[object]]] = {
        "F2 locked": locked,
        "F3 asks, nobody answers": unanswered,
        "F4 stopped": stopped,
        "F5 mute bus": muted,
    }
    for name, trouble in rows.items():
        figure = Figure(name)
        with bus() as ring, serving() as served, around(ring.environ), tempfile.TemporaryDirectory() as home:
            os.environ.update(HOME=home, NBS_KEYRING_TIMEOUT=str(LIMIT))
            ring.unlock()
            entered = outside(*login_words(served, store=None), stdin=served.environ["NBS_PASSWORD"])
            if entered.code:
                raise RuntimeError(entered.err)
            healthy = statistics.median(measured(*LIST).seconds for _number in range(5))
            with trouble(ring):
                timed(figure, trials, healthy, {}, LIST, 4)
        yield figure


@contextlib.contextmanager
def around(environ: Mapping[str, str]) -> Iterator[None]:
    """Variables for a while."""
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def locked(ring: Bus) -> Iterator[None]:
    """Nothing unlocked, nobody to ask."""
    ring.lock()
    yield


@contextlib.contextmanager
def unanswered(ring: Bus) -> Iterator[None]:
    """Somebody is asked and never answers."""
    ring.lock()
    with mute_prompter(ring):
        yield


@contextlib.contextmanager
def stopped(ring: Bus) -> Iterator[None]:
    """The daemon is stopped."""
    ring.signal(signal.SIGSTOP)
    yield


@contextlib.contextmanager
def muted(_ring: Bus) -> Iterator[None]:
    """The bus accepts and stays mute."""
    with tempfile.TemporaryDirectory() as folder, mute_bus(Path(folder)) as mute, around({WHERE: mute[WHERE]}):
        yield


if __name__ == "__main__":
    main(trial, TRIALS)
