"""Until it is so, until it is gone, or why not: a wait ends with the truth, and in time."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nbs_cli.cloud.blockstorage import BlockStorage
from nbs_cli.cloud.bulk import Outcome
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.cloud.waiting import GONE, Goal, image_active, until
from nbs_cli.errors import ErrorState, ExitCode, Failure, WaitTimeout
from tests.cloud.conftest import MakeFaulty, MakeStorage, uuid, with_token
from tests.cloud.faulty import Behaviour, Faulty, Heard, answer, cut, mute, nothing, reset
from tests.conftest import Ran, Served

pytestmark = pytest.mark.usefixtures("quick_waits")

GRACE = 0.5
Env = dict[str, str]


def is_(status: str, resource_id: str = uuid(1), **more: Any) -> Behaviour:
    """A volume in this status."""
    return answer(200, {"volume": {"id": resource_id, "name": "data", "status": status, "size": 1, **more}})


ABSENT = answer(404, {"itemNotFound": {"code": 404, "message": "Volume could not be found."}})


def waited(server: Faulty, nbs: Callable[..., Ran], *options: str) -> Ran:
    """`nbs volume wait` at *server*, as JSON."""
    return nbs("volume", "wait", uuid(1), "-o", "json", *options, env=with_token(server))


# One volume and what becomes of it: looks (the first finds it), options, exit code, last status printed, requests
STORIES: dict[str, tuple[list[Behaviour], list[str], ExitCode, str | None, int]] = {
    "there already": ([is_("available")], [], ExitCode.OK, "available", 2),
    "becomes available": ([is_("creating"), is_("creating"), is_("available")], [], ExitCode.OK, "available", 3),
    "over unknown statuses": (
        [is_("creating"), is_("reserved"), is_("polishing"), is_("available")],
        [],
        ExitCode.OK,
        "available",
        4,
    ),
    "ends in error": ([is_("creating"), is_("creating"), is_("error")], [], ExitCode.ERROR_STATE, "error", 3),
    "vanishes": ([is_("creating"), is_("creating"), ABSENT], [], ExitCode.ERROR_STATE, "creating", 3),
    "gone": ([is_("deleting"), is_("deleting"), ABSENT], ["--for", "gone"], ExitCode.OK, "deleting", 3),
    "gone before": ([ABSENT], ["--for", "gone"], ExitCode.OK, None, 1),
    "waits to be deleted": (
        [is_("available"), is_("in-use"), is_("available"), is_("deleting"), ABSENT],
        ["--for", "gone"],
        ExitCode.OK,
        "deleting",
        5,
    ),
    "bounces back": (
        [is_("deleting"), is_("deleting"), is_("available")],
        ["--for", "gone"],
        ExitCode.ERROR_STATE,
        "available",
        3,
    ),
    "cannot be deleted": (
        [is_("deleting"), is_("deleting"), is_("error_deleting")],
        ["--for", "gone"],
        ExitCode.ERROR_STATE,
        "error_deleting",
        3,
    ),
    "an error is what is waited for": (
        [is_("creating"), is_("creating"), is_("error")],
        ["--for", "error"],
        ExitCode.OK,
        "error",
        3,
    ),
    "in-use": ([is_("available"), is_("attaching"), is_("in-use")], ["--for", "in-use"], ExitCode.OK, "in-use", 3),
}
for failed in ("error_extending", "error_restoring", "error_backing-up", "error_deleting", "error_managing"):
    STORIES[failed] = (
        [is_("creating"), is_("available"), is_(failed)],
        ["--for", "in-use"],
        ExitCode.ERROR_STATE,
        failed,
        3,
    )


@pytest.mark.parametrize(("script", "options", "code", "last", "asked"), STORIES.values(), ids=STORIES)
def test_a_wait_ends_with_the_truth(
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    script: list[Behaviour],
    options: list[str],
    code: ExitCode,
    last: str | None,
    asked: int,
) -> None:
    """At the very look that tells, with the exit code of what was seen and the object as last seen (D9 to D11)."""
    server = faulty(*script)
    ran = waited(server, nbs, *options)
    assert ran.code == code
    assert len(server.heard) == asked
    if last is not None:
        assert json.loads(ran.out)["status"] == last
    else:
        assert ran.out == ""
    if code == ExitCode.ERROR_STATE:
        assert '"code": "error-state"' in ran.err
        assert uuid(1) in ran.err


STUMBLES: dict[str, Behaviour] = {
    "503": answer(503),
    "500": answer(500),
    "429": answer(429, Retry_After="0"),
    "reset": reset,
    "closed": nothing,
    "cut": cut(b'{"volume": {"id"', 500),
    "cut, closed": cut(b'{"volume": {"id"'),
    "html": answer(200, b"<html>maintenance</html>"),
    "not json": answer(200, b"busy"),
    "nothing": answer(200, b""),
    "no volume": answer(200, {}),
    "another volume": is_("available", uuid(2)),
}


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
@pytest.mark.parametrize("goal", ["available", "gone"])
def test_a_look_that_fails_does_not_end_it(
    faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float], stumble: Behaviour, goal: str
) -> None:
    """Three looks in a row that fail, then the truth (D12); and no failed look is taken for a vanished volume."""
    seen = [0]

    def by(heard: Heard) -> Behaviour:
        seen[0] += 1
        if seen[0] == 1:
            return is_("deleting" if goal == "gone" else "creating")
        if seen[0] <= 13:  # three looks of four sends each at most
            return stumble
        return ABSENT if goal == "gone" else is_("available")

    assert waited(faulty(by=by), nbs, "--for", goal).code == ExitCode.OK


@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_look_that_is_refused_ends_it(faulty: MakeFaulty, nbs: Callable[..., Ran], status: int) -> None:
    """No right to look, and a request that is wrong: waiting on would not help."""
    server = faulty(is_("creating"), answer(status, {"x": {"message": "no"}}))
    code = ExitCode.USAGE if status == 400 else ExitCode.AUTH
    assert waited(server, nbs).code == code
    assert len(server.heard) == 2


@pytest.mark.parametrize("goal", ["available", "gone"])
def test_a_wait_has_an_end(faulty: MakeFaulty, nbs: Callable[..., Ran], goal: str) -> None:
    """Exit 7 at the limit with the ID and how to go on; nothing but looks went out (D13)."""
    server = faulty(is_("reserved"))
    began = time.monotonic()
    ran = waited(server, nbs, "--for", goal, "--timeout", "0.5s")
    assert time.monotonic() - began < 0.5 + GRACE
    assert ran.code == ExitCode.TIMEOUT
    assert json.loads(ran.out)["status"] == "reserved"
    assert uuid(1) in ran.err
    assert f"nbs volume wait {uuid(1)} --for {goal}" in ran.err
    assert {heard.method for heard in server.heard} == {"GET"}


@pytest.mark.parametrize("name", ["--timeout", "NBS_TIMEOUT", "NBS_WAIT_TIMEOUT"])
def test_a_mute_server_does_not_make_it_longer(faulty: MakeFaulty, nbs: Callable[..., Ran], name: str) -> None:
    """A look that hangs is inside the limit, however the limit was given: 1 s and half a second."""
    server = faulty(is_("creating"), mute)
    began = time.monotonic()
    env = {**with_token(server), **({} if name.startswith("-") else {name: "1s"})}
    options = [name, "1s"] if name.startswith("-") else []
    ran = nbs("volume", "wait", uuid(1), *options, env=env)
    assert time.monotonic() - began < 1.0 + GRACE
    assert ran.code == ExitCode.TIMEOUT


def test_the_last_look_is_at_the_end(storage: MakeStorage) -> None:
    """A laptop that slept through the deadline still gets the truth: one look more when the time is up (D14)."""
    here = storage(delay=0.0)
    made = here.create(VOLUME, {"size": 1})
    here.delete(VOLUME, made["id"])
    (outcome,) = until(
        here, VOLUME, [Found("x", made)], Goal(GONE), seconds=0.0, deadline=Deadline(), tell=lambda *_told: None
    )
    assert (outcome.gone, outcome.failure) == (True, None)


# Several at once


def test_every_one_has_its_own_outcome(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """One is there, one fails, one is late: exit 10, all told in their order."""
    statuses = {uuid(1): "available", uuid(2): "error", uuid(3): "creating"}

    def by(heard: Heard) -> Behaviour:
        found = heard.target.rpartition("/")[2]
        return is_(statuses[found], found)

    server = faulty(by=by)
    ran = nbs("volume", "wait", *statuses, "-o", "json", "--timeout", "0.6s", env=with_token(server))
    assert ran.code == ExitCode.PARTIAL
    assert [row["status"] for row in json.loads(ran.out)] == list(statuses.values())
    codes = [json.loads(line)["error"]["code"] for line in ran.err.splitlines() if line.startswith("{")]
    assert codes[:2] == ["error-state", "timeout"]


def test_what_is_settled_is_not_asked_again(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Only those that are pending cost requests."""
    looks: dict[str, int] = {uuid(1): 0, uuid(2): 0}

    def by(heard: Heard) -> Behaviour:
        found = heard.target.rpartition("/")[2]
        looks[found] += 1
        return is_("available" if found == uuid(1) or looks[found] > 5 else "creating", found)

    assert nbs("volume", "wait", *looks, env=with_token(faulty(by=by))).code == 0
    assert looks == {uuid(1): 2, uuid(2): 6}


def test_looks_get_rarer(storage: MakeStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon at first, then slower, five seconds at most: a wait of minutes is no hammering."""
    monkeypatch.undo()
    pauses: list[float] = []
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    here = storage()
    made = here.create(VOLUME, {"size": 1})
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 1.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    goal = Goal("in-use")
    (outcome,) = until(
        here, VOLUME, [Found("x", made)], goal, seconds=60.0, deadline=Deadline(), tell=lambda *_told: None
    )
    assert isinstance(outcome.failure, WaitTimeout)
    assert pauses[0] == pytest.approx(0.5)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) == pytest.approx(5.0)
    assert sum(pauses) == pytest.approx(60.0)


# In the sandbox, over HTTP


def made(served: Served, nbs: Callable[..., Ran], *options: str) -> Ran:
    """Create a volume and wait for it."""
    return nbs("volume", "create", "--size", "1", "--name", "v", "-o", "json", "--wait", *options, env=served.environ)


def test_a_create_waits_until_it_can_be_used(served: Served, nbs: Callable[..., Ran]) -> None:
    """The object is printed as last seen."""
    ran = made(served, nbs)
    assert (ran.code, json.loads(ran.out)["status"]) == (0, "available")
    assert "v: creating" in ran.err
    assert "v: available" in ran.err


def test_a_create_that_ends_in_error_is_told(served: Served, nbs: Callable[..., Ran]) -> None:
    """Exit 8, and the object is printed all the same: it exists and counts against the quota."""
    served.cloud.fail_next("create-error")
    ran = made(served, nbs)
    assert (ran.code, json.loads(ran.out)["status"]) == (ExitCode.ERROR_STATE, "error")
    assert "ended in status error" in ran.err


@pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT], ids=lambda resource: resource.name)
@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        (None, ExitCode.OK, "deleted"),
        ("delete-error", ExitCode.ERROR_STATE, "ended in status error_deleting"),
        ("delete-bounce", ExitCode.ERROR_STATE, "is available again"),
    ],
)
def test_a_delete_waits_for_what_becomes_of_it(
    served: Served, nbs: Callable[..., Ran], resource: Resource, order: str | None, code: ExitCode, words: str
) -> None:
    """Gone, stuck, or bounced back: a delete that was accepted and then given up is no success (facts.md 5.1)."""
    served.cloud.seed(2, 1)
    (found, *_others) = nbs(resource.name, "list", "-q", env=served.environ).out.split()
    if order is not None:
        served.cloud.fail_next(order)
    ran = nbs(resource.name, "delete", found, "--yes", "--wait", env=served.environ)
    assert ran.code == code
    assert words in ran.err


def test_a_volume_in_error_can_be_deleted(served: Served, nbs: Callable[..., Ran]) -> None:
    """Its status before the delete is not the outcome of it."""
    served.cloud.fail_next("create-error")
    made(served, nbs)
    assert nbs("volume", "delete", "v", "--yes", "--wait", env=served.environ).code == 0


def test_a_delete_that_is_ignored_is_told(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Accepted, and still in error two looks later: it bounced before anybody could look."""

    def by(heard: Heard) -> Behaviour:
        return answer(202) if heard.method == "DELETE" else is_("error")

    ran = nbs("volume", "delete", uuid(1), "--yes", "--wait", env=with_token(faulty(by=by)))
    assert ran.code == ExitCode.ERROR_STATE
    assert "is error again" in ran.err


def test_a_token_that_expires_in_the_middle_is_not_noticed(
    serve: Callable[..., Served], nbs: Callable[..., Ran]
) -> None:
    """A wait may be longer than a token lives (trust.md 6)."""
    served = serve(delay=0.4)
    ran = nbs("volume", "create", "--size", "1", "-q", env=served.environ)
    served.calls.clear()
    threading.Timer(0.15, served.cloud.expire_tokens).start()
    assert nbs("volume", "wait", ran.out.strip(), env=served.environ).code == 0
    assert len(served.logins()) == 2


def test_the_progress_of_a_snapshot_is_told(served: Served, nbs: Callable[..., Ran]) -> None:
    """In percent, where the server gives it."""
    made(served, nbs)
    ran = nbs("snapshot", "create", "v", "--name", "s", "--wait", env=served.environ)
    assert ran.code == 0
    assert "s: creating 0%" in ran.err
    assert "s: available 100%" in ran.err


# Images


def imaging(storage: MakeStorage, bodies: Sequence[Any]) -> BlockStorage:
    """A storage whose image service answers *bodies* in turn: a number is a status, None is HTML."""
    script = list(bodies)

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            if "/v2/images/" not in environ["PATH_INFO"]:
                return app(environ, start)
            body = script.pop(0) if len(script) > 1 else script[0]
            start(f"{body if isinstance(body, int) else 200} Whatever", [("Content-Type", "application/json")])
            return [b"<html>" if body is None else json.dumps(body).encode()]

        return door

    return storage(wrap=wrap)


def image(status: Any) -> dict[str, Any]:
    """An image in this status."""
    return {"id": uuid(9), "status": status}


IMAGES: dict[str, tuple[Sequence[Any], type[Failure] | None]] = {
    "queued, saving, active": ([image("queued"), image("saving"), image("active")], None),
    "stumbling": ([image("queued"), 503, 500, None, image("active")], None),
    "killed": ([image("queued"), image("killed")], ErrorState),
    "deleted": ([image("deleted")], ErrorState),
    "pending_delete": ([image("saving"), image("pending_delete")], ErrorState),
    "vanished": ([image("saving"), 404], ErrorState),
    "for ever": ([image("saving")], WaitTimeout),
    "unknown": ([image("importing")], WaitTimeout),
}


@pytest.mark.parametrize(("bodies", "kind"), IMAGES.values(), ids=IMAGES)
def test_an_image_is_followed_to_its_end(
    storage: MakeStorage, no_pauses: list[float], bodies: Sequence[Any], kind: type[Failure] | None
) -> None:
    """queued, saving, active; killed, deleted, pending_delete (facts.md 3.8)."""
    here = imaging(storage, bodies)
    told: list[str] = []

    def follow() -> Any:
        return image_active(
            here, uuid(9), seconds=0.4, deadline=Deadline(), tell=lambda _label, status, *_more: told.append(status)
        )

    if kind is None:
        assert follow()["status"] == "active"
        assert told[-1] == "active"
    else:
        with pytest.raises(kind) as failed:
            follow()
        assert uuid(9) in failed.value.message


def test_an_outcome_keeps_what_it_is_about(storage: MakeStorage) -> None:
    """Outcomes come in the order of what was given, each with its Found."""
    here = storage(delay=0.0)
    found = [Found(str(number), here.create(VOLUME, {"size": 1})) for number in range(3)]
    outcomes: list[Outcome] = until(
        here, VOLUME, found, Goal("available"), seconds=5, deadline=Deadline(), tell=lambda *_told: None
    )
    assert [outcome.item for outcome in outcomes] == found
    assert all(outcome.result["status"] == "available" for outcome in outcomes)
