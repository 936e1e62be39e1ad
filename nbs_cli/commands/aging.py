"""How old is old: an age such as `90d`, or a day or a time, as the bound of a filter."""

from __future__ import annotations

from datetime import datetime, timezone

from nbs_cli.cloud.filters import Bound
from nbs_cli.cloud.periods import window
from nbs_cli.errors import Usage
from nbs_cli.output.words import _


def bound(option: str, text: str) -> Bound:
    """What *text* means when it is told what time it is: so long ago, or a moment that stays the same.

    A day or time without a zone is one of this machine, as lists show them. Raises Usage, naming *option*.
    """
    stays = _moment(text.strip())
    if stays is not None:
        return lambda _now: stays
    try:
        age = window(text.strip())
    except Usage as failure:
        raise Usage(
            _("{option}: {text!r} is neither an age nor a time").format(option=option, text=text),
            hint=_("write it as 36h, 14d, 2w, 6mo or 1y, or as 2027-01-31 or 2027-01-31T09:00"),
        ) from failure
    return lambda now: age.before(now, timezone.utc)


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else ""))
        return read if read.tzinfo else read.astimezone()
    except (ValueError, OverflowError, OSError):
        return None
