"""GLEIF's files -> edges and names: relationship records (level 2), LEI records (level 1), reporting exceptions.

A relationship record of level 2 says that a parent consolidates a child in its accounts. That means control and nearly
always a majority, and states no share: the edge's share is unknown, which makes a listed parent a Red Flag 29, unless
the record has a quantifier in percent. An ultimate parent is left out where direct parents lead to it. A branch is no
company of its own but a part of its head office: 100 percent. A feeder fund holds shares of its master, of unknown
number; who manages a fund, and the umbrella of a subfund, control and do not own. LEI records give no edge but the
names behind the LEIs; a reporting exception names no parent, and is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from screener.lists.holdings import records
from screener.lists.holdings.edges import (
    NO_NAME,
    NO_PARTY,
    SHARE_NOT_KNOWN,
    UNKNOWN_RELATIONSHIP,
    NoEdgeError,
    Party,
    country,
    day,
    identifier,
)
from screener.lists.holdings.indirect import without_told
from screener.lists.holdings.records import read_records, root_name
from screener.lists.holdings.shares import UNKNOWN, Share, UnreadableShareError, band, quoted
from screener.owners import EdgeKind, OwnershipEdge

if TYPE_CHECKING:
    from screener.lists.holdings.edges import Found
    from screener.lists.holdings.records import Element

LAYOUTS = {
    "RelationshipData": "gleif-relationships",
    "LEIData": "gleif-names",
    "ReportingExceptionData": "gleif-exceptions",
}
SOURCE = "GLEIF"
NAMES_MAX = 100

_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
_AMOUNT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,40})?")


class _Meaning(NamedTuple):
    kind: EdgeKind
    share: Share = UNKNOWN
    indirect: bool = False
    start_owns: bool = False


WHOLE: Share = (Decimal(100), Decimal(100))
MEANINGS = {
    "IS_DIRECTLY_CONSOLIDATED_BY": _Meaning("equity"),
    "IS_ULTIMATELY_CONSOLIDATED_BY": _Meaning("equity", indirect=True),
    "IS_INTERNATIONAL_BRANCH_OF": _Meaning("equity", share=WHOLE),
    "IS_FEEDER_TO": _Meaning("equity", start_owns=True),
    "IS_FUND-MANAGED_BY": _Meaning("control"),
    "IS_SUBFUND_OF": _Meaning("control"),
}
"""What a relationship says of its end node towards its start node (of a feeder, the other way round)."""
NEVER_TRUE = frozenset({"ANNULLED", "DUPLICATE", "CANCELLED", "PENDING_VALIDATION"})
"""Registration statuses of records that were taken back, or were not yet checked."""
SOME_SHARE = Decimal(1)


def read_gleif(found: Found) -> str:
    """Read one of GLEIF's files; `rows` counts its records. Returns the layout."""
    file = found.file
    root = root_name(file)
    most = found.options.raised(records.RECORDS_MAX)
    if root == "RelationshipData":
        read_records(file, "RelationshipRecord", lambda record: _take_relationship(found, record), most)
        found.edges = without_told(found.edges, unknown=SOME_SHARE)
    elif root == "LEIData":
        read_records(file, "LEIRecord", lambda record: _take_names(found, record), most)
    elif root == "ReportingExceptionData":
        _read_exceptions(found, most)
    else:
        expected = "expected GLEIF's relationship records (level 2), LEI records (level 1) or reporting exceptions"
        raise file.fault(1, f"{expected}, found {quoted(root)}")
    return LAYOUTS[root]


# --- level 2 ----------------------------------------------------------------------------------------------------------


def _take_relationship(found: Found, record: Element) -> None:
    found.add_row()
    try:
        edge = _edge(found, record)
    except NoEdgeError as problem:
        found.leave_out(record.line, problem, "record")
        return
    if edge is not None:
        found.edges.append(edge)


def _edge(found: Found, record: Element) -> OwnershipEdge | None:
    told = record.text("Relationship", "RelationshipType")
    meaning = MEANINGS.get(told)
    if meaning is None:
        expected = f"expected a relationship of {', '.join(MEANINGS)}, found {quoted(told)}"
        raise NoEdgeError(expected, UNKNOWN_RELATIONSHIP)
    start, end = _node(record, "StartNode"), _node(record, "EndNode")
    if start == end:
        raise NoEdgeError(f"expected two parties, found that {start!r} owns itself")
    status = record.text("Registration", "RegistrationStatus")
    days = _days(found, record, status)
    if status in NEVER_TRUE or days is None:
        return None
    owner, owned = (start, end) if meaning.start_owns else (end, start)
    low, high = _share(found, record, meaning)
    return OwnershipEdge(
        owner=owner,
        owned=owned,
        low=low,
        high=high,
        effective_from=days[0],
        effective_to=days[1],
        source=SOURCE,
        kind=meaning.kind,
        note=f"{told}, {status}" if status not in ("", "PUBLISHED") else told,
        file=found.file.path.name,
        line=record.line,
        owner_ids=(owner,),
        owned_ids=(owned,),
        indirect=meaning.indirect,
    )


def _node(record: Element, which: str) -> str:
    """The identifier of a node: an LEI, or the number that an issuer gave a parent without one."""
    value = record.text("Relationship", which, "NodeID")
    scheme = record.text("Relationship", which, "NodeIDType") or "LEI"
    node = identifier(scheme, value)
    if not node or (scheme == "LEI" and not _LEI.fullmatch(value)):
        raise NoEdgeError(f"expected an LEI as the {which}, found {quoted(value)}", NO_PARTY)
    return node


def _share(found: Found, record: Element, meaning: _Meaning) -> Share:
    for quantifier in record.all("Relationship", "RelationshipQuantifiers", "RelationshipQuantifier"):
        amount, units = quantifier.text("QuantifierAmount"), quantifier.text("QuantifierUnits")
        if units not in ("PERCENTAGE", ""):
            continue
        try:
            if not _AMOUNT.fullmatch(amount):
                raise UnreadableShareError(f"expected an amount in percent, found {quoted(amount)}")
            return band(Decimal(amount), Decimal(amount))
        except UnreadableShareError as problem:
            found.problem(quantifier.line, f"{problem}; {SHARE_NOT_KNOWN}")
    return meaning.share


def _days(found: Found, record: Element, status: str) -> tuple[str | None, str | None] | None:
    """From when to when the relationship holds; None where it ended and nobody says when, or was never in force."""
    first = end = None
    for period in record.all("Relationship", "RelationshipPeriods", "RelationshipPeriod"):
        if period.text("PeriodType") == "RELATIONSHIP_PERIOD":
            first, end = _day(found, period, "StartDate"), _day(found, period, "EndDate")
    if first is not None and end is not None and end <= first:
        found.problem(record.line, f"expected EndDate after StartDate, found {end} and {first}; neither is believed")
        first = end = None
    has_ended = record.text("Relationship", "RelationshipStatus") == "INACTIVE" or status == "RETIRED"
    if has_ended and end is None:
        found.problem(record.line, "expected the day on which the relationship ended; it is left out")
        return None
    return first, end


def _day(found: Found, period: Element, which: str) -> str | None:
    try:
        return day(period.text(which)[:10])
    except NoEdgeError as problem:
        found.problem(period.line, f"{problem}; the day is not known")
        return None


# --- level 1 and reporting exceptions ---------------------------------------------------------------------------------


def _take_names(found: Found, record: Element) -> None:
    found.add_row()
    lei = record.text("LEI")
    names = [record.text("Entity", "LegalName")]
    for group, one in (
        ("OtherEntityNames", "OtherEntityName"),
        ("TransliteratedOtherEntityNames", "TransliteratedOtherEntityName"),
    ):
        names += [element.text() for element in record.all("Entity", group, one)]
    if not _LEI.fullmatch(lei) or not names[0]:
        expected = f"expected an LEI with a legal name, found {quoted(lei)} and {quoted(names[0])}"
        found.leave_out(record.line, NoEdgeError(expected, NO_NAME))
        return
    where = record.text("Entity", "LegalJurisdiction") or record.text("Entity", "LegalAddress", "Country")
    each_once = tuple(dict.fromkeys(filter(None, names)))
    found.parties[identifier("LEI", lei)] = Party(each_once[:NAMES_MAX], country(where))


def _read_exceptions(found: Found, records_max: int) -> None:
    reasons: Counter[str] = Counter()

    def take(record: Element) -> None:
        found.add_row()
        reasons[record.text("ExceptionReason")[:80] or "no reason"] += 1

    read_records(found.file, "Exception", take, records_max)
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(20))
    if told:
        found.problem("exceptions", f"companies that name no parent, by reason: {told}")
