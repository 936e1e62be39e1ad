"""Which proxy a request goes through: HTTPS_PROXY or ALL_PROXY, unless NO_PROXY names the host.

People write more into NO_PROXY than Python and httpx read: networks, `*.svc`, addresses in brackets. Whatever stands
there is read or passed over, and never a crash (faults.md A21).
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass


class Proxy(NamedTuple):
    """A proxy's URL as the environment has it."""

    url: str

    @property
    def name(self) -> str:
        """Host and port as people may see them: without what stands before an `@`."""
        return self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password in the URL, as it is written and as it is meant."""
        before = self.url.partition("://")[2].partition("/")[0].rpartition("@")[0]
        password = before.partition(":")[2]
        return (password, unquote(password)) if password else ()


def proxy_of(url: str) -> Proxy | None:
    """The proxy for *url* (https), None where it is asked directly."""
    parts = urlsplit(url)
    known = getproxies()
    chosen = known.get(parts.scheme) or known.get("all")
    if not chosen or proxy_bypass(parts.netloc) or _excepted(parts.hostname or "", known.get("no", "")):
        return None
    return Proxy(chosen if "://" in chosen else f"http://{chosen}")


def _excepted(host: str, exceptions: str) -> bool:
    """Whether one of *exceptions* (commas between) is a domain of *host*, or a network that its address lies in."""
    return any(_covers(entry.strip().lower(), host.lower()) for entry in exceptions.split(",") if entry.strip())


def _covers(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        domain = entry.lstrip("*").lstrip(".")
        return bool(domain) and (host == domain or host.endswith("." + domain))
