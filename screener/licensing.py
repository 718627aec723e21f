"""What a license is required for and how an application is reviewed: the nouns.

An item scope is the id of a row of `license_terms.toml` ("all", "ccl", "ear99", ...) or an ECCN as "eccn:3A090.a".
Scopes form a tree: what is said of one holds for those below it that nothing is said of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "all"
CCL = "ccl"
ECCN = "eccn:"
NOT_REQUIRED = "not_required"
UNKNOWN = "unknown"


class Term(NamedTuple):
    """One item scope and how an application for it is reviewed; `NOT_REQUIRED` where no license is needed."""

    items: str
    policy: str


class LicenseTerms(NamedTuple):
    """What an entry, or several together, ask for: one term a scope, sorted; `ALL` is always there.

    `footnotes` are the digits of Supplement 4 to Part 744, sorted. `unparsed` holds the words that nobody understood;
    where there are any, the terms are the most restrictive.
    """

    terms: tuple[Term, ...]
    footnotes: tuple[str, ...] = ()
    unparsed: tuple[str, ...] = ()


class ScopeRule(NamedTuple):
    """An item scope: the one above it, whether an order's items can't show that they are in it, and words for it.

    `verified` is false where nobody compared its items with the regulation.
    """

    parent: str
    condition: bool
    says: str
    verified: bool = True


class LicenseRules(NamedTuple):
    """Policies by restrictiveness (id -> rank, and words for it), scopes, and the ECCNs of scopes that list some."""

    ranks: Mapping[str, int]
    policy_says: Mapping[str, str]
    scopes: Mapping[str, ScopeRule]
    scope_of_eccn: Mapping[str, str]
    footnotes: Mapping[str, str]
