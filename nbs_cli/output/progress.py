"""Notes, hints, live lines and prompts, on stderr; silent when asked to be."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from contextlib import suppress
from typing import TextIO

from nbs_cli.errors import Failure, Usage
from nbs_cli.output.lines import GAP, columns, narrowed, shown
from nbs_cli.output.text import duration, safe, shorten, unicode_escaped, width, wrapped
from nbs_cli.output.words import _

_COMMAND = r"`nbs ([^`]*)`"
_NUMBER = r" *(\d+\. )"
_ANSWER = len(" yes")  # columns
HEARTBEAT = 30.0  # seconds: a CI job that says nothing is killed


class Notes:
    """Everything that is said beside the data.

    *quiet* leaves errors and questions only. *interactive* is false with `CI` set or without a terminal: then nothing
    is asked. *command* is how this command was begun (`nbs -p sandbox`): hints can be run as they are printed.
    """

    def __init__(
        self, stream: TextIO, *, quiet: bool, color: bool, interactive: bool, dumb: bool = False, command: str = "nbs"
    ) -> None:
        self.stream = stream
        self.command = command
        self.quiet = quiet
        self.color = color
        self.interactive = interactive
        self.terminal = stream.isatty() and not dumb
        self._told: dict[str, str] = {}
        self._spoke = time.monotonic()
        self._live = False

    def note(self, text: str) -> None:
        """Say in one line what was done."""
        if not self.quiet:
            self._indented(text)

    def hint(self, text: str) -> None:
        """Name a next step, to a person at a terminal."""
        if self.terminal and not self.quiet:
            self._folded("hint:", "1", self._runnable(text))

    def debug(self, text: str) -> None:
        """Show a line of the conversation; asked for by `--debug`, so never silenced."""
        self._line(self._styled(safe(text), "2"))

    def status(self, label: str, status: str, percent: str | None, elapsed: float) -> None:
        """Tell how far *label* is: a live line on a terminal; elsewhere a line a change, and a heartbeat."""
        if self.quiet:
            return
        changed = self._told.get(label) != status
        self._told[label] = status
        if self.terminal:
            self._draw(percent, elapsed)
        elif changed or time.monotonic() - self._spoke >= HEARTBEAT:
            self._line(safe(f"{label}: {status}{_beside(percent)} ({duration(elapsed)})"))

    def _draw(self, percent: str | None, elapsed: float) -> None:
        room = shutil.get_terminal_size().columns - 1
        if len(self._told) == 1:
            ((label, status),) = self._told.items()
            rest = f": {safe(status)}{_beside(percent)} ({duration(elapsed)})"
            text = shorten(safe(label), max(8, room - width(rest))) + rest
        else:
            counts: dict[str, int] = {}
            for status in self._told.values():
                counts[status] = counts.get(status, 0) + 1
            text = ", ".join(f"{count} {status}" for status, count in counts.items()) + f" ({duration(elapsed)})"
        self._live = True
        self._write("\r\x1b[2K" + shorten(safe(text), room))

    def clear(self) -> None:
        """Take the live line away."""
        if self._live:
            self._live = False
            self._write("\r\x1b[2K")

    def ask(self, question: str, default: str | None = None) -> str:
        """Ask for a line; an empty one, and the end of the input, mean *default*. Raises Usage without either."""
        self.clear()
        self.stream.write(safe(f"{question} [{default}]: " if default else f"{question}: "))
        self.stream.flush()
        answer = self._answer() or default
        if not answer:
            raise Usage(_("nothing was answered"), hint=_("begin again, or give the value as an option"))
        return answer

    def confirm(self, question: str) -> bool:
        """Ask; only a clear yes is one. The end of the input is a no."""
        self.clear()
        # unlike a line that is told, this one still has the answer to hold
        self.stream.write("\n".join(wrapped(f"{safe(question)} [y/N]", self._room - _ANSWER, "  ")) + " ")
        self.stream.flush()
        return self._answer().lower() in {"y", "yes", "예", "네"}

    def _answer(self) -> str:
        """A line of the input, "" at its end; what is said next has a line of its own, whatever ends the question."""
        line = ""
        try:
            line = sys.stdin.readline()
        finally:
            if not line.endswith("\n"):
                self.stream.write("\n")
        return line.strip()

    def failure(self, failure: Failure, *, as_json: bool) -> None:
        """Say what happened, the next step, and the request ID that support asks for."""
        hint = self._runnable(failure.hint) if failure.hint else None
        if as_json:
            record = {**failure.record(), "hint": hint}
            self._line(unicode_escaped(json.dumps({"error": record}, ensure_ascii=not self._utf8)))
            return
        self._folded("nbs:", "1;31", failure.message)
        for line in self._candidates(failure):
            self._line(f"  {line}")
        if hint:
            first, *rest = hint.splitlines()
            self._folded("hint:", "1", first)
            for line in rest:
                self._indented(line, 2)
        if failure.request_id:
            self._line(_("request id:") + f" {safe(failure.request_id)}")

    def _candidates(self, failure: Failure) -> list[str]:
        """What there is to choose from, as a list shows it."""
        fields = failure.columns
        if not failure.candidates:
            return []
        room = shutil.get_terminal_size().columns - 2 if self.terminal else sys.maxsize
        rows = [shown(fields, record) for record in failure.candidates]
        layout = narrowed(columns(fields, rows), room)
        texts = [[column.heading for column in layout], *([*row[: len(layout)]] for row in rows)]
        return [
            (" " * GAP).join(column.fit(text) for column, text in zip(layout, row, strict=True)).rstrip()
            for row in texts
        ]

    def _folded(self, label: str, code: str, text: str) -> None:
        """Write a labelled text; on a terminal its lines break between words."""
        # the label is never alone on its line, however long the first word (a path) is
        first, *rest = wrapped(f"{label}\N{NO-BREAK SPACE}{safe(text)}", self._room, "  ")
        self._line(f"{self._styled(label, code)} {first[len(label) + 1 :]}")
        for line in rest:
            self._line(line)

    def _indented(self, line: str, indent: int = 0) -> None:
        """Write *line* with its own indentation and *indent* more; on a terminal it breaks between words.

        What follows stands below the words of a numbered line, and is else indented by two.
        """
        margin = " " * (indent + len(line) - len(line.lstrip(" ")))
        number = re.match(_NUMBER, line)
        hang = " " * len(number[1]) if number else "  "
        for piece in wrapped(safe(line.strip(" ")), self._room - len(margin), hang):
            self._line(margin + piece)

    @property
    def _room(self) -> int:
        """The columns that a line may have; a pipe has no end."""
        return max(20, shutil.get_terminal_size().columns) if self.terminal else sys.maxsize

    def _runnable(self, text: str) -> str:
        """Begin every command of a hint as this one was begun, unless it names its profile itself."""
        return re.sub(_COMMAND, lambda match: match[0] if " -p " in match[0] else f"`{self.command} {match[1]}`", text)

    @property
    def _utf8(self) -> bool:
        return "utf" in (self.stream.encoding or "utf-8").lower()

    def _styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color else text

    def _line(self, text: str) -> None:
        self.clear()
        self._write(text + "\n")
        self._spoke = time.monotonic()

    def _write(self, text: str) -> None:
        """Write, and never mind when nobody listens any more: the work goes on, and stdout has the data."""
        with suppress(OSError):
            self.stream.write(text)
            self.stream.flush()


def _beside(percent: str | None) -> str:
    return f" {percent}" if percent else ""
