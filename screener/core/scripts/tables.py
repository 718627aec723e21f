"""Packed tables -> dictionaries. A table is one text of rows "key=form,form"; blanks part the rows, "_" is a blank.

`rows` is for tables as they come from the rules; it raises ValueError where a row is none, so that a wrong file is
refused before an order meets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Section = dict[str, str]
Forms = tuple[str, ...]

READINGS_MAX = 6
"""Ways to read one text, at most."""

PHRASE_WORDS_MAX = 4
"""Words of the longest row that is looked for."""


def rows(packed: str) -> dict[str, Forms]:
    """Key -> its forms, best first; ValueError for a row without "=" or without a key."""
    found: dict[str, Forms] = {}
    for row in packed.split():
        key, equals, forms = row.partition("=")
        if not key or not equals or "=" in forms:
            raise ValueError(f"{row!r}, expected key=form,form")
        found[key.replace("_", " ")] = tuple(forms.replace("_", " ").split(","))
    return found


def first_forms(packed: str) -> dict[str, str]:
    """Key -> its best form."""
    return {key: forms[0] for key, forms in rows(packed).items()}


def phrases(words: Sequence[str], table: Mapping[str, Forms]) -> Iterator[tuple[str, Forms]]:
    """The words, each with its forms of the table or none; words that are one row together come as one."""
    at = 0
    while at < len(words):
        for count in range(min(PHRASE_WORDS_MAX, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + count])
            forms = table.get(phrase, ())
            if forms or count == 1:
                yield phrase, forms
                at += count
                break


def segments(text: str, table: Mapping[str, Forms], letters_max: int) -> list[tuple[str, Forms]]:
    """A text written without blanks, cut into rows of the table (longest first) and what lies between them."""
    found: list[tuple[str, Forms]] = []
    start = at = 0
    while at < len(text):
        for count in range(min(letters_max, len(text) - at), 0, -1):
            forms = table.get(text[at : at + count])
            if forms:
                if start < at:
                    found.append((text[start:at], ()))
                found.append((text[at : at + count], forms))
                start = at = at + count
                break
        else:
            at += 1
    if start < at:
        found.append((text[start:at], ()))
    return found


def nth(forms: Sequence[str], number: int) -> str:
    """The form of that number, or the best one where there are fewer; "" where there is none."""
    return forms[number] if number < len(forms) else forms[0] if forms else ""


def combined(spelled: Sequence[Forms], ways: int) -> list[str]:
    """The words in their first forms, in their second forms and so on; then one word at a time in its second form."""
    readings = [" ".join(nth(forms, way) for forms in spelled) for way in range(ways)]
    best = [nth(forms, 0) for forms in spelled]
    for at, forms in enumerate(spelled[:PHRASE_WORDS_MAX]):
        if len(forms) > 1:
            readings.append(" ".join([*best[:at], forms[1], *best[at + 1 :]]))
    return list(dict.fromkeys(readings))
