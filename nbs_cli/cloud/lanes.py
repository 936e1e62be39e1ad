"""The ways out of the machine, each lent to one exchange at a time, and what is trusted on them (owns httpx).

httpx's own pool looks at every connection for each request, under one lock: with 32 requests at once that takes as long
as the requests themselves. Here each exchange takes the way that came back last, with the connection that it kept.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from nbs_cli.cloud import hashed
from nbs_cli.cloud.proxies import Proxy
from nbs_cli.cloud.trace import Trace
from nbs_cli.errors import Unavailable, Usage
from nbs_cli.output.words import _

Application = Callable[..., Any]
_Kind = tuple[bool, Proxy | None]  # whether it is encrypted, and through which proxy it goes


class Lanes:
    """As many ways out as were ever needed at once; one that nobody waits for any more does not come back.

    *ca_bundle* is a file of certificates trusted instead of the system's; *application* is a WSGI application that
    stands for the network (the sandbox).
    """

    def __init__(self, trace: Trace, ca_bundle: str | None, application: Application | None) -> None:
        self._trace = trace
        self._ca_bundle = ca_bundle
        self._application = application
        self._idle: dict[_Kind, list[httpx.BaseTransport]] = {}
        self._quick = ca_bundle is None  # the system's folder of hashed certificates has sufficed so far
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, *, secure: bool, proxy: Proxy | None, kept: bool) -> Iterator[httpx.BaseTransport]:
        """Lend a way: one whose connection is *kept* for the next exchange, or a new one that is closed behind it.

        A server may close an idle connection at the very moment that a request leaves on it, and then nobody knows:
        what may not be sent twice wants a connection of its own.
        """
        kind = (secure, proxy)
        with self._lock:
            idle = self._idle.setdefault(kind, [])
            lane = idle.pop() if kept and idle else self._open(kind)
        try:
            yield lane
        finally:
            if kept:
                idle.append(lane)
            else:
                lane.close()

    def distrust(self, error: Exception) -> bool:
        """Whether *error* may be gone when all is read that the system trusts, which is done from now on."""
        with self._lock:
            if not self._quick or not hashed.unknown(error):
                return False
            self._quick = False
            self._idle = {kind: idle for kind, idle in self._idle.items() if not kind[0]}
            return True

    def close(self) -> None:
        """Close the connections that were kept."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _open(self, kind: _Kind) -> httpx.BaseTransport:
        secure, proxy = kind
        if secure:
            return self._secure(proxy)
        if self._application is not None:
            return httpx.WSGITransport(app=self._application)
        return httpx.HTTPTransport(verify=self._nobody, trust_env=False)  # loopback, which no proxy may see

    def _secure(self, proxy: Proxy | None) -> httpx.BaseTransport:
        tls = (self._quick and self._hashed) or self._tls
        if proxy is None:
            return httpx.HTTPTransport(verify=tls, trust_env=False)
        self._trace.keep(*proxy.secrets)
        try:
            return httpx.HTTPTransport(verify=tls, trust_env=False, proxy=proxy.url)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise Unavailable(
                _("the proxy {proxy} of the environment cannot be used: {error}").format(
                    proxy=proxy.name, error=self._trace.mask(str(error))
                ),
                hint=_("check HTTPS_PROXY, ALL_PROXY and NO_PROXY"),
            ) from error

    @cached_property
    def _nobody(self) -> ssl.SSLContext:
        """What trusts nobody: plain http has no use for a context, and reading the system's takes 17 ms."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def _hashed(self) -> ssl.SSLContext | None:
        return hashed.context()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return _context(self._ca_bundle)


def _context(ca_bundle: str | None) -> ssl.SSLContext:
    """Trust what the system trusts, or *ca_bundle* alone."""
    if ca_bundle is not None and not Path(ca_bundle).is_file():
        raise Usage(_("there is no file of certificates at {path}").format(path=ca_bundle))
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except ssl.SSLError as error:
        raise Usage(_("{path} holds no certificates").format(path=ca_bundle)) from error
    paths = ssl.get_default_verify_paths()
    if ca_bundle is None and not (paths.cafile or paths.capath) and not context.get_ca_certs():
        # a Python without the system's certificates (python.org's for macOS): httpx brings Mozilla's
        return httpx.create_ssl_context()
    return context
