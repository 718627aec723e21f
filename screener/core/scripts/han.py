"""Names in Han characters: Chinese, Korean and Japanese readings, and firms word by word.

Characters do not say of which language a name is. A name with kana or a Japanese surname of two characters is read as
Japanese first; any other as Chinese, then in the ways that its characters allow.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from anyascii import anyascii

from screener.core.scripts.kana import Kana, plain
from screener.core.scripts.tables import Forms, Section, first_forms, nth, rows, segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from screener.core.scripts.hangul import Hangul

PERSON_CHARACTERS_MAX = 3
COMPOUND_CHARACTERS_MAX = 4
JAPANESE_CHARACTERS_MAX = 8
SURNAME_CHARACTERS_MAX = 4
WORD_CHARACTERS_MAX = 8
SHORT_WORD_CHARACTERS_MAX = 3
JAPANESE_FIRST_MAX = 3
_KANA = re.compile("[\u3041-\u30ff]")
_REPEATED = re.compile("(.)\u3005")
_ORDINAL = re.compile("第([零〇一二三四五六七八九十百]{1,7})")
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"\u3007": 0}
_MULTIPLES = {"十": 10, "百": 100}


class _Part(NamedTuple):
    text: str
    surname: bool


class Han:
    """The readings of words in Han characters and kana."""

    __slots__ = (
        *(
            "_all_words",
            "_cantonese",
            "_characters",
            "_compounds",
            "_firm_words",
            "_given",
            "_hangul",
            "_japanese_words",
            "_kana",
        ),
        *("_korean", "_same", "_spelling", "_surname_readings", "_surnames", "_wade"),
    )

    def __init__(self, section: Section, japanese: Section, hangul: Hangul) -> None:
        """Take the sections of the tables, and the reader of Hangul for Korean names in Han characters."""
        same = section.get("same", "").split()
        self._same = {ord(other): row[0] for row in same for other in row[1:]}
        self._firm_words = self._keyed(section.get("words", ""))
        self._surname_readings = self._keyed(section.get("surnames", ""))
        self._compounds = self._keyed(section.get("compounds", ""))
        self._korean = {key: forms[0] for key, forms in self._keyed(section.get("korean", "")).items()}
        self._cantonese = {key: forms[0] for key, forms in self._keyed(section.get("cantonese", "")).items()}
        self._wade = first_forms(section.get("wade", ""))
        self._spelling = first_forms(section.get("spelling", ""))
        self._surnames = self._keyed(japanese.get("surnames", ""))
        self._given = self._keyed(japanese.get("given", ""))
        self._characters = self._keyed(japanese.get("characters", ""))
        self._japanese_words = self._keyed(japanese.get("words", ""))
        self._all_words = self._japanese_words | self._firm_words
        self._kana = Kana(japanese)
        self._hangul = hangul

    def _keyed(self, packed: str) -> dict[str, Forms]:
        return {key.translate(self._same): forms for key, forms in rows(packed).items()}

    def __call__(self, words: Sequence[str]) -> list[str]:
        """Read the words, best first."""
        whole = " ".join(words)
        plain_words = [_REPEATED.sub(r"\1\1", word).translate(self._same) for word in words]
        if _is_firm(plain_words, self._all_words) and not self._is_person(plain_words):
            return self._firm(plain_words, kana=bool(_KANA.search(whole)))
        japanese = self._japanese(plain_words)
        if _KANA.search(whole):
            return japanese or [" ".join(map(self._joined, plain_words))]
        parts = self._parts(plain_words)
        chinese = [_capital(part.text, self._pinyin_of(part)) for part in parts]
        readings = [" ".join(chinese), *self._korean_readings(parts), *self._southern(parts)]
        if self._is_japanese(plain_words):
            readings = [*japanese[:JAPANESE_FIRST_MAX], *readings]
        else:
            readings.insert(1, nth(japanese, 0))
        readings.append(" ".join(" ".join(self._syllables(part)).title() for part in parts))
        return [reading for reading in readings if reading]

    # Chinese

    def _parts(self, words: Sequence[str]) -> list[_Part]:
        if len(words) > 1:
            return [_Part(word, len(word) == 1 or word in self._compounds) for word in words]
        word = words[0]
        if 2 < len(word) <= COMPOUND_CHARACTERS_MAX and word[:2] in self._compounds:
            return [_Part(word[:2], surname=True), _Part(word[2:], surname=False)]
        if 2 <= len(word) <= PERSON_CHARACTERS_MAX:
            return [_Part(word[0], surname=True), _Part(word[1:], surname=False)]
        return [_Part(word, surname=False)]

    def _syllables(self, part: _Part) -> list[str]:
        if part.surname and part.text in self._compounds:
            return [nth(self._compounds[part.text], 0)]
        if part.surname and part.text in self._surname_readings:
            return [nth(self._surname_readings[part.text], 0)]
        return [anyascii(character).lower() for character in part.text]

    def _pinyin_of(self, part: _Part) -> str:
        return "".join(self._syllables(part))

    def _joined(self, text: str) -> str:
        return _capital(text, plain(self._kana(text), 0) if _KANA.search(text) else self._pinyin_of(_Part(text, False)))

    def _southern(self, parts: Sequence[_Part]) -> list[str]:
        """Hong Kong's and Taiwan's spellings, the former where the surname is known."""
        readings = []
        if any(part.surname and part.text in self._cantonese for part in parts):
            hong_kong = [" ".join(self._cantonese.get(c, anyascii(c)) for c in part.text).title() for part in parts]
            readings.append(" ".join(hong_kong))
        if sum(len(part.text) for part in parts) <= COMPOUND_CHARACTERS_MAX:
            taiwan = [" ".join(map(self._wade_giles, self._syllables(part))).title() for part in parts]
            readings.append(" ".join(taiwan))
        return readings

    def _wade_giles(self, syllable: str) -> str:
        """A pinyin syllable in the system of Wade and Giles, without its marks."""
        for size in (len(syllable), 2, 1):
            initial = self._wade.get(syllable[:size])
            if initial is not None:
                final = syllable[size:]
                return initial + self._spelling.get(f"-{final}", final)
        return syllable

    # Korean

    def _korean_readings(self, parts: Sequence[_Part]) -> list[str]:
        """The name as a Korean one, where each of its characters is used in such names."""
        words = ["".join(self._korean.get(c, " ") for c in part.text) for part in parts]
        if any(" " in word for word in words) or not any(part.surname for part in parts):
            return []
        return self._hangul.person(words)[:2]

    # Japanese

    def _is_japanese(self, words: Sequence[str]) -> bool:
        if len(words) > 1:
            return any(len(word) > 1 and word in self._surnames for word in words)
        return any(words[0][:size] in self._surnames for size in range(2, min(len(words[0]), SURNAME_CHARACTERS_MAX)))

    def _is_person(self, words: Sequence[str]) -> bool:
        """Whether all of the words are Japanese names of the tables, cities among them."""
        if len(words) > 1:
            return all(word in self._surnames or word in self._given for word in words)
        word = words[0]
        return any(word[:at] in self._surnames and word[at:] in self._given for at in range(1, SURNAME_CHARACTERS_MAX))

    def _japanese(self, words: Sequence[str]) -> list[str]:
        """The name as a Japanese one, in all ways to write long vowels; none where a character has no reading."""
        found = self._japanese_name(words[0]) if len(words) == 1 else [self._japanese_word(word) for word in words]
        if not found or not all(found):
            return []
        readings = [" ".join(plain(word, way).capitalize() for word in found) for way in range(4)]
        return list(dict.fromkeys(readings))

    def _japanese_name(self, word: str) -> list[str]:
        """Surname and given name of a word; of all ways to part it, the one with rows of the tables for both."""
        if len(word) > JAPANESE_CHARACTERS_MAX:
            return [self._kana(word)] if all(map(_KANA.match, word)) else []
        guess: list[str] = []
        for size in range(min(SURNAME_CHARACTERS_MAX, len(word) - 1), 0, -1):
            surname = self._surnames.get(word[:size])
            if not surname:
                continue
            given = self._given.get(word[size:])
            if given:
                return [surname[0], given[0]]
            guess = guess or [surname[0], self._japanese_word(word[size:])]
        return guess or [self._japanese_word(word)]

    def _japanese_word(self, word: str) -> str:
        for table in (self._surnames, self._given):
            if word in table:
                return table[word][0]
        written = []
        for character in word:
            reading = self._characters.get(character)
            if not reading and not _KANA.match(character):
                return ""
            written.append(reading[0] if reading else character)
        return self._kana("".join(written))

    # Firms

    def _firm(self, words: Sequence[str], *, kana: bool) -> list[str]:
        text = _ORDINAL.sub(_ordinal, "".join(words))
        native = segments(text, self._japanese_words, WORD_CHARACTERS_MAX)
        japanese = kana or any(forms and word not in self._firm_words for word, forms in native)
        table = self._firm_words | self._japanese_words if japanese else self._all_words
        pieces = segments(text, table, WORD_CHARACTERS_MAX)
        readings = [
            " ".join(nth(forms, way) if forms else self._firm_name(word, japanese=japanese) for word, forms in pieces)
            for way in (0, 1)
        ]
        if japanese:
            readings.insert(1, " ".join(self._firm_native(word, forms) for word, forms in native))
        readings.append(" ".join(self._joined(word) for word, _ in segments(text, table, SHORT_WORD_CHARACTERS_MAX)))
        return [plain(reading, 0) for reading in readings]

    def _firm_native(self, word: str, forms: Forms) -> str:
        return forms[-1] if forms else self._firm_name(word, japanese=True)

    def _firm_name(self, word: str, *, japanese: bool) -> str:
        """A word of a firm's name that is no word of the language: its own name."""
        read = self._japanese_word(word) if japanese else ""
        return plain(read, 0).capitalize() if read else self._joined(word)


def _is_firm(words: Sequence[str], table: Mapping[str, Forms]) -> bool:
    """Whether a word of firms is in the text, and it is not as short as a person's name."""
    text = "".join(words)
    if len(text) <= PERSON_CHARACTERS_MAX:
        return text in table
    pieces = [piece for word in words for piece in segments(word, table, WORD_CHARACTERS_MAX)]
    return any(forms and len(piece) > 1 for piece, forms in pieces)


def _ordinal(found: re.Match[str]) -> str:
    """The number of "第十三" as "No 13"."""
    total = current = 0
    for digit in found.group(1):
        if digit in _MULTIPLES:
            total += max(current, 1) * _MULTIPLES[digit]
            current = 0
        else:
            current = current * 10 + _DIGITS[digit]
    return f" No {total + current} "


def _capital(text: str, latin: str) -> str:
    return latin.strip().capitalize() if text else ""
