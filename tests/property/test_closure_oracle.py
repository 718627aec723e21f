"""The closure is what the slow one with fractions says, on random graphs with cycles, bands and unknown shares."""

import random
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.lists.closure import HUNDRED_PERCENT_UNITS, Edge, close
from tests.oracle.closure import Held, close_slowly

NODES_MAX = 8
HALF = HUNDRED_PERCENT_UNITS // 2
SHARES = st.sampled_from([0, 1, 10, 20, 25, 30, 40, 49, 50, 51, 60, 75, 100]).map(
    lambda percent: percent * HUNDRED_PERCENT_UNITS // 100
) | st.sampled_from([HALF - 1, HALF // 2, HALF // 2 + 1, HALF + 1])


@st.composite
def edges(draw, row=0):
    """One holding: an exact share, a band or an unknown one, by one of two sources, of one of two classes."""
    owner = draw(st.integers(0, NODES_MAX))
    owned = draw(st.integers(0, NODES_MAX).filter(lambda node: node != owner))
    low, high = draw(
        st.one_of(
            SHARES.map(lambda units: (units, units)),
            st.tuples(SHARES, SHARES).map(lambda ends: (min(ends), max(ends))),
            st.just((None, None)),
        )
    )
    source, share_class = draw(st.sampled_from(["", "register", "press"])), draw(st.sampled_from(["", "A", "B"]))
    return Edge(owner, owned, low, high, source, share_class, draw(st.sampled_from([True] * 5 + [False])), row)


@st.composite
def graphs(draw):
    """Numbered holdings and who is listed."""
    found = draw(st.lists(edges(), max_size=20))
    return [edge._replace(row=row) for row, edge in enumerate(found)], draw(
        st.sets(st.integers(0, NODES_MAX), max_size=3)
    )


def part(units):
    return None if units is None else Fraction(units, HUNDRED_PERCENT_UNITS)


def as_held(edge):
    return Held(edge.owner, edge.owned, part(edge.low), part(edge.high), *edge[4:7])


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_closure_is_what_the_oracle_says(graph):
    """Captured, unknown, minority and control are the oracle's, with the same steps and the same holdings."""
    found, listed = graph
    assert tuple(close(found, listed, HALF)) == tuple(close_slowly(list(map(as_held, found)), listed, Fraction(1, 2)))


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_edges_does_not_matter(graph, shuffler):
    """The same holdings in another order give the same closure."""
    found, listed = graph
    shuffled = list(found)
    shuffler.shuffle(shuffled)
    assert close(shuffled, listed, HALF) == close(found, listed, HALF)


@given(graphs(), edges(row=99))
@settings(max_examples=60, deadline=None)
def test_adding_a_holding_never_frees_an_entity(graph, edge):
    """With one more holding everyone captured stays captured, and everyone who could be stays so."""
    found, listed = graph
    before, after = close(found, listed, HALF), close([*found, edge], listed, HALF)
    assert before.tier.keys() <= after.tier.keys()
    assert before.tier.keys() | before.unknown.keys() <= after.tier.keys() | after.unknown.keys()
    assert all(after.tier[node] <= step for node, step in before.tier.items())


@given(graphs(), st.integers(0, NODES_MAX))
@settings(max_examples=60, deadline=None)
def test_listing_a_party_never_frees_an_entity(graph, node):
    """With one more listed party everyone captured stays captured."""
    found, listed = graph
    assert close(found, listed, HALF).tier.keys() <= close(found, listed | {node}, HALF).tier.keys()


def test_long_chain_ends():
    """A chain of a thousand companies, each wholly owned, is captured to its end."""
    whole = HUNDRED_PERCENT_UNITS
    chain = [Edge(node, node + 1, whole, whole, "", "", True, node) for node in range(1_000)]
    random.Random(50).shuffle(chain)  # noqa: S311  an order of edges, no secret
    assert close(chain, {0}, HALF).tier == {node: node for node in range(1_001)}
