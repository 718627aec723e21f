"""Conditions on the facts of an order, tested: each is true, false, or unknown where the order does not say.

Three-valued throughout: a row holds where all of its conditions are true, does not where one is false, and is unknown
otherwise. Nothing here knows a rule; total over all that a decoded order may hold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from screener.rulings import Condition, Countries, OrderRule

CODES_KEPT = 4_096
NUMBER_CHARS_MAX = 40

Facts = "Callable[[str], Any]"
"""Field -> what the order says of it; None where it says nothing. A set of countries may hold None: one is unknown."""


class FirstDay(NamedTuple):
    """The first of days that are known from `reaches` on only: it may be earlier, where that is not before."""

    day: str
    reaches: str


def holds(rule: OrderRule, facts: Callable[[str], Any], day: str | None, countries: Countries) -> bool | None:
    """Whether a row holds for these facts on a day."""
    unknown = False
    for condition in rule.conditions:
        said = answered(condition, facts(condition.field), day, countries)
        if said is False:
            return False
        unknown = unknown or said is None
    return None if unknown else True


def lacking(rule: OrderRule, facts: Callable[[str], Any], day: str | None, countries: Countries) -> Iterable[str]:
    """The fields that a row needed and that the order lacks."""
    return [one.field for one in rule.conditions if answered(one, facts(one.field), day, countries) is None]


def answered(condition: Condition, value: Any, day: str | None, countries: Countries) -> bool | None:  # noqa: ANN401
    """One condition on one value."""
    if condition.test == "missing":
        return (value is None) is condition.value
    if value is None:
        return None
    return _TESTS[condition.test](value, condition.value, day, countries)


# --- countries -------------------------------------------------------------------------------------------------------


def code_of(written: str, countries: Countries) -> str:
    """A country as rules count it: a code, by whatever name, Hong Kong as China; else the text in capitals."""
    plain = written.strip().upper()
    code = countries.codes.get(plain, plain)
    return countries.counted_as.get(code, code)


def members(names: Iterable[str], day: str | None, countries: Countries) -> frozenset[str]:
    """The countries of groups on a day, and those that are named themselves; without a day of any day."""
    found: set[str] = set()
    for name in names:
        if name not in countries.groups:
            found.add(name)
            continue
        for row in countries.groups[name]:
            begun = day is None or row.effective_from <= day
            if begun and (day is None or row.effective_to is None or day < row.effective_to):
                found |= row.countries
    return frozenset(found)


def _in(value: Any, names: tuple[str, ...], day: str | None, countries: Countries) -> bool | None:  # noqa: ANN401
    """Whether a country is in groups; of several whether any is, unknown where none is and one is not known."""
    inside = members(names, day, countries)
    if isinstance(value, str):
        return value in inside
    if not inside.isdisjoint(value):
        return True
    return None if None in value else False


def _not_in(value: Any, names: tuple[str, ...], day: str | None, countries: Countries) -> bool | None:  # noqa: ANN401
    """Whether a country is outside of groups; of several whether none is inside."""
    inside = _in(value, names, day, countries)
    return None if inside is None else not inside


# --- items -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=CODES_KEPT)
def eccn_matches(eccn: str, pattern: str) -> bool:
    """Whether an ECCN is the pattern's or a paragraph of it; "3*.z" are the paragraphs .z of Category 3."""
    code = "".join(eccn.upper().split())
    head, star, paragraph = pattern.upper().partition("*")
    if star:
        return code.startswith(head) and paragraph in {f".{one}" for one in code.split(".")[1:]}
    return code == head or code.startswith(f"{head}.")


def _eccn(value: Any, patterns: tuple[str, ...], _day: str | None, _countries: Countries) -> bool:  # noqa: ANN401
    return any(eccn_matches(value, pattern) for pattern in patterns)


def _not_eccn(value: Any, patterns: tuple[str, ...], day: str | None, countries: Countries) -> bool:  # noqa: ANN401
    return not _eccn(value, patterns, day, countries)


def _hs(value: Any, prefixes: tuple[str, ...], _day: str | None, _countries: Countries) -> bool:  # noqa: ANN401
    """Whether a Harmonized System code begins with one of these, whatever stands between its digits."""
    return "".join(filter(str.isdigit, value)).startswith(prefixes)


# --- others ----------------------------------------------------------------------------------------------------------


def _is(value: Any, wanted: Any, _day: str | None, _countries: Countries) -> bool:  # noqa: ANN401
    if isinstance(wanted, bool):
        return value is wanted
    return (value.strip().lower() if isinstance(value, str) else value) in wanted


def _not(value: Any, unwanted: Any, day: str | None, countries: Countries) -> bool:  # noqa: ANN401
    return not _is(value, unwanted, day, countries)


def number(value: Any) -> float | None:  # noqa: ANN401
    """A number of an order, which may be written as a text; None where it is none."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= NUMBER_CHARS_MAX else None
        except ValueError:
            return None
    return None if value is None or value != value else value  # noqa: PLR0124  not a number


def _at_least(value: Any, bound: Any, _day: str | None, _countries: Countries) -> bool | None:  # noqa: ANN401
    """Whether a number is so large, or a day so late; not known of a first day where what is known begins later."""
    if isinstance(value, FirstDay):
        return None if value.day >= bound <= value.reaches else value.day >= bound
    if isinstance(bound, str):
        return bool(value >= bound)
    known = number(value)
    return None if known is None else known >= bound


def _below(value: Any, bound: Any, day: str | None, countries: Countries) -> bool | None:  # noqa: ANN401
    reached = _at_least(value, bound, day, countries)
    return None if reached is None else not reached


def _has(value: Any, signals: tuple[str, ...], _day: str | None, _countries: Countries) -> bool:  # noqa: ANN401
    return any(signal in value for signal in signals)


def _lacks(value: Any, signals: tuple[str, ...], day: str | None, countries: Countries) -> bool:  # noqa: ANN401
    return not _has(value, signals, day, countries)


_TESTS: Mapping[str, Callable[[Any, Any, str | None, Countries], bool | None]] = {
    "in": _in,
    "not_in": _not_in,
    "is": _is,
    "not": _not,
    "eccn": _eccn,
    "not_eccn": _not_eccn,
    "hs": _hs,
    "at_least": _at_least,
    "below": _below,
    "has": _has,
    "lacks": _lacks,
}
