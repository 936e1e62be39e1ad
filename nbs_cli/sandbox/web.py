"""The sandbox's doors: one WSGI application with the paths, headers and codes that real servers have (owns falcon)."""

from __future__ import annotations

import re
import traceback
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import falcon

from nbs_cli.sandbox import bodies, desks, faults, identity, snapshots, volumes
from nbs_cli.sandbox.desks import answer, base
from nbs_cli.sandbox.refusals import KEYSTONE, Refused, crash
from nbs_cli.sandbox.settings import PREFIXES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from nbs_cli.sandbox.cloud import Cloud

IDENTITY = "/v2.0"
ROOTS = tuple(f"{prefix}/v2/" for prefix in PREFIXES.values())
NOT_FOUND = "The resource could not be found."


def application(cloud: Cloud) -> WSGIApplication:
    """Build the whole API of one cloud: identity, both regions' block storage, and what images and attaching need.

    It sets every header itself, `Date` included (by the sandbox's clock), so it needs no server around it.
    """
    app = _App(middleware=[_Gate(cloud)])
    app.add_error_handler(Exception, _broken)
    app.add_error_handler(falcon.HTTPError, _lost)
    app.add_error_handler(Refused, _Refusal(cloud))
    app.add_route(IDENTITY, desks.Identity(cloud), suffix="version")
    for name in ("tokens", "tenants"):
        app.add_route(f"{IDENTITY}/{name}", desks.Identity(cloud), suffix=name)
    for region, prefix in PREFIXES.items():
        app.add_route(prefix or "/", desks.Versions(prefix))
        app.add_route(f"{prefix}/v2", desks.Versions(prefix))
        app.add_route(f"{prefix}/v2/images/{{image_id}}", desks.Images(cloud, region))
        _open_storage(app, f"{prefix}/v2/{{tenant_id}}", cloud, region)
        _open_rest(app, f"{prefix}/v2/{{tenant_id}}", cloud, region)
    return app


def _open_storage(app: _App, root: str, cloud: Cloud, region: str) -> None:
    places: dict[str, desks.Desk] = {
        "types": desks.Types(cloud, region),
        "volumes": desks.Volumes(cloud, region, volumes, "volume"),
        "snapshots": desks.Things(cloud, region, snapshots, "volume:snapshot"),
    }
    for noun, desk in places.items():
        app.add_route(f"{root}/{noun}", desk)
        app.add_route(f"{root}/{noun}/{{identifier}}", desk, suffix="one")
    for noun, rule in (("volumes", "volume"), ("snapshots", "volume:snapshot")):
        labels = desks.Labels(cloud, region, noun, rule)
        app.add_route(f"{root}/{noun}/detail", places[noun], suffix="detail")
        app.add_route(f"{root}/{noun}/{{identifier}}/metadata", labels)
        app.add_route(f"{root}/{noun}/{{identifier}}/metadata/{{key}}", labels, suffix="one")
    app.add_route(f"{root}/volumes/{{identifier}}/action", places["volumes"], suffix="action")


def _open_rest(app: _App, root: str, cloud: Cloud, region: str) -> None:
    limits, compute = desks.Limits(cloud, region), desks.Compute(cloud, region)
    app.add_route(f"{root}/limits", limits)
    app.add_route(f"{root}/extensions", desks.Extensions(cloud, region))
    app.add_route(f"{root}/os-quota-sets/{{asked}}", limits, suffix="quotas")
    app.add_route(f"{root}/os-availability-zone", compute, suffix="zones")
    app.add_route(f"{root}/servers/{{server_id}}/os-volume_attachments", compute)
    app.add_route(f"{root}/servers/{{server_id}}/os-volume_attachments/{{volume_id}}", compute, suffix="one")


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
        if _is_identity(req) or req.path.rstrip("/") in PREFIXES.values():  # what may be asked without a token
            req.path = req.path.rstrip("/") or "/"
            return
        if (req.content_length or 0) > bodies.LARGEST:
            raise falcon.HTTPContentTooLarge
        with self._cloud.reading() as turn:
            req.context.token = identity.admit(turn, req.get_header("X-Auth-Token"), base(req))
        if req.path in ROOTS:
            req.path = req.path.rstrip("/")
        elif req.path.endswith("/"):  # falcon would take it for an empty ID
            raise falcon.HTTPNotFound

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _fine: bool) -> None:
        request_id = f"req-{uuid.uuid4()}"
        resp.set_header("X-Openstack-Request-Id", request_id)
        if not _is_identity(req) and "/v2/images/" not in req.path:
            resp.set_header("X-Compute-Request-Id", request_id)
        resp.set_header("Date", formatdate(self._cloud.moment(), usegmt=True))


def _is_identity(req: falcon.Request) -> bool:
    return req.path == IDENTITY or req.path.startswith(f"{IDENTITY}/")


class _Refusal:
    """How a refusal is answered: as JSON, but a bad token by an older server as text (facts, section 4.1)."""

    def __init__(self, cloud: Cloud) -> None:
        self._in_text = cloud.settings.text_401

    def __call__(self, req: falcon.Request, resp: falcon.Response, refused: Refused, _params: object) -> None:
        answer(resp, refused.status, faults.body(refused))
        resp.set_headers(refused.headers)
        if self._in_text and refused.fault == KEYSTONE and not _is_identity(req):
            resp.content_type, resp.data = "text/html", b"Authentication required"
            resp.set_header("WWW-Authenticate", f"Keystone uri='{base(req)}'")


def _lost(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _params: object) -> None:
    """Unknown path and wrong method alike are 404; only a body that is too large is told apart."""
    if isinstance(error, falcon.HTTPContentTooLarge):
        text = f"Request is too large. Larger than max_request_body_size ({bodies.LARGEST})."
        answer(resp, 413, faults.from_below("413 Request Entity Too Large", text))
    elif _is_identity(req):
        answer(resp, 404, faults.nowhere(base(req) + req.path))
    else:
        answer(resp, 404, faults.from_below("404 Not Found", NOT_FOUND))
    if req.method == "HEAD":
        answer(resp, 404, None)


def _broken(req: falcon.Request, resp: falcon.Response, _error: Exception, _params: object) -> None:
    traceback.print_exc(file=req.env["wsgi.errors"])
    answer(resp, 500, faults.body(crash()))
