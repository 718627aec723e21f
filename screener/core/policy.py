"""Hits and affiliations -> findings with the outcome that the rules in force give them, and the day to judge on.

It applies tables (`screener/rules/*.toml`, inside the snapshot) and holds none: which list stops an order, which
regime is in force on which days and how urgent each kind of finding is are data. It does not join findings: `route`
does.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from screener.model import Caveat, Finding, Judgment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screener.model import (
        Affiliation,
        FindingRule,
        Hit,
        ListEntry,
        ListRule,
        Order,
        Outcome,
        PartyAffiliation,
        Period,
        Regime,
        Rules,
        Snapshot,
        Terms,
    )

EVIDENCE_CHARS_MAX = 1_000
_CODES = {
    "name_whole": "HIT",
    "name_inside": "HIT",
    "word_inside": "NAME_INSIDE",
    "weak_whole": "WEAK_ALIAS",
    "free_text": "IN_TEXT",
    "address": "ADDRESS",
}


# --- the day ---------------------------------------------------------------------------------------------------------


def judge_days(order: Order, snapshot: Snapshot, terms: Terms) -> Judgment:
    """Which days to judge an order on, after `Terms`, and what about them keeps it from being clear."""
    rules = snapshot.rules
    days, caveats = _days(order, rules, terms)
    as_of = days[-1] if days else None
    if as_of is None:
        return Judgment((), None, (Caveat("DATE_MISSING", _caveat(rules)),), ("export_date",))
    if not terms.allow_stale and not snapshot.sample and _stale(snapshot, terms, as_of):
        caveats.append(Caveat("LIST_STALE", _caveat(rules)))
    return Judgment(tuple(days), as_of, tuple(caveats), ())


def _caveat(rules: Rules) -> int:
    return rules.findings["caveat"].priority


def _days(order: Order, rules: Rules, terms: Terms) -> tuple[list[str], list[Caveat]]:
    if terms.as_of is not None:
        return [terms.as_of], []
    received, export = terms.received_on, order.export_on
    if received is None:
        return [day for day in [max(filter(None, (order.placed_on, export)), default=None)] if day], []
    if export is None or export == received:
        return [received], []
    if export < received or _days_between(received, export) > rules.export_ahead_days_max:
        return [max(received, export)], [Caveat("DATE_IMPLAUSIBLE", _caveat(rules))]
    changes = {period.effective_from for regime in rules.regimes for period in regime.periods}
    changes |= {period.effective_to or "" for regime in rules.regimes for period in regime.periods}
    return ([received] if any(received < day <= export for day in changes) else []) + [export], []


def _days_between(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def _stale(snapshot: Snapshot, terms: Terms, as_of: str) -> bool:
    limit = snapshot.rules.list_age_days_max if terms.list_age_days_max is None else terms.list_age_days_max
    measured_to = terms.aged_on or as_of
    return any(facts.edition and _days_between(facts.edition, measured_to) > limit for facts in snapshot.lists.values())


def regimes_in_force(snapshot: Snapshot, day: str | None) -> list[str]:
    """The ownership regimes in force on a day."""
    return [regime.id for regime in snapshot.rules.regimes if day is not None and regime.period(day)]


# --- findings --------------------------------------------------------------------------------------------------------


def policy(
    hits: Iterable[Hit], affiliations: Iterable[PartyAffiliation], snapshot: Snapshot, day: str | None
) -> list[Finding]:
    """The findings in force on `day`; without a day everything counts as in force."""
    findings = [_hit_finding(hit, snapshot, day) for hit in hits]
    found = [_affiliation_finding(row, snapshot, day) for row in affiliations]
    return [finding for finding in (*findings, *found) if finding is not None]


def _hit_finding(hit: Hit, snapshot: Snapshot, day: str | None) -> Finding | None:
    entry = snapshot.entries[hit.entry]
    known = entry.list in snapshot.rules.lists
    list_rule = snapshot.rules.lists[entry.list if known else "private"]
    rule = snapshot.rules.findings[hit.rule]
    outcome = _outcome(rule, list_rule.outcome)
    if day is not None and not _in_force(entry, day):
        if not known:
            return None
        outcome = "review"  # the publisher's dates never clear a party that is still on the list
    return Finding(
        "hit", f"{entry.list}_{_CODES[hit.rule]}", outcome, rule.priority, _hit_evidence(hit, entry, rule, list_rule)
    )


def _outcome(rule: FindingRule, deferred: Outcome) -> Outcome:
    return deferred if rule.outcome in {"list", "regime"} else rule.outcome  # type: ignore[return-value]


def _in_force(entry: ListEntry, day: str) -> bool:
    begun = entry.effective_from is None or entry.effective_from <= day
    return begun and (entry.effective_to is None or day < entry.effective_to)


def _place(place: Any) -> dict[str, Any]:  # noqa: ANN401  Place, read only here
    numbers = {"party": place.party, "item": place.item}
    return {name: number for name, number in numbers.items() if number is not None} | {"field": place.field}


def _hit_evidence(hit: Hit, entry: ListEntry, rule: FindingRule, list_rule: ListRule) -> dict[str, Any]:
    evidence = _place(hit.place) | {"span": [hit.start, hit.end], "text": hit.text[:EVIDENCE_CHARS_MAX]}
    evidence |= {"list": entry.list, "entry_id": entry.entry_id}
    if hit.rule == "address":
        quality, matched = "strong", entry.addresses[hit.alias]
    else:
        matched, quality, _ = entry.aliases[hit.alias]
    evidence |= {"alias_quality": quality, "score": rule.score}
    if entry.confidential:
        return evidence
    return evidence | {
        "entry_name": entry.name[:EVIDENCE_CHARS_MAX],
        "alias": matched[:EVIDENCE_CHARS_MAX],
        "license_requirement": entry.license_requirement[:EVIDENCE_CHARS_MAX] or list_rule.effect,
        "license_review_policy": entry.license_review_policy[:EVIDENCE_CHARS_MAX],
        "citation": entry.citation[:EVIDENCE_CHARS_MAX] or list_rule.citation,
    }


def _affiliation_finding(found: PartyAffiliation, snapshot: Snapshot, day: str | None) -> Finding | None:
    affiliation = found.affiliation
    regime = next(regime for regime in snapshot.rules.regimes if regime.id == affiliation.regime)
    period = regime.period(day) if day is not None else regime.periods[-1]
    if period is None or (day is not None and not _holds(affiliation, day)):
        return None
    code, row = _affiliation_rule(affiliation, regime)
    rule = snapshot.rules.findings[row]
    return Finding(
        "affiliation",
        code,
        _outcome(rule, regime.outcome),
        rule.priority,
        _affiliation_evidence(found, snapshot, period),
        None if period.verified else f"{regime.id} {period.effective_from}",
    )


def _holds(affiliation: Affiliation, day: str) -> bool:
    begun = affiliation.effective_from is None or affiliation.effective_from <= day
    return begun and (affiliation.effective_to is None or day < affiliation.effective_to)


def _affiliation_rule(affiliation: Affiliation, regime: Regime) -> tuple[str, str]:
    """The code of the finding and its row of outcomes.toml."""
    if affiliation.basis == "unknown":
        return regime.unknown_code, "ownership_unknown"
    if affiliation.basis == "minority":
        return "MINORITY_OWNER", "minority"
    if affiliation.basis in {"control", "circular"}:
        return f"OWNERSHIP_{affiliation.basis.upper()}", "flag"
    return regime.code, "affiliate"


def _affiliation_evidence(found: PartyAffiliation, snapshot: Snapshot, period: Period) -> dict[str, Any]:
    affiliation = found.affiliation
    listed = [snapshot.entries[number] for number in affiliation.entries]
    open_entries = [entry for entry in listed if not entry.confidential]
    first = open_entries[0] if open_entries else None
    return (
        _place(found.place)
        | {"span": [0, len(found.text)], "text": found.text[:EVIDENCE_CHARS_MAX], "regime": affiliation.regime}
        | {"entity": affiliation.entity, "basis": affiliation.basis, "citation": period.citation}
        | {"owners": [{"list": entry.list, "entry_id": entry.entry_id} for entry in listed]}
        | {"path": [step._asdict() for step in affiliation.path]}
        | {
            "license_requirement": first.license_requirement[:EVIDENCE_CHARS_MAX] if first else "",
            "license_review_policy": first.license_review_policy[:EVIDENCE_CHARS_MAX] if first else "",
        }
    )
