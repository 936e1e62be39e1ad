"""A set of credentials, and the access that a login with them gives: a token, its times, its service catalog.

Source: facts.md §1.2 (the answer of POST /v2.0/tokens), §1.3 (lifetime).
"""

from __future__ import annotations

import math
import re
import time
from typing import Any, NamedTuple

from nbs_cli.cloud.realms import Realm
from nbs_cli.errors import Failure
from nbs_cli.output.text import moment
from nbs_cli.output.words import _

HEADER = r"[\x21-\x7e]+"  # what a header can carry
_MARGIN, _SHORT_LIFE = 300.0, 60.0  # seconds: a token is not used in its last minutes
BLOCK_STORAGE, IMAGE_SERVICE = "volumev2", "image"


class Credentials(NamedTuple):
    """One set of credentials from one source.

    `source` says where they come from, for people. Either `token`, or `username` and `password`. `identity_url` has no
    `/v2.0`. `endpoint` is set when the user named one, `realm` when the identity service belongs to a known one.
    """

    source: str
    identity_url: str
    tenant_id: str
    realm: Realm | None = None
    region: str | None = None
    username: str | None = None
    password: str | None = None
    token: str | None = None
    endpoint: str | None = None


class Access(NamedTuple):
    """What a login gives: the token, its times as the server wrote them (UTC), its tenant, the service catalog."""

    token: str
    expires: str | None
    issued_at: str | None
    tenant_id: str | None
    catalog: tuple[dict[str, Any], ...]
    received: float = 0.0  # seconds since 1970 by this machine's clock

    def good(self, now: float) -> bool:
        """Whether the token still lives for a while at *now* (seconds since 1970).

        Its life is the server's own: from `issued_at` to `expires`, counted from when it was received, so that a clock
        that is wrong does no harm. Where the server's times cannot be read it is taken for short.
        """
        age = now - self.received
        life = self.life
        return age < life - min(_MARGIN, life / 10)

    @property
    def life(self) -> float:
        """How long the token lives from its receipt, in seconds."""
        begin, end = moment(self.issued_at or ""), moment(self.expires or "")
        return (end - begin).total_seconds() if begin and end else _SHORT_LIFE

    def trimmed(self) -> Access:
        """The same with the services that nbs uses alone: what is kept should be small."""
        services = [
            {"type": service, "endpoints": [{"region": region, "publicURL": url} for region, url in known]}
            for service in (BLOCK_STORAGE, IMAGE_SERVICE)
            if (known := self.endpoints(service))
        ]
        return self._replace(catalog=tuple(services))

    def endpoints(self, service: str) -> list[tuple[str, str]]:
        """The (region, public URL) pairs of *service* (a catalog type), malformed entries left out."""
        return [
            (endpoint["region"], endpoint["publicURL"])
            for entry in self.catalog
            if entry.get("type") == service
            for endpoint in _items(entry.get("endpoints"))
            if isinstance(endpoint, dict)
            and isinstance(endpoint.get("region"), str)
            and isinstance(endpoint.get("publicURL"), str)
        ]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def read_access(body: Any, credentials: Credentials) -> Access:
    """Read the answer to a login (facts.md §1.2); raises Failure for one that holds no token."""
    access = body.get("access") if isinstance(body, dict) else None
    token = access.get("token") if isinstance(access, dict) else None
    if not isinstance(access, dict) or not isinstance(token, dict) or not _is_token(token.get("id")):
        raise Failure(
            _("the answer of {url} holds no token").format(url=credentials.identity_url),
            hint=_("check the identity URL: it is the one before `/v2.0`"),
        )
    tenant = token.get("tenant")
    catalog = access.get("serviceCatalog")
    return Access(
        token=token["id"],
        expires=_text(token.get("expires")),
        issued_at=_text(token.get("issued_at")),
        tenant_id=_text(tenant.get("id")) if isinstance(tenant, dict) else None,
        catalog=tuple(entry for entry in _items(catalog) if isinstance(entry, dict)),
        received=time.time(),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def kept_access(data: Any) -> Access | None:
    """Read an access that was kept as JSON; None for anything else, so that what is broken mends itself."""
    if not isinstance(data, dict) or not _is_token(data.get("token")):
        return None
    received, times = data.get("received"), [data.get(key) for key in ("expires", "issued_at", "tenant_id")]
    if isinstance(received, bool) or not isinstance(received, int | float) or not math.isfinite(received):
        return None
    if not all(value is None or isinstance(value, str) for value in times):
        return None
    if not isinstance(data.get("catalog"), list):
        return None
    catalog = tuple(entry for entry in data["catalog"] if isinstance(entry, dict))
    access = Access(data["token"], times[0], times[1], times[2], catalog, received)
    return access if access.endpoints(BLOCK_STORAGE) or not data["catalog"] else None


def _is_token(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(HEADER, value) is not None
