"""Ownership edges keep exact shares, and a row that is no edge becomes a problem with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from screener.lists.holdings.read import read_edges

CSV = Path(__file__).parents[2] / "cases" / "lists" / "ownership.csv"


def shares(path):
    return [(edge.line, edge.low, edge.high) for edge in read_edges(path).edges]


def test_shares_are_exact_bands_or_unknown():
    """Shares are exact bands or unknown."""
    assert shares(CSV) == [
        (2, Decimal(50), Decimal(50)),
        (3, Decimal("49.99"), Decimal("49.99")),
        (4, Decimal(25), Decimal(50)),
        (5, None, None),
        (18, Decimal("0.000000001"), Decimal("0.000000001")),
    ]


def test_row_that_is_no_edge_is_a_problem_and_the_rest_loads():
    """A row that is no edge is a problem and the rest loads."""
    problems = read_edges(CSV).problems
    says = {
        6: "owns itself",
        7: "owns itself",
        8: "expected a share as a percent",
        9: "found '49,5'",
        10: "expected a share from 0 to 100",
        11: "found '-5'",
        12: "the lower end of a band first",
        13: "expected a day as YYYY-MM-DD, found '2026-13-01'",
        14: "expected effective_to after effective_from",
        15: "expected the kind equity, votes, beneficial, nominee, option, trust",
        16: "expected an owner and an owned",
        17: "a comma in a name needs quotes",
    }
    assert len(problems) == len(says)
    for problem, (line, text) in zip(problems, says.items(), strict=True):
        assert problem.startswith(f"{CSV}:{line}: ")
        assert text in problem


def test_edge_keeps_what_was_written_about_it():
    """An edge keeps what was written about it."""
    first, second, _, fourth, last = read_edges(CSV).edges
    assert (first.owner, first.owned, first.owner_country, first.owned_country) == (
        "Alder Holding",
        "Birch Works",
        "CN",
        "DE",
    )
    assert (first.effective_from, first.effective_to, first.source, first.kind) == (
        "2020-01-01",
        None,
        "register",
        "equity",
    )
    assert (second.kind, second.share_class, second.note) == ("votes", "A", "annual report")
    assert (fourth.kind, fourth.note) == ("trust", "settlor")
    assert (last.file, last.line, last.source) == ("ownership.csv", 18, "")


def test_rows_count_those_left_out_too():
    """Rows count those left out too."""
    assert read_edges(CSV).file.rows == 17


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("50%", "50", "50"),
        ("50 %", "50", "50"),
        (".5", "0.5", "0.5"),
        ("0", "0", "0"),
        ("100", "100", "100"),
        ("25 % - 50 %", "25", "50"),
        ("25\u201350", "25", "50"),
    ],
)
def test_share_may_be_written_as(written, low, high, tmp_path):
    """A share may be written in these ways."""
    path = tmp_path / "o.csv"
    path.write_text(f"owner,owned,share\nAlder,Birch,{written}\n")
    assert shares(path) == [(2, Decimal(low), Decimal(high))]


@pytest.mark.parametrize(
    "written", ["NaN", "Infinity", "1e2", "+5", "\u0665\u0660", "0x10", "50..5", "1-2-3", "50-", "-"]
)
def test_share_may_not_be_written_as(written, tmp_path):
    """A share may not be written in these ways."""
    path = tmp_path / "o.csv"
    path.write_text(f"owner,owned,share\nAlder,Birch,{written}\n")
    found = read_edges(path)
    assert found.edges == []
    assert len(found.problems) == 1


@pytest.fixture
def table(tmp_path):
    def table(*rows, header="owner,owned,share,owner_id,owned_id,joint,kind,effective_from,effective_to,source"):
        path = tmp_path / "o.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return read_edges(path)

    return table


def test_identifiers_are_normalized(table):
    """Identifiers are SCHEME:VALUE in upper case, or a list entry id; a party may have several, and no name."""
    edge, nameless = table("Alder,Birch,60,lei: 5493abc ;XI-LEI:5493ABC; 12345,,,", ",Birch,5,LEI:9,,,").edges
    assert (edge.owner, edge.owner_ids, edge.owned_ids) == ("Alder", ("LEI:5493ABC", "12345"), ())
    assert (nameless.owner, nameless.owner_ids) == ("LEI:9", ("LEI:9",))


def test_identifiers_decide_who_owns_itself(table):
    """Two companies of one name and different identifiers are two; one identifier is one company."""
    assert len(table("Alder,Alder,60,LEI:1,LEI:2,,").edges) == 1
    assert "owns itself" in table("Alder,Birch,60,LEI:1,LEI:1,,").problems[0]


@pytest.mark.parametrize("written", ["LEI:", ":5", ":"])
def test_identifier_that_is_none_is_a_problem(table, written):
    """An identifier without a scheme or a value is a problem."""
    assert "expected identifiers such as" in table(f"Alder,Birch,60,{written},,,").problems[0]


def test_joint_holding_has_a_name(table):
    """A joint holding that two owners report is named in both rows, and counts once in the sum."""
    found = table("Alder,Cedar,60,,,family pact,", "Birch,Cedar,60,,,family pact,")
    assert [edge.joint for edge in found.edges] == ["family pact", "family pact"]
    assert found.problems == []


def test_control_is_a_kind(table):
    """Control without a share is a kind of its own."""
    assert [(edge.kind, edge.low) for edge in table("Alder,Birch,,,,,control").edges] == [("control", None)]


def test_owners_of_more_than_the_whole_are_said(table):
    """Holdings of one company, source, kind and class over 100 percent at one time are said once, and kept."""
    found = table("Alder,Cedar,60,,,,,2020-01-01,,r", "Birch,Cedar,60,,,,,2021-01-01,,r", "Alder,Dogwood,100,,,,,,,r")
    assert len(found.edges) == 3
    assert [problem.split(".csv:")[1] for problem in found.problems] == [
        "2: the holdings in 'Cedar' add up to 120 percent on 2021-01-01; they are kept"
    ]
    assert found.file.rows == 3


@pytest.mark.parametrize(
    "second",
    [
        "Birch,Cedar,60,,,,,2021-01-01,,r",
        "Birch,Cedar,60,,,,,,,another source",
        "Birch,Cedar,60,,,,votes,,,r",
        "Alder,Cedar,50,,,,,,,r",
    ],
)
def test_what_does_not_hold_together_is_not_added(table, second):
    """Holdings of different times, sources or kinds, and a repeated one, do not add up."""
    assert table("Alder,Cedar,60,,,,,2020-01-01,2021-01-01,r", second).problems == []
