"""BODS 0.4 packages become edges: shares as stated, nothing counted twice, every quirk with its place."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from screener.errors import ListError
from screener.lists import build
from screener.lists.holdings import indirect
from screener.lists.holdings.bods import KINDS
from screener.lists.holdings.read import read_edges

PACKAGE = Path(__file__).parents[2] / "cases" / "holdings" / "bods_package.json"


def statement(record, record_type, details, **others):
    told = {"statementId": f"s-{record}", "recordId": record, "recordType": record_type, "recordDetails": details}
    return told | {"statementDate": "2024-01-01", "recordStatus": "new"} | others


def entity(record, **details):
    return statement(record, "entity", {"name": record.title(), "entityType": {"type": "registeredEntity"}} | details)


def relationship(owner, owned, *interests, record=None, **others):
    details = {"subject": owned, "interestedParty": owner, "interests": list(interests)}
    return statement(record or f"{owner}>{owned}", "relationship", details, **others)


def share(exact=None, *, indirect=False, **others):
    interest = {"type": "shareholding", "directOrIndirect": "indirect" if indirect else "direct"}
    return interest | ({} if exact is None else {"share": {"exact": exact}}) | others


@pytest.fixture
def read(tmp_path):
    def read(*statements, text=None):
        path = tmp_path / "package.json"
        path.write_text(json.dumps(statements) if text is None else text)
        return read_edges(path)

    return read


def held(edges):
    return [(edge.owner, edge.low, edge.owned) for edge in edges.edges]


def test_package_keeps_what_is_stated():
    """A package keeps shares, kinds, days, names, identifiers and countries as stated."""
    read = read_edges(PACKAGE)
    equity, votes, seat = read.edges
    assert read.problems == []
    assert (read.file.layout, read.file.rows) == ("ownership-bods", 3)
    assert (equity.owner, equity.owned, equity.owner_country, equity.owned_country) == (
        "Beatrice Birch",
        "Alder Works AG",
        "FR",
        "CH",
    )
    assert equity.owned_ids == ("LEI:549300ALDERWORKS0001", "CH-FDJP:CHE-1")
    assert (equity.low, equity.high) == (Decimal("33.333333333"), Decimal("33.333333334"))
    assert (equity.effective_from, equity.source, equity.place) == ("2020-05-01", "Invented Register", "statement s3")
    assert (votes.kind, votes.low, votes.high) == ("votes", Decimal(25), Decimal("49.999999999"))
    assert (seat.kind, seat.low, seat.high) == ("control", None, None)
    assert read.parties["LEI:549300ALDERWORKS0001"].names == ("Alder Works AG", "Alder Werke")


def test_decimals_survive(read):
    """A share is the decimal number as written, not the float nearest to it."""
    text = json.dumps([entity("a"), entity("b"), relationship("a", "b", share(77))]).replace("77", "49.999999999")
    assert read(text=text).edges[0].low == Decimal("49.999999999")


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ({"minimum": 25, "maximum": 50}, "25", "50"),
        ({"exclusiveMinimum": 25, "maximum": 50}, "25", "50"),
        ({"minimum": 75}, "75", "100"),
        ({"maximum": 25}, "0", "25"),
        ({"exclusiveMaximum": 50}, "0", "49.999999999"),
        ({"exact": 30, "minimum": 30, "maximum": 30}, "30", "30"),
    ],
)
def test_bounds_make_a_band(read, written, low, high):
    """Bounds make a band; what must stay below 50 does not reach it."""
    edge = read(entity("a"), entity("b"), relationship("a", "b", share(share=written))).edges[0]
    assert (edge.low, edge.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    "written", [{"exact": 101}, {"exact": -1}, {"exact": "50"}, {"exact": True}, {"minimum": 60, "maximum": 50}, 50]
)
def test_share_that_is_none_is_unknown_and_said(read, written):
    """A share that is none is unknown, and said with its place: the owner is still an owner."""
    found = read(entity("a"), entity("b"), relationship("a", "b", share(share=written)))
    assert [(edge.low, edge.high) for edge in found.edges] == [(None, None)]
    assert "statement s-a>b /recordDetails/interests/0/share" in found.problems[0]


@pytest.mark.parametrize(("interest", "kind"), KINDS.items())
def test_interest_types_have_a_kind(read, interest, kind):
    """Every interest type of the standard has a kind, and only those of shares carry one."""
    found = read(entity("a"), entity("b"), relationship("a", "b", share(60) | {"type": interest}))
    unknown = interest in ("unknownInterest", "unpublishedInterest")
    assert [(edge.kind, edge.low) for edge in found.edges] == [(kind, None if unknown else Decimal(60))]
    assert found.problems == []


def test_relationship_without_interests_is_an_owner_of_unknown_share(read):
    """A relationship that tells no interest names an owner whose share is not known."""
    assert held(read(entity("a"), entity("b"), relationship("a", "b"))) == [("A", None, "B")]


def test_interests_of_one_kind_add_up(read):
    """Two holdings of one record are two classes of one source."""
    found = read(entity("a"), entity("b"), relationship("a", "b", share(30), share(25)))
    assert [edge.share_class for edge in found.edges] == ["", "interest 2"]


def test_joint_holding_is_counted_once(read):
    """Joint owners hold an arrangement that holds the company; arrangements of one label are not one party."""

    def joint(at):
        label = {"name": "Joint shareholding", "entityType": {"type": "arrangement"}}
        return (entity(f"joint{at}", **label), entity(f"firm{at}"), relationship(f"joint{at}", f"firm{at}", share(100)))

    found = read(entity("a"), *joint(1), *joint(2), relationship("a", "joint1", share(50)))
    assert len({edge.owner for edge in found.edges}) == 3
    assert [edge.owned for edge in found.edges if edge.owner == "A"] == ["Joint shareholding [joint1]"]
    assert found.problems == []


def test_trust_keeps_its_name(read):
    """A trust is known by its name, which a list may hold."""
    trust = {"name": "Willow Trust", "entityType": {"type": "arrangement", "subtype": "trust"}}
    found = read(
        entity("t", **trust),
        entity("a"),
        entity("b"),
        relationship("t", "b", share(60)),
        relationship("a", "t", {"type": "settlor"}),
    )
    assert [(edge.owner, edge.kind) for edge in found.edges] == [("Willow Trust", "equity"), ("A", "trust")]


# --- indirect holdings ------------------------------------------------------------------------------------------------


def test_indirect_holding_goes_where_its_chain_is_told(read):
    """The direct chain wins: what it tells is not counted twice."""
    chain = [
        entity("a"),
        entity("b"),
        entity("c"),
        relationship("a", "b", share(60)),
        relationship("b", "c", share(50)),
    ]
    found = read(*chain, relationship("a", "c", share(30, indirect=True)))
    assert held(found) == [("A", 60, "B"), ("B", 50, "C")]


@pytest.mark.parametrize("first", [None, 10])
def test_indirect_holding_stays_where_its_chain_does_not_make_up_for_it(read, first):
    """Of a chain that is told in part the whole is stated by the indirect holding alone."""
    chain = [
        entity("a"),
        entity("b"),
        entity("c"),
        relationship("a", "b", share(first)),
        relationship("b", "c", share(60)),
    ]
    found = read(*chain, relationship("a", "c", share(60, indirect=True)))
    edge = found.edges[-1]
    assert (edge.low, edge.indirect, edge.share_class) == (60, True, "indirect")


def test_indirect_holding_stays_on_days_without_a_chain(read):
    """A chain that began later does not tell what was held before."""
    late = share(50, startDate="2023-01-01")
    chain = [entity("a"), entity("b"), entity("c"), relationship("a", "b", share(100)), relationship("b", "c", late)]
    found = read(*chain, relationship("a", "c", share(50, indirect=True, startDate="2020-01-01")))
    assert len(found.edges) == 3


def test_two_ways_make_up_for_an_indirect_holding(read):
    """An indirect holding may run through several companies."""
    parties = [entity(name) for name in "abcd"]
    steps = [relationship("a", "b", share(100)), relationship("a", "c", share(100))]
    last = [relationship("b", "d", share(25)), relationship("c", "d", share(30))]
    assert len(read(*parties, *steps, *last, relationship("a", "d", share(55, indirect=True))).edges) == 4
    assert len(read(*parties, *steps, *last, relationship("a", "d", share(56, indirect=True))).edges) == 5


def test_search_for_chains_has_a_limit(read, monkeypatch):
    """Where a file has more steps than are looked at, its indirect holdings stay."""
    monkeypatch.setattr(indirect, "STEPS_TOTAL_MAX", 1)
    chain = [
        entity("a"),
        entity("b"),
        entity("c"),
        relationship("a", "b", share(60)),
        relationship("b", "c", share(50)),
    ]
    assert len(read(*chain, relationship("a", "c", share(30, indirect=True))).edges) == 3


def test_companies_are_captured_through_a_joint_holding(tmp_path):
    """A listed party that holds half of a joint holding holds the company: the whole way through a snapshot."""
    joint = {"name": "Joint shareholding", "entityType": {"type": "arrangement"}}
    owners = [relationship("a", "joint", share(50)), relationship("b", "joint", share(50))]
    firm = [entity("firm", name="Hornbeam Works"), entity("joint", **joint), relationship("joint", "firm", share(100))]
    package = tmp_path / "package.json"
    package.write_text(json.dumps([entity("a", name="Listed Maple"), entity("b"), *firm, *owners]))
    listed = tmp_path / "listed.csv"
    listed.write_text("name,list\nListed Maple,EL\n")
    built = build.build(build.Inputs(private=[listed], ownership=[package]))
    found = built.snapshot.affiliations_of("hornbeamworks")
    assert {(affiliation.regime, affiliation.basis) for affiliation in found} == {("bis-affiliates", "indirect")}
    assert [holding.owner for holding in found[0].path] == ["Listed Maple", "Joint shareholding [joint]"]


# --- records over time ------------------------------------------------------------------------------------------------


def days(found):
    return [(edge.low, edge.effective_from, edge.effective_to) for edge in found.edges]


def test_updated_record_holds_as_it_was_until_the_update(read):
    """What a record said holds until the next statement about it: a sale does not undo the time before."""
    first = relationship("a", "b", share(60, startDate="2020-01-01"), statementDate="2020-02-01")
    sold = relationship("a", "b", share(30, startDate="2022-06-01"), statementDate="2022-06-15", recordStatus="updated")
    found = read(entity("a"), entity("b"), sold | {"statementId": "later"}, first)
    assert days(found) == [(60, "2020-01-01", "2022-06-15"), (30, "2022-06-01", None)]


def test_correction_of_the_same_day_replaces(read):
    """Of two statements of one day the later in the file counts."""
    again = relationship("a", "b", share(30)) | {"statementId": "later"}
    assert days(read(entity("a"), entity("b"), relationship("a", "b", share(60)), again)) == [(30, None, None)]


def test_closed_record_ends_with_its_statement(read):
    """A closed record holds until the day that it states, else until the day of the statement."""
    closed = {"recordStatus": "closed", "statementDate": "2024-05-01"}
    stated = share(60, startDate="2020-01-01")
    assert days(read(entity("a"), entity("b"), relationship("a", "b", stated, **closed))) == [
        (60, "2020-01-01", "2024-05-01")
    ]
    ended = stated | {"endDate": "2023-07-01"}
    assert days(read(entity("a"), entity("b"), relationship("a", "b", ended, **closed))) == [
        (60, "2020-01-01", "2023-07-01")
    ]


def test_day_that_is_none_is_said(read):
    """A day that is none is said, and the holding has no such bound."""
    found = read(entity("a"), entity("b"), relationship("a", "b", share(60, startDate="2020-13-01", endDate="soon")))
    assert days(found) == [(60, None, None)]
    assert len(found.problems) == 2


# --- quirks -----------------------------------------------------------------------------------------------------------


def test_party_without_a_name_stays_a_node(read):
    """A chain through a party without a name holds together, and the gap is said."""
    nameless = statement("x", "entity", {"entityType": {"type": "anonymousEntity"}})
    found = read(
        entity("a"), entity("b"), nameless, relationship("a", "x", share(60)), relationship("x", "b", share(60))
    )
    assert found.edges[0].owned == found.edges[1].owner == "unnamed entity x of package.json"
    assert [problem.split(": ", 1)[1] for problem in found.problems] == [
        "statement s-x: expected the name of the entity; it is known by its record only"
    ]


def test_party_not_in_the_file_is_said(read):
    """A party that the file does not describe is said."""
    found = read(entity("b"), relationship("gone", "b", share(60)))
    assert held(found) == [("unnamed party gone of package.json", 60, "B")]
    assert "found the record 'gone'" in found.problems[0]


def test_party_that_is_not_told_is_said_with_its_reason(read):
    """A relationship that says why it names nobody is no edge; that there is nobody is no problem."""
    found = read(
        entity("b"),
        relationship({"reason": "informationUnknownToPublisher"}, "b", record="r1"),
        relationship({"reason": "noBeneficialOwners"}, "b", record="r2"),
    )
    assert found.edges == []
    assert [problem.split(": ", 1)[1] for problem in found.problems] == [
        "statement s-r1: the interested party is not told (informationUnknownToPublisher)"
    ]


@pytest.mark.parametrize(
    "odd",
    [
        7,
        None,
        "text",
        [],
        {"recordType": "relationship"},
        relationship("a", "a", share(60)),
        statement("r", "relationship", []),
        statement("r", "relationship", {"subject": 1, "interestedParty": ["a"]}),
        statement("r", "relationship", {"subject": "b", "interestedParty": "a", "interests": 5}),
        statement("r", "relationship", {"subject": "b", "interestedParty": "a", "interests": [5]}),
        statement(
            "r", "relationship", {"subject": "b", "interestedParty": "a", "interests": [{"type": ["x"], "share": []}]}
        ),
        statement("r", "entity", {"name": {}, "identifiers": [1, {"scheme": 2}], "addresses": "x", "jurisdiction": []})
        | {"recordType": "x"},
        statement(["r"], "relationship", {}),
        relationship("a", "b", share(60) | {"type": "ownsTheMoon"}),
        entity("a"),
    ],
)
def test_wrong_types_are_said_and_the_rest_loads(read, odd):
    """A statement of the wrong shape is said, and the rest loads."""
    found = read(entity("a"), entity("b"), relationship("a", "b", share(60), record="good"), odd)
    assert ("A", 60, "B") in held(found)
    assert found.problems
    assert all("package.json: " in problem for problem in found.problems)


def test_half_of_a_character_pair_is_no_name(read):
    """A name that can't be written is no name."""
    found = read(entity("a", name="\ud800"), entity("b"), relationship("a", "b", share(60)))
    assert found.edges[0].owner == "unnamed entity a of package.json"


def test_owners_of_more_than_the_whole_are_said(read):
    """Owners of more than 100 percent are said and kept."""
    owners = [
        entity("a"),
        entity("b"),
        entity("c"),
        relationship("a", "c", share(60)),
        relationship("b", "c", share(41)),
    ]
    found = read(*owners)
    assert len(found.edges) == 2
    assert "the holdings in 'C' add up to 101 percent" in found.problems[0]


def test_indirect_holdings_do_not_add_up(read):
    """A parent and its own parent hold the same company indirectly: that is not more than the whole."""
    stated = [relationship("a", "c", share(60, indirect=True)), relationship("b", "c", share(60, indirect=True))]
    assert read(entity("a"), entity("b"), entity("c"), *stated).problems == []


def test_statements_may_come_one_a_line(read):
    """A package may be one statement a line; a problem names the line."""
    lines = [entity("a"), entity("b"), relationship("a", "b", share(60))]
    found = read(text="\n".join(map(json.dumps, lines)) + "\n7\n")
    assert held(found) == [("A", 60, "B")]
    assert found.edges[0].line == 3
    assert found.problems[0].endswith("package.json: line 4: expected a statement, found a number")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "expected JSON"),
        ('[{"recordType": ', "expected JSON"),
        ("[" * 100_000, "nested so deep"),
        ("[NaN]", "plain numbers"),
        (f"[{'9' * 5000}]", "plain numbers"),
        ('[{"statementType": "entityStatement", "statementID": "x"}]', "an older version"),
        ('{"orders": []}', "Beneficial Ownership Data Standard"),
        ("[]", "expected at least one row"),
    ],
)
def test_file_that_is_no_package_is_refused(read, text, says):
    """A file that is no package is refused in one sentence."""
    with pytest.raises(ListError, match=says) as refusal:
        read(text=text)
    assert "\n" not in str(refusal.value)


def test_other_version_is_refused(read):
    """A package that says it is of another version is refused."""
    with pytest.raises(ListError, match=r"found version '0\.3'"):
        read(entity("a") | {"publicationDetails": {"bodsVersion": "0.3"}})
