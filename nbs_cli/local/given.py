"""JSON that a person gives: typed, in a file, or on standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn, TextIO

from nbs_cli.errors import Usage
from nbs_cli.output.words import _


def data(text: str, stdin: TextIO) -> Any:
    """The object or list in *text*, in the file of `@FILE`, on *stdin* for `-`; raises Usage for anything else."""
    where = _("the data")
    if text in {"-", "@-"}:
        where, text = _("standard input"), stdin.read()
    elif text.startswith("@"):
        where, text = text[1:], _content(text[1:])
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Usage(
            _("{where}: no JSON: {error}").format(where=where, error=error),
            hint=_("write `--data '{\"volume\": …}'`, `--data @FILE`, or `--data -`"),
        ) from error
    if not isinstance(value, dict | list):
        raise Usage(_("{where}: neither an object nor a list").format(where=where))
    return value


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Usage(_("the file {path} cannot be read: {error}").format(path=path, error=error)) from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
