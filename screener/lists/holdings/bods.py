"""Beneficial Ownership Data Standard 0.4 -> edges: each interest of a relationship record is one.

Promises: a share is what is stated; where it is not, it is unknown. A record that was updated holds as it was until the
next statement about it. An indirect interest is left out where the holdings through which it runs are told with shares
that make up for it, and kept, marked, where they are not. A party without a name stays a node of its own, so that what
it holds, and who holds it, is not torn apart.

Shareholdings and rights to surplus assets (the shares of a partnership) are equity; of an interest whose kind nobody
states neither share nor kind is believed. Roles and rights that are no share are signs of control.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from screener.lists.holdings.edges import (
    EDGES_MAX,
    IDENTIFIERS_MAX,
    QUOTED_CHARS_MAX,
    SHARE_MAX,
    SHARE_PLACES,
    UNKNOWN,
    Found,
    NoEdgeError,
    Party,
    Share,
    band,
    country,
    day,
    identifier,
    same_party,
)
from screener.lists.holdings.indirect import without_told
from screener.lists.holdings.statements import Json, Version, mapping, mappings, text, versions
from screener.owners import EdgeKind, OwnershipEdge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.lists.reading import PublishedFile

LAYOUT = "ownership-bods"
INTERESTS_MAX = 1_000

KINDS: dict[str, EdgeKind] = {
    "shareholding": "equity",
    "rightsToSurplusAssetsOnDissolution": "equity",
    "unknownInterest": "equity",
    "unpublishedInterest": "equity",
    "votingRights": "votes",
    "conditionalRightsGrantedByContract": "option",
    "settlor": "trust",
    "trustee": "trust",
    "protector": "trust",
    "beneficiaryOfLegalArrangement": "trust",
    "nominee": "nominee",
    "nominator": "beneficial",
    "appointmentOfBoard": "control",
    "otherInfluenceOrControl": "control",
    "seniorManagingOfficial": "control",
    "rightsToProfitOrIncome": "control",
    "rightsGrantedByContract": "control",
    "controlViaCompanyRulesOrArticles": "control",
    "controlByLegalFramework": "control",
    "boardMember": "control",
    "boardChair": "control",
    "enjoymentAndUseOfAssets": "control",
    "rightToProfitOrIncomeFromAssets": "control",
}
UNSTATED = frozenset({"unknownInterest", "unpublishedInterest"})
NOBODY = frozenset({"noBeneficialOwners"})
"""Reasons for which a relationship names no interested party because there is none."""


class _Node(NamedTuple):
    name: str
    ids: tuple[str, ...]
    country: str


class _Parties:
    """The parties of a file by record id, each told once where it has no name."""

    def __init__(self, found: Found, records: dict[str, list[Version]]) -> None:
        self._found = found
        self._records = records
        self._nodes: dict[str, _Node] = {}

    def node(self, record: str, place: str) -> _Node:
        if record not in self._nodes:
            self._nodes[record] = self._node(record, place)
        return self._nodes[record]

    def _node(self, record: str, place: str) -> _Node:
        told = self._records.get(record)
        if told is None or told[-1].type == "relationship":
            self._found.problem(place, f"expected a party of this file, found the record {record[:80]!r}")
            return _Node(self._unnamed("party", record), (), "")
        last = told[-1]
        names = _names(last)
        ids = _identifiers(last.details)
        where = _country(last)
        if ids and names:
            for one in ids:
                self._found.parties.setdefault(one, Party(tuple(names), where))
        if not names:
            self._found.problem(last.place, f"expected the name of the {last.type}; it is known by its record only")
            return _Node(ids[0] if ids else self._unnamed(last.type, record), ids, where)
        return _Node(self._told_apart(names[0], last, ids), ids, where)

    def _unnamed(self, kind: str, record: str) -> str:
        return f"unnamed {kind} {record[:80]} of {self._found.file.path.name}"

    def _told_apart(self, name: str, last: Version, ids: tuple[str, ...]) -> str:
        """The name, with the record where it is the label of an arrangement ("Joint shareholding"), not a name."""
        entity_type = mapping(last.details, "entityType")
        is_label = text(entity_type, "type") == "arrangement" and text(entity_type, "subtype") != "trust"
        return f"{name} [{last.record[:80]}]" if is_label and not ids else name


def read_bods(file: PublishedFile) -> Found:
    """Read the edges of a BODS package; `rows` counts its statements."""
    found = Found(file)
    records = versions(found)
    parties = _Parties(found, records)
    edges: list[OwnershipEdge] = []
    for told in records.values():
        for version in told:
            if version.type == "relationship":
                edges += _edges(found, parties, version)
            if len(edges) > EDGES_MAX:
                raise file.fault(version.line or None, f"expected at most {EDGES_MAX} interests")
    found.edges = without_told(edges, unknown=Decimal(0))
    return found


def _edges(found: Found, parties: _Parties, version: Version) -> list[OwnershipEdge]:
    try:
        owner, owned = _ends(parties, version)
    except NoEdgeError as problem:
        if str(problem):
            found.problem(version.place, str(problem))
        return []
    edges: list[OwnershipEdge] = []
    counted: dict[tuple[str, bool], int] = {}
    for at, interest in enumerate(_interests(found, version)):
        place = f"{version.place} /recordDetails/interests/{at}"
        kind, indirect = text(interest, "type"), text(interest, "directOrIndirect") == "indirect"
        if interest.get("type") is not None and kind not in KINDS:
            found.problem(place, f"expected an interest type of BODS 0.4, found {kind[:QUOTED_CHARS_MAX]!r}")
        days = _days(found, version, interest, place)
        if days is None:
            continue
        low, high = _share(found, interest, place)
        if kind not in KINDS or kind in UNSTATED:
            low, high = UNKNOWN
        nth = counted[kind, indirect] = counted.get((kind, indirect), 0) + 1
        edges.append(
            OwnershipEdge(
                owner=owner.name,
                owned=owned.name,
                low=low,
                high=high,
                owner_country=owner.country,
                owned_country=owned.country,
                effective_from=days[0],
                effective_to=days[1],
                source=version.publisher,
                kind=KINDS.get(kind, "equity"),
                share_class=_class(indirect=indirect, nth=nth),
                note=text(interest, "details") or kind,
                file=found.file.path.name,
                line=version.line,
                owner_ids=owner.ids,
                owned_ids=owned.ids,
                indirect=indirect,
                place=version.place,
            )
        )
    return edges


def _class(*, indirect: bool, nth: int) -> str:
    """Interests of one kind in one record are held beside each other: each has a class, so that they add up."""
    return " ".join(filter(None, ("indirect" if indirect else "", f"interest {nth}" if nth > 1 else "")))


def _ends(parties: _Parties, version: Version) -> tuple[_Node, _Node]:
    subject, party = version.details.get("subject"), version.details.get("interestedParty")
    for end, name in ((subject, "subject"), (party, "interested party")):
        if isinstance(end, dict):
            reason = text(end, "reason")
            raise NoEdgeError("" if reason in NOBODY else f"the {name} is not told ({reason[:80] or 'no reason'})")
    subject, party = text(version.details, "subject"), text(version.details, "interestedParty")
    if not subject or not party:
        raise NoEdgeError("expected a subject and an interestedParty, each a record's id or a reason")
    owner, owned = parties.node(party, version.place), parties.node(subject, version.place)
    if party == subject or same_party(owner.name, owned.name, owner.ids, owned.ids):
        raise NoEdgeError(f"expected two parties, found that {owner.name[:80]!r} owns itself")
    return owner, owned


def _interests(found: Found, version: Version) -> list[Json]:
    """The interests of a relationship; where it tells none, one of which nothing is known."""
    written = version.details.get("interests")
    if not isinstance(written, list):
        if written is not None:
            found.problem(version.place, "expected an array of interests; what is held is not known")
        return [{}]
    interests: list[Json] = [item for item in written[:INTERESTS_MAX] if isinstance(item, dict)]
    if len(interests) < len(written):
        expected = f"expected at most {INTERESTS_MAX} interests, each an object"
        found.problem(version.place, f"{expected}; the others are left out")
    return interests or [{}]


def _share(found: Found, interest: Json, place: str) -> Share:
    """The share as stated; a share that is none is unknown, and said."""
    share = interest.get("share")
    if share is None:
        return UNKNOWN
    try:
        return _band(share)
    except NoEdgeError as problem:
        found.problem(f"{place}/share", f"{problem}; the share is not known")
        return UNKNOWN


def _band(share: object) -> Share:
    if not isinstance(share, dict):
        raise NoEdgeError("expected a share as an object")
    stated = {key: value for key, value in share.items() if key in _BOUNDS and value is not None}
    if any(not isinstance(value, Decimal) for value in stated.values()):
        raise NoEdgeError("expected numbers in a share")
    if not stated:
        return UNKNOWN
    if "exact" in stated:
        return band(stated["exact"], stated["exact"])
    lows = [stated[key] for key in ("minimum", "exclusiveMinimum") if key in stated]
    highs = [stated["maximum"]] if "maximum" in stated else []
    low, high = band(max(lows, default=Decimal(0)), min(highs, default=SHARE_MAX))
    if "exclusiveMaximum" in stated:
        below, _ = band(stated["exclusiveMaximum"], SHARE_MAX)
        low, high = band(low or Decimal(0), min(high or SHARE_MAX, (below or Decimal(0)) - SHARE_PLACES))
    return low, high


_BOUNDS = frozenset({"exact", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})


def _days(found: Found, version: Version, interest: Json, place: str) -> tuple[str | None, str | None] | None:
    """From when to when the interest is held as this statement tells it; None where that is never."""
    first = _day(found, interest, "startDate", place)
    end = _day(found, interest, "endDate", place)
    if first is not None and end is not None and end <= first:
        found.problem(place, f"expected endDate after startDate, found {end} and {first}; neither is believed")
        first = end = None
    if version.superseded is not None and version.superseded <= (version.stated or ""):
        return None
    if version.closed and end is None and version.stated is None:
        return None
    said_until = version.superseded or (version.stated if version.closed else None)
    end = min(filter(None, (end, said_until)), default=None) if said_until else end
    return None if first is not None and end is not None and end <= first else (first, end)


def _day(found: Found, interest: Json, key: str, place: str) -> str | None:
    try:
        return day(text(interest, key)[:10])
    except NoEdgeError as problem:
        found.problem(f"{place}/{key}", f"{problem}; the day is not known")
        return None


# --- parties ----------------------------------------------------------------------------------------------------------


def _names(version: Version) -> list[str]:
    """The names of a party, the legal one first."""
    details = version.details
    if version.type == "entity":
        also = details.get("alternateNames")
        names = [text(details, "name"), *(text({"": name}, "") for name in (also if isinstance(also, list) else ()))]
    else:
        written = sorted(mappings(details, "names"), key=lambda name: text(name, "type") != "legal")
        names = list(map(_full_name, written))
    return list(dict.fromkeys(filter(None, names)))


def _full_name(name: Json) -> str:
    parts = (text(name, key) for key in ("givenName", "patronymicName", "familyName"))
    return text(name, "fullName") or " ".join(filter(None, parts))


def _identifiers(details: Json) -> tuple[str, ...]:
    written = mappings(details, "identifiers")[:IDENTIFIERS_MAX]
    found = (identifier(text(one, "scheme") or text(one, "schemeName"), text(one, "id")) for one in written)
    return tuple(dict.fromkeys(filter(None, found)))


def _country(version: Version) -> str:
    return next(filter(None, map(country, _countries(version))), "")


def _countries(version: Version) -> Iterator[str]:
    details = version.details
    if version.type == "person":
        for nationality in mappings(details, "nationalities"):
            yield text(nationality, "code") or text(nationality, "name")
        return
    jurisdiction = mapping(details, "jurisdiction")
    yield text(jurisdiction, "code") or text(jurisdiction, "name")
    for address in sorted(mappings(details, "addresses"), key=lambda address: text(address, "type") != "registered"):
        where = mapping(address, "country")
        yield text(where, "code") or text(where, "name")
