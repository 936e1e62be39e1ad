"""A table that is drawn anew on a screen of its own; its last picture stays on the usual one (rich draws it).

The terminal may change its size, and the command may be stopped (Ctrl-Z) and go on: the picture is drawn anew at once.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterable
from types import FrameType

from rich.console import Console, Group
from rich.text import Text

from nbs_cli.output.records import Record
from nbs_cli.output.table import Table
from nbs_cli.output.text import safe, shorten
from nbs_cli.output.words import _

Picture = tuple[str, list[Record], list[str]]  # a title, the rows, lines below
_FRAME = 2  # lines that the title and the header take


def show(table: Table, pictures: Iterable[Picture]) -> None:
    """Draw each of *pictures* in the place of the one before, until there is none or a signal comes."""
    screen = _Screen(table)
    before = [(number, signal.signal(number, deed)) for number, deed in screen.signals()]
    try:
        for picture in pictures:
            screen.show(picture)
    finally:
        for number, deed in before:
            signal.signal(number, deed)
        screen.end()


class _Screen:
    """The other screen of a terminal, and the picture on it."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.console = table.console(interactive=True)
        self.picture: Picture | None = None
        self.drawing = False

    def signals(self) -> list[tuple[int, Callable[[int, FrameType | None], None]]]:
        """What is to be done on which signal, where this system has it."""
        deeds = {"SIGWINCH": self._resized, "SIGTSTP": self._stopped}
        return [(getattr(signal, name), deed) for name, deed in deeds.items() if hasattr(signal, name)]

    def show(self, picture: Picture) -> None:
        """Draw *picture*; the first one opens the screen."""
        if self.picture is None:
            self._open()
        self.picture = picture
        self._draw()

    def end(self) -> None:
        """Close the screen, and leave the last picture on the usual one."""
        if self.picture is not None:
            self._close()
            self.table.stream.write("\n".join(self._lines(self.picture)) + "\n")
            self.table.stream.flush()

    def _open(self) -> None:
        self.console.set_alt_screen()
        self.console.show_cursor(show=False)

    def _close(self) -> None:
        self.console.set_alt_screen(enable=False)
        self.console.show_cursor()

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        if self.picture is not None and not self.drawing:
            self._draw()

    def _stopped(self, number: int, _frame: FrameType | None) -> None:
        """Give the terminal back before the shell gets it, and take it again when the command goes on."""
        if self.picture is not None:
            self._close()
        ours = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, ours)
        if self.picture is not None:
            self._open()
            self._draw()

    def _draw(self) -> None:
        """Write over what is there, line by line, so that nothing flickers; again where the size changed meanwhile."""
        if self.picture is None:
            return
        self.drawing = True
        size = None
        while size != (size := shutil.get_terminal_size()):
            lines = self._lines(self.picture)
            self.table.stream.write("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines[:-1]))
            self.table.stream.write(lines[-1] + "\x1b[K\x1b[J")
            self.table.stream.flush()
        self.drawing = False

    def _lines(self, picture: Picture) -> list[str]:
        """The lines of *picture* as they fit the terminal now: rows that have no room are counted."""
        title, rows, below = picture
        room, height = shutil.get_terminal_size()
        below = below[-max(0, height - _FRAME - 2) :] if height > _FRAME + 2 else []
        most = max(1, height - _FRAME - len(below))
        if len(rows) > most:
            most = max(1, most - 1)
            below = [_("and {count} more").format(count=len(rows) - most), *below]
        head = Text(shorten(safe(title), room), style="dim")
        console: Console = self.table.console(interactive=True)
        with console.capture() as drawn:
            texts = [Text(shorten(safe(line), room), style="yellow") for line in below]
            console.print(Group(head, self.table.drawn(rows[:most]), *texts))
        return [line.rstrip(" ") for line in drawn.get().rstrip("\n").split("\n")][:height]
