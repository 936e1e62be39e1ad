"""The requests of the guide over any resource: a page, one, create, delete, act; a dead token renewed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, quote, urlencode

from nbs_cli.cloud.answers import Answer
from nbs_cli.cloud.deadline import CALL, CREATE
from nbs_cli.cloud.request import Request
from nbs_cli.cloud.resources import IMAGE, VOLUME, Resource
from nbs_cli.errors import Nonsense, Unauthorized, Usage
from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.cloud.client import Client
    from nbs_cli.cloud.identity import Identity

Record = dict[str, Any]


class Page(NamedTuple):
    """Rows of a list, and the marker of the next page when the server gave a link to one."""

    rows: list[Record]
    marker: str | None


class BlockStorage:
    """The block storage of one tenant in one region."""

    def __init__(self, client: Client, identity: Identity) -> None:
        self.client = client
        self.identity = identity

    def page(
        self, resource: Resource, query: Mapping[str, str | int], *, detail: bool = True, limit: float = CALL
    ) -> Page:
        """One page of a list: `GET /{path}` or, where the resource has both, `GET /{path}/detail`; in *limit* seconds.

        *query* goes out as it is. Raises Nonsense when the answer is no list of objects with an ID.
        """
        path = f"/{resource.path}/detail" if detail and resource.brief else f"/{resource.path}"
        body = self.request("GET", path + (f"?{urlencode(query)}" if query else ""), limit=limit).body
        rows = body.get(resource.plural) if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(rows, list) or not all(_has_id(row) for row in rows):
            raise _not_documented(resource.plural)
        return Page(rows, _next_marker(body, resource))

    def get(self, resource: Resource, resource_id: str, *, limit: float = CALL) -> Record:
        """`GET /{path}/{id}`: the record of one resource, with its undocumented keys; in *limit* seconds.

        Raises NotFound, and Nonsense when the answer lacks ID or status, or is of another resource.
        """
        record = _record(self.request("GET", _path(resource, resource_id), limit=limit).body, resource.name)
        if record["id"].lower() != resource_id.lower():
            raise _not_documented(resource.name)  # whoever goes on with it would delete what nobody named
        return record

    def create(self, resource: Resource, body: Record) -> Record:
        """`POST /{path}` with *body* under the resource's name; sent once (a refused token aside)."""
        answer = self.request("POST", f"/{resource.path}", {resource.name: body}, limit=CREATE)
        return _record(answer.body, resource.name)

    def delete(self, resource: Resource, resource_id: str) -> None:
        """`DELETE /{path}/{id}`: accepted, not yet done."""
        self.request("DELETE", _path(resource, resource_id))

    def upload_image(self, volume_id: str, body: Record) -> Record:
        """`POST /volumes/{id}/action` with `os-volume_upload_image` (guide: 블록 스토리지로 이미지 생성하기)."""
        action = IMAGE.name
        answer = self.request("POST", _path(VOLUME, volume_id) + "/action", {action: body}, limit=CREATE)
        inner = answer.body.get(action) if isinstance(answer.body, dict) else None
        if not isinstance(inner, dict):
            raise _not_documented(action)
        return inner

    def image(self, image_id: str) -> Record | None:
        """`GET {image}/v2/images/{id}` of the image service in the catalog; None where there is none."""
        base = self.identity.image_endpoint
        if base is None:
            return None
        body = self._with_token("GET", f"{base}/v2/images/{quote(image_id, safe='')}", None, CALL).body
        return body if isinstance(body, dict) else None

    def request(self, method: str, path: str, body: Any = None, *, limit: float = CALL) -> Answer:
        """Send *method* to *path* below the tenant's endpoint (`/volumes/…`), with the token."""
        return self._with_token(method, self.identity.endpoint + path, body, limit)

    def _with_token(self, method: str, url: str, body: Any, limit: float) -> Answer:
        """Send with the token; when it is refused, log in anew once and send once more."""
        token = self.identity.token
        try:
            return self.client.send(Request(method, url, token, body, limit))
        except Unauthorized as failure:
            if failure.http_status != 401:
                raise
            token = self.identity.renew(token)
        return self.client.send(Request(method, url, token, body, limit))


def _path(resource: Resource, resource_id: str) -> str:
    if not resource_id.strip("."):  # a path would be walked up
        raise Usage(_("{text!r} is no ID").format(text=resource_id))
    return f"/{resource.path}/{quote(resource_id, safe='')}"


def _record(body: Any, envelope: str) -> Record:
    record = body.get(envelope) if isinstance(body, dict) else None
    if not isinstance(record, dict) or not _has_id(record) or not isinstance(record.get("status"), str):
        raise _not_documented(envelope)
    return record


def _has_id(row: Any) -> bool:
    return isinstance(row, dict) and _is_id(row.get("id"))


def _is_id(value: Any) -> bool:
    """An ID goes into paths, markers and files: letters that anything can carry, and more than dots."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and bool(value.strip(". "))


def _not_documented(what: str) -> Nonsense:
    return Nonsense(
        _("the server's answer holds no `{what}` as the guide documents it").format(what=what),
        hint=_("`--debug` shows the answer"),
    )


def _next_marker(body: Record, resource: Resource) -> str | None:
    """Take only the marker from the next link: its host, scheme and offset are not to be trusted (facts.md §3.4)."""
    links = body.get(f"{resource.plural}_links") or body.get(f"{resource.name}_links")
    for link in links if isinstance(links, list) else [links]:
        if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str):
            markers = parse_qs(link["href"].partition("?")[2].partition("#")[0]).get("marker")
            return markers[-1] if markers and _is_id(markers[-1]) else None
    return None
