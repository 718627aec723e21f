"""The slow engine: each pattern looked for by itself, at every place of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlowEngine:
    """An `Engine` that can be read in one glance; it gives its finds in the order of their ends."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns

    def scan(self, text: str) -> list[tuple[int, int]]:
        """Return (index of the last character, pattern number) of every occurrence."""
        return sorted(
            (start + len(pattern) - 1, number)
            for number, pattern in enumerate(self._patterns)
            for start in range(len(text) - len(pattern) + 1)
            if text.startswith(pattern, start)
        )
