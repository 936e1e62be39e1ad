"""A list is complete or says that it is not: rows B9 to B15 of the faults, over real HTTP."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.sandbox.cloud import Cloud
from tests.cloud.conftest import uuid, with_token
from tests.cloud.faulty import Faulty, answer
from tests.cloud.lists import Busy, Stuck, add, ids, remove, stored
from tests.conftest import Ran
from tests.trials.ground import MEBIBYTE, Figure, inside, main, measured, serving

TRIALS = 100
SERVERS: tuple[dict[str, Any], ...] = (
    {},
    {"links": False},
    {"snapshot_markers": False},
    {"links": False, "snapshot_markers": False},
)
NOUNS: tuple[tuple[str, Resource], ...] = (("volume", VOLUME), ("snapshot", SNAPSHOT))
MOST = 200 * MEBIBYTE
LONG = 10.0  # seconds that 10,000 rows may take


def trial(trials: int) -> list[Figure]:
    """Every row, *trials* runs each."""
    return [
        elsewhere(trials),
        loops(trials),
        changing("B11 rows vanish", trials, vanish),
        changing("B12 rows come", trials, come),
        changing("B11, B12 both", trials, both),
        expiring(trials),
        capped(trials),
        long_list(max(1, trials // 20)),
    ]


def whole(ran: Ran, wanted: Sequence[str], allowed: Sequence[str]) -> str | None:
    """What is wrong with a list that printed IDs: each of *wanted* once and none twice, or a failure in words."""
    got = ran.out.split()
    if "Traceback" in ran.err:
        return ran.err
    if len(got) != len(set(got)) or not set(got) <= set(allowed):
        return f"{len(got)} rows, {len(set(got))} of them different"
    if ran.code == 0 and not set(wanted) <= set(got):
        return f"exit 0, and {len(set(wanted) - set(got))} rows are missing"
    return None if ran.code == 0 or ran.err.startswith("nbs: ") else f"exit {ran.code} without words"


def changing(
    what: str, trials: int, plan: Callable[[random.Random, Resource, list[str]], dict[int, Callable[[Cloud], None]]]
) -> Figure:
    """Rows come and go between two pages, on every kind of server: complete, or a failure."""
    figure, complete = Figure(what), 0
    for number in range(trials):
        lot = random.Random(number)
        noun, resource = NOUNS[number % 2]
        deeds: dict[int, Callable[[Cloud], None]] = {}
        busy = Busy(None, resource, deeds)  # type: ignore[arg-type]  # the cloud is known a line later
        with serving(busy, page_cap=lot.choice([2, 7, 10]), **SERVERS[number // 2 % 4]) as served:
            busy.cloud = served.cloud
            served.cloud.seed(40, 40)
            before = ids(stored(served.cloud, resource))
            deeds |= plan(lot, resource, before)
            ran = inside(noun, "list", "-q", env=served.environ)
            after = ids(stored(served.cloud, resource))
        stayed = [row for row in before if row in set(after)]
        wrong = whole(ran, stayed, [*before, *after])
        figure.count(wrong is None, f"seed {number}, {noun}, {SERVERS[number // 2 % 4]}: {wrong}")
        complete += ran.code == 0
    figure.note = f"{complete} complete, {trials - complete} said that they are not"
    return figure


def vanish(lot: random.Random, resource: Resource, rows: list[str]) -> dict[int, Callable[[Cloud], None]]:
    """Rows vanish, the marker among them."""
    return {request: remove(resource, lot.sample(rows, 4)) for request in lot.sample(range(2, 8), 2)}


def come(lot: random.Random, resource: Resource, _rows: list[str]) -> dict[int, Callable[[Cloud], None]]:
    """Rows are made."""
    return {request: add(resource, lot.randint(1, 9)) for request in lot.sample(range(2, 8), 1)}


def both(lot: random.Random, resource: Resource, rows: list[str]) -> dict[int, Callable[[Cloud], None]]:
    """Rows come, and others go."""
    return {2: add(resource, lot.randint(1, 9)), lot.randint(3, 8): remove(resource, lot.sample(rows, 3))}


def elsewhere(trials: int) -> Figure:
    """B9: a next link to another host is not followed."""
    figure = Figure("B9 links elsewhere")
    rows = [{"id": uuid(number), "name": "v", "status": "available"} for number in range(2)]
    with contextlib.closing(Faulty([answer(200, {"volumes": []})])) as other:
        for _number in range(trials):
            link = [{"rel": "next", "href": f"{other.url}/v2/t/volumes/detail?marker={uuid(1)}"}]
            pages = [answer(200, {"volumes": rows, "volumes_links": link}), answer(200, {"volumes": []})]
            with contextlib.closing(Faulty(pages)) as server:
                ran = inside("volume", "list", "-q", env=with_token(server))
                figure.count(
                    ran.code == 0
                    and len(ran.out.split()) == 2
                    and not other.heard
                    and "marker=" in server.heard[1].target,
                    f"{ran} {other.heard}",
                )
    return figure


def loops(trials: int) -> Figure:
    """B10: pages that repeat themselves end soon, and never as a short list."""
    figure, most = Figure("B10 loops"), 0
    for number in range(trials):
        lot = random.Random(number)
        stuck = Stuck(lot.randint(1, 120), keep_limit=lot.random() < 0.5, link=True, grow_at=lot.choice([0, 0, 3]))
        noun = NOUNS[number % 2][0]
        with serving(partial(door, stuck)) as served:
            ran = inside(noun, "list", "-q", env=served.environ)
        most = max(most, stuck.asked)
        figure.count(ran.code == 1 and ran.err.startswith("nbs: "), f"seed {number}: {ran.code} {ran.err[:200]}")
    figure.note = f"at most {most} requests"
    return figure


def door(stuck: Stuck, app: Any) -> Any:
    """The lists of *stuck* in front of a cloud that logs in."""
    return lambda environ, start: (app if "/tokens" in environ["PATH_INFO"] else stuck)(environ, start)


def expiring(trials: int) -> Figure:
    """B13: the token expires between two pages; one new login, and on."""
    figure = Figure("B13 token expires")
    for number in range(trials):
        noun, resource = NOUNS[number % 2]
        busy = Busy(None, resource, {2 + number % 5: Cloud.expire_tokens})  # type: ignore[arg-type]  # as above
        with serving(busy, page_cap=7, **SERVERS[number // 2 % 4]) as served:
            busy.cloud = served.cloud
            served.cloud.seed(40, 40)
            ran = inside(noun, "list", "-q", env=served.environ)
            rows = ids(stored(served.cloud, resource))
            logins = len(served.logins())
        wrong = whole(ran, rows, rows) or (f"{logins} logins" if logins != 2 or ran.code else None)
        figure.count(wrong is None, f"{number}: {wrong} {ran.err}")
    return figure


def capped(trials: int) -> Figure:
    """B14: a full page of the largest size is never taken for the end."""
    figure = Figure("B14 caps")
    for number in range(max(1, trials // 5)):
        noun, resource = NOUNS[number % 2]
        cap = 100
        count = cap + number % 3 - 1  # one less, just as many, one more
        with serving(page_cap=cap, page_default=cap, **SERVERS[number // 2 % 4]) as served:
            served.cloud.seed(count, count)
            ran = inside(noun, "list", "-q", env=served.environ)
            rows = ids(stored(served.cloud, resource))
        wrong = whole(ran, rows, rows) or (ran.err if ran.code else None)
        figure.count(wrong is None, f"{count} {noun}s, {SERVERS[number // 2 % 4]}: {wrong}")
    return figure


def long_list(trials: int) -> Figure:
    """B15: 10,000 volumes."""
    figure, slowest, largest = Figure("B15 10,000 volumes"), 0.0, 0
    with serving() as served:
        served.cloud.seed(10_000)
        for _number in range(trials):
            done = measured("volume", "list", "-o", "json", env=served.environ)
            slowest, largest = max(slowest, done.seconds), max(largest, done.memory)
            figure.count(len(json.loads(done.out)) == 10_000, "not all of them")
            figure.count(done.memory < MOST and done.seconds < LONG, f"{done.seconds:.1f} s, {done.memory} bytes")
            time.sleep(0.1)
    figure.note = f"slowest {slowest:.1f} s, most memory {largest / MEBIBYTE:.0f} MiB"
    return figure


if __name__ == "__main__":
    main(trial, TRIALS)
