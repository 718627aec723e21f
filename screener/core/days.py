"""Texts -> days: which are one, and which day in Washington an instant is in.

Orders of one day say the same days and hours again and again, so both are remembered, a bounded number of them.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS_KEPT = 4_096
WASHINGTON = ZoneInfo("America/New_York")
_WITHIN_HOUR = frozenset(f":{minute:02}:{second:02}Z" for minute in range(60) for second in range(60))


@lru_cache(maxsize=DAYS_KEPT)
def is_day(text: str) -> bool:
    """Whether a text is a day such as "2026-12-01"."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def washington_day(instant: str) -> str | None:
    """The day in Washington of an ISO time with an offset; None when it is none."""
    day = _day_of_hour(instant[:13]) if instant[13:] in _WITHIN_HOUR else None
    return day or _day_of(instant)


@lru_cache(maxsize=DAYS_KEPT)
def _day_of_hour(hour: str) -> str | None:
    """The day in Washington of every second of an hour such as "2026-11-22T01"; None where it may not be one day."""
    if hour < "19" or hour[10:] > "T23":  # before 1883 a day did not begin there with an hour
        return None
    return _day_of(f"{hour}:00:00Z")


def _day_of(instant: str) -> str | None:
    try:
        moment = datetime.fromisoformat(instant)
        return moment.astimezone(WASHINGTON).date().isoformat() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
