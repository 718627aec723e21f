"""Companies that own each other in circles, and what is held of them net of the circle. No Polars here.

A circle's own holdings are nobody's: of X 40 A, B 60 A, A 60 B the share of A that X holds is 0.4 + 0.36 of itself and
so on, 62.5 percent. Net shares solve `net = min(1, direct + within * net)`, exactly, with fractions; no one holds more
than all, so that circles that own themselves wholly have an answer too: all.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ALL = Fraction(1)


class Loop(NamedTuple):
    """Companies each of which owns each other one through others, and the shares among them: (owner, owned, units)."""

    members: tuple[int, ...]
    within: tuple[tuple[int, int, int], ...]


def loops(holdings: Sequence[tuple[int, int, int]]) -> list[Loop]:
    """The strongly connected companies of a graph of (owner, owned, units), those that own themselves included."""
    owns: dict[int, list[int]] = {}
    for owner, owned, _ in holdings:
        owns.setdefault(owner, []).append(owned)
    loop_of = {node: number for number, members in enumerate(_connected(owns)) for node in members}
    within: dict[int, list[tuple[int, int, int]]] = {}
    for holding in holdings:
        if loop_of[holding[0]] == loop_of[holding[1]]:
            within.setdefault(loop_of[holding[0]], []).append(holding)
    return [
        Loop(tuple(sorted({node for holding in found for node in holding[:2]})), tuple(sorted(found)))
        for _, found in sorted(within.items())
    ]


def _connected(owns: Mapping[int, Sequence[int]]) -> Iterator[list[int]]:
    """Strongly connected components, by Tarjan's way, without recursion."""
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    stack: list[int] = []
    open_nodes: set[int] = set()
    for root in owns:
        if root in number:
            continue
        walk: list[tuple[int, Iterator[int]]] = []
        _enter(root, number, lowest, stack, open_nodes, walk, owns)
        while walk:
            node, rest = walk[-1]
            for owned in rest:
                if owned not in number:
                    _enter(owned, number, lowest, stack, open_nodes, walk, owns)
                    break
                if owned in open_nodes:
                    lowest[node] = min(lowest[node], number[owned])
            else:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[node])
                if lowest[node] == number[node]:
                    yield list(_closed(node, stack, open_nodes))


def _enter(
    node: int,
    number: dict[int, int],
    lowest: dict[int, int],
    stack: list[int],
    open_nodes: set[int],
    walk: list[tuple[int, Iterator[int]]],
    owns: Mapping[int, Sequence[int]],
) -> None:
    number[node] = lowest[node] = len(number)
    stack.append(node)
    open_nodes.add(node)
    walk.append((node, iter(owns.get(node, ()))))


def _closed(root: int, stack: list[int], open_nodes: set[int]) -> Iterator[int]:
    while True:
        node = stack.pop()
        open_nodes.discard(node)
        yield node
        if node == root:
            return


def reached(starts: Iterable[int], within: Iterable[tuple[int, int, object]]) -> set[int]:
    """Who is owned by `starts`, directly or through others, and they themselves."""
    owns: dict[int, list[int]] = {}
    for owner, owned, _ in within:
        owns.setdefault(owner, []).append(owned)
    seen = set(starts)
    rest = list(seen)
    while rest:
        fresh = [owned for owned in owns.get(rest.pop(), ()) if owned not in seen]
        seen.update(fresh)
        rest.extend(fresh)
    return seen


def net_shares(direct: Mapping[int, Fraction], within: Iterable[tuple[int, int, Fraction]]) -> dict[int, Fraction]:
    """The only solution of `net = min(1, direct + within * net)` over the companies that `direct` reaches.

    From "all of it" for every company on: those of which the owners hold less are solved for, until no one else is.
    """
    held = list(within)
    nodes = reached((node for node, share in direct.items() if share > 0), held)
    parts: dict[int, dict[int, Fraction]] = {node: {} for node in nodes}
    for owner, owned, share in held:
        if owner in nodes:
            parts[owned][owner] = parts[owned].get(owner, Fraction(0)) + share
    net = dict.fromkeys(sorted(nodes), ALL)
    below: list[int] = []
    while True:
        fresh = [node for node in net if node not in below and _sum(node, direct, parts, net) < ALL]
        if not fresh:
            return net
        below += fresh
        net |= _solved(below, direct, parts)


def _sum(
    node: int, direct: Mapping[int, Fraction], parts: Mapping[int, Mapping[int, Fraction]], net: Mapping[int, Fraction]
) -> Fraction:
    return direct.get(node, Fraction(0)) + sum(
        (share * net[owner] for owner, share in parts[node].items()), Fraction(0)
    )


def _solved(
    below: Sequence[int], direct: Mapping[int, Fraction], parts: Mapping[int, Mapping[int, Fraction]]
) -> dict[int, Fraction]:
    """Net shares of `below` where all other owners in the loop hold wholly: Gauss and Jordan's way."""
    at = {node: column for column, node in enumerate(below)}
    rows = []
    for node in below:
        row = [Fraction(0)] * (len(below) + 1)
        row[at[node]] += 1
        row[-1] = direct.get(node, Fraction(0))
        for owner, share in parts[node].items():
            if owner in at:
                row[at[owner]] -= share
            else:
                row[-1] += share
        rows.append(row)
    for column, row in enumerate(rows):
        pivot = row[column]
        row[:] = [value / pivot for value in row]
        for other in rows:
            factor = other[column]
            if other is not row and factor:
                other[:] = [value - factor * by for value, by in zip(other, row, strict=True)]
    return {node: row[-1] for node, row in zip(below, rows, strict=True)}
