"""A call of any kind below the tenant's endpoint: its path checked, all pages of a list, a lost answer told as such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from nbs_cli.cloud.answers import Answer
from nbs_cli.cloud.blockstorage import BlockStorage, Page
from nbs_cli.cloud.deadline import CALL, CREATE
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import SNAPSHOT, VOLUME, VOLUME_TYPE, Resource
from nbs_cli.errors import LostAnswer, Nonsense, Unknown, Usage
from nbs_cli.output.words import _

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"/[!-\[\]^-~]*")  # what a URL can carry as it is, without `\`
_OURS = ("limit", "marker", "offset", "sort")
LISTS: dict[str, tuple[Resource, bool]] = {
    f"/{VOLUME.path}": (VOLUME, False),
    f"/{VOLUME.path}/detail": (VOLUME, True),
    f"/{SNAPSHOT.path}": (SNAPSHOT, False),
    f"/{SNAPSHOT.path}/detail": (SNAPSHOT, True),
    f"/{VOLUME_TYPE.path}": (VOLUME_TYPE, True),
}


def method_of(text: str) -> str:
    """The method in capitals; raises Usage for one that the API does not have."""
    if text.upper() not in METHODS:
        raise Usage(
            _("there is no method {method!r} here").format(method=text),
            hint=_("the methods are {names}").format(names=", ".join(METHODS)),
        )
    return text.upper()


def check_path(path: str) -> None:
    """Raise Usage for what is no path below the endpoint: another origin, a way up, what a URL cannot carry."""
    if not _PATH.fullmatch(path) or path.startswith("//") or "#" in path:
        raise Usage(
            _("{path!r} is no path below the endpoint").format(path=path),
            hint=_("it begins with one slash, as in `/volumes`; what is no ASCII is written as %XX"),
        )
    if {".", ".."} & set(re.split(r"[/\\]", unquote(path.partition("?")[0]))):
        raise Usage(_("{path!r} leads out of the endpoint; it is not sent").format(path=path))


def send(storage: BlockStorage, method: str, path: str, body: Any) -> Answer:
    """Send the one request (GET and DELETE again where that does no harm).

    Raises Unknown when a write's answer was lost: it may have been carried out.
    """
    try:
        return storage.request(method, path, body, limit=CREATE if method == "POST" else CALL)
    except (LostAnswer, Nonsense) as lost:
        if method in {"GET", "DELETE"}:
            raise
        raise Unknown(
            _("it is not known whether {method} {path} was carried out: {words}").format(
                method=method, path=path, words=lost.message
            ),
            hint=_("look at what it should have changed before you send it again"),
            http_status=lost.http_status,
            request_id=lost.request_id,
        ) from lost


def listed(path: str) -> tuple[Resource, bool, dict[str, str]]:
    """The list that *path* names, whether with details, and its filters.

    Raises Usage for a path that is no list that comes in pages, and for what paging has to choose itself.
    """
    place, _mark, text = path.partition("?")
    if place not in LISTS:
        raise Usage(
            _("{path} is no list that comes in pages").format(path=place),
            hint=_("--paginate is for {names}").format(names=", ".join(LISTS)),
        )
    filters = dict(parse_qsl(text, keep_blank_values=True))
    for name in _OURS:
        if name in filters:
            raise Usage(
                _("--paginate gets every page, and chooses {name} itself").format(name=name),
                hint=_("leave it out of the path"),
            )
    resource, detail = LISTS[place]
    return resource, detail, filters


def paged(storage: BlockStorage, resource: Resource, filters: Mapping[str, str], *, detail: bool) -> dict[str, Any]:
    """Every row that the server gives under *filters*, as it sent them, in the envelope of one page."""
    return {resource.plural: everything(_Filtered(storage, filters), resource, detail=detail)}


class _Filtered(BlockStorage):
    """The same block storage; every list is asked for with *filters*."""

    def __init__(self, storage: BlockStorage, filters: Mapping[str, str]) -> None:
        super().__init__(storage.client, storage.identity)
        self.filters = filters

    def page(
        self, resource: Resource, query: Mapping[str, str | int], *, detail: bool = True, limit: float = CALL
    ) -> Page:
        return super().page(resource, {**self.filters, **query}, detail=detail, limit=limit)
