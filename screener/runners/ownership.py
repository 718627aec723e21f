"""`screener ownership explain`: what a snapshot says of a company's owners, as a tree, a picture or JSON.

A name is looked up as the stream looks it up. Told is what the snapshot holds, regime by regime and stretch of days by
stretch of days; a company of which the graph knows nothing is "ownership not known" and never "not owned". Nothing is
computed anew and nothing decided: what an affiliation does to an order is the rules' to say. Of confidential entries
only list and opaque id are told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from screener.core.match import match as core_match
from screener.core.ownership import keys
from screener.core.pieces import order_of
from screener.errors import OperatorError
from screener.model import Party
from screener.runners import match, ownership_svg, ownership_text
from screener.runners.ownership_tree import Directory, tree
from screener.runners.pairs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from screener.model import ListEntry, Snapshot
    from screener.owners import Affiliation
    from screener.rulings import Regime
    from screener.runners.ownership_tree import Branch, Company

OWNED_MAX: Final = 20
"""Companies of a listed party that are told."""


class Stretch(NamedTuple):
    """What one regime says of a company on a stretch of days.

    `is_held`: the holdings are so on the day asked for; `is_asked`: the regime is in force on it, too.
    """

    affiliation: Affiliation
    regime: Regime
    company: Company
    is_held: bool
    is_asked: bool


class Owned(NamedTuple):
    """A company that a listed party holds some of; `share` is "" where others stand between them."""

    affiliation: Affiliation
    share: str


class Listed(NamedTuple):
    """An entry that the name is, and companies whose chain of owners begins with it; `more` are not told."""

    entry: ListEntry
    alias: str
    quality: str
    owns: tuple[Owned, ...]
    more: int


class Answer(NamedTuple):
    """All that there is to tell of a name; one tuple of stretches for each company of that name."""

    name: str
    as_of: str | None
    snapshot: Snapshot
    is_known: bool
    listed: tuple[Listed, ...]
    companies: tuple[tuple[Stretch, ...], ...]
    alike: tuple[str, ...] = ()
    """Names of other companies with findings that the name is like, the likest first."""


def explain(
    name: str, snapshot: Snapshot, as_of: str | None = None, *, svg: Path | None = None, as_json: bool = False
) -> int:
    """Print what the snapshot says of a name, and draw it where a file is named; the status is 0."""
    answer = ask(name, snapshot, as_of)
    if svg is not None:
        with replacing(svg) as file:
            file.write(ownership_svg.svg(answer))
    for line in [orjson.dumps(as_object(answer)).decode()] if as_json else ownership_text.lines(answer):
        print(line)
    return 0


def ask(name: str, snapshot: Snapshot, as_of: str | None = None) -> Answer:
    """Look a name up; OperatorError where no order could hold it or the snapshot has no ownership."""
    match.check(match.Query(name))
    if not snapshot.ownership_known:
        raise OperatorError("expected lists with --ownership, or a snapshot built with it, found no ownership in it")
    directory = Directory(snapshot)
    looked_up = list(dict.fromkeys(key for key in keys(name, snapshot) if key))
    found = (row.entry - snapshot.listed for key in looked_up for row in snapshot.whole.get(key, ()))
    companies = [
        snapshot.affiliations[number] for number in dict.fromkeys(found) if 0 <= number < len(snapshot.affiliations)
    ]
    return Answer(
        name,
        as_of,
        snapshot,
        not snapshot.ownership_known.isdisjoint(looked_up),
        tuple(_listed(looked_up, directory)),
        tuple(tuple(_stretches(rows, directory, as_of)) for rows in companies),
        tuple(_alike(name, snapshot)),
    )


def _alike(name: str, snapshot: Snapshot) -> Iterator[str]:
    """The companies with findings that an order with this name would meet without bearing one of their names."""
    party = Party("", name, [], "", "", "", {})
    hits = core_match(order_of([party]), snapshot)
    for hit in sorted(hits, key=lambda hit: (-(hit.score or 0.0), hit.entry)):
        company = hit.entry - snapshot.listed
        other = 0 <= company < len(snapshot.affiliations) and hit.rule != "name_whole"
        if other and not snapshot.entries[hit.entry].confidential:
            yield snapshot.entries[hit.entry].aliases[hit.alias].name


def _stretches(rows: Iterable[Affiliation], directory: Directory, as_of: str | None) -> Iterator[Stretch]:
    order = {regime.id: (at, regime) for at, regime in enumerate(directory.snapshot.rules.regimes)}
    for row in sorted(_joined(rows), key=lambda row: (order[row.regime][0], row.effective_from or "")):
        regime = order[row.regime][1]
        is_held = as_of is not None and is_held_on(row, as_of)
        in_force = as_of is not None and regime.period(as_of) is not None
        yield Stretch(row, regime, tree(row, directory), is_held, is_held and in_force)


def _joined(rows: Iterable[Affiliation]) -> list[Affiliation]:
    """The affiliations, those that say the same on stretches that meet as one."""
    joined: list[Affiliation] = []
    for row in rows:
        before = next((at for at, one in enumerate(joined) if one[:5] == row[:5] and _meet(one, row)), None)
        if before is None:
            joined.append(row)
        else:
            joined[before] = joined[before]._replace(effective_to=row.effective_to)
    return joined


def _meet(one: Affiliation, later: Affiliation) -> bool:
    return one.effective_to is not None and one.effective_to == later.effective_from


def is_held_on(affiliation: Affiliation, day: str) -> bool:
    """Whether the holdings of an affiliation are as it says on a day, whatever is in force."""
    begun = affiliation.effective_from is None or affiliation.effective_from <= day
    ended = affiliation.effective_to is not None and affiliation.effective_to <= day
    return begun and not ended


# --- a listed party --------------------------------------------------------------------------------------------------


def _listed(looked_up: Iterable[str], directory: Directory) -> Iterator[Listed]:
    snapshot = directory.snapshot
    names = (row for key in reversed(list(looked_up)) for row in snapshot.whole.get(key, ()))
    found = {row.entry: row for row in names if row.entry < snapshot.listed}
    chains: dict[int, list[Affiliation]] = {number: [] for number in found}
    for affiliation in (row for rows in snapshot.affiliations for row in rows) if found else ():
        for number in found.keys() & set(affiliation.entries):
            chains[number].append(affiliation)
    for number, row in sorted(found.items()):
        entry = snapshot.entries[number]
        alias = entry.aliases[row.alias]
        owned = sorted(chains[number], key=lambda one: (one.entity, one.regime, one.effective_from or "", one.basis))
        told = tuple(Owned(one, _direct(one, number, directory)) for one in owned[:OWNED_MAX])
        yield Listed(entry, alias.name, alias.quality, told, len(owned) - len(told))


def _direct(affiliation: Affiliation, number: int, directory: Directory) -> str:
    """The shares that an entry holds of the company itself, as they were said."""
    company = directory.key(affiliation.entity)
    return ", ".join(
        row.share or "?"
        for row in affiliation.path
        if number in directory.numbers(row.owner) and directory.key(row.owned) == company
    )


# --- for programs ----------------------------------------------------------------------------------------------------


def as_object(answer: Answer) -> dict[str, Any]:
    """The answer as a JSON object; days are half-open, shares are texts."""
    return {
        "name": answer.name,
        "as_of": answer.as_of,
        "snapshot": answer.snapshot.sha256,
        "sample": answer.snapshot.sample,
        "known": answer.is_known,
        "alike": list(answer.alike),
        "listed": [_listed_object(listed) for listed in answer.listed],
        "companies": [
            {"entity": stretches[0].company.name, "affiliations": [_stretch_object(one) for one in stretches]}
            for stretches in answer.companies
        ],
        "regimes": [
            {"id": regime.id, "name": regime.name, "periods": [period._asdict() for period in regime.periods]}
            for regime in answer.snapshot.rules.regimes
        ],
    }


def _listed_object(listed: Listed) -> dict[str, Any]:
    row: dict[str, Any] = {"list": listed.entry.list, "entry_id": listed.entry.entry_id}
    if not listed.entry.confidential:
        row |= {"entry_name": listed.entry.name, "alias": listed.alias, "alias_quality": listed.quality}
    members = ("entity", "regime", "basis", "effective_from", "effective_to")
    owns = [{name: getattr(one.affiliation, name) for name in members} | {"share": one.share} for one in listed.owns]
    return row | {"owns": owns, "owns_more": listed.more}


def _stretch_object(stretch: Stretch) -> dict[str, Any]:
    affiliation = stretch.affiliation
    return {
        "regime": affiliation.regime,
        "basis": affiliation.basis,
        "standing": stretch.company.standing,
        "effective_from": affiliation.effective_from,
        "effective_to": affiliation.effective_to,
        "on_as_of": stretch.is_asked,
        "held_on_as_of": stretch.is_held,
        "tree": _company_object(stretch.company),
    }


def _company_object(company: Company) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": company.name,
        "entries": [mark._asdict() for mark in company.marks],
        "standing": company.standing,
        "tier": company.tier,
    }
    if company.total is not None:
        total = company.total
        shares = {end: f"{getattr(total, end):f}" for end in ("low", "high", "asked")}
        row["sum"] = {"text": total.text, **shares, "passed_over": [part.spelled() for part in total.passed_over]}
    if company.again:
        row["not_opened"] = company.again
    return row | {"owners": [_branch_object(branch) for branch in company.branches]}


def _branch_object(branch: Branch) -> dict[str, Any]:
    share = {"share": branch.share.text, "note": branch.share.note, "sources": list(branch.sources)}
    return share | {"by_right": branch.is_right} | _company_object(branch.owner)
