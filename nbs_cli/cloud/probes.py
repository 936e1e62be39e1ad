"""Steps on the way to a server, each by itself, for the doctor: proxy, name, connection, certificate.

Nothing is sent here but what opens a connection; no token and no password comes near.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from nbs_cli.cloud.request import is_loopback, split
from nbs_cli.errors import Unavailable
from nbs_cli.output.words import _

_PATIENCE = 5.0  # seconds for a step
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_DAY = 86_400.0


class Address(NamedTuple):
    """Where a URL leads: a host, a port, and whether TLS is spoken there."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def address(url: str) -> Address:
    """Read *url*; raises Usage for one that is none."""
    parts = split(url)
    secure = parts.scheme == "https"
    return Address(parts.hostname or "", parts.port or (443 if secure else 80), secure)


def proxy(target: Address, environ: Mapping[str, str]) -> tuple[str, Address] | None:
    """The variable that names a proxy for *target*, and where it is; None where none is used.

    Only addresses with TLS go through one: loopback never does. A user and password of the proxy are not kept.
    """
    if not target.secure or is_loopback(target.host) or _excepted(target.host, environ):
        return None
    name = next((name for name in _PROXIES if environ.get(name)), None)
    if name is None:
        return None
    text = environ[name]
    parts = urlsplit(text if "://" in text else f"http://{text}")
    return name, Address(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), secure=False)


def _excepted(host: str, environ: Mapping[str, str]) -> bool:
    entries = (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")
    suffixes = [entry.strip().lstrip(".").lower() for entry in entries if entry.strip()]
    return any(one in {"*", host} or host.endswith(f".{one}") for one in suffixes)


def resolve(target: Address) -> list[str]:
    """The addresses of the host's name; raises Unavailable when nobody knows it."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(
            _("the name {host} cannot be looked up: {error}").format(host=target.host, error=error.strerror or error)
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(target: Address) -> float:
    """Open a connection and close it; gives the seconds that took. Raises Unavailable."""
    began = time.monotonic()
    try:
        socket.create_connection((target.host, target.port), _PATIENCE).close()
    except OSError as error:
        raise Unavailable(
            _("{address} takes no connection: {error}").format(address=target, error=error.strerror or error)
        ) from error
    return time.monotonic() - began


def certificate(target: Address, ca_bundle: str | None) -> float:
    """Shake hands and check the server's certificate against what the system, or *ca_bundle*, trusts.

    Gives the days that it is still valid; raises Unavailable with OpenSSL's reason.
    """
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
        with (
            socket.create_connection((target.host, target.port), _PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=target.host) as secured,
        ):
            shown = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise Unavailable(
            _("the certificate of {address} is not accepted: {error}").format(
                address=target, error=error.verify_message
            ),
            hint=_advice(error.verify_code),
        ) from error
    except OSError as error:  # ssl.SSLError is one
        raise Unavailable(_("no TLS with {address}: {error}").format(address=target, error=error)) from error
    return (ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()) / _DAY


def _advice(code: int) -> str | None:
    """What to do about a certificate that OpenSSL refuses with *code* (X509_V_ERR_…)."""
    if code in {18, 19, 20, 21}:  # nobody knows who signed it
        return _("where the network looks into TLS, ask for its certificate and name the file in NBS_CA_BUNDLE")
    if code in {9, 10}:  # not yet, or no longer
        today = f"{datetime.now().astimezone():%Y-%m-%d %H:%M (%Z)}"
        return _("by the clock of this machine it is {today}").format(today=today)
    return None
