"""Arabic and Hebrew letters, in which short vowels are not written: a table of names first, then letter by letter.

A word that is no row of the table may be one with a prefix (the article) or a suffix, or two rows written as one.
Else its consonants are put into syllables with an inserted vowel, which is a guess, and written bare as well.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from anyascii import anyascii

from screener.core.scripts.tables import Forms, Section, combined, nth, phrases, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WORD_LETTERS_MAX = 24
"""A longer word is no name: it is only written letter by letter."""

STEM_LETTERS_MIN = 2
HALF_LETTERS_MIN = 3
WAYS = 4
_LETTERS = ("consonants", "long", "weak", "ends")


class _Sound(NamedTuple):
    vowel: bool
    latin: str


class _Language(NamedTuple):
    """What one language makes of the letters, and its names."""

    words: dict[str, Forms]
    consonants: dict[str, Forms]
    long: dict[str, Forms]
    weak: dict[str, Forms]
    ends: dict[str, Forms]


class Abjad:
    """The readings of words in one abjad, in its usual language or, where `signs` show it, in the other one."""

    __slots__ = ("_apart", "_longer", "_other", "_prefixes", "_same", "_signs", "_suffixes", "_usual")

    def __init__(self, section: Section) -> None:
        """Take the section of the tables: words, prefixes, suffixes, consonants, long and weak vowels."""
        self._same = {ord(key): forms[0] for key, forms in rows(section.get("same", "")).items() if len(key) == 1}
        self._signs = frozenset(section.get("signs", "").split())
        self._prefixes = self._keyed(section.get("prefixes", ""))
        self._apart = frozenset(section.get("apart", "").split())
        self._longer = [prefix for prefix in self._prefixes if prefix not in self._apart and len(prefix) > 2]
        self._suffixes = self._keyed(section.get("suffixes", ""))
        words, other_words = self._keyed(section.get("words", "")), self._keyed(section.get("other_words", ""))
        letters = [rows(section.get(name, "")) for name in _LETTERS]
        others = [found | rows(section.get(f"other_{name}", "")) for found, name in zip(letters, _LETTERS, strict=True)]
        self._usual = _Language(other_words | words, *letters)
        self._other = _Language(words | other_words, *others)

    def _keyed(self, packed: str) -> dict[str, Forms]:
        """A table whose keys are written as the words are when they are looked up."""
        return {key.translate(self._same): forms for key, forms in rows(packed).items()}

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words: usual forms first, then other forms, then bare consonants."""
        language = self._usual if self._signs.isdisjoint("".join(words)) else self._other
        bare = ["".join(c for c in word if unicodedata.category(c)[0] != "M") for word in words]
        plain = self._joined([word.translate(self._same) for word in bare])
        return combined([forms or self._forms(word, language) for word, forms in phrases(plain, language.words)], WAYS)

    def _joined(self, words: Iterable[str]) -> list[str]:
        """Words of which the first is a prefix that is written apart ("Abd al-") become one."""
        joined: list[str] = []
        for word in words:
            glued = joined[-1] + word if joined else ""
            if glued and joined[-1] in self._apart and any(map(glued.startswith, self._longer)):
                joined[-1] = glued
            elif word:
                joined.append(word)
        return joined

    def _forms(self, word: str, language: _Language) -> Forms:
        if len(word) > WORD_LETTERS_MAX:
            return (anyascii(word),)
        if len(word) > STEM_LETTERS_MIN and word in self._suffixes:
            return self._suffixes[word]
        return self._prefixed(word, language) or self._stem(word, language)

    def _stem(self, word: str, language: _Language) -> Forms:
        """A word that has no prefix."""
        known = language.words.get(word) or _halved(word, language.words)
        return known or self._suffixed(word, language) or _spelled(word, language)

    def _prefixed(self, word: str, language: _Language) -> Forms:
        for prefix, fronts in self._prefixes.items():
            rest = word[len(prefix) :]
            if len(rest) >= STEM_LETTERS_MIN and word.startswith(prefix):
                forms = self._stem(rest, language)
                return tuple(nth(fronts, way) + nth(forms, way) for way in range(WAYS))
        return ()

    def _suffixed(self, word: str, language: _Language) -> Forms:
        for suffix, tails in self._suffixes.items():
            stem = word[: -len(suffix)]
            if len(stem) < STEM_LETTERS_MIN or not word.endswith(suffix):
                continue
            forms = language.words.get(stem)
            if forms is None:
                late = len(stem) > HALF_LETTERS_MIN and stem[-3] in language.long
                if len(stem) == STEM_LETTERS_MIN or (len(suffix) == 1 and not late):
                    continue
                forms = _spelled(stem, language)
            return tuple(nth(forms, way) + nth(tails, way) for way in range(WAYS))
        return ()


def _halved(word: str, words: Mapping[str, Forms]) -> Forms:
    """Two rows of the table written as one word."""
    for at in range(HALF_LETTERS_MIN, len(word) - HALF_LETTERS_MIN + 1):
        first, second = words.get(word[:at]), words.get(word[at:])
        if first and second:
            return tuple(f"{nth(first, way)} {nth(second, way)}" for way in range(WAYS))
    return ()


def _spelled(word: str, language: _Language) -> Forms:
    """The word with inserted vowels, with other ones, and bare."""
    vowelled = [
        "".join(_syllables(_sounds(word, language, way), inserted, late)).capitalize()
        for way, inserted, late in ((0, "a", "i"), (1, "e", "e"))
    ]
    bare = "".join(sound.latin for sound in _sounds(word, language, 0)).capitalize()
    return (vowelled[0], vowelled[1], bare, vowelled[0])


def _sounds(word: str, language: _Language, way: int) -> list[_Sound]:
    _, consonants, long, weak, ends = language
    sounds: list[_Sound] = []
    for at, letter in enumerate(word):
        after = word[at + 1 : at + 2]
        if at and not after and letter in ends:
            sounds.append(_Sound(True, nth(ends[letter], way)))
        elif letter in long:
            opens = not at and after in weak
            sounds.append(_Sound(not opens, "" if opens else nth(long[letter], way)))
        elif letter in weak:
            forms = weak[letter]
            vowel = at > 0 and after not in long and after not in weak and not sounds[-1].vowel
            sounds.append(_Sound(vowel, nth(forms[1:], way) if vowel else forms[0]))
        else:
            sounds.append(_Sound(False, nth(consonants.get(letter, (anyascii(letter),)), way)))
    return sounds


def _syllables(sounds: Sequence[_Sound], inserted: str, late: str) -> Iterable[str]:
    """The sounds with a vowel wherever consonants could not be spoken without; `late` after a long "a" at the end."""
    run: list[str] = []
    before = ""
    for sound in sounds:
        if sound.vowel:
            yield _before_vowel(run, before, inserted)
            yield sound.latin
            run, before = [], sound.latin
        else:
            run.append(sound.latin)
    yield _at_end(run, before, late if before == "a" else inserted)


def _before_vowel(run: Sequence[str], before: str, inserted: str) -> str:
    """Consonants of which the last one opens the next syllable, and the first one closes the one before."""
    if not run:
        return ""
    closed = list(run[:-1])
    coda = closed.pop(0) if before and closed else ""
    return coda + _grouped(closed, inserted) + run[-1]


def _at_end(run: Sequence[str], before: str, inserted: str) -> str:
    """Consonants that end the word."""
    closed = list(run)
    coda = closed.pop(0) if len(run) % 2 and (before or len(run) == 1) else ""
    return coda + _grouped(closed, inserted)


def _grouped(closed: Sequence[str], inserted: str) -> str:
    """Syllables of consonant, vowel, consonant; an odd one comes first and is open."""
    odd = len(closed) % 2
    groups = [closed[0] + inserted] if odd else []
    groups += [closed[at] + inserted + closed[at + 1] for at in range(odd, len(closed), 2)]
    return "".join(groups)
