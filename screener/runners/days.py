"""Days in Washington, by which orders are judged and lists age; here the clock is asked for them."""

from __future__ import annotations

import time
from functools import lru_cache

from screener.core.decode import washington_day_of


@lru_cache(maxsize=64)
def day_of(hour: int) -> str | None:
    """The day in Washington of an hour since 1970 (UTC), None before; Washington's days begin on whole hours."""
    return washington_day_of(hour * 3_600_000)


def today() -> str:
    """The day in Washington now."""
    return day_of(int(time.time()) // 3_600) or ""
