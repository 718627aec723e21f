"""The nouns of rules: what a list, a kind of finding or an ownership regime comes to, and rows over an order's facts.

A row over an order's own facts (`rules/controls.toml`, `destinations.toml`, `redflags.toml`) has conditions on fields,
each true, false or unknown, and what follows where all are true. Regulation is in the rows; how conditions are tested
is in `core/conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from screener.authorizations import DrawnRule
    from screener.licensing import LicenseRules, LicenseTerms

SIGNAL_LIST = "signal"
"""Under this code words and names that rules ask for stand among the entries: chips, military words, ..."""

Outcome = Literal["clear", "review", "block", "quarantine"]
Over = Literal["order", "item", "party"]
Test = Literal["in", "not_in", "is", "not", "eccn", "not_eccn", "hs", "at_least", "below", "has", "lacks", "missing"]
Unknown = Literal["no", "review", "not_evaluated"]


class Condition(NamedTuple):
    """One question about one field: "item.eccn" matches one of these, "destination" is in one of these groups, ..."""

    field: str
    test: Test
    value: Any


class Span(NamedTuple):
    """Days on which a row is in force (half-open), where that is published, and whether a source confirmed it."""

    effective_from: str
    effective_to: str | None
    verified: bool


class OrderRule(NamedTuple):
    """A row: what it looks at, when it holds, and what follows.

    `unknown` says what follows where no condition is false and a field is missing: nothing, a review that names the
    field, or that the row was not evaluated. Where it holds, `names_missing` are told as what would have settled it. It
    does not hold where a row of `unless` does. Of a `confidential` one (an is-informed letter) only the id is told.
    """

    id: str
    type: Literal["control", "red_flag"]
    over: Over
    conditions: tuple[Condition, ...]
    unless: tuple[str, ...]
    outcome: Literal["review", "block"]
    priority: int
    unknown: Unknown
    names_missing: tuple[str, ...]
    says: str
    citation: str
    license_requirement: str
    license_review_policy: str
    terms: LicenseTerms | None
    licensed_by: tuple[str, ...]
    spans: tuple[Span, ...]
    confidential: bool = False

    def span(self, day: str | None) -> Span | None:
        """The span in force on a day; without a day the last one."""
        if day is None:
            return self.spans[-1]
        for span in self.spans:
            if span.effective_from <= day and (span.effective_to is None or day < span.effective_to):
                return span
        return None


class Membership(NamedTuple):
    """Countries that a group has on days [effective_from, effective_to)."""

    countries: frozenset[str]
    effective_from: str
    effective_to: str | None


class Countries(NamedTuple):
    """Country groups by name, countries that count as another one, and names by which orders may call countries."""

    groups: Mapping[str, tuple[Membership, ...]]
    counted_as: Mapping[str, str]
    codes: Mapping[str, str]


class OrderRules(NamedTuple):
    """All rows, those with `unless` last; the countries that they speak of; roles that do not stop; sets of items."""

    rows: tuple[OrderRule, ...]
    countries: Countries
    roles_free: frozenset[str]
    eccns: Mapping[str, tuple[str, ...]]
    advanced_chips: frozenset[str]
    high_priority: tuple[str, ...]


# --- lists, findings and regimes --------------------------------------------------------------------------------------


class ListRule(NamedTuple):
    """What a hit on a source list means.

    `review_policy` is that of entries that state no license terms. `by_scope`: a stop is one only for items and roles
    that the terms cover. `statement` names what a party may sign so that a review is not needed. `licensed_by` are the
    authorities of whom one can license what the list asks for; of none where it is empty. `suspends_exceptions`: with a
    claimed license exception the statement is not enough.
    """

    outcome: Outcome
    names_inside: bool
    citation: str
    effect: str
    review_policy: str = "unknown"
    by_scope: bool = False
    statement: str = ""
    licensed_by: tuple[str, ...] = ()
    suspends_exceptions: bool = False


class FindingRule(NamedTuple):
    """What a kind of finding does: outcome "list" and "regime" defer to the list's and the regime's own."""

    outcome: Literal["review", "block", "list", "regime"]
    priority: int
    score: float | None


class Period(NamedTuple):
    """Days on which a regime is in force (half-open); `verified` is false where no source confirmed it."""

    effective_from: str
    effective_to: str | None
    citation: str
    verified: bool

    def holds(self, day: str) -> bool:
        """Whether `day` (ISO) lies in the period."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


class Seed(NamedTuple):
    """A list whose parties an ownership regime counts; `programs` narrows it to these program tags."""

    list: str
    programs: frozenset[str] | None


class GeneralLicense(NamedTuple):
    """What may cover what a regime asks for, under conditions that no order shows: countries or groups, and days."""

    name: str
    destinations: tuple[str, ...]
    period: Period


class Regime(NamedTuple):
    """An ownership regime: from which share on (billionths of a percent), for whose holdings, and when.

    A company that is captured no more is told of for `recent_sale_days`.
    """

    id: str
    share_units: int
    outcome: Outcome
    code: str
    unknown_code: str
    captures_us: bool
    seeds: tuple[Seed, ...]
    periods: tuple[Period, ...]
    name: str = ""
    recent_sale_days: int = 0
    by_scope: bool = False
    licensed_by: tuple[str, ...] = ()
    general_licenses: tuple[GeneralLicense, ...] = ()

    def period(self, day: str) -> Period | None:
        """The period in force on `day`, or None."""
        return next((period for period in self.periods if period.holds(day)), None)


class Alert(NamedTuple):
    """From which evidence on, in bits, a name that is like a listed one is an alert; see `[alert]` of matching.toml."""

    person_bits_min: float
    other_bits_min: float
    country_bits: float
    address_bits: float
    identifier_bits: float
    syllables_bits: float
    syllables_edit_bits: float
    lift_bits: float
    country_differs: float


DEFAULT_PROFILE = "us"


class Jurisdiction(NamedTuple):
    """A profile: of which lists, ownership regimes and rows over orders' facts a finding stops; None is all."""

    id: str
    says: str
    lists: frozenset[str] | None
    regimes: frozenset[str] | None
    rules: frozenset[str] | None
    citation: str
    verified: bool

    @property
    def adopts_all(self) -> bool:
        """Whether every finding counts under it as it is."""
        return self.lists is None and self.regimes is None and self.rules is None


@dataclass(slots=True)
class Rules:
    """The rules of a snapshot. `sha256` is over the tables as read, `authorities` say who grants what.

    `jurisdictions` are the profiles that an operator may name.
    """

    sha256: str
    lists: Mapping[str, ListRule]
    findings: Mapping[str, FindingRule]
    regimes: tuple[Regime, ...]
    list_age_days_max: int
    export_ahead_days_max: int
    alert: Alert
    licenses: LicenseRules
    orders: OrderRules
    drawn: DrawnRule
    authorities: Mapping[str, str]
    jurisdictions: Mapping[str, Jurisdiction]

    def of_list(self, code: str) -> ListRule:
        """The rule of a list; one that is not named acts as a private list."""
        return self.lists.get(code, self.lists["private"])
