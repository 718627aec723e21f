"""Patterns -> Aho-Corasick automaton, behind `screener.model.Engine`; the only importer of the library.

Building 70,000 patterns takes about a quarter of a second, so a snapshot file holds the patterns and never a dump: no
native or pickled bytes are ever loaded.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import ahocorasick

from screener.lists import pace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


SHARD_CHARACTERS = 200_000
"""Of the patterns in a shard: building one holds the interpreter for about 20 ms, and all else waits."""
SHARDS_MAX = 12
"""Each shard is a pass over the text more; with more patterns than twelve shards take, the shards are larger."""


class Automaton:
    """All patterns, overlapping occurrences included, in one pass over a text for each shard of them."""

    __slots__ = ("_shards",)

    def __init__(self, patterns: Sequence[str], wanted: Iterable[int] | None = None) -> None:
        """Build from distinct, non-empty patterns, all or the `wanted` ones; a pattern's number is its index."""
        numbers = list(range(len(patterns)) if wanted is None else wanted)
        characters = max(SHARD_CHARACTERS, sum(len(patterns[number]) for number in numbers) // SHARDS_MAX + 1)
        self._shards: list[ahocorasick.Automaton] = []
        room = 0
        for number in numbers:
            if room <= 0:
                pace.rest()
                self._shards.append(ahocorasick.Automaton(ahocorasick.STORE_INTS))
                room = characters
            self._shards[-1].add_word(patterns[number], number)
            room -= len(patterns[number])
        for shard in self._shards:
            shard.make_automaton()
            pace.rest()

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        return chain.from_iterable([shard.iter(text) for shard in self._shards])
