"""What nbs tells about itself: schemas of what it prints, its commands, its topics."""

from __future__ import annotations

import shutil
from typing import Any

from nbs_cli import topics
from nbs_cli.cloud.resources import Resource
from nbs_cli.commands.choosing import with_profile
from nbs_cli.commands.particulars import COMMAND
from nbs_cli.errors import NotFound, Usage, nearest
from nbs_cli.grammar import BESIDE, PRINTS, Grammar, Node, Parameter, shapes
from nbs_cli.help import definitions
from nbs_cli.manual import ENVIRONMENT, exits
from nbs_cli.output import schemas
from nbs_cli.output.words import _
from nbs_cli.parser import ALIASES
from nbs_cli.session import Session

_WIDEST = 100


def schema(session: Session, name: str | None, *, several: bool, brief: bool, all_profiles: bool) -> None:
    """Print the schema of the shape *name*, or what shapes there are and what prints them.

    NotFound for one that is none, Usage where it has no short form.
    """
    known = shapes()
    if name is None:
        rows = [(name, _printing(shape)) for name, shape in known.items()]
        session.stdout.write("\n".join(definitions(rows, _room())) + "\n")
        return
    shape = known.get("volume_type" if name == "types" else name)
    if shape is None:
        raise NotFound(
            _("there is no shape {name!r}").format(name=name),
            hint=nearest(name, list(known), _("the shapes are {names}")),
        )
    if (brief or all_profiles) and not shape.brief:
        raise Usage(_("only volumes and snapshots have a short form, and are listed of all profiles"))
    if all_profiles:
        shape = with_profile(shape)
    made = schemas.record(shape, brief=brief)
    session.printer.data(schemas.several(made) if several or all_profiles else made)


def _printing(shape: Resource) -> str:
    """What prints records of *shape*, in a line."""
    typed = [path for path, printed in (*PRINTS.items(), *BESIDE.items()) if printed is shape]
    return ", ".join(f"nbs {words}" if words[0] != "-" else words for words in typed)


def tree(session: Session) -> None:
    """Print every command; the options, variables and exit codes of all stand with `nbs` itself."""
    grammar = Grammar()
    rows = [_row(node) for node in grammar.nodes.values()]
    rows[0]["options"] = [_parameter(option) for option in grammar.shared]
    rows[0]["exit_codes"] = [{"code": int(code), "when": words} for code, words in exits()]
    rows[0]["environment"] = [
        {"name": name, "help": words} for names, words in ENVIRONMENT for name in names.split(", ")
    ]
    session.printer.list(COMMAND, [rows])


def topic(session: Session, name: str | None) -> None:
    """Print the topic *name*, or what topics there are."""
    room = _room()
    if name is None:
        rows = [(name, topic.summary) for name, topic in topics.TOPICS.items()]
        session.stdout.write("\n".join(definitions(rows, room)) + "\n")
        return
    if name not in topics.TOPICS:
        raise NotFound(
            _("there is no topic {name!r}").format(name=name),
            hint=nearest(name, list(topics.TOPICS), _("the topics are {names}; `nbs COMMAND -h` is about a command")),
        )
    session.stdout.write(topics.text(name, room))


def _room() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST)


def _row(node: Node) -> dict[str, Any]:
    return {
        "command": f"nbs {node.path}".strip(),
        "summary": node.summary,
        "help": node.help,
        "aliases": [alias for alias, word in ALIASES.items() if word == node.path.rpartition(" ")[2]],
        "arguments": [_parameter(argument) for argument in node.arguments],
        "options": [_parameter(option) for option in node.options],
        "commands": list(node.commands),
        "examples": list(node.examples),
        "prints": next((name for name, shape in shapes().items() if shape is node.prints), None),
        "exit_codes": [],
        "environment": [],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "names": list(parameter.names),
        "metavar": parameter.metavar,
        "help": parameter.help,
        "flag": parameter.takes is None,
        "many": parameter.many,
        "required": parameter.required,
        "default": parameter.default or None,
        "values": parameter.words,
        "environment": list(parameter.environment),
    }
