"""The data plane: one order in, one decision out.

`screen` is the whole way on one screen, and the only place where the stages meet. It is pure and total: no clock, no
file, no log; every byte string gives a decision, and the same bytes, snapshot and terms give the same decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.core.decode import decode
from screener.core.match import match
from screener.core.ownership import ownership, unknown_parties
from screener.core.policy import judge_days, policy, regimes_in_force
from screener.core.redflags import redflags
from screener.core.route import route, sterner
from screener.core.serialize import serialize, serialize_fault
from screener.model import Fault, Terms

if TYPE_CHECKING:
    from screener.model import Decision, Finding, Judgment, Order, Snapshot, Verdict

AS_GIVEN = Terms()


def screen(raw: bytes | None, snapshot: Snapshot, terms: Terms = AS_GIVEN, key: bytes | None = None) -> Decision:
    """Answer one order.

    `raw` is the order's value (None: a tombstone), `key` the record's key where there is one: a key that is not the
    order id quarantines the order, for its answer would be taken for another order's.
    """
    order = _read(raw, key)
    if isinstance(order, Fault):
        return serialize_fault(raw, order, snapshot, terms, _notices(snapshot, terms))
    judgment = judge_days(order, snapshot, terms)
    verdict = _cancelled(snapshot, terms) if order.cancelled else _judge(order, snapshot, terms, judgment)
    return serialize(
        raw or b"",
        order,
        verdict,
        judgment,
        snapshot,
        terms,
        regimes=regimes_in_force(snapshot, judgment.days),
        not_evaluated=[f"OWNERSHIP parties[{number}]" for number in unknown_parties(order, snapshot)],
    )


def refuse(raw: bytes | None, fault: Fault, snapshot: Snapshot, terms: Terms = AS_GIVEN) -> Decision:
    """Quarantine an order whose answer could not be delivered, in a record that is small whatever the order."""
    return serialize_fault(raw, fault, snapshot, terms, _notices(snapshot, terms), original_bytes_max=0)


def _read(raw: bytes | None, key: bytes | None) -> Order | Fault:
    if raw is None:
        return Fault("TOMBSTONE", "the record has no value: an order is cancelled by an amendment, not by a tombstone")
    order = decode(raw)
    if isinstance(order, Fault) or key is None or key == order.order_id.encode():
        return order
    return Fault("KEY_MISMATCH", "the record's key is not the order id", order.order_id)


def _judge(order: Order, snapshot: Snapshot, terms: Terms, judgment: Judgment) -> Verdict:
    """The sternest verdict of the days in question."""
    hits = match(order, snapshot)
    affiliations = ownership(order, snapshot)
    flags = redflags(order, snapshot)
    days = judgment.days or (None,)

    def on(day: str | None) -> Verdict:
        findings: list[Finding] = [*policy(hits, affiliations, snapshot, day), *flags]
        return route(findings, judgment.caveats, _notices(snapshot, terms))

    return sterner([on(day) for day in days])


def _cancelled(snapshot: Snapshot, terms: Terms) -> Verdict:
    return route((), (), ["CANCELLED", *_notices(snapshot, terms)])


def _notices(snapshot: Snapshot, terms: Terms) -> list[str]:
    """What every decision says of how it came about."""
    return ["SAMPLE"] * snapshot.sample + ["ALLOW_STALE"] * terms.allow_stale
