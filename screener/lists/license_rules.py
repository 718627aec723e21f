"""The vocabulary of license terms (`rules/license_terms.toml`) -> `LicenseRules`.

Each row is checked; what is wrong with one is said with the file and the row. How the wordings are read is not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screener.errors import ListError
from screener.licensing import ALL, NOT_REQUIRED, UNKNOWN, LicenseRules, ScopeRule

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "license_terms.toml"


def license_rules(table: Mapping[str, Any]) -> LicenseRules:
    """The policies, scopes and footnotes of the rules, checked; ListError names the row that is wrong."""
    _check(table)
    items = table["items"]
    return LicenseRules(
        ranks={name: row["rank"] for name, row in table["policies"].items()},
        policy_says={name: row["says"] for name, row in table["policies"].items()},
        scopes={
            name: ScopeRule(row.get("parent", ALL), bool(row.get("condition")), row["says"])
            for name, row in items.items()
        },
        scope_of_eccn={code: name for name, row in items.items() for code in row.get("eccns", ())},
        footnotes={digit: row["says"] for digit, row in table["footnotes"].items()},
    )


def _check(table: Mapping[str, Any]) -> None:
    for section in ("policies", "items", "sections", "footnotes"):
        for name, row in table.get(section, {}).items():
            if not isinstance(row, dict) or not row.get("citation"):
                raise ListError(FILE, None, f"[{section}.{name}] expected a citation")
            if row.get("verified", True) is False and not row.get("reason"):
                raise ListError(FILE, None, f"[{section}.{name}] expected a reason why it is not verified")
    for name, row in table["sections"].items():
        if row.get("policy") not in table["policies"]:
            raise ListError(FILE, None, f"[sections.{name}] policy = {row.get('policy')!r}, expected a row of policies")
    _check_ranks({name: row.get("rank") for name, row in table["policies"].items()})
    _check_tree(table["items"])


def _check_ranks(ranks: Mapping[str, Any]) -> None:
    if not all(isinstance(one, int) for one in ranks.values()) or len(set(ranks.values())) < len(ranks):
        raise ListError(FILE, None, "[policies] expected a rank of its own, a whole number, for each")
    for name, end, word in ((NOT_REQUIRED, min, "least"), (UNKNOWN, max, "most")):
        if ranks.get(name) != end(ranks.values()):
            raise ListError(FILE, None, f"expected a row [policies.{name}], the {word} restrictive of all")


def _check_tree(items: Mapping[str, Any]) -> None:
    if ALL not in items:
        raise ListError(FILE, None, f"expected a row [items.{ALL}]")
    for name in items:
        seen = [name]
        while seen[-1] != ALL:
            parent = items.get(seen[-1], {}).get("parent")
            if parent not in items or parent in seen:
                raise ListError(FILE, None, f"[items.{name}] expected a parent that leads to {ALL}")
            seen.append(parent)
