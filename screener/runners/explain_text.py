"""A decision and its order -> sentences: outcome, findings, days, grants, what is missing, and where it came from.

Total over what JSON can hold: a member that is missing or of another type is told as unknown or passed over. The texts
of orders and lists are shown so that they can't be taken for the program's own words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from screener.runners.terminal import cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTEXT_CHARS: Final = 60
VALUE_CHARS_MAX: Final = 2_000
OPEN, CLOSE = "[[", "]]"
"""Around the characters of a field that were found."""

OUTCOMES: Final = {
    "clear": "clear: no finding under the lists and rules named below",
    "review": "review: a person decides before it goes on",
    "block": "block: it must not go on",
    "quarantine": "quarantine: it could not be read, so it was not judged",
}

BOTH_DAYS: Final = "Where no day was fixed, an order that leaves later than it came is judged on both days."

NOTICES: Final = {
    "BROKER_TIME_MISSING": "The broker did not say when it took the order; it was judged on the worker's own day.",
    "DATE_MISSING": "There was no day to judge on, so that everything found counts, whatever its dates.",
    "DATE_IMPLAUSIBLE": "The export date lies before the day the order came, or too far ahead.",
    "LIST_STALE": "A list was older than allowed, so that it clears nothing.",
    "FINDINGS_CUT": "There were more findings than a decision has room for; the least are not shown.",
    "SAMPLE": "The shipped sample lists were used: not for compliance use.",
    "ALLOW_STALE": "The operator allowed old lists to clear orders.",
    "LIST_AGE_ALLOWED": "A list was older than the rules allow, and not older than the operator allowed.",
    "AS_OF_OVERRIDES_DATES": "The operator chose the day to judge on; the order's own dates lead to another one.",
    "DAYS_DIFFER": "The day it came and the day it leaves are judged differently; the sterner answer counts.",
    "LICENSE_USED": "A license held covers the order; what it answers does not count.",
    "LICENSE_NOT_HELD": "The license that the order cites is none of those held.",
    "CANCELLED": "The order says that it is cancelled; its parties were not screened.",
}
"""Reasons that are no findings."""

FLAGS: Final = {
    "NAME_UNREADABLE": "The name has no letter or digit in it.",
    "NAME_MIXED_SCRIPTS": "One word of the name mixes letters of scripts that look alike.",
    "NAME_DIRECTION_OVERRIDE": "The name holds a mark that has it shown in another order than it is written.",
}

BASES: Final = {
    "direct": "a listed party holds the share that the regime asks for",
    "indirect": "listed parties hold the share that the regime asks for through other companies",
    "aggregate": "the shares of several listed parties add up to what the regime asks for",
    "unknown": "a listed party holds a share that is not known and may be large enough",
    "minority": "listed parties hold less than the share that the regime asks for",
    "circular": "the holdings go in a circle",
    "control": "a listed party holds votes, options or a trust, which are no shares, or controls an owner",
    "former": "listed parties held the share that the regime asks for until not long ago",
}

_TOLD: Final = frozenset(
    "type code party item field span text list entry_id entry_name alias alias_quality score reasons"
    " license_requirement license_review_policy citation path basis regime entity owners grant says scope"
    " license_terms footnotes license".split()
)
_MEMBER: Final = re.compile(r"([a-z_]+)(?:\[([0-9]{1,6})\])?")


def sentences(decision: Mapping[str, Any], order: object) -> Iterator[str]:
    """The lines to print; `order` is the order as JSON, or None where it is none."""
    yield from _outcome(decision)
    findings = [row for row in _list(decision.get("findings")) if isinstance(row, dict)]
    for number, finding in enumerate(findings, 1):
        yield ""
        yield f"Finding {number} of {len(findings)}: {shown(finding.get('code'))} ({shown(finding.get('type'))})"
        for line in _finding(finding, order):
            yield f"  {line}"
    yield ""
    yield from _days(decision)
    yield from _grants(decision)
    yield from _gaps(decision)
    yield from _origin(decision)


# --- the outcome -----------------------------------------------------------------------------------------------------


def _outcome(decision: Mapping[str, Any]) -> Iterator[str]:
    outcome = shown(decision.get("outcome"))
    order_id = decision.get("order_id")
    named = f"Order {shown(order_id)}" if order_id is not None else "An order without a readable id"
    priority = decision.get("priority")
    urgency = f" (priority {priority} of 100)" if outcome in {"review", "block"} and priority is not None else ""
    yield f"{named} is answered {OUTCOMES.get(outcome, outcome)}{urgency}."
    if decision.get("reason"):
        yield f"Why it could not be read: {shown(decision['reason'])}."
    reasons = [shown(code) for code in _list(decision.get("reasons"))]
    yield f"Reasons: {', '.join(reasons) or 'none'}."
    yield from (f"{code}: {NOTICES[code]}" for code in reasons if code in NOTICES)
    for name, told in (("license_requirement", "License requirement"), ("license_review_policy", "Review policy")):
        if decision.get(name):
            yield f"{told} that stands: {shown(decision[name])}"


# --- a finding -------------------------------------------------------------------------------------------------------


def _finding(finding: Mapping[str, Any], order: object) -> Iterator[str]:
    yield from _place(finding, order)
    if finding.get("type") == "affiliation":
        yield from _affiliation(finding)
    elif "list" in finding:
        yield from _entry(finding)
    elif shown(finding.get("code")) in FLAGS:
        yield FLAGS[finding["code"]]
    if finding.get("license"):
        yield f"About the license held {shown(finding['license'])}, which the order cites"
    if finding.get("says"):
        yield shown(finding["says"])
    scope = finding.get("scope")
    if isinstance(scope, dict):
        yield f"Less than a stop: {shown(scope.get('says'))} ({shown(scope.get('code'))})"
    if finding.get("grant"):
        yield f"Covered by the grant {shown(finding['grant'])}: it does not count"
    told = (
        ("license_requirement", "License requirement"),
        ("license_review_policy", "License review policy"),
        ("citation", "Published in"),
    )
    yield from (f"{words}: {shown(finding[name])}" for name, words in told if finding.get(name))
    if finding.get("footnotes"):
        yield f"Footnotes of Supplement 4: {', '.join(map(shown, _list(finding['footnotes'])))}"
    yield from (f"{shown(name)}: {shown(value)}" for name, value in finding.items() if name not in _TOLD)


def _place(finding: Mapping[str, Any], order: object) -> Iterator[str]:
    field = finding.get("field")
    if field is None:
        return
    party, item, span = finding.get("party"), finding.get("item"), finding.get("span")
    where = shown(field)
    role: object = None
    holder = order
    for name, number in (("parties", party), ("items", item)):
        if number is not None:
            where = f"{name}[{shown(number)}].{shown(field)}"
            holder = _member(order, f"{name}[{number}]")
            role = _member(holder, "role")
    role_told = f" ({shown(role)})" if role else ""
    at = f", characters {span[0] + 1} to {span[1]}" if isinstance(span, list) and _is_span(span) else ""
    if finding.get("text") is None:
        yield f"Found in {where}{role_told}"
    else:
        yield f"Found in {where}{role_told}{at}: {_marked(_member(holder, str(field)), span, finding.get('text'))}"


def _member(value: object, name: str) -> object:
    """A member such as `notes` or `parties[2]`; None where there is none."""
    match = _MEMBER.fullmatch(name)
    if match is None or not isinstance(value, dict):
        return None
    found = value.get(match[1])
    if match[2] is None:
        return found
    return found[int(match[2])] if isinstance(found, list) and int(match[2]) < len(found) else None


def _is_span(span: object) -> bool:
    return isinstance(span, list) and len(span) == 2 and all(isinstance(end, int) for end in span)


def _marked(field: object, span: Any, text: object) -> str:  # noqa: ANN401  any JSON value
    """The text found, marked within what stands around it where the order's field holds it at that place."""
    whole = isinstance(field, str) and _is_span(span) and 0 <= span[0] <= span[1] <= len(field)
    if not whole or not isinstance(field, str) or not isinstance(text, str) or not field[span[0] :].startswith(text):
        return f"{OPEN}{shown(text)}{CLOSE}"
    start, end = span
    before, behind = field[max(0, start - CONTEXT_CHARS) : start], field[end : end + CONTEXT_CHARS]
    cut_before, cut_behind = "…" * (start > CONTEXT_CHARS), "…" * (len(field) - end > CONTEXT_CHARS)
    found = shown(field[start:end])
    return f"{cut_before}{printable(before)}{OPEN}{found}{CLOSE}{printable(behind)}{cut_behind}"


def _entry(finding: Mapping[str, Any]) -> Iterator[str]:
    entry = f"entry {shown(finding.get('entry_id'))} of the list {shown(finding['list'])}"
    if finding.get("entry_name"):
        yield f'Listed as: "{shown(finding["entry_name"])}", {entry}'
    else:
        yield f"Listed as: {entry}, which is confidential; its text is not in the decision"
    if finding.get("alias"):
        yield f'By its alias: "{shown(finding["alias"])}" ({shown(finding.get("alias_quality"))})'
    else:
        yield f"By an alias of quality {shown(finding.get('alias_quality'))}"
    if finding.get("score") is not None:
        yield f"Score: {shown(finding['score'])} (1 is the same name)"
    reasons = [shown(reason) for reason in _list(finding.get("reasons"))]
    if reasons:
        yield f"Why: {'; '.join(reasons)}"


def _affiliation(finding: Mapping[str, Any]) -> Iterator[str]:
    basis = shown(finding.get("basis"))
    yield f"Company in the ownership graph: {shown(finding.get('entity'))}"
    yield f"Under the regime {shown(finding.get('regime'))}, {basis}: {BASES.get(basis, 'a basis of another version')}"
    for step in _list(finding.get("path")):
        if isinstance(step, dict):
            share = f"{shown(step['share'])} percent" if step.get("share") else "a share that is not known"
            source = f" (source: {shown(step['source'])})" if step.get("source") else ""
            yield f"{shown(step.get('owner'))} holds {share} of {shown(step.get('owned'))}{source}"
    owners = [row for row in _list(finding.get("owners")) if isinstance(row, dict)]
    if owners:
        named = ", ".join(f"{shown(row.get('list'))} {shown(row.get('entry_id'))}" for row in owners)
        yield f"Listed owners: {named}"


# --- all the rest ----------------------------------------------------------------------------------------------------


def _days(decision: Mapping[str, Any]) -> Iterator[str]:
    as_of = decision.get("as_of")
    if as_of is None:
        yield "Judged on: no day."
    else:
        yield f"Judged on: {shown(as_of)} (Washington). {BOTH_DAYS}"
    if "regimes" in decision:
        regimes = [shown(name) for name in _list(decision["regimes"])]
        yield f"Ownership regimes in force: {', '.join(regimes) or 'none'}."
    for name in _list(decision.get("unverified")):
        yield f"It rests on a rule that no source confirmed: {shown(name)}."


def _grants(decision: Mapping[str, Any]) -> Iterator[str]:
    grants = [grant for grant in _list(decision.get("grants")) if isinstance(grant, dict)]
    for grant in grants:
        covered = ", ".join(shown(code) for code in _list(grant.get("satisfies")))
        yield f"Grant {shown(grant.get('id'))} ({shown(grant.get('type'))}) covers {covered or 'nothing'}."
        if grant.get("amount"):
            drawn = f"others had drawn {shown(grant['drawn'])}" if grant.get("drawn") else "what others drew is unknown"
            yield f"The order is worth {shown(grant['amount'])} {shown(grant.get('currency'))} of its limit; {drawn}."
    if not grants:
        yield "Grants that applied: none."


def _gaps(decision: Mapping[str, Any]) -> Iterator[str]:
    missing = [shown(name) for name in _list(decision.get("missing"))]
    yield f"Missing in the order: {', '.join(missing) or 'nothing that the decision needed'}."
    skipped = [shown(name) for name in _list(decision.get("not_evaluated"))]
    yield f"Not evaluated: {', '.join(skipped) or 'nothing'}."
    parties = [name.removeprefix("OWNERSHIP ") for name in skipped if name.startswith("OWNERSHIP ")]
    if parties:
        yield f"The ownership graph does not know {', '.join(parties)}: nothing is said about who owns them."


def _origin(decision: Mapping[str, Any]) -> Iterator[str]:
    members = (
        ("decision_id", "Decision"),
        ("order_sha256", "SHA-256 of the order"),
        ("profile", "Profile of the jurisdiction"),
        ("snapshot", "Snapshot"),
        ("rules", "Rules"),
        ("screener", "Version of screener"),
    )
    yield from (f"{told}: {shown(decision.get(name))}" for name, told in members)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def shown(value: object) -> str:
    """Any JSON value on one line."""
    if value is None:
        return "unknown"
    try:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "a value that is nested too deep to show"
    return printable(cut(text, VALUE_CHARS_MAX))
