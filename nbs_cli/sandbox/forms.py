"""Forms of a fault's parameters: what their values may be, from a command line, a TOML file or Python."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 86_400.0  # seconds; a day


class Mistake(ValueError):
    """An order that cannot be: `word` is what was not understood, `known` what could have stood there."""

    def __init__(self, message: str, word: str = "", known: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.word = word
        self.known = tuple(known)


@dataclass(frozen=True)
class Whole:
    """A whole number between two others."""

    low: int
    high: int

    def read(self, value: Any) -> int:
        """Give the number; raises Mistake."""
        text = str(value)
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,15}", text) or not self.low <= int(text) <= self.high:
            raise Mistake(f"{text!r} is no whole number from {self.low} to {self.high}")
        return int(text)


@dataclass(frozen=True)
class Number:
    """A number between two others, the lower one included when `closed`."""

    low: float
    high: float
    closed: bool = True

    def read(self, value: Any) -> float:
        """Give the number; raises Mistake."""
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not self.low <= number <= self.high or (number == self.low and not self.closed):
            raise Mistake(
                f"{str(value)!r} is no number {'from' if self.closed else 'above'} {self.low:g} to {self.high:g}"
            )
        return number


@dataclass(frozen=True)
class Choice:
    """One of a few words; a whole number in TOML stands for its digits."""

    words: tuple[str, ...]

    def read(self, value: Any) -> str:
        """Give the word; raises Mistake with the words that there are."""
        text = str(value)
        if text not in self.words:
            raise Mistake(f"{text!r} is none of {', '.join(self.words)}", text, self.words)
        return text


@dataclass(frozen=True)
class Text:
    """Any text that UTF-8 can write; on one line when `one_line`."""

    one_line: bool = False

    def read(self, value: Any) -> str:
        """Give the text; raises Mistake."""
        if not isinstance(value, str):
            raise Mistake(f"{value!r} is no text")
        if re.search(r"[\ud800-\udfff]", value) or (self.one_line and re.search(r"[\r\n\0]", value)):
            raise Mistake(f"{value!r} holds what cannot be sent")
        return value


@dataclass(frozen=True)
class Headers:
    """Lines `Name: value`, one or a list of them."""

    def read(self, value: Any) -> list[str]:
        """Give the lines; raises Mistake."""
        lines = [Text(one_line=True).read(line) for line in (value if isinstance(value, list) else [value])]
        for line in lines:
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:.*", line) or not _fits(line):
                raise Mistake(f"{line!r} is no header such as 'Retry-After: 3'")
        return lines


def _fits(line: str) -> bool:
    return all(ord(letter) < 256 for letter in line)


Form = Whole | Number | Choice | Text | Headers
SECONDS = Number(0, LONGEST)
