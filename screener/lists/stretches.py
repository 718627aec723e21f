"""Holdings with days -> rounds, in each of which every company that listed parties reach is looked at for some days.

What is said of a company can change only on a day on which a holding begins or ends that leads to it from a listed
party, or a holding beside those. So companies are grouped that holdings connect, those of listed parties left out: of
them nothing depends on their owners. Each group has stretches of days of its own, and the first stretches of all groups
make one graph, the second ones another, and so on. A graph is closed as often as the group with the most days needs it,
not once for each day in any file.

Holdings in companies that no listed party reaches are left out: they say nothing of anyone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from screener.lists.closure import Edge
    from screener.owners import OwnershipEdge

Days = tuple[str | None, str | None]
"""A stretch of days, half-open; None where it has no begin or no end."""


class Round(NamedTuple):
    """The holdings to close together, and for which days they say what they say of each company."""

    edges: list[Edge]
    days: dict[int, Days]


class _Group(NamedTuple):
    """Companies that holdings connect, all holdings in them, and their stretches."""

    companies: list[int]
    edges: list[Edge]
    stretches: list[Days]


def rounds(edges: Sequence[Edge], sources: Sequence[OwnershipEdge], seeds: Collection[int]) -> Iterator[Round]:
    """All rounds, the first with all companies that `seeds` reach; `sources[edge.row]` has the days of an edge."""
    groups = list(_groups(edges, sources, seeds))
    number = 0
    while groups:
        alive = [
            edge for group in groups for edge in group.edges if _holds(sources[edge.row], group.stretches[number][0])
        ]
        days = {company: group.stretches[number] for group in groups for company in group.companies}
        yield Round(alive, days)
        number += 1
        groups = [group for group in groups if len(group.stretches) > number]


def _groups(edges: Sequence[Edge], sources: Sequence[OwnershipEdge], seeds: Collection[int]) -> Iterator[_Group]:
    reached = _reached(edges, seeds)
    parent = {company: company for company in reached}

    def root(company: int) -> int:
        while parent[company] != company:
            parent[company] = company = parent[parent[company]]
        return company

    held = [edge for edge in edges if edge.owned in reached]
    for edge in held:
        if edge.owner in reached:
            first, second = sorted((root(edge.owner), root(edge.owned)))
            parent[second] = first
    companies: dict[int, list[int]] = {}
    for company in sorted(reached):
        companies.setdefault(root(company), []).append(company)
    of: dict[int, list[Edge]] = {first: [] for first in companies}
    for edge in held:
        of[root(edge.owned)].append(edge)
    for first, members in companies.items():
        yield _Group(members, of[first], _stretches([sources[edge.row] for edge in of[first]]))


def _reached(edges: Sequence[Edge], seeds: Collection[int]) -> set[int]:
    """Who is owned by `seeds`, or by whom they own, by a holding of any kind on any day; the seeds are left out."""
    owns: dict[int, list[int]] = {}
    for edge in edges:
        owns.setdefault(edge.owner, []).append(edge.owned)
    seen = set(seeds)
    rest = list(seen)
    while rest:
        fresh = {owned for owned in owns.get(rest.pop(), ()) if owned not in seen}
        seen |= fresh
        rest.extend(fresh)
    return seen.difference(seeds)


def _stretches(edges: Sequence[OwnershipEdge]) -> list[Days]:
    """The stretches of days on which the same holdings are in force, first to last, open at both ends."""
    days = sorted({day for edge in edges for day in (edge.effective_from, edge.effective_to) if day})
    return list(pairwise([None, *days, None]))


def _holds(edge: OwnershipEdge, begin: str | None) -> bool:
    """Whether an edge is in force in the stretch that begins on `begin`."""
    started = edge.effective_from is None or (begin is not None and edge.effective_from <= begin)
    ended = edge.effective_to is not None and begin is not None and edge.effective_to <= begin
    return started and not ended
