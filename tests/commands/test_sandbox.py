"""`nbs sandbox`: served over HTTP by the installed command, emptied, its volumes attached and detached."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.local.folders import sandbox_state
from nbs_cli.sandbox.cloud import Cloud
from tests.commands.conftest import VOLUME_KEYS, World, fields
from tests.conftest import NBS, Ran

LOCAL = ("-p", "sandbox")
VARIABLES = {"NBS_IDENTITY_URL", "NBS_TENANT_ID", "NBS_USERNAME", "NBS_PASSWORD", "NBS_REGION"}


@contextlib.contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`nbs sandbox serve` until the block ends, and the variables that it printed before it was ready."""
    with subprocess.Popen(
        [NBS, "sandbox", "serve", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        environ = {}
        for line in process.stdout:
            if not line.startswith("export "):
                break
            name, _equals, value = line.removeprefix("export ").strip().partition("=")
            environ[name] = value
        try:
            yield process, environ
        finally:
            process.kill()


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
    with serving() as (_process, environ):
        assert environ.keys() >= VARIABLES
        ran = nbs("volume", "list", "-o", "value", "-c", "name", env=environ)
    assert (ran.code, ran.out) == (0, "mine\n")


def test_a_pipeline_logs_in_once(nbs: Callable[..., Ran]) -> None:
    """With what it printed, `export NBS_TOKEN=$(nbs auth token)` is all that the commands after it need."""
    with serving("--state", ":memory:", "--delay", "0") as (_process, environ):
        token = nbs("auth", "token", env=environ).out.strip()
        ran = nbs("volume", "create", "--size", "1", "--wait", env={**environ, "NBS_TOKEN": token})
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("state", [":memory:", "other.sqlite3"])
def test_it_keeps_its_own_state_when_told_to(nbs: Callable[..., Ran], home: Path, state: str) -> None:
    """`--state` keeps the profile's volumes out; a file is private."""
    nbs(*LOCAL, "volume", "create", "--size", "1")
    with serving("--state", state, "--delay", "0") as (_process, environ):
        assert nbs("volume", "list", "-q", env=environ).out == ""
        assert nbs("volume", "create", "--size", "1", "--wait", env=environ).code == 0
    assert [path.name for path in home.glob("*.sqlite3")] == ([] if state == ":memory:" else [state])
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.glob("*.sqlite3"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well(number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with exit 0 and without a word."""
    with serving("--state", ":memory:") as (process, _environ):
        process.send_signal(number)
        _out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


def test_its_limits_are_set(nbs: Callable[..., Ran]) -> None:
    """Pages and snapshots are limited as the options say, and nbs copes with it."""
    options = ("--page-default", "2", "--page-cap", "2", "--snapshots-per-volume", "1")
    with serving("--state", ":memory:", "--delay", "0", *options) as (_process, environ):
        made = nbs("volume", "create", "--size", "1", "--name", "x", "--count", "5", "--wait", env=environ)
        assert made.code == 0
        assert len(nbs("volume", "list", "-q", env=environ).out.splitlines()) == 5
        assert nbs("snapshot", "create", "x-1", env=environ).code == 0
        assert nbs("snapshot", "create", "x-1", env=environ).code == 6


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
