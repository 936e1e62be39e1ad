"""The server's clock, as its answers tell it."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def told(date: str | None) -> datetime | None:
    """Read a Date header (UTC); None for none, or for nonsense."""
    try:
        read = parsedate_to_datetime(date or "")
        return read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read.astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def read(date: str | None) -> datetime:
    """What time a Date header tells, or this machine's where it tells none."""
    return told(date) or datetime.now(timezone.utc)
