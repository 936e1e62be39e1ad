"""Listing, showing and waiting, in every form that a person or a program asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.commands.conftest import (
    ATTACHMENT_KEYS,
    INTERNAL,
    SNAPSHOT_BRIEF_KEYS,
    SNAPSHOT_KEYS,
    TENANT,
    TYPE_KEYS,
    VOLUME_BRIEF_KEYS,
    VOLUME_KEYS,
    World,
    errors,
    fields,
    table,
)

HEADINGS = {
    "types": ["ID", "NAME", "BACKEND", "PUBLIC", "DESCRIPTION"],
    "volume": ["ID", "NAME", "STATUS", "SIZE", "TYPE", "ZONE", "ATTACHED", "CREATED"],
    "snapshot": ["ID", "NAME", "STATUS", "SIZE", "VOLUME", "CREATED"],
}
KEYS = {"types": TYPE_KEYS, "volume": VOLUME_KEYS, "snapshot": SNAPSHOT_KEYS}
NOUNS = sorted(HEADINGS)
NAMES = {"types": ["General SSD", "General HDD"], "volume": ["busy", "웹 서버"], "snapshot": ["second", "first"]}


@pytest.fixture
def filled(world: World) -> World:
    """Two volumes, the older one with two snapshots, the newer one attached; the types are always there."""
    web = world.volume("웹 서버", 10, description="둘째\n줄")
    world.snapshot(web, "first")
    world.cloud.advance(60)
    world.snapshot(web, "second")
    busy = world.volume("busy", 20)
    world.cloud.attach(busy)
    return world


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_is_a_table_of_the_promised_columns(filled: World, noun: str) -> None:
    """The table has a header, the columns of the contract, a row for each, and nothing on stderr."""
    ran = filled(noun, "list")
    heading, *rows = table(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert heading == HEADINGS[noun]
    assert [row[1] for row in rows] == NAMES[noun]
    assert {len(row) for row in rows} == {len(heading)}


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_in_json_has_the_documented_keys(filled: World, noun: str) -> None:
    """`-o json` is an array of objects with exactly the guide's keys."""
    rows = filled.json(noun, "list")
    assert [row["name"] for row in rows] == NAMES[noun]
    assert all(row.keys() == KEYS[noun] for row in rows)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_of_values_has_a_line_for_each(filled: World, noun: str) -> None:
    """`-o value` has the columns of the table, separated by tabs, as the server sent them, without header."""
    rows = [line.split("\t") for line in filled(noun, "list", "-o", "value").out.splitlines()]
    assert [row[1] for row in rows] == NAMES[noun]
    assert {len(row) for row in rows} == {len(HEADINGS[noun])}
    if noun == "volume":
        assert rows[1][2:7] == ["available", "10", "General HDD", "kr-pub-a", "[]"]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("form", ["table", "json", "value"])
def test_quiet_prints_ids_alone(filled: World, noun: str, form: str) -> None:
    """`-q` prints one ID a line and nothing else, whatever the format."""
    ran = filled(noun, "list", "-q", "-o", form)
    assert ran.out.splitlines() == [row["id"] for row in filled.json(noun, "list")]
    assert ran.err == ""


@pytest.mark.parametrize("noun", NOUNS)
def test_no_header_leaves_the_rows(filled: World, noun: str) -> None:
    """`--no-header` takes the first line away and changes nothing else."""
    assert filled(noun, "list", "--no-header").out.splitlines() == filled(noun, "list").out.splitlines()[1:]


@pytest.mark.parametrize(
    ("noun", "columns", "keys"),
    [
        ("types", "name,backend", ["name", "extra_specs"]),
        ("types", "public,id", ["os-volume-type-access:is_public", "id"]),
        ("volume", "size,name", ["size", "name"]),
        ("volume", "volume_type,zone,os-vol-tenant-attr:tenant_id", ["volume_type", "availability_zone", "tenant"]),
        ("volume", "NAME, Type", ["name", "volume_type"]),
        ("snapshot", "progress,volume", ["os-extended-snapshot-attributes:progress", "volume_id"]),
    ],
)
def test_columns_are_chosen_by_wire_name_or_heading(filled: World, noun: str, columns: str, keys: list[str]) -> None:
    """`-c` takes wire names and headings in any case, keeps their order, and JSON always shows wire names."""
    wire = [{"tenant": "os-vol-tenant-attr:tenant_id"}.get(key, key) for key in keys]
    rows = filled.json(noun, "list", "-c", columns)
    assert [list(row) for row in rows] == [wire] * 2
    values = filled(noun, "list", "-c", columns, "-o", "value").out.splitlines()
    assert [len(line.split("\t")) for line in values] == [len(keys)] * 2
    assert len(table(filled(noun, "list", "-c", columns).out)[0]) == len(keys)


@pytest.mark.parametrize(
    ("form", "out"),
    [
        ("table", "ID  NAME  STATUS  SIZE  TYPE  ZONE  ATTACHED  CREATED\n"),
        ("json", "[]\n"),
        ("value", ""),
    ],
)
def test_an_empty_list_is_no_failure(world: World, form: str, out: str) -> None:
    """Nothing there: exit 0, `[]` in JSON, a header alone in a table, no line of values."""
    ran = world("volume", "list", "-o", form)
    assert (ran.code, ran.out, ran.err) == (0, out, "")


@pytest.mark.parametrize(
    ("noun", "keys", "path"),
    [("volume", VOLUME_BRIEF_KEYS, "/volumes"), ("snapshot", SNAPSHOT_BRIEF_KEYS, "/snapshots")],
)
def test_a_brief_list_asks_for_less_and_has_its_own_keys(filled: World, noun: str, keys: set[str], path: str) -> None:
    """`--brief` asks for the list without details and has the documented keys of that one."""
    rows = filled.json(noun, "list", "--brief")
    assert all(row.keys() == keys for row in rows)
    assert {call.path for call in filled.served.asked()} == {TENANT + path}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--limit", "1"], ["v3"]),
        (["--limit", "2", "--offset", "1"], ["v2", "v1"]),
        (["--offset", "3"], []),
        (["--page-size", "1"], ["v3", "v2", "v1"]),
        (["--sort", "name:asc"], ["v1", "v2", "v3"]),
        (["--sort", "size"], ["v1", "v2", "v3"]),
        (["--sort", "size:asc,name:desc", "--limit", "2"], ["v3", "v2"]),
        (["--sort", "type:asc,created:asc"], ["v1", "v2", "v3"]),
        (["--marker", "{v3}"], ["v2", "v1"]),
    ],
)
def test_the_part_and_the_order_of_a_list_are_chosen(world: World, options: list[str], names: list[str]) -> None:
    """`--limit` counts in all, `--offset` and `--marker` choose the start, `--sort` the order, by any field."""
    ids = {}
    for number in (1, 2, 3):
        ids[f"v{number}"] = world.volume(f"v{number}", 10 - number)
        world.cloud.advance(1)
    options = [option.format(**ids) for option in options]
    assert [row["name"] for row in world.json("volume", "list", *options)] == names


@pytest.mark.parametrize(("noun", "name"), [("types", "general ssd"), ("volume", "웹 서버"), ("snapshot", "first")])
def test_one_is_shown_with_every_documented_field(filled: World, noun: str, name: str) -> None:
    """`show` of one has a line for every field of the guide; in JSON it is an object with the keys of the list."""
    ran = filled(noun, "show", name)
    assert ran.code == 0
    assert fields(ran.out).keys() == KEYS[noun]
    shown = filled.json(noun, "show", name)
    assert list(shown) == list(filled.json(noun, "list")[0])
    assert shown in filled.json(noun, "list")


def test_a_shown_volume_is_in_words(filled: World) -> None:
    """Sizes, yes and no, nothing, times and line ends are as people read them, each field on one line."""
    shown = fields(filled("volume", "show", "웹 서버", env={"TZ": "UTC"}).out)
    assert shown["size"] == "10 GB"
    assert (shown["bootable"], shown["encrypted"], shown["snapshot_id"]) == ("no", "no", "-")
    assert shown["description"] == "둘째\\n줄"
    assert shown["created_at"].endswith("(UTC)")


def test_an_attachment_has_its_documented_keys(filled: World) -> None:
    """What a server adds to an attachment is dropped from it; the table names server and device."""
    (attachment,) = filled.json("volume", "show", "busy")["attachments"]
    assert attachment.keys() == ATTACHMENT_KEYS
    assert filled("volume", "list").out.splitlines()[1].split("  ")[-2].strip() == attachment["server_id"]
    assert fields(filled("volume", "show", "busy").out)["attachments"] == f"{attachment['server_id']} (/dev/vdb)"


@pytest.mark.parametrize("form", ["table", "json", "value"])
@pytest.mark.parametrize("columns", [[], ["-c", "id,name"], ["-q"], ["--no-header"]])
def test_showing_looks_as_listing_does(filled: World, form: str, columns: list[str]) -> None:
    """Several shown together look exactly like the list of them."""
    shown = filled("volume", "show", "busy", "웹 서버", "-o", form, *columns)
    listed = filled("volume", "list", "-o", form, *columns)
    assert shown == listed


@pytest.mark.parametrize(
    ("args", "stdin", "count"),
    [
        (["busy", "웹 서버"], "", 2),
        (["-"], "busy\n", 1),
        (["-"], "busy\r\n\r\n웹 서버\n\n", 2),
        (["-", "busy"], "웹 서버", 2),
        (["-"], "", 0),
        (["busy", "busy"], "", 1),
    ],
)
def test_several_or_a_dash_give_an_array(filled: World, args: list[str], stdin: str, count: int) -> None:
    """More than one ref, or `-`, is an array in JSON, however many come; blank lines and line ends are left out."""
    rows = filled.json("volume", "show", *args, stdin=stdin)
    assert isinstance(rows, list)
    assert len(rows) == count


def test_ids_of_a_list_are_refs_of_the_next_command(filled: World) -> None:
    """`nbs volume list -q | nbs volume show -` goes round."""
    ids = filled("volume", "list", "-q").out
    assert filled.json("volume", "show", "-", stdin=ids) == filled.json("volume", "list")


@pytest.mark.parametrize("form", ["id", "id:{id}", "{ID}", "name:busy"])
def test_a_ref_may_say_what_it_is(filled: World, form: str) -> None:
    """A UUID in any case, `id:` and `name:` all find the volume; an ID is asked for directly."""
    identifier = filled.json("volume", "show", "busy")["id"]
    filled.served.calls.clear()
    ref = identifier if form == "id" else form.format(id=identifier, ID=identifier.upper())
    assert filled.json("volume", "show", ref)["id"] == identifier
    listed = {call.path.rpartition("/")[2] for call in filled.served.asked()}
    assert listed == ({"detail"} if form == "name:busy" else {identifier})


def test_many_names_are_one_listing(filled: World) -> None:
    """However many names are given, the list is walked once."""
    filled("volume", "show", "busy")
    once = len(filled.served.asked())
    filled.served.calls.clear()
    filled("volume", "show", "busy", "웹 서버")
    assert len(filled.served.asked()) == once


def test_nothing_undocumented_is_ever_shown(filled: World) -> None:
    """Keys that the guide does not name are in the server's answers and in none of ours."""
    assert INTERNAL in filled.raw("GET", "/volumes/detail")["volumes"][0]
    assert "host_name" in filled.raw("GET", "/volumes/detail")["volumes"][0]["attachments"][0]
    for form in ("table", "json", "value"):
        for line in (
            ["types", "list"],
            ["types", "show", "ssd"],
            ["volume", "list"],
            ["volume", "list", "--brief"],
            ["volume", "show", "busy"],
            ["volume", "show", "busy", "웹 서버"],
            ["volume", "wait", "busy", "--for", "in-use"],
            ["volume", "create", "--size", "1"],
            ["volume", "upload-image", "busy", "--image-name", "golden", "--force"],
            ["snapshot", "list"],
            ["snapshot", "list", "--brief"],
            ["snapshot", "show", "first"],
            ["snapshot", "create", "웹 서버"],
        ):
            ran = filled(*line, "-o", form)
            assert ran.code == 0, ran.err
            for key in (INTERNAL, "shard", "host_name", "attached_at"):
                assert key not in ran.out + ran.err, (line, form)


def test_debug_shows_what_was_left_out(filled: World) -> None:
    """`--debug` shows the whole answer on stderr, and stdout stays what it was."""
    ran = filled("volume", "list", "--debug")
    assert ran.out == filled("volume", "list").out
    assert INTERNAL in ran.err


@pytest.mark.parametrize("noun", ["volume", "snapshot"])
def test_the_request_mark_is_hidden_from_people_alone(world: World, noun: str) -> None:
    """The mark of a create is in JSON, as the server keeps it, and neither in a table nor in a single record."""
    world("volume", "create", "--size", "1", "--name", "one", "--metadata", "env=prod", "--description", "words")
    if noun == "snapshot":
        world("snapshot", "create", "one", "--name", "one", "--description", "words")
    record = world.json(noun, "show", "one")
    kept = record["metadata"]["nbs:request"] if noun == "volume" else record["description"]
    assert len(kept) > 10
    shown = world(noun, "show", "one").out
    listed = world(noun, "list", "-c", "id,description,metadata").out
    assert "nbs:" not in shown + listed
    assert fields(shown)["description"] == "words"
    assert fields(shown)["metadata"] == ("env=prod" if noun == "volume" else "-")


@pytest.mark.parametrize("form", ["table", "json", "value"])
@pytest.mark.parametrize("noun", ["volume", "snapshot"])
def test_a_wait_ends_with_the_resource(filled: World, noun: str, form: str) -> None:
    """`wait` prints what `show` prints, once the status is reached."""
    ref = {"volume": "웹 서버", "snapshot": "first"}[noun]
    ran = filled(noun, "wait", ref, "-o", form)
    assert (ran.code, ran.out) == (0, filled(noun, "show", ref, "-o", form).out)


def test_several_waits_are_an_array(filled: World) -> None:
    """Several refs end in one array, in the order in which they were named."""
    rows = filled.json("snapshot", "wait", "first", "second")
    assert [row["name"] for row in rows] == ["first", "second"]


def test_a_wait_for_another_status(filled: World) -> None:
    """`--for` takes every documented status."""
    assert filled.json("volume", "wait", "busy", "--for", "in-use")["status"] == "in-use"


def test_what_is_gone_already_is_gone(filled: World) -> None:
    """A wait for `gone` is content with what does not exist, by name and by ID, and says so: it may be misspelt."""
    nobody = "id:00000000-0000-0000-0000-000000000000"
    ran = filled("volume", "wait", "nobody", nobody, "--for", "gone")
    assert ran.code == 0
    assert ran.err == f"there is no volume nobody\nthere is no volume {nobody}\n"
    assert filled("volume", "wait", "nobody", "--for", "gone", "-q").err == ""


def test_a_wait_follows_a_delete_to_its_end(build: Callable[..., World]) -> None:
    """`--for gone` ends when the volume is gone, and says so."""
    world = build(delay=0.4)
    identifier = world.volume("leaving")
    world("volume", "wait", "leaving")
    world.raw("DELETE", f"/volumes/{identifier}")
    ran = world("volume", "wait", identifier, "--for", "gone")
    assert (ran.code, ran.out) == (0, "")
    assert world.names() == []


def test_a_wait_that_takes_too_long_shows_how_far_it_came(build: Callable[..., World]) -> None:
    """Exit 7 at the deadline, the record as last seen on stdout, the command to go on with in the hint."""
    world = build(delay=3600)
    identifier = world.volume("slow")
    ran = world("volume", "wait", "slow", "--timeout", "0.2s", "-o", "json")
    assert ran.code == 7
    assert json.loads(ran.out)["status"] == "creating"
    (error,) = errors(ran)
    assert (error["code"], error["resource"], error["retryable"]) == ("timeout", identifier, True)
    assert "still creating" in error["message"]
    assert f"volume wait {identifier} --for available" in error["hint"]


def test_a_wait_ends_at_once_in_an_error(world: World) -> None:
    """A status of error ends the wait with exit 8; the record is on stdout, the next step in the hint."""
    world.cloud.fail_next("create-error")
    identifier = world.volume("broken")
    ran = world("volume", "wait", "broken", "-o", "json")
    assert ran.code == 8
    assert json.loads(ran.out)["status"] == "error"
    assert identifier in str(errors(ran)[0]["hint"])


def test_some_waits_fail_and_some_do_not(world: World) -> None:
    """Exit 10 when some ended well and some in error; each failure is told, all records are printed."""
    world.cloud.fail_next("create-error")
    world.volume("broken")
    world.volume("fine")
    ran = world("volume", "wait", "broken", "fine", "-o", "json")
    assert ran.code == 10
    assert [row["status"] for row in json.loads(ran.out)] == ["error", "available"]
    assert [error["code"] for error in errors(ran)] == ["error-state", "partial"]


def test_pages_are_walked_to_the_end(build: Callable[..., World]) -> None:
    """A list is whole however small the server's pages are, and no row comes twice."""
    world = build(page_default=7, page_cap=7)
    world.cloud.seed(50, 20)
    for noun, count in (("volume", 50), ("snapshot", 20)):
        ids = world(noun, "list", "-q").out.splitlines()
        assert (len(ids), len(set(ids))) == (count, count)


@pytest.mark.parametrize("form", ["table", "json", "value"])
def test_a_list_that_breaks_off_says_so(serve: Callable[..., Any], nbs: Callable[..., Any], form: str) -> None:
    """A failure half-way: what came is printed, the array stays open, stderr says how many rows came, exit not 0."""

    def breaking(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if "marker=" in environ["QUERY_STRING"]:
                start_response("403 Forbidden", [("Content-Type", "application/json")])
                return [b'{"forbidden": {"code": 403, "message": "enough"}}']
            return app(environ, start_response)

        return answer

    served = serve(breaking, delay=0, page_cap=3)
    served.cloud.seed(8)
    ran = nbs("volume", "list", "-o", form, env=served.environ)
    assert ran.code == 4
    assert re.search(r"\b3\b", ran.err)
    assert ran.out.count("available") == 3
    if form == "json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(ran.out)


@pytest.mark.parametrize(
    "line", ["volume list", "snapshot list", "types list", "volume show x", "volume create --size 1"]
)
def test_a_misspelt_column_is_found_before_anything_else(nbs: Callable[..., Any], line: str) -> None:
    """Even without credentials the mistake in typing is told first."""
    ran = nbs(*line.split(), "-c", "nmae")
    assert ran.code == 2
    assert "nmae" in ran.err


def test_a_token_that_expires_in_between_is_nobodys_business(
    serve: Callable[..., Any], nbs: Callable[..., Any]
) -> None:
    """A token that dies between two pages is renewed once; the user sees the whole list and nothing else."""
    died: list[bool] = []

    def dying(app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if "marker=" in environ["QUERY_STRING"] and not died:
                died.append(True)
                served.cloud.expire_tokens()
            return app(environ, start_response)

        return answer

    served = serve(dying, delay=0, page_cap=3)
    served.cloud.seed(8)
    ran = nbs("volume", "list", "-q", env=served.environ)
    assert (ran.code, ran.err) == (0, "")
    assert len(set(ran.out.splitlines())) == 8
    assert len(served.logins()) == 2
