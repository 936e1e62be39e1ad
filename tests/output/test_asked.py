"""What `--query` prints: the same data in every format, after all pages, and nothing when the expression is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import jmespath
import pytest
import yaml

from tests.commands.conftest import World, build, errors, world
from tests.conftest import Ran

__all__ = ["build", "world"]  # fixtures

EXPRESSIONS = [
    "[].name",
    "[].{name: name, size: size, zone: availability_zone}",
    "[?size > `2`].[name, size]",
    "length(@)",
    "[].size | sum(@)",
    "[0]",
    "[99]",
    "[?size > `1000`]",
    "sort_by([?name], &name)[].{n: name, of: attachments[].server_id}",
    "[].[name, missing]",
]


def fill(world: World) -> None:
    """Five volumes; one has no name, one the name of a formula, one has Korean, a comma and a tab's look in it."""
    for size, name in enumerate(["web", "백업, 디스크", "=1+1", None, "db"], 1):
        world.volume(name, size)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_format_has_the_same_data(build: Callable[..., World], expression: str) -> None:
    """What JMESPath finds in the whole JSON, though it came in pages of two, is what every format tells."""
    world = build(page_default=2, page_cap=2)
    fill(world)
    expected = jmespath.search(expression, world.json("volume", "list"))

    assert json.loads(world("volume", "list", "--query", expression, "-o", "json").out) == expected
    lines = world("volume", "list", "--query", expression, "-o", "jsonl").out.splitlines()
    several = isinstance(expected, list)
    assert [json.loads(line) for line in lines] == (expected if several else [expected])
    assert yaml.safe_load(world("volume", "list", "--query", expression, "-o", "yaml").out) == expected
    for form in ("csv", "value", "table"):
        ran = world("volume", "list", "--query", expression, "-o", form)
        assert ran.code == 0
        assert ran.out.count("\n") >= (len(expected) if several else 1)


def test_csv_of_a_query_is_csv(world: World) -> None:
    """Keys are the header, a missing value leaves its place, commas are quoted, formulas defused; values alone too."""
    fill(world)
    text = world("volume", "list", "--query", "sort_by([?name], &name)[].{n: name, x: gone, s: size}", "-o", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["n"], row["x"], row["s"]) for row in rows} >= {("'=1+1", "", "3"), ("백업, 디스크", "", "2")}
    names = world("volume", "list", "--query", "sort([?name].name)", "-o", "csv").out
    assert [row[0] for row in csv.reader(io.StringIO(names))] == ["value", "'=1+1", "db", "web", "백업, 디스크"]


def test_a_table_shows_known_fields_as_ever(world: World) -> None:
    """A size is shown in GB under its own name, as a number under another; a number alone stands alone."""
    world.volume("web", 7)
    table = world("volume", "list", "--query", "[].{size: size, number: size}").out.split()
    assert table == ["SIZE", "NUMBER", "7", "GB", "7"]
    assert world("volume", "list", "--query", "length(@)").out == "1\n"
    assert world("volume", "show", "web", "--query", "[[name, size]]", "--no-header").out == "web  7\n"


def test_columns_come_first(world: World) -> None:
    """`-c` chooses the keys that the expression sees, as it does for `-o json`."""
    world.volume("web", 7)
    assert world.json("volume", "list", "-c", "name,size", "--query", "keys([0])") == ["name", "size"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("[", "ends too early"),
        ("lenght(@)", "lenght(), which is no function"),
        ("", "is empty"),
        ("[?size > 15]", "from its character 10 on: '15]'"),
        ("[?status='error']", "from its character 9 on"),
        ("[].{이름: name}", "from its character 5 on: '이름: name}'"),
        ("length(@, @)", "takes 1 value, and not 2"),
        ("[].join(',')", "takes 2 values, and not 1"),
        ("not_null()", "takes 1 value, and not 0"),
        pytest.param("[" * 5000, "nested too deeply", id="deep"),
    ],
)
@pytest.mark.parametrize("command", ["volume list", "volume create --size 1", "volume delete web --yes"])
def test_a_wrong_expression_asks_nothing(world: World, expression: str, words: str, command: str) -> None:
    """It is refused before any request, with the place of the mistake; the misspelt function with the nearest one."""
    ran = world(*command.split(), "--query", expression, "-o", "json")
    (error,) = errors(ran)
    assert (ran.code, error["code"]) == (2, "usage")
    assert words in error["message"]
    assert world.served.calls == []
    if expression == "lenght(@)":
        assert "length" in error["hint"]


def test_a_query_that_fails_on_the_data(world: World) -> None:
    """A read ends with 2; after a write it is 1, for something was made, and stderr says what."""
    world.volume("web")
    assert world("volume", "list", "--query", "sum([].name)").code == 2
    ran = world("volume", "create", "--size", "1", "--name", "new", "--query", "sum(name)")
    assert ran.code == 1
    assert "created volume new" in ran.err
    assert world.names() == ["new", "web"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("[].nmae", "names a field nmae, which nothing has; did you mean name?"),
        (
            '[?status == "available"]',
            "a field available, which nothing has; a text stands in single quotes: 'available'",
        ),
        ("[?status == available]", "a text stands in single quotes: 'available'"),
        ("[?nmae == 'web']", "did you mean name?"),
    ],
)
def test_a_field_that_nothing_has(world: World, expression: str, said: str) -> None:
    """It is no mistake in JMESPath, and finds nothing: a note says what was probably meant, in every format."""
    world.volume("web")
    for form in ("json", "table", "value"):
        ran = world("volume", "list", "--query", expression, "-o", form)
        assert ran.code == 0
        assert said in ran.err


@pytest.mark.parametrize("expression", ["[].{nmae: name} | [].nmae", "[].metadata.env", "[?name == 'x'].size", "[]"])
def test_a_field_that_is_made_or_free_is_no_mistake(world: World, expression: str) -> None:
    """What the query itself names, what metadata may have, and an empty answer are not remarked upon."""
    assert world("volume", "list", "--query", expression).err == ""  # nothing is there to compare with
    world.volume("web")
    assert world("volume", "list", "--query", expression).err == ""


@pytest.mark.parametrize(
    ("expression", "words", "hint"),
    [
        ('[?contains(name, "web")]', "cannot be answered", "in single quotes: 'web'"),
        ("sort_by(@, &nmae)", "sort_by() takes", "did you mean name?"),
        ("sum([].name)", 'sum() takes array-number, and "web" is str', "jmespath.org"),
    ],
)
def test_functions_say_what_they_cannot_work_on(world: World, expression: str, words: str, hint: str) -> None:
    """Whatever the library raises is the query's failure, exit 2, and no mistake of nbs; a long value is cut."""
    world.volume("web")
    (error,) = errors(world("volume", "list", "--query", expression, "-o", "json"))
    assert error["exit"] == 2
    assert words in error["message"]
    assert hint in error["hint"]
    assert len(error["message"]) < 250


@pytest.mark.parametrize(
    ("command", "expression"),
    [
        ("doctor", "[].check"),
        ("usage", "volumes.gigabytes"),
        ("volume show web --with-snapshots", "snapshots[].name"),
        ("snapshot prune --volume web --keep-last 1", "[].action"),
        ("volume list --unattached", "[].name"),
        ("volume delete web --dry-run", "[].method"),
        ("commands", "[0].command"),
        ("types list", "[].name"),
    ],
)
def test_every_format_answers_for_every_command(world: World, command: str, expression: str) -> None:
    """What JMESPath finds in the JSON is what each format holds, pictures for people included."""
    world.snapshot(world.volume("web", 3), "스냅")
    expected = world.json(*command.split(), "--query", expression)
    flat = [str(one) for one in (expected if isinstance(expected, list) else [expected])]
    for form in ("table", "value"):
        assert world(*command.split(), "--query", expression, "-o", form).out.splitlines() == flat
    text = world(*command.split(), "--query", expression, "-o", "csv").out
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == flat
    assert yaml.safe_load(world(*command.split(), "--query", expression, "-o", "yaml").out) == expected


def test_a_watch_has_no_end_to_ask_at(world: World) -> None:
    """A query is asked after all pages, which a watch never has: refused before any request."""
    ran = world("volume", "list", "--watch", "--query", "[].name")
    assert ran.code == 2
    assert "--query" in ran.err
    assert world.served.calls == []


def test_ids_only_and_a_query_exclude_each_other(world: World) -> None:
    """`-q` and `--query` each say what is printed, in whatever order they are typed."""
    for words in (("-q", "--query", "[]"), ("--query", "[]", "-q")):
        assert world("volume", "list", *words).code == 2
    assert world.served.calls == []


@pytest.mark.parametrize(
    ("command", "expression", "expected"),
    [
        ("volume show web", "name", "web"),
        ("volume show web web2", "[].name", ["web", "web2"]),
        ("volume create --size 3 --name new", "size", 3),
        ("volume delete web --yes", "[0].outcome", "accepted"),
        ("volume delete web --dry-run", "[0].method", "DELETE"),
        ("volume create --size 3 --name new --dry-run", "[0].body.volume.size", 3),
        ("types list", "length(@)", 2),
        ("volume wait web", "status", "available"),
        ("auth status", "username", "sandbox"),
    ],
)
def test_queries_of_every_kind_of_command(world: World, command: str, expression: str, expected: Any) -> None:
    """One record is an object, several a list, a delete and a rehearsal always a list; without `-o`, too."""
    for name in ("web", "web2"):
        world.volume(name)
    assert world.json(*command.split(), "--query", expression) == expected
    if not isinstance(expected, list) and "delete web --yes" not in command and "create" not in command:
        assert world(*command.split(), "--query", expression).out == f"{expected}\n"


def test_the_library_is_loaded_only_when_used(installed: Callable[..., Ran]) -> None:
    """A query in the sandbox's own process works from a fresh interpreter."""
    ran = installed("-p", "sandbox", "types", "list", "--query", "[].name | sort(@) | [0]")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out
