r"""Writes a manual page in roff (the macros of man(7)): what is given is text, and nothing of it is taken for markup.

Alone `` `words` `` in backticks are markup: they come out bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# `-` would become a hyphen that no shell understands, and the quotes typographic ones
_SIGNS = {
    "\\": "\\e",
    "-": "\\-",
    "'": "\\(aq",
    "`": "\\(ga",
    '"': "\\(dq",
    "^": "\\(ha",
    "~": "\\(ti",
    "…": "...",
}


def escaped(text: str) -> str:
    """Write *text* so that roff shows it as it is, at the beginning of a line too; line ends become spaces."""
    signs = "".join(_SIGNS.get(char, char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text)
    return re.sub(r"\s+", " ", f"\\&{signs}" if signs.startswith(".") else signs)


def bold(text: str) -> str:
    """*text* in bold; a single word is never broken at its hyphens."""
    unbroken = "" if " " in text else "\\%"
    return f"\\fB{unbroken}{escaped(text)}\\fR"


def italic(text: str) -> str:
    """*text* in italics: what a person puts in."""
    return f"\\fI{escaped(text)}\\fR"


def prose(text: str) -> str:
    """*text* with its words in backticks in bold."""
    pieces = re.split(r"`([^`]+)`", text)
    return "".join(bold(piece) if number % 2 else escaped(piece) for number, piece in enumerate(pieces))


class Page:
    """A manual page that is written from its head to its foot; `text` is the whole of it."""

    def __init__(self, name: str, section: int, footer: str, header: str) -> None:
        title = escaped(name.upper())
        # no date: the same tree gives the same page
        self._lines = [f'.TH "{title}" "{section}" "" "{escaped(footer)}" "{escaped(header)}"', ".ad l"]

    @property
    def text(self) -> str:
        """What was written."""
        return "\n".join(self._lines) + "\n"

    def section(self, title: str) -> None:
        """Begin a section."""
        self._lines.append(f'.SH "{escaped(title)}"')

    def subsection(self, title: str) -> None:
        """Begin a part of a section."""
        self._lines.append(f'.SS "{escaped(title)}"')

    def line(self, markup: str) -> None:
        """Add a line that `bold`, `italic` and `prose` made."""
        self._lines.append(markup)

    def paragraphs(self, text: str) -> None:
        """Add the paragraphs of *text*."""
        for paragraph in text.split("\n\n"):
            self._lines += [".PP", prose(paragraph)]

    def item(self, label: str, text: str) -> None:
        """Add a definition: the *label*, made by `bold` and `italic`, and indented below it *text*."""
        self._lines += [".TP", label, prose(text) or "\\&"]

    def literal(self, lines: Iterable[str]) -> None:
        """Add *lines* as they are to be typed: neither filled nor changed."""
        self._lines += [".PP", ".in +4n", ".EX", *map(_kept, lines), ".EE", ".in"]


def _kept(line: str) -> str:
    return "\\ ".join(escaped(piece) for piece in line.split(" ")) if "  " in line else escaped(line)
