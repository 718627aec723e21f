"""The closure is what the slow one with fractions says, on random graphs with all that a holding may be."""

import random
from fractions import Fraction
from itertools import pairwise
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from screener.lists import closure
from screener.lists.closure import (
    HUNDRED_PERCENT_UNITS,
    LOOP_COMPANIES_MAX,
    UNKNOWN,
    Edge,
    Graph,
    close,
    frame,
    together,
)
from screener.lists.loops import net_shares
from tests.oracle.closure import Held, close_slowly

NODES_MAX = 7
HALF = HUNDRED_PERCENT_UNITS // 2
SHARES = st.sampled_from([0, 1, 10, 20, 25, 30, 40, 49, 50, 51, 60, 75, 100]).map(
    lambda percent: percent * HUNDRED_PERCENT_UNITS // 100
) | st.sampled_from([HALF - 1, HALF // 2, HALF // 2 + 1, HALF + 1])
KINDS = ["equity"] * 5 + ["beneficial", "nominee", "votes", "option", "trust"]
JOINTS = [""] * 8 + ["j", "k"]
LEVELS = ("minority", "circular", "unknown")


CIRCLE_BELOW_THE_SHARE = [
    Edge(owner, owned, units, units, "", "", "equity", row)
    for row, (owner, owned, units) in enumerate(
        [
            (1, 2, HALF // 50),
            (2, 3, HALF // 50),
            (3, 4, HALF - 1),
            (4, 5, None),
            (5, 6, HALF - 1),
            (6, 1, None),
            (0, 1, HALF * 49 // 50),
            (0, 3, HALF // 5),
        ]
    )
]
"""A circle of 1 to 6, in which company 1 is held to the share net of it; with 3 listed there is no circle."""


@st.composite
def edges(draw, row=0, kinds=KINDS, joints=JOINTS):
    """One holding: an exact share, a band or an unknown one, by one of three sources, of one of three classes."""
    owner, owned = draw(st.integers(0, NODES_MAX)), draw(st.integers(0, NODES_MAX))
    low, high = draw(
        st.one_of(
            SHARES.map(lambda units: (units, units)),
            st.tuples(SHARES, SHARES).map(lambda ends: (min(ends), max(ends))),
            st.just((None, None)),
        )
    )
    source, share_class = draw(st.sampled_from(["", "register", "press"])), draw(st.sampled_from(["", "", "A", "B"]))
    kind, joint = draw(st.sampled_from(kinds)), draw(st.sampled_from(joints))
    return Edge(owner, owned, low, high, source, share_class, kind, row, joint)


@st.composite
def graphs(draw, edge=edges()):  # noqa: B008
    """Numbered holdings and who is listed."""
    found = draw(st.lists(edge, max_size=20))
    return [edge._replace(row=row) for row, edge in enumerate(found)], draw(
        st.sets(st.integers(0, NODES_MAX + 1), max_size=3)
    )


@st.composite
def crowds(draw):
    """Many holdings of one company by few owners: told twice, jointly, by nominees, in classes, with unknown ones."""
    known = st.tuples(st.sampled_from([0, 10, 20, 30, 40]), st.sampled_from([0, 0, 10, 20]))
    found = []
    for row in range(draw(st.integers(2, 7))):
        low, more = draw(known)
        ends = (None, None) if draw(st.integers(0, 4)) == 0 else (low, low + more)
        low, high = (None if end is None else end * HUNDRED_PERCENT_UNITS // 100 for end in ends)
        kind = draw(st.sampled_from(["equity", "equity", "nominee", "beneficial"]))
        told = draw(st.sampled_from(["", "register", "press"])), draw(st.sampled_from(["", "A", "B"]))
        owner, joint = draw(st.integers(0, 3)), draw(st.sampled_from(["", "", "", "j"]))
        found.append(Edge(owner, 4, low, high, *told, kind, row, joint))
    return found, draw(st.sets(st.integers(0, 3), min_size=1))


@st.composite
def circles(draw):
    """Holdings of which many go back to their owner's owners: bands and small shares in circles."""
    nodes = draw(st.integers(2, 6))
    ring = [
        (node, (node + step) % nodes)
        for step in draw(st.sampled_from([(1,), (1, -1), (1, 2)]))
        for node in range(nodes)
    ]
    found = [draw(edges())._replace(owner=owner + 1, owned=owned + 1, kind="equity") for owner, owned in ring]
    found += [draw(edges())._replace(owner=0, kind="equity") for _ in range(draw(st.integers(1, 3)))]
    return [edge._replace(row=row) for row, edge in enumerate(found)], {0}


def part(units):
    return None if units is None else Fraction(units, HUNDRED_PERCENT_UNITS)


def as_held(edge):
    return Held(edge.owner, edge.owned, part(edge.low), part(edge.high), *edge[4:7], edge.joint)


def slowly(found, listed, share=Fraction(1, 2)):
    return close_slowly(list(map(as_held, found)), listed, share)


def level(closed, node):
    """How much is said of a company: nothing, a minority or circle, possible, captured."""
    if node in closed.tier:
        return 3
    return 2 if node in closed.unknown else int(node in closed.circular or node in closed.minority)


@given(graphs() | circles() | crowds())
@settings(max_examples=500, deadline=None)
def test_closure_is_what_the_oracle_says(graph):
    """Whatever is said of a company is what the oracle says, with the same steps and the same holdings."""
    found, listed = graph
    assert tuple(close(found, listed, HALF)) == tuple(slowly(found, listed))


@given(graphs(), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_closure_is_what_the_oracle_says_at_any_share(graph, percent):
    """The threshold is the caller's."""
    found, listed = graph
    units = percent * HUNDRED_PERCENT_UNITS // 100
    assert tuple(close(found, listed, units)) == tuple(slowly(found, listed, Fraction(percent, 100)))


@given(graphs(), st.sets(st.integers(0, NODES_MAX), max_size=3), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_regimes_share_a_graph(graph, other, percent):
    """A graph closed for one regime gives another the closure that it has by itself."""
    found, listed = graph
    shared = Graph(frame(found))
    shared.close(listed, HALF)
    units = percent * HUNDRED_PERCENT_UNITS // 100
    assert shared.close(other, units).as_dicts() == close(found, other, units)


@given(graphs() | circles())
@settings(max_examples=60, deadline=None)
def test_circles_are_the_same_told_apart_by_columns(graph):
    """Leaving out what is between circles, as is done in large graphs, loses none and splits none."""
    told = frame(graph[0])
    with mock.patch.object(closure, "SPLIT_EDGES_MIN", -1), mock.patch.object(closure, "TRIM_SHARE_MIN", 1):
        split = Graph(told)
    with mock.patch.object(closure, "SPLITS_MAX", 0), mock.patch.object(closure, "TRIM_SHARE_MIN", 1):
        whole_graph = Graph(told)
    assert split.close(graph[1], HALF).as_dicts() == whole_graph.close(graph[1], HALF).as_dicts()


@given(graphs() | crowds(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_edges_does_not_matter(graph, shuffler):
    """The same holdings in another order give the same closure."""
    found, listed = graph
    shuffled = list(found)
    shuffler.shuffle(shuffled)
    assert close(shuffled, listed, HALF) == close(found, listed, HALF)


@given(graphs() | circles(), edges(row=99, kinds=["equity", "equity", "nominee", "votes"]))
@settings(max_examples=120, deadline=None)
def test_adding_a_holding_never_frees_an_entity(graph, edge):
    """With one more holding as much is said of everyone as before, or more.

    Two holdings say less of a company and do so by the rule: one that leaves less room for an unknown share of it, and
    one that is said to be the same as a nominee's. Neither frees whom lower ends capture without nominees.
    """
    found, listed = graph
    before, after = close(found, listed, HALF), close([*found, edge], listed, HALF)
    assert before.tier.keys() <= after.tier.keys()
    assert all(after.tier[node] <= step for node, step in before.tier.items())
    if not (edge.low and any(other.low is None and other.owned == edge.owned for other in found)):
        assert all(level(before, node) <= level(after, node) for node in range(NODES_MAX + 2))


@given(graphs(edges(kinds=["equity", "beneficial", "votes"])), edges(row=99, kinds=["beneficial"]))
@settings(max_examples=60, deadline=None)
def test_adding_a_beneficial_holding_frees_none_that_nominees_do_not_hold(graph, edge):
    """Without nominees a beneficial holding is one like any other."""
    found, listed = graph
    assert close(found, listed, HALF).tier.keys() <= close([*found, edge], listed, HALF).tier.keys()


@given(graphs() | circles(), st.integers(0, NODES_MAX))
@example((CIRCLE_BELOW_THE_SHARE, {0}), 3)
@settings(max_examples=60, deadline=None)
def test_listing_a_party_never_frees_an_entity(graph, node):
    """With one more listed party as much is said of everyone as before, or more.

    Less may be said of what is held net of a circle that the party was in: a listed party closes none, and where there
    is no circle a company must be owned to the share to count for what it owns. Nobody captured, or who could be, is
    freed by that.
    """
    found, listed = graph
    before, after = close(found, listed, HALF), close(found, listed | {node}, HALF)
    least = 2 if owns_itself(found, node) else 0
    for other in range(NODES_MAX + 2):
        assert level(before, other) < least or level(before, other) <= level(after, other)


def owns_itself(found, node):
    """Whether holdings lead from a company to itself."""
    reached, fresh = set(), {node}
    while fresh:
        reached |= fresh
        fresh = {edge.owned for edge in found if edge.owner in fresh} - reached
    return any(edge.owned == node for edge in found if edge.owner in reached)


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_paths_lead_from_listed_parties_by_captured_owners(graph):
    """Each captured company has a path from a listed party, whose steps follow one another, none shorter by tiers."""
    found, listed = graph
    closed = Graph(frame(found)).close(listed, HALF)
    said = closed.as_dicts()
    for node, tier in said.tier.items():
        if tier == 0:
            continue
        paths = closed.paths(node)
        assert paths
        for party, rows in paths.items():
            steps = [found[row] for row in rows]
            assert steps[0].owner == party
            assert party in listed
            assert steps[-1].owned == node
            assert all(step.owned == following.owner for step, following in pairwise(steps))
            assert all(step.owner in said.tier for step in steps)


@given(st.lists(edges(kinds=["equity", "beneficial"]), max_size=6))
@settings(max_examples=60, deadline=None)
def test_holdings_of_one_owner_capture_when_together_they_suffice(found):
    """What is together enough by itself captures, and nothing else does."""
    held = [edge._replace(owner=0, owned=1, row=row) for row, edge in enumerate(found)]
    assert (1 in close(held, {0}, HALF).tier) == (together(held) >= HALF)


def whole(owner, owned, row, units=HUNDRED_PERCENT_UNITS):
    return Edge(owner, owned, units, units, "", "", "equity", row)


def test_long_chain_ends():
    """A chain of a thousand companies, each wholly owned, is captured to its end."""
    chain = [whole(node, node + 1, node) for node in range(1_000)]
    random.Random(50).shuffle(chain)  # noqa: S311  an order of edges, no secret
    assert close(chain, {0}, HALF).tier == {node: node for node in range(1_001)}


def test_circle_too_large_to_solve_is_circular():
    """Of a circle of more companies than are solved, all whom a listed party's share reaches are circular."""
    size = LOOP_COMPANIES_MAX + 1
    ring = [whole(1 + node, 1 + (node + 1) % size, node, HALF - 1) for node in range(size)]
    found = [*ring, whole(0, 1, size, 1)]
    closed = close(found, {0}, HALF)
    assert set(closed.circular) == set(range(1, size + 1))
    assert not close(found[1:], {0}, HALF).circular  # one holding less, and it is no circle


def test_net_shares_are_exact():
    """Of B 60 A, A 60 B, X 40 A the party X holds 62.5 percent of A and 37.5 of B; of a closed circle all."""
    six, four = Fraction(3, 5), Fraction(2, 5)
    net = net_shares({1: four}, [(2, 1, six), (1, 2, six)])
    assert net == {1: Fraction(5, 8), 2: Fraction(3, 8)}
    assert net_shares({1: Fraction(1, 100)}, [(2, 1, Fraction(1)), (1, 2, Fraction(1))]) == {1: 1, 2: 1}
    assert net_shares({}, [(2, 1, six), (1, 2, six)]) == {}


def test_own_shares_do_not_count():
    """Who holds 40 percent of a company that holds 20 of itself holds half of it: a circle of one."""
    found = [whole(0, 1, 0, HALF * 4 // 5), whole(1, 1, 1, HALF * 2 // 5)]
    assert close(found, {0}, HALF).circular == {1: [0, 1]}
    assert set(close(found, {0}, HALF + 1).minority) == {1}


def test_contradicting_sources_are_told():
    """Two sources of which no share fits both are told, the higher one counts; bands that overlap do not contradict."""
    found = [whole(0, 1, 0, HALF), whole(0, 1, 1, HALF // 2)._replace(source="press")]
    closed = close(found, {0}, HALF)
    assert (closed.tier, closed.contradicting) == ({0: 0, 1: 1}, {0, 1})
    found[1] = found[1]._replace(high=HALF)
    assert close(found, {0}, HALF).contradicting == set()


def test_evidence_names_the_holdings_with_their_ends():
    """A row of evidence has the company, the owner and the ends as they were told."""
    closed = Graph(frame([Edge(0, 1, 20, HUNDRED_PERCENT_UNITS, "", "", "equity", 7)])).close({0}, HALF)
    assert closed.evidence.rows() == [(1, 0, 20, HUNDRED_PERCENT_UNITS, 7, UNKNOWN, False)]


def test_listed_party_without_holdings_is_taken_for_no_joint_holding():
    """A listed party whose number is beyond the graph's is none of the numbers that joint holdings get there."""
    found = [whole(2, 1, 0, 1), Edge(1, 1, None, None, "", "", "equity", 1, "j")]
    assert close(found, {2, 3}, HALF).circular == {1: [0, 1]}
