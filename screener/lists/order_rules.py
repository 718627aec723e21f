"""Rows of rules over an order's own facts (controls, destinations, red flags) -> `OrderRules`, checked.

Promises: every row has a citation, days that do not overlap, known fields, tests, sets and signals, and where it is not
verified a reason; what is wrong is said with file and row. Not for testing an order (`core/order_rules.py`).
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

from screener.errors import ListError
from screener.licensing import ALL, LicenseTerms, Term
from screener.lists.authorities import authorities, licensed_by
from screener.lists.countries import ISO_CODES, codes_by_name
from screener.rulings import Condition, Countries, Membership, OrderRule, OrderRules, Span, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from screener.licensing import LicenseRules
    from screener.lists.rules import Tables

FILES = ("controls", "destinations", "redflags")
ROWS = frozenset(
    "over says when unless unknown names_missing outcome priority license_requirement license_review_policy terms"
    " licensed_by confidential citation effective_from effective_to verified reason status spans".split()
)
TESTS: Mapping[str, frozenset[str]] = {
    "country": frozenset({"in", "not_in"}),
    "text": frozenset({"is", "not"}),
    "flag": frozenset({"is", "not"}),
    "eccn": frozenset({"eccn", "not_eccn"}),
    "hs": frozenset({"hs"}),
    "number": frozenset({"at_least", "below"}),
    "day": frozenset({"at_least", "below"}),
    "signals": frozenset({"has", "lacks"}),
    "services": frozenset({"has", "lacks"}),
}
"""What may be asked of a field of a type, besides whether it is missing."""


def _typed(**types: str) -> dict[str, str]:
    """Field -> its type, from types with their fields."""
    return {field: name for name, fields in types.items() for field in fields.split()}


ORDER_FIELDS = _typed(
    country="destination ship_from route headquarters",
    text="movement site.type license.exception",
    flag="us_person payer_changed headquarters_unknown subject_to_ear items.advanced items.high_priority"
    " parties.web_presence",
    number="site.power_mw",
    signals="text.signals any.signals",
    services="services_declined",
)
ITEM_FIELDS = _typed(
    country="item.origin",
    flag="item.subject_to_ear",
    eccn="item.eccn",
    hs="item.hs_code",
    number="item.processing_performance item.memory_bandwidth_gbps item.quantity item.us_content_percent"
    " item.orders_before item.quantity_ratio",
    day="item.first_bought",
    signals="item.chip item.signals",
)
PARTY_FIELDS = _typed(
    country="party.country party.headquarters_country party.ultimate_parent_country",
    text="party.role party.address party.website party.kind",
    flag="party.in_third_country",
    day="party.formed_on",
    signals="party.signals",
)
FIELDS = {"order": ORDER_FIELDS, "item": ORDER_FIELDS | ITEM_FIELDS, "party": ORDER_FIELDS | PARTY_FIELDS}
SERVICES = ("installation", "training", "maintenance")
STATUSES = ("in force", "suspended", "expired", "proposed")
SETS = {"eccn": "eccns", "not_eccn": "eccns", "hs": "hs_codes"}
LETTERS_MIN = 3
"""A shorter word would be found in too many texts."""
ADVANCED_SET, HIGH_PRIORITY_SET = "advanced_computing", "common_high_priority"


def order_rules(tables: Tables, licenses: LicenseRules) -> OrderRules:
    """All rows of the three files with the countries, sets and roles that they need; ListError for a wrong one."""
    _check_signals(tables["signals"])
    countries = _countries(tables["countries"])
    reader = _Rows(tables, countries, licenses)
    rows = [row for file in FILES for row in reader.rows(file)]
    names = [row.id for row in rows]
    for row in rows:
        if not set(row.unless) <= set(names):
            raise ListError("controls.toml", None, f"[{row.id}] unless = {list(row.unless)}, expected rows")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ListError("controls.toml", None, f"row [{twice}] stands in two files")
    roles = tables["roles"]
    for name, role in roles.items():
        _cited("roles", name, role)
    items = tables["items"]
    return OrderRules(
        tuple(sorted(rows, key=lambda row: bool(row.unless))),
        countries,
        frozenset(name for name, row in roles.items() if not row["stops"]),
        {name: tuple(row.get("eccns", ())) for name, row in items.items()},
        frozenset(items[ADVANCED_SET]["chips"]),
        tuple(items[HIGH_PRIORITY_SET]["hs_codes"]),
    )


class _Rows:
    """Reads the rows of a file with what they may name."""

    def __init__(self, tables: Tables, countries: Countries, licenses: LicenseRules) -> None:
        self._tables, self._countries, self._licenses = tables, countries, licenses
        self._signals = tables["signals"].keys()
        self._authorities_known = authorities(tables["licenses"])
        groups = tables["countries"].get("group", ())
        self._doubtful = {row["name"] for row in groups if row.get("verified", True) is False}

    def rows(self, file: str) -> Iterator[OrderRule]:
        for name, row in self._tables[file].items():
            _cited(file, name, row)
            if row.get("status", "in force") not in STATUSES:
                raise _wrong(file, name, f"status = {row['status']!r}, expected one of {', '.join(STATUSES)}")
            if unknown := row.keys() - ROWS:
                raise _wrong(file, name, f"unknown keys {', '.join(sorted(unknown))}")
            if row.get("status") != "proposed":
                yield self._row(file, name, row)

    def _row(self, file: str, name: str, row: Mapping[str, Any]) -> OrderRule:
        over = _one_of(file, name, row, "over", tuple(FIELDS))
        outcome: Any = "review" if file == "redflags" else _one_of(file, name, row, "outcome", ("review", "block"))
        priority = row.get("priority")
        if not isinstance(priority, int) or not 0 <= priority <= 100:
            raise _wrong(file, name, f"priority = {priority!r}, expected 0 to 100")
        when = row.get("when")
        if not isinstance(when, dict) or not when:
            raise _wrong(file, name, "expected conditions in `when`")
        return OrderRule(
            id=name,
            type="red_flag" if file == "redflags" else "control",
            over=over,
            conditions=tuple(self._conditions(file, name, over, when)),
            unless=tuple(row.get("unless", ())),
            outcome=outcome,
            priority=priority,
            unknown=_one_of(file, name, {"unknown": "no", **row}, "unknown", get_args(Unknown)),
            names_missing=tuple(row.get("names_missing", ())),
            says=str(row.get("says") or ""),
            citation=str(row["citation"]),
            license_requirement=str(row.get("license_requirement", "")),
            license_review_policy=str(row.get("license_review_policy", "")),
            terms=self._terms(file, name, row.get("terms")),
            licensed_by=self._authorities(file, name, row),
            spans=tuple(self._confirmed(span, when) for span in _spans(file, name, row)),
            confidential=self._is_confidential(file, name, row),
        )

    def _confirmed(self, span: Span, when: Mapping[str, Any]) -> Span:
        """A row is no more verified than the country groups that it asks for."""
        tests = [one for asked in when.values() for one in (asked if isinstance(asked, list) else [asked])]
        named = {name for one in tests for test in ("in", "not_in") for name in one.get(test, ())}
        return span if named.isdisjoint(self._doubtful) else span._replace(verified=False)

    def _is_confidential(self, file: str, name: str, row: Mapping[str, Any]) -> bool:
        told = row.get("confidential", False)
        if not isinstance(told, bool):
            raise _wrong(file, name, f"confidential = {told!r:.20}, expected true or false")
        return told

    def _conditions(self, file: str, name: str, over: str, when: Mapping[str, Any]) -> Iterator[Condition]:
        for field, asked in when.items():
            if field not in FIELDS[over]:
                raise _wrong(file, name, f"field {field!r} is not one of {', '.join(sorted(FIELDS[over]))}")
            kind = FIELDS[over][field]
            for tests in asked if isinstance(asked, list) else [asked]:
                if not isinstance(tests, dict):
                    raise _wrong(file, name, f"{field} = {tests!r:.60}, expected tests such as {{ missing = true }}")
                for test, value in tests.items():
                    if test != "missing" and test not in TESTS[kind]:
                        wanted = ", ".join(sorted(TESTS[kind] | {"missing"}))
                        raise _wrong(file, name, f"test {test!r} of {field} is not one of {wanted}")
                    yield Condition(
                        field, test, self._value(file, name, "flag" if test == "missing" else kind, test, value)
                    )

    def _value(self, file: str, name: str, kind: str, test: str, value: Any) -> Any:  # noqa: ANN401
        """What a field of a type is compared with."""
        if kind == "country":
            return tuple(self._country(file, name, one) for one in _texts(file, name, test, value))
        if kind == "text":
            return frozenset(text.lower() for text in _texts(file, name, test, value))
        if kind in {"eccn", "hs", "signals", "services"}:
            texts = _texts(file, name, test, value)
            return tuple(text for one in texts for text in self._set(file, name, kind, test, one))
        holds, wanted = {
            "flag": (isinstance(value, bool), "true or false"),
            "number": (isinstance(value, int | float) and not isinstance(value, bool), "a number"),
            "day": (isinstance(value, str) and _is_day(value), "a day"),
        }[kind]
        if not holds:
            raise _wrong(file, name, f"{test} = {value!r:.60}, expected {wanted}")
        return value

    def _country(self, file: str, name: str, written: str) -> str:
        if written not in self._countries.groups and written not in ISO_CODES:
            raise _wrong(file, name, f"{written!r} is no country code and no group of countries.toml")
        return written

    def _set(self, file: str, name: str, kind: str, test: str, written: str) -> Iterable[str]:
        """What a name stands for: itself, or what a set has for the test."""
        if kind == "services":
            if written not in SERVICES:
                raise _wrong(file, name, f"{written!r} is not one of {', '.join(SERVICES)}")
            return [written]
        if not written.startswith("@"):
            if kind == "signals" and written not in self._signals:
                raise _wrong(file, name, f"{written!r} is no row of signals.toml")
            return [written]
        key = written.removeprefix("@")
        if key in self._licenses.scopes and kind == "eccn":
            return [code for code, scope in self._licenses.scope_of_eccn.items() if scope == key]
        if key not in self._tables["items"]:
            raise _wrong(file, name, f"{written!r} is no row of items.toml")
        return [written] if kind == "signals" else list(self._tables["items"][key].get(SETS[test], ()))

    def _authorities(self, file: str, name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        if file == "redflags" and "licensed_by" in row:
            raise _wrong(file, name, "licensed_by: no license answers a red flag")
        try:
            return licensed_by(row, self._authorities_known)
        except ValueError as error:
            raise _wrong(file, name, str(error)) from None

    def _terms(self, file: str, name: str, said: Any) -> LicenseTerms | None:  # noqa: ANN401
        if said is None:
            return None
        if not isinstance(said, dict) or ALL not in said:
            raise _wrong(file, name, f"terms expects a policy for {ALL}")
        for scope, policy in said.items():
            if scope not in self._licenses.scopes or policy not in self._licenses.ranks:
                raise _wrong(file, name, f"terms: {scope} = {policy!r} is not in license_terms.toml")
        return LicenseTerms(tuple(Term(*row) for row in sorted(said.items(), key=lambda row: (row[0] != ALL, row[0]))))


def _cited(file: str, name: str, row: Any) -> None:  # noqa: ANN401
    if not isinstance(row, dict) or not isinstance(row.get("citation"), str) or not row["citation"]:
        raise _wrong(file, name, "expected a citation")
    if row.get("verified", True) is False and not row.get("reason"):
        raise _wrong(file, name, "expected a reason why it is not verified")


def _wrong(file: str, name: str, says: str) -> ListError:
    return ListError(f"{file}.toml", None, f"[{name}] {says}")


def _one_of(file: str, name: str, row: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> Any:  # noqa: ANN401
    if row.get(key) not in allowed:
        raise _wrong(file, name, f"{key} = {row.get(key)!r}, expected one of {', '.join(allowed)}")
    return row[key]


def _texts(file: str, name: str, test: str, value: Any) -> list[str]:  # noqa: ANN401
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise _wrong(file, name, f"{test} = {value!r:.60}, expected a list of texts")
    return value


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _spans(file: str, name: str, row: Mapping[str, Any]) -> list[Span]:
    """The days of a row, in their order; they may not overlap."""
    given = row.get("spans") or [row]
    spans = []
    for one in given:
        begin, end = one.get("effective_from"), one.get("effective_to")
        if (
            not isinstance(begin, str)
            or not _is_day(begin)
            or not (end is None or (isinstance(end, str) and _is_day(end)))
        ):
            raise _wrong(file, name, "expected effective_from, and effective_to if it ends, as days")
        if end is not None and end <= begin:
            raise _wrong(file, name, f"it ends on {end}, before it begins")
        spans.append(Span(begin, end, bool(one.get("verified", row.get("verified", True)))))
    spans.sort()
    for earlier, later in pairwise(spans):
        if earlier.effective_to is None or earlier.effective_to > later.effective_from:
            raise _wrong(file, name, f"days overlap at {later.effective_from}")
    return spans


def _countries(table: Mapping[str, Any]) -> Countries:
    groups: dict[str, list[Membership]] = {}
    for row in table.get("group", ()):
        name = str(row.get("name"))
        _cited("countries", name, row)
        (span,) = _spans("countries", name, row)
        codes = _texts("countries", name, "countries", row.get("countries"))
        if unknown := set(codes) - ISO_CODES:
            raise _wrong("countries", name, f"{', '.join(sorted(unknown))}: no country codes")
        for other in groups.get(name, ()):
            if not other.countries.isdisjoint(codes) and (
                other.effective_to is None or other.effective_to > span.effective_from
            ):
                raise _wrong("countries", name, "a country stands in the group twice on the same days")
        groups.setdefault(name, []).append(Membership(frozenset(codes), span.effective_from, span.effective_to))
    return Countries(
        {name: tuple(rows) for name, rows in groups.items()}, dict(table.get("counted_as", {})), codes_by_name()
    )


def _check_signals(rows: Mapping[str, Any]) -> None:
    for name, row in rows.items():
        _cited("signals", name, row)
        for text in _texts("signals", name, "names", row.get("names")):
            if text.isascii() and sum(map(str.isalnum, text)) < LETTERS_MIN:
                raise _wrong("signals", name, f"{text!r}: expected at least {LETTERS_MIN} letters")
