"""Cross-shareholdings as a matrix: the first cell says Stakeholders, the company of a column owns that of a row.

The layout of a published study of listed companies; a cell is a percent of the row's company, an empty one no holding.
A percent is a decimal number of any length, as spreadsheets write them: what is finer than a billionth of a percent
becomes the band around it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from screener.lists.holdings.edges import EDGES_MAX, Found, NoEdgeError, Share, band, quoted, same_party
from screener.lists.reading import rows
from screener.owners import OwnershipEdge

if TYPE_CHECKING:
    from screener.lists.reading import PublishedFile, Row

LAYOUT = "ownership-matrix"
CORNER = "stakeholders"
COLUMNS_MAX = 20_000

_PERCENT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,40})?\s{0,4}%?")


def is_matrix(header: list[str]) -> bool:
    """Whether a header is that of a matrix."""
    return len(header) > 1 and header[0].strip().casefold() == CORNER


def read_matrix(file: PublishedFile) -> Found:
    """Read the edges of a matrix; `rows` counts its rows of companies."""
    found = Found(file)
    published = rows(file)
    owners = [cell.strip() for cell in next(published).cells]
    if len(owners) > COLUMNS_MAX:
        raise file.fault(1, f"expected at most {COLUMNS_MAX} columns")
    for row in published:
        found.rows += 1
        if len(row.cells) != len(owners):
            cut = " (the last line is cut off)" if len(row.cells) < len(owners) and row.unfinished else ""
            raise file.fault(row.line, f"expected {len(owners)} columns, found {len(row.cells)}{cut}")
        _read_row(found, row, owners)
        if len(found.edges) > EDGES_MAX:
            raise file.fault(row.line, f"expected at most {EDGES_MAX} holdings")
    return found


def _read_row(found: Found, row: Row, owners: list[str]) -> None:
    owned = row.cells[0].strip()
    for owner, cell in zip(owners[1:], row.cells[1:], strict=True):
        if not cell.strip():
            continue
        try:
            found.edges.append(_edge(owner, owned, cell.strip(), found.file.path.name, row.line))
        except NoEdgeError as problem:
            found.problem(row.line, str(problem))


def _edge(owner: str, owned: str, cell: str, file: str, line: int) -> OwnershipEdge:
    if not owner or not owned:
        raise NoEdgeError("expected a company at the head of the column and of the row")
    if same_party(owner, owned):
        raise NoEdgeError(f"expected two parties, found that {owner[:80]!r} owns itself")
    low, high = _percent(cell)
    return OwnershipEdge(owner=owner, owned=owned, low=low, high=high, file=file, line=line)


def _percent(cell: str) -> Share:
    if not _PERCENT.fullmatch(cell):
        raise NoEdgeError(f"expected a share as a percent such as 50 or 49.9, or nothing, found {quoted(cell)}")
    share = Decimal(cell.rstrip("% "))
    return band(share, share)
