"""Tables that a company writes itself: columns found by their names, rows as mappings, cells that are checked.

Promises: columns may come in any order and the optional ones may be missing; an unknown or repeated column refuses the
file, so a misspelled heading is never a column left out in silence. A row may be shorter than the header when its line
is finished (spreadsheets and people drop empty ends); a short last line without a line end is taken as cut off.
Not for published layouts, which are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.lists.reading import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.lists.reading import PublishedFile, Row


def table_rows(
    file: PublishedFile, required: Sequence[str], optional: Sequence[str], rows_max: int | None = None
) -> Iterator[tuple[Row, list[str]]]:
    """Yield each row with its cells in the order required, optional; what a row lacks is an empty text.

    A row with more cells than the header is yielded with no cells: the caller says what becomes of it. `rows_max`: how
    many rows there may be, where that is not the limit of all tables.
    """
    published = rows(file, rows_max)
    header = _header(file, next(published), required, optional)
    positions = [header.index(column) if column in header else None for column in (*required, *optional)]
    for row in published:
        if not any(cell.strip() for cell in row.cells):
            continue
        found = len(row.cells)
        if found < len(header) and row.unfinished:
            raise file.fault(row.line, f"expected {len(header)} columns, found {found} (the last line is cut off)")
        cells = [*row.cells, *[""] * (len(header) - found)]
        yield row, [] if found > len(header) else [cells[at].strip() if at is not None else "" for at in positions]


def _header(file: PublishedFile, row: Row, required: Sequence[str], optional: Sequence[str]) -> list[str]:
    header = [cell.strip().lower() for cell in row.cells]
    missing = [column for column in required if column not in header]
    unknown = [cell for cell in header if cell not in (*required, *optional)]
    if missing or unknown:
        parts = [f"missing: {', '.join(missing)}"] if missing else []
        parts += [f"unknown: {', '.join(map(repr, unknown))[:200]}"] if unknown else []
        expected = f"expected the columns {','.join((*required, *optional))}"
        raise file.fault(row.line, f"{expected}; {'; '.join(parts)}")
    if len(set(header)) < len(header):
        raise file.fault(row.line, "expected each column once")
    return header
