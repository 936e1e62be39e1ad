"""Create exactly once: a request mark goes with the one POST; a lost answer is settled by looking for the mark.

Source: trust.md, create exactly once; commands.md §5. Volumes bear the key in `metadata["nbs:request"]`, snapshots as a
suffix of the description, ` [nbs:KEY]`.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.nouns import command_of
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import VOLUME, Resource
from nbs_cli.errors import Failure, LostAnswer, Nonsense, Unknown, Usage
from nbs_cli.output.words import _

MARK = "nbs:request"
LONGEST_MARK = len(" [nbs:]") + 16  # characters of a description that a random key takes
SETTLE = (1.0, 1.0, 2.0, 4.0, 7.0, 15.0)  # seconds between two looks: 30 in all
_KEY = re.compile(r"[A-Za-z0-9._/-]{1,100}")
_SUFFIX = re.compile(r"(?:^| )\[nbs:([^\]\s:]+)(?::([^\]\s]+))?\]$")  # a policy may follow the key


@dataclass(frozen=True)
class Wish:
    """A resource to be made: the body of its POST without the mark, and the key that marks it (None: unmarked).

    `given` is true when a person chose the key, so that it may have been used before. `policy` is the retention policy
    that a snapshot's mark names behind the key.
    """

    resource: Resource
    body: Record
    key: str | None
    given: bool = False
    policy: str | None = None

    def marked(self) -> Record:
        """The body as it is sent, with the mark in its place."""
        if self.key is None:
            return self.body
        if self.resource is VOLUME:
            return {**self.body, "metadata": {**self.body.get("metadata", {}), MARK: self.key}}
        # servers of the family strip a description: an empty one begins with the mark
        mark = self.key if self.policy is None else f"{self.key}:{self.policy}"
        return {**self.body, "description": f"{self.body.get('description') or ''} [nbs:{mark}]".lstrip(" ")}


@dataclass(frozen=True)
class Made:
    """What there is now, and whether it was found by its mark instead of answered."""

    record: Record
    adopted: bool = False


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


def create(storage: BlockStorage, wish: Wish, deadline: Deadline) -> Made:
    """Make what *wish* says, or find that it was made already.

    The POST goes out once. A lost or unreadable answer is settled by looking for the key; what cannot be settled raises
    Unknown with the key. A given key is looked for first; Usage when it made something else.
    """
    if wish.given and (found := _look(storage, wish)) is not None:
        return Made(found, adopted=True)
    try:
        return Made(storage.create(wish.resource, wish.marked()))
    except (LostAnswer, Nonsense) as lost:
        return Made(_settle(storage, wish, deadline, lost), adopted=True)


def _settle(storage: BlockStorage, wish: Wish, deadline: Deadline, lost: Failure) -> Record:
    """Look for the key for a while; a look that fails is no proof of absence."""
    if wish.key is not None:
        for pause in SETTLE:
            if deadline.left(pause) < pause:
                break
            time.sleep(pause)
            try:
                found = _look(storage, wish)
            except (LostAnswer, Nonsense):
                continue
            except Failure as failure:
                if not failure.retryable:
                    raise
                continue
            if found is not None:
                return found
    raise _unknown(wish, lost)


def _unknown(wish: Wish, lost: Failure) -> Unknown:
    command = command_of(wish.resource)
    hint = (
        _("run the same command with `--request-key {key}`: it looks first, and makes it only if it is missing").format(
            key=wish.key
        )
        if wish.key
        else _("`nbs {command} list` shows whether it is there").format(command=command)
    )
    return Unknown(
        _("it is not known whether the {what} was created: {words}").format(
            what=wish.resource.name, words=lost.message
        ),
        hint=hint,
        http_status=lost.http_status,
        request_id=lost.request_id,
    )


def _look(storage: BlockStorage, wish: Wish) -> Record | None:
    """The one resource that bears the key, None for none.

    Raises Usage when it has other parameters than the wish, Failure with the IDs when several bear the key.
    """
    bearers = [
        row
        for row in everything(storage, wish.resource)
        if key_of(wish.resource, row) == wish.key and row.get("status") not in {"deleting", "deleted"}
    ]
    if not bearers:
        return None
    if len(bearers) > 1:
        raise Failure(
            _("{count} bear the request key {key}: {ids}").format(
                count=len(bearers), key=wish.key, ids=", ".join(row["id"] for row in bearers)
            ),
            hint=_("keep the oldest and delete the others"),
        )
    differing = _differing(wish.marked(), bearers[0])
    if differing and wish.given:
        raise Usage(
            _("the request key {key} made {id} with another {fields}").format(
                key=wish.key, id=bearers[0]["id"], fields=", ".join(differing)
            ),
            hint=_("use another key for another request"),
            resource=bearers[0]["id"],
        )
    return bearers[0]


def _differing(wanted: Record, have: Record) -> list[str]:
    """The parameters in which a record is not what was wanted.

    What was left out must be missing there too, but for what the service chooses itself: size, type, zone. `force`
    leaves no trace.
    """
    fields = dict.fromkeys((*wanted, "name", "description", "snapshot_id", "metadata"))
    return [field for field in fields if field != "force" and not _same(wanted.get(field), have.get(field))]


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
