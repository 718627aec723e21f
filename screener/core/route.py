"""Findings and caveats -> one verdict: clear, review or block.

The join takes the sternest outcome, so that it is commutative, associative, idempotent and monotone: one more finding
never softens an order's answer. A finding that a grant covers is told and does not count; a grant is no finding, and it
covers only what it names: one entry, for one party, in that party's names. Quarantine is not decided here: an order
that could not be read has no findings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from screener.authorizations import Granted
from screener.core.fold import bare, glue
from screener.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from screener.authorizations import GrantType
    from screener.model import Caveat, Finding, Grant, Hit, Order, Party, Snapshot
    from screener.rulings import Outcome

STERNNESS: dict[Outcome, int] = {"clear": 0, "review": 1, "block": 2}


def route(findings: Iterable[Finding], caveats: Iterable[Caveat], notices: Sequence[str] = ()) -> Verdict:
    """Join what was found; `notices` are told among the reasons and change nothing, covered findings stand last."""
    ranked = sorted(
        findings, key=lambda finding: (finding.grant is not None, -STERNNESS[finding.outcome], -finding.priority)
    )
    standing = [finding for finding in ranked if finding.grant is None]
    told = sorted(caveats, key=lambda caveat: -caveat.priority)
    weights: list[tuple[Outcome, int]] = [(finding.outcome, finding.priority) for finding in standing]
    weights += [("review", caveat.priority) for caveat in told]
    outcome, priority = max(weights, key=lambda weight: (STERNNESS[weight[0]], weight[1]), default=("clear", 0))
    codes = [finding.code for finding in standing] + [caveat.code for caveat in told]
    notes = [note for finding in standing for note in finding.notes]
    reasons = list(dict.fromkeys([*codes, *notes, *notices]))
    return Verdict(outcome, priority, reasons, ranked, _granted(ranked[len(standing) :]))


def _granted(covered: Iterable[Finding]) -> tuple[Granted, ...]:
    codes: dict[tuple[GrantType, str], dict[str, None]] = {}
    for finding in covered:
        codes.setdefault((finding.grant_type, finding.evidence["grant"]), {})[finding.code] = None
    return tuple(Granted(kind, name, tuple(satisfied)) for (kind, name), satisfied in codes.items())


def sterner(verdicts: Iterable[Verdict]) -> Verdict:
    """The sternest of the verdicts of several days; of equal ones the last."""
    return max(reversed(list(verdicts)), key=lambda verdict: (STERNNESS[verdict.outcome], verdict.priority))


# --- grants ----------------------------------------------------------------------------------------------------------


def cover(findings: list[Finding], order: Order, snapshot: Snapshot, day: str | None) -> list[Finding]:
    """Write the grant's id on each finding that a grant covers on `day`; without a day no grant counts.

    Only hits in a party's names are ever covered: no address, no other text, no affiliation, no red flag.
    """
    if not snapshot.grants or day is None:
        return findings
    names: dict[tuple[int, str], str] = {}

    def covered(finding: Finding) -> Finding:
        hit = finding.hit
        if hit is None or hit.place.party is None:
            return finding
        party, place = order.parties[hit.place.party], (hit.place.party, hit.place.field)
        if place not in names:
            names[place] = glue(snapshot.fold(dict(party.names()).get(hit.place.field, "")))
        grant = next(_grants(hit, party, names[place], snapshot, day), None)
        return finding if grant is None else replace(finding, evidence=finding.evidence | {"grant": grant.id})

    return [covered(finding) for finding in findings]


def _grants(hit: Hit, party: Party, name: str, snapshot: Snapshot, day: str) -> Iterator[Grant]:
    """The grants that cover a hit in the name `name` (glued) of a party."""
    for grant in snapshot.grants.get((name, hit.entry), ()):
        if grant.effective_from <= day < grant.effective_to and grant.country == party.country.strip().upper():
            same = _same_identifier(grant, party)
            at_home = bool(grant.address) and grant.address == snapshot.fold(party.address)
            proven = same is True and grant.differs
            if (same or (same is None and at_home)) and (proven or not _exact(hit, name, snapshot)):
                yield grant


def _same_identifier(grant: Grant, party: Party) -> bool | None:
    """Whether the party bears the grant's identifier; None where one of the two says nothing about it."""
    given = [bare(value) for kind, value in party.identifiers.items() if value and bare(kind) == grant.identifier_type]
    if not grant.identifier or not given:
        return None
    return given == [grant.identifier]


def _exact(hit: Hit, name: str, snapshot: Snapshot) -> bool:
    """Whether the party bears a strong name of the entry, whatever rule found it."""
    aliases = snapshot.entries[hit.entry].aliases
    whole = [aliases[row.alias].quality for row in snapshot.whole.get(name, ()) if row.entry == hit.entry]
    return hit.rule == "name_whole" or "strong" in whole
