"""Kana in the system of Hepburn. Syllables by a table, doubled consonants, a macron on a long vowel until `plain`."""

from __future__ import annotations

import re

from screener.core.scripts.tables import Section, first_forms

KATAKANA = (0x30A1, 0x30F6)
_TO_HIRAGANA = 0x60
_NEVER = "(?!)"
_DOUBLED = re.compile("\u3063(?=(.))", re.DOTALL)
_LONG = re.compile("([aiueo])\u30fc")
_MACRONS = {"a": "\u0101", "i": "\u012b", "u": "\u016b", "e": "\u0113", "o": "\u014d"}
_NASAL = re.compile("n(?=[bmp])")
_LONG_AS = (
    {"\u0101": "a", "\u012b": "i", "\u016b": "u", "\u0113": "e", "\u014d": "o"},
    {"\u0101": "aa", "\u012b": "ii", "\u016b": "uu", "\u0113": "ee", "\u014d": "ou"},
    {"\u0101": "a", "\u012b": "i", "\u016b": "u", "\u0113": "e", "\u014d": "oh"},
)
WAYS = 4


class Kana:
    """Kana -> Latin letters, long vowels with macrons."""

    __slots__ = ("_pattern", "_syllables")

    def __init__(self, section: Section) -> None:
        """Take the section of the tables: syllables in hiragana."""
        self._syllables = first_forms(section.get("syllables", ""))
        longest_first = sorted(self._syllables, key=lambda key: (-len(key), key))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or _NEVER)

    def __call__(self, text: str) -> str:
        """Write the kana of a text; other characters stay."""
        low, high = KATAKANA
        hiragana = "".join(chr(ord(c) - _TO_HIRAGANA) if low <= ord(c) <= high else c for c in text)
        latin = self._pattern.sub(lambda found: self._syllables[found.group()], hiragana)
        latin = _DOUBLED.sub(lambda found: "t" if found.group(1) == "c" else found.group(1), latin)
        latin = _LONG.sub(lambda found: _MACRONS[found.group(1)], latin)
        latin = latin.replace("\u30fc", "")
        return latin.replace("ou", "\u014d").replace("oo", "\u014d").replace("uu", "\u016b")


def plain(latin: str, way: int) -> str:
    """A text without macrons: long vowels short, doubled, as "oh", or short with "m" before labials."""
    for long, short in _LONG_AS[way % len(_LONG_AS)].items():
        latin = latin.replace(long, short)
    return _NASAL.sub("m", latin) if way >= len(_LONG_AS) else latin
