"""A word of an order -> the list words that it may stand for, and how sure that is.

Those are the word itself, those that it is a spelling of, those that it is the neighbors of written together, and those
within the typing errors allowed (`score.edits_between`). Short words are looked up with one letter left out on both
sides; long ones are cut into pieces, so that a word with two errors still holds one in its place, and the automaton
finds the pieces. What is found is compared letter by letter, so nothing near is missed and nothing else is found.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from screener.core.names.score import (
    BITS_A_LETTER,
    EDITS_MAX,
    LONG_CHARS_MIN,
    NEAR_BITS,
    SILENT_EDITS_MAX,
    WORD_CHARS_MIN,
    edits_between,
    is_slip,
    skeleton,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from screener.core.names.candidates import Shelves
    from screener.core.names.score import Costs, WordTables
    from screener.protocols import Engine

    Said = tuple[tuple[float, float], tuple[float, float]]

NEAR_WORDS_MAX = 1_000
SHORT_CHARS_MAX = 3  # of words that are so short not every error is allowed


def pieces(word: str) -> list[str]:
    """The pieces of which a long word with two typing errors holds one; a blank is the word's edge.

    None for a word of fewer than LONG_CHARS_MIN letters, of which one error is allowed. Two letters that changed places
    across a cut spoil the pieces on both sides of it, so those are made as well.
    """
    size = len(word)
    if size < LONG_CHARS_MIN or word.isdigit():
        return []
    one, two = size // 3, size - size // 3
    return [
        f" {word[:one]}",
        word[one:two],
        f"{word[two:]} ",
        f" {word[: one - 1]}{word[one]}",
        f"{word[two - 1]}{word[two + 1 :]} ",
    ]


def shortened(word: str) -> Iterator[str]:
    """A word, and the word with one letter left out: two words with one error between them have one in common."""
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


class ListWords:
    """The words of list names; the index, the tables, costs and worths come with the snapshot."""

    __slots__ = ("_costs", "_engine", "_number", "_shelves", "_tables", "_texts", "_worth")

    def __init__(
        self,
        shelves: Shelves,
        number: Mapping[str, int],
        tables: WordTables,
        costs: Costs,
        worth: Sequence[Sequence[tuple[float, float]]],
        engine: Engine,
    ) -> None:
        """Take the parts; the engine's patterns are the pieces of the index.

        `number` numbers the stems and, behind them, other words; `worth` holds weight and evidence of each stem, in any
        other's name and in a person's.
        """
        self._shelves, self._tables, self._costs, self._worth = shelves, tables, costs, worth
        self._number, self._texts, self._engine = number, [*number], engine

    def said(self, word: str) -> Said:
        """What a word weighs against a name at most (a place nothing), and its evidence, for both kinds."""
        tables = self._tables
        weights = (
            0.0 if tables.is_place(word) else tables.spoken(word, person=False)[0],
            tables.spoken(word, person=True)[0],
        )
        bits = [tables.worth(tables.canon(word, person=person), person=person)[1] for person in (False, True)]
        return (weights[0], bits[0]), (weights[1], bits[1])

    def stems(self, word: str, said: Said) -> Iterator[tuple[int, float]]:
        """The stems that a word may stand for, each with the bits of doubt."""
        shelves, costs = self._shelves, self._costs
        for spelling in {word, *self._tables.spellings(word)}:
            number = self._number.get(spelling)
            if number is not None:
                if number < len(shelves.stems):
                    yield number, 0.0
                for stem in shelves.spelled[number]:
                    yield stem, 0.0
        for stem in shelves.joined.get(word):
            yield stem, costs.doubt_spelling
        if self._tables.is_light(word):
            return
        for near, edits in self.near(word):
            slip = (edits == 1 and len(near) != len(word)) or is_slip(word, near)
            doubt = edits * (costs.doubt_slip if slip else costs.doubt_edit)
            most = BITS_A_LETTER * min(len(near), len(word)) - doubt
            for stem in shelves.spelled[self._number[near]]:
                yield stem, self._doubt(said, stem, doubt - NEAR_BITS, most)
        yield from self._silent(word, said)

    def _silent(self, word: str, said: Said) -> Iterator[tuple[int, float]]:
        """The stems of list words that have the same consonants, each with the bits of doubt."""
        doubt = self._costs.doubt_vowels
        for near in self._shelves.skeletons.get(skeleton(word)):
            edits = OSA.distance(word, self._texts[near], score_cutoff=SILENT_EDITS_MAX)
            if 0 < edits <= SILENT_EDITS_MAX:
                for stem in self._shelves.spelled[near]:
                    yield stem, self._doubt(said, stem, edits * doubt, math.inf)

    def _doubt(self, said: Said, stem: int, doubt: float, most: float) -> float:
        """The bits of a stem that a word does not give, of whichever kind that is less.

        It gives its own evidence or the stem's, the lesser one, less `doubt`, and at most so many bits.
        """
        lost = math.inf
        for (_, own), worth in zip(said, self._worth, strict=True):
            bits = worth[stem][1]
            given = (min(bits, own)) - doubt
            lost = min(lost, bits - max(0.0, min(most, given)))
        return lost

    def near(self, word: str) -> list[tuple[str, int]]:
        """The list words within the typing errors allowed between the two, with how many those are."""
        size = len(word)
        if size < WORD_CHARS_MIN or word.isdigit():
            return []
        found: list[tuple[str, int]] = []
        if size <= LONG_CHARS_MIN:
            found += [(other, 1) for other in self._near_short(word)]
        if size >= LONG_CHARS_MIN - 1:
            found += self._near_long(word)
        return found

    def _near_short(self, word: str) -> list[str]:
        """The list words of fewer than LONG_CHARS_MIN letters that are one error away."""
        get = self._shelves.short.get
        numbers = set[int]().union(*[get(key) for key in shortened(word)])
        nearby = [self._texts[number] for number in numbers]
        if len(word) <= SHORT_CHARS_MAX:
            letters = sorted(word)
            alike = [other for other in nearby if len(other) != len(word) or sorted(other) == letters]
            return [other for other in alike if edits_between(word, other)]
        distance = OSA.distance
        return [other for other in nearby if distance(word, other, score_cutoff=1) == 1]

    def _near_long(self, word: str) -> Iterator[tuple[str, int]]:
        """The list words of LONG_CHARS_MIN letters and more within the errors allowed."""
        near = self._shelves.near
        numbers = set[int]().union(*[near[piece] for _, piece in self._engine.scan(f" {word} ")])
        if numbers:
            found = [self._texts[number] for number in numbers]
            most = EDITS_MAX if len(word) >= LONG_CHARS_MIN else 1
            close = process.extract(word, found, scorer=OSA.distance, score_cutoff=EDITS_MAX, limit=NEAR_WORDS_MAX)
            for other, edits, _ in close:
                if 0 < edits <= most:
                    yield other, edits
