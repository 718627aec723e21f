"""OFAC's native CSV set of the SDN List: sdn.csv with alt.csv, add.csv and sdn_comments.csv beside it.

The files have no header, write null as `-0- `, and end with the byte 0x1A; names are `PREFIXsdnSUFFIX` and so on,
plain or .gz, in either case. Promises: no alias is lost silently, so each of these refuses the set:

* sdn.csv, alt.csv or add.csv is missing or lacks its 0x1A (it was cut off);
* an alias, address or comment belongs to a number that sdn.csv lacks (the files are of different editions);
* a remark is cut at 1,000 characters and sdn_comments.csv does not continue it.

So sdn_comments.csv may be missing as long as no remark needs it: OFAC publishes it with five to thirty rows, and what
it continues are often the weak aliases ("a.k.a. 'BNC'."), which OFAC keeps in the remarks.
A row without a type is an organization: OFAC's null says so (every one of them is "Entity" in the Consolidated
Screening List). Not for the Consolidated Non-SDN set (cons_prim.csv).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from screener.errors import ListError
from screener.lists.countries import code_of
from screener.lists.entries import source_list
from screener.lists.names import union
from screener.lists.reading import PublishedFile, check_columns, open_published, rows
from screener.model import Alias, ListEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from screener.lists.reading import Row
    from screener.model import Kind, SourceList

LAYOUT = "ofac"
LIST_CODE = "SDN"
COLUMNS = {"sdn": 12, "alt": 5, "add": 6, "sdn_comments": 2}
REQUIRED = ("sdn", "alt", "add")
REMARK_CHARS_MAX = 1000
"""Where OFAC cuts a remark; the rest is in sdn_comments.csv."""

_END = "\x1a"
_NULL = "-0-"
_MEMBER_NAME = re.compile(r"(.*[_\-. ])?(sdn_comments|sdn|alt|add)(\.csv|[_\-. ].*\.csv)(\.gz)?", re.IGNORECASE)
_FIRST_ROW = re.compile(r'[0-9]+,("|-0-|[0-9])')
_KINDS: dict[str, Kind] = {"individual": "person", "vessel": "vessel", "aircraft": "aircraft", "": "organization"}
_WEAK_ALIAS = re.compile(r"[afn]\.k\.a\. '(.{1,500}?)'(?=[;.]|$)")
_IDENTIFIER = re.compile(
    r"""(?:alt\.\ )?
        (?: Passport | Cedula | National\ ID | Tax\ ID | Identification | Registration | R\.F\.C\. | RFC | C\.U\.R\.P\.
          | D\.N\.I\. | V\.A\.T\. | MMSI | SWIFT | C\.R\.\ No | Company\ Number | Commercial\ Registry | Matricula
          | Folio\ Mercantil | Business\ Registration | Trade\ License | Vessel\ Registration | Aircraft\ Tail
          | Aircraft\ Manufacturer's\ Serial
        )(?!\w).*[0-9A-Z]""",
    re.VERBOSE,
)


class MemberName(NamedTuple):
    """What a file of a set is, and which set it belongs to."""

    member: str
    set_key: tuple[str, str]


class _Set(NamedTuple):
    """The rows of a set, gathered by the number of their entry."""

    sdn: dict[str, list[str]]
    names: dict[str, list[str]]
    addresses: dict[str, list[list[str]]]
    comments: dict[str, str]


def member_name(name: str) -> MemberName | None:
    """Tell from a file's name which member of which set it is, or None."""
    match = _MEMBER_NAME.fullmatch(name)
    if match is None:
        return None
    prefix, member, suffix, _ = match.groups(default="")
    return MemberName(member.lower(), (prefix.lower(), suffix.lower()))


def is_ofac_row(text: str) -> bool:
    """Whether a file begins with a row as OFAC writes it: no header, a number first."""
    return _FIRST_ROW.match(text) is not None


def read_ofac(path: Path) -> SourceList:
    """Read the set that a member file belongs to."""
    named = member_name(path.name)
    if named is None:
        raise ListError(str(path), None, "expected a name of OFAC's set: sdn.csv, alt.csv, add.csv or sdn_comments.csv")
    files = {member: open_published(found) for member, found in _members(path, named).items()}
    whole = _read_set(files)
    return source_list(_as_one_file(files), LAYOUT, (_entry(number, whole) for number in whole.sdn))


# --- the files of a set -----------------------------------------------------------------------------------------------


def _members(path: Path, named: MemberName) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for sibling in _siblings(path):
        other = member_name(sibling.name)
        if other is None or other.set_key != named.set_key:
            continue
        if other.member in found:
            twin = found[other.member].name
            raise ListError(str(sibling), None, f"expected one {other.member} file in the set, found {twin} too")
        found[other.member] = sibling
    for member in REQUIRED:
        if member not in found:
            raise ListError(str(path), None, f"expected {_file_name(member, named)} of the same set beside it")
    return found


def _siblings(path: Path) -> list[Path]:
    try:
        return sorted(sibling for sibling in path.absolute().parent.iterdir() if sibling.is_file())
    except (OSError, ValueError) as error:
        raise ListError(str(path), None, "expected a readable directory around it") from error


def _file_name(member: str, named: MemberName) -> str:
    prefix, suffix = named.set_key
    return f"{prefix}{member}{suffix}"


def _as_one_file(files: dict[str, PublishedFile]) -> PublishedFile:
    """Return the set as one: sdn.csv's name, a hash over all members' hashes, and the oldest edition among them."""
    hashes = "".join(files[member].sha256 for member in sorted(files))
    sha256 = hashlib.sha256(hashes.encode()).hexdigest()
    return files["sdn"]._replace(sha256=sha256, edition=min(file.edition for file in files.values()))


# --- rows -------------------------------------------------------------------------------------------------------------


def _read_set(files: dict[str, PublishedFile]) -> _Set:
    sdn = _sdn_rows(files["sdn"])
    names: dict[str, list[str]] = defaultdict(list)
    for row in _member_rows("alt", files["alt"], sdn):
        names[row[0]].append(_text(row[3]))
    addresses: dict[str, list[list[str]]] = defaultdict(list)
    for row in _member_rows("add", files["add"], sdn):
        addresses[row[0]].append([_text(cell) for cell in row[2:5]])
    comments: dict[str, str] = {}
    for row in _member_rows("sdn_comments", files["sdn_comments"], sdn) if "sdn_comments" in files else ():
        comments[row[0]] = comments.get(row[0], "") + _text(row[1])
    return _Set(_check_remarks(files["sdn"], sdn, comments), names, addresses, comments)


def _sdn_rows(file: PublishedFile) -> dict[str, list[str]]:
    sdn: dict[str, list[str]] = {}
    for row in _rows("sdn", file):
        number = row.cells[0]
        if number in sdn:
            raise file.fault(row.line, f"expected each number once, found {number} again")
        if not any(map(str.isalnum, _text(row.cells[1]))):
            raise file.fault(row.line, "expected a name")
        sdn[number] = [_text(cell) for cell in row.cells]
    return sdn


def _member_rows(member: str, file: PublishedFile, sdn: dict[str, list[str]]) -> Iterator[list[str]]:
    for row in _rows(member, file):
        if row.cells[0] not in sdn:
            expected = f"expected a number that sdn.csv has, found {row.cells[0]} (files of different editions?)"
            raise file.fault(row.line, expected)
        yield row.cells


def _rows(member: str, file: PublishedFile) -> Iterator[Row]:
    text = file.text.rstrip("\r\n")
    if not text.endswith(_END) and member in REQUIRED:
        raise file.fault(None, "expected 0x1A as its last byte (the file is cut off)")
    for row in rows(file._replace(text=text.removesuffix(_END))):
        check_columns(file, row, COLUMNS[member])
        if not (row.cells[0].isascii() and row.cells[0].isdigit()):
            raise file.fault(row.line, f"expected a number first, found {row.cells[0][:40]!r}")
        yield row


def _check_remarks(file: PublishedFile, sdn: dict[str, list[str]], comments: dict[str, str]) -> dict[str, list[str]]:
    for number, cells in sdn.items():
        if len(cells[11]) >= REMARK_CHARS_MAX and number not in comments:
            expected = f"expected the rest of the remark of {number} in sdn_comments.csv (it holds aliases)"
            raise file.fault(None, expected)
    return sdn


def _text(cell: str) -> str:
    """Return a cell as text: null is nothing; blanks at the end stay, as a remark may be cut at a blank."""
    return "" if cell.strip() == _NULL else cell


# --- entries ----------------------------------------------------------------------------------------------------------


def _entry(number: str, whole: _Set) -> ListEntry:
    cells = whole.sdn[number]
    remarks = cells[11] + whole.comments.get(number, "")
    published = whole.addresses.get(number, [])
    return ListEntry(
        list=LIST_CODE,
        entry_id=number,
        aliases=_aliases(cells[1], whole.names.get(number, []), remarks),
        kind=_KINDS.get(cells[2].strip(), ""),
        addresses=_once(", ".join(filter(None, map(str.strip, address))) for address in published),
        countries=_once(code_of(address[2]) or "" for address in published),
        programs=_once(program.strip("[] ") for program in cells[3].split("] [")),
        identifiers=_identifiers(cells[5], remarks),
    )


def _aliases(name: str, others: list[str], remarks: str) -> tuple[Alias, ...]:
    found = [Alias(name.strip(), primary=True)]
    found.extend(Alias(other.strip()) for other in others if other.strip())
    found.extend(Alias(weak.strip(), quality="weak") for weak in _WEAK_ALIAS.findall(remarks) if weak.strip())
    return union(found)


def _identifiers(call_sign: str, remarks: str) -> tuple[str, ...]:
    parts = remarks.rstrip(".").split("; ")
    call_signs = [f"Call Sign {call_sign.strip()}"] if call_sign.strip() else []
    return _once((*call_signs, *(part for part in parts if _IDENTIFIER.match(part))))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
