"""GLEIF's files become edges of unknown share, and names for the LEIs; hostile XML is refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from screener.errors import ListError
from screener.lists.holdings import records
from screener.lists.holdings.read import read_edges, read_ownership
from screener.lists.reading import open_published

CASES = Path(__file__).parents[2] / "cases" / "holdings"
RELATIONSHIPS = CASES / "gleif_relationships.xml"
NAMES = CASES / "gleif_names.xml"

CHILD, PARENT, TOP = "LEI:INVENTED0000CHILD001", "LEI:INVENTED00PARENT0002", "LEI:INVENTED00000TOP0003"
OTHER, BRANCH, FUND = "LEI:INVENTED000OTHER0004", "LEI:INVENTED00BRANCH0005", "LEI:INVENTED000FUND00006"
MASTER = "LEI:INVENTED00MASTER0007"


@pytest.fixture
def damaged(tmp_path):
    def damaged(old, new, source=RELATIONSHIPS):
        path = tmp_path / source.name
        text = source.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return path

    return damaged


def test_relationships_say_who_and_seldom_how_much():
    """The share of a parent is unknown unless the record has it; a branch is its head office's wholly."""
    read = read_edges(RELATIONSHIPS)
    assert [(edge.owner, edge.owned, edge.kind, edge.low, edge.high) for edge in read.edges] == [
        (PARENT, CHILD, "equity", None, None),
        (TOP, PARENT, "equity", Decimal("75.50"), Decimal("75.50")),
        (OTHER, PARENT, "equity", None, None),
        (TOP, BRANCH, "equity", Decimal(100), Decimal(100)),
        (TOP, FUND, "control", None, None),
        (FUND, MASTER, "equity", None, None),
    ]
    assert read.problems == []
    assert (read.file.layout, read.file.rows) == ("gleif-relationships", 8)


def test_ultimate_parent_goes_where_direct_ones_lead_to_it():
    """An ultimate parent is left out where direct parents lead to it, and marked where none does."""
    edges = read_edges(RELATIONSHIPS).edges
    assert (TOP, CHILD) not in {(edge.owner, edge.owned) for edge in edges}
    assert [(edge.owner, edge.owned) for edge in edges if edge.indirect] == [(OTHER, PARENT)]


def test_days_are_those_of_the_relationship():
    """The days are those of the relationship, not of the accounts; a lapsed registration is told."""
    edges = {edge.line: edge for edge in read_edges(RELATIONSHIPS).edges}
    first, *_, feeder = edges.values()
    assert (first.line, first.effective_from, first.effective_to) == (5, "2018-02-06", None)
    assert first.note == "IS_DIRECTLY_CONSOLIDATED_BY, LAPSED"
    assert (feeder.effective_from, feeder.effective_to) == ("2018-03-01", "2022-03-01")


def test_names_of_another_file_are_put_to_the_edges():
    """LEI records give no edge; they name the parties of the relationships beside them, in whatever order."""
    assert read_edges(NAMES).edges == []
    for paths in ([NAMES, RELATIONSHIPS], [RELATIONSHIPS, NAMES]):
        edge = next(edge for source in read_ownership(paths) for edge in source.edges)
        assert (edge.owner, edge.owner_country, edge.owner_ids) == ("Dogwood Holding", "CN", (PARENT,))
        assert (edge.owned, edge.owned_country) == ("Cedar & Sons Ltd", "US")


def test_lei_record_without_an_lei_is_said():
    """A record without an LEI is said with its line; other names follow the legal one."""
    read = read_edges(NAMES)
    assert read.parties[CHILD].names == ("Cedar & Sons Ltd", "Cedar Brothers")
    assert read.file.rows == 3
    assert [problem.partition(": ")[0] for problem in read.problems] == [f"{NAMES}:19"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("INVENTED0000CHILD001", "short", ":5: expected an LEI as the StartNode, found 'short'"),
        ("INVENTED0000CHILD001", "INVENTED00PARENT0002", ":5: expected two parties"),
        ("IS_DIRECTLY_CONSOLIDATED_BY", "IS_FOND_OF", ":5: expected a relationship of IS_DIRECTLY"),
        ("2018-02-06T", "2018-02-66T", "expected a day as YYYY-MM-DD, found '2018-02-66'; the day is not known"),
        ("75.50", "750", "expected a share from 0 to 100"),
        ("75.50", "75,5", "expected an amount in percent, found '75,5'; the share is not known"),
        (
            "2018-03-01T00:00:00Z</rr:StartDate>\n          <rr:EndDate>2022",
            "2018-03-01T00:00:00Z</rr:StartDate>\n          <rr:EndDate>2017",
            "neither is believed",
        ),
    ],
)
def test_odd_record_is_said_and_the_rest_loads(damaged, old, new, says):
    """An odd record is said with its line, and the rest loads."""
    read = read_edges(damaged(old, new))
    assert any(says in problem for problem in read.problems)
    assert len(read.edges) >= 5


def test_relationship_that_ended_some_day_is_left_out(damaged):
    """A relationship that ended on a day nobody tells is left out, and said."""
    read = read_edges(damaged("<rr:EndDate>2022-03-01T00:00:00Z</rr:EndDate>", ""))
    assert MASTER not in {edge.owned for edge in read.edges}
    assert any("the day on which the relationship ended" in problem for problem in read.problems)


EXCEPTIONS = """<ReportingExceptionData><ReportingExceptions>
<Exception><LEI>INVENTED0000CHILD001</LEI><ExceptionReason>NATURAL_PERSONS</ExceptionReason></Exception>
<Exception><LEI>INVENTED00PARENT0002</LEI><ExceptionReason>NATURAL_PERSONS</ExceptionReason></Exception>
<Exception><LEI>INVENTED00000TOP0003</LEI><ExceptionReason>NO_LEI</ExceptionReason></Exception>
</ReportingExceptions></ReportingExceptionData>"""


def test_reporting_exceptions_are_counted(tmp_path):
    """Reporting exceptions name no parent: they are counted by reason."""
    path = tmp_path / "exceptions.xml"
    path.write_text(EXCEPTIONS)
    read = read_edges(path)
    assert (read.edges, read.file.rows) == ([], 3)
    assert read.problems[0].endswith("by reason: NATURAL_PERSONS 2, NO_LEI 1")


HOSTILE = {
    "entities": (
        '<!DOCTYPE a [<!ENTITY b "bbb"><!ENTITY c "&b;&b;">]><RelationshipData>&c;</RelationshipData>',
        "without a document type",
    ),
    "fetched": ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><RelationshipData/>', "without a document type"),
    "deep": ("<RelationshipData>" + "<a>" * 60 + "</a>" * 60 + "</RelationshipData>", "at most 50 deep"),
    "unknown entity": ("<RelationshipData>&x;</RelationshipData>", "expected whole XML"),
    "not closed": ("<RelationshipData><RelationshipRecord>", "expected whole XML"),
    "no XML": ("<<<<", "expected whole XML"),
    "another root": ("<html></html>", "found 'html'"),
    "nothing in it": ("<RelationshipData/>", "expected at least one row"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused(name, tmp_path):
    """A hostile or damaged file is refused in one sentence, without an entity expanded."""
    text, says = HOSTILE[name]
    path = tmp_path / "hostile.xml"
    path.write_text(text)
    with pytest.raises(ListError, match=says) as refusal:
        read_edges(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("limit", ["RECORDS_MAX", "RECORD_ELEMENTS_MAX", "TEXT_CHARS_MAX"])
def test_limits_hold(limit, monkeypatch):
    """A file beyond a limit is refused."""
    monkeypatch.setattr(records, limit, 5)
    with pytest.raises(ListError, match="at most 5 "):
        records.read_records(open_published(RELATIONSHIPS), "RelationshipRecord", lambda _: None)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_cut_file_is_refused(share, tmp_path):
    """A file that is cut off anywhere is refused."""
    content = RELATIONSHIPS.read_bytes()
    path = tmp_path / "cut.xml"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ListError, match="expected whole XML"):
        read_edges(path)
