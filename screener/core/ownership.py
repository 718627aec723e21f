"""Hits on companies that listed parties own some of -> affiliations, as the snapshot brings them along.

Such companies stand among the entries, so that `match` finds them as it finds listed parties, at no cost of their own;
what follows from a hit was computed when the snapshot was built. A party that the graph does not know is named as such
(`unknown_parties`); it never reads as "not owned".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.fold import glue
from screener.core.readings import parts
from screener.model import PartyAffiliation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from screener.model import Hit, Order, Snapshot


def ownership(hits: Iterable[Hit], snapshot: Snapshot) -> tuple[list[Hit], list[PartyAffiliation], list[Hit]]:
    """The hits on list entries, what the closure says of companies that are named, on any day, and signals."""
    listed: list[Hit] = []
    found: list[PartyAffiliation] = []
    signals: list[Hit] = []
    for hit in hits:
        company = hit.entry - snapshot.listed
        if company < 0:
            listed.append(hit)
        elif company < len(snapshot.affiliations):
            found += [PartyAffiliation(hit, row) for row in snapshot.affiliations[company]]
        else:
            signals.append(hit)
    return listed, found, signals


def keys(name: str, snapshot: Snapshot) -> Iterator[str]:
    """The glued forms of a name and of its parts, in all readings: by them the graph knows a party."""
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
