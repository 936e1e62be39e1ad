"""`nbs sandbox`: served over HTTP by the installed command, emptied, filled, its clock moved, its volumes attached."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.local.folders import sandbox_state
from nbs_cli.sandbox.cloud import Cloud
from tests.commands.conftest import VOLUME_KEYS, World, fields
from tests.conftest import Ran
from tests.sandbox.served import serving

LOCAL = ("-p", "sandbox")
VARIABLES = {"NBS_IDENTITY_URL", "NBS_TENANT_ID", "NBS_USERNAME", "NBS_PASSWORD", "NBS_REGION"}


@pytest.fixture
def make(nbs: Callable[..., Ran]) -> Callable[[str], str]:
    """Make a volume of the `sandbox` profile that is `available` at once (its clock is moved on); gives its ID."""

    def volume(name: str) -> str:
        made = nbs(*LOCAL, "volume", "create", "--size", "1", "--name", name, "-q")
        cloud = Cloud(str(sandbox_state()))
        cloud.advance(60)
        cloud.close()
        return made.out.strip()

    return volume


def test_it_serves_what_the_profile_has(nbs: Callable[..., Ran]) -> None:
    """It prints the variables, then that it is ready, and shares the state of the `sandbox` profile."""
    nbs(*LOCAL, "volume", "create", "--size", "1", "--name", "mine")
    with serving() as served:
        assert served.environ.keys() >= VARIABLES
        ran = nbs("volume", "list", "-o", "value", "-c", "name", env=served.environ)
    assert (ran.code, ran.out) == (0, "mine\n")


def test_a_pipeline_logs_in_once(nbs: Callable[..., Ran]) -> None:
    """With what it printed, `export NBS_TOKEN=$(nbs auth token)` is all that the commands after it need."""
    with serving("--state", ":memory:", "--delay", "0") as served:
        token = nbs("auth", "token", env=served.environ).out.strip()
        ran = nbs("volume", "create", "--size", "1", "--wait", env={**served.environ, "NBS_TOKEN": token})
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("state", [":memory:", "other.sqlite3"])
def test_it_keeps_its_own_state_when_told_to(nbs: Callable[..., Ran], home: Path, state: str) -> None:
    """`--state` keeps the profile's volumes out; a file is private."""
    nbs(*LOCAL, "volume", "create", "--size", "1")
    with serving("--state", state, "--delay", "0") as served:
        assert nbs("volume", "list", "-q", env=served.environ).out == ""
        assert nbs("volume", "create", "--size", "1", "--wait", env=served.environ).code == 0
    assert [path.name for path in home.glob("*.sqlite3")] == ([] if state == ":memory:" else [state])
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.glob("*.sqlite3"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well(number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with exit 0 and without a word."""
    with serving("--state", ":memory:") as served:
        served.process.send_signal(number)
        _out, err = served.process.communicate(timeout=20)
    assert (served.process.returncode, err) == (0, "")


def test_its_limits_are_set(nbs: Callable[..., Ran]) -> None:
    """Pages and snapshots are limited as the options say, and nbs copes with it."""
    options = ("--page-default", "2", "--page-cap", "2", "--snapshots-per-volume", "1")
    with serving("--state", ":memory:", "--delay", "0", *options) as served:
        made = nbs("volume", "create", "--size", "1", "--name", "x", "--count", "5", "--wait", env=served.environ)
        assert made.code == 0
        assert len(nbs("volume", "list", "-q", env=served.environ).out.splitlines()) == 5
        assert nbs("snapshot", "create", "x-1", env=served.environ).code == 0
        assert nbs("snapshot", "create", "x-1", env=served.environ).code == 6


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (["--port", "70000"], "65535"),
        (["--port", "-1"], "--port"),
        (["--port", "http"], "--port"),
        (["--delay", "nan"], "--delay"),
        (["--delay", "-1"], "--delay"),
        (["--page-cap", "0"], "--page-cap"),
        (["--snapshots-per-volume", "many"], "--snapshots-per-volume"),
    ],
)
def test_what_cannot_be_served_is_refused(installed: Callable[..., Ran], options: list[str], fragment: str) -> None:
    """A port, a delay or a number that cannot be: exit 2, which option, and nothing is served."""
    ran = installed("sandbox", "serve", "--state", ":memory:", *options, timeout=10)
    assert (ran.code, ran.out) == (2, "")
    assert fragment in ran.err


def test_a_port_that_is_taken_is_told(installed: Callable[..., Ran], served: Any) -> None:
    """One line, with the port, no traceback and no exports."""
    port = served.url.rpartition(":")[2]
    ran = installed("sandbox", "serve", "--state", ":memory:", "--port", port, timeout=10)
    assert ran.code not in {0, 141}
    assert ran.out == ""
    assert port in ran.err
    assert "Traceback" not in ran.err
    assert "mistake in nbs" not in ran.err


def test_a_state_that_cannot_be_kept_is_told(installed: Callable[..., Ran], home: Path) -> None:
    """A state file that is none: exit 1, the path, no traceback."""
    (home / "kept-as-folder").mkdir()
    (home / "kept-as-text").write_text("no database, however long it may be\n" * 50)
    for state in ("kept-as-folder", "kept-as-text"):
        ran = installed("sandbox", "serve", "--state", state, timeout=10)
        assert ran.code == 1
        assert state in ran.err
        assert len(ran.err.splitlines()) <= 2


def test_it_is_emptied(nbs: Callable[..., Ran]) -> None:
    """`sandbox reset` leaves nothing, and says so."""
    nbs(*LOCAL, "volume", "create", "--size", "1")
    ran = nbs("sandbox", "reset", "--yes")
    assert (ran.code, ran.out, ran.err) == (0, "", "the sandbox is empty\n")
    assert nbs(*LOCAL, "volume", "list", "-q").out == ""


def test_it_is_seeded(nbs: Callable[..., Ran]) -> None:
    """`sandbox seed` gives so many volumes and snapshots in the region, available at once."""
    ran = nbs("sandbox", "seed", "300", "--snapshots", "20")
    assert (ran.code, ran.out, ran.err) == (0, "", "seeded 300 volumes and 20 snapshots\n")
    nbs("sandbox", "seed", "1", "--region", "kr2")
    volumes = json.loads(nbs(*LOCAL, "volume", "list", "-o", "json").out)
    assert (len(volumes), {volume["status"] for volume in volumes}) == (300, {"available"})
    assert len({volume["id"] for volume in volumes}) == 300
    snapshots = json.loads(nbs(*LOCAL, "snapshot", "list", "-o", "json").out)
    assert len(snapshots) == 20
    assert {snapshot["volume_id"] for snapshot in snapshots} <= {volume["id"] for volume in volumes}
    assert len(nbs(*LOCAL, "volume", "list", "--region", "KR2", "-q").out.split()) == 1


@pytest.mark.parametrize(
    ("line", "code", "fragment"),
    [
        (["seed", "0"], 2, "'0' is no whole number"),
        (["seed", "many"], 2, "many"),
        (["seed", "1", "--snapshots", "-1"], 2, "--snapshots"),
        (["seed", "1", "--region", "KR9"], 3, "there is no region KR9"),
        (["clock", "--advance", "1"], 2, "--advance"),
        (["clock", "--advance", "-1d"], 2, "--advance"),
        (["clock", "--advance", "1y"], 2, "--advance"),
        (["clock", "--set", "tomorrow"], 2, "'tomorrow' is no time"),
        (["clock", "--set", "2020-01-01"], 2, "only goes forward"),
        (["clock", "--set", "9000-01-01"], 2, "only goes forward, a thousand years"),
        (["clock", "--advance", "60000w"], 2, "a thousand years"),
        (["clock", "--advance", "1d", "--set", "2100-01-01"], 2, "exclude each other"),
        (["clock", "-c", "nothing"], 2, "no column 'nothing'"),
    ],
)
def test_what_cannot_be_seeded_or_set_is_refused(
    nbs: Callable[..., Ran], line: list[str], code: int, fragment: str
) -> None:
    """Numbers, times and regions that cannot be are told, and neither rows nor time are changed."""
    ran = nbs("sandbox", *line)
    assert (ran.code, ran.out) == (code, "")
    assert fragment in ran.err
    assert json.loads(nbs("sandbox", "clock", "-o", "json").out)["ahead"] == 0
    assert nbs(*LOCAL, "volume", "list", "-q").out == ""


def told(ran: Ran) -> tuple[float, int]:
    """The sandbox's time in seconds since 1970, and how far it is ahead, of a clock's JSON."""
    assert ran.code == 0, ran.err
    record = json.loads(ran.out)
    return datetime.fromisoformat(record["time"].replace("Z", "+00:00")).timestamp(), record["ahead"]


def test_the_clock_is_shown_and_moved(nbs: Callable[..., Ran]) -> None:
    """It tells the real time until it is moved; lengths add up, a time in any zone is met exactly."""
    moment, ahead = told(nbs("sandbox", "clock", "-o", "json"))
    assert abs(moment - time.time()) < 30
    assert ahead == 0
    assert told(nbs("sandbox", "clock", "--advance", "1d", "-o", "json"))[1] == 86_400
    moment, ahead = told(nbs("sandbox", "clock", "--advance", "2h", "-o", "json"))
    assert ahead == 93_600
    assert abs(moment - 93_600 - time.time()) < 30
    moment, _ahead = told(nbs("sandbox", "clock", "--set", "2100-01-31T09:00:00+09:00", "-o", "json"))
    assert 0 <= moment - datetime(2100, 1, 31, tzinfo=timezone.utc).timestamp() < 30
    assert nbs("sandbox", "reset").code == 0
    assert told(nbs("sandbox", "clock", "-o", "json"))[1] == 0


def test_a_served_state_is_driven_from_outside(nbs: Callable[..., Ran]) -> None:
    """With `--state`, seed, clock and reset act on what `serve` is serving, at once; the profile's sandbox stays."""
    state = ("--state", "ci.sqlite3")
    with serving(*state) as served:
        assert nbs("sandbox", "seed", "2", *state).code == 0
        made = nbs("volume", "create", "--size", "1", "--name", "new", "-q", env=served.environ).out.strip()
        assert nbs("volume", "show", made, "-o", "value", "-c", "status", env=served.environ).out == "creating\n"
        assert nbs("sandbox", "clock", "--advance", "1m", *state).code == 0
        assert nbs("volume", "list", "-o", "value", "-c", "status", env=served.environ).out == "available\n" * 3
        token = nbs("auth", "token", env=served.environ).out.strip()
        nbs("sandbox", "clock", "--advance", "1d", *state)
        aged = nbs("volume", "list", env={**served.environ, "NBS_TOKEN": token})
        assert aged.code in {0, 4}  # as long as there is a password beside the token, a new one may be got
        assert nbs("sandbox", "reset", *state).code == 0
        assert nbs("volume", "list", "-q", env=served.environ).out == ""
    assert told(nbs("sandbox", "clock", "-o", "json"))[1] == 0


def test_a_volume_is_attached_and_detached(nbs: Callable[..., Ran], make: Callable[[str], str]) -> None:
    """What Compute would do: `in-use` with an instance, and `available` again; no profile needs to be named."""
    identifier = make("x")
    assert nbs("sandbox", "attach", "x").code == 0
    shown = fields(nbs(*LOCAL, "volume", "show", identifier).out)
    assert shown["status"] == "in-use"
    assert shown.keys() == VOLUME_KEYS
    assert shown["attachments"].endswith("(/dev/vdb)")
    assert nbs("sandbox", "detach", identifier).code == 0
    assert fields(nbs(*LOCAL, "volume", "show", "x").out)["status"] == "available"


@pytest.mark.parametrize(
    ("line", "code", "fragment"),
    [
        (["attach", "nobody"], 3, "there is no volume nobody"),
        (["detach", "x"], 5, "in-use"),
        (["attach", "busy"], 5, "available"),
    ],
)
def test_what_cannot_be_attached_is_refused(
    nbs: Callable[..., Ran], make: Callable[[str], str], line: list[str], code: int, fragment: str
) -> None:
    """An unknown volume is exit 3, a wrong status exit 5 with the status that it must have."""
    for name in ("x", "busy"):
        make(name)
    nbs("sandbox", "attach", "busy")
    ran = nbs("sandbox", *line)
    assert ran.code == code
    assert fragment in ran.err


def test_the_profile_needs_nothing(nbs: Callable[..., Ran], home: Path) -> None:
    """No account and no network: with an empty environment everything works, in files of the user alone."""
    assert nbs(*LOCAL, "types", "list").code == 0
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.rglob("nbs"))


def test_the_profile_is_named_by_the_environment_too(world: World) -> None:
    """`NBS_PROFILE=sandbox` works, and no variable of another source gets mixed in."""
    assert world("volume", "list", env={"NBS_PROFILE": "sandbox"}).code == 0
    assert world.served.calls == []
    assert os.environ.get("NBS_PROFILE") is None
