"""Creating: what is sent, what is printed, several at once, waiting, marks, rehearsals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.commands.conftest import SNAPSHOT_KEYS, TENANT, VOLUME_KEYS, World, errors, fields, table

VOLUME = ["volume", "create", "--size", "10", "--name", "x"]
SNAPSHOT = ["snapshot", "create", "source", "--name", "x"]
BOTH = pytest.mark.parametrize("line", [VOLUME, SNAPSHOT], ids=["volume", "snapshot"])


@pytest.fixture
def sourced(world: World) -> World:
    """A cloud with one volume called `source`."""
    world.volume("source")
    return world


def posted(world: World) -> list[dict[str, Any]]:
    """The bodies of the POSTs that arrived, logins aside."""
    return [json.loads(call.body) for call in world.served.asked("POST")]


@BOTH
def test_the_object_is_printed(sourced: World, line: list[str]) -> None:
    """`create` prints the new object with every documented field and says on stderr what it did."""
    ran = sourced(*line)
    shown = fields(ran.out)
    assert ran.code == 0
    assert shown.keys() == {"volume": VOLUME_KEYS, "snapshot": SNAPSHOT_KEYS}[line[0]]
    assert shown["name"] == "x"
    assert ran.err == f"created {line[0]} x ({shown['id']})\n"


@BOTH
def test_the_object_has_the_keys_of_the_list(sourced: World, line: list[str]) -> None:
    """list, show and create give the same keys in the same order, though the server's answers differ."""
    made = sourced.json(*line)
    (listed,) = [row for row in sourced.json(line[0], "list") if row["id"] == made["id"]]
    shown = sourced.json(line[0], "show", made["id"])
    assert list(made) == list(listed) == list(shown)


@BOTH
@pytest.mark.parametrize(
    ("options", "out"),
    [
        (["-q"], "{id}\n"),
        (["-q", "-o", "json"], "{id}\n"),
        (["-o", "value", "-c", "id,name"], "{id}\tx\n"),
        (["-c", "name,id"], "name  x\nid    {id}\n"),
        (["-c", "id", "--no-header"], "id  {id}\n"),
        (["-o", "json", "-c", "name,id"], '{{"name": "x", "id": "{id}"}}\n'),
    ],
)
def test_the_object_is_printed_as_asked(sourced: World, line: list[str], options: list[str], out: str) -> None:
    """Formats, columns and `-q` work on a create as everywhere."""
    ran = sourced(*line, *options)
    identifier = sourced.json(line[0], "show", "x")["id"]
    assert ran.out == out.format(id=identifier)


def test_quiet_says_nothing_else(sourced: World) -> None:
    """With `-q` stderr is empty: a script gets the ID and that is all."""
    assert sourced(*VOLUME, "-q", "--wait").err == ""


def test_a_volume_is_sent_as_it_was_asked_for(world: World) -> None:
    """Every option of `volume create` has its place in the body, and nothing is null."""
    ran = world(
        *("volume", "create", "--size", "10", "--name", "x", "--description", "d", "--type", "ssd"),
        *("--zone", "kr-pub-b", "--metadata", "env=prod", "--metadata", "a=b=c", "--request-key", "job-1"),
    )
    assert ran.code == 0
    assert posted(world) == [
        {
            "volume": {
                "size": 10,
                "name": "x",
                "description": "d",
                "volume_type": "General SSD",
                "availability_zone": "kr-pub-b",
                "metadata": {"env": "prod", "a": "b=c", "nbs:request": "job-1"},
            }
        }
    ]


def test_a_snapshot_is_sent_as_it_was_asked_for(sourced: World) -> None:
    """Every option of `snapshot create` has its place in the body; the mark ends the description."""
    volume = sourced.json("volume", "show", "source")["id"]
    assert sourced(*SNAPSHOT, "--description", "d", "--force", "--request-key", "job-1").code == 0
    assert posted(sourced) == [
        {"snapshot": {"volume_id": volume, "name": "x", "description": "d [nbs:job-1]", "force": True}}
    ]


def test_a_snapshot_of_an_attached_volume_needs_force(sourced: World) -> None:
    """Without `--force` it is refused (exit 5) and the hint names the option; with it, it is made."""
    sourced.cloud.attach(sourced.json("volume", "show", "source")["id"])
    refused = sourced(*SNAPSHOT)
    assert refused.code == 5
    assert "--force" in refused.err
    assert sourced(*SNAPSHOT, "--force").code == 0


@pytest.mark.parametrize(
    "body", [{}, {"description": "words"}, {"name": "x", "description": None}], ids=["nothing", "words", "name"]
)
@BOTH
def test_no_mark_when_none_is_wanted(sourced: World, line: list[str], body: dict[str, Any]) -> None:
    """`--no-request-key` sends neither metadata nor a suffix."""
    more = ["--description", body["description"]] if body.get("description") else []
    assert sourced(*line, *more, "--no-request-key").code == 0
    assert "nbs:" not in str(posted(sourced))


@BOTH
def test_the_same_key_finds_what_it_made(sourced: World, line: list[str]) -> None:
    """The same command with the same `--request-key` makes nothing new, gives the same object, and says so."""
    first, second = (sourced(*line, "--request-key", "job-4711", "-o", "json") for _time in range(2))
    assert (first.code, second.code) == (0, 0)
    assert json.loads(first.out)["id"] == json.loads(second.out)["id"]
    assert len(posted(sourced)) == 1
    assert "found" in second.err


def test_the_same_key_with_another_wish_is_refused(world: World) -> None:
    """A key that made something else is exit 2, and nothing is sent."""
    world("volume", "create", "--size", "1", "--request-key", "k")
    world.served.calls.clear()
    ran = world("volume", "create", "--size", "2", "--request-key", "k")
    assert ran.code == 2
    assert "size" in ran.err
    assert posted(world) == []


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (["--request-key", "k", "--no-request-key"], "exclude each other"),
        (["--request-key", "a b"], "cannot be used"),
        (["--request-key", ""], "cannot be used"),
        (["--request-key", "한글"], "cannot be used"),
        (["--request-key", "k" * 101], "cannot be used"),
    ],
)
@BOTH
def test_a_key_that_cannot_be_kept_is_refused(
    sourced: World, line: list[str], options: list[str], fragment: str
) -> None:
    """A key must fit metadata and descriptions alike: exit 2 before anything is made."""
    ran = sourced(*line, *options)
    assert ran.code == 2
    assert fragment in ran.err
    assert posted(sourced) == []


def test_several_are_numbered(world: World) -> None:
    """`--count 3` makes x-1 to x-3 with keys K-1 to K-3, and prints an array in their order."""
    rows = world.json("volume", "create", "--size", "1", "--name", "x", "--count", "3", "--request-key", "K")
    assert [row["name"] for row in rows] == ["x-1", "x-2", "x-3"]
    assert [row["metadata"]["nbs:request"] for row in rows] == ["K-1", "K-2", "K-3"]
    assert world.names() == ["x-1", "x-2", "x-3"]


def test_several_are_a_table(world: World) -> None:
    """Several new volumes are shown as a list of them, each told on stderr."""
    ran = world("volume", "create", "--size", "1", "--name", "x", "--count", "3")
    assert [row[1] for row in table(ran.out)] == ["NAME", "x-1", "x-2", "x-3"]
    assert ran.err.count("created volume x-") == 3


def test_several_without_a_name_have_none(world: World) -> None:
    """Nothing is numbered where there is no name; every one has a mark of its own."""
    rows = world.json("volume", "create", "--size", "1", "--count", "2")
    assert [row["name"] for row in rows] == [None, None]
    assert len({row["metadata"]["nbs:request"] for row in rows}) == 2


def test_one_of_one_is_not_numbered(world: World) -> None:
    """`--count 1` is as if it had not been said."""
    assert world.json("volume", "create", "--size", "1", "--name", "x", "--count", "1")["name"] == "x"


def test_some_of_several_fail(build: Callable[..., World]) -> None:
    """Where the quota ends in between: exit 10, the made ones on stdout, the refusals on stderr."""
    world = build(gigabytes=25)
    ran = world("volume", "create", "--size", "10", "--name", "x", "--count", "4", "-o", "json")
    assert ran.code == 10
    assert len(json.loads(ran.out)) == 2
    assert [error["code"] for error in errors(ran)] == ["limit", "limit", "partial"]
    assert "2 of 4" in errors(ran)[-1]["message"]


def test_all_of_several_fail_alike(build: Callable[..., World]) -> None:
    """Where all fail the same way, the exit code is that way's, and stdout stays empty."""
    world = build(gigabytes=5)
    ran = world("volume", "create", "--size", "10", "--count", "3", "-o", "json")
    assert (ran.code, ran.out) == (6, "")
    assert {error["code"] for error in errors(ran)} == {"limit"}


def test_snapshots_of_several_volumes(world: World) -> None:
    """One snapshot of each volume, from arguments or standard input; an array even when there is one."""
    ids = [world.volume(name) for name in ("a", "b")]
    assert [row["volume_id"] for row in world.json("snapshot", "create", "a", "b", "--name", "s")] == ids
    assert [row["volume_id"] for row in world.json("snapshot", "create", "-", stdin="b\n")] == ids[1:]


def test_snapshots_of_several_volumes_take_several_keys(world: World) -> None:
    """A given key is numbered over several snapshots as over several volumes."""
    world.volume("a")
    world.volume("b")
    rows = world.json("snapshot", "create", "a", "b", "--request-key", "K")
    assert [row["description"].strip() for row in rows] == ["[nbs:K-1]", "[nbs:K-2]"]


@BOTH
def test_waiting_prints_it_as_last_seen(build: Callable[..., World], line: list[str]) -> None:
    """`--wait` prints the object once, when it can be used, and each change of its status on stderr."""
    world = build(delay=0.3)
    world.volume("source")
    world("volume", "wait", "source")
    ran = world(*line, "--wait", "-o", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["status"] == "available"
    created, *changes = ran.err.splitlines()
    assert created.startswith("created")
    assert [change.split()[1] for change in changes] == ["creating", "available"]


@BOTH
@pytest.mark.parametrize("form", ["json", "table", "value"])
def test_one_that_ends_in_an_error_is_printed_too(sourced: World, line: list[str], form: str) -> None:
    """Exit 8, and the object as last seen is on stdout, for it exists and counts."""
    sourced.cloud.fail_next("create-error")
    ran = sourced(*line, "--wait", "-o", form)
    assert ran.code == 8
    assert ran.out == sourced(line[0], "show", "x", "-o", form).out
    assert "error" in ran.out
    assert "ended in status error" in ran.err


def test_one_that_takes_too_long_is_printed_too(build: Callable[..., World]) -> None:
    """Exit 7 when the wait's time is up, the object as last seen on stdout, how to go on in the hint."""
    world = build(delay=3600)
    ran = world(*VOLUME, "--wait", "-o", "json", env={"NBS_WAIT_TIMEOUT": "0.2s"})
    assert ran.code == 7
    assert json.loads(ran.out)["status"] == "creating"
    assert "volume wait" in errors(ran)[0]["hint"]


def test_some_of_several_end_in_an_error(world: World) -> None:
    """Exit 10 when one of three ends in error; all three are printed."""
    world.cloud.fail_next("create-error")
    ran = world("volume", "create", "--size", "1", "--name", "x", "--count", "3", "--wait", "-o", "json")
    assert ran.code == 10
    assert sorted(row["status"] for row in json.loads(ran.out)) == ["available", "available", "error"]


def test_a_snapshot_gives_its_size(sourced: World) -> None:
    """`--snapshot` makes the size unnecessary; its type and zone are the server's business."""
    big = sourced.volume("big", 30, volume_type="General SSD")
    snapshot = sourced.snapshot(big, "saved")
    made = sourced.json("volume", "create", "--snapshot", "saved")
    assert (made["size"], made["snapshot_id"], made["volume_type"]) == (30, snapshot, "General SSD")
    assert sourced.json("volume", "create", "--snapshot", snapshot, "--size", "31")["size"] == 31


REHEARSALS = [
    (["volume", "create", "--size", "1", "--name", "x"], "POST", "/volumes"),
    (["volume", "create", "--size", "1", "--count", "2"], "POST", "/volumes"),
    (["volume", "delete", "source"], "DELETE", "/volumes/{source}"),
    (["volume", "upload-image", "source", "--image-name", "golden"], "POST", "/volumes/{source}/action"),
    (["snapshot", "create", "source", "--name", "x"], "POST", "/snapshots"),
    (["snapshot", "delete", "saved"], "DELETE", "/snapshots/{saved}"),
]


@pytest.mark.parametrize(("line", "method", "path"), REHEARSALS, ids=[" ".join(line[:2]) for line, *_ in REHEARSALS])
def test_a_rehearsal_sends_nothing(sourced: World, line: list[str], method: str, path: str) -> None:
    """`--dry-run` of every write shows method, path and body, in every format, and sends no write."""
    source = sourced.json("volume", "show", "source")["id"]
    ids = {"source": source, "saved": sourced.snapshot(source, "saved")}
    rows = sourced.json(*line, "--dry-run")
    paths = [row["path"] for row in rows]
    for row in rows:
        assert (row["method"], row["path"]) == (method, TENANT + path.format(**ids))
        assert (row["body"] is None) == (method == "DELETE")
    ran = sourced(*line, "--dry-run")
    assert [shown for shown in ran.out.splitlines() if shown.startswith(method)] == [
        f"{method} {path}" for path in paths
    ]
    assert ("{" in ran.out) == (method == "POST")
    assert "nothing was sent" in ran.err
    value = sourced(*line, "--dry-run", "-o", "value").out.splitlines()
    assert [text.split("\t")[:2] for text in value] == [[method, path] for path in paths]
    listed = table(sourced(*line, "--dry-run", "-c", "method,path").out)
    assert listed == [["METHOD", "PATH"], *([method, path] for path in paths)]
    assert sourced.served.asked("POST") + sourced.served.asked("DELETE") == []


@pytest.mark.parametrize("line", [VOLUME, SNAPSHOT, ["volume", "upload-image", "source", "--image-name", "golden"]])
def test_a_rehearsal_is_what_would_be_sent(sourced: World, line: list[str]) -> None:
    """The rehearsed path and body are byte for byte those of the request that follows."""
    key = [] if "upload-image" in line else ["--request-key", "k"]
    (rehearsed,) = sourced.json(*line, *key, "--dry-run")
    assert sourced(*line, *key).code == 0
    (call,) = sourced.served.asked("POST")
    assert (call.path, json.loads(call.body)) == (rehearsed["path"], rehearsed["body"])


def test_a_rehearsed_delete_foresees_the_refusal(sourced: World) -> None:
    """Of a delete the rehearsal says whether it would be accepted, and what stands in the way."""
    sourced.snapshot(sourced.json("volume", "show", "source")["id"], "saved")
    sourced.cloud.attach(sourced.volume("busy"))
    sourced.volume("free")
    rows = sourced.json("volume", "delete", "source", "busy", "free", "--dry-run")
    assert "saved" in rows[0]["forecast"]
    assert "attached" in rows[1]["forecast"]
    assert rows[2]["forecast"] == "accepted"


def test_a_rehearsal_needs_no_yes(sourced: World) -> None:
    """A rehearsed delete asks nothing and therefore works without a terminal."""
    assert sourced("volume", "delete", "source", "--dry-run", env={"CI": "true"}).code == 0
    assert sourced.names() == ["source"]
