"""Authorizations that a company holds, as CSV -> those of the snapshot.

A row is a license (cited by its number in orders, drawn down to its value) or a validated end user; which of the two
its authority says (`licenses.toml`). Parties are `Name|CC` or `Name|CC|address`, several of anything are parted by ";".
Promises: a row that lacks what bounds it (parties, items, destinations, days, a license's value) refuses the file with
its line, so that nothing ever covers more than it says. Whether an order is within one is decided in
`core/licenses.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from screener.authorizations import Authorization, NamedParty, units
from screener.core.fold import bare, glue
from screener.lists.countries import code_of
from screener.lists.reading import iso_day, open_published
from screener.lists.table import table_rows
from screener.model import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from screener.protocols import Fold

LAYOUT = "licenses"
REQUIRED = (
    *("number", "authority", "parties", "items", "destinations", "value", "currency"),
    *("effective_from", "effective_to"),
)
OPTIONAL = ("models", "reference")
ROWS_MAX = 100_000
NUMBER_CHARS_MAX = 100
PARTS_MAX = 10_000
_ITEM = re.compile(r"EAR99|[0-9][A-E][0-9]{3}(\.[A-Z0-9]{1,8})*")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Held(NamedTuple):
    """The authorizations of a file with its facts."""

    file: SourceFile
    rows: list[Authorization]


class _Cells(NamedTuple):
    """One row as written, in the order of the columns above."""

    number: str
    authority: str
    parties: str
    items: str
    destinations: str
    value: str
    currency: str
    effective_from: str
    effective_to: str
    models: str
    reference: str


def read_licenses(path: Path, authorities: Mapping[str, str], fold: Fold) -> Held:
    """Read a file of authorizations; ListError naming file and line for a row that is not whole."""
    file = open_published(path)
    rows: list[Authorization] = []
    for row, cells in table_rows(file, REQUIRED, OPTIONAL):

        def expect(holds: object, expected: str, line: int = row.line) -> None:
            if not holds:
                raise file.fault(line, f"expected {expected}")

        expect(cells, f"no more columns than the header has, found {len(row.cells)}")
        expect(len(rows) < ROWS_MAX, f"at most {ROWS_MAX} rows")
        rows.append(_authorization(_Cells(*cells), authorities, fold, expect))
    return Held(SourceFile(path.name, file.sha256, LAYOUT, len(rows), file.edition), rows)


def by_number(held: Sequence[Held]) -> dict[str, Authorization]:
    """All authorizations by number; ValueError where two have the same."""
    found: dict[str, Authorization] = {}
    for row in (row for one in held for row in one.rows):
        if row.number in found:
            raise ValueError(f"license {row.number!r} stands twice")
        found[row.number] = row
    return found


def _authorization(
    cells: _Cells, authorities: Mapping[str, str], fold: Fold, expect: Callable[[object, str], None]
) -> Authorization:
    number = cells.number
    expect(number and len(number) <= NUMBER_CHARS_MAX, f"a number of 1 to {NUMBER_CHARS_MAX} characters")
    expect(number.isprintable(), "a number of printable characters")
    authority = cells.authority.upper()
    expect(authority in authorities, f"an authority of licenses.toml, {', '.join(authorities)}")
    begin, end = iso_day(cells.effective_from), iso_day(cells.effective_to)
    expect(begin and end and begin < end, "effective_from and effective_to as YYYY-MM-DD, the one before the other")
    is_license = authorities[authority] == "license"
    limit = units(cells.value) if is_license else 0
    currency = cells.currency.upper()
    expect(
        limit is not None and (limit > 0 or not is_license),
        f"a value above 0 such as 250000.00, not {cells.value!r:.40}",
    )
    expect(is_license or not (cells.value or currency), "no value and no currency: a validated end user draws nothing")
    expect(not is_license or _CURRENCY.fullmatch(currency), f"a currency such as USD, found {cells.currency!r:.20}")
    items = tuple("".join(part.upper().split()) for part in _parts(cells.items))
    expect(
        items and all(map(_ITEM.fullmatch, items)), f"items as ECCNs such as 3A090.a; EAR99, found {cells.items!r:.60}"
    )
    destinations = tuple(code_of(part.upper()) or "" for part in _parts(cells.destinations))
    expect(destinations and all(destinations), f"destinations as two-letter codes, found {cells.destinations!r:.60}")
    parties = tuple(_party(part, fold, expect) for part in _parts(cells.parties))
    expect(0 < len(parties) <= PARTS_MAX, f"1 to {PARTS_MAX} parties as Name|CC or Name|CC|address")
    models = tuple(bare(part) for part in _parts(cells.models))
    expect(all(models), "models with letters or digits")
    return Authorization(
        "license" if is_license else "veu",
        *(number, authority, parties, items, models, destinations, limit or 0, currency, begin or "", end or ""),
    )


def _party(written: str, fold: Fold, expect: Callable[[object, str], None]) -> NamedParty:
    name, _, rest = written.partition("|")
    country, _, address = rest.partition("|")
    glued, code = glue(fold(name)), code_of(country.strip().upper())
    expect(glued, f"a party's name with letters or digits, found {written!r:.60}")
    expect(code, f"a party's country, as Name|CC, found {written!r:.60}")
    return NamedParty(glued, code or "", fold(address))


def _parts(cell: str) -> Iterator[str]:
    return (part.strip() for part in cell.split(";") if part.strip())
