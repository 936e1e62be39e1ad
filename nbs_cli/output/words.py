"""Words for people: English in the code, other languages in a catalogue, chosen before any other module is loaded."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from gettext import GNUTranslations, NullTranslations
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

LANGUAGES = ("en", "ko")
_CATALOGUES = Path(__file__).parent.parent / "locale"
_OPTION = "--lang"
_SAMPLE = "한국어"
_VARIABLES = ("NBS_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

_catalogue = NullTranslations()


def _(text: str) -> str:
    """Give *text* in the language of the person; data never passes through here."""
    return _catalogue.gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """Give *one* or *many*, as the language of the person wants it for *count*."""
    return _catalogue.ngettext(one, many, count)


def speak(language: str) -> None:
    """Give words in *language* from now on; texts of modules that are loaded already stay as they are."""
    if language == "en":
        return
    with suppress(OSError), (_CATALOGUES / language / "LC_MESSAGES/nbs.mo").open("rb") as file:
        _catalogue.add_fallback(GNUTranslations(file))


def language(args: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language of a command line *args* in *environ*: `--lang` anywhere, NBS_LANG, then the locale's variables.

    Empty means unset, and a language that there is no catalogue of is English. So is one whose letters a stream cannot
    write: their escapes would tell nobody anything.
    """
    wish = _typed(args) or next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    code = re.split(r"[_.@-]", wish, maxsplit=1)[0].lower()
    return code if code in LANGUAGES and all(map(_writes, (sys.stdout, sys.stderr))) else "en"


def _typed(args: Sequence[str]) -> str:
    """The language that the line names last; what is wrong with it the parser says."""
    found = ""
    for word, after in zip_longest(args, args[1:], fillvalue=""):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name == _OPTION:
            found = value if equals else after
    return found if found in LANGUAGES else ""


def _writes(stream: TextIO | None) -> bool:
    """Whether *stream* can write Korean, or does not exist."""
    try:
        _SAMPLE.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True
