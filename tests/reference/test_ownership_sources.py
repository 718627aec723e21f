"""Real and published sources of ownership load whole, with every quirk counted."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from screener.lists.holdings.read import read_edges, with_names

if TYPE_CHECKING:
    from pathlib import Path

    from screener.lists.holdings.edges import Edges

KINDS_OF_PROBLEM = ("owns itself", "add up to", "read as one joint holding")


@pytest.fixture
def source(reference_data: Path):
    def source(name: str) -> Edges:
        path = reference_data / "ownership" / name
        if not path.is_file():
            pytest.skip(f"{name} is not among the reference data")
        return read_edges(path)

    return source


def kinds_of_problem(read: Edges) -> Counter[str]:
    return Counter(next((kind for kind in KINDS_OF_PROBLEM if kind in said), said) for said in read.problems)


def test_schedules_13d(source):
    """Schedules 13D: the rows in which a company owns itself are left out, groups are joint holdings."""
    read = source("sec_13d_control_figures.csv.gz")
    assert (read.file.rows, len(read.edges)) == (10_593, 10_430)
    assert sum(edge.low is None for edge in read.edges) == 1_377
    assert sum(bool(edge.joint) for edge in read.edges) == 493
    assert kinds_of_problem(read) == {"owns itself": 163, "read as one joint holding": 215, "add up to": 491}


def test_rows_of_one_percent_that_are_no_group_stay_apart(source):
    """Two owners of one percent of one company in different years are no group."""
    read = source("sec_13d_control_figures.csv.gz")
    held = [edge for edge in read.edges if edge.owned == "CIK:0000016859" and edge.low == Decimal("12.4")]
    assert [edge.joint for edge in held] == ["", ""]


def test_matrix(source):
    """The matrix has 183 cells, 25 of them on its diagonal."""
    read = source("singapore_cross_shareholdings_matrix.csv.gz")
    assert (read.file.rows, len(read.edges)) == (724, 158)
    assert sum(edge.low != edge.high for edge in read.edges) == 1
    assert kinds_of_problem(read) == {"owns itself": 25}
    assert ("ASPIAL CORPORATION LIMITED", "AF GLOBAL LIMITED") in {(edge.owner, edge.owned) for edge in read.edges}


def test_gleif(source):
    """GLEIF's relationships state no share; its LEI records name the parties."""
    relationships, names = source("gleif_rr.xml"), source("gleif_lei.xml")
    assert (relationships.file.rows, len(relationships.edges), relationships.problems) == (10, 10, [])
    assert Counter(edge.kind for edge in relationships.edges) == {"control": 8, "equity": 2}
    assert all(edge.low is None for edge in relationships.edges)
    assert (names.file.rows, len(names.parties), names.problems) == (13, 13, [])
    named = with_names(relationships.edges, names.parties)
    assert sum(not re.fullmatch("LEI:[0-9A-Z]{20}", edge.owned) for edge in named) == 5


@pytest.mark.parametrize(
    ("name", "rows", "edges", "unknown", "indirect"),
    [
        ("bods04_sample_300_fictional.json", 300, 100, 0, 0),
        ("bods_example_joint-ownership.json", 7, 3, 0, 0),
        ("bods_example_mixed-direct-and-indirect-ownership.json", 6, 4, 1, 1),
        ("bods_example_multiple-indirect-ownership.json", 9, 5, 2, 1),
        ("bods_example_mutilple-indirect-ownership-2.json", 9, 5, 2, 1),
    ],
)
def test_bods(source, name, rows, edges, unknown, indirect):
    """The standard's own examples load without a problem; what is told in part stays, marked indirect."""
    read = source(name)
    assert (read.file.rows, len(read.edges), read.problems) == (rows, edges, [])
    assert sum(edge.low is None for edge in read.edges) == unknown
    assert sum(edge.indirect for edge in read.edges) == indirect
