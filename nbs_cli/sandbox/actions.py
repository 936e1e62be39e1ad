"""What can be done to a volume through its action address: one key of the body names the action."""

from __future__ import annotations

from typing import Any

from nbs_cli.sandbox import images, volumes
from nbs_cli.sandbox.refusals import MALFORMED, bad
from nbs_cli.sandbox.turns import Record, Scope, Turn


def perform(turn: Turn, scope: Scope, volume_id: str, body: Any) -> Record | None:
    """Do what the body's first key says; the answer, or None where it is empty. Raises Refused (400, 404, 413)."""
    if not isinstance(body, dict) or not body:
        raise bad(MALFORMED)
    action, given = next(iter(body.items()))
    if action not in (images.ACTION, volumes.EXTEND):
        raise unknown(action)
    if not isinstance(given, dict):
        raise bad(MALFORMED)
    if action == images.ACTION:
        return images.upload(turn, scope, volume_id, given)
    volumes.extend(turn, scope, volume_id, given)
    return None


def unknown(action: str | None) -> Exception:
    """Give the refusal of an action that there is not."""
    return bad(f"There is no such action: {action}. Verify the request body and Content-Type header and try again.")
