"""Moments on a line: a picture of lanes, one below the other, over one scale of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from nbs_cli.output.text import pad, safe, shorten, width

_LABEL = 20  # columns that the names of lanes take at most
_NARROWEST = 20


class Signs(NamedTuple):
    """What stands for a moment that stays, one that goes, one that nobody judges, and for the line."""

    stays: str = "●"
    goes: str = "○"
    other: str = "◆"
    line: str = "─"


PLAIN = Signs("#", "o", "+", "-")


class Lane(NamedTuple):
    """A line of the picture: its name, what is said behind it, and its moments with True (stays), False or None."""

    label: str
    words: str
    moments: Sequence[tuple[datetime, bool | None]]


def picture(lanes: Sequence[Lane], room: int, signs: Signs) -> list[str]:
    """The lanes over a scale of dates, in *room* columns; moments are in the zone that the dates are to be of.

    Where several fall on one place, the one that stays is seen before the one that goes.
    """
    moments = [moment for lane in lanes for moment, _stays in lane.moments]
    if not moments:
        return []
    first, last = min(moments), max(moments)
    labels = min(_LABEL, max(width(safe(lane.label)) for lane in lanes))
    behind = max(width(lane.words) for lane in lanes)
    places = max(_NARROWEST, room - labels - behind - 4)
    drawn = [
        f"{pad(shorten(safe(lane.label), labels), labels)}  {_line(lane, first, last, places, signs)}  {lane.words}"
        for lane in lanes
    ]
    return [*drawn, " " * (labels + 2) + _scale(first, last, places)]


def _line(lane: Lane, first: datetime, last: datetime, places: int, signs: Signs) -> str:
    marks = {True: signs.stays, False: signs.goes, None: signs.other}
    seen: dict[int, bool | None] = {}
    for moment, stays in lane.moments:
        place = _place(moment, first, last, places)
        seen[place] = stays if place not in seen else stays or seen[place]
    return "".join(marks[seen[place]] if place in seen else signs.line for place in range(places))


def _place(moment: datetime, first: datetime, last: datetime, places: int) -> int:
    span = last - first
    return places - 1 if not span else int((moment - first) / span * (places - 1))


def _scale(first: datetime, last: datetime, places: int) -> str:
    """Dates below their places, at both ends and between; with hours where all lies within two days."""
    form = "%m-%d %H:%M" if last - first < timedelta(days=2) else "%Y-%m-%d"
    begin, end = f"{first:{form}}", f"{last:{form}}"
    middle = f"{first + (last - first) / 2:{form}}"
    if first == last or places < len(begin) + len(end) + 2:
        return end.rjust(places)
    gap = places - len(begin) - len(end)
    if gap < len(middle) + 4:
        return begin + " " * gap + end
    return begin + middle.center(gap) + end
