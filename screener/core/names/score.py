"""Two names -> how alike they are, from 0 to 1, on how much evidence, and why: the judge of the candidates.

A name is taken apart once (`Scorer.analyze`) into words with a weight: how much it says about who somebody is that a
word occurs, by the rarity table of the rules, which knows nothing of any list. Legal forms, titles and particles are
set aside or weigh little. `Scorer.score` then pairs the words of two names: equal ones, spellings of one word, words a
few typing errors apart, words written together or apart, initials, acronyms. What is left on both sides speaks against
the two being one (a conflict); what is left on one side only speaks less.

It promises: symmetric; total; the same for the same two names whatever else is listed; 1 for names of the same words,
less a little where their legal forms differ. People are told apart from all others (organizations, vessels, aircraft):
titles, initials and spellings of given names count for people, trades and places for the others. Evidence is in bits:
what the shared words tell, less what errors, spellings and words left over take away. It does not decide: thresholds
are in `rules/matching.toml`.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from screener.core.fold import Folder

WORDS_MAX = 24
WORD_CHARS_MAX = 64
WORD_CHARS_MIN = 2
LONG_CHARS_MIN = 9
EDITS_MAX = 2
JOINED_WORDS_MAX = 3
JOINED_CHARS_MIN = 4
ACRONYM_LETTERS_MIN = 3
SILENT_EDITS_MAX = 2
INITIALS_MAX = 6
BITS_A_LETTER = 2.5
LIGHT = (0.1, 1.0)
WORDS_REMEMBERED_MAX = 50_000
NEAR_BITS = 4.0
DIGITS_LIKE = {"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b", "9": "g"}
_SILENT = str.maketrans("", "", "aeiouyhw")
_DOUBLED = re.compile(r"(.)\1+")
_ONE_VOWEL = str.maketrans("eiouy", "aaaaa")


class Word(NamedTuple):
    """One word of a name: as folded, the word it is a spelling of, its weight (0 to 1) and evidence (bits)."""

    text: str
    canon: str
    weight: float
    bits: float
    number: bool


class Name(NamedTuple):
    """A name taken apart; `forms` are the classes of its legal forms, `key` its words without blanks."""

    words: tuple[Word, ...]
    forms: frozenset[str]
    key: str
    person: bool


class Score(NamedTuple):
    """How alike two names are, from 0 (nothing in common) to 1 (the same words), on how many bits of evidence, and why.

    `complete`: no word of either is left without its like. `edits` counts the words that are not spelled alike.
    """

    value: float
    bits: float
    reasons: tuple[str, ...]
    complete: bool = True
    edits: int = 0


NOTHING = Score(0.0, 0.0, (), complete=False)


class WordTables(NamedTuple):
    """The tables that a name is taken apart by, each folded; see `rules/name_words.toml` and `rules/rarity.toml`."""

    titles: frozenset[str]
    particles: frozenset[str]
    stop_words: frozenset[str]
    person_spellings: Mapping[str, str]
    other_spellings: Mapping[str, str]
    person_bits: Mapping[str, float]
    other_bits: Mapping[str, float]
    bits_max: float
    form_classes: Mapping[str, str]
    places: frozenset[str]

    def canon(self, word: str, *, person: bool) -> str:
        """The word that a word is a spelling of."""
        return (self.person_spellings if person else self.other_spellings).get(word, word)

    def is_place(self, word: str) -> bool:
        """Whether a word, in any name but a person's, says no more than where somebody is."""
        return self.other_spellings.get(word, word) in self.places

    def is_light(self, word: str) -> bool:
        """Whether a word tells next to nothing, in a person's name or any other."""
        return word in self.stop_words and (word in self.particles or word in self.titles)

    def spellings(self, word: str) -> tuple[str, str]:
        """The words that a word is a spelling of, as any other's and as a person's."""
        return self.other_spellings.get(word, word), self.person_spellings.get(word, word)

    def spoken(self, word: str, *, person: bool) -> tuple[float, float]:
        """Weight and evidence of a word as it is said, titles included; see `worth`."""
        if person and word in self.titles:
            return LIGHT
        return self.worth(self.canon(word, person=person), person=person)

    def worth(self, canon: str, *, person: bool) -> tuple[float, float]:
        """Weight (0 to 1) and evidence (bits) of a word: by the rarity table, else by how many letters it has."""
        if len(canon) == 1 or canon in (self.particles if person else self.stop_words):
            return LIGHT
        bits = (self.person_bits if person else self.other_bits).get(canon)
        return (1.0, BITS_A_LETTER * len(canon)) if bits is None else (bits / self.bits_max, bits)


class Costs(NamedTuple):
    """What speaks against two names being one; see `[score]` of `rules/matching.toml`, which explains each."""

    edit: float
    spelling: float
    vowels: float
    joined: float
    initial: float
    acronym: float
    conflict: float
    conflict_min: float
    extra: float
    extra_min: float
    extra_alone: float
    number: float
    order: float
    form: float
    weight_min: float
    doubt_edit: float
    doubt_slip: float
    doubt_spelling: float
    doubt_vowels: float
    doubt_extra: float
    doubt_order: float


@lru_cache(WORDS_REMEMBERED_MAX)
def edits_between(one: str, two: str) -> int:
    """Typing errors between two words that may be one: 1 or 2; 0 when they are the same, too far apart, or numbers.

    One error is allowed where the longer word has four letters, two where both have LONG_CHARS_MIN; in a word of three
    letters, a letter left out or letters in another order.
    """
    shorter, longer = len(one), len(two)
    if shorter > longer:
        shorter, longer = longer, shorter
    allowed = EDITS_MAX if shorter >= LONG_CHARS_MIN else 1
    if longer - shorter > allowed or shorter < WORD_CHARS_MIN or longer == 2 or one.isdigit() or two.isdigit():
        return 0
    if shorter == longer == 3 and sorted(one) != sorted(two):
        return 0
    found = OSA.distance(one, two, score_cutoff=allowed)
    return found if found <= allowed else 0


@lru_cache(WORDS_REMEMBERED_MAX)
def skeleton(word: str) -> str:
    """A word without what differs between spellings of one name: vowels, h, w, y, doubled letters; "" if too little.

    A first letter stays, a vowel there as "a": "Usama" and "Osama", "Yusuf" and "Youssef", "Tim" and "Tom" are alike.
    """
    if len(word) < 3 or not word.isalpha():
        return ""
    first = "a" if word[0] in "aeiou" else word[0]
    letters = _DOUBLED.sub(r"\1", first + word[1:].translate(_SILENT))
    return letters if len(letters) > 1 else ""


def is_slip(one: str, two: str) -> bool:
    """Whether two words differ by slips only.

    Slips are vowels, doubled letters, a letter left out, two that changed places, and digits that look like letters.
    """
    if len(one) == len(two) and (sorted(one) == sorted(two) or _looks_alike(one, two)):
        return True
    if abs(len(one) - len(two)) == 1:
        return OSA.distance(one, two, score_cutoff=1) == 1
    return _softened(one) == _softened(two)


def _looks_alike(one: str, two: str) -> bool:
    """Whether two words of the same length differ in digits only that look like the other's letters: "Huawe1"."""
    if one.isalpha() and two.isalpha():
        return False
    differing = ((a, b) for a, b in zip(one, two, strict=True) if a != b)
    return all(b in DIGITS_LIKE.get(a, "") or a in DIGITS_LIKE.get(b, "") for a, b in differing)


@lru_cache(WORDS_REMEMBERED_MAX)
def _softened(word: str) -> str:
    return _DOUBLED.sub(r"\1", word.translate(_ONE_VOWEL))


def near_bits(one: str, bits: float, two: str, edits: int, costs: Costs) -> float:
    """The evidence of a word, known to have `bits`, that is `edits` typing errors away from the other.

    There are more words near a word than there are the same, so it is by letters; yet a common word misspelt is common.
    """
    most = min(BITS_A_LETTER * min(len(one), len(two)), bits + NEAR_BITS)
    return max(0.0, most - edits * (costs.doubt_slip if is_slip(one, two) else costs.doubt_edit))


# --- the pairing -----------------------------------------------------------------------------------------------------


class _Pairing:
    """The words of two names as they are paired off: what is left on each side, what matched, and what that costs."""

    __slots__ = ("bits", "cost", "edits", "flipped", "left", "matched", "order", "reasons")

    def __init__(self, one: Sequence[Word], two: Sequence[Word], *, flipped: bool) -> None:
        self.left: tuple[dict[int, Word], dict[int, Word]] = (dict(enumerate(one)), dict(enumerate(two)))
        self.flipped = flipped
        self.matched = self.cost = self.bits = 0.0
        self.edits = 0
        self.order: list[tuple[int, int]] = []
        self.reasons: list[str] = []

    def take(
        self,
        ones: Sequence[int],
        twos: Sequence[int],
        share: float,
        sign: str,
        doubt: float = 0.0,
        near: float | None = None,
    ) -> None:
        """Pair words off: `share` of their weight is the cost; the evidence is `near`, else theirs less `doubt`."""
        left = [self.left[0].pop(at) for at in ones]
        right = [self.left[1].pop(at) for at in twos]
        weight = min(_weight(left), _weight(right))  # a misspelt word is as common as the word that was meant
        self.matched += weight
        self.cost += weight * share
        if near is None:
            near = max(0.0, min(sum(word.bits for word in left), sum(word.bits for word in right)) - doubt)
        self.bits += near
        self.order.append((ones[0], twos[0]))
        self.tell(left, sign, right)

    def tell(self, left: Sequence[Word], sign: str, right: Sequence[Word]) -> None:
        """Note a reason, the first name's words first."""
        said = [" ".join(word.text for word in side) for side in (left, right)]
        if self.flipped:
            said.reverse()
        self.reasons.append(said[0] if said[0] == said[1] else f"{said[0]} {sign} {said[1]}")


def _pair_equal(pairing: _Pairing, costs: Costs) -> None:
    left, right = pairing.left
    places: dict[str, list[int]] = {}
    for at, word in right.items():
        places.setdefault(word.canon, []).append(at)
    if len(places) < len(right) or len({word.canon for word in left.values()}) < len(left):
        _pair_repeated(pairing, costs, places)
    for at, word in list(left.items()):
        others = places.get(word.canon)
        if others:
            _take_equal(pairing, at, others.pop(0), costs)


def _pair_repeated(pairing: _Pairing, costs: Costs, places: Mapping[str, list[int]]) -> None:
    """Of words that a name says several times, pair those first that stand beside the same words: "al Karim"."""
    one, two = ([word.canon for word in side.values()] for side in pairing.left)
    for at, word in enumerate(one):
        others = places.get(word, [])
        if others and (len(others) > 1 or one.count(word) > 1):
            beside = [other for other in others if one[at + 1 : at + 2] == two[other + 1 : other + 2]]
            if beside:
                others.remove(beside[0])
                _take_equal(pairing, at, beside[0], costs)


def _take_equal(pairing: _Pairing, at: int, other: int, costs: Costs) -> None:
    same = pairing.left[0][at].text == pairing.left[1][other].text
    pairing.take([at], [other], 0.0 if same else costs.spelling, "=", 0.0 if same else costs.doubt_spelling)


def _pair_near(pairing: _Pairing, costs: Costs, *, person: bool) -> None:
    """Pair words within the allowed typing errors, and names of people of the same consonants, the nearest first.

    Words that tell next to nothing are like too much.
    """
    left, right = ({at: word for at, word in side.items() if word.weight > LIGHT[0]} for side in pairing.left)
    near: list[tuple[float, float, int, int]] = []
    for at, one in left.items():
        bones = skeleton(one.text) if person else ""
        for other, two in right.items():
            edits = 0 if one.canon.isdigit() or two.canon.isdigit() else edits_between(one.text, two.text)
            if edits:
                share = costs.edit * edits / max(len(one.text), len(two.text))
                bits = near_bits(one.text, min(one.bits, two.bits), two.text, edits, costs)
                near.append((share, -bits, at, other))
            if bones and bones == skeleton(two.text):
                silent = OSA.distance(one.text, two.text, score_cutoff=SILENT_EDITS_MAX)
                if silent <= SILENT_EDITS_MAX:
                    bits = max(0.0, min(one.bits, two.bits) - costs.doubt_vowels * silent)
                    near.append((costs.vowels * silent, -bits, at, other))
    for share, minus_bits, at, other in sorted(near):
        if at in pairing.left[0] and other in pairing.left[1]:
            pairing.take([at], [other], share, "~", near=-minus_bits)
            pairing.edits += 1


def _pair_joined(pairing: _Pairing, costs: Costs, spellings: Mapping[str, str]) -> None:
    """Pair a word with two or three neighboring words of the other name written together, or a spelling of those."""
    for side in (0, 1):
        for at, word in list(pairing.left[side].items()):
            run = _run_that_joins(word, pairing.left[1 - side], spellings)
            if run:
                ones, twos = ([at], run) if side == 0 else (run, [at])
                pairing.take(ones, twos, costs.joined, "=", costs.doubt_spelling)


def _run_that_joins(word: Word, others: Mapping[int, Word], spellings: Mapping[str, str]) -> list[int]:
    if len(word.text) < JOINED_CHARS_MIN:
        return []
    for start in others:
        run, joined = [start], others[start].text
        while len(run) < JOINED_WORDS_MAX and run[-1] + 1 in others and len(joined) <= len(word.text):
            run.append(run[-1] + 1)
            joined += others[run[-1]].text
            if joined == word.text or spellings.get(joined) == word.canon:
                return run
    return []


def _pair_initials(pairing: _Pairing, costs: Costs, *, person: bool) -> None:
    """Pair initials with the words they stand for: any of people, acronyms of all others."""
    share = costs.initial if person else costs.acronym
    for side in (0, 1):
        for at, word in list(pairing.left[side].items()):
            run = _run_of_initials(word.text, pairing.left[1 - side], 1 if person else ACRONYM_LETTERS_MIN)
            if run:
                ones, twos = ([at], run) if side == 0 else (run, [at])
                pairing.take(ones, twos, share, "=", costs.doubt_edit)


def _run_of_initials(letters: str, others: Mapping[int, Word], letters_min: int) -> list[int]:
    if not letters_min <= len(letters) <= INITIALS_MAX or not letters.isalpha():
        return []
    for start in others:
        run = list(range(start, start + len(letters)))
        if all(
            place in others and others[place].text[0] == letter and len(others[place].text) > 1
            for place, letter in zip(run, letters, strict=True)
        ):
            return run
    return []


# --- the scorer ------------------------------------------------------------------------------------------------------


class Scorer:
    """The scorer with its tables, which come with the snapshot's rules."""

    __slots__ = ("_costs", "_fold", "_tables")

    def __init__(self, tables: WordTables, costs: tuple[Costs, Costs], fold: Folder) -> None:
        """Take the tables, the costs (for all others, for people), and the fold that knows legal forms."""
        self._tables = tables
        self._costs = costs
        self._fold = fold

    def analyze(self, found: Sequence[str], *, person: bool) -> Name:
        """Take the words of a name apart, as a person's or as any other's; bounded by the named limits."""
        found = [word[:WORD_CHARS_MAX] for word in found[:WORDS_MAX]]
        kept = self._fold.core(found)
        tables = self._tables
        classes = _classes(found, kept, tables.form_classes) if len(kept) < len(found) else frozenset()
        if person:
            kept = [word for word in kept if word not in tables.titles] or kept
        return Name(tuple(self._word(word, person=person) for word in kept), classes, "".join(kept), person)

    def without_places(self, name: Name, other: Name) -> tuple[Name, list[str]]:
        """A name without the places that another does not have or not as often, and those."""
        held = Counter(word.canon for word in other.words)
        kept: list[Word] = []
        places: list[str] = []
        for word in name.words:
            if word.canon in self._tables.places and not held[word.canon]:
                places.append(word.text)
            else:
                kept.append(word)
                held[word.canon] -= 1
        return name._replace(words=tuple(kept), key="".join(word.text for word in kept)), places

    def _word(self, text: str, *, person: bool) -> Word:
        canon = self._tables.canon(text, person=person)
        weight, bits = self._tables.worth(canon, person=person)
        return Word(text, canon, weight, bits, not text.isalpha() or canon.isdigit())

    def score(self, one: Name, two: Name) -> Score:
        """Score two names, both taken apart as a person's or both as any other's."""
        if not one.words or not two.words:
            return NOTHING
        costs = self._costs[one.person]
        form = costs.form if one.forms and two.forms and one.forms.isdisjoint(two.forms) else 0.0
        told = ("legal form differs",) if form else ()
        if one.key == two.key:
            bits = min(sum(word.bits for word in name.words) for name in (one, two))
            return Score(1.0 - form, bits, ("same words", *told))
        flipped = two.key < one.key  # in one order whichever is asked first: so it is symmetric
        first, second = (two, one) if flipped else (one, two)
        pairing = _Pairing(first.words, second.words, flipped=flipped)
        _pair_equal(pairing, costs)
        _pair_near(pairing, costs, person=one.person)
        if pairing.left[0] or pairing.left[1]:
            tables = self._tables
            _pair_joined(pairing, costs, tables.person_spellings if one.person else tables.other_spellings)
            _pair_initials(pairing, costs, person=one.person)
        value = _value(pairing, costs, person=one.person)
        complete = not pairing.left[0] and not pairing.left[1]
        return Score(max(0.0, value - form), pairing.bits, (*pairing.reasons, *told), complete, pairing.edits)


def _classes(found: Sequence[str], kept: Sequence[str], classes: Mapping[str, str]) -> frozenset[str]:
    """The classes of the legal forms that were left out of a name: of a run of words as a whole, else of each word."""
    runs: list[list[str]] = [[]]
    rest = list(kept)
    for word in found:
        if rest and rest[0] == word:
            del rest[0]
            runs.append([])
        else:
            runs[-1].append(word)
    forms = [form for run in runs for form in ([" ".join(run)] if " ".join(run) in classes else run)]
    return frozenset(classes[form] for form in forms if form in classes)


def _value(pairing: _Pairing, costs: Costs, *, person: bool) -> float:
    """Matched weight over matched weight and all that speaks against it."""
    if pairing.matched <= 0.0:
        return 0.0
    left, right = ([*side.values()] for side in pairing.left)
    against = pairing.cost + _conflict(pairing, left, right, costs) + _extra(pairing, left, right, costs, person=person)
    turns = _turns(pairing.order)
    if turns > person:  # a family name may stand first or last
        against += costs.order
        pairing.bits = max(0.0, pairing.bits - costs.doubt_order)
    value = pairing.matched / (pairing.matched + against)
    return value * min(1.0, pairing.matched / costs.weight_min) if against else value


def _conflict(pairing: _Pairing, left: Sequence[Word], right: Sequence[Word], costs: Costs) -> float:
    """What words without their like on both sides cost; of light words (a particle, "the") only initials conflict."""
    clash = min(_weight(left), _weight(right))
    both_numbers = any(word.number for word in left) and any(word.number for word in right)
    initial = any(len(word.text) == 1 for word in (*left, *right)) and bool(left) and bool(right)
    if clash <= LIGHT[0] and not both_numbers and not initial:
        return 0.0
    pairing.tell(left, "/", right)
    return costs.conflict * max(clash, costs.conflict_min)


def _extra(pairing: _Pairing, left: Sequence[Word], right: Sequence[Word], costs: Costs, *, person: bool) -> float:
    """What words on one side only cost."""
    over = _weight(left) - _weight(right)
    more = left if over > 0 else right
    if not over or not more:
        return 0.0
    telling = any(word.weight > LIGHT[0] for word in more)
    weight = max(abs(over), costs.extra_min if telling else 0.0)
    if person and telling and len(pairing.order) < 2:
        weight *= costs.extra_alone
    pairing.bits = max(0.0, pairing.bits - costs.doubt_extra * abs(over))
    if telling and not (left and right):
        pairing.reasons.append(f"+ {' '.join(word.text for word in more)}")
    return costs.extra * weight + (costs.number if any(word.number for word in more) else 0.0)


def _weight(side: Sequence[Word]) -> float:
    return sum(word.weight for word in side)


def _turns(order: Sequence[tuple[int, int]]) -> int:
    """How often the second name goes back to earlier words, read in the first one's order."""
    seconds = [second for _, second in sorted(order)]
    return sum(after < before for before, after in pairwise(seconds))
