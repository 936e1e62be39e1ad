"""Every failure, its exit code, and its hint.

The tree (the slug is what `-o json` calls the failure):

    Failure               1  failure      anything unexpected; the server answered nonsense
    ├── Usage             2  usage        bad input, refused here or by the server
    ├── NotFound          3  not-found    a volume, type, zone, region … does not exist, or a name is ambiguous
    ├── Unauthorized      4  auth         no credentials, 401, 403
    ├── Conflict          5  conflict     the resource's state forbids it
    ├── OverLimit         6  limit        a quota, a size limit, a rate limit
    ├── WaitTimeout       7  timeout      a wait's deadline passed
    ├── ErrorState        8  error-state  ended in an error status, vanished, or a delete bounced back
    ├── Unavailable       9  unavailable  no network, no answer in time, 5xx
    │   └── LostAnswer                    the request went out and no answer could be read
    ├── Partial          10  partial      some succeeded, some failed
    └── Unknown          11  unknown      a create whose outcome could not be settled
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

from nbs_cli.output.words import _

if TYPE_CHECKING:
    from nbs_cli.cloud.resources import Field


class ExitCode(IntEnum):
    """What a script may branch on; new codes may come, and an unknown one means failure."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    CONFLICT = 5
    LIMIT = 6
    TIMEOUT = 7
    ERROR_STATE = 8
    UNAVAILABLE = 9
    PARTIAL = 10
    UNKNOWN = 11
    HANGUP = 129
    INTERRUPTED = 130
    PIPE = 141
    TERMINATED = 143


class Failure(Exception):
    """Something unexpected: the server answered nonsense, the doctor found something, output could not be written.

    `message` says what happened in one line, in the server's words too, `hint` the next step, `candidates` are records
    to choose from (an ambiguous name) and `columns` what of them is shown, `resource` is the ID of what it is about.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE
    slug: ClassVar[str] = "failure"
    retryable: bool = False  # whether the same command may fare better a little later, and makes nothing twice
    retry_after: float | None = None  # seconds, when the server said so
    resent: bool = False  # the request had gone out before, and its first answer was lost

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        http_status: int | None = None,
        request_id: str | None = None,
        resource: str | None = None,
        candidates: Sequence[dict[str, Any]] = (),
        columns: Sequence[Field] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.http_status = http_status
        self.request_id = request_id
        self.resource = resource
        self.candidates = candidates
        self.columns = columns

    def record(self) -> dict[str, Any]:
        """The failure as `-o json` shows it (`commands.md`: code, exit, message, http_status, …)."""
        record = {
            "code": self.slug,
            "exit": int(self.exit_code),
            "message": self.message,
            "http_status": self.http_status,
            "request_id": self.request_id,
            "hint": self.hint,
            "retryable": self.retryable,
            "resource": self.resource,
        }
        return {**record, "candidates": list(self.candidates)} if self.candidates else record


class Usage(Failure):
    """Bad input, refused here before any request, or by the server with a 400."""

    exit_code = ExitCode.USAGE
    slug = "usage"


class NotFound(Failure):
    """What was named does not exist, or two resources bear the name."""

    exit_code = ExitCode.NOT_FOUND
    slug = "not-found"


class Unauthorized(Failure):
    """No credentials, wrong ones, or not enough rights."""

    exit_code = ExitCode.AUTH
    slug = "auth"


class Conflict(Failure):
    """The state of the resource forbids it: attached, has snapshots, wrong status."""

    exit_code = ExitCode.CONFLICT
    slug = "conflict"


class OverLimit(Failure):
    """A quota, a size limit, or too many requests."""

    exit_code = ExitCode.LIMIT
    slug = "limit"


class RateLimited(OverLimit):
    """Too many requests; asking again later helps."""

    retryable = True


class WaitTimeout(Failure):
    """The deadline of a wait passed; the resource may still get there."""

    exit_code = ExitCode.TIMEOUT
    slug = "timeout"
    retryable = True


class ErrorState(Failure):
    """The resource ended in an error status, vanished, or an accepted delete bounced back."""

    exit_code = ExitCode.ERROR_STATE
    slug = "error-state"


class Unavailable(Failure):
    """The server could not be reached, did not answer in time, or said 5xx."""

    exit_code = ExitCode.UNAVAILABLE
    slug = "unavailable"
    retryable = True
    passing: bool = True  # False: the same request would fare no better (a bad certificate, the time is up)


class LostAnswer(Unavailable):
    """The request may have reached the server, and no answer could be read: a create may or may not have happened."""


class Nonsense(Failure):
    """The server's answer is not what the guide documents: HTML, cut JSON, a redirect, a page that repeats itself."""


class Partial(Failure):
    """Of several, some succeeded and some failed."""

    exit_code = ExitCode.PARTIAL
    slug = "partial"


class Unknown(Failure):
    """A create whose answer was lost and whose outcome could not be settled."""

    exit_code = ExitCode.UNKNOWN
    slug = "unknown"


# how the family words a refusal that is about the state of the resource and not about the input (facts.md §4.2);
# compiled when one comes, for that takes longer than to load the module
_STATE = r"status must be|current status|in-use|dependent snapshots|attached|^Invalid (volume|snapshot): |migrating"
_ZONE = r"(?i)availability zone .* is invalid"


def from_response(status: int, fault: str, message: str, *, request_id: str | None, retry_after: str | None) -> Failure:
    """Choose the failure for an answer that is no success.

    *fault* is the fault's name (`badRequest`, `itemNotFound`, `overLimit`, …; empty when the body had none),
    *message* the server's own words in one line. Source: facts.md §4, observed.md (errors).
    """
    kind, hint = _classify(status, fault, message, retry_after)
    return kind(message or f"HTTP {status}", hint=hint, http_status=status, request_id=request_id)


def _classify(status: int, fault: str, message: str, retry_after: str | None) -> tuple[type[Failure], str | None]:
    if status == 400:
        return _classify_bad_request(message)
    if status in {401, 403}:
        return Unauthorized, None if status == 401 else _("your role does not allow this; ask for Infrastructure ADMIN")
    if status == 404:
        return NotFound, None
    if status == 409:
        return Conflict, None
    if status == 429 or (status == 413 and fault == "overLimitFault" and (retry_after or "0") != "0"):
        return RateLimited, _("wait a little and try again")
    if status == 413 and "larger than maximum" in message:
        return OverLimit, _("say a smaller `--size`, or ask NHN Cloud for a higher limit")
    if status == 413 and fault:
        return OverLimit, _("delete what is not needed, or ask NHN Cloud for a higher limit")
    if status >= 500 or status == 408:
        return LostAnswer, _("the trouble is on the server's side; try again in a while")
    return Failure, None


def _classify_bad_request(message: str) -> tuple[type[Failure], str | None]:
    if message == "Malformed request url":
        # the family's words for a token that is not for this tenant, or for none
        return Unauthorized, _("the token is not for this tenant; check the tenant ID")
    if re.search(_ZONE, message):
        return NotFound, _("leave `--zone` out to let the service choose; `nbs volume list -c name,zone` shows zones")
    if re.search(_STATE, message):
        return Conflict, _(
            "detach it first, or say `--force` where the service allows it"
        ) if "in-use" in message else None
    if "metadata" in message and "does not match" in message:
        return Usage, _("a metadata key has letters from a to z, digits and - _ : . / or spaces")
    return Usage, None


def nearest(word: str, known: Sequence[str], otherwise: str, *, whole: bool = False) -> str:
    """The hint for a misspelt *word*: the nearest of *known*, or *otherwise*, where `{names}` stands for them all.

    With *whole* both, for lists that are short; then no guess is made between two that are as near.
    """
    every = otherwise.format(names=", ".join(known))
    close = closest(word, known, alone=whole)
    if close is None:
        return every
    words = _("did you mean {name}?").format(name=close)
    return f"{words} {every}" if whole else words


def closest(word: str, known: Sequence[str], likeness: float = 0.6, *, alone: bool = False) -> str | None:
    """The one of *known* that is most like *word*, letter case aside, or begins like it; None where none is.

    With *alone* it has to be more like it than any other.
    """
    by_letters = {_letters(name): name for name in reversed(known)}
    typed = _letters(word)
    matches = difflib.get_close_matches(typed, list(by_letters), 2, likeness)
    if alone and len({difflib.SequenceMatcher(None, name, typed).ratio() for name in matches}) < len(matches):
        return None
    if not matches and len(typed) > 1:
        matches = [name for name in by_letters if name.startswith(typed) or (len(name) > 1 and typed.startswith(name))]
    return by_letters[matches[0]] if matches else None


def _letters(word: str) -> str:
    """What is compared: case aside, and Korean syllables taken apart, of which one wrong vowel spoils not all."""
    return unicodedata.normalize("NFD", word.casefold())
