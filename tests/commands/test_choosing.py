"""`--all-profiles`: every profile's rows at once, and one that fails does not end the others."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.sandbox.cloud import PASSWORD, TENANT_ID
from tests.accounts import config_path
from tests.commands.conftest import World
from tests.conftest import Ran, Served

Run = Callable[..., Ran]


def profiles(home: Path, nbs: Run, **places: Served) -> None:
    """Log in with a profile for each served cloud."""
    for name, served in places.items():
        words = ["auth", "login", "-p", name, "--identity-url", served.url, "--region", "KR1", "--tenant-id", TENANT_ID]
        ran = nbs(*words, "--username", "sandbox", "--password-stdin", "--store", "file", stdin=PASSWORD)
        assert ran.code == 0, ran.err


@pytest.fixture
def two(home: Path, nbs: Run, build: Callable[..., World]) -> tuple[World, World]:
    """Two clouds, each with volumes, a snapshot and a profile: `east` and `west`."""
    east, west = build(page_default=2), build()
    profiles(home, nbs, east=east.served, west=west.served)
    for number in range(5):
        east.volume(f"e{number}", number + 1)
    east.snapshot(west_volume := east.volume("web", 9), "east-snap")
    assert west_volume
    west.snapshot(west.volume("web", 3), "west-snap")
    return east, west


def listed(ran: Ran) -> list[Any]:
    """The rows of a list that was printed as JSON."""
    return list(json.loads(ran.out))


@pytest.mark.usefixtures("two")
def test_every_profile_is_listed(nbs: Run) -> None:
    """All pages of both, each row with its profile first, in the order of the file."""
    rows = listed(nbs("volume", "list", "--all-profiles", "-o", "json"))
    assert [row["profile"] for row in rows] == ["east"] * 6 + ["west"]
    assert list(rows[0])[:2] == ["profile", "id"]
    snapshots = listed(nbs("snapshot", "list", "--all-profiles", "-o", "json"))
    assert [(row["profile"], row["name"]) for row in snapshots] == [("east", "east-snap"), ("west", "west-snap")]
    brief = listed(nbs("volume", "list", "--all-profiles", "--brief", "-o", "json"))
    assert set(brief[0]) == {"profile", "id", "name", "links"}


@pytest.mark.usefixtures("two")
def test_order_and_limit_are_of_all(nbs: Run) -> None:
    """Sorted over all of them, then cut; columns and queries know the profile."""
    ran = nbs(
        "volume", "list", "--all-profiles", "--sort", "size:desc", "--limit", "3", "-o", "csv", "-c", "profile,size"
    )
    assert list(csv.reader(io.StringIO(ran.out))) == [["profile", "size"], ["east", "9"], ["east", "5"], ["east", "4"]]
    query = nbs("volume", "list", "--all-profiles", "--query", "[?name=='web'].[profile, size]", "-o", "value")
    assert query.out == "east\t9\nwest\t3\n"
    assert nbs("volume", "list", "--all-profiles").out.startswith("PROFILE  ID ")
    words = ["volume", "list", "--all-profiles", "--sort", "profile:desc,size:asc", "--limit", "3"]
    assert nbs(*words, "-o", "value", "-c", "profile,size").out == "west\t3\neast\t1\neast\t2\n"
    wrong = nbs("volume", "list", "--all-profiles", "--sort", "profle")
    assert (wrong.code, "did you mean profile?" in wrong.err) == (2, True)
    assert nbs("volume", "list", "-p", "east", "--sort", "profile").code == 2


def test_one_that_fails_is_a_warning(home: Path, nbs: Run, two: tuple[World, World]) -> None:
    """The others' rows are printed, the failure names its profile, and the exit code is 10."""
    path = config_path(home)
    dead = '\n[profiles.dead]\nidentity_url = "http://127.0.0.1:1"\nregion = "KR1"\n'
    dead += f'tenant_id = "{TENANT_ID}"\nusername = "x"\nstore = "file"\n'
    path.write_text(path.read_text(encoding="utf-8") + dead, encoding="utf-8")
    ran = nbs("volume", "list", "--all-profiles", "-o", "json")
    assert ran.code == 10
    assert len(listed(ran)) == 7
    failures = [json.loads(line)["error"] for line in ran.err.splitlines() if line.startswith("{")]
    assert failures[0]["message"].startswith("dead: ")
    assert (failures[0]["code"], failures[-1]["code"], failures[-1]["message"]) == ("auth", "partial", "1 of 3 failed")


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "yaml", "csv", "value", "query", "-q"])
def test_a_dead_profile_in_every_format(home: Path, nbs: Run, two: tuple[World, World], form: str) -> None:
    """The three largest of the living ones, sorted over both, in every format; a warning, and 10."""
    path = config_path(home)
    dead = '\n[profiles.dead]\nidentity_url = "http://127.0.0.1:1"\nregion = "KR1"\nstore = "command"\n'
    dead += f'tenant_id = "{TENANT_ID}"\nusername = "x"\npassword_command = ["echo", "x"]\n'
    path.write_text(path.read_text(encoding="utf-8") + dead, encoding="utf-8")
    said = {"-q": ["-q"], "query": ["--query", "[].[profile, size]", "-o", "value"]}.get(form, ["-o", form])
    ran = nbs("volume", "list", "--all-profiles", "--sort", "size:desc", "--limit", "3", *said)
    assert ran.code == 10
    assert "dead: cannot reach 127.0.0.1:1" in ran.err
    if form == "query":
        assert ran.out == "east\t9\neast\t5\neast\t4\n"
    else:
        rows = {"table": 4, "csv": 4, "json": 5}.get(form, 3)
        assert ran.out.count("- profile: " if form == "yaml" else "\n") == rows


def test_all_that_fail_alike_give_their_code(home: Path, nbs: Run, two: tuple[World, World]) -> None:
    """Nothing is printed; the code is that of the failures."""
    path = config_path(home)
    path.write_text(path.read_text(encoding="utf-8").replace(TENANT_ID, "0" * 32), encoding="utf-8")
    ran = nbs("volume", "list", "--all-profiles", "-o", "json")
    assert (ran.code, ran.out) == (4, "")


@pytest.mark.parametrize(
    "words",
    [
        "volume list --all-profiles -p east",
        "volume list --all-profiles --marker x",
        "snapshot list --all-profiles --offset 1",
        "snapshot list --all-profiles --volume web",
        "snapshot list --all-profiles --timeline",
        "volume list --all-profiles -c nope",
    ],
)
def test_what_makes_no_sense_is_refused(nbs: Run, two: tuple[World, World], words: str) -> None:
    """Exit 2 before any request."""
    before = [len(world.served.calls) for world in two]
    assert nbs(*words.split()).code == 2
    assert [len(world.served.calls) for world in two] == before


def test_no_profiles_at_all(nbs: Run) -> None:
    """Nothing to ask: 3, with the way to a profile."""
    ran = nbs("volume", "list", "--all-profiles")
    assert ran.code == 3
    assert "nbs auth login" in ran.err


def test_they_are_asked_at_the_same_time(home: Path, nbs: Run, serve: Callable[..., Served]) -> None:
    """Twelve servers each wait for the others' requests: one after the other, or eight at a time, would never end."""
    import threading

    meeting = threading.Barrier(12, timeout=20)

    def meet(app: Any) -> Any:
        def met(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["PATH_INFO"].endswith("/volumes/detail"):
                meeting.wait()
            return app(environ, start_response)

        return met

    profiles(home, nbs, **{f"p{number}": serve(wrap=meet) for number in range(12)})
    began = time.monotonic()
    assert nbs("volume", "list", "--all-profiles", "-o", "json").out == "[]\n"
    assert time.monotonic() - began < 20
