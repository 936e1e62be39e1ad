"""What nbs tells about itself: schemas of what it prints, its commands, its topics."""

from __future__ import annotations

import shutil
from typing import Any

from nbs_cli import topics
from nbs_cli.cloud.resources import Resource
from nbs_cli.commands.choosing import with_profile
from nbs_cli.commands.shapes import COMMAND, ERROR
from nbs_cli.errors import NotFound, Usage, nearest
from nbs_cli.grammar import PRINTS, Grammar, Node, Parameter
from nbs_cli.help import definitions
from nbs_cli.output import schemas
from nbs_cli.output.words import _
from nbs_cli.session import Session

_WIDEST = 100


def shapes() -> dict[str, Resource]:
    """Every shape that is printed, by the name that `nbs schema` takes."""
    found = {shape.name: shape for shape in PRINTS.values() if shape is not None} | {ERROR.name: ERROR}
    return {"image" if name == "os-volume_upload_image" else name: shape for name, shape in found.items()}


def schema(session: Session, name: str, *, several: bool, brief: bool, all_profiles: bool) -> None:
    """Print the schema of the shape *name*; NotFound for one that is none, Usage where it has no short form."""
    known = shapes()
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


def tree(session: Session) -> None:
    """Print every command; the options of all stand with `nbs` itself."""
    grammar = Grammar()
    rows = [_row(node) for node in grammar.nodes.values()]
    rows[0]["options"] = [_parameter(option) for option in grammar.shared]
    session.printer.list(COMMAND, [rows])


def topic(session: Session, name: str | None) -> None:
    """Print the topic *name*, or what topics there are."""
    room = min(shutil.get_terminal_size().columns, _WIDEST)
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


def _row(node: Node) -> dict[str, Any]:
    return {
        "command": f"nbs {node.path}".strip(),
        "summary": node.summary,
        "help": node.help,
        "arguments": [_parameter(argument) for argument in node.arguments],
        "options": [_parameter(option) for option in node.options],
        "commands": list(node.commands),
        "examples": list(node.examples),
        "prints": node.prints.name if node.prints else None,
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
    }
