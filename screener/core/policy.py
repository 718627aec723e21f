"""Hits and affiliations -> findings with the outcome that the rules in force give them, and the day to judge on.

It applies tables (`screener/rules/*.toml`, inside the snapshot) and holds none: which list stops an order, which
regime is in force on which days and how urgent each kind of finding is are data. It does not join findings: `route`
does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from screener.core.conditions import code_of, members
from screener.core.reach import SAYS, reach
from screener.core.terms import MOST_RESTRICTIVE, describe, join
from screener.licensing import ALL, UNKNOWN, LicenseTerms, Term
from screener.model import Caveat, Finding, Judgment
from screener.owners import CAPTURED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from screener.model import Hit, ListEntry, Order, PartyAffiliation, Snapshot, Terms
    from screener.owners import Affiliation, Holding
    from screener.rulings import FindingRule, ListRule, Outcome, Period, Regime, Rules

EVIDENCE_CHARS_MAX = 1_000
OWNERS_MAX = 20
PATH_STEPS_MAX = 200  # the last ones: those next to the party
_CODES = {
    "name_whole": "HIT",
    "name_inside": "HIT",
    "word_inside": "NAME_INSIDE",
    "weak_whole": "WEAK_ALIAS",
    "name_similar": "SIMILAR_NAME",
    "free_text": "IN_TEXT",
    "address": "ADDRESS",
    "address_building": "ADDRESS_BUILDING",
    "address_in_text": "ADDRESS_IN_TEXT",
}
_FLAGGED: dict[str, tuple[str, str]] = {
    "minority": ("MINORITY_OWNER", "minority"),
    "circular": ("CIRCULAR_HOLDING", "flag"),
    "control": ("OWNERSHIP_CONTROL", "flag"),
    "former": ("RF_RECENT_SALE", "flag"),
}
_OF_ADDRESSES = {"address", "address_building", "address_in_text", "listed_address"}


# --- the day ---------------------------------------------------------------------------------------------------------


def judge_days(order: Order, snapshot: Snapshot, terms: Terms) -> Judgment:
    """Which days to judge an order on, after `Terms`, and what about them keeps it from being clear."""
    rules = snapshot.rules
    days, implausible = _days(order, snapshot, terms)
    if not days:
        return Judgment((), None, (Caveat("DATE_MISSING", _caveat(rules)),), ("export_date",))
    codes = ["BROKER_TIME_MISSING"] * (not terms.broker_time) + ["DATE_IMPLAUSIBLE"] * implausible
    codes += ["LIST_STALE"] * is_stale(snapshot, terms, days[-1])
    caveats = tuple(Caveat(code, _caveat(rules)) for code in codes)
    return Judgment(tuple(days), days[-1], caveats, (), tuple(_choices(order, snapshot, terms, days[-1])))


def _choices(order: Order, snapshot: Snapshot, terms: Terms, as_of: str) -> Iterator[str]:
    """Codes of what the operator chose otherwise than the order's own dates, or the limit of the rules."""
    own_day = max(filter(None, (order.placed_on, order.export_on)), default=None)
    if terms.as_of is not None and own_day not in (None, terms.as_of):
        yield "AS_OF_OVERRIDES_DATES"
    as_the_rules_say = terms._replace(list_age_days_max=None)
    if is_stale(snapshot, as_the_rules_say, as_of) and not is_stale(snapshot, terms, as_of):
        yield "LIST_AGE_ALLOWED"


def _caveat(rules: Rules) -> int:
    return rules.findings["caveat"].priority


def _days(order: Order, snapshot: Snapshot, terms: Terms) -> tuple[list[str], bool]:
    """The days, the last one being `as_of`, and whether the order's own dates are implausible.

    An order that leaves later than it came is judged on both days: a rule, a listing or a holding may begin or end
    between them.
    """
    if terms.as_of is not None:
        return [terms.as_of], False
    received, export, ahead_max = terms.received_on, order.export_on, snapshot.rules.export_ahead_days_max
    if received is None:
        days = sorted({day for day in (order.placed_on, export) if day})
        edition = snapshot.edition
        return days, bool(days) and edition is not None and _days_between(days[-1], edition) > ahead_max
    if export is None or export == received:
        return [received], False
    if export < received:
        return [received], True
    return [received, export], _days_between(received, export) > ahead_max


def _days_between(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def is_stale(snapshot: Snapshot, terms: Terms, as_of: str) -> bool:
    """Whether a list is older than allowed, on the day that age is measured to."""
    if terms.allow_stale:
        return False
    edition = snapshot.edition
    return edition is not None and _days_between(edition, terms.aged_on or as_of) > age_days_max(snapshot, terms)


def age_days_max(snapshot: Snapshot, terms: Terms) -> int:
    """How many days old a list may be that clears orders."""
    return snapshot.rules.list_age_days_max if terms.list_age_days_max is None else terms.list_age_days_max


def regimes_in_force(snapshot: Snapshot, days: Iterable[str]) -> list[str]:
    """The ownership regimes in force on one of the days; rows that only flag an owner are none."""
    held = [regime for regime in snapshot.rules.regimes if regime.outcome == "block"]
    return [regime.id for regime in held if any(map(regime.period, days))]


# --- findings --------------------------------------------------------------------------------------------------------


def policy(
    hits: Iterable[Hit], affiliations: Iterable[PartyAffiliation], order: Order, snapshot: Snapshot, day: str | None
) -> list[Finding]:
    """The findings in force on `day`; without a day everything counts as in force."""
    found: list[Finding] = []
    for hit in hits:
        finding = _hit_finding(hit, snapshot, day)
        if finding is not None:
            listed = snapshot.rules.of_list(snapshot.entries[hit.entry].list)
            stated = _by_statement(finding, hit, listed, order)
            found.append(_by_scope(stated, hit, order, snapshot) if listed.by_scope else stated)
    regimes = {regime.id: regime for regime in snapshot.rules.regimes}
    for row in affiliations:
        finding = _affiliation_finding(row, snapshot, day)
        if finding is not None:
            regime = regimes[row.affiliation.regime]
            covered = _by_general_license(finding, regime, order, snapshot, day)
            found.append(_by_scope(covered, row.hit, order, snapshot) if regime.by_scope else covered)
    return found


def _by_scope(finding: Finding, hit: Hit, order: Order, snapshot: Snapshot) -> Finding:
    """A stop becomes a review, with the reason, where the requirement does not surely reach the order."""
    if finding.outcome != "block" or finding.terms is None:
        return finding
    party = hit.place.party
    role = order.parties[party].role if party is not None else ""
    found = reach(role, finding.terms, order, snapshot.rules)
    if found.inside:
        return finding
    told = {"scope": {"code": found.code, "says": SAYS[found.code]}}
    return replace(
        finding, outcome="review", evidence=finding.evidence | told, notes=(found.code,), missing=found.missing
    )


def _by_general_license(finding: Finding, regime: Regime, order: Order, snapshot: Snapshot, day: str | None) -> Finding:
    """A stop becomes a review where a general license of the day may cover it: no order shows all its conditions."""
    if finding.outcome != "block" or day is None:
        return finding
    countries = snapshot.rules.orders.countries
    destination = code_of(order.destined_to() or "", countries)
    for row in regime.general_licenses:
        if row.period.holds(day) and destination in members(row.destinations, day, countries):
            says = f"{row.name} ({row.period.citation}) may cover it"
            told = {"scope": {"code": "GENERAL_LICENSE", "says": says}}
            notes = (*finding.notes, "GENERAL_LICENSE")
            unverified = finding.unverified if row.period.verified else f"{row.name} {row.period.effective_from}"
            return replace(
                finding, outcome="review", evidence=finding.evidence | told, notes=notes, unverified=unverified
            )
    return finding


def _by_statement(finding: Finding, hit: Hit, listed: ListRule, order: Order) -> Finding:
    """A review that a party's signed statement answers counts no more, and is told all the same."""
    party = hit.place.party
    if not listed.statement or party is None or finding.outcome != "review":
        return finding
    given = (order.parties[party].facts.get("statements") or {}).get(listed.statement)
    if given is not True:
        return replace(finding, missing=(*finding.missing, f"parties[{party}].statements.{listed.statement}"))
    if listed.suspends_exceptions and (order.facts.get("license") or {}).get("exception"):
        says = "the order claims a license exception, which the listing suspends: the statement is not enough"
        told = {"scope": {"code": "EXCEPTION_SUSPENDED", "says": says}}
        return replace(finding, evidence=finding.evidence | told, notes=("EXCEPTION_SUSPENDED",))
    says = f"the order carries the party's statement {listed.statement!r}"
    told = {"scope": {"code": "STATEMENT_GIVEN", "says": says}}
    return replace(finding, outcome="clear", evidence=finding.evidence | told, notes=("STATEMENT_GIVEN",))


def _hit_finding(hit: Hit, snapshot: Snapshot, day: str | None) -> Finding | None:
    entry = snapshot.entries[hit.entry]
    published = entry.list in snapshot.rules.lists or bool(snapshot.lists[entry.list].edition)
    list_rule = snapshot.rules.of_list(entry.list)
    rule = snapshot.rules.findings[hit.rule]
    outcome = _outcome(rule, list_rule.outcome)
    if day is not None and not _in_force(entry, day):
        if not published:
            return None
        outcome = "review"  # the publisher's dates never clear a party that is still on the list
    flag = hit.rule == "listed_address"
    terms = None if flag or entry.confidential else _terms_of(entry, snapshot.rules)
    return Finding(
        "red_flag" if flag else "hit",
        "RF_LISTED_ADDRESS" if flag else f"{entry.list}_{_CODES[hit.rule]}",
        outcome,
        rule.priority if hit.score is None else round(rule.priority * hit.score),
        _hit_evidence(hit, entry, rule, list_rule) | _terms_evidence(terms),
        hit=hit,
        terms=terms,
        licensed_by=() if flag else list_rule.licensed_by,
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
    evidence = _place(hit.place) | {"span": [hit.start, hit.end], "text": _cut(hit.text)}
    evidence |= {"list": _cut(entry.list), "entry_id": _cut(entry.entry_id)}
    if hit.rule in _OF_ADDRESSES:
        quality, matched = "strong", entry.addresses[hit.alias]
    else:
        matched, quality, _ = entry.aliases[hit.alias]
    evidence |= {"alias_quality": quality, "score": rule.score if hit.score is None else hit.score}
    if entry.confidential:
        return evidence
    return (
        evidence
        | {
            "entry_name": _cut(entry.name),
            "alias": _cut(matched),
            "license_requirement": _cut(entry.license_requirement or list_rule.effect),
            "license_review_policy": _cut(entry.license_review_policy),
            "citation": _cut(entry.citation or list_rule.citation),
        }
        | ({"reasons": list(hit.reasons)} if hit.reasons else {})
    )


def _affiliation_finding(found: PartyAffiliation, snapshot: Snapshot, day: str | None) -> Finding | None:
    affiliation, hit = found.affiliation, found.hit
    regime = next(regime for regime in snapshot.rules.regimes if regime.id == affiliation.regime)
    period = regime.period(day) if day is not None else next(reversed(regime.periods), None)
    if period is None or (day is not None and not _holds(affiliation, day)):
        return None
    code, row = _affiliation_rule(affiliation, regime)
    rule, by_name = snapshot.rules.findings[row], snapshot.rules.findings[hit.rule]
    outcome, priority = _outcome(rule, regime.outcome), rule.priority
    if by_name.outcome != "list":  # the name alone would be a review on a list too
        code, outcome = f"{code}_{_CODES[hit.rule]}", "review"
        priority = min(priority, by_name.priority if hit.score is None else round(by_name.priority * hit.score))
    needed = affiliation.basis in CAPTURED or affiliation.basis == "unknown"
    asked = _asked(affiliation, regime, snapshot) if needed else _NOTHING_ASKED
    return Finding(
        "affiliation",
        code,
        outcome,
        priority,
        _affiliation_evidence(found, snapshot, period, by_name, asked),
        None if period.verified else f"{regime.id} {period.effective_from}",
        terms=asked.terms,
        licensed_by=regime.licensed_by if needed else (),
    )


class _Asked(NamedTuple):
    """What the listed owners of a company ask for together, and as two texts; no terms where there are none to tell."""

    terms: LicenseTerms | None
    texts: tuple[str, str]


_NOTHING_ASKED = _Asked(None, ("", ""))


def _asked(affiliation: Affiliation, regime: Regime, snapshot: Snapshot) -> _Asked:
    """The most restrictive that any listed owner asks for on each item, of those whom the regime counts.

    One owner's terms are told in its own words. Of a confidential entry nothing is told but that it is there: it counts
    as restrictive as any.
    """
    rules = snapshot.rules
    listed = [snapshot.entries[number] for number in affiliation.entries]
    counted = [entry for entry in listed if any(map(entry.is_seed, regime.seeds))] or listed
    if all(entry.confidential for entry in counted):
        return _NOTHING_ASKED
    terms = join(
        (MOST_RESTRICTIVE if entry.confidential else _terms_of(entry, rules) or MOST_RESTRICTIVE for entry in counted),
        rules.licenses,
    )
    first, *others = [
        (entry.license_requirement or rules.of_list(entry.list).effect, entry.license_review_policy)
        for entry in counted
    ]
    alone = all(words == first for words in others) and not any(entry.confidential for entry in counted)
    return _Asked(terms, first if alone else describe(terms, rules.licenses))


def _terms_of(entry: ListEntry, rules: Rules) -> LicenseTerms | None:
    """What an entry asks for: as it states itself, or as its list's rule says for all of its entries."""
    if entry.terms is not None:
        return entry.terms
    policy = rules.of_list(entry.list).review_policy
    return LicenseTerms((Term(ALL, policy),)) if policy != UNKNOWN else None


def _terms_evidence(terms: LicenseTerms | None) -> dict[str, Any]:
    if terms is None:
        return {}
    told: dict[str, Any] = {"license_terms": [term._asdict() for term in terms.terms]}
    return told | {"footnotes": list(terms.footnotes)} if terms.footnotes else told


def _holds(affiliation: Affiliation, day: str) -> bool:
    begun = affiliation.effective_from is None or affiliation.effective_from <= day
    return begun and (affiliation.effective_to is None or day < affiliation.effective_to)


def _affiliation_rule(affiliation: Affiliation, regime: Regime) -> tuple[str, str]:
    """The code of the finding and its row of outcomes.toml."""
    if regime.outcome == "review":
        return regime.code, "flag"
    if affiliation.basis == "unknown":
        return regime.unknown_code, "ownership_unknown"
    return _FLAGGED.get(affiliation.basis, (regime.code, "affiliate"))


def _affiliation_evidence(
    found: PartyAffiliation, snapshot: Snapshot, period: Period, by_name: FindingRule, asked: _Asked
) -> dict[str, Any]:
    affiliation, hit = found.affiliation, found.hit
    listed = [snapshot.entries[number] for number in affiliation.entries]
    evidence = _place(hit.place) | {"span": [hit.start, hit.end], "text": _cut(hit.text)}
    evidence |= {"score": by_name.score if hit.score is None else hit.score}
    if hit.reasons and not snapshot.entries[hit.entry].confidential:
        evidence |= {"reasons": list(hit.reasons)}
    evidence |= {"regime": affiliation.regime, "entity": _cut(affiliation.entity), "basis": affiliation.basis}
    evidence |= {"citation": _cut(period.citation)}
    requirement, policy = asked.texts
    evidence |= {"license_requirement": _cut(requirement), "license_review_policy": _cut(policy)}
    evidence |= _terms_evidence(asked.terms)
    owners = listed[:OWNERS_MAX]
    evidence |= {"owners": [{"list": _cut(entry.list), "entry_id": _cut(entry.entry_id)} for entry in owners]}
    steps = affiliation.path[-PATH_STEPS_MAX:]
    return evidence | {"path": [_step(step) for step in steps]}


def _step(step: Holding) -> dict[str, Any]:
    told: dict[str, Any] = {name: _cut(getattr(step, name)) for name in ("owner", "owned", "share", "source")}
    return told if step.tier is None else told | {"tier": step.tier}


def _cut(text: str) -> str:
    return text[:EVIDENCE_CHARS_MAX]
