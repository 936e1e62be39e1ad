"""What a request body may say: the checks of single fields, with the texts that real servers answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from nbs_cli.sandbox.refusals import MALFORMED, bad, invalid, missing
from nbs_cli.sandbox.settings import DEFAULT_TYPE, TYPES, ZONES, VolumeType
from nbs_cli.sandbox.turns import UUID, Record

LONGEST = 255  # characters, not bytes
METADATA_KEY = "^[a-zA-Z0-9-_:. /]{1,255}$"
TRUE: tuple[object, ...] = (True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t")
FALSE: tuple[object, ...] = (False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f")
ENOUGH_DIGITS = 18  # a size of more digits is only known to be too large


def fields(body: Any, root: str) -> Record:
    """Read the object under `root`, the body's one required key."""
    if not isinstance(body, dict):
        raise bad(MALFORMED)
    if root not in body:
        raise bad(f"'{root}' is a required property")
    if not isinstance(body[root], dict):
        raise invalid(root, body[root], f"{body[root]!r} is not of type 'object'")
    given: Record = body[root]
    return given


def spelled(given: Record) -> Record:
    """Give the fields with the names of the first API where only those are given: `display_name` for `name`."""
    old = {name: f"display_{name}" for name in ("name", "description")}
    return {**given, **{name: given[was] for name, was in old.items() if was in given and name not in given}}


def only(given: Record, root: str, allowed: Collection[str]) -> None:
    """No field but the allowed ones: snapshots and uploads refuse what volumes ignore."""
    extra = [name for name in given if name not in allowed]
    if extra:
        were = "was" if len(extra) == 1 else "were"
        names = ", ".join(repr(name) for name in extra)
        raise invalid(root, given, f"Additional properties are not allowed ({names} {were} unexpected)")


def required(given: Record, root: str, name: str) -> None:
    """Require a field to be there."""
    if name not in given:
        raise invalid(root, given, f"'{name}' is a required property")


def text(given: Record, name: str) -> str | None:
    """Read a text without white space around it, or null; its length is for the caller to judge."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(name, value, f"{value!r} is not of type 'string', 'null'")
    return None if value is None else value.strip()


def volume_text(given: Record, name: str) -> str | None:
    """Read a volume's name or description: at most 255 characters."""
    value = text(given, name)
    if value is not None and len(value) > LONGEST:
        raise bad(f"Invalid input received: {name} has {len(value)} characters, more than {LONGEST}.")
    return value


def snapshot_text(given: Record, name: str) -> str | None:
    """Read a snapshot's name or description: the same limit in other words."""
    value = text(given, name)
    if value is not None and len(value) > LONGEST:
        raise invalid(name, value, f"{value!r} is too long")
    return value


def size(given: Record, name: str = "size") -> int | None:
    """Read a size in GB: a whole number of at least 1, also as a string of digits; None where absent or null."""
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise invalid(name, value, f"{value!r} is not of type 'integer', 'string', 'null'")
    if isinstance(value, str):
        return _digits(value, name)
    if value < 1:
        raise invalid(name, value, f"{value} is less than the minimum of 1")
    return value


def _digits(value: str, name: str) -> int:
    if not re.fullmatch("[0-9]+", value):
        raise invalid(name, value, f"{value!r} does not match '^[0-9]+$'")
    number = int(value[: ENOUGH_DIGITS + 1]) if len(value) > ENOUGH_DIGITS else int(value)
    if number < 1:
        raise bad(f"Invalid input received: Volume size '{value}' must be an integer and greater than 0")
    return number


def metadata(given: Record) -> dict[str, str]:
    """Read a flat object of short strings with plain ASCII keys."""
    value = given.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid("metadata", value, f"{value!r} is not of type 'object'")
    for key, content in value.items():
        if not re.fullmatch(METADATA_KEY, key):
            raise invalid("metadata", value, f"{key!r} does not match any of the regexes: '{METADATA_KEY}'")
        if not isinstance(content, str):
            raise invalid(key, content, f"{content!r} is not of type 'string'")
        if len(content) > LONGEST:
            raise invalid(key, content, f"{content!r} is too long")
    return value


def identifier(given: Record, name: str) -> str | None:
    """Read a UUID in a body, or null."""
    value = given.get(name)
    if value is not None and not (isinstance(value, str) and UUID.fullmatch(value)):
        raise invalid(name, value, f"{value!r} is not valid under any of the given schemas")
    return value


def switch(given: Record, name: str) -> bool:
    """Read a boolean or one of its many spellings; false where it is absent."""
    value = given.get(name, False)
    if isinstance(value, (bool, str)) and value in (*TRUE, *FALSE):
        return value in TRUE
    raise invalid(name, value, f"{value!r} is not one of {[*TRUE, *FALSE]}")


def choice(given: Record, name: str, options: Collection[str], default: str) -> str:
    """One of a few words; the default where it is absent or null."""
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value not in options:
        raise invalid(name, value, f"{value!r} is not one of {list(options)}")
    return value


def zone(given: Record, region: str) -> str | None:
    """Read an availability zone of the region, or null for the service's choice."""
    value = given.get("availability_zone")
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid("availability_zone", value, f"{value!r} is not of type 'string', 'null'")
    if not value:
        raise invalid("availability_zone", value, "'' is too short")
    if value not in ZONES[region]:
        raise bad(f"Availability zone '{value}' is invalid.")
    return value


def volume_type(given: Record) -> VolumeType | None:
    """Read a type by its exact name or its ID; None where it is absent, null or empty."""
    value = text(given, "volume_type")
    if not value:
        return None
    for known in TYPES:
        if value in (known.id, known.name):
            return known
    raise missing("Volume type" if UUID.fullmatch(value) else "Volume type with name", value)


def type_of(type_id: str) -> VolumeType:
    """Read the type with this ID, which a row names."""
    return next((known for known in TYPES if known.id == type_id), DEFAULT_TYPE)
