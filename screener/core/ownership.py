"""Parties -> affiliations, looked up in the closure that the snapshot brings along.

A lookup and no computation: the graph was closed when the snapshot was built. A party that the graph does not know is
named as such (`unknown_parties`); it never reads as "not owned".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import glue
from screener.core.readings import parts
from screener.model import PartyAffiliation, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.model import Order, Snapshot


def ownership(order: Order, snapshot: Snapshot) -> list[PartyAffiliation]:
    """What the closure says of the order's parties, on any day; `policy` picks the days."""
    if not snapshot.affiliations:
        return []
    found: list[PartyAffiliation] = []
    for number, party in enumerate(order.parties):
        for field, name in party.names():
            rows = {row: None for key in keys(name, snapshot) for row in snapshot.affiliations.get(key, ())}
            found.extend(PartyAffiliation(Place(number, None, field), name, row) for row in rows)
    return found


def keys(name: str, snapshot: Snapshot) -> Iterator[str]:
    """The glued forms of a name and of its parts, in all readings: what affiliations are looked up by."""
    for reading in snapshot.fold.readings(name):
        yield glue(snapshot.fold(reading))
        for begin, stop in parts(reading):
            yield glue(snapshot.fold(reading[begin:stop]))


def unknown_parties(order: Order, snapshot: Snapshot) -> list[int]:
    """The numbers of the parties of whose owners the graph knows nothing."""
    known = snapshot.ownership_known  # without a graph no name needs to be folded
    return [
        number
        for number, party in enumerate(order.parties)
        if not known or known.isdisjoint(keys(party.name, snapshot))
    ]
