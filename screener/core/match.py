"""An order's texts -> hits: which alias of which entry stands where.

Every name, other name, address, item description, maker and model, the end use and the notes are folded and given to
the engine, which finds all patterns at whole words, overlapping and nested ones included: no shorter name hides in a
longer one. A party's name is also compared as a whole with its blanks left out, so that punctuation does not matter,
and so are its parts between commas, brackets and marks such as "d/b/a", which a listed name may stand among. A party's
name and its parts are then held against the names that are like them, in all readings of other scripts; what else is
known of the party bears on those. `guesses` are looked up besides. An alias counts once a text. Time grows with the
order's bytes, whatever is found; what a hit means is not decided here.
"""

from __future__ import annotations

from itertools import islice
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from screener.core.fold import glue, slice_of, words
from screener.core.guesses import continued, in_other_orders, with_letters, without_forms
from screener.core.names.evidence import weigh
from screener.core.readings import RUN_PARTS_MAX, parts
from screener.model import NO_PLACE, Hit, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from screener.model import Order, Party, Snapshot
    from screener.protocols import Likeness
    from screener.rulings import Alert

NAME_CHARS_MAX = 1_000  # of a longer name only so much is held against names that are like it
SIMILAR_PARTS_MAX = 12  # so are the first parts only, those of several words and runs of them
REMEMBERED_MAX = 8  # hits and likenesses of a name that is remembered
ITEM_TEXTS = ("description", "maker", "model")
_SYLLABLES = "\u2e80"  # from here on the scripts of China, Japan and Korea: few syllables, many names of the same
_INSIDE_NAME = {"inside": "name_inside", "word": "word_inside"}
_INSIDE_TEXT = {"inside": "free_text", "word": "free_text"}
_IN_ADDRESS = {"inside": "free_text"}


class _Reading(NamedTuple):
    """A way to read a text: its words, those without legal forms, and its parts with the words of each.

    `plain`: there is no other way, and no part of it says more.
    """

    text: str
    words: list[str]
    core: list[str]
    parts: list[tuple[int, int, list[str]]]
    plain: bool = False


class _Part(NamedTuple):
    """A part of a text, or a run of neighboring parts: where it stands, its words, and those without legal forms."""

    begin: int
    stop: int
    words: list[str]
    core: list[str]


class _Named(NamedTuple):
    """What a name is, whoever bears it: hits, likenesses with where they stand, and names that it is guessed to be.

    A stop of 0 is the end. Of an entry the likeness counts before the guess.
    """

    hits: Sequence[Hit]
    likenesses: Sequence[tuple[int, int, Likeness]]
    guessed: Sequence[Hit]


_NOBODY = _Named((), (), ())


def match(order: Order, snapshot: Snapshot) -> list[Hit]:
    """All hits of an order, in the order of places; one an entry where a name is listed as a whole."""
    hits: list[Hit] = []
    for number, party in enumerate(order.parties):
        for field, name in party.names():
            named = snapshot.memory.names.get(name) or _named(name, snapshot)
            if named is not _NOBODY:
                place = Place(number, None, field)
                weighed = _weighed(place, name, named.likenesses, party, snapshot)
                alike = {hit.entry for hit in weighed}
                hits += [hit._replace(place=place) for hit in named.hits]
                hits += weighed
                hits += [hit._replace(place=place) for hit in named.guessed if hit.entry not in alike]
        if party.other_names:
            found = {hit.entry for hit in hits if hit.place.party == number}
            hits += [hit._replace(place=Place(number, None, "name")) for hit in continued(party, found, snapshot)]
        if party.address:
            place = Place(number, None, "address")
            hits += _of_text(place, party.address, snapshot, _IN_ADDRESS, part_rule="free_text")
    for place, text in _free_texts(order):
        part_rule = "free_text" if place.field == "maker" else None
        hits += _of_text(place, text, snapshot, _INSIDE_TEXT, part_rule)
    return hits


def _named(name: str, snapshot: Snapshot) -> _Named:
    """What a name is, whoever bears it; if it is not much, it is remembered."""
    readings = _read(name, snapshot)
    hits = _of_name(name, readings, snapshot)
    if len(name) > NAME_CHARS_MAX:
        readings = _read(name[:NAME_CHARS_MAX], snapshot)
    guesses = _guesses(name[:NAME_CHARS_MAX], readings, snapshot)
    hits += without_forms(name, guesses, {hit.entry for hit in hits}, snapshot)
    held = {hit.entry for hit in hits}
    likenesses = _of_likeness(name, readings, guesses, held, snapshot)
    guessed = in_other_orders(name, [reading.core for reading in readings], held, snapshot)
    guessed += with_letters(name, [reading.words for reading in readings], held, snapshot)
    named = _Named(hits, likenesses, guessed) if hits or likenesses or guessed else _NOBODY
    if len(hits) + len(likenesses) + len(guessed) <= REMEMBERED_MAX:
        snapshot.memory.names.keep(name, named)
    return named


def _read(text: str, snapshot: Snapshot, *, parted: bool = True) -> list[_Reading]:
    """A text in the ways it may be read; the words of each, and of its parts where it is `parted`, are folded once."""
    plain = snapshot.fold.plain(text)
    if plain is not None:
        return [_Reading(text, plain, snapshot.fold.core(plain), [], plain=True)]
    read: list[_Reading] = []
    for reading in snapshot.fold.readings(text):
        found = words(reading)
        slices = parts(reading, 1) if parted else ()
        singles = [(begin, stop, words(reading[begin:stop])) for begin, stop in slices]
        read.append(_Reading(reading, found, snapshot.fold.core(found), singles))
    return read


def _free_texts(order: Order) -> Iterator[tuple[Place, str]]:
    for number, item in enumerate(order.items):
        for field in ITEM_TEXTS:
            if text := item.get(field):
                yield Place(None, number, field), text
    for field, text in (("end_use", order.end_use), ("notes", order.notes)):
        if text:
            yield Place(None, None, field), text


# --- listed names, as they are ---------------------------------------------------------------------------------------


def _of_name(name: str, readings: Sequence[_Reading], snapshot: Snapshot) -> list[Hit]:
    found: dict[int, Hit] = {}
    inside: dict[tuple[int, int], Hit] = {}
    for reading in readings:
        for entry, alias, _ in snapshot.whole.get("".join(reading.core), ()):
            if entry not in found:
                found[entry] = Hit(NO_PLACE, 0, len(name), name, entry, alias, _whole_rule(entry, alias, snapshot))
        for hit in _inside(NO_PLACE, reading, snapshot, _INSIDE_NAME):
            inside.setdefault((hit.entry, hit.alias), hit)
    if readings[0].plain and not (found or inside):
        return []
    named = {hit.entry for hit in inside.values()} | found.keys()
    apart = [hit for hit in _of_parts(NO_PLACE, name, readings, snapshot, "word_inside") if hit.entry not in named]
    return [*found.values(), *(hit for hit in inside.values() if hit.entry not in found), *apart]


def _of_parts(
    place: Place, text: str, readings: Iterable[_Reading], snapshot: Snapshot, rule: str, run_max: int = RUN_PARTS_MAX
) -> list[Hit]:
    """Strong names of several words that are the whole of a part of a text, such as the name behind "d/b/a".

    A part of one word is no name: it may be a place, a ship or a trade.
    """
    found: dict[int, Hit] = {}
    for reading in readings:
        for part in _parts(reading, snapshot, run_max, run_max):
            for entry, alias, _ in snapshot.whole.get("".join(part.core), ()) if len(part.core) > 1 else ():
                if entry not in found and _stands_apart(entry, alias, snapshot):
                    found[entry] = Hit(place, part.begin, part.stop, text[part.begin : part.stop], entry, alias, rule)
    return list(found.values())


def _parts(reading: _Reading, snapshot: Snapshot, run_max: int, later_max: int) -> Iterator[_Part]:
    """The parts of a text and runs of neighbors: of so many parts where the first begins them, of so many later on."""
    for first, (begin, _, _) in enumerate(reading.parts):
        run: list[str] = []
        for _, stop, found in reading.parts[first : first + (later_max if first else run_max)]:
            run = run + found
            if found and (begin, stop) != (0, len(reading.text)):
                yield _Part(begin, stop, run, snapshot.fold.core(run))


def _stands_apart(entry: int, alias: int, snapshot: Snapshot) -> bool:
    """Whether a name counts among other names: a strong one, of a list that does not bind the named party alone."""
    held = snapshot.entries[entry]
    return snapshot.rules.of_list(held.list).names_inside and held.aliases[alias].quality == "strong"


def _whole_rule(entry: int, alias: int, snapshot: Snapshot) -> str:
    quality = snapshot.entries[entry].aliases[alias].quality
    return "name_whole" if quality == "strong" else "weak_whole"


def _of_text(place: Place, text: str, snapshot: Snapshot, rules: dict[str, str], part_rule: str | None) -> list[Hit]:
    found: dict[tuple[int, int], Hit] = {}
    readings = _read(text, snapshot, parted=part_rule is not None)
    for reading in readings:
        for hit in _inside(place, reading, snapshot, rules):
            found.setdefault((hit.entry, hit.alias), hit)
    if part_rule is None:
        return list(found.values())
    named = {hit.entry for hit in found.values()}
    whole = snapshot.whole.get(glue(snapshot.fold(text)), ()) if place.field == "maker" else ()
    strong = [
        row for row in whole if _whole_rule(row.entry, row.alias, snapshot) == "name_whole" and row.entry not in named
    ]
    all_of_it = [Hit(place, 0, len(text), text, row.entry, row.alias, part_rule) for row in strong]
    named |= {hit.entry for hit in all_of_it}
    run_max = RUN_PARTS_MAX if place.field == "maker" else 1  # an address is all commas
    apart = [hit for hit in _of_parts(place, text, readings, snapshot, part_rule, run_max) if hit.entry not in named]
    return [*found.values(), *all_of_it, *apart]


def _inside(place: Place, reading: _Reading, snapshot: Snapshot, rules: dict[str, str]) -> list[Hit]:
    """Hits of patterns inside a text, one an alias and text: its first place, the longest there."""
    text = reading.text
    found: dict[tuple[int, int], tuple[int, int, str]] = {}
    for last, number in snapshot.engine.scan(f" {' '.join(reading.core)} "):
        for entry, alias, scope in snapshot.references[number]:
            if scope in rules:
                start = last - len(snapshot.patterns[number]) + 1  # in the folded text, which has no blank before
                new = (start, 1 - last, rules[scope])
                found[entry, alias] = min(new, found.get((entry, alias), new))
    if not found:
        return []
    marks = snapshot.fold.marks(text)
    hits = []
    for (entry, alias), (start, minus_end, rule) in sorted(found.items(), key=lambda row: row[1]):
        begin, stop = slice_of(marks, start, -minus_end, text)
        hits.append(Hit(place, begin, stop, text[begin:stop], entry, alias, rule))
    return hits


# --- names that are like listed ones ---------------------------------------------------------------------------------


def _guesses(name: str, readings: Sequence[_Reading], snapshot: Snapshot) -> list[list[str]]:
    """The words of a name without a legal form that is misspelt or written into a word, in every way that there is."""
    if readings[0].plain and not snapshot.fold.has_guesses(readings[0].words):
        return []
    return [words(guess) for guess in snapshot.fold.guesses(name)]


def _of_likeness(
    name: str, readings: Sequence[_Reading], guesses: Sequence[list[str]], named: set[int], snapshot: Snapshot
) -> list[tuple[int, int, Likeness]]:
    """What a name, or a part of it, is like, of other entries than those `named`; each with the part's slice."""
    found: list[tuple[int, int, Likeness]] = []
    for begin, stop, spoken, doubt in _spoken(name[:NAME_CHARS_MAX], readings, guesses, snapshot):
        for like in snapshot.similar(spoken, doubt):
            if max(name) >= _SYLLABLES:
                like = _by_syllables(like, snapshot.rules.alert)  # noqa: PLW2901
            if like.entry not in named and (_stands_apart(like.entry, like.alias, snapshot) or _is_whole(like, stop)):
                found.append((begin, stop, like))
    return found


def _by_syllables(like: Likeness, rule: Alert) -> Likeness:
    """A likeness of a name in syllables, which has no typing errors of letters and leaves no word out."""
    doubt = rule.syllables_edit_bits * like.edits + (0.0 if like.complete else rule.syllables_bits)
    return like._replace(bits=like.bits - doubt)


def _is_whole(like: Likeness, stop: int) -> bool:
    """Whether all of a name is like all of a listed one, which is what a list that binds the named party alone asks."""
    return like.complete and not stop


def _weighed(
    place: Place, name: str, likenesses: Iterable[tuple[int, int, Likeness]], party: Party, snapshot: Snapshot
) -> list[Hit]:
    """The likenesses that are an alert with what else the party says, the best of each entry."""
    best: dict[int, Hit] = {}
    for begin, stop, like in likenesses:
        alert, score, reasons = weigh(like, party, snapshot)
        old = best.get(like.entry)
        if alert and (old is None or score > (old.score or 0.0)):
            span = (begin, stop or len(name))
            text = name[slice(*span)]
            best[like.entry] = Hit(place, *span, text, like.entry, like.alias, "name_similar", score, reasons)
    return list(best.values())


def _spoken(
    name: str, readings: Sequence[_Reading], guesses: Sequence[list[str]], snapshot: Snapshot
) -> Iterator[tuple[int, int, Sequence[str], float]]:
    """The words of a name in all its readings, and of its parts of several words; each once. A stop of 0 is the end.

    The last number is the doubt: of several readings in Latin letters one may be like a listed name by chance.
    """
    if readings[0].plain and not guesses:
        yield 0, 0, readings[0].words, 0.0
        return
    heard: set[tuple[str, ...]] = set()
    fold = snapshot.fold
    latin = () if name.isascii() else snapshot.similar.read(name)
    chance = log2(len(latin)) if latin else 0.0
    spoken = [(0, 0, reading.words, reading.core) for reading in readings]
    spoken += [(0, 0, found, fold.core(found)) for found in guesses]
    spoken += [
        part for reading in readings if reading.parts for part in islice(_several(reading, snapshot), SIMILAR_PARTS_MAX)
    ]
    spoken += [(0, 0, found, fold.core(found)) for found in map(words, latin)]
    for begin, stop, found, core in spoken:
        told = tuple(core)
        if told and told not in heard:
            heard.add(told)
            yield begin, stop, found, chance


def _several(reading: _Reading, snapshot: Snapshot) -> Iterator[_Part]:
    """The parts of a name that have several words, and what it begins with: a name goes before a place."""
    return (part for part in _parts(reading, snapshot, RUN_PARTS_MAX, 1) if len(part.core) > 1)
