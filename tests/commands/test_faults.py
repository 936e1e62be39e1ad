"""`nbs sandbox fault` and scenarios: ordered by the command itself, in the face of a running server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbs_cli.local.folders import sandbox_state
from nbs_cli.sandbox.cloud import TENANT_ID, Cloud
from nbs_cli.sandbox.kinds import KINDS, Part
from nbs_cli.sandbox.settings import Settings
from tests.commands.test_sandbox import LOCAL, serving
from tests.conftest import NBS, Ran

Run = Callable[..., Ran]


def ordered(nbs: Run, *options: str) -> list[dict[str, Any]]:
    """What `fault list` shows."""
    listed: list[dict[str, Any]] = json.loads(nbs("sandbox", "fault", "list", "-o", "json", *options).out)
    return listed


@pytest.mark.parametrize("state", [[], ["--state", "own.sqlite3"]], ids=["profile", "own"])
def test_orders_of_another_process_happen_at_once(nbs: Run, installed: Run, state: list[str]) -> None:
    """A server that runs already throws what another process orders, at the next request, and as often as was said."""
    with serving(*state) as (_process, environ):
        assert nbs("volume", "list", env=environ).code == 0
        added = installed("sandbox", "fault", "add", "status", "code=409", "--method", "get", "--count", "2", *state)
        assert (added.code, added.err.splitlines()[0]) == (0, "ordered fault 1: status")
        assert [nbs("volume", "list", env=environ).code for _turn in range(3)] == [5, 5, 0]
    assert ordered(nbs, *state) == []


def test_a_create_whose_answer_is_lost_is_found(nbs: Run) -> None:
    """The reset after the processing is what `volume create` copes with: one volume, exit 0."""
    with serving("--delay", "0") as (_process, environ):
        nbs("sandbox", "fault", "add", "reset", "when=after", "--method", "POST", "--path", "*/volumes")
        assert nbs("volume", "create", "--size", "1", "--name", "once", env=environ).code == 0
        assert nbs("volume", "list", "-o", "value", "-c", "name", env=environ).out == "once\n"


def test_failures_of_the_cloud_happen_in_process_too(nbs: Run) -> None:
    """`create-error` needs no server: the next volume of the sandbox profile ends in `error`."""
    added = nbs("sandbox", "fault", "add", "create-error", "-o", "json")
    assert (added.err, json.loads(added.out)["kind"]) == ("ordered fault 1: create-error\n", "create-error")
    nbs(*LOCAL, "volume", "create", "--size", "1", "--name", "x")
    cloud = Cloud(str(sandbox_state()))
    cloud.advance(60)
    cloud.close()
    assert nbs(*LOCAL, "volume", "list", "-o", "value", "-c", "status").out == "error\n"


def test_what_needs_a_server_is_said(nbs: Run) -> None:
    """A fault of the road is ordered, with a note that it happens over HTTP only; in process it does not."""
    added = nbs("sandbox", "fault", "add", "reset", "--count", "0")
    assert "happens over HTTP only" in added.err
    assert nbs(*LOCAL, "volume", "list").code == 0
    assert [one["done"] for one in ordered(nbs)] == [0]


def test_orders_are_listed_with_all_that_was_said(nbs: Run) -> None:
    """Every option and parameter comes back, defaults too; `-q` gives IDs."""
    line = ["--method=POST", "--path=*/volumes", "--count=3", "--after=2", "--probability=0.5", "--seed=7"]
    added = nbs("sandbox", "fault", "add", "status", "header=A: b", "header=C: d", "code=500", *line, "-q")
    assert (added.out, added.err) == ("1\n", "")
    assert ordered(nbs) == [
        {
            "id": 1,
            "kind": "status",
            "method": "POST",
            "path": "*/volumes",
            "count": 3,
            "done": 0,
            "after": 2,
            "seen": 0,
            "probability": 0.5,
            "seed": 7,
            "parameters": {
                "code": 500,
                "header": ["A: b", "C: d"],
                "body": "",
                "type": "application/json",
                "when": "before",
            },
        }
    ]
    assert nbs("sandbox", "fault", "list", "-q").out == "1\n"


def test_orders_are_taken_back(nbs: Run) -> None:
    """The ones that are named, or all; one that is not there changes nothing."""
    for kind in ("reset", "hang", "close"):
        assert nbs("sandbox", "fault", "add", kind).code == 0
    ran = nbs("sandbox", "fault", "clear", "1", "9")
    assert (ran.code, "there is no fault 9" in ran.err) == (3, True)
    assert nbs("sandbox", "fault", "clear", "2", "2").err == "a fault is taken back\n"
    assert [one["id"] for one in ordered(nbs)] == [1, 3]
    assert nbs("sandbox", "fault", "clear").err == "2 faults are taken back\n"
    assert ordered(nbs) == []


def test_reset_takes_orders_back(nbs: Run) -> None:
    """An emptied sandbox has no faults either."""
    nbs("sandbox", "fault", "add", "reset")
    nbs("sandbox", "reset", "--yes")
    assert ordered(nbs) == []


@pytest.mark.parametrize(
    ("line", "fragment", "hint"),
    [
        (["truncat"], "there is no fault 'truncat'", "did you mean truncate?"),
        (["xyz"], "there is no fault 'xyz'", "there are status, latency"),
        (["status", "cod=503"], "status has no parameter 'cod'", "did you mean code?"),
        (["hang", "seconds=1"], "hang has no parameter 'seconds'", "there are when"),
        (["expire-token", "x=1"], "expire-token has no parameter 'x'", ""),
        (["status", "code=99"], "code: '99' is no whole number from 200 to 599", ""),
        (["status", "code=abc"], "code: 'abc' is no whole number", ""),
        (["status", "code=٣٠٠"], "is no whole number", ""),
        (["status", "code=503", "code=504"], "'code' is given twice", ""),
        (["status", "503"], "'503' is not KEY=VALUE", "code=503"),
        (["status", "count=3"], "count is an option", "--count 3"),
        (["status", "header=Retry-After"], "is no header", ""),
        (["status", "header=A: b\r\nC: d"], "holds what cannot be sent", ""),
        (["status", "header=A: 한"], "is no header", ""),
        (["hang", "when=befor"], "when: 'befor' is none of before, after", "did you mean before?"),
        (["latency", "seconds=nan"], "seconds: 'nan' is no number", ""),
        (["latency", "seconds=-1"], "seconds: '-1' is no number", ""),
        (["drip", "rate=0"], "rate: '0' is no number above 0", ""),
        (["redirect"], "redirect needs to: the URL", ""),
        (["replace", "put=x"], "replace needs find", ""),
        (["reset", "--method", "POTS"], "method: 'POTS' is none of GET", "did you mean POST?"),
        (["reset", "--path", "volumes"], "a path begins with / or *", ""),
        (["reset", "--count", "-1"], "count: '-1' is no whole number", ""),
        (["reset", "--after", "x"], "after: 'x' is no whole number", ""),
        (["reset", "--probability", "1.5"], "probability: '1.5' is no number above 0 to 1", ""),
        (["reset", "--probability", "0"], "probability: '0' is no number", ""),
        (["reset", "--seed", "x"], "seed: 'x' is no whole number", ""),
        (["create-error", "--path", "*"], "create-error happens in the cloud and has no path", ""),
        (["reset", "--state", ":memory:"], "in memory", "--state FILE"),
        (["reset", "-c", "kid"], "no column 'kid'", "kind"),
        ([], "KIND", ""),
    ],
    ids=str,
)
def test_what_cannot_be_ordered_is_refused(nbs: Run, line: list[str], fragment: str, hint: str) -> None:
    """Exit 2 with what is wrong and the nearest word, and nothing is ordered."""
    ran = nbs("sandbox", "fault", "add", *line)
    assert (ran.code, ran.out) == (2, "")
    assert fragment in ran.err
    assert hint in ran.err
    assert "Traceback" not in ran.err
    assert ordered(nbs) == []


def test_the_help_tells_every_kind_and_parameter(nbs: Run) -> None:
    """The page comes from the same table that orders are checked with, and says which faults need a server."""
    text = " ".join(nbs("sandbox", "fault", "add", "--help").out.split())
    for kind in KINDS.values():
        assert f"`{kind.name}`: {kind.words}" in text
        assert all(f"`{one.name}=" in text for one in kind.parameters)
    on_the_way, in_the_cloud = (
        ", ".join(kind.name for kind in KINDS.values() if kind.part is part) for part in (Part.WAY, Part.CLOUD)
    )
    assert f"over HTTP only, but for those of the cloud itself ({in_the_cloud})" in text
    assert f"on the way strike together ({on_the_way})" in text


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.name)
def test_every_kind_can_be_ordered(nbs: Run, kind: Any) -> None:
    """With its defaults, and with each parameter said as the help shows it."""
    needed = [f"{one.name}=x" for one in kind.parameters if one.default is None]
    said = [f"{one.name}={one.default}" for one in kind.parameters if one.default not in (None, [], "")]
    for words in (needed, needed + said):
        assert nbs("sandbox", "fault", "add", kind.name, *words).code == 0
    first, second = ordered(nbs)
    assert first["parameters"] == second["parameters"]


# --- scenarios ----------------------------------------------------------------------------------------------------

GOOD = """\
# what a bad day looks like
[settings]
page_default = 2
page_cap = 2
delay = 0

[[fault]]
kind = "status"
code = 409
header = ["Retry-After: 3", "X-Odd: yes"]
method = "GET"
path = "*/volumes/*"
count = 1

[[fault]]
kind = "latency"
seconds = 0.01
count = 0
probability = 0.5
seed = 3

[[fault]]
kind = "create-error"
after = 1
"""


def test_a_scenario_is_played(nbs: Run, home: Path) -> None:
    """Its faults are ordered before the first request, in place of others; its settings hold where no option does."""
    (home / "bad-day.toml").write_text(GOOD, encoding="utf-8")
    nbs("sandbox", "fault", "add", "hang", "--count", "0")
    with serving("--scenario", "bad-day.toml", "--page-cap", "1000") as (_process, environ):
        assert [one["kind"] for one in ordered(nbs)] == ["status", "latency", "create-error"]
        assert nbs("volume", "list", env=environ).code == 5
        assert nbs("volume", "create", "--size", "1", "--name", "x", "--count", "3", env=environ).code == 0
        rows = json.loads(nbs("volume", "list", "-o", "json", env=environ).out)
        assert sorted(row["status"] for row in rows) == ["available", "available", "error"]
        assert [one["kind"] for one in ordered(nbs)] == ["latency"]
        token = {"X-Auth-Token": nbs("auth", "token", env=environ).out.strip()}
        for asked, most in ((None, 2), ({"limit": 1000}, 3)):
            answer = httpx.get(f"{environ['NBS_ENDPOINT']}/{TENANT_ID}/volumes", params=asked, headers=token)
            assert len(answer.json()["volumes"]) == most


@pytest.mark.parametrize(
    ("text", "where", "fragment", "hint"),
    [
        ("[[fault]\n", "line 1", "bad.toml", ""),
        ('\n[[fault]]\nkind = "statu"\n', "bad.toml:2", "there is no fault 'statu'", "did you mean status?"),
        ('[[fault]]\nkind = "hang"\n[[fault]]\nkind = "reset"\nwen = "after"\n', "bad.toml:3", "'wen'", "when"),
        ('[[fault]]\nkind = "status"\ncode = 5000\n', "bad.toml:1", "code: '5000'", ""),
        ('[[fault]]\nkind = "status"\ncode = true\n', "bad.toml:1", "code: 'True'", ""),
        ('[[fault]]\nkind = "status"\nbody = 5\n', "bad.toml:1", "body: 5 is no text", ""),
        ('[[fault]]\nkind = "latency"\nseconds = inf\n', "bad.toml:1", "seconds: 'inf'", ""),
        ('[[fault]]\nkind = "latency"\nseconds = [1]\n', "bad.toml:1", "seconds: '[1]'", ""),
        ('[[fault]]\nkind = "reset"\npath = "volumes"\n', "bad.toml:1", "path: 'volumes'", ""),
        ("[[fault]]\ncode = 503\n", "bad.toml:1", "needs its kind", ""),
        ('fault = [{kind = "reset"}, {kind = "rest"}]\n', "fault 2", "'rest'", "did you mean reset?"),
        ('[fault]\nkind = "reset"\n', "bad.toml", "[[fault]]", ""),
        ("[[faults]]\n", "bad.toml", "'faults'", "did you mean fault?"),
        ("[settings]\npage_defualt = 1\n", "bad.toml", "'page_defualt'", "did you mean page_default?"),
        ("[settings]\npage_cap = 0\n", "bad.toml", "page_cap: '0'", ""),
        ("[settings]\ndelay = -1\n", "bad.toml", "delay: '-1'", ""),
        ("[settings]\nlinks = 1\n", "bad.toml", "links: 1", ""),
        ("settings = 1\n", "bad.toml", "[settings]", ""),
        ("x = " + "[" * 5000, "bad.toml", "bad.toml", ""),
        ("\udcff", "bad.toml", "utf-8", ""),
    ],
    ids=lambda value: value[:30].replace("\n", " "),
)
def test_a_bad_scenario_is_refused(nbs: Run, home: Path, text: str, where: str, fragment: str, hint: str) -> None:
    """Exit 2 with the file, the line or the key and the nearest word; nothing is served, and what is ordered stays."""
    (home / "bad.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    nbs("sandbox", "fault", "add", "hang")
    ran = nbs("sandbox", "serve", "--scenario", "bad.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "bad.toml" in ran.err
    assert all(words in ran.err for words in (where, fragment, hint))
    assert [one["kind"] for one in ordered(nbs)] == ["hang"]


def test_a_scenario_that_is_not_there_is_told(nbs: Run) -> None:
    """Exit 2 and the file's name."""
    ran = nbs("sandbox", "serve", "--scenario", "nowhere.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "nowhere.toml" in ran.err


def test_every_setting_can_stand_in_a_scenario(nbs: Run, home: Path) -> None:
    """Each of the sandbox's settings with its usual value: the file is taken."""
    usual = [f"{name} = {json.dumps(value)}" for name, value in vars(Settings()).items()]
    (home / "usual.toml").write_text("[settings]\n" + "\n".join(usual), encoding="utf-8")
    with serving("--scenario", "usual.toml") as (_process, environ):
        assert nbs("volume", "list", env=environ).code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_in_the_middle_of_a_fault(nbs: Run, number: signal.Signals) -> None:
    """A client that hangs does not keep the server: exit 0, no word, no process."""
    with serving("--state", "own.sqlite3") as (process, environ):
        nbs("sandbox", "fault", "add", "hang", "--state", "own.sqlite3")
        with subprocess.Popen([NBS, "volume", "list"], env={**os.environ, **environ}, stderr=subprocess.DEVNULL):
            while ordered(nbs, "--state", "own.sqlite3"):
                time.sleep(0.02)
            process.send_signal(number)
            _out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
