"""What a source of ownership gives: edges, what it knows of the parties, and a sentence for everything odd in it.

Promises: a share is what was written (a `Decimal`, a band, or unknown), never a float; a share with more decimals than
`SHARE_PLACES` becomes the narrow band around it. Not for deciding who is captured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, NamedTuple

from screener.lists.countries import code_of
from screener.lists.reading import iso_day
from screener.model import SourceFile

if TYPE_CHECKING:
    from screener.lists.reading import PublishedFile
    from screener.owners import OwnershipEdge

SHARE_MAX = Decimal(100)
SHARE_PLACES = Decimal("0.000000001")
EDGES_MAX = 10_000_000
"""Of a file: a cell of a matrix and an interest of a statement take two characters, and an edge half a kilobyte."""
PROBLEMS_MAX = 5_000
"""So many sentences are kept of a file; the last one says how many more there were."""
QUOTED_CHARS_MAX = 40
NAME_CHARS_MAX = 2_000
IDENTIFIER_CHARS_MAX = 200
IDENTIFIERS_MAX = 50

Share = tuple[Decimal | None, Decimal | None]
UNKNOWN: Share = (None, None)


class Party(NamedTuple):
    """What a source knows of the party that an identifier stands for: its names, the legal one first, and country."""

    names: tuple[str, ...]
    country: str


class Edges(NamedTuple):
    """The edges of a file, a sentence for each thing odd in it, the file, and identifier -> party."""

    edges: list[OwnershipEdge]
    problems: list[str]
    file: SourceFile
    parties: dict[str, Party]


class NoEdgeError(Exception):
    """A row or record that is no edge; the message says what was expected."""


@dataclass(slots=True)
class Found:
    """What a reader has found in a file so far. `rows` counts rows or records as published, left out ones too."""

    file: PublishedFile
    rows: int = 0
    edges: list[OwnershipEdge] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _untold: int = 0

    def problem(self, place: int | str, says: str) -> None:
        """Note something odd at a line or at a place inside the file."""
        if len(self.problems) >= PROBLEMS_MAX:
            self._untold += 1
            return
        where = f"{self.file.path}:{place}" if isinstance(place, int) else f"{self.file.path}: {place}"
        self.problems.append(f"{where}: {says}")

    def done(self, layout: str) -> Edges:
        """Return what was found; ListError where the file has no row at all."""
        if not self.rows:
            raise self.file.fault(None, "expected at least one row, found none")
        said = [f"{self.file.path}: {self._untold} more like these"] if self._untold else []
        source = SourceFile(self.file.path.name, self.file.sha256, layout, self.rows, self.file.edition)
        return Edges(self.edges, self.problems + said, source, self.parties)


# --- shares -----------------------------------------------------------------------------------------------------------


def band(low: Decimal, high: Decimal) -> Share:
    """Return a share from 0 to 100 in whole billionths of a percent; NoEdgeError where it is none."""
    if not (low.is_finite() and high.is_finite() and 0 <= low <= high <= SHARE_MAX):
        raise NoEdgeError(f"expected a share from 0 to 100, the lower end of a band first, found {_band(low, high)}")
    return low_end(low), _rounded(high, ROUND_CEILING)


def low_end(low: Decimal) -> Decimal:
    """The lower end of a share, never above what was stated."""
    return _rounded(low, ROUND_FLOOR)


def _rounded(share: Decimal, rounding: str) -> Decimal:
    exponent = share.as_tuple().exponent
    if isinstance(exponent, int) and SHARE_PLACES.as_tuple().exponent <= exponent <= 2:  # type: ignore[operator]
        return share
    return share.quantize(SHARE_PLACES, rounding=rounding)


def _band(low: Decimal, high: Decimal) -> str:
    written = str(low) if low == high else f"{low} to {high}"
    return quoted(written)


# --- names, identifiers, days -----------------------------------------------------------------------------------------


def quoted(written: str) -> str:
    """The beginning of what was written, in quotes."""
    return repr(written[:QUOTED_CHARS_MAX])


def identifier(scheme: str, value: str) -> str:
    """Return SCHEME:VALUE in upper case, "" where either is missing or too long; an LEI has one scheme everywhere."""
    scheme, value = "".join(scheme.upper().split()), "".join(value.upper().split())
    if not scheme or not value or len(scheme) + len(value) > IDENTIFIER_CHARS_MAX:
        return ""
    return f"{'LEI' if scheme in LEI_SCHEMES else scheme}:{value}"


LEI_SCHEMES = frozenset({"LEI", "XI-LEI"})


def written_identifiers(written: str) -> tuple[str, ...]:
    """Return the identifiers of a cell, split by `;`: SCHEME:VALUE, or a list entry id, which has no scheme."""
    found: dict[str, None] = {}
    for part in filter(None, (part.strip() for part in written.split(";"))):
        scheme, colon, value = part.partition(":")
        one = identifier(scheme, value) if colon else part.upper()[:IDENTIFIER_CHARS_MAX]
        if not one:
            raise NoEdgeError(f"expected identifiers such as LEI:5493001KJTIIGC8Y1R12, found {quoted(part)}")
        found[one] = None
    if len(found) > IDENTIFIERS_MAX:
        raise NoEdgeError(f"expected at most {IDENTIFIERS_MAX} identifiers of a party")
    return tuple(found)


def country(written: str) -> str:
    """Return the code where there is one (of a state such as US-MA its country's), else what was written."""
    first = written.partition("-")[0]
    return code_of(written) or code_of(written.upper()) or (code_of(first) if len(first) == 2 else None) or written


def day(written: str) -> str | None:
    """Return the day of YYYY-MM-DD; NoEdgeError for anything else that is not empty."""
    found = iso_day(written)
    if written and found is None:
        raise NoEdgeError(f"expected a day as YYYY-MM-DD, found {quoted(written)}")
    return found


def same_party(first: str, second: str, first_ids: tuple[str, ...] = (), second_ids: tuple[str, ...] = ()) -> bool:
    """Whether two parties are one: by a shared identifier, else by their names, where neither has identifiers."""
    if first_ids and second_ids:
        return not set(first_ids).isdisjoint(second_ids)
    return first.casefold().split() == second.casefold().split()
