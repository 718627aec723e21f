"""The join of license terms is the most restrictive on every item scope, whatever the order and however often."""

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.terms import MOST_RESTRICTIVE, NOTHING, describe, join, line, normal, policy_of, rank
from screener.licensing import LicenseTerms, Term
from screener.lists import rules
from tests.oracle.terms import above, every_scope, policy, strictest

RULES = rules.parse(rules.read_tables()).licenses
ECCNS = ["eccn:1A004", "eccn:1A004.c", "eccn:3A991", "eccn:3A991.a.1", "eccn:3B001", "eccn:9Z999"]
SCOPES = st.sampled_from([*RULES.scopes, *ECCNS])
POLICIES = st.sampled_from(sorted(RULES.ranks))


@st.composite
def terms(draw):
    """Terms in normal form, as the reader makes them."""
    said = draw(st.dictionaries(SCOPES, POLICIES, max_size=5)) | {"all": draw(POLICIES)}
    notes = draw(st.sets(st.sampled_from("12345"), max_size=2))
    return LicenseTerms(normal(said, RULES), tuple(sorted(notes)), tuple(draw(st.sets(st.just("odd"), max_size=1))))


@given(st.lists(terms(), min_size=1, max_size=4))
@settings(max_examples=300)
def test_join_is_the_most_restrictive_on_every_scope(many):
    """On each scope that there is, the joined policy ranks as the strictest of all does; footnotes are united."""
    joined = join(many, RULES)
    for scope in every_scope(many, RULES):
        assert list(line(scope, RULES)) == above(scope, RULES)
        assert rank(policy_of(joined, scope, RULES), RULES) == strictest(many, scope, RULES), scope
        assert policy_of(joined, scope, RULES) == policy(joined, scope, RULES)
    assert set(joined.footnotes) == {digit for one in many for digit in one.footnotes}
    assert set(joined.unparsed) == {text for one in many for text in one.unparsed}


@given(terms(), terms(), terms())
@settings(max_examples=200)
def test_join_has_the_laws_of_a_join(one, two, three):
    """It is commutative, associative and idempotent, and nothing joined to it is neutral."""

    def both(first, second):
        return join([first, second], RULES)

    assert both(one, two) == both(two, one)
    assert both(both(one, two), three) == both(one, both(two, three)) == join([one, two, three], RULES)
    assert both(one, one) == one == join([one], RULES) == both(one, NOTHING)


@given(st.lists(terms(), min_size=1, max_size=3), terms())
@settings(max_examples=200)
def test_one_more_never_softens_any_scope(many, more):
    """With one more owner each scope is reviewed as strictly as before, or more so."""
    before, after = join(many, RULES), join([*many, more], RULES)
    for scope in every_scope([*many, more], RULES):
        assert rank(policy_of(before, scope, RULES), RULES) <= rank(policy_of(after, scope, RULES), RULES)


@given(st.dictionaries(SCOPES, POLICIES, max_size=6))
@settings(max_examples=200)
def test_normal_form_says_the_same_with_as_few_words_as_it_takes(said):
    """No scope is told that is reviewed as the one above it, and none is reviewed otherwise than it was said."""
    told = LicenseTerms(normal(said | {"all": "denial"}, RULES))
    given_terms = LicenseTerms(tuple(Term(*row) for row in (said | {"all": "denial"}).items()))
    for scope in every_scope([given_terms], RULES):
        assert policy(told, scope, RULES) == policy(given_terms, scope, RULES)
    for term in told.terms[1:]:
        assert policy_of(told, above(term.items, RULES)[1], RULES) != term.policy


@given(st.lists(terms(), max_size=3))
def test_terms_can_be_told(many):
    """Whatever was joined is told in two sentences that are not empty, but where no license is required."""
    requirement, review = describe(join(many, RULES), RULES)
    assert requirement.startswith(("License required for ", "No license required"))
    assert bool(review) != requirement.startswith("No license")


def test_what_is_not_known_is_the_most_restrictive():
    """A policy or a scope that the rules do not have never softens."""
    assert rank("mercy", RULES) == max(RULES.ranks.values())
    assert policy_of(MOST_RESTRICTIVE, "moonstone", RULES) == "unknown"
    assert join([], RULES) == NOTHING
