"""Names and IDs to resources: every ref is resolved before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.looks import by_id
from nbs_cli.cloud.nouns import missing, noun_of
from nbs_cli.cloud.pages import everything
from nbs_cli.cloud.resources import Resource
from nbs_cli.errors import NotFound, Usage, nearest
from nbs_cli.output.words import _

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CONTROL = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"


class Ref(NamedTuple):
    """What a person named: the text as typed, and the ID or the name that it means."""

    text: str
    resource_id: str | None
    name: str | None


class Found(NamedTuple):
    """A ref and the record that it means."""

    ref: str
    record: Record

    @property
    def id(self) -> str:
        """The resource's ID."""
        return str(self.record["id"])


def read(text: str) -> Ref:
    """Read a ref: a UUID or `id:UUID` is an ID, everything else, or `name:…`, is a name.

    Raises Usage for an empty one, for control characters, for `id:` without a UUID; nothing is asked.
    """
    if text in {"", "name:"} or (not text.isprintable() and re.search(_CONTROL, text)):
        raise Usage(_("a name or ID may not be empty or hold control characters"), hint=_("give a name or an ID"))
    prefix, colon, rest = text.partition(":")
    if colon and prefix == "id":
        if not _UUID.fullmatch(rest):
            raise Usage(_("{ref}: `id:` is followed by a UUID").format(ref=text), hint=_("`name:` forces a name"))
        return Ref(text, rest.lower(), None)
    if colon and prefix == "name":
        return Ref(text, None, rest)
    if _UUID.fullmatch(text):
        return Ref(text, text.lower(), None)
    return Ref(text, None, text)


def resolve(
    storage: BlockStorage,
    resource: Resource,
    texts: Sequence[str],
    *,
    ignore_missing: bool = False,
    parallel: int = 8,
    brief: bool = False,
    tell: Callable[[str], object] | None = None,
) -> list[Found]:
    """Find what every one of *texts* means, in their order, each once; IDs are asked for, names are listed once.

    With *brief* it is only to be known that they are there: of many IDs no more than ID and name may be told.

    Raises NotFound for an unknown ref, which with *ignore_missing* only *tell* hears of, and, with the candidates, for
    a name that several bear.
    """
    refs = [read(text) for text in dict.fromkeys(texts)]
    ids = [ref.resource_id for ref in refs if ref.resource_id]
    with_id, refused = _with_id(storage, resource, ids, parallel, brief=brief)
    by_name = rows_by_name(storage, resource) if any(ref.name is not None for ref in refs) else {}
    found: dict[str, Found] = {}
    for ref in refs:
        matches = with_id.get(ref.resource_id, []) if ref.resource_id else by_name.get(ref.name or "", [])
        check_alone(resource, ref.text, matches)
        if matches:
            found.setdefault(matches[0]["id"], Found(ref.text, matches[0]))
        elif not ignore_missing:
            raise missing(resource, ref.text, list(by_name), refused.get(ref.resource_id or ""))
        elif tell is not None:
            tell(missing(resource, ref.text).message)
    return list(found.values())


def one(storage: BlockStorage, resource: Resource, text: str) -> Found:
    """Find what *text* alone means."""
    return resolve(storage, resource, [text])[0]


def _with_id(
    storage: BlockStorage, resource: Resource, ids: Iterable[str], parallel: int, *, brief: bool
) -> tuple[Mapping[str, list[Record]], Mapping[str, NotFound]]:
    """The records of *ids*, and the answers for those that are not there."""
    found: dict[str, list[Record]] = {}
    refused: dict[str, NotFound] = {}
    for outcome in by_id(storage, resource, list(dict.fromkeys(ids)), parallel, brief=brief):
        if outcome.failure is None:
            found[outcome.item] = [outcome.result]
        elif isinstance(outcome.failure, NotFound):
            refused[outcome.item] = outcome.failure
        else:
            raise outcome.failure
    return found, refused


def rows_by_name(storage: BlockStorage, resource: Resource) -> Mapping[str, list[Record]]:
    """Every row of a list under its name (empty for none)."""
    rows: dict[str, list[Record]] = {}
    for row in everything(storage, resource):
        rows.setdefault(str(row.get("name") or ""), []).append(row)
    return rows


def check_alone(resource: Resource, text: str, matches: list[Record]) -> None:
    """Raise NotFound, with the candidates, when *text* is the name of several."""
    if len(matches) < 2:
        return
    columns = resource.named(("id", "name", "status", "size", "created"))
    raise NotFound(
        _("{count} {noun}s are called {ref}; nothing was changed").format(
            count=len(matches), noun=noun_of(resource), ref=text
        ),
        hint=_("name one by its ID"),
        resource=text,
        candidates=[resource.project(match, columns) for match in matches],
        columns=columns,
    )


def volume_type(rows: Sequence[Record], text: str) -> Record:
    """The one of *rows* (volume types) that *text* means: its name in any case, its ID, or `hdd`/`ssd` when one fits.

    Raises NotFound with the names that there are.
    """
    wanted = text.casefold()
    for matches in (
        [row for row in rows if text in (row["id"], row.get("name"))],
        [row for row in rows if str(row.get("name") or "").casefold() == wanted],
        [row for row in rows if wanted in {"hdd", "ssd"} and wanted in str(row.get("name") or "").casefold().split()],
    ):
        if len(matches) == 1:
            return matches[0]
    names = [str(row.get("name") or "") for row in rows]
    raise NotFound(
        _("there is no volume type {name}").format(name=text),
        hint=nearest(text, names, _("the types are {names}"), whole=True),
    )
