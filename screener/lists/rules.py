"""The rules files -> `Rules`: read, overlaid, checked. Regulation itself is in the files, never here."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from screener.errors import ListError
from screener.model import FindingRule, ListRule, Period, Regime, Rules, Seed

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = Path(__file__).parents[1] / "rules"
FILES = ("lists", "regimes", "programs", "matching", "outcomes", "legal_forms", "common_words")
SHARE_UNITS_PER_PERCENT = 1_000_000_000
RULES_BYTES_MAX = 4_194_304

FINDING_ROWS = (
    *("name_whole", "name_inside", "word_inside", "weak_whole", "free_text", "address"),
    *("affiliate", "ownership_unknown", "minority", "flag", "caveat"),
)
NUMBERS = {
    "weak": ("letters_max", "word_letters_max", "common_words_max"),
    "inside": ("letters_min", "common_words_max", "word_letters_min", "word_entries_max"),
    "names": ("list_age_days_max", "export_ahead_days_max"),
}

Tables = dict[str, dict[str, Any]]
Row = TypeVar("Row")


def read_tables(overlay: Path | None = None) -> Tables:
    """Read the shipped tables; a file of the same name in `overlay` adds top-level keys or replaces them.

    Raises ListError naming file (and line, for TOML syntax) when one can't be read, or `overlay` holds unknown files.
    """
    tables: Tables = {name: _read(SHIPPED / f"{name}.toml") for name in FILES}
    if overlay is not None:
        if not overlay.is_dir():
            raise ListError(str(overlay), None, "expected a folder of rules files (*.toml)")
        for path in sorted(overlay.glob("*.toml")):
            if path.stem not in FILES:
                raise ListError(str(path), None, f"unknown rules file; known are {', '.join(FILES)}")
            tables[path.stem] |= _read(path)
    parse(tables)
    return tables


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > RULES_BYTES_MAX:
            raise ListError(str(path), None, f"expected at most {RULES_BYTES_MAX} bytes of rules")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ListError(str(path), None, f"expected a readable UTF-8 rules file ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ListError(str(path), None, f"expected TOML: {error}") from None
    plain: dict[str, Any] = orjson.loads(orjson.dumps(table))  # dates become ISO days, as in the snapshot
    return plain


def digest(tables: Tables) -> str:
    """SHA-256 (hex) over the tables, independent of the order of keys."""
    return hashlib.sha256(orjson.dumps(tables, option=orjson.OPT_SORT_KEYS)).hexdigest()


def parse(tables: Tables) -> Rules:
    """Turn the tables into `Rules`; a wrong row is a ListError naming file and row."""
    programs = _rows(tables, "programs", lambda row: frozenset(map(str, row["tags"])))
    numbers = _rows(tables, "matching", lambda row: {name: value for name, value in row.items() if name != "id"})
    _check_numbers(numbers)
    for file, rows in (("outcomes", FINDING_ROWS), ("lists", ("private",))):
        for name in rows:
            if name not in tables[file]:
                raise ListError(f"{file}.toml", None, f"expected a row [{name}]")
    return Rules(
        sha256=digest(tables),
        lists=_rows(tables, "lists", _list_rule),
        findings=_rows(tables, "outcomes", _finding_rule),
        regimes=tuple(_rows(tables, "regimes", lambda row: _regime(row, programs)).values()),
        list_age_days_max=numbers["names"]["list_age_days_max"],
        export_ahead_days_max=numbers["names"]["export_ahead_days_max"],
    )


def _check_numbers(numbers: dict[str, dict[str, Any]]) -> None:
    for row, names in NUMBERS.items():
        for name in names:
            value = numbers.get(row, {}).get(name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ListError("matching.toml", None, f"[{row}] {name} = {value!r}, expected a whole number")


def _rows(tables: Tables, file: str, read: Callable[[dict[str, Any]], Row]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for key, row in tables[file].items():
        try:
            rows[key] = read({"id": key, **row})
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise ListError(f"{file}.toml", None, f"row [{key}] is not as expected: {error!r}") from None
    return rows


def _one_of(row: dict[str, Any], key: str, allowed: tuple[str, ...]) -> Any:  # noqa: ANN401  a literal of the caller's
    if row[key] not in allowed:
        raise ValueError(f"{key} = {row[key]!r}, expected one of {', '.join(allowed)}")
    return row[key]


def _list_rule(row: dict[str, Any]) -> ListRule:
    outcome = _one_of(row, "outcome", ("block", "review"))
    return ListRule(outcome, bool(row["names_inside"]), str(row["citation"]), str(row["effect"]))


def _finding_rule(row: dict[str, Any]) -> FindingRule:
    outcome = _one_of(row, "outcome", ("block", "review", "list", "regime"))
    priority = row["priority"]
    if not 0 <= priority <= 100:
        raise ValueError(f"priority = {priority}, expected 0 to 100")
    return FindingRule(outcome, int(priority), row.get("score"))


def _regime(row: dict[str, Any], programs: dict[str, frozenset[str]]) -> Regime:
    seeds = tuple(
        Seed(seed["list"], programs[seed["programs"]] if "programs" in seed else None) for seed in row["seeds"]
    )
    periods = sorted((_period(period) for period in row["periods"]), key=lambda period: period.effective_from)
    if not periods:
        raise ValueError("expected at least one period")
    for earlier, later in pairwise(periods):
        if earlier.effective_to is None or earlier.effective_to > later.effective_from:
            raise ValueError(f"periods overlap at {later.effective_from}")
    return Regime(
        id=row["id"],
        share_units=share_units(Decimal(row["share_percent"])),
        outcome=_one_of(row, "outcome", ("block", "review")),
        code=str(row["code"]),
        unknown_code=str(row["unknown_code"]),
        captures_us=bool(row["captures_us"]),
        seeds=seeds,
        periods=tuple(periods),
    )


def _period(row: dict[str, Any]) -> Period:
    effective_to = row.get("effective_to")
    for day in filter(None, (row["effective_from"], effective_to)):
        date.fromisoformat(day)
    if effective_to is not None and effective_to <= row["effective_from"]:
        raise ValueError(f"the period ends on {effective_to}, before it begins")
    return Period(row["effective_from"], effective_to, str(row["citation"]), bool(row["verified"]))


def share_units(percent: Decimal) -> int:
    """A percent as a whole number of billionths of a percent; ValueError where it has more than nine decimals."""
    units = percent * SHARE_UNITS_PER_PERCENT
    if units != units.to_integral_value():
        raise ValueError(f"{percent} has more than nine decimals")
    return int(units)
