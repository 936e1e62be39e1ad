"""Create exactly once: one POST, a mark that finds what it made, and the truth about what nobody knows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.cloud.blockstorage import BlockStorage
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.marks import MARK, Wish
from nbs_cli.cloud.once import Once
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.cloud.settling import SETTLE, pauses
from nbs_cli.errors import ExitCode, Unknown
from nbs_cli.local.journal import Journal, Place
from nbs_cli.sandbox.cloud import Cloud
from tests.cloud.conftest import MakeFaulty, MakeStorage, with_login, with_token
from tests.cloud.faulty import Behaviour, Faulty, Heard, Line, answer, cut, mute, nothing, relay, reset
from tests.conftest import Ran, Served

BOTH = [VOLUME, SNAPSHOT]
both = pytest.mark.parametrize("resource", BOTH, ids=lambda resource: resource.name)


# Through a front on which answers get lost


def stored(cloud: Cloud, resource: Resource) -> list[dict[str, Any]]:
    """What the cloud holds: the oracle of every test below."""
    with cloud.reading() as turn:
        return [dict(row) for row in turn.db.execute(f"SELECT * FROM {resource.path} ORDER BY created_at, id")]


@pytest.fixture
def volume(served: Served, nbs: Callable[..., Ran]) -> str:
    """A volume to make snapshots of."""
    ran = nbs("volume", "create", "--size", "1", "--name", "origin", "--no-request-key", "-q", env=served.environ)
    served.cloud.advance(5)
    served.calls.clear()
    return ran.out.strip()


def command(resource: Resource, volume: str, *options: str) -> list[str]:
    """The create command of *resource*."""
    if resource is VOLUME:
        return ["volume", "create", "--size", "1", "--name", "new", *options]
    return ["snapshot", "create", volume, "--name", "new", *options]


Lose = Callable[[str], Behaviour]


def before(behaviour: Behaviour) -> Lose:
    """The request is lost before the cloud has seen it."""
    return lambda _url: behaviour


def after(behaviour: Behaviour) -> Lose:
    """The cloud has processed the request, and *behaviour* is all that comes back."""

    def lose(url: str) -> Behaviour:
        def behave(line: Line) -> None:
            relay(url, answered=False)(line)
            line.open = True
            behaviour(line)

        return behave

    return lose


HTML = answer(200, b"<html>log in</html>")
AFTER: dict[str, Lose] = {
    "closed": after(nothing),
    "reset": after(reset),
    "500": after(answer(500)),
    "502": after(answer(502, b"<html>Bad Gateway</html>")),
    "503": after(answer(503)),
    "504": after(answer(504)),
    "520": after(answer(520)),
    "html": after(HTML),
    "redirect": after(answer(302, b"", Location="https://evil.example/")),
    "empty": after(answer(202, b"")),
    "without an id": after(answer(202, {"volume": {"status": "creating"}})),
    "gzip": after(answer(202, b"\x1f\x8b", Content_Encoding="gzip")),
    "cut": lambda url: relay(url, cut_at=20),
    "cut at the last byte": lambda url: relay(url, cut_at=-1),
    "cut to nothing": lambda url: relay(url, cut_at=0),
}
BEFORE: dict[str, Lose] = {
    "closed": before(nothing),
    "reset": before(reset),
    "502": before(answer(502)),
    "504": before(answer(504)),
    "html": before(HTML),
    "cut": before(cut(b"{", 100)),
}


@pytest.fixture
def front(faulty: MakeFaulty, served: Served) -> Callable[[Lose], Faulty]:
    """A front of the cloud that loses POSTs of volumes and snapshots as told."""

    def make(lose: Lose) -> Faulty:
        def by(heard: Heard) -> Behaviour:
            if heard.method == "POST" and not heard.target.endswith("/tokens"):
                return lose(served.url)
            return relay(served.url)

        return faulty(by=by)

    return make


MakeFront = Callable[[Lose], Faulty]


@both
@pytest.mark.parametrize("lose", AFTER.values(), ids=AFTER)
def test_what_was_made_is_found_when_its_answer_is_lost(
    served: Served, front: MakeFront, nbs: Callable[..., Ran], volume: str, resource: Resource, lose: Lose
) -> None:
    """Exit 0, the record, a note; one POST, one resource (D1, D3)."""
    known = {row["id"] for row in stored(served.cloud, resource)}
    here = front(lose)
    ran = nbs(*command(resource, volume, "-o", "json"), env=with_login(here))
    assert ran.code == ExitCode.OK, ran.err
    (made,) = [row for row in stored(served.cloud, resource) if row["id"] not in known]
    assert json.loads(ran.out)["id"] == made["id"]
    assert "found" in ran.err
    assert len(here.asked("POST")) == 1


@both
@pytest.mark.parametrize("lose", BEFORE.values(), ids=BEFORE)
def test_what_is_not_known_is_said_with_the_key_that_settles_it(
    served: Served, front: MakeFront, nbs: Callable[..., Ran], volume: str, resource: Resource, lose: Lose
) -> None:
    """Exit 11 and nothing on stdout; the hint's key, used again, makes exactly one (D2)."""
    known = len(stored(served.cloud, resource))
    here = front(lose)
    ran = nbs(*command(resource, volume), env=with_login(here))
    assert (ran.code, ran.out) == (ExitCode.UNKNOWN, "")
    assert len(here.asked("POST")) == 1
    assert len(stored(served.cloud, resource)) == known
    assert "--request-key" in ran.err
    key = ran.err.partition("--request-key ")[2].partition("`")[0].split()[0]
    for _again in range(2):
        again = nbs(*command(resource, volume, "--request-key", key, "-q"), env=served.environ)
        assert again.code == ExitCode.OK
    assert len(stored(served.cloud, resource)) == known + 1


@both
def test_a_look_that_fails_is_no_proof_of_absence(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], volume: str, resource: Resource, no_pauses: list[float]
) -> None:
    """The lists fail a few times too, then the mark is found (faults.md 3.4)."""
    posted: list[Heard] = []
    looks: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST" and not heard.target.endswith("/tokens"):
            posted.append(heard)
            return relay(served.url, answered=False)
        if posted and "detail" in heard.target:
            looks.append(heard)
            if len(looks) <= 2:
                return HTML
            if len(looks) <= 6:
                return answer(503)
        return relay(served.url)

    ran = nbs(*command(resource, volume, "-q"), env=with_login(faulty(by=by)))
    assert ran.code == ExitCode.OK, ran.err
    assert len(posted) == 1


def test_what_comes_late_is_found_late(served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """The cloud shows the volume only after a while: looking goes on through the settle window (D4)."""
    looks: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST" and not heard.target.endswith("/tokens"):
            return relay(served.url, answered=False)
        if "detail" in heard.target:
            looks.append(heard)
            if len(looks) < 4:
                return answer(200, {"volumes": []})
        return relay(served.url)

    assert nbs(*command(VOLUME, "", "-q"), env=with_login(faulty(by=by))).code == ExitCode.OK
    assert len(stored(served.cloud, VOLUME)) == 1


def test_a_mute_answer_is_lost_at_the_deadline(
    served: Served, front: MakeFront, nbs: Callable[..., Ran], no_pauses: list[float]
) -> None:
    """A POST that is out when `--timeout` ends is unknown, never failed (commands.md, deadlines)."""
    here = front(after(mute))
    began = time.monotonic()
    ran = nbs(*command(VOLUME, "", "--timeout", "0.8s"), env=with_login(here))
    assert time.monotonic() - began < 0.8 + 0.5
    assert ran.code == ExitCode.UNKNOWN
    assert "--request-key" in ran.err
    assert len(here.asked("POST")) == 1


def test_two_that_bear_one_key_are_both_told(served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """A middlebox sent the request twice: exit 1 with both IDs, and nothing is deleted (D5)."""

    def by(heard: Heard) -> Behaviour:
        if heard.method != "POST" or heard.target.endswith("/tokens"):
            return relay(served.url)

        def twice(line: Line) -> None:
            relay(served.url, answered=False)(line)
            relay(served.url, answered=False)(line)

        return twice

    here = faulty(by=by)
    ran = nbs(*command(VOLUME, ""), env=with_login(here))
    assert ran.code == ExitCode.FAILURE
    twins = stored(served.cloud, VOLUME)
    assert len(twins) == 2
    assert all(twin["id"] in ran.err for twin in twins)
    assert here.asked("DELETE") == []


def test_without_a_mark_nothing_can_be_looked_for(served: Served, front: MakeFront, nbs: Callable[..., Ran]) -> None:
    """`--no-request-key`: exit 11 at once, with the list as the way on, and nothing that could be adopted wrongly."""
    here = front(AFTER["closed"])
    ran = nbs(*command(VOLUME, "", "--no-request-key"), env=with_login(here))
    assert ran.code == ExitCode.UNKNOWN
    assert "nbs volume list" in ran.err
    assert here.asked("GET") == []


@both
def test_another_of_that_name_is_never_adopted(
    served: Served, front: MakeFront, nbs: Callable[..., Ran], volume: str, resource: Resource
) -> None:
    """The same name, size and moment prove nothing: only the mark does."""
    assert nbs(*command(resource, volume), env=served.environ).code == 0
    served.cloud.advance(5)
    ran = nbs(*command(resource, volume), env=with_login(front(BEFORE["closed"])))
    assert ran.code == ExitCode.UNKNOWN


# Keys that people choose


@both
def test_the_same_command_again_finds_what_it_made(
    served: Served, nbs: Callable[..., Ran], volume: str, resource: Resource
) -> None:
    """With a description, without one, with marks of its own in it: one resource, one POST."""
    for number, options in enumerate(([], ["--description", "매일 [x]"], ["--description", "  "])):
        known = len(stored(served.cloud, resource))
        served.calls.clear()
        words = [*command(resource, volume, "--request-key", f"job-{number}", "-q"), *options]
        first, second = (nbs(*words, env=served.environ) for _time in range(2))
        assert (first.code, second.code) == (0, 0), second.err
        assert first.out == second.out
        assert len(served.asked("POST")) == 1
        assert len(stored(served.cloud, resource)) == known + 1


def test_several_get_keys_of_their_own(served: Served, nbs: Callable[..., Ran]) -> None:
    """`--count 3 --request-key k`: k-1 to k-3, and again the same three."""
    words = ["volume", "create", "--size", "1", "--name", "n", "--count", "3", "--request-key", "k", "-q"]
    first, second = (nbs(*words, env=served.environ) for _time in range(2))
    assert first.out == second.out
    keys = [json.loads(row["metadata"])[MARK] for row in stored(served.cloud, VOLUME)]
    assert sorted(keys) == ["k-1", "k-2", "k-3"]


def test_a_run_that_was_cut_off_is_completed(served: Served, front: MakeFront, nbs: Callable[..., Ran]) -> None:
    """Of three one was made when the network went: the re-run makes the other two."""
    words = ["volume", "create", "--size", "1", "--name", "n", "--request-key", "k", "-q"]
    nbs("volume", "create", "--size", "1", "--name", "n-2", "--request-key", "k-2", env=served.environ)
    assert nbs(*words, "--count", "3", env=served.environ).code == 0
    assert len(stored(served.cloud, VOLUME)) == 3


BASE = ["--size", "2", "--name", "a", "--description", "d", "--type", "ssd", "--zone", "kr-pub-b", "--metadata", "x=1"]
OTHERS: dict[str, tuple[str, list[str]]] = {
    "size": ("size", ["--size", "3"]),
    "name": ("name", ["--name", "b"]),
    "description": ("description", ["--description", "e"]),
    "type": ("volume_type", ["--type", "hdd"]),
    "zone": ("availability_zone", ["--zone", "kr-pub-a"]),
    "metadata": ("metadata", ["--metadata", "y=2"]),
}


@pytest.mark.parametrize(("field", "other"), OTHERS.values(), ids=OTHERS)
def test_a_key_that_made_something_else_is_refused(
    served: Served, nbs: Callable[..., Ran], field: str, other: list[str]
) -> None:
    """Exit 2 naming what differs; no second volume, and not the wrong one (D27)."""
    words = ["volume", "create", "--request-key", "k", "-q"]
    assert nbs(*words, *BASE, env=served.environ).code == 0
    ran = nbs(*words, *BASE, *other, env=served.environ)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert field in ran.err
    assert len(stored(served.cloud, VOLUME)) == 1


@pytest.mark.parametrize("left_out", ["--name", "--description", "--metadata"])
def test_a_parameter_that_is_left_out_is_another_one(served: Served, nbs: Callable[..., Ran], left_out: str) -> None:
    """What the first command named and the second does not is a difference too, both ways round."""
    place = BASE.index(left_out)
    less = BASE[:place] + BASE[place + 2 :]
    for number, (first, second) in enumerate(((BASE, less), (less, BASE))):
        words = ["volume", "create", "--request-key", f"k-{number}", "-q"]
        assert nbs(*words, *first, env=served.environ).code == 0
        assert nbs(*words, *second, env=served.environ).code == ExitCode.USAGE
    assert len(stored(served.cloud, VOLUME)) == 2


def test_what_the_service_chose_is_no_difference(served: Served, nbs: Callable[..., Ran]) -> None:
    """Type and zone that nobody named, and what an attachment adds to the metadata."""
    words = ["volume", "create", "--size", "1", "--request-key", "k", "-q"]
    first = nbs(*words, env=served.environ)
    served.cloud.advance(5)
    served.cloud.attach(first.out.strip())
    second = nbs(*words, env=served.environ)
    assert (second.code, second.out) == (0, first.out)


def test_another_source_is_another_volume(served: Served, nbs: Callable[..., Ran], volume: str) -> None:
    """The same key with and without `--snapshot` (D27)."""
    nbs("snapshot", "create", volume, "--name", "s", env=served.environ)
    served.cloud.advance(5)
    words = ["volume", "create", "--size", "1", "--request-key", "k", "-q"]
    assert nbs(*words, "--snapshot", "s", env=served.environ).code == 0
    assert nbs(*words, env=served.environ).code == ExitCode.USAGE
    assert nbs(*words, "--snapshot", "s", env=served.environ).code == 0


def test_another_volume_is_another_snapshot(served: Served, nbs: Callable[..., Ran], volume: str) -> None:
    """The same key for a snapshot of something else; `--force` leaves no trace and is no difference."""
    other = nbs("volume", "create", "--size", "1", "-q", env=served.environ).out.strip()
    served.cloud.advance(5)
    words = ["--request-key", "k", "-q"]
    first = nbs("snapshot", "create", volume, *words, env=served.environ)
    assert nbs("snapshot", "create", other, *words, env=served.environ).code == ExitCode.USAGE
    again = nbs("snapshot", "create", volume, "--force", *words, env=served.environ)
    assert (again.code, again.out) == (0, first.out)


def test_white_space_that_the_server_strips_is_no_difference(served: Served, nbs: Callable[..., Ran]) -> None:
    """Names are kept without it."""
    words = ["volume", "create", "--size", "1", "--name", "  a  ", "--request-key", "k", "-q"]
    first, second = (nbs(*words, env=served.environ) for _time in range(2))
    assert (second.code, first.out) == (0, second.out)


def test_a_given_key_looks_in_every_page(served: Served, nbs: Callable[..., Ran]) -> None:
    """The volume may be the oldest of thousands."""
    words = ["volume", "create", "--size", "1", "--request-key", "k", "-q"]
    first = nbs(*words, env=served.environ)
    with served.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET created_at = '2001-01-01T00:00:00.000000'")
    served.cloud.seed(1200)
    assert nbs(*words, env=served.environ).out == first.out


def test_a_look_that_fails_first_makes_nothing(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float]
) -> None:
    """Who cannot look does not make: it might be there already."""
    server = faulty(answer(503))
    ran = nbs("volume", "create", "--size", "1", "--request-key", "k", env=with_token(server))
    assert ran.code == ExitCode.UNAVAILABLE
    assert server.asked("POST") == []


# What is clear needs no settling

CLEAR: dict[str, tuple[Behaviour, ExitCode]] = {
    "400": (answer(400, {"badRequest": {"message": "Invalid input"}}), ExitCode.USAGE),
    "403": (answer(403, {"forbidden": {"message": "Policy"}}), ExitCode.AUTH),
    "404": (answer(404, {"itemNotFound": {"message": "Volume type"}}), ExitCode.NOT_FOUND),
    "409": (answer(409, {"conflictingRequest": {"message": "no"}}), ExitCode.CONFLICT),
    "413": (answer(413, {"overLimit": {"message": "VolumeLimitExceeded"}}, Retry_After="0"), ExitCode.LIMIT),
}


@pytest.mark.parametrize(("behaviour", "code"), CLEAR.values(), ids=CLEAR)
def test_a_refusal_is_final(faulty: MakeFaulty, nbs: Callable[..., Ran], behaviour: Behaviour, code: ExitCode) -> None:
    """One request, no looking: what was refused was not made (A11)."""
    server = faulty(behaviour)
    assert nbs("volume", "create", "--size", "1", env=with_token(server)).code == code
    assert [heard.method for heard in server.heard] == ["POST"]


@pytest.mark.parametrize("setting", ["volumes", "gigabytes", "largest"])
def test_a_quota_costs_one_request(serve: Callable[..., Served], nbs: Callable[..., Ran], setting: str) -> None:
    """413 with `Retry-After: 0` is no invitation (observed.md, quotas)."""
    served = serve(**{setting: 1 if setting == "volumes" else 5})
    if setting == "volumes":
        served.cloud.seed(1)
    ran = nbs("volume", "create", "--size", "6", env=served.environ)
    assert ran.code == ExitCode.LIMIT
    assert [call.method for call in served.asked()] == ["POST"]


def test_a_server_that_is_not_there_leaves_no_doubt(nbs: Callable[..., Ran], no_pauses: list[float]) -> None:
    """Nothing was sent, so exit 9 and not 11."""
    env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "t", "NBS_ENDPOINT": "http://127.0.0.1:1"}
    assert nbs("volume", "create", "--size", "1", env=env).code == ExitCode.UNAVAILABLE


# The function itself, in this process


def lossy(storage: MakeStorage, cloud: Cloud | None = None, *, processed: bool) -> tuple[BlockStorage, list[str]]:
    """A storage whose first POST is lost, before or after the cloud has processed it; and the methods of all."""
    methods: list[str] = []

    def wrap(app: Any) -> Any:
        def door(environ: dict[str, Any], start: Any) -> Any:
            method = environ["REQUEST_METHOD"]
            if "/tokens" not in environ["PATH_INFO"]:
                methods.append(method)
                if method == "POST" and methods.count("POST") == 1:
                    if processed:
                        list(app(environ, lambda *_start: None))
                    start("502 Bad Gateway", [("Content-Type", "text/html")])
                    return [b"<html>"]
            return app(environ, start)

        return door

    return storage(cloud, wrap), methods


def once(storage: BlockStorage, folder: Path, window: float = 0.2, deadline: Deadline | None = None) -> Once:
    """Creating exactly once at *storage*, with a journal in *folder*."""
    journal = Journal(lambda: folder, Place("nbs", "a test", "t", "http://cloud.localhost"))
    return Once(storage, deadline or Deadline(), journal, lambda _text: None, window)


def test_an_adopted_record_is_told_as_such(storage: MakeStorage, tmp_path: Path) -> None:
    """`adopted` says that it was found by its mark and not answered."""
    here, methods = lossy(storage, processed=True)
    made = once(here, tmp_path).create(Wish(VOLUME, {"size": 1}, "k"))
    assert made.adopted
    assert made.record["metadata"] == {MARK: "k"}
    assert methods.count("POST") == 1
    assert not once(here, tmp_path).create(Wish(VOLUME, {"size": 1}, "other")).adopted


def test_settling_is_inside_the_deadline(storage: MakeStorage, tmp_path: Path) -> None:
    """No pause is begun that would end after it."""
    here, methods = lossy(storage, processed=False)
    began = time.monotonic()
    with pytest.raises(Unknown):
        once(here, tmp_path, 6.0, Deadline(1.0)).create(Wish(VOLUME, {"size": 1}, "k"))
    assert time.monotonic() - began < 1.5
    assert methods.count("GET") >= 2


def test_the_settle_window_is_half_a_minute() -> None:
    """The figure of trust.md, and any other is looked through in the same way."""
    assert SETTLE == 30.0
    assert sum(pauses(SETTLE)) == pytest.approx(30.0)
    assert sum(pauses(0.5)) == pytest.approx(0.5)


def test_several_at_once_are_each_made_once(served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Ten creates, every second answer lost: ten volumes, none twice, exit 0."""
    posts: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if heard.method == "POST" and not heard.target.endswith("/tokens"):
            posts.append(heard)
            return relay(served.url, answered=len(posts) % 2 == 0)
        return relay(served.url)

    words = ["volume", "create", "--size", "1", "--name", "n", "--count", "10", "-q"]
    ran = nbs(*words, env=with_login(faulty(by=by)))
    assert ran.code == ExitCode.OK
    assert sorted(row["name"] for row in stored(served.cloud, VOLUME)) == sorted(f"n-{n}" for n in range(1, 11))
    assert len(set(ran.out.split())) == 10
    assert len(posts) == 10
