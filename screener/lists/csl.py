"""The Consolidated Screening List as its publisher's `consolidated.csv`: 28 columns (2019) and 29 (2022 to 2026).

Promises: the layout is recognized by its exact header; every row becomes an entry of the list named by the code in
its `source` ("Entity List (EL) - ..." is EL), whatever lists the publisher adds; no name of a row is lost. The Entity
and MEU Lists give no type, so `kind` stays empty there: it is never guessed.
A file cut exactly between two rows can't be told from a shorter list here; it shows as a drop in `rows_by_list`
against the snapshot before. Not for judging what an entry means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from screener.lists.countries import codes_in
from screener.lists.entries import hashed_id, source_list
from screener.lists.names import aliases_of, clean, split_names
from screener.lists.reading import check_columns, iso_day, rows
from screener.model import ListEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.lists.reading import PublishedFile, Row
    from screener.model import Kind, SourceList

LAYOUT = "csl"
_COLUMNS = """
source entity_number type programs name title addresses federal_register_notice start_date end_date
standard_order license_requirement license_policy call_sign vessel_type gross_tonnage gross_registered_tonnage
vessel_flag vessel_owner remarks source_list_url alt_names citizenships dates_of_birth nationalities
places_of_birth source_information_url ids
"""
COLUMNS_2019 = tuple(_COLUMNS.split())
COLUMNS_2022 = ("_id", *COLUMNS_2019)

_LIST_CODE = re.compile(r"\(([A-Z][A-Z-]{0,20}[A-Z])(?: List)?\)")
_KINDS: dict[str, Kind] = {
    "Individual": "person",
    "Entity": "organization",
    "Vessel": "vessel",
    "Aircraft": "aircraft",
    "": "",
}


def read_csl(file: PublishedFile) -> SourceList:
    """Read a `consolidated.csv` of any known year."""
    return source_list(file, LAYOUT, _entries(file))


def _entries(file: PublishedFile) -> Iterator[ListEntry]:
    published = rows(file)
    columns = _columns(file, next(published))
    for row in published:
        check_columns(file, row, len(columns))
        _check_last_cell(file, row)
        yield _entry(file, row.line, dict(zip(columns, row.cells, strict=True)))


def _columns(file: PublishedFile, header: Row) -> tuple[str, ...]:
    found = tuple(header.cells)
    if found in (COLUMNS_2019, COLUMNS_2022):
        return found
    missing = [column for column in COLUMNS_2019 if column not in found]
    unknown = [column for column in found if column not in COLUMNS_2022]
    expected = "expected the columns of the Consolidated Screening List of 2019 (28) or 2022 to 2026 (29)"
    if missing or unknown:
        raise file.fault(header.line, f"{expected}; missing: {_listed(missing)}; unknown: {_listed(unknown)}")
    raise file.fault(header.line, f"{expected}, once each and in the published order")


def _listed(columns: list[str]) -> str:
    return ", ".join(columns[:10]) + (", ..." if len(columns) > 10 else "") if columns else "none"


def _check_last_cell(file: PublishedFile, row: Row) -> None:
    """Take a last line without an end only if its last cell is surely whole: empty, or quoted and closed."""
    if row.unfinished and row.cells[-1] and not file.text.endswith('"'):
        raise file.fault(row.line, "expected a line end after the last row (the last line is cut off)")


def _entry(file: PublishedFile, line: int, cells: dict[str, str]) -> ListEntry:
    if not any(map(str.isalnum, cells["name"])):
        raise file.fault(line, "expected a name")
    list_code = _list_code(file, line, cells["source"])
    addresses = _addresses(cells["addresses"])
    effective_from, effective_to = _effective(cells["start_date"], cells["end_date"])
    return ListEntry(
        list=list_code,
        entry_id=_entry_id(list_code, cells, addresses),
        aliases=aliases_of(cells["name"], split_names(cells["alt_names"])),
        kind=_KINDS.get(cells["type"], ""),
        addresses=addresses,
        countries=codes_in(addresses),
        programs=_parts(cells["programs"]),
        license_requirement=cells["license_requirement"].strip(),
        license_review_policy=cells["license_policy"].strip(),
        citation=cells["federal_register_notice"].strip(),
        effective_from=effective_from,
        effective_to=effective_to,
        identifiers=_parts(cells["ids"]),
    )


def _list_code(file: PublishedFile, line: int, source: str) -> str:
    code = _LIST_CODE.search(source)
    if code is None:
        raise file.fault(line, f"expected a source with its code in parentheses, such as (EL), found {source[:80]!r}")
    return code[1]


def _entry_id(list_code: str, cells: dict[str, str], addresses: tuple[str, ...]) -> str:
    published = cells.get("_id", "").strip() or cells["entity_number"].strip()
    return published or hashed_id(list_code, clean(cells["name"]), *addresses)


def _addresses(cell: str) -> tuple[str, ...]:
    parts = (part.removeprefix("and ") for part in _parts(cell))
    return tuple(dict.fromkeys(" ".join(part.split()) for part in parts))


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in cell.split("; ") if part.strip()))


def _effective(start: str, end: str) -> tuple[str | None, str | None]:
    """Return the days as far as they are days of a plausible year ("Various" and 0017-05-26 are not).

    For a denied person `end_date` is the day the denial expires. An end that is not after the start is ignored: it
    would take the entry out of effect for good.
    """
    effective_from, effective_to = iso_day(start.strip()), iso_day(end.strip())
    if effective_from is not None and effective_to is not None and effective_to <= effective_from:
        effective_to = None
    return effective_from, effective_to
