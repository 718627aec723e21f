"""`licenses.toml` -> who issues authorizations, and from when on a person decides on their use; checked.

For `lists/rules.py`; authorizations that a company holds are read by `lists/licenses.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screener.authorizations import DrawnRule
from screener.errors import ListError

if TYPE_CHECKING:
    from collections.abc import Mapping

GRANTS = ("license", "veu")
PERCENT_MAX = 100


def authorities(table: Mapping[str, Any]) -> dict[str, str]:
    """Authority -> what it grants, "license" or "veu"; ListError for a wrong row."""
    rows = table.get("authority")
    if not isinstance(rows, dict) or not rows:
        raise _wrong("authority", "expected rows such as [authority.BIS]")
    for name, row in rows.items():
        if not isinstance(row, dict) or row.get("grant") not in GRANTS:
            raise _wrong(f"authority.{name}", f"expected grant as one of {', '.join(GRANTS)}")
        _cited(f"authority.{name}", row)
    return {name: row["grant"] for name, row in rows.items()}


def drawn_rule(table: Mapping[str, Any]) -> DrawnRule:
    """From which share of a license on a person decides; ListError where it is no percentage."""
    row = table.get("drawn")
    row = row if isinstance(row, dict) else {}
    percent = row.get("review_from_percent")
    if not isinstance(percent, int) or isinstance(percent, bool) or not 1 <= percent <= PERCENT_MAX:
        raise _wrong("drawn", f"review_from_percent = {percent!r}, expected a whole number from 1 to {PERCENT_MAX}")
    _cited("drawn", row)
    return DrawnRule(percent, row["citation"], row.get("verified", True) is not False)


def licensed_by(row: Mapping[str, Any], known: Mapping[str, str]) -> tuple[str, ...]:
    """The authorities of whom one can license what a row asks for; ValueError where one is not known."""
    given = row.get("licensed_by", [])
    if not isinstance(given, list) or not all(isinstance(name, str) and name in known for name in given):
        raise ValueError(f"licensed_by = {given!r:.60}, expected some of {', '.join(known)} (licenses.toml)")
    return tuple(given)


def _cited(name: str, row: Mapping[str, Any]) -> None:
    if not isinstance(row.get("citation"), str) or not row["citation"]:
        raise _wrong(name, "expected a citation")


def _wrong(name: str, says: str) -> ListError:
    return ListError("licenses.toml", None, f"[{name}] {says}")
