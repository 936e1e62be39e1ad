"""Create exactly once, with real processes: many with one key, kills, signals, and the doctor's command in a shell.

NBS_TEST_KEYED and NBS_TEST_KILLS raise the number of trials (40 and 1,000 in the long run).
"""

from __future__ import annotations

import json
import math
import os
import random
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.cloud.resources import VOLUME
from nbs_cli.errors import ExitCode
from tests.cloud.conftest import MakeFaulty, with_login
from tests.cloud.faulty import Heard, Line, answer, relay
from tests.cloud.losing import AFTER, BEFORE, journal, lagging, posting, stored
from tests.conftest import NBS, Ran, Served

KEYED = int(os.environ.get("NBS_TEST_KEYED", "1"))
KILLS = int(os.environ.get("NBS_TEST_KILLS", "12"))
CREATE = ["volume", "create", "--size", "1", "--name", "데이터 1"]


def started(env: dict[str, str], *words: str) -> subprocess.Popen[str]:
    """The installed command, running."""
    return subprocess.Popen(
        [NBS, *words],
        env={**os.environ, **env},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def shell(script: str, env: dict[str, str]) -> Ran:
    """Run *script* in a shell in which `nbs` is the installed command."""
    path = f"{Path(NBS).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script], env={**os.environ, **env, "PATH": path}, capture_output=True, text=True, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("lag", [0, math.inf], ids=["no lag", "lists lag"])
def test_eight_at_once_with_one_key(serve: Callable[..., Served], lag: float) -> None:
    """One volume, and its ID from each of the eight, in every trial, also where no list shows it (D25)."""
    served = serve(lagging(lag))
    for trial in range(KEYED):
        known = len(stored(served.cloud, VOLUME))
        env = {**served.environ, "NBS_SETTLE": "0.5s"}
        crowd = [started(env, *CREATE, "--request-key", f"job-{trial}", "-q") for _number in range(8)]
        ended = [(one.communicate(timeout=60), one.returncode) for one in crowd]
        assert {code for _streams, code in ended} == {0}, ended
        assert len({out for (out, _err), _code in ended}) == 1
        assert len(stored(served.cloud, VOLUME)) == known + 1
    print(f"8 processes, one key, lists lag {lag:.0f}: {KEYED}/{KEYED} one volume")


def held(released: threading.Event, *turns: int) -> Callable[[Any], Any]:
    """Wrap the application: creates are worked on at once; the *turns* of them are answered when *released*."""
    made: list[Any] = []

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            answered = app(environ, start)
            if environ["REQUEST_METHOD"] == "POST" and "/tokens" not in environ["PATH_INFO"]:
                made.append(answered)
                if len(made) in turns:
                    released.wait(30)
            return answered

        return door

    return wrap


def test_who_waits_says_so(serve: Callable[..., Served]) -> None:
    """The second run of one key tells that another is at work, and gives its volume."""
    released = threading.Event()
    served = serve(held(released, 1))
    words = [*CREATE, "--request-key", "k", "-o", "value", "-c", "id"]
    with started(served.environ, *words) as first:
        while not stored(served.cloud, VOLUME):
            time.sleep(0.01)
        with started(served.environ, *words) as second:
            assert second.stderr is not None
            assert "another nbs is at work on the request key k" in second.stderr.readline()
            assert "another nbs is at work on it" in shell("nbs doctor", {}).out
            released.set()
            (out, err), (first_out, _first_err) = second.communicate(timeout=30), first.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 0)
    assert out == first_out
    assert "found volume" in err


def test_who_waits_too_long_sends_nothing(serve: Callable[..., Served], tmp_path: Path) -> None:
    """The wait for another run ends with the deadline: exit 9, and the volume is the other's alone."""
    served = serve()
    assert shell("nbs volume create --size 1 --request-key k -q", served.environ).code == 0
    (lock,) = (Path.home() / ".local/state/nbs/requests").glob("*.lock")
    served.calls.clear()
    ran = shell(f"flock {lock} nbs volume create --size 1 --request-key k --timeout 1s", served.environ)
    assert ran.code == ExitCode.UNAVAILABLE
    assert "still at work" in ran.err
    assert served.asked("POST") == []


def hesitant(app: Any) -> Any:
    """Wrap the application: a create takes a moment before it is worked on, and one before it is answered."""

    def door(environ: dict[str, Any], start: Any) -> Any:
        create = environ["REQUEST_METHOD"] == "POST" and "/tokens" not in environ["PATH_INFO"]
        time.sleep(0.02 * create)
        answered = app(environ, start)
        time.sleep(0.02 * create)
        return answered

    return door


def test_whoever_is_killed_has_left_its_key(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """Kill -9 around the POST: what the cloud made was told, or the doctor names the key that finds it (D6).

    One run of the command that the doctor names finds it; none is made twice.
    """
    served = serve(hesitant)
    chance = random.Random(5)
    told, named = 0, set()
    for number in range(KILLS):
        posts = len(served.asked("POST"))
        process = started(served.environ, "volume", "create", "--size", "1", "--name", f"v-{number}")
        while len(served.asked("POST")) == posts and process.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        _out, err = process.communicate()
        time.sleep(0.05)  # what is out is worked on all the same
        findings = json.loads(nbs("doctor", "-o", "json").out)
        open_keys = {one["request"]["key"] for one in findings if "request" in one}
        for row in stored(served.cloud, VOLUME):
            if row["name"] == f"v-{number}":
                key = json.loads(row["metadata"])["nbs:request"]
                assert row["id"] in err or key in open_keys
                told += row["id"] in err
                named |= {key} & open_keys
    settled = shell("nbs doctor -q | sh", {**served.environ, "NBS_SETTLE": "0.2s"})
    assert settled.err.count("found volume") == len(named)
    names = [row["name"] for row in stored(served.cloud, VOLUME)]
    assert sorted(names) == sorted(f"v-{number}" for number in range(KILLS))
    assert nbs("doctor").code == 0
    print(f"{KILLS} kills: {told} told, {len(named)} named by the doctor, 0 forgotten, 0 twice")


def test_the_doctors_command_settles_it(served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Three creates are lost on the way: three findings, exit 1; their commands in a shell make three, exit 0 after."""
    server = faulty(by=posting(served, lambda _heard: BEFORE["closed"](served.url)))
    env = {**with_login(server), "NBS_SETTLE": "0.2s"}
    ran = nbs(*CREATE, "--count", "3", "--description", 'it\'s "so"', "--metadata", "a=$(b)", env=env)
    assert ran.code == ExitCode.UNKNOWN
    sick = nbs("doctor")
    assert sick.code == ExitCode.FAILURE
    assert sick.out.count("nobody knows whether it was created") == 3
    server.script = lambda _heard: relay(served.url)
    healed = shell("nbs doctor -q | sh", env)
    assert healed.out.count("데이터 1-") >= 3, healed.err
    assert sorted(row["name"] for row in stored(served.cloud, VOLUME)) == [f"데이터 1-{number}" for number in (1, 2, 3)]
    assert {row["description"] for row in stored(served.cloud, VOLUME)} == {'it\'s "so"'}
    assert nbs("doctor").out.endswith("ok       the outcome of every create is known\n")


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), SIGNALS if "NBS_TEST_KEYED" in os.environ else SIGNALS[1:2], ids=str)
def test_a_signal_while_it_is_looked_for(served: Served, faulty: MakeFaulty, number: signal.Signals, code: int) -> None:
    """The answer is lost, lists are empty: the key is said, even with -q; the code is the signal's; it stays open.

    A run with the key that is interrupted while it looks sends nothing.
    """
    looked: list[Heard] = []

    def by(heard: Heard) -> Callable[[Line], None]:
        if "detail" in heard.target:
            looked.append(heard)
            return answer(200, {"volumes": []})
        return posting(served, lambda _heard: AFTER["closed"](served.url))(heard)

    env = {**with_login(faulty(by=by)), "NBS_SETTLE": "60s"}
    with started(env, *CREATE, "-q") as process:
        while not looked:
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    (row,) = stored(served.cloud, VOLUME)
    key = json.loads(row["metadata"])["nbs:request"]
    assert (process.returncode, out) == (code, "")
    assert f"--request-key {key}" in err
    assert [(entry["key"], entry["state"]) for entry in journal()] == [(key, "sent")]
    looks = len(looked)
    with started(env, *CREATE, "--request-key", key) as again:
        while len(looked) < looks + 2:
            time.sleep(0.01)
        again.send_signal(number)
        _out, err = again.communicate(timeout=20)
    assert again.returncode == code
    assert f"--request-key {key}" in err
    assert len(stored(served.cloud, VOLUME)) == 1


def test_what_was_made_is_printed_when_interrupted(serve: Callable[..., Served]) -> None:
    """Of three with -q two are answered when the signal comes: their IDs are on stdout, the third's key on stderr."""
    released = threading.Event()
    served = serve(held(released, 3))
    with started(served.environ, *CREATE, "--count", "3", "-q") as process:
        while len(stored(served.cloud, VOLUME)) < 3:
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    released.set()
    assert process.returncode == 143
    ids = {row["id"]: json.loads(row["metadata"])["nbs:request"] for row in stored(served.cloud, VOLUME)}
    assert len(out.split()) == 2
    (missing,) = ids.keys() - set(out.split())
    assert f"--request-key {ids[missing]}" in err


def test_two_hosts_with_one_key_report_both(serve: Callable[..., Served], tmp_path: Path) -> None:
    """No lock and no journal is shared, and both look before either has sent: both tell both IDs, exit 1 (D26).

    Who comes later finds what is there: one volume.
    """
    both = threading.Barrier(2)

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            create = environ["REQUEST_METHOD"] == "POST" and "/tokens" not in environ["PATH_INFO"]
            if create and not both.broken:
                both.wait(20)
            answered = app(environ, start)
            if create and not both.broken:
                both.wait(20)  # neither looks before both are there
            return answered

        return door

    served = serve(wrap)
    words = [*CREATE, "--request-key", "k", "-q"]
    homes = [{**served.environ, "XDG_STATE_HOME": str(tmp_path / name)} for name in "abcd"]
    hosts = [started(env, *words) for env in homes[:2]]
    ended = [(one.communicate(timeout=60), one.returncode) for one in hosts]
    ids = [row["id"] for row in stored(served.cloud, VOLUME)]
    assert len(ids) == 2
    assert [code for _streams, code in ended] == [1, 1]
    assert all(one in err for (_out, err), _code in ended for one in ids)
    assert served.asked("DELETE") == []
    both.abort()
    words = [*CREATE, "--request-key", "another", "-q"]
    first, second = (shell(shlex.join(["nbs", *words]), env) for env in homes[2:])
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
