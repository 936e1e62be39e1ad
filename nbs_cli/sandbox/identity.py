"""The identity service: tokens for passwords, and the service catalog that comes with them (facts, section 1)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbs_cli.sandbox.refusals import unidentified, unreadable
from nbs_cli.sandbox.settings import PREFIXES, REGIONS, TENANTS, USERS, Tenant, User
from nbs_cli.sandbox.turns import Record, Turn, stamp, zulu

ROLE_ID = "9fe2ff9ee4384b1894a90878d3e92bab"


@dataclass(frozen=True, kw_only=True)
class Token:
    """Who asks, and for which tenant; an unscoped token has none."""

    user_id: str
    tenant_id: str | None


def issue(turn: Turn, body: Any, base: str) -> Record:
    """`{"access": ...}`, with a catalog below the address `base`; without a tenant, an empty one.

    Raises Refused in Keystone's shape: 400 for what cannot be read, one and the same 401 for all that is wrong.
    """
    auth, credentials = _credentials(body)
    username, tenant_id = credentials["username"], auth.get("tenantId") or None
    user = USERS.get(username) if isinstance(username, str) else None
    if user is None or credentials["password"] != user.password:
        raise unidentified(base)
    if tenant_id is not None and tenant_id not in user.tenants:
        raise unidentified(base)
    tenant = None if tenant_id is None else TENANTS[tenant_id]
    return {"access": _access(turn, user, tenant, _register(turn, user, tenant_id), base)}


def admit(turn: Turn, token_id: str | None, base: str) -> Token:
    """Whose token this is. Raises Refused (401): missing, unknown and expired are all alike."""
    row = turn.db.execute(
        "SELECT user_id, tenant_id FROM tokens WHERE id = ? AND expires > ?", (token_id, turn.moment)
    ).fetchone()
    if row is None:
        raise unidentified(base)
    return Token(user_id=row["user_id"], tenant_id=row["tenant_id"])


def _credentials(body: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    auth = _part(body, "auth", "request body")
    credentials = _part(auth, "passwordCredentials", "auth")
    if not credentials.get("username"):
        raise unreadable("username or userId", "passwordCredentials")
    if "password" not in credentials:
        raise unreadable("password", "passwordCredentials")
    return auth, credentials


def _part(whole: Any, name: str, where: str) -> Mapping[str, Any]:
    part = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(part, dict):
        raise unreadable(name, where)
    return part


def _register(turn: Turn, user: User, tenant_id: str | None) -> str:
    token_id = uuid.uuid4().hex
    turn.db.execute("DELETE FROM tokens WHERE expires <= ?", (turn.moment,))
    turn.db.execute(
        "INSERT INTO tokens (id, user_id, tenant_id, expires) VALUES (?, ?, ?, ?)",
        # Whole seconds, as `expires` is told: a token must not live longer, or shorter, than its answer says.
        (token_id, user.id, tenant_id, int(turn.moment + turn.settings.token_life)),
    )
    return token_id


def _access(turn: Turn, user: User, tenant: Tenant | None, token_id: str, base: str) -> Record:
    token: Record = {
        "id": token_id,
        "expires": zulu(turn.moment + turn.settings.token_life),
        "issued_at": stamp(turn.moment),
    }
    if tenant is not None:
        token["tenant"] = _tenant(tenant)
    return {
        "token": token,
        "serviceCatalog": [] if tenant is None else _catalog(tenant, base),
        "user": {
            "id": user.id,
            "username": user.label,
            "name": user.label,
            "roles": [] if tenant is None else [{"name": "project_admin"}],
            "roles_links": [],
        },
        "metadata": {"roles": [] if tenant is None else [ROLE_ID], "is_admin": 0},
    }


def _tenant(tenant: Tenant) -> Record:
    told: Record = {
        "id": tenant.id,
        "name": tenant.name,
        "groupId": "sandbox-group",
        "description": "",
        "enabled": True,
        "project_domain": "NORMAL",
    }
    return {**told, "swift": True} if tenant.swift else told


def _catalog(tenant: Tenant, base: str) -> list[Record]:
    everywhere = {region: base + PREFIXES[region] for region in REGIONS}
    services = [
        _service("identity", "keystone", dict.fromkeys(REGIONS, f"{base}/v2.0")),
        _service("image", "glance", everywhere),
    ]
    if not tenant.swift:
        volumes = {region: f"{root}/v2/{tenant.id}" for region, root in everywhere.items()}
        services.append(_service("volumev2", "cinderv2", volumes))
    return services


def _service(kind: str, name: str, addresses: Mapping[str, str]) -> Record:
    endpoints = [{"region": region, "publicURL": address} for region, address in addresses.items()]
    return {"type": kind, "name": name, "endpoints": endpoints}
