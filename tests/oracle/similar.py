"""The slow twin of `screener.core.names.Similar`: the scorer asked about every alias, without an index."""

from functools import cache

from screener.core.fold import words
from screener.core.names import Similar
from screener.core.names.candidates import Candidates
from screener.lists import name_index, patterns, rules, scoring
from screener.lists.automaton import Automaton
from screener.model import Alias, ListEntry


class Parts:
    """What the rules say, made once: fold, tables, costs, demands, scorer, thresholds."""

    def __init__(self):
        tables = rules.read_tables()
        self.fold = patterns.folder(tables)
        self.words = scoring.word_tables(tables)
        self.costs, self.demands = scoring.costs(tables), scoring.demands(tables)
        self.scorer = scoring.scorer(tables)
        self.thresholds = tables["matching"]["threshold"]
        self.inside_bits_min = tables["matching"]["inside"]["bits_min"]


parts = cache(Parts)


def entry(number, *names, kind=""):
    """A list entry of strong names, or of aliases as they are given."""
    aliases = tuple(name if isinstance(name, Alias) else Alias(name) for name in names)
    return ListEntry("EL", f"el-{number}", aliases, kind)


def shelves(entries):
    """The index of a small list."""
    held = parts()
    return name_index.shelve(entries, held.fold, held.words, held.costs, held.demands)


def candidates(entries):
    """The candidate finder of a small list."""
    held, index = parts(), shelves(entries)
    return Candidates(index, held.words, held.costs, held.demands, Automaton(index.pieces))


def similar(entries):
    """`Similar` of a small list, without readings of other scripts."""
    held = parts()
    return Similar(
        candidates(entries), held.scorer, lambda _: (), held.fold, entries, held.thresholds, held.inside_bits_min
    )


def scored(entries, found):
    """Every strong alias that scores its threshold with the evidence for an alert: (entry, alias, person) -> score."""
    held = parts()
    found_by_kind = {person: held.scorer.analyze(found, person=person) for person in (False, True)}
    passed = {}
    for number, listed in enumerate(entries):
        for at, alias in enumerate(listed.aliases):
            for person in name_index.kinds_of(listed, alias, held.fold, held.words):
                name = held.scorer.analyze(words(alias.name), person=person)
                score = held.scorer.score(found_by_kind[person], name)
                least = held.thresholds[listed.kind or ("person" if person else "organization")]
                if score.value >= least and score.bits >= held.demands[person].bits_min:
                    passed[number, at, person] = score
    return passed
