"""What can be done to a volume through its action address: one key of the body names the action."""

from __future__ import annotations

from typing import Any

from nbs_cli.sandbox import attachments, images, rows, rules, volumes
from nbs_cli.sandbox.refusals import MALFORMED, bad, forbidden
from nbs_cli.sandbox.turns import Record, Scope, Turn

# Not in the guide (facts, section 3.7): the record changes, no instance notices.
ATTACH, DETACH, BOOTABLE = "os-attach", "os-detach", "os-set_bootable"
ADMINISTRATORS = {
    f"os-{action}": f"volume_extension:volume_admin_actions:{action}"
    for action in ("reset_status", "force_delete", "force_detach", "migrate_volume")
}


def perform(turn: Turn, scope: Scope, volume_id: str, body: Any) -> Record | None:
    """Do what the body's first key says; the answer, or None where it is empty. Raises Refused (400, 403, 404, 413)."""
    if not isinstance(body, dict) or not body:
        raise bad(MALFORMED)
    action, given = next(iter(body.items()))
    if action in ADMINISTRATORS:
        raise forbidden(ADMINISTRATORS[action])
    if action not in (images.ACTION, volumes.EXTEND, ATTACH, DETACH, BOOTABLE):
        raise unknown(action)
    if not isinstance(given, dict):
        raise bad(MALFORMED)
    if action == images.ACTION:
        return images.upload(turn, scope, volume_id, given)
    if action == volumes.EXTEND:
        volumes.extend(turn, scope, volume_id, given)
    elif action == BOOTABLE:
        volumes.set_bootable(turn, scope, volume_id, bootable=rules.switch(given, "bootable"))
    else:
        _flip(turn, scope, volume_id, action, given)
    return None


def unknown(action: str | None) -> Exception:
    """Give the refusal of an action that there is not."""
    return bad(f"There is no such action: {action}. Verify the request body and Content-Type header and try again.")


def _flip(turn: Turn, scope: Scope, volume_id: str, action: str, given: Record) -> None:
    volume = rows.volume(turn, scope, volume_id)
    if action == DETACH:
        if volume["status"] not in ("in-use", "detaching"):
            raise bad("Invalid volume: Unable to detach volume. Volume status must be 'in-use' to detach.")
        attachments.unmark(turn, volume_id)
        return
    if volume["status"] not in ("available", "attaching"):
        raise bad("Invalid volume: Volume status must be available or attaching to attach.")
    server_id = given.get("instance_uuid")
    attachments.mark(turn, volume_id, server_id if isinstance(server_id, str) else None)
