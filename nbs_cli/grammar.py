"""The command tree as data: every command with its parameters, what their values are, and what it prints.

The manual pages and the shells' completion are written from it; a value's kind is named here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from nbs_cli.app import tree
from nbs_cli.cloud import raw
from nbs_cli.cloud.realms import REALMS
from nbs_cli.cloud.resources import IMAGE, SNAPSHOT, VOLUME, VOLUME_TYPE, Resource
from nbs_cli.cloud.waiting import GONE
from nbs_cli.commands import faults
from nbs_cli.commands.particulars import CLOCK, COMMAND, FAULT, FINDING, PROFILE, STATUS
from nbs_cli.commands.shapes import CHANGE, ERROR, OUTCOME, PLAN, REQUEST, ROTATION, TREE, USAGE
from nbs_cli.local.config import KEYS, STORES
from nbs_cli.output.records import NAMES
from nbs_cli.output.words import _
from nbs_cli.parser import ALIASES, COLORS, SHARED
from nbs_cli.shells import SHELLS

Value = tuple[str, str]  # a word and its help

# what a command prints; None where it prints no records
PRINTS: dict[str, Resource | None] = {
    "types list": VOLUME_TYPE,
    "types show": VOLUME_TYPE,
    "volume list": VOLUME,
    "volume show": VOLUME,
    "volume create": VOLUME,
    "volume delete": OUTCOME,
    "volume upload-image": IMAGE,
    "volume wait": VOLUME,
    "snapshot list": SNAPSHOT,
    "snapshot show": SNAPSHOT,
    "snapshot create": SNAPSHOT,
    "snapshot delete": OUTCOME,
    "snapshot wait": SNAPSHOT,
    "snapshot prune": PLAN,
    "snapshot rotate": ROTATION,
    "usage": USAGE,
    "auth login": None,
    "auth logout": None,
    "auth status": STATUS,
    "auth token": None,
    "profile list": PROFILE,
    "profile show": PROFILE,
    "profile use": None,
    "profile set": None,
    "profile remove": None,
    "sandbox serve": None,
    "sandbox reset": None,
    "sandbox seed": None,
    "sandbox clock": CLOCK,
    "sandbox attach": None,
    "sandbox detach": None,
    "sandbox fault add": FAULT,
    "sandbox fault list": FAULT,
    "sandbox fault clear": None,
    "api": None,
    "doctor": FINDING,
    "schema": None,
    "commands": COMMAND,
    "help": None,
    "completion": None,
}
# what else is printed, and by what
BESIDE = {
    "volume show --with-snapshots": TREE,
    "volume list --watch": CHANGE,
    "snapshot list --watch": CHANGE,
    "--dry-run": REQUEST,
    "-o json": ERROR,
}
# whose statuses a group of commands speaks of
STATUSES = {"volume": VOLUME, "snapshot": SNAPSHOT}

# what a value is, by the command and the option or argument, or by these alone; what is not here may be anything
_KINDS = {
    "--profile": "profile",
    "--region": "region",
    "--output": "format",
    "--columns": "columns",
    "--color": "color",
    "--lang": "language",
    "--sort": "sort",
    "--for": "status",
    "--status": "known status",
    "--realm": "realm",
    "--store": "store",
    "--type": "type",
    "--zone": "zone",
    "--disk-format": "disk format",
    "--container-format": "container format",
    "--snapshot": "snapshot",
    "volume show REF": "volume",
    "volume delete REF": "volume",
    "volume wait REF": "volume",
    "volume upload-image REF": "volume",
    "snapshot show REF": "snapshot",
    "snapshot delete REF": "snapshot",
    "snapshot wait REF": "snapshot",
    "snapshot create VOLUME": "volume",
    "sandbox attach REF": "volume",
    "sandbox detach REF": "volume",
    "types show TYPE": "type",
    "profile use NAME": "profile",
    "profile show NAME": "own profile",
    "profile remove NAME": "own profile",
    "profile set KEY": "setting",
    "profile set VALUE": "setting of",
    "sandbox fault add KIND": "fault",
    "sandbox fault add KEY=VALUE": "parameter of",
    "--method": "method",
    "api METHOD": "api method",
    "api PATH": "api path",
    "completion SHELL": "shell",
    "schema RESOURCE": "shape",
    "help TOPIC": "one of exit-codes environment output statuses waiting retention ci air-gap",
}
_SETTINGS = {"realm": "realm", "region": "region", "store": "store", "output": "format"}  # of a profile, by their kind
# kinds of values that have no other words
_CLOSED = {"api method", "color", "fault", "format", "language", "realm", "setting", "shape", "shell", "store"}
_VARIABLES = {
    "--profile": ("NBS_PROFILE",),
    "--region": ("NBS_REGION",),
    "--output": ("NBS_OUTPUT",),
    "--timeout": ("NBS_TIMEOUT", "NBS_WAIT_TIMEOUT"),
    "--color": ("NO_COLOR", "FORCE_COLOR"),
    "--lang": ("NBS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"),
    "--debug": ("NBS_DEBUG",),
    "--ca-bundle": ("NBS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
}
_USUAL = {"--output": "table", "--color": "auto"}  # what is meant where an option, and its variables, say nothing
ANY = "any"
FILE = "file"


class Parameter(NamedTuple):
    """An option (with its spellings) or an argument (without): its metavar, empty for a flag, and its help.

    `takes` is the kind of its value, None for a flag; `many` says that it may be repeated; `default` is empty for none.
    `words` are what it takes where it takes nothing else, and `environment` the variables that say the same.
    """

    names: tuple[str, ...]
    metavar: str
    help: str
    takes: str | None
    many: bool
    required: bool = False
    default: str = ""

    @property
    def words(self) -> list[str] | None:
        """The words that it takes, None where there may be others."""
        if self.takes is not None and self.takes.startswith("one of "):
            return self.takes.split()[2:]
        return [word for word, _help in _values()[self.takes]] if self.takes in _CLOSED else None

    @property
    def environment(self) -> tuple[str, ...]:
        """The variables that say the same, the one that counts first before the others."""
        return next((_VARIABLES[name] for name in self.names if name in _VARIABLES), ())


@dataclass(frozen=True)
class Node:
    """A command or a group: the words that lead to it, its help, its own parameters, the commands below it."""

    path: str
    help: str
    usage: str
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    commands: tuple[str, ...]
    examples: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The first sentence of its help."""
        return self.help.partition("\n")[0]

    @property
    def prints(self) -> Resource | None:
        """The shape of the records that it prints."""
        return PRINTS.get(self.path)


class Grammar:
    """The whole tree: `nodes` by their path (the root's is empty), `shared` the options that every one of them has."""

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every group and command, parents first."""
        return {node.path: node for node in self._walk(tree(), None, "")}

    @cached_property
    def shared(self) -> tuple[Parameter, ...]:
        """The options that every command has."""
        root = tree()
        ctx = _context(root, None, "nbs")
        return tuple(_option("", param, ctx) for param in root.get_params(ctx) if param.name in SHARED)

    def _walk(self, command: Any, parent: Any, path: str) -> Iterator[Node]:
        ctx = _context(command, parent, path.rpartition(" ")[2] or "nbs")
        names = command.list_commands(ctx) if hasattr(command, "list_commands") else []
        params = [param for param in command.get_params(ctx) if param.name not in SHARED]
        yield Node(
            path,
            command.help or "",
            re.sub(r"\{(.*?)\}", r"\1", " ".join(command.collect_usage_pieces(ctx))),
            tuple(_argument(path, param, ctx) for param in params if param.param_type_name == "argument"),
            tuple(_option(path, param, ctx) for param in params if param.param_type_name == "option"),
            tuple(names),
            tuple((command.epilog or "").splitlines()),
        )
        for name in names:
            yield from self._walk(command.get_command(ctx, name), ctx, f"{path} {name}".strip())

    def table(self) -> dict[str, Any]:
        """What completion needs of the tree, as JSON can keep it (`completion.py` reads it)."""
        return {
            "aliases": ALIASES,
            "commands": {path: _entry(node) for path, node in self.nodes.items()},
            "shared": [_row(option) for option in self.shared],
            "values": {kind: [list(value) for value in values] for kind, values in sorted(_values().items())},
        }


def _entry(node: Node) -> dict[str, Any]:
    return {
        "help": node.help,
        "commands": list(node.commands),
        "options": [_row(option) for option in node.options],
        "arguments": [{"takes": argument.takes, "many": argument.many} for argument in node.arguments],
        "prints": node.prints.name if node.prints else "",
    }


def _row(option: Parameter) -> dict[str, Any]:
    return {"names": list(option.names), "help": option.help, "takes": option.takes, "many": option.many}


def _context(command: Any, parent: Any, name: str) -> Any:
    return command.context_class(command, parent=parent, info_name=name, **command.context_settings)


def _option(path: str, param: Any, ctx: Any) -> Parameter:
    names = (*sorted(param.opts, key=len), *param.secondary_opts)
    flag = param.is_flag
    return Parameter(
        names,
        "" if flag else param.make_metavar(ctx),
        param.help or "",
        None if flag else _kind(path, names[-1], param, ctx),
        param.multiple,
        param.required,
        str(param.default)
        if param.show_default and not flag and param.default not in {None, ""}
        else _USUAL.get(names[-1], ""),
    )


def _argument(path: str, param: Any, ctx: Any) -> Parameter:
    metavar = param.make_metavar(ctx)
    kind = _kind(path, metavar.strip("[]…"), param, ctx)
    return Parameter((), metavar, param.help or "", kind, param.nargs == -1, param.required)


def _kind(path: str, label: str, param: Any, ctx: Any) -> str:
    """What the value of *param* is: a key of the table's `values`, or what `completion.py` finds out."""
    kind = _KINDS.get(f"{path} {label}") or _KINDS.get(label) or ""
    if kind in {"status", "known status"}:
        return f"{kind} {STATUSES[path.partition(' ')[0]].name}"
    if kind:
        return kind
    if param.make_metavar(ctx) == "FILE":
        return FILE
    choices = getattr(param.type, "choices", None)
    return " ".join(("one of", *(str(getattr(choice, "value", choice)) for choice in choices))) if choices else ANY


def _values() -> dict[str, list[Value]]:
    """The words that are known when this is written; profiles, for one, are looked up when a shell asks."""
    choices = {
        "api method": _plain(raw.METHODS),
        "api path": _plain(raw.LISTS),
        "color": _plain(COLORS),
        "container format": _plain(("bare",)),
        "disk format": _plain(("qcow2", "raw")),
        "format": _plain(NAMES),
        "language": [("ko", "한국어"), ("en", "English")],
        "realm": [(realm.name, realm.domains[0]) for realm in REALMS.values()],
        "region": list(_regions().items()),
        "setting": [(key, PROFILE.named((key,))[0].help) for key in KEYS],
        "shape": _plain(sorted(shapes())),
        "shell": _plain(SHELLS),
        "store": _plain(STORES),
        "type": [("hdd", _("the one type of hard disks")), ("ssd", _("the one type of solid-state disks"))],
        **faults.WORDS,
        "zone": _plain(sorted({zone for realm in REALMS.values() for area in realm.regions for zone in area.zones})),
    }
    printed = {shape.name: shape for shape in (*PRINTS.values(), *BESIDE.values()) if shape is not None}
    return {
        **choices,
        **{f"setting of {key}": choices[kind] for key, kind in _SETTINGS.items()},
        "setting of read_only": [("true", _("every write is refused")), ("false", "")],
        **{f"fields {name}": _fields(shape) for name, shape in printed.items()},
        **{f"known status {one.name}": list(one.statuses) for one in STATUSES.values()},
        **{f"status {one.name}": [*one.statuses, (GONE, _("no longer there"))] for one in STATUSES.values()},
    }


def shapes() -> dict[str, Resource]:
    """Every shape that is printed, by the name that `nbs schema` takes."""
    found = {shape.name: shape for shape in (*PRINTS.values(), *BESIDE.values()) if shape is not None}
    return {"image" if name == IMAGE.name else name: shape for name, shape in found.items()}


def _plain(words: Any) -> list[Value]:
    return [(word, "") for word in words]


def _fields(shape: Resource) -> list[Value]:
    """The fields under every name that `-c` and `--sort` take."""
    return [(name, field.help) for field in shape.fields for name in dict.fromkeys((field.heading, field.wire))]


def _regions() -> dict[str, str]:
    """The regions with the places they lie in, which differ from realm to realm."""
    places: dict[str, dict[str, None]] = {}
    for realm in REALMS.values():
        for region in realm.regions:
            places.setdefault(region.code, {})[region.english] = None
    return {code: ", ".join(names) for code, names in sorted(places.items())}
