"""What stands in for a part of the core to be compared with it: other engines, and other searches of similar names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ahocorasick_rs
from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.model import Snapshot
    from screener.protocols import Likeness


class RustAutomaton:
    """A rival behind the engine protocol: the ahocorasick_rs package."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._automaton = ahocorasick_rs.AhoCorasick(list(patterns))

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return ((end - 1, number) for number, _, end in found)


class PlainSearch:
    """The naive engine: look for one pattern after the other."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        for number, pattern in enumerate(self._patterns):
            at = text.find(pattern)
            while at >= 0:
                yield at + len(pattern) - 1, number
                at = text.find(pattern, at + 1)


class NothingSimilar:
    """A stand-in for the search of similar names that finds none: what is left are listed names as they are."""

    def __call__(self, found: Sequence[str], doubt: float = 0.0) -> list[Likeness]:
        """Find nothing."""
        del found, doubt
        return []

    def compare(self, found: Sequence[str], entry: int, alias: int, *, person: bool) -> Likeness:
        """Not asked for by an order."""
        raise NotImplementedError

    def read(self, text: str) -> Sequence[str]:
        """Read no other script."""
        del text
        return ()


class BruteForce(NothingSimilar):
    """The plain way to similar names: the words of each name held against all aliases, the best one taken.

    It finds what it finds and tells nothing of it, so that its row is its cost beside the exact tier.
    """

    def __init__(self, held: Snapshot) -> None:
        self._aliases = sorted({held.fold(alias.name) for entry in held.listings for alias in entry.aliases})

    def __call__(self, found: Sequence[str], doubt: float = 0.0) -> list[Likeness]:
        """Look for the alias of the best score."""
        del doubt
        process.extractOne(" ".join(found), self._aliases, scorer=fuzz.token_sort_ratio, score_cutoff=80)
        return []
