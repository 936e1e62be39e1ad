"""One request, as data: what goes out, where to, and how long it may take; httpx is not needed to say so."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from nbs_cli import __version__
from nbs_cli.cloud.deadline import CALL
from nbs_cli.errors import Usage
from nbs_cli.output.words import _


class Request(NamedTuple):
    """One request: absolute URL, JSON body, token for `X-Auth-Token`, seconds it may take.

    `repeatable` is true for what may be sent again without harm (GET, DELETE).
    """

    method: str
    url: str
    token: str | None = None
    body: Any = None
    limit: float = CALL

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no harm."""
        return self.method in {"GET", "DELETE"}

    @property
    def host(self) -> str:
        """The host that it goes to, with its port; without what might stand before an `@`."""
        return split(self.url).netloc.rpartition("@")[2]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the guide, and what keeps the answer plain JSON of a known size."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"nbs/{__version__}"}
        if self.token is not None:
            headers["X-Auth-Token"] = self.token
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def check_url(self) -> None:
        """Raise Usage for anything but https, and http to this machine: a token would travel in the open."""
        parts = split(self.url)
        if "@" in parts.netloc:
            raise Usage(_("the address of {host} holds a user name; it is not sent").format(host=self.host))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Usage(_("{url!r} is no https:// address").format(url=self.url.partition("?")[0]))
        if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            return
        raise Usage(
            _("{host} is not asked over plain http: a token would travel in the open").format(
                host=self.host or self.url
            ),
            hint=_("name an https:// address; plain http is only for this machine"),
        )


@cache
def is_loopback(host: str) -> bool:
    """Whether *host* (a name or an address, without port) is this machine (RFC 6761: `*.localhost` too)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split(url: str) -> SplitResult:
    """Take *url* apart; raises Usage for what is no address."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 raises for a port that is none
    except ValueError as error:
        raise Usage(_("{url!r} is no address: {error}").format(url=url, error=error)) from error
    return parts
