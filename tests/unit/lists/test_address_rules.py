"""The words of addresses are data that an overlay may replace, and a wrong row is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from screener.core.address import Lexicon
from screener.errors import ListError
from screener.lists.rules import read_tables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    [
        "unit = 5",
        'generic = "park"',
        "unit = { before = [1] }",
        'unit = { beside = ["room"] }',
        "street = { road = 5 }",
        'street = { road = ["road"] }',
        "same = { hk = 5 }",
        "listed = { lists = [5] }",
        "unit = { before = 5 }",
        'unit = { before = "room" }',
    ],
)
def test_a_wrong_row_is_refused(text: str, tmp_path: Path) -> None:
    """A row that holds no lists of words is refused with the file and the row."""
    (tmp_path / "address_words.toml").write_text(text + "\n")
    with pytest.raises(ListError, match=r"address_words\.toml.*row \["):
        read_tables(tmp_path)


def test_an_overlay_replaces_a_row(tmp_path: Path) -> None:
    """A row of the same name in an overlay is the one that counts."""
    (tmp_path / "address_words.toml").write_text('unit = { before = ["cabin"] }\n')
    read = Lexicon(read_tables(tmp_path)["address_words"]).read
    assert (read("Cabin 5, 9 Hill Road").units, read("Room 5, 9 Hill Road").units) == ({"5"}, frozenset())
