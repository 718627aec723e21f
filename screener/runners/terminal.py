"""Text for a person to read on a terminal: made harmless, cut to a length, set in columns.

What an order or a file says may hold anything. Characters that a terminal does not print (control characters, marks
that turn the direction of writing, blanks other than the plain one) are shown by their escapes, so that no name can
hide or forge a line. Not for files that a program reads.
"""

from __future__ import annotations

import unicodedata
from itertools import starmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "


def printable(text: str) -> str:
    """The text on one line, each character that does not print as its escape."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def cut(text: str, chars_max: int) -> str:
    """At most so many characters; a sign shows that there were more."""
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def width(text: str) -> int:
    """How many columns of a terminal a text takes: wide letters two, marks upon letters none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text
    )


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """The rows as lines with aligned columns; those numbered in `right` stand at the right.

    A row may have fewer cells than the first one.
    """
    if not rows:
        return []
    widths = [max((width(row[at]) for row in rows if at < len(row)), default=0) for at in range(max(map(len, rows)))]

    def set_cell(at: int, cell: str) -> str:
        blanks = " " * (widths[at] - width(cell))
        return blanks + cell if at in right else cell + blanks

    return [GAP.join(starmap(set_cell, enumerate(row))).rstrip() for row in rows]
