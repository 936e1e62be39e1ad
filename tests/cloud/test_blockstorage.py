"""The requests of the guide over any resource: what goes out, and what an answer has to hold to be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.blockstorage import Page
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, VOLUME_TYPE, Resource
from nbs_cli.errors import ExitCode, Failure, Nonsense, NotFound, Usage
from nbs_cli.sandbox.cloud import TENANT_ID
from tests.cloud.conftest import MakeAt, MakeFaulty, MakeStorage, uuid, with_token
from tests.cloud.faulty import answer
from tests.conftest import Ran

ROOT = f"/v2/{TENANT_ID}"


@pytest.mark.parametrize(
    ("resource", "detail", "path"),
    [
        (VOLUME, True, "/volumes/detail"),
        (VOLUME, False, "/volumes"),
        (SNAPSHOT, True, "/snapshots/detail"),
        (SNAPSHOT, False, "/snapshots"),
        (VOLUME_TYPE, True, "/types"),
        (VOLUME_TYPE, False, "/types"),
    ],
)
def test_a_page_is_asked_for_where_it_is(
    faulty: MakeFaulty, at: MakeAt, resource: Resource, detail: bool, path: str
) -> None:
    """Lists with details have a path of their own, types have one list."""
    server = faulty(answer(200, {resource.plural: []}))
    assert at(server).page(resource, {}, detail=detail) == Page([], None)
    assert server.heard[0].target == ROOT + path


def test_a_query_is_escaped(faulty: MakeFaulty, at: MakeAt) -> None:
    """Whatever stands in a value stays in the value."""
    server = faulty(answer(200, {"volumes": []}))
    at(server).page(VOLUME, {"limit": 7, "marker": "a&b=c#d/../e f", "sort": "name:asc,id"})
    target = server.heard[0].target
    assert target == f"{ROOT}/volumes/detail?limit=7&marker=a%26b%3Dc%23d%2F..%2Fe+f&sort=name%3Aasc%2Cid"


@pytest.mark.parametrize("resource_id", ["../snapshots/x", "a?x=1", "a#b", "a/b", "a b", "%2e%2e", "한"])
@pytest.mark.parametrize("verb", ["get", "delete"])
def test_an_id_is_one_part_of_a_path(faulty: MakeFaulty, at: MakeAt, resource_id: str, verb: str) -> None:
    """It never leads to another resource, whatever it is (D20)."""
    server = faulty(answer(404, {"itemNotFound": {"message": "no"}}))
    with pytest.raises(NotFound):
        getattr(at(server), verb)(VOLUME, resource_id)
    (heard,) = server.heard
    assert heard.target.startswith(f"{ROOT}/volumes/")
    assert heard.target.count("/") == ROOT.count("/") + 2
    assert "?" not in heard.target


@pytest.mark.parametrize("resource_id", ["", ".", "..", "..."])
@pytest.mark.parametrize("verb", ["get", "delete"])
def test_an_id_of_dots_is_none(faulty: MakeFaulty, at: MakeAt, resource_id: str, verb: str) -> None:
    """It would lead up the path, so nothing is sent."""
    server = faulty(answer(200, {}))
    with pytest.raises(Usage):
        getattr(at(server), verb)(VOLUME, resource_id)
    assert server.heard == []


NO_PAGES: list[Any] = [
    None,
    [],
    "text",
    {},
    {"volumes": None},
    {"volumes": {}},
    {"volumes": "x"},
    {"volumes": [None]},
    {"volumes": [[]]},
    {"volumes": [{}]},
    {"volumes": [{"id": None}]},
    {"volumes": [{"id": 5}]},
    {"volumes": [{"id": ""}]},
    {"volumes": [{"id": "\ud800"}]},
    {"volumes": [{"id": "a\nb"}]},
    {"volumes": [{"id": ".."}]},
    {"volumes": [{"id": uuid(1)}, {"name": "no id"}]},
    {"volume": []},
]


@pytest.mark.parametrize("body", NO_PAGES, ids=str)
def test_a_page_that_is_none_is_refused(faulty: MakeFaulty, at: MakeAt, body: Any) -> None:
    """Rows without an ID could be neither paged nor named: such an answer is not the guide's."""
    with pytest.raises(Nonsense, match="`volumes`"):
        at(faulty(answer(200, body))).page(VOLUME, {})


LINKS: list[tuple[Any, str | None]] = [
    ([{"rel": "next", "href": f"https://internal:8776/t/volumes?limit=3&offset=9&marker={uuid(3)}"}], uuid(3)),
    ({"rel": "next", "href": f"/volumes?marker={uuid(3)}"}, uuid(3)),
    ([{"rel": "prev", "href": "?marker=a"}, {"rel": "next", "href": "?marker=b"}], "b"),
    ([{"rel": "next", "href": "?marker=a&marker=b"}], "b"),
    ([{"rel": "next", "href": "?marker=b#marker=c"}], "b"),
    ([{"rel": "next", "href": "?limit=3"}], None),
    ([{"rel": "next", "href": "http://[bad?limit=3"}], None),
    ([{"rel": "next", "href": 5}], None),
    ([{"rel": "next"}], None),
    ([{"rel": "self", "href": "?marker=a"}], None),
    ([None, 5, "next"], None),
    ("next", None),
    (None, None),
    ([], None),
]


@pytest.mark.parametrize(("links", "marker"), LINKS, ids=lambda value: str(value)[:50])
def test_only_the_marker_of_a_next_link_counts(faulty: MakeFaulty, at: MakeAt, links: Any, marker: str | None) -> None:
    """Host, scheme and offset of the link are not to be trusted (facts.md 3.4, B9)."""
    server = faulty(answer(200, {"volumes": [{"id": uuid(3)}], "volumes_links": links}))
    assert at(server).page(VOLUME, {}).marker == marker


@pytest.mark.parametrize("value", ["\ud800", "a\u0000b", "é", "a" * 5000])
def test_a_marker_of_any_kind_is_no_crash(faulty: MakeFaulty, nbs: Callable[..., Ran], value: str) -> None:
    """A next link with letters that no query can carry ends in words, or is sent escaped."""
    body = {"volumes": [{"id": uuid(1)}], "volumes_links": [{"rel": "next", "href": f"?marker={value}"}]}
    ran = nbs("volume", "list", env=with_token(faulty(answer(200, body))))
    assert ran.code == ExitCode.FAILURE
    assert "mistake" not in ran.err


NO_RECORDS: list[Any] = [
    None,
    [],
    {},
    {"volume": None},
    {"volume": []},
    {"volume": {}},
    {"volume": {"id": uuid(1)}},
    {"volume": {"status": "available"}},
    {"volume": {"id": uuid(1), "status": None}},
    {"volume": {"id": uuid(1), "status": 5}},
    {"volume": {"id": None, "status": "available"}},
    {"volumes": [{"id": uuid(1), "status": "available"}]},
]


@pytest.mark.parametrize("body", NO_RECORDS, ids=str)
@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_record_without_id_or_status_is_refused(faulty: MakeFaulty, at: MakeAt, body: Any, verb: str) -> None:
    """Everything else may be missing (B6)."""
    storage = at(faulty(answer(200, body)))
    with pytest.raises(Nonsense, match="`volume`"):
        storage.get(VOLUME, uuid(1)) if verb == "get" else storage.create(VOLUME, {"size": 1})


def test_a_record_of_another_resource_is_refused(faulty: MakeFaulty, at: MakeAt) -> None:
    """A mixed-up answer must not lead to what nobody named."""
    with pytest.raises(Nonsense):
        at(faulty(answer(200, {"volume": {"id": uuid(2), "status": "available"}}))).get(VOLUME, uuid(1))


def test_a_mixed_up_answer_deletes_nothing(faulty: MakeFaulty, nbs: Callable[..., Ran]) -> None:
    """Whoever names A must not lose B (trust.md 2)."""
    server = faulty(answer(200, {"volume": {"id": uuid(2), "status": "available"}}))
    ran = nbs("volume", "delete", uuid(1), "--yes", env=with_token(server))
    assert ran.code == ExitCode.FAILURE
    assert {heard.method for heard in server.heard} == {"GET"}


def test_a_record_keeps_everything(faulty: MakeFaulty, at: MakeAt) -> None:
    """Dropping what is undocumented is the printer's work."""
    record = {"id": uuid(1), "status": "reserved", "nhn_internal": {"a": 1}, "name": None}
    assert at(faulty(answer(200, {"volume": record}))).get(VOLUME, uuid(1).upper()) == record


@pytest.mark.parametrize(
    "body", [None, [], {}, {"os-volume_upload_image": None}, {"os-volume_upload_image": []}], ids=str
)
def test_an_upload_without_its_answer_is_refused(faulty: MakeFaulty, at: MakeAt, body: Any) -> None:
    """The image's ID is in it and nowhere else."""
    with pytest.raises(Nonsense, match="os-volume_upload_image"):
        at(faulty(answer(202, body))).upload_image(uuid(1), {"image_name": "i"})


@pytest.mark.parametrize("body", [None, b"", {"anything": 1}])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_delete_needs_no_answer(faulty: MakeFaulty, at: MakeAt, status: int, body: Any) -> None:
    """The guide gives it no body."""
    server = faulty(answer(status, body) if status != 204 else answer(204))
    at(server).delete(SNAPSHOT, uuid(1))
    assert (server.heard[0].method, server.heard[0].target) == ("DELETE", f"{ROOT}/snapshots/{uuid(1)}")


def test_without_an_image_service_there_is_no_image(faulty: MakeFaulty, at: MakeAt) -> None:
    """A given token has no catalog, so nothing is asked."""
    server = faulty(answer(200, {}))
    assert at(server).image(uuid(1)) is None
    assert server.heard == []


def test_the_image_service_is_asked_with_the_token(storage: MakeStorage) -> None:
    """`GET /v2/images/{id}` at the catalog's image endpoint, flat (facts.md 3.8)."""
    here = storage()
    volume = here.create(VOLUME, {"size": 1})
    while here.get(VOLUME, volume["id"])["status"] != "available":
        pass
    made = here.upload_image(volume["id"], {"image_name": "i"})
    image = here.image(made["image_id"])
    assert image is not None
    assert image["name"] == "i"
    with pytest.raises(NotFound):
        here.image(uuid(1))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WIRES = [field.wire for field in VOLUME.fields if field.wire not in {"id", "status"}]
RECORDS = st.fixed_dictionaries(
    {"id": st.just(uuid(1)), "status": st.text(max_size=10)}, optional=dict.fromkeys([*WIRES, "nhn_internal"], ODD)
)


@settings(database=None, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=RECORDS, output=st.sampled_from(["table", "json", "value"]))
def test_a_record_of_any_kind_can_be_shown(
    faulty: MakeFaulty, nbs: Callable[..., Ran], record: dict[str, Any], output: str
) -> None:
    """Any type in any documented field, missing ones, more: list and show never crash (B6, trust.md 10)."""
    server = faulty(
        answer(200, {"volume": record, "volumes": [record]}), answer(200, {"volume": record, "volumes": []})
    )
    try:
        for command in (("list",), ("show", uuid(1))):
            ran = nbs("volume", *command, "-o", output, env=with_token(server))
            assert (ran.code, "mistake" in ran.err) == (0, False)
    finally:
        server.close()


def test_failures_are_the_clients(faulty: MakeFaulty, at: MakeAt) -> None:
    """What the server refused comes through as it is."""
    with pytest.raises(Failure, match="teapot"):
        at(faulty(answer(418, {"computeFault": {"message": "teapot"}}))).page(VOLUME, {})
