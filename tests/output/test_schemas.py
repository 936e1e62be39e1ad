"""The schemas hold of what is printed: every JSON page that is kept, and a thousand resources of all kinds."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nbs_cli.cloud.resources import IMAGE, SNAPSHOT, VOLUME, VOLUME_TYPE, Kind, Resource
from nbs_cli.commands.choosing import with_profile
from nbs_cli.commands.shapes import CHANGE, ERROR, TREE
from nbs_cli.grammar import BESIDE, PRINTS, shapes
from nbs_cli.output.schemas import record, several
from tests.commands.conftest import World, build, world

__all__ = ["build", "world"]  # fixtures

GOLDEN = Path(__file__).parent.parent / "golden"
FORMS = (" -o json", " -o jsonl", " -o yaml")


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
    """Every block of a golden page that programs read: its page, a command, its stdout and stderr lines."""
    for path in sorted(GOLDEN.rglob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            lines = block.splitlines()
            commands = [line[2:] for line in lines if line.startswith("$ ") and line.endswith(FORMS)]
            out = [line[2:] for line in lines if line.startswith("| ")]
            err = [line[2:] for line in lines if line.startswith("! ")]
            for command in commands:
                yield path.relative_to(GOLDEN).as_posix(), command, out, err


def shape_of(command: str) -> Resource | None:
    """What the command prints by the grammar's tables; a rehearsal prints requests, a tree volumes with snapshots.

    None for what has no shape of its own: an answer to a query, and what the command chooses columns of.
    """
    words = [word for word in command.split()[1:] if word not in {"--lang", "ko"}]
    if "--query" in words or "-c" in words:
        return None
    for typed, shape in BESIDE.items():
        if set(typed.split()) <= set(words) and typed != "-o json":
            return shape
    found = next((PRINTS[path] for n in (3, 2, 1) if (path := " ".join(words[:n])) in PRINTS), None)
    return with_profile(found) if found and "--all-profiles" in words else found


def read(command: str, out: list[str]) -> list[Any]:
    """The data on stdout: one document, or one a line."""
    if command.endswith("-o yaml"):
        return [yaml.safe_load("\n".join(out))]
    return [json.loads(line) for line in out] if command.endswith("-o jsonl") else [json.loads("\n".join(out))]


def test_every_golden_page() -> None:
    """What stdout holds is valid for the shape that the command declares, what stderr holds for `error`.

    In JSON, in lines of it and in YAML, of both languages.
    """
    checked: Counter[str] = Counter()
    for page, command, out, err in blocks():
        for line in err:
            if line.startswith('{"error"'):
                assert valid(record(ERROR), json.loads(line)["error"]) == [], page
                checked["error"] += 1
        shape = shape_of(command)
        if shape is None or not out:
            continue
        schema = record(shape, brief="--brief" in command)
        for data in read(command, out):
            assert valid(several(schema) if isinstance(data, list) else schema, data) == [], (page, command)
            checked[shape.name] += 1
    print(f"\n{sum(checked.values())} documents of golden pages are valid:", dict(checked))
    silent = {"command"}  # its page is no JSON: below
    assert {shape.name for shape in shapes().values()} - silent == checked.keys()
    assert sum(checked.values()) >= 300


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
@pytest.mark.parametrize("resource", [VOLUME, SNAPSHOT, VOLUME_TYPE, IMAGE, TREE], ids=lambda one: one.name)
def test_a_thousand_resources(resource: Resource, data: st.DataObject) -> None:
    """Whatever a server sends, the projection that is printed is valid (250 of each of four, and of trees)."""
    row = data.draw(records(resource))
    if resource is TREE:
        row["snapshots"] = data.draw(st.lists(records(SNAPSHOT), max_size=3))
    assert valid(record(resource), resource.project(row)) == []
    if not resource.brief:
        return
    brief = resource.named(resource.brief)
    assert valid(record(resource, brief=True), resource.project(row, brief)) == []


def test_a_thousand_of_the_sandbox(world: World) -> None:
    """1,000 volumes and their snapshots, as commands print them: lists, trees, plans, rehearsals, outcomes, figures."""
    world.cloud.seed(1000)
    for volume in world.json("volume", "list", "--limit", "30", "--status", "available", "-c", "id"):
        world.snapshot(volume["id"], "스냅")
    ids = [row["id"] for row in world.json("volume", "list", "-c", "id")]
    assert len(ids) >= 1000
    for typed, stdin in (
        ("volume list", ""),
        ("volume list --brief", ""),
        ("snapshot list", ""),
        ("types list", ""),
        ("volume show - --with-snapshots", "\n".join(ids)),
        ("snapshot prune --all-volumes --keep-last 1 --include-unmanaged", ""),
        ("volume delete - --with-snapshots --dry-run", "\n".join(ids)),
        ("volume delete - --yes --ignore-missing", "\n".join(ids[:40])),
        ("usage", ""),
        ("commands", ""),
        ("doctor", ""),
        ("auth status --online", ""),
        ("sandbox clock", ""),
        ("sandbox fault list", ""),
    ):
        ran = world(*typed.split(), "-o", "json", stdin=stdin)
        data = json.loads(ran.out)
        shape = shape_of(f"nbs {typed}")
        assert shape is not None
        schema = record(shape, brief="--brief" in typed)
        assert valid(several(schema) if isinstance(data, list) else schema, data) == [], typed
        print(f"{len(data) if isinstance(data, list) else 1:>6} of {shape.name}: nbs {typed}")


def test_changes_that_a_watch_prints(world: World) -> None:
    """Each line of `--watch` is a change."""
    world.volume("web")
    ran = world("volume", "list", "--watch", "-o", "jsonl", "--every", "1s", "--timeout", "2s")
    lines = ran.out.splitlines()
    assert lines
    for line in lines:
        assert valid(record(CHANGE), json.loads(line)) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("error", {"retryable": "true"}),
        ("outcome", {"error": {"code": "x"}}),
        ("usage", {"by_type": [{"value": "x", "count": "1", "gigabytes": 2}]}),
        ("usage", {"quota": {"gigabytes": 3}}),
        ("command", {"options": [{"names": ["--x"]}]}),
        ("plan", {"reasons": [1]}),
        ("volume_tree", {"snapshots": [{"id": "x"}]}),
        ("profile", {"password_command": "pass show nhn"}),
    ],
)
def test_what_stands_within_is_described(name: str, change: dict[str, Any]) -> None:
    """Objects within objects, and items of lists, are held to a shape of their own."""
    properties = record(shapes()[name])["properties"]
    for key, value in change.items():
        assert valid(properties[key], value)


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
    alone = world("schema").out
    assert all(f"  {name} " in alone for name in shapes())
    assert "volume_tree  nbs volume show --with-snapshots\n" in alone
    assert world.served.calls == []
