"""Good lists as CSV: findings of "not a match" by two persons -> grants of the snapshot.

A row says that one party (name, country, and an address or identifier) is not one entry as it stood when two persons
looked: `entry_sha256` is the hash of the entry's content (`screener snapshot show FILE --entry LIST:ID` prints it).
Promises: a row that lacks a second person, an end, or what tells the party from others refuses the file with its line;
a row whose entry has changed since is told as a problem and counts for nothing. Names and days are checked here, and
what a grant covers is decided for each order, in `core/route.py`. Not for parties that are not to be screened at all.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import orjson

from screener.core.fold import bare, glue
from screener.lists.countries import code_of
from screener.lists.reading import iso_day, open_published
from screener.lists.table import table_rows
from screener.model import Grant, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from screener.lists.reading import PublishedFile
    from screener.model import ListEntry
    from screener.protocols import Fold

LAYOUT = "good_list"
REQUIRED = ("id", "name", "country", "list", "entry_id", "entry_sha256", "approved_on", "expires", "author", "approver")
OPTIONAL = ("address", "identifier", "reason")
ROWS_MAX = 100_000
ID_CHARS_MAX = 200
IDENTIFIER_CHARS_MIN = 5
"""Letters and digits of an identifier; a shorter one ("n/a", "none") tells no party from others."""
TOKEN_CHARS_MIN = 5
"""Of a word with digits in an entry's identifier, from which on it can be the identifier itself."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[^\W_]+")
CHANGED = (
    "has changed since: it counts again when two persons have looked at the entry and entry_sha256 is that of today"
)


class Row(NamedTuple):
    """One row of a good list, checked as far as it can be without the lists."""

    file: PublishedFile
    line: int
    id: str
    name: str
    country: str
    address: str
    identifier_type: str
    identifier: str
    entry: tuple[str, str]
    entry_sha256: str
    approved_on: str
    expires: str
    author: str
    approver: str


class GoodList(NamedTuple):
    """The rows of a file with its facts."""

    file: SourceFile
    rows: list[Row]


class _Cells(NamedTuple):
    """One row as written, in the order of the columns above."""

    id: str
    name: str
    country: str
    list: str
    entry_id: str
    entry_sha256: str
    approved_on: str
    expires: str
    author: str
    approver: str
    address: str
    identifier: str
    reason: str


# --- the file ---------------------------------------------------------------------------------------------------------


def read_good_list(path: Path, days_max: int) -> GoodList:
    """Read a good list whose rows count for at most `days_max` days; a file without rows is taken."""
    file = open_published(path)
    rows: list[Row] = []
    for row, cells in table_rows(file, REQUIRED, OPTIONAL):
        if not cells:
            raise file.fault(row.line, f"expected no more columns than the header has, found {len(row.cells)}")
        if len(rows) == ROWS_MAX:
            raise file.fault(row.line, f"expected at most {ROWS_MAX} rows")
        rows.append(_row(file, row.line, _Cells(*cells), days_max))
    return GoodList(SourceFile(path.name, file.sha256, LAYOUT, len(rows), file.edition), rows)


def _row(file: PublishedFile, line: int, cells: _Cells, days_max: int) -> Row:
    def expect(holds: object, expected: str) -> None:
        if not holds:
            raise file.fault(line, f"expected {expected}")

    country = code_of(cells.country) or code_of(cells.country.upper())
    kind, _, identifier = cells.identifier.partition(":")
    expect(cells.id and len(cells.id) <= ID_CHARS_MAX, f"an id of 1 to {ID_CHARS_MAX} characters")
    expect(bare(cells.name), "a name with letters or digits")
    expect(country, f"a country's two-letter code, found {cells.country[:40]!r}")
    expect(bare(cells.address) or cells.identifier, "an address or an identifier: a name alone is not one party's")
    expect(
        not cells.identifier or (bare(kind) and len(bare(identifier)) >= IDENTIFIER_CHARS_MIN),
        f"an identifier as type:value such as registration:HRB-10223, of {IDENTIFIER_CHARS_MIN} or more letters and"
        f" digits, found {cells.identifier[:40]!r}",
    )
    expect(cells.list and cells.entry_id, "the list and the id of an entry")
    expect(_SHA256.fullmatch(cells.entry_sha256), "entry_sha256 as 64 hexadecimal digits (snapshot show --entry)")
    approved_on, expires = _days(file, line, cells, days_max)
    expect(bare(cells.author), "an author")
    expect(bare(cells.approver), "an approver: a second person confirms what the author found")
    expect(_person(cells.author) != _person(cells.approver), "another approver than the author: two persons decide")
    return Row(
        *(file, line, cells.id, cells.name, country or "", cells.address, kind, identifier),
        *((cells.list, cells.entry_id), cells.entry_sha256, approved_on, expires, cells.author, cells.approver),
    )


def _days(file: PublishedFile, line: int, cells: _Cells, days_max: int) -> tuple[str, str]:
    approved_on, expires = iso_day(cells.approved_on), iso_day(cells.expires)
    if approved_on is None:
        raise file.fault(line, f"expected approved_on as YYYY-MM-DD, found {cells.approved_on[:40]!r}")
    if expires is None:
        raise file.fault(line, f"expected expires as YYYY-MM-DD, found {cells.expires[:40]!r}")
    days = (date.fromisoformat(expires) - date.fromisoformat(approved_on)).days
    if not 0 < days <= days_max:
        raise file.fault(line, f"expected expires 1 to {days_max} days after approved_on, found {days}")
    return approved_on, expires


def _person(written: str) -> list[str]:
    """Whom a name means: "Smith, Jane" is "jane smith"."""
    return sorted(map(bare, _WORD.findall(written)))


# --- the entries ------------------------------------------------------------------------------------------------------


def entry_sha256(entry: ListEntry) -> str:
    """SHA-256 (hex) over what an entry says: of whom, where, why, what is needed, and its identifiers.

    It is over the texts as published. The order in which a publisher lists them, how aliases are graded, citations and
    days make no difference: they say nothing about who is meant.
    """
    return hashlib.sha256(orjson.dumps(content(entry), option=orjson.OPT_SORT_KEYS)).hexdigest()


def content(entry: ListEntry) -> dict[str, str | list[str]]:
    """What the hash of an entry is over."""
    return {
        "list": entry.list,
        "entry_id": entry.entry_id,
        "name": entry.name,
        "aliases": sorted({alias.name for alias in entry.aliases}),
        "kind": entry.kind,
        "addresses": sorted(set(entry.addresses)),
        "countries": sorted(set(entry.countries)),
        "programs": sorted(set(entry.programs)),
        "license_requirement": entry.license_requirement,
        "license_review_policy": entry.license_review_policy,
        "identifiers": sorted(set(entry.identifiers)),
    }


def bind(good_lists: Iterable[GoodList], entries: Sequence[ListEntry], fold: Fold) -> tuple[list[Grant], list[str]]:
    """The grants whose entries are unchanged, and a sentence for each row whose entry has changed or is gone.

    A grant that has the id of another is a ListError.
    """
    rows = [row for good_list in good_lists for row in good_list.rows]
    named = {row.entry for row in rows}
    numbers: dict[tuple[str, str], list[int]] = {}
    for number, entry in enumerate(entries):
        if (entry.list, entry.entry_id) in named:
            numbers.setdefault((entry.list, entry.entry_id), []).append(number)
    grants: list[Grant] = []
    problems: list[str] = []
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise row.file.fault(row.line, f"expected each id once, found {row.id!r} again")
        seen.add(row.id)
        listed = numbers.get(row.entry, [])
        same = [number for number in listed if entry_sha256(entries[number]) == row.entry_sha256]
        grants.extend(_grant(row, number, entries[number], fold) for number in same)
        if not same:
            found = CHANGED if listed else "is no entry of these lists: it covers nothing"
            problems.append(f"{row.file.path}:{row.line}: grant {row.id!r}: {':'.join(row.entry)[:80]} {found}")
    return grants, problems


def _grant(row: Row, number: int, entry: ListEntry, fold: Fold) -> Grant:
    name, address = glue(fold(row.name)), fold(row.address)
    if not name or (not address and not row.identifier):
        raise row.file.fault(row.line, "expected a name, and an address or identifier, that can be compared")
    return Grant(
        id=row.id,
        entry=number,
        name=name,
        country=row.country,
        address=address,
        identifier_type=bare(row.identifier_type),
        identifier=bare(row.identifier),
        differs=bool(row.identifier) and _differs(row.identifier_type, bare(row.identifier), entry.identifiers),
        effective_from=row.approved_on,
        effective_to=row.expires,
        author=row.author,
        approver=row.approver,
    )


def _differs(kind: str, identifier: str, published: Iterable[str]) -> bool:
    """Whether an entry has identifiers of this kind ("Tax ID No. 7744001497" for "tax"), and none of any kind is equal.

    In doubt they are equal: one that holds the other, or a part of it with digits, is taken for the same.
    """
    words = set(_words(kind))
    comparable = False
    for text in published:
        found = _words(text)
        parts = [word for word in found if len(word) >= TOKEN_CHARS_MIN and not word.isalpha()]
        if identifier in bare(text) or any(part in identifier for part in parts):
            return False
        comparable = comparable or (words <= set(found) and any(not word.isalpha() for word in found))
    return comparable


def _words(text: str) -> list[str]:
    """The words of an identifier; points are left out, so that "V.A.T." is one word."""
    return [bare(word) for word in _WORD.findall(text.replace(".", ""))]
