"""What typer finds wrong with a command line, in our words."""

from __future__ import annotations

import difflib
import re
from typing import Any

from typer import TyperException

from nbs_cli.errors import Usage
from nbs_cli.output.words import _

# typer's sentences, without the full stop and beginning small; one may stand in place of {why}
SENTENCES = (
    "missing argument {name}",
    "missing option {name}",
    "no such option: {name}",
    "option {name} requires an argument",
    "option {name} does not take a value",
    "got unexpected extra argument(s) ({names})",
    "invalid value for {name}: {why}",
    "{value} is not a valid integer",
    "{value} is not a valid float",
    "{value} is not in the range {range}",
    "{value} is not one of {choices}",
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
    return Usage(translated(message), hint=hint)


def translated(message: str) -> str:
    """*message* of typer's in the language of the person; one that is not known stays as it is."""
    text = message.rstrip(".")
    text = text[:1].lower() + text[1:]
    for sentence in SENTENCES:
        if match := _pattern(sentence).fullmatch(text):
            said = match.groupdict()
            return _(sentence).format(**{**said, **({"why": translated(said["why"])} if "why" in said else {})})
    return text


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(sentence)), re.DOTALL)
