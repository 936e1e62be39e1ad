"""What a server's answer says: strict JSON, or why not; every shape of error in one line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbs_cli.cloud.answers import Answer, error_words, one_line, parse, request_id
from nbs_cli.errors import ExitCode, Nonsense
from tests.cloud.conftest import MakeFaulty, with_token
from tests.cloud.faulty import answer
from tests.conftest import Ran

quietly = settings(database=None, deadline=None, max_examples=200)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", None),
        (b" \r\n", None),
        (b"{}", {}),
        (b'{"name": "\xea\xb0\x80"}', {"name": "가"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\ud55c"}', {"a": "한"}),
        (b"[1, 2.5, true, null]", [1, 2.5, True, None]),
    ],
    ids=["empty", "blank", "object", "korean", "bom", "escaped", "array"],
)
def test_json_is_read(raw: bytes, value: Any) -> None:
    """UTF-8 with and without a mark; an answer without a body is None, for a delete has none."""
    assert parse(raw, "a.example") == value


NO_JSON = {
    "html": (b"<!DOCTYPE html><html>log in</html>", "HTML"),
    "html after blanks": (b"\n\n  <html>", "HTML"),
    "cut": (b'{"volumes": [{"id": "1', "JSON"),
    "text": (b"Service unavailable", "JSON"),
    "nan": (b'{"size": NaN}', "JSON"),
    "infinity": (b'{"size": -Infinity}', "JSON"),
    "too large a number": (b'{"size": 1e999}', "JSON"),
    "too small a number": (b'{"size": -1e999}', "JSON"),
    "too many digits": (b'{"size": ' + b"9" * 100_000 + b"}", "JSON"),
    "deep": (b"[" * 200_000, "JSON"),
    "deep and closed": (b"[" * 200_000 + b"]" * 200_000, "JSON"),
    "deep object": (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "JSON"),
    "bad utf-8": (b'{"name": "\xff\xfe"}', "JSON"),
    "utf-16": ('{"name": "a"}'.encode("utf-16"), "JSON"),
    "two values": (b"{} {}", "JSON"),
}


@pytest.mark.parametrize(("raw", "what"), NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_not_the_api(raw: bytes, what: str) -> None:
    """A portal's page, cut text, numbers and depths that no answer has: one failure that names the host."""
    with pytest.raises(Nonsense, match=f"{what} from a.example"):
        parse(raw, "a.example")


@quietly
@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_of_any_kind_are_read_or_refused(raw: bytes) -> None:
    """Whatever arrives, only Nonsense is raised, and what is read can be written as strict JSON."""
    try:
        value = parse(raw, "a.example")
    except Nonsense:
        return
    json.dumps(value, allow_nan=False)


SHAPES = {
    "a controller's fault": (
        b'{"badRequest": {"code": 400, "message": "Invalid\\n sort key"}}',
        ("badRequest", "Invalid sort key"),
    ),
    "an overrun limit": (
        b'{"overLimit": {"code": 413, "message": "VolumeLimitExceeded", "retryAfter": "0"}}',
        ("overLimit", "VolumeLimitExceeded"),
    ),
    "keystone": (
        b'{"error": {"code": 401, "title": "Unauthorized", "message": "requires authentication."}}',
        ("error", "requires authentication."),
    ),
    "the framework": (
        b'{"message": "The resource could not be found.<br /><br />\\n\\n\\n", "code": "404 Not Found"}',
        ("", "The resource could not be found."),
    ),
    "another service of NHN": (
        b'{"header": {"isSuccessful": false, "resultCode": -1, "resultMessage": "no such key"}}',
        ("header", "no such key"),
    ),
    "html": (b"<html><body><h1>502 Bad Gateway</h1>nginx</body></html>", ("", "502 Bad Gateway nginx")),
    "text": (b"Authentication required", ("", "Authentication required")),
    "nothing": (b"", ("", "")),
    "a word": (b'"busy"', ("", "busy")),
    "a list": (b"[1]", ("", "[1]")),
    "an object of no known shape": (b'{"error": "busy"}', ("", '{"error": "busy"}')),
    "korean": ('{"badRequest": {"message": "권한이 없습니다"}}'.encode(), ("badRequest", "권한이 없습니다")),
    "bad utf-8": (b"\xff\xfe busy", ("", "\ufffd\ufffd busy")),
}


@pytest.mark.parametrize(("raw", "words"), SHAPES.values(), ids=SHAPES)
def test_every_shape_of_error_becomes_a_fault_and_a_line(raw: bytes, words: tuple[str, str]) -> None:
    """The shapes of observed.md and facts.md 4.1: named faults, Keystone, the framework, NHN's header, a gateway."""
    assert error_words(raw) == words


@pytest.mark.parametrize(
    "raw", [b'{"message": null}', b'{"badRequest": {"code": 400, "message": null}}', b'{"error": {"message": null}}']
)
def test_a_message_that_is_null_is_not_the_word_none(raw: bytes) -> None:
    """Nobody is told `None`: it is a word of Python's, not of the server's."""
    assert error_words(raw)[1] != "None"


@pytest.mark.parametrize("depth", [*range(900, 1010, 10), 100_000])
def test_errors_of_any_depth_are_read(depth: int) -> None:
    """Also one that can just be read but no longer be written: no depth raises."""
    for raw in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        _fault, words = error_words(raw)
        assert len(words) <= 300


@quietly
@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["message", "error", "code", "header", "resultMessage", "x"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_an_error_body_of_any_kind_gives_two_lines(raw: bytes) -> None:
    """Whatever an error's body is, two strings come of it, one line each, and none too long to show."""
    fault, words = error_words(raw)
    assert "\n" not in words
    assert len(words) <= 300
    assert isinstance(fault, str)


def test_one_line_strips_and_cuts() -> None:
    """Tags go, white space is folded, and a novel ends in an ellipsis."""
    assert one_line("  a<br />b\r\n\tc ") == "a b c"
    assert one_line("x" * 400) == "x" * 299 + "…"


@pytest.mark.parametrize(
    "body",
    [b"<" * 200_000, {"badRequest": {"message": "<" * 200_000}}, {"message": "<" * 200_000}, ["<" * 200_000]],
    ids=["text", "a fault", "the framework", "a list"],
)
def test_an_error_page_of_nothing_but_brackets_does_not_hold_the_command_up(
    faulty: MakeFaulty, nbs: Callable[..., Ran], body: Any
) -> None:
    """Reading the words of an error is over at once, whatever they are: the deadline covers that too (trust.md 3)."""
    server = faulty(answer(400, body))
    began = time.monotonic()
    ran = nbs("volume", "list", "--timeout", "1s", env=with_token(server))
    assert time.monotonic() - began < 1.5
    assert ran.code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"x-openstack-request-id": "req-1"}, "req-1"),
        ({"x-compute-request-id": "req-2"}, "req-2"),
        ({"x-openstack-request-id": "req-1", "x-compute-request-id": "req-2"}, "req-1"),
        ({}, None),
    ],
)
def test_the_request_id_has_two_names(headers: dict[str, str], known: str | None) -> None:
    """What NHN's support asks for, under either of its names."""
    assert request_id(headers) == known
    assert Answer(200, headers, None).request_id == known


ERRORS = [
    (400, "badRequest", "Invalid input received: Invalid sort key", {}, ExitCode.USAGE),
    (400, "badRequest", "Malformed request url", {}, ExitCode.AUTH),
    (400, "badRequest", "Availability zone 'x' is invalid.", {}, ExitCode.NOT_FOUND),
    (400, "badRequest", "Invalid volume: Volume status must be available or error", {}, ExitCode.CONFLICT),
    (400, "badRequest", "Invalid volume: Volume still has 2 dependent snapshots.", {}, ExitCode.CONFLICT),
    (400, "badRequest", "Volume cannot be deleted while in attached state", {}, ExitCode.CONFLICT),
    (403, "forbidden", "Policy doesn't allow volume:create to be performed.", {}, ExitCode.AUTH),
    (404, "itemNotFound", "Volume x could not be found.", {}, ExitCode.NOT_FOUND),
    (409, "conflictingRequest", "busy", {}, ExitCode.CONFLICT),
    (413, "overLimit", "VolumeLimitExceeded", {"retry_after": "0"}, ExitCode.LIMIT),
    (418, "computeFault", "teapot", {}, ExitCode.FAILURE),
    (500, "computeFault", "The server has either erred", {}, ExitCode.UNAVAILABLE),
    (501, "notImplemented", "no", {}, ExitCode.UNAVAILABLE),
    (520, "computeFault", "a gateway's own", {}, ExitCode.UNAVAILABLE),
]


@pytest.mark.parametrize(
    ("status", "fault", "message", "headers", "code"), ERRORS, ids=[f"{row[0]} {row[2][:20]}" for row in ERRORS]
)
def test_an_error_ends_in_its_exit_code_with_the_servers_words(
    faulty: MakeFaulty,
    nbs: Callable[..., Ran],
    status: int,
    fault: str,
    message: str,
    headers: dict[str, str],
    code: ExitCode,
) -> None:
    """By status, fault and keyword, not by status alone: the family says 400 for most (commands.md 2, facts.md 4.2)."""
    body = {fault: {"code": status, "message": message}}
    server = faulty(answer(status, body, x_openstack_request_id="req-77", **headers))
    ran = nbs("volume", "list", env=with_token(server))
    assert ran.code == code
    assert ran.out == ""
    assert f"nbs: {message}" in ran.err
    assert "request id: req-77" in ran.err
    assert len(server.heard) == 1
