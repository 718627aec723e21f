"""Conditions: three-valued tests of what an order says."""

import pytest

from screener.core.conditions import answered, code_of, eccn_matches, members, number
from screener.lists import rules
from screener.rulings import Condition

COUNTRIES = rules.parse(rules.read_tables()).orders.countries
DAY = "2026-11-22"


def asked(kind, wanted, value, day=DAY):
    return answered(Condition("field", kind, wanted), value, day, COUNTRIES)


@pytest.mark.parametrize(
    ("kind", "wanted", "value", "answer"),
    [
        ("in", ("D:5",), "CN", True),
        ("in", ("D:5",), "DE", False),
        ("in", ("D:5", "DE"), "DE", True),
        ("in", ("D:5",), {"DE", "CN", None}, True),
        ("in", ("D:5",), {"DE", None}, None),
        ("in", ("D:5",), {"DE"}, False),
        ("not_in", ("D:5",), {"DE", None}, None),
        ("not_in", ("D:5",), "DE", True),
        ("is", True, True, True),
        ("is", True, False, False),
        ("is", frozenset({"payer"}), " Payer ", True),
        ("not", frozenset({"payer"}), "end_user", True),
        ("hs", ("854231",), "8542.31.00", True),
        ("hs", ("854231",), "8542", False),
        ("at_least", 10, "12.5", True),
        ("at_least", 10, 9, False),
        ("at_least", 10, "many", None),
        ("below", 10, "many", None),
        ("below", 10, 9, True),
        ("at_least", "2022-02-24", "2023-01-01", True),
        ("below", "2022-02-24", "2023-01-01", False),
        ("has", ("h200",), {"h200", "x"}, True),
        ("lacks", ("h200",), {"x"}, True),
        ("missing", True, None, True),
        ("missing", True, "x", False),
        ("missing", False, None, False),
        ("eccn", ("3A090.a",), "3A001", False),
        ("not_eccn", ("EAR99",), "3A001", True),
    ],
)
def test_condition_is_true_false_or_unknown(kind, wanted, value, answer):
    """Each test answers as its row says."""
    assert asked(kind, wanted, value) is answer


@pytest.mark.parametrize(
    "kind", ["in", "not_in", "is", "not", "eccn", "not_eccn", "hs", "at_least", "below", "has", "lacks"]
)
def test_what_is_not_said_is_unknown(kind):
    """No test answers about what an order does not say."""
    assert asked(kind, ("x",), None) is None


@pytest.mark.parametrize(
    ("eccn", "pattern", "answer"),
    [
        ("3A090.a", "3A090.a", True),
        (" 3a090.A.1 ", "3A090.a", True),
        ("3A090", "3A090.a", False),
        ("3A090.ab", "3A090.a", False),
        ("5A992.z", "5*.z", True),
        ("5A992.c.z", "5*.z", True),
        ("3A992.z", "5*.z", False),
        ("5A992.zz", "5*.z", False),
        ("", "5*.z", False),
    ],
)
def test_eccn_is_matched_by_its_paragraphs(eccn, pattern, answer):
    """A pattern is the code or what begins with it and a point; a star stands for the middle of the code."""
    assert eccn_matches(eccn, pattern) is answer


def test_group_has_the_members_of_the_day():
    """A country is in a group on its days; without a day on any."""
    before, after = (members(("D:5",), day, COUNTRIES) for day in ("2026-02-02", "2026-02-03"))
    assert before - after == {"KH"}
    assert members(("D:5",), None, COUNTRIES) >= before


@pytest.mark.parametrize(
    ("written", "code"),
    [("hk", "CN"), (" China ", "CN"), ("UK", "GB"), ("Korea, South", "KR"), ("Atlantis", "ATLANTIS")],
)
def test_country_is_known_by_code_and_name(written, code):
    """Hong Kong counts as China; what is no country stays what it is and is in no group."""
    assert code_of(written, COUNTRIES) == code


@pytest.mark.parametrize(("written", "value"), [("1e3", 1000.0), (7, 7), ("nan", None), ("1" * 50, None), ("x", None)])
def test_number_is_read_or_not(written, value):
    """A number may be a text; what is none, or too long, is unknown."""
    assert number(written) == value
