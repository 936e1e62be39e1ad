"""Where a token may go: an endpoint with its tenant exactly once, on a host of the realm or of the user's own.

Source: trust.md, the HTTP module; facts.md §2.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult

from nbs_cli.cloud.access import Credentials
from nbs_cli.cloud.realms import within
from nbs_cli.cloud.request import is_loopback, split
from nbs_cli.errors import Failure, Usage
from nbs_cli.output.words import _

_HOST = r"[a-z0-9.:-]+"  # others see a host's end where Python does not


def with_tenant(endpoint: str, tenant_id: str) -> str:
    """Give *endpoint* ending in `/v2/{tenantId}` exactly once, whether it did or not.

    Raises Usage when it ends in another tenant.
    """
    base = endpoint.rstrip("/")
    head, _slash, last = base.rpartition("/")
    if head.endswith("/v2"):
        if last != tenant_id:
            raise Usage(
                _("the endpoint is of tenant {other}, the credentials are of {tenant}").format(
                    other=last, tenant=tenant_id
                )
            )
        return base
    return f"{base}/{tenant_id}" if base.endswith("/v2") else f"{base}/v2/{tenant_id}"


def check_origin(url: str, credentials: Credentials) -> None:
    """Refuse to send a token to *url* unless it lies in the realm, or on the host of a user's own identity URL.

    Raises Failure naming the host. Source: trust.md, the HTTP module.
    """
    try:
        trusted = _trusted(split(url), credentials)
    except Usage:
        trusted = False
    if not trusted:
        raise Failure(
            _("the service catalog names {host}, which is not of this cloud; no token goes there").format(
                host=url.partition("//")[2].partition("/")[0].rpartition("@")[2] or url
            ),
            hint=_("if you trust it, name it yourself with NBS_ENDPOINT"),
        )


def _trusted(parts: SplitResult, credentials: Credentials) -> bool:
    host = (parts.hostname or "").lower()
    identity = (split(credentials.identity_url).hostname or "").lower()
    if "@" in parts.netloc or not re.fullmatch(_HOST, host) or parts.scheme not in {"https", "http"}:
        return False
    if is_loopback(identity):
        return is_loopback(host)
    if parts.scheme != "https":
        return False
    return within(host, credentials.realm.domains) if credentials.realm else host == identity
