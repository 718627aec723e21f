"""The ownership cases of tests/cases/ownership: each graph has the affiliates that its case says."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from screener.lists import patterns, rules
from screener.lists.ownership import affiliations
from screener.model import Alias, ListEntry
from screener.owners import OwnershipEdge

CASES = Path(__file__).parents[2] / "cases" / "ownership"
FILES = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("*.toml"))]
ALL = [case for file in FILES for case in file["case"]]
TABLES = rules.read_tables()
REGIMES = rules.parse(TABLES).regimes
FOLD = patterns.folder(TABLES)
KEYS = {"number", "says", "listed", "holdings", "us", "day", "expected"}
OPTIONS = {"kind": "kind", "class": "share_class", "source": "source", "joint": "joint"}
OPTIONS |= {"from": "effective_from", "to": "effective_to"}


def full(letter):
    """A name that nothing else folds to."""
    return f"Company Quux{letter}"


def entries(case):
    for letter, listed in case["listed"].items():
        code, _, program = listed.partition(" ")
        yield ListEntry(
            code, f"id-{letter}", (Alias(full(letter), primary=True),), programs=(program,) if program else ()
        )


def edge(holding, us):
    owner, share, owned, *options = holding.split()
    low, _, high = share.partition("-")
    known = share != "?"
    given = dict(option.split("=") for option in options)
    return OwnershipEdge(
        owner=full(owner),
        owned=full(owned),
        low=Decimal(low) if known else None,
        high=Decimal(high or low) if known else None,
        owner_country="US" if owner in us else "",
        owned_country="US" if owned in us else "",
        **{OPTIONS[name]: value for name, value in given.items()},
    )


def found(case, order):
    """Regime -> company -> bases on the day of the case."""
    us = case.get("us", ())
    owned = affiliations([edge(holding, us) for holding in order(case["holdings"])], list(entries(case)), REGIMES, FOLD)
    letters = {FOLD(full(letter)).replace(" ", ""): letter for letter in _letters(case)}
    told = {regime.id: {} for regime in REGIMES}
    for key, rows in owned.affiliations.items():
        for row in rows:
            if _holds(row, case.get("day")):
                told[row.regime].setdefault(letters[key], set()).add(row.basis)
    return {regime: {name: ", ".join(sorted(bases)) for name, bases in rows.items()} for regime, rows in told.items()}


def _letters(case):
    return {name for holding in case["holdings"] for name in holding.split()[:3:2]} | set(case["listed"])


def _holds(row, day):
    if day is None:
        assert (row.effective_from, row.effective_to) == (None, None)
        return True
    return (row.effective_from or "") <= day and (row.effective_to is None or day < row.effective_to)


@pytest.mark.parametrize("order", [list, lambda rows: rows[::-1]], ids=["as written", "backwards"])
@pytest.mark.parametrize("case", ALL, ids=lambda case: case["number"])
def test_graph_has_the_affiliates_of_its_case(case, order):
    """Under each regime asked exactly the companies named are affiliated, as named, in any order of holdings."""
    told = found(case, order)
    for regime, expected in case["expected"].items():
        assert told[regime] == expected, case["says"]


def test_case_numbers_are_unique():
    """No two cases have the same number, so that a failing one is found by it."""
    numbers = [case["number"] for case in ALL]
    assert sorted(numbers) == sorted(set(numbers))


def test_cases_have_no_misspelt_key():
    """Each case has the keys that the README explains and no others, and asks for regimes that there are."""
    for case in ALL:
        assert case.keys() <= KEYS, case["number"]
        assert case["expected"].keys() <= {regime.id for regime in REGIMES}, case["number"]
        assert case["says"].endswith("."), case["number"]


def affiliated(owners, listed, owned="Quuxowned Works"):
    """The regimes that capture a company that is wholly owned by `owners`."""
    edges = [OwnershipEdge(owner, owned, Decimal(100), Decimal(100)) for owner in owners]
    found_rows = affiliations(edges, listed, REGIMES, FOLD).affiliations
    return {row.regime for row in found_rows.get(FOLD(owned).replace(" ", ""), ())}


def entry(code, entry_id, *names, kind="", programs=()):
    return ListEntry(
        code, entry_id, tuple(Alias(name, primary=at == 0) for at, name in enumerate(names)), kind, programs=programs
    )


@pytest.mark.parametrize(
    ("first", "bases"), [(None, {"unknown"}), (Decimal(49), {"minority"}), (Decimal(50), {"direct", "indirect"})]
)
def test_path_leads_to_the_listed_party(first, bases):
    """However long the chain and whatever is said of its end, the path begins with the listed party's holding."""
    names = [f"Company Quux{letter}" for letter in "abcde"]
    shares = [first, *[Decimal(60)] * 3]
    edges = [
        OwnershipEdge(owner, owned, share, share) for owner, owned, share in zip(names, names[1:], shares, strict=False)
    ]
    owned = affiliations(edges, [entry("EL", "el-1", names[0])], REGIMES, FOLD).affiliations
    rows = [row for found_rows in owned.values() for row in found_rows]
    assert len(rows) == 4
    for row in rows:
        assert row.basis in bases
        assert row.entries == (0,)
        assert [step.owner for step in row.path] == names[: len(row.path)]
        assert row.path[-1].owned == row.entity


@pytest.mark.parametrize(
    "owner", ["el-1", "Quuxa Foundry Co., Ltd.", "QUUXA FOUNDRY", "Quuxa Casting", "Quuxa-Foundry"]
)
def test_owner_is_known_by_id_name_and_alias(owner):
    """An owner is a listed party by its entry id, its name and its aliases, however they are spelled."""
    assert affiliated([owner], [entry("EL", "el-1", "Quuxa Foundry", "Quuxa Casting")]) == {"bis-affiliates"}


@pytest.mark.parametrize(
    ("owner", "name", "kind"),
    [
        ("Quuxa Foundry", "Quuxa Foundry (QF)", ""),
        ("Anna Quuxfeather", "QUUXFEATHER, Anna", "person"),
        ("Quuxa Works", "Affiliated Entity: Quuxa Works", ""),
    ],
)
def test_owner_is_known_by_every_spelling_that_a_party_is(owner, name, kind):
    """What finds a listed party in an order finds it in the ownership graph too."""
    assert affiliated([owner], [entry("EL", "el-1", name, kind=kind)]) == {"bis-affiliates"}


def test_entries_of_two_lists_may_have_one_id():
    """Ids are a publisher's own: two lists that use the same one do not hide each other's owners."""
    listed = [entry("EL", "7", "Quuxa Foundry"), entry("SDN", "7", "Quuxb Foundry", programs=("CUBA",))]
    assert affiliated(["Quuxa Foundry"], listed) == {"bis-affiliates"}
    assert affiliated(["Quuxb Foundry"], listed) == {"ofac-50"}


@pytest.mark.parametrize("backwards", [False, True])
def test_alias_of_a_listed_party_that_is_anothers_name_counts(backwards):
    """A name that is an alias on one list and the name of another party on another counts for both lists."""
    listed = [entry("UVL", "u-1", "Quuxa Foundry"), entry("EL", "el-1", "Quuxb Foundry", "Quuxa Foundry")]
    assert affiliated(["Quuxa Foundry"], listed[::-1] if backwards else listed) == {"bis-affiliates", "listed-owner"}


def test_entries_of_one_name_are_one_owner():
    """A party that stands on two lists under one name counts under the regimes of both."""
    listed = [entry("EL", "el-1", "Quuxa Foundry"), entry("SDN", "s-1", "QUUXA FOUNDRY", programs=("CUBA",))]
    assert affiliated(["Quuxa Foundry"], listed) == {"bis-affiliates", "ofac-50"}


# --- who is who ------------------------------------------------------------------------------------------------------

LEI, OTHER_LEI = "LEI:5493001KJTIIGC8Y1R12", "LEI:529900T8BM49AURSDO55"


def owned_by(edges, listed):
    """Company -> the bases on which it is affiliated under the BIS Affiliates Rule."""
    found_rows = affiliations(edges, listed, REGIMES, FOLD).affiliations
    bases = {}
    for key, rows in found_rows.items():
        for row in rows:
            if row.regime == "bis-affiliates":
                bases.setdefault(key.removeprefix("quux"), set()).add(row.basis)
    return bases


def whole(owner, owned, owner_ids=(), owned_ids=()):
    return OwnershipEdge(
        f"Quux{owner}", f"Quux{owned}", Decimal(100), Decimal(100), owner_ids=owner_ids, owned_ids=owned_ids
    )


@pytest.mark.parametrize("order", [list, lambda rows: rows[::-1]], ids=["as written", "backwards"])
@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        pytest.param(
            [whole("Renamed Ltd", "mill", owner_ids=("EL-1",))], {"mill": {"direct"}}, id="an entry's id, not its name"
        ),
        pytest.param(
            [whole("Renamed Ltd", "mill", owner_ids=(LEI,))], {"mill": {"direct"}}, id="an LEI that the list has"
        ),
        pytest.param(
            [whole("listed", "mill", owner_ids=(OTHER_LEI,))], {}, id="a namesake with another LEI is another party"
        ),
        pytest.param(
            [whole("listed", "mill", owner_ids=("GB-COH:1",))],
            {"mill": {"direct"}},
            id="a number that the list can't know leaves it to the name",
        ),
        pytest.param(
            [whole("listed", "mill", owned_ids=(OTHER_LEI,)), whole("oldmill", "shop", owner_ids=(OTHER_LEI,))],
            {"mill": {"direct"}, "oldmill": {"direct"}, "shop": {"indirect"}},
            id="two names of one LEI are one company, found by either",
        ),
        pytest.param(
            [
                whole("listed", "mill", owned_ids=("A:1",)),
                whole("x", "mill", owned_ids=("B:2",)),
                whole("mill", "shop"),
            ],
            {"mill": {"direct", "unknown"}, "shop": {"unknown"}},
            id="a name that two companies bear may be either of them",
        ),
    ],
)
def test_identifiers_decide_before_names(edges, expected, order):
    """Who an owner is says its identifier, then its name; the order of holdings makes no difference."""
    listed = [
        ListEntry("EL", "el-1", (Alias("Quuxlisted", primary=True),), identifiers=("LEI 5493001KJTIIGC8Y1R12",)),
    ]
    assert owned_by(order(edges), listed) == expected


# --- what contradicts ------------------------------------------------------------------------------------------------


def told_by(source, share, line, **fields):
    return OwnershipEdge(
        "Quuxlisted",
        "Quuxmill",
        Decimal(share),
        Decimal(share),
        source=source,
        file=f"{source}.csv",
        line=line,
        **fields,
    )


def test_sources_that_contradict_each_other_are_told_with_both_places():
    """The higher share counts, and a sentence names what each of the two says and where."""
    found_rows = affiliations(
        [told_by("press", "30", 7), told_by("register", "50", 2)], [entry("EL", "el-1", "Quuxlisted")], REGIMES, FOLD
    )
    (problem,) = found_rows.problems
    assert problem == (
        "press.csv:7: 'Quuxlisted' holds 30 percent of 'Quuxmill', says 'press', and 50, says 'register'"
        " (register.csv:2): the higher one counts"
    )
    assert {row.basis for row in found_rows.affiliations["quuxmill"]} == {"direct"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(told_by("press", "50", 7), id="the same share"),
        pytest.param(told_by("press", "30", 7, effective_to="2020-01-01"), id="other days"),
        pytest.param(told_by("press", "30", 7, share_class="B"), id="another class"),
        pytest.param(told_by("press", "30", 7, kind="votes"), id="votes"),
        pytest.param(told_by("register", "30", 7), id="the same source"),
        pytest.param(told_by("press", "30", 7)._replace(high=Decimal(60)), id="a band that holds the other share"),
    ],
)
def test_sources_that_may_both_be_right_contradict_nothing(other):
    """Shares that fit each other, of other days, classes or kinds, or of one source, are no contradiction."""
    edges = [told_by("register", "50", 2, effective_from="2020-01-01"), other]
    assert affiliations(edges, [entry("EL", "el-1", "Quuxlisted")], REGIMES, FOLD).problems == []
