"""From which listed parties a company is owned, and by which holdings: the evidence of a closure, read upward.

What an affiliation shows is bounded: a shortest line of holdings from each of the nearest listed parties, then the
other holdings that count, those next to the company first. From whom holdings lead to a company is told of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from screener.lists.closure import Edge

LISTED_SHOWN_MAX = 20
COMPANIES_MAX = 2_000
"""Owners that are looked at for the lines to one company."""
PATH_EDGES_MAX = 200


class Lines:
    """The holdings that count, by company, and how to follow them."""

    def __init__(
        self, edges: Sequence[Edge], into: Mapping[int, Sequence[int]], is_listed: Callable[[int], bool]
    ) -> None:
        """`into`: company -> rows of `edges` that count; a line ends at an owner who is listed."""
        self._edges, self._into, self._is_listed = edges, into, is_listed
        self._origins: dict[int, set[int]] | None = None

    def listed(self, rows: Iterable[int]) -> set[int]:
        """The listed parties from whom holdings lead to these ones."""
        if self._origins is None:
            self._origins = self._found_origins()
        found: set[int] = set()
        for owner in {self._edges[row].owner for row in rows}:
            found |= {owner} if self._is_listed(owner) else self._origins.get(owner, set())
        return found

    def _found_origins(self) -> dict[int, set[int]]:
        """Company -> listed parties, each followed downward through all that it owns."""
        owns: dict[int, set[int]] = {}
        for owned, rows in self._into.items():
            for row in rows:
                owns.setdefault(self._edges[row].owner, set()).add(owned)
        origins: dict[int, set[int]] = {}
        for party in sorted(filter(self._is_listed, owns)):
            rest = [party]
            while rest:
                for owned in owns.get(rest.pop(), ()):
                    of = origins.setdefault(owned, set())
                    if party not in of and not self._is_listed(owned):
                        of.add(party)
                        rest.append(owned)
        return origins

    def path(self, rows: Sequence[int]) -> list[int]:
        """The rows to show for a company that `rows` say something of, those of listed parties first."""
        first_rows, order = self._upward(rows)
        below = {owner: self._edges[row].owned for owner, row in first_rows.items()}
        shown: dict[int, None] = {}
        for party in [owner for owner in order if self._is_listed(owner)][:LISTED_SHOWN_MAX]:
            at, line = party, []
            while at in first_rows:
                line.append(first_rows[at])
                at = below[at]
            shown |= dict.fromkeys(line)
        groups = [rows, *(self._into.get(owner, ()) for owner in order if not self._is_listed(owner))]
        for group in groups:
            fresh = [row for row in group if row not in shown]
            if len(shown) + len(fresh) > PATH_EDGES_MAX:
                break
            shown |= dict.fromkeys(fresh)
        steps = {self._edges[rows[0]].owned: 0}
        for owner in order:
            steps[owner] = steps[below[owner]] + 1
        far = sorted(shown, key=lambda row: (-steps.get(self._edges[row].owned, 0), row))
        return far[-PATH_EDGES_MAX:]

    def _upward(self, rows: Sequence[int]) -> tuple[dict[int, int], list[int]]:
        """Owner -> the row by which it was met first, and the owners, the nearest first."""
        met: dict[int, int] = {}
        order: list[int] = []
        start = self._edges[rows[0]].owned
        level: list[Sequence[int]] = [rows]
        while level and len(order) < COMPANIES_MAX:
            fresh = []
            for row in sorted(row for group in level for row in group):
                owner = self._edges[row].owner
                if owner not in met and owner != start:
                    met[owner] = row
                    fresh.append(owner)
            order += fresh
            level = [self._into[owner] for owner in fresh if not self._is_listed(owner) and owner in self._into]
        return met, order
