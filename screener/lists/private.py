"""Private lists as CSV: a company's deny list, is-informed letters, lists of other countries.

Promises: a row on EL, MEU or SDN is an entry of that list like a published one; a row that can't be read refuses the
file with its line, because a letter left out would clear an order. Of a confidential row neither the reference nor an
id made from it alone leaves this module: its id is a hash, and its citation is empty.
Not for published lists (`read_lists` recognizes those).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from screener.lists.countries import code_of
from screener.lists.entries import hashed_id, source_list
from screener.lists.names import clean, union
from screener.lists.reading import iso_day, open_published
from screener.lists.table import table_rows
from screener.model import Alias, Kind, ListEntry
from screener.owners import AFFILIATE_LIST, OWNED_LIST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from screener.lists.reading import PublishedFile
    from screener.model import SourceList

LAYOUT = "private"
REQUIRED = ("name", "list")
OPTIONAL = (
    "aliases",
    "kind",
    "country",
    "address",
    "license_requirement",
    "license_review_policy",
    "effective_from",
    "effective_to",
    "reference",
    "confidential",
)
LIST_CHARS_MAX = 100
LISTS_MAX = 200
"""So many lists a file: their codes are labels of metrics, and stand in every announcement."""
RESERVED_LISTS = frozenset({AFFILIATE_LIST, OWNED_LIST})
PUBLISHED_LISTS = frozenset({"EL", "MEU", "SDN"})

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


class _Cells(NamedTuple):
    """One row in the order of the contract, and its line."""

    line: int
    name: str
    list: str
    aliases: str
    kind: str
    country: str
    address: str
    license_requirement: str
    license_review_policy: str
    effective_from: str
    effective_to: str
    reference: str
    confidential: str


def read_private(path: Path) -> SourceList:
    """Read a private list; `SourceFile.name` and `rows_by_list` follow the file, entries follow its rows."""
    file = open_published(path)
    written = list(_written(file))
    references = Counter((cells.list, cells.reference) for cells in written)
    repeated = {reference for reference, count in references.items() if count > 1}
    return source_list(file, LAYOUT, (_entry(file, cells, repeated) for cells in written))


def _written(file: PublishedFile) -> Iterator[_Cells]:
    lists: set[str] = set()
    for row, cells in table_rows(file, REQUIRED, OPTIONAL):
        if not cells:
            raise file.fault(row.line, f"expected no more columns than the header has, found {len(row.cells)}")
        written = _Cells(row.line, *cells)
        code = _list_code(file, row.line, written.list)
        lists.add(code)
        if len(lists) > LISTS_MAX:
            raise file.fault(row.line, f"expected at most {LISTS_MAX} lists in a file")
        yield written._replace(list=code)


def _list_code(file: PublishedFile, line: int, written: str) -> str:
    if written in RESERVED_LISTS:
        raise file.fault(line, f"expected the code of a list, found {written!r}, which is reserved")
    if len(written) > LIST_CHARS_MAX or not written.isprintable():
        raise file.fault(line, f"expected the code of a list: at most {LIST_CHARS_MAX} characters that can be printed")
    return written.upper() if written.upper() in PUBLISHED_LISTS else written


def _entry(file: PublishedFile, cells: _Cells, repeated: set[tuple[str, str]]) -> ListEntry:
    if not any(map(str.isalnum, cells.name)):
        raise file.fault(cells.line, "expected a name")
    if not cells.list:
        raise file.fault(cells.line, "expected the code of a list, such as EL or DENY")
    confidential = _truth(file, cells)
    effective_from, effective_to = _effective(file, cells)
    return ListEntry(
        list=cells.list,
        entry_id=_entry_id(cells, hidden=confidential or (cells.list, cells.reference) in repeated),
        aliases=_aliases(cells),
        kind=_kind(file, cells),
        addresses=(cells.address,) if cells.address else (),
        countries=_countries(file, cells),
        license_requirement=cells.license_requirement,
        license_review_policy=cells.license_review_policy,
        citation="" if confidential else cells.reference,
        effective_from=effective_from,
        effective_to=effective_to,
        confidential=confidential,
    )


def _entry_id(cells: _Cells, *, hidden: bool) -> str:
    if cells.reference and not hidden:
        return cells.reference
    return hashed_id(cells.list, cells.name, cells.address, cells.reference)


def _aliases(cells: _Cells) -> tuple[Alias, ...]:
    others = (clean(part) for part in cells.aliases.split(";"))
    return union([Alias(clean(cells.name), primary=True), *(Alias(name) for name in others if name)])


def _kind(file: PublishedFile, cells: _Cells) -> Kind:
    kind = cells.kind.lower()
    if kind not in get_args(Kind):
        raise file.fault(cells.line, f"expected the kind organization, person, vessel or aircraft, found {kind[:40]!r}")
    return cast("Kind", kind)


def _countries(file: PublishedFile, cells: _Cells) -> tuple[str, ...]:
    countries: dict[str, None] = {}
    for part in filter(None, map(str.strip, cells.country.split(";"))):
        code = code_of(part) or code_of(part.upper())
        if code is None:
            raise file.fault(cells.line, f"expected a country's two-letter code, found {part[:40]!r}")
        countries[code] = None
    return tuple(countries)


def _effective(file: PublishedFile, cells: _Cells) -> tuple[str | None, str | None]:
    days = [iso_day(day) for day in (cells.effective_from, cells.effective_to)]
    for day, written in zip(days, (cells.effective_from, cells.effective_to), strict=True):
        if written and day is None:
            raise file.fault(cells.line, f"expected a day as YYYY-MM-DD, found {written[:40]!r}")
    first, end = days
    if first is not None and end is not None and end <= first:
        raise file.fault(cells.line, f"expected effective_to after effective_from, found {end} and {first}")
    return first, end


def _truth(file: PublishedFile, cells: _Cells) -> bool:
    truth = _TRUTHS.get(cells.confidential.lower())
    if truth is None:
        raise file.fault(cells.line, f"expected confidential as true or false, found {cells.confidential[:40]!r}")
    return truth
