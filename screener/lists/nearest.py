"""A name -> every list entry that it hits, and those that it misses by little: for a person who asks.

The hits are what `core.match` says of a party of that name, so nothing is told here that an order would not meet. The
near misses are found without the index, by the scorer alone: aliases that share a word with the name, or one within two
typing errors. So what the search does not lead to is seen as well. It takes seconds on a whole list and is for no
stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from screener.core.fold import words
from screener.core.match import NAME_CHARS_MAX, match
from screener.core.names.evidence import weigh
from screener.core.names.score import EDITS_MAX, WORD_CHARS_MIN, WORDS_MAX
from screener.core.pieces import order_of
from screener.model import Party

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.model import Hit, ListEntry, Snapshot
    from screener.protocols import Likeness

NEAR_MISS: Final = "near_miss"
"""Stands for the row of outcomes.toml where there is no hit."""
VALUE_MIN: Final = 0.5
READINGS_MAX: Final = 8


class Candidate(NamedTuple):
    """An entry that a name hits by one of its aliases, or misses by little: `rule` says which."""

    entry: ListEntry
    alias: str
    score: float
    rule: str
    reasons: tuple[str, ...]


def candidates(snapshot: Snapshot, name: str, kind: str = "", country: str = "", address: str = "") -> list[Candidate]:
    """The hits of a party's name, one an entry and rule, then the near misses of other entries, the likeliest first."""
    party = Party("", name, [], kind, address, country, {})
    hits = [hit for hit in match(order_of([party]), snapshot) if hit.place.field == "name"]
    hits = [hit for hit in hits if hit.entry < snapshot.listed + len(snapshot.affiliations)]
    found = [_of_hit(hit, snapshot) for hit in hits]
    missed = _near_misses(party, snapshot, {hit.entry for hit in hits})
    findings = snapshot.rules.findings
    found.sort(key=lambda hit: (-hit.score, -findings[hit.rule].priority, hit.entry.list, hit.entry.entry_id))
    return [*found, *sorted(missed, key=_likeliest)]


def _likeliest(candidate: Candidate) -> tuple[float, str, str]:
    return -candidate.score, candidate.entry.list, candidate.entry.entry_id


def _of_hit(hit: Hit, snapshot: Snapshot) -> Candidate:
    entry = snapshot.entries[hit.entry]
    score = hit.score if hit.score is not None else snapshot.rules.findings[hit.rule].score or 0.0
    return Candidate(entry, entry.aliases[hit.alias].name, score, hit.rule, hit.reasons or ("as listed",))


# --- near misses -----------------------------------------------------------------------------------------------------


def _near_misses(party: Party, snapshot: Snapshot, named: set[int]) -> Iterator[Candidate]:
    """The best near miss of each entry that is not `named`."""
    best: dict[int, Candidate] = {}
    spoken = list(_spoken(party.name[:NAME_CHARS_MAX], snapshot))
    for number, alias in _sharing(sorted({word for found in spoken for word in found}), snapshot):
        if number not in named:
            for like in _likenesses(spoken, number, alias, snapshot):
                told = _near_miss(like, party, snapshot)
                if number not in best or told.score > best[number].score:
                    best[number] = told
    yield from best.values()


def _spoken(name: str, snapshot: Snapshot) -> Iterator[list[str]]:
    """The words of a name in its readings, each once."""
    fold = snapshot.fold
    latin = () if name.isascii() else snapshot.similar.read(name)
    heard = [words(reading)[:WORDS_MAX] for reading in (*fold.readings(name), *fold.guesses(name), *latin)]
    for at, found in enumerate(heard[:READINGS_MAX]):
        if found and found not in heard[:at]:
            yield found


def _sharing(asked: Sequence[str], snapshot: Snapshot) -> Iterator[tuple[int, int]]:
    """Entry and alias of every list name that has one of the words, or one within the typing errors of long words."""
    bearers: dict[str, list[tuple[int, int]]] = {}
    for number, entry in enumerate(snapshot.entries[: snapshot.listed + len(snapshot.affiliations)]):
        for at, alias in enumerate(entry.aliases):
            for word in words(alias.name):
                bearers.setdefault(word, []).append((number, at))
    known = list(bearers)
    near = {word: None for word in asked if word in bearers}
    for word in asked:
        if len(word) >= WORD_CHARS_MIN and not word.isdigit():
            close = process.extract(word, known, scorer=OSA.distance, score_cutoff=EDITS_MAX, limit=None)
            near.update((other, None) for other, _, _ in close if len(other) >= WORD_CHARS_MIN)
    yield from dict.fromkeys(bearer for word in near for bearer in bearers[word])


def _likenesses(spoken: Sequence[list[str]], number: int, alias: int, snapshot: Snapshot) -> Iterator[Likeness]:
    """How an alias is like a name in its readings, as a person's and as any other's where the entry does not say."""
    kind = snapshot.entries[number].kind
    for person in (kind == "person",) if kind else (False, True):
        for found in spoken:
            like = snapshot.similar.compare(found, number, alias, person=person)
            if like.value >= VALUE_MIN:
                yield like


def _near_miss(like: Likeness, party: Party, snapshot: Snapshot) -> Candidate:
    entry = snapshot.entries[like.entry]
    alias = entry.aliases[like.alias]
    alert, score, reasons = weigh(like, party, snapshot)
    if alias.quality == "weak":
        why = "a weak alias counts as it is written only"
    elif like.value < like.value_min:
        why = f"scores less than {like.value_min:g}"
    elif not alert:
        why = f"{like.bits:.0f} bits of evidence are too little"
    elif not snapshot.rules.of_list(entry.list).names_inside and not like.complete:
        why = f"{entry.list} binds the named party alone"
    else:
        why = "the search did not lead to it"
    return Candidate(entry, alias.name, score, NEAR_MISS, (why, *reasons))
