"""What a source of ownership gives: edges, what it knows of the parties, and a sentence for everything odd in it.

Promises: a holding whose share can't be read is kept with an unknown share. What is no holding at all (no owner, days
that can't be read) is left out, said with its place, and counted by its reason. Not for deciding who is captured.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from screener.lists.countries import code_of
from screener.lists.holdings.shares import UNKNOWN, Share, ShareReader, UnreadableShareError, plain, quoted
from screener.lists.reading import YEAR_MAX, YEAR_MIN, iso_day
from screener.model import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from screener.lists.holdings.options import SourceOptions
    from screener.lists.reading import PublishedFile
    from screener.owners import OwnershipEdge

EDGES_MAX = 10_000_000
"""Of a file: a cell of a matrix and an interest of a statement take two characters, and an edge half a kilobyte."""
PROBLEMS_MAX = 5_000
"""So many sentences are kept of a file; the last one says how many more there were."""
NAME_CHARS_MAX = 2_000
IDENTIFIER_CHARS_MAX = 200
IDENTIFIERS_MAX = 50
ROWS_BETWEEN_REPORTS = 10_000
SHARE_NOT_KNOWN = "the share is not known"

NO_PARTY = "without an owner or an owned company"
NO_NAME = "without an LEI or a name"
NO_DAY = "with days that can't be read"
TOO_MANY_CELLS = "with more cells than the header"
WRONG_SHAPE = "of a wrong shape"
UNKNOWN_RELATIONSHIP = "of an unknown kind of relationship"


class Party(NamedTuple):
    """What a source knows of the party that an identifier stands for: its names, the legal one first, and country."""

    names: tuple[str, ...]
    country: str


class Edges(NamedTuple):
    """The edges of a file, a sentence for each thing odd in it, the file, and identifier -> party.

    `left_out`: reason -> how many rows, statements, records or cells are left out for it, and `summary` says that in a
    sentence. `doubts`: sentences on why a snapshot should not be built from the file as it is.
    """

    edges: list[OwnershipEdge]
    problems: list[str]
    file: SourceFile
    parties: dict[str, Party]
    left_out: dict[str, int] = {}  # noqa: RUF012  never changed
    summary: str = ""
    doubts: tuple[str, ...] = ()

    def told(self) -> list[str]:
        """What an operator should hear about the file: each thing odd in it, then what is left out of it."""
        return [*self.problems, *filter(None, [self.summary])]


class NoEdgeError(Exception):
    """A row or record that is no edge; the message says what was expected.

    `reason` is what it is counted under as left out: "" where it is not, for it was read and tells of no holding in
    another company.
    """

    def __init__(self, says: str, reason: str = "") -> None:
        super().__init__(says)
        self.reason = reason


@dataclass(slots=True)
class Found:
    """What a reader has found in a file so far.

    `rows` counts rows or records as published, left out ones too; `cells` those of a matrix that hold something.
    """

    file: PublishedFile
    options: SourceOptions
    rows: int = 0
    cells: int = 0
    edges: list[OwnershipEdge] = field(default_factory=list)
    parties: dict[str, Party] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _reader: ShareReader = field(init=False)
    _untold: int = 0
    _shares: int = 0
    _is_above_one: bool = False

    def __post_init__(self) -> None:
        self._reader = ShareReader(self.options.rules, self.options.unit or "percent")

    def add_row(self) -> None:
        """Count a row, statement or record, whatever becomes of it."""
        self.rows += 1
        if not self.rows % ROWS_BETWEEN_REPORTS:
            self.options.progress.add_rows(ROWS_BETWEEN_REPORTS)

    def problem(self, place: int | str, says: str) -> None:
        """Note something odd at a line or at a place inside the file."""
        if len(self.problems) >= PROBLEMS_MAX:
            self._untold += 1
            return
        where = f"{self.file.path}:{place}" if isinstance(place, int) else f"{self.file.path}: {place}"
        self.problems.append(f"{where}: {says}")

    def leave_out(self, place: int | str, problem: NoEdgeError, what: str = "") -> None:
        """Note what is no edge ("row", "cell", ...), and count it where it should have been one."""
        self.problem(place, f"{problem}; the {what} is left out" if what else str(problem))
        if problem.reason:
            self.left_out[problem.reason] += 1

    def share(self, place: int | str, written: str) -> Share:
        """The share of a text; one that can't be read is unknown, and said."""
        try:
            read = self._reader.read(written)
        except UnreadableShareError as problem:
            self.problem(place, f"{problem}; {SHARE_NOT_KNOWN}")
            return UNKNOWN
        self.count_share(read.bare)
        return read.share

    def count_share(self, bare: Decimal | None) -> None:
        """Count a share that has no percent sign, by the highest number in it; None for any other."""
        if bare is not None:
            self._shares += 1
            self._is_above_one = self._is_above_one or bare > 1

    def end_reading(self) -> None:
        """Report the last rows, and free the text of the file, which may be large."""
        self.options.progress.add_rows(self.rows % ROWS_BETWEEN_REPORTS)
        self.file = self.file._replace(text="")

    def done(self, layout: str) -> Edges:
        """Return what was found; ListError where the file has no row at all."""
        if not self.rows:
            raise self.file.fault(None, "expected at least one row, found none")
        said = [f"{self.file.path}: {self._untold} more like these"] if self._untold else []
        source = SourceFile(self.file.path.name, self.file.sha256, layout, self.rows, self.file.edition)
        doubts = tuple(f"{self.file.path}: {doubt}" for doubt in self._doubts())
        summary = f"{self.file.path}: {self._left_out()}" if self.left_out else ""
        return Edges(self.edges, self.problems + said, source, self.parties, dict(self.left_out), summary, doubts)

    def _left_out(self) -> str:
        reasons = sorted(self.left_out.items(), key=lambda row: (-row[1], row[0]))
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons)
        verb = "is" if self.left_out.total() == 1 else "are"
        what = "cells" if self.cells else "rows"
        return f"{self.left_out.total():,} of {self.cells or self.rows:,} {what} {verb} left out: {told}"

    def _doubts(self) -> Iterator[str]:
        rules, rows = self.options.rules, self.cells or self.rows
        too_many = self.left_out.total() * 100 > rules.left_out_percent_max * rows
        if rows >= rules.left_out_rows_min and too_many and not self.options.accept_left_out:
            most = f"more than {rules.left_out_percent_max} percent"
            yield f"{self._left_out()}; that is {most}: mend the file, or say --accept-left-out"
        if self._shares >= max(1, rules.fractions_min) and not self._is_above_one and self.options.unit is None:
            yield (
                f"all {self._shares:,} shares are 1 or less: say --shares fraction where 0.5 is half of a company,"
                " or --shares percent where it is half a percent"
            )


# --- names, identifiers, days -----------------------------------------------------------------------------------------


def identifier(scheme: str, value: str) -> str:
    """Return SCHEME:VALUE in upper case, "" where either is missing or too long; an LEI has one scheme everywhere."""
    scheme, value = "".join(scheme.upper().split()), "".join(value.upper().split())
    if not scheme or not value or len(scheme) + len(value) > IDENTIFIER_CHARS_MAX:
        return ""
    return f"{'LEI' if scheme in LEI_SCHEMES else scheme}:{value}"


LEI_SCHEMES = frozenset({"LEI", "XI-LEI"})


def written_identifiers(written: str) -> tuple[str, ...]:
    """Return the identifiers of a cell, split by `;`: SCHEME:VALUE, or a list entry id, which has no scheme.

    ValueError where one is none, or where there are too many.
    """
    found: dict[str, None] = {}
    for part in filter(None, (part.strip() for part in written.split(";"))):
        scheme, colon, value = part.partition(":")
        one = identifier(scheme, value) if colon else part.upper()[:IDENTIFIER_CHARS_MAX]
        if not one:
            raise ValueError(f"expected identifiers such as LEI:5493001KJTIIGC8Y1R12, found {quoted(part)}")
        found[one] = None
    if len(found) > IDENTIFIERS_MAX:
        raise ValueError(f"expected at most {IDENTIFIERS_MAX} identifiers of a party")
    return tuple(found)


def country(written: str) -> str:
    """Return the code where there is one (of a state such as US-MA its country's), else what was written."""
    first = written.partition("-")[0]
    return code_of(written) or code_of(written.upper()) or (code_of(first) if len(first) == 2 else None) or written


def day(written: str) -> str | None:
    """Return the day of YYYY-MM-DD; NoEdgeError for anything else that is not empty."""
    found = iso_day(written)
    if written and found is None:
        raise NoEdgeError(f"expected a day as YYYY-MM-DD, found {quoted(written)}", NO_DAY)
    return found


def day_of_table(written: str, *, is_end: bool = False) -> str | None:
    """Return the day of a cell, None for no day; NoEdgeError where the day can't be read, or could be another one.

    Reads 2026-11-30, 2026/11/30, 2026.11.30, 20261130, each with a time of day behind it, and 30.11.2026, which is
    written with points only where the day comes first. A year after the last plausible one (9999) never comes, and a
    holding from before the first plausible one has always been.
    """
    text = plain(written)
    found = _YEAR_FIRST.fullmatch(text)
    year, month, at = found.group("year", "month", "day") if found else ("", "", "")
    if not found and (found := _DAY_FIRST.fullmatch(text)):
        at, month, year = found.groups()
    if not found:
        return day(text)
    if (is_end and int(year) > YEAR_MAX) or (not is_end and int(year) < YEAR_MIN):
        return None
    iso = iso_day(f"{year}-{month:0>2}-{at:0>2}")
    if iso is None:
        raise NoEdgeError(f"expected a day as YYYY-MM-DD, found {quoted(written)}", NO_DAY)
    return iso


_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[-/.]?)(?P<month>[0-9]{2}|(?<=[-/.])[0-9])(?P=mark)(?P<day>[0-9]{2}|(?<=[-/.])[0-9])"
    r"(?:[t ][0-9:.+z -]{0,40})?"
)
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")


def same_party(first: str, second: str, first_ids: tuple[str, ...] = (), second_ids: tuple[str, ...] = ()) -> bool:
    """Whether two parties are one: by a shared identifier, else by their names, where neither has identifiers."""
    if first_ids and second_ids:
        return not set(first_ids).isdisjoint(second_ids)
    return first.casefold().split() == second.casefold().split()
