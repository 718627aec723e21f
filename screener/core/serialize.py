"""A verdict -> the decision's bytes, after `topics/schemas/decision.schema.json`.

Compact JSON in a fixed order of members, with no clock in it: the same order, snapshot, terms and key give the same
bytes from every hand. A decision never outgrows `DECISION_BYTES_MAX`: the least of many findings are left out then,
and the reasons say FINDINGS_CUT.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import orjson

from screener import __version__
from screener.core.jurisdiction import unverified
from screener.core.terms import describe, join
from screener.model import Decision, Verdict

if TYPE_CHECKING:
    from screener.authorizations import Granted
    from screener.model import Fault, Judgment, Snapshot, Terms
    from screener.rulings import Outcome

SCHEMA_VERSION = 1
FINDINGS_MAX = 200
DECISION_BYTES_MAX = 2_000_000
ORIGINAL_BYTES_MAX = 1_000_000
ORIGINAL_BYTES_KEPT = 65_536


def serialize(
    raw: bytes,
    order_id: str,
    verdict: Verdict,
    judgment: Judgment,
    snapshot: Snapshot,
    terms: Terms,
    regimes: list[str],
    not_evaluated: list[str],
) -> Decision:
    """Write the decision on an order that could be read."""
    lists = sorted({finding.evidence["list"] for finding in verdict.findings if "list" in finding.evidence})
    for limit in (FINDINGS_MAX, 50, 10, 1):
        told = _told(verdict, limit)
        rest = rest_of(told, verdict, judgment, snapshot, terms, regimes, not_evaluated)
        value = _write(raw, order_id, told.outcome, answer_of(snapshot, judgment.as_of, told, terms.profile), rest)
        if len(value) <= DECISION_BYTES_MAX:
            break
    return Decision(told.outcome, order_id, told.reasons, lists, value, told.use)


def serialize_silent(raw: bytes, order_id: str, verdict: Verdict, answer: bytes, rest: bytes) -> Decision:
    """Write the decision on an order without findings; `answer_of` and `rest_of` gave the like of it the last two."""
    return Decision(
        verdict.outcome, order_id, [*verdict.reasons], [], _write(raw, order_id, verdict.outcome, answer, rest)
    )


def _told(verdict: Verdict, limit: int) -> Verdict:
    """The verdict with the first `limit` findings, and with a word about it when there are more."""
    if len(verdict.findings) <= limit:
        return verdict
    grants = verdict.grants[:limit]  # a license used stands first
    return verdict._replace(
        findings=verdict.findings[:limit], reasons=[*verdict.reasons, "FINDINGS_CUT"], grants=grants
    )


def rest_of(
    told: Verdict,
    verdict: Verdict,
    judgment: Judgment,
    snapshot: Snapshot,
    terms: Terms,
    regimes: list[str],
    not_evaluated: list[str],
) -> bytes:
    """The members of the decision but its ids and the order, as JSON; `told` is what can be told of the verdict."""
    findings = told.findings
    requirement, policy = _requirement(verdict, snapshot)
    members = orjson.dumps(
        {"outcome": told.outcome, "priority": told.priority, "reasons": told.reasons}
        | {"findings": [{"type": row.type, "code": row.code, **row.evidence} for row in findings]}
        | {"grants": [_grant(row) for row in told.grants]}
        | {"license_requirement": requirement, "license_review_policy": policy}
        | {"missing": _missing(verdict, judgment)}
        | {
            "not_evaluated": not_evaluated
            + [row.id for row in snapshot.rules.orders.rows if row.id in verdict.not_evaluated]
        }
        | {"unverified": _unverified(verdict, snapshot, terms)}
        | _origin(judgment.as_of, snapshot, terms, regimes)
    )
    return members[1:-1]


def _unverified(verdict: Verdict, snapshot: Snapshot, terms: Terms) -> list[str]:
    """What the decision rests on and nobody confirmed."""
    rested = {finding.unverified for finding in verdict.findings} | {unverified(terms.profile, snapshot.rules)}
    scopes = snapshot.rules.licenses.scopes
    asked = {term.items for finding in verdict.findings if finding.terms for term in finding.terms.terms}
    rested |= {f"SCOPE {name}" for name in asked if name in scopes and not scopes[name].verified}
    return sorted(filter(None, rested))


def _grant(row: Granted) -> dict[str, Any]:
    told: dict[str, Any] = {"type": row.type, "id": row.id, "satisfies": list(row.satisfies)}
    return told | ({"amount": row.amount, "currency": row.currency, "drawn": row.drawn} if row.amount else {})


def _missing(verdict: Verdict, judgment: Judgment) -> list[str]:
    """What would have settled the order, each once."""
    return list(dict.fromkeys([*judgment.missing, *(field for row in verdict.findings for field in row.missing)]))


def _requirement(verdict: Verdict, snapshot: Snapshot) -> tuple[str, str]:
    """The most restrictive that all findings ask for which no grant covers, in their words where these are the same."""
    standing = [row for row in verdict.findings if not row.grant and row.evidence.get("license_requirement")]
    asking = [row for row in standing if row.terms is not None] or standing
    words = {(row.evidence["license_requirement"], row.evidence["license_review_policy"]): None for row in asking}
    terms = [row.terms for row in asking if row.terms is not None]
    if not terms or len(words) == 1:
        return next(iter(words), ("", ""))
    rules = snapshot.rules.licenses
    return describe(join(terms, rules), rules)


def _write(raw: bytes, order_id: str, outcome: Outcome, answer: bytes, rest: bytes) -> bytes:
    """The ids as `_head` says them, the rest, and the order unless it is clear, as one object."""
    decision_id, order_sha256 = _ids(raw, answer)
    return b'{"schema_version":%d,"decision_id":"%b","order_id":%b,"order_sha256":"%b",%b%b' % (
        SCHEMA_VERSION,
        decision_id.encode(),
        orjson.dumps(order_id),
        order_sha256.encode(),
        rest,
        b"}" if outcome == "clear" else b',"order":%b}' % _one_line(raw),
    )


def serialize_fault(
    raw: bytes | None,
    fault: Fault,
    snapshot: Snapshot,
    terms: Terms,
    notices: list[str],
    original_bytes_max: int = ORIGINAL_BYTES_MAX,
) -> Decision:
    """Write the quarantine record of an order that could not be read or answered, with its bytes.

    Of an original of more than `original_bytes_max` bytes the first `ORIGINAL_BYTES_KEPT` are kept.
    """
    original = raw or b""
    as_of = terms.as_of or terms.received_on
    cut = len(original) > original_bytes_max
    kept = original[:ORIGINAL_BYTES_KEPT] if cut else original
    verdict = Verdict("quarantine", 100, [fault.code, *notices], [])
    value = orjson.dumps(
        _head(original, fault.order_id, as_of, snapshot, verdict, terms.profile)
        | {"outcome": verdict.outcome, "priority": verdict.priority, "reasons": verdict.reasons}
        | {"reason": fault.reason, "original": b64encode(kept).decode()}
        | {"original_bytes": len(original), "original_truncated": cut}
        | _origin(as_of, snapshot, terms, [])
    )
    return Decision("quarantine", fault.order_id, verdict.reasons, [], value)


def _head(
    raw: bytes, order_id: str | None, as_of: str | None, snapshot: Snapshot, verdict: Verdict, profile: str
) -> dict[str, Any]:
    """The members that name a decision."""
    decision_id, order_sha256 = _ids(raw, answer_of(snapshot, as_of, verdict, profile))
    return {
        "schema_version": SCHEMA_VERSION,
        "decision_id": decision_id,
        "order_id": order_id,
        "order_sha256": order_sha256,
    }


def answer_of(snapshot: Snapshot, as_of: str | None, verdict: Verdict, profile: str) -> bytes:
    """What the same bytes may be answered otherwise in: stands behind the order where the decision's id is hashed."""
    return f" {snapshot.sha256} {profile} {as_of} {verdict.outcome} {' '.join(verdict.reasons)}".encode()


def _ids(raw: bytes, answer: bytes) -> tuple[str, str]:
    """The decision's id, which tells apart all that the same bytes may be answered, and the order's hash."""
    hashed = hashlib.sha256(raw)
    order_sha256 = hashed.hexdigest()
    hashed.update(answer)
    return hashed.hexdigest()[:32], order_sha256


def _origin(as_of: str | None, snapshot: Snapshot, terms: Terms, regimes: list[str]) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "regimes": regimes,
        "profile": terms.profile,
        "snapshot": snapshot.sha256,
        "rules": snapshot.components["rules"],
        "screener": __version__,
    }


def _one_line(raw: bytes) -> bytes:
    """The order as it came; line breaks of its layout (none is inside a JSON string) become blanks."""
    return raw.replace(b"\r", b" ").replace(b"\n", b" ").strip()
