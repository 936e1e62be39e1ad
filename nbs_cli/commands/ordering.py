"""From the options of a create to the bodies of its requests; refuses what cannot be before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbs_cli.cloud import refs
from nbs_cli.cloud.marks import LONGEST_MARK
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, VOLUME_TYPE
from nbs_cli.commands import options
from nbs_cli.errors import Usage
from nbs_cli.local.policies import check_name
from nbs_cli.output.words import _
from nbs_cli.session import Session


@dataclass(frozen=True)
class Order:
    """The options of `volume create` as they were typed; sizes in GB."""

    size: int | None
    name: str | None
    description: str | None
    type: str | None
    zone: str | None
    snapshot: str | None
    metadata: tuple[str, ...]
    count: int
    if_not_exists: bool = False


def bodies(session: Session, order: Order) -> list[dict[str, Any]]:
    """The body of each volume to create, without nulls (guide: 블록 스토리지 생성하기).

    Raises Usage before any request, NotFound for an unknown snapshot or type.
    """
    session.writing()
    metadata = _checked(order)
    size, snapshot_id = _source(session, order)
    body = {
        "size": size,
        "name": order.name,
        "description": order.description,
        "volume_type": _type(session, order.type),
        "availability_zone": order.zone,
        "snapshot_id": snapshot_id,
        "metadata": metadata or None,
    }
    given = {key: value for key, value in body.items() if value is not None}
    if order.count == 1:
        return [given]
    return [{**given, **_numbered(order.name, number)} for number in range(1, order.count + 1)]


def _checked(order: Order) -> dict[str, str]:
    """Refuse locally what the API cannot keep; give the metadata as an object."""
    if order.size is None and order.snapshot is None:
        raise Usage(_("the size is missing"), hint=_("say `--size 10` for 10 GB, or `--snapshot` to take a snapshot's"))
    if order.if_not_exists and not order.name:
        raise Usage(_("--if-not-exists looks for a name, and none was said"), hint=_("say `--name`"))
    longest = options.LONGEST - (len(str(order.count)) + 1 if order.count > 1 else 0)
    options.sendable(_("name"), order.name, longest)
    options.sendable(_("description"), order.description)
    options.sendable(_("availability zone"), order.zone)
    if order.zone == "":
        raise Usage(_("the availability zone is empty"), hint=_("leave `--zone` out to let the service choose"))
    return options.metadata(list(order.metadata))


def _source(session: Session, order: Order) -> tuple[int | None, str | None]:
    """The size, and the ID of the snapshot that gives it when none was said."""
    if order.snapshot is None:
        return order.size, None
    found = refs.one(session.storage, SNAPSHOT, order.snapshot)
    least = found.record.get("size")
    size = least if order.size is None else order.size
    if isinstance(least, int) and isinstance(size, int) and size < least:
        raise Usage(
            _("the size {size} GB is below the snapshot's {least} GB").format(size=size, least=least),
            hint=_("say at least `--size {least}`, or leave it out").format(least=least),
        )
    return size, found.id


def _type(session: Session, text: str | None) -> str | None:
    if text is None:
        return None
    return str(refs.volume_type(everything(session.storage, VOLUME_TYPE), text)["name"])


def _numbered(name: str | None, number: int) -> dict[str, str]:
    return {} if name is None else {"name": f"{name}-{number}"}


def snapshots(
    session: Session,
    volumes: list[str],
    name: str | None,
    description: str | None,
    *,
    force: bool,
    marked: bool,
    policy: str | None = None,
) -> tuple[list[dict[str, Any]], bool]:
    """The body of a snapshot of each of *volumes*, without nulls, and whether output is to be a list.

    Raises Usage before any request, NotFound for an unknown volume (guide: 스냅숏 생성하기).
    """
    session.writing()
    options.sendable(_("name"), name)
    room = options.LONGEST - (LONGEST_MARK if marked else 0)
    if policy is not None:
        check_name(policy)
        if not marked:
            raise Usage(_("--policy is a part of the mark, which --no-request-key leaves out"))
        room -= len(policy) + 1
    options.sendable(_("description (with its request mark)"), description, room)
    texts, several = session.refs(volumes)
    given = {"name": name, "description": description, "force": force or None}
    fields = {key: value for key, value in given.items() if value is not None}
    found = refs.resolve(session.storage, VOLUME, texts)
    return [{"volume_id": item.id, **fields} for item in found], several
