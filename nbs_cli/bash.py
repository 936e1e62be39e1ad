r"""What bash's readline is told: its line read without evaluating a thing, the answers quoted to the letter.

The script runs `nbs __complete bash TYPE COLUMNS TEXT LINE`: COMP_TYPE, the terminal's width, the word as readline sees
it (from its last break on), and the line up to the cursor. The answer is fields that end with NUL: a mode, then what
goes into COMPREPLY. Readline replaces TEXT by what all replies begin with, so these must not end within a quote or
behind a backslash, as the common part of `x\$` and `x\(` would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from unicodedata import east_asian_width

from nbs_cli.candidates import FILES, OPEN, Answer, Candidate

_TAB, _LIST, _INSERT_AND_LIST = "9", "63", {"33", "64"}  # COMP_TYPE, see bash(1)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "E": "\x1b", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_SPECIAL = re.compile(r"""[\s!"#$&'()*;<>?\[\\\]^`{|}~]""")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PIECE = re.compile(
    r"""
    (?P<space>[ \t\n]+)
    |\$'(?P<ansi>(?:[^'\\]|\\.)*)(?P<ansi_end>'?)
    |'(?P<single>[^']*)(?P<single_end>'?)
    |\$?"(?P<double>(?:[^"\\]|\\.)*\\?)(?P<double_end>"?)
    |\\(?P<escaped>.?)
    |(?P<redirection>[<>]+[&|]?)
    |(?P<plain>[^\s'"\\<>$]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Line(NamedTuple):
    """A command line up to the cursor: its words without their quotes, and what is open behind the last one.

    `raw` is the last word as it was typed, `quote` the quote that is open in it (or none), `redirected` whether it is
    the file of a redirection.
    """

    words: list[str]
    raw: str
    quote: str
    redirected: bool


def read(line: str) -> Line:
    """Read *line* as bash splits it; nothing is expanded: `$x`, `*` and `` `…` `` are letters."""
    words, start, quote, redirected, begun = [""], 0, "", False, False
    for match in _PIECE.finditer(line):
        sign = match["redirection"]
        if match["space"] is None and sign is None:
            text, quote = _text(match)
            words[-1] += text
            begun = True
            continue
        if begun and (redirected or (sign and words[-1].isdigit())):
            words[-1] = ""  # the file, or the number of what is redirected: no word of the command
        elif begun:
            words.append("")
        redirected = sign is not None or (redirected and not begun)
        start, quote, begun = match.end(), "", False
    return Line(words, line[start:], quote, redirected)


def _text(match: re.Match[str]) -> tuple[str, str]:
    """What a piece of a word means, and the quote that it leaves open."""
    if match["ansi"] is not None:
        return _decoded(match["ansi"]), "" if match["ansi_end"] else "$'"
    if match["single"] is not None:
        return match["single"], "" if match["single_end"] else "'"
    if match["double"] is not None:
        return re.sub(r'\\([$`"\\]|\n)', r"\1", match["double"]), "" if match["double_end"] else '"'
    if match["escaped"] is not None:
        return match["escaped"].strip("\n"), ""
    return match["plain"], ""


def _decoded(text: str) -> str:
    return re.sub(
        r"\\([0-7]{1,3}|.)",
        lambda match: chr(int(match[1], 8)) if match[1].isdigit() else _ESCAPES.get(match[1], match[1]),
        text,
        flags=re.DOTALL,
    )


def quoted(text: str, quote: str = "") -> str:
    """Write *text* so that bash reads it as it is, bare or behind the open *quote* (which is not closed)."""
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote == '"':
        return re.sub(r'([$`"\\])', r"\\\1", text).replace("!", "\"'!'\"")
    if quote == "$'":
        return _ansi(text)
    if _CONTROL.search(text):
        return f"$'{_ansi(text)}'"
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", text)


def _ansi(text: str) -> str:
    escaped = re.sub(r"(['\\])", r"\\\1", text)
    return _CONTROL.sub(lambda match: f"\\{ord(match[0]):03o}", escaped)


def fields(args: list[str], answer: Callable[[list[str]], Answer]) -> list[str]:
    """The fields for the script: the mode and the replies; *answer* is asked what may stand at the cursor."""
    kind, columns, text, typed = args
    line = read(typed)
    if line.redirected:
        return [FILES]
    found = answer(line.words[1:] or [""])
    fitting = [one for one in found.candidates if one.value.startswith(line.words[-1])]
    if not fitting or not line.raw.endswith(text):
        return [found.mode]
    return _replies(kind, int(columns or 80), Word(line, text), found.mode, fitting)


class Word:
    """The last word of *line*, of which readline replaces *text*: what stays before, and how the rest is quoted."""

    def __init__(self, line: Line, text: str) -> None:
        before = read("nbs " + line.raw[: len(line.raw) - len(text)])
        self.text = text
        self.typed = line.words[-1]
        self.stays = len(before.words[-1])
        self.quote = before.quote

    def reply(self, value: str) -> str:
        """What readline is to put in its place for *value*."""
        return quoted(value[self.stays :], self.quote)


def _replies(kind: str, columns: int, word: Word, mode: str, fitting: list[Candidate]) -> list[str]:
    values = [one.value for one in fitting]
    replies = [word.reply(value) for value in values]
    if kind == _LIST:
        return [mode, *_listed(fitting, columns)]
    if len(values) == 1:
        return [mode, *replies]
    common = _common(values)
    if kind == _TAB:
        # two that part behind the common part: readline inserts that and neither closes a quote nor adds a space
        part = word.reply(common)
        return [OPEN, f"{part}a", f"{part}b"] if common != word.typed else [OPEN]
    if kind in _INSERT_AND_LIST:
        listed = _listed(fitting, columns)
        if _common(listed) == word.text == word.reply(common):
            return [OPEN, *listed]
        if _common(replies) != word.reply(common):
            return [OPEN, word.reply(common)]
    return [mode, *replies]


def _common(texts: list[str]) -> str:
    """What all of *texts* begin with."""
    first, last = min(texts), max(texts)
    length = next((number for number, char in enumerate(first) if last[number : number + 1] != char), len(first))
    return first[:length]


def _listed(fitting: list[Candidate], columns: int) -> list[str]:
    """What a list shows: the words, each with its help behind it when there are any, and then one a line."""
    if not any(one.help for one in fitting):
        return [one.label for one in fitting]
    room = max(_width(one.label) for one in fitting)
    lines = [f"{one.label}{' ' * (room - _width(one.label))}  {one.help}".rstrip() for one in fitting]
    lines = [_cut(line, max(columns - 1, room)) for line in lines]
    # wider than half the terminal, or readline puts two beside each other
    return [line + " " * (columns // 2 - _width(line)) for line in lines]


def _width(text: str) -> int:
    """The columns of *text* on a terminal, where a Korean letter takes two; for a TAB nothing heavier is loaded."""
    return len(text) if text.isascii() else len(text) + sum(east_asian_width(char) in "WF" for char in text)


def _cut(text: str, columns: int) -> str:
    """What of *text* has room in *columns*."""
    while _width(text) > columns:
        text = text[:-1]
    return text
