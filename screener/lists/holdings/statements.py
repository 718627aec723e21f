"""BODS statements -> the versions of each record: JSON is parsed, types are checked, nothing is interpreted.

Promises: a number keeps every decimal that was written (`Decimal`, never a float). A statement of the wrong shape is a
problem with its place, and the rest is read. A package is a JSON array, or one statement a line. Only version 0.4: in
older ones a statement is no record, and its fields have other names.

Packages are joined: a statement in one goes on with the record of another, as a publisher's whole export and the
changes to it do. Which package is read first makes no difference. Record ids are a publisher's own, so that those of
two publishers are two records; where statements name no publisher, packages are joined unless they contradict each
other on who a record is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from screener.lists.holdings.edges import NAME_CHARS_MAX, WRONG_SHAPE, NoEdgeError
from screener.lists.holdings.shares import quoted
from screener.lists.reading import iso_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from screener.lists.holdings.edges import Found
    from screener.lists.reading import PublishedFile

NUMBER_CHARS_MAX = 60
DATE_CHARS_MAX = 40
VERSION = "0.4"
RECORD_TYPES = ("entity", "person", "relationship")
STATUSES = {"new": 0, "updated": 1, "closed": 2}
"""The statuses of a record, in the order in which statements of one day follow each other."""

Json = dict[str, Any]

_NO_TEXT = re.compile("[\ud800-\udfff\0]")  # a half of a character pair, or a NUL


class Key(NamedTuple):
    """What a record is known by: its id, among the records of a publisher or of a group of packages."""

    scope: str
    record: str


class Moment(NamedTuple):
    """When a statement was made: its date, then that of its publication, then its status."""

    stated: str
    published: str
    status: int


@dataclass(slots=True, eq=False)
class Version:
    """What one statement says of a record, and from when to when it is the record's last word."""

    found: Found
    place: str
    statement: str
    record: str
    type: str
    details: Json
    moment: Moment
    publisher: str
    line: int
    superseded: str | None = None

    @property
    def stated(self) -> str | None:
        """The day of the statement, None where it has none."""
        return iso_day(self.moment.stated[:10])

    @property
    def closed(self) -> bool:
        """Whether the statement says that the record is closed."""
        return self.moment.status == STATUSES["closed"]

    @property
    def says(self) -> tuple[str, str, Moment, Json]:
        """What the statement says, wherever it stands."""
        return self.record, self.type, self.moment, self.details


class Records:
    """The records of several packages, each with its versions, oldest first."""

    def __init__(self, packages: Sequence[Found]) -> None:
        """Read the packages and join their statements."""
        ordered = sorted(packages, key=lambda found: (found.file.path.name, found.file.sha256))
        labels = [found.file.path.name for found in ordered]
        self._labels = {
            id(found): str(found.file.path) if labels.count(label) > 1 else label
            for found, label in zip(ordered, labels, strict=True)
        }
        read = [version for found in ordered for version in _versions(found)]
        self._joined = _are_joined(read)
        self._by_key: dict[Key, list[Version]] = {}
        for version in _each_once(read):
            self._by_key.setdefault(self.key(version, version.record), []).append(version)
        self._by_id: dict[str, list[Key]] = {}
        for key, versions in self._by_key.items():
            self._by_id.setdefault(key.record, []).append(key)
            versions[:] = _in_time(versions)

    def __iter__(self) -> Iterator[list[Version]]:
        """The versions of each record."""
        return iter(self._by_key.values())

    def key(self, version: Version, record: str) -> Key:
        """What a statement means by a record's id."""
        if version.publisher:
            return Key(version.publisher.casefold(), record)
        return Key("" if self._joined else f"\0{self._labels[id(version.found)]}", record)

    def named(self, version: Version, record: str) -> list[Version]:
        """The versions of the record that a statement names; none where no package, or more than one scope, has it.

        Its own publisher's record goes before one of its package, and that before the only one of that id.
        """
        own = self._by_key.get(self.key(version, record))
        if own is not None:
            return own
        keys = self._by_id.get(record, ())
        here = [key for key in keys if any(one.found is version.found for one in self._by_key[key])]
        chosen = here if len(here) == 1 else keys
        return self._by_key[chosen[0]] if len(chosen) == 1 else []

    def label(self, version: Version) -> str:
        """Where a record that nobody describes is from: the publisher, else the packages that are joined."""
        if version.publisher:
            return version.publisher
        return min(self._labels.values()) if self._joined else self._labels[id(version.found)]


def _versions(found: Found) -> Iterator[Version]:
    """What each statement of a package says."""
    seen: dict[str, Version] = {}
    most = found.options.rows_limit
    for place, line, written in _statements(found.file):
        found.add_row()
        if found.rows > most:
            raise found.file.fault(None, f"expected at most {most} statements")
        try:
            version = _version(found, place, line, written)
        except NoEdgeError as problem:
            found.leave_out(problem.place if isinstance(problem, _WrongStatementError) else place, problem)
            continue
        if version.statement in seen:
            found.problem(version.place, "expected each statementId once; this statement is left out")
            if seen[version.statement].says != version.says:
                found.left_out[WRONG_SHAPE] += 1
            continue
        if version.statement:
            seen[version.statement] = version
        yield version


class _WrongStatementError(NoEdgeError):
    """A statement of the wrong shape, at a place."""

    def __init__(self, place: str, says: str) -> None:
        super().__init__(says, WRONG_SHAPE)
        self.place = place


def _version(found: Found, place: str, line: int, written: object) -> Version:
    if not isinstance(written, dict):
        raise _WrongStatementError(place, f"expected a statement, found {_type_name(written)}")
    statement = text(written, "statementId")
    place = f"statement {statement[:80]}" if statement else place
    record, record_type, details = text(written, "recordId"), text(written, "recordType"), written.get("recordDetails")
    if record_type not in RECORD_TYPES or not isinstance(details, dict) or not record:
        expected = f"expected a recordId, recordDetails and a recordType of {', '.join(RECORD_TYPES)}"
        raise _WrongStatementError(place, f"{expected}; the statement is left out")
    publication = mapping(written, "publicationDetails")
    version = text(publication, "bodsVersion")
    if version and not version.startswith(VERSION):
        raise found.file.fault(line or None, f"expected BODS {VERSION}, found version {quoted(version)}")
    publisher = mapping(publication, "publisher")
    return Version(
        found=found,
        place=place,
        statement=statement,
        record=record,
        type=record_type,
        details=details,
        moment=Moment(
            _date(written, "statementDate"),
            _date(publication, "publicationDate"),
            STATUSES.get(text(written, "recordStatus"), 0),
        ),
        publisher=text(publisher, "name") or text(publisher, "url"),
        line=line,
    )


def _date(of: Json, key: str) -> str:
    """A date or a time of a date, "" where it begins with no day."""
    written = text(of, key)[:DATE_CHARS_MAX]
    return written if iso_day(written[:10]) else ""


# --- statements joined ------------------------------------------------------------------------------------------------


def _each_once(read: Iterable[Version]) -> Iterator[Version]:
    """The statements without those that several packages repeat word for word."""
    known: dict[tuple[str, str], list[Version]] = {}
    for version in read:
        same = known.setdefault((version.publisher, version.statement), []) if version.statement else []
        if any(one.says == version.says for one in same):
            continue
        same.append(version)
        yield version


def _are_joined(read: Iterable[Version]) -> bool:
    """Whether statements without a publisher may be joined: no id is given to two records, each new in its package."""
    first: dict[str, Version] = {}
    for version in read:
        if version.publisher or version.moment.status != STATUSES["new"]:
            continue
        other = first.setdefault(version.record, version)
        if other.found is not version.found and not _may_be_one(other, version):
            for one, beside in ((other, version), (version, other)):
                says = f"the record {one.record[:80]!r} is another one in {beside.found.file.path.name}"
                one.found.problem(one.place, f"{says}: records without a publisher are not joined across files")
            return False
    return True


def _may_be_one(one: Version, other: Version) -> bool:
    """Whether two first statements may be about one record: they share a name, an identifier, or both ends."""
    if one.type != other.type:
        return False
    if one.type == "relationship":
        return all(one.details.get(end) == other.details.get(end) for end in ("subject", "interestedParty"))
    first, second = _marks(one.details), _marks(other.details)
    return not first or not second or not first.isdisjoint(second)


def _marks(details: Json) -> set[str]:
    """The names and identifiers by which a party may be known again."""
    names = [text(details, "name")]
    for name in mappings(details, "names"):
        parts = (text(name, key) for key in ("givenName", "patronymicName", "familyName"))
        names.append(text(name, "fullName") or " ".join(filter(None, parts)))
    ids = (f"{text(one, 'scheme')}:{text(one, 'id')}" for one in mappings(details, "identifiers") if text(one, "id"))
    return {name.casefold() for name in names if name} | set(ids)


def _in_time(versions: Sequence[Version]) -> list[Version]:
    """The versions of a record, oldest first; each but the last knows the day on which the next was stated.

    Of one package's statements of one moment the later one counts. Of several packages' nobody can say which is the
    later one, so that all count.
    """
    ordered = sorted(versions, key=lambda version: version.moment)
    moments = [list(same) for _, same in groupby(ordered, key=lambda version: version.moment)]
    for same in moments:
        last = {id(version.found): version for version in same}
        for version in same:
            if last[id(version.found)] is not version:
                version.superseded = version.stated or ""
        if len(last) > 1:
            _tell_both(list(last.values()))
    for earlier, later in pairwise(moments):
        for version in earlier:
            if version.superseded is None:
                version.superseded = later[0].stated or ""
    return ordered


def _tell_both(versions: Sequence[Version]) -> None:
    """Note statements of different packages and one moment on one record."""
    for version in versions:
        others = ", ".join(sorted({one.found.file.path.name for one in versions if one is not version}))
        says = f"the record {version.record[:80]!r} is told otherwise on the same day in {others[:200]}; all count"
        version.found.problem(version.place, says)


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
