"""What the guide documents, as data: every field, every status, and nothing that it does not name."""

from __future__ import annotations

from typing import Any

import pytest

from nbs_cli.cloud.resources import IMAGE, SNAPSHOT, VOLUME, VOLUME_TYPE, Kind, Paging, Resource
from nbs_cli.commands.shapes import OUTCOME, REQUEST

# the tables of the guide, written down from it and not taken from the program
TYPE_FIELDS = "id name os-volume-type-access:is_public description extra_specs"
VOLUME_FIELDS = """
attachments links availability_zone encrypted os-volume-replication:extended_status volume_type snapshot_id id size
user_id os-vol-tenant-attr:tenant_id metadata status description multiattach source_volid consistencygroup_id name
bootable created_at os-volume-replication:driver_data replication_status
"""
SNAPSHOT_FIELDS = """
status description os-extended-snapshot-attributes:progress created_at metadata volume_id
os-extended-snapshot-attributes:project_id size id name
"""
IMAGE_FIELDS = """
status image_name disk_format container_format updated_at image_id display_description id size volume_type
"""
VOLUME_STATUSES = """
creating available attaching detaching in-use maintenance deleting awaiting-transfer error error_deleting backing-up
restoring-backup error_backing-up error_restoring error_extending downloading uploading retyping extending
"""
SNAPSHOT_STATUSES = "creating available backing-up deleting error deleted unmanaging restoring error_deleting"

ALL = [VOLUME_TYPE, VOLUME, SNAPSHOT, IMAGE, OUTCOME, REQUEST]
by_name = pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)


@pytest.mark.parametrize(
    ("resource", "fields"),
    [(VOLUME_TYPE, TYPE_FIELDS), (VOLUME, VOLUME_FIELDS), (SNAPSHOT, SNAPSHOT_FIELDS), (IMAGE, IMAGE_FIELDS)],
    ids=lambda value: value.name if isinstance(value, Resource) else "",
)
def test_exactly_the_documented_fields_are_declared(resource: Resource, fields: str) -> None:
    """The guide warns of others: they are NHN's own and may change without notice."""
    assert {field.wire for field in resource.fields} == set(fields.split())
    assert len(resource.fields) == len(fields.split())


@pytest.mark.parametrize(
    ("resource", "statuses", "newer"),
    [(VOLUME, VOLUME_STATUSES, {"reserved"}), (SNAPSHOT, SNAPSHOT_STATUSES, set())],
    ids=["volume", "snapshot"],
)
def test_exactly_the_documented_statuses_are_declared(resource: Resource, statuses: str, newer: set[str]) -> None:
    """Those of the guide's tables, and what its newer editions add (facts.md 3.2)."""
    assert {status for status, _meaning in resource.statuses} == {*statuses.split(), *newer}
    assert all(meaning for _status, meaning in resource.statuses)


@pytest.mark.parametrize(
    ("resource", "brief"),
    [
        (VOLUME, "id links name"),
        (SNAPSHOT, "status description created_at metadata volume_id size id name"),
        (VOLUME_TYPE, ""),
    ],
    ids=["volume", "snapshot", "type"],
)
def test_the_short_lists_have_their_own_fields(resource: Resource, brief: str) -> None:
    """As the guide's tables of the lists without details say."""
    assert set(resource.brief) == set(brief.split())


@pytest.mark.parametrize(
    ("resource", "path", "plural", "paging"),
    [
        (VOLUME_TYPE, "types", "volume_types", Paging.WHOLE),
        (VOLUME, "volumes", "volumes", Paging.MARKER),
        (SNAPSHOT, "snapshots", "snapshots", Paging.EITHER),
    ],
    ids=["type", "volume", "snapshot"],
)
def test_paths_and_envelopes_are_the_guides(resource: Resource, path: str, plural: str, paging: Paging) -> None:
    """Types live under `types` and come as `volume_types`."""
    assert (resource.path, resource.plural, resource.paging) == (path, plural, paging)


@by_name
def test_columns_and_names_hold_together(resource: Resource) -> None:
    """Every column is a field; no two fields share a name; every field has a help; the ID is one of them."""
    wires = [field.wire for field in resource.fields]
    assert set(resource.columns) <= set(wires)
    assert set(resource.brief) <= set(wires)
    names = wires + [field.short for field in resource.fields if field.short]
    assert len(names) == len(set(names))
    assert all(field.help for field in resource.fields)
    assert resource.id_field in wires


@by_name
def test_a_field_is_found_by_both_names(resource: Resource) -> None:
    """By its wire name and by the short one that stands over its column; an empty name is no field."""
    for field in resource.fields:
        assert resource.field(field.wire) is field
        assert resource.field(field.heading) is field
    assert resource.field("") is None
    assert resource.field("nhn_internal") is None


def test_named_keeps_the_order_and_leaves_unknown_ones_out() -> None:
    """Columns stand as they were asked for."""
    assert [field.wire for field in VOLUME.named(("type", "id", "nothing", "name"))] == ["volume_type", "id", "name"]


RECORD: dict[str, Any] = {
    "id": "1",
    "name": None,
    "size": "10",
    "metadata": {"nbs:request": "k", "a": {"deep": [1]}},
    "attachments": [
        {"server_id": "s", "attachment_id": "a", "volume_id": "1", "device": "/dev/vdb", "id": "1", "host_name": "h"},
        "odd",
    ],
    "links": [{"href": "https://a.example", "rel": "self", "nhn_internal": 1}],
    "nhn_internal": {"shard": 1},
    "updated_at": "2026-01-01",
}


def test_a_record_keeps_what_is_documented_as_it_came() -> None:
    """Undocumented keys go, in attachments and links too; missing ones are null; values are the server's."""
    projected = VOLUME.project(RECORD)
    assert set(projected) == set(VOLUME_FIELDS.split())
    assert projected["size"] == "10"
    assert projected["status"] is None
    assert projected["metadata"] == RECORD["metadata"]
    assert projected["attachments"] == [
        {"server_id": "s", "attachment_id": "a", "volume_id": "1", "device": "/dev/vdb", "id": "1"},
        "odd",
    ]
    assert projected["links"] == [{"href": "https://a.example", "rel": "self"}]


@pytest.mark.parametrize("odd", [None, {}, "text", 5, [None], [[]]])
def test_a_field_of_another_kind_is_left_as_it_is(odd: Any) -> None:
    """The guide types attachments as an object and shows an array: whatever comes is shown, never a crash."""
    assert VOLUME.project({**RECORD, "attachments": odd, "links": odd})["attachments"] == odd


def test_only_chosen_fields_are_kept() -> None:
    """In the order of the choice."""
    chosen = VOLUME.named(("size", "id"))
    assert list(VOLUME.project(RECORD, chosen).items()) == [("size", "10"), ("id", "1")]


def test_what_is_optional_is_left_out_and_not_null() -> None:
    """A delete that worked has no `error`."""
    row = {"ref": "a", "id": "1", "outcome": "accepted"}
    assert OUTCOME.project(row) == row
    assert OUTCOME.project({**row, "error": {"code": "conflict"}})["error"] == {"code": "conflict"}


def test_the_kinds_that_people_read_otherwise() -> None:
    """Sizes, times and statuses are told apart from text, or tables could not show them as such."""
    kinds = {field.wire: field.kind for field in VOLUME.fields}
    assert kinds["size"] is Kind.SIZE
    assert kinds["created_at"] is Kind.TIME
    assert kinds["status"] is Kind.STATUS
    assert kinds["bootable"] is Kind.YES
