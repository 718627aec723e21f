"""The shares of tests/cases/holdings/shares.csv are read as their rows say, and every text is read or refused."""

import csv
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from screener.errors import ListError
from screener.lists import rules
from screener.lists.holdings import shares
from screener.lists.holdings.shares import ShareReader, UnreadableShareError, share_rules

CASES = Path(__file__).parents[2] / "cases" / "holdings" / "shares.csv"
with CASES.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
TABLE = rules.shipped_table("shares")
RULES = share_rules(TABLE)
READERS = {unit: ShareReader(RULES, unit) for unit in ("percent", "fraction")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['unit']} {row['written']!r:.40}")
def test_share_is_read_as_its_row_says(row):
    """A share is exact, a band or unknown as its row says; what is unreadable is refused with what was written."""
    reader = READERS[row["unit"]]
    if row["low"] == "unreadable":
        with pytest.raises(UnreadableShareError, match="expected a share"):
            reader.read(row["written"])
        return
    share = reader.read(row["written"]).share
    if row["low"] == "unknown":
        assert share == (None, None)
    else:
        assert share == (Decimal(row["low"]), Decimal(row["high"])), row["why"]


def test_rows_ask_for_every_answer():
    """There are many rows of each kind of answer, and each text is asked for once."""
    asked = [(row["unit"], row["written"]) for row in ROWS]
    assert len(set(asked)) == len(asked) > 250
    for answer in ("unknown", "unreadable", "50", "25", "0"):
        assert sum(row["low"] == answer for row in ROWS) > 5


@pytest.mark.parametrize("written", ["0.5", "1", "0,25", ">0.5", "0.25-0.5", "1.5"])
def test_number_without_a_sign_is_counted_as_bare(written):
    """What may be a fraction of 1 is known by its highest number; a percent sign leaves no doubt."""
    highest = {">0.5": "0.5", "0.25-0.5": "0.5", "0,25": "0.25"}.get(written, written)
    assert READERS["percent"].read(written).bare == Decimal(highest)
    assert READERS["percent"].read(f"{written} %").bare is None


def test_sentence_quotes_the_beginning_only():
    """However long a cell is, the sentence about it is short."""
    with pytest.raises(UnreadableShareError) as refused:
        READERS["percent"].read("about " * 20_000)
    assert len(str(refused.value)) < 250


def test_reader_remembers_a_limited_number_of_texts(monkeypatch):
    """What is remembered of shares that were read does not grow with a file."""
    monkeypatch.setattr(shares, "READ_MAX", 3)
    reader = ShareReader(RULES)
    for number in range(10):
        assert reader.read(f"{number}").share == (number, number)
    assert len(reader._read) == 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ('words = { percent = ["%"] }', "[words] expected the rows"),
        ("words = 5", "[words] expected the rows"),
        ("limits = { fractions_min = 20 }", "[limits] expected the rows"),
        ("limits = { left_out_rows_min = -1, left_out_percent_max = 1, fractions_min = 20 }", "a whole number from 0"),
        (
            "limits = { left_out_rows_min = true, left_out_percent_max = 1, fractions_min = 20 }",
            "a whole number from 0",
        ),
        ('amounts = { half = "50" }', "expected a percentage such as 50 %"),
        ('amounts = { half = "some" }', "expected a percentage such as 50 %"),
        ("amounts = [1]", "[amounts] expected words"),
    ],
)
def test_wrong_table_is_refused_in_one_sentence(changed, says):
    """A wrong row of shares.toml is refused with its name."""
    with pytest.raises(ListError) as refused:
        share_rules(TABLE | tomllib.loads(changed))
    assert says in str(refused.value)
    assert str(refused.value).startswith("shares.toml: ")
