"""How the sandbox says no: one exception, and a name for each shape of refusal that real servers use."""

from __future__ import annotations

from collections.abc import Mapping

KEYSTONE = "error"  # the fault name of the identity service's own shape, which also carries a title
MALFORMED = "Malformed request body"


class Refused(Exception):
    """A request is answered with `status`, under the `fault` name, with `message` and extra `headers`."""

    def __init__(self, status: int, fault: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.fault = fault
        self.message = message
        self.headers = dict(headers or {})


def crash() -> Refused:
    """500: the service fell over a fault of its own."""
    text = "The server has either erred or is incapable of performing the requested operation."
    return Refused(500, "computeFault", text)


def bad(message: str) -> Refused:
    """400 badRequest, which is also how state conflicts are refused (observed, errors)."""
    return Refused(400, "badRequest", message)


def invalid(field: str, value: object, why: str) -> Refused:
    """400 in the words of a request schema (observed, sizes)."""
    return bad(f"Invalid input for field/attribute {field}. Value: {value}. {why}")


def missing(kind: str, identifier: str) -> Refused:
    """404 itemNotFound for a `kind` such as Volume or Snapshot."""
    return Refused(404, "itemNotFound", f"{kind} {identifier} could not be found.")


def forbidden(rule: str) -> Refused:
    """403: the policy named `rule` is for others."""
    return Refused(403, "forbidden", f"Policy doesn't allow {rule} to be performed.")


def over(message: str) -> Refused:
    """413 overLimit with `Retry-After: 0`, though retrying is useless (observed, quotas)."""
    return Refused(413, "overLimit", message, {"Retry-After": "0"})


def unidentified(base: str, text: str = "The request you have made requires authentication.") -> Refused:
    """401 in Keystone's shape: one text for every wrong credential and every bad token."""
    return Refused(401, KEYSTONE, text, {"WWW-Authenticate": f'Keystone uri="{base}"'})


def unreadable(what: str, where: str) -> Refused:
    """400 in Keystone's shape: `what` was expected in `where`."""
    return Refused(
        400,
        KEYSTONE,
        f"Expecting to find {what} in {where}. The server could not comply with the request since it is either "
        "malformed or otherwise incorrect. The client is assumed to be in error.",
    )
