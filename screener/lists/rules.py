"""The rules files -> `Rules`: read, overlaid, checked. Regulation itself is in the files, never here."""

from __future__ import annotations

import hashlib
import math
import tomllib
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from screener.core.names.score import Costs
from screener.core.scripts import Reader
from screener.errors import ListError
from screener.licensing import UNKNOWN
from screener.lists import portions
from screener.lists.authorities import authorities, drawn_rule, licensed_by
from screener.lists.countries import ISO_CODES
from screener.lists.holdings.shares import share_rules
from screener.lists.jurisdictions import jurisdictions
from screener.lists.license_rules import license_rules
from screener.lists.order_rules import order_rules
from screener.owners import AFFILIATE_LIST, OWNED_LIST
from screener.rulings import Alert, FindingRule, GeneralLicense, ListRule, Period, Regime, Rules, Seed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

SHIPPED = Path(__file__).parents[1] / "rules"
FILES = (
    *("lists", "regimes", "programs", "matching", "outcomes", "legal_forms", "common_words", "address_words"),
    *("name_words", "rarity", "scripts", "license_terms", "countries", "controls", "destinations"),
    *("items", "redflags", "roles", "signals", "licenses", "jurisdictions", "shares"),
)
FORM_PLACES = ("", "start", "end")
"""Where in a name the legal forms of a section count, in the order in which the fold takes them."""
SHARE_UNITS_PER_PERCENT = 1_000_000_000
SALE_DAYS_MAX = 3_660
RULES_BYTES_MAX = 4_194_304

FINDING_ROWS = (
    *("name_whole", "name_inside", "word_inside", "weak_whole", "free_text", "address"),
    *("name_similar", "address_building", "address_in_text", "listed_address"),
    *("affiliate", "ownership_unknown", "minority", "flag", "license", "caveat"),
)
ADDRESS_ROWS = (
    *("unit", "floor", "block", "number", "box", "street", "place"),
    *("generic", "modifier", "area", "wide", "same", "listed"),
)
NUMBERS = {
    "weak": ("letters_max", "word_letters_max", "common_words_max"),
    "inside": ("letters_min", "bits_min", "common_words_max", "word_letters_min", "word_entries_max"),
    "names": ("list_age_days_max", "export_ahead_days_max"),
    "good_list": ("days_max",),
}
WORD_LISTS = ("honorifics", "vessel_prefixes", "particles", "stop_words")
WORD_SPELLINGS = ("abbreviations", "numbers", "places", "variants")
RARITY_SECTIONS = ("organization", "person")
RARITY_NUMBER_MAX = 1000
SCORED = ("person", "other")
KINDS = ("organization", "person", "vessel", "aircraft")

Tables = dict[str, dict[str, Any]]
Row = TypeVar("Row")


def read_tables(overlay: Path | None = None) -> Tables:
    """Read the shipped tables; a file of the same name in `overlay` adds top-level keys or replaces them.

    Raises ListError naming file (and line, for TOML syntax) when one can't be read, or `overlay` holds unknown files.
    """
    tables: Tables = {name: shipped_table(name) for name in FILES}
    if overlay is not None:
        if not overlay.is_dir():
            raise ListError(str(overlay), None, "expected a folder of rules files (*.toml)")
        for path in sorted(overlay.glob("*.toml")):
            if path.stem not in FILES:
                raise ListError(str(path), None, f"unknown rules file; known are {', '.join(FILES)}")
            tables[path.stem] |= _read(path)
    parse(tables)
    share_rules(tables["shares"])
    return tables


def shipped_table(name: str) -> dict[str, Any]:
    """One of the shipped tables, by the name of its file."""
    return _read(SHIPPED / f"{name}.toml")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > RULES_BYTES_MAX:
            raise ListError(str(path), None, f"expected at most {RULES_BYTES_MAX} bytes of rules")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ListError(str(path), None, f"expected a readable UTF-8 rules file ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ListError(str(path), None, f"expected TOML: {error}") from None
    except (RecursionError, ValueError):
        raise ListError(str(path), None, "expected TOML that is not nested so deep, and shorter numbers") from None
    try:
        plain: dict[str, Any] = orjson.loads(orjson.dumps(table))  # dates become ISO days, as in the snapshot
    except orjson.JSONEncodeError as error:
        raise ListError(str(path), None, f"expected rules that JSON can hold ({error})") from None
    return plain


def digest(tables: Tables) -> str:
    """SHA-256 (hex) of the tables as a snapshot holds them, which decisions name; the order of keys does not matter."""
    return hashlib.sha256(portions.dumps(tables)).hexdigest()


def parse(tables: Tables) -> Rules:
    """Turn the tables into `Rules`; a wrong row is a ListError naming file and row."""
    programs = _rows(tables, "programs", lambda row: frozenset(map(str, row["tags"])))
    numbers = _rows(tables, "matching", lambda row: {name: value for name, value in row.items() if name != "id"})
    _check_numbers(numbers)
    _check_address_words(tables["address_words"])
    _check_scores(numbers)
    _check_common_words(tables["common_words"])
    _check_name_words(tables["name_words"])
    _check_rarity(tables["rarity"])
    _check_scripts(tables["scripts"])
    _rows(tables, "legal_forms", lambda row: (_one_of({"place": "", **row}, "place", FORM_PLACES), list(row["forms"])))
    for file, rows in (("outcomes", FINDING_ROWS), ("lists", ("private", AFFILIATE_LIST, OWNED_LIST))):
        for name in rows:
            if name not in tables[file]:
                raise ListError(f"{file}.toml", None, f"expected a row [{name}]")
    licenses = license_rules(tables["license_terms"])
    known = authorities(tables["licenses"])
    lists = _rows(tables, "lists", lambda row: _list_rule(row, known))
    orders = order_rules(tables, licenses)
    regimes = _rows(tables, "regimes", lambda row: _regime(row, programs, known, orders.countries.groups))
    kinds: dict[str, Collection[str]] = {"lists": lists, "regimes": regimes, "rules": [row.id for row in orders.rows]}
    return Rules(
        sha256=digest(tables),
        lists=lists,
        findings=_rows(tables, "outcomes", _finding_rule),
        regimes=tuple(regimes.values()),
        list_age_days_max=numbers["names"]["list_age_days_max"],
        export_ahead_days_max=numbers["names"]["export_ahead_days_max"],
        alert=Alert(**numbers["alert"]),
        licenses=licenses,
        orders=orders,
        drawn=drawn_rule(tables["licenses"]),
        authorities=known,
        jurisdictions=jurisdictions(tables["jurisdictions"], kinds),
    )


def _check_numbers(numbers: dict[str, dict[str, Any]]) -> None:
    for row, names in NUMBERS.items():
        for name in names:
            value = numbers.get(row, {}).get(name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ListError("matching.toml", None, f"[{row}] {name} = {value!r}, expected a whole number")


def _check_scores(numbers: dict[str, dict[str, Any]]) -> None:
    """Costs, thresholds and evidence: every number that is named, none else, none negative, thresholds up to 1."""
    wanted: list[tuple[str, Any, tuple[str, ...]]] = []
    wanted += [(f"score.{kind}", numbers.get("score", {}).get(kind), Costs._fields) for kind in SCORED]
    wanted += [("threshold", numbers.get("threshold"), KINDS), ("alert", numbers.get("alert"), Alert._fields)]
    for row, found, names in wanted:
        if not isinstance(found, dict) or set(found) != set(names):
            raise ListError("matching.toml", None, f"[{row}] expected {', '.join(names)}")
        for name, value in found.items():
            most = 1 if row == "threshold" else math.inf
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= most:
                wanted_number = f"expected a number from 0 to {most}"
                raise ListError("matching.toml", None, f"[{row}] {name} = {value!r}, {wanted_number}")


def _check_common_words(sections: dict[str, Any]) -> None:
    for name in ("words", "ordinary"):
        row = sections.get(name)
        if not isinstance(row, list) or not all(isinstance(word, str) for word in row):
            raise ListError("common_words.toml", None, f"{name} = {row!r:.80}, expected a list of words")


def _check_scripts(sections: dict[str, Any]) -> None:
    for script, section in sections.items():
        if not isinstance(section, dict) or not all(isinstance(packed, str) for packed in section.values()):
            raise ListError("scripts.toml", None, f"[{script}] expected tables that are one text each")
    try:
        Reader(sections)
    except ValueError as error:
        raise ListError("scripts.toml", None, str(error)) from None


def _check_name_words(sections: dict[str, Any]) -> None:
    for name in (*WORD_LISTS, *WORD_SPELLINGS):
        section = sections.get(name)
        rows = section if isinstance(section, dict) else {"": None}
        if name in WORD_LISTS and set(rows) != {"words"}:
            raise ListError("name_words.toml", None, f"[{name}] expected one row, words = [...]")
        for key, row in rows.items():
            if not isinstance(row, list) or not all(isinstance(word, str) for word in row):
                raise ListError("name_words.toml", None, f"[{name}] {key} = {row!r:.80}, expected a list of words")


def _check_rarity(sections: dict[str, Any]) -> None:
    for name in ("version", "bits_max"):
        value = sections.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= RARITY_NUMBER_MAX:
            raise ListError("rarity.toml", None, f"{name} = {value!r}, expected 1 to {RARITY_NUMBER_MAX}")
    allowed = {str(bits) for bits in range(sections["bits_max"] + 1)}
    for name in RARITY_SECTIONS:
        section = sections.get(name)
        for bits, row in section.items() if isinstance(section, dict) else [("", None)]:
            if not isinstance(row, str) or bits not in allowed:
                wanted = f"expected a number of bits up to {sections['bits_max']}, and words in one text"
                raise ListError("rarity.toml", None, f"[{name}] {bits:.20} = {row!r:.80}, {wanted}")


def _check_address_words(table: dict[str, Any]) -> None:
    """Refuse rows of address_words.toml that are not lists of words; of [same], words for words."""
    for name in ADDRESS_ROWS:
        row = table.get(name)
        parts = list(row.values()) if isinstance(row, dict) and name in {"street", "place"} else [row]
        if not all(map(_is_words if name != "same" else _is_words_for_words, parts)):
            raise ListError("address_words.toml", None, f"row [{name}] is not as expected: lists of words")


def _is_words(row: object) -> bool:
    if not isinstance(row, dict) or not row.keys() <= {"before", "after", "words", "lists"}:
        return False
    return all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in row.values())


def _is_words_for_words(row: object) -> bool:
    return isinstance(row, dict) and all(isinstance(text, str) for text in row.values())


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


def _list_rule(row: dict[str, Any], known: dict[str, str]) -> ListRule:
    outcome = _one_of(row, "outcome", ("block", "review"))
    policy = str(row.get("review_policy", UNKNOWN))
    return ListRule(
        outcome,
        bool(row["names_inside"]),
        str(row["citation"]),
        str(row["effect"]),
        policy,
        bool(row.get("by_scope")),
        str(row.get("statement", "")),
        licensed_by(row, known),
        bool(row.get("suspends_exceptions")),
    )


def _finding_rule(row: dict[str, Any]) -> FindingRule:
    outcome = _one_of(row, "outcome", ("block", "review", "list", "regime"))
    priority = row["priority"]
    if not 0 <= priority <= 100:
        raise ValueError(f"priority = {priority}, expected 0 to 100")
    return FindingRule(outcome, int(priority), row.get("score"))


def _regime(
    row: dict[str, Any], programs: dict[str, frozenset[str]], known: dict[str, str], groups: Collection[str]
) -> Regime:
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
        name=str(row.get("name", row["id"])),
        recent_sale_days=_days_of(row, "recent_sale_days"),
        by_scope=bool(row.get("by_scope")),
        licensed_by=licensed_by(row, known),
        general_licenses=tuple(_general_license(one, groups) for one in row.get("general_licenses", ())),
    )


def _general_license(row: dict[str, Any], groups: Collection[str]) -> GeneralLicense:
    destinations = row["destinations"]
    if not isinstance(destinations, list) or not destinations or set(destinations) - ISO_CODES - {*groups}:
        raise ValueError(f"destinations = {destinations!r:.60}, expected country codes and groups of countries.toml")
    if not row["verified"] and not row.get("reason"):
        raise ValueError("expected a reason why the general license is not verified")
    return GeneralLicense(str(row["name"]), tuple(destinations), _period(row))


def _days_of(row: dict[str, Any], key: str) -> int:
    """A number of days that a row may name."""
    days = row.get(key, 0)
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= SALE_DAYS_MAX:
        raise ValueError(f"{key} = {days!r}, expected 0 to {SALE_DAYS_MAX} days")
    return days


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
