"""Calendar arithmetic of retention: zones, the hour, day, week, month and year of a moment, and windows like `14d`.

Nothing here knows the zone of this machine: the same snapshots give the same plan everywhere.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from nbs_cli.errors import Usage
from nbs_cli.output.words import _

SEOUL = "Asia/Seoul"
# built in, for containers and Windows have no zone data: UTC+9 without summer time since October 1988
_BUILT_IN = {SEOUL: timezone(timedelta(hours=9), SEOUL), "UTC": timezone.utc}
_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})  # zone files that mean something else everywhere
_BEGINNING = datetime(1, 1, 2, tzinfo=timezone.utc)
_PART = re.compile(r"([0-9]{1,5})(h|d|w|mo|y)")
_UNITS = ("h", "d", "w", "mo", "y")


def zone(name: str) -> tzinfo:
    """The time zone called *name* (`Asia/Seoul`, `UTC`, …); raises Usage for one that this machine does not know."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    try:
        found = None if name in _OF_THE_MACHINE else ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        found = None
    if found is None:
        raise Usage(
            _("there is no time zone {name!r} on this machine").format(name=name),
            hint=_("Asia/Seoul and UTC are always there; `pip install tzdata` brings all the others"),
        )
    return found


def hour(when: datetime) -> Hashable:
    """The hour that *when* lies in; when clocks go back it comes twice, and both count."""
    return when.date(), when.hour, when.utcoffset()


def day(when: datetime) -> Hashable:
    """The calendar day."""
    return when.date()


def week(when: datetime) -> Hashable:
    """The ISO week, which belongs to the year that has its Thursday."""
    return when.isocalendar()[:2]


def month(when: datetime) -> Hashable:
    """The calendar month."""
    return when.year, when.month


def year(when: datetime) -> Hashable:
    """The calendar year."""
    return when.year


Period = Callable[[datetime], Hashable]


class Window(NamedTuple):
    """A stretch of time: whole calendar months, days of 24 hours, and hours."""

    months: int = 0
    days: int = 0
    hours: int = 0

    def before(self, moment: datetime, zone: tzinfo) -> datetime:
        """The beginning of the window that ends at *moment*, by the calendar of *zone*.

        A day that the month does not have is the end of its last one: 31 March less a month is the end of February,
        so that a later moment never has an earlier beginning. Summer time is left out of it for the same reason.
        """
        there = moment.astimezone(zone)
        standard = (there.utcoffset() or timedelta()) - (there.dst() or timedelta())
        try:
            begin = _months_before(moment.astimezone(timezone(standard)), self.months)
            return begin - timedelta(days=self.days, hours=self.hours)
        except (OverflowError, ValueError):
            return _BEGINNING  # before the first year: everything lies inside


def _months_before(when: datetime, months: int) -> datetime:
    if not months:
        return when
    years, month_index = divmod(when.year * 12 + when.month - 1 - months, 12)
    last = calendar.monthrange(years, month_index + 1)[1]
    if when.day > last:
        return when.replace(
            year=years, month=month_index + 1, day=last, hour=23, minute=59, second=59, microsecond=999_999
        )
    return when.replace(year=years, month=month_index + 1)


def window(text: str) -> Window:
    """Read a window like `36h`, `14d`, `2w`, `6mo`, `1y` or `1y6mo`; raises Usage, for the ambiguous `m` too."""
    parts = _PART.findall(text)
    amounts = {unit: int(number) for number, unit in parts}
    whole = "".join(number + unit for number, unit in parts) == text
    if not whole or len(amounts) != len(parts) or not any(amounts.values()):
        raise Usage(
            _("{text!r} is no stretch of time").format(text=text),
            hint=_("write it as 36h, 14d, 2w, 6mo or 1y; `m` could mean minutes or months, and is not taken"),
        )
    hours, days, weeks, months, years = (amounts.get(unit, 0) for unit in _UNITS)
    return Window(months + 12 * years, days + 7 * weeks, hours)
