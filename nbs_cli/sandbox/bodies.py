"""From a request's bytes to JSON: what either service accepts as a body, and how it refuses the rest."""

from __future__ import annotations

import json
from typing import Any

from nbs_cli.sandbox.refusals import MALFORMED, Refused, bad, unreadable

LARGEST = 114_688  # bytes (observed, errors)


def for_identity(raw: bytes, content_type: str | None) -> Any:
    """Read the JSON value; an empty body is an empty object. Raises Refused (400) in Keystone's shape."""
    if not _is_json(content_type):
        raise unreadable("application/json", "Content-Type header")
    try:
        return _loads(raw or b"{}")
    except ValueError:
        raise unreadable("valid JSON", "request body") from None


def for_storage(raw: bytes, content_type: str | None, empty: Exception) -> Any:
    """Read the JSON value. Raises `empty` for no body, and Refused (415, 400)."""
    if not raw:
        raise empty
    if not _is_json(content_type):
        raise Refused(415, "badMediaType", "Unsupported Content-Type")
    try:
        return _loads(raw)
    except ValueError:
        raise bad(MALFORMED) from None


def _is_json(content_type: str | None) -> bool:
    return (content_type or "").partition(";")[0].strip().lower() == "application/json"


def _loads(raw: bytes) -> Any:
    try:
        value = json.loads(raw.decode())
        json.dumps(value, ensure_ascii=False).encode()  # a half of a surrogate pair could not be stored
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value
