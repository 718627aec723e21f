"""Takes what `--ownership` names and gives it to the reader of its layout, which it recognizes by content.

Promises: a layout that is not known is refused with the columns that were expected; every reader keeps its edges when
something else in the file is odd, and says so with the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.lists.holdings import bods, csv_table, gleif, matrix, schedule_13d
from screener.lists.holdings.sums import tell_sums
from screener.lists.reading import open_published, rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from screener.lists.holdings.edges import Edges, Found, Party
    from screener.lists.reading import PublishedFile
    from screener.owners import OwnershipEdge


def read_edges(path: Path) -> Edges:
    """Read the edges of an ownership file, or what it knows of the names of parties."""
    found, layout = _read(open_published(path))
    tell_sums(found)
    return found.done(layout)


def _read(file: PublishedFile) -> tuple[Found, str]:
    begins = file.text.lstrip()[:1]
    if begins == "<":
        return gleif.read_gleif(file)
    if begins in ("[", "{"):
        return bods.read_bods(file), bods.LAYOUT
    header = next(rows(file)).cells
    if matrix.is_matrix(header):
        return matrix.read_matrix(file), matrix.LAYOUT
    if schedule_13d.is_schedule_13d(header):
        return schedule_13d.read_schedule_13d(file), schedule_13d.LAYOUT
    return csv_table.read_table(file), csv_table.LAYOUT


def read_ownership(paths: Iterable[Path]) -> list[Edges]:
    """Read several files; each one's edges with the names and countries that any of the files knows."""
    sources = [read_edges(path) for path in paths]
    parties = {one: party for source in reversed(sources) for one, party in source.parties.items()}
    return [source._replace(edges=with_names(source.edges, parties)) for source in sources]


def with_names(edges: Iterable[OwnershipEdge], parties: dict[str, Party]) -> list[OwnershipEdge]:
    """Return the edges with the names and countries of parties that their own source knows by identifier only."""
    return [_named(edge, parties) for edge in edges]


def _named(edge: OwnershipEdge, parties: dict[str, Party]) -> OwnershipEdge:
    owner = parties.get(edge.owner) if edge.owner in edge.owner_ids else None
    owned = parties.get(edge.owned) if edge.owned in edge.owned_ids else None
    if owner is not None:
        edge = edge._replace(owner=owner.names[0], owner_country=edge.owner_country or owner.country)
    if owned is not None:
        edge = edge._replace(owned=owned.names[0], owned_country=edge.owned_country or owned.country)
    return edge
