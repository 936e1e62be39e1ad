"""Names and IDs to resources: every ref is found before anything is changed, and never part of a path."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.refs import Found, Ref, one, read, resolve, volume_type
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME
from nbs_cli.errors import ExitCode, NotFound, Usage
from tests.cloud.conftest import MakeFaulty, MakeStorage, uuid, with_token
from tests.cloud.faulty import Behaviour, Heard, answer
from tests.conftest import Ran, Served

ID = "5AA119A8-D25B-45a7-8d1b-88e127885635"


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        (ID, Ref(ID, ID.lower(), None)),
        (f"id:{ID}", Ref(f"id:{ID}", ID.lower(), None)),
        (f"name:{ID}", Ref(f"name:{ID}", None, ID)),
        ("data-1", Ref("data-1", None, "data-1")),
        ("name:data-1", Ref("name:data-1", None, "data-1")),
        ("name:name:x", Ref("name:name:x", None, "name:x")),
        ("name:id:x", Ref("name:id:x", None, "id:x")),
        ("데이터 1", Ref("데이터 1", None, "데이터 1")),
        ("../snapshots/x", Ref("../snapshots/x", None, "../snapshots/x")),
        ("a?b#c", Ref("a?b#c", None, "a?b#c")),
        (".", Ref(".", None, ".")),
        ("*", Ref("*", None, "*")),
        ("team:x", Ref("team:x", None, "team:x")),
        (ID[:-1], Ref(ID[:-1], None, ID[:-1])),
        (ID + "0", Ref(ID + "0", None, ID + "0")),
        (" ", Ref(" ", None, " ")),
    ],
)
def test_a_ref_is_a_name_or_an_id(text: str, ref: Ref) -> None:
    """A UUID in any case is an ID, everything else a name; prefixes force one reading."""
    assert read(text) == ref


@pytest.mark.parametrize(
    "text",
    ["", "name:", "a\nb", "a\x00b", "\x1b[31m", "a\x7f", "a\x9b", "\udcff", "id:", "id:x", f"id:{ID}0"],
)
def test_what_names_nothing_is_refused(text: str) -> None:
    """Empty, control characters, half a letter, `id:` without a UUID: exit 2, nothing asked (D20)."""
    with pytest.raises(Usage):
        read(text)


@settings(database=None, deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_every_text_is_read_or_refused(text: str) -> None:
    """Either an ID, which is a UUID, or a name, and the text as it was typed."""
    try:
        ref = read(text)
    except Usage:
        return
    assert ref.text == text
    assert (ref.resource_id is None) != (ref.name is None)
    assert ref.name is None or (ref.name and text.endswith(ref.name))


@pytest.fixture
def volumes(served: Served, nbs: Callable[..., Ran]) -> dict[str, str]:
    """Volumes a, b and two called twin, by what they are called here; no request of theirs is counted."""
    made = {}
    for key, name in (("a", "a"), ("b", "b"), ("twin 1", "twin"), ("twin 2", "twin")):
        ran = nbs("volume", "create", "--size", "1", "--name", name, "-q", env=served.environ)
        made[key] = ran.out.strip()
    served.cloud.advance(10)  # all are available
    served.calls.clear()
    return made


def test_names_are_looked_up_in_one_list(served: Served, nbs: Callable[..., Ran], volumes: dict[str, str]) -> None:
    """However many there are; IDs are asked for directly, each once, in the order they were typed."""
    refs = ["b", volumes["twin 1"], "a", "name:a", volumes["twin 1"].upper(), f"id:{volumes['twin 1']}"]
    ran = nbs("volume", "show", *refs, "-q", env=served.environ)
    assert ran.out.split() == [volumes["b"], volumes["twin 1"], volumes["a"]]
    paths = sorted(call.path.rpartition("/")[2] for call in served.asked())
    assert paths.count("detail") <= 2  # the list's second page proves that there is no more
    assert [path for path in paths if path != "detail"] == [volumes["twin 1"]]


def test_a_name_that_two_bear_changes_nothing(served: Served, nbs: Callable[..., Ran], volumes: dict[str, str]) -> None:
    """Exit 3 with both IDs, and no delete of the one that was clear (D18)."""
    ran = nbs("volume", "delete", "a", "twin", "--yes", env=served.environ)
    assert ran.code == ExitCode.NOT_FOUND
    assert volumes["twin 1"] in ran.err
    assert volumes["twin 2"] in ran.err
    assert served.asked("DELETE") == []


@pytest.mark.parametrize("missing", ["nothing", uuid(1), "../snapshots/x", "name:x", "A"])
def test_a_ref_that_is_not_there_changes_nothing(
    served: Served, nbs: Callable[..., Ran], volumes: dict[str, str], missing: str
) -> None:
    """Exit 3 naming it; names are told apart by case; only the list and the ID itself are asked for."""
    ran = nbs("volume", "delete", "a", missing, "--yes", env=served.environ)
    assert ran.code == ExitCode.NOT_FOUND
    assert missing in ran.err
    assert served.asked("DELETE") == []
    assert {call.path.rpartition("/")[2] for call in served.asked()} <= {"detail", missing}


def test_an_id_that_is_not_there_has_its_request(served: Served, nbs: Callable[..., Ran]) -> None:
    """The server was asked for this one alone: its answer's number and request ID are told."""
    ran = nbs("volume", "show", "00000000-0000-4000-8000-000000000000", "-o", "json", env=served.environ)
    error = json.loads(ran.err)["error"]
    assert (error["http_status"], error["request_id"][:4]) == (404, "req-")
    assert "request id: req-" in nbs("volume", "show", f"id:{error['resource']}", env=served.environ).err


def test_what_is_missing_can_be_passed_over(served: Served, nbs: Callable[..., Ran], volumes: dict[str, str]) -> None:
    """`--ignore-missing` goes on with what there is."""
    ran = nbs("volume", "delete", "nothing", volumes["a"], uuid(1), "--yes", "--ignore-missing", env=served.environ)
    assert ran.code == 0
    assert [call.path.rpartition("/")[2] for call in served.asked("DELETE")] == [volumes["a"]]


def test_a_volume_without_a_name_is_nobodys_name(storage: MakeStorage) -> None:
    """Null and empty names are found by no ref."""
    here = storage()
    here.create(VOLUME, {"size": 1})
    here.create(VOLUME, {"size": 1, "name": ""})
    for text in ("None", "null", "-", " "):
        with pytest.raises(NotFound):
            one(here, VOLUME, text)


def test_one_thing_named_twice_is_one(storage: MakeStorage) -> None:
    """By name and by ID: it must not be deleted twice."""
    here = storage()
    made = here.create(VOLUME, {"size": 1, "name": "a"})
    found = resolve(here, VOLUME, ["a", made["id"], "a"])
    assert [(item.ref, item.id) for item in found] == [("a", made["id"])]


def test_snapshots_are_found_among_snapshots(storage: MakeStorage) -> None:
    """A volume of that name is another matter."""
    here = storage(delay=0.0)
    volume = here.create(VOLUME, {"size": 1, "name": "x"})
    with pytest.raises(NotFound, match="there is no snapshot x"):
        one(here, SNAPSHOT, "x")
    made = here.create(SNAPSHOT, {"volume_id": volume["id"], "name": "x"})
    assert one(here, SNAPSHOT, "x").id == made["id"]


def test_nothing_is_found_in_nothing(storage: MakeStorage) -> None:
    """No refs, no requests."""
    assert resolve(storage(), VOLUME, []) == []


@pytest.mark.parametrize(("status", "code"), [(503, ExitCode.UNAVAILABLE), (403, ExitCode.AUTH)])
def test_a_ref_that_cannot_be_looked_at_is_not_missing(
    faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float], status: int, code: ExitCode
) -> None:
    """A server that fails is no proof of absence, whatever `--ignore-missing` says; nothing is deleted."""

    def by(heard: Heard) -> Behaviour:
        if heard.target.endswith(uuid(1)):
            return answer(200, {"volume": {"id": uuid(1), "status": "available"}})
        return answer(status, {"x": {"message": "no"}})

    server = faulty(by=by)
    for refs in ([uuid(1), "a-name"], [uuid(1), uuid(2)]):
        ran = nbs("volume", "delete", *refs, "--yes", "--ignore-missing", env=with_token(server))
        assert ran.code == code
    assert server.asked("DELETE") == []


def test_an_outage_is_not_asked_about_five_hundred_times(
    faulty: MakeFaulty, nbs: Callable[..., Ran], no_pauses: list[float]
) -> None:
    """Three IDs in a row without an answer, and the rest is not asked for (A12)."""
    server = faulty(answer(503))
    ran = nbs("volume", "show", *(uuid(number) for number in range(500)), env=with_token(server))
    assert ran.code == ExitCode.UNAVAILABLE
    assert len(server.heard) <= 100


def test_a_found_ref_knows_its_id() -> None:
    """The ID is the record's, as text."""
    assert Found("a", {"id": ID}).id == ID


TYPES: list[dict[str, Any]] = [
    {"id": "4e36aa51-df30-422e-aff1-eba1f3d9612f", "name": "General SSD"},
    {"id": "6bda35e2-b2b9-497a-8f65-67a73839c856", "name": "General HDD"},
]
ENCRYPTED = [*TYPES, {"id": uuid(3), "name": "Encrypted HDD"}, {"id": uuid(4), "name": None}]


@pytest.mark.parametrize(
    ("rows", "text", "number"),
    [
        (TYPES, "General HDD", 1),
        (TYPES, "general hdd", 1),
        (TYPES, "GENERAL SSD", 0),
        (TYPES, "6bda35e2-b2b9-497a-8f65-67a73839c856", 1),
        (TYPES, "hdd", 1),
        (TYPES, "SSD", 0),
        (ENCRYPTED, "ssd", 0),
        (ENCRYPTED, "encrypted hdd", 2),
        ([*TYPES, {"id": uuid(5), "name": "general hdd"}], "General HDD", 1),
    ],
)
def test_a_type_is_found_in_any_spelling(rows: list[dict[str, Any]], text: str, number: int) -> None:
    """The exact name first, then any case, then `hdd` or `ssd` where only one fits."""
    assert volume_type(rows, text) is rows[number]


def test_a_name_of_any_kind_is_no_crash() -> None:
    """A server may put anything there: the others are found all the same."""
    odd: list[dict[str, Any]] = [{"id": uuid(6), "name": {"a": []}}, {"id": uuid(7), "name": ["ssd"]}, *TYPES]
    assert volume_type(odd, TYPES[0]["name"]) is TYPES[0]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (ENCRYPTED, "hdd"),
        (TYPES, "general"),
        (TYPES, "nvme"),
        (TYPES, ""),
        (ENCRYPTED, "None"),
        ([], "hdd"),
        ([*TYPES, {"id": uuid(5), "name": "general hdd"}], "GENERAL HDD"),
    ],
)
def test_a_type_that_is_none_names_those_there_are(rows: list[dict[str, Any]], text: str) -> None:
    """Also where two fit: nothing is guessed."""
    with pytest.raises(NotFound) as missing:
        volume_type(rows, text)
    assert all(str(row["name"]) in str(missing.value.hint) for row in rows if row["name"])
