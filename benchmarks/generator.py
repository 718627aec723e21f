"""How much the candidate generator loses against a scorer that looks at every list name.

    python benchmarks/generator.py [--reference DIR] [--record] [--queries 5000] [--proved 30]

Aliases of the consolidated list are drawn at random and misspelt, each in one of the ways of treatments.py. The oracle
is the scorer asked about every alias of every list: an entry of which an alias reaches threshold and evidence has to
come out of the generator. Weak aliases are found as they are
or not at all; an alias of an entry of unknown kind is scored as the matcher does.

So many scores take hours. The oracle leaves out what can't score, by means that share nothing with the automaton: it
compares every word of the queries with every word of the lists, and every glued name with every other, and keeps an
alias when words near the query's carry a part of its weight, or when it is near as a whole. For the first queries
(`--proved`) every alias is scored, to prove that this first pass loses nothing; where it does, the figures say so and
the exit status is 1.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from benchmarks.treatments import SEED, TREATMENTS, variants
from screener.core.fold import words
from screener.core.names import LIKENESSES_MAX
from screener.lists import name_index, rules, scoring
from screener.lists.word_tables import word_tables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from screener.core.names.score import Name, Scorer
    from screener.model import Snapshot
    from screener.protocols import Likeness

    Generator = Callable[[str], Mapping[int, float]]

QUERIES = 5_000
PROVED_QUERIES = 30
RECALL_TARGET = 0.999
WORD_NEAR_MIN = 0.5  # the scorer pairs words of a similarity of 0.5 and more
NAME_NEAR_MIN = 0.6
CARRIED_MIN = 0.4  # the part of an alias's weight that near words must carry
CHUNK = 128  # query words or names compared with all others at once
MISSES_PRINTED = 30
KINDS = ("organization", "person")  # by whether it is a person


class Query(NamedTuple):
    """A misspelt alias."""

    text: str
    treatment: str
    entry: int


class Listed(NamedTuple):
    """An alias as it is scored: as a person's name, or as any other's."""

    entry: int
    alias: str
    person: bool
    value_min: float
    bits_min: float
    name: Name


class Oracle:
    """The scorer asked about every alias, or about those that the first pass leaves."""

    def __init__(self, held: Snapshot) -> None:
        """Take apart every alias of the snapshot; one of an entry of unknown kind counts as both."""
        tables = rules.read_tables()
        comparer = scoring.comparer(tables)
        bits_min = [float(tables["matching"]["alert"][f"{kind}_bits_min"]) for kind in ("other", "person")]
        self._scorer: Scorer = scoring.scorer(tables)
        self.listed: list[Listed] = []
        words_of = word_tables(tables)
        for number, entry in enumerate(held.listings):
            for alias in entry.aliases:
                for person in name_index.kinds_of(entry, alias, held.fold, words_of):
                    value_min = comparer.threshold(entry.kind or KINDS[person])
                    name = self._scorer.analyze(words(alias.name), person=person)
                    self.listed.append(Listed(number, alias.name, person, value_min, bits_min[person], name))
        self._index()

    def _index(self) -> None:
        self._words: dict[str, int] = {}
        texts, canons, weights, owners = [], [], [], []
        for number, row in enumerate(self.listed):
            for word in row.name.words:
                texts.append(self._words.setdefault(word.text, len(self._words)))
                canons.append(self._words.setdefault(word.canon, len(self._words)))
                weights.append(word.weight)
                owners.append(number)
        self._texts, self._canons, self._owners = map(np.array, (texts, canons, owners))
        self._weights = np.array(weights)
        self._totals = np.bincount(self._owners, self._weights, len(self.listed))
        self._keys = [row.name.key for row in self.listed]

    def analyzed(self, text: str) -> tuple[Name, Name]:
        """A query taken apart as any name and as a person's."""
        found = words(text)
        return self._scorer.analyze(found, person=False), self._scorer.analyze(found, person=True)

    def reaching(self, asked: tuple[Name, Name], numbers: Sequence[int]) -> dict[int, float]:
        """Entry -> best score, of the aliases of these numbers that reach their threshold and evidence."""
        best: dict[int, float] = {}
        for number in numbers:
            row = self.listed[number]
            score = self._scorer.score(asked[row.person], row.name)
            if score.value >= row.value_min and score.bits >= row.bits_min:
                best[row.entry] = max(score.value, best.get(row.entry, 0.0))
        return best

    def all_numbers(self) -> range:
        """Every alias."""
        return range(len(self.listed))

    def first_pass(self, queries: Sequence[tuple[Name, Name]]) -> Iterator[NDArray[np.intp]]:
        """For each query the aliases that may score."""
        near = self._near_words({form for names in queries for form in _forms(names)})
        for chunk in range(0, len(queries), CHUNK):
            part = queries[chunk : chunk + CHUNK]
            keys = [names[0].key for names in part]
            whole = process.cdist(
                keys, self._keys, scorer=OSA.normalized_similarity, score_cutoff=NAME_NEAR_MIN, dtype=np.float32
            )
            for names, row in zip(part, whole, strict=True):
                reached = np.zeros(len(self._words), dtype=bool)
                for form in _forms(names):
                    reached[near[form]] = True
                carried = self._weights * (reached[self._texts] | reached[self._canons])
                share = np.bincount(self._owners, carried, len(self.listed)) / np.maximum(self._totals, 1e-9)
                yield np.flatnonzero((share >= CARRIED_MIN) | (row >= NAME_NEAR_MIN))

    def _near_words(self, forms: set[str]) -> dict[str, NDArray[np.intp]]:
        """Query word -> the numbers of the list words near it."""
        ordered, vocabulary = sorted(forms), list(self._words)
        near: dict[str, NDArray[np.intp]] = {}
        for chunk in range(0, len(ordered), CHUNK):
            part = ordered[chunk : chunk + CHUNK]
            alike = process.cdist(
                part, vocabulary, scorer=OSA.normalized_similarity, score_cutoff=WORD_NEAR_MIN, dtype=np.float32
            )
            near |= {word: np.flatnonzero(row >= WORD_NEAR_MIN) for word, row in zip(part, alike, strict=True)}
        return near


def _forms(names: tuple[Name, Name]) -> set[str]:
    return {form for name in names for word in name.words for form in (word.text, word.canon)}


def main() -> int:
    """Draw, misspell, ask both, compare, print and record; the exit status is 1 when the oracle is not proved."""
    options = _options()
    if options.reference is None:
        return workbench.skipped("generator")
    held = workbench.edition(options.reference)
    generator = _generator(held)
    if generator is None:
        return workbench.skipped("generator", "the matcher has no candidate generator")
    begun = time.perf_counter()
    oracle = Oracle(held)
    queries = drawn(held, options.queries)
    asked = [oracle.analyzed(query.text) for query in queries]
    lost, expected, scored = _asked(oracle, asked, options.proved)
    print(f"oracle: {len(oracle.listed):,} aliases, {scored / len(queries):,.0f} scored a query,")
    print(f"    first pass lost {lost} of the entries of {min(options.proved, len(queries))} queries scored in full")
    figures = _compare(held, queries, expected, generator)
    figures |= {
        "seed": SEED,
        "first_pass_lost": lost,
        "proved": options.proved,
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if options.record:
        workbench.record("generator", figures, options.note)
    return 1 if lost else 0


def _options() -> argparse.Namespace:
    parser = workbench.parser(__doc__)
    parser.add_argument("--queries", type=int, default=QUERIES, help=f"how many misspelt aliases (default {QUERIES})")
    parser.add_argument(
        "--proved", type=int, default=PROVED_QUERIES, help=f"how many of them in full (default {PROVED_QUERIES})"
    )
    return parser.parse_args()


def _generator(held: Snapshot) -> Generator | None:
    """Name -> entries with their scores, as the matcher finds them; None where the snapshot has no such stage."""
    similar = getattr(held, "similar", None)
    return None if similar is None else lambda name: _with_evidence(similar(words(name)), held)


def _with_evidence(found: Sequence[Likeness], held: Snapshot) -> dict[int, float]:
    alert = held.rules.alert
    least = (alert.other_bits_min, alert.person_bits_min)
    return {like.entry: like.value for like in reversed(found) if like.bits >= least[like.person]}


def drawn(held: Snapshot, count: int) -> list[Query]:
    """Misspelt aliases, the same ones in every run. Treatments take turns; few names have letters beyond ASCII."""
    draw = random.Random(SEED)  # noqa: S311  no secret
    aliases = [(number, alias.name) for number, entry in enumerate(held.listings) for alias in entry.aliases]
    draw.shuffle(aliases)
    treatments = list(TREATMENTS)
    found: list[Query] = []
    for entry, name in aliases:
        treatment = treatments[len(found) % len(treatments)]
        forms = variants(name, treatment, 1)
        if not forms and treatment == "non-ASCII lost":
            treatment = draw.choice(treatments[:-1])
            forms = variants(name, treatment, 1)
        found += [Query(form, treatment, entry) for form in forms]
        if len(found) >= count:
            break
    return found


def _asked(oracle: Oracle, asked: Sequence[tuple[Name, Name]], proved: int) -> tuple[int, list[dict[int, float]], int]:
    """How many entries the first pass lost, the entries of each query, and how many scores that took."""
    lost = scored = 0
    expected: list[dict[int, float]] = []
    progress = workbench.Progress("oracle", len(asked))
    for number, kept in enumerate(oracle.first_pass(asked)):
        found = oracle.reaching(asked[number], kept.tolist())
        if number < proved:
            full = oracle.reaching(asked[number], oracle.all_numbers())
            lost += sum(found.get(entry) != score for entry, score in full.items())
            found = full
        scored += len(kept)
        expected.append(found)
        progress.step()
    return lost, expected, scored


def _compare(
    held: Snapshot, queries: Sequence[Query], expected: Sequence[dict[int, float]], generator: Generator
) -> dict[str, Any]:
    """Ask the generator, print and return what it found of what the oracle found.

    Where it finds as many as it may, an entry that scores no more than the least of them is not counted as lost.
    """
    rows = {name: {"queries": 0, "entries": 0, "found": 0, "meant": 0, "meant_found": 0} for name in TREATMENTS}
    missed: list[str] = []
    for query, scores in zip(queries, expected, strict=True):
        found = generator(query.text)
        least = min(found.values()) if len(found) >= LIKENESSES_MAX else 0.0
        reaching = {entry: score for entry, score in scores.items() if entry in found or score > least}
        row = rows[query.treatment]
        row["queries"] += 1
        row["entries"] += len(reaching)
        row["found"] += sum(entry in found for entry in reaching)
        row["meant"] += query.entry in reaching
        row["meant_found"] += query.entry in reaching and query.entry in found
        missed += [
            f"{query.text} | {held.entries[entry].name} | {score:.3f}"
            for entry, score in reaching.items()
            if entry not in found
        ]
    total = {key: sum(row[key] for row in rows.values()) for key in rows["word order"]}
    rows["all"] = total
    _print(rows, missed)
    return {"recall": round(total["found"] / max(1, total["entries"]), 6), "rows": rows}


def _print(rows: dict[str, dict[str, int]], missed: Sequence[str]) -> None:
    print(f"entries that reach their threshold, and those that the generator finds; target {RECALL_TARGET:.1%}")
    workbench.table(
        ["treatment", "queries", "entries", "found", "recall", "meant entry", "found", "recall"],
        [
            (
                *(name, row["queries"], row["entries"], row["found"], _percent(row["found"], row["entries"])),
                *(row["meant"], row["meant_found"], _percent(row["meant_found"], row["meant"])),
            )
            for name, row in rows.items()
        ],
    )
    draw = random.Random(SEED)  # noqa: S311  no secret
    for text in draw.sample(missed, min(MISSES_PRINTED, len(missed))):
        print(f"    missed: {text}")
    print()


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.3%}" if whole else "-"


if __name__ == "__main__":
    sys.exit(main())
