"""The schemas hold of what is printed: every JSON page that is kept, and a thousand resources of all kinds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nbs_cli.cloud.resources import IMAGE, SNAPSHOT, VOLUME, VOLUME_TYPE, Kind, Resource
from nbs_cli.commands.choosing import with_profile
from nbs_cli.commands.describing import shapes
from nbs_cli.commands.shapes import ERROR, REQUEST, TREE
from nbs_cli.grammar import PRINTS
from nbs_cli.output.schemas import record, several
from tests.commands.conftest import World, build, world

__all__ = ["build", "world"]  # fixtures

GOLDEN = Path(__file__).parent.parent / "golden/en"


def valid(schema: dict[str, Any], data: Any) -> list[str]:
    """What is wrong with *data*."""
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


@pytest.mark.parametrize("name", shapes())
def test_every_schema_is_one(name: str) -> None:
    """By the meta-schema of the draft, alone, as a list, short, and of all profiles."""
    shape = shapes()[name]
    made = [record(shape), record(shape, brief=True)]
    made += [record(with_profile(shape))] if shape.brief else []
    for schema in [*made, *map(several, made)]:
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def blocks() -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Every block of a golden page whose output is JSON: its page, the command, its stdout and stderr lines."""
    for path in sorted(GOLDEN.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            lines = block.splitlines()
            commands = [line[2:] for line in lines if line.startswith("$ ") and line.endswith(" -o json")]
            out = [line[2:] for line in lines if line.startswith("| ")]
            err = [line[2:] for line in lines if line.startswith("! ")]
            if commands and (out or err):
                yield path.stem, commands[0], out, err


def shape_of(command: str) -> Resource | None:
    """What the command prints by the grammar's table; a rehearsal prints requests, a tree volumes with snapshots.

    None for what has no shape of its own: an answer to a query, and what the command chooses columns of.
    """
    if "--query" in command or " -c " in command:
        return None
    if "--dry-run" in command:
        return REQUEST
    if "volume show" in command and "--with-snapshots" in command:
        return TREE
    words = command.split()[1:]
    shape = next((PRINTS[path] for n in (3, 2, 1) if (path := " ".join(words[:n])) in PRINTS), None)
    return with_profile(shape) if shape and "--all-profiles" in command else shape


def test_every_golden_page() -> None:
    """What stdout holds is valid for the shape that the command declares, what stderr holds for `error`."""
    checked = failures = 0
    for page, command, out, err in blocks():
        for line in err:
            if line.startswith('{"error"'):
                assert valid(record(ERROR), json.loads(line)["error"]) == [], page
                failures += 1
        shape = shape_of(command)
        if shape is None or not out or not out[0].startswith(("[", "{")):
            continue
        data = json.loads("\n".join(out))
        schema = record(shape, brief="--brief" in command)
        assert valid(several(schema) if isinstance(data, list) else schema, data) == [], page
        checked += 1
    assert checked >= 35
    assert failures >= 8


def test_what_else_is_valid_is_not(world: World) -> None:
    """The schemas can fail: an unknown key, a missing one, a size in words, an ID that is null."""
    world.volume("web", 3)
    row = world.json("volume", "show", "web")
    schema = record(VOLUME)
    assert valid(schema, row) == []
    changes: tuple[dict[str, Any], ...] = (
        {"more": 1},
        {"size": "3 GB"},
        {"id": None},
        {"metadata": []},
        {"attachments": [{"x": 1}]},
    )
    for change in changes:
        assert valid(schema, {**row, **change})
    for key in row:
        assert valid(schema, {other: value for other, value in row.items() if other != key})


TEXT = st.text(max_size=8)
VALUES = {
    Kind.SIZE: st.integers(0, 10**6),
    Kind.METADATA: st.dictionaries(TEXT, TEXT, max_size=3),
    Kind.BACKEND: st.dictionaries(TEXT, TEXT, max_size=3),
    Kind.OBJECT: st.dictionaries(TEXT, TEXT, max_size=3),
    Kind.YES: st.sampled_from([True, False, "true", "false"]),
    Kind.ATTACHMENTS: st.lists(
        st.dictionaries(st.sampled_from(["server_id", "device", "id", "host"]), TEXT), max_size=2
    ),
    Kind.LINKS: st.lists(st.fixed_dictionaries({"href": TEXT, "rel": TEXT}), max_size=2),
}


def records(resource: Resource) -> st.SearchStrategy[dict[str, Any]]:
    """Records as a server may send them: an ID, other keys there, null or left out, and some that no guide has."""
    optional = {
        field.wire: st.none() | VALUES.get(field.kind, TEXT)
        for field in resource.fields
        if field.wire not in {"id", resource.id_field}
    }
    return st.fixed_dictionaries(
        {"id": st.uuids().map(str), resource.id_field: st.uuids().map(str)}, optional={**optional, "nhn_x": TEXT}
    )


@settings(max_examples=250, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT, VOLUME_TYPE, IMAGE], ids=lambda one: one.name)
def test_a_thousand_resources(resource: Resource, data: st.DataObject) -> None:
    """Whatever a server sends, the projection that is printed is valid (250 of each of four)."""
    row = data.draw(records(resource))
    assert valid(record(resource), resource.project(row)) == []
    brief = resource.named(resource.brief)
    assert valid(record(resource, brief=True), resource.project(row, brief)) == []


def test_the_command(world: World) -> None:
    """`nbs schema` prints them, asks no server, and names the nearest shape for a wrong word."""
    assert world.json("schema", "volume") == record(VOLUME)
    assert world.json("schema", "types", "--list") == several(record(VOLUME_TYPE))
    assert world.json("schema", "snapshot", "--brief") == record(SNAPSHOT, brief=True)
    assert world.json("schema", "volume", "--all-profiles") == several(record(with_profile(VOLUME)))
    assert world.json("schema", "volume", "--query", "properties.size.type") == ["integer", "null"]
    ran = world("schema", "volum")
    assert ran.code == 3
    assert re.search(r"did you mean volume\?", ran.err)
    assert world("schema", "outcome", "--brief").code == 2
    assert world.served.calls == []
