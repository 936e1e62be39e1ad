"""Trouble in the making: a fault of one of the kinds, checked, and the requests that it befalls."""

from __future__ import annotations

import fnmatch
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbs_cli.sandbox.forms import Choice, Mistake, Number, Text, Whole
from nbs_cli.sandbox.kinds import KINDS, MATCHING, METHODS, MOST, Kind, Parameter, Part


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, and the requests that it befalls.

    Those of `method` (None: any) whose path, or path and query, the glob `path` (None: any) matches; of them the first
    `after` are spared; the others are struck with `probability`, `count` times in all (0: for ever). The same `seed`
    strikes the same ones. Made by `fault`, which checks it and rolls a seed where a die is needed and none is given.
    """

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    path: str | None = None
    count: int = 1
    after: int = 0
    probability: float = 1.0
    seed: int = 0

    @property
    def part(self) -> Part:
        """What its kind is a part of."""
        return KINDS[self.kind].part

    def fits(self, method: str, target: str) -> bool:
        """Whether it is about a request of this method and target (path and query, as they stand in the request)."""
        if self.method is not None and self.method != method:
            return False
        path = target.partition("?")[0]
        return self.path is None or any(fnmatch.fnmatchcase(text, self.path) for text in (path, target))


def fault(kind: str, /, **given: Any) -> Fault:
    """Check and make a fault: `fault("status", code=503, method="GET", count=2)`; texts will do for numbers.

    Raises Mistake for a kind, a parameter or a value that there is not.
    """
    if kind not in KINDS:
        raise Mistake(f"there is no fault {kind!r}", kind, tuple(KINDS))
    matching = {name: value for name in MATCHING if (value := given.pop(name, None)) is not None}
    if KINDS[kind].part is Part.CLOUD and (wrong := {"method", "path"} & matching.keys()):
        raise Mistake(f"{kind} happens in the cloud and has no {min(wrong)}")
    checked = {name: _checked(name, _MATCHING[name], value) for name, value in matching.items()}
    if checked.get("probability", 1.0) < 1:
        checked.setdefault("seed", random.randrange(MOST))  # noqa: S311 a die, no secret
    return Fault(kind=kind, parameters=_parameters(KINDS[kind], given), **checked)


def _parameters(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    known = [parameter.name for parameter in kind.parameters]
    for name in given:
        if name not in known:
            raise Mistake(f"{kind.name} has no parameter {name!r}", name, known)
    return {one.name: _value(kind, one, given) for one in kind.parameters}


def _value(kind: Kind, parameter: Parameter, given: Mapping[str, Any]) -> Any:
    if given.get(parameter.name) is not None:
        return _checked(parameter.name, parameter.form, given[parameter.name])
    if parameter.default is None:
        raise Mistake(f"{kind.name} needs {parameter.name}: {parameter.words}")
    return parameter.default


def _checked(name: str, form: Any, value: Any) -> Any:
    try:
        return form.read(value)
    except Mistake as mistake:
        raise Mistake(f"{name}: {mistake.message}", mistake.word, mistake.known) from None


@dataclass(frozen=True)
class _Method:
    def read(self, value: Any) -> str:
        return Choice(METHODS).read(str(value).upper())


@dataclass(frozen=True)
class _Glob:
    def read(self, value: Any) -> str:
        text = Text(one_line=True).read(value)
        if not re.match(r"[/*]", text):
            raise Mistake(f"{text!r} fits no request: a path begins with / or *, as in '*/volumes*'")
        return text


_MATCHING: dict[str, Any] = {
    "method": _Method(),
    "path": _Glob(),
    "count": Whole(0, MOST),
    "after": Whole(0, MOST),
    "probability": Number(0, 1, closed=False),
    "seed": Whole(0, MOST),
}
