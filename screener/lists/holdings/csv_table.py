"""Ownership as the product's own CSV: who owns how much of whom, one holding a row.

Promises: a share or a kind that can't be read is an unknown share, and the holding stays. A row without an owner or an
owned company, or with days that can't be read, is left out, said with its place (`file:line: ...`) and counted. What is
odd never stops the rows behind it. A file that can't be read whole is a `ListError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from screener.lists.holdings.edges import (
    NO_PARTY,
    SHARE_NOT_KNOWN,
    TOO_MANY_CELLS,
    NoEdgeError,
    country,
    day_of_table,
    same_party,
    written_identifiers,
)
from screener.lists.holdings.shares import UNKNOWN, quoted
from screener.lists.table import table_rows
from screener.owners import EdgeKind, OwnershipEdge

if TYPE_CHECKING:
    from screener.lists.holdings.edges import Found
    from screener.lists.holdings.shares import Share

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


def read_table(found: Found) -> None:
    """Read the edges of an ownership CSV."""
    for row, cells in table_rows(found.file, REQUIRED, OPTIONAL, found.options.rows_limit):
        found.add_row()
        try:
            found.edges.append(_edge(found, cells, row.line))
        except NoEdgeError as problem:
            found.leave_out(row.line, problem, "row")


def _edge(found: Found, written: list[str], line: int) -> OwnershipEdge:
    if not written:
        expected = (
            "expected no more columns than the header has (a comma in a name needs quotes around it, as in a share)"
        )
        raise NoEdgeError(expected, TOO_MANY_CELLS)
    cells = _Cells(*written)
    owner_ids, owned_ids = (_identifiers(found, line, text) for text in (cells.owner_id, cells.owned_id))
    owner, owned = cells.owner or _first(owner_ids), cells.owned or _first(owned_ids)
    if not owner or not owned:
        raise NoEdgeError("expected an owner and an owned", NO_PARTY)
    if same_party(owner, owned, owner_ids, owned_ids):
        raise NoEdgeError(f"expected two parties, found that {owner[:80]!r} owns itself")
    effective_from, effective_to = _effective(found, line, cells)
    kind, (low, high) = _holding(found, line, cells)
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
        kind=kind,
        share_class=cells.share_class,
        note=cells.note,
        file=found.file.path.name,
        line=line,
        owner_ids=owner_ids,
        owned_ids=owned_ids,
        joint=cells.joint,
    )


def _identifiers(found: Found, line: int, written: str) -> tuple[str, ...]:
    """The identifiers of a cell; where one is none, none of them is believed, and the name decides."""
    try:
        return written_identifiers(written)
    except ValueError as problem:
        found.problem(line, f"{problem}; the identifiers are not used")
        return ()


def _first(identifiers: tuple[str, ...]) -> str:
    return identifiers[0] if identifiers else ""


def _holding(found: Found, line: int, cells: _Cells) -> tuple[EdgeKind, Share]:
    """The kind and the share of a holding; of a kind that nobody knows the share is not believed."""
    kind = cells.kind.lower() or "equity"
    share = found.share(line, cells.share)
    if kind in KINDS:
        return kind, share
    found.problem(line, f"expected the kind {', '.join(KINDS)}, found {quoted(cells.kind)}; {SHARE_NOT_KNOWN}")
    return "equity", UNKNOWN


def _effective(found: Found, line: int, cells: _Cells) -> tuple[str | None, str | None]:
    """From when to when a holding is held; days that contradict each other are not believed, and the holding stays."""
    first, end = day_of_table(cells.effective_from), day_of_table(cells.effective_to, is_end=True)
    if first is not None and end is not None and end <= first:
        expected = f"expected effective_to after effective_from, found {end} and {first}"
        found.problem(line, f"{expected}; neither is believed")
        return None, None
    return first, end
