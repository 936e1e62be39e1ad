"""The mark that a create leaves in what it makes: where it stands, and whether a record is what was wished for.

Source: commands.md §5. Volumes bear the key in `metadata["nbs:request"]`, snapshots as a suffix of the description,
` [nbs:KEY]`.
"""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from typing import Any, NamedTuple

from nbs_cli.cloud.blockstorage import Record
from nbs_cli.cloud.resources import VOLUME, Resource
from nbs_cli.errors import Usage
from nbs_cli.output.words import _

MARK = "nbs:request"
LONGEST_MARK = len(" [nbs:]") + 16  # characters of a description that a random key takes
_KEY = re.compile(r"[A-Za-z0-9._/-]{1,100}")
_SUFFIX = re.compile(r"(?:^| )\[nbs:([^\]\s:]+)(?::([^\]\s]+))?\]$")  # a policy may follow the key


class Wish(NamedTuple):
    """A resource to be made: the body of its POST without the mark, and the key that marks it (None: unmarked).

    `given` is true when a person chose the key, so that it may have been used before. `policy` is the retention policy
    that a snapshot's mark names behind the key.
    """

    resource: Resource
    body: Record
    key: str | None
    given: bool = False
    policy: str | None = None

    @property
    def parameters(self) -> Record:
        """What is asked for, without the key: the body, and the policy where there is one."""
        return self.body if self.policy is None else {**self.body, "policy": self.policy}

    def marked(self) -> Record:
        """The body as it is sent, with the mark in its place."""
        if self.key is None:
            return self.body
        if self.resource is VOLUME:
            return {**self.body, "metadata": {**self.body.get("metadata", {}), MARK: self.key}}
        # servers of the family strip a description: an empty one begins with the mark
        mark = self.key if self.policy is None else f"{self.key}:{self.policy}"
        return {**self.body, "description": f"{self.body.get('description') or ''} [nbs:{mark}]".lstrip(" ")}


def new_key(resource: Resource) -> str:
    """A random key: 128 bits for a volume, 80 for a snapshot, whose description has to hold it."""
    if resource is VOLUME:
        return uuid.uuid4().hex
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def check_key(key: str) -> None:
    """Raise Usage for a key that could not be kept in metadata and descriptions alike."""
    if not _KEY.fullmatch(key):
        raise Usage(
            _("the request key {key!r} cannot be used").format(key=key),
            hint=_("use up to 100 letters, digits and . _ / -, a job's ID for example"),
        )


def key_of(resource: Resource, record: Record) -> str | None:
    """The key that *record* bears, None for none; a policy's name behind the key is left out."""
    if resource is VOLUME:
        metadata = record.get("metadata")
        value = metadata.get(MARK) if isinstance(metadata, dict) else None
        return value if isinstance(value, str) else None
    match = _SUFFIX.search(str(record.get("description") or ""))
    return match[1] if match else None


def policy_of(record: Record) -> str | None:
    """The retention policy that the mark of a snapshot's *record* names, None for none."""
    match = _SUFFIX.search(str(record.get("description") or ""))
    return match[2] if match else None


def unlike(wish: Wish, record: Record) -> list[str]:
    """The parameters in which *record* is not what was wished for.

    What was left out must be missing there too, but for what the service chooses itself: size, type, zone.
    """
    wanted = wish.marked()
    return _differing(wanted, record, (*wanted, "name", "description", "snapshot_id", "metadata"))


def said_otherwise(wish: Wish, record: Record) -> list[str]:
    """The parameters of *wish* that were said and that *record* does not have; more metadata is no difference."""
    metadata = wish.body.get("metadata", {})
    theirs = record.get("metadata")
    have = {key: value for key, value in theirs.items() if key in metadata} if isinstance(theirs, dict) else {}
    return _differing(wish.body, {**record, "metadata": have}, tuple(wish.body))


def changed(wish: Wish, parameters: Record) -> list[str]:
    """The parameters in which *wish* is not the request that had *parameters* (without its mark)."""
    return _differing(wish.parameters, parameters, (*wish.parameters, *parameters))


def _differing(wanted: Record, have: Record, fields: tuple[str, ...]) -> list[str]:
    """The *fields* whose values differ; `force` leaves no trace."""
    return [
        field for field in dict.fromkeys(fields) if field != "force" and not _same(wanted.get(field), have.get(field))
    ]


def _same(wanted: Any, have: Any) -> bool:
    """Whether two values of a parameter are one: white space around texts is stripped, nothing is as good as empty."""
    if isinstance(wanted, dict) or isinstance(have, dict):
        return _own(wanted) == _own(have)
    return (wanted.strip() if isinstance(wanted, str) else wanted or "") == (
        have.strip() if isinstance(have, str) else have or ""
    )


def _own(metadata: Any) -> dict[str, Any]:
    """Metadata without what the service adds while a volume is attached."""
    items = metadata.items() if isinstance(metadata, dict) else ()
    return {key: value for key, value in items if key not in {"readonly", "attached_mode"}}
