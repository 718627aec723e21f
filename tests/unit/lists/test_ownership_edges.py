"""Ownership edges keep exact shares, and a row that is no edge becomes a problem with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from screener.errors import ListError, OperatorError
from screener.lists import reading
from screener.lists.holdings.options import shipped_options
from screener.lists.holdings.read import check_doubts, read_edges

CSV = Path(__file__).parents[2] / "cases" / "lists" / "ownership.csv"


def shares(path):
    return [(edge.line, edge.low, edge.high) for edge in read_edges(path).edges]


def test_shares_are_exact_bands_or_unknown():
    """Shares are exact, bands or unknown; one that can't be read is unknown, and its row stays."""
    half, exact = Decimal(50), Decimal("49.5")
    assert shares(CSV) == [
        (2, half, half),
        (3, Decimal("49.99"), Decimal("49.99")),
        (4, Decimal(25), half),
        (5, None, None),
        (8, half, half),
        (9, exact, exact),
        (10, None, None),
        (11, None, None),
        (12, None, None),
        (14, half, half),
        (15, None, None),
        (18, Decimal("0.000000001"), Decimal("0.000000001")),
    ]


def test_row_that_is_odd_is_a_problem_and_the_rest_loads():
    """What is odd in a row is said with its line, and what becomes of the row; the rest loads."""
    problems = read_edges(CSV).problems
    says = {
        6: ("owns itself", "the row is left out"),
        7: ("owns itself", "the row is left out"),
        10: ("expected a share from 0 to 100", "found '100.01'; the share is not known"),
        11: ("expected a share as a percent", "found '-5'; the share is not known"),
        12: ("the lower end of a band first", "the share is not known"),
        13: ("expected a day as YYYY-MM-DD, found '2026-13-01'", "the row is left out"),
        14: ("expected effective_to after effective_from", "neither is believed"),
        15: ("expected the kind equity, votes, beneficial, nominee, option, trust", "the share is not known"),
        16: ("expected an owner and an owned", "the row is left out"),
        17: ("a comma in a name needs quotes", "the row is left out"),
    }
    assert len(problems) == len(says)
    for problem, (line, texts) in zip(problems, says.items(), strict=True):
        assert problem.startswith(f"{CSV}:{line}: ")
        assert problem.endswith(texts[1])
        assert texts[0] in problem


def test_rows_that_are_left_out_are_counted_by_reason():
    """Rows without a party or with days that can't be read are counted; a company that owns itself is no loss."""
    read = read_edges(CSV)
    assert read.left_out == {
        "with days that can't be read": 1,
        "with more cells than the header": 1,
        "without an owner or an owned company": 1,
    }
    assert read.summary == (
        f"{CSV}: 3 of 17 rows are left out: 1 with days that can't be read, 1 with more cells than the header,"
        " 1 without an owner or an owned company"
    )
    assert read.told() == [*read.problems, read.summary]


def test_edge_keeps_what_was_written_about_it():
    """An edge keeps what was written about it."""
    first, second, _, fourth, *_, last = read_edges(CSV).edges
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
    """An identifier without a scheme or a value is a problem; the name decides who the party is."""
    found = table(f"Alder,Birch,60,{written},,,")
    assert "expected identifiers such as" in found.problems[0]
    assert [(edge.owner, edge.owner_ids) for edge in found.edges] == [("Alder", ())]
    assert table(f",Birch,60,{written},,,").left_out == {"without an owner or an owned company": 1}


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


# --- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "end", "expected"),
    [
        ("2020-01-02", "2021-03-04", ("2020-01-02", "2021-03-04")),
        ("2020/01/02", "2021.03.04", ("2020-01-02", "2021-03-04")),
        ("20200102", "2021-03-04T00:00:00Z", ("2020-01-02", "2021-03-04")),
        ("02.01.2020", "4.3.2021", ("2020-01-02", "2021-03-04")),
        ("２０２０-01-02", "2021-03-04 00:00:00+00:00", ("2020-01-02", "2021-03-04")),
        ("0001-01-01", "9999-12-31", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_days_may_be_written_as(table, first, end, expected):
    """Days that can be only one day are read; a day before all or after all is none."""
    (edge,) = table(f"Alder,Birch,60,,,,,{first},{end},r").edges
    assert (edge.effective_from, edge.effective_to) == expected


@pytest.mark.parametrize(
    "written",
    ["2020-13-01", "2020-02-30", "01/02/2020", "1 May 2020", "2020", "2020-05", "soon", "n/a", "20200132", "45000"],
)
@pytest.mark.parametrize("column", [0, 1])
def test_day_that_is_none_or_may_be_another_leaves_the_row_out(table, written, column):
    """A day that can't be read, or could be two, leaves out its row, which is counted."""
    days = [written, ""] if column == 0 else ["", written]
    found = table(f"Alder,Birch,60,,,,,{','.join(days)},r", "Alder,Cedar,60,,,,,,,r")
    assert [edge.owned for edge in found.edges] == ["Cedar"]
    assert found.left_out == {"with days that can't be read": 1}
    assert found.problems[0].endswith("; the row is left out")


# --- files that stop a build -----------------------------------------------------------------------------------------


def holdings(path, rows, shares=("60",), broken=0):
    lines = [f"Owner {at},Owned {at},{shares[at % len(shares)]}" for at in range(rows - broken)]
    path.write_text("\n".join(["owner,owned,share", *lines, *[",Owned,60"] * broken]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "broken", "stops"),
    [(200, 2, False), (200, 3, True), (1_000, 10, False), (1_000, 11, True), (199, 150, False)],
)
def test_many_rows_left_out_stop_a_build(tmp_path, rows, broken, stops):
    """More than one percent of at least 200 rows must not be left out, unless the operator says so."""
    path = holdings(tmp_path / "o.csv", rows, broken=broken)
    read = read_edges(path)
    assert read.left_out == {"without an owner or an owned company": broken}
    assert bool(read.doubts) is stops
    assert not read_edges(path, shipped_options()._replace(accept_left_out=True)).doubts
    if stops:
        with pytest.raises(OperatorError, match=f"{broken} of {rows:,} rows are left out: .* --accept-left-out"):
            check_doubts([read])


def test_companies_that_own_themselves_stop_no_build(tmp_path):
    """A register of treasury shares is whole: what it says of owners that are the company is set aside."""
    path = tmp_path / "o.csv"
    path.write_text("owner,owned,share\n" + "".join(f"A{at},A{at},5\n" for at in range(300)), encoding="utf-8")
    read = read_edges(path)
    assert (read.edges, len(read.problems), read.left_out, read.doubts) == ([], 300, {}, ())


@pytest.mark.parametrize(
    ("rows", "shares", "stops"),
    [
        (20, ("0.5", "1", "0.25"), True),
        (20, ("0,5",), True),
        (20, (">0.5", "0.25-0.5"), True),
        (19, ("0.5",), False),
        (20, ("0.5 %",), False),
        (20, ("1/2",), False),
        (20, ("n/a",), False),
        (21, (*["0.5"] * 20, "1.01"), False),
        (40, ("0.5", ""), True),
    ],
)
def test_shares_that_may_be_fractions_stop_a_build(tmp_path, rows, shares, stops):
    """Where at least twenty shares have no percent sign and none is above 1, somebody must say what they are."""
    shares = [f'"{share}"' for share in shares]
    path = holdings(tmp_path / "o.csv", rows, shares)
    assert bool(read_edges(path).doubts) is stops
    for unit in ("percent", "fraction"):
        assert not read_edges(path, shipped_options()._replace(unit=unit)).doubts


def test_fractions_are_read_as_percents_where_they_are_said_to_be(tmp_path):
    """--shares says what a number without a sign is."""
    path = holdings(tmp_path / "o.csv", 3, ("0.5", "50 %", "2"))
    percents = [(edge.low, edge.high) for edge in read_edges(path, shipped_options()._replace(unit="percent")).edges]
    fractions = [(edge.low, edge.high) for edge in read_edges(path, shipped_options()._replace(unit="fraction")).edges]
    half = Decimal("0.5")
    assert percents == [(half, half), (50, 50), (2, 2)]
    assert fractions == [(50, 50), (50, 50), (None, None)]


def test_rows_of_an_ownership_file_have_a_limit_that_can_be_raised(tmp_path, monkeypatch):
    """Beyond the limit a file is refused; an operator may allow more, and with the rows more bytes."""
    monkeypatch.setattr(reading, "ROWS_MAX", 5)
    path = holdings(tmp_path / "o.csv", 6)
    with pytest.raises(ListError, match="at most 5 rows"):
        read_edges(path)
    assert len(read_edges(path, shipped_options()._replace(rows_max=7)).edges) == 6
    with pytest.raises(ListError, match="at most 3 rows"):
        read_edges(path, shipped_options()._replace(rows_max=3))
    options = shipped_options()
    assert options._replace(rows_max=10).bytes_limit == options.bytes_limit == reading.FILE_BYTES_MAX
    assert options._replace(rows_max=10_000_000).bytes_limit > 1.9 * reading.FILE_BYTES_MAX
