"""A real terminal to write on, hostile texts, and rulers that are not the program's own."""

from __future__ import annotations

import fcntl
import io
import os
import re
import struct
import termios
import threading
import tty
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# what would be obeyed, reordered or hidden by a terminal; written down anew, not taken from the program
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 but the line end, DEL, C1
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # direction, zero width, line separators
    "\ud800-\udfff\U000e0001\U000e0020-\U000e007f]"  # half a letter, invisible tags
)
LIVE = "\r\x1b[2K"  # how a live line begins: the one sequence that is ours

PAYLOADS = {
    "colour": "\x1b[31mred\x1b[0m",
    "clear screen": "\x1b[2J\x1b[H",
    "cursor up": "\x1b[5A\x1b[2Kgone",
    "conceal": "\x1b[8msecret",
    "device report": "\x1b[6n",
    "alternate screen": "\x1b[?1049h",
    "bracketed paste": "\x1b[200~rm -rf ~\x1b[201~",
    "key remap": '\x1b["q";"rm -rf ~"p',
    "window title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "notification": "\x1b]9;owned\x1b\\",
    "device control": "\x1bP+q544e\x1b\\",
    "application command": "\x1b_Gf=100;AAAA\x1b\\",
    "privacy message": "\x1b^pm\x1b\\",
    "reset": "\x1bc",
    "charset": "\x1b(0lqk\x1b(B",
    "8-bit CSI": "\x9b31mred",
    "8-bit OSC": "\x9d0;owned\x9c",
    "8-bit DCS": "\x90q\x9c",
    "next line": "a\x85b",
    "bell": "ding\x07",
    "backspace": "safe\x08\x08\x08\x08evil",
    "carriage return": "safe\revil",
    "line feed": "one\nID  NAME\nforged",
    "tab": "a\tb",
    "vertical tab": "a\x0b\x0cb",
    "nul": "a\x00b",
    "delete": "a\x7fb",
    "shift out": "a\x0eb\x0f",
    "override": "gpj.\u202eexe",
    "embedding": "\u202aleft\u202c",
    "isolate": "\u2066x\u2069",
    "marks": "\u200e\u200f\u061c",
    "zero width": "a\u200bb\u200cc\u200dd",
    "byte order": "\ufeffname",
    "word joiner": "a\u2060b",
    "line separator": "a\u2028b\u2029c",
    "invisible tags": "a\U000e0041\U000e007fb",
    "high surrogate": "a\ud800b",
    "low surrogate": "a\udc80b",
    "markup": "[red]x[/red]",
    "closing markup": "[/]",
    "link markup": "[link=https://evil.example]x[/link]",
    "broken markup": "[/red][bold",
    "emoji code": ":skull: :warning:",
    "percent": "%s %(x)s {0} {name}",
    "escaped": "\\x1b[31m \\u202e ^[",
    "family": "👨\u200d👩\u200d👧",
    "flag and combining": "🇰🇷 e\u0301 ﷽",
}
MARKUP = ("markup", "closing markup", "link markup", "broken markup", "emoji code", "percent")


def columns_of(text: str) -> int:
    """The columns that *text* takes, by the Unicode tables of Python itself."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


class Screen:
    """A terminal of so many columns: `stream` is its writing end, `text` what arrived."""

    def __init__(self, columns: int) -> None:
        self._reading, writing = os.openpty()
        tty.setraw(writing)  # a line end stays what it is
        fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = os.fdopen(writing, "w", encoding="utf-8", newline="\n")
        self._arrived = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._reading, 65536)
            except OSError:  # nobody holds the writing end any more
                return
            self._arrived += piece

    @property
    def text(self) -> str:
        """Everything that was written; the terminal is closed with it."""
        if not self.stream.closed:
            self.stream.close()
            self._reader.join()
            os.close(self._reading)
        return self._arrived.decode("utf-8")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Screen]]:
    """A terminal of so many columns, which is the one that programs of this process ask for their width."""
    opened: list[Screen] = []

    def make(columns: int = 80) -> Screen:
        monkeypatch.setenv("COLUMNS", str(columns))
        opened.append(Screen(columns))
        return opened[-1]

    yield make
    for one in opened:
        assert one.text is not None


class Pipe(io.StringIO):
    """A stream without a terminal, of one encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        """What the stream can encode."""
        return self._encoding


def volume(number: int = 1, **more: Any) -> dict[str, Any]:
    """A volume as the guide shows it."""
    return {
        "id": f"17975e9d-1533-40db-bd02-{number:012}",
        "name": f"data-{number}",
        "status": "available",
        "size": 10,
        "volume_type": "General HDD",
        "availability_zone": "kr-pub-a",
        "attachments": [],
        "created_at": "2018-12-18T05:43:12.000000",
        "description": None,
        "metadata": {},
        "bootable": "false",
        "encrypted": False,
        **more,
    }
