"""The join of findings is an algebra: order and repetition do not matter, and more never softens."""

from hypothesis import given
from hypothesis import strategies as st

from screener.core.route import STERNNESS, route, sterner
from screener.model import Caveat, Finding

FINDINGS = st.lists(
    st.builds(
        Finding,
        type=st.just("hit"),
        code=st.sampled_from("ABCD"),
        outcome=st.sampled_from(["clear", "review", "block"]),
        priority=st.integers(0, 100),
        evidence=st.just({}),
    ),
    max_size=6,
)
CAVEATS = st.lists(
    st.builds(Caveat, code=st.sampled_from(["LIST_STALE", "DATE_MISSING"]), priority=st.integers(0, 100)), max_size=3
)


def answer(verdict):
    """What a verdict says, without the order in which it says it."""
    return verdict.outcome, verdict.priority, set(verdict.reasons)


def rank(verdict):
    return STERNNESS[verdict.outcome], verdict.priority


@given(FINDINGS, CAVEATS, st.randoms(use_true_random=False))
def test_join_is_commutative(findings, caveats, shuffler):
    """The order in which findings and caveats are met does not matter."""
    before = answer(route(findings, caveats))
    shuffler.shuffle(findings)
    shuffler.shuffle(caveats)
    assert answer(route(findings, caveats)) == before


@given(FINDINGS, CAVEATS)
def test_join_is_idempotent(findings, caveats):
    """The same findings and caveats twice say the same."""
    assert answer(route(findings * 2, caveats * 2)) == answer(route(findings, caveats))


@given(FINDINGS, FINDINGS)
def test_join_is_associative(some, others):
    """Findings joined in two parts have the answer of the sterner part."""
    parts = sterner([route(some, ()), route(others, ())])
    assert rank(route([*some, *others], ())) == rank(parts)


@given(FINDINGS, FINDINGS, CAVEATS, CAVEATS)
def test_join_is_monotone(findings, more, caveats, more_caveats):
    """More findings and caveats never soften an answer: neither its outcome nor its priority at that outcome."""
    before, after = route(findings, caveats), route([*findings, *more], [*caveats, *more_caveats])
    assert rank(after) >= rank(before)
    assert set(before.reasons) <= set(after.reasons)


@given(FINDINGS, CAVEATS)
def test_every_finding_and_caveat_is_told(findings, caveats):
    """Nothing found is lost on the way: each code is a reason, each finding is kept."""
    verdict = route(findings, caveats, ["SAMPLE"])
    assert set(verdict.reasons) == {row.code for row in findings} | {row.code for row in caveats} | {"SAMPLE"}
    assert len(verdict.findings) == len(findings)


@given(st.lists(FINDINGS, min_size=1, max_size=3))
def test_sterner_takes_the_sternest_day(days):
    """Of the verdicts of several days none is sterner than the one that is taken."""
    verdicts = [route(findings, ()) for findings in days]
    assert rank(sterner(verdicts)) == max(map(rank, verdicts))
