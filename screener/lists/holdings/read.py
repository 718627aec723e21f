"""Takes what `--ownership` names and gives it to the reader of its layout, which it recognizes by content.

Promises: a layout that is not known is refused with the columns that were expected; every reader keeps its edges when
something else in the file is odd, and says so with the place. Packages of the Beneficial Ownership Data Standard are
read together, in whatever order they are named: one may go on with the records of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.errors import OperatorError
from screener.lists.holdings import bods, csv_table, gleif, matrix, schedule_13d
from screener.lists.holdings.edges import Found
from screener.lists.holdings.options import shipped_options
from screener.lists.holdings.sums import tell_sums
from screener.lists.reading import open_published, rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from screener.lists.holdings.edges import Edges, Party
    from screener.lists.holdings.options import SourceOptions
    from screener.owners import OwnershipEdge


def read_edges(path: Path, options: SourceOptions | None = None) -> Edges:
    """Read the edges of an ownership file, or what it knows of the names of parties."""
    (edges,) = _read_each([path], options or shipped_options())
    return edges


def read_ownership(paths: Iterable[Path], options: SourceOptions | None = None) -> list[Edges]:
    """Read several files; each one's edges with the names and countries that any of the files knows.

    Of two files that name a party by one identifier the newer edition decides; the order of paths decides nothing.
    """
    sources = _read_each(paths, options or shipped_options())
    oldest_first = sorted(sources, key=lambda source: (source.file.edition, source.file.name, source.file.sha256))
    parties = {one: party for source in oldest_first for one, party in source.parties.items()}
    return [source._replace(edges=with_names(source.edges, parties)) for source in sources]


def _read_each(paths: Iterable[Path], options: SourceOptions) -> list[Edges]:
    """Read each file by itself, but for packages of statements."""
    sources: list[tuple[Found, str]] = []
    for path in paths:
        options.progress.begin(f"reading {path.name}")
        found = Found(open_published(path, options.bytes_limit), options)
        layout = _read(found)
        sources.append((found, layout))
        if layout != bods.LAYOUT:
            found.end_reading()
    packages = [found for found, layout in sources if layout == bods.LAYOUT]
    if packages:
        options.progress.begin("joining statements")
        bods.read_packages(packages)
    for found in packages:
        found.end_reading()
    options.progress.begin("checking holdings")
    for found, _ in sources:
        tell_sums(found)
    return [found.done(layout) for found, layout in sources]


def _read(found: Found) -> str:
    """Read a file, and return its layout; a package is only recognized here."""
    file = found.file
    begins = file.text.lstrip()[:1]
    if begins == "<":
        return gleif.read_gleif(found)
    if begins in ("[", "{"):
        return bods.LAYOUT
    header = next(rows(file)).cells
    if matrix.is_matrix(header):
        matrix.read_matrix(found)
        return matrix.LAYOUT
    if schedule_13d.is_schedule_13d(header):
        schedule_13d.read_schedule_13d(found)
        return schedule_13d.LAYOUT
    csv_table.read_table(found)
    return csv_table.LAYOUT


def check_doubts(sources: Iterable[Edges]) -> None:
    """Refuse sources that no snapshot should be built from as they are; OperatorError with what to say or to mend."""
    doubts = [doubt for source in sources for doubt in source.doubts]
    if doubts:
        more = f" (and {len(doubts) - 1} more such files)" if len(doubts) > 1 else ""
        raise OperatorError(f"{doubts[0]}{more}")


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
