"""Every list file of tests/cases/lists is read as its expected.toml says."""

import tomllib
from pathlib import Path

import pytest

from screener.lists.private import read_private
from screener.lists.read import read_lists

CASES = Path(__file__).parents[2] / "cases" / "lists"
EXPECTED = tomllib.loads((CASES / "expected.toml").read_text())


def read(name):
    if EXPECTED[name]["layout"] == "private":
        return read_private(CASES / name)
    [source] = read_lists(CASES / name)
    return source


@pytest.mark.parametrize("name", EXPECTED)
def test_file_has_the_expected_facts(name):
    """A file has the expected facts."""
    expected = EXPECTED[name]
    source = read(name)
    assert source.file.name == Path(name).name
    assert source.file.layout == expected["layout"]
    assert source.file.rows == expected["rows"]
    assert source.rows_by_list == expected["rows_by_list"]
    assert source.file.edition == expected.get("edition", source.file.edition)


@pytest.mark.parametrize("name", EXPECTED)
def test_file_has_the_expected_entries(name):
    """A file has the expected entries."""
    found = [as_case(entry) for entry in read(name).entries]
    expected = EXPECTED[name]["entries"]
    assert [{key: entry[key] for key in case} for case, entry in zip(expected, found, strict=True)] == expected
    weak = {case["entry_id"]: case.get("weak", []) for case in expected}
    assert {entry["entry_id"]: entry["weak"] for entry in found} == weak


@pytest.mark.parametrize("name", EXPECTED)
def test_first_name_and_no_other_is_the_primary_one(name):
    """The first name and no other is the primary one."""
    for entry in read(name).entries:
        assert [alias.primary for alias in entry.aliases] == [True] + [False] * (len(entry.aliases) - 1)


def as_case(entry):
    texts = ("list", "entry_id", "kind", "license_requirement", "license_review_policy", "citation", "confidential")
    days = {"effective_from": entry.effective_from or "", "effective_to": entry.effective_to or ""}
    groups = {name: list(getattr(entry, name)) for name in ("addresses", "countries", "programs", "identifiers")}
    names = {
        "names": [alias.name for alias in entry.aliases],
        "weak": [alias.name for alias in entry.aliases if alias.quality == "weak"],
    }
    return {name: getattr(entry, name) for name in texts} | days | groups | names
