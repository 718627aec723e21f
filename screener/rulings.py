"""Rules over an order's own facts: the nouns of control rows, destinations, red flags and what they ask.

A rule is a row of data (`rules/controls.toml`, `destinations.toml`, `redflags.toml`): conditions on fields, each true,
false or unknown, and what follows where all are true. Regulation is in the rows; how conditions are tested is in
`core/conditions.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from screener.licensing import LicenseTerms

SIGNAL_LIST = "signal"
"""Under this code words and names that rules ask for stand among the entries: chips, military words, ..."""

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
    does not hold where a row of `unless` does.
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
