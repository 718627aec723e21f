"""Patterns -> Aho-Corasick automaton, behind `screener.model.Engine`; the only importer of the library.

Building 70,000 patterns takes about a quarter of a second, so a snapshot file holds the patterns and never a dump: no
native or pickled bytes are ever loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ahocorasick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Automaton:
    """All patterns at once, in one pass over a text, overlapping occurrences included."""

    __slots__ = ("_automaton",)

    def __init__(self, patterns: Sequence[str], wanted: Iterable[int] | None = None) -> None:
        """Build from distinct, non-empty patterns, all or the `wanted` ones; a pattern's number is its index."""
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for number in range(len(patterns)) if wanted is None else wanted:
            self._automaton.add_word(patterns[number], number)
        self._automaton.make_automaton()

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        if self._automaton.kind != ahocorasick.AHOCORASICK:  # no patterns at all
            return ()
        found: Iterable[tuple[int, int]] = self._automaton.iter(text)
        return found
