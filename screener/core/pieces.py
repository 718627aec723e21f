"""An order's pieces, each looked at once: what was said of a party or a text before is remembered and not worked out.

What the stages say of an order is what they say of its parties and texts one by one, in the order of places. So each
piece is put into an order of its own, without its role and its number, and the answer is kept in the snapshot's memory
and moved to the piece's place in the order. Nothing that a stage says of a piece may rest on another piece, on the
order's head or on the terms: what needs those comes behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from screener.model import Finding, Hit, Order, PartyAffiliation, Place, Snapshot

if TYPE_CHECKING:
    from screener.model import Party

SIGNS_KEPT_MAX = 20


class Said(NamedTuple):
    """What the stages say of an order, or of a piece: signs of three kinds, parties with unknown owners, and signals.

    Signals are words that the rules over an order's facts ask for; by themselves they are nothing.
    """

    hits: Sequence[Hit]
    affiliations: Sequence[PartyAffiliation]
    flags: Sequence[Finding]
    unknown: Sequence[int]
    signals: Sequence[Hit] = ()

    @property
    def signs(self) -> int:
        """How many signs there are."""
        return len(self.hits) + len(self.affiliations) + len(self.flags)

    @property
    def said(self) -> int:
        """How much there is to remember."""
        return self.signs + len(self.signals)


Stages = Callable[[Order, Snapshot], Said]

SILENT = Said((), (), (), ())
UNKNOWN = Said((), (), (), (0,))


def piecewise(order: Order, snapshot: Snapshot, stages: Stages) -> Said:
    """What the stages say of an order, piece by piece, as far as it is remembered from there."""
    memory = snapshot.memory
    heard: list[tuple[int, Said]] = []
    unknown: list[int] = []
    for number, party in enumerate(order.parties):
        said = party.said or _of_party(party, snapshot, stages)
        if said is UNKNOWN:
            unknown.append(number)
        elif said is not SILENT:
            heard.append((number, said))
            unknown += [number] * len(said.unknown)
    for number, field, text in _texts(order):
        said = memory.texts[field].get(text) or _of_text(field, text, snapshot, stages)
        if said is not SILENT:
            heard.append((number, said))
    memory.parties_asked += len(order.parties)
    return _joined(heard, unknown)


def _texts(order: Order) -> Iterator[tuple[int, str, str]]:
    """The order's texts outside of parties that are not empty: number of the item, field, text."""
    for number, item in enumerate(order.items):
        if text := item.get("description"):
            yield number, "description", text
        if text := item.get("maker"):
            yield number, "maker", text
        if text := item.get("model"):
            yield number, "model", text
    if order.end_use:
        yield 0, "end_use", order.end_use
    if order.notes:
        yield 0, "notes", order.notes


def _of_party(party: Party, snapshot: Snapshot, stages: Stages) -> Said:
    """What is said of a party alone, in no role; if it is not much, it is written on the party."""
    said = _usual(stages(order_of([party.in_role("")]), snapshot))
    if said.said <= SIGNS_KEPT_MAX:
        party.said = said
    return said


def _of_text(field: str, text: str, snapshot: Snapshot, stages: Stages) -> Said:
    """What is said of a text alone."""
    order = order_of([])
    if field == "end_use":
        order.end_use = text
    elif field == "notes":
        order.notes = text
    else:
        order.items = [{field: text}]
    said = _usual(stages(order, snapshot))
    if said.said <= SIGNS_KEPT_MAX:
        snapshot.memory.texts[field].keep(text, said)
    return said


def order_of(parties: list[Party]) -> Order:
    """An order of these parties that holds nothing else."""
    return Order("", cancelled=False, placed_on=None, export_on=None, parties=parties, items=[], end_use="", notes="")


def _usual(said: Said) -> Said:
    """The two usual answers are one object each."""
    if said.said:
        return said
    return UNKNOWN if said.unknown else SILENT


def _joined(heard: list[tuple[int, Said]], unknown: Sequence[int]) -> Said:
    """What was said of all pieces, at their places."""
    if not heard:
        return Said((), (), (), unknown)
    return Said(
        [_at(hit, number) for number, said in heard for hit in said.hits],
        [row._replace(hit=_at(row.hit, number)) for number, said in heard for row in said.affiliations],
        [replace(flag, evidence=flag.evidence | {"party": number}) for number, said in heard for flag in said.flags],
        unknown,
        [_at(hit, number) for number, said in heard for hit in said.signals],
    )


def _at(hit: Hit, number: int) -> Hit:
    return hit._replace(place=_moved(hit.place, number))


def _moved(place: Place, number: int) -> Place:
    if place.party is not None:
        return place._replace(party=number)
    return place if place.item is None else place._replace(item=number)
