"""What is said of a company on a day is what the slow closure says of the holdings of that day, whatever the days."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.lists import patterns, rules
from screener.lists.ownership import affiliations
from screener.model import Alias, ListEntry
from screener.owners import CAPTURED, OwnershipEdge
from tests.oracle.closure import Held, close_slowly

TABLES = rules.read_tables()
REGIMES = {regime.id: regime for regime in rules.parse(TABLES).regimes}
FOLD = patterns.folder(TABLES)
NODES = [f"Company Quux{letter}" for letter in "abcde"]
KEYS = {FOLD(name).replace(" ", ""): number for number, name in enumerate(NODES)}
DAYS = ["2024-01-01", "2024-07-01", "2025-01-01", "2025-02-01", "2027-01-01"]
SHARES = [None, *map(Decimal, ("0", "10", "25", "30", "49.999999999", "50", "50", "60", "100"))]
KINDS = ["equity"] * 6 + ["beneficial", "nominee", "votes", "trust"]
LISTS = ["EL", "MEU", "UVL"]


@st.composite
def holdings(draw):
    """One holding with days, exact, a band or unknown."""
    low, more = draw(st.sampled_from(SHARES)), draw(st.sampled_from([None, None, None, *SHARES]))
    low, high = (None, None) if low is None else (low, max(low, more or low))
    days = [draw(st.sampled_from([None, None, *DAYS])) for _ in range(2)]
    begin, end = days if None in days or days[0] < days[1] else (days[0], None)
    return OwnershipEdge(
        draw(st.sampled_from(NODES)),
        draw(st.sampled_from(NODES)),
        low,
        high,
        effective_from=begin,
        effective_to=end,
        source=draw(st.sampled_from(["register", "press"])),
        kind=draw(st.sampled_from(KINDS)),
    )


def holds(row, day):
    return (row.effective_from or "") <= day and (row.effective_to is None or day < row.effective_to)


def slowly(edges, listed, day):
    """Company -> what the slow closure says of it on a day."""

    def part(share):
        return None if share is None else Fraction(share) / 100

    held = [
        Held(
            NODES.index(edge.owner),
            NODES.index(edge.owned),
            part(edge.low),
            part(edge.high),
            edge.source,
            "",
            edge.kind,
        )
        for edge in edges
        if holds(edge, day)
    ]
    closed = close_slowly(held, listed, Fraction(1, 2))
    said = {node: {"captured"} for node, tier in closed.tier.items() if tier > 0}
    for name in ("unknown", "circular", "minority", "control"):
        for node in getattr(closed, name):
            said.setdefault(node, set()).add(name)
    return said


def told(found, regime, day):
    """Company -> what the affiliations say of it on a day."""
    said = {}
    for key, rows in found.affiliations.items():
        for row in rows:
            if row.regime == regime and holds(row, day):
                said.setdefault(KEYS[key], set()).add("captured" if row.basis in CAPTURED else row.basis)
    return said


def before(day):
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


@given(
    st.lists(holdings(), min_size=4, max_size=14),
    st.sampled_from(LISTS),
    st.dictionaries(st.sampled_from(NODES), st.sampled_from(LISTS), max_size=1),
)
@settings(max_examples=150, deadline=None)
def test_each_day_is_what_its_holdings_make_it(edges, code, others):
    """On each day on which something begins or ends, and on those before them, and for recent sales from them on."""
    listed = {NODES[0]: code} | others
    entries = [ListEntry(code, name[-1], (Alias(name, primary=True),)) for name, code in listed.items()]
    found = affiliations(edges, entries, REGIMES.values(), FOLD)
    for regime in ("bis-affiliates", "listed-owner"):
        seeds = {seed.list for seed in REGIMES[regime].seeds}
        nodes = {NODES.index(name) for name, code in listed.items() if code in seeds}
        sale_days = REGIMES[regime].recent_sale_days
        captured = {}
        for day in sorted({*DAYS, *map(before, DAYS)}):
            expected = slowly(edges, nodes, day)
            said = told(found, regime, day)
            assert {node: row - {"former"} for node, row in said.items() if row != {"former"}} == expected, (
                regime,
                day,
            )
            captured[day] = {node for node, row in expected.items() if "captured" in row}
            for node in range(len(NODES)):
                last = max((one for one in captured if node in captured[one]), default=None)
                recent = last is not None and (date.fromisoformat(day) - date.fromisoformat(last)).days <= sale_days
                is_former = recent and last < day
                assert ("former" in said.get(node, ())) == is_former, (regime, day, node)


@given(st.lists(holdings(), max_size=10), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_holdings_does_not_matter(edges, shuffler):
    """The same holdings in another order say the same of the same companies, days included."""
    entries = [ListEntry("EL", "a", (Alias(NODES[0], primary=True),))]
    shuffled = list(edges)
    shuffler.shuffle(shuffled)
    one, other = (affiliations(rows, entries, REGIMES.values(), FOLD) for rows in (edges, shuffled))
    assert [company.names for company in one.companies] == [company.names for company in other.companies]
    for first, second in zip(one.companies, other.companies, strict=True):
        said, also = (
            {(*row[:3], row.entries, *row[5:]) for row in company.affiliations} for company in (first, second)
        )
        assert said == also
    assert one.known == other.known


@pytest.mark.parametrize("days", [1, 40])
def test_companies_without_common_holdings_do_not_split_each_others_days(days):
    """However many days other companies have, a company has as many stretches as its own holdings give it."""
    edges = [OwnershipEdge(NODES[0], NODES[1], Decimal(60), Decimal(60), effective_from="2024-01-01")]
    edges += [
        OwnershipEdge(
            NODES[0],
            f"Other Quux{day}",
            Decimal(60),
            Decimal(60),
            effective_from=f"2024-{1 + day // 28:02}-{1 + day % 28:02}",
        )
        for day in range(days)
    ]
    found = affiliations(edges, [ListEntry("EL", "a", (Alias(NODES[0], primary=True),))], REGIMES.values(), FOLD)
    assert [row.effective_from for row in found.affiliations["quuxb"]] == ["2024-01-01"]
