"""What every command word is made of: groups, aliases, and the options that all of them share.

The shared options are accepted before and after the command word: they are parameters of every group and command whose
values go into the session and not into the function.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from inspect import get_annotations
from pathlib import Path
from typing import Any, cast

import typer
from typer import TyperException
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo

from nbs_cli import __version__
from nbs_cli import help as pages
from nbs_cli.errors import Usage, nearest
from nbs_cli.outlet import Options
from nbs_cli.output.words import LANGUAGES, _
from nbs_cli.session import Session, seconds

ALIASES = {"ls": "list", "get": "show", "rm": "delete", "vol": "volume", "snap": "snapshot"}
COLORS = ("auto", "always", "never")
_Function = Callable[..., None]


def _keep(ctx: typer.Context, param: Any, value: Any) -> Any:
    """Write a shared option into the session; the last one typed counts."""
    if value is not None and value is not False:
        setattr(ctx.obj.options, param.name, value)
    return value


def _keep_output(ctx: typer.Context, param: Any, value: Any) -> Any:
    _keep(ctx, param, value)
    if value is not None:
        ctx.obj.output  # noqa: B018 raises Usage for an unknown format, before anything else is done
    return value


def _keep_query(ctx: typer.Context, param: Any, value: Any) -> Any:
    _keep(ctx, param, value)
    if value is not None:
        ctx.obj.query  # noqa: B018 raises Usage for an expression that is none
    return value


def _keep_duration(ctx: typer.Context, param: Any, value: Any) -> Any:
    if value is not None:
        seconds(value)
    return _keep(ctx, param, value)


def _keep_color(ctx: typer.Context, param: Any, value: Any) -> Any:
    if value is not None and value not in COLORS:
        words = _("--color is {choices}, not {value!r}").format(choices=", ".join(COLORS), value=value)
        raise Usage(words, hint=nearest(value, COLORS, "") or None)
    return _keep(ctx, param, value)


def _keep_lang(ctx: typer.Context, param: Any, value: Any) -> Any:
    if value is not None and value not in LANGUAGES:
        raise Usage(
            _("there is no language {name!r} here").format(name=value),
            hint=nearest(value, LANGUAGES, _("the languages are {names}")),
        )
    return _keep(ctx, param, value)


def _keep_file(ctx: typer.Context, param: Any, value: Any) -> Any:
    if value is not None and not Path(value).is_file():
        raise Usage(_("there is no file {path}").format(path=value))
    return _keep(ctx, param, value)


def _version(ctx: typer.Context, _param: Any, value: Any) -> None:
    if value:
        ctx.obj.stdout.write(f"nbs {__version__}\n")
        raise typer.Exit


def _help(ctx: typer.Context, _param: Any, value: Any) -> None:
    """Typer's own help option writes past the session, and stumbles when nobody listens any more."""
    if value:
        ctx.obj.stdout.write(ctx.get_help() + "\n")
        raise typer.Exit


@cache
def shared_options() -> list[Any]:
    """The options that every command has; they carry no environment variable, for the session reads those last."""
    return [
        _option("-p", "--profile", metavar="NAME", help=_("the profile to use; `sandbox` always exists")),
        _option("--region", metavar="CODE", help=_("the region, in any case: KR1, KR2, …")),
        _option(
            "-o", "--output", metavar="FORMAT", help=_("table, json, jsonl, yaml, csv or value"), callback=_keep_output
        ),
        _option(
            "-c",
            "--columns",
            metavar="A,B",
            help=_("the columns to show, by wire name or heading; +A,-B change the usual ones"),
        ),
        _option(
            "--query",
            metavar="EXPR",
            help=_("print what this JMESPath expression finds in the JSON, after all pages"),
            callback=_keep_query,
        ),
        _option("-q", "--quiet", flag=True, help=_("IDs only; no progress, no hints")),
        _option("--no-header", flag=True, help=_("leave the header of a table or of csv out")),
        _option(
            "--timeout",
            metavar="TIME",
            help=_("the most that the command may take: 90s, 10m, 2h"),
            callback=_keep_duration,
        ),
        _option("-y", "--yes", flag=True, help=_("do not ask")),
        _option("--color", metavar="WHEN", help=_("auto, always or never"), callback=_keep_color),
        _option("--lang", metavar="LANG", help=_("ko or en: words only, never data"), callback=_keep_lang),
        _option(
            "--ca-bundle",
            metavar="FILE",
            help=_("trust the certificates in FILE instead of the system's"),
            callback=_keep_file,
        ),
        _option("--debug", flag=True, help=_("show requests and answers on stderr, secrets masked")),
        _option("-V", "--version", flag=True, eager=True, help=_("show the version"), callback=_version),
        _option("-h", "--help", flag=True, eager=True, help=_("show this help"), callback=_help),
    ]


def _option(
    *names: str,
    help: str,  # noqa: A002 typer's own word
    metavar: str | None = None,
    flag: bool = False,
    eager: bool = False,
    callback: Callable[..., Any] = _keep,
) -> Any:
    return TyperOption(
        param_decls=list(names),
        expose_value=False,
        help=help,
        metavar=metavar,
        is_flag=flag or None,
        is_eager=eager,
        callback=callback,
    )


SHARED = frozenset({*Options.__annotations__, "version", "help"})


def _with_context(error: TyperException, ctx: Any) -> TyperException:
    """Add the command to a mistake that typer found before it knew: the hint names its help."""
    if getattr(error, "ctx", None) is None:
        error.ctx = ctx  # type: ignore[attr-defined]  # typer's own attribute of usage errors
    return error


class Command(TyperCommand):
    """A command with the shared options and our help page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "add_help_option": False})
        self.params = [*self.params, *shared_options()]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; a mistake knows its command."""
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            raise _with_context(error, ctx) from None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write our own page: typer's wraps Korean by letters, not by width."""
        formatter.write(pages.page(self, ctx, SHARED, []))


class Group(TyperGroup):
    """A group with the shared options, aliases, the nearest word for a misspelt one, and our help page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "add_help_option": False})
        self.params = [*self.params, *shared_options()]

        self.declared: dict[str, CommandInfo] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of its commands, in the order of their declaration, then of the groups within it."""
        return list(dict.fromkeys([*self.declared, *self.commands]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name or alias, built when it is first asked for."""
        known = cmd_name in self.declared or cmd_name in self.commands
        name = cmd_name if known else ALIASES.get(cmd_name, "")
        if name in self.declared and name not in self.commands:
            info = self.declared[name]
            function: Any = info.callback
            # typer evaluates the text of an annotation four times; what is no text any more it takes as it is
            function.__annotations__ = get_annotations(function, eval_str=True)
            self.commands[name] = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
        return self.commands.get(name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; raise Usage with the nearest word for one that does not exist."""
        word = args[0]
        found = self.get_command(ctx, word)
        if found is not None:
            return found.name, found, args[1:]
        close = difflib.get_close_matches(word, [*self.list_commands(ctx), *ALIASES], 1)
        raise Usage(
            _("there is no command `{path} {word}`").format(path=ctx.command_path, word=word),
            hint=_("did you mean `{path} {word}`?").format(path=ctx.command_path, word=close[0])
            if close
            else _("`{path} --help` lists the commands").format(path=ctx.command_path),
        )

    def summaries(self, ctx: Any) -> list[tuple[str, str]]:
        """The commands of the group, each with its first sentence."""
        told: dict[str, Any] = {**self.commands, **self.declared}
        return [(name, (told[name].help or "").partition("\n")[0]) for name in self.list_commands(ctx)]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write our own page: typer's wraps Korean by letters, not by width."""
        formatter.write(pages.page(self, ctx, SHARED, self.summaries(ctx)))


def help_when_alone(ctx: typer.Context) -> None:
    """A group typed without a command shows its help, and that is no error."""
    if ctx.invoked_subcommand is None:
        session: Session = ctx.obj
        session.stdout.write(ctx.get_help() + "\n")


class Declared(typer.Typer):
    """A group whose commands are built when they are asked for: reading all of their signatures takes its time."""

    def built(self) -> Any:
        """The group as typer runs it."""
        commands, self.registered_commands = self.registered_commands, []
        groups, self.registered_groups = self.registered_groups, []
        made: Any = get_group(self)
        self.registered_commands, self.registered_groups = commands, groups
        made.declared = {info.name: info for info in commands}
        for info in groups:
            made.commands[info.name] = cast("Declared", info.typer_instance).built()
            made.commands[info.name].name = info.name
        return made


def group(words: str, *, cls: type[Group] = Group, examples: tuple[str, ...] = ()) -> Declared:
    """A group of commands whose help is *words*."""
    return Declared(
        cls=cls,
        help=words,
        epilog="\n".join(examples),
        invoke_without_command=True,
        callback=help_when_alone,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        subcommand_metavar="COMMAND …",
        options_metavar="[OPTIONS]",
    )


def command(app: typer.Typer, name: str, words: str, *examples: str) -> Callable[[_Function], _Function]:
    """Add the decorated function to *app* as the command *name*, with its help and its examples."""
    return app.command(name, cls=Command, help=words, epilog="\n".join(examples), options_metavar="[OPTIONS]")


def asked_for_json(args: list[str]) -> bool:
    """Whether the command line asks for JSON, for errors that come before the options are read."""
    for number, arg in enumerate(args):
        if arg in {"-o", "--output"} and args[number + 1 : number + 2] in (["json"], ["jsonl"]):
            return True
        if arg in {"-ojson", "--output=json", "-ojsonl", "--output=jsonl"}:
            return True
    return False
