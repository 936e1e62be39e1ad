"""Logging in, when a token is first needed and when one is refused; the endpoints of the region that is asked for.

Source: facts.md §1 (POST /v2.0/tokens) and §2 (realms); observed.md, identity.
"""

from __future__ import annotations

import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING

from nbs_cli.cloud.access import BLOCK_STORAGE, HEADER, IMAGE_SERVICE, Access, Credentials, read_access
from nbs_cli.cloud.endpoints import check_origin, with_tenant
from nbs_cli.cloud.request import Request
from nbs_cli.errors import Failure, LostAnswer, Nonsense, NotFound, Unauthorized, Unavailable, Usage, nearest
from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.cloud.client import Client
    from nbs_cli.local.secrets import Keeper

_TEXT = r"[^\x00-\x1f\x7f\ud800-\udfff]+"


class Identity:
    """Knows the token and the endpoints of one set of credentials; logs in when the token is first needed.

    *keeper* keeps the access of a profile between commands; without one every command logs in.
    """

    def __init__(self, client: Client, credentials: Credentials, keeper: Keeper | None = None) -> None:
        self.client = client
        self.credentials = credentials
        self._keeper = keeper
        self._access: Access | None = None
        self._lock = threading.Lock()
        client.trace.keep(credentials.password, credentials.token)
        check_token(credentials.token, _("the token from {source}").format(source=credentials.source), HEADER)

    @property
    def token(self) -> str:
        """A token: the given one, or that of the first login."""
        return self.credentials.token or self.access.token

    @property
    def access(self) -> Access:
        """The access of this set of credentials; one login however many threads ask."""
        with self._lock:
            if self._access is None:
                self._access = self._enter()
            return self._access

    def renew(self, refused: str) -> str:
        """Log in anew because the token *refused* was refused; once, however many threads ask.

        Raises Unauthorized when there is nothing to log in with.
        """
        if self.credentials.token is not None:
            raise Unauthorized(
                _("the token from {source} is not valid, or has expired").format(source=self.credentials.source),
                hint=_("get a new one: `nbs auth token` with a profile, or with user name and API password set"),
                http_status=401,
            )
        with self._lock:
            if self._access is None or self._access.token == refused:
                self.client.trace.note("the token was refused; logging in anew")
                self._access = self._enter(refused)
            return self._access.token

    def _enter(self, refused: str | None = None) -> Access:
        if self._keeper is None:
            return log_in(self.client, self.credentials)
        access = self._keeper.enter(
            lambda password: log_in(self.client, self.credentials._replace(password=password)), refused
        )
        self.client.trace.keep(access.token)
        return access

    @cached_property
    def endpoint(self) -> str:
        """The block storage endpoint, ending in `/v2/{tenantId}`, checked against the realm."""
        chosen = self.credentials.endpoint or self._documented() or self._of_catalog(BLOCK_STORAGE)
        return with_tenant(chosen, self.credentials.tenant_id)

    @property
    def image_endpoint(self) -> str | None:
        """The image service of the same region, without a version; None where the catalog has none."""
        if self.credentials.token is not None or not self.access.endpoints(IMAGE_SERVICE):
            return None
        return self._of_catalog(IMAGE_SERVICE).rstrip("/").removesuffix("/v2")

    def adopt(self, access: Access) -> None:
        """Go by *access*, whatever its age, without asking anybody."""
        self._access = access

    def region_of(self, access: Access) -> str:
        """The code of the wanted region as the catalog of *access* writes it.

        Raises what the endpoint would: no such region, none chosen of several, no block storage, no tenant.
        """
        self.adopt(access)
        self.endpoint  # noqa: B018 asked for what it raises
        return self._region(access.endpoints(BLOCK_STORAGE))

    def _documented(self) -> str | None:
        """With a token there is no catalog: the documented endpoint of realm and region is used."""
        credentials = self.credentials
        if credentials.token is None:
            return None
        if credentials.realm is None or credentials.region is None:
            raise Usage(
                _("a token alone does not say where the block storage is"),
                hint=_("set NBS_ENDPOINT, or NBS_REALM and NBS_REGION"),
            )
        known = [region.code for region in credentials.realm.regions]
        if credentials.region.upper() not in known:
            raise _no_region(credentials.region, known)
        return credentials.realm.endpoint(credentials.region, credentials.tenant_id)

    def _of_catalog(self, service: str) -> str:
        access = self.access
        if access.tenant_id is None:
            raise Unauthorized(
                _("the token is for no tenant: the identity service did not take the tenant ID"),
                hint=_("check the tenant ID (console: Compute > Instance > API endpoint settings)"),
            )
        offered = access.endpoints(service)
        if not offered:
            raise Unauthorized(
                _("this tenant has no block storage: its service catalog names no `{service}`").format(service=service),
                hint=_(
                    "the tenant ID of Object Storage is another one; take that of "
                    "Compute > Instance > API endpoint settings"
                ),
            )
        region = self._region(offered)
        url = next(url for code, url in offered if code == region)
        check_origin(url, self.credentials)
        return url

    def _region(self, offered: list[tuple[str, str]]) -> str:
        codes = sorted({code for code, _url in offered})
        wanted = self.credentials.region
        if wanted is None:
            if len(codes) == 1:
                return codes[0]
            raise Usage(
                _("no region is chosen; the service catalog offers {regions}").format(regions=", ".join(codes)),
                hint=_("say which with `--region` or NBS_REGION"),
            )
        for code in codes:
            if code.upper() == wanted.upper():
                return code
        raise _no_region(wanted, codes)


def _no_region(wanted: str, codes: list[str]) -> NotFound:
    return NotFound(
        _("there is no region {region} here").format(region=wanted),
        hint=nearest(wanted, codes, _("the regions are {names}"), whole=True),
    )


def log_in(client: Client, credentials: Credentials) -> Access:
    """Get a token for the credentials' tenant (`POST {identity}/v2.0/tokens`); never tried twice.

    Raises Unauthorized with the usual causes for a 401, and whatever `Client.send` raises.
    """
    check_token(credentials.username, _("the user name from {source}").format(source=credentials.source), _TEXT)
    check_token(credentials.password, _("the password from {source}").format(source=credentials.source), _TEXT)
    client.trace.keep(credentials.password)
    passwords = {"username": credentials.username, "password": credentials.password}
    body = {"auth": {"tenantId": credentials.tenant_id, "passwordCredentials": passwords}}
    try:
        answer = client.send(Request("POST", credentials.identity_url + "/v2.0/tokens", body=body))
    except Unauthorized as failure:
        failure.message = _("the identity service refused the login: {words}").format(words=failure.message)
        failure.hint = _(
            "the three usual causes:\n"
            "1. the API password is not the login password of the console; it is set there:\n"
            "   Compute > Instance > API endpoint settings\n"
            "2. the user name is the NHN Cloud account (an e-mail address) or the IAM account, not the API user ID\n"
            "3. the tenant ID (32 hexadecimal digits) is of another project or of Object Storage"
        )
        raise
    except LostAnswer as lost:
        # a login that was lost changed nothing: whoever waits for it must not take it for a lost create
        raise Unavailable(
            lost.message, hint=lost.hint, http_status=lost.http_status, request_id=lost.request_id
        ) from lost
    except Nonsense as nonsense:
        raise Failure(nonsense.message, hint=nonsense.hint) from nonsense
    access = read_access(answer.body, credentials)
    client.trace.keep(access.token)
    return access


def check_token(text: str | None, what: str, allowed: str) -> None:
    """Raise Usage for a secret that could not be sent as it is; it is named by *what* and never shown.

    *allowed* is a pattern of all that it may be.
    """
    if text is not None and not re.fullmatch(allowed, text):
        raise Usage(
            _("{what} holds characters that it cannot have").format(what=what),
            hint=_("look for a line end or a letter that does not belong to it"),
        )
