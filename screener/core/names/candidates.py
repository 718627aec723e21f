"""A name -> the list names that may score against it: the engine finds, the scorer judges.

A word of the order is led to the list words that it may stand for (`list_words`), its reach, which is remembered. List
names are filed under pairs of their words, the rarest ones with each other one, as many as no score can do without, or
under a word that carries a score alone. Where many names have the same two words, those that need a third are filed
under that one too: so a list ten times as long leads to few names more. A name is a candidate when its words within
reach could come to the threshold and the evidence that `[alert]` of `rules/matching.toml` asks for.

It promises to find every list name that scores so by words that are equal, spellings of one word, within their typing
errors, initials, or up to three neighboring words written together or apart. A score that needs an acronym is not
promised. Compared with the scorer asked about every list name it finds 99.9 % of such scores and more
(`benchmarks/generator.py`). It is bounded: at most `CANDIDATES_MAX` names are given, those that could score best.
"""

from __future__ import annotations

from array import array
from itertools import chain, pairwise
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

from screener.core.names.list_words import ListWords
from screener.core.names.score import LIGHT
from screener.memory import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from screener.core.names.list_words import Said
    from screener.core.names.score import Costs, WordTables
    from screener.packed import Rows, RowsByText
    from screener.protocols import Engine

CANDIDATES_MAX = 60
INITIALS_WORD_CHARS = 2  # the fold joins single letters: "J. C. Juncker" is "jc juncker"
WORDS_REMEMBERED_MAX = 32_768
SAID_TWICE = -1.0  # a weight that no other name has, and that no bound is below


class Names(NamedTuple):
    """List names by number: which alias of which entry, whether scored as a person's, its stems, evidence and weight.

    The weight is SAID_TWICE where the name says a word twice.
    """

    entries: array[int]
    aliases: array[int]
    person: array[int]
    stems: Rows
    bits: array[float]
    weights: array[float]


class Shelves(NamedTuple):
    """The index of the list names as `lists.name_index` makes it.

    `stems` are words, numbered, the letters of initials first; the words of list names that are no stems are numbered
    behind them. `spelled` leads from a word of a list name to the stems it stands for, `joined` from two or three
    neighboring ones written together to the stems of all. `alone` leads from a stem's number (as text) to the names
    that it could carry alone. `beside` leads from a stem to commoner ones that names are filed under with it, a letter
    being the commonest; `filed` has the names for each number of `beside`, at its place among them all. Of pairs that
    are `crowded`, the rarer and the commoner stem, it has only names that can score by the two; the others are at the
    place of a third stem that they need. `near` leads from a piece, by its place among `pieces`, to the words that have
    it; `short` from a word with a letter less, and `skeletons` from consonants, to the words they are of.
    """

    stems: Sequence[str]
    words: Sequence[str]
    spelled: Rows
    joined: RowsByText
    alone: Mapping[str, Sequence[int]]
    beside: Rows
    filed: Rows
    crowded: Sequence[tuple[int, int, Sequence[int], Sequence[Sequence[int]]]]
    pieces: Sequence[str]
    near: Rows
    short: RowsByText
    skeletons: RowsByText
    names: Names


class Demand(NamedTuple):
    """What a candidate must be able to come to: the score, and the bits of evidence."""

    value_min: float
    bits_min: float


_ROUNDING = 1e-6  # sums in another order may differ by less


def _against(missing: float, over: float, costs: Costs) -> float:
    """The least that speaks against a score where so much is left of the list name, and so much of the order's."""
    clash = min(missing, over)
    extra = costs.extra * abs(missing - over)
    return extra + costs.conflict * max(clash, costs.conflict_min) if clash > LIGHT[0] else extra


def _missing_max(most: float, over: float, costs: Costs) -> float:
    """The most that may be left of a list name for `_against` to stay within `most`; negative if it can't."""
    clash = costs.conflict * max(over, costs.conflict_min) if over > LIGHT[0] else 0.0
    if clash <= most:
        return over + (most - clash) / costs.extra
    missing = (most - costs.extra * over) / (costs.conflict - costs.extra) if costs.conflict > costs.extra else 0.0
    if missing >= costs.conflict_min:
        return missing  # less than `over`: each word of it that is one of the order's costs one conflict less
    return LIGHT[0] if costs.extra * (over - LIGHT[0]) <= most else SAID_TWICE


class _Reach(NamedTuple):
    """What a word leads to: stems, each with the bits that doubt takes.

    `beside` are those stems that names are filed under with a commoner one, each with those; `alone` are the names that
    one of the stems may carry alone, with its doubt: others' names, and people's. `said`: what the word weighs against
    a name at most (a place nothing), and its evidence, in any other's name and in a person's.
    """

    stems: dict[int, float]
    beside: tuple[tuple[int, Sequence[int]], ...]
    alone: tuple[tuple[int, ...], tuple[int, ...]]
    said: Said


_NOBODY: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
_NOTHING_SAID = ((0.0, 0.0), (0.0, 0.0))


class _Heard:
    """What an order's words may stand for: stems, each with its doubt, and letters that may be initials, by number.

    `begun` are the letters that words begin with. `others` are initials and neighboring words written together: they
    count for stems that no word leads to. `said` are the weight and the evidence of the words in any other's name and
    in a person's. Which words a stem is of is worked out when asked for.
    """

    __slots__ = (
        *("_others", "_over", "_places", "_said", "_words"),
        *("begun", "doubts", "initials", "initials_bits", "initials_places", "initials_weight"),
    )

    def __init__(
        self,
        words: Sequence[_Reach],
        others: Sequence[tuple[int, _Reach]],
        initials: Mapping[int, int],
        begun: Mapping[int, int],
        said: tuple[Sequence[tuple[float, float]], ...],
        initials_doubt: float,
    ) -> None:
        self._words, self._others, self._said, self.initials = words, others, said, initials
        self.initials_places = 0
        for places in initials.values():
            self.initials_places |= places
        held = [row for at, row in enumerate(said[True]) if self.initials_places >> at & 1] if initials else ()
        self.initials_weight = sum([weight for weight, _ in held])
        self.initials_bits = sum([max(0.0, bits - initials_doubt) for _, bits in held])
        self.begun = begun
        self._places = {letter: places | initials.get(letter, 0) for letter, places in begun.items()}
        self._over: dict[tuple[int, int], tuple[float, float]] = {}
        self.doubts: dict[int, float] = {}
        for stems, _, _, _ in words:
            again = self.doubts.keys() & stems.keys() if self.doubts else ()
            least = {stem: min(self.doubts[stem], stems[stem]) for stem in again}
            self.doubts |= stems
            self.doubts |= least
        for _, (stems, _, _, _) in others:
            self.doubts = stems | self.doubts

    def over(self, person: int, stems: Iterable[int], places: int) -> tuple[float, float]:
        """Of the words that are none of some stems, nor at some places (a bit each), the weight; of the rest, the bits.

        No pairing gives more evidence than the order's own words have.
        """
        for stem in stems:
            places |= self._places.get(stem) or self._found_places(stem)
        found = self._over.get((person, places))
        if found is None:
            over = told = 0.0
            for at, (weight, bits) in enumerate(self._said[person]):
                if places >> at & 1:
                    told += bits
                else:
                    over += weight
            found = self._over[person, places] = over, told
        return found

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
            "_bits",
            "_costs",
            "_crowded",
            "_demands",
            "_least",
            "_letters",
            "_number",
        ),
        *("_over_max", "_reach", "_respelled", "_said", "_shelves", "_tables", "_worth", "words"),
    )

    def __init__(
        self,
        shelves: Shelves,
        tables: WordTables,
        costs: tuple[Costs, Costs],
        demands: tuple[Demand, Demand],
        engine: Engine,
    ) -> None:
        """Take the parts; the engine's patterns are the pieces of the index."""
        self._shelves, self._tables, self._costs, self._demands = shelves, tables, costs, demands
        self._number = {text: number for number, text in enumerate(chain(shelves.stems, shelves.words))}
        self._letters = array("b", [self._letter(stem[0]) for stem in shelves.stems])
        known: dict[tuple[float, float], tuple[float, float]] = {}
        worths = ([tables.worth(stem, person=person) for stem in shelves.stems] for person in (False, True))
        self._worth = tuple([known.setdefault(worth, worth) for worth in row] for row in worths)
        self._bits = array("d", [min(other[1], person[1]) for other, person in zip(*self._worth, strict=True)])
        self._alone = {int(stem): names for stem, names in shelves.alone.items()}
        self._over_max = [self._alone_over_max(person) for person in (0, 1)]
        self._least = tuple(demand.bits_min for demand in demands)
        spelled = {**tables.other_spellings, **tables.person_spellings}
        self._respelled = frozenset(word for word in spelled if any(map(self._is_stem, tables.spellings(word))))
        self._crowded: dict[int, dict[int, dict[int, Sequence[int]]]] = {}
        for stem, other, thirds, names in shelves.crowded:
            self._crowded.setdefault(stem, {})[other] = dict(zip(thirds, names, strict=True))
        self.words = ListWords(shelves, self._number, tables, costs[1], self._worth, engine)
        self._reach: Shelf[str, _Reach] = Shelf(WORDS_REMEMBERED_MAX)
        self._said: dict[Said, Said] = {}

    def _alone_over_max(self, person: int) -> float:
        """The most that words which lead nowhere may weigh for a name that one word can carry alone."""
        held, worth, costs = self._shelves.names, self._worth[person], self._costs[person]
        filed = (name for names in self._alone.values() for name in names if held.person[name] == person)
        weight = max((sum([worth[stem][0] for stem in held.stems[name]]) for name in filed), default=0.0)
        least = self._demands[person].value_min - _ROUNDING
        return weight * (1.0 / least - 1.0) / min(costs.extra, costs.conflict) + LIGHT[0] + _ROUNDING

    def _is_stem(self, word: str) -> bool:
        return self._number.get(word, len(self._letters)) < len(self._letters)

    def _letter(self, letter: str) -> int:
        """The stem that is a letter, -1 for what is no letter."""
        return self._number[letter] if letter in ascii_lowercase else -1

    def name(self, number: int) -> tuple[int, int, bool]:
        """Entry, alias and whether it is scored as a person's, of a name by its number."""
        held = self._shelves.names
        return held.entries[number], held.aliases[number], bool(held.person[number])

    def find(self, spoken: Sequence[str]) -> list[int]:
        """The numbers of the names that may score, the likeliest first, for a name's words (legal forms left out)."""
        known = self._reach
        words = [known.get(word) or self._reached(word) for word in spoken]
        initials = self._initials(spoken)
        others = list(self._others(spoken))
        reached = [*words, *[reach for _, reach in others]] if others else words
        led = frozenset[int]().union(*[reach.stems for reach in reached])
        beside = [row for reach in reached for row in reach.beside]
        met = [row for row in beside if not led.isdisjoint(row[1])]
        alone = any(reach.alone is not _NOBODY for reach in reached)
        runs = [run for word in spoken if (run := self._run(word, beside))] if initials else ()
        if not met and not alone and not runs:
            return []
        lettered = [(places, _Reach({at: 0.0}, (), _NOBODY, _NOTHING_SAID)) for at, places in initials.items()]
        others = [*lettered, *others]
        said = ([reach.said[0] for reach in words], [reach.said[1] for reach in words])
        names = self._carried_alone(words, others, said) if alone else set()
        heard = _Heard(words, others, initials, self._begun(spoken), said, self._costs[True].doubt_edit)
        for stem, row in met:
            self._put(names, stem, row, led, heard.doubts)
        for run in runs:
            names.update(self._initialed_by(run, beside, heard.doubts))
        stems = led.union(initials)
        bounds = [(-self._bound(name, heard), name) for name in self._fitting(names, stems, heard)]
        return [name for value, name in sorted(bounds)[:CANDIDATES_MAX] if value]

    def _carried_alone(
        self,
        words: Sequence[_Reach],
        others: Sequence[tuple[int, _Reach]],
        said: tuple[Sequence[tuple[float, float]], ...],
    ) -> set[int]:
        """The names that one word may carry alone, if the words that lead nowhere do not weigh too much for any."""
        heard = 0
        for places, _ in others:
            heard |= places
        nowhere = [at for at, reach in enumerate(words) if not reach.stems and not heard >> at & 1]
        names: set[int] = set()
        for person, rows in enumerate(said):
            over = sum([rows[at][0] for at in nowhere])
            if not nowhere or over <= self._over_max[person]:
                names.update(*[reach.alone[person] for reach in words], *[reach.alone[person] for _, reach in others])
        return names

    def _others(self, spoken: Sequence[str]) -> Iterator[tuple[int, _Reach]]:
        """What neighboring words written together lead to; each with its words, a bit each."""
        known, number, respelled, stems = self._reach, self._number, self._respelled, len(self._letters)
        for at, (one, two) in enumerate(pairwise(spoken)):
            joined = one + two  # that are a stem, or a spelling of one
            if number.get(joined, stems) < stems or joined in respelled:
                yield 3 << at, known.get(joined) or self._reached(joined)
            if at + 2 < len(spoken):
                joined += spoken[at + 2]
                if number.get(joined, stems) < stems or joined in respelled:
                    yield 7 << at, known.get(joined) or self._reached(joined)

    def _initials(self, spoken: Sequence[str]) -> dict[int, int]:
        """Letters that may be initials, by number, each with the words of the order that have it (a bit each)."""
        found: dict[int, int] = {}
        for at, word in enumerate(spoken):
            if len(word) == 1 or (len(word) == INITIALS_WORD_CHARS and word not in self._tables.particles):
                for letter in map(self._number.__getitem__, filter(str.isalpha, word)):
                    found[letter] = found.get(letter, 0) | 1 << at
        return found

    def _run(self, word: str, beside: Iterable[tuple[int, Sequence[int]]]) -> frozenset[int]:
        """The two letters of a word that may be initials, if names are filed under one with a stem that is reached."""
        if len(word) != INITIALS_WORD_CHARS or not word.isalpha() or word in self._tables.particles:
            return frozenset()
        letters = frozenset(map(self._number.__getitem__, word))
        return letters if any(not letters.isdisjoint(row) for _, row in beside) else frozenset()

    def _initialed_by(
        self, run: frozenset[int], beside: Iterable[tuple[int, Sequence[int]]], doubts: Mapping[int, float]
    ) -> list[int]:
        """The names that are filed under one of two initials beside a stem that is heard, and have words with both."""
        names: set[int] = set()
        for stem, row in beside:
            if not run.isdisjoint(row):
                self._put(names, stem, row, run, doubts)
        rows = self._shelves.names.stems
        return [name for name in names if run.issubset(map(self._letters.__getitem__, rows[name]))]

    def _begun(self, spoken: Sequence[str]) -> dict[int, int]:
        """Letters, by number, each with the words of the order that begin with it (a bit each).

        The letter stands for such a word in a person's listed name.
        """
        found: dict[int, int] = {}
        for at, word in enumerate(spoken):
            letter = self._letter(word[0])
            if letter >= 0:
                found[letter] = found.get(letter, 0) | 1 << at
        return found

    def _put(
        self, names: set[int], stem: int, beside: Sequence[int], heard: frozenset[int], doubts: Mapping[int, float]
    ) -> None:
        """Put down the names filed under a stem and one of those `heard` that have the evidence even with the doubt."""
        shelves, crowded = self._shelves, self._crowded.get(stem)
        for at, other in enumerate(beside, shelves.beside.begins[stem]):
            if other in heard:
                doubt = doubts[stem] + doubts[other]
                filed: list[Sequence[int]] = [shelves.filed[at]]
                if crowded and other in crowded:
                    thirds = crowded[other]
                    filed += [thirds[third] for third in thirds.keys() & doubts.keys()]
                for held in filed:
                    names.update(self._bearing(held, doubt) if doubt else held)

    def _bearing(self, filed: Iterable[int], doubt: float) -> list[int]:
        """The names that have the evidence even with that doubt."""
        bits, least, person = self._shelves.names.bits, self._least, self._shelves.names.person
        return [name for name in filed if bits[name] - doubt >= least[person[name]]]

    def _fitting(self, names: Iterable[int], stems: frozenset[int], heard: _Heard) -> Iterator[int]:
        """The names that weigh no more than those of their stems that are heard can carry.

        Of a list ten times as long ten times as many names have two common stems, and nearly all of them no other that
        is heard: so what those carry is worked out once.
        """
        held, initials = self._shelves.names, heard.initials
        person, begins, numbers, weights = held.person, held.stems.begins, held.stems.numbers, held.weights
        heard_by_kind = (stems, stems.union(heard.begun))
        carried: tuple[dict[frozenset[int], float], ...] = ({}, {})
        for name in names:
            weight, of_person, row = weights[name], person[name], numbers[begins[name] : begins[name + 1]]
            met = heard_by_kind[of_person].intersection(row)
            if initials and of_person:
                weight -= self._initialed(row, met, initials)
            known = carried[of_person]
            most = known.get(met)
            if most is None:
                most = known[met] = self._carried(met, of_person, heard)
            if weight <= most:
                yield name

    def _initialed(self, stems: Sequence[int], met: frozenset[int], initials: Mapping[int, int]) -> float:
        """The weight of the stems of a person's name that are not heard, but may be by their initials."""
        letters, worth = self._letters, self._worth[True]
        return sum([worth[stem][0] for stem in stems if letters[stem] in initials and stem not in met])

    def _carried(self, met: frozenset[int], person: int, heard: _Heard) -> float:
        """The most that a name may weigh of which these stems are heard; SAID_TWICE if they can carry none."""
        demand, costs, worth = self._demands[person], self._costs[person], self._worth[person]
        initials, doubts = person and heard.initials, heard.doubts
        told = matched = 0.0
        for stem in met:
            weight, bits = worth[stem]
            matched += weight
            if stem in doubts and bits > doubts[stem]:
                told += bits - doubts[stem]
        over, bits = heard.over(person, met, heard.initials_places if initials else 0)
        if min(told + (heard.initials_bits if initials else 0.0), bits) < demand.bits_min - _ROUNDING:
            return SAID_TWICE
        said = matched + heard.initials_weight if initials else matched
        least = demand.value_min - _ROUNDING
        against = max(0.0, said * (min(1.0, said / costs.weight_min) / least - 1.0))
        missing = _missing_max(against, over, costs)
        return SAID_TWICE if missing < 0.0 else matched + missing + _ROUNDING

    def _bound(self, name: int, heard: _Heard) -> float:
        """The most that a name could score, 0 when that or its evidence is below the demand."""
        person, doubts, initials = self._shelves.names.person[name], heard.doubts, heard.initials
        demand, costs, worth = self._demands[person], self._costs[person], self._worth[person]
        matched = missing = initialed = initialed_bits = told = 0.0
        places = 0
        met: list[int] = []
        for stem in self._shelves.names.stems[name]:
            weight, bits = worth[stem]
            if stem in doubts:
                matched += weight
                told += max(0.0, bits - doubts[stem])
                met.append(stem)
            elif person and stem in heard.begun:
                matched += weight
                met.append(stem)
            elif person and self._letters[stem] in initials:
                initialed += weight
                initialed_bits += bits
                places |= initials[self._letters[stem]]
            else:
                missing += weight
        over, most = heard.over(person, met, places)
        told += min(initialed_bits, heard.initials_bits)
        if min(told, most) < demand.bits_min - _ROUNDING:
            return 0.0
        initialed = min(initialed, heard.initials_weight)
        matched += initialed
        against = _against(missing, over, costs) + costs.initial * initialed
        value = matched / (matched + against) * (min(1.0, matched / costs.weight_min) if against > _ROUNDING else 1.0)
        return value if value >= demand.value_min - _ROUNDING else 0.0

    # --- words -------------------------------------------------------------------------------------------------------

    def _reached(self, word: str) -> _Reach:
        """What a word leads to, remembered."""
        said = self.words.said(word)
        stems: dict[int, float] = {}
        for stem, doubt in self.words.stems(word, said):
            stems[stem] = min(doubt, self._bits[stem], stems.get(stem, doubt))  # a word takes no more than it has
        return self._reach.keep(word, self._led(stems, self._said.setdefault(said, said)))

    def _led(self, stems: dict[int, float], said: Said) -> _Reach:
        """What stems lead to."""
        shelf, alone, person = self._shelves.beside, self._alone, self._shelves.names.person
        carried: tuple[list[int], list[int]] = ([], [])
        for stem, doubt in stems.items():
            if stem in alone:
                for name in self._bearing(alone[stem], doubt):
                    carried[person[name]].append(name)
        return _Reach(
            stems,
            tuple((stem, beside) for stem in stems if (beside := shelf[stem])),
            (tuple(carried[0]), tuple(carried[1])) if any(carried) else _NOBODY,
            said,
        )
