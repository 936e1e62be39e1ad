"""The bodies of refusals, in the shapes of the block storage, the identity service and the framework below them."""

from __future__ import annotations

from http import HTTPStatus

from nbs_cli.sandbox.refusals import KEYSTONE, Refused
from nbs_cli.sandbox.turns import Record


def body(refused: Refused) -> Record:
    """`{fault: {code, message, ...}}`: Keystone adds a title, an overrun limit its useless `retryAfter`."""
    told: Record = {"code": refused.status, "message": refused.message}
    if refused.fault == KEYSTONE:
        told = {"code": refused.status, "title": HTTPStatus(refused.status).phrase, "message": refused.message}
    if "Retry-After" in refused.headers:
        told["retryAfter"] = refused.headers["Retry-After"]
    return {refused.fault: told}


def from_below(status: str, message: str) -> Record:
    """Give the framework's own shape, for what no controller saw: `status` like "404 Not Found", HTML in the text."""
    return {"message": f"{message}<br /><br />\n\n\n", "code": status, "title": status.partition(" ")[2]}


def nowhere(address: str) -> Record:
    """404 of the identity service."""
    text = f"({address}): The resource could not be found."
    return {KEYSTONE: {"code": 404, "title": "Not Found", "message": text}}
