"""Holdings taken from Schedules 13D of the SEC, one a filing: who by CIK, how many percent of a company by CIK.

A Schedule 13D states beneficial ownership, so the kind is `beneficial`. The members of a group file the same percent:
rows of one company with the same percent, filed in the same year, are one joint holding, and each such reading is
said. A row in which the company files for an owner it does not name says that it owns itself; it is left out and said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from screener.lists.holdings.edges import NO_PARTY, TOO_MANY_CELLS, WRONG_SHAPE, NoEdgeError
from screener.lists.table import table_rows
from screener.owners import OwnershipEdge

if TYPE_CHECKING:
    from screener.lists.holdings.edges import Found

LAYOUT = "ownership-13d"
COLUMNS = ("accession_number", "company_cik", "owner_key", "percent_of_class")
OTHERS = ("control_class", "pct_verified", "pct_source")
SOURCE = "SEC Schedule 13D"

_CIK = re.compile(r"[0-9]{1,10}")
_ACCESSION = re.compile(r"[0-9]{10}-([0-9]{2})-[0-9]{6}")


def is_schedule_13d(header: list[str]) -> bool:
    """Whether a header is that of such a table."""
    return set(COLUMNS) <= {cell.strip().lower() for cell in header}


def read_schedule_13d(found: Found) -> None:
    """Read the edges of a table of Schedules 13D."""
    years: list[str] = []
    for row, cells in table_rows(found.file, COLUMNS, OTHERS, found.options.rows_limit):
        found.add_row()
        try:
            edge, year = _edge(found, cells, row.line)
        except NoEdgeError as problem:
            found.leave_out(row.line, problem, "row")
            continue
        found.edges.append(edge)
        years.append(year)
    _join_groups(found, years)


def _edge(found: Found, cells: list[str], line: int) -> tuple[OwnershipEdge, str]:
    if not cells:
        raise NoEdgeError("expected no more columns than the header has", TOO_MANY_CELLS)
    accession, company, owner, share, *_ = cells
    filed = _ACCESSION.fullmatch(accession)
    if filed is None:
        expected = f"expected an accession number such as 0001026608-15-000014, found {accession[:40]!r}"
        raise NoEdgeError(expected, WRONG_SHAPE)
    if not _CIK.fullmatch(company) or not _CIK.fullmatch(owner):
        expected = f"expected two CIKs of up to ten digits, found {company[:40]!r} and {owner[:40]!r}"
        raise NoEdgeError(expected, NO_PARTY)
    owned_id, owner_id = f"CIK:{company.zfill(10)}", f"CIK:{owner.zfill(10)}"
    if owner_id == owned_id:
        raise NoEdgeError(f"expected two parties, found that {owner_id!r} owns itself")
    low, high = found.share(line, share)
    edge = OwnershipEdge(
        owner=owner_id,
        owned=owned_id,
        low=low,
        high=high,
        source=SOURCE,
        kind="beneficial",
        note=accession,
        file=found.file.path.name,
        line=line,
        owner_ids=(owner_id,),
        owned_ids=(owned_id,),
    )
    return edge, filed[1]


def _join_groups(found: Found, years: list[str]) -> None:
    groups: dict[tuple[object, ...], list[int]] = {}
    for at, (edge, year) in enumerate(zip(found.edges, years, strict=True)):
        if edge.low:
            groups.setdefault((edge.owned, edge.low, edge.high, year), []).append(at)
    for group in groups.values():
        if len({found.edges[one].owner for one in group}) > 1:
            lines = [found.edges[one].line for one in group]
            named = ", ".join(map(str, lines))
            for one in group:
                found.edges[one] = found.edges[one]._replace(joint=f"group of line {lines[0]}")
            found.problem(lines[0], f"lines {named[:200]} state one percent of one company: read as one joint holding")
