"""Rows of numbers in arrays: they come back as they were, from a file too, and what is no such rows is refused."""

from array import array

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener import packed
from screener.packed import Rows, RowsByText

NUMBERS = st.integers(0, 2**32 - 1)


def through_json(value):
    """What a file gives back."""
    return orjson.loads(orjson.dumps(value))


@given(st.lists(st.lists(NUMBERS, max_size=5), max_size=20))
def test_rows_come_back(rows):
    """Each row, their number, and the same from a file."""
    held = Rows.of(rows)
    assert [list(row) for row in held] == rows
    assert len(held) == len(rows)
    assert Rows.loaded(through_json(held.dumped())) == held


@given(st.dictionaries(st.text(max_size=8), st.lists(NUMBERS, min_size=1, max_size=5, unique=True), max_size=20))
def test_rows_by_text_come_back(rows):
    """Each text leads to its row, and the same from a file."""
    held = RowsByText.of(rows)
    for text, row in rows.items():
        assert list(held.get(text)) == row
    assert RowsByText.loaded(through_json(held.dumped())) == held


def test_texts_with_the_same_checksum_share_a_row():
    """The two texts have one CRC-32: either leads to the numbers of both. A text without a row has none."""
    held = RowsByText.of({"plumless": [1, 2], "buckeroo": [2, 3]})
    assert list(held.get("plumless")) == list(held.get("buckeroo")) == [1, 2, 3]
    assert list(held.get("plumber")) == []


def test_an_array_is_divided_into_texts():
    """A long array is several texts, none of them long, and rests are taken between them."""
    numbers = array("d", [at / 3 for at in range(50_000)])
    texts = packed.dumped(numbers)
    assert len(texts) == 5
    assert max(map(len, texts)) <= packed.PIECE_BYTES * 4 // 3
    rests = []
    assert packed.loaded("d", texts, lambda: rests.append(len(texts))) == numbers
    assert rests == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "texts",
    [
        [["AAAA*"], []],
        [[], []],
        [["AQAAAA=="], []],
        [["AAAAAA==", "AQAAAA=="], []],
        [["AAA="], []],
        [["AAAAAA=="]],
    ],
    ids=["no base64", "empty", "begins later", "longer than the numbers", "half a number", "an array missing"],
)
def test_what_is_no_such_rows_is_refused(texts):
    """With an error that the reader of a snapshot tells as such."""
    with pytest.raises(ValueError, match=r".+"):
        Rows.loaded(texts)


def test_keys_without_rows_are_refused():
    """As many keys as rows."""
    with pytest.raises(ValueError, match="keys"):
        RowsByText(array("I", [1, 2]), Rows.of([[1]]))
