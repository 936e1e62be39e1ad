"""Every failure, its exit code, and which answer of a server becomes which failure."""

from __future__ import annotations

import inspect

import pytest

from nbs_cli import errors
from nbs_cli.errors import (
    Conflict,
    ExitCode,
    Failure,
    LostAnswer,
    NotFound,
    OverLimit,
    RateLimited,
    Unauthorized,
    Usage,
    from_response,
)

# the table of commands.md §2
CODES = {
    "ok": 0,
    "failure": 1,
    "usage": 2,
    "not-found": 3,
    "auth": 4,
    "conflict": 5,
    "limit": 6,
    "timeout": 7,
    "error-state": 8,
    "unavailable": 9,
    "partial": 10,
    "unknown": 11,
}
KINDS = [kind for _name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Failure)]
NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing "
    "and must not be migrating, attached, belong to a group, have snapshots or be disassociated from snapshots after "
    "volume transfer."
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_failure_has_the_code_of_its_name(kind: type[Failure]) -> None:
    """What JSON calls a failure and the code that the process ends with belong together, as the contract has them."""
    assert CODES[kind.slug] == kind.exit_code
    assert (kind.__doc__ or "").strip()


def test_every_code_of_the_contract_has_its_failure() -> None:
    """No code is promised that nothing raises."""
    assert {kind.slug for kind in KINDS} == CODES.keys() - {"ok"}
    assert {code.value for code in ExitCode} == {*CODES.values(), 129, 130, 141, 143}


def test_what_may_be_tried_again() -> None:
    """By its class alone: what a rate, a wait or the way to the server has ended; what else there is fails again."""
    again = {kind.__name__ for kind in KINDS if kind.retryable}
    assert again == {"RateLimited", "WaitTimeout", "Unavailable", "LostAnswer"}


def test_a_failure_as_a_record() -> None:
    """The documented keys, in their order, whatever is known of them."""
    failure = Conflict("attached", hint="detach", http_status=400, request_id="req-1", resource="id")
    assert failure.record() == {
        "code": "conflict",
        "exit": 5,
        "message": "attached",
        "http_status": 400,
        "request_id": "req-1",
        "hint": "detach",
        "retryable": False,
        "resource": "id",
    }
    assert set(Usage("x").record().values()) == {"usage", 2, "x", None, False}


@pytest.mark.parametrize(
    ("status", "fault", "message", "retry_after", "kind"),
    [
        (400, "badRequest", "Invalid input received: size", None, Usage),
        (400, "badRequest", "Invalid volume: Volume x status must be available", None, Conflict),
        (400, "badRequest", NOT_DELETABLE, None, Conflict),
        (400, "badRequest", "Invalid snapshot: Originating snapshot status must be one of …", None, Conflict),
        (400, "badRequest", "Availability zone 'x' is invalid.", None, NotFound),
        (400, "badRequest", "Malformed request url", None, Unauthorized),
        (401, "error", "…", None, Unauthorized),
        (403, "forbidden", "…", None, Unauthorized),
        (404, "itemNotFound", "…", None, NotFound),
        (409, "conflictingRequest", "…", None, Conflict),
        (413, "overLimit", "quota", "0", OverLimit),
        (413, "overLimit", "quota", None, OverLimit),
        (413, "overLimitFault", "rate", "3", RateLimited),
        (413, "", "Request Entity Too Large", None, Failure),
        (429, "", "", "1", RateLimited),
        (500, "computeFault", "…", None, LostAnswer),
        (502, "", "Bad Gateway", None, LostAnswer),
        (503, "", "", None, LostAnswer),
        (504, "", "", None, LostAnswer),
        (405, "", "", None, Failure),
        (418, "", "", None, Failure),
    ],
)
def test_answers_become_failures(
    status: int, fault: str, message: str, retry_after: str | None, kind: type[Failure]
) -> None:
    """By status, fault name and, where the family gives one status for many reasons, its words."""
    failure = from_response(status, fault, message, request_id="req-1", retry_after=retry_after)
    assert type(failure) is kind
    assert (failure.http_status, failure.request_id) == (status, "req-1")
    assert failure.message == (message or f"HTTP {status}")


@pytest.mark.parametrize(("status", "fault"), [(403, "forbidden"), (413, "overLimit"), (429, "")])
def test_what_can_be_done_is_said(status: int, fault: str) -> None:
    """A missing role, a quota and a rate limit have their next step."""
    assert from_response(status, fault, "x", request_id=None, retry_after=None).hint


def test_only_what_may_pass_is_retryable() -> None:
    """Programs are told whether asking again can help."""
    retryable = {kind.__name__ for kind in KINDS if kind.retryable}
    assert retryable == {"LostAnswer", "RateLimited", "Unavailable", "WaitTimeout"}
