"""The measure of how costs grow tells a line from a square."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.costs import ROUNDS_MAX, assert_growth

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_grows_with_its_size_passes() -> None:
    """A sum over so many numbers costs four times as much for four times as many."""
    assert_growth(lambda size, _: lambda: sum(range(size)), 50_000)


def test_what_grows_with_its_square_fails() -> None:
    """Sixteen times as much is told, after all rounds."""
    rounds: set[int] = set()

    def prepare(size: int, number: int) -> Callable[[], int]:
        rounds.add(number)
        return lambda: sum(sum(range(size)) for _ in range(size))

    with pytest.raises(
        AssertionError, match=r"^4 times 150 cost [0-9.]+ times as much, expected at most 10 of a square"
    ):
        assert_growth(prepare, 150, context="of a square")
    assert rounds == set(range(ROUNDS_MAX))
