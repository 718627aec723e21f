"""Cross-shareholdings as a matrix: the first cell says Stakeholders, the company of a column owns that of a row.

The layout of a published study of listed companies; a cell is a percent of the row's company, an empty one no holding.
A share is read as in the other tables (`shares.py`); one that can't be read is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.lists.holdings.edges import EDGES_MAX, NO_PARTY, NoEdgeError, same_party
from screener.lists.reading import rows
from screener.owners import OwnershipEdge

if TYPE_CHECKING:
    from screener.lists.holdings.edges import Found
    from screener.lists.reading import Row

LAYOUT = "ownership-matrix"
CORNER = "stakeholders"
COLUMNS_MAX = 20_000


def is_matrix(header: list[str]) -> bool:
    """Whether a header is that of a matrix."""
    return len(header) > 1 and header[0].strip().casefold() == CORNER


def read_matrix(found: Found) -> None:
    """Read the edges of a matrix; `rows` counts its rows of companies."""
    file = found.file
    published = rows(file, found.options.rows_limit)
    owners = [cell.strip() for cell in next(published).cells]
    if len(owners) > COLUMNS_MAX:
        raise file.fault(1, f"expected at most {COLUMNS_MAX} columns")
    for row in published:
        found.add_row()
        if len(row.cells) != len(owners):
            cut = " (the last line is cut off)" if len(row.cells) < len(owners) and row.unfinished else ""
            raise file.fault(row.line, f"expected {len(owners)} columns, found {len(row.cells)}{cut}")
        _read_row(found, row, owners)
        most = found.options.raised(EDGES_MAX)
        if len(found.edges) > most:
            raise file.fault(row.line, f"expected at most {most} holdings")


def _read_row(found: Found, row: Row, owners: list[str]) -> None:
    owned = row.cells[0].strip()
    for owner, cell in zip(owners[1:], row.cells[1:], strict=True):
        if not cell.strip():
            continue
        found.cells += 1
        try:
            found.edges.append(_edge(found, owner, owned, cell.strip(), row.line))
        except NoEdgeError as problem:
            found.leave_out(row.line, problem, "cell")


def _edge(found: Found, owner: str, owned: str, cell: str, line: int) -> OwnershipEdge:
    if not owner or not owned:
        raise NoEdgeError("expected a company at the head of the column and of the row", NO_PARTY)
    if same_party(owner, owned):
        raise NoEdgeError(f"expected two parties, found that {owner[:80]!r} owns itself")
    low, high = found.share(line, cell)
    return OwnershipEdge(owner=owner, owned=owned, low=low, high=high, file=found.file.path.name, line=line)
