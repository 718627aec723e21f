"""BODS statements -> the versions of each record: JSON is parsed, types are checked, nothing is interpreted.

Promises: a number keeps every decimal that was written (`Decimal`, never a float). A statement of the wrong shape is a
problem with its place, and the rest is read. A package is a JSON array, or one statement a line. Only version 0.4: in
older ones a statement is no record, and its fields have other names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from screener.lists.holdings.edges import NAME_CHARS_MAX, quoted
from screener.lists.reading import iso_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.lists.holdings.edges import Found
    from screener.lists.reading import PublishedFile

STATEMENTS_MAX = 5_000_000
NUMBER_CHARS_MAX = 60
VERSION = "0.4"
RECORD_TYPES = ("entity", "person", "relationship")

Json = dict[str, Any]

_NO_TEXT = re.compile("[\ud800-\udfff\0]")  # a half of a character pair, or a NUL


@dataclass(slots=True)
class Version:
    """What one statement says of a record, and from when to when it is the record's last word."""

    place: str
    record: str
    type: str
    details: Json
    stated: str | None
    closed: bool
    publisher: str
    line: int
    superseded: str | None = None


def versions(found: Found) -> dict[str, list[Version]]:
    """Record id -> its versions, oldest first; each but the last knows the day on which the next was stated.

    Versions of one day can't be told apart in time: the later one in the file is the record as it was that day.
    """
    records: dict[str, list[Version]] = {}
    seen: set[str] = set()
    for place, line, written in _statements(found.file):
        found.rows += 1
        if found.rows > STATEMENTS_MAX:
            raise found.file.fault(None, f"expected at most {STATEMENTS_MAX} statements")
        version = _version(found, place, line, written, seen)
        if version is not None:
            records.setdefault(version.record, []).append(version)
    for told in records.values():
        told.sort(key=lambda version: version.stated or "")
        for earlier, later in pairwise(told):
            earlier.superseded = later.stated or ""
    return records


def _version(found: Found, place: str, line: int, written: object, seen: set[str]) -> Version | None:
    if not isinstance(written, dict):
        found.problem(place, f"expected a statement, found {_type_name(written)}")
        return None
    statement = text(written, "statementId")
    place = f"statement {statement[:80]}" if statement else place
    if statement in seen:
        found.problem(place, "expected each statementId once; this statement is left out")
        return None
    if statement:
        seen.add(statement)
    record, record_type, details = text(written, "recordId"), text(written, "recordType"), written.get("recordDetails")
    if record_type not in RECORD_TYPES or not isinstance(details, dict) or not record:
        expected = f"expected a recordId, recordDetails and a recordType of {', '.join(RECORD_TYPES)}"
        found.problem(place, f"{expected}; the statement is left out")
        return None
    publication = mapping(written, "publicationDetails")
    version = text(publication, "bodsVersion")
    if version and not version.startswith(VERSION):
        raise found.file.fault(line or None, f"expected BODS {VERSION}, found version {quoted(version)}")
    return Version(
        place=place,
        record=record,
        type=record_type,
        details=details,
        stated=iso_day(text(written, "statementDate")[:10]),
        closed=text(written, "recordStatus") == "closed",
        publisher=text(mapping(publication, "publisher"), "name"),
        line=line,
    )


# --- JSON -------------------------------------------------------------------------------------------------------------


def _statements(file: PublishedFile) -> Iterator[tuple[str, int, object]]:
    """Yield each statement with its JSON pointer or line."""
    if not file.text.lstrip().startswith("["):
        for line, written in enumerate(file.text.split("\n"), 1):
            if written.strip():
                value = _parsed(file, written, line)
                _refuse_other_json(file, line, value)
                yield f"line {line}", line, value
        return
    package = _parsed(file, file.text, None)
    for at, value in enumerate(package):
        if at == 0:
            _refuse_other_json(file, None, value)
        yield f"/{at}", 0, value


def _refuse_other_json(file: PublishedFile, line: int | None, value: object) -> None:
    if isinstance(value, dict) and "recordType" not in value and "recordDetails" not in value:
        older = " (this is an older version)" if "statementType" in value else ""
        raise file.fault(line, f"expected statements of the Beneficial Ownership Data Standard {VERSION}{older}")


def _parsed(file: PublishedFile, written: str, line: int | None) -> Any:  # noqa: ANN401  JSON is any value
    try:
        return json.loads(written, parse_float=_number, parse_int=_number, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        at = line if line is not None else error.lineno
        raise file.fault(at, f"expected JSON ({error.msg})") from error
    except RecursionError as error:
        raise file.fault(line, "expected JSON that is not nested so deep") from error
    except (InvalidOperation, ValueError) as error:
        raise file.fault(line, f"expected JSON with plain numbers ({error})") from error


def _number(written: str) -> Decimal:
    if len(written) > NUMBER_CHARS_MAX:
        raise ValueError(f"a number of more than {NUMBER_CHARS_MAX} characters")
    return Decimal(written)


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"{written} is none")


# --- values of a checked type -----------------------------------------------------------------------------------------


def text(of: Json, key: str) -> str:
    """The text of a key in one line, "" where it is anything else, or is too long."""
    value = of.get(key)
    if not isinstance(value, str) or len(value) > NAME_CHARS_MAX:
        return ""
    if _NO_TEXT.search(value):
        return ""
    return " ".join(value.split())


def mapping(of: Json, key: str) -> Json:
    """The object of a key, an empty one where it is anything else."""
    value = of.get(key)
    return value if isinstance(value, dict) else {}


def mappings(of: Json, key: str) -> list[Json]:
    """The objects of a key's array, none where it is anything else."""
    value = of.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _type_name(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "a boolean", Decimal: "a number", type(None): "null"}
    return names.get(type(value), "another value")
