"""Decides when a lane has been silent for too long.

Promises: time in which the watch itself did not run (a process that was stopped, a machine that stood still) does not
count, for the lane did not run then either. Pure: the clock is an argument.
"""

from __future__ import annotations


class Watchdog:
    """Adds up the silence of one lane from tick to tick."""

    def __init__(self, silence_seconds_max: float, gap_seconds_max: float) -> None:
        """Take the silence that is too long, and the most that one gap between two ticks adds to it."""
        self._silence_seconds_max = silence_seconds_max
        self._gap_seconds_max = gap_seconds_max
        self._ticked_at: float | None = None
        self._alive_at: float | None = None
        self._silence_seconds = 0.0

    def tick(self, now: float, alive_at: float) -> bool:
        """Return True once the lane has given no sign for too long; `alive_at` is the time of its last one."""
        gap = 0.0 if self._ticked_at is None else now - self._ticked_at
        self._ticked_at = now
        if alive_at == self._alive_at:
            self._silence_seconds += min(gap, self._gap_seconds_max)
        else:
            self._alive_at, self._silence_seconds = alive_at, 0.0
        return self._silence_seconds > self._silence_seconds_max
