"""Ownership edges and list entries -> the companies of which something is to be said, each with its affiliations.

`identity` says who is who, `stretches` which holdings to look at together for which days, `closure` who is captured or
may be, and `lines` from whom and by which holdings. Here that becomes affiliations, one for each regime and stretch of
days, and what two sources tell of one holding that can't both be is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from screener.lists import affiliates, closure
from screener.lists.countries import code_of
from screener.lists.identity import Parties
from screener.lists.lines import Lines
from screener.lists.rules import share_units
from screener.lists.stretches import rounds
from screener.owners import CAPTURED, Affiliation, Basis, Company, Holding, OwnershipEdge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from screener.core.fold import Folder
    from screener.lists.closure import Closure
    from screener.lists.stretches import Round
    from screener.model import ListEntry
    from screener.rulings import Regime

ENTRIES_MAX = 1_000
"""List entries that are told of one company; the requirements of further ones are not joined."""
NAMES_MAX = 50
NAMESAKE = "same name, no identifier"

Resembled = Callable[[str], Iterable[tuple[int, str]]]
"""A name -> numbers of entries that it is like, each with a word on why."""

US_NAMES = frozenset({"US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})


class Ownership(NamedTuple):
    """What follows from the holdings of all sources.

    `companies` have affiliations, `keys` are the glued names of each, `known` all glued names that the graph knows, and
    `problems` sentences about holdings that contradict each other.
    """

    companies: list[Company]
    keys: list[frozenset[str]]
    known: set[str]
    problems: list[str]

    @property
    def affiliations(self) -> dict[str, list[Affiliation]]:
        """Glued name -> what is said of all companies of that name."""
        found: dict[str, list[Affiliation]] = {}
        for company, keys in zip(self.companies, self.keys, strict=True):
            for key in keys:
                found.setdefault(key, []).extend(company.affiliations)
        return found


NOBODY = Ownership([], [], set(), [])


class _Graph:
    """Edges between numbered nodes, with the parties behind the numbers."""

    def __init__(
        self, edges: Sequence[OwnershipEdge], entries: Sequence[ListEntry], fold: Folder, resembled: Resembled | None
    ) -> None:
        self.parties = Parties(edges, entries, fold)
        self.listed = self.parties.listed
        self.entries = entries
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

    def seeds(self, regime: Regime) -> set[int]:
        """The listed parties whose holdings a regime counts."""
        counted = {number for number, entry in enumerate(self.entries) if any(map(entry.is_seed, regime.seeds))}
        return {node for node, numbers in self.listed.items() if not counted.isdisjoint(numbers)}

    def holding(self, row: int, tiers: Mapping[int, int]) -> Holding:
        """A row as it is told."""
        edge, nodes = self.sources[row], self.edges[row]
        if edge.low is None:
            share = ""
        else:
            share = f"{edge.low:f}" if edge.low == edge.high else f"{edge.low:f}-{edge.high:f}"
        owner = self.parties.opaque_id(nodes.owner, edge.owner) or edge.owner.strip()
        owned = self.parties.opaque_id(nodes.owned, edge.owned) or edge.owned.strip()
        return Holding(owner, owned, share, edge.source, tiers.get(nodes.owner))


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
        return NOBODY
    graph = _Graph(edges, entries, fold, resembled)
    found: dict[int, list[Affiliation]] = {}
    for regime in regimes:
        of_regime: dict[int, list[Affiliation]] = {}
        seeds = graph.seeds(regime)
        for held in rounds(graph.edges, graph.sources, seeds):
            closed = closure.close(held.edges, seeds, regime.share_units)
            for node, affiliation in _affiliated(graph, closed, held, regime):
                _extend(of_regime.setdefault(node, []), affiliation)
        for node, rows in of_regime.items():
            found.setdefault(node, []).extend([*rows, *_sold(rows, regime)])
    keys = graph.parties.keys()
    known = {key for edge in graph.edges for node in (edge.owner, edge.owned) for key in keys.get(node, ())}
    companies = dict(_companies(graph, found))
    numbered = sorted(companies, key=lambda node: affiliates.place(companies[node]))
    return Ownership(
        [companies[node] for node in numbered],
        [frozenset(keys.get(node, ())) for node in numbered],
        known,
        list(_contradictions(graph)),
    )


# --- what is said of a company ---------------------------------------------------------------------------------------


def _affiliated(graph: _Graph, closed: Closure, held: Round, regime: Regime) -> Iterator[tuple[int, Affiliation]]:
    into: dict[int, list[int]] = {}
    for edge in held.edges:
        if edge.kind in closure.SHARES and edge.owner in closed.tier:
            into.setdefault(edge.owned, []).append(edge.row)
    captured = {node: into[node] for node, tier in closed.tier.items() if tier > 0}
    into |= closed.unknown | closed.circular | closed.minority

    def is_listed(node: int) -> bool:
        return closed.tier.get(node) == 0

    by_shares = Lines(graph.edges, into, is_listed)
    controlled = {node: [*closed.control[node], *into.get(node, ())] for node in closed.control}
    by_control = Lines(graph.edges, into | controlled, is_listed)
    bases: tuple[tuple[dict[int, list[int]], Basis | None, Lines], ...] = (
        (captured, None, by_shares),
        (closed.unknown, "unknown", by_shares),
        (closed.circular, "circular", by_shares),
        (closed.minority, "minority", by_shares),
        (closed.control, "control", by_control),
    )
    for rows_of, basis, lines in bases:
        for node, rows in sorted(rows_of.items()):
            if node in graph.us and not regime.captures_us:
                continue
            parties = sorted(number for party in lines.listed(rows) for number in graph.listed[party])
            begin, end = held.days[node]
            yield (
                node,
                Affiliation(
                    regime=regime.id,
                    entity=graph.holding(rows[0], {}).owned,
                    basis=basis or _basis(graph, closed, rows, regime),
                    path=tuple(graph.holding(row, closed.tier) for row in lines.path(rows)),
                    entries=tuple(parties[:ENTRIES_MAX]),
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


def _extend(found: list[Affiliation], new: Affiliation) -> None:
    """Append, or lengthen the one that says the same up to the day on which this one begins."""
    for number, old in enumerate(found):
        if new.effective_from is not None and old.effective_to == new.effective_from and old[:5] == new[:5]:
            found[number] = old._replace(effective_to=new.effective_to)
            return
    found.append(new)


def _sold(rows: Sequence[Affiliation], regime: Regime) -> Iterator[Affiliation]:
    """After each day from which on a company is captured no more: that it was, for as long as the regime says."""
    captured = [row for row in rows if row.basis in CAPTURED]
    begins = sorted(row.effective_from or "" for row in captured)
    for row in captured:
        end = row.effective_to
        if end is None or not regime.recent_sale_days or end in begins:
            continue
        until = (date.fromisoformat(end) + timedelta(days=regime.recent_sale_days)).isoformat()
        again = [begin for begin in begins if end < begin < until]
        yield row._replace(basis="former", effective_from=end, effective_to=min([until, *again]))


# --- companies -------------------------------------------------------------------------------------------------------


def _companies(graph: _Graph, found: Mapping[int, Sequence[Affiliation]]) -> Iterator[tuple[int, Company]]:
    names: dict[int, Counter[str]] = {node: Counter() for node in found}
    countries: dict[int, set[str]] = {node: set() for node in found}
    for edge, source in zip(graph.edges, graph.sources, strict=True):
        for node, name, country, ids in (
            (edge.owner, source.owner, source.owner_country, source.owner_ids),
            (edge.owned, source.owned, source.owned_country, source.owned_ids),
        ):
            if node in found:
                countries[node].add(code_of(country) or "")
                if name.strip() not in ids:
                    names[node][name.strip()] += 1
    for node, rows in sorted(found.items()):
        entries = [graph.entries[number] for number in graph.listed.get(node, ())]
        yield (
            node,
            Company(
                names=tuple(_names(graph, entries, names[node])),
                kind=entries[0].kind if entries else "",
                countries=tuple(sorted(countries[node] - {""})),
                confidential=any(entry.confidential for entry in entries),
                affiliations=tuple(rows),
            ),
        )


def _names(graph: _Graph, entries: Iterable[ListEntry], written: Counter[str]) -> Iterator[tuple[str, bool]]:
    """Each name with whether it is strong: those of list entries, then those of holdings, the most frequent first."""
    names: dict[str, bool] = {}
    for entry in entries:
        for alias in entry.aliases:
            names[alias.name] = names.get(alias.name, False) or alias.quality == "strong"
    ids = {entry.entry_id.upper() for entry in entries}
    for name, _ in sorted(written.items(), key=lambda row: (-row[1], row[0])):
        if name.upper() not in ids:
            names.setdefault(name, not graph.parties.is_weak(name))
    yield from list(names.items())[:NAMES_MAX]


# --- contradictions --------------------------------------------------------------------------------------------------


def _contradictions(graph: _Graph) -> Iterator[str]:
    """A sentence for each holding of which two sources tell, for the same days, shares that can't both be."""
    told: dict[tuple[int, int, str], list[int]] = {}
    for edge in graph.edges:
        if edge.kind in closure.SHARES and edge.low is not None and not edge.joint:
            told.setdefault((edge.owner, edge.owned, edge.share_class), []).append(edge.row)
    for rows in told.values():
        if len(rows) < 2 or len({graph.sources[row].source for row in rows}) < 2:
            continue
        rows.sort(key=lambda row: _ends(graph.edges[row]))
        most = rows[-1]
        for row in rows[:-1]:
            if _ends(graph.edges[row])[1] < _ends(graph.edges[most])[0] and _meet(
                graph.sources[row], graph.sources[most]
            ):
                yield _contradiction(graph, row, most)


def _ends(edge: closure.Edge) -> tuple[int, int]:
    return edge.low or 0, edge.high or 0


def _meet(one: OwnershipEdge, other: OwnershipEdge) -> bool:
    """Whether two holdings are in force on one day."""
    return all(
        first.effective_from is None or second.effective_to is None or first.effective_from < second.effective_to
        for first, second in ((one, other), (other, one))
    )


def _contradiction(graph: _Graph, less: int, more: int) -> str:
    source, other = graph.sources[less], graph.sources[more]
    least, most = graph.holding(less, {}), graph.holding(more, {})
    return (
        f"{_place(source)}: {least.owner[:80]!r} holds {least.share} percent of {least.owned[:80]!r}, says"
        f" {source.source!r:.60}, and {most.share}, says {other.source!r:.60} ({_place(other)}): the higher one counts"
    )


def _place(edge: OwnershipEdge) -> str:
    return f"{edge.file}:{edge.line}" if edge.line else f"{edge.file}: {edge.place or edge.owned[:80]}"
