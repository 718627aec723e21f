"""Names in other scripts -> how they may stand in a list in Latin letters.

`Reader(tables)(text)` gives at most `READINGS_MAX` plain texts, best first, and none for a text in Latin letters. The
fold has one reading already, character by character; these are the ways that people write: names of a table of usual
forms, several styles of transliteration, given names joined and apart, words of firms translated. A reading is a guess:
it is for finding names that deserve a review, and never makes two names one.

It promises: total over `str`; the same for the same text; time and length bounded, whatever the text.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from itertools import groupby, islice
from typing import TYPE_CHECKING

from anyascii import anyascii

from screener.core.scripts.abjads import Abjad
from screener.core.scripts.abugidas import Indic, Thai
from screener.core.scripts.alphabets import Alphabet, Greek, Plain
from screener.core.scripts.han import Han
from screener.core.scripts.hangul import Hangul
from screener.core.scripts.tables import READINGS_MAX, Section, nth, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["READINGS_MAX", "READING_LETTERS_MAX", "RUNS_MAX", "TEXT_MAX", "Reader", "rows"]

TEXT_MAX = 300
"""Characters of a text that are read."""

RUNS_MAX = 24
"""Runs of one script that are read; what comes after so many changes of script is no name."""

READING_LETTERS_MAX = 2000
"""Letters of a reading that are kept."""

_LATIN, _BLANK, _MARK, _NOTHING, _OTHER = "latin", "blank", "mark", "nothing", "other"
_APOSTROPHES = frozenset("'`\u00b4\u2018\u2019\u02bc\u05f3\u05f4")
_BEGINS = (
    *((0, _LATIN), (0x0370, "greek"), (0x0400, "cyrillic"), (0x0530, _OTHER), (0x0590, "hebrew"), (0x0600, "arabic")),
    *((0x0700, _OTHER), (0x0750, "arabic"), (0x0780, _OTHER), (0x0870, "arabic"), (0x0900, "indic"), (0x0D80, _OTHER)),
    *((0x0E00, "thai"), (0x0E80, _OTHER), (0x1100, "hangul"), (0x1200, _OTHER), (0x1C80, "cyrillic")),
    *((0x1C90, _OTHER), (0x1D00, _LATIN), (0x1F00, "greek"), (0x2000, _LATIN), (0x2C00, _OTHER), (0x2C60, _LATIN)),
    *((0x2C80, _OTHER), (0x2E80, "han"), (0x3130, "hangul"), (0x3190, "han"), (0x31F0, "han"), (0x3200, _LATIN)),
    *((0x3400, "han"), (0xA000, _OTHER), (0xA640, "cyrillic"), (0xA6A0, _OTHER), (0xA720, _LATIN), (0xA800, _OTHER)),
    *((0xA960, "hangul"), (0xA980, _OTHER), (0xAB30, _LATIN), (0xAB70, _OTHER), (0xAC00, "hangul"), (0xD800, _LATIN)),
    *((0xF900, "han"), (0xFB00, _LATIN), (0xFB1D, "hebrew"), (0xFB50, "arabic"), (0xFE00, _LATIN)),
    *((0xFE70, "arabic"), (0xFF00, _LATIN), (0xFF66, "han"), (0xFFA0, "hangul"), (0xFFE0, _LATIN)),
    *((0x10000, _OTHER), (0x1D400, _LATIN), (0x1E900, _OTHER), (0x1F000, _LATIN), (0x20000, "han")),
)
_SCRIPTS = frozenset(script for _, script in _BEGINS) - {_LATIN}
_STARTS = [start for start, _ in _BEGINS]


class _Kinds(dict[str, str]):
    """Character -> its script; filled as characters are met, at most one row a character."""

    def __missing__(self, character: str) -> str:
        kind = self[character] = _kind(character)
        return kind


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or character in _APOSTROPHES:
        return _NOTHING
    if category[0] == "M":
        return _MARK
    if category[0] not in "LN" and character not in "\u30fc\u3005":
        return _BLANK
    if category == "Nd":
        return _LATIN
    return _BEGINS[bisect_right(_STARTS, ord(character)) - 1][1]


_KINDS = _Kinds()


class Reader:
    """Reads names; its tables are reviewed data and come with the rules. Any of them may be missing."""

    __slots__ = ("_readers",)

    def __init__(self, tables: Mapping[str, Section]) -> None:
        """Take the tables by script; ValueError for a table with a row that is none."""
        hangul = Hangul(tables.get("hangul", {}))
        self._readers: dict[str, Callable[[Sequence[str]], list[str]]] = {
            "arabic": Abjad(tables.get("arabic", {})),
            "cyrillic": Alphabet(tables.get("cyrillic", {})),
            "greek": Greek(tables.get("greek", {})),
            "han": Han(tables.get("han", {}), tables.get("japanese", {}), hangul),
            "hangul": hangul,
            "hebrew": Abjad(tables.get("hebrew", {})),
            "indic": Indic(tables.get("indic", {})),
            "thai": Thai(tables.get("thai", {})),
            _OTHER: Plain(tables.get("other", {})),
        }

    def __call__(self, text: str) -> tuple[str, ...]:
        """Read a text; () where all of it is in Latin letters already."""
        if text.isascii() or all(_KINDS[character] not in _SCRIPTS for character in text[:TEXT_MAX]):
            return ()
        plain = unicodedata.normalize("NFKC", text[:TEXT_MAX])[:TEXT_MAX]
        runs = _runs(plain)
        ways = [[" ".join(words)] if script == _LATIN else self._readers[script](words) for script, words in runs]
        readings = (_plain(nth(forms, way) for forms in ways) for way in range(max(map(len, ways), default=0)))
        return tuple(dict.fromkeys(filter(None, readings)))[:READINGS_MAX]


def _plain(parts: Iterable[str]) -> str:
    """The parts in ASCII, one blank between words."""
    text = " ".join(parts)[:READING_LETTERS_MAX]
    return " ".join((text if text.isascii() else anyascii(text)).split())[:READING_LETTERS_MAX]


def _runs(text: str) -> list[tuple[str, list[str]]]:
    """Words of one script after another; a mark belongs to the character before it."""
    words: list[tuple[str, str]] = []
    script = _BLANK
    for character in text:
        kind = _KINDS[character]
        if kind == _NOTHING:
            continue
        if kind == _BLANK:
            script = _BLANK
        elif words and script != _BLANK and kind in {_MARK, script}:
            words[-1] = (script, words[-1][1] + character)
        elif kind != _MARK:
            words.append((kind, character))
            script = kind
    runs = groupby(words, key=lambda word: word[0])
    return [(script, [word for _, word in found]) for script, found in islice(runs, RUNS_MAX)]
