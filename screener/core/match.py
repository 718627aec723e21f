"""An order's texts -> hits: which alias of which entry stands where.

Every name, other name, address, item description, maker and model, the end use and the notes are folded and given to
the engine, which finds all patterns at whole words, overlapping and nested ones included: no shorter name hides in a
longer one. A party's name is also compared as a whole with its blanks left out, so that punctuation does not matter.
An alias counts once a text. Time grows with the order's bytes, whatever is found; what a hit means is not decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import glue, slice_of
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
        for field, name in _names(party.name, party.other_names):
            hits.extend(_of_name(Place(number, None, field), name, snapshot))
        if party.address:
            hits.extend(_of_text(Place(number, None, "address"), party.address, snapshot, _IN_ADDRESS))
    for place, text in _free_texts(order):
        hits.extend(_of_text(place, text, snapshot, _INSIDE_TEXT))
    return hits


def _names(name: str, other_names: list[str]) -> Iterator[tuple[str, str]]:
    if name:
        yield "name", name
    for number, other in enumerate(other_names):
        if other:
            yield f"other_names[{number}]", other


def _free_texts(order: Order) -> Iterator[tuple[Place, str]]:
    for number, item in enumerate(order.items):
        for field, text in (("description", item.description), ("maker", item.maker), ("model", item.model)):
            if text:
                yield Place(None, number, field), text
    for field, text in (("end_use", order.end_use), ("notes", order.notes)):
        if text:
            yield Place(None, None, field), text


def _of_name(place: Place, name: str, snapshot: Snapshot) -> Iterator[Hit]:
    folded = snapshot.fold(name)
    whole = snapshot.whole.get(glue(folded), ())
    for reference in whole:
        yield Hit(place, 0, len(name), name, reference.entry, reference.alias, _whole_rule(reference, snapshot))
    found = _inside(place, name, folded, snapshot, _INSIDE_NAME)
    entries = {reference.entry for reference in whole}
    yield from (hit for hit in found if hit.entry not in entries)


def _whole_rule(reference: Reference, snapshot: Snapshot) -> str:
    quality = snapshot.entries[reference.entry].aliases[reference.alias].quality
    return "name_whole" if quality == "strong" else "weak_whole"


def _of_text(place: Place, text: str, snapshot: Snapshot, rules: dict[str, str]) -> Iterator[Hit]:
    yield from _inside(place, text, snapshot.fold(text), snapshot, rules)


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
