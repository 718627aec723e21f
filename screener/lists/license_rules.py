"""The vocabulary of license terms (`rules/license_terms.toml`) -> `LicenseRules`.

Each row is checked; what is wrong with one is said with the file and the row. How the wordings are read is not here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from screener.errors import ListError
from screener.licensing import ALL, NOT_REQUIRED, UNKNOWN, LicenseRules, ScopeRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = "license_terms.toml"
SECTIONS = (
    ("policies", ("says",), ("wordings",)),
    ("items", ("says",), ("wordings", "eccns")),
    ("sections", ("policy",), ()),
    ("footnotes", ("says",), ("sections",)),
)
"""The tables of the file: what each row has as text, and what it may have as lists."""


def license_rules(table: Mapping[str, Any]) -> LicenseRules:
    """The policies, scopes and footnotes of the rules, checked; ListError names the row that is wrong."""
    _check(table)
    items = table["items"]
    return LicenseRules(
        ranks={name: row["rank"] for name, row in table["policies"].items()},
        policy_says={name: row["says"] for name, row in table["policies"].items()},
        scopes={
            name: ScopeRule(row.get("parent", ALL), bool(row.get("condition")), row["says"], row.get("verified", True))
            for name, row in items.items()
        },
        scope_of_eccn={code: name for name, row in items.items() for code in row.get("eccns", ())},
        footnotes={digit: row["says"] for digit, row in table["footnotes"].items()},
    )


def _check(table: Mapping[str, Any]) -> None:
    for section, texts, lists in SECTIONS:
        rows = table.get(section)
        if not isinstance(rows, dict):
            raise ListError(FILE, None, f"expected a table [{section}]")
        for name, row in rows.items():
            _check_row(f"{section}.{name}", row, texts, lists)
    for name, row in table["sections"].items():
        if row.get("policy") not in table["policies"]:
            raise ListError(FILE, None, f"[sections.{name}] policy = {row.get('policy')!r}, expected a row of policies")
    _check_ranks({name: row.get("rank") for name, row in table["policies"].items()})
    _check_tree(table["items"])


def _check_row(place: str, row: object, texts: Sequence[str], lists: Sequence[str]) -> None:
    if not isinstance(row, dict):
        raise ListError(FILE, None, f"expected a table [{place}]")
    if row.get("verified", True) is False and not row.get("reason"):
        raise ListError(FILE, None, f"[{place}] expected a reason why it is not verified")
    for name in ("citation", *texts):
        if not isinstance(row.get(name), str) or not row[name]:
            raise ListError(FILE, None, f"[{place}] expected a {name}")
    for name in lists:
        if not all(isinstance(one, str) for one in row.get(name, ())):
            raise ListError(FILE, None, f"[{place}] {name}: expected a list of texts")
    for written in row.get("wordings", ()):
        try:
            re.compile(written)
        except re.error as error:
            raise ListError(FILE, None, f"[{place}] a wording is no pattern ({error})") from None


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
