"""Indic scripts and Thai: a consonant carries a vowel that is not written.

Where a language drops the vowel (at a word's end, and between a vowel and a syllable that has one), so does the first
reading; further ones keep it, or write long vowels and "v" in other usual ways. Thai follows the Royal Institute's
system, without tones and vowel lengths.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from anyascii import anyascii

from screener.core.scripts.tables import Section, combined, first_forms, nth, phrases, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

_INHERENT = "\u0259"
_VOWEL = "aeiou\u0259"
_SINGLE = f"(?:chh|[kgcjtdpbs]h|[^{_VOWEL}])"
_LAST = re.compile(f"(?<=[{_VOWEL}])([nm]?{_SINGLE}){_INHERENT}$")
_MIDDLE = re.compile(f"([{_VOWEL}]{_SINGLE}){_INHERENT}(?={_SINGLE}[ryvl]?[{_VOWEL}])")
_NASAL = re.compile("n(?=[pbm])")
WAYS = 5


class Indic:
    """The readings of words in the scripts of India."""

    __slots__ = ("_drops", "_letters", "_styles", "_words")

    def __init__(self, section: Section) -> None:
        """Take the section of the tables: letters, words, styles, and in which scripts the vowel is dropped."""
        self._letters = first_forms(section.get("letters", ""))
        self._words = rows(section.get("words", ""))
        self._drops = tuple(section.get("drops", "").split())
        self._styles = [first_forms(section.get(f"style_{number}", "")) for number in range(1, WAYS - 1)]

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words: as spoken, in other usual spellings, and with every vowel."""
        return combined([forms or self._forms(word) for word, forms in phrases(words, self._words)], WAYS)

    def _forms(self, word: str) -> tuple[str, ...]:
        full = _NASAL.sub("m", "".join(self._sounds(word)))
        spoken = full
        if any(script in unicodedata.name(word[0], "") for script in self._drops):
            spoken = _LAST.sub(r"\1", full) if sum(full.count(vowel) for vowel in _VOWEL) > 1 else full
            for _ in range(2):
                spoken = _MIDDLE.sub(r"\1", spoken)
        styled = [_replaced(spoken, style) for style in self._styles]
        forms = [_replaced(spoken, {}), *styled, _replaced(full, {})]
        return tuple(form.replace(_INHERENT, "a").capitalize() for form in forms)

    def _sounds(self, word: str) -> list[str]:
        sounds: list[str] = []
        for at, character in enumerate(word):
            latin = self._letters.get(character)
            latin = anyascii(character).lower() if latin is None else latin
            sounds.append(latin)
            mark = at + 1 < len(word) and unicodedata.category(word[at + 1])[0] == "M"
            vowelled = mark and self._is_vowel(word[at + 1])
            if not vowelled and latin[-1:].isalpha() and latin[-1] not in _VOWEL and _is_letter(character):
                sounds.append(_INHERENT)
        return sounds

    def _is_vowel(self, mark: str) -> bool:
        """Whether a mark stands for a vowel, or for there being none."""
        return "VOWEL SIGN" in unicodedata.name(mark, "") or unicodedata.combining(mark) == 9


def _is_letter(character: str) -> bool:
    return unicodedata.category(character) == "Lo"


def _replaced(word: str, style: dict[str, str]) -> str:
    for old, new in style.items():
        word = word.replace(old, new)
    return word if "aa" in style else word.replace("aa", "a").replace("ii", "i").replace("uu", "u")


_C = "[\u0e01-\u0e2e]"
_INITIAL = f"(?P<i>[กขคตปผพ][รล]|[กขค]ว|ห[งญนมยรลว]|อย(?=[ู่าิ])|[ทสศจ]ร(?![าิีึืุูัะ]?$)|{_C})"
_FINAL = f"(?P<f>(?![ยวหอฉผฝฮ]){_C}(?![ะ-ฺ็]|{_C}$))"
_THAI = [
    (re.compile(pattern.replace("I", _INITIAL).replace("F", _FINAL)), vowel)
    for pattern, vowel in (
        ("เIียว", "iao"),
        ("เIียF?", "ia"),
        ("เIือF?", "uea"),
        ("เIาะ", "o"),
        ("เIา", "ao"),
        ("เIิF", "oe"),
        ("เIย", "oei"),
        ("เIอF?", "oe"),
        ("เI็?ว(?![ะ-ฺ])", "eo"),
        ("แI็?ว(?![ะ-ฺ])", "aeo"),
        ("เI[็ะ]?F?", "e"),
        ("แI[็ะ]?F?", "ae"),
        ("โIะ?F?", "o"),
        ("[ไใ]Iย?", "ai"),
        ("Iัวะ?", "ua"),
        ("Iัย", "ai"),
        ("IัF", "a"),
        ("Iะ", "a"),
        ("Iำ", "am"),
        ("Iาว(?![ะ-ฺ])", "ao"),
        ("Iาย(?![ะ-ฺ])", "ai"),
        ("IาF?", "a"),
        ("Iิว(?![ะ-ฺ])", "io"),
        ("I[ิี]F?", "i"),
        ("I[ึื]อ?F?", "ue"),
        ("Iุย", "ui"),
        ("I[ุู]F?", "u"),
        ("IอยF?", "oi"),
        ("Iอ(?![ะ-ฺ])F?", "o"),
        ("Iร$", "on"),
        ("IวF", "ua"),
        ("IF", "o"),
        ("I", "a"),
    )
]
_SILENT = re.compile(f"(?:[ตทด]ร|ษ[ณฎม]|{_C})[ิุ]?\u0e4c|[\u0e48-\u0e4b\u0e4d\u0e4e]")
_LAST_R = re.compile("(?<=น)ทร$|(?<=.)(?P<kept>[กตทช])ร$")
_DOUBLE_R = re.compile(f"รร(?={_C})")


class Thai:
    """The readings of words in Thai letters."""

    __slots__ = ("_finals", "_initials", "_words")

    def __init__(self, section: Section) -> None:
        """Take the section of the tables: initials, finals, words."""
        self._initials = rows(section.get("initials", ""))
        self._finals = rows(section.get("finals", ""))
        self._words = rows(section.get("words", ""))

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words in the Royal Institute's system, and with letters nearer to the spelling."""
        spelled = [forms or self._forms(word) for word, forms in phrases(words, self._words)]
        return [" ".join(nth(forms, way) for forms in spelled) for way in (0, 1)]

    def _forms(self, word: str) -> tuple[str, ...]:
        word = word.replace("\u0e4d\u0e32", "\u0e33")
        word = _LAST_R.sub(r"\g<kept>", _SILENT.sub("", word))
        plain = _DOUBLE_R.sub("ั", word).replace("รร", "ัน").replace("ฤ", "ริ")
        return (self._spoken(plain, 0), self._spoken(plain, 1))

    def _spoken(self, word: str, way: int) -> str:
        written: list[str] = []
        at = 0
        while at < len(word):
            for pattern, vowel in _THAI:
                found = pattern.match(word, at)
                if found:
                    written.append(self._syllable(found, vowel, way))
                    at = found.end()
                    break
            else:
                written.append(anyascii(word[at]))
                at += 1
        return "".join(written).capitalize()

    def _syllable(self, found: re.Match[str], vowel: str, way: int) -> str:
        groups = found.groupdict()
        first, last = groups["i"], groups.get("f") or ""
        if first[0] == "ห" and len(first) > 1:
            first = first[1:]
        initial = "".join(nth(self._initials.get(letter, ()), way) for letter in first)
        return initial + vowel + nth(self._finals.get(last, ()), way)
