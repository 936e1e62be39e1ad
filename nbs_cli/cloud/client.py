"""JSON over HTTPS: one exchange with a hard end, a cap on its size, retries that do no harm, no redirects.

httpx's time-outs are per operation, so a server that drips a byte a second never trips them. Every exchange therefore
runs in a thread of its own that is left behind when its time is up. Source: trust.md, the HTTP module.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from functools import partial
from typing import Any

import httpx

from nbs_cli.cloud.answers import Answer, error_words, parse, request_id
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.lanes import Application, Lanes
from nbs_cli.cloud.proxies import Proxy, proxy_of
from nbs_cli.cloud.request import Request
from nbs_cli.cloud.retries import SENDS, Budget, pause, wished
from nbs_cli.cloud.speakers import Speakers
from nbs_cli.cloud.trace import Trace
from nbs_cli.errors import Failure, LostAnswer, Nonsense, Unavailable, Usage, from_response
from nbs_cli.output.text import duration
from nbs_cli.output.words import _

LARGEST = 16 * 1024 * 1024  # bytes of one answer: a page of 1,000 volumes is about 1 MB
_ERRNO = r"^\[Errno -?\d+\] "  # says nothing to a person that the words behind it do not
_CONNECT = 10.0  # seconds until an address counts as dead


class _Exchange:
    """What the thread of one exchange leaves behind."""

    def __init__(self) -> None:
        self.sent = False
        self.abandoned = False
        self.proxy: Proxy | None = None
        self.lock = threading.Lock()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.raw = b""
        self.error: BaseException | None = None
        self.done = threading.Event()

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """Remember when the first byte leaves (httpx's `trace` extension); none leaves after it was given up.

        What is said to a proxy to open the way is not the request.
        """
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.leave()

    def leave(self) -> None:
        """The request goes out now; raises TimeoutError when nobody waits for it any more."""
        with self.lock:
            if self.abandoned:
                raise TimeoutError
            self.sent = True

    def abandon(self) -> bool:
        """Nobody waits any more; gives whether the request went out before."""
        with self.lock:
            self.abandoned = True
            return self.sent


class Client:
    """Speaks HTTP for one command.

    *deadline* ends everything; *trace* masks secrets and shows the conversation; *ca_bundle* is a file of certificates
    trusted instead of the system's; *application* is a WSGI application that stands for the network (the sandbox).
    """

    def __init__(
        self,
        *,
        deadline: Deadline,
        trace: Trace,
        ca_bundle: str | None = None,
        application: Application | None = None,
    ) -> None:
        self.deadline = deadline
        self.trace = trace
        self.date: str | None = None  # the last `Date` header: the server's clock
        self._application = application
        self._lanes = Lanes(trace, ca_bundle, application)
        self._speakers = Speakers()
        self.budget = Budget()  # of all that is sent again in this command

    def send(self, request: Request) -> Answer:
        """Send *request* and give its successful answer.

        Raises a Failure for every other one: by its HTTP status and fault (`errors.from_response`), Unavailable when
        no answer came and none can have been caused, LostAnswer when the request may have been processed, Nonsense for
        an answer that is not the API's. Repeatable requests are sent up to four times inside the deadline, and inside
        the budget that all requests of this client share.
        """
        request.check_url()
        self.trace.keep(request.token)
        lost = False
        for attempt in range(1, SENDS + 1):
            try:
                return self._once(request)
            except Failure as failure:
                failure.resent = lost
                lost = lost or isinstance(failure, LostAnswer)
                seconds = pause(request, failure, attempt, self.deadline, self.budget)
                if seconds is None:
                    raise
                self.trace.note(f"{failure.message}; again in {seconds:.1f} s")
                time.sleep(seconds)
        raise AssertionError  # the last attempt returns or raises

    def close(self) -> None:
        """Close the connections that were opened, and end the threads."""
        self._speakers.close()
        self._lanes.close()

    def _once(self, request: Request) -> Answer:
        exchange = self._exchange(request)
        if exchange.status // 100 == 3:
            target = exchange.headers.get("location", "?")
            raise Nonsense(
                _("{host} wants to redirect to {target}; that is never followed").format(
                    host=request.host, target=self.trace.mask(target)
                ),
                http_status=exchange.status,
            )
        if exchange.status // 100 != 2:
            raise self._refusal(exchange)
        self.budget.earn()
        raw, exchange.raw = exchange.raw, b""  # httpx's response and its stream hold each other, and the exchange
        return Answer(exchange.status, exchange.headers, parse(raw, request.host))

    def _refusal(self, exchange: _Exchange) -> Failure:
        fault, words = error_words(exchange.raw)
        retry_after = exchange.headers.get("retry-after")
        failure = from_response(
            exchange.status,
            fault,
            self.trace.mask(words),
            request_id=self.trace.mask(request_id(exchange.headers) or "") or None,
            retry_after=retry_after,
        )
        failure.retry_after = wished(retry_after)
        return failure

    def _exchange(self, request: Request) -> _Exchange:
        limit = self.deadline.left(request.limit)
        exchange = _Exchange()
        self.trace.sent(request.method, request.url, request.headers, request.body)
        if not limit:
            raise _silence(request, limit, sent=False)
        began = time.monotonic()
        self._speakers.speak(partial(self._run, request, exchange, limit), exchange.done)
        if not exchange.done.wait(limit):
            raise _silence(request, limit, sent=exchange.abandon())
        if exchange.error is not None:
            raise _failure_of(exchange.error, request, exchange) from exchange.error
        self.date = exchange.headers.get("date", self.date)
        self.trace.received(exchange.status, exchange.headers, exchange.raw, time.monotonic() - began)
        return exchange

    def _run(self, request: Request, exchange: _Exchange, limit: float) -> None:
        try:
            self._speak_to_trusted(request, exchange, limit)
        except BaseException as error:  # noqa: BLE001 the thread has no caller: the main thread raises what it finds
            exchange.error = error

    def _speak_to_trusted(self, request: Request, exchange: _Exchange, limit: float) -> None:
        """Speak to who has a certificate in the system's hashed folder, or else is trusted by all that it trusts."""
        try:
            self._speak(request, exchange, limit)
        except httpx.ConnectError as error:
            if not self._lanes.distrust(error):
                raise
            self._speak(request, exchange, limit)

    def _speak(self, request: Request, exchange: _Exchange, limit: float) -> None:
        secure = request.url.startswith("https:")
        exchange.proxy = proxy_of(request.url) if secure else None
        if self._application is not None:
            exchange.leave()  # in process there is no connection whose events could tell
        with self._lanes.lend(secure=secure, proxy=exchange.proxy, kept=request.repeatable) as lane:
            response = lane.handle_request(_outgoing(request, exchange, limit))
            try:
                _read(response, request, exchange)
            finally:
                response.close()


def _outgoing(request: Request, exchange: _Exchange, limit: float) -> httpx.Request:
    # a little more than the limit: who waits outside says in words that the time is up
    timeout = httpx.Timeout(limit + 1, connect=min(_CONNECT, limit + 1))
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        json=request.body,
        extensions={"timeout": timeout.as_dict(), "trace": exchange.watch},
    )


def _read(response: httpx.Response, request: Request, exchange: _Exchange) -> None:
    """Read the answer into *exchange*, in pieces and up to the cap."""
    exchange.headers = {name.lower(): value for name, value in response.headers.items()}
    if exchange.headers.get("content-encoding", "identity") != "identity":
        raise Nonsense(_("{host} sent a compressed answer, unasked").format(host=request.host))
    pieces, size = [], 0
    for piece in response.iter_raw():
        size += len(piece)
        if size > LARGEST:
            raise Nonsense(
                _("the answer of {host} is larger than {cap} MiB").format(host=request.host, cap=LARGEST >> 20)
            )
        if exchange.abandoned:
            return
        pieces.append(piece)
    exchange.raw = b"".join(pieces)
    exchange.status = response.status_code


def _silence(request: Request, limit: float, *, sent: bool) -> Unavailable:
    kind = LostAnswer if sent else Unavailable
    words = _("no answer from {host} in {time}") if limit else _("the time was up before {host} could be asked")
    failure = kind(
        words.format(host=request.host, time=duration(limit) if limit >= 10 else f"{limit:.1f}s"),
        hint=_("the network or the service may be slow; `--timeout` sets how long to wait"),
    )
    failure.passing = False
    return failure


def _failure_of(error: BaseException, request: Request, exchange: _Exchange) -> BaseException:
    """Say in words why an exchange failed; a Failure raised on the way is kept as it is."""
    if not isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return error
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Usage(_("{url} is no address: {error}").format(url=request.url, error=error))
    words = re.sub(_ERRNO, "", str(error)) or type(error).__name__
    if exchange.sent:
        return LostAnswer(
            _("the connection to {host} broke: {error}").format(host=request.host, error=words),
        )
    failure = _unreached(words, request, exchange.proxy)
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError) or "CERTIFICATE" in words or "SSL" in words:
        failure.passing = failure.retryable = False
        failure.hint = _("the certificate is not trusted; a company's own goes into NBS_CA_BUNDLE or `--ca-bundle`")
    return failure


def _unreached(words: str, request: Request, proxy: Proxy | None) -> Unavailable:
    if proxy is None:
        return Unavailable(
            _("cannot reach {host}: {error}").format(host=request.host, error=words),
            hint=_("check the network, the proxy and the region"),
        )
    return Unavailable(
        _("cannot reach {host} through the proxy {proxy}: {error}").format(
            host=request.host, proxy=proxy.name, error=words
        ),
        hint=_("check HTTPS_PROXY; NO_PROXY names the hosts that need no proxy"),
    )
