"""Rows of numbers in two arrays, a tenth of what lists of them take: what a snapshot has hundreds of thousands of.

They travel in JSON as text, in pieces, so that reading them makes no number before it is asked for.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

PIECE_BYTES = 98_304
"""Of an array in one text; a multiple of the size of every number and of base64's three bytes."""
NUMBER = "I"
"""The type code of numbers from 0 to 2**32 - 1."""

if array(NUMBER).itemsize != 4:  # pragma: no cover
    raise ImportError("screener packs numbers of 32 bits, and this Python has none of that size")


def dumped(numbers: array[int] | array[float]) -> list[str]:
    """An array as texts of base64, its numbers in little-endian order."""
    content = memoryview(_little(numbers)).cast("B")
    return [b64encode(content[at : at + PIECE_BYTES]).decode() for at in range(0, len(content), PIECE_BYTES)]


def loaded(code: str, texts: list[str], rest: Callable[[], None] = lambda: None) -> array[int] | array[float]:
    """The array of such texts, which are taken out of their list; ValueError for what are none.

    `rest` is called between them.
    """
    numbers = array(code)
    texts.reverse()
    while texts:
        numbers.frombytes(b64decode(texts.pop(), validate=True))
        rest()
    return _little(numbers)


def _little(numbers: array[int] | array[float]) -> array[int] | array[float]:
    if sys.byteorder == "big":  # pragma: no cover
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers


class Rows:
    """Rows of numbers; `rows[i]` is a copy of one, `rows.begins[i]` where it begins among the `numbers` of them all."""

    __slots__ = ("begins", "numbers")

    def __init__(self, begins: array[int], numbers: array[int]) -> None:
        """Take the arrays; `begins` ends with the length of the other. ValueError where they do not fit."""
        if not begins or begins[0] or begins[-1] != len(numbers):
            raise ValueError("rows that do not fit their numbers")
        self.begins, self.numbers = begins, numbers

    @classmethod
    def of(cls, rows: Iterable[Sequence[int]]) -> Rows:
        """Pack rows."""
        held = list(rows)
        begins = array(NUMBER, accumulate(map(len, held), initial=0))
        return cls(begins, array(NUMBER, [number for row in held for number in row]))

    def __len__(self) -> int:
        """How many rows."""
        return len(self.begins) - 1

    def __getitem__(self, at: int) -> array[int]:
        """A row; IndexError behind the last one, none for a negative index."""
        return self.numbers[self.begins[at] : self.begins[at + 1]]

    def __iter__(self) -> Iterator[array[int]]:
        """The rows in their order."""
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether all rows are the same."""
        return isinstance(other, Rows) and (self.begins, self.numbers) == (other.begins, other.numbers)

    __hash__ = None  # type: ignore[assignment]

    def dumped(self) -> list[list[str]]:
        """The rows for a file; see `loaded`."""
        return [dumped(self.begins), dumped(self.numbers)]

    @classmethod
    def loaded(cls, texts: list[list[str]], rest: Callable[[], None] = lambda: None) -> Rows:
        """The rows of a file; ValueError for what are none."""
        begins, numbers = (loaded(NUMBER, part, rest) for part in texts)
        return cls(begins, numbers)  # type: ignore[arg-type]


class RowsByText:
    """Rows by texts that are not kept: by their CRC-32, in ascending order.

    Two texts in four thousand million have the same one, so a text that has no row may be given another one's: it is
    for those who look at what they are led to.
    """

    __slots__ = ("_keys", "_rows")

    def __init__(self, keys: array[int], rows: Rows) -> None:
        """Take the keys and their rows; ValueError where they do not fit."""
        if len(keys) != len(rows):
            raise ValueError("rows that do not fit their keys")
        self._keys, self._rows = keys, rows

    @classmethod
    def of(cls, rows: Mapping[str, Iterable[int]]) -> RowsByText:
        """Pack rows by text."""
        held: dict[int, dict[int, None]] = {}
        for text, row in rows.items():
            held.setdefault(crc32(text.encode()), {}).update(dict.fromkeys(row))
        keys = sorted(held)
        return cls(array(NUMBER, keys), Rows.of([[*held[key]] for key in keys]))

    def get(self, text: str) -> Sequence[int]:
        """The row of a text, or none."""
        key = crc32(text.encode())
        at = bisect_left(self._keys, key)
        return self._rows[at] if at < len(self._keys) and self._keys[at] == key else ()

    def __eq__(self, other: object) -> bool:
        """Whether all keys and rows are the same."""
        return isinstance(other, RowsByText) and (self._keys, self._rows) == (other._keys, other._rows)

    __hash__ = None  # type: ignore[assignment]

    def dumped(self) -> list[list[str]]:
        """The rows for a file; see `loaded`."""
        return [dumped(self._keys), *self._rows.dumped()]

    @classmethod
    def loaded(cls, texts: list[list[str]], rest: Callable[[], None] = lambda: None) -> RowsByText:
        """The rows of a file; ValueError for what are none."""
        keys = loaded(NUMBER, texts[0], rest)
        return cls(keys, Rows.loaded(texts[1:], rest))  # type: ignore[arg-type]
