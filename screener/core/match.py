"""An order's texts -> hits: which alias of which entry stands where.

Every name, other name, address, item description, maker and model, the end use and the notes are folded and given to
the engine, which finds all patterns at whole words, overlapping and nested ones included: no shorter name hides in a
longer one. A party's name is also compared as a whole with its blanks left out, so that punctuation does not matter,
and so are its parts between commas, brackets and marks such as "d/b/a", which a listed name may stand among.
An alias counts once a text. Time grows with the order's bytes, whatever is found; what a hit means is not decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import RUN_PARTS_MAX, glue, parts, readings, slice_of
from screener.model import Hit, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.model import Order, Reference, Snapshot

_INSIDE_NAME = {"inside": "name_inside", "word": "word_inside"}
_INSIDE_TEXT = {"inside": "free_text", "word": "free_text", "address": "free_text"}
_IN_ADDRESS = {"inside": "free_text", "address": "address"}


def match(order: Order, snapshot: Snapshot) -> list[Hit]:
    """All hits of an order, in the order of places; one an entry where a name is listed as a whole."""
    hits: list[Hit] = []
    for number, party in enumerate(order.parties):
        for field, name in party.names():
            hits.extend(_of_name(Place(number, None, field), name, snapshot))
        if party.address:
            place = Place(number, None, "address")
            hits.extend(_of_text(place, party.address, snapshot, _IN_ADDRESS, part_rule="free_text"))
    for place, text in _free_texts(order):
        part_rule = "free_text" if place.field == "maker" else None
        hits.extend(_of_text(place, text, snapshot, _INSIDE_TEXT, part_rule))
    return hits


def _free_texts(order: Order) -> Iterator[tuple[Place, str]]:
    for number, item in enumerate(order.items):
        for field, text in (("description", item.description), ("maker", item.maker), ("model", item.model)):
            if text:
                yield Place(None, number, field), text
    for field, text in (("end_use", order.end_use), ("notes", order.notes)):
        if text:
            yield Place(None, None, field), text


def _of_name(place: Place, name: str, snapshot: Snapshot) -> list[Hit]:
    found: dict[int, Hit] = {}
    inside: dict[tuple[int, int], Hit] = {}
    for reading in readings(name):
        folded = snapshot.fold(reading)
        for reference in snapshot.whole.get(glue(folded), ()):
            rule = _whole_rule(reference, snapshot)
            found.setdefault(reference.entry, Hit(place, 0, len(name), name, reference.entry, reference.alias, rule))
        for hit in _inside(place, reading, folded, snapshot, _INSIDE_NAME):
            inside.setdefault((hit.entry, hit.alias), hit)
    named = {hit.entry for hit in inside.values()} | found.keys()
    apart = [hit for hit in _of_parts(place, name, snapshot, "word_inside") if hit.entry not in named]
    return [*found.values(), *(hit for hit in inside.values() if hit.entry not in found), *apart]


def _of_parts(place: Place, text: str, snapshot: Snapshot, rule: str, run_max: int = RUN_PARTS_MAX) -> list[Hit]:
    """Strong names of several words that are the whole of a part of a text, such as the name behind "d/b/a".

    A part of one word is no name: it may be a place, a ship or a trade.
    """
    found: dict[int, Hit] = {}
    for reading in readings(text):
        for begin, stop in parts(reading, run_max):
            folded = snapshot.fold(reading[begin:stop])
            for entry, alias, _ in snapshot.whole.get(glue(folded), ()) if " " in folded else ():
                if entry not in found and _stands_apart(entry, alias, snapshot):
                    found[entry] = Hit(place, begin, stop, text[begin:stop], entry, alias, rule)
    return list(found.values())


def _stands_apart(entry: int, alias: int, snapshot: Snapshot) -> bool:
    """Whether a name counts among other names: a strong one, of a list that does not bind the named party alone."""
    held = snapshot.entries[entry]
    return snapshot.rules.of_list(held.list).names_inside and held.aliases[alias].quality == "strong"


def _whole_rule(reference: Reference, snapshot: Snapshot) -> str:
    quality = snapshot.entries[reference.entry].aliases[reference.alias].quality
    return "name_whole" if quality == "strong" else "weak_whole"


def _of_text(place: Place, text: str, snapshot: Snapshot, rules: dict[str, str], part_rule: str | None) -> list[Hit]:
    found: dict[tuple[int, int], Hit] = {}
    for reading in readings(text):
        for hit in _inside(place, reading, snapshot.fold(reading), snapshot, rules):
            found.setdefault((hit.entry, hit.alias), hit)
    if part_rule is None:
        return list(found.values())
    named = {hit.entry for hit in found.values()}
    whole = snapshot.whole.get(glue(snapshot.fold(text)), ()) if place.field == "maker" else ()
    strong = [row for row in whole if _whole_rule(row, snapshot) == "name_whole" and row.entry not in named]
    all_of_it = [Hit(place, 0, len(text), text, row.entry, row.alias, part_rule) for row in strong]
    named |= {hit.entry for hit in all_of_it}
    run_max = RUN_PARTS_MAX if place.field == "maker" else 1  # an address is all commas
    apart = [hit for hit in _of_parts(place, text, snapshot, part_rule, run_max) if hit.entry not in named]
    return [*found.values(), *all_of_it, *apart]


def _inside(place: Place, text: str, folded: str, snapshot: Snapshot, rules: dict[str, str]) -> list[Hit]:
    """Hits of patterns inside a text, one an alias and text: its first place, the longest there."""
    found: dict[tuple[int, int], tuple[int, int, str]] = {}
    for last, number in snapshot.engine.scan(f" {folded} "):
        for entry, alias, scope in snapshot.references[number]:
            if scope in rules:
                start = last - len(snapshot.patterns[number]) + 1  # in `folded`, which has no blank before
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
