"""The rules' tables -> the scorer, the index of list names and `Similar`; and two names compared as `evaluate` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import words
from screener.core.names import Similar
from screener.core.names.candidates import Candidates, Demand
from screener.core.names.score import Costs, Scorer
from screener.core.scripts import Reader
from screener.lists import name_index, patterns
from screener.lists.automaton import Automaton
from screener.lists.word_tables import word_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from screener.core.fold import Folder
    from screener.core.names.candidates import Shelves
    from screener.core.names.score import Score
    from screener.lists.rules import Tables
    from screener.model import ListEntry
    from screener.rulings import Rules


def costs(tables: Tables) -> tuple[Costs, Costs]:
    """What speaks against two names being one, for others and for people."""
    rows = tables["matching"]["score"]
    return Costs(**rows["other"]), Costs(**rows["person"])


def demands(tables: Tables) -> tuple[Demand, Demand]:
    """What a candidate must be able to come to: the lowest threshold, and evidence that a country may still add to."""
    threshold, alert = tables["matching"]["threshold"], tables["matching"]["alert"]
    lowest = min(value for kind, value in threshold.items() if kind != "person")
    country = alert["country_bits"]
    return (
        Demand(lowest, alert["other_bits_min"] - country),
        Demand(threshold["person"], alert["person_bits_min"] - country),
    )


def scorer(tables: Tables) -> Scorer:
    """The scorer of the rules."""
    return Scorer(word_tables(tables), costs(tables), patterns.folder(tables))


def shelves(entries: Sequence[ListEntry], tables: Tables) -> Shelves:
    """The index of the (graded) entries' names."""
    return name_index.shelve(entries, patterns.folder(tables), word_tables(tables), costs(tables), demands(tables))


def similar(index: Shelves, tables: Tables, entries: Sequence[ListEntry], fold: Folder) -> Similar:
    """Assemble the search of an index."""
    known, cost = word_tables(tables), costs(tables)
    found = Candidates(index, known, cost, demands(tables), Automaton(index.pieces))
    judge = Scorer(known, cost, fold)
    matching = tables["matching"]
    reader, inside = Reader(tables["scripts"]), matching["inside"]["bits_min"]
    return Similar(found, judge, reader, fold, entries, matching["threshold"], inside)


def resembling(
    index: Shelves, tables: Tables, rules: Rules, entries: Sequence[ListEntry], fold: Folder
) -> Callable[[str], Iterator[tuple[int, str]]]:
    """A function from a name to the entries that it is like, with evidence enough for an alert, each with why."""
    find = similar(index, tables, entries, fold)
    alert = rules.alert

    def resembled(name: str) -> Iterator[tuple[int, str]]:
        told: set[int] = set()
        texts = [*fold.readings(name), *(() if name.isascii() else find.read(name))]
        for like in (like for text in texts for like in find(words(text))):
            least = alert.person_bits_min if like.person else alert.other_bits_min
            entry = entries[like.entry]
            if (
                like.bits >= least
                and like.entry not in told
                and (like.complete or rules.of_list(entry.list).names_inside)
            ):
                told.add(like.entry)
                alias = "a listed name" if entry.confidential else entry.aliases[like.alias].name
                yield like.entry, f"like {alias} ({like.value:.2f})"

    return resembled


class Comparer:
    """Compares two names, whatever their script, for a kind that may be unknown."""

    def __init__(self, tables: Tables) -> None:
        """Take the rules' tables."""
        self._scorer = scorer(tables)
        self._fold = patterns.folder(tables)
        self._read = Reader(tables["scripts"])
        self._thresholds = tables["matching"]["threshold"]

    def compare(self, name1: str, name2: str, kind: str) -> Score:
        """Compare two names of a kind: "organization", "person", "vessel", "aircraft" or "" where it is not known.

        Of all their readings the best score counts; of names of unknown kind the better of both ways to score.
        """
        kinds = (False, True) if not kind else (kind == "person",)
        scores = [
            self._scorer.score(self._scorer.analyze(one, person=person), self._scorer.analyze(two, person=person))
            for person in kinds
            for one in self._readings(name1)
            for two in self._readings(name2)
        ]
        return max(scores, key=lambda score: score.value)

    def _readings(self, name: str) -> Iterator[list[str]]:
        for reading in (*self._fold.readings(name), *(() if name.isascii() else self._read(name))):
            yield words(reading)

    def threshold(self, kind: str) -> float:
        """The score from which on two names of a kind are taken for one."""
        return float(self._thresholds[kind or "organization"])


def comparer(tables: Tables) -> Comparer:
    """The comparer of the rules."""
    return Comparer(tables)
