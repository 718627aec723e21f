"""Ownership as the product's own CSV: who owns how much of whom, one holding a row.

Promises: a row that is no edge becomes a problem, `file:line: ...`, and the rest loads: the graph shows its gaps, and a
party it does not know never reads as "not owned". A file that can't be read whole is a `ListError`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, get_args

from screener.lists.holdings.edges import (
    UNKNOWN,
    Found,
    NoEdgeError,
    Share,
    band,
    country,
    day,
    quoted,
    same_party,
    written_identifiers,
)
from screener.lists.table import table_rows
from screener.owners import EdgeKind, OwnershipEdge

if TYPE_CHECKING:
    from screener.lists.reading import PublishedFile

LAYOUT = "ownership"
REQUIRED = ("owner", "owned", "share")
OPTIONAL = (
    "owner_country",
    "owned_country",
    "effective_from",
    "effective_to",
    "source",
    "kind",
    "class",
    "note",
    "owner_id",
    "owned_id",
    "joint",
)
KINDS: tuple[EdgeKind, ...] = get_args(EdgeKind)

_PERCENT = r"([0-9]{1,3}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s{0,4}%?"
_SHARE = re.compile(rf"{_PERCENT}(?:\s{{0,4}}[-\u2013]\s{{0,4}}{_PERCENT})?")  # a hyphen or an en dash makes a band


class _Cells(NamedTuple):
    owner: str
    owned: str
    share: str
    owner_country: str
    owned_country: str
    effective_from: str
    effective_to: str
    source: str
    kind: str
    share_class: str
    note: str
    owner_id: str
    owned_id: str
    joint: str


def read_table(file: PublishedFile) -> Found:
    """Read the edges of an ownership CSV."""
    found = Found(file)
    for row, cells in table_rows(file, REQUIRED, OPTIONAL):
        found.rows += 1
        try:
            found.edges.append(_edge(cells, file.path.name, row.line))
        except NoEdgeError as problem:
            found.problem(row.line, str(problem))
    return found


def _edge(written: list[str], file: str, line: int) -> OwnershipEdge:
    if not written:
        raise NoEdgeError("expected no more columns than the header has (a comma in a name needs quotes around it)")
    cells = _Cells(*written)
    owner_ids, owned_ids = written_identifiers(cells.owner_id), written_identifiers(cells.owned_id)
    owner, owned = cells.owner or _first(owner_ids), cells.owned or _first(owned_ids)
    if not owner or not owned:
        raise NoEdgeError("expected an owner and an owned")
    if same_party(owner, owned, owner_ids, owned_ids):
        raise NoEdgeError(f"expected two parties, found that {owner[:80]!r} owns itself")
    low, high = percent(cells.share)
    effective_from, effective_to = _effective(cells)
    return OwnershipEdge(
        owner=owner,
        owned=owned,
        low=low,
        high=high,
        owner_country=country(cells.owner_country),
        owned_country=country(cells.owned_country),
        effective_from=effective_from,
        effective_to=effective_to,
        source=cells.source,
        kind=_kind(cells.kind),
        share_class=cells.share_class,
        note=cells.note,
        file=file,
        line=line,
        owner_ids=owner_ids,
        owned_ids=owned_ids,
        joint=cells.joint,
    )


def _first(identifiers: tuple[str, ...]) -> str:
    return identifiers[0] if identifiers else ""


def percent(written: str) -> Share:
    """Return the share of a cell: 50, 49.9 %, the band 25-50, or nothing for unknown; else NoEdgeError."""
    if not written:
        return UNKNOWN
    match = _SHARE.fullmatch(written)
    if match is None:
        expected = "expected a share as a percent such as 50 or 49.9, a band such as 25-50, or nothing"
        raise NoEdgeError(f"{expected}, found {quoted(written)}")
    low = Decimal(match[1])
    return band(low, low if match[2] is None else Decimal(match[2]))


def _effective(cells: _Cells) -> tuple[str | None, str | None]:
    first, end = day(cells.effective_from), day(cells.effective_to)
    if first is not None and end is not None and end <= first:
        raise NoEdgeError(f"expected effective_to after effective_from, found {end} and {first}")
    return first, end


def _kind(written: str) -> EdgeKind:
    kind = written.lower() or "equity"
    if kind not in KINDS:
        raise NoEdgeError(f"expected the kind {', '.join(KINDS)}, found {quoted(written)}")
    return kind
