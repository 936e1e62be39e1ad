"""The JSON Schema (draft 2020-12) of what is printed, from the declarations that drive everything else."""

from __future__ import annotations

from typing import Any

from nbs_cli.cloud.resources import Field, Kind, Resource
from nbs_cli.output.words import _

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {
    Kind.SIZE: ("integer",),
    Kind.OBJECT: ("object", "array"),
    Kind.METADATA: ("object",),
    Kind.BACKEND: ("object",),
    Kind.ATTACHMENTS: ("array",),
    Kind.LINKS: ("array",),
}


def record(shape: Resource, *, brief: bool = False) -> dict[str, Any]:
    """The schema of one record of *shape*, or of its short form: every field, and no other."""
    fields = shape.named(shape.brief) if brief else shape.fields
    return {
        "$schema": DRAFT,
        "title": shape.name,
        "type": "object",
        "properties": {field.wire: _property(shape, field) for field in fields},
        "required": [field.wire for field in fields if not field.optional],
        "additionalProperties": False,
    }


def several(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list of what *schema* describes."""
    inner = {key: value for key, value in schema.items() if key != "$schema"}
    return {
        "$schema": DRAFT,
        "title": _("list of {title}").format(title=schema["title"]),
        "type": "array",
        "items": inner,
    }


def _property(shape: Resource, field: Field) -> dict[str, Any]:
    """A field: any may be null but the ID that the API gives; a status may be one that the guide does not know yet."""
    told: dict[str, Any] = {"description": field.help}
    if field.kind is Kind.YES:
        theirs = [True, False, "true", "false", None]  # as the API has them
        return {**told, "enum": theirs} if shape.path else {**told, "type": ["boolean", "null"]}
    types = list(field.types or _TYPES.get(field.kind, ("string",)))
    bare = shape.path and field.wire == shape.id_field
    told["type"] = types[0] if bare else [*types, "null"]
    told |= _inner(field, types)
    if field.wire == "status" and shape.statuses:
        told["examples"] = [name for name, _meaning in shape.statuses]
    return told


def _inner(field: Field, types: list[str]) -> dict[str, Any]:
    """What stands within the object, or within each item of the list, that *field* holds."""
    if field.of is not None:
        inner = {key: value for key, value in record(field.of).items() if key not in {"$schema", "title"}}
        return {"items": inner} if types == ["array"] else inner | {"type": [*types, "null"]}
    if field.items:
        keys = {key: {"type": ["string", "null"]} for key in field.items}
        item = {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}
        return {"items": item}
    return {"items": {"type": "string"}} if types == ["array"] else {}
