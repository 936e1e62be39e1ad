"""The README's list of Korean terms, for the tests: what each English term is called, and what it is never called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parent.parent / "README.ko.md"
_SECTION = re.compile(r"^## 용어\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_DATA = re.compile(r"`[^`\n]*`")  # names, values and commands are quoted as they are


@dataclass(frozen=True)
class Term:
    """A row of the list: its English words, the Korean ones, and those that are avoided."""

    english: tuple[str, ...]
    korean: tuple[str, ...]
    avoided: tuple[str, ...]

    def stands_in(self, english: str) -> bool:
        """Whether one of its English words, or more than one of that thing, is said in *english*."""
        words = "|".join(map(re.escape, self.english))
        return bool(re.search(rf"(?<![\w-])(?:{words})s?(?![\w-])", english, re.IGNORECASE))


def _terms() -> tuple[Term, ...]:
    (section,) = _SECTION.findall(README.read_text(encoding="utf-8"))
    rows = [_cells(line) for line in section.splitlines() if line.startswith("|")]
    return tuple(
        Term(_words(english), _words(korean), _words(avoided)) for english, korean, _where, avoided in _body(rows)
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _body(rows: list[list[str]]) -> Iterator[list[str]]:
    """The rows without the heads of the tables."""
    return (cells for cells in rows if cells[0] != "영어" and set(cells[0]) != {"-"})


def _words(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split(", ")))


TERMS = _terms()


def sentences() -> Iterator[str]:
    """Each line of the Korean README but those of the list itself."""
    yield from _SECTION.sub("", README.read_text(encoding="utf-8")).splitlines()


def misnomers(text: str) -> list[str]:
    """The avoided words that stand in *text* outside of what is quoted as data."""
    said = _DATA.sub("", text)
    return [word for term in TERMS for word in term.avoided if word in said]
