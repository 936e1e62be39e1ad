"""The command line that settles a create whose answer was lost: from the body of its POST back to the options."""

from __future__ import annotations

import shlex
from typing import Any

_OPTIONS = {
    "size": "--size",
    "name": "--name",
    "description": "--description",
    "volume_type": "--type",
    "availability_zone": "--zone",
    "snapshot_id": "--snapshot",
    "policy": "--policy",
}


def command(resource: str, parameters: dict[str, Any], key: str) -> str:
    """The words after `nbs` that make the *resource* (`volume`, `snapshot`) of *parameters* once, quoted for a shell.

    *parameters* is the body of its POST without the mark; snapshots and volumes are named by their IDs.
    """
    words = [resource, "create"]
    words += [str(parameters["volume_id"])] if "volume_id" in parameters else []
    for field, option in _OPTIONS.items():
        if field in parameters:
            words += _valued(option, str(parameters[field]))
    for name, value in (parameters.get("metadata") or {}).items():
        words += _valued("--metadata", f"{name}={value}")
    words += ["--force"] if parameters.get("force") else []
    return shlex.join([*words, *_valued("--request-key", key)])


def _valued(option: str, value: str) -> list[str]:
    """An option and its value; one that looks like an option itself is tied to it."""
    return [f"{option}={value}"] if value.startswith("-") else [option, value]
