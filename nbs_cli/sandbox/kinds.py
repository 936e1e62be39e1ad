"""Kinds of faults that can be ordered, as data: their names, what they do, and their parameters.

The help text, the README's table and the checks all come from here; `deeds.py` does the evil, and a test holds the two
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from nbs_cli.sandbox.forms import SECONDS, Choice, Form, Headers, Number, Text, Whole
from nbs_cli.sandbox.garbage import NOT_JSON

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
MOST = 1_000_000_000


class Part(Enum):
    """What a kind is a part of, and so what it goes together with."""

    CLOUD = "cloud"  # an operation fails in the cloud itself: over HTTP and in process
    WAY = "way"  # happens on the way to the cloud or back; every order that fits does
    ANSWER = "answer"  # what the client gets in the end; the first order that fits does


@dataclass(frozen=True)
class Parameter:
    """A word that goes with a kind: what its value may be, its default (None: it must be given), what it says."""

    name: str
    form: Form
    default: Any
    words: str


@dataclass(frozen=True)
class Kind:
    """A kind of fault; `processed` says whether the cloud has seen the request first, None leaves it to `when`."""

    name: str
    part: Part
    words: str
    parameters: tuple[Parameter, ...] = ()
    processed: bool | None = None


BYTES = Whole(0, 1 << 40)
WHEN = Choice(("before", "after"))
BEFORE = Parameter("when", WHEN, "before", "before or after the request is processed")
AFTER = Parameter("when", WHEN, "after", BEFORE.words)
ENDS = Parameter(
    "when",
    Choice(("before", "after", "next")),
    "before",
    "before or after the request is processed, or next: it is answered, and the next one there ends it",
)
CODE = Parameter("code", Whole(200, 599), 200, "its status")
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "status",
            Part.ANSWER,
            "the answer is a refusal, or whatever else is asked for, in place of the cloud's",
            (
                Parameter("code", Whole(200, 599), 503, "the status"),
                Parameter("header", Headers(), [], "a header, as `Retry-After: 3` (may be repeated)"),
                Parameter("body", Text(), "", "the body (by default a refusal in the block storage's shape)"),
                Parameter("type", Text(one_line=True), "application/json", "its Content-Type"),
                BEFORE,
            ),
        ),
        Kind(
            "latency",
            Part.WAY,
            "the answer takes longer",
            (Parameter("seconds", SECONDS, 1.0, "how much longer"), BEFORE),
        ),
        Kind("hang", Part.ANSWER, "no answer ever comes", (BEFORE,)),
        Kind("reset", Part.ANSWER, "the connection ends with a TCP reset", (ENDS,)),
        Kind("close", Part.ANSWER, "the connection is closed without an answer", (ENDS,)),
        Kind(
            "truncate",
            Part.ANSWER,
            "the answer breaks off",
            (
                Parameter("at", BYTES, 10, "after this many bytes"),
                Parameter("of", Choice(("body", "answer")), "body", "of the body, or of the whole answer"),
                Parameter(
                    "framing",
                    Choice(("length", "chunked", "close", "gzip")),
                    "length",
                    "how its end is told: length, chunked, close, or gzip and close",
                ),
                Parameter("then", Choice(("close", "reset")), "close", "how the connection ends: close, reset"),
            ),
            processed=True,
        ),
        Kind(
            "drip",
            Part.ANSWER,
            "the answer comes byte by byte",
            (
                Parameter("part", Choice(("head", "body")), "body", "from its head on, or only its body"),
                Parameter("rate", Number(0, 1e6, closed=False), 1.0, "bytes a second"),
            ),
            processed=True,
        ),
        Kind(
            "continue",
            Part.ANSWER,
            "`100 Continue` comes over and over",
            (
                Parameter("times", Whole(0, MOST), 0, "how often before the answer (0: for ever)"),
                Parameter("pause", SECONDS, 0.01, "seconds between two"),
                BEFORE,
            ),
        ),
        Kind(
            "html",
            Part.ANSWER,
            "the answer is a page of HTML, as a captive portal gives it",
            (CODE, Parameter("type", Text(one_line=True), "text/html; charset=utf-8", "its Content-Type"), AFTER),
        ),
        Kind(
            "bad-json",
            Part.ANSWER,
            "the answer is JSON that is none, or none that is expected",
            (Parameter("variant", Choice(tuple(NOT_JSON)), "cut", "one of " + ", ".join(NOT_JSON)), CODE, AFTER),
        ),
        Kind(
            "huge",
            Part.ANSWER,
            "the answer's body is huge",
            (
                Parameter("bytes", BYTES, 10_000_000_000, "how huge"),
                Parameter("length", Choice(("yes", "no")), "yes", "whether a Content-Length tells it: yes, no"),
                CODE,
                AFTER,
            ),
        ),
        Kind(
            "gzip-bomb",
            Part.ANSWER,
            "the answer's body is small, and huge when it is unpacked",
            (
                Parameter("bytes", Whole(0, 1 << 34), 1 << 30, "how huge"),
                Parameter("layers", Whole(1, 2), 1, "how often it is packed"),
                CODE,
                AFTER,
            ),
        ),
        Kind(
            "headers",
            Part.ANSWER,
            "the answer has very many headers",
            (
                Parameter("number", Whole(1, 1_000_000), 5000, "how many"),
                Parameter("size", Whole(0, 1 << 20), 1, "bytes of each one's value"),
            ),
            processed=True,
        ),
        Kind(
            "redirect",
            Part.ANSWER,
            "the answer sends the client elsewhere",
            (
                Parameter("to", Text(one_line=True), None, "the URL"),
                Parameter(
                    "code", Choice(("301", "302", "303", "307", "308")), "302", "the status: 301, 302, 303, 307, 308"
                ),
                BEFORE,
            ),
        ),
        Kind(
            "late",
            Part.ANSWER,
            "the client is told nothing good, and the request is processed all the same, later",
            (
                Parameter("seconds", SECONDS, 1.0, "how much later"),
                Parameter(
                    "answer",
                    Choice(("close", "reset", "504", "hang")),
                    "close",
                    "what the client gets: close, reset, 504, hang",
                ),
            ),
            processed=False,
        ),
        Kind(
            "duplicate",
            Part.WAY,
            "the request reaches the cloud twice",
            (
                Parameter("delay", SECONDS, 0.0, "seconds between the two"),
                Parameter(
                    "answer", Choice(("first", "second")), "first", "which answer the client gets: first, second"
                ),
            ),
        ),
        Kind("expire-token", Part.WAY, "every token that was issued dies before the request is processed"),
        Kind(
            "lag",
            Part.WAY,
            "a list does not show what was created last",
            (Parameter("seconds", SECONDS, 1.0, "within how many seconds"),),
        ),
        Kind(
            "strip-metadata",
            Part.WAY,
            "a create loses its metadata, and nbs's mark in its description",
        ),
        Kind(
            "replace",
            Part.WAY,
            "a text is replaced by another",
            (
                Parameter("find", Text(), None, "the text"),
                Parameter("put", Text(), "", "what stands in its place"),
                Parameter(
                    "of",
                    Choice(("answer", "target", "request")),
                    "answer",
                    "in the body of the answer or the request, or in the target: path and query",
                ),
            ),
        ),
        Kind("create-error", Part.CLOUD, "what is created ends in the status `error`"),
        Kind("delete-error", Part.CLOUD, "what is deleted ends in the status `error_deleting`"),
        Kind("delete-bounce", Part.CLOUD, "what is deleted is `available` again: the storage was busy"),
    )
}
FAILURES = tuple(kind.name for kind in KINDS.values() if kind.part is Part.CLOUD)
MATCHING = ("method", "path", "count", "after", "probability", "seed")
