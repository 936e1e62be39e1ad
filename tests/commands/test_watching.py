"""`--watch`: changes as they come, pictures that stay, looks that fail, an end by a signal alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nbs_cli.cloud.changes import compare
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.output.text import width
from tests.commands.conftest import World
from tests.conftest import NBS
from tests.test_terminal import ESCAPE, Seen


@pytest.fixture
def watcher(world: World) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the installed command with pipes; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        environ = {**os.environ, **world.served.environ, **(env or {})}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen([NBS, *args], env=environ, text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next change."""
    assert process.stdout is not None
    read: dict[str, Any] = json.loads(process.stdout.readline())
    return read


def test_a_pipe_gets_changes(world: World, watcher: Callable[..., subprocess.Popen[str]]) -> None:
    """What is there, what comes, what changes and what goes, a line each; Ctrl-C is 130 and says nothing."""
    first = world.volume("first")
    process = watcher("volume", "list", "--watch", "--every", "1s")
    seen = line(process)
    assert (seen["change"], seen["name"], seen["was"]) == ("present", "first", {})
    world.volume("second")
    assert {key: line(process)[key] for key in ("change",)} == {"change": "added"}
    world.cloud.attach(first)
    changed = line(process)
    assert (changed["change"], changed["status"], changed["was"]["status"]) == ("changed", "in-use", "available")
    world.cloud.detach(first)
    assert line(process)["status"] == "available"
    world.raw("DELETE", f"/volumes/{first}")
    assert (line(process)["change"], process.poll()) == ("removed", None)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_a_failed_look_is_followed_by_another(
    build: Callable[..., World], watcher: Callable[..., subprocess.Popen[str]]
) -> None:
    """A server that answers nonsense for a while is told on stderr; the watch goes on and nothing counts as removed."""
    broken = [False]

    def moody(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if broken[0] and "/volumes" in environ["PATH_INFO"]:
                start_response("200 OK", [("Content-Type", "text/html")])
                return [b"<html>maintenance</html>"]
            return app(environ, start_response)

        return answer

    world = build(wrap=moody)
    world.volume("one")
    process = watcher("volume", "list", "--watch", "--every", "1s", env=world.served.environ)
    assert line(process)["change"] == "present"
    broken[0] = True
    assert process.stderr is not None
    assert "a look failed, there will be another" in process.stderr.readline()
    broken[0] = False
    world.volume("two")
    assert line(process) | {"time": "", "id": ""} == {
        "time": "",
        "change": "added",
        "id": "",
        "name": "two",
        "status": "available",
        "size": 1,
        "was": {},
    }


def test_a_terminal_gets_a_picture_that_stays(world: World) -> None:
    """The table is drawn anew with ages and changes; after Ctrl-C the last picture is on the screen, exit 130."""
    volume = world.volume("first")
    seen = Seen(["volume", "list", "--watch", "--every", "1s"], {**world.served.environ, "NO_COLOR": "1"})
    seen.until("1 volume, a look every 1 s")
    seen.until("AGE")  # on 80 columns too, in place of the time of creation
    seen.until("just now")
    world.cloud.attach(volume)
    seen.until("available → in-use")
    world.volume("second")
    seen.until("second  is new")
    time.sleep(0.2)
    seen.child.sendintr()
    code, rest = seen.end()
    assert code == 130
    assert "went on" not in rest
    assert "interrupted" not in rest


def frame(seen: Seen, text: str) -> list[str]:
    """Wait until a picture holds *text*; its lines, without what they are drawn with."""
    before = seen.until(text)
    seen.child.expect_exact("\x1b[J")
    whole = (before + str(seen.child.before)).rpartition("\x1b[H")[2]
    return [ESCAPE.sub("", line) for line in whole.split("\r\n")]


def test_a_picture_fits_whatever_becomes_of_the_terminal(world: World) -> None:
    """Too many rows are counted, changes stay in sight, a new size is drawn at once, an ID is never cut."""
    ids = [world.volume(f"볼륨-{number}") for number in range(12)]
    seen = Seen(["volume", "list", "--watch", "--every", "1s"], {**world.served.environ, "NO_COLOR": "1"})
    assert len(frame(seen, ids[0])) == 14
    seen.child.setwinsize(9, 60)
    small = frame(seen, "and 6 more")
    assert (len(small), max(width(line) for line in small) <= 60) == (9, True)
    assert {line.split()[0] for line in small[2:8]} < set(ids)
    world.cloud.attach(ids[0])
    assert frame(seen, "볼륨-0  available → in-use")[-2] == "and 7 more"
    seen.child.setwinsize(24, 130)
    assert "ZONE" in frame(seen, "ZONE")[1]
    seen.child.sendintr()
    assert seen.end()[0] == 130


def test_the_terminal_is_given_back(world: World) -> None:
    """To the shell while the command is stopped, and when it ends: the usual screen, a cursor, the last picture."""
    world.volume("first")
    seen = Seen(["volume", "list", "--watch", "--every", "60s"], {**world.served.environ, "NO_COLOR": "1"})
    opened, closed = "\x1b[?1049h", "\x1b[?1049l"
    seen.until(opened)
    frame(seen, "first")
    seen.child.kill(signal.SIGTSTP)
    assert "\x1b[?25h" in seen.until(closed) + seen.until("\x1b[?25h")
    seen.child.kill(signal.SIGCONT)
    seen.until(opened)
    frame(seen, "first")
    seen.child.kill(signal.SIGTERM)
    seen.until(closed)
    code, rest = seen.end()
    assert (code, "first" in rest, "\x1b[?25h" in rest) == (143, True, True)


def test_a_failed_look_is_told_below_the_picture(build: Callable[..., World]) -> None:
    """The rows of the last good look stay, the trouble stands below them and goes when it is over."""
    broken = [False]

    def moody(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if broken[0] and "/volumes" in environ["PATH_INFO"]:
                start_response("200 OK", [("Content-Type", "text/html")])
                return [b"<html>maintenance</html>"]
            return app(environ, start_response)

        return answer

    world = build(wrap=moody)
    world.volume("one")
    seen = Seen(["volume", "list", "--watch", "--every", "1s"], {**world.served.environ, "NO_COLOR": "1"})
    frame(seen, "one")
    broken[0] = True
    lines = frame(seen, "the last look failed")
    assert "one" in lines[2]
    broken[0] = False
    world.volume("two")
    assert not [line for line in frame(seen, "two  is new") if "failed" in line]
    seen.child.sendintr()
    assert seen.end()[0] == 130


def test_snapshots_are_watched_by_volume(world: World, watcher: Callable[..., subprocess.Popen[str]]) -> None:
    """Filters hold: what leaves them is removed from the list."""
    volume = world.volume("db")
    snapshot = world.snapshot(volume, "nightly-1")
    world.snapshot(world.volume("other"), "nightly-2")
    process = watcher("snapshot", "list", "--watch", "--volume", "db", "--name", "nightly-*", "--every", "1s")
    assert line(process)["name"] == "nightly-1"
    world.raw("DELETE", f"/snapshots/{snapshot}")
    assert (change := line(process))["change"] == "removed", change


@pytest.mark.parametrize(
    "options",
    [
        ["--watch", "-o", "json"],
        ["--watch", "-q"],
        ["--watch", "--every", "0.1s"],
        ["--every", "5s"],
        ["--watch", "-c", "x"],
    ],
)
def test_what_cannot_be_watched_is_refused(world: World, options: list[str]) -> None:
    """Exit 2, nothing asked."""
    ran = world("volume", "list", *options)
    assert ran.code == 2
    assert world.served.calls == []


def test_the_first_look_must_go_well(world: World) -> None:
    """A refused login is told at once, like that of any other list."""
    assert world("volume", "list", "--watch", env={"NBS_PASSWORD": "wrong"}).code == 4


def test_only_documented_fields_count() -> None:
    """A change of what the guide does not document, or of links, is none."""
    row = {"id": "1", "name": "a", "status": "available", "x": 1, "links": [1]}
    assert compare(VOLUME, {"1": row}, {"1": {**row, "x": 2, "links": []}}) == []
    assert compare(VOLUME, {"1": row}, {"1": {**row, "status": "in-use"}})[0]["was"] == {"status": "available"}
    assert [change["change"] for change in compare(VOLUME, None, {"1": row})] == ["present"]
