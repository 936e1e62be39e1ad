"""`snapshot prune`: the plan and the deed, what it never touches, its guards, and what changes under its hands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from nbs_cli.local import files, folders
from nbs_cli.output.text import width
from tests.accounts import altered
from tests.aged import aged, there
from tests.commands.conftest import World, errors, table
from tests.conftest import NBS

PRUNE = ("snapshot", "prune", "--volume", "data")


@pytest.fixture
def volume(world: World) -> str:
    """A volume with five nightly snapshots of the policy `default`."""
    volume_id = world.volume("data")
    for day in range(5):
        aged(world.cloud, volume_id, 24 * day + 1)
    return volume_id


def actions(world: World, *words: str) -> dict[str, str]:
    """What the plan says to each snapshot, by name."""
    return {row["name"]: row["action"] for row in world.json(*PRUNE, *words)}


def test_the_plan_removes_nothing(world: World, volume: str) -> None:
    """Without --apply: no DELETE, exit 0, every snapshot with what is to become of it and why, the newest first."""
    before = there(world.cloud)
    ran = world(*PRUNE, "--keep-last", "2", "--keep-daily", "3")
    assert ran.code == 0
    assert [row[0] for row in table(ran.out)] == ["ACTION", "keep", "keep", "keep", "remove", "remove"]
    assert [row[3] for row in table(ran.out)[1:4]] == ["last, daily", "last, daily", "daily"]
    assert "policy default keeps last 2, daily 3; times and days of Asia/Seoul" in ran.err
    assert "5 snapshots: 3 kept, 2 to remove, 0 left alone" in ran.err
    assert "a plan: nothing was removed; `--apply` does it" in ran.err
    assert world.served.asked("DELETE") == []
    assert there(world.cloud) == before


def test_apply_removes_the_oldest_first(world: World, volume: str) -> None:
    """With --apply: each is read again and deleted, one after the other, the oldest first, and is gone in the end."""
    plan = world.json(*PRUNE, "--keep-last", "3")
    going = [row["id"] for row in reversed(plan) if row["action"] == "remove"]
    world.served.calls.clear()
    done = world.json(*PRUNE, "--keep-last", "3", "--apply")

    deletes = [call.path.rpartition("/")[2] for call in world.served.asked("DELETE")]
    assert deletes == going
    calls = [(call.method, call.path.rpartition("/")[2]) for call in world.served.calls]
    for identifier in going:
        assert calls.index(("GET", identifier)) < calls.index(("DELETE", identifier))
    assert [row.get("outcome") for row in done] == [None, None, None, "removed", "removed"]
    assert there(world.cloud) == {row["id"] for row in plan if row["action"] == "keep"}
    assert world.json(*PRUNE, "--keep-last", "3", "--apply") == [row for row in plan if row["action"] == "keep"]


def test_quiet_gives_the_ids_of_what_goes(world: World, volume: str) -> None:
    """`-q` is the IDs that go, for a plan and for a deed, and nothing else."""
    planned = world(*PRUNE, "--keep-last", "3", "-q")
    done = world(*PRUNE, "--keep-last", "3", "-q", "--apply")
    assert sorted(planned.out.split()) == sorted(done.out.split())
    assert len(done.out.split()) == 2
    assert done.err == ""


@pytest.mark.parametrize("apply", [[], ["--apply"]])
def test_strangers_are_left_alone(world: World, volume: str, apply: list[str]) -> None:
    """Made by hand, of another policy, of another volume, in another status, of the future: told, never touched."""
    other = world.volume("other")
    strangers = {
        aged(world.cloud, volume, 2000, policy=None, name="손으로"): "unmanaged",
        aged(world.cloud, volume, 2000, policy="weekly"): "policy weekly",
        aged(world.cloud, volume, 2000, status="error"): "status error",
        aged(world.cloud, volume, 2000, status="backing-up"): "status backing-up",
        aged(world.cloud, volume, -48): "future",
    }
    elsewhere = aged(world.cloud, other, 9000)
    rows = {row["id"]: row for row in world.json(*PRUNE, "--keep-last", "3", *apply)}
    for identifier, reason in strangers.items():
        assert (rows[identifier]["action"], rows[identifier]["reasons"]) == ("leave", [reason])
    assert elsewhere not in rows
    assert {*strangers, elsewhere} <= there(world.cloud)
    assert sum(row["action"] == "remove" for row in rows.values()) == 2


def test_unmanaged_ones_need_a_yes(world: World, volume: str) -> None:
    """--include-unmanaged --apply without a terminal or --yes is exit 2, and no request; with --yes they count."""
    by_hand = aged(world.cloud, volume, 2000, policy=None)
    world.served.calls.clear()
    refused = world(*PRUNE, "--keep-last", "4", "--include-unmanaged", "--apply")
    assert (refused.code, world.served.calls) == (2, [])
    assert "nobody is there to answer" in refused.err
    assert world(*PRUNE, "--keep-last", "4", "--include-unmanaged").code == 0
    assert by_hand in there(world.cloud)
    assert world(*PRUNE, "--keep-last", "4", "--include-unmanaged", "--apply", "--yes").code == 0
    assert by_hand not in there(world.cloud)


@pytest.mark.parametrize(("answer", "gone"), [("y", True), ("n", False), ("", False)])
def test_a_person_is_asked(world: World, volume: str, answer: str, gone: bool) -> None:
    """On a terminal the question names how many, and how many of them are not the policy's; only a yes is one."""
    import os

    by_hand = aged(world.cloud, volume, 2000, policy=None, name="업그레이드 전")
    words = [*PRUNE, "--keep-last", "4", "--include-unmanaged", "--apply"]
    environ = {**os.environ, **world.served.environ}
    child = pexpect.spawn(NBS, words, env=environ, encoding="utf-8", timeout=30, dimensions=(24, 120))
    child.expect(r"Delete these 2 snapshots, 1 of which the policy default did not make\? It cannot be undone. \[y/N\]")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert (by_hand not in there(world.cloud)) == gone


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prune", "--volume", "data"], "no policy default in the config file, and no rule"),
        (["prune", "--keep-last", "1"], "say whose snapshots"),
        (["prune", "--volume", "data", "--all-volumes", "--keep-last", "1"], "exclude each other"),
        (["prune", "--volume", "data", "--keep-last", "0"], "greater than 0"),
        (["prune", "--volume", "data", "--keep-within", "5m"], "no stretch of time"),
        (["prune", "--volume", "data", "--keep-last", "1", "--timezone", "Asia/Soul"], "no time zone"),
        (["prune", "--volume", "data", "--keep-last", "1", "--timezone", "localtime"], "no time zone"),
        (["prune", "--volume", "data", "--keep-last", "1", "--policy", "my policy"], "no name for a policy"),
        (["rotate", "data"], "no policy default in the config file, and no rule"),
        (["rotate", "data", "--keep-last", "1", "--jitter", "soon"], "no duration"),
        (["rotate", "data", "--keep-last", "1", "--heartbeat-file", "/nowhere/file"], "cannot be written"),
        (["rotate", "data", "--keep-last", "1", "--metrics-file", "/nowhere/file"], "cannot be written"),
        (["rotate", "data", "--keep-last", "1", "--description", "x" * 232], "more than 224"),
        (["list", "--timeline"], "of one volume"),
        (["list", "--timeline", "--volume", "data", "-o", "json"], "for people"),
        (["create", "data", "--policy", "daily", "--no-request-key"], "part of the mark"),
    ],
)
def test_what_cannot_be_meant_is_refused(world: World, words: list[str], said: str) -> None:
    """Exit 2, or 3 for a policy that is nowhere, and not one request."""
    ran = world("snapshot", *words)
    assert ran.code == (3 if "no policy" in said else 2)
    assert said in ran.err
    assert world.served.calls == []


def test_guards(world: World, volume: str) -> None:
    """More than half, or more than 20, go only with --max-delete; the plan is shown, and says so."""
    before = there(world.cloud)
    planned = world(*PRUNE, "--keep-last", "1")
    assert planned.code == 0
    assert "`--apply` would refuse: 4 of 5 snapshots" in planned.err
    refused = world(*PRUNE, "--keep-last", "1", "--apply")
    assert (refused.code, there(world.cloud)) == (2, before)
    assert "--max-delete 4" in refused.err
    assert world(*PRUNE, "--keep-last", "1", "--apply", "--max-delete", "3").code == 2
    assert world(*PRUNE, "--keep-last", "1", "--apply", "--max-delete", "4").code == 0
    assert len(there(world.cloud)) == 1
    for hour in range(45):
        aged(world.cloud, volume, 100 + hour)
    assert world(*PRUNE, "--keep-last", "25", "--apply").code == 2
    assert world(*PRUNE, "--keep-last", "26", "--apply").code == 0
    assert len(there(world.cloud)) == 26


def test_all_volumes_are_judged_one_by_one(world: World, volume: str) -> None:
    """--all-volumes shows whose each one is, and keeps the rules' number of every volume."""
    other = world.volume("백업")
    for day in range(4):
        aged(world.cloud, other, 24 * day)
    ran = world("snapshot", "prune", "--all-volumes", "--keep-last", "3")
    assert "VOLUME" in ran.out
    assert world("snapshot", "prune", "--all-volumes", "--keep-last", "3", "--apply").code == 0
    rows = world.json("snapshot", "prune", "--all-volumes", "--keep-last", "3")
    assert [row["volume_name"] for row in rows] == ["data"] * 3 + ["백업"] * 3


def test_names_may_be_chosen(world: World, volume: str) -> None:
    """--match takes only names like it into the plan."""
    aged(world.cloud, volume, 3000, name="nightly-7")
    shown = actions(world, "--keep-last", "5", "--match", "default-*")
    assert shown.pop("nightly-7") == "leave"
    assert set(shown.values()) == {"keep"}


@pytest.mark.parametrize("zone", ["Asia/Seoul", "UTC"])
def test_days_end_where_the_zone_says(world: World, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """16:00 UTC is the next day in Seoul and the same in UTC; the zone of this machine is nothing."""
    volume_id = world.volume("data")
    monkeypatch.setenv("TZ", "America/New_York")
    for hour in ("14", "16"):
        aged(world.cloud, volume_id, 0, created=f"2026-03-01T{hour}:00:00.000000", name=f"at-{hour}")
    shown = actions(world, "--keep-daily", "2", "--timezone", zone)
    assert shown == {"at-16": "keep", "at-14": "keep" if zone == "Asia/Seoul" else "remove"}


def test_the_plan_fits_80_columns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of 80 columns every line fits, with Korean names, and action, time and reasons are to be read."""
    import os

    volume_id = world.volume("운영-데이터베이스")
    for day in range(3):
        aged(world.cloud, volume_id, 24 * day, name=f"운영-데이터베이스-매일-백업-2026030{day}-040000")
    words = ["snapshot", "prune", "--volume", volume_id, "--keep-last", "2", "--keep-daily", "2", "--keep-within", "1d"]
    env = {**os.environ, **world.served.environ, "TERM": "xterm"}
    child = pexpect.spawn(NBS, words, env=env, dimensions=(30, 80), encoding="utf-8", timeout=30)
    shown = child.read()
    child.close()
    lines = [line for line in shown.replace("\x1b[0m", "").splitlines() if line]
    assert max(width(_bare(line)) for line in lines) <= 80
    assert "last, daily" in shown
    assert "운영-" in shown


def _bare(line: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", line)


# what is in doubt


def _dates(change: Callable[[dict[str, Any]], object]) -> Callable[[Any], Any]:
    """Alter every snapshot of the detailed list."""

    def each(body: dict[str, Any]) -> None:
        for row in body.get("snapshots", []):
            change(row)

    return altered(each, path="/snapshots/detail")


@pytest.mark.parametrize("created", [None, "", "yesterday", 17, "0001-01-01T00:00:00"])
def test_a_missing_time_is_refused(serve: Any, nbs: Any, created: object) -> None:
    """Where a candidate has no time of creation nothing is planned: exit 2."""
    world = World(serve(wrap=_dates(lambda row: row.update(created_at=created)), delay=0), nbs)
    aged(world.cloud, world.volume("data"), 1)
    ran = world(*PRUNE, "--keep-last", "1", "--apply")
    world.close()
    assert ran.code == 2
    assert "no time of creation" in ran.err


@pytest.mark.parametrize(("hours", "code"), [(9, 2), (0.25, 2), (13.9, 2), (0.05, 0), (48, 0)])
def test_a_zone_in_doubt_is_refused(world: World, volume: str, hours: float, code: int) -> None:
    """Hours ahead of the server's clock may be another zone: exit 2. Minutes are forgiven, days are left alone."""
    aged(world.cloud, volume, -hours)
    ran = world(*PRUNE, "--keep-last", "4", "--apply")
    assert ran.code == code, ran.err
    assert ("in another zone" in ran.err) == (code == 2)
    assert len(world.served.asked("DELETE")) == (0 if code else {0.05: 2, 48: 1}[hours])


@pytest.mark.parametrize("zulu", ["", "Z"])
def test_times_with_and_without_a_zone(serve: Any, nbs: Any, zulu: str) -> None:
    """A time without a zone is UTC, and so is one with `Z`."""
    world = World(serve(wrap=_dates(lambda row: row.update(created_at=row["created_at"] + zulu)), delay=0), nbs)
    volume_id = world.volume("data")
    aged(world.cloud, volume_id, 0, created="2026-03-01T16:00:00.000000")
    rows = world.json(*PRUNE, "--keep-last", "1")
    world.close()
    assert rows[0]["time"] == "2026-03-02 01:00"


def test_no_date_is_refused(serve: Any, nbs: Any) -> None:
    """A server that does not say what time it is: exit 2, nothing removed."""

    def undated(app: Any) -> Any:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
                kept = [header for header in headers if header[0].lower() != "date"]
                return start_response(status, [*kept, ("Date", "soon")], *more)

            answer: Iterable[bytes] = app(environ, start)
            return answer

        return wrapped

    world = World(serve(wrap=undated, delay=0), nbs)
    aged(world.cloud, world.volume("data"), 1)
    ran = world(*PRUNE, "--keep-last", "1", "--apply")
    world.close()
    assert ran.code == 2
    assert "what time it is there" in ran.err


def test_this_machines_clock_is_nothing(world: World, volume: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is 13 hours off, either way, makes the same plan: only the server's counts."""
    import time

    plans = []
    real = time.time
    for off in (0, 13 * 3600, -13 * 3600):
        monkeypatch.setattr(world.cloud, "_now", real)
        monkeypatch.setattr(time, "time", lambda off=off: real() + off)
        plans.append(actions(world, "--keep-last", "3"))
    assert plans == [plans[0]] * 3


@pytest.mark.parametrize("rows", [1000, 1001])
def test_a_list_that_may_be_cut_is_refused(serve: Any, nbs: Any, rows: int) -> None:
    """A server that shows the first 1,000 whatever is asked for: exit 2, no DELETE."""

    def capped(app: Any) -> Any:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["PATH_INFO"].endswith("/snapshots/detail"):
                environ["QUERY_STRING"] = "limit=1000"
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

        return wrapped

    world = World(serve(wrap=capped, delay=0, snapshot_markers=False, links=False), nbs)
    world.cloud.seed(1, rows)
    volume_id = world.raw("GET", "/volumes")["volumes"][0]["id"]
    ran = world("snapshot", "prune", "--volume", volume_id, "--keep-last", "1", "--apply")
    world.close()
    assert ran.code == 2
    assert "may be cut, so nothing is removed" in ran.err
    assert world.served.asked("DELETE") == []


# what changes meanwhile


def _before_delete(change: Callable[[str], object]) -> Callable[[Any], Any]:
    """Have *change* called with the ID before the single GET of a snapshot is answered."""

    def wrap(app: Any) -> Any:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            noun, _slash, identifier = environ["PATH_INFO"].rpartition("/")
            if environ["REQUEST_METHOD"] == "GET" and noun.endswith("/snapshots") and identifier != "detail":
                change(identifier)
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

        return wrapped

    return wrap


@pytest.mark.parametrize(
    ("change", "code", "outcome"),
    [
        ("status = 'backing-up'", 10, "failed"),
        ("description = 'mine now'", 10, "failed"),
        ("created_at = '2020-01-01T00:00:00.000000'", 10, "failed"),
        ("name = 'renamed'", 10, "failed"),
        ("status = 'deleting'", 0, "removed"),
        (None, 0, "removed"),
    ],
)
def test_what_changed_is_left(serve: Any, nbs: Any, change: str | None, code: int, outcome: str) -> None:
    """Each is read again just before: what is not as planned stays, what is gone or going is as good as removed."""
    marked: list[str] = []

    def meanwhile(identifier: str) -> None:
        if identifier in marked:
            with world.cloud.writing() as turn:
                if change is None:
                    turn.db.execute("DELETE FROM snapshots WHERE id = ?", (identifier,))
                else:
                    turn.db.execute(f"UPDATE snapshots SET {change} WHERE id = ?", (identifier,))
                    turn.db.execute(
                        "UPDATE snapshots SET due = 1, upcoming = 'gone' WHERE id = ? AND status = 'deleting'",
                        (identifier,),
                    )
            marked.clear()

    world = World(serve(wrap=_before_delete(meanwhile), delay=0), nbs)
    volume_id = world.volume("data")
    made = [aged(world.cloud, volume_id, hours) for hours in (1, 2, 3, 4, 5, 6)]
    marked.append(made[4])
    ran = world(*PRUNE, "--keep-last", "3", "--apply", "-o", "json")
    world.close()
    rows = {row["id"]: row for row in json.loads(ran.out)}
    assert ran.code == code, ran.err
    assert rows[made[4]]["outcome"] == outcome
    assert rows[made[5]]["outcome"] == rows[made[3]]["outcome"] == "removed"
    if code:
        assert "changed since the plan" in ran.err
        assert made[4] not in {call.path.rpartition("/")[2] for call in world.served.asked("DELETE")}


def test_nothing_goes_when_what_stays_is_gone(serve: Any, nbs: Any) -> None:
    """The newest that stays is looked at first: when it vanished meanwhile, the old ones are all there is: exit 5."""
    newest: list[str] = []

    def meanwhile(identifier: str) -> None:
        if identifier in newest:
            with world.cloud.writing() as turn:
                turn.db.execute("DELETE FROM snapshots WHERE id = ?", (identifier,))

    world = World(serve(wrap=_before_delete(meanwhile), delay=0), nbs)
    volume_id = world.volume("data")
    newest.append(aged(world.cloud, volume_id, 1))
    for hours in (2, 3):
        aged(world.cloud, volume_id, hours)
    ran = world(*PRUNE, "--keep-last", "2", "--apply")
    world.close()
    assert ran.code == 5
    assert world.served.asked("DELETE") == []


def test_partial_failures(world: World, volume: str) -> None:
    """A delete that bounces is told, the others are done: exit 10, and the outcome of each."""
    world.cloud.fail_next("delete-bounce")
    ran = world(*PRUNE, "--keep-last", "3", "--apply", "-o", "json")
    assert ran.code == 10
    assert sorted(row["outcome"] for row in json.loads(ran.out) if "outcome" in row) == ["failed", "removed"]
    assert [error["exit"] for error in errors(ran)] == [8, 10]
    assert world(*PRUNE, "--keep-last", "3", "--apply").code == 0


def test_three_failures_in_a_row_end_it(serve: Any, nbs: Any) -> None:
    """After three refused deletes nothing more is tried; the rest is named."""

    def refusing(app: Any) -> Any:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] != "DELETE":
                answer: Iterable[bytes] = app(environ, start_response)
                return answer
            body = b'{"badRequest": {"code": 400, "message": "Invalid snapshot: status must be available"}}'
            start_response("400 Bad Request", [("Content-Length", str(len(body)))])
            return [body]

        return wrapped

    world = World(serve(wrap=refusing, delay=0), nbs)
    volume_id = world.volume("data")
    for hours in range(1, 13):
        aged(world.cloud, volume_id, hours)
    ran = world(*PRUNE, "--keep-last", "6", "--apply")
    world.close()
    assert ran.code == 5
    assert len(world.served.asked("DELETE")) == 3
    assert "not tried: " in ran.err


# locks


def test_one_at_a_time(world: World, volume: str) -> None:
    """While another nbs holds the volume's lock, this one waits, then gives up with exit 5; a plan needs no lock."""
    path = folders.volume_lock(volume)
    with files.exclusive(path, 0) as held:
        assert held
        ran = world(*PRUNE, "--keep-last", "3", "--apply", "--timeout", "1s")
        assert ran.code == 5
        assert "another nbs still works" in ran.err
        assert world.served.asked("DELETE") == []
        assert world(*PRUNE, "--keep-last", "3").code == 0
    assert world(*PRUNE, "--keep-last", "3", "--apply").code == 0


def test_two_at_once(world: World, volume: str) -> None:
    """Two prunes at the same moment remove each snapshot once, and both end well."""
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(world(*PRUNE, "--keep-last", "3", "--apply").code)) for _ in "12"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deletes = [call.path for call in world.served.asked("DELETE")]
    assert codes == [0, 0]
    assert (len(deletes), len(set(deletes))) == (2, 2)


def test_no_lock_no_delete(world: World, volume: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no lock can be made nothing is removed: exit 1 and the way on."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    ran = world(*PRUNE, "--keep-last", "3", "--apply")
    assert ran.code == 1
    assert "XDG_STATE_HOME" in ran.err
    assert world.served.asked("DELETE") == []


# policies of the config file


def test_rules_of_the_config_file(world: World, volume: str, home: Path) -> None:
    """A policy's rules come from the file; a rule on the command line stands for all of them."""
    config = home / ".config" / "nbs" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[retention.default]\nkeep_last = 2\nmax_delete = 5\ntimezone = "UTC"\n')
    ran = world(*PRUNE)
    assert "policy default keeps last 2; times and days of UTC" in ran.err
    assert list(actions(world).values()) == ["keep"] * 2 + ["remove"] * 3
    assert list(actions(world, "--keep-last", "4").values()) == ["keep"] * 4 + ["remove"]
    assert world(*PRUNE, "--apply", "--max-delete", "1").code == 2
    assert world(*PRUNE, "--apply").code == 0
    assert len(there(world.cloud)) == 2
