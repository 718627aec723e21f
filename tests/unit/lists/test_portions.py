"""A JSON value in portions: the same value comes back, no portion is long, and what is no such lines is refused."""

from __future__ import annotations

from unittest.mock import patch

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.lists import portions

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner, max_size=8)
)


@given(VALUES, st.integers(1, 80))
def test_the_same_value_comes_back(value: object, limit: int) -> None:
    """However small the portions, and whatever nests in what."""
    with patch.object(portions, "PORTION_BYTES_MAX", limit):
        lines = portions.dumps(value)
    assert portions.loads(lines.splitlines()) == value
    assert portions.dumps(value) == portions.dumps(portions.loads(lines.splitlines()))


@given(st.lists(VALUES, max_size=8), st.lists(VALUES, max_size=8), VALUES, st.integers(1, 80))
def test_takers_are_given_all_elements_in_their_order(
    some: list[object], others: list[object], left: object, limit: int
) -> None:
    """However small the portions, elements longer than one too; the rest of the value comes back without them."""
    taken: tuple[list[object], list[object]] = ([], [])
    with patch.object(portions, "PORTION_BYTES_MAX", limit):
        lines = portions.dumps({"a": some, "b": left, "c": others})
    rest = portions.loads(lines.splitlines(), {"a": taken[0].extend, "c": taken[1].extend})
    assert (rest, taken) == ({"b": left}, (some, others))


def test_no_portion_is_long() -> None:
    """Large arrays and objects are divided, at any depth; a text is not."""
    value = {
        "rows": [[number, "x" * 50] for number in range(20_000)],
        "by": {str(n): {"a": ["b"] * 9} for n in range(20_000)},
    }
    lines = portions.dumps([value, {"deep": value}]).splitlines()
    assert len(lines) > 8
    assert max(map(len, lines)) < portions.PORTION_BYTES_MAX + 1_000


@pytest.mark.parametrize(
    "lines",
    [b"", b"7\n", b"[[],1]\n[[1,2],3]\n", b'[[],{}]\n[["a","b"],1]\n', b'[["a"],1]\n', b"[[]]\n", b"[[],1]\nx\n"],
)
def test_what_is_no_such_lines_is_refused(lines: bytes) -> None:
    """With one of the errors that the reader of a snapshot tells as such."""
    with pytest.raises((ValueError, KeyError, IndexError, TypeError, AttributeError)):
        portions.loads(lines.splitlines())


def test_values_of_other_types_are_written_as_arrays() -> None:
    """Tuples, and what a list can be made of."""
    assert portions.loads(portions.dumps({"a": (1, (2,)), "b": frozenset({3})}).splitlines()) == {
        "a": [1, [2]],
        "b": [3],
    }
    assert orjson.loads(portions.dumps(7)) == [[], 7]
