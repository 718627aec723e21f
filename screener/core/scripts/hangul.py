"""Hangul: names of people as Pyongyang and Seoul write them, names of firms by words.

A person's surname comes from a table with its usual forms; the given name is written apart and joined. The system of
the North goes first: lists hold more people from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anyascii import anyascii

from screener.core.scripts.tables import Forms, Section, first_forms, nth, rows, segments

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST, _LAST = 0xAC00, 0xD7A3
_FINALS, _MEDIALS = 28, 21
PERSON_SYLLABLES_MAX = 4
WORD_SYLLABLES_MAX = 6


class _System(NamedTuple):
    """Letters of one system; a syllable is initial, vowel, final."""

    initials: Sequence[str]
    vowels: Sequence[str]
    finals: Sequence[str]
    syllables: dict[str, str]
    later: dict[str, str]

    def __call__(self, at: int, syllable: str) -> str:
        """Write a syllable; `at` is its place in the word."""
        written = (self.later if at else self.syllables).get(syllable)
        if written is not None:
            return written
        number = ord(syllable) - _FIRST
        if not self.initials or not 0 <= number <= _LAST - _FIRST:
            return anyascii(syllable)
        initial, rest = divmod(number, _MEDIALS * _FINALS)
        vowel, final = divmod(rest, _FINALS)
        return _letter(self.initials, initial) + _letter(self.vowels, vowel) + _letter(self.finals, final)


def _letter(letters: Sequence[str], number: int) -> str:
    """The letter of that number; "-" stands for none."""
    return letters[number].replace("-", "") if number < len(letters) else ""


class Name(NamedTuple):
    """A part of a name: a surname with its forms, or syllables."""

    syllables: str
    surname: Forms


class Hangul:
    """The readings of words in Hangul."""

    __slots__ = ("_north", "_older", "_revised", "_south", "_surnames", "_words")

    def __init__(self, section: Section) -> None:
        """Take the section of the tables: systems of letters, usual syllables, surnames, words of firms."""
        vowels, finals = section.get("vowels", "").split(), section.get("finals", "").split()
        revised_vowels, initials = (
            section.get("revised_vowels", "").split(),
            section.get("revised_initials", "").split(),
        )
        usual = first_forms(section.get("usual", ""))
        north, older = section.get("initials", "").split(), section.get("older_initials", "").split()
        self._north = _System(north, vowels, finals, {}, first_forms(section.get("north", "")))
        self._older = _System(older, vowels, finals, {}, {})
        self._south = _System(initials, revised_vowels, finals, usual, usual)
        self._revised = _System(initials, revised_vowels, finals, {}, {})
        self._surnames = rows(section.get("surnames", ""))
        self._words = rows(section.get("words", ""))

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words: as a person's name, or a firm's where one of its words says so."""
        pieces = [piece for word in words for piece in segments(word, self._words, WORD_SYLLABLES_MAX)]
        if any(forms for _, forms in pieces) and self._is_firm(words):
            return [self._firm(pieces, translated=True), self._firm(pieces, translated=False)]
        return self.person(words)

    def _is_firm(self, words: Sequence[str]) -> bool:
        """Whether words of firms are more than an accident of a person's syllables."""
        if any(word in self._surnames for word in words):
            return False
        return any(word in self._words or not self._surname_size(word, alone=len(words) == 1) for word in words)

    def _firm(self, pieces: Sequence[tuple[str, Forms]], *, translated: bool) -> str:
        return " ".join(
            nth(forms, 0)
            if forms and translated
            else "".join(self._revised(at, syllable) for at, syllable in enumerate(word)).capitalize()
            for word, forms in pieces
        )

    def person(self, words: Sequence[str]) -> list[str]:
        """Read a name: North apart, South apart, both joined, Revised joined, the older Seoul system."""
        names = self._names(words)
        return [
            _written(names, self._north, 0, " "),
            _written(names, self._south, 1, " "),
            _written(names, self._north, 2, ""),
            _written(names, self._south, 1, ""),
            _written(names, self._revised, 3, ""),
            _written(names, self._older, 2, " "),
        ]

    def _names(self, words: Sequence[str]) -> list[Name]:
        apart = any(word in self._surnames for word in words)
        names: list[Name] = []
        for word in words:
            if word in self._surnames:
                names.append(Name(word, self._surnames[word]))
                continue
            size = 0 if apart else self._surname_size(word, alone=len(words) == 1)
            if size:
                names.append(Name(word[:size], self._surnames[word[:size]]))
            names.append(Name(word[size:], ()))
        return names

    def _surname_size(self, word: str, *, alone: bool) -> int:
        if len(word) > PERSON_SYLLABLES_MAX or len(word) < (2 if alone else 3):
            return 0
        if len(word) > 2 and word[:2] in self._surnames:
            return 2
        return 1 if word[0] in self._surnames and len(word) < PERSON_SYLLABLES_MAX else 0


def _written(names: Sequence[Name], system: _System, number: int, between: str) -> str:
    parts = []
    for name in names:
        given = between.join(system(at, syllable) for at, syllable in enumerate(name.syllables))
        parts.append(nth(name.surname, number) if name.surname else given.title() if between else given.capitalize())
    return " ".join(parts)
