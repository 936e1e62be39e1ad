"""The sandbox's doors: one WSGI application with the paths, headers and codes that real servers have (owns falcon)."""

from __future__ import annotations

import json
import re
import traceback
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

import falcon

from nbs_cli.sandbox import actions, bodies, faults, identity, images, snapshots, types, volumes
from nbs_cli.sandbox.pages import Query
from nbs_cli.sandbox.refusals import Refused, bad
from nbs_cli.sandbox.settings import LAG, PREFIXES
from nbs_cli.sandbox.turns import Record, Scope, Turn

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from nbs_cli.sandbox.cloud import Cloud

IDENTITY = "/v2.0"
EMPTY = "text/html; charset=UTF-8"  # the type of an answer without a body
NOT_FOUND = "The resource could not be found."


def application(cloud: Cloud) -> WSGIApplication:
    """Build the whole API of one cloud: identity, both regions' block storage, and images.

    It sets every header itself, `Date` included (by the sandbox's clock), so it needs no server around it.
    """
    app = _App(middleware=[_Gate(cloud)])
    app.add_error_handler(Exception, _broken)
    app.add_error_handler(falcon.HTTPError, _lost)
    app.add_error_handler(Refused, _refused)
    app.add_route(f"{IDENTITY}/tokens", _Tokens(cloud))
    for region, prefix in PREFIXES.items():
        app.add_route(f"{prefix}/v2/images/{{image_id}}", _Images(cloud, region))
        _open_region(app, f"{prefix}/v2/{{tenant_id}}", cloud, region)
    return app


def _open_region(app: _App, root: str, cloud: Cloud, region: str) -> None:
    desks = {
        "types": _Types(cloud, region),
        "volumes": _Volumes(cloud, region, volumes),
        "snapshots": _Things(cloud, region, snapshots),
    }
    for noun, desk in desks.items():
        app.add_route(f"{root}/{noun}", desk)
        app.add_route(f"{root}/{noun}/{{identifier}}", desk, suffix="one")
        if noun != "types":
            app.add_route(f"{root}/{noun}/detail", desk, suffix="detail")
    app.add_route(f"{root}/volumes/{{identifier}}/action", desks["volumes"], suffix="action")


class _App(falcon.App[falcon.Request, falcon.Response]):
    """An application that also takes a path as httpx's WSGI transport sends it."""

    def __call__(self, env: dict[str, Any], start_response: Any) -> Any:
        path = env["PATH_INFO"]
        if any(ord(character) > 255 for character in path):  # decoded text, where PEP 3333 wants bytes as Latin-1
            env["PATH_INFO"] = path.encode().decode("latin-1")
        return super().__call__(env, start_response)


class _Gate:
    """What every request passes on its way in and out: size, token, request ID, date."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        req.path = re.sub("/+", "/", req.path)  # a double slash is accepted, a trailing one by identity only
        if _is_identity(req):
            req.path = req.path.rstrip("/")
            return
        if (req.content_length or 0) > bodies.LARGEST:
            raise falcon.HTTPContentTooLarge
        with self._cloud.reading() as turn:
            req.context.token = identity.admit(turn, req.get_header("X-Auth-Token"), _base(req))
        if req.path.endswith("/"):  # falcon would take it for an empty ID
            raise falcon.HTTPNotFound

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _fine: bool) -> None:
        request_id = f"req-{uuid.uuid4()}"
        resp.set_header("X-Openstack-Request-Id", request_id)
        if not _is_identity(req) and "/v2/images/" not in req.path:
            resp.set_header("X-Compute-Request-Id", request_id)
        resp.set_header("Date", formatdate(self._cloud.moment(), usegmt=True))


class _Tokens:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        body = bodies.for_identity(req.bounded_stream.read(), req.content_type)
        with self._cloud.writing() as turn:
            _answer(resp, 200, identity.issue(turn, body, _base(req)))


class _Desk:
    """One region's place for one noun."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        self._cloud = cloud
        self._region = region

    def _scope(self, req: falcon.Request, tenant_id: str) -> Scope:
        token: identity.Token = req.context.token
        if token.tenant_id != tenant_id:
            raise bad("Malformed request url")
        lag = float(req.get_header(LAG) or 0)  # only the front, which checked it, sends one
        return Scope(tenant_id=tenant_id, region=self._region, user_id=token.user_id, base=_base(req), lag=lag)


class _Types(_Desk):
    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        self._scope(req, tenant_id)
        _answer(resp, 200, types.page())

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        self._scope(req, tenant_id)
        _answer(resp, 200, types.show(identifier))


class _Noun(Protocol):
    """What a module offers for the requests that volumes and snapshots have in common."""

    def page(self, turn: Turn, scope: Scope, query: Query, *, detailed: bool) -> Record: ...

    def show(self, turn: Turn, scope: Scope, identifier: str, /) -> Record: ...

    def create(self, turn: Turn, scope: Scope, body: Any) -> Record: ...

    def delete(self, turn: Turn, scope: Scope, identifier: str, /) -> None: ...


class _Things(_Desk):
    def __init__(self, cloud: Cloud, region: str, noun: _Noun) -> None:
        super().__init__(cloud, region)
        self._noun = noun

    def on_get(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        with self._cloud.reading() as turn:
            _answer(resp, 200, self._noun.page(turn, self._scope(req, tenant_id), _query(req), detailed=False))

    def on_get_detail(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        with self._cloud.reading() as turn:
            _answer(resp, 200, self._noun.page(turn, self._scope(req, tenant_id), _query(req), detailed=True))

    def on_post(self, req: falcon.Request, resp: falcon.Response, tenant_id: str) -> None:
        body, scope = _body(req), self._scope(req, tenant_id)
        with self._cloud.writing() as turn:
            _answer(resp, 202, self._noun.create(turn, scope, body))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        with self._cloud.reading() as turn:
            _answer(resp, 200, self._noun.show(turn, self._scope(req, tenant_id), identifier))

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        with self._cloud.writing() as turn:
            self._noun.delete(turn, self._scope(req, tenant_id), identifier)
        _answer(resp, 202, None)


class _Volumes(_Things):
    def on_put_one(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        body, scope = _body(req), self._scope(req, tenant_id)
        with self._cloud.writing() as turn:
            _answer(resp, 200, volumes.update(turn, scope, identifier, body))

    def on_post_action(self, req: falcon.Request, resp: falcon.Response, tenant_id: str, identifier: str) -> None:
        body, scope = _body(req, empty=actions.unknown(None)), self._scope(req, tenant_id)
        with self._cloud.writing() as turn:
            _answer(resp, 202, actions.perform(turn, scope, identifier, body))


class _Images(_Desk):
    def on_get(self, req: falcon.Request, resp: falcon.Response, image_id: str) -> None:
        with self._cloud.reading() as turn:
            _answer(resp, 200, images.show(turn, req.context.token.tenant_id, self._region, image_id))


def _answer(resp: falcon.Response, status: int, record: Record | None) -> None:
    resp.status = status
    if record is None:
        resp.content_type, resp.data = EMPTY, b""
    else:  # ASCII-escaped, with ", " and ": ", as real servers write it
        resp.content_type, resp.data = falcon.MEDIA_JSON, json.dumps(record).encode()


def _query(req: falcon.Request) -> list[tuple[str, str]]:
    return parse_qsl(req.query_string, keep_blank_values=True)


def _base(req: falcon.Request) -> str:
    return f"{req.forwarded_scheme}://{req.forwarded_host}"


def _is_identity(req: falcon.Request) -> bool:
    return req.path == IDENTITY or req.path.startswith(f"{IDENTITY}/")


def _body(req: falcon.Request, empty: Exception | None = None) -> Any:
    # No body at all crashes real servers (observed, errors), unless an action is asked for.
    return bodies.for_storage(req.bounded_stream.read(), req.content_type, empty or faults.broken())


def _refused(_req: falcon.Request, resp: falcon.Response, refused: Refused, _params: object) -> None:
    _answer(resp, refused.status, faults.body(refused))
    resp.set_headers(refused.headers)


def _lost(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _params: object) -> None:
    """Unknown path and wrong method alike are 404; only a body that is too large is told apart."""
    if isinstance(error, falcon.HTTPContentTooLarge):
        text = f"Request is too large. Larger than max_request_body_size ({bodies.LARGEST})."
        _answer(resp, 413, faults.from_below("413 Request Entity Too Large", text))
    elif _is_identity(req):
        _answer(resp, 404, faults.nowhere(_base(req) + req.path))
    else:
        _answer(resp, 404, faults.from_below("404 Not Found", NOT_FOUND))
    if req.method == "HEAD":
        _answer(resp, 404, None)


def _broken(req: falcon.Request, resp: falcon.Response, _error: Exception, _params: object) -> None:
    traceback.print_exc(file=req.env["wsgi.errors"])
    _answer(resp, 500, faults.body(faults.broken()))
