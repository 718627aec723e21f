"""The data plane: one order in, one decision out.

`screen` is the whole way on one screen, and the only place where the stages meet. It is pure and total: no clock, no
file, no log; every byte string gives a decision, and the same bytes, snapshot and terms give the same decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from screener.core import licenses
from screener.core.decode import decode
from screener.core.jurisdiction import adopted
from screener.core.keys import key_mismatch
from screener.core.match import match
from screener.core.order_rules import Ruled, order_rules
from screener.core.ordinary import ordinary
from screener.core.ownership import ownership, unknown_parties
from screener.core.pieces import Said, piecewise
from screener.core.policy import judge_days, policy, regimes_in_force
from screener.core.premises import at_listed_address
from screener.core.redflags import redflags
from screener.core.route import cover, route, sterner
from screener.core.serialize import answer_of, rest_of, serialize, serialize_fault, serialize_silent
from screener.model import Fault, Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screener.memory import Shelf
    from screener.model import Decision, Judgment, Order, Snapshot, Verdict
    from screener.protocols import DrawnSoFar

AS_GIVEN = Terms()


def screen(
    raw: bytes | None,
    snapshot: Snapshot,
    terms: Terms = AS_GIVEN,
    key: bytes | None = None,
    drawn: DrawnSoFar = licenses.not_known,
) -> Decision:
    """Answer one order.

    `raw` is the order's value (None: a tombstone), `key` the record's key where there is one: a key that is not the
    order id quarantines the order, for its answer would be taken for another order's. `drawn` says what other orders
    have drawn of a license held, asked only where the order cites one that covers it; unknown, a person decides.
    """
    order = _read(raw, key, snapshot)
    if isinstance(order, Fault):
        return serialize_fault(raw, order, snapshot, terms, _notices(snapshot, terms))
    said = piecewise(order, snapshot, _stages)
    frame = _frame(order, said.unknown, snapshot, terms)
    raw = raw or b""
    if order.cancelled:
        verdict = _cancelled(order, snapshot, terms)
    else:
        unasked = ordinary(order, said.signals, frame.judgment.days or (None,), snapshot)
        if not said.signs and unasked is not None:
            rest = _rest(unasked, frame, snapshot, terms)
            return serialize_silent(raw, order.order_id, frame.silent, frame.answer, rest)
        verdict = _judge(order, said, unasked, snapshot, terms, frame, drawn)
    return serialize(raw, order.order_id, verdict, frame.judgment, snapshot, terms, frame.regimes, frame.not_evaluated)


def refuse(raw: bytes | None, fault: Fault, snapshot: Snapshot, terms: Terms = AS_GIVEN) -> Decision:
    """Quarantine an order whose answer could not be delivered, in a record that is small whatever the order."""
    return serialize_fault(raw, fault, snapshot, terms, _notices(snapshot, terms), original_bytes_max=0)


def give_up(raw: bytes | None, fault: Fault, snapshot: Snapshot, terms: Terms = AS_GIVEN) -> Decision:
    """Quarantine an order that could not be screened for a fault that is not its own, with its bytes."""
    return serialize_fault(raw, fault, snapshot, terms, _notices(snapshot, terms))


def _read(raw: bytes | None, key: bytes | None, snapshot: Snapshot) -> Order | Fault:
    if raw is None:
        return Fault("TOMBSTONE", "the record has no value: an order is cancelled by an amendment, not by a tombstone")
    order = decode(raw, snapshot.memory)
    if key is None or isinstance(order, Fault):
        return order
    return key_mismatch(key, order.order_id) or order


def _stages(order: Order, snapshot: Snapshot) -> Said:
    """What there is to say of an order's parties and texts, on any day and under any terms."""
    hits, affiliations, signals = ownership(match(order, snapshot), snapshot)
    return Said(
        [*hits, *at_listed_address(order, snapshot, hits)],
        affiliations,
        redflags(order, snapshot),
        unknown_parties(order, snapshot),
        signals,
    )


class _Frame(NamedTuple):
    """What orders share that have the same dates and terms, and the same parties of unknown owners.

    `silent` is the verdict where nothing was found, `answer` and `rests` what of its decision is not the order's own;
    `rests` by the rows that can't be evaluated.
    """

    judgment: Judgment
    regimes: list[str]
    not_evaluated: list[str]
    silent: Verdict
    answer: bytes
    rests: dict[frozenset[str], bytes]


def _frame(order: Order, unknown: Sequence[int], snapshot: Snapshot, terms: Terms) -> _Frame:
    frames: Shelf[tuple[object, ...], _Frame] = snapshot.memory.frames
    question = (terms, order.placed_on, order.export_on, *unknown)
    return frames.get(question) or frames.keep(question, _new_frame(order, unknown, snapshot, terms))


def _new_frame(order: Order, unknown: Sequence[int], snapshot: Snapshot, terms: Terms) -> _Frame:
    judgment = judge_days(order, snapshot, terms)
    regimes = regimes_in_force(snapshot, judgment.days)
    not_evaluated = [f"OWNERSHIP parties[{number}]" for number in unknown]
    silent = route((), judgment.caveats, [*judgment.notices, *_notices(snapshot, terms)])
    return _Frame(
        judgment, regimes, not_evaluated, silent, answer_of(snapshot, judgment.as_of, silent, terms.profile), {}
    )


def _rest(unasked: frozenset[str], frame: _Frame, snapshot: Snapshot, terms: Terms) -> bytes:
    """The rest of the decision on an order in which nothing was found; `unasked` are the rows that it can't answer."""
    rest = frame.rests.get(unasked)
    if rest is None:
        verdict = frame.silent._replace(not_evaluated=unasked)
        rest = rest_of(verdict, verdict, frame.judgment, snapshot, terms, frame.regimes, frame.not_evaluated)
        frame.rests[unasked] = rest
    return rest


def _judge(
    order: Order,
    said: Said,
    unasked: frozenset[str] | None,
    snapshot: Snapshot,
    terms: Terms,
    frame: _Frame,
    drawn: DrawnSoFar,
) -> Verdict:
    """The sternest verdict of the days in question; what could not be told on one of them is told of all.

    Rows over the order's facts are asked unless it is known to be ordinary; then `unasked` are those it can't answer.
    """

    def on(day: str | None) -> Verdict:
        ruled = order_rules(order, said.signals, snapshot, day) if unasked is None else Ruled([], unasked)
        findings = [*policy(said.hits, said.affiliations, order, snapshot, day), *said.flags, *ruled.findings]
        findings = adopted(findings, terms.profile, snapshot.rules)
        claimed = licenses.claim(order, snapshot, day, drawn)
        answered = licenses.answer(cover(findings, order, snapshot, day), claimed, order, snapshot, day)
        answered += licenses.lacking(claimed, snapshot)
        notices = [*licenses.notices(order, claimed, snapshot), *frame.judgment.notices, *_notices(snapshot, terms)]
        verdict = route(answered, frame.judgment.caveats, notices)
        return licenses.used(verdict, claimed)._replace(not_evaluated=frozenset(ruled.not_evaluated))

    verdicts = [on(day) for day in frame.judgment.days or (None,)]
    sternest = sterner(verdicts)
    if any((one.outcome, one.reasons) != (sternest.outcome, sternest.reasons) for one in verdicts):
        sternest = sternest._replace(reasons=[*sternest.reasons, "DAYS_DIFFER"])
    return sternest._replace(not_evaluated=frozenset().union(*(one.not_evaluated for one in verdicts)))


def _cancelled(order: Order, snapshot: Snapshot, terms: Terms) -> Verdict:
    """A cancelled order gives back what it has drawn of the license that it cites."""
    verdict = route((), (), ["CANCELLED", *_notices(snapshot, terms)])
    return verdict._replace(use=licenses.given_back(order, snapshot))


def _notices(snapshot: Snapshot, terms: Terms) -> list[str]:
    """What every decision says of how it came about."""
    return ["SAMPLE"] * snapshot.sample + ["ALLOW_STALE"] * terms.allow_stale
