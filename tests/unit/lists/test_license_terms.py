"""License requirements and review policies as published -> license terms; and what refuses a vocabulary."""

import copy
import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.errors import ListError
from screener.licensing import ALL, NOT_REQUIRED, UNKNOWN, Term
from screener.lists import rules
from screener.lists.license_terms import TEXT_CHARS_MAX, Reader, coverage
from screener.model import Alias, ListEntry

CASES = Path(__file__).parents[2] / "cases" / "license_terms" / "wordings.csv"
TABLES = rules.read_tables()
READER = Reader(TABLES)


def rows():
    with CASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["requirement"][:40])
def test_wording_is_read_as_its_row_says(row):
    """Each published wording has the item scopes, policies and footnotes that a person read in it."""
    read = READER.read(row["requirement"], row["policy"])
    assert "; ".join(f"{term.items}={term.policy}" for term in read.terms) == row["terms"]
    assert " ".join(read.footnotes) == row["footnotes"]
    assert ("no" if read.unparsed else "yes") == row["understood"]


def test_sample_is_large_enough():
    """The sample holds at least a hundred wordings, no two the same."""
    found = [(row["requirement"], row["policy"]) for row in rows()]
    assert len(set(found)) == len(found) >= 100


@pytest.mark.parametrize(
    ("requirement", "policy"),
    [
        ("", ""),
        ("For all items subject to the EAR.", ""),
        ("", "Presumption of denial."),
        ("For all items subject to the EAR, but on Tuesdays.", "Presumption of approval"),
        ("For all items subject to the EAR.", "Presumption of approval, if asked nicely."),
        ("For all items subject to the EAR.", "See §999.9(z) of the EAR."),
        ("For all items subject to the EAR." * 200, "Presumption of approval"),
        ("For all items subject to the EAR." + " " * TEXT_CHARS_MAX, "Presumption of approval"),
        ("\x00\ud800\N{PILE OF POO}", "\u202epresumption of approval"),
    ],
)
def test_what_is_missing_or_not_understood_counts_as_the_most_restrictive(requirement, policy):
    """Nothing is guessed: without a text, or with a word too many, all items are reviewed as nobody knows how."""
    read = READER.read(requirement, policy)
    assert read.terms == (Term(ALL, UNKNOWN),) or dict(read.terms)[ALL] == UNKNOWN


@given(st.text(max_size=80), st.text(max_size=80))
@settings(max_examples=200)
def test_any_text_has_terms(requirement, policy):
    """No text breaks the reader, and none but published wordings frees anything."""
    read = READER.read(requirement, policy)
    assert dict(read.terms)[ALL] != NOT_REQUIRED or any(term.policy != NOT_REQUIRED for term in read.terms)


def test_a_policy_alone_softens_nothing():
    """A policy for some items says nothing of the others."""
    read = READER.read("For all items subject to the EAR.", "Presumption of approval for EAR99 items")
    assert dict(read.terms) == {ALL: UNKNOWN, "ear99": "presumption_of_approval"}


def test_entries_of_other_lists_have_no_terms():
    """Only the lists of Part 744 state requirements and policies; what is not understood is listed."""
    entries = [
        READER.with_terms(ListEntry(code, "id", (Alias("N"),), license_requirement="Whatever"))
        for code in ("EL", "MEU", "SDN")
    ]
    assert [entry.terms is None for entry in entries] == [False, False, True]
    assert list(coverage(entries)) == [("EL", "id", "whatever"), ("MEU", "id", "whatever")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table["policies"]["denial"].pop("citation"), r"\[policies.denial\] expected a citation"),
        (lambda table: table["sections"]["744.2(d)"].pop("reason"), r"expected a reason why it is not verified"),
        (lambda table: table["sections"]["744.2(d)"].update(policy="mercy"), r"policy = 'mercy', expected a row of"),
        (lambda table: table["policies"]["denial"].update(rank=3), "expected a rank of its own"),
        (lambda table: table["policies"]["denial"].update(rank=9), r"\[policies.unknown\], the most restrictive"),
        (lambda table: table["policies"].pop("not_required"), r"\[policies.not_required\], the least restrictive"),
        (lambda table: table["items"]["ear99"].update(parent="nowhere"), r"\[items.ear99\] expected a parent"),
        (lambda table: table["items"]["ear99"].update(parent="ear99"), r"\[items.ear99\] expected a parent"),
        (lambda table: table["items"].pop("all"), r"expected a row \[items.all\]"),
        (lambda table: table["items"]["ear99"].update(wordings=["("]), "a wording is no pattern"),
        (lambda table: table.update(items=[]), r"expected a table \[items\]"),
        (lambda table: table["items"]["ear99"].update(says=7), r"\[items.ear99\] expected a says"),
        (lambda table: table["items"].update(ear99=7), r"expected a table \[items.ear99\]"),
        (lambda table: table["footnotes"]["1"].update(sections=[7]), "sections: expected a list of texts"),
    ],
)
def test_wrong_vocabulary_is_refused(change, says):
    """A row without citation, rank, parent or sense is refused, with the file and the row."""
    tables = TABLES | {"license_terms": copy.deepcopy(TABLES["license_terms"])}
    change(tables["license_terms"])
    with pytest.raises(ListError, match=says):
        Reader(tables)
