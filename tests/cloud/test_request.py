"""One request as data: its headers, whether it may be repeated, and where it may not go."""

from __future__ import annotations

import pytest

from nbs_cli import __version__
from nbs_cli.cloud.request import Request, is_loopback
from nbs_cli.errors import Usage

PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"nbs/{__version__}"}


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (Request("POST", "https://a.example/v2.0/tokens", body={}), {"Content-Type": "application/json"}),
        (Request("GET", "https://a.example/v2/t/volumes", "secret"), {"X-Auth-Token": "secret"}),
        (
            Request("POST", "https://a.example/v2/t/volumes", "secret", {"volume": {}}),
            {"X-Auth-Token": "secret", "Content-Type": "application/json"},
        ),
    ],
    ids=["login", "get", "post"],
)
def test_the_headers_are_those_of_the_guide(request_: Request, more: dict[str, str]) -> None:
    """A token where there is one, a content type where there is a body, and nothing compressed is asked for."""
    assert request_.headers == {**PLAIN, **more}


@pytest.mark.parametrize(
    ("method", "repeatable"), [("GET", True), ("DELETE", True), ("POST", False), ("PUT", False), ("PATCH", False)]
)
def test_only_what_does_no_harm_twice_is_repeatable(method: str, repeatable: bool) -> None:
    """A POST is never one of them: it would make a second volume."""
    assert Request(method, "https://a.example/").repeatable is repeatable


LOOPBACK = ["localhost", "sandbox.localhost", "127.0.0.1", "127.255.0.9", "::1"]
ELSEWHERE = [
    "127.0.0.1.evil.example",
    "127.evil.example",
    "127.0.0.1.nip.io",
    "localhost.evil.example",
    "evillocalhost",
    "10.0.0.1",
    "0.0.0.0",
    "128.0.0.1",
    "::2",
    "evil.example",
    "",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_is_known_by_its_names_and_addresses(host: str) -> None:
    """The whole of 127/8, `::1`, `localhost` and what lies below it (RFC 6761)."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_name_that_only_looks_like_this_machine_is_another(host: str) -> None:
    """A name that begins with `127.` is somebody's domain, and no token goes there in the open."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url", ["https://a.example/v2/t", "http://127.0.0.1:8776/v2/t", "http://localhost/", "http://[::1]:80/"]
)
def test_https_and_this_machine_are_asked(url: str) -> None:
    """Plain http is for this machine alone."""
    Request("GET", url).check_url()


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/v2/t",
        "http://10.0.0.1/",
        "http://127.0.0.1@a.example/",
        "http://127.0.0.1.evil.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "a.example/v2/t",
        "//a.example/",
        "",
        "https://[bad/v2/t",
        "http://[bad/v2/t",
    ],
)
def test_anything_else_is_refused_before_a_byte_leaves(url: str) -> None:
    """Plain http to another machine, other schemes, no scheme, what is no address at all: Usage, and no crash."""
    with pytest.raises(Usage):
        Request("GET", url, "secret").check_url()


def test_a_secret_in_an_address_is_neither_sent_nor_shown() -> None:
    """What lies before an `@` would go out as a header of its own, and messages name the host (faults.md C12)."""
    request = Request("GET", "https://user:canary@a.example:8443/v2/t")
    assert request.host == "a.example:8443"
    with pytest.raises(Usage) as refused:
        request.check_url()
    assert "canary" not in refused.value.message + str(refused.value.hint)
