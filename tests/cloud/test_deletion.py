"""A delete that may be repeated without harm, and that says why it was refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from nbs_cli.cloud.deletion import attached_to, named, obstacles, snapshots_of
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.errors import ExitCode
from tests.cloud.conftest import MakeFaulty, MakeStorage, uuid, with_login, with_token
from tests.cloud.faulty import Behaviour, Heard, Line, answer, cut, mute, nothing, relay, reset
from tests.conftest import Ran, Served

both = pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT], ids=lambda resource: resource.name)


@pytest.fixture
def ids(served: Served) -> dict[str, list[str]]:
    """Two volumes, the newer one without snapshots, and the one snapshot of the other."""
    served.cloud.seed(1, 1)
    with served.cloud.reading() as turn:
        rows = {
            resource.name: [row["id"] for row in turn.db.execute(f"SELECT id FROM {resource.path}")]
            for resource in (VOLUME, SNAPSHOT)
        }
    served.cloud.seed(1)
    with served.cloud.reading() as turn:
        rows["free"] = [
            row["id"] for row in turn.db.execute("SELECT id FROM volumes") if row["id"] not in rows["volume"]
        ]
    return rows


def after(behaviour: Behaviour, url: str) -> Behaviour:
    """The cloud has processed the request, and *behaviour* is all that comes back."""

    def behave(line: Line) -> None:
        relay(url, answered=False)(line)
        line.open = True
        behaviour(line)

    return behave


LOST: dict[str, Behaviour] = {
    "closed": nothing,
    "reset": reset,
    "500": answer(500),
    "502": answer(502, b"<html>Bad Gateway</html>"),
    "503": answer(503),
    "504": answer(504),
    "cut": cut(b"<html>", 100),
}


@both
@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST)
@pytest.mark.parametrize("times", [1, 99], ids=["once", "always"])
@pytest.mark.parametrize("delay", [0.0, 60.0], ids=["gone at once", "gone later"])
def test_a_lost_answer_is_no_failure(
    serve: Callable[..., Served],
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    no_pauses: list[float],
    resource: Resource,
    behaviour: Behaviour,
    times: int,
    delay: float,
) -> None:
    """It was deleted: what is gone, or `deleting`, by the time of another DELETE or look, is done (D15, D16)."""
    served = serve(delay=delay)
    served.cloud.seed(2, 1)
    with served.cloud.writing() as turn:
        (found,) = turn.db.execute(
            f"SELECT id FROM {resource.path} WHERE id NOT IN (SELECT volume_id FROM snapshots)"
        ).fetchone()
    deletes: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            deletes.append(heard)
            if len(deletes) <= times:
                return after(behaviour, served.url)
        return relay(served.url)

    ran = nbs(resource.name, "delete", found, "--yes", "-o", "json", env=with_login(faulty(by=by)))
    assert ran.code == ExitCode.OK, ran.err
    assert json.loads(ran.out) == [{"ref": found, "id": found, "outcome": "accepted"}]
    assert 1 <= len(deletes) <= 4


@both
def test_a_delete_that_never_arrives_is_a_failure(
    faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float], resource: Resource
) -> None:
    """It is still there, so it is not said to be deleted: exit 9."""

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            return answer(503)
        return answer(200, {resource.name: {"id": uuid(1), "status": "available"}})

    server = faulty(by=by)
    ran = nbs(resource.name, "delete", uuid(1), "--yes", env=with_token(server))
    assert ran.code == ExitCode.UNAVAILABLE
    assert len(server.asked("DELETE")) == 4


@both
def test_what_is_gone_before_the_first_delete_is_told(
    faulty: MakeFaulty, nbs: Callable[..., Ran], resource: Resource
) -> None:
    """Somebody else was quicker: exit 3, and 0 for who does not mind (D17)."""

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            return answer(404, {"itemNotFound": {"message": "could not be found"}})
        return answer(200, {resource.name: {"id": uuid(1), "status": "available"}})

    env = with_token(faulty(by=by))
    assert nbs(resource.name, "delete", uuid(1), "--yes", env=env).code == ExitCode.NOT_FOUND
    assert nbs(resource.name, "delete", uuid(1), "--yes", "--ignore-missing", env=env).code == ExitCode.OK


@both
def test_what_never_was_is_not_found(served: Served, nbs: Callable[..., Ran], resource: Resource) -> None:
    """Exit 3 before any delete, 0 with `--ignore-missing`, and nothing sent in both cases."""
    for options, code in (([], ExitCode.NOT_FOUND), (["--ignore-missing"], ExitCode.OK)):
        assert nbs(resource.name, "delete", uuid(1), "--yes", *options, env=served.environ).code == code
    assert served.asked("DELETE") == []


def test_a_volume_with_snapshots_is_refused_with_their_names(
    served: Served, nbs: Callable[..., Ran], ids: dict[str, list[str]]
) -> None:
    """Exit 5: the family has one sentence for all reasons, so the reason is looked for (D21)."""
    ran = nbs("volume", "delete", *ids["volume"], "--yes", env=served.environ)
    assert ran.code == ExitCode.CONFLICT
    assert "it has a snapshot" in ran.err
    assert f"nbs snapshot delete {ids['snapshot'][0]}" in ran.err
    assert len(served.asked("DELETE")) == 1


def test_an_attached_volume_is_refused_with_its_instance(
    served: Served, nbs: Callable[..., Ran], ids: dict[str, list[str]]
) -> None:
    """Exit 5, whose disk it is, and what to do first."""
    served.cloud.attach(ids["free"][0], "0c3a4f8e-0000-4000-8000-000000000001")
    ran = nbs("volume", "delete", *ids["free"], "--yes", env=served.environ)
    assert ran.code == ExitCode.CONFLICT
    assert "it is attached to 0c3a4f8e-0000-4000-8000-000000000001" in ran.err
    assert "detach it" in ran.err
    assert len(served.asked("DELETE")) == 1


@pytest.mark.parametrize("status", ["creating", "uploading", "in-use", "retyping", "error_deleting", "polishing"])
def test_a_status_that_forbids_it_is_named(faulty: MakeFaulty, nbs: Callable[..., Ran], status: str) -> None:
    """With the server's own words beside it; for a stuck one, who can help."""
    words = "Invalid volume: Volume status must be available or error"

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            return answer(400, {"badRequest": {"message": words}}, X_Openstack_Request_Id="req-9")
        if "snapshots" in heard.target:
            return answer(200, {"snapshots": []})
        return answer(200, {"volume": {"id": uuid(1), "name": "a", "status": status, "attachments": []}})

    server = faulty(by=by)
    ran = nbs("volume", "delete", uuid(1), "--yes", env=with_token(server))
    assert ran.code == ExitCode.CONFLICT
    assert f"its status is {status}" in ran.err
    assert words in ran.err
    assert "request id: req-9" in ran.err
    assert ("support" in ran.err) == (status == "error_deleting")
    assert len(server.asked("DELETE")) == 1


@pytest.mark.parametrize("fault", ["snapshots", "volume"])
def test_a_reason_that_cannot_be_found_leaves_the_servers_words(
    faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float], fault: str
) -> None:
    """Looking for the reason fails: the refusal stands, never a success."""
    words = "Invalid volume: Volume status must be available"
    looked: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            return answer(400, {"badRequest": {"message": words}})
        if "snapshots" in heard.target:
            return answer(503)
        looked.append(heard)
        if fault == "volume" and len(looked) > 1:
            return answer(503)
        return answer(200, {"volume": {"id": uuid(1), "name": "a", "status": "available", "attachments": []}})

    ran = nbs("volume", "delete", uuid(1), "--yes", env=with_token(faulty(by=by)))
    assert ran.code == ExitCode.CONFLICT
    assert words in ran.err


@pytest.mark.parametrize(
    "message",
    [
        "Volume cannot be deleted while in attached state",
        "Invalid volume: Volume still has 1 dependent snapshots.",
        "Invalid volume: Volume status must be available or error, but current status is: deleting.",
    ],
)
def test_a_refusal_of_what_is_under_way_is_done(faulty: MakeFaulty, nbs: Callable[..., Ran], message: str) -> None:
    """`deleting` already: somebody's delete, maybe ours, was accepted."""
    looks: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            return answer(400, {"badRequest": {"message": message}})
        looks.append(heard)
        status = "available" if len(looks) == 1 else "deleting"
        return answer(200, {"volume": {"id": uuid(1), "status": status}})

    assert nbs("volume", "delete", uuid(1), "--yes", env=with_token(faulty(by=by))).code == ExitCode.OK


def test_many_are_deleted_and_each_is_told(served: Served, nbs: Callable[..., Ran], ids: dict[str, list[str]]) -> None:
    """One cannot be, the others are: exit 10, an outcome for each in the order of the refs (D22)."""
    refs = [*ids["free"], *ids["volume"]]
    ran = nbs("volume", "delete", *refs, "--yes", "--wait", "-o", "json", env=served.environ)
    assert ran.code == ExitCode.PARTIAL
    rows = json.loads(ran.out)
    assert [(row["id"], row["outcome"]) for row in rows] == [(refs[0], "deleted"), (refs[1], "failed")]
    assert rows[1]["error"]["code"] == "conflict"
    assert "error" not in rows[0]


def test_names_are_not_looked_up_again(served: Served, nbs: Callable[..., Ran], ids: dict[str, list[str]]) -> None:
    """Once a name is found, only its ID is used: who takes the name meanwhile is not deleted (D19)."""
    with served.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET name = 'old' WHERE id = ?", (ids["free"][0],))
    served.calls.clear()
    assert nbs("volume", "delete", "old", "--yes", env=served.environ).code == 0
    assert [call.path.rpartition("/")[2] for call in served.asked("DELETE")] == ids["free"]


VOLUME_ROW: dict[str, Any] = {"id": uuid(1), "name": "a", "status": "available", "attachments": []}


@pytest.mark.parametrize(
    ("resource", "record", "snapshots", "words"),
    [
        (VOLUME, VOLUME_ROW, [], None),
        (VOLUME, {**VOLUME_ROW, "status": "error"}, [], None),
        (VOLUME, {**VOLUME_ROW, "status": "in-use", "attachments": [{"server_id": "s"}]}, [], "it is attached to s"),
        (VOLUME, VOLUME_ROW, [{"id": "1", "name": "x"}], "it has a snapshot: x"),
        (VOLUME, VOLUME_ROW, [{"id": "1", "name": None}, {"id": "2", "name": ""}], "it has 2 snapshots: 1, 2"),
        (VOLUME, {**VOLUME_ROW, "status": "creating"}, [], "its status is creating"),
        (VOLUME, {**VOLUME_ROW, "status": None}, [], "its status is None"),
        (SNAPSHOT, {"id": "1", "status": "available"}, [], None),
        (SNAPSHOT, {"id": "1", "status": "deleting"}, [], "its status is deleting"),
    ],
)
def test_what_stands_in_the_way_is_known_before(
    resource: Resource, record: dict[str, Any], snapshots: list[dict[str, Any]], words: str | None
) -> None:
    """For rehearsals and questions: the guide's two reasons, and the status."""
    assert obstacles(resource, record, snapshots) == words


@pytest.mark.parametrize(
    ("attachments", "servers"),
    [
        ([{"server_id": "a"}, {"server_id": "b"}], ["a", "b"]),
        ([], []),
        (None, []),
        ({"server_id": "a"}, []),
        ([None, "x", {}], ["None"]),
    ],
)
def test_attachments_of_any_kind_are_read(attachments: Any, servers: list[str]) -> None:
    """The guide types them as an object and shows an array (facts.md 3.9)."""
    assert attached_to({"attachments": attachments}) == servers


def test_people_call_things_by_their_names() -> None:
    """Or by their IDs, where they have none."""
    assert named([{"id": "1", "name": "a"}, {"id": "2", "name": None}, {"id": "3"}]) == ["a", "2", "3"]


def test_the_snapshots_of_several_volumes_come_from_one_list(storage: MakeStorage) -> None:
    """Volumes without any have an empty list, and strangers none."""
    here = storage(delay=0.0)
    first, second = (here.create(VOLUME, {"size": 1})["id"] for _number in range(2))
    made = here.create(SNAPSHOT, {"volume_id": first, "name": "s"})["id"]
    found = snapshots_of(here, {first, second})
    assert {volume: [row["id"] for row in rows] for volume, rows in found.items()} == {first: [made], second: []}


# What happened to it meanwhile


@both
@pytest.mark.parametrize("behaviour", [answer(500), answer(200, b"<html>"), answer(302, b"", Location="/x")])
def test_what_came_to_nothing_is_sent_again(
    served: Served,
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    ids: dict[str, list[str]],
    resource: Resource,
    behaviour: Behaviour,
) -> None:
    """The first DELETE never reached the cloud; two looks show that, and the second one does it (faults.md 3.5)."""
    deletes: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            deletes.append(heard)
            if len(deletes) == 1:
                return behaviour
        return relay(served.url)

    server = faulty(by=by)
    (one,) = ids["free"] if resource is VOLUME else ids["snapshot"]
    ran = nbs(resource.name, "delete", one, "--yes", "-o", "json", env=with_login(server))
    assert ran.code == 0, ran.err
    assert [row["outcome"] for row in json.loads(ran.out)] == ["accepted"]
    assert [heard.method for heard in server.asked()][1:] == ["DELETE", "GET", "GET", "DELETE"]


def test_it_is_not_sent_for_ever(served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], ids: Any) -> None:
    """Three times, then it is a failure: exit 9, and it is still there."""
    server = faulty(by=lambda heard: answer(500) if heard.method == "DELETE" else relay(served.url))
    assert nbs("volume", "delete", *ids["free"], "--yes", env=with_login(server)).code == ExitCode.UNAVAILABLE
    assert len(server.asked("DELETE")) == 3


@both
@pytest.mark.parametrize("first", [answer(500), nothing], ids=["500", "closed"])
def test_one_that_got_stuck_is_told(
    faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float], resource: Resource, first: Behaviour
) -> None:
    """The answer is lost and it ended in `error_deleting`: exit 8, and who can help; not a conflict of ours."""
    statuses = ["available"]

    def by(heard: Heard) -> Behaviour:
        if heard.method == "DELETE":
            behaviour = (
                first
                if statuses == ["available"]
                else answer(400, {"badRequest": {"message": "Invalid volume: Volume status must be available"}})
            )
            statuses[:] = ["error_deleting"]
            return behaviour
        return answer(200, {resource.name: {"id": uuid(1), "status": statuses[0], "attachments": []}})

    ran = nbs(resource.name, "delete", uuid(1), "--yes", env=with_token(faulty(by=by)))
    assert ran.code == ExitCode.ERROR_STATE, ran.err
    assert "support" in ran.err


SWAPS: dict[str, str] = {
    "name": "UPDATE volumes SET name = CASE name WHEN 'a' THEN 'b' ELSE 'a' END WHERE name IN ('a', 'b')",
    "size": "UPDATE volumes SET size = 7 WHERE name = 'a'",
    "created_at": "UPDATE volumes SET created_at = '2001-01-01T00:00:00.000000' WHERE name = 'a'",
}


@pytest.mark.parametrize("field", SWAPS)
def test_what_became_another_is_not_deleted(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], field: str
) -> None:
    """Between the list and the delete the name passes to another disk: exit 5, nothing is deleted (D19)."""
    for name in "ab":
        nbs("volume", "create", "--size", "1", "--name", name, "-q", env=served.environ)
    served.cloud.advance(5)

    def by(heard: Heard) -> Behaviour:
        if heard.method == "GET" and "detail" not in heard.target:  # the last look before the DELETE
            with served.cloud.writing() as turn:
                turn.db.execute(SWAPS[field])
        return relay(served.url)

    server = faulty(by=by)
    ran = nbs("volume", "delete", "a", "--yes", env=with_login(server))
    assert ran.code == ExitCode.CONFLICT
    assert f"another {field}" in ran.err
    assert server.asked("DELETE") == []


def test_an_id_that_was_just_read_is_not_read_again(
    served: Served, nbs: Callable[..., Ran], ids: dict[str, list[str]]
) -> None:
    """By ID and with `--yes` there is no time for a swap: one GET, one DELETE."""
    assert nbs("volume", "delete", *ids["free"], "--yes", env=served.environ).code == 0
    assert [call.method for call in served.asked()] == ["GET", "DELETE"]


def test_some_fail_and_one_hangs(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Of 50 three are refused and one is never answered: the rest is done, each is told, and it ends in time (D22)."""

    def by(heard: Heard) -> Behaviour:
        number = int(heard.target[-2:])
        if heard.method == "GET":
            return answer(200, {"volume": {"id": uuid(number), "name": f"v-{number}", "status": "available"}})
        if number == 7:
            return mute
        return answer(400, {"badRequest": {"message": "no"}}) if number in {3, 20, 41} else answer(202)

    server = faulty(by=by)
    refs = [uuid(number) for number in range(50)]
    began = time.monotonic()
    ran = nbs("volume", "delete", "--yes", "--timeout", "2s", "-o", "json", *refs, env=with_token(server))
    assert time.monotonic() - began < 2.0 + 1.0
    outcomes = {outcome["id"]: outcome["outcome"] for outcome in json.loads(ran.out)}
    assert ran.code == 10
    assert list(outcomes) == refs
    assert sorted(outcomes.values()) == ["accepted"] * 46 + ["failed"] * 4, outcomes
