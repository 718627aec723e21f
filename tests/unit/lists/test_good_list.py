"""Good lists: what binds a grant to its entry, which rows count, and how a reviewer gets the hash of an entry."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from screener import cli
from screener.core import screen
from screener.core.fold import Folder
from screener.errors import ListError, OperatorError
from screener.lists import good_list, snapshot
from screener.lists.build import Inputs, build
from screener.lists.good_list import bind, entry_sha256, read_good_list
from screener.model import Alias, ListEntry, Terms

LISTS = Path(__file__).parents[2] / "cases" / "screening" / "lists"
LISTED = LISTS / "registered_2026-11-20.csv"
GOOD = LISTS / "good_list.csv"
COLUMNS = (*good_list.REQUIRED, *good_list.OPTIONAL)
DAYS_MAX = 366
FOLD = Folder(["Co", "Ltd"])
ENTRY = ListEntry(
    "EL",
    "el-1",
    (Alias("Meadow Lathe Works", primary=True), Alias("MLW", "weak"), Alias("Meadow Lathes")),
    "organization",
    ("Kai 1, Bremen", "Kai 2, Bremen"),
    ("DE", "CN"),
    ("P-1", "P-2"),
    "For all items.",
    "Presumption of denial.",
    identifiers=("Tax ID No. 123456789", "Passport X"),
)


def row(**cells):
    """A row that is taken, with some cells changed."""
    return {
        "id": "GL-1",
        "name": "Meadow Garden Tools",
        "country": "DE",
        "address": "Hafenstrasse 9, Bremen",
        "list": "EL",
        "entry_id": "el-1",
        "entry_sha256": entry_sha256(ENTRY),
        "approved_on": "2026-03-02",
        "expires": "2027-03-01",
        "author": "Ada Quist",
        "approver": "Bela Norring",
        **cells,
    }


def written(path, *rows):
    """The path of a good list of these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "good.csv"


def bound(path, *rows, entries=(ENTRY,)):
    return bind([read_good_list(written(path, *rows), DAYS_MAX)], entries, FOLD)


# --- the hash of an entry ---------------------------------------------------------------------------------------------


def test_hash_is_the_same_everywhere():
    """The hash of an entry depends on its texts alone: it is the same on every machine and in every version."""
    assert entry_sha256(ENTRY) == "9e72fa664089ae023d7af33ba24d22f18548ec9457d713db11e2ff828763161c"


@pytest.mark.parametrize(
    "change",
    [
        {"list": "MEU"},
        {"entry_id": "el-2"},
        {"aliases": ENTRY.aliases[:2]},
        {"aliases": (Alias("Meadow Lathes", primary=True), *ENTRY.aliases[:2])},
        {"kind": ""},
        {"addresses": ("Kai 1, Bremen",)},
        {"countries": ("DE",)},
        {"programs": ()},
        {"license_requirement": "For all items subject to the EAR."},
        {"license_review_policy": ""},
        {"identifiers": ("Tax ID No. 123456780", "Passport X")},
    ],
)
def test_hash_changes_with_what_the_entry_says(change):
    """A name, address, country, program, requirement, policy or identifier more, less or other is another hash."""
    assert entry_sha256(replace(ENTRY, **change)) != entry_sha256(ENTRY)


def test_hash_does_not_depend_on_order_and_grading():
    """The publisher's order, the grading of aliases, citations and days do not change the hash."""
    first, *others = ENTRY.aliases
    turned = replace(
        ENTRY,
        aliases=(first, *(Alias(alias.name) for alias in reversed(others))),
        addresses=ENTRY.addresses[::-1],
        countries=ENTRY.countries[::-1],
        programs=ENTRY.programs[::-1],
        identifiers=ENTRY.identifiers[::-1],
        citation="91 FR 1",
        effective_from="2026-01-01",
        effective_to="2029-01-01",
    )
    assert entry_sha256(turned) == entry_sha256(ENTRY)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_row_becomes_a_grant(path):
    """A row is read with its name glued, its address folded and its country as a code; the reason is left behind."""
    [grant], problems = bound(path, row(country="Germany", identifier="tax: DE 1234-5678", reason="checked"))
    assert problems == []
    assert (grant.id, grant.entry, grant.name, grant.country) == ("GL-1", 0, "meadowgardentools", "DE")
    assert (grant.address, grant.identifier_type, grant.identifier) == ("hafenstrasse 9 bremen", "tax", "de12345678")
    assert (grant.effective_from, grant.effective_to) == ("2026-03-02", "2027-03-01")
    assert (grant.author, grant.approver) == ("Ada Quist", "Bela Norring")
    assert "checked" not in grant


def test_list_without_rows_is_taken(path):
    """A good list from which the last row was taken out is still one."""
    assert bound(path) == ([], [])


@pytest.mark.parametrize(("expires", "taken"), [("2026-03-03", True), ("2027-03-03", True), ("2027-03-04", False)])
def test_row_counts_for_so_many_days_and_no_more(path, expires, taken):
    """A row may count from one day to the days of the rules; one day more refuses the file."""
    if taken:
        assert len(bound(path, row(expires=expires))[0]) == 1
    else:
        with pytest.raises(
            ListError, match=r"good\.csv:2: expected expires 1 to 366 days after approved_on, found 367"
        ):
            bound(path, row(expires=expires))


@pytest.mark.parametrize("approver", ["ada quist", "Quist, Ada", "ADA  QUIST.", "\uff21da Quist"])
def test_author_cannot_approve_in_another_spelling(path, approver):
    """One person in another case, order, punctuation or width is still one person."""
    with pytest.raises(ListError, match="two persons decide"):
        bound(path, row(approver=approver))


def test_id_has_a_limit(path):
    """An id of the most characters is taken, one character more refuses the file."""
    assert len(bound(path, row(id="G" * good_list.ID_CHARS_MAX))[0]) == 1
    with pytest.raises(ListError, match="expected an id of 1 to 200 characters"):
        bound(path, row(id="G" * (good_list.ID_CHARS_MAX + 1)))


def test_identifier_has_a_least_length(path):
    """An identifier of so many letters and digits is taken, a shorter one refuses the file."""
    assert len(bound(path, row(identifier="tax:1-2345"))[0]) == 1
    with pytest.raises(ListError, match="of 5 or more letters and digits"):
        bound(path, row(identifier="tax:1-234"))


def test_rows_have_a_limit(path, monkeypatch):
    """A file of the most rows is taken, one row more refuses it."""
    monkeypatch.setattr(good_list, "ROWS_MAX", 2)
    rows = [row(id=f"GL-{number}") for number in range(3)]
    assert len(bound(path, *rows[:2])[0]) == 2
    with pytest.raises(ListError, match=r"good\.csv:4: expected at most 2 rows"):
        bound(path, *rows)


def test_id_names_one_row(tmp_path):
    """The same id twice, in one file or in two, refuses the second one: decisions name grants by it."""
    lists = [read_good_list(written(tmp_path / name, row()), DAYS_MAX) for name in ("a.csv", "b.csv")]
    with pytest.raises(ListError, match=r"b\.csv:2: expected each id once, found 'GL-1' again"):
        bind(lists, [ENTRY], FOLD)
    with pytest.raises(ListError, match=r"a\.csv:3: expected each id once"):
        bound(tmp_path / "a.csv", row(), row(name="Meadow Florists"))


@pytest.mark.parametrize("cells", [{"entry_id": "el-2"}, {"list": "SDN"}])
def test_unknown_entry_is_told_and_covers_nothing(path, cells):
    """A row that names no entry of the lists is told with its line and left out; the rest counts."""
    grants, problems = bound(path, row(**cells))
    assert grants == []
    assert len(problems) == 1
    assert re.search(r"good\.csv:2: .* is no entry of these lists", problems[0])


def test_name_that_cannot_be_compared_is_refused(path):
    """A name or an address of which the fold leaves nothing refuses the file."""

    def nothing(_):
        return ""

    with pytest.raises(ListError, match="that can be compared"):
        bind([read_good_list(written(path, row()), DAYS_MAX)], [ENTRY], nothing)


# --- entries that changed ---------------------------------------------------------------------------------------------


def test_row_of_an_entry_that_changed_is_told_and_counts_for_nothing(path):
    """A row whose entry says something else by now gives no grant and one sentence; the other rows count."""
    changed = replace(ENTRY, entry_id="el-2", countries=("DE", "CN", "RU"))
    rows = [row(), row(id="GL-2", entry_id="el-2", entry_sha256=entry_sha256(replace(ENTRY, entry_id="el-2")))]
    grants, problems = bound(path, *rows, entries=[ENTRY, changed])
    assert [grant.id for grant in grants] == ["GL-1"]
    [problem] = problems
    assert problem.startswith(f"{path}:3: grant 'GL-2': EL:el-2 has changed since")


def test_only_the_entry_that_was_looked_at_is_covered(path):
    """Of two entries with one id, such as a published one and a private copy, a grant names the unchanged one."""
    copy = replace(ENTRY, addresses=())
    [grant], problems = bound(path, row(), entries=[copy, ENTRY])
    assert (grant.entry, problems) == (1, [])


# --- identifiers that differ ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "published", "differs"),
    [
        ("tax:987654321", ["Tax ID No. 123456789 (Germany)"], True),
        ("Tax-ID:987654321", ["Tax ID No., 123456789, DE"], True),
        ("vat:DE 987 654 321", ["V.A.T. Number DE 123456789"], True),
        ("imo:9876543", ["Vessel Registration Identification IMO 1234567"], True),
        ("passport:A9876543", ["Gender, Male", "RU, 123456789, Passport"], True),
        ("tax:987654321", [], False),
        ("tax:987654321", ["Passport 123456789"], False),
        ("tax:987654321", ["Tax residence, Cyprus"], False),
        ("tax:123-456-789", ["Tax ID No. 123456789 (Germany)"], False),
        ("tax:DE123456789", ["Tax ID No. 123456789 (Germany)"], False),
        ("tax:123456789", ["V.A.T. Number DE123456789", "Tax ID No. 5550001112"], False),
        ("tax:\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19", ["Tax ID No. 123456789"], False),
    ],
)
def test_identifier_differs_where_the_entry_has_another_of_its_kind(path, identifier, published, differs):
    """An identifier differs if the entry has one of its kind and none that is, holds or is part of the same."""
    entry = replace(ENTRY, identifiers=tuple(published))
    cells = {"identifier": identifier, "entry_sha256": entry_sha256(entry)}
    [grant], _ = bound(path, row(**cells), entries=[entry])
    assert grant.differs is differs


# --- in the snapshot --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built():
    return build(Inputs(lists=[LISTED], good_list=[GOOD]))


def test_snapshot_holds_the_grants_that_count(built):
    """The snapshot has a grant for each row but the stale one, which is told; the file keeps them and their source."""
    ids = sorted(grant.id for grants in built.snapshot.grants.values() for grant in grants)
    assert ids == sorted(f"GL-{number}" for number in range(1, 14) if number != 6)
    [problem] = built.problems
    assert "good_list.csv:7: grant 'GL-6': EL:el-tallow has changed since" in problem
    assert snapshot.loads(built.content).grants == built.snapshot.grants
    [source] = [source for source in built.snapshot.sources if source.layout == "good_list"]
    assert (source.name, source.rows) == ("good_list.csv", 13)


def test_reasons_of_reviewers_stay_in_their_file(built):
    """What a reviewer wrote about a party is in neither the snapshot nor a decision."""
    assert b"spectacles" not in built.content
    assert b"Bela Norring" in built.content


def test_grants_are_part_of_the_snapshots_hash(built):
    """A snapshot with a good list is another one than that without; its rules and owners are the same."""
    bare = build(Inputs(lists=[LISTED])).snapshot
    assert bare.grants == {}
    assert bare.sha256 != built.snapshot.sha256
    same = {name for name, sha256 in bare.components.items() if built.snapshot.components[name] == sha256}
    assert same == {"names", "ownership", "history", "rules"}


def test_age_of_a_good_list_does_not_count(built):
    """A good list is no published list: the snapshot's edition is that of the lists."""
    assert built.snapshot.edition == "2026-11-20"


def test_rules_decide_how_long_a_grant_may_count(tmp_path):
    """An overlay that allows fewer days refuses a good list whose rows count for longer."""
    (tmp_path / "matching.toml").write_text("[good_list]\ndays_max = 90\n")
    with pytest.raises(
        ListError, match=r"good_list\.csv:2: expected expires 1 to 90 days after approved_on, found 364"
    ):
        build(Inputs(lists=[LISTED], good_list=[GOOD], rules=tmp_path))


def test_decision_tells_the_requirement_that_stands_after_grants(built):
    """The license requirement of a covered finding is not that of the decision; it stays with the finding."""
    order = {"order_id": "O-1", "parties": [{"name": "MPO", "country": "DE", "address": "Hafenstrasse 9, Bremen"}]}
    told = json.loads(screen(orjson.dumps(order), built.snapshot, Terms(as_of="2026-11-22")).value)
    assert (told["outcome"], told["license_requirement"]) == ("clear", "")
    assert told["grants"] == [{"type": "good_list", "id": "GL-1", "satisfies": ["EL_WEAK_ALIAS"]}]
    [finding] = told["findings"]
    assert finding["grant"] == "GL-1"
    assert finding["license_requirement"]


# --- commands ---------------------------------------------------------------------------------------------------------


def test_reviewer_gets_the_hash_of_an_entry(built, tmp_path, capsys):
    """`snapshot show --entry` prints what an entry says and the hash that a good list names it by."""
    held = tmp_path / "a.snapshot"
    snapshot.save(built.content, held)
    assert cli.main(["snapshot", "show", str(held), "--entry", "EL:el-marrow"]) == 0
    told = capsys.readouterr().out
    entry = next(entry for entry in built.snapshot.entries if entry.entry_id == "el-marrow")
    assert told.startswith(f"entry_sha256 {entry_sha256(entry)}\n")
    assert "Marrowby Lasers" in told
    assert cli.main(["snapshot", "show", str(held), "--entry", "EL:nobody"]) == 2
    assert "expected an entry of the snapshot such as EL:ID" in capsys.readouterr().err


def test_screen_takes_good_lists(tmp_path, capfdbinary):
    """`screen --good-list` clears what a grant covers and tells the rows that were left out."""
    orders = tmp_path / "orders.ndjson"
    party = {"name": "MPO", "country": "DE", "address": "Hafenstrasse 9, Bremen"}
    orders.write_bytes(orjson.dumps({"order_id": "O-1", "parties": [party], "export_date": "2026-11-22"}))
    options = ["screen", str(orders), "--lists", str(LISTED), "--as-of", "2026-11-22"]
    assert cli.main([*options, "--fail-on", "review"]) == 1
    assert cli.main([*options, "--fail-on", "review", "--good-list", str(GOOD)]) == 0
    assert b"left out: " in capfdbinary.readouterr().err


def test_good_list_needs_the_lists(tmp_path, capsys):
    """A snapshot already holds its grants: a good list beside it is refused."""
    assert cli.main(["screen", "--snapshot", str(tmp_path / "a"), "--good-list", str(GOOD)]) == 2
    assert "give it alone" in capsys.readouterr().err


def test_snapshot_with_a_grant_for_no_entry_is_refused(built):
    """A snapshot file whose grants name entries that it does not have is not taken."""
    grants = [grant for held in built.snapshot.grants.values() for grant in held]
    with pytest.raises(IndexError):
        snapshot._grants([grants[0]._replace(entry=len(built.snapshot.entries))], len(built.snapshot.entries))
    with pytest.raises(OperatorError):
        snapshot.loads(built.content.replace(b'"grants"', b'"grantz"'))
