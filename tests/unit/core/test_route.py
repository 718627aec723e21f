"""The join: the sternest finding decides, caveats keep an order from being clear, notices change nothing."""

import pytest

from screener.core.route import route, sterner
from screener.model import Caveat, Finding, Verdict


def finding(outcome, priority, code="X"):
    return Finding("hit", code, outcome, priority, {})


STALE = Caveat("LIST_STALE", 30)


def test_nothing_found_is_clear():
    """Without findings and caveats an order is clear, at priority 0."""
    assert route((), ()) == Verdict("clear", 0, [], [])


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["review"], "review"),
        (["block"], "block"),
        (["review", "block"], "block"),
        (["block", "review", "review"], "block"),
        (["clear"], "clear"),
        (["clear", "review"], "review"),
    ],
)
def test_sternest_outcome_wins(outcomes, expected):
    """The order's outcome is the sternest of its findings'."""
    assert route([finding(outcome, 50) for outcome in outcomes], ()).outcome == expected


def test_priority_is_that_of_the_deciding_findings():
    """A lesser finding's priority does not count, however urgent."""
    assert route([finding("block", 80), finding("review", 99), finding("block", 85)], ()).priority == 85


def test_findings_are_told_sternest_first():
    """Findings and reasons are in the order of sternness, then of priority; equal ones stay in theirs."""
    rows = [
        finding("review", 99, "A"),
        finding("block", 80, "B"),
        finding("block", 90, "C"),
        finding("review", 99, "D"),
    ]
    verdict = route(rows, ())
    assert [row.code for row in verdict.findings] == ["C", "B", "A", "D"] == verdict.reasons


def test_reasons_are_told_once():
    """A code of many findings is one reason."""
    assert route([finding("block", 80, "A"), finding("block", 80, "A")], ()).reasons == ["A"]


def test_caveat_keeps_an_order_from_being_clear():
    """A caveat alone is a review at its own priority."""
    assert route((), [STALE]) == Verdict("review", 30, ["LIST_STALE"], [])


def test_caveat_never_softens():
    """Beside a block a caveat is told and changes nothing."""
    verdict = route([finding("block", 80, "A")], [STALE])
    assert (verdict.outcome, verdict.priority, verdict.reasons) == ("block", 80, ["A", "LIST_STALE"])


def test_notices_change_nothing():
    """A notice is told last and has no effect on the outcome."""
    assert route((), (), ["SAMPLE"]) == Verdict("clear", 0, ["SAMPLE"], [])
    assert route([finding("review", 5, "A")], [STALE], ["SAMPLE"]).reasons == ["A", "LIST_STALE", "SAMPLE"]


def test_sternest_of_several_days():
    """Of the verdicts of several days the sternest counts, of equal ones the last."""
    softer, harder = Verdict("review", 90, ["A"], []), Verdict("block", 10, ["B"], [])
    assert sterner([harder, softer]) is harder
    assert sterner([softer, harder]) is harder
    last = Verdict("block", 10, ["C"], [])
    assert sterner([harder, last]) is last
