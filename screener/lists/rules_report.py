"""Rules told to a person: what they hold, what of them nobody verified, and which license terms were not understood.

For `screener rules check` and `screener rules coverage`. It reads and counts; what is wrong with a row is said by
whoever reads the rules, before anything is counted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from screener.lists import rules
from screener.lists.license_terms import coverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from screener.lists.rules import Tables
    from screener.model import ListEntry
    from screener.rulings import Rules

WORDS_CHARS_MAX = 200


def check(tables: Tables) -> Iterator[str]:
    """What the rules are: their hash, rows by file, statuses, and each row that is not verified, with its reason."""
    parsed = rules.parse(tables)
    yield f"rules sha256:{parsed.sha256}"
    rows = Counter(row.type for row in parsed.orders.rows)
    groups = len(parsed.orders.countries.groups)
    yield (
        f"{len(parsed.lists)} lists, {len(parsed.regimes)} ownership regimes, {rows['control']} controls and"
        f" destinations, {rows['red_flag']} red flags, {groups} country groups,"
        f" {len(parsed.jurisdictions)} profiles: read without a fault"
    )
    for status in ("suspended", "expired", "proposed"):
        told = [name for file in ("controls", "destinations", "redflags") for name in _of(tables[file], status)]
        if told:
            yield f"{status}: {', '.join(told)}"
    unverified = list(_unverified(tables))
    yield f"not verified: {len(unverified)} rows"
    yield from (f"  {file}.toml [{name}] {reason}" for file, name, reason in unverified)


def _of(rows: dict[str, Any], status: str) -> Iterator[str]:
    return (name for name, row in rows.items() if row.get("status") == status)


def _unverified(tables: Tables) -> Iterator[tuple[str, str, str]]:
    """File, row and reason of everything that says of itself that nobody verified it."""
    for file, table in tables.items():
        yield from ((file, name, reason) for name, reason in _marked(table, ""))


def _marked(value: Any, name: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  any TOML value
    if isinstance(value, dict):
        if value.get("verified") is False:
            own = str(value.get("name", "")) or str(value.get("effective_from", ""))
            yield name or own, str(value.get("reason") or value.get("citation") or "")
        for key, row in value.items():
            yield from _marked(row, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for row in value:
            mark = row.get("name", row.get("effective_from", "")) if isinstance(row, dict) else ""
            yield from _marked(row, f"{name} {mark}")


def switched_off(own: Rules, shipped: Rules, day: str) -> list[str]:
    """The shipped rows and regimes that are in force on a day, and by a snapshot's own rules are not."""
    return sorted(set(_in_force(shipped, day)) - set(_in_force(own, day)))


def _in_force(own: Rules, day: str) -> Iterator[str]:
    for row in own.orders.rows:
        if any(span.effective_from <= day < (span.effective_to or "9999-12-31") for span in row.spans):
            yield row.id
    for regime in own.regimes:
        if any(period.holds(day) for period in regime.periods):
            yield regime.id


def terms(entries: Iterable[ListEntry]) -> Iterator[str]:
    """How many entries state license terms that were understood, and the words of those that were not."""
    stated = [entry for entry in entries if entry.terms is not None]
    missed = list(coverage(stated))
    ids = {(code, entry_id) for code, entry_id, _ in missed}
    share = f" ({1 - len(ids) / len(stated):.2%})" if stated else ""
    yield f"{len(stated) - len(ids):,} of {len(stated):,} entries with license terms are understood{share}"
    if missed:
        yield "The others count as the most restrictive. Words that were not understood:"
        yield from (f"  {code} {entry_id}: {words[:WORDS_CHARS_MAX]!r}" for code, entry_id, words in missed)
