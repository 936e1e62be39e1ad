"""An image of a volume, asked for once: the request has no place for a mark, so a lost answer is never sent again.

Source: faults.md §3.5.
"""

from __future__ import annotations

import time
from typing import Any

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.deadline import SETTLE
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import VOLUME
from nbs_cli.cloud.settling import pauses
from nbs_cli.errors import Conflict, Failure, LostAnswer, Nonsense, Unknown
from nbs_cli.output.words import _


def upload(storage: BlockStorage, found: Found, body: dict[str, Any], window: float = SETTLE) -> Record:
    """Have the image made and give the answer.

    When the answer was lost the volume is looked at for *window* seconds, and Unknown is raised: the image's ID stood
    in the answer alone.
    """
    try:
        return storage.upload_image(found.id, body)
    except Conflict as refusal:
        if found.record.get("status") == "in-use" and not body.get("force"):
            refusal.hint = _("detach it first, or say `--force` where the service allows it")
        raise
    except (LostAnswer, Nonsense) as lost:
        raise Unknown(
            _("it is not known whether image {name} is being made: {words}").format(
                name=body["image_name"], words=_seen(storage, found, window) or lost.message
            ),
            hint=_("look for the name under Compute > Image before you try again"),
            http_status=lost.http_status,
            request_id=lost.request_id,
            resource=found.id,
        ) from lost


def knows_image(storage: BlockStorage, image_id: str) -> bool:
    """Whether the catalog has an image service, for this region and this realm, that answers for *image_id*."""
    try:
        return storage.image(image_id) is not None
    except Failure:
        return False


def _seen(storage: BlockStorage, found: Found, window: float) -> str | None:
    """What the volume tells about it: while it is `uploading`, some image is being made."""
    for pause in (0.0, *pauses(window)):
        if storage.client.deadline.left(pause) < pause:
            break
        time.sleep(pause)
        if _status(storage, found) == "uploading":
            return _("the answer was lost, and the volume is uploading: it was accepted, its image ID is not known")
    return None


def _status(storage: BlockStorage, found: Found) -> str | None:
    try:
        return str(storage.get(VOLUME, found.id)["status"])
    except Failure:
        return None  # a look that fails tells nothing
