"""Other tables of holdings, known by their header: Schedules 13D and cross-shareholdings as a matrix."""

from decimal import Decimal
from pathlib import Path

import pytest

from screener.errors import ListError
from screener.lists.holdings import edges
from screener.lists.holdings.read import read_edges

CASES = Path(__file__).parents[2] / "cases" / "holdings"
SCHEDULES = CASES / "schedules_13d.csv"
MATRIX = CASES / "matrix.csv"


def test_schedules_give_beneficial_holdings_by_cik():
    """A Schedule 13D gives a beneficial holding between two CIKs; a percent that is none is unknown."""
    read = read_edges(SCHEDULES)
    assert [(edge.line, edge.owner, edge.owned, edge.low) for edge in read.edges] == [
        (2, "CIK:0000000021", "CIK:0000000011", Decimal("12.24")),
        (3, "CIK:0000000022", "CIK:0000000011", Decimal("12.24")),
        (4, "CIK:0000000023", "CIK:0000000011", Decimal("12.24")),
        (5, "CIK:0000000024", "CIK:0000000012", None),
        (7, "CIK:0000000025", "CIK:0000000012", None),
        (8, "CIK:0000000026", "CIK:0000000013", Decimal("100.0")),
        (9, "CIK:0000000027", "CIK:0000000013", Decimal("4.5")),
    ]
    assert {edge.kind for edge in read.edges} == {"beneficial"}
    assert (read.edges[0].owner_ids, read.edges[0].note) == (("CIK:0000000021",), "0000900001-14-000101")


def test_group_of_one_year_is_one_joint_holding():
    """One percent of one company, filed by several in one year, is one joint holding; of other years it is not."""
    read = read_edges(SCHEDULES)
    assert [edge.joint for edge in read.edges] == ["group of line 2", "group of line 2", "", "", "", "", ""]
    assert any(problem.startswith(f"{SCHEDULES}:2: lines 2, 3 state one percent") for problem in read.problems)


def test_odd_schedules_are_said():
    """An owner not named, a percent that is none and a company held more than wholly are said."""
    says = [problem.split(".csv:")[1] for problem in read_edges(SCHEDULES).problems]
    assert any(said.startswith("6: expected two parties") for said in says)
    assert any(said.startswith("7: expected a share as a percent") for said in says)
    assert any("add up to 104.5 percent" in said for said in says)


def test_column_of_a_matrix_owns_the_row():
    """The column owns the row; a percent finer than can be counted is the band around it."""
    read = read_edges(MATRIX)
    assert [(edge.owner, edge.owned, edge.low, edge.high) for edge in read.edges] == [
        ("GUM LIMITED", "FIR LIMITED", Decimal("41.74"), Decimal("41.74")),
        ("HAZEL LIMITED", "GUM LIMITED", Decimal("5.111000000"), Decimal("5.111000001")),
        ("FIR LIMITED", "HAZEL LIMITED", None, None),
        ("GUM LIMITED", "HAZEL LIMITED", None, None),
    ]
    assert (read.file.layout, read.file.rows) == ("ownership-matrix", 3)


def test_odd_cells_of_a_matrix_are_said():
    """A company that owns itself, a share over 100 and a cell that is no share are said with their line."""
    says = [problem.split(".csv:")[1] for problem in read_edges(MATRIX).problems]
    assert [said.split(", ")[0] for said in says] == [
        "3: expected two parties",
        "4: expected a share from 0 to 100",
        "4: expected a share as a percent such as 50 or 49.9",
    ]


def test_cut_matrix_is_refused(tmp_path):
    """A matrix whose last line is cut off is refused."""
    path = tmp_path / "matrix.csv"
    path.write_text("Stakeholders,A,B\nA,,4\nB,5")
    with pytest.raises(ListError, match="the last line is cut off"):
        read_edges(path)


def test_problems_have_a_limit(monkeypatch):
    """Beyond so many problems only their number is told."""
    monkeypatch.setattr(edges, "PROBLEMS_MAX", 1)
    told = read_edges(MATRIX).problems
    assert len(told) == 2
    assert told[1].endswith("2 more like these")
