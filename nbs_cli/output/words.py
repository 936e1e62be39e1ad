"""Words for people: English in the code, other languages in a catalogue."""

from __future__ import annotations

from gettext import NullTranslations

_catalogue = NullTranslations()


def _(text: str) -> str:
    """Give *text* in the language of the person; data never passes through here."""
    return _catalogue.gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """Give *one* or *many*, as the language of the person wants it for *count*."""
    return _catalogue.ngettext(one, many, count)
