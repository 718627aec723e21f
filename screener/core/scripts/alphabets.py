"""Cyrillic and Greek: letter by letter, in several styles; and all scripts that have no reader of their own.

A style is a table of letters and groups of letters; "^" and "$" in a row stand for the word's begin and end, and the
longest row wins. Which styles are tried, and in which order, follows from signs of the language in the words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from anyascii import anyascii

from screener.core.scripts.tables import READINGS_MAX, Section, first_forms, nth, phrases, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ACUTE = "\u0301"
_VOWELS = frozenset("aeiou")


class Style:
    """One way to write the letters of a script."""

    __slots__ = ("_letters", "_pattern")

    def __init__(self, letters: Mapping[str, str]) -> None:
        """Take letters and groups of letters with what they become."""
        self._letters = dict(letters)
        longest_first = sorted((key for key in letters if key), key=lambda key: (-len(key), key))
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), "."]), re.DOTALL)

    def __call__(self, word: str) -> str:
        """Write a word (in lower case) in Latin letters."""
        return self._pattern.sub(self._written, f"^{word}$").capitalize()

    def _written(self, found: re.Match[str]) -> str:
        group = found.group()
        written = self._letters.get(group)
        if written is None:
            return "" if group in "^$" else anyascii(group)
        return written


class Alphabet:
    """The readings of words in one alphabet."""

    __slots__ = ("_orders", "_plain", "_signs", "_words")

    def __init__(self, section: Section, letters: str = "letters") -> None:
        """Take the section of the tables: letters, styles, words, and which signs call for which styles."""
        plain = first_forms(section.get(letters, ""))
        self._plain = Style(plain)
        self._words = rows(section.get("words", ""))
        self._signs = [(sign, forms[0]) for sign, forms in rows(section.get("signs", "")).items()]
        self._orders = {
            language: [Style(plain | first_forms(section.get("style_" + name.replace(" ", "_"), ""))) for name in names]
            for language, names in rows(section.get("order", "")).items()
        }

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words in each style."""
        small = [word.lower() for word in words]
        spelled = list(phrases(small, self._words))
        styles = self._styles(" ".join(small))
        return [
            " ".join(forms[number] if number < len(forms) else style(word) for word, forms in spelled)
            for number, style in enumerate(styles)
        ]

    def _styles(self, text: str) -> list[Style]:
        for sign, language in self._signs:
            if sign in text and language in self._orders:
                return self._orders[language][:READINGS_MAX]
        return self._orders.get("usual", [self._plain])[:READINGS_MAX]


class Greek(Alphabet):
    """Greek: as an alphabet, but the stress of a vowel is no part of it (the diaeresis is)."""

    __slots__ = ()

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words in each style."""
        return super().__call__([_without_stress(word) for word in words])


def _without_stress(word: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", word).replace(_ACUTE, ""))


class Plain:
    """Any other script: a table of words; else character by character, vowels written or put in where they inhere."""

    __slots__ = ("_words",)

    def __init__(self, section: Section) -> None:
        """Take the section of the tables: words."""
        self._words = rows(section.get("words", ""))

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words: with inherent vowels, then without."""
        spelled = [forms or _both(word) for word, forms in phrases(words, self._words)]
        return [" ".join(nth(forms, way) for forms in spelled) for way in (0, 1)]


def _both(word: str) -> tuple[str, str]:
    return with_inherent(word).capitalize(), anyascii(word).capitalize()


def with_inherent(word: str) -> str:
    """Write a word of an Indic kind of script: a consonant that no sign follows has an "a" behind it."""
    written: list[str] = []
    for at, character in enumerate(word):
        latin = anyascii(character)
        written.append(latin)
        bare = at + 1 == len(word) or unicodedata.category(word[at + 1])[0] != "M"
        if bare and latin[-1:].isalpha() and latin[-1:] not in _VOWELS and unicodedata.category(character) == "Lo":
            written.append("a")
    return "".join(written)
