"""Ownership edges and list entries -> affiliations, keyed by the owned company's glued name.

`identity` says who is who. For each stretch of days between two dates on which an edge begins or ends the closure is
computed for each regime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from screener.lists import closure
from screener.lists.identity import Parties
from screener.lists.rules import share_units
from screener.lists.snapshot import Ownership
from screener.model import Affiliation, Basis, Holding, OwnershipEdge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.core.fold import Folder
    from screener.lists.closure import Closure
    from screener.model import ListEntry, Regime

HOPS_MAX = 50
PATH_EDGES_MAX = 200
NAMESAKE = "same name, no identifier"

Resembled = Callable[[str], Iterable[tuple[int, str]]]
"""A name -> numbers of entries that it is like, each with a word on why."""

US_NAMES = frozenset({"US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})


class _Graph:
    """Edges between numbered nodes, with the parties behind the numbers."""

    def __init__(
        self, edges: Sequence[OwnershipEdge], entries: Sequence[ListEntry], fold: Folder, resembled: Resembled | None
    ) -> None:
        self.parties = Parties(edges, entries, fold)
        self.listed = self.parties.listed
        self.sources = list(edges)
        self.edges = [self._edge(row, edge) for row, edge in enumerate(edges)]
        self.us = {
            node
            for edge, source in zip(self.edges, edges, strict=True)
            for node, country in ((edge.owner, source.owner_country), (edge.owned, source.owned_country))
            if country.strip().upper() in US_NAMES
        }
        names = dict(
            pair
            for edge, source in zip(self.edges, edges, strict=True)
            for pair in ((edge.owned, source.owned), (edge.owner, source.owner))
        )
        for node, bearers in sorted(self.parties.namesakes.items()):
            for bearer in bearers:
                self._may_be(bearer, node, names[node], names[node], NAMESAKE)
        if resembled is not None:
            for node in sorted({edge.owner for edge in self.edges} - self.listed.keys()):
                for number, why in resembled(names[node]):
                    self._may_be(self.parties.of_entry[number], node, entries[number].name, names[node], why)

    def _may_be(self, who: int, node: int, who_name: str, name: str, why: str) -> None:
        """Note that a party may be another one: as if that one held of it what nobody knows."""
        self.edges.append(closure.Edge(who, node, None, None, why, "", "equity", len(self.sources)))
        self.sources.append(OwnershipEdge(who_name, name, None, None, source=why))

    def _edge(self, row: int, edge: OwnershipEdge) -> closure.Edge:
        low, high = edge.low, edge.high
        if self.parties.is_weak(edge.owner, edge.owner_ids):
            low = high = None  # whether that is the listed party is not known: nor is its share
        return closure.Edge(
            owner=self.parties.node(edge.owner, edge.owner_ids),
            owned=self.parties.node(edge.owned, edge.owned_ids),
            low=None if low is None else share_units(low),
            high=None if high is None else share_units(high),
            source=edge.source,
            share_class=edge.share_class,
            kind=edge.kind,
            row=row,
            joint=edge.joint,
        )


def affiliations(
    edges: Sequence[OwnershipEdge],
    entries: Sequence[ListEntry],
    regimes: Iterable[Regime],
    fold: Folder,
    resembled: Resembled | None = None,
) -> Ownership:
    """Compute who is affiliated with listed parties, under each regime and on which days.

    `resembled` leads from an owner's name to the entries that it is like, each with a word on why: whether it is one of
    them is not known, so what it owns is possible.
    """
    if not edges:
        return Ownership({}, set())
    graph = _Graph(edges, entries, fold, resembled)
    names = graph.parties.keys()
    asked = [(regime, _seeds(graph, entries, regime)) for regime in regimes]
    by_regime: list[dict[str, list[Affiliation]]] = [{} for _ in asked]
    for begin, end in _stretches(edges):
        alive = [edge for edge in graph.edges if _holds(graph.sources[edge.row], begin)]
        holdings = closure.Graph(closure.frame(alive))
        for (regime, seeds), of_regime in zip(asked, by_regime, strict=True):
            closed = holdings.close(seeds, regime.share_units).as_dicts()
            for node, affiliation in _affiliated(graph, closed, alive, regime, begin, end):
                for key in names.get(node, ()):
                    _extend(of_regime.setdefault(key, []), affiliation)
    found: dict[str, list[Affiliation]] = {}
    for of_regime in by_regime:
        for key, affiliations_of in of_regime.items():
            found.setdefault(key, []).extend(affiliations_of)
    known = {key for edge in graph.edges for node in (edge.owner, edge.owned) for key in names.get(node, ())}
    return Ownership(found, known)


def _seeds(graph: _Graph, entries: Sequence[ListEntry], regime: Regime) -> set[int]:
    def counts(number: int) -> bool:
        entry = entries[number]
        return any(
            entry.list == seed.list and (seed.programs is None or not seed.programs.isdisjoint(entry.programs))
            for seed in regime.seeds
        )

    return {node for node, numbers in graph.listed.items() if any(map(counts, numbers))}


def _stretches(edges: Iterable[OwnershipEdge]) -> list[tuple[str | None, str | None]]:
    """The stretches of days on which the same edges hold, first to last, open at both ends."""
    days = sorted({day for edge in edges for day in (edge.effective_from, edge.effective_to) if day})
    borders = [None, *days, None]
    return list(pairwise(borders))


def _holds(edge: OwnershipEdge, begin: str | None) -> bool:
    """Whether an edge holds in the stretch that begins on `begin`."""
    started = edge.effective_from is None or (begin is not None and edge.effective_from <= begin)
    ended = edge.effective_to is not None and begin is not None and edge.effective_to <= begin
    return started and not ended


def _affiliated(
    graph: _Graph, closed: Closure, alive: list[closure.Edge], regime: Regime, begin: str | None, end: str | None
) -> Iterator[tuple[int, Affiliation]]:
    into: dict[int, list[int]] = {}
    for edge in alive:
        if edge.kind in closure.SHARES and edge.owner in closed.tier:
            into.setdefault(edge.owned, []).append(edge.row)
    captured = {node: into[node] for node, tier in closed.tier.items() if tier > 0}
    into |= closed.unknown | closed.circular | closed.minority
    for rows_of, basis in (
        (captured, None),
        (closed.unknown, "unknown"),
        (closed.circular, "circular"),
        (closed.minority, "minority"),
        (closed.control, "control"),
    ):
        for node, rows in sorted(rows_of.items()):
            if node in graph.us and not regime.captures_us:
                continue
            path = _path(graph, closed, into, rows)
            said: Basis = basis or _basis(graph, closed, rows, regime)  # type: ignore[assignment]
            yield (
                node,
                Affiliation(
                    regime=regime.id,
                    entity=_holding(graph, rows[0]).owned,
                    basis=said,
                    path=tuple(_holding(graph, row) for row in path),
                    entries=_listed(graph, path),
                    effective_from=begin,
                    effective_to=end,
                ),
            )


def _basis(graph: _Graph, closed: Closure, rows: list[int], regime: Regime) -> Basis:
    """Direct: one listed owner suffices; indirect: one captured owner does; aggregate: only several together."""
    alone = {
        closed.tier[owner]
        for owner in {graph.edges[row].owner for row in rows}
        if closure.together([graph.edges[row] for row in rows if graph.edges[row].owner == owner]) >= regime.share_units
    }
    if not alone:
        return "aggregate"
    return "direct" if 0 in alone else "indirect"


def _path(graph: _Graph, closed: Closure, into: dict[int, list[int]], rows: list[int]) -> list[int]:
    """The edges that lead from listed parties to a company, listed parties first."""
    seen: dict[int, None] = dict.fromkeys(rows)
    level = rows
    for _ in range(HOPS_MAX):
        owners = sorted({graph.edges[row].owner for row in level if closed.tier.get(graph.edges[row].owner, 1) > 0})
        level = [row for owner in owners for row in into.get(owner, ()) if row not in seen]
        if not level or len(seen) + len(level) > PATH_EDGES_MAX:
            break
        seen |= dict.fromkeys(level)
    return list(reversed(seen))


def _listed(graph: _Graph, path: Iterable[int]) -> tuple[int, ...]:
    """The list entries that own by the edges of a path."""
    numbers = {number for row in path for number in graph.listed.get(graph.edges[row].owner, ())}
    return tuple(sorted(numbers))


def _holding(graph: _Graph, row: int) -> Holding:
    edge = graph.sources[row]
    if edge.low is None:
        share = ""
    else:
        share = f"{edge.low:f}" if edge.low == edge.high else f"{edge.low:f}-{edge.high:f}"
    owner = graph.parties.opaque_id(graph.edges[row].owner) or edge.owner.strip()
    owned = graph.parties.opaque_id(graph.edges[row].owned) or edge.owned.strip()
    return Holding(owner, owned, share, edge.source)


def _extend(found: list[Affiliation], new: Affiliation) -> None:
    """Append, or lengthen the last one where only the days differ and they meet."""
    last = found[-1] if found else None
    if last and last.effective_to == new.effective_from and last[:5] == new[:5] and new.effective_from is not None:
        found[-1] = last._replace(effective_to=new.effective_to)
    else:
        found.append(new)
