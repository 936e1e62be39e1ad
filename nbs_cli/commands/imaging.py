"""Making an image of a volume: sent once, followed to its end in the image service."""

from __future__ import annotations

from typing import Any, NamedTuple

from nbs_cli.cloud import forecast, refs
from nbs_cli.cloud.deadline import IMAGE_WAIT
from nbs_cli.cloud.refs import Found
from nbs_cli.cloud.resources import IMAGE, VOLUME
from nbs_cli.cloud.uploads import knows_image
from nbs_cli.cloud.uploads import upload as send
from nbs_cli.cloud.waiting import Goal, image_active, until
from nbs_cli.commands import options
from nbs_cli.commands.options import Visibility
from nbs_cli.commands.rehearsing import rehearse
from nbs_cli.commands.shapes import REQUEST
from nbs_cli.errors import Failure, Usage
from nbs_cli.output.words import _
from nbs_cli.session import Session


class Wish(NamedTuple):
    """The options of `volume upload-image` as they were typed."""

    image_name: str
    disk_format: str
    container_format: str
    visibility: Visibility | None
    protected: bool
    force: bool

    def body(self) -> dict[str, Any]:
        """The body of the action, without what was not said: some servers of the family refuse it (observed.md)."""
        given = {
            "image_name": self.image_name,
            "force": self.force or None,
            "disk_format": self.disk_format,
            "container_format": self.container_format,
            "visibility": self.visibility.value if self.visibility else None,
            "protected": self.protected or None,
        }
        return {key: value for key, value in given.items() if value is not None}


def upload(session: Session, ref: str, wish: Wish, *, wait: bool, dry_run: bool) -> None:
    """Have the image made, print the answer, and follow the image when asked to."""
    session.writing()
    if not wish.image_name:
        raise Usage(_("the image's name is empty"))
    options.sendable(_("image name"), wish.image_name)
    session.printer.check(REQUEST if dry_run else IMAGE)
    found = refs.one(session.storage, VOLUME, ref)
    if dry_run:
        expected = forecast.image(found.record, force=wish.force)
        rehearse(session, [("POST", f"/{VOLUME.path}/{found.id}/action", {IMAGE.name: wish.body()}, expected)])
        return
    answer = send(session.storage, found, wish.body(), session.settle_seconds)
    session.did(_("making image {name} ({id})").format(name=wish.image_name, id=answer.get("image_id")))
    failure = _follow(session, found, answer) if wait else None
    session.printer.show(IMAGE, [answer])
    if failure is not None:
        failure.retryable = False  # the same command makes another image
        raise failure


def _follow(session: Session, found: Found, answer: dict[str, Any]) -> Failure | None:
    """Wait for the image itself, or, where no image service knows it, for the volume."""
    image_id = answer.get("image_id")
    try:
        if isinstance(image_id, str) and knows_image(session.storage, image_id):
            image_active(
                session.storage,
                image_id,
                name=str(answer.get("image_name")),
                seconds=session.wait_seconds(IMAGE_WAIT),
                deadline=session.deadline,
                tell=session.notes.status,
            )
            session.did(_("image {name} can be used").format(name=answer.get("image_name")))
            return None
        return _follow_volume(session, found)
    except Failure as failure:
        return failure
    finally:
        session.notes.clear()


def _follow_volume(session: Session, found: Found) -> Failure | None:
    before = str(found.record["status"])
    (outcome,) = until(
        session.storage,
        VOLUME,
        [found],
        Goal(before),
        seconds=session.wait_seconds(IMAGE_WAIT),
        deadline=session.deadline,
        tell=session.notes.status,
    )
    session.notes.note(_("the image itself was not checked: no image service answers for it"))
    return outcome.failure
