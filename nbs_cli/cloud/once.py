"""Create exactly once: the key goes onto the disk, then one POST; a lost answer is settled by looking for its mark.

Source: trust.md, create exactly once; the protocol, faults.md §3.4.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from nbs_cli.cloud import again, settling
from nbs_cli.cloud.blockstorage import BlockStorage, Record
from nbs_cli.cloud.deadline import CREATE, SETTLE, Deadline
from nbs_cli.cloud.marks import Wish, changed, key_of
from nbs_cli.cloud.nouns import command_of, noun_of
from nbs_cli.errors import ErrorState, Failure, LostAnswer, Nonsense, Unknown, Usage
from nbs_cli.local.journal import Entry, Journal, Sheet
from nbs_cli.output.text import duration
from nbs_cli.output.words import _

_SLACK = 10.0  # seconds that a create may take beside its POST and its settling


class Made(NamedTuple):
    """What there is now, and whether it was found, by its key or by its name, instead of answered."""

    record: Record
    adopted: bool = False
    named: bool = False


@dataclass
class Once:
    """What a create stands on; its answer is looked for during *window* seconds, *tell* says what a person should know.

    Several threads may use one.
    """

    storage: BlockStorage
    deadline: Deadline
    journal: Journal
    tell: Callable[[str], None]
    window: float = SETTLE
    _warned: bool = field(default=False, init=False)

    def create(self, wish: Wish) -> Made:
        """Make what *wish* says, or find that it was made already.

        Nothing is sent before the key is on the disk, and the POST goes out once. What cannot be settled raises Unknown
        with the command that settles it; a key that made something else, Usage; what is found in an error status,
        ErrorState; two that bear one key, Failure with both.
        """
        if wish.key is None:
            return self._unmarked(wish)
        patience = self.deadline.left(CREATE + self.window + _SLACK)
        with self.journal.alone(wish.resource.name, wish.key, patience, lambda: self._waiting(wish)) as sheet:
            before = sheet.read()
            found = self._found(wish, before)
            if found is not None:
                return self._adopted(wish, sheet, found)
            return self._made(wish, sheet, before)

    def foreseen(self, wish: Wish) -> Record | None:
        """What `create` would find instead of sending *wish*, by one look; None for what it would send.

        Raises as `create` does for a key that made something else.
        """
        if wish.key is None or not wish.given:
            return None
        before = self.journal.sheet(wish.resource.name, wish.key).read()
        is_open = before is not None and before.id is None
        return settling.look(self.storage, wish) if is_open else self._found(wish, before)

    def told(self, wish: Wish) -> None:
        """A person knows what became of *wish*: a random key has done its work; one that was given is kept."""
        if wish.key is not None and not wish.given:
            self.journal.forget(wish.resource.name, wish.key)

    def _unmarked(self, wish: Wish) -> Made:
        try:
            return Made(self.storage.create(wish.resource, wish.body))
        except (LostAnswer, Nonsense) as lost:
            raise unknown(wish, lost) from lost

    def _waiting(self, wish: Wish) -> None:
        self.tell(_("another nbs is at work on the request key {key}; waiting for it").format(key=wish.key))

    def _looking(self) -> None:
        """Say what takes so long; where it takes no time there is nothing to say."""
        if self.window >= 1:
            words = _("no answer says what became of the request; looking for what it made, up to {time}")
            self.tell(words.format(time=duration(self.window)))

    def _found(self, wish: Wish, before: Entry | None) -> Record | None:
        """What the key has made before now: by the journal, by a look, or, where one is open, by a while of looks."""
        if before is None:
            return settling.look(self.storage, wish) if wish.given else None
        differing = changed(wish, before.parameters)
        if differing:
            raise _another(wish, before, differing)
        if before.id is not None and (record := settling.kept(self.storage, wish.resource, before.id)) is not None:
            return record
        found = settling.look(self.storage, wish)
        if found is not None or before.id is not None:
            return found
        self._looking()
        try:
            late = settling.over_a_while(self.storage, wish, self.window, self.deadline)
        except Failure as failure:
            raise unknown(wish, failure) from failure  # as it was; nothing is sent by who does not know
        return settling.judged(wish, late)

    def _adopted(self, wish: Wish, sheet: Sheet, found: Record) -> Made:
        """Take *found* for the result; raises ErrorState when it is of no use."""
        if wish.given:
            sheet.confirm(self._entry(wish), found["id"], echoed=key_of(wish.resource, found) == wish.key)
        if str(found.get("status")).startswith("error"):
            raise _useless(wish, found)
        return Made(found, adopted=True)

    def _made(self, wish: Wish, sheet: Sheet, before: Entry | None) -> Made:
        """Send the one POST."""
        if not self.deadline.rest(0):
            raise Failure(_("interrupted before it was sent"))
        entry = self._entry(wish)
        sheet.keep(entry)
        try:
            record = self.storage.create(wish.resource, wish.marked())
        except (LostAnswer, Nonsense) as lost:
            return self._adopted(wish, sheet, self._settled(wish, lost))
        except Failure:
            sheet.restore(before)  # refused, or never sent: nothing was made
            raise
        self._finish(wish, sheet, entry, record)
        return Made(record)

    def _finish(self, wish: Wish, sheet: Sheet, entry: Entry, record: Record) -> None:
        """Keep what a given key made, unless there are two of it; say so where the server keeps no keys."""
        echoed = self._echoes(wish, record)
        if not echoed:
            self._warn()
        elif wish.given and (twins := settling.twins(self.storage, wish, record, self.window, self.deadline)):
            raise settling.twofold(wish, [record, *twins])
        if wish.given:
            sheet.confirm(entry, record["id"], echoed=echoed)

    def _echoes(self, wish: Wish, record: Record) -> bool:
        """Whether the server keeps the mark: told by its answer or, where that leaves it out, by the record itself."""
        if key_of(wish.resource, record) == wish.key:
            return True
        try:
            return key_of(wish.resource, self.storage.get(wish.resource, record["id"])) == wish.key
        except Failure:
            return False

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            self.tell(
                _("this server does not keep request keys: had its answer been lost, the resource could not be found")
            )

    def _settled(self, wish: Wish, lost: Failure) -> Record:
        """Look for what a lost answer may have made; a look that fails is no proof of absence."""
        self._looking()
        try:
            found = settling.over_a_while(self.storage, wish, self.window, self.deadline)
        except Failure:
            found = []
        record = settling.judged(wish, found)
        if record is None:
            raise unknown(wish, lost) from lost
        return record

    def _entry(self, wish: Wish) -> Entry:
        return Entry(
            key=str(wish.key),
            resource=wish.resource.name,
            parameters=wish.parameters,
            place=self.journal.place,
            sent_at=time.time(),
            server_time=self.storage.client.date,
        )


def unknown(wish: Wish, lost: Failure) -> Unknown:
    """Nobody knows whether *wish* came true; the hint is the command that settles it."""
    command = command_of(wish.resource)
    hint = (
        _("`nbs {command}` settles it: it looks first, and makes it only if it is missing").format(
            command=again.command(command, wish.parameters, wish.key)
        )
        if wish.key
        else _("`nbs {command} list` shows whether it is there").format(command=command)
    )
    failure = Unknown(
        _("it is not known whether the {what} was created: {words}").format(
            what=noun_of(wish.resource), words=lost.message
        ),
        hint=hint,
        http_status=lost.http_status,
        request_id=lost.request_id,
    )
    failure.retryable = wish.given  # the same command has the same key then, and looks first
    return failure


def _another(wish: Wish, before: Entry, differing: list[str]) -> Usage:
    words = _("the request key {key} belongs to a request with another {fields}")
    if before.id is not None:
        words = _("the request key {key} made {id} with another {fields}")
    return Usage(
        words.format(key=wish.key, id=before.id, fields=", ".join(differing)),
        hint=_("use another key for another request"),
        resource=before.id,
    )


def _useless(wish: Wish, found: Record) -> ErrorState:
    return ErrorState(
        _("the {noun} {id} was made with the request key {key}, and its status is {status}").format(
            noun=noun_of(wish.resource), id=found["id"], key=wish.key, status=found.get("status")
        ),
        hint=_("it counts against the quota until `nbs {command} delete {id}` removes it").format(
            command=command_of(wish.resource), id=found["id"]
        ),
        resource=found["id"],
    )
