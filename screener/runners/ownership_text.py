"""What `ownership explain` found -> lines for a terminal: per regime and stretch of days a sentence, a sum and a tree.

Names and sources come from files and are shown so that they can't be taken for the program's own words.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from screener.runners.explain_text import BASES
from screener.runners.ownership_tree import UNKNOWN_SHARE, number
from screener.runners.terminal import columns, cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from screener.owners import Affiliation
    from screener.rulings import Period, Regime
    from screener.runners.ownership import Answer, Listed, Stretch
    from screener.runners.ownership_tree import Branch, Company, Total

NAME_CHARS_MAX: Final = 60
SOURCES_MAX: Final = 3
PASSED_OVER_MAX: Final = 10
STRETCHES_MAX: Final = 5
NOT_KNOWN: Final = (
    "Ownership not known: the graph has no holding of this name, so that nothing is said about its owners."
)
NO_FINDING: Final = (
    "The graph knows the name and no holding of a listed party that leads to it; owners that it does not know are not"
    " ruled out."
)
OTHER_DAYS: Final = "What the graph tells of listed owners of this name is of other days:"
ONLY_LISTED: Final = (
    "Shown are listed owners and companies that lead to them; a snapshot holds no others. Shares are percent,"
    f" {UNKNOWN_SHARE} is not known."
)
AGAIN: Final = {
    "circle": "met before on this branch: the holdings go in a circle",
    "elsewhere": "its owners are shown where it stands first",
    "cut": "its owners are not shown: too many steps",
    "": "",
}
STANDINGS: Final = {
    "minority": "below the share",
    "passed through": "US: counts, not captured",
    "control": "control, no share",
    "former": "captured before",
    "untold": "not told by the snapshot",
}
ASKED_MARK: Final = "<-"


def lines(answer: Answer) -> Iterator[str]:
    """The lines to print."""
    yield _name(answer.name)
    sample = " (SAMPLE: not for compliance use)" if answer.snapshot.sample else ""
    yield f"Snapshot {answer.snapshot.sha256}{sample}"
    for listed in answer.listed:
        yield ""
        yield from _listed(listed)
    for stretches in answer.companies:
        if len(answer.companies) > 1:
            yield ""
            yield f"Company: {_named(stretches[0].company)}"
        yield from _company(stretches, answer)
    if not answer.companies:
        yield ""
        yield NO_FINDING if answer.is_known else NOT_KNOWN
    else:
        yield ""
        yield ONLY_LISTED
    for name in dict.fromkeys(answer.alike):
        yield f"The name is like that of a company with findings, or holds it: {_name(name)}"


# --- a listed party --------------------------------------------------------------------------------------------------


def _listed(listed: Listed) -> Iterator[str]:
    entry = listed.entry
    if entry.confidential:
        yield f"Listed: {_mark(entry.list, entry.entry_id)}, a confidential entry"
    else:
        by = "" if listed.alias == entry.name else f', by its {listed.quality} alias "{_name(listed.alias)}"'
        yield f'Listed: {_mark(entry.list, entry.entry_id)} "{_name(entry.name)}"{by}'
    if not listed.owns:
        yield "  The graph has no holding of it that a regime counts; what it does not know is not ruled out."
        return
    rows = [("owned", "share", "regime", "basis", "days")]
    for affiliation, share in listed.owns:
        told = (printable(affiliation.entity), printable(share) or "through others", affiliation.regime)
        rows.append((cut(told[0], NAME_CHARS_MAX), *told[1:], affiliation.basis, days(affiliation)))
    yield from (f"  {line}" for line in columns(rows))
    if listed.more:
        yield f"  and {listed.more:,} more"


def _mark(code: str, entry_id: str) -> str:
    return printable(cut(f"{code} {entry_id}", NAME_CHARS_MAX))


# --- a company -------------------------------------------------------------------------------------------------------


def _company(stretches: Sequence[Stretch], answer: Answer) -> Iterator[str]:
    for regime in answer.snapshot.rules.regimes:
        own = [stretch for stretch in stretches if stretch.regime is regime]
        yield ""
        if not own:
            yield f"{regime.name} [{regime.id}]: no finding on any day"
            continue
        yield f"{regime.name} [{regime.id}]"
        yield from (f"  In force {_period(period)}" for period in regime.periods)
        if answer.as_of is not None:
            yield f"  On {answer.as_of}: {_on(answer.as_of, regime, own)}"
        for stretch in own:
            yield from (f"  {line}".rstrip() for line in _stretch(stretch, answer.as_of))


def _on(day: str, regime: Regime, own: Sequence[Stretch]) -> str:
    period = regime.period(day)
    if period is None:
        return "the regime is not in force"
    found = [f"{told(stretch)} ({stretch.affiliation.basis})" for stretch in own if stretch.is_asked]
    doubt = "" if period.verified else "; that it is in force is not confirmed"
    return (", ".join(found) or "no finding") + doubt


def told(stretch: Stretch) -> str:
    """What the regime makes of the company: one whose owners only raise a flag captures no one."""
    standing = stretch.company.standing
    if standing == "captured" and stretch.regime.outcome != "block":
        return "flagged"
    return STANDINGS.get(standing, standing)


def _stretch(stretch: Stretch, as_of: str | None) -> Iterator[str]:
    basis = stretch.affiliation.basis
    asked = f"  {ASKED_MARK} {as_of}" if stretch.is_asked else ""
    yield ""
    yield f"{_first_up(days(stretch.affiliation))}: {told(stretch)} ({basis}): {BASES.get(basis, '')}{asked}"
    yield from (f"  {line}" for line in sums(stretch.company))
    yield ""
    yield from (f"  {line}" for line in _tree(stretch.company, told(stretch)))


def sums(company: Company, unit: str = "") -> Iterator[str]:
    """The sum spelled out, what it is compared with, and what does not count; nothing where there is no sum.

    `unit` stands behind each share.
    """
    total = company.total
    if total is None:
        return
    agrees = total.agrees(company.standing)
    against = _against(total, unit) if agrees else "the snapshot does not hold all that this rests on"
    yield f"{printable(total.spelled(unit))}; {against}"
    if total.passed_over:
        more = len(total.passed_over) - PASSED_OVER_MAX
        parts = ", ".join(part.spelled(unit) for part in total.passed_over[:PASSED_OVER_MAX])
        yield f"not counted: {printable(parts)}" + (f" and {more} more" if more > 0 else "")


def _against(total: Total, unit: str) -> str:
    asked = number(total.asked) + unit
    if total.low >= total.asked:
        return f"the regime asks for {asked}"
    return f"less than {asked}" if total.high < total.asked else f"may reach the {asked} that the regime asks for"


# --- the tree --------------------------------------------------------------------------------------------------------


def _tree(root: Company, standing: str) -> Iterator[str]:
    tier = "" if root.tier is None else f", tier {root.tier}"
    yield f"{_named(root)}  {standing}{tier}"
    yield from _owners(root, "")


def _owners(company: Company, indent: str) -> Iterator[str]:
    """The branches of a company, each with its own below it; as deep as a tree is at most."""
    shares = [_share(branch) for branch in company.branches]
    wide = max(map(len, shares), default=0)
    for at, (branch, share) in enumerate(zip(company.branches, shares, strict=True), 1):
        is_last = at == len(company.branches)
        yield f"{indent}{'└' if is_last else '├'}─ {share.rjust(wide)}  {_owner(branch)}"
        yield from _owners(branch.owner, indent + ("   " if is_last else "│  ") + " " * wide)


def _share(branch: Branch) -> str:
    note = f" ({printable(branch.share.note)})" if branch.share.note else ""
    right = " by votes, option or trust" if branch.is_right else ""
    return f"{branch.share.text}{right}{note}"


def _owner(branch: Branch) -> str:
    owner = branch.owner
    parts = [_named(owner), standing_of(owner)]
    if owner.total is not None:
        parts.append(printable(owner.total.text))
    parts.append(AGAIN[owner.again])
    if branch.sources:
        more = "" if len(branch.sources) <= SOURCES_MAX else f" and {len(branch.sources) - SOURCES_MAX} more"
        parts.append(f"(source: {printable(', '.join(branch.sources[:SOURCES_MAX]))}{more})")
    return "  ".join(filter(None, parts))


def standing_of(company: Company) -> str:
    """Where an owner stands, in words, with its tier where it has one that is not told by the words."""
    tier = f", tier {company.tier}" if company.standing == "captured" and company.tier else ""
    return STANDINGS.get(company.standing, company.standing) + tier


def _named(company: Company) -> str:
    marks = "".join(f" [{_mark(mark.list, mark.entry_id)}]" for mark in company.marks)
    return _name(company.name) + marks


def _name(text: str) -> str:
    return printable(cut(text.strip(), NAME_CHARS_MAX))


# --- days ------------------------------------------------------------------------------------------------------------


def days(affiliation: Affiliation) -> str:
    """The days of an affiliation's holdings as a person reads them, the last one among them.

    Holdings without days count whenever the regime is in force, and on no other day.
    """
    return _days(affiliation.effective_from, affiliation.effective_to) or "on every day in force"


def in_force(regime: Regime) -> str:
    """The days on which a regime is in force: "2025-09-29 to 2025-11-09 and from 2026-11-10 (not confirmed)"."""
    doubt = {True: "", False: " (not confirmed)"}
    periods = regime.periods
    return " and ".join(_days(one.effective_from, one.effective_to) + doubt[one.verified] for one in periods)


def of_other_days(companies: Iterable[Sequence[Stretch]]) -> str:
    """What the graph tells of companies on other days than the one asked for."""
    stretches = [stretch for rows in companies for stretch in rows]
    parts = [f"{one.regime.name}: {told(one)} ({one.affiliation.basis}) {days(one.affiliation)}" for one in stretches]
    more = f" and {len(parts) - STRETCHES_MAX} more" if len(parts) > STRETCHES_MAX else ""
    return f"{OTHER_DAYS} {'; '.join(parts[:STRETCHES_MAX])}{more}."


def _period(period: Period) -> str:
    doubt = "" if period.verified else ", not confirmed"
    return f"{_days(period.effective_from, period.effective_to)} ({printable(period.citation)}{doubt})"


def _days(begin: str | None, end: str | None) -> str:
    last = (date.fromisoformat(end) - timedelta(days=1)).isoformat() if end else None
    if begin and last:
        return f"{begin} to {last}"
    return f"from {begin}" if begin else f"to {last}" if last else ""


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
