"""Beneficial Ownership Data Standard 0.4 -> edges: each interest of a relationship record is one.

Promises: a share is what is stated; where it is not, it is unknown. A record that was updated holds as it was until the
next statement about it, in whatever package that is. A party is known by the names that it had before as well. An
indirect interest is left out where the holdings through which it runs are told with shares that make up for it, and
kept, marked, where they are not. A party without a name stays a node of its own, so that what it holds, and who holds
it, is not torn apart.

Shareholdings and rights to surplus assets (the shares of a partnership) are equity; of an interest whose kind nobody
states neither share nor kind is believed. Roles and rights that are no share are signs of control.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from screener.lists.holdings.edges import (
    EDGES_MAX,
    IDENTIFIERS_MAX,
    NO_PARTY,
    SHARE_NOT_KNOWN,
    NoEdgeError,
    Party,
    country,
    day,
    identifier,
    same_party,
)
from screener.lists.holdings.indirect import without_told
from screener.lists.holdings.shares import (
    QUOTED_CHARS_MAX,
    SHARE_MAX,
    SHARE_PLACES,
    UNKNOWN,
    Share,
    UnreadableShareError,
    band,
    hundredfold,
)
from screener.lists.holdings.statements import Json, Records, Version, mapping, mappings, text
from screener.owners import EdgeKind, OwnershipEdge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.lists.holdings.edges import Found
    from screener.lists.holdings.statements import Key

LAYOUT = "ownership-bods"
INTERESTS_MAX = 1_000
FORMER_NAMES_MAX = 20
"""Names of a party, the present one among them; each is one more edge."""
RECORD_CHARS_MAX = 190

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
    """A party: its names, the one that counts first and former ones behind it, its identifiers and its country."""

    names: tuple[str, ...]
    ids: tuple[str, ...]
    country: str


class _Parties:
    """The parties of all packages by record, each told once where it has no name."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._nodes: dict[tuple[Key, int], _Node] = {}

    def node(self, version: Version, record: str) -> _Node:
        """The party that a statement names by its record."""
        key = self._records.key(version, record), id(version.found)
        if key not in self._nodes:
            self._nodes[key] = self._node(version, record)
        return self._nodes[key]

    def _node(self, version: Version, record: str) -> _Node:
        told = self._records.named(version, record)
        if not told or told[-1].type == "relationship":
            expected = f"expected a party that one of the files describes, found the record {record[:80]!r}"
            version.found.problem(version.place, expected)
            return _Node((self._unnamed("party", record, version),), (), "")
        last = self._last(told, version)
        names = [name for one in (last, *reversed(told)) for name in _names(one)[:1]]
        ids, where = _identifiers(last.details), _country(last)
        if ids and names:
            for one in ids:
                last.found.parties.setdefault(one, Party(tuple(dict.fromkeys(_names(last) or names)), where))
        if not names:
            last.found.problem(last.place, f"expected the name of the {last.type}; it is known by its record only")
            return _Node((ids[0] if ids else self._unnamed(last.type, record, last),), ids, where)
        if _is_label(last) and not ids:
            return _Node((f"{names[0]} [{last.record[:80]}]",), (), where)
        each_once = tuple(dict.fromkeys(names))[:FORMER_NAMES_MAX]
        if len(each_once) > 1 and not ids:
            ids = (identifier("BODS", f"{self._records.label(last)} {last.record}"[:RECORD_CHARS_MAX]),)
        return _Node(each_once, ids, where)

    def _last(self, told: list[Version], version: Version) -> Version:
        """The last word on a party: of several of one moment the one of the package that names it."""
        last = [one for one in told if one.moment == told[-1].moment]
        here = [one for one in last if one.found is version.found]
        return (here or last)[-1]

    def _unnamed(self, kind: str, record: str, version: Version) -> str:
        return f"unnamed {kind} {record[:80]} of {self._records.label(version)}"


def _is_label(version: Version) -> bool:
    """Whether the name of a party is the label of an arrangement ("Joint shareholding"), which others share."""
    entity_type = mapping(version.details, "entityType")
    return text(entity_type, "type") == "arrangement" and text(entity_type, "subtype") != "trust"


def read_packages(packages: Sequence[Found]) -> None:
    """Read the edges of BODS packages, joined; `rows` counts the statements of each."""
    records = Records(packages)
    parties = _Parties(records)
    for told in records:
        for version in told:
            found = version.found
            if version.type == "relationship":
                found.edges += _edges(parties, version)
            most = found.options.raised(EDGES_MAX)
            if len(found.edges) > most:
                raise found.file.fault(version.line or None, f"expected at most {most} interests")
    kept = set(map(id, without_told([edge for found in packages for edge in found.edges], unknown=Decimal(0))))
    for found in packages:
        found.edges = [edge for edge in found.edges if id(edge) in kept]


def _edges(parties: _Parties, version: Version) -> list[OwnershipEdge]:
    found = version.found
    try:
        owner, owned = _ends(parties, version)
    except NoEdgeError as problem:
        if str(problem):
            found.leave_out(version.place, problem)
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
        edge = OwnershipEdge(
            owner=owner.names[0],
            owned=owned.names[0],
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
        edges.append(edge)
        edges += [edge._replace(owner=name) for name in owner.names[1:]]
        edges += [edge._replace(owned=name) for name in owned.names[1:]]
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
        raise NoEdgeError("expected a subject and an interestedParty, each a record's id or a reason", NO_PARTY)
    owner, owned = parties.node(version, party), parties.node(version, subject)
    if party == subject or same_party(owner.names[0], owned.names[0], owner.ids, owned.ids):
        raise NoEdgeError(f"expected two parties, found that {owner.names[0][:80]!r} owns itself")
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
        return _band(found, share)
    except UnreadableShareError as problem:
        found.problem(f"{place}/share", f"{problem}; {SHARE_NOT_KNOWN}")
        return UNKNOWN


def _band(found: Found, share: object) -> Share:
    if not isinstance(share, dict):
        raise UnreadableShareError("expected a share as an object")
    stated = {key: value for key, value in share.items() if key in _BOUNDS and value is not None}
    if any(not isinstance(value, Decimal) for value in stated.values()):
        raise UnreadableShareError("expected numbers in a share")
    if not stated:
        return UNKNOWN
    found.count_share(max(stated.values()))
    if found.options.unit == "fraction":
        stated = {key: hundredfold(value) for key, value in stated.items()}
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
