"""One exchange over real sockets: it ends in time, is repeated only where that does no harm, believes nothing cut."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.client import LARGEST, Client
from nbs_cli.cloud.deadline import Deadline
from nbs_cli.cloud.request import Request
from nbs_cli.cloud.retries import wished
from nbs_cli.cloud.trace import Trace
from nbs_cli.errors import (
    Conflict,
    ExitCode,
    Failure,
    LostAnswer,
    Nonsense,
    NotFound,
    OverLimit,
    RateLimited,
    Unauthorized,
    Unavailable,
    Usage,
)
from tests.cloud.conftest import MakeClient, MakeFaulty, with_token
from tests.cloud.faulty import (
    Behaviour,
    Faulty,
    Heard,
    Line,
    answer,
    certificate,
    cut,
    drip_body,
    drip_headers,
    flood,
    head,
    hundreds,
    mute,
    nothing,
    once_a_connection,
    raw,
    reset,
    tls,
)
from tests.conftest import Ran

LIMIT = 0.6
GRACE = 0.5


def get(server: Faulty, limit: float = 10.0) -> Request:
    """A GET to *server*."""
    return Request("GET", server.url + "/v2/t/volumes", "a-token", limit=limit)


def post(server: Faulty, limit: float = 10.0) -> Request:
    """A create."""
    return Request("POST", server.url + "/v2/t/volumes", "a-token", {"volume": {"size": 1}}, limit=limit)


def delete(server: Faulty) -> Request:
    """A delete."""
    return Request("DELETE", server.url + "/v2/t/volumes/1", "a-token", limit=10.0)


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client slept between two sends, without sleeping."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


# A good exchange


def test_an_answer_is_read(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Status, headers in lower case, the decoded body; the request goes out with its headers and body."""
    server = faulty(answer(202, {"volume": {"name": "데이터"}}, X_Openstack_Request_Id="req-1"))
    got = make_client().send(post(server))
    assert (got.status, got.body, got.request_id) == (202, {"volume": {"name": "데이터"}}, "req-1")
    (heard,) = server.heard
    assert (heard.method, heard.target, heard.json) == ("POST", "/v2/t/volumes", {"volume": {"size": 1}})
    assert heard.headers["x-auth-token"] == "a-token"
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_a_success(faulty: MakeFaulty, make_client: MakeClient, status: int) -> None:
    """The guide names no status codes, so each of the family's is taken; an empty body is None."""
    server = faulty(raw(head(status, {"Content-Length": "0"})))
    assert make_client().send(get(server)).body is None


def test_words_of_any_language_go_out_as_they_are(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Korean names arrive as the same letters."""
    server = faulty(answer(200, {}))
    make_client().send(Request("POST", server.url + "/", None, {"volume": {"name": "데이터 1", "size": 1}}))
    assert server.heard[0].json == {"volume": {"name": "데이터 1", "size": 1}}


# Deadlines

ENDLESS = [mute, drip_headers, drip_body, hundreds]


@pytest.mark.parametrize("behaviour", ENDLESS, ids=lambda behaviour: behaviour.__name__)
@pytest.mark.parametrize("make", [get, post], ids=["get", "post"])
def test_a_command_ends_at_its_deadline(
    faulty: MakeFaulty, make_client: MakeClient, behaviour: Behaviour, make: Callable[[Faulty], Request]
) -> None:
    """Silence, a byte a second in headers or body, endless 100s: over at the deadline, told as such, sent once."""
    server = faulty(behaviour)
    began = time.monotonic()
    with pytest.raises(LostAnswer, match=f"no answer from {server.host} in") as lost:
        make_client(LIMIT).send(make(server))
    assert time.monotonic() - began < LIMIT + GRACE
    assert not lost.value.passing
    assert len(server.heard) == 1


def test_a_call_has_a_limit_of_its_own(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Without `--timeout` a call still ends, at the request's own limit."""
    began = time.monotonic()
    with pytest.raises(LostAnswer):
        make_client().send(get(faulty(mute), limit=LIMIT))
    assert time.monotonic() - began < LIMIT + GRACE


def test_the_whole_process_ends_at_its_deadline(faulty: MakeFaulty, installed: Callable[..., Ran]) -> None:
    """A thread that is left behind does not hold the process up: exit 9 soon after the deadline, start-up included."""
    server = faulty(drip_headers)
    began = time.monotonic()
    ran = installed("volume", "list", "--timeout", "1s", env=with_token(server))
    assert time.monotonic() - began < 1.0 + GRACE + 1.0  # an interpreter's start and end on a busy machine
    assert ran.code == ExitCode.UNAVAILABLE
    assert f"no answer from {server.host} in" in ran.err


def test_retries_stop_at_the_deadline(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """A server that fails and fails is asked again only while there is time."""
    server = faulty(answer(503))
    began = time.monotonic()
    with pytest.raises(Unavailable):
        make_client(LIMIT).send(get(server))
    assert time.monotonic() - began < LIMIT + GRACE


@pytest.fixture
def slow_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that takes 0.8 s for every name: a mute one cannot be had without being root."""
    real = socket.getaddrinfo

    def slow(*args: Any, **more: Any) -> Any:
        time.sleep(0.8)
        return real(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)


def test_a_slow_resolver_is_inside_the_deadline(faulty: MakeFaulty, make_client: MakeClient, slow_names: None) -> None:
    """The names count too; nothing left, so the failure is no lost answer, and nothing leaves later (trust.md 1, 3)."""
    server = faulty(answer(202, {"volume": {}}))
    began = time.monotonic()
    with pytest.raises(Unavailable) as failed:
        make_client(0.4).send(post(server))
    assert time.monotonic() - began < 0.4 + GRACE
    assert not isinstance(failed.value, LostAnswer)
    time.sleep(0.8)
    assert server.heard == []


@pytest.mark.parametrize("make", [get, post, delete], ids=["get", "post", "delete"])
def test_nothing_leaves_when_the_time_is_up(
    faulty: MakeFaulty, make_client: MakeClient, make: Callable[[Faulty], Request]
) -> None:
    """A request that could not be waited for is not sent: its volume would be nobody's."""
    server = faulty(answer(202, {}))
    with pytest.raises(Unavailable) as failed:
        make_client(0.0).send(make(server))
    assert not isinstance(failed.value, LostAnswer)
    time.sleep(0.2)
    assert server.heard == []


# Repeating

BUSY: dict[str, Any] = {"volumes": []}
TOO_FAST = {"overLimitFault": {"code": 413, "message": "This request was rate-limited.", "details": "Only 1 a second."}}
AGAIN: dict[str, list[Behaviour]] = {
    "503 twice": [answer(503), answer(503, b"<html>busy</html>"), answer(200, BUSY)],
    "502": [answer(502), answer(200, BUSY)],
    "504": [answer(504), answer(200, BUSY)],
    "408": [answer(408), answer(200, BUSY)],
    "429": [answer(429), answer(200, BUSY)],
    "413 of a rate limit": [answer(413, TOO_FAST, Retry_After="1"), answer(200, BUSY)],
    "closed": [nothing, answer(200, BUSY)],
    "reset": [reset, reset, reset, answer(200, BUSY)],
    "cut, with a length": [cut(b'{"volumes": [', 100), answer(200, BUSY)],
    "cut chunks": [raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nabc"), answer(200, BUSY)],
    "no HTTP": [raw(b"SSH-2.0-OpenSSH_9.2\r\n"), answer(200, BUSY)],
}


@pytest.mark.parametrize("script", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize("make", [get, delete], ids=["get", "delete"])
def test_what_does_no_harm_is_sent_again(
    faulty: MakeFaulty,
    make_client: MakeClient,
    slept: list[float],
    script: list[Behaviour],
    make: Callable[[Faulty], Request],
) -> None:
    """A server that stumbles and recovers is not noticed."""
    server = faulty(*script)
    assert make_client().send(make(server)).body == BUSY
    assert len(server.heard) == len(script)
    assert len(slept) == len(script) - 1


GIVEN_UP: dict[str, tuple[Behaviour, type[Failure], int]] = {
    "503": (answer(503), LostAnswer, 4),
    "reset": (reset, LostAnswer, 4),
    "closed": (nothing, LostAnswer, 4),
    "429": (answer(429), RateLimited, 4),
    "500": (answer(500), LostAnswer, 1),
    "400": (answer(400, {"badRequest": {"message": "no"}}), Usage, 1),
    "401": (answer(401), Unauthorized, 1),
    "403": (answer(403), Unauthorized, 1),
    "404": (answer(404), NotFound, 1),
    "409": (answer(409), Conflict, 1),
    "413 of a quota": (answer(413, {"overLimit": {"message": "quota"}}, Retry_After="0"), OverLimit, 1),
    "418": (answer(418), Failure, 1),
    "html": (answer(200, b"<html>log in</html>"), Nonsense, 1),
}


@pytest.mark.parametrize(("behaviour", "kind", "sends"), GIVEN_UP.values(), ids=GIVEN_UP)
def test_four_sends_at_most_and_one_where_no_more_would_help(
    faulty: MakeFaulty,
    make_client: MakeClient,
    slept: list[float],
    behaviour: Behaviour,
    kind: type[Failure],
    sends: int,
) -> None:
    """Faults that pass are tried four times in all, others once; a quota is never hammered (A7, A8, A11)."""
    server = faulty(behaviour)
    with pytest.raises(kind) as failed:
        make_client().send(get(server))
    assert type(failed.value) is kind
    assert len(server.heard) == sends


LOST: dict[str, Behaviour] = {
    "500": answer(500),
    "502": answer(502, b"<html>Bad Gateway</html>"),
    "503": answer(503),
    "504": answer(504),
    "520": answer(520),
    "408": answer(408),
    "reset": reset,
    "closed": nothing,
    "cut": cut(b'{"volume": {', 100),
    "cut headers": raw(b"HTTP/1.1 202 Acc"),
    "no HTTP": raw(b"\x00\x01\x02"),
}


@pytest.mark.parametrize("behaviour", LOST.values(), ids=LOST)
def test_a_post_is_sent_once_and_its_answer_is_lost(
    faulty: MakeFaulty, make_client: MakeClient, slept: list[float], behaviour: Behaviour
) -> None:
    """Whatever became of it, a POST that may have been processed is never sent again (trust.md, exactly once)."""
    server = faulty(behaviour)
    with pytest.raises(LostAnswer):
        make_client().send(post(server))
    assert len(server.heard) == 1


def test_a_post_that_never_left_is_no_lost_answer(make_client: MakeClient, slept: list[float]) -> None:
    """A closed port: nothing can have been caused; the connection, not the request, is tried again."""
    with pytest.raises(Unavailable, match=r"cannot reach 127\.0\.0\.1") as failed:
        make_client().send(Request("POST", f"http://127.0.0.1:{closed_port()}/v2/t/volumes", "t", {}))
    assert not isinstance(failed.value, LostAnswer)
    assert len(slept) <= 3


@pytest.mark.parametrize("refusal", [answer(429, Retry_After="0"), answer(413, TOO_FAST, Retry_After="1")])
def test_a_post_that_was_refused_for_its_rate_goes_again(
    faulty: MakeFaulty, make_client: MakeClient, slept: list[float], refusal: Behaviour
) -> None:
    """It was surely not processed, and asking later helps."""
    server = faulty(refusal, answer(202, {"volume": {}}))
    make_client().send(post(server))
    assert len(server.heard) == 2


def test_pauses_grow_and_are_drawn_by_lot(faulty: MakeFaulty, make_client: MakeClient, no_pauses: list[float]) -> None:
    """Full jitter over 0.5·2ⁿ s, at most 20 s (trust.md): many clients do not come back at the same moment."""
    with pytest.raises(LostAnswer):
        make_client().send(get(faulty(answer(503))))
    assert no_pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("0", 0.0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0)])
def test_a_server_says_when_to_come_back(
    faulty: MakeFaulty, make_client: MakeClient, slept: list[float], value: str, seconds: float
) -> None:
    """Retry-After in seconds or as a date, a date that is past included (A9)."""
    server = faulty(answer(503, Retry_After=value), answer(200, BUSY))
    make_client().send(get(server))
    assert slept == [seconds]


def test_a_server_names_the_moment_to_come_back(
    faulty: MakeFaulty, make_client: MakeClient, slept: list[float]
) -> None:
    """A date in a quarter of a minute is so many seconds."""
    server = faulty(answer(503, Retry_After=formatdate(time.time() + 15, usegmt=True)), answer(200, BUSY))
    make_client().send(get(server))
    assert 5 < slept[0] <= 15


@pytest.mark.parametrize("seconds", [31, 86_400, 999_999_999])
@pytest.mark.parametrize("dated", [False, True], ids=["seconds", "a date"])
def test_a_pause_out_of_proportion_is_not_slept(
    faulty: MakeFaulty, make_client: MakeClient, slept: list[float], seconds: int, dated: bool
) -> None:
    """Nobody waits a day for a list: the failure is told at once (A10)."""
    value = formatdate(time.time() + seconds + 5, usegmt=True) if dated else str(seconds)
    server = faulty(answer(503, Retry_After=value))
    with pytest.raises(LostAnswer):
        make_client().send(get(server))
    assert slept == []
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "value", ["-5", "abc", "1" + "0" * 30, "", "1e3", "٣", "nan", "inf", "Mon, 99 Foo 9999 99:99:99", "0x10", "1.5"]
)
def test_a_retry_after_that_says_nothing_is_passed_over(value: str) -> None:
    """Negative, no number, too large, no date: as if there were none, or a harmless number of seconds (A10)."""
    seconds = wished(value)
    assert seconds is None or 0 <= seconds <= 10


DATE = r"\w{3}, \d{1,4} \w{3} \d{1,6} \d+:\d+:\d+ (GMT|[+-]\d{1,6})"


@settings(database=None, deadline=None, max_examples=200)
@given(
    st.text(max_size=40) | st.from_regex(r"\w{3}, \d{1,4} \w{3} \d{1,6} \d+:\d+:\d+ (GMT|[+-]\d{1,6})", fullmatch=True)
)
def test_no_retry_after_raises(value: str) -> None:
    """Whatever a server writes there, it is seconds that are not negative, or nothing."""
    seconds = wished(value)
    assert seconds is None or seconds >= 0


def test_a_pause_that_does_not_fit_is_not_begun(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """With one second left nobody sleeps three: the failure is told at once."""
    server = faulty(answer(503, Retry_After="3"))
    began = time.monotonic()
    with pytest.raises(LostAnswer):
        make_client(1.0).send(get(server))
    assert time.monotonic() - began < 1.0 + GRACE
    assert len(server.heard) == 1


def test_a_post_has_a_connection_of_its_own(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """A server may close an idle connection just as a POST goes out on it, and nobody knew what became of it (A25)."""
    server = faulty(once_a_connection(answer(200, BUSY)))
    client = make_client()
    for _number in range(5):
        client.send(get(server))
        assert client.send(post(server)).status == 200
    assert len([heard for heard in server.heard if heard.method == "POST"]) == 5


# What is never followed, and never believed


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("make", [get, post, delete], ids=["get", "post", "delete"])
def test_a_redirect_is_refused(
    faulty: MakeFaulty, make_client: MakeClient, status: int, make: Callable[[Faulty], Request]
) -> None:
    """The other server gets nothing, its name is told, and the first one is asked once (A13, A15)."""
    other = faulty(answer(200, BUSY))
    server = faulty(answer(status, b"", Location=other.url + "/v2/t/volumes?token=a-token"))
    with pytest.raises(Nonsense, match="never followed") as refused:
        make_client().send(make(server))
    assert refused.value.http_status == status
    assert other.host in refused.value.message
    assert "a-token" not in refused.value.message
    assert other.heard == []
    assert len(server.heard) == 1


def test_a_redirect_to_nowhere_is_refused_too(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """300 Multiple Choices has no target (A26)."""
    server = faulty(answer(300, {"choices": []}))
    with pytest.raises(Nonsense, match=server.host):
        make_client().send(get(server))


DISBELIEVED: dict[str, Behaviour] = {
    "html": answer(200, b"<html>log in</html>", Content_Type="text/html"),
    "html labelled json": answer(200, b"<html>log in</html>"),
    "cut, closed": cut(b'{"volumes": [{"id": "1"}'),
    "invalid": answer(200, b"{'volumes': []}"),
    "nan": answer(200, b'{"volumes": [{"size": NaN}]}'),
    "deep": answer(200, b"[" * 100_000),
    "gzip": answer(200, b"\x1f\x8b\x08", Content_Encoding="gzip"),
    "deflate": answer(200, b"\x1f\x8b\x08", Content_Encoding="deflate, gzip"),
    "flood": flood(LARGEST + 65536),
    "flood, declared": flood(LARGEST * 600, declared=True),
}


@pytest.mark.parametrize("behaviour", DISBELIEVED.values(), ids=DISBELIEVED)
def test_what_is_not_the_api_is_refused(faulty: MakeFaulty, make_client: MakeClient, behaviour: Behaviour) -> None:
    """Portals, cut bodies, nonsense, unasked compression, more than 16 MiB: refused, the host named, asked once."""
    server = faulty(behaviour)
    with pytest.raises(Nonsense, match=server.host):
        make_client().send(get(server))
    assert len(server.heard) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate, gzip", "br", "GZIP"])
def test_an_answer_that_is_compressed_unasked_is_told_as_such(
    faulty: MakeFaulty, make_client: MakeClient, encoding: str
) -> None:
    """A megabyte of it may be a gigabyte (A19), so it is not even opened."""
    server = faulty(answer(200, BUSY, Content_Encoding=encoding))
    with pytest.raises(Nonsense, match="compressed"):
        make_client().send(get(server))


def test_no_answer_exhausts_the_machine(faulty: MakeFaulty) -> None:
    """A body of a gigabyte costs the command less than 100 MB (trust.md 4)."""
    server = faulty(flood(1 << 30))
    # the peak of this process alone: what getrusage tells begins with that of the process that started it
    command = (
        "import re, pathlib; from nbs_cli.running import run; code = run(['volume', 'list']);"
        "print(code, re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], env=with_token(server), capture_output=True, text=True, check=True, timeout=30
    )
    code, kilobytes = done.stdout.split()
    assert int(code) == ExitCode.FAILURE
    assert int(kilobytes) < 100_000


def test_thousands_of_headers_are_refused(faulty: MakeFaulty, make_client: MakeClient, slept: list[float]) -> None:
    """A failure like any other (A20)."""
    many = {f"X-{number}": "y" * 100 for number in range(5000)}
    with pytest.raises(Failure):
        make_client().send(get(faulty(raw(head(200, many) + b"{}"))))


def test_a_secret_that_the_server_repeats_is_not_shown(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Error texts echo what was sent (G6), and request IDs might."""
    body = {"badRequest": {"message": "bad token a-token"}}
    server = faulty(answer(400, body, X_Openstack_Request_Id="req-a-token"))
    with pytest.raises(Usage) as refused:
        make_client().send(get(server))
    assert refused.value.message == "bad token ***"
    assert refused.value.request_id == "req-***"


# TLS, certificates, proxies


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts yet."""
    return certificate(tmp_path, "127.0.0.1")


def test_a_companys_own_certificate_is_trusted_when_it_is_named(
    faulty: MakeFaulty, make_client: MakeClient, pem: Path
) -> None:
    """`--ca-bundle` is enough to speak to it."""
    server = faulty(answer(200, BUSY), tls=tls(pem))
    assert make_client(ca_bundle=str(pem)).send(get(server)).body == BUSY


@pytest.mark.parametrize("name", ["NBS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_can_be_named_in_the_environment(
    faulty: MakeFaulty, nbs: Callable[..., Ran], pem: Path, name: str
) -> None:
    """As other tools take it (A23)."""
    server = faulty(answer(200, BUSY), tls=tls(pem))
    assert nbs("volume", "list", env={**with_token(server), name: str(pem)}).code == ExitCode.OK


@pytest.mark.parametrize(("name", "days"), [("127.0.0.1", 1), ("127.0.0.1", -1), ("a.example", 1)])
def test_a_certificate_that_proves_nothing_is_refused(
    faulty: MakeFaulty, make_client: MakeClient, tmp_path: Path, slept: list[float], name: str, days: int
) -> None:
    """Self-signed, expired, of another host: one attempt, not a byte of HTTP, no advice to look away (A24)."""
    path = certificate(tmp_path, name, days=days)
    server = faulty(answer(200, BUSY), tls=tls(path))
    bundle = None if (name, days) == ("127.0.0.1", 1) else str(path)
    with pytest.raises(Unavailable, match="certificate") as refused:
        make_client(ca_bundle=bundle).send(post(server))
    assert not isinstance(refused.value, LostAnswer)
    assert (refused.value.passing, refused.value.retryable) == (False, False)
    assert "insecure" not in str(refused.value.hint)
    assert (server.heard, slept) == ([], [])


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_bundle_that_is_none_is_named(
    faulty: MakeFaulty, make_client: MakeClient, pem: Path, tmp_path: Path, text: str | None
) -> None:
    """A missing file, an empty one, one of something else: Usage with the path (A23)."""
    path = tmp_path / "bundle.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Usage, match=r"bundle\.pem"):
        make_client(ca_bundle=str(path)).send(get(faulty(answer(200, BUSY), tls=tls(pem))))


def test_loopback_is_never_asked_through_a_proxy(
    faulty: MakeFaulty, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over plain http a proxy would see the token (A22)."""
    proxy, server = faulty(answer(200, BUSY)), faulty(answer(200, BUSY))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    make_client().send(get(server))
    assert (len(proxy.heard), len(server.heard)) == (0, 1)


@pytest.mark.parametrize("refusal", [answer(403), answer(407), answer(502), nothing, reset])
def test_a_proxy_that_refuses_has_not_sent_anything_on(
    faulty: MakeFaulty,
    make_client: MakeClient,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
    refusal: Behaviour,
) -> None:
    """What the proxy refused never reached the API, so a create is not in doubt, and no token was told."""
    proxy = faulty(refusal)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(Unavailable) as failed:
        make_client().send(Request("POST", "https://api.example/v2/t/volumes", "a-token", {"volume": {}}))
    assert failed.value.message.startswith(f"cannot reach api.example through the proxy {proxy.host}: ")
    assert "NO_PROXY" in str(failed.value.hint)
    assert not isinstance(failed.value, LostAnswer)
    assert {heard.method for heard in proxy.heard} == {"CONNECT"}
    assert all("x-auth-token" not in heard.headers for heard in proxy.heard)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NO_PROXY", "::1,10.0.0.0/8,*.svc,.example,localhost:8776"),
        ("NO_PROXY", "*"),
        ("NO_PROXY", "[::1]"),
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("HTTPS_PROXY", "127.0.0.1:1"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://[bad"),
        ("HTTPS_PROXY", "http://127.0.0.1:99999"),
        ("HTTPS_PROXY", ""),
    ],
)
def test_an_odd_proxy_setting_is_a_failure_and_no_crash(
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    pem: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_pauses: list[float],
    name: str,
    value: str,
) -> None:
    """What people write into these variables either works or is refused in words (A21)."""
    server = faulty(answer(200, BUSY), tls=tls(pem))
    monkeypatch.setenv(name, value)
    ran = nbs("volume", "list", "--timeout", "1s", "--ca-bundle", str(pem), env=with_token(server))
    assert ran.code in {ExitCode.OK, ExitCode.UNAVAILABLE, ExitCode.USAGE}
    assert "mistake" not in ran.err


def test_a_dead_proxy_is_named_and_its_password_is_not(
    nbs: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, no_pauses: list[float]
) -> None:
    """Whoever reads the failure knows where to look (A21); what stands before the @ is nobody's business (C12)."""
    proxy = f"127.0.0.1:{closed_port()}"
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:proxy-Canary-1@{proxy}")
    env = {"NBS_TOKEN": "t", "NBS_TENANT_ID": "t", "NBS_ENDPOINT": "https://api.example"}
    ran = nbs("volume", "list", "--debug", env=env)
    assert ran.code == ExitCode.UNAVAILABLE
    assert f"cannot reach api.example through the proxy {proxy}: " in ran.err
    assert "Canary" not in ran.err


def test_an_exception_to_the_proxy_is_asked_directly(
    faulty: MakeFaulty, make_client: MakeClient, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network in NO_PROXY, which httpx alone passes over (A21)."""
    proxy, server = faulty(answer(200, BUSY)), faulty(answer(200, BUSY), tls=tls(pem))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "::1,127.0.0.0/8,*.svc")
    assert make_client(ca_bundle=str(pem)).send(get(server)).body == BUSY
    assert proxy.heard == []


def test_old_tls_is_refused(faulty: MakeFaulty, make_client: MakeClient, pem: Path, slept: list[float]) -> None:
    """A server of TLS 1.0, with a certificate that is fine: one attempt, not a byte of HTTP (A24)."""
    context = tls(pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = faulty(answer(200, BUSY), tls=context)
    with pytest.raises(Unavailable, match="cannot reach") as refused:
        make_client(ca_bundle=str(pem)).send(post(server))
    assert not isinstance(refused.value, LostAnswer)
    assert refused.value.exit_code == ExitCode.UNAVAILABLE
    assert (server.heard, slept) == ([], [])


# In this process


def app(body: bytes) -> Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]:
    """A WSGI application that always answers *body*."""

    def answers(_environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        return [body]

    return answers


def test_an_application_stands_for_the_network(make_client: MakeClient) -> None:
    """The sandbox is asked without a socket."""
    client = make_client(application=app(b'{"volumes": []}'))
    assert client.send(Request("GET", "http://cloud.localhost/v2/t/volumes", "t")).body == BUSY


def test_an_application_that_never_answers_is_given_up(make_client: MakeClient) -> None:
    """The deadline holds in the sandbox too, and what went in is a lost answer."""

    def slow(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        time.sleep(1.5)
        return app(b"{}")(environ, start)

    began = time.monotonic()
    with pytest.raises(LostAnswer):
        make_client(0.3, application=slow).send(Request("POST", "http://cloud.localhost/v2/t/volumes", "t", {}))
    assert time.monotonic() - began < 0.3 + GRACE


def test_a_client_can_be_closed_at_any_time(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Before the first request, while a lost one is still out, and twice."""
    make_client().close()
    client = make_client(0.2)
    with pytest.raises(LostAnswer):
        client.send(get(faulty(mute)))
    client.close()
    client.close()


def test_many_threads_share_a_client(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """Eight at once, as in bulk commands, each with its own answer."""
    import threading

    def by(heard: Heard) -> Behaviour:
        return answer(200, {"target": heard.target})

    server, client = faulty(by=by), make_client()
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(10):
            path = f"/{number}/{turn}"
            if client.send(Request("GET", server.url + path, "t")).body != {"target": path}:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(server.heard) == 80


def test_a_deadline_is_shared_by_all_requests(faulty: MakeFaulty, make_client: MakeClient) -> None:
    """The total is of the command, not of each request."""
    server = faulty(answer(200, BUSY), mute)
    client = make_client(LIMIT)
    began = time.monotonic()
    client.send(get(server))
    with pytest.raises(LostAnswer):
        client.send(get(server))
    assert time.monotonic() - began < LIMIT + GRACE


def test_the_line_of_a_behaviour_is_known() -> None:
    """The server of these tests counts the requests of a connection, which the test of idle connections stands on."""
    turns: list[int] = []

    def note(line: Line) -> None:
        turns.append(line.turn)
        answer(200, BUSY)(line)

    server = Faulty([note])
    client = Client(deadline=Deadline(), trace=Trace())
    client.send(get(server))
    client.send(get(server))
    client.close()
    server.close()
    assert turns == [1, 2]
