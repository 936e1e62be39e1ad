"""The faults of the trials: what befalls the POST, what befalls the lists, and when a person runs the command again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbs_cli.sandbox.trouble import Fault, fault

WINDOW = 1.0  # seconds of a settle window, where people have 30
Roll = Callable[[random.Random], list[tuple[str, dict[str, Any]]]]


@dataclass(frozen=True)
class Mixed:
    """A fault of the POST: the orders of one trial, the options of the command, what a trial may come to.

    `codes` are the exit codes of the first run that are right; `twins` says that the road itself doubles the request;
    `given` that the key has to be a person's own; `later` the seconds after which the command is run again.
    """

    orders: Roll
    codes: frozenset[int] = frozenset({0, 11})
    options: tuple[str, ...] = ()
    twins: bool = False
    given: bool = False
    later: float = 0.0


def one(kind: str, **parameters: Any) -> Roll:
    """The same order in every trial; a list of values is one of them by lot."""
    return lambda chance: [
        (kind, {name: chance.choice(value) if isinstance(value, list) else value for name, value in parameters.items()})
    ]


def together(*rolls: Roll) -> Roll:
    """Several orders for one POST."""
    return lambda chance: [order for roll in rolls for order in roll(chance)]


def _cut(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    framing = chance.choice(["length", "chunked", "close"])
    how = {"at": chance.randrange(700), "of": chance.choice(["body", "answer"]), "framing": framing}
    return [("truncate", {**how, "then": chance.choice(["close", "reset"])})]


BROKEN = [500, 502, 503, 504, 520]
MIX: dict[str, Mixed] = {
    "pass": Mixed(lambda _chance: [], frozenset({0})),
    "latency": Mixed(one("latency", seconds=[0.05, 0.2], when=["before", "after"]), frozenset({0})),
    "drop before": Mixed(lambda chance: one(chance.choice(["close", "reset"]), when="before")(chance), frozenset({11})),
    "drop after": Mixed(lambda chance: one(chance.choice(["close", "reset"]), when="after")(chance), frozenset({0})),
    "5xx before": Mixed(one("status", code=BROKEN, when="before"), frozenset({11})),
    "5xx after": Mixed(one("status", code=BROKEN, when="after"), frozenset({0})),
    "truncate": Mixed(_cut, frozenset({0})),
    "html": Mixed(one("html", code=[200, 202], when=["before", "after"])),
    "bad json": Mixed(one("bad-json", when=["before", "after"])),
    "redirect": Mixed(one("redirect", to="http://127.0.0.1:9/", code=["301", "302", "307"])),
    "mute": Mixed(one("hang", when=["before", "after"]), frozenset({11}), ("--timeout", "1s")),
    "late, in time": Mixed(one("late", seconds=0.5 * WINDOW, answer=["close", "reset", "504"])),
    "late, at once again": Mixed(one("late", seconds=1.5 * WINDOW, answer=["close", "504"])),
    "late, then again": Mixed(one("late", seconds=3 * WINDOW, answer="close"), later=2.5 * WINDOW),
    "doubled": Mixed(one("duplicate", answer=["first", "second"]), frozenset({1}), twins=True, given=True),
    "doubled, dropped": Mixed(together(one("duplicate"), one("close", when="after")), frozenset({1}), twins=True),
    "401": Mixed(one("expire-token"), frozenset({0})),
    "429": Mixed(one("status", code=429, header=["Retry-After: 0"]), frozenset({0})),
    "refused": Mixed(one("status", code=[400, 403, 404, 409, 413], when="before"), frozenset({2, 3, 4, 5, 6})),
    "mark lost": Mixed(one("strip-metadata"), frozenset({0}), given=True),
    "create error": Mixed(together(one("create-error"), one("close", when="after")), frozenset({0, 8})),
}
KILL = "kill -9"
LAGS = (0.0, 0.1 * WINDOW, 0.4 * WINDOW)


def orders(name: str, noun: str, chance: random.Random, *, failing: bool) -> list[Fault]:
    """The orders of one trial: those of the POST, and by lot lists that lag or, where they may, fail a few times."""
    made = [_of_post(kind, noun, parameters) for kind, parameters in MIX[name].orders(chance)] if name in MIX else []
    if lag := chance.choice(LAGS):
        made.append(fault("lag", seconds=lag, method="GET", path=f"*/{noun}*", count=0))
    if failing and (count := chance.choice([0, 0, 1, 2])):
        made.append(fault("html", when="before", method="GET", path=f"*/{noun}/detail*", count=count))
    return made


def _of_post(kind: str, noun: str, parameters: dict[str, Any]) -> Fault:
    if kind.startswith("create"):
        return fault(kind, **parameters)
    return fault(kind, method="POST", path=f"*/{noun}", **parameters)
