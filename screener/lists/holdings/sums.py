"""Says which companies are owned more than wholly, as one source tells it of one class on one day.

The edges stay: which of them is wrong is not known, and an owner overlooked is the worse error. A joint holding counts
once, and so does a holding that a source repeats.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from screener.lists.holdings.shares import SHARE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screener.lists.holdings.edges import Found
    from screener.owners import OwnershipEdge

DAYS_CHECKED_MAX = 500
"""Of one company's holdings: on so many of the days on which one begins is their sum looked at, from the first."""
STATED_AT_ONCE = frozenset({"equity", "beneficial", "nominee", "votes"})


def tell_sums(found: Found) -> None:
    """Note each company whose holdings add up to more than 100 percent."""
    groups: dict[tuple[str, ...], list[OwnershipEdge]] = {}
    for edge in found.edges:
        if edge.low and edge.kind in STATED_AT_ONCE and not edge.indirect:
            owned = edge.owned_ids[0] if edge.owned_ids else " ".join(edge.owned.casefold().split())
            groups.setdefault((owned, edge.source, edge.kind, edge.share_class), []).append(edge)
    for edges in groups.values():
        if _sum(edges) > SHARE_MAX:
            _tell(found, edges)


def _tell(found: Found, edges: list[OwnershipEdge]) -> None:
    days = sorted({edge.effective_from or "" for edge in edges})[:DAYS_CHECKED_MAX]
    for day in days:
        total = _sum(edge for edge in edges if _holds(edge, day))
        if total > SHARE_MAX:
            first = edges[0]
            since = f" on {day}" if day else ""
            says = f"the holdings in {first.owned[:80]!r} add up to {total:f} percent{since}; they are kept"
            found.problem(first.line or first.place or first.owned, says)
            return


def _holds(edge: OwnershipEdge, day: str) -> bool:
    return (edge.effective_from or "") <= day and (edge.effective_to is None or edge.effective_to > day)


def _sum(edges: Iterable[OwnershipEdge]) -> Decimal:
    holders: dict[tuple[bool, str], Decimal] = {}
    for edge in edges:
        holder = edge.owner_ids[0] if edge.owner_ids else " ".join(edge.owner.casefold().split())
        key = (bool(edge.joint), edge.joint or holder)
        holders[key] = max(holders.get(key, Decimal(0)), edge.low or Decimal(0))
    return sum(holders.values(), Decimal(0))
