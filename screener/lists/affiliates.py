"""Companies with affiliations -> entries, so that they are found in orders by all that finds a listed party.

A company that is captured, or may be, is an entry of the list `affiliate`: its names count inside longer texts and
are found misspelt. One that is only to be looked at (a minority, control, a circle, a sale) is an entry of the list
`owned`, whose names count as the whole of a name. Neither list is published; what a hit on them means is the
affiliation's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.lists.patterns import grade, with_bare_names
from screener.model import Alias, ListEntry
from screener.owners import AFFILIATE_LIST, CAPTURED, OWNED_LIST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.core.fold import Folder
    from screener.lists.rules import Tables
    from screener.owners import Affiliation, Company


def is_affiliate(affiliations: Iterable[Affiliation]) -> bool:
    """Whether a company is captured on some day, or may be."""
    return any(row.basis in CAPTURED or row.basis == "unknown" for row in affiliations)


def place(company: Company) -> tuple[bool, tuple[tuple[str, bool], ...], str]:
    """By what companies are sorted behind the list entries, whatever the order of holdings: affiliates come first."""
    return not is_affiliate(company.affiliations), company.names, str(company.affiliations)


def as_entries(companies: Sequence[Company], tables: Tables, fold: Folder) -> list[ListEntry]:
    """One entry a company, in their order, graded as those of lists are."""
    entries = [
        ListEntry(
            list=AFFILIATE_LIST if is_affiliate(company.affiliations) else OWNED_LIST,
            entry_id="",
            aliases=tuple(
                Alias(name, "strong" if strong else "weak", primary=at == 0)
                for at, (name, strong) in enumerate(company.names)
            ),
            kind=company.kind,  # type: ignore[arg-type]
            countries=company.countries,
            confidential=company.confidential,
        )
        for company in companies
    ]
    return with_bare_names(grade(entries, tables, fold), tables, fold)
