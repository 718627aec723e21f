"""Who owns whom: the nouns of holdings and of what follows from them.

Plain values like those of `model.py`. A share is exact, a band or not known; it is never a float.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from decimal import Decimal

AFFILIATE_LIST, OWNED_LIST = "affiliate", "owned"
"""Under these codes companies that are on no list stand among the entries; their rules are in lists.toml."""

EdgeKind = Literal["equity", "votes", "beneficial", "nominee", "option", "trust", "control"]


class OwnershipEdge(NamedTuple):
    """One holding as a source states it: `owner` holds from `low` to `high` percent of `owned`.

    An exact share has `low == high`, an unknown one None for both. Dates are half-open as in a list entry; `file`,
    `line` and `place` (a statement's id) say where it was written. `owner_ids` and `owned_ids` are identifiers in upper
    case, "LEI:..." or a bare list entry id. `joint` names a holding that several owners have together: its share is
    there once. `indirect`: it sums up holdings through other companies, of which the source does not tell all.
    """

    owner: str
    owned: str
    low: Decimal | None
    high: Decimal | None
    owner_country: str = ""
    owned_country: str = ""
    effective_from: str | None = None
    effective_to: str | None = None
    source: str = ""
    kind: EdgeKind = "equity"
    share_class: str = ""
    note: str = ""
    file: str = ""
    line: int = 0
    owner_ids: tuple[str, ...] = ()
    owned_ids: tuple[str, ...] = ()
    joint: str = ""
    indirect: bool = False
    place: str = ""


class Holding(NamedTuple):
    """One step of an ownership path; `share` is the percent as written, "" for unknown.

    `tier` says how many steps the owner is from a listed party (0: it is one), None where it is not captured.
    """

    owner: str
    owned: str
    share: str
    source: str
    tier: int | None = None


Basis = Literal["direct", "indirect", "aggregate", "unknown", "circular", "minority", "control", "former"]
CAPTURED: frozenset[Basis] = frozenset({"direct", "indirect", "aggregate"})
"""The bases of a company that is owned to the regime's share; the others ask for a person."""


class Affiliation(NamedTuple):
    """What the closure says of one company under one regime, on days [effective_from, effective_to).

    `path` holds the holdings that lead from listed parties to the company, listed parties first; `entries` are all list
    entries from which such holdings lead to it, also where the path is too short to show each.
    """

    regime: str
    entity: str
    basis: Basis
    path: tuple[Holding, ...]
    entries: tuple[int, ...]
    effective_from: str | None
    effective_to: str | None


class Company(NamedTuple):
    """A company that has affiliations: its names, the usual one first, each with whether it is strong; its countries.

    `confidential`: only confidential list entries name it.
    """

    names: tuple[tuple[str, bool], ...]
    kind: str
    countries: tuple[str, ...]
    confidential: bool
    affiliations: tuple[Affiliation, ...]
