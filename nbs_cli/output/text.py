"""Making foreign text safe; display width; times, sizes and durations in words."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from nbs_cli import output
from nbs_cli.output.words import _, plural

# C0 and C1 controls, DEL, lone surrogates, and what reorders or hides text: zero-width, bidirectional, line separators
UNSAFE = (  # a pattern, compiled where something is found
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_FRACTION = r"(?<=:\d\d)\.(\d+)"
_USUAL = len("2026-01-01T00:00:00.000000")
_WORD = r" *[^ ]+"
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x7f": "^?"}


def safe(text: str) -> str:
    r"""Show what a terminal would obey: escape sequences as `^[`, marks that reorder text as `\u202e`.

    Nothing unsafe is printable, and to look for that is cheaper.
    """
    return text if text.isprintable() else re.sub(UNSAFE, _shown, text)


def unicode_escaped(text: str) -> str:
    r"""Write the same characters as `\uXXXX`, which is what JSON strings allow."""
    return text if text.isprintable() else re.sub(UNSAFE, _json_escape, text)


def _shown(match: re.Match[str]) -> str:
    char = match[0]
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x20:
        return "^" + chr(code + 64)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return match[0]  # json has escaped those inside strings; what is left lays out the document
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"


def width(text: str) -> int:
    """How many columns *text* takes on a terminal (Korean letters take two)."""
    plain = text if text.isascii() else text.replace("…", ".")  # our own sign takes one, and needs no rich to say so
    return len(plain) if plain.isascii() and plain.isprintable() else output.wide.cell_len(text)


def pad(text: str, columns: int) -> str:
    """Fill *text* with spaces up to *columns*."""
    return text + " " * (columns - width(text))


def shorten(text: str, columns: int) -> str:
    """Cut *text* to *columns*, an ellipsis in place of what is left out."""
    if width(text) <= columns:
        return text
    return output.wide.set_cell_size(text, columns - 1).rstrip() + "…"


def wrapped(text: str, room: int, indent: str = "") -> list[str]:
    """Break *text* at spaces into lines of at most *room* columns by display width; what fits is left as it is.

    *indent* stands before all lines but the first. A word that is longer than a line has one of its own.
    """
    lines: list[str] = []
    line = ""
    for word in re.findall(_WORD, text.strip(" ")):
        if line and width(line) + width(word) > room:
            lines.append(line)
            line = indent + word.lstrip(" ")
        else:
            line += word
    return [*lines, line] if line else lines


def moment(value: str) -> datetime | None:
    """Read a time of the wire: UTC, with or without a `Z` and a fraction (facts.md §3.8); None if it is none."""
    try:
        exact = value.removesuffix("Z")
        if len(exact) != _USUAL:  # Python 3.10 reads fractions of three or six digits only
            exact = re.sub(_FRACTION, lambda match: f".{match[1]:0<6.6}", exact)
        read = datetime.fromisoformat(exact)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def local(value: str) -> datetime | None:
    """Read a time of the wire in the zone of this machine; None if it is none, or lies beyond the calendar's edge."""
    read = moment(value)
    try:
        return None if read is None else read.astimezone()
    except (OverflowError, OSError, ValueError):
        return None


def duration(seconds: float) -> str:
    """Say *seconds* as people do: `4s`, `2m 10s`, `1h 5m`, `30d 2h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes}m" if minutes else f"{hours}h"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h" if hours else f"{days}d"


def ago(seconds: float) -> str:
    """Say how long ago something was, in its largest unit: `3 days ago`; what lies ahead is `just now`."""
    minutes = max(0, int(seconds)) // 60
    hours, days = minutes // 60, minutes // 1440
    if days >= 730:
        return plural("{count} year ago", "{count} years ago", days // 365).format(count=days // 365)
    if days >= 60:
        return plural("{count} month ago", "{count} months ago", days // 30).format(count=days // 30)
    if days:
        return plural("{count} day ago", "{count} days ago", days).format(count=days)
    if hours:
        return plural("{count} hour ago", "{count} hours ago", hours).format(count=hours)
    if minutes > 0:
        return plural("{count} minute ago", "{count} minutes ago", minutes).format(count=minutes)
    return _("just now")
