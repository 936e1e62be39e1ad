"""The sandbox's state under load: killed at any moment it comes back whole, and many clients at once lose nothing.

NBS_TEST_KILLS is how often it is killed (100 in the long trial), NBS_TEST_RACES how often the clients race.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from nbs_cli.sandbox.cloud import Cloud, Settings
from nbs_cli.sandbox.web import application
from tests.kills import killed
from tests.sandbox.conftest import Clock, Door
from tests.sandbox.served import client, serving

KILLS = int(os.environ.get("NBS_TEST_KILLS", "3"))
RACES = int(os.environ.get("NBS_TEST_RACES", "1"))
CLIENTS = 4
THREADS = 32
STATUSES = {"available", "in-use", "creating", "deleting", "uploading", "extending"}


def whole(state: str) -> dict[str, set[str]]:
    """Open the state and hold it against every rule of the cloud; gives the IDs that it has, once all is done."""
    with closing(sqlite3.connect(state)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with closing(Cloud(state)) as cloud:
        consistent(cloud)
        cloud.advance(60)
        return consistent(cloud)


def consistent(cloud: Cloud) -> dict[str, set[str]]:
    """Check what must hold between the rows at any moment."""
    with cloud.reading() as turn:
        volumes, snapshots = (
            turn.db.execute(f"SELECT * FROM {table}").fetchall() for table in ("volumes", "snapshots")
        )
    for row in (*volumes, *snapshots):
        assert row["status"] in STATUSES
        assert (row["due"] is None) == (row["upcoming"] is None)
        assert (row["due"] is None) == (row["status"] in {"available", "in-use"})
        assert row["size"] >= 1
    settings = Settings()
    ids = {row["id"] for row in volumes}
    each = Counter(row["volume_id"] for row in snapshots)
    assert set(each) <= ids
    assert all((row["server_id"] is not None) == (row["status"] == "in-use") for row in volumes)
    assert max(each.values(), default=0) <= settings.snapshots_per_volume
    assert sum(row["size"] for row in (*volumes, *snapshots)) <= settings.gigabytes
    return {"volumes": ids, "snapshots": {row["id"] for row in snapshots}}


@dataclass
class Log:
    """What one client was told, and what it asked last without an answer."""

    there: dict[str, str] = field(default_factory=dict)  # acknowledged creates, with their noun
    gone: dict[str, str] = field(default_factory=dict)  # acknowledged deletes
    open: tuple[str, str] = ("", "")  # a method, and the noun or ID
    count: int = 0


def work(url: str, log: Log, chance: random.Random, begun: threading.Event) -> None:
    """Create, snapshot and delete until the server is gone."""
    try:
        with closing(client(url)) as http:
            begun.set()
            while True:
                step(http, log, chance)
    except httpx.TransportError:
        return


def step(http: httpx.Client, log: Log, chance: random.Random) -> None:
    """One request; what it said is written down when it came, and not before."""
    volumes = [one for one, noun in log.there.items() if noun == "volumes"]
    dice = chance.random()
    if not volumes or dice < 0.4:
        create(http, log, "volumes", {"volume": {"size": 1}})
    elif dice < 0.7:
        create(http, log, "snapshots", {"snapshot": {"volume_id": chance.choice(volumes)}})
    else:
        identifier = chance.choice(list(log.there))
        log.open = ("DELETE", identifier)
        if http.delete(f"/{log.there[identifier]}/{identifier}").status_code == 202:
            log.gone[identifier] = log.there.pop(identifier)
            log.count += 1
    log.open = ("", "")


def create(http: httpx.Client, log: Log, noun: str, body: object) -> None:
    """One create; a refusal makes nothing."""
    log.open = ("POST", noun)
    answer = http.post(f"/{noun}", json=body)
    assert answer.status_code in {202, 400, 404, 413}, answer.text
    if answer.status_code == 202:
        log.there[answer.json()[noun[:-1]]["id"]] = noun
        log.count += 1


def test_killed_under_load(tmp_path: Path) -> None:
    """After each kill -9 of the server the state is whole: no acknowledged create is missing, no delete undone."""
    state, chance, figures = str(tmp_path / "sandbox.sqlite3"), random.Random(7), Counter[str]()
    logs = [Log() for _number in range(CLIENTS)]
    for _kill in range(KILLS):
        with serving("--state", state, "--delay", "0.02") as served:
            begun = threading.Event()
            threads = [threading.Thread(target=work, args=(served.url, log, chance, begun)) for log in logs]
            for thread in threads:
                thread.start()
            assert begun.wait(60)
            time.sleep(chance.uniform(0.0, 0.5))
            served.process.kill()
            for thread in threads:
                thread.join()
        figures.update(settle(logs, whole(state)))
    acknowledged = sum(log.count for log in logs)
    print(f"\n{KILLS} kills, {acknowledged} writes acknowledged: none lost; cut off on their way: {dict(figures)}")
    assert acknowledged > KILLS


def settle(logs: list[Log], kept: dict[str, set[str]]) -> Counter[str]:
    """Hold what the clients know against what is there; requests without an answer may have been done or not."""
    figures = Counter[str]()
    expected: dict[str, set[str]] = {"volumes": set(), "snapshots": set()}
    unanswered = Counter(log.open[1] for log in logs if log.open[0] == "POST")
    for log in logs:
        method, identifier = log.open
        figures[method or "none"] += 1
        if method == "DELETE" and identifier not in kept[log.there[identifier]]:
            del log.there[identifier]
        for one, noun in log.there.items():
            expected[noun].add(one)
        assert not [one for one, noun in log.gone.items() if one in kept[noun]]
        log.open = ("", "")
    for noun, ids in expected.items():
        assert ids <= kept[noun], f"{noun} that were acknowledged are missing"
        more = kept[noun] - ids
        assert len(more) <= unanswered[noun]
        logs[0].there.update(dict.fromkeys(more, noun))  # from now on somebody knows of it
    return figures


def test_killed_in_a_transaction(tmp_path: Path) -> None:
    """What one transaction writes is there as a whole or not at all, wherever in it the kill comes."""
    state = str(tmp_path / "sandbox.sqlite3")
    begin = f"import glob, os\nfrom nbs_cli.sandbox.cloud import Cloud\nstate = {state!r}"
    again = "[os.remove(name) for name in glob.glob(state + '*')] if cloud.ahead() > 5 else cloud.advance(1)"
    line = f"cloud = Cloud(state); cloud.seed(200, 50); {again}; cloud.close()"
    sizes = Counter[int]()
    for _kill in killed(KILLS * 3, begin, line, most=0.1):
        with closing(Cloud(state)) as cloud, cloud.reading() as turn:
            assert turn.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            counts = [
                turn.db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("volumes", "snapshots")
            ]
        assert counts[0] == 4 * counts[1]
        assert counts[0] % 200 == 0
        sizes[counts[0]] += 1
    print(f"\n{KILLS * 3} kills in the middle of a transaction: volumes kept {dict(sorted(sizes.items()))}")


class Racer:
    """One of many clients; it writes down every status code and every ID that it was given."""

    def __init__(self, http: httpx.Client, number: int) -> None:
        self.http = http
        self.number = number
        self.made: list[str] = []
        self.codes: Counter[str] = Counter()

    def ask(self, what: str, method: str, path: str, body: object = None) -> httpx.Response:
        """One request, its code counted."""
        answer = self.http.request(method, path, json=body)
        self.codes[f"{what} {answer.status_code}"] += 1
        return answer

    def snapshot(self, volume_id: str) -> None:
        """Try to get one of few snapshots."""
        self.ask("snapshot", "POST", "/snapshots", {"snapshot": {"volume_id": volume_id}})

    def create(self, count: int, size: int) -> None:
        """Try to get volumes while there is room."""
        for number in range(count):
            body = {"volume": {"size": size, "name": f"{self.number}-{number}"}}
            answer = self.ask("create", "POST", "/volumes", body)
            if answer.status_code == 202:
                self.made.append(answer.json()["volume"]["id"])

    def delete(self, ids: list[str]) -> None:
        """Try to be the one who deletes."""
        for identifier in ids:
            self.ask("delete", "DELETE", f"/volumes/{identifier}")


def all_at_once(racers: list[Racer], work: Callable[[Racer], None]) -> Counter[str]:
    """Have all of them do *work* from one moment on; gives the codes of this time."""
    barrier = threading.Barrier(len(racers))

    def one(racer: Racer) -> None:
        barrier.wait()
        work(racer)

    before = sum((racer.codes for racer in racers), Counter[str]())
    threads = [threading.Thread(target=one, args=(racer,)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum((racer.codes for racer in racers), Counter[str]()) - before


@pytest.mark.parametrize("race", range(RACES))
def test_32_clients_at_once(tmp_path: Path, race: int) -> None:
    """16 over HTTP and 16 in this process on one state: limits are met exactly, each is deleted once, none is lost."""
    state = str(tmp_path / "sandbox.sqlite3")
    options = ("--state", state, "--delay", "0", "--snapshots-per-volume", "3")
    begun = time.monotonic()
    with serving(*options) as served, closing(Cloud(state, Settings(delay=0, snapshots_per_volume=3))) as cloud:
        inside = httpx.WSGITransport(app=application(cloud))
        clients = [client(served.url, inside if number % 2 else None) for number in range(THREADS)]
        racers = [Racer(http, number) for number, http in enumerate(clients)]
        contested = clients[0].post("/volumes", json={"volume": {"size": 1}}).json()["volume"]["id"]

        assert all_at_once(racers, lambda racer: racer.snapshot(contested)) == {"snapshot 202": 3, "snapshot 413": 29}

        room = (Settings().gigabytes - 4) // 80
        codes = all_at_once(racers, lambda racer: racer.create(5, 80))
        assert codes == {"create 202": room, "create 413": THREADS * 5 - room}
        made = [identifier for racer in racers for identifier in racer.made]
        assert len(set(made)) == room
        listed = clients[1].get("/volumes", params={"limit": 1000}).json()["volumes"]
        assert {row["id"] for row in listed} == {*made, contested}
        assert len(listed) == room + 1
        names = {row["name"] for row in listed} - {None}
        assert len(names) == room

        def fight(racer: Racer) -> None:
            for further in (1, 2):
                racer.delete(racers[(racer.number + further) % THREADS].made)

        codes = all_at_once(racers, fight)
        assert codes["delete 202"] == room
        assert codes["delete 202"] + codes["delete 404"] + codes["delete 400"] == 2 * room
        for http in clients:
            http.close()
    kept = whole(state)
    assert (kept["volumes"], len(kept["snapshots"])) == ({contested}, 3)
    told = sum((racer.codes for racer in racers), Counter[str]())
    print(
        f"\n{THREADS} clients, {told.total()} writes in {time.monotonic() - begun:.1f} s: {dict(sorted(told.items()))}"
    )


@pytest.mark.parametrize(("failure", "ends"), [("delete-error", "error_deleting"), ("delete-bounce", "available")])
def test_a_snapshot_is_not_left_without_its_volume(door: Door, clock: Clock, failure: str, ends: str) -> None:
    """Where a snapshot's delete fails, the volume that was to go with it stays, in `error_deleting`."""
    volume = door.volume()["id"]
    clock.pass_by(2)
    snapshot = door.snapshot(volume)["id"]
    clock.pass_by(2)
    door.cloud.fail_next(failure)
    assert door.delete(f"/volumes/{volume}?cascade=True").status_code == 202
    clock.pass_by(2)
    assert (door.status(f"/volumes/{volume}"), door.status(f"/snapshots/{snapshot}")) == ("error_deleting", ends)
