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

    @property
    def writes(self) -> bool:
        """Whether its user may change anything."""
        return next((user.writes for user in USERS.values() if user.id == self.user_id), False)


def issue(turn: Turn, body: Any, base: str) -> Record:
    """`{"access": ...}`, with a catalog below the address `base`; without a tenant, an empty one.

    Raises Refused in Keystone's shape: 400 for what cannot be read, one and the same 401 for all that is wrong.
    """
    auth, credentials = _credentials(body)
    user = _user(credentials, base)
    tenant = _tenant_of(user, auth, base)
    token_id = _register(turn, user, None if tenant is None else tenant.id)
    return {"access": _access(turn, user, tenant, token_id, base)}


def tenants(token: Token) -> Record:
    """`{"tenants": [...], "tenants_links": []}`: those that the token's user may use."""
    mine = next((user.tenants for user in USERS.values() if user.id == token.user_id), ())
    told = [_tenant(TENANTS[tenant_id]) for tenant_id in mine if TENANTS[tenant_id].enabled]
    return {"tenants": told, "tenants_links": []}


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


def _user(credentials: Mapping[str, Any], base: str) -> User:
    username = credentials["username"]
    user = USERS.get(username) if isinstance(username, str) else None
    if user is None or credentials["password"] != user.password:
        raise unidentified(base)
    if not user.enabled:
        raise unidentified(base, f"The account is disabled for user: {user.id}.")
    return user


def _tenant_of(user: User, auth: Mapping[str, Any], base: str) -> Tenant | None:
    """The tenant that is asked for by ID or, as the protocol allows, by name; None for a token without one."""
    asked = auth.get("tenantId") or auth.get("tenantName") or None
    if asked is None:
        return None
    for tenant_id in user.tenants:
        tenant = TENANTS[tenant_id]
        if tenant.enabled and asked in (tenant.id, tenant.name):
            return tenant
    raise unidentified(base)


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
        services += [_service("compute", "nova", volumes), _service("volumev2", "cinderv2", volumes)]
    return services


def _service(kind: str, name: str, addresses: Mapping[str, str]) -> Record:
    endpoints = [{"region": region, "publicURL": address} for region, address in addresses.items()]
    return {"type": kind, "name": name, "endpoints": endpoints}
