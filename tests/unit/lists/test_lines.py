"""The evidence of an affiliation: whose holdings lead to a company, and which of them are shown."""

import pytest

from screener.lists.closure import Edge
from screener.lists.lines import LISTED_SHOWN_MAX, PATH_EDGES_MAX, Lines

WHOLE = 100_000_000_000


def lines(pairs, listed):
    """Edges from pairs of owner and owned, and the lines in them."""
    edges = [Edge(owner, owned, WHOLE, WHOLE, "", "", "equity", row) for row, (owner, owned) in enumerate(pairs)]
    into = {}
    for edge in edges:
        into.setdefault(edge.owned, []).append(edge.row)
    return Lines(edges, into, lambda node: node in listed), into


def chain(length):
    return [(step, step + 1) for step in range(length)]


def test_a_chain_is_shown_whole_from_the_listed_party_on():
    """Each hop of a chain is shown, the listed party's holding first."""
    made, into = lines(chain(12), {0})
    assert made.path(into[12]) == list(range(12))
    assert made.listed(into[12]) == {0}


def test_a_line_ends_at_a_listed_party():
    """Who owns a listed party is not looked at: its own entry speaks for it."""
    made, into = lines(chain(3), {0, 2})
    assert made.path(into[3]) == [2]
    assert made.listed(into[3]) == {2}


def test_all_holdings_of_each_owner_are_shown_while_there_is_room():
    """A company that two owners capture together is shown with both, and so is each owner further up."""
    pairs = [(0, 2), (1, 2), (2, 3), (0, 3)]
    made, into = lines(pairs, {0, 1})
    assert made.path(into[3]) == [0, 1, 2, 3]
    assert made.listed(into[3]) == {0, 1}


def test_a_circle_ends():
    """Companies that own each other are followed once."""
    made, into = lines([(0, 1), (1, 2), (2, 1), (2, 3)], {0})
    assert sorted(made.path(into[3])) == [0, 1, 2, 3]
    assert made.listed(into[3]) == made.listed(into[1]) == {0}


@pytest.mark.parametrize("parties", [LISTED_SHOWN_MAX, PATH_EDGES_MAX, PATH_EDGES_MAX * 2])
def test_of_many_owners_a_shortest_line_from_each_of_the_nearest_is_shown(parties):
    """However many listed owners there are, the path is bounded and leads from listed parties; all of them are told."""
    owners = range(1, parties + 1)
    pairs = [(owner, 0) for owner in owners] + [(0, parties + 1), (parties + 1, parties + 2)]
    made, into = lines(pairs, set(owners))
    rows = into[parties + 2]
    path = made.path(rows)
    assert len(path) <= PATH_EDGES_MAX
    assert path[-2:] == [parties, parties + 1]
    assert set(range(LISTED_SHOWN_MAX)) <= set(path)
    assert made.listed(rows) == set(owners)


def test_a_line_longer_than_the_limit_shows_its_last_holdings():
    """Of a chain without end the holdings next to the company are shown, and the listed party is told all the same."""
    made, into = lines(chain(PATH_EDGES_MAX + 50), {0})
    rows = into[PATH_EDGES_MAX + 50]
    assert made.path(rows) == list(range(50, PATH_EDGES_MAX + 50))
    assert made.listed(rows) == {0}
