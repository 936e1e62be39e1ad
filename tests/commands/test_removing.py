"""Deleting: one, several, what is refused, what stays, what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.commands.conftest import World, errors, table

NOUNS = pytest.mark.parametrize("noun", ["volume", "snapshot"])


@pytest.fixture
def stocked(world: World) -> World:
    """Volumes a, b, c without ties; `source` with the snapshots a, b, c."""
    for name in "abc":
        world.volume(name)
    source = world.volume("source", 5)
    for name in "abc":
        world.snapshot(source, name)
    return world


@NOUNS
def test_one_is_deleted(stocked: World, noun: str) -> None:
    """Exit 0, one DELETE, one line on stderr that says so; a table has nothing to add."""
    identifier = stocked.json(noun, "show", "a")["id"]
    ran = stocked(noun, "delete", "a", "--yes")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"deleting {noun} a ({identifier})\n"
    assert len(stocked.served.asked("DELETE")) == 1
    assert "a" not in stocked.names(noun + "s")


@NOUNS
@pytest.mark.parametrize("refs", [["a"], ["a", "b"], ["-"]], ids=["one", "two", "dash"])
def test_the_outcomes_are_always_an_array(stocked: World, noun: str, refs: list[str]) -> None:
    """`-o json` of a delete is an array of ref, id and outcome, also for one."""
    ids = {name: stocked.json(noun, "show", name)["id"] for name in "ab"}
    ran = stocked(noun, "delete", *refs, "--yes", "-o", "json", stdin="a\n")
    named = ["a", "b"] if len(refs) > 1 else ["a"]
    assert ran.code == 0
    assert json.loads(ran.out) == [{"ref": name, "id": ids[name], "outcome": "accepted"} for name in named]


@NOUNS
def test_waiting_makes_it_deleted(stocked: World, noun: str) -> None:
    """With `--wait` the outcome is `deleted`, and the words say that it is done."""
    ran = stocked(noun, "delete", "a", "b", "--yes", "--wait", "-o", "json")
    assert [row["outcome"] for row in json.loads(ran.out)] == ["deleted", "deleted"]
    assert f"deleted {noun} a" in ran.err


@NOUNS
@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ([], 3),
        (["-o", "value"], 3),
        (["-c", "ref,outcome"], 2),
        (["--no-header"], 3),
    ],
)
def test_several_are_listed(stocked: World, noun: str, options: list[str], columns: int) -> None:
    """The outcomes of several are a table, values, or the columns that were asked for."""
    ran = stocked(noun, "delete", "a", "b", "c", "--yes", *options)
    rows = [line.split("\t") for line in ran.out.splitlines()] if "value" in options else table(ran.out)
    assert ran.code == 0
    assert len(rows) == (3 if options[:1] in (["-o"], ["--no-header"]) else 4)
    assert {len(row) for row in rows} == {columns}
    assert rows[-1][0] == "c"
    assert rows[-1][-1] == "accepted"


@NOUNS
def test_quiet_gives_the_ids_of_what_went(stocked: World, noun: str) -> None:
    """`-q` prints the IDs of what was accepted and says nothing."""
    ids = [stocked.json(noun, "show", name)["id"] for name in "ab"]
    ran = stocked(noun, "delete", "a", "b", "--yes", "-q")
    assert (ran.out.splitlines(), ran.err) == (ids, "")


def test_some_go_and_some_stay(stocked: World) -> None:
    """Every one is tried, every outcome reported: exit 10, failures in the array and on stderr, with their reasons."""
    busy = stocked.volume("busy")
    stocked.cloud.attach(busy)
    ran = stocked("volume", "delete", "a", "busy", "source", "b", "--yes", "-o", "json")
    rows = json.loads(ran.out)
    assert ran.code == 10
    assert [(row["ref"], row["outcome"]) for row in rows] == [
        ("a", "accepted"),
        ("busy", "failed"),
        ("source", "failed"),
        ("b", "accepted"),
    ]
    assert [("error" in row) for row in rows] == [False, True, True, False]
    assert rows[1]["error"]["code"] == "conflict"
    assert "attached" in rows[1]["error"]["message"]
    assert [error["code"] for error in errors(ran)] == ["conflict", "conflict", "partial"]
    assert stocked.names() == ["busy", "c", "source"]


def test_some_stay_and_a_person_sees_which(stocked: World) -> None:
    """In words: a table of outcomes, a line for each failure with its hint, and how many failed."""
    ran = stocked("volume", "delete", "a", "source", "--yes")
    assert ran.code == 10
    assert [row[-1] for row in table(ran.out)] == ["OUTCOME", "accepted", "failed"]
    assert "nbs: source cannot be deleted: it has 3 snapshots: " in ran.err
    assert "nbs: 1 of 2 failed" in ran.err


def test_all_fail_alike(stocked: World) -> None:
    """All refs failing the same way give that code."""
    stocked.cloud.attach(stocked.volume("busy"))
    ran = stocked("volume", "delete", "busy", "source", "--yes", "-o", "json")
    assert ran.code == 5
    assert {row["outcome"] for row in json.loads(ran.out)} == {"failed"}
    assert len(stocked.served.asked("DELETE")) == 2


@NOUNS
@pytest.mark.parametrize("more", [[], ["--wait"], ["-q"], ["-o", "json"]])
def test_what_is_missing_may_be_passed_over(stocked: World, noun: str, more: list[str]) -> None:
    """`--ignore-missing` drops unknown names and IDs and deletes the others."""
    gone = "00000000-0000-4000-8000-000000000000"
    assert stocked(noun, "delete", "a", "nobody", gone, "--yes", "--ignore-missing", *more).code == 0
    assert len(stocked.served.asked("DELETE")) == 1


@NOUNS
def test_nothing_left_to_delete_is_fine(stocked: World, noun: str) -> None:
    """With `--ignore-missing` and nothing there: exit 0, `[]`, no DELETE."""
    ran = stocked(noun, "delete", "nobody", "--yes", "--ignore-missing", "-o", "json")
    assert (ran.code, json.loads(ran.out)) == (0, [])
    assert stocked.served.asked("DELETE") == []


def test_nothing_on_standard_input_is_fine(stocked: World) -> None:
    """An empty list piped into a delete deletes nothing, asks nothing, and is no failure."""
    ran = stocked("volume", "delete", "-", "--yes", "-o", "json")
    assert (ran.code, json.loads(ran.out), stocked.served.calls) == (0, [], [])


@NOUNS
@pytest.mark.parametrize("refs", [["a", "nobody"], ["nobody", "a"], ["a", "00000000-0000-4000-8000-000000000000"]])
def test_one_unknown_ref_stops_all(stocked: World, noun: str, refs: list[str]) -> None:
    """All refs are found first: with one that is unknown nothing is deleted, exit 3."""
    ran = stocked(noun, "delete", *refs, "--yes")
    assert (ran.code, ran.out) == (3, "")
    assert f"there is no {noun} " in ran.err
    assert stocked.served.asked("DELETE") == []


@NOUNS
def test_a_name_that_two_bear_stops_all(stocked: World, noun: str) -> None:
    """Nothing is changed, exit 3, and the candidates are shown with their IDs."""
    for _number in range(2):
        if noun == "volume":
            stocked.volume("twin")
        else:
            stocked.snapshot(stocked.json("volume", "show", "source")["id"], "twin")
    ids = [row["id"] for row in stocked.json(noun, "list") if row["name"] == "twin"]
    ran = stocked(noun, "delete", "a", "twin", "--yes")
    assert (ran.code, ran.out) == (3, "")
    assert all(identifier in ran.err for identifier in ids)
    assert "nothing was changed" in ran.err
    assert stocked.served.asked("DELETE") == []


@pytest.mark.parametrize("refs", ["a a", "a {a}", "{a} {A}", "name:a id:{a}"])
def test_the_same_one_is_deleted_once(stocked: World, refs: str) -> None:
    """However a volume is named twice, one DELETE goes out and one outcome is told."""
    identifier = stocked.json("volume", "show", "a")["id"]
    named = refs.format(a=identifier, A=identifier.upper()).split()
    ran = stocked("volume", "delete", *named, "--yes", "-o", "json")
    assert (ran.code, len(json.loads(ran.out))) == (0, 1)
    assert len(stocked.served.asked("DELETE")) == 1


@pytest.mark.parametrize("env", [{}, {"CI": "true"}, {"CI": "1"}])
@NOUNS
def test_nobody_is_asked_where_nobody_is(stocked: World, noun: str, env: dict[str, str]) -> None:
    """Without a terminal, or with `CI` set, a delete without `--yes` is exit 2 and not one request is sent."""
    for line in (["a"], ["-"], ["nobody"], ["a", "-o", "json"]):
        ran = stocked(noun, "delete", *line, stdin="a\ny\n", env=env)
        assert (ran.code, ran.out) == (2, "")
        assert "--yes" in ran.err
        assert stocked.served.calls == []


@pytest.mark.parametrize(
    ("kind", "message"), [("delete-error", "ended in status error_deleting"), ("delete-bounce", "available again")]
)
def test_a_delete_that_comes_to_nothing(stocked: World, kind: str, message: str) -> None:
    """Accepted and then given up by the server: with `--wait` exit 8, and the outcome says failed."""
    stocked.cloud.fail_next(kind)
    ran = stocked("volume", "delete", "a", "--yes", "--wait", "-o", "json")
    (row,) = json.loads(ran.out)
    assert ran.code == 8
    assert (row["outcome"], row["error"]["code"]) == ("failed", "error-state")
    assert message in row["error"]["message"]


def test_waiting_too_long_for_the_end(build: Callable[..., World]) -> None:
    """Exit 7 when it is not gone in time; the hint waits on for `gone`."""
    world = build(delay=3600)
    world.volume("slow")
    world.cloud.advance(3601)
    ran = world("volume", "delete", "slow", "--yes", "--wait", "--timeout", "0.3s")
    assert ran.code == 7
    assert "--for gone" in ran.err


def test_one_at_a_time(stocked: World) -> None:
    """`--parallel 1` works through the refs in their order."""
    ids = [stocked.json("volume", "show", name)["id"] for name in "cab"]
    stocked("volume", "delete", "c", "a", "b", "--yes", "--parallel", "1")
    assert [call.path.rpartition("/")[2] for call in stocked.served.asked("DELETE")] == ids


def test_refs_from_a_list(stocked: World) -> None:
    """`nbs snapshot list -q | nbs snapshot delete - --yes --wait` leaves none."""
    ids = stocked("snapshot", "list", "-q").out
    assert stocked("snapshot", "delete", "-", "--yes", "--wait", stdin=ids).code == 0
    assert stocked.names("snapshots") == []
    assert stocked("volume", "delete", "source", "--yes").code == 0


def test_an_unknown_column_stops_a_delete(stocked: World) -> None:
    """A column that the outcomes do not have is exit 2 before anything is deleted."""
    ran = stocked("volume", "delete", "a", "--yes", "-c", "size")
    assert ran.code == 2
    assert stocked.served.calls == []
