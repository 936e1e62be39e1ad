"""Create exactly once: one POST, a mark that finds what it made, and the truth about what nobody knows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.cloud.blockstorage import BlockStorage
from nbs_cli.cloud.deadline import SETTLE, Deadline
from nbs_cli.cloud.marks import MARK, Wish, key_of
from nbs_cli.cloud.once import Once
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.cloud.settling import pauses
from nbs_cli.errors import ExitCode, Failure, Unknown
from nbs_cli.local.journal import Journal, Place
from nbs_cli.sandbox.cloud import Cloud
from tests.cloud.conftest import MakeFaulty, MakeStorage, with_login, with_token
from tests.cloud.faulty import Behaviour, Faulty, Heard, Line, answer, mute, relay
from tests.cloud.losing import AFTER, BEFORE, HTML, Lose, after, journal, lagging, posting, stored
from tests.conftest import NBS, Ran, Served

BOTH = [VOLUME, SNAPSHOT]
both = pytest.mark.parametrize("resource", BOTH, ids=lambda resource: resource.name)


# Through a front on which answers get lost


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


HOSTS = pytest.mark.parametrize("host", ["this host", "another"])


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Go on from another host: it knows nothing of this one's journal, and has to read what the cloud holds."""

    def move(host: str) -> None:
        if host != "this host":
            monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / host))

    return move


@HOSTS
@pytest.mark.parametrize(("field", "other"), OTHERS.values(), ids=OTHERS)
def test_a_key_that_made_something_else_is_refused(
    served: Served, nbs: Callable[..., Ran], moved: Callable[[str], None], field: str, other: list[str], host: str
) -> None:
    """Exit 2 naming what differs; no second volume, and not the wrong one (D27)."""
    words = ["volume", "create", "--request-key", "k", "-q"]
    assert nbs(*words, *BASE, env=served.environ).code == 0
    moved(host)
    ran = nbs(*words, *BASE, *other, env=served.environ)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert field in ran.err
    assert len(stored(served.cloud, VOLUME)) == 1


@HOSTS
@pytest.mark.parametrize("left_out", ["--name", "--description", "--metadata"])
def test_a_parameter_that_is_left_out_is_another_one(
    served: Served, nbs: Callable[..., Ran], moved: Callable[[str], None], left_out: str, host: str
) -> None:
    """What the first command named and the second does not is a difference too, both ways round."""
    place = BASE.index(left_out)
    less = BASE[:place] + BASE[place + 2 :]
    for number, (first, second) in enumerate(((BASE, less), (less, BASE))):
        words = ["volume", "create", "--request-key", f"k-{number}", "-q"]
        assert nbs(*words, *first, env=served.environ).code == 0
        moved(host)
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


# The journal


@both
@pytest.mark.parametrize("options", [[], ["--request-key", "job/7"]], ids=["random", "given"])
def test_the_record_is_on_the_disk_before_the_post(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], volume: str, resource: Resource, options: list[str]
) -> None:
    """Whoever is killed while it is out has left its key; afterwards a random one is gone, a given one has its ID."""
    seen: list[dict[str, Any]] = []

    def note(heard: Heard) -> Behaviour:
        seen.extend(journal())
        assert key_of(resource, heard.json[resource.name]) == seen[-1]["key"]
        return relay(served.url)

    server = faulty(by=posting(served, note))
    ran = nbs(*command(resource, volume, "-q", *options), env=with_login(server))
    assert ran.code == 0, ran.err
    (entry,) = seen
    assert (entry["resource"], entry["state"], entry["id"]) == (resource.name, "sent", None)
    assert entry["place"]["endpoint"].startswith(server.url)
    assert entry["server_time"].endswith("GMT")
    assert [(row["state"], row["id"]) for row in journal()] == ([("confirmed", ran.out.strip())] if options else [])


@pytest.mark.parametrize("options", [[], ["--request-key", "k"]], ids=["random", "given"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415])
def test_what_was_refused_leaves_no_record(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], options: list[str], status: int
) -> None:
    """Nothing was made, so nothing is open (faults.md 3.4.5)."""
    server = faulty(by=posting(served, lambda _heard: answer(status, {"fault": {"message": "no"}})))
    ran = nbs(*command(VOLUME, "", *options), env=with_login(server))
    assert ran.code not in {0, ExitCode.UNKNOWN}
    assert len(server.asked("POST")) == (2 if status == 401 else 1)
    assert journal() == []


def test_what_was_never_sent_leaves_no_record(served: Served, nbs: Callable[..., Ran], no_pauses: list[float]) -> None:
    """The address of the block storage is dead: exit 9, nothing open."""
    env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "t", "NBS_ENDPOINT": "http://127.0.0.1:1"}
    assert nbs(*command(VOLUME, ""), env=env).code == ExitCode.UNAVAILABLE
    assert journal() == []


def test_a_dead_token_and_a_rate_limit_are_no_doubt(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float]
) -> None:
    """A 401 is sent again after one login, a 429 after its pause: what was refused cannot have been made."""
    answers = [answer(401, {"error": {"message": "x"}}), answer(429, b"", Retry_After="0"), relay(served.url)]
    server = faulty(by=posting(served, lambda _heard: answers.pop(0)))
    assert nbs(*command(VOLUME, "", "-q"), env=with_login(server)).code == 0
    assert len(server.asked("POST")) == 3
    assert len(server.logins()) == 2
    assert len(stored(served.cloud, VOLUME)) == 1


@pytest.mark.parametrize("options", [[], ["--request-key", "k"]], ids=["random", "given"])
def test_without_a_record_nothing_is_sent(served: Served, nbs: Callable[..., Ran], options: list[str]) -> None:
    """A home that cannot be written: exit 1, no POST, and the way on; `--no-request-key` needs none (E3)."""
    (Path.home() / ".local").touch()
    ran = nbs(*command(VOLUME, "", *options), env=served.environ)
    assert ran.code == ExitCode.FAILURE
    assert "not sent" in ran.err
    assert "XDG_STATE_HOME" in ran.err
    assert served.asked("POST") == []
    assert nbs(*command(VOLUME, "", "--no-request-key"), env=served.environ).code == 0


def test_a_full_disk_stops_it_before_the_post(served: Served, nbs: Callable[..., Ran]) -> None:
    """Not a byte can be written: 0 POSTs without a record (E3)."""
    line = f"ulimit -f 0; exec {NBS} volume create --size 1"
    done = subprocess.run(
        ["bash", "-c", line], env={**os.environ, **served.environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.FAILURE
    assert "not sent" in done.stderr
    assert served.asked("POST") == []
    assert journal() == []


def test_a_damaged_record_stops_it(served: Served, nbs: Callable[..., Ran]) -> None:
    """Nobody knows what that key has made: exit 1, nothing sent, the file named."""
    words = command(VOLUME, "", "--request-key", "k", "-q")
    nbs(*words, env=served.environ)
    (path,) = (Path.home() / ".local/state/nbs/requests").glob("*.json")
    path.write_text("{")
    ran = nbs(*words, env=served.environ)
    assert ran.code == ExitCode.FAILURE
    assert str(path) in ran.err
    assert len(served.asked("POST")) == 1


@both
def test_an_id_that_is_known_is_asked_for_alone(
    served: Served, nbs: Callable[..., Ran], volume: str, resource: Resource
) -> None:
    """However long the lists are, or lag: one GET, no list, no POST."""
    words = command(resource, volume, "--request-key", "k", "-q")
    first = nbs(*words, env=served.environ)
    served.calls.clear()
    second = nbs(*words, env=served.environ)
    assert (second.code, second.out) == (0, first.out)
    new = [call.path.rpartition("/")[2] for call in served.asked("GET")]
    assert new[-1] == first.out.strip()
    assert "detail" not in new
    assert served.asked("POST") == []


def test_what_was_deleted_since_is_made_again(served: Served, nbs: Callable[..., Ran]) -> None:
    """A job that cleaned up and runs again gets a new one, once."""
    words = command(VOLUME, "", "--request-key", "k", "-q")
    first = nbs(*words, env=served.environ).out.strip()
    served.cloud.advance(5)
    nbs("volume", "delete", first, "--yes", env=served.environ)
    second, third = (nbs(*words, env=served.environ) for _time in range(2))
    assert (second.code, third.code) == (0, 0)
    assert second.out == third.out != first + "\n"


def test_an_open_request_with_other_parameters_is_refused(
    served: Served, front: MakeFront, nbs: Callable[..., Ran]
) -> None:
    """Nobody knows what became of it, but it was another: exit 2, and no second POST (D27)."""
    here = front(BEFORE["closed"])
    words = ["volume", "create", "--request-key", "k"]
    assert nbs(*words, "--size", "1", env=with_login(here)).code == ExitCode.UNKNOWN
    ran = nbs(*words, "--size", "2", env=with_login(here))
    assert ran.code == ExitCode.USAGE
    assert "size" in ran.err
    assert len(here.asked("POST")) == 1


@both
@pytest.mark.parametrize("lag", [0, 9])
def test_an_open_request_is_looked_for_over_a_while(
    serve: Callable[..., Served], nbs: Callable[..., Ran], faulty: MakeFaulty, resource: Resource, lag: int
) -> None:
    """Its answer was lost and lists lag: the re-run that finds nothing at once still makes no second one (D1, D4)."""
    served = serve(lagging(lag))
    volume = nbs("volume", "create", "--size", "1", "-q", env=served.environ).out.strip()
    served.cloud.advance(5)
    known = len(stored(served.cloud, resource))
    server = faulty(by=posting(served, lambda _heard: AFTER["closed"](served.url)))
    words = command(resource, volume, "--request-key", "k", "-q")
    env = with_login(server)
    assert nbs(*words, env=env).code == (ExitCode.UNKNOWN if lag else 0)
    again = nbs(*words, env=env)
    assert again.code == 0, again.err
    assert len(stored(served.cloud, resource)) == known + 1
    assert len([heard for heard in server.asked("POST") if resource.path in heard.target]) == 1


def test_a_long_look_is_told(served: Served, front: MakeFront, nbs: Callable[..., Ran]) -> None:
    """Half a minute without a word looks like a command that hangs: it is said what is looked for, and how long."""
    server = front(AFTER["closed"])
    ran = nbs(*command(VOLUME, "", "--request-key", "k"), env={**with_login(server), "NBS_SETTLE": "2s"})
    assert ran.code == 0, ran.err
    assert ran.err.splitlines()[0].endswith("looking for what it made, up to 2s")


def test_no_time_to_look_is_no_reason_to_send(served: Served, front: MakeFront, nbs: Callable[..., Ran]) -> None:
    """A re-run whose `--timeout` is shorter than the settle window says so: exit 11, and no second POST."""
    here = front(BEFORE["closed"])
    words = command(VOLUME, "", "--request-key", "k")
    assert nbs(*words, env=with_login(here)).code == ExitCode.UNKNOWN
    ran = nbs(*words, "--timeout", "1s", env={**with_login(here), "NBS_SETTLE": "30s"})
    assert ran.code == ExitCode.UNKNOWN
    assert "too short" in ran.err
    assert len(here.asked("POST")) == 1


@pytest.mark.parametrize("ends", [HTML, answer(403, {"forbidden": {"message": "no"}})], ids=["html", "403"])
def test_who_could_not_look_to_the_end_does_not_send(
    served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran], ends: Behaviour
) -> None:
    """An open request, one look that shows nothing, then looks that fail: the re-run sends no second POST."""
    looks: list[Heard] = []

    def by(heard: Heard) -> Behaviour:
        if "detail" in heard.target:
            looks.append(heard)
            return relay(served.url) if len(looks) == 1 else ends
        return posting(served, lambda _heard: BEFORE["closed"](served.url))(heard)

    server = faulty(by=by)
    words = command(VOLUME, "", "--request-key", "k")
    assert nbs(*words, env=with_login(server)).code == ExitCode.UNKNOWN
    looks.clear()
    ran = nbs(*words, env=with_login(server))
    assert ran.code == ExitCode.UNKNOWN
    assert len(looks) > 1
    assert len(server.asked("POST")) == 1
    assert [row["state"] for row in journal()] == ["sent"]


def test_a_look_that_is_refused_leaves_it_unknown(served: Served, faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """The answer was lost, then the role was too: not exit 4, as if nothing could exist, but 11 with the key."""

    def by(heard: Heard) -> Behaviour:
        if "detail" in heard.target:
            return answer(403, {"forbidden": {"message": "no"}})
        return posting(served, lambda _heard: AFTER["closed"](served.url))(heard)

    ran = nbs(*command(VOLUME, ""), env=with_login(faulty(by=by)))
    assert ran.code == ExitCode.UNKNOWN
    assert "--request-key" in ran.err
    assert [row["state"] for row in journal()] == ["sent"]


@both
@pytest.mark.parametrize("options", [[], ["--request-key", "k"]], ids=["random", "given"])
def test_what_is_found_in_an_error_is_told_as_such(
    served: Served, front: MakeFront, nbs: Callable[..., Ran], volume: str, resource: Resource, options: list[str]
) -> None:
    """Exit 8 with the ID: it exists, counts against the quota, and is of no use; so does the same key again."""
    served.cloud.fail_next("create-error")
    lost = AFTER["closed"]
    known = {row["id"] for row in stored(served.cloud, resource)}

    def slow(url: str) -> Behaviour:
        def behave(line: Line) -> None:
            lost(url)(line)
            with served.cloud.writing() as turn:
                turn.db.execute(f"UPDATE {resource.path} SET status = 'error', due = NULL WHERE name = 'new'")

        return behave

    env = with_login(front(slow))
    ran = nbs(*command(resource, volume, *options), env=env)
    (made,) = [row["id"] for row in stored(served.cloud, resource) if row["id"] not in known]
    assert ran.code == ExitCode.ERROR_STATE, ran.err
    assert made in ran.err
    if options:
        assert nbs(*command(resource, volume, *options), env=env).code == ExitCode.ERROR_STATE


@both
@pytest.mark.parametrize("lag", [0, 3])
def test_a_given_key_looks_for_twins(
    serve: Callable[..., Served], faulty: MakeFaulty, nbs: Callable[..., Ran], resource: Resource, lag: int
) -> None:
    """A middlebox sent the request twice and gave one answer: exit 1, both IDs, how to remove one of them (D5).

    The request stays open until one of them is gone; then the same key finds the other.
    """
    served = serve(lagging(lag))
    volume = nbs("volume", "create", "--size", "1", "-q", env=served.environ).out.strip()
    served.cloud.advance(5)
    known = {row["id"] for row in stored(served.cloud, resource)}

    def twice(line: Line) -> None:
        relay(served.url, answered=False)(line)
        line.open = True
        relay(served.url)(line)

    server = faulty(by=posting(served, lambda _heard: twice))
    env = with_login(server)
    words = command(resource, volume, "--request-key", "k", "-q")
    ran = nbs(*words, env=env)
    made = [row["id"] for row in stored(served.cloud, resource) if row["id"] not in known]
    assert ran.code == ExitCode.FAILURE, ran.err
    assert len(made) == 2
    assert all(one in ran.err for one in made)
    oldest, other = sorted(made, key=lambda one: f"delete {one}" in ran.err)
    assert f"nbs {resource.name} delete {other}` keeps {oldest}" in ran.err
    assert server.asked("DELETE") == []
    assert nbs(*words, env=env).code == ExitCode.FAILURE
    served.cloud.advance(5)
    assert nbs(resource.name, "delete", other, "--yes", env=env).code == 0
    settled = nbs(*words, env=env)
    assert (settled.code, settled.out.strip()) == (0, oldest)


def stripping(app: Any) -> Any:
    """Wrap the application: it keeps no marks, as a server that ignores metadata would."""

    def door(environ: dict[str, Any], start: Any) -> Any:
        said: list[Any] = []
        body = b"".join(app(environ, lambda *line: said.extend(line)))
        start(said[0], [(name, value) for name, value in said[1] if name.lower() != "content-length"])
        return [body.replace(b'"nbs:request"', b'"other"').replace(b"[nbs:", b"[x:")]

    return door


@both
def test_a_server_that_keeps_no_keys_is_told_once(
    serve: Callable[..., Served], nbs: Callable[..., Ran], resource: Resource
) -> None:
    """Exit 0 and one warning; on this machine the same key finds it all the same, by its ID."""
    served = serve(stripping)
    volume = nbs("volume", "create", "--size", "1", "-q", env=served.environ).out.strip()
    served.cloud.advance(5)
    words = command(resource, volume, "--request-key", "k")
    first = nbs(*words, env=served.environ)
    assert first.code == 0
    assert first.err.count("does not keep request keys") == 1
    assert [row["echoed"] for row in journal()] == [False]
    known = len(stored(served.cloud, resource))
    assert nbs(*words, env=served.environ).code == 0
    assert len(stored(served.cloud, resource)) == known


def test_the_warning_is_one_for_many(serve: Callable[..., Served], nbs: Callable[..., Ran]) -> None:
    """Not a line for each of three."""
    served = serve(stripping)
    ran = nbs("volume", "create", "--size", "1", "--count", "3", env=served.environ)
    assert (ran.code, ran.err.count("does not keep request keys")) == (0, 1)


def test_several_have_a_record_each(served: Served, front: MakeFront, nbs: Callable[..., Ran]) -> None:
    """All three were lost before the cloud: three open requests, each with its own name and key."""
    words = ["volume", "create", "--size", "1", "--name", "n", "--count", "3", "--request-key", "k"]
    assert nbs(*words, env=with_login(front(BEFORE["closed"]))).code == ExitCode.UNKNOWN
    entries = sorted((row["key"], row["parameters"]["name"], row["state"]) for row in journal())
    assert entries == [(f"k-{number}", f"n-{number}", "sent") for number in (1, 2, 3)]


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


def test_a_refusal_before_the_body_was_read_is_a_refusal(nbs: Callable[..., Ran]) -> None:
    """A gateway answers 413 to the headers and reads no more: exit 6 and not 11, one request, nothing open."""
    body = b'{"overLimit": {"message": "too large"}}'
    heads: list[bytes] = []

    def refuse(listener: socket.socket) -> None:
        line, _address = listener.accept()
        with line:
            heads.append(line.recv(64))
            line.sendall(b"HTTP/1.1 413 No\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
            line.shutdown(socket.SHUT_WR)
            while line.recv(65_536):  # what was under way; closing upon it would be a reset
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse, args=(listener,))
        server.start()
        env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "t", "NBS_ENDPOINT": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        many = [word for number in range(500) for word in ("--metadata", f"k{number}={'x' * 250}")]
        ran = nbs("volume", "create", "--size", "1", *many, env=env)
        server.join(10)
    assert (ran.code, len(heads)) == (ExitCode.LIMIT, 1), ran.err
    assert "too large" in ran.err
    assert journal() == []


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


def test_nothing_is_sent_after_a_signal(storage: MakeStorage, tmp_path: Path) -> None:
    """The looking ends at once, and who looks finds no reason to send any more."""
    here, methods = lossy(storage, processed=False)
    deadline = Deadline()
    deadline.cut()
    for wish in (Wish(VOLUME, {"size": 1}, "random"), Wish(VOLUME, {"size": 1}, "given", given=True)):
        with pytest.raises(Failure, match="before it was sent"):
            once(here, tmp_path, 60.0, deadline).create(wish)
    assert "POST" not in methods
    assert list(tmp_path.glob("*.json")) == []


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
