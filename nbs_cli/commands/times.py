"""Times as they are typed: how long, and when."""

from __future__ import annotations

import re

import typer

from nbs_cli.output import text as texts
from nbs_cli.output.words import _

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")


def span(text: str) -> float:
    """Read a length of time such as `90s`, `2h`, `1d` or `52w` in seconds; raises typer.BadParameter."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(_("{text!r} is no length of time; write it as 90s, 2h, 1d or 52w").format(text=text))
    return float(match[1]) * _UNITS[match[2]]


def instant(text: str) -> float:
    """Read a day or a time (ISO 8601; UTC where it names no zone) in seconds since 1970; raises typer.BadParameter."""
    read = texts.moment(text.strip())
    if read is None:
        raise typer.BadParameter(
            _("{text!r} is no time; write it as 2027-01-31 or 2027-01-31T09:00:00+09:00").format(text=text)
        )
    return read.timestamp()
