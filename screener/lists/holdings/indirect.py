"""Leaves out what a source tells twice: a holding, and beside it the holdings through which it runs.

The direct chain wins where it is told: an indirect holding of a company goes when the companies through which its owner
surely reaches it hold, each by no more than the narrowest step on the way to it, at least as much together. What is
told in part stays, marked indirect: an owner counted twice is a lesser error than one overlooked.
"""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screener.owners import OwnershipEdge

STEPS_MAX = 10_000
"""So many companies are looked at between an owner and what it holds; beyond, the indirect holding stays."""
STEPS_TOTAL_MAX = 20_000_000
"""So many for all holdings of a file; the indirect holdings that are left then stay."""
SHARES = frozenset({"equity", "beneficial"})

_BEYOND = Decimal(1000)


def without_told(edges: list[OwnershipEdge], unknown: Decimal) -> list[OwnershipEdge]:
    """Return the edges without indirect holdings whose direct chain is told.

    A step of no stated share weighs `unknown`. With zero it tells no chain; more is for sources that state no shares.
    """
    if not any(edge.indirect for edge in edges):
        return edges
    chains = _Chains(edges, unknown)
    return [edge for edge in edges if not chains.tell(edge)]


class _Chains:
    """The direct holdings of shares, by owner and by what is owned."""

    def __init__(self, edges: Iterable[OwnershipEdge], unknown: Decimal) -> None:
        self._unknown = unknown
        self._steps_left = STEPS_TOTAL_MAX
        self._by_owner: dict[str, list[OwnershipEdge]] = {}
        self._by_owned: dict[str, list[OwnershipEdge]] = {}
        for edge in edges:
            if not edge.indirect and edge.kind in SHARES and self._weight(edge) > 0:
                self._by_owner.setdefault(_owner(edge), []).append(edge)
                self._by_owned.setdefault(_owned(edge), []).append(edge)

    def tell(self, edge: OwnershipEdge) -> bool:
        """Whether an edge is indirect and its chain is told."""
        last = self._by_owned.get(_owned(edge))
        if not edge.indirect or edge.kind not in SHARES or last is None:
            return False
        widths = self._widths(edge)
        steps = [step for step in last if _owner(step) in widths and _covers(step, edge)]
        told = sum((min(widths[_owner(step)], self._weight(step)) for step in steps), Decimal(0))
        return bool(steps) and told >= (edge.low or 0)

    def _weight(self, edge: OwnershipEdge) -> Decimal:
        return self._unknown if edge.low is None else edge.low

    def _widths(self, edge: OwnershipEdge) -> dict[str, Decimal]:
        """Company -> the narrowest step of the widest way to it from the edge's owner, who is not among them."""
        start, target = _owner(edge), _owned(edge)
        widths: dict[str, Decimal] = {}
        waiting = [(-_BEYOND, start)]
        while waiting and len(widths) < STEPS_MAX and self._steps_left > 0:
            width, company = heapq.heappop(waiting)
            self._steps_left -= 1
            if company in widths:
                continue
            widths[company] = -width
            for step in self._by_owner.get(company, ()):
                if _owned(step) not in widths and _owned(step) != target and _covers(step, edge):
                    heapq.heappush(waiting, (-min(-width, self._weight(step)), _owned(step)))
        widths.pop(start, None)
        return widths


def _covers(step: OwnershipEdge, edge: OwnershipEdge) -> bool:
    """Whether a step holds on all days of an edge."""
    begins = step.effective_from is None or (edge.effective_from or "") >= step.effective_from
    ends = step.effective_to is None or (edge.effective_to is not None and edge.effective_to <= step.effective_to)
    return begins and ends


def _owner(edge: OwnershipEdge) -> str:
    return edge.owner_ids[0] if edge.owner_ids else edge.owner


def _owned(edge: OwnershipEdge) -> str:
    return edge.owned_ids[0] if edge.owned_ids else edge.owned
