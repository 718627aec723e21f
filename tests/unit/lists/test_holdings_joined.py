"""BODS packages are read together, in whatever order: changes in one go on with the records of another."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from screener.lists import build
from screener.lists.holdings.read import read_edges, read_ownership

CASES = Path(__file__).parents[2] / "cases" / "holdings"
EXPORT, JUNE, SEPTEMBER = (
    CASES / name for name in ("bods_export_2026-03.json", "bods_changes_2026-06.json", "bods_changes_2026-09.json")
)


def held(sources):
    """Every holding of all files: owner, share, owned and days, in no order."""
    return {
        (edge.owner, edge.low, edge.owned, edge.effective_from, edge.effective_to)
        for source in sources
        for edge in source.edges
    }


@pytest.mark.parametrize(
    "order", list(permutations([EXPORT, JUNE, SEPTEMBER])), ids=lambda order: " ".join(p.stem[5:] for p in order)
)
def test_changes_go_on_with_the_records_of_the_export(order):
    """A record holds until the next statement on it in any package; a party keeps its former name."""
    sources = read_ownership(order)
    assert held(sources) == {
        ("Larch Industries", 60, "Rowan Optics", "2020-01-01", "2026-06-15"),
        ("Larch Foundry", 60, "Rowan Optics", "2020-01-01", "2026-06-15"),
        ("Larch Industries", 30, "Rowan Optics", "2026-06-01", "2026-09-10"),
        ("Larch Foundry", 30, "Rowan Optics", "2026-06-01", "2026-09-10"),
        ("Larch Industries", 55, "Rowan Optics", "2026-09-01", None),
        ("Larch Foundry", 55, "Rowan Optics", "2026-09-01", None),
        ("Larch Industries", 80, "Sorrel Devices", "2020-01-01", "2026-06-20"),
        ("Larch Foundry", 80, "Sorrel Devices", "2020-01-01", "2026-06-20"),
        ("Larch Industries", 80, "Sorrel Devices", "2020-01-01", "2026-06-18"),
        ("Larch Foundry", 80, "Sorrel Devices", "2020-01-01", "2026-06-18"),
    }
    assert [problem for source in sources for problem in source.problems] == []
    assert {path.name: len(source.edges) for path, source in zip(order, sources, strict=True)} == {
        EXPORT.name: 4,
        JUNE.name: 4,
        SEPTEMBER.name: 2,
    }


def test_changes_alone_are_read_by_their_own_records():
    """A package of changes without the export names parties that nobody describes, and says so."""
    (source,) = read_ownership([JUNE])
    assert {edge.owned for edge in source.edges} == {
        "unnamed party e2 of Invented Register",
        "unnamed party e3 of Invented Register",
    }
    assert len(source.problems) == 2


@pytest.mark.parametrize(
    "order", list(permutations([EXPORT, JUNE, SEPTEMBER])), ids=lambda order: " ".join(p.stem[5:] for p in order)
)
@pytest.mark.parametrize("listed", ["Larch Foundry", "Larch Industries"])
def test_listed_owner_is_known_by_its_former_and_its_new_name(tmp_path, order, listed):
    """Whichever of its names is listed, on each day the company is captured or not by the share of that day."""
    private = tmp_path / "private.csv"
    private.write_text(f"name,list\n{listed},EL\n", encoding="utf-8")
    snapshot = build.build(build.Inputs(private=[private], ownership=list(order))).snapshot
    rows = snapshot.affiliations_of("rowanoptics")
    told = [row for row in rows if row.regime == "bis-affiliates"]
    days = {"2020-06-01": "direct", "2026-06-10": "direct", "2026-07-01": "minority", "2026-12-01": "direct"}
    for day, basis in days.items():
        bases = {row.basis for row in told if row.effective_from <= day < (row.effective_to or "9999")}
        assert bases - {"former"} == {basis}, day


# --- statements that contradict each other ---------------------------------------------------------------------------


def statement(statement_id, record, record_type, details, **others):
    told = {"statementId": statement_id, "recordId": record, "recordType": record_type, "recordDetails": details}
    return told | {"statementDate": "2024-01-01", "recordStatus": "new"} | others


def entity(record, name, statement_id=None, **others):
    details = {"name": name, "entityType": {"type": "registeredEntity"}} | others.pop("details", {})
    return statement(statement_id or f"s-{record}-{name}", record, "entity", details, **others)


def relationship(statement_id, share, owner="a", owned="b", record="r", **others):
    interest = {"type": "shareholding", "directOrIndirect": "direct", "share": {"exact": share}}
    details = {"subject": owned, "interestedParty": owner, "interests": [interest]}
    return statement(statement_id, record, "relationship", details, **others)


def by(name):
    return {"publicationDetails": {"publisher": {"name": name}}}


@pytest.fixture
def read(tmp_path):
    """Read packages in both orders, which must come to the same."""

    def read(*packages):
        paths = []
        for number, statements in enumerate(packages):
            paths.append(tmp_path / f"{number}.json")
            paths[-1].write_text(json.dumps(statements), encoding="utf-8")
        forth, back = read_ownership(paths), read_ownership(paths[::-1])[::-1]
        assert forth == back
        return forth

    return read


PARTIES = [entity("a", "Alder"), entity("b", "Birch")]


def shares(sources):
    return sorted((edge.low, edge.effective_to or "") for source in sources for edge in source.edges)


def test_statement_that_two_packages_repeat_counts_once(read):
    """A statement that an export repeats word for word is no second one, and no problem."""
    sources = read([*PARTIES, relationship("s", 60)], [*PARTIES, relationship("s", 60)])
    assert shares(sources) == [(60, "")]
    assert [source.problems for source in sources] == [[], []]
    assert [source.left_out for source in sources] == [{}, {}]


def test_statements_of_one_day_in_two_packages_all_count(read):
    """Nobody can say which of them is the later one: both count, and both are said."""
    sources = read([*PARTIES, relationship("s1", 60)], [relationship("s2", 30)])
    assert shares(sources) == [(30, ""), (60, "")]
    assert all("is told otherwise on the same day" in source.problems[0] for source in sources)


def test_same_statement_told_otherwise_counts_twice(read):
    """Two statements of one id that differ both count: leaving one out would depend on the order of files."""
    assert shares(read([*PARTIES, relationship("s", 60)], [relationship("s", 30)])) == [(30, ""), (60, "")]


@pytest.mark.parametrize(
    "later",
    [
        relationship("s2", 30, statementDate="2024-01-01", recordStatus="updated"),
        relationship("s2", 30, statementDate="2024-01-01T18:00:00Z"),
        relationship("s2", 30, publicationDetails={"publicationDate": "2024-01-05"}),
    ],
    ids=["an update", "a later hour", "published later"],
)
def test_later_statement_of_one_day_replaces(read, later):
    """Of statements of one day an update, a later hour and a later publication come behind."""
    assert shares(read([*PARTIES, relationship("s1", 60)], [later])) == [(30, "")]


def test_statement_that_closes_a_record_ends_it_in_another_package(read):
    """A record that is closed holds until then, whichever package closes it."""
    closed = relationship("s2", 60, statementDate="2024-05-01", recordStatus="closed")
    assert shares(read([*PARTIES, relationship("s1", 60)], [closed])) == [(60, "2024-05-01"), (60, "2024-05-01")]


def test_records_of_two_publishers_are_two(read):
    """Ids are a publisher's own: two registers that number their records from 1 do not meet."""
    one = [
        entity("a", "Alder", **by("North")),
        entity("b", "Birch", **by("North")),
        relationship("n", 60, **by("North")),
    ]
    other = [entity("a", "Ash", **by("South")), entity("b", "Box", **by("South")), relationship("s", 30, **by("South"))]
    sources = read(one, other)
    assert {(edge.owner, edge.owned) for source in sources for edge in source.edges} == {
        ("Alder", "Birch"),
        ("Ash", "Box"),
    }
    assert [source.problems for source in sources] == [[], []]


def test_records_without_a_publisher_that_contradict_each_other_are_kept_apart(read):
    """Packages that name no publisher and give one id to two parties are not joined, and say so."""
    other = [entity("a", "Ash"), entity("b", "Box"), relationship("s2", 30, statementDate="2025-01-01")]
    sources = read([*PARTIES, relationship("s1", 60)], other)
    assert {(edge.owner, edge.owned, edge.low) for source in sources for edge in source.edges} == {
        ("Alder", "Birch", 60),
        ("Ash", "Box", 30),
    }
    assert all("records without a publisher are not joined" in source.problems[0] for source in sources)


def test_party_that_another_package_describes_is_known(read):
    """A relationship in one package names the parties of another, also where only the latter says its publisher."""
    sources = read([entity("a", "Alder", **by("North")), entity("b", "Birch", **by("North"))], [relationship("s", 60)])
    assert [(edge.owner, edge.owned) for edge in sources[1].edges] == [("Alder", "Birch")]


def test_party_that_nobody_describes_is_one_in_all_packages(read):
    """A chain through a record that no package describes holds together."""
    sources = read(
        [relationship("s1", 60, owner="a", owned="x")], [relationship("s2", 60, owner="x", owned="b", record="r2")]
    )
    assert sources[0].edges[0].owned == sources[1].edges[0].owner


def test_indirect_holding_goes_where_another_package_tells_its_chain(read):
    """The chain may be told by other packages than the indirect holding."""
    indirect = relationship("s3", 30, owner="a", owned="c", record="r3")
    indirect["recordDetails"]["interests"][0]["directOrIndirect"] = "indirect"
    chain = [relationship("s1", 60), relationship("s2", 50, owner="b", owned="c", record="r2")]
    sources = read([*PARTIES, entity("c", "Cedar"), indirect], chain)
    assert sources[0].edges == []
    assert len(sources[1].edges) == 2


def test_former_names_have_a_limit(read, monkeypatch):
    """Each name of a party is an edge more: there are at most so many, the present one first."""
    monkeypatch.setattr("screener.lists.holdings.bods.FORMER_NAMES_MAX", 3)
    renamed = [
        entity("a", f"Alder {year}", statementDate=f"20{year}-01-01", recordStatus="updated") for year in range(10, 24)
    ]
    sources = read(PARTIES, [*renamed, relationship("s", 60)])
    assert [edge.owner for edge in sources[1].edges] == ["Alder", "Alder 23", "Alder 22"]
    assert len({edge.owner_ids for edge in sources[1].edges}) == 1


def test_packages_of_one_name_are_told_apart(tmp_path):
    """Two packages with the same file name in two folders keep their own unnamed parties where they are not joined."""
    paths = []
    for folder, name in (("north", "Alder"), ("south", "Ash")):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "package.json")
        paths[-1].write_text(json.dumps([entity("a", name), relationship(f"s-{folder}", 60, owned="gone")]))
    owned = [source.edges[0].owned for source in read_ownership(paths)]
    assert len(set(owned)) == 2


def test_package_alone_is_read_as_with_others(tmp_path):
    """Reading one package gives the same edges as reading it with a file that says nothing of its records."""
    other = tmp_path / "other.csv"
    other.write_text("owner,owned,share\nAlder,Birch,60\n", encoding="utf-8")
    assert read_edges(EXPORT).edges == read_ownership([other, EXPORT])[1].edges
