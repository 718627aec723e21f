"""Names that are alike: candidates from the automaton, judged by the scorer.

`Similar` is the whole way: the words of a name -> candidates -> scores, with the evidence that each rests on. A name in
another script goes through all its readings in Latin letters. What a score means for an order is not decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import words
from screener.core.names.score import NOTHING, WORDS_MAX
from screener.protocols import Likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from screener.core.fold import Folder
    from screener.core.names.candidates import Candidates
    from screener.core.names.score import Name, Score, Scorer
    from screener.model import ListEntry

LIKENESSES_MAX = 20
ALIASES_REMEMBERED_MAX = 50_000


class Similar:
    """Finds the list names that a name is like; its parts come with the snapshot."""

    __slots__ = ("_aliases", "_candidates", "_entries", "_fold", "_inside_bits_min", "_scorer", "_thresholds", "read")

    def __init__(
        self,
        candidates: Candidates,
        scorer: Scorer,
        read: Callable[[str], Sequence[str]],
        fold: Folder,
        entries: Sequence[ListEntry],
        thresholds: Mapping[str, float],
        inside_bits_min: float,
    ) -> None:
        """Take the parts; `read` gives the readings of a text in another script, thresholds are by kind."""
        self._candidates, self._scorer, self._fold = candidates, scorer, fold
        self._entries, self._thresholds = entries, thresholds
        self._inside_bits_min = inside_bits_min
        self._aliases: dict[int, Name] = {}
        self.read = read

    def __call__(self, found: Sequence[str], doubt: float = 0.0) -> list[Likeness]:
        """For the words of a name, as folded: the aliases that score their threshold, the best first.

        Of an entry the one of the highest score and the one of the most evidence, which are mostly the same. `doubt`
        are bits to take from the evidence, where the words are one of several readings. Of a name of more than
        WORDS_MAX words the first ones are heard; at most LIKENESSES_MAX are given.
        """
        numbers = self._candidates.find(self._fold.core(list(found[:WORDS_MAX])))
        if not numbers:
            return []
        asked = [self._scorer.analyze(found, person=person) for person in (False, True)]
        best: dict[tuple[int, bool], Likeness] = {}
        for number in numbers:
            like = self._judged(asked, number, doubt)
            if like is not None:
                by_value, by_bits = (best.get((like.entry, most), like) for most in (False, True))
                best[like.entry, False] = max(by_value, like, key=lambda like: (like.value, like.bits))
                best[like.entry, True] = max(by_bits, like, key=lambda like: (like.bits, like.value))
        kept = dict.fromkeys(best.values())
        return sorted(kept, key=lambda like: (-like.value, -like.bits, like.entry, like.alias))[:LIKENESSES_MAX]

    def compare(self, found: Sequence[str], entry: int, alias: int, *, person: bool) -> Likeness:
        """How one alias is like the words of a name, whatever comes of it: for a person who asks about a name."""
        name = self._scorer.analyze(words(self._entries[entry].aliases[alias].name), person=person)
        value, bits, reasons, complete, edits = self._scorer.score(self._scorer.analyze(found, person=person), name)
        value_min = self._thresholds[self._entries[entry].kind or ("person" if person else "organization")]
        return Likeness(entry, alias, person, value, value_min, bits, reasons, complete, edits)

    def _judged(self, asked: Sequence[Name], number: int, doubt: float) -> Likeness | None:
        entry, alias, person = self._candidates.name(number)
        name = self._alias(number, entry, alias, person)
        score = self._scorer.score(asked[person], name)
        value_min = self._thresholds[self._entries[entry].kind or ("person" if person else "organization")]
        if score.value < value_min:
            score = self._among_places(asked[person], name)
            if score.value < value_min:
                return None
        bits = score.bits - doubt
        return Likeness(entry, alias, person, score.value, value_min, bits, score.reasons, score.complete, score.edits)

    def _among_places(self, asked: Name, name: Name) -> Score:
        """The score of a name that has all words of a listed one, of several, and besides them only places.

        It needs the evidence that a listed name needs inside a longer text, and is nothing where a word is misspelt.
        """
        if asked.person or len(name.words) < 2:
            return NOTHING
        bare, places = self._scorer.without_places(asked, name)
        if not places:
            return NOTHING
        score = self._scorer.score(bare, name)
        if not score.complete or score.edits or score.bits < self._inside_bits_min:
            return NOTHING
        return score._replace(complete=False, reasons=(*score.reasons, f"+ {' '.join(places)}"))

    def _alias(self, number: int, entry: int, alias: int, person: bool) -> Name:
        name = self._aliases.get(number)
        if name is None:
            if len(self._aliases) >= ALIASES_REMEMBERED_MAX:
                self._aliases.clear()
            text = self._entries[entry].aliases[alias].name
            name = self._aliases[number] = self._scorer.analyze(words(text), person=person)
        return name
