"""One walk through a list: each row once and to the end, whatever a server cuts and whatever vanishes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from nbs_cli.cloud.pages import everything, pages
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, Resource
from nbs_cli.cloud.span import Span
from nbs_cli.errors import Nonsense, NotFound
from nbs_cli.sandbox.cloud import Cloud, Settings
from tests.cloud.conftest import MakeAt, MakeFaulty, MakeStorage, uuid, with_token
from tests.cloud.faulty import answer
from tests.cloud.lists import SERVERS, Busy, Stuck, add, given, ids, nouns, remove, stored, walk_busy
from tests.conftest import Ran


@nouns
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize(
    ("cap", "count"), [(1, 12), (2, 30), (7, 250), (10, 250), (125, 250), (249, 250), (250, 250), (251, 250)]
)
def test_any_cap_is_walked(
    storage: MakeStorage, resource: Resource, server: dict[str, Any], cap: int, count: int
) -> None:
    """Pages of any size, a full last page (10, 125, 250 of 250) included."""
    cloud = Cloud(":memory:", Settings(page_cap=cap, **server))
    cloud.seed(count, count)
    assert given(storage(cloud), resource, Span()) == ids(stored(cloud, resource))
    assert ids(everything(storage(cloud), resource, detail=False)) == ids(stored(cloud, resource))
    cloud.close()


@nouns
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_an_empty_list_is_empty(storage: MakeStorage, resource: Resource, server: dict[str, Any]) -> None:
    """One request tells it."""
    assert list(pages(storage(**server), resource)) == []


# Rows that come and go between two pages


@nouns
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("seed", range(12))
def test_rows_that_stay_appear_exactly_once(
    storage: MakeStorage, resource: Resource, server: dict[str, Any], seed: int
) -> None:
    """Volumes and snapshots are made and deleted between any two pages (B11, B12): complete all the same."""
    lot = random.Random(seed)
    cloud = Cloud(":memory:", Settings(page_cap=lot.choice([2, 7, 10]), **server))
    cloud.seed(60, 60)
    rows = ids(stored(cloud, resource))
    deeds: dict[int, Callable[[Cloud], None]] = {}
    for _number in range(lot.choice([1, 1, 2, 4])):
        victims = lot.sample(rows, lot.choice([1, 2, 3, 8]))
        deeds[lot.randint(2, 12)] = lot.choice([remove(resource, victims), add(resource, lot.randint(1, 5))])
    got, stayed = walk_busy(storage, cloud, resource, deeds, Span())
    cloud.close()
    assert len(got) == len(set(got))
    assert stayed <= set(got)


VANISHED = {
    "one that was seen": [1],
    "two that were seen": [1, 2],
    "the marker's": [9],
    "one that comes": [15],
    "all of a page": list(range(10)),
}


@nouns
@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("victims", VANISHED.values(), ids=VANISHED)
@pytest.mark.parametrize("at", [2, 3, 4, 5])
def test_a_row_that_vanishes_takes_no_other_with_it(
    storage: MakeStorage, resource: Resource, server: dict[str, Any], victims: list[int], at: int
) -> None:
    """At any moment, on any server: the walk ends, and ends complete (a 404 for the marker's row included)."""
    cloud = Cloud(":memory:", Settings(**server))
    cloud.seed(1, 20)
    cloud.seed(19)
    rows = ids(stored(cloud, resource))
    deeds = {at: remove(resource, [rows[victim] for victim in victims])}
    got, stayed = walk_busy(storage, cloud, resource, deeds, Span(page_size=10))
    assert len(got) == len(set(got))
    assert stayed <= set(got)
    cloud.close()


@pytest.mark.parametrize("times", range(1, 7))
def test_a_marker_that_vanishes_again_and_again(storage: MakeStorage, times: int) -> None:
    """Five new starts are made; after that the list is said to be what it is, not shown short."""
    cloud = Cloud(":memory:", Settings(page_cap=10))
    cloud.seed(200)

    def newest_goes(cloud: Cloud) -> None:
        with cloud.writing() as turn:
            newest = "SELECT id FROM volumes ORDER BY created_at DESC LIMIT 20"
            turn.db.execute(f"DELETE FROM volumes WHERE id IN ({newest})")

    deeds: dict[int, Callable[[Cloud], None]] = {2 * number: newest_goes for number in range(1, times + 1)}
    if times == 6:
        with pytest.raises(NotFound):
            walk_busy(storage, cloud, VOLUME, deeds, Span())
    else:
        got, stayed = walk_busy(storage, cloud, VOLUME, deeds, Span())
        assert len(got) == len(set(got))
        assert stayed <= set(got)
    cloud.close()


def test_a_marker_that_never_was_is_told(storage: MakeStorage) -> None:
    """`--marker` of nothing is not found at once: there is nothing to start over from."""
    with pytest.raises(NotFound):
        given(storage(), VOLUME, Span(marker=uuid(1)))


# Servers that lead nowhere


@nouns
@pytest.mark.parametrize("link", [False, True], ids=["no link", "link"])
@pytest.mark.parametrize("keep_limit", [False, True], ids=["any limit", "the limit kept"])
@pytest.mark.parametrize(("count", "page_size"), [(20, 1000), (100, 1000), (1000, 1000), (20, 7), (1500, 1000)])
def test_a_page_that_comes_for_ever_is_an_error(
    at: MakeAt, resource: Resource, link: bool, keep_limit: bool, count: int, page_size: int
) -> None:
    """Soon, and never a list that ends where the server did not (B10).

    A short list of snapshots is whole on a server that knows no pages of them, unless it says that there is more.
    """
    server = Stuck(count, keep_limit, link)
    if resource is SNAPSHOT and not link and count < min(page_size, 100):
        assert len(given(at(server), resource, Span(page_size=page_size))) == count
    else:
        with pytest.raises(Nonsense, match="repeats itself"):
            given(at(server), resource, Span(page_size=page_size))
    assert server.asked <= 6


@nouns
@pytest.mark.parametrize("grow_at", [2, 3, 4])
def test_a_page_that_grows_for_ever_is_an_error_too(at: MakeAt, resource: Resource, grow_at: int) -> None:
    """A new row at the top of the same page is no progress: the walk ends all the same."""
    server = Stuck(150, grow_at=grow_at)
    with pytest.raises(Nonsense):
        given(at(server), resource, Span())


def test_markers_that_go_round_are_an_error(at: MakeAt) -> None:
    """Links that lead from page to page and back again, each with rows of its own."""
    asked = [0]

    def server(_environ: dict[str, Any], start: Any) -> list[bytes]:
        asked[0] += 1
        assert asked[0] < 100, "no end of requests"
        rows = [{"id": uuid(asked[0]), "status": "available"}]
        link = {"rel": "next", "href": f"?marker={uuid(asked[0] % 2)}"}
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"volumes": rows, "volumes_links": [link]}).encode()]

    with pytest.raises(Nonsense):
        given(at(server), VOLUME, Span())


def test_a_next_link_to_another_host_is_never_followed(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Only its marker is taken: the other host hears nothing (B9)."""
    other = faulty(answer(200, {"volumes": []}))
    link = {"rel": "next", "href": f"{other.url}/v2/t/volumes/detail?offset=99&marker={uuid(1)}"}
    server = faulty(
        answer(200, {"volumes": [{"id": uuid(1), "name": "a"}], "volumes_links": [link]}),
        answer(200, {"volumes": [{"id": uuid(2), "name": "b"}]}),
        answer(200, {"volumes": []}),
    )
    ran = nbs("volume", "list", "-q", env=with_token(server))
    assert ran.out.split() == [uuid(1), uuid(2)]
    assert other.heard == []
    assert "offset" not in server.heard[1].target
    assert uuid(1) in server.heard[1].target


def test_a_page_is_given_before_the_next_is_asked_for(storage: MakeStorage) -> None:
    """A list streams: whoever wants the first rows gets them while the others are still far."""
    cloud = Cloud(":memory:", Settings(page_cap=10))
    cloud.seed(50)
    busy = Busy(cloud, VOLUME, {})
    walk = pages(storage(cloud, busy), VOLUME)
    assert len(next(iter(walk))) == 10
    assert busy.asked == 1
    cloud.close()
