"""List names -> the index that leads misspelt names to them; what it holds and promises is in `core.names.candidates`.

A name is filed under its rarest words: those without which what is left of it could not carry a score of the threshold,
or not the evidence. The index is made when a snapshot is built and travels in its file.
"""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import pairwise
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from screener import packed
from screener.core.fold import words
from screener.core.names.candidates import SAID_TWICE, Demand, Names, Shelves
from screener.core.names.list_words import pieces, shortened
from screener.core.names.score import JOINED_WORDS_MAX, LIGHT, LONG_CHARS_MIN, WORD_CHARS_MIN, WORDS_MAX, skeleton
from screener.lists import pace
from screener.packed import NUMBER, Rows, RowsByText

PAIR_NAMES_MAX = 6  # more names under two stems are filed under a third
ROUNDING = 1e-6  # sums in another order may differ by less
_FLAG, _REAL = "B", "d"

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from screener.core.fold import Folder
    from screener.core.names.score import Costs, WordTables
    from screener.model import Alias, ListEntry


def shelve(
    entries: Sequence[ListEntry],
    fold: Folder,
    tables: WordTables,
    costs: tuple[Costs, Costs],
    demands: tuple[Demand, Demand],
) -> Shelves:
    """File every alias of every entry that has the evidence for an alert at all."""
    number = {letter: at for at, letter in enumerate(ascii_lowercase)}  # initials come first
    spellings: dict[str, dict[int, None]] = {}
    joined: dict[str, dict[int, None]] = {}
    rows: list[tuple[int, int, int, list[int], float]] = []
    for entry, alias, person, found in _spoken(entries, fold, tables):
        bits = sum(tables.spoken(word, person=person)[1] for word in found)
        if bits < demands[person].bits_min:
            continue
        stems = [number.setdefault(tables.canon(word, person=person), len(number)) for word in found]
        for word, stem in zip(found, stems, strict=True):
            spellings.setdefault(word, {})[stem] = None
        for text, run in _written_together(found, stems):
            joined.setdefault(text, {}).update(dict.fromkeys(run))
            canon = tables.canon(text, person=person)
            if canon != text:
                spellings.setdefault(canon, {}).update(dict.fromkeys(run))
        rows.append((entry, alias, int(person), stems, round(bits, 2)))
    texts = list(number)
    worth = [[tables.worth(stem, person=person) for stem in texts] for person in (False, True)]
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), ()]
    names = Names(
        array(NUMBER, columns[0]),
        array(NUMBER, columns[1]),
        array(_FLAG, columns[2]),
        Rows.of(columns[3]),
        array(_REAL, columns[4]),
        array(_REAL, _weights(rows, worth)),
    )
    for word in spellings:
        number.setdefault(word, len(number))
    near, short, skeletons = _neighborhoods({word: number[word] for word in spellings})
    alone, pairs = _filed(texts, names, worth, costs, demands)
    crowded = list(_crowded(pairs, texts, names, worth, costs, demands))
    beside = [sorted(pairs.get(stem, ())) for stem in range(len(texts))]
    return Shelves(
        texts,
        [*number][len(texts) :],
        Rows.of([[*spellings.get(word, ())] for word in number]),
        RowsByText.of(joined),
        {str(stem): held for stem, held in sorted(alone.items())},
        Rows.of(beside),
        Rows.of(pairs[stem][other] for stem, row in enumerate(beside) for other in row),
        crowded,
        list(near),
        Rows.of(near.values()),
        RowsByText.of(short),
        RowsByText.of(skeletons),
        names,
    )


def _neighborhoods(numbers: Mapping[str, int]) -> tuple[dict[str, list[int]], ...]:
    """Pieces, words with a letter less and consonants -> the numbers of the words they are of."""
    near: dict[str, list[int]] = {}
    short: dict[str, list[int]] = {}
    skeletons: dict[str, list[int]] = {}
    for word, at in numbers.items():
        for piece in pieces(word):
            near.setdefault(piece, []).append(at)
        if WORD_CHARS_MIN <= len(word) < LONG_CHARS_MIN and not word.isdigit():
            for left in shortened(word):
                short.setdefault(left, []).append(at)
        skeletons.setdefault(skeleton(word), []).append(at)
    skeletons.pop("", None)
    return near, short, skeletons


def dumped(index: Shelves) -> list[Any]:
    """The index as JSON may have it."""
    return [_dumped(part) for part in (*index[:-1], *index.names)]


def _dumped(part: object) -> object:
    if isinstance(part, Rows | RowsByText):
        return part.dumped()
    return packed.dumped(part) if isinstance(part, array) else part


def loaded(parts: Sequence[Any]) -> Shelves:
    """The index of `dumped`, which is used up; ValueError or TypeError for what is none."""
    stems, words_of, spelled, joined, alone, beside, filed, crowded, pieces_of, near, short, skeletons, *names = parts
    codes = Names(NUMBER, NUMBER, _FLAG, None, _REAL, _REAL)  # type: ignore[arg-type]
    held = zip(codes, names, strict=True)
    return Shelves(
        stems,
        words_of,
        Rows.loaded(spelled, pace.rest),
        RowsByText.loaded(joined, pace.rest),
        alone,
        Rows.loaded(beside, pace.rest),
        Rows.loaded(filed, pace.rest),
        crowded,
        pieces_of,
        Rows.loaded(near, pace.rest),
        RowsByText.loaded(short, pace.rest),
        RowsByText.loaded(skeletons, pace.rest),
        Names(*(packed.loaded(code, part, pace.rest) if code else Rows.loaded(part, pace.rest) for code, part in held)),  # type: ignore[arg-type]
    )


def _written_together(found: Sequence[str], stems: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Two and three neighboring words as one ("goldstar", "abdalkarim"), each with the stems of all of them."""
    for size in range(2, JOINED_WORDS_MAX + 1):
        for at in range(len(found) - size + 1):
            yield "".join(found[at : at + size]), stems[at : at + size]


def _weights(
    rows: Iterable[tuple[int, int, int, list[int], float]], worth: Sequence[Sequence[tuple[float, float]]]
) -> list[float]:
    """The weight of each name."""
    return [
        sum(worth[person][stem][0] for stem in stems) if len(set(stems)) == len(stems) else SAID_TWICE
        for _, _, person, stems, _ in rows
    ]


def _spoken(
    entries: Sequence[ListEntry], fold: Folder, tables: WordTables
) -> Iterator[tuple[int, int, bool, list[str]]]:
    """Every alias with its words, as what it is scored; once for each way."""
    for number, entry in enumerate(entries):
        for at, alias in enumerate(entry.aliases):
            kept = fold.core(words(alias.name)[:WORDS_MAX])
            for person in kinds_of(entry, alias, fold, tables):
                told = [word for word in kept if not (person and word in tables.titles)] or kept
                if told:
                    yield number, at, person, told


def kinds_of(entry: ListEntry, alias: Alias, fold: Folder, tables: WordTables) -> tuple[bool, ...]:
    """Whether an alias is scored as a person's name, as any other's or as both, by its entry's kind, else by its words.

    A weak alias is not scored at all: what is too short or too common to stand alone is like too much.
    """
    if alias.quality == "weak":
        return ()
    if entry.kind:
        return (entry.kind == "person",)
    found = words(alias.name)[:WORDS_MAX]
    kept = fold.core(found)
    trade = len(kept) < len(found) or any(_tells_trade(word, tables) for word in [*kept, *map("".join, pairwise(kept))])
    return (False,) if trade else (False, True)


def _tells_trade(word: str, tables: WordTables) -> bool:
    """Whether a word is one of organizations and not of people."""
    return tables.canon(word, person=False) in tables.other_bits and word not in tables.person_bits


def _filed(
    stems: Sequence[str],
    names: Names,
    worth: Sequence[Sequence[tuple[float, float]]],
    costs: tuple[Costs, Costs],
    demands: tuple[Demand, Demand],
) -> tuple[dict[int, list[int]], dict[int, dict[int, list[int]]]]:
    """The names by the stem that they are filed under, and by the rarer and the commoner of two; see `Shelves`."""
    spread = Counter(stem for row in names.stems for stem in set(row))

    def commonness(stem: int) -> tuple[bool, int, int]:
        return stem < len(ascii_lowercase), spread[stem], stem

    alone: dict[int, list[int]] = {}
    pairs: dict[int, dict[int, list[int]]] = {}
    for name, row in enumerate(names.stems):
        person = names.person[name]
        worths, demand, cost = worth[person], demands[person], costs[person]
        total = rest = sum(worths[stem][0] for stem in row)
        rest_bits = names.bits[name]
        least = _matched_min(total, demand, cost)
        passed: list[int] = []
        carried = True
        for stem in sorted(set(row), key=lambda stem: (worths[stem] == LIGHT, spread[stem], stem)):
            weight, bits = worths[stem]
            others = [other for other in set(row) if other != stem and worths[other] != LIGHT]
            if carried and (not others or _carries(weight, bits, total, demand, cost)):
                alone.setdefault(stem, []).append(name)
            else:
                initials = _initials(others if carried else passed, stems) if person else set()
                for other in (*(others if carried else ()), *initials - {stem}):
                    rarer, commoner = sorted((stem, other), key=commonness)
                    held = pairs.setdefault(rarer, {}).setdefault(commoner, [])
                    if not held or held[-1] != name:
                        held.append(name)
            passed.append(stem)
            rest -= weight * row.count(stem)
            rest_bits -= bits * row.count(stem)
            carried = carried and rest >= least
            if rest_bits < demand.bits_min or not (carried or person):
                break  # behind what carries a score, a person's names do so beside initials of those before
    return alone, pairs


def _crowded(
    pairs: Mapping[int, Mapping[int, list[int]]],
    stems: Sequence[str],
    names: Names,
    worth: Sequence[Sequence[tuple[float, float]]],
    costs: tuple[Costs, Costs],
    demands: tuple[Demand, Demand],
) -> Iterator[tuple[int, int, list[int], list[list[int]]]]:
    """Take those names from pairs of more than PAIR_NAMES_MAX that need a third stem, and give them by that one."""
    spread = Counter(stem for row in names.stems for stem in set(row))
    initial = [_initial(text) for text in stems]
    for rarer, rows in sorted(pairs.items()):
        for commoner, held in sorted(rows.items()):
            if len(held) <= PAIR_NAMES_MAX:
                continue
            thirds: dict[int, list[int]] = {}
            kept: list[int] = []
            for name in held:
                person = names.person[name]
                needed = _thirds(
                    {rarer, commoner},
                    names.stems[name],
                    initial if person else None,
                    worth[person],
                    spread,
                    demands[person],
                    costs[person],
                )
                for third in needed:
                    thirds.setdefault(third, []).append(name)
                if not needed:
                    kept.append(name)
            if thirds:
                held[:] = kept
                yield rarer, commoner, sorted(thirds), [thirds[third] for third in sorted(thirds)]


def _thirds(
    pair: set[int],
    row: Sequence[int],
    initial: Sequence[int] | None,
    worths: Sequence[tuple[float, float]],
    spread: Mapping[int, int],
    demand: Demand,
    costs: Costs,
) -> set[int]:
    """The stems of a name, and their initials in a person's, of which it needs one to score beside a pair; or none.

    What a person's name has as a letter counts as heard: a word that begins with it may stand for it.
    """
    heard = pair if initial is None else pair.union(range(len(ascii_lowercase)))
    rest = [stem for stem in row if stem not in heard and (initial is None or initial[stem] not in pair)]
    total, bits = (sum(column) for column in zip(*(worths[stem] for stem in row), strict=True))
    least = _matched_min(total, demand, costs)
    rest_weight, rest_bits = (sum(worths[stem][at] for stem in rest) for at in (0, 1))
    needed: set[int] = set()
    if total - rest_weight >= least and bits - rest_bits >= demand.bits_min - ROUNDING:
        return needed
    for stem in sorted(set(rest), key=lambda stem: (worths[stem] == LIGHT, spread[stem], stem)):
        if total < least or bits < demand.bits_min - ROUNDING:
            break
        needed |= {stem} if initial is None else {stem, initial[stem]}
        total -= worths[stem][0] * row.count(stem)
        bits -= worths[stem][1] * row.count(stem)
    return needed - {-1}


def _initial(text: str) -> int:
    """The stem that is the first letter of a stem, or -1 where that is no letter."""
    return ascii_lowercase.find(text[0])


def _initials(names: Iterable[int], stems: Sequence[str]) -> set[int]:
    """The initials of stems, which are stems themselves."""
    return {ord(stems[name][0]) - ord("a") for name in names if stems[name][0].isalpha()}


def _matched_min(total: float, demand: Demand, costs: Costs) -> float:
    """The least of a list name's weight that must be matched for a score of the threshold.

    A light word of the order's may stand where one of the list name's is left out, and costs nothing.
    """
    share = 1 / (1 + (1 / demand.value_min - 1) / costs.extra)
    return (total - LIGHT[0]) * share - ROUNDING


def _carries(weight: float, bits: float, total: float, demand: Demand, costs: Costs) -> bool:
    """Whether one word of a name could score alone."""
    missing = total - LIGHT[0] - weight  # a light word of the order's may stand where another one is left out
    return bits >= demand.bits_min and weight >= demand.value_min * (weight + costs.extra * missing) - ROUNDING
