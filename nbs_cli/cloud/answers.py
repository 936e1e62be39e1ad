"""What a server's answer says: JSON read strictly, and every shape of error made one line."""

from __future__ import annotations

import json
import math
import re
from codecs import BOM_UTF8
from typing import Any, NamedTuple, NoReturn

from nbs_cli.errors import Nonsense
from nbs_cli.output.words import _

_TAG = r"<[^>]*>"
_SPACE = r"\s+"
_READ = 4096  # characters that are read for it: a tag that never ends must not take forever
_LONGEST = 300  # characters of a server's words that are worth showing


class Answer(NamedTuple):
    """A successful answer: HTTP status, headers (lower-case names), decoded JSON body (None when it was empty)."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def request_id(self) -> str | None:
        """The ID that NHN's support asks for."""
        return request_id(self.headers)


def request_id(headers: dict[str, str]) -> str | None:
    """The request ID in *headers* (lower-case names), under either of its names."""
    return headers.get("x-openstack-request-id") or headers.get("x-compute-request-id")


def parse(raw: bytes, host: str) -> Any:
    """Read *raw* as strict JSON; None for an empty body.

    Raises Nonsense for anything else: HTML from a portal, cut JSON, NaN, numbers and depths no answer has.
    """
    if not raw.strip():
        return None
    try:
        return json.loads(raw.removeprefix(BOM_UTF8).decode(), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        what = "HTML" if raw.lstrip()[:1] == b"<" else _("no JSON")
        raise Nonsense(
            _("this is not the API: {what} from {host}").format(what=what, host=host),
            hint=_("check the endpoint, the proxy and the network"),
        ) from error


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def error_words(raw: bytes) -> tuple[str, str]:
    """Give the fault's name and the message of an error body, in one line; both may be empty.

    Reads every shape observed (observed.md, errors): a named fault, Keystone's `error`, `message` beside a `code` in
    words, NHN's `header`, a gateway's HTML or text, nothing.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return "", one_line(raw[:_READ].decode(errors="replace"))
    if not isinstance(body, dict):
        return "", one_line(str(body))
    if "message" in body:
        return "", one_line(str(body["message"] or ""))
    for fault, inner in body.items():
        if isinstance(inner, dict):
            words = inner.get("message") or inner.get("resultMessage")
            if words is not None:
                return str(fault), one_line(str(words))
    return "", one_line(json.dumps(body, ensure_ascii=False))


def one_line(text: str) -> str:
    """Strip HTML and fold white space; cut what is longer than a line or four."""
    folded = re.sub(_SPACE, " ", re.sub(_TAG, " ", text[:_READ])).strip()
    return folded if len(folded) <= _LONGEST else folded[: _LONGEST - 1] + "…"
