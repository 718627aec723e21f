"""Patterns -> Aho-Corasick automaton, behind `screener.model.Engine`; the only importer of the library.

The automaton is in shards. A pattern of whole words stands in the shard of its key, the rarest of its words among all
patterns, and a text is passed over once for each shard that one of its words is a key of: for most texts none. What it
costs hardly grows with the list, and a shard is small enough to be built without a halt that others would notice.

A snapshot file holds the patterns and never a dump: no native or pickled bytes are ever loaded.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import ahocorasick

from screener.lists import pace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


SHARD_CHARACTERS = 100_000
"""Of the patterns in a shard: building one holds the interpreter for about 10 ms, and all else waits."""
_NO_KEY = ""


class Automaton:
    """All patterns, overlapping occurrences included, in a pass over a text for each shard that it may have some of."""

    __slots__ = ("_always", "_of_key", "_shards")

    def __init__(self, patterns: Sequence[str], wanted: Iterable[int] | None = None) -> None:
        """Build from distinct, non-empty patterns, all or the `wanted` ones; a pattern's number is its index."""
        numbers = list(range(len(patterns)) if wanted is None else wanted)
        self._shards: list[ahocorasick.Automaton] = []
        self._of_key: dict[str, tuple[int, ...]] = {}
        """Key -> the numbers of the shards of its patterns; more than one when they fill one."""
        known: dict[tuple[int, ...], tuple[int, ...]] = {}
        room = 0
        for key, held in _by_key(patterns, numbers).items():
            first = len(self._shards) - bool(room > 0)
            for number in held:
                if room <= 0:
                    pace.rest()
                    self._shards.append(ahocorasick.Automaton(ahocorasick.STORE_INTS))
                    room = SHARD_CHARACTERS
                self._shards[-1].add_word(patterns[number], number)
                room -= len(patterns[number])
            shards = tuple(range(first, len(self._shards)))
            self._of_key[key] = known.setdefault(shards, shards)
        self._always = self._of_key.pop(_NO_KEY, ())
        for shard in self._shards:
            shard.make_automaton()
            pace.rest()

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        keys = self._of_key.keys() & text.split() if self._of_key else ()
        chosen = set(self._always).union(*[self._of_key[key] for key in keys]) if keys else self._always
        return chain.from_iterable([self._shards[at].iter(text) for at in chosen])


def _by_key(patterns: Sequence[str], numbers: Sequence[int]) -> dict[str, list[int]]:
    """Key -> the numbers of its patterns."""
    spread: Counter[str] = Counter()
    for at, number in enumerate(numbers):
        if _is_whole_words(patterns[number]):
            spread.update(patterns[number].split())
        pace.rest_at(at)
    found: dict[str, list[int]] = {}
    for at, number in enumerate(numbers):
        found.setdefault(_key(patterns[number], spread), []).append(number)
        pace.rest_at(at)
    return found


def _key(pattern: str, spread: Counter[str]) -> str:
    """The word without which a text can't have the pattern; none of a pattern that may begin or end inside a word."""
    found = pattern.split() if _is_whole_words(pattern) else ()
    return min(found, key=lambda word: (spread[word], word), default=_NO_KEY)


def _is_whole_words(pattern: str) -> bool:
    return pattern[0] == pattern[-1] == " "
