"""`snapshot rotate`: make, wait, prune; room, several volumes, what goes wrong, one exit code that tells the truth."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from nbs_cli.sandbox.trouble import fault
from tests.aged import aged, there
from tests.commands.conftest import World
from tests.conftest import NBS, Served

ROTATE = ("snapshot", "rotate", "data")


@pytest.fixture
def volume(world: World) -> str:
    """A volume with three nightly snapshots of the policy `default`, and one made by hand."""
    return stocked(world)


def stocked(world: World) -> str:
    """The same in any world."""
    volume_id = world.volume("data")
    aged(world.cloud, volume_id, 5000, policy=None, name="손으로")
    for day in (3, 2, 1):
        aged(world.cloud, volume_id, 24 * day, name=f"night-{day}")
    return volume_id


def test_make_wait_prune(world: World, volume: str) -> None:
    """A marked snapshot is made, waited for, and only then the oldest is removed; one line tells it all: exit 0."""
    ran = world(*ROTATE, "--keep-last", "3")
    assert (ran.code, ran.out) == (0, "")
    assert re.fullmatch(
        r"rotated data: data-default-\d{8}-\d{6} made, 3 kept, 1 removed, 1 left alone", ran.err.splitlines()[-1]
    )
    (made,) = [row for row in world.raw("GET", "/snapshots/detail")["snapshots"] if row["name"].startswith("data-")]
    assert re.fullmatch(r"\[nbs:[a-z2-7]{16}:default\]", made["description"])
    assert world.names("snapshots") == sorted([made["name"], "night-1", "night-2", "손으로"])
    methods = [call.method for call in world.served.asked() if call.method != "GET"]
    assert methods == ["POST", "DELETE"]


def test_as_a_record(world: World, volume: str) -> None:
    """`-o json` is one object for one volume, an array for several; `-q` is the IDs of the new snapshots."""
    row = world.json(*ROTATE, "--keep-last", "3")
    assert row["outcome"] == "ok"
    assert (row["kept"], row["removed"], row["left"], len(row["removed_ids"])) == (3, 1, 1, 1)
    assert row["snapshot_id"] in there(world.cloud)
    world.volume("other")
    rows = world.json("snapshot", "rotate", "data", "other", "--keep-last", "3")
    assert [one["volume"] for one in rows] == ["data", "other"]
    assert set(world(*ROTATE, "--keep-last", "3", "-q").out.split()) <= there(world.cloud)


def test_marks_and_descriptions(world: World, volume: str) -> None:
    """The policy's name goes into mark and name, a description before the mark; another policy's are left alone."""
    ran = world(*ROTATE, "--keep-last", "1", "--policy", "weekly", "--description", "주간")
    assert ran.code == 0
    (made,) = [row for row in world.raw("GET", "/snapshots/detail")["snapshots"] if "weekly" in row["name"]]
    assert re.fullmatch(r"주간 \[nbs:[a-z2-7]{16}:weekly\]", made["description"])
    assert {"night-1", "night-2", "night-3", "손으로"} <= set(world.names("snapshots"))


def test_create_can_mark_too(world: World, volume: str) -> None:
    """`snapshot create --policy` makes one that the policy counts."""
    assert world("snapshot", "create", "data", "--name", "before", "--policy", "default").code == 0
    rows = world.json("snapshot", "prune", "--volume", "data", "--keep-last", "1")
    assert [(row["name"], row["action"]) for row in rows][:2] == [("before", "keep"), ("night-1", "remove")]


def test_an_attached_volume(world: World, volume: str) -> None:
    """Refused with exit 5 unless --force; nothing is removed by a run that made nothing."""
    world.cloud.attach(volume)
    before = there(world.cloud)
    refused = world(*ROTATE, "--keep-last", "1", "--max-delete", "9")
    assert (refused.code, there(world.cloud)) == (5, before)
    assert world(*ROTATE, "--keep-last", "3", "--force").code == 0


def test_a_snapshot_that_fails(world: World, volume: str) -> None:
    """A new snapshot that ends in error is none: exit 8, nothing removed, the failed one left to be seen."""
    before = there(world.cloud)
    world.cloud.fail_next("create-error")
    ran = world(*ROTATE, "--keep-last", "1", "--max-delete", "9", "-o", "json")
    assert ran.code == 8
    assert before < there(world.cloud)
    assert json.loads(ran.out)["outcome"] == "failed"
    assert world.served.asked("DELETE") == []


def test_a_snapshot_that_takes_too_long(build: Callable[..., World]) -> None:
    """A wait that passes its limit is exit 7: nothing is removed for a backup that is not there yet."""
    world = build(delay=60)
    stocked(world)
    ran = world(*ROTATE, "--keep-last", "1", "--max-delete", "9", "--timeout", "2s")
    assert ran.code in {5, 7}  # the volume itself is still being created, or the snapshot is
    world.cloud.advance(100)
    ran = world(*ROTATE, "--keep-last", "1", "--max-delete", "9", "--timeout", "2s")
    assert ran.code == 7
    assert world.served.asked("DELETE") == []


def test_deletes_that_fail(world: World, volume: str) -> None:
    """A delete that bounces leaves a new snapshot and an old one too many: exit 10, and the next run mends it."""
    world.cloud.fail_next("delete-bounce")
    ran = world(*ROTATE, "--keep-last", "3", "-o", "json")
    assert ran.code == 10
    assert "the new snapshot is there, but an old one is left" in ran.err
    row = json.loads(ran.out)
    assert (row["outcome"], row["removed"]) == ("partial", 0)
    again = world.json(*ROTATE, "--keep-last", "3")
    assert (again["outcome"], again["removed"]) == ("ok", 2)


def test_the_guard_of_a_rotation(world: World, volume: str) -> None:
    """Too many at once: the snapshot is made, nothing is removed, exit 10 with the way on."""
    ran = world(*ROTATE, "--keep-last", "1")
    assert ran.code == 10
    assert "--max-delete 3" in ran.err
    assert world.served.asked("DELETE") == []
    assert world(*ROTATE, "--keep-last", "1", "--max-delete", "4").code == 0


# room


def test_no_room(build: Callable[..., World]) -> None:
    """A full limit is exit 6, and the hint names what --make-room would remove; nothing is removed."""
    world = build(snapshots_per_volume=4)
    stocked(world)
    before = there(world.cloud)
    ran = world(*ROTATE, "--keep-last", "3")
    assert (ran.code, there(world.cloud)) == (6, before)
    assert "there is no room for another snapshot of data" in ran.err
    assert "`--make-room` first removes night-3, which the policy would remove anyway" in ran.err


def test_room_is_made(build: Callable[..., World]) -> None:
    """With --make-room the oldest that would go anyway goes first, and is gone before the new one is made: exit 0."""
    world = build(snapshots_per_volume=4)
    stocked(world)
    row = world.json(*ROTATE, "--keep-last", "3", "--make-room")
    assert (row["outcome"], row["removed"], row["kept"]) == ("ok", 1, 3)
    assert world.names("snapshots") == sorted([row["snapshot"], "night-1", "night-2", "손으로"])
    order = [call.method for call in world.served.asked() if call.method != "GET"]
    assert order == ["POST", "DELETE", "POST"]


def test_no_room_can_be_made(build: Callable[..., World]) -> None:
    """What the policy keeps is never removed to make room, nor the newest there is, nor what others made: exit 6."""
    world = build(snapshots_per_volume=4)
    stocked(world)
    before = there(world.cloud)
    ran = world(*ROTATE, "--keep-last", "4", "--make-room")
    assert (ran.code, there(world.cloud)) == (6, before)
    assert "the policy keeps all that are there" in ran.err
    single = build(snapshots_per_volume=1)
    aged(single.cloud, single.volume("data"), 24)
    ran = single(*ROTATE, "--keep-last", "1", "--make-room")
    assert (ran.code, len(there(single.cloud))) == (6, 1)


def test_room_that_does_not_help(build: Callable[..., World]) -> None:
    """Where another limit is full, too, what was removed is told, and the run fails: exit 6."""
    world = build(gigabytes=4)
    world.volume("data")
    volume_id = world.json("volume", "show", "data")["id"]
    for day in (3, 2, 1):
        aged(world.cloud, volume_id, 24 * day, name=f"night-{day}")
    with world.cloud.writing() as turn:
        turn.db.execute("UPDATE volumes SET size = 9")
    ran = world(*ROTATE, "--keep-last", "3", "--make-room", "-o", "json")
    assert ran.code == 6
    assert "removed snapshot night-3 to make room" in ran.err
    row = json.loads(ran.out)
    assert (row["outcome"], row["removed"], row["snapshot_id"]) == ("failed", 1, None)
    assert "what the policy would remove is removed" in ran.err


# several volumes


def test_several_volumes(world: World, volume: str) -> None:
    """Each has its row; one that fails makes it exit 10, and the others are done."""
    world.cloud.attach(world.volume("busy"))
    ran = world("snapshot", "rotate", "data", "busy", "--keep-last", "3", "-o", "json")
    assert ran.code == 10
    assert [row["outcome"] for row in json.loads(ran.out)] == ["ok", "failed"]
    table = world("snapshot", "rotate", "data", "busy", "--keep-last", "3")
    assert [line.split()[:2] for line in table.out.splitlines()] == [
        ["VOLUME", "OUTCOME"],
        ["data", "ok"],
        ["busy", "failed"],
    ]


def test_an_unknown_volume(world: World, volume: str) -> None:
    """All are found first: one that is not there is exit 3, and nothing is made."""
    ran = world("snapshot", "rotate", "data", "nowhere", "--keep-last", "3")
    assert ran.code == 3
    assert world.served.asked("POST") == []


# what is in doubt


def _hiding(app: Any) -> Any:
    """The detailed list of snapshots without the newest row."""

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        head: list[Any] = []
        raw = b"".join(app(environ, lambda *words: head.append(words)))
        if environ["PATH_INFO"].endswith("/snapshots/detail"):
            body = json.loads(raw)
            body["snapshots"] = [row for row in body["snapshots"] if not row["name"].startswith("data-")]
            raw = json.dumps(body).encode()
        status, headers, *_more = head[0]
        kept = [header for header in headers if header[0].lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(len(raw)))])
        return [raw]

    return wrapped


def test_a_list_without_the_new_snapshot(serve: Any, nbs: Any) -> None:
    """A list that does not show what was just made is cut or old: exit 10, nothing removed."""
    world = World(serve(wrap=_hiding, delay=0), nbs)
    stocked(world)
    ran = world(*ROTATE, "--keep-last", "1", "--max-delete", "9")
    world.close()
    assert ran.code == 10
    assert "is not in the list, which may be cut" in ran.err
    assert world.served.asked("DELETE") == []


@pytest.mark.parametrize("hours", [9, -9])
def test_times_in_another_zone(serve: Any, nbs: Any, hours: int) -> None:
    """A new snapshot that is dated hours off its own making shows that times are not UTC: exit 10, nothing removed."""

    def local(app: Any) -> Any:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "POST":
                answer = list(app(environ, start_response))
                with world.cloud.writing() as turn:
                    turn.db.execute(
                        f"UPDATE snapshots SET created_at = strftime('%Y-%m-%dT%H:%M:%S.000000', created_at, "
                        f"'{hours} hours') WHERE name LIKE 'data-%'"
                    )
                return answer
            whole: Iterable[bytes] = app(environ, start_response)
            return whole

        return wrapped

    world = World(serve(wrap=local, delay=0), nbs)
    stocked(world)
    ran = world(*ROTATE, "--keep-last", "1", "--max-delete", "9")
    world.close()
    assert ran.code == 10, ran.err
    assert f"dated {hours:+.1f} hours from the server's own clock" in ran.err.replace("+8.9", "+9.0")
    assert world.served.asked("DELETE") == []


# reports


def metrics(path: Path) -> dict[str, float]:
    """The gauges of a textfile with one series each."""
    return {
        name: float(value)
        for name, value in re.findall(r"^(\w+)\{.*\} (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_reports(world: World, volume: str, tmp_path: Path) -> None:
    """Heartbeat after a good run only; metrics after every one, for all to read, also of a run that found nothing."""
    beat, prom = tmp_path / "beat", tmp_path / "nbs.prom"
    words = ("--keep-last", "3", "--heartbeat-file", str(beat), "--metrics-file", str(prom))
    assert world(*ROTATE, *words).code == 0
    told = metrics(prom)
    assert (told["nbs_rotate_success"], told["nbs_rotate_exit_code"], told["nbs_rotate_removed"]) == (1, 0, 1)
    assert abs(told["nbs_rotate_new_snapshot_timestamp_seconds"] - time.time()) < 60
    assert prom.stat().st_mode & 0o777 == beat.stat().st_mode & 0o777 == 0o644
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ default\n", beat.read_text())
    beat.unlink()

    world.cloud.attach(volume)
    assert world(*ROTATE, *words).code == 5
    told = metrics(prom)
    assert (told["nbs_rotate_success"], told["nbs_rotate_exit_code"]) == (0, 5)
    assert "nbs_rotate_new_snapshot_timestamp_seconds" not in told
    assert world("snapshot", "rotate", "nowhere", *words).code == 3
    assert 'volume="nowhere"' in prom.read_text()
    assert metrics(prom)["nbs_rotate_exit_code"] == 3
    assert not beat.exists()


def test_reports_that_cannot_be_written(world: World, volume: str, tmp_path: Path) -> None:
    """A heartbeat that cannot be written after a good run is exit 10; metrics are told to be old."""
    (tmp_path / "beat").mkdir()
    (tmp_path / "nbs.prom").mkdir()
    ran = world(*ROTATE, "--keep-last", "3", "--heartbeat-file", str(tmp_path / "beat"))
    assert ran.code == 10
    assert "all is done, but" in ran.err
    ran = world(*ROTATE, "--keep-last", "3", "--metrics-file", str(tmp_path / "nbs.prom"))
    assert "the metrics are old" in ran.err


def test_jitter(world: World, volume: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--jitter waits a random part of the time before the first request."""
    slept: list[float] = []
    monkeypatch.setattr("nbs_cli.commands.rotating.time.sleep", slept.append)
    assert world(*ROTATE, "--keep-last", "3", "--jitter", "5m").code == 0
    assert len(slept) == 1
    assert 0 <= slept[0] <= 300


# two at once, kills, signals


def start(served: Served, *words: str) -> subprocess.Popen[str]:
    """Start a rotation in a process of its own."""
    return subprocess.Popen(
        [NBS, "snapshot", "rotate", "data", *words],
        env={**os.environ, **served.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_rotations_at_once(build: Callable[..., World]) -> None:
    """They take turns: two snapshots, each removed once, both exit 0."""
    world = build(delay=0.3)
    stocked(world)
    time.sleep(0.4)
    world.served.calls.clear()
    running = [start(world.served, "--keep-last", "3") for _ in "12"]
    told = [one.communicate(timeout=60)[1] for one in running]
    assert [one.returncode for one in running] == [0, 0], told
    assert sum("waiting for another nbs" in text for text in told) == 1
    deletes = [call.path for call in world.served.asked("DELETE")]
    assert (len(deletes), len(set(deletes))) == (2, 2)
    steps = [call.method for call in world.served.asked() if call.method != "GET"]
    assert steps == ["POST", "DELETE", "POST", "DELETE"]
    assert len(world.names("snapshots")) == 4


def test_killed_at_any_moment(build: Callable[..., World]) -> None:
    """Killed with -9 at random moments and run again: never fewer than the policy keeps, and the next run is whole."""
    world = build(delay=0.05, snapshots_per_volume=50)
    stocked(world)
    time.sleep(0.1)
    chance = random.Random(3)
    for _number in range(6):
        one = start(world.served, "--keep-last", "3")
        time.sleep(chance.uniform(0.2, 0.9))
        one.send_signal(signal.SIGKILL)
        one.communicate()
        kept = [row for row in world.raw("GET", "/snapshots/detail")["snapshots"] if row["status"] == "available"]
        assert len([row for row in kept if ":default]" in (row["description"] or "")]) >= 3
        assert "손으로" in {row["name"] for row in kept}
    time.sleep(0.1)
    row = world.json(*ROTATE, "--keep-last", "3", "--max-delete", "50")
    assert (row["outcome"], row["kept"]) == ("ok", 3)
    assert len(there(world.cloud)) == 4


def test_a_signal(build: Callable[..., World], tmp_path: Path) -> None:
    """SIGTERM ends it with 143, names what was made, starts nothing more, and the metrics tell."""
    world = build(delay=30)
    stocked(world)
    world.cloud.advance(60)
    one = start(world.served, "--keep-last", "1", "--metrics-file", str(tmp_path / "nbs.prom"))
    deadline = time.monotonic() + 20
    while not world.served.asked("POST") and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    one.send_signal(signal.SIGTERM)
    _out, err = one.communicate(timeout=20)
    assert one.returncode == 143
    assert "made snapshot data-default-" in err
    assert metrics(tmp_path / "nbs.prom")["nbs_rotate_exit_code"] == 143
    assert world.served.asked("DELETE") == []


def test_threads_take_turns(world: World, volume: str) -> None:
    """Rotations in threads of one process take turns as well."""
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(world(*ROTATE, "--keep-last", "3").code)) for _ in "123"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    assert len(there(world.cloud)) == 4


def test_an_answer_that_is_lost(fronted: Callable[..., Served], nbs: Any) -> None:
    """What cannot be settled is exit 11, nothing is removed, and the command that it names settles it with its mark."""
    served = fronted(delay=0)
    world = World(served, nbs)
    stocked(world)
    quick = {"NBS_SETTLE": "0.5s"}
    served.cloud.order(fault("reset", method="POST", path="*/snapshots", when="before"))
    ran = world(*ROTATE, "--keep-last", "1", "--max-delete", "9", env=quick)
    assert ran.code == 11
    assert served.asked("DELETE") == []
    (command,) = re.findall(r"`nbs (snapshot create .*--policy default --request-key [a-z2-7]{16})`", ran.err)
    assert world(*shlex.split(command), env=quick).code == 0
    rows = world.json("snapshot", "prune", "--volume", "data", "--keep-last", "1")
    world.close()
    assert rows[0]["action"] == "keep"
    assert rows[0]["name"].startswith("data-default-")
