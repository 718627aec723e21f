"""Days and tables: which days an order is judged on, and what the rules make of hits and affiliations."""

from dataclasses import replace
from pathlib import Path

import pytest

from screener.core.policy import EVIDENCE_CHARS_MAX, judge_days, regimes_in_force
from screener.core.policy import policy as policy_of_order
from screener.lists.build import Inputs, build
from screener.model import Hit, Order, Party, PartyAffiliation, Place, Terms
from screener.owners import Affiliation, Holding

LISTS = Path(__file__).parents[2] / "cases" / "screening" / "lists"
NAME = Place(0, None, "name")


def policy(hits, affiliations, snapshot, day):
    """The findings of an order of one party that shows no item."""
    order = Order("O-1", False, None, None, [Party("end_user", "x", [], "", "", "", {})], [], "", "")
    return policy_of_order(hits, affiliations, order, snapshot, day)


@pytest.fixture(scope="module")
def snapshot():
    return build(
        Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"], private=[LISTS / "private_2026-11-20.csv"])
    ).snapshot


def order(placed_on=None, export_on=None):
    return Order("O-1", False, placed_on, export_on, [], [], "", "")


def days(snapshot, terms, **on):
    judgment = judge_days(order(**on), snapshot, terms)
    return judgment.days, [caveat.code for caveat in judgment.caveats]


FRESH = {"allow_stale": True}


@pytest.mark.parametrize(
    ("terms", "on", "expected"),
    [
        ({"as_of": "2026-11-22"}, {"export_on": "2020-01-01"}, (("2026-11-22",), [])),
        ({}, {}, ((), ["DATE_MISSING"])),
        ({}, {"placed_on": "2026-11-22"}, (("2026-11-22",), [])),
        ({}, {"export_on": "2026-11-22"}, (("2026-11-22",), [])),
        ({}, {"placed_on": "2026-11-23", "export_on": "2026-11-22"}, (("2026-11-22", "2026-11-23"), [])),
        ({"received_on": "2026-11-22"}, {"placed_on": "2026-11-30"}, (("2026-11-22",), [])),
        ({"received_on": "2026-11-22"}, {"export_on": "2026-11-23"}, (("2026-11-22", "2026-11-23"), [])),
        ({"received_on": "2026-11-22"}, {"export_on": "2026-11-21"}, (("2026-11-22",), ["DATE_IMPLAUSIBLE"])),
        ({"received_on": "2026-11-09"}, {"export_on": "2026-11-10"}, (("2026-11-09", "2026-11-10"), [])),
        ({"received_on": "2026-11-10"}, {"export_on": "2026-11-11"}, (("2026-11-10", "2026-11-11"), [])),
        ({"received_on": "2025-11-09"}, {"export_on": "2025-11-10"}, (("2025-11-09", "2025-11-10"), [])),
        ({"received_on": "2025-09-01"}, {"export_on": "2025-09-28"}, (("2025-09-01", "2025-09-28"), [])),
    ],
)
def test_days_judged_on(snapshot, terms, on, expected):
    """An order that leaves later than it came is judged on both days; a sender's date never moves the day back."""
    assert days(snapshot, Terms(**terms, **FRESH), **on) == expected


@pytest.mark.parametrize("export_on", ["0001-01-01", "9999-12-31"])
def test_any_day_that_can_be_written_is_judged(snapshot, export_on):
    """The first and last day that can be written are implausible, never an exception."""
    assert days(snapshot, Terms(received_on="2026-11-22", **FRESH), export_on=export_on)[1] == ["DATE_IMPLAUSIBLE"]


def test_sample_lists_never_age(snapshot):
    """Sample lists are never stale; real lists beside them are as ever."""
    on = Terms(as_of="2036-11-22")
    assert days(build(Inputs(sample=True)).snapshot, on)[1] == []
    assert days(snapshot, on)[1] == ["LIST_STALE"]
    both = build(Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"], sample=True)).snapshot
    assert days(both, on)[1] == ["LIST_STALE"]


def test_private_lists_never_age(snapshot):
    """A private list has no edition that ages; one old official list is enough to be stale."""
    private = {code: facts for code, facts in snapshot.lists.items() if not facts.edition}
    assert private
    assert days(replace(snapshot, lists=private), Terms(as_of="2036-11-22"))[1] == []
    old = snapshot.lists | {"MEU": replace(snapshot.lists["MEU"], edition="2026-11-01")}
    assert days(replace(snapshot, lists=old), Terms(as_of="2026-11-21"))[1] == ["LIST_STALE"]


def test_edition_of_a_snapshot_is_its_oldest_official_list(snapshot):
    """Private lists, which have no edition, do not hide the day of the official ones."""
    assert snapshot.edition == "2026-11-20"


def test_regimes_in_force_depend_on_the_day(snapshot):
    """Without a day no regime is named as in force."""
    assert regimes_in_force(snapshot, []) == []
    assert regimes_in_force(snapshot, ["2014-08-12"]) == []
    assert regimes_in_force(snapshot, ["2014-08-13"]) == ["ofac-50"]


def number_of(snapshot, entry_id):
    return next(number for number, entry in enumerate(snapshot.entries) if entry.entry_id == entry_id)


def hit(snapshot, entry_id, rule="name_whole", alias=0, text="x"):
    return Hit(NAME, 0, len(text), text, number_of(snapshot, entry_id), alias, rule)


def test_finding_of_a_hit_explains_itself(snapshot):
    """A hit's finding says where, what, which entry, which alias, what is required and where that is published."""
    [finding] = policy([hit(snapshot, "el-northwind", alias=1)], [], snapshot, "2026-11-22")
    assert (finding.type, finding.code, finding.outcome, finding.priority) == ("hit", "EL_HIT", "block", 95)
    assert finding.evidence == {
        "party": 0,
        "field": "name",
        "span": [0, 1],
        "text": "x",
        "list": "EL",
        "entry_id": "el-northwind",
        "entry_name": "Northwind Photonics Co., Ltd.",
        "alias": "Northwind Lasers",
        "alias_quality": "strong",
        "score": 1.0,
        "license_requirement": "For all items subject to the EAR. (See §744.11 of the EAR)",
        "license_review_policy": "Presumption of denial.",
        "citation": "91 FR 10001",
        "license_terms": [{"items": "all", "policy": "presumption_of_denial"}],
    }


def test_entry_without_words_of_its_own_has_its_lists(snapshot):
    """Where an entry states no requirement or citation, the list's effect and citation stand in."""
    [finding] = policy([hit(snapshot, "uvl-juniper")], [], snapshot, "2026-11-22")
    assert finding.evidence["license_requirement"] == snapshot.rules.lists["UVL"].effect
    assert finding.evidence["citation"] == "88 FR 30003"


@pytest.mark.parametrize("rule", ["name_whole", "name_inside", "word_inside", "weak_whole", "free_text"])
def test_confidential_hit_tells_code_and_id_only(snapshot, rule):
    """Of a confidential entry the evidence holds the order's own words, the list's code and an opaque id."""
    [entry] = [row for row in snapshot.entries if row.list == "LETTERS"]
    [finding] = policy([hit(snapshot, entry.entry_id, rule)], [], snapshot, "2026-11-22")
    assert finding.evidence.keys() == {
        *("party", "field", "span", "text", "list", "entry_id", "alias_quality", "score"),
    }


def test_evidence_is_bounded(snapshot):
    """Long texts of order and entry are cut to the named limit."""
    text = "x" * (EVIDENCE_CHARS_MAX + 1)
    number = number_of(snapshot, "el-northwind")
    entries = list(snapshot.entries)
    entries[number] = replace(entries[number], license_requirement=text, license_review_policy=text, citation=text)
    [finding] = policy(
        [hit(snapshot, "el-northwind", text=text)], [], replace(snapshot, entries=tuple(entries)), "2026-11-22"
    )
    assert max(len(value) for value in finding.evidence.values() if isinstance(value, str)) == EVIDENCE_CHARS_MAX


def affiliation(snapshot, basis, regime="bis-affiliates", begin=None, end=None, rule="name_whole", score=None):
    entries = (number_of(snapshot, "el-northwind"),)
    path = (Holding("Northwind Photonics", "Owned", "50", "register"),)
    row = Affiliation(regime, "Owned", basis, path, entries, begin, end)
    return PartyAffiliation(Hit(NAME, 0, 5, "Owned", entries[0], 0, rule, score), row)


@pytest.mark.parametrize(
    ("basis", "code", "outcome", "priority"),
    [
        ("direct", "AFFILIATE_BIS", "block", 90),
        ("indirect", "AFFILIATE_BIS", "block", 90),
        ("aggregate", "AFFILIATE_BIS", "block", 90),
        ("unknown", "RED_FLAG_29", "review", 70),
        ("minority", "MINORITY_OWNER", "review", 40),
        ("circular", "CIRCULAR_HOLDING", "review", 45),
        ("control", "OWNERSHIP_CONTROL", "review", 45),
        ("former", "RF_RECENT_SALE", "review", 45),
    ],
)
def test_basis_decides_what_an_affiliation_does(snapshot, basis, code, outcome, priority):
    """Direct, indirect and aggregate mean captured; every other basis is a review."""
    [finding] = policy([], [affiliation(snapshot, basis)], snapshot, "2026-11-22")
    assert (finding.code, finding.outcome, finding.priority) == (code, outcome, priority)
    assert finding.evidence["path"] == [
        {"owner": "Northwind Photonics", "owned": "Owned", "share": "50", "source": "register"}
    ]


@pytest.mark.parametrize(
    ("rule", "score", "code", "outcome", "priority"),
    [
        ("name_whole", None, "AFFILIATE_BIS", "block", 90),
        ("name_inside", None, "AFFILIATE_BIS", "block", 90),
        ("word_inside", None, "AFFILIATE_BIS_NAME_INSIDE", "review", 60),
        ("weak_whole", None, "AFFILIATE_BIS_WEAK_ALIAS", "review", 50),
        ("free_text", None, "AFFILIATE_BIS_IN_TEXT", "review", 55),
        ("name_similar", 0.8, "AFFILIATE_BIS_SIMILAR_NAME", "review", 52),
    ],
)
def test_name_decides_what_an_affiliation_does_too(snapshot, rule, score, code, outcome, priority):
    """What would be a review on a list is one of an affiliate too, under a code that says how it was named."""
    [finding] = policy([], [affiliation(snapshot, "direct", rule=rule, score=score)], snapshot, "2026-11-22")
    assert (finding.code, finding.outcome, finding.priority) == (code, outcome, priority)


@pytest.mark.parametrize(
    ("day", "found"), [("2026-11-14", 0), ("2026-11-15", 1), ("2026-11-19", 1), ("2026-11-20", 0), (None, 1)]
)
def test_affiliation_holds_on_its_days(snapshot, day, found):
    """An affiliation begins on its first day and ends before its last; without a day it counts."""
    row = affiliation(snapshot, "direct", begin="2026-11-15", end="2026-11-20")
    assert len(policy([], [row], snapshot, day)) == found


def test_regime_that_never_was_in_force_is_no_exception_without_a_day(snapshot):
    """A regime without any period finds nothing on any day, and breaks nothing where no day is known."""
    regimes = tuple(regime._replace(periods=()) for regime in snapshot.rules.regimes)
    idle = replace(snapshot, rules=replace(snapshot.rules, regimes=regimes))
    assert policy([], [affiliation(snapshot, "direct")], idle, "2026-11-22") == []
    assert len(policy([], [affiliation(snapshot, "direct")], idle, None)) <= 1
