"""Who is who in the ownership graph: names and identifiers of holdings and of list entries -> numbered nodes.

A node is a company or a person. All entries that share a primary name are one, on whatever lists, under all their
names; parties of the sources that share an identifier are one, under all names that they are given. An identifier
decides before a name: a party whose LEI is not the one that its namesake on a list has is another party. Where a list
says no identifier, the name decides: whether an owner is the listed party is the safe question to answer with yes.

A name or id of several listed companies is a node of its own, listed as each of them is. A name that several parties
with other identifiers bear, in a holding that gives none, is a party of its own that may be any of those.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from screener.core.fold import glue
from screener.lists.patterns import spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from screener.core.fold import Folder
    from screener.model import ListEntry
    from screener.owners import OwnershipEdge

ID_MARK = "\0"  # no folded name begins with it
_LEI = re.compile(r"(?<![A-Za-z0-9])[A-Z0-9]{18}[0-9]{2}(?![A-Za-z0-9])")


class Parties:
    """The nodes of a graph: listed parties first, then those with identifiers, then names as they are met."""

    def __init__(self, edges: Sequence[OwnershipEdge], entries: Sequence[ListEntry], fold: Folder) -> None:
        """Number the listed parties, and the parties of the edges that have identifiers, in any order of edges."""
        self._fold = fold
        self._entries = entries
        self._nodes: dict[str, int] = {}
        self._of_id: dict[str, int] = {}
        self._bearers: dict[str, list[int]] = {}
        self._next = 0
        self.listed: dict[int, list[int]] = {}
        self.namesakes: dict[int, list[int]] = {}
        """A party that is known by name only -> those with identifiers that bear the name, any of which it may be."""
        self.of_entry: list[int] = []
        self._weak = self._add_entries()
        self._add_identified(edges)

    def _new(self, entries: Iterable[int] = ()) -> int:
        node = self._next
        self._next += 1
        held = sorted(entries)
        if held:
            self.listed[node] = held
        return node

    def _add_entries(self) -> set[str]:
        """Number the listed parties; the names that only weak aliases have are returned."""
        companies: dict[str, int] = {}
        strong: set[str] = set()
        bearers: dict[str, dict[int, set[int]]] = {}
        for number, entry in enumerate(self._entries):
            key = self.key(entry.name)
            if key not in companies:
                companies[key] = self._new()
            company = companies[key]
            names = {key, _id_key(entry.entry_id)}
            names |= {_id_key(f"LEI:{lei}") for text in entry.identifiers for lei in _LEI.findall(text.upper())}
            strong |= names
            for alias in entry.aliases:
                spelled = {glue(text) for text in spellings(alias.name, entry.kind, self._fold)}
                names |= spelled
                strong |= spelled if alias.quality == "strong" else set()
            for name in sorted(names):
                bearers.setdefault(name, {}).setdefault(company, set()).add(number)
            self.listed.setdefault(company, []).append(number)
            self.of_entry.append(company)
        for name, of in bearers.items():
            self._nodes[name] = next(iter(of)) if len(of) == 1 else self._new(set().union(*of.values()))
        return bearers.keys() - strong

    def _add_identified(self, edges: Iterable[OwnershipEdge]) -> None:
        for ids, names in _grouped(edges):
            keys = sorted({self.key(name.strip()) for name in names})
            node = self._identified(ids, keys)
            self._of_id |= dict.fromkeys(ids, node)
            for key in keys:
                bearers = self._bearers.setdefault(key, [])
                if node not in bearers:
                    bearers.append(node)

    def _identified(self, ids: Iterable[str], keys: Iterable[str]) -> int:
        """The node of a party with these identifiers and names: a listed one where those say so."""
        found = {self._nodes[_id_key(one)] for one in ids if _id_key(one) in self._nodes}
        if not found:
            leis = {one for one in ids if one.startswith("LEI:")}
            named = {self._nodes[key] for key in keys if key in self._nodes and key not in self._weak}
            found = {node for node in named if node in self.listed and not self._has_other_lei(node, leis)}
        if len(found) > 1:
            return self._new({number for node in found for number in self.listed[node]})
        return found.pop() if found else self._new()

    def _has_other_lei(self, node: int, leis: set[str]) -> bool:
        texts = (text.upper() for number in self.listed[node] for text in self._entries[number].identifiers)
        own = {f"LEI:{lei}" for text in texts for lei in _LEI.findall(text)}
        return bool(own and leis) and own.isdisjoint(leis)

    def key(self, name: str) -> str:
        """What names are compared by."""
        return glue(self._fold(name)) or name

    def node(self, name: str, ids: Sequence[str] = ()) -> int:
        """The node of a party by its identifiers, else by its name, which may be a list entry's id."""
        for one in ids:
            if one in self._of_id:
                return self._of_id[one]
        stripped = name.strip()
        found = self._nodes.get(_id_key(stripped))
        if found is not None:
            return found
        key = self.key(stripped)
        found = self._nodes.get(key)
        if found is None:
            bearers = self._bearers.get(key, [])
            found = self._nodes[key] = bearers[0] if len(bearers) == 1 else self._new()
            if len(bearers) > 1:
                self.namesakes[found] = bearers
        return found

    def is_weak(self, name: str, ids: Sequence[str] = ()) -> bool:
        """Whether a party is known as a listed one by a weak alias only."""
        return not ids and self.key(name.strip()) in self._weak

    def opaque_id(self, node: int, name: str) -> str | None:
        """The opaque id to show for a name that only confidential entries of a node bear; None where it may be told."""
        listed = [self._entries[number] for number in self.listed.get(node, ())]
        key = self.key(name.strip())
        bearing = [entry for entry in listed if any(self.key(alias.name) == key for alias in entry.aliases)] or listed
        return bearing[0].entry_id if bearing and all(entry.confidential for entry in bearing) else None

    def keys(self) -> dict[int, set[str]]:
        """Node -> the glued names under which the graph's edges and the lists know it."""
        names: dict[int, set[str]] = {}
        for key, node in self._nodes.items():
            if not key.startswith(ID_MARK):
                names.setdefault(node, set()).add(key)
        for key, bearers in self._bearers.items():
            for node in bearers:
                names.setdefault(node, set()).add(key)
        return names


def _id_key(entry_id: str) -> str:
    return ID_MARK + entry_id.upper()


def _grouped(edges: Iterable[OwnershipEdge]) -> Iterator[tuple[list[str], set[str]]]:
    """The parties that have identifiers, one for all that share some, each with all its names; in order of the ids."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    names: dict[str, set[str]] = {}
    for edge in edges:
        for ids, name in ((edge.owner_ids, edge.owner), (edge.owned_ids, edge.owned)):
            for one in ids:
                parent.setdefault(one, one)
                names.setdefault(one, set()).add(name)
                first, second = sorted((root(ids[0]), root(one)))
                parent[second] = first
    groups: dict[str, list[str]] = {}
    for one in sorted(parent):
        groups.setdefault(root(one), []).append(one)
    for group in groups.values():
        yield group, set().union(*(names[one] for one in group))
