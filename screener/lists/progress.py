"""What a long build tells of itself while it works: its phase, and how many rows it has read.

Readers and builders call these methods; a command shows what they say (`runners/build_progress.py`). Not for counting
what a result holds: a phase may be left before its rows are all told.
"""

from __future__ import annotations


class Progress:
    """Hears of phases and rows; this one shows nothing."""

    def begin(self, phase: str) -> None:
        """A phase begins, and the one before it ends."""

    def add_rows(self, count: int) -> None:
        """So many more rows of this phase were read."""


SILENT = Progress()
