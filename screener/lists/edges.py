"""Ownership as CSV: who owns how much of whom, as exact shares, each with its file and line.

Promises: a share is what was written (a `Decimal`, a band, or unknown), never a float. A row that is no edge becomes a
problem, `file:line: ...`, and the rest loads: the graph shows its gaps, and a party it does not know never reads as
"not owned". A file that can't be read whole is a `ListError`. Not for deciding who is captured.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, get_args

from screener.lists.countries import code_of
from screener.lists.reading import iso_day, open_published
from screener.lists.table import table_rows
from screener.model import EdgeKind, OwnershipEdge, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

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
)
KINDS: tuple[EdgeKind, ...] = get_args(EdgeKind)
SHARE_MAX = Decimal(100)

_PERCENT = r"([0-9]{1,3}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s{0,4}%?"
_SHARE = re.compile(rf"{_PERCENT}(?:\s{{0,4}}[-\u2013]\s{{0,4}}{_PERCENT})?")  # a hyphen or an en dash makes a band


class Edges(NamedTuple):
    """The edges of a file, a sentence for each row left out, and the file."""

    edges: list[OwnershipEdge]
    problems: list[str]
    file: SourceFile


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


class _NoEdgeError(Exception):
    """A row that is no edge; the message says what was expected."""


def read_edges(path: Path) -> Edges:
    """Read the edges of an ownership CSV; `SourceFile.rows` counts all its rows, with those left out."""
    file = open_published(path)
    edges: list[OwnershipEdge] = []
    problems: list[str] = []
    for row, cells in table_rows(file, REQUIRED, OPTIONAL):
        try:
            edges.append(_edge(cells, path.name, row.line))
        except _NoEdgeError as problem:
            problems.append(f"{path}:{row.line}: {problem}")
    rows_total = len(edges) + len(problems)
    if not rows_total:
        raise file.fault(None, "expected at least one row, found none")
    return Edges(edges, problems, SourceFile(path.name, file.sha256, LAYOUT, rows_total, file.edition))


def _edge(written: list[str], file: str, line: int) -> OwnershipEdge:
    if not written:
        raise _NoEdgeError("expected no more columns than the header has (a comma in a name needs quotes around it)")
    cells = _Cells(*written)
    _check_parties(cells)
    low, high = _share(cells.share)
    effective_from, effective_to = _effective(cells)
    return OwnershipEdge(
        owner=cells.owner,
        owned=cells.owned,
        low=low,
        high=high,
        owner_country=_country(cells.owner_country),
        owned_country=_country(cells.owned_country),
        effective_from=effective_from,
        effective_to=effective_to,
        source=cells.source,
        kind=_kind(cells.kind),
        share_class=cells.share_class,
        note=cells.note,
        file=file,
        line=line,
    )


def _check_parties(cells: _Cells) -> None:
    if not cells.owner or not cells.owned:
        raise _NoEdgeError("expected an owner and an owned")
    if _same_name(cells.owner, cells.owned):
        raise _NoEdgeError(f"expected two parties, found that {cells.owner[:80]!r} owns itself")


def _same_name(first: str, second: str) -> bool:
    return first.casefold().split() == second.casefold().split()


def _share(written: str) -> tuple[Decimal | None, Decimal | None]:
    if not written:
        return None, None
    match = _SHARE.fullmatch(written)
    if match is None:
        expected = "expected a share as a percent such as 50 or 49.9, a band such as 25-50, or nothing"
        raise _NoEdgeError(f"{expected}, found {written[:40]!r}")
    low = Decimal(match[1])
    high = low if match[2] is None else Decimal(match[2])
    if high > SHARE_MAX or low > high:
        raise _NoEdgeError(f"expected a share from 0 to 100, the lower end of a band first, found {written[:40]!r}")
    return low, high


def _effective(cells: _Cells) -> tuple[str | None, str | None]:
    first, end = _day(cells.effective_from), _day(cells.effective_to)
    if first is not None and end is not None and end <= first:
        raise _NoEdgeError(f"expected effective_to after effective_from, found {end} and {first}")
    return first, end


def _day(written: str) -> str | None:
    day = iso_day(written)
    if written and day is None:
        raise _NoEdgeError(f"expected a day as YYYY-MM-DD, found {written[:40]!r}")
    return day


def _kind(written: str) -> EdgeKind:
    kind = written.lower() or "equity"
    if kind not in KINDS:
        raise _NoEdgeError(f"expected the kind {', '.join(KINDS)}, found {written[:40]!r}")
    return kind


def _country(written: str) -> str:
    """Return the code where there is one, else what was written: an edge counts whatever its country."""
    return code_of(written) or code_of(written.upper()) or written
