"""What typer finds wrong with a command line, and the sandbox with an order, in the language of the person."""

from __future__ import annotations

import difflib
import re
from typing import Any

from typer import TyperException

from nbs_cli.errors import Usage
from nbs_cli.output.words import _

# typer's sentences, without the full stop and beginning small, then the sandbox's; another one stands for {why}
SENTENCES = (
    "missing argument {name}",
    "missing option {name}",
    "no such option: {name}",
    "option {name} requires an argument",
    "option {name} does not take a value",
    "got unexpected extra argument(s) ({names})",
    "invalid value for {name}: {why}",
    "{value} is no whole number from {low} to {high}",
    "{value} is no number from {low} to {high}",
    "{value} is no number above {low} to {high}",
    "{value} is none of {choices}",
    "{value} is no text",
    "{value} holds what cannot be sent",
    "{value} is no header such as 'Retry-After: 3'",
    "{value} is neither true nor false",
    "{value} fits no request: a path begins with / or *, as in '*/volumes*'",
    "{kind} happens in the cloud and has no {name}",
    "{kind} has no parameter {name}",
    "{kind} needs {name}: {why}",
    "there is no fault {kind}",
    "{path}: there is no {name} in a scenario",
    "{path}: there is no setting {name}",
    "{path}: a fault is written below [[fault]]",
    "{path}: settings are written below [settings]",
    '{place}: a fault needs its kind, such as kind = "status"',
    "{place}: {why}",
)


def told(error: TyperException) -> Usage:
    """A mistake in typing as a failure: what is wrong, and the nearest option or where the help is."""
    ctx: Any = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "nbs"
    typed = getattr(error, "option_name", "")
    close = difflib.get_close_matches(typed, getattr(error, "possibilities", None) or (), 1, 0.7)
    message = (error.message if typed else "") or error.format_message()
    hint = (
        _("did you mean {name}?").format(name=close[0]) if close else _("`{path} --help` tells more").format(path=path)
    )
    message = message.rstrip(".")
    return Usage(translated(message[:1].lower() + message[1:]), hint=hint)


def translated(message: str) -> str:
    """*message* in the language of the person; one that is not known stays as it is."""
    for sentence in SENTENCES:
        if match := pattern(sentence).fullmatch(message):
            said = match.groupdict()
            return _(sentence).format(**{**said, **({"why": translated(said["why"])} if "why" in said else {})})
    return message and _(message)


def pattern(sentence: str) -> re.Pattern[str]:
    """What fits *sentence*, its placeholders as groups."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(sentence)), re.DOTALL)
