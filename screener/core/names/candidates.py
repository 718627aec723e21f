"""A name -> the list names that may score against it: the engine finds, the scorer judges.

A word of the order is led to the list words that it may stand for, its reach, which is remembered: the word itself,
those that it is a spelling of, and those within the typing errors allowed (`score.edits_between`). Short words are
looked up with one letter left out on both sides; long ones are cut into pieces, so that a word with two errors still
holds one in its place, and the automaton finds the pieces. What is found is compared letter by letter. List names are
filed under pairs of their words, the rarest ones with each other one, as many as no score can do without, or under a
word that carries a score alone. A name is a candidate when its words within reach could come to the threshold and the
evidence that `[alert]` of `rules/matching.toml` asks for.

It promises to find every list name that scores so by words that are equal, spellings of one word, within their typing
errors, initials, or up to three neighboring words written together or apart. A score that needs an acronym is not
promised. Compared with the scorer asked about every list name it finds 99.9 % of such scores and more
(`benchmarks/generator.py`). It is bounded: at most `CANDIDATES_MAX` names are given, those that could score best.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from screener.core.names.score import (
    EDITS_MAX,
    LIGHT,
    LONG_CHARS_MIN,
    NEAR_BITS,
    SILENT_EDITS_MAX,
    WORD_CHARS_MIN,
    edits_between,
    is_slip,
    skeleton,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence

    from screener.core.names.score import Costs, WordTables
    from screener.protocols import Engine

CANDIDATES_MAX = 60
NEAR_WORDS_MAX = 1_000
SHORT_CHARS_MAX = 3  # of words that are so short not every error is allowed
INITIALS_WORD_CHARS = 2  # the fold joins single letters: "J. C. Juncker" is "jc juncker"
WORDS_REMEMBERED_MAX = 100_000
NAMES_REMEMBERED_MAX = 100_000


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


class Names(NamedTuple):
    """List names by number: which alias of which entry, whether scored as a person's, its stems, its evidence."""

    entries: Sequence[int]
    aliases: Sequence[int]
    person: Sequence[int]
    stems: Sequence[Sequence[int]]
    bits: Sequence[float]


class Shelves(NamedTuple):
    """The index of the list names as `lists.name_index` makes it.

    `stems` are words, numbered, the letters of initials first; `spellings` leads from each word of a list name to the
    stems it stands for, `joined` from two neighboring words written together to the stems of both. `alone` leads from a
    stem's number (as text) to the names that it could carry alone. `pairs` are numbers of two stems, the lower one
    times the number of stems plus the higher one, each with the names at the same place of `filed`. `near[piece]` are
    the list words that have a piece.
    """

    stems: Sequence[str]
    spellings: Mapping[str, Sequence[int]]
    joined: Mapping[str, Sequence[int]]
    alone: Mapping[str, Sequence[int]]
    pairs: Sequence[int]
    filed: Sequence[Sequence[int]]
    near: Mapping[str, Sequence[str]]
    short: Mapping[str, Sequence[str]]
    skeletons: Mapping[str, Sequence[str]]
    names: Names


class Demand(NamedTuple):
    """What a candidate must be able to come to: the score, and the bits of evidence."""

    value_min: float
    bits_min: float


_ROUNDING = 1e-6  # sums in another order may differ by less


class _Reach(NamedTuple):
    """What a word leads to: stems, each with the bits that doubt takes.

    `beside` are those stems that names are filed under with a higher stem, and the higher ones; `alone` are the names
    that one of the stems may carry alone, with its doubt.
    """

    stems: dict[int, float]
    beside: tuple[tuple[int, frozenset[int]], ...]
    alone: tuple[int, ...]


class _Row(NamedTuple):
    """A list name as it is judged: stems with weight, evidence and number of the first letter, the most telling first.

    `missing_max` and `bits_spare` are how much of its weight and evidence may be missing.
    """

    name: int
    person: int
    stems: tuple[tuple[int, float, float, int], ...]
    missing_max: float
    bits_spare: float


class _Heard:
    """What an order's words may stand for: stems, each with its doubt, and letters that may be initials, by number.

    `others` are initials and neighboring words written together: they count for stems that no word leads to. `weights`
    are those of the words in any other's name, where a place has none, and in a person's. Which words a stem is of is
    worked out when asked for.
    """

    __slots__ = ("_others", "_over", "_places", "_weights", "_words", "doubts", "initials")

    def __init__(
        self,
        words: Sequence[_Reach],
        others: Sequence[tuple[int, _Reach]],
        initials: Mapping[int, int],
        weights: tuple[Sequence[float], Sequence[float]],
    ) -> None:
        self._words, self._others, self._weights, self.initials = words, others, weights, initials
        self._places: dict[int, int] = {}
        self._over: dict[tuple[int, int], float] = {}
        self.doubts: dict[int, float] = {}
        for stems, _, _ in words:
            again = self.doubts.keys() & stems.keys() if self.doubts else ()
            least = {stem: min(self.doubts[stem], stems[stem]) for stem in again}
            self.doubts |= stems
            self.doubts |= least
        for _, (stems, _, _) in others:
            self.doubts = stems | self.doubts

    def alone(self, person: int) -> list[tuple[float, KeysView[int]]]:
        """The words that stand for what they lead to alone, each with its weight and that; the heaviest first."""
        elsewhere = 0
        for places, _ in self._others:
            elsewhere |= places
        rows = enumerate(zip(self._weights[person], self._words, strict=True))
        found: list[tuple[float, KeysView[int]]]
        found = [(weight, reach.stems.keys()) for at, (weight, reach) in rows if not elsewhere >> at & 1]
        found.sort(key=lambda row: -row[0])
        return found

    def over(self, person: int, stems: Iterable[int], places: int) -> float:
        """The weight of the words that are none of some stems, nor at some places (a bit each)."""
        for stem in stems:
            places |= self._places.get(stem) or self._found_places(stem)
        over = self._over.get((person, places))
        if over is None:
            over = sum(weight for at, weight in enumerate(self._weights[person]) if not places >> at & 1)
            self._over[person, places] = over
        return over

    def _found_places(self, stem: int) -> int:
        found = 0
        for at, reach in enumerate(self._words):
            if stem in reach.stems:
                found |= 1 << at
        found = self._places[stem] = found or next(places for places, reach in self._others if stem in reach.stems)
        return found


class Candidates:
    """Finds candidates; its index, tables and numbers come with the snapshot, each pair for others and for people."""

    __slots__ = (
        *(
            "_alone",
            "_beside",
            "_bits",
            "_costs",
            "_demands",
            "_engine",
            "_joinable",
            "_least",
            "_letters",
            "_near",
            "_number",
            "_pairs",
        ),
        *("_reach", "_rows", "_shares", "_shelves", "_short", "_skeletons", "_tables", "_weights", "_worth"),
    )

    def __init__(
        self,
        shelves: Shelves,
        tables: WordTables,
        costs: tuple[Costs, Costs],
        demands: tuple[Demand, Demand],
        engine: Engine,
    ) -> None:
        """Take the parts; the engine's patterns are the pieces, in the order of `shelves.near`."""
        self._shelves, self._tables, self._costs, self._demands = shelves, tables, costs, demands
        self._near, self._engine = tuple(shelves.near.values()), engine
        self._number = {stem: number for number, stem in enumerate(shelves.stems)}
        self._letters = [self._number.get(stem[0], -1) for stem in shelves.stems]
        self._worth = tuple([tables.worth(stem, person=person) for stem in shelves.stems] for person in (False, True))
        self._bits = [min(other[1], person[1]) for other, person in zip(*self._worth, strict=True)]
        self._shares = [
            min(cost.extra, cost.conflict) * demand.value_min / (1.0 - demand.value_min)
            for cost, demand in zip(costs, demands, strict=True)
        ]  # what a name must weigh at least for each weight of words that is over
        self._weights = [
            sum([self._worth[person][stem][0] for stem in stems])
            for person, stems in zip(shelves.names.person, shelves.names.stems, strict=True)
        ]
        self._alone = {int(stem): names for stem, names in shelves.alone.items()}
        self._least = tuple(demand.bits_min for demand in demands)
        spelled = {**tables.other_spellings, **tables.person_spellings}
        self._joinable = self._number.keys() | {
            word for word in spelled if not self._number.keys().isdisjoint(tables.spellings(word))
        }
        self._beside: dict[int, frozenset[int]] = {}
        self._pairs = dict(zip(shelves.pairs, shelves.filed, strict=True))
        self._skeletons, self._short = shelves.skeletons, shelves.short
        self._reach: dict[str, _Reach] = {}
        self._rows: dict[int, _Row] = {}

    def name(self, number: int) -> tuple[int, int, bool]:
        """Entry, alias and whether it is scored as a person's, of a name by its number."""
        held = self._shelves.names
        return held.entries[number], held.aliases[number], bool(held.person[number])

    def find(self, spoken: Sequence[str]) -> list[int]:
        """The numbers of the names that may score, the likeliest first, for a name's words (legal forms left out)."""
        known, known_rows = self._reach, self._rows
        words = [known.get(word) or self._reached(word) for word in spoken]
        initials = self._initials(spoken)
        others = list(self._others(spoken, initials))
        reached = [*words, *(reach for _, reach in others)] if others else words
        stems = frozenset[int]().union(*[reach.stems for reach in reached])
        met = [
            (stem, higher & stems)
            for _, beside, _ in reached
            for stem, higher in beside
            if not higher.isdisjoint(stems)
        ]
        names = {name for reach in reached for name in reach.alone}
        if not met and not names:
            return []
        spoken_weight, is_place = self._tables.spoken, self._tables.is_place
        weights = (
            [0.0 if is_place(word) else spoken_weight(word, person=False)[0] for word in spoken],
            [spoken_weight(word, person=True)[0] for word in spoken],
        )
        heard = _Heard(words, others, initials, weights)
        for stem, higher in met:
            self._put(names, stem, higher, heard.doubts)
        rows = [known_rows.get(name) or self._row(name) for name in self._fitting(names, heard)]
        bounds = [(-self._bound(row, heard), row.name) for row in rows]
        return [name for value, name in sorted(bounds)[:CANDIDATES_MAX] if value]

    def _others(self, spoken: Sequence[str], initials: Mapping[int, int]) -> Iterator[tuple[int, _Reach]]:
        """What initials, and neighboring words written together, lead to; each with its words, a bit each."""
        for letter, places in initials.items():
            yield places, self._led({letter: 0.0})
        joinable, known = self._joinable, self._reach
        for at, (one, two) in enumerate(pairwise(spoken)):
            joined = one + two
            if joined in joinable:
                yield 3 << at, known.get(joined) or self._reached(joined)
            if at + 2 < len(spoken) and joined + spoken[at + 2] in joinable:
                joined += spoken[at + 2]
                yield 7 << at, known.get(joined) or self._reached(joined)

    def _initials(self, spoken: Sequence[str]) -> dict[int, int]:
        """Letters that may be initials, by number, each with the words of the order that have it (a bit each)."""
        found: dict[int, int] = {}
        for at, word in enumerate(spoken):
            if len(word) == 1 or (len(word) == INITIALS_WORD_CHARS and word not in self._tables.particles):
                for letter in map(self._number.__getitem__, filter(str.isalpha, word)):
                    found[letter] = found.get(letter, 0) | 1 << at
        return found

    def _put(self, names: set[int], stem: int, higher: Iterable[int], doubts: Mapping[int, float]) -> None:
        """Put down the names filed under a stem and higher ones that have the evidence even with those in doubt."""
        pairs, first = self._pairs, stem * len(self._shelves.stems)
        for other in higher:
            doubt = doubts[stem] + doubts[other]
            names.update(self._bearing(pairs[first + other], doubt) if doubt else pairs[first + other])

    def _bearing(self, filed: Iterable[int], doubt: float) -> list[int]:
        """The names that have the evidence even with that doubt."""
        bits, least, person = self._shelves.names.bits, self._least, self._shelves.names.person
        return [name for name in filed if bits[name] - doubt >= least[person[name]]]

    def _found_beside(self, stem: int) -> frozenset[int]:
        """The higher stems that names are filed under together with a stem, remembered."""
        size, filed = len(self._shelves.stems), self._shelves.pairs
        first, last = (bisect_left(filed, number * size) for number in (stem, stem + 1))
        found = self._beside[stem] = frozenset(pair % size for pair in filed[first:last])
        return found

    def _fitting(self, names: Iterable[int], heard: _Heard) -> Iterator[int]:
        """The names that have the weight for the words of the order that they do not have: each speaks against them."""
        held, weights = self._shelves.names, self._weights
        alone = [heard.alone(person) for person in (False, True)]
        for name in names:
            person, stems = held.person[name], held.stems[name]
            spare = weights[name] / self._shares[person] + LIGHT[0] + _ROUNDING
            for weight, reached in alone[person]:
                if reached.isdisjoint(stems):
                    spare -= weight
                    if spare < 0.0:
                        break
            else:
                yield name

    def _bound(self, row: _Row, heard: _Heard) -> float:
        """The most that a name could score, 0 when that or its evidence is below the demand."""
        _, person, stems, missing_max, bits_spare = row
        doubts, initials = heard.doubts, heard.initials
        matched = missing = 0.0
        places = 0
        met: list[int] = []
        for stem, weight, bits, letter in stems:
            doubt = doubts.get(stem)
            if doubt is not None:
                matched += weight
                met.append(stem)
                if doubt:
                    bits_spare -= min(doubt, bits)
            elif person and letter in initials:
                matched += weight
                places |= initials[letter]
            else:
                missing += weight
                bits_spare -= bits
            if missing > missing_max or bits_spare < 0.0:
                return 0.0
        demand, costs = self._demands[person], self._costs[person]
        over = heard.over(person, met, places)
        against = costs.extra * abs(missing - over)
        if min(missing, over) > LIGHT[0]:
            against += costs.conflict * max(min(missing, over), costs.conflict_min)
        value = matched / (matched + against)
        return value if value >= demand.value_min - _ROUNDING else 0.0

    def _row(self, name: int) -> _Row:
        """A name as it is judged, remembered.

        What may be missing of its weight is as much as `_bound` could bear if as little as possible stood against it.
        """
        held = self._shelves.names
        person = held.person[name]
        demand, costs = self._demands[person], self._costs[person]
        stems = [(stem, *self._worth[person][stem], self._letters[stem]) for stem in held.stems[name]]
        stems.sort(key=lambda row: -row[2])
        extra, least = min(costs.extra, costs.conflict), demand.value_min
        most = (1.0 - least) * self._weights[name] + least * extra * LIGHT[0]
        missing_max = most / (1.0 - least + least * extra) + _ROUNDING
        bits_spare = sum(bits for _, _, bits, _ in stems) - demand.bits_min + _ROUNDING
        if len(self._rows) >= NAMES_REMEMBERED_MAX:
            self._rows.clear()
        found = self._rows[name] = _Row(name, person, tuple(stems), missing_max, bits_spare)
        return found

    # --- words -------------------------------------------------------------------------------------------------------

    def _reached(self, word: str) -> _Reach:
        """What a word leads to, remembered."""
        stems: dict[int, float] = {}
        for stem, doubt in self._stems(word):
            stems[stem] = min(doubt, self._bits[stem], stems.get(stem, doubt))  # a word takes no more than it has
        if len(self._reach) >= WORDS_REMEMBERED_MAX:
            self._reach.clear()
        found = self._reach[word] = self._led(stems)
        return found

    def _led(self, stems: dict[int, float]) -> _Reach:
        """What stems lead to."""
        known, alone = self._beside, self._alone
        beside = [(stem, known[stem] if stem in known else self._found_beside(stem)) for stem in stems]
        carried = [name for stem, doubt in stems.items() if stem in alone for name in self._bearing(alone[stem], doubt)]
        return _Reach(stems, tuple(row for row in beside if row[1]), tuple(carried))

    def _stems(self, word: str) -> Iterator[tuple[int, float]]:
        """The stems that a word may stand for, each with the bits of doubt."""
        shelves, costs = self._shelves, self._costs[1]
        for spelling in {word, *self._tables.spellings(word)}:
            if spelling in self._number:
                yield self._number[spelling], 0.0
            for stem in shelves.spellings.get(spelling, ()):
                yield stem, 0.0
        for stem in shelves.joined.get(word, ()):
            yield stem, costs.doubt_spelling
        if self._tables.is_light(word):
            return
        for near, edits in self.near(word):
            doubt = (
                costs.doubt_slip if (edits == 1 and len(near) != len(word)) or is_slip(word, near) else costs.doubt_edit
            )
            for stem in shelves.spellings[near]:
                yield stem, max(0.0, edits * doubt - NEAR_BITS)
        yield from self._silent(word)

    def _silent(self, word: str) -> Iterator[tuple[int, float]]:
        """The stems of list words that have the same consonants, each with the bits of doubt."""
        spellings, doubt = self._shelves.spellings, self._costs[1].doubt_vowels
        for near in self._skeletons.get(skeleton(word), ()):
            edits = OSA.distance(word, near, score_cutoff=SILENT_EDITS_MAX)
            if 0 < edits <= SILENT_EDITS_MAX:
                for stem in spellings[near]:
                    yield stem, edits * doubt

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
        get = self._short.get
        nearby = set[str]().union(*[held for key in shortened(word) if (held := get(key))])
        if len(word) <= SHORT_CHARS_MAX:
            return [other for other in nearby if edits_between(word, other)]
        distance = OSA.distance
        return [other for other in nearby if distance(word, other, score_cutoff=1) == 1]

    def _near_long(self, word: str) -> Iterator[tuple[str, int]]:
        """The list words of LONG_CHARS_MIN letters and more within the errors allowed."""
        found = set[str]().union(*(self._near[piece] for _, piece in self._engine.scan(f" {word} ")))
        if found:
            most = EDITS_MAX if len(word) >= LONG_CHARS_MIN else 1
            close = process.extract(word, found, scorer=OSA.distance, score_cutoff=EDITS_MAX, limit=NEAR_WORDS_MAX)
            for other, edits, _ in close:
                if 0 < edits <= most:
                    yield other, edits
