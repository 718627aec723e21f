"""The nouns: what lists, orders and decisions are made of.

Plain values without behaviour beyond what their names promise. Shapes of the order and the decision follow
`topics/schemas/`; terms follow `docs/glossary.md`. Per-order values are slots dataclasses or NamedTuples (cheap);
nothing here reads a file, a clock or a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from screener.memory import Memory
from screener.rulings import DEFAULT_PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.authorizations import Authorization, Granted, GrantType, Use
    from screener.licensing import LicenseTerms
    from screener.owners import Affiliation
    from screener.protocols import Engine, Fold, ListedPlaces, SimilarNames
    from screener.rulings import Outcome, Rules, Seed

Kind = Literal["organization", "person", "vessel", "aircraft", ""]
Quality = Literal["strong", "weak"]
ORDER_ID_CHARS_MAX = 200


# --- lists -----------------------------------------------------------------------------------------------------------


class Alias(NamedTuple):
    """One name of a list entry as its publisher writes it; the primary name is one too."""

    name: str
    quality: Quality = "strong"
    primary: bool = False


@dataclass(slots=True)
class ListEntry:
    """One row of a source list.

    `list` is the short code (EL, MEU, SDN, DPL, ...; private lists have their own). `entry_id` is the publisher's
    id where there is one. Dates are ISO days, half-open (`effective_from` <= day < `effective_to`), or None.
    """

    list: str
    entry_id: str
    aliases: tuple[Alias, ...]
    kind: Kind = ""
    addresses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    license_requirement: str = ""
    license_review_policy: str = ""
    citation: str = ""
    effective_from: str | None = None
    effective_to: str | None = None
    identifiers: tuple[str, ...] = ()
    confidential: bool = False
    terms: LicenseTerms | None = None

    @property
    def name(self) -> str:
        """The primary name."""
        return self.aliases[0].name

    def is_seed(self, seed: Seed) -> bool:
        """Whether an ownership regime counts its holdings by this seed."""
        return self.list == seed.list and (seed.programs is None or not seed.programs.isdisjoint(self.programs))


@dataclass(slots=True)
class SourceFile:
    """One file that went into a snapshot: what it was, how many rows it gave, and how old it is."""

    name: str
    sha256: str
    layout: str
    rows: int
    edition: str  # ISO day


@dataclass(slots=True)
class SourceList:
    """The entries read from one file, with the file's facts. `rows_by_list` counts rows as published."""

    file: SourceFile
    entries: list[ListEntry] = field(default_factory=list)
    rows_by_list: dict[str, int] = field(default_factory=dict)


# --- grants ----------------------------------------------------------------------------------------------------------


class Grant(NamedTuple):
    """A row of a good list: two persons found that the party described here is not the entry.

    `name` is glued, `address` folded, `identifier` bare; address or identifier may be "". `entry` numbers the entry as
    it was when they looked. `differs`: the entry has identifiers of that kind, none of them this one. It counts on days
    [effective_from, effective_to).
    """

    id: str
    entry: int
    name: str
    country: str
    address: str
    identifier_type: str
    identifier: str
    differs: bool
    effective_from: str
    effective_to: str
    author: str
    approver: str


# --- orders ----------------------------------------------------------------------------------------------------------


BUYERS = ("purchaser", "ultimate_consignee", "end_user")
CONSIGNEES = ("ultimate_consignee", "end_user")
"""Roles of those who receive the goods at last, the first of them before the other."""
Facts = Mapping[str, Any]
"""A JSON object whose members that the schema names are of their types, or null; others may stand in it too."""


@dataclass(slots=True)
class Party:
    """One party of an order. Any of it may be missing ("" or empty).

    `facts` holds its members as they came, but perhaps for the role. `said` is what the stages said of it under the
    snapshot in whose memory it is (`core/pieces.py`), once asked.
    """

    role: str
    name: str
    other_names: list[str]
    kind: str
    address: str
    country: str
    identifiers: dict[str, str]
    facts: Facts = field(default_factory=dict, compare=False, repr=False)
    said: Any = field(default=None, compare=False, repr=False)

    def in_role(self, role: str) -> Party:
        """The same party in another role."""
        rest = (self.name, self.other_names, self.kind, self.address, self.country, self.identifiers)
        return Party(role, *rest, self.facts, self.said)

    def names(self) -> Iterator[tuple[str, str]]:
        """Every name that is not empty, with the field that it stands in."""
        if self.name:
            yield "name", self.name
        for number, other in enumerate(self.other_names):
            if other:
                yield f"other_names[{number}]", other


@dataclass(slots=True)
class Order:
    """An order that could be read. Dates are ISO days; `placed_on` is the day in Washington.

    `items` and `facts` hold members as the order has them: of each item, and of the order but for its parties.
    """

    order_id: str
    cancelled: bool
    placed_on: str | None
    export_on: str | None
    parties: list[Party]
    items: Sequence[Facts]
    end_use: str
    notes: str
    facts: Facts = field(default_factory=dict, compare=False, repr=False)

    def destined_to(self) -> str | None:
        """The destination as the order writes it, else the country of who receives the goods at last."""
        told = self.facts.get("destination")
        if told and not told.isspace():
            return str(told)
        return next(
            (row.country for role in CONSIGNEES for row in self.parties if row.role == role and row.country), None
        )


FAULTS = (
    "NOT_JSON",
    "NOT_AN_ORDER",
    "ORDER_TOO_LARGE",
    "TOMBSTONE",
    "KEY_MISMATCH",
    "OUTPUT_TOO_LARGE",
    "SCREENING_FAILED",
)
"""The codes of faults: why an order is quarantined."""


class Fault(NamedTuple):
    """Why an order could not be read: a code, a sentence, and the order id where that could be read."""

    code: str
    reason: str
    order_id: str | None = None


# --- findings and decisions ------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where in an order: the party's or item's number, and the field."""

    party: int | None
    item: int | None
    field: str


NO_PLACE = Place(None, None, "")
"""The place of what is said of a name, whoever bears it."""


class Hit(NamedTuple):
    """One alias of one entry in one field of one order. `rule` names the row of outcomes.toml that applies.

    `score` and `reasons` are the scorer's, where the name is not the listed one.
    """

    place: Place
    start: int
    end: int
    text: str
    entry: int
    alias: int
    rule: str
    score: float | None = None
    reasons: tuple[str, ...] = ()


class PartyAffiliation(NamedTuple):
    """An affiliation of a company that a hit in an order names."""

    hit: Hit
    affiliation: Affiliation


@dataclass(slots=True)
class Finding:
    """One reason for a decision. `evidence` holds what the decision's schema says of a finding beyond type and code.

    `unverified` names the rule and day that the finding rests on and no source confirmed. `hit` is the hit that it came
    from, if any, `grant` the id of the grant that covers it, which is told in the evidence, and `terms` are the license
    terms that it asks for. `notes` are codes of why it is less than it might be, `missing` what would have settled it.
    `licensed_by` are the authorities of whom one can license what it asks for.
    """

    type: Literal["hit", "affiliation", "control", "red_flag"]
    code: str
    outcome: Outcome
    priority: int
    evidence: dict[str, Any]
    unverified: str | None = None
    hit: Hit | None = None
    terms: LicenseTerms | None = None
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    licensed_by: tuple[str, ...] = ()
    grant_type: GrantType = "good_list"

    @property
    def grant(self) -> str | None:
        """The id of the grant that covers the finding, or None."""
        return self.evidence.get("grant")


class Caveat(NamedTuple):
    """Why an order without findings is not clear all the same (a stale list, a missing date)."""

    code: str
    priority: int


class Judgment(NamedTuple):
    """The days an order is judged on (the last one is `as_of`), and what is wrong with them.

    `notices` say where the operator chose otherwise than the order's dates or the rules would have it.
    """

    days: tuple[str, ...]
    as_of: str | None
    caveats: tuple[Caveat, ...]
    missing: tuple[str, ...]
    notices: tuple[str, ...] = ()


class Terms(NamedTuple):
    """What a screening is told beside the order: the hand's knowledge of days, and the operator's choices.

    `as_of` fixes the day; without it the later of the order's `export_date` and `received_on` (the record's day; for
    files the day of `placed_at`) is judged. `aged_on` is the day that list age is measured to, else the judged day.
    Days are ISO days in Washington. `profile` is the jurisdiction whose rules apply. Without `broker_time` the record
    does not say when the broker took it, and `received_on` is the day of the worker's clock.
    """

    as_of: str | None = None
    received_on: str | None = None
    aged_on: str | None = None
    list_age_days_max: int | None = None
    allow_stale: bool = False
    profile: str = DEFAULT_PROFILE
    broker_time: bool = True


class Verdict(NamedTuple):
    """What all findings and caveats of an order come to, and the grants that covered some of the findings.

    `not_evaluated` are rows of the rules that the order can't answer, `use` is what it draws of a license.
    """

    outcome: Outcome
    priority: int
    reasons: list[str]
    findings: list[Finding]
    grants: tuple[Granted, ...] = ()
    not_evaluated: frozenset[str] = frozenset()
    use: Use | None = None


@dataclass(slots=True)
class Decision:
    """The answer to one order; `value` is the decision as JSON, the same bytes whichever hand asked.

    `use` is what the order draws of a license held: the hand keeps count of it.
    """

    outcome: Outcome
    order_id: str | None
    reasons: list[str]
    lists: list[str]
    value: bytes
    use: Use | None = None


# --- snapshot --------------------------------------------------------------------------------------------------------


Scope = Literal["whole", "inside", "word"]


class Reference(NamedTuple):
    """Which alias of which entry a pattern stands for, and where it counts.

    `scope`: "whole" only as the whole of a party's name; "inside" also within a longer text; "word" so too, but as a
    lesser sign (one rare word, a ship's name).
    """

    entry: int
    alias: int
    scope: Scope


@dataclass(slots=True)
class ListFacts:
    """What a snapshot holds of one list: rows as published, entries, and the edition's day."""

    rows: int
    entries: int
    edition: str


class Purchases(NamedTuple):
    """What a buyer bought of one kind of item: since when, in how many orders, and at most how much in one."""

    first_on: str
    orders: int
    quantity_max: float


class History(NamedTuple):
    """The counterparty profiles: glued name and country of a buyer -> kind of item -> purchases.

    A kind is an ECCN without paragraphs, or "sku:" and an item's number. Nothing is known of days before `reaches`.
    """

    reaches: str
    purchases: Mapping[str, Mapping[str, Purchases]]


@dataclass(slots=True)
class Snapshot:
    """All that a screening needs beside the order: immutable, named by its hash, swapped whole.

    `patterns[i]` is folded text with one blank before and behind; `references[i]` says whose it is. `whole` maps glued
    names to references. Behind the `listed` first entries, those of lists, stand companies that listed parties own
    some of, as entries of no list: `affiliations[i]` are those of `entries[listed + i]`. Behind those stand signals,
    the words that rules over an order's facts ask for. `ownership_known` holds glued names, `grants` are keyed by glued
    name and entry, `authorizations` by their number. `history` is what buyers bought before, where that was given.
    """

    sha256: str
    components: Mapping[str, str]
    sources: tuple[SourceFile, ...]
    lists: Mapping[str, ListFacts]
    entries: Sequence[ListEntry]
    patterns: tuple[str, ...]
    references: Sequence[tuple[Reference, ...]]
    whole: Mapping[str, tuple[Reference, ...]]
    listed: int
    affiliations: Sequence[tuple[Affiliation, ...]]
    ownership_known: frozenset[str]
    rules: Rules
    fold: Fold
    engine: Engine
    sample: bool
    premises: ListedPlaces
    similar: SimilarNames
    history: History | None = None
    grants: Mapping[tuple[str, int], tuple[Grant, ...]] = field(default_factory=dict)
    authorizations: Mapping[str, Authorization] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory, init=False, compare=False, repr=False)

    @property
    def listings(self) -> tuple[ListEntry, ...]:
        """The entries that are on lists."""
        return tuple(self.entries[: self.listed])

    def affiliations_of(self, glued: str) -> tuple[Affiliation, ...]:
        """What the closure says of all companies of a glued name."""
        numbers = [row.entry - self.listed for row in self.whole.get(glued, ())]
        return tuple(row for at in numbers if 0 <= at < len(self.affiliations) for row in self.affiliations[at])

    @property
    def edition(self) -> str | None:
        """The day of the oldest list that ages; None without one."""
        return min((facts.edition for facts in self.lists.values() if facts.edition), default=None)
