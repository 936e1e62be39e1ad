"""Who answers which path: one class per place of the API, each method a request (falcon calls them by name)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

import falcon

from nbs_cli.sandbox import (
    actions,
    attachments,
    bodies,
    identity,
    images,
    labels,
    quotas,
    types,
    versions,
    volumes,
)
from nbs_cli.sandbox.pages import Query
from nbs_cli.sandbox.refusals import bad, crash, forbidden
from nbs_cli.sandbox.rules import TRUE
from nbs_cli.sandbox.settings import LAG
from nbs_cli.sandbox.turns import Record, Scope, Turn

if TYPE_CHECKING:
    from nbs_cli.sandbox.cloud import Cloud

EMPTY = "text/html; charset=UTF-8"  # the type of an answer without a body


class Versions:
    """What there is: without a token at a region's root, with one below `/v2`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """300, as there might be several."""
        answer(resp, 200 if req.path.endswith("/v2") else 300, versions.storage(base(req) + self._prefix))


class Identity:
    """The identity service: its version, tokens, and a token's tenants."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def on_get_version(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say that this is 2.0."""
        answer(resp, 200, versions.identity(base(req)))

    def on_post_tokens(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give a token for a password."""
        body = bodies.for_identity(req.bounded_stream.read(), req.content_type)
        with self._cloud.writing() as turn:
            answer(resp, 200, identity.issue(turn, body, base(req)))

    def on_get_tenants(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the tenants that the token's user may use."""
        with self._cloud.reading() as turn:
            answer(resp, 200, identity.tenants(identity.admit(turn, req.get_header("X-Auth-Token"), base(req))))


class Desk:
    """One region's place for something."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        self._cloud = cloud
        self._region = region

    def _scope(self, req: falcon.Request, tenant_id: str) -> Scope:
        token: identity.Token = req.context.token
        if token.tenant_id != tenant_id:
            raise bad("Malformed request url")
        lag = float(req.get_header(LAG) or 0)  # only the front, which checked it, sends one
        return Scope(tenant_id=tenant_id, region=self._region, user_id=token.user_id, base=base(req), lag=lag)

    def _writer(self, req: falcon.Request, tenant_id: str, rule: str) -> Scope:
        scope = self._scope(req, tenant_id)
        if not req.context.token.writes:
            raise forbidden(rule)
        return scope


class Types(Desk):
    """Volume types."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """List them."""
        with self._cloud.reading() as turn:
            answer(resp, 200, types.page(turn, self._scope(req, tenant_id), _query(req)))

    def on_post(self, req: falcon.Request, _resp: falcon.Response, tenant_id: str) -> None:
        """Refuse a new one."""
        self._scope(req, tenant_id)
        raise forbidden("volume_extension:types_manage")

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Show one."""
        self._scope(req, tenant_id)
        answer(resp, 200, types.show(identifier))


class _Noun(Protocol):
    """What a module offers for the requests that volumes and snapshots have in common."""

    def page(self, turn: Turn, scope: Scope, query: Query, *, detailed: bool) -> Record: ...

    def show(self, turn: Turn, scope: Scope, identifier: str, /) -> Record: ...

    def create(self, turn: Turn, scope: Scope, body: Any) -> Record: ...

    def update(self, turn: Turn, scope: Scope, identifier: str, body: Any, /) -> Record: ...

    def delete(self, turn: Turn, scope: Scope, identifier: str, /) -> None: ...


class Things(Desk):
    """Volumes or snapshots."""

    def __init__(self, cloud: Cloud, region: str, noun: _Noun, rule: str) -> None:
        super().__init__(cloud, region)
        self._noun = noun
        self._rule = rule  # the first half of the policies' names

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """List them in brief."""
        with self._cloud.reading() as turn:
            answer(resp, 200, self._noun.page(turn, self._scope(req, tenant_id), _query(req), detailed=False))

    def on_get_detail(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """List them whole."""
        with self._cloud.reading() as turn:
            answer(resp, 200, self._noun.page(turn, self._scope(req, tenant_id), _query(req), detailed=True))

    def on_post(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """Create one."""
        body, scope = _body(req), self._writer(req, tenant_id, f"{self._rule}:create")
        with self._cloud.writing() as turn:
            answer(resp, 202, self._noun.create(turn, scope, body))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Show one."""
        with self._cloud.reading() as turn:
            answer(resp, 200, self._noun.show(turn, self._scope(req, tenant_id), identifier))

    def on_put_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Change the words of one."""
        body, scope = _body(req), self._writer(req, tenant_id, f"{self._rule}:update")
        with self._cloud.writing() as turn:
            answer(resp, 200, self._noun.update(turn, scope, identifier, body))

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Delete one."""
        scope = self._writer(req, tenant_id, f"{self._rule}:delete")
        with self._cloud.writing() as turn:
            self._delete(turn, scope, identifier, req)
        answer(resp, 202, None)

    def _delete(self, turn: Turn, scope: Scope, identifier: str, _req: falcon.Request) -> None:
        self._noun.delete(turn, scope, identifier)


class Volumes(Things):
    """Volumes, and what can be done to them."""

    def _delete(self, turn: Turn, scope: Scope, identifier: str, req: falcon.Request) -> None:
        volumes.delete(turn, scope, identifier, cascade=_switched(req, "cascade"))

    def on_post_action(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Do what the body says."""
        body, scope = _body(req, empty=actions.unknown(None)), self._writer(req, tenant_id, "volume:update")
        with self._cloud.writing() as turn:
            answer(resp, 202, actions.perform(turn, scope, identifier, body))


class Labels(Desk):
    """The metadata of one volume or snapshot."""

    def __init__(self, cloud: Cloud, region: str, table: str, rule: str) -> None:
        super().__init__(cloud, region)
        self._table = table
        self._rule = rule

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Show it."""
        with self._cloud.reading() as turn:
            answer(resp, 200, labels.show(turn, self._scope(req, tenant_id), self._table, identifier))

    def on_post(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Add to it."""
        self._change(req, resp, tenant_id, identifier, whole=False)

    def on_put(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        """Put other metadata in its place."""
        self._change(req, resp, tenant_id, identifier, whole=True)

    def on_delete_one(
        self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str, key: str
    ) -> None:
        """Take one key away."""
        scope = self._writer(req, tenant_id, f"{self._rule}:delete_volume_metadata")
        with self._cloud.writing() as turn:
            labels.remove(turn, scope, self._table, identifier, key)
        answer(resp, 200, None)

    def _change(
        self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str, *, whole: bool
    ) -> None:
        body, scope = _body(req), self._writer(req, tenant_id, f"{self._rule}:update_volume_metadata")
        with self._cloud.writing() as turn:
            answer(resp, 200, labels.change(turn, scope, self._table, identifier, body, whole=whole))


class Images(Desk):
    """The image service, as far as uploads need it."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, image_id: str) -> None:
        """Show an image."""
        with self._cloud.reading() as turn:
            answer(resp, 200, images.show(turn, req.context.token.tenant_id, self._region, image_id))


class Limits(Desk):
    """What a tenant may have."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """Tell the limits, and what is used."""
        with self._cloud.reading() as turn:
            answer(resp, 200, quotas.limits(turn, self._scope(req, tenant_id)))

    def on_get_quotas(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, asked: str) -> None:
        """Tell the same as a quota set, of one's own tenant only."""
        scope = self._scope(req, tenant_id)
        if asked != tenant_id:
            raise forbidden("volume_extension:quotas:show")
        with self._cloud.reading() as turn:
            answer(resp, 200, quotas.quota_set(turn, scope, usage=_switched(req, "usage")))


class Extensions(Desk):
    """What this API has beyond the first one: nothing that it boasts of."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """List none."""
        self._scope(req, tenant_id)
        answer(resp, 200, {"extensions": []})


class Compute(Desk):
    """The compute service, as far as attaching needs it; any UUID is an instance."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, server_id: str) -> None:
        """List an instance's volumes."""
        with self._cloud.reading() as turn:
            answer(resp, 200, attachments.page(turn, self._scope(req, tenant_id), server_id))

    def on_post(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, server_id: str) -> None:
        """Attach a volume."""
        body, scope = _body(req), self._writer(req, tenant_id, "os_compute_api:os-volumes-attachments:create")
        with self._cloud.writing() as turn:
            answer(resp, 200, attachments.begin(turn, scope, server_id, body))

    def on_get_one(
        self, req: falcon.Request, resp: falcon.Response, tenant_id: str, server_id: str, volume_id: str
    ) -> None:
        """Show one attachment."""
        with self._cloud.reading() as turn:
            answer(resp, 200, attachments.show(turn, self._scope(req, tenant_id), server_id, volume_id))

    def on_delete_one(
        self, req: falcon.Request, resp: falcon.Response, tenant_id: str, server_id: str, volume_id: str
    ) -> None:
        """Detach a volume."""
        scope = self._writer(req, tenant_id, "os_compute_api:os-volumes-attachments:delete")
        with self._cloud.writing() as turn:
            attachments.end(turn, scope, server_id, volume_id)
        answer(resp, 202, None)

    def on_get_zones(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        """List the availability zones."""
        self._scope(req, tenant_id)
        answer(resp, 200, attachments.zones(self._region))


def answer(resp: falcon.Response, status: int, record: Record | None) -> None:
    """Fill an answer with a record as JSON, or with no body."""
    resp.status = status
    if record is None:
        resp.content_type, resp.data = EMPTY, b""
    else:  # ASCII-escaped, with ", " and ": ", as real servers write it
        resp.content_type, resp.data = falcon.MEDIA_JSON, json.dumps(record).encode()


def base(req: falcon.Request) -> str:
    """Give the address that the request came to: scheme and host."""
    return f"{req.forwarded_scheme}://{req.forwarded_host}"


def _query(req: falcon.Request) -> list[tuple[str, str]]:
    return parse_qsl(req.query_string, keep_blank_values=True)


def _switched(req: falcon.Request, name: str) -> bool:
    return dict(_query(req)).get(name) in TRUE


def _body(req: falcon.Request, empty: Exception | None = None) -> Any:
    # No body at all crashes real servers (observed, errors), unless an action is asked for.
    return bodies.for_storage(req.bounded_stream.read(), req.content_type, empty or crash())
