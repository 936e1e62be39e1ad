"""What a shell asks on a TAB: which words may stand at the cursor.

The shells' scripts (`shells.py`) run `nbs __complete words +WORD… +WORD`: the words behind `nbs` up to the cursor, each
with a `+` before it, so that no shell drops an empty one and none is taken for an option. The answer is fields that end
with NUL: a mode, then for every candidate its value, what lists show of it, and its help. Bash is told what its
readline needs (`bash.py`). Whatever goes wrong is silent: a person is typing.

Nothing of the command tree is loaded: `completion.json` is written from it (`python -m nbs_cli.reference`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from nbs_cli.candidates import FILES, LISTS, OPEN, SOURCES, Answer, Asked, Row, answer_of, translated

LIMIT = 1.0  # seconds
Table = dict[str, Any]


class Nowhere(Exception):
    """A word before the cursor leads nowhere in the command tree: nothing can be said of the next one."""


def table() -> Table:
    """The command tree as `reference.py` wrote it."""
    read: Table = json.loads(Path(__file__).with_name("completion.json").read_text(encoding="utf-8"))
    return read


def main(args: list[str]) -> int:
    """Answer `nbs __complete` with the words *args* behind it; gives 1, and says nothing, when that cannot be done."""
    try:
        with _hurried():
            fields = _fields(args)
        sys.stdout.buffer.write(b"".join(os.fsencode(field.replace("\0", "")) + b"\0" for field in fields))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001 a person is typing: no error belongs on the terminal
        return 1
    return 0


class TooLate(Exception):
    """The time that a TAB may take is up: a home on a slow network, a device in place of a file."""


@contextmanager
def _hurried() -> Iterator[None]:
    """End the block when it has taken LIMIT seconds, where the system has a timer; raises TooLate."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TooLate


def _fields(args: list[str]) -> list[str]:
    kind, *rest = args
    if kind == "bash":
        from nbs_cli import bash

        return bash.fields(rest, lambda words: answer(words, table()))
    found = answer([word[1:] for word in rest], table())
    return [found.mode, *(text for one in found.candidates for text in one)]


def answer(words: list[str], known: Table) -> Answer:
    """What may stand in place of the last of *words* (those behind `nbs`), in the tree *known*.

    Only candidates that begin like it are sure to fit; a shell that matches in its own way gets more than those.
    """
    *before, current = words
    place = Place(known)
    try:
        for word in before:
            place.step(word)
        return place.candidates(current)
    except Nowhere:
        return Answer()


class Place:
    """Where the words before the cursor lead in the command tree, as the parser would read them."""

    def __init__(self, known: Table) -> None:
        self.known = known
        self.path = ""
        self.arguments: list[str] = []
        self.used: set[str] = set()
        self.awaited: str | None = None  # the kind of the value that the option before the cursor wants
        self.said: dict[str, str] = {}  # the values of options that were typed, by their kind
        self.literal = False  # behind `--` nothing is an option

    @property
    def node(self) -> Table:
        """The command that was reached."""
        node: Table = self.known["commands"][self.path]
        return node

    @property
    def options(self) -> list[Table]:
        """Its options, its own before those of every command."""
        return [*self.node["options"], *self.known["shared"]]

    def step(self, word: str) -> None:
        """Go on by *word*; raises Nowhere."""
        if self.awaited is not None:
            self.said[self.awaited] = word
            self.awaited = None
        elif self.literal or not word.startswith("-") or word == "-":
            self._take(word)
        elif word == "--":
            self.literal = True
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            self._await(self._option(name)["takes"], value if equals else None)
        else:
            letters, awaited = self._cluster(word)
            takes = self._option(f"-{letters[-1]}")["takes"]
            self._await(takes, None if awaited else word.removeprefix(letters))

    def _await(self, takes: str | None, value: str | None) -> None:
        """An option that *takes* a value was typed, and its *value* in the same word, or not yet."""
        self.awaited = takes if value is None else None
        if takes is not None and value is not None:
            self.said[takes] = value

    def _take(self, word: str) -> None:
        commands = self.node["commands"]
        if not commands:
            self.arguments.append(word)
            return
        name = word if word in commands else self.known["aliases"].get(word)
        if name not in commands:
            raise Nowhere
        self.path = f"{self.path} {name}".strip()

    def _option(self, name: str) -> Table:
        for option in self.options:
            if name in option["names"]:
                self.used.update(() if option["many"] else option["names"])
                return option
        raise Nowhere

    def _cluster(self, word: str) -> tuple[str, str | None]:
        """Read `-qo`: the letters up to one whose value follows in the same word, and the kind that is awaited then."""
        for number, letter in enumerate(word[1:], 2):
            takes = self._option(f"-{letter}")["takes"]
            if takes is not None:
                return word[:number], takes if number == len(word) else None
        return word, None

    def candidates(self, current: str) -> Answer:
        """What may stand at the cursor, where *current* has been typed of it."""
        if self.awaited is not None:
            return self._values(self.awaited, "", current)
        if current.startswith("-") and current != "-" and not self.literal and (glued := self._glued(current)):
            stem, takes = glued
            return self._values(takes, stem, current.removeprefix(stem))
        if current.startswith("-") and not self.literal:
            return self._names(current)
        if self.node["commands"]:
            return self._commands(current)
        arguments = self.node["arguments"]
        number = min(len(self.arguments), len(arguments) - 1)
        if number < 0 or (number < len(self.arguments) and not arguments[number]["many"]):
            return Answer()
        return self._values(arguments[number]["takes"], "", current)

    def _glued(self, current: str) -> tuple[str, str] | None:
        """The option and the kind of a value in the same word: `--output=js`, `-ojs`; None for anything else."""
        if current.startswith("--"):
            name, equals, _value = current.partition("=")
            takes = self._option(name)["takes"] if equals else None
            return (name + equals, takes) if takes else None
        letters, _awaited = self._cluster(current) if len(current) > 2 else (current, None)
        return (letters, self._option(f"-{letters[-1]}")["takes"]) if len(letters) < len(current) else None

    def _names(self, current: str) -> Answer:
        rows = [(name, option) for option in self.options for name in option["names"]]
        return answer_of(
            (name, translated(option["help"]))
            for name, option in rows
            if name not in self.used and (name.startswith("--") or name == current)
        )

    def _commands(self, current: str) -> Answer:
        """The commands; aliases where no command begins so, for then it is one that is being typed."""
        names = self.node["commands"]
        if not any(name.startswith(current) for name in names):
            aliases = self.known["aliases"]
            names = [word for word, name in aliases.items() if name in names and word.startswith(current)]
        return answer_of((name, self._summary(name)) for name in names)

    def _summary(self, word: str) -> str:
        name = self.known["aliases"].get(word, word)
        help_: str = self.known["commands"][f"{self.path} {name}".strip()]["help"]
        return translated(help_).partition("\n")[0]

    def _values(self, kind: str, stem: str, typed: str) -> Answer:
        """The values of *kind* where *typed* is there of it behind *stem*, the part of the word that stays."""
        if kind == "file":
            return Answer(FILES)
        if kind in LISTS:
            return LISTS[kind](self._known(f"fields {self.node['prints']}"), stem, typed)
        if kind.startswith("one of "):
            return answer_of(((word, "") for word in kind.split()[2:]), stem)
        if kind == "parameter of":
            return answer_of(self._known(f"{kind} {self.arguments[0]}"), stem, OPEN)
        if kind == "setting of":
            kind = f"{kind} {self.arguments[-1]}"
        found = dict(self._known(kind))
        if kind in SOURCES:
            asked = Asked(self.said.get("profile"), self.said.get("region"), typed, tuple(self.arguments))
            found = {**dict(SOURCES[kind](asked)), **found}
        return answer_of(found.items(), stem)

    def _known(self, kind: str) -> list[Row]:
        return [(value, translated(help_)) for value, help_ in self.known["values"].get(kind, [])]
