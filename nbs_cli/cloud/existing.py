"""What is there already under a name: the same as is wished for, something else, or two of them."""

from __future__ import annotations

from collections.abc import Sequence

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.marks import MARK, Wish, said_otherwise
from nbs_cli.cloud.nouns import command_of, noun_of
from nbs_cli.cloud.refs import check_alone, rows_by_name
from nbs_cli.errors import Conflict, ErrorState, Failure
from nbs_cli.output.words import _


def named(storage: BlockStorage, wishes: Sequence[Wish]) -> list[Record | None]:
    """The record that bears the name of each wish, None where there is none; one list call for all of them.

    A record is the same when it has every parameter that was said. Raises Conflict naming those in which it differs, or
    when it is being deleted; ErrorState for one of no use; NotFound, with the candidates, for a name that two bear.
    """
    resource = wishes[0].resource
    rows = rows_by_name(storage, resource)
    found: list[Record | None] = []
    for wish in wishes:
        name = str(wish.body["name"])
        matches = rows.get(name, [])
        check_alone(resource, name, matches)
        for match in matches:
            _check(wish, name, match)
        found.append(matches[0] if matches else None)
    return found


def _check(wish: Wish, name: str, record: Record) -> None:
    differing = said_otherwise(wish, record)
    if differing:
        values = ", ".join(f"{field} {_shown(record.get(field))}" for field in differing)
        raise _refusal(
            Conflict,
            wish,
            record,
            _("a {noun} {name} exists with other parameters: {values}").format(
                noun=noun_of(wish.resource), name=name, values=values
            ),
            _("take another name, or say what it is like"),
        )
    status = str(record.get("status"))
    if status == "deleting":
        hint = _("`nbs {command} wait {id} --for gone`, then the same command again")
        raise _refusal(Conflict, wish, record, _("{name} is being deleted").format(name=name), hint)
    if status.startswith("error"):
        words = _("the {noun} {name} exists, and its status is {status}").format(
            noun=noun_of(wish.resource), name=name, status=status
        )
        raise _refusal(ErrorState, wish, record, words, _("`nbs {command} delete {id}` removes it"))


def _refusal(kind: type[Failure], wish: Wish, record: Record, words: str, hint: str) -> Failure:
    hint = hint.format(command=command_of(wish.resource), id=record["id"])
    return kind(words, hint=hint, resource=record["id"])


def _shown(value: object) -> str:
    if isinstance(value, dict):
        value = " ".join(f"{key}={inner}" for key, inner in value.items() if key != MARK)
    return _("none") if value is None or value == "" else str(value)
