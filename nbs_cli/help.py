"""Help pages: the options of a command, wrapped by display width, and its examples."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Any

import typer

from nbs_cli.output.text import pad, width, wrapped
from nbs_cli.output.words import _

_WIDEST = 100
_LABEL = 30  # columns that the names of options take at most
Row = tuple[str, str]


def page(command: Any, ctx: typer.Context, shared: frozenset[str], subcommands: list[Row]) -> str:
    """The help page of *command* (a typer command): usage, help, arguments, subcommands, options, examples.

    *shared* are the names of the options that every command has: told in full by the root, in a line by the others.
    """
    room = min(shutil.get_terminal_size().columns, _WIDEST)
    params = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option"]
    own = [param for param in options if param.name not in shared]
    everywhere = [param for param in options if param.name in shared]
    pieces = " ".join(["[OPTIONS]", *map(_piece, arguments), *(["COMMAND …"] if subcommands else [])])
    title = _("Usage:")
    parts = ["\n".join(wrapped(f"{title} {ctx.command_path} {pieces}", room, "  "))]
    parts += ["\n".join(wrapped(line, room)) for line in (command.help or "").split("\n\n")]
    parts += _section(_("Arguments"), [_argument(param) for param in arguments], room)
    parts += _section(_("Commands"), subcommands, room)
    parts += _section(_("Options"), [_option(param, ctx) for param in own], room)
    if ctx.parent is None:
        parts += _section(
            _("Options of every command, before or after its word"), [_option(p, ctx) for p in everywhere], room
        )
    else:
        names = " ".join("/".join(sorted(param.opts, key=len)) for param in everywhere)
        parts.append("\n".join(wrapped(_("Everywhere (see `nbs --help`): {names}").format(names=names), room, "  ")))
    if command.epilog:
        parts.append(_("Examples:") + "\n" + "\n".join(f"  {line}" for line in command.epilog.splitlines()))
    return "\n\n".join(parts)


def _section(title: str, rows: Iterable[Row], room: int) -> list[str]:
    listed = list(rows)
    return ["\n".join([*wrapped(f"{title}:", room), *definitions(listed, room)])] if listed else []


def definitions(rows: list[Row], room: int) -> list[str]:
    """Labels on the left, their words beside them; a long label has a line of its own."""
    space = min(_LABEL, max(width(label) for label, _words in rows)) + 2
    lines: list[str] = []
    for label, words in rows:
        first, *rest = wrapped(words, room - space - 2) or [""]
        if width(label) + 2 > space:
            lines += [f"  {line}" for line in wrapped(label, room - 2, "  ")]
            lines.append(f"  {' ' * space}{first}")
        else:
            lines.append(f"  {pad(label, space)}{first}".rstrip())
        lines += [f"  {' ' * space}{line}" for line in rest]
    return lines


def _piece(param: Any) -> str:
    """An argument in the usage line: in brackets when it may be left out."""
    name = str(param.metavar or param.name.upper())
    return name if param.required or name.startswith("[") else f"[{name}]"


def _argument(param: Any) -> Row:
    return str(param.metavar or param.name.upper()).strip("[]"), param.help or ""


def _option(param: Any, ctx: typer.Context) -> Row:
    names = ", ".join([*sorted(param.opts, key=len), *param.secondary_opts])
    label = names if param.is_flag else f"{names} {param.make_metavar(ctx)}"
    extra = ""
    if param.required:
        extra = _("[required]")
    elif param.show_default and param.default not in {None, False, ""} and not param.is_flag:
        extra = _("[default: {value}]").format(value=param.default)
    return label, f"{param.help or ''} {extra}".strip()
