"""Days in Washington, by which orders are judged and lists age; here the clock is asked for them."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from screener.core.decode import washington_day_of
from screener.model import Terms

if TYPE_CHECKING:
    from screener.settings import Settings


@lru_cache(maxsize=64)
def day_of(hour: int) -> str | None:
    """The day in Washington of an hour since 1970 (UTC), None before; Washington's days begin on whole hours."""
    return washington_day_of(hour * 3_600_000)


def today() -> str:
    """The day in Washington now."""
    return day_of(int(time.time()) // 3_600) or ""


class TermsOf:
    """The terms of orders, by when the broker got them; those of one hour share theirs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hours = (-1, -1, True)
        self._terms = Terms()

    def __call__(self, received_ms: int, broker_time: bool = True) -> Terms:
        """The terms of an order that came at a time (ms since 1970): the broker's, or else this worker's."""
        hours = (received_ms // 3_600_000, int(time.time()) // 3_600, broker_time)
        if hours != self._hours:
            today = day_of(hours[1])
            self._terms = Terms(
                received_on=day_of(hours[0]) or today,
                aged_on=today,
                list_age_days_max=self._settings.max_list_age,
                allow_stale=self._settings.allow_stale,
                profile=self._settings.profile,
                broker_time=broker_time,
            )
            self._hours = hours
        return self._terms
