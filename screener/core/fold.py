"""A name -> its comparable form: the one normalization, for lists and orders alike.

`Folder` makes of any text a string of ASCII words in lower case, one blank between them: width, case, accents, script,
punctuation and spacing are gone, runs of single letters are joined ("S. A." and "SA" are one), "and" and legal forms
("Co., Ltd.", "Company Limited", "OOO") are dropped unless nothing else would remain. `glue` drops the blanks as well,
so that names that differ only in where a punctuation mark stood compare equal.

It promises: total over `str`; the same for a name composed or decomposed, in upper, lower and full-width letters.
`marks` leads from each place in the folded text back to the characters as written. It is not for scoring: two names
fold alike or not. `readings` and `parts` say in which ways a text is read before it is folded.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from anyascii import anyascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

VERSION = 1
"""Counts up when the same text folds differently; a snapshot built by another version is refused."""

_APOSTROPHES = frozenset("'`\u00b4\u2018\u2019\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\uff07\uff40")
_NUMERO = "№"
_RESIDUE = re.compile("(?:[\u00ff\u0178]|[yY]\u0308)(?!\\w)")
_HAN = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))

PARTS_MAX = 40
RUN_PARTS_MAX = 4
_BORDER = re.compile(
    r"[()\[\]{}<>/;,:|\"\u00ab\u00bb\u201c\u201d]+|\s[-\u2013\u2014]+\s|\b(?:dba|aka|fka|attn|care of)\b\.?",
    re.IGNORECASE,
)
_MARK = re.compile(r"(?<![a-z0-9])(?:c/o|d/b/a|a/k/a|f/k/a|m/s)(?![a-z0-9])\.?", re.IGNORECASE)
_FILLER = re.compile("[\u00ad\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufeff\uffa0]")


class _Characters(dict[int, str]):
    """Code point -> what it folds to; filled as characters are met, at most one row a code point."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if character in _APOSTROPHES:
        return ""
    if character == _NUMERO:
        return " no "
    plain = unicodedata.normalize("NFKC", character)
    if unicodedata.category(character) == "So" and len(plain) != 1:
        return " "  # "(tm)" and its like are no letters of the name
    folded = "".join(_fold_part(part) for part in plain)
    code = ord(character)
    return f" {folded} " if any(low <= code <= high for low, high in _HAN) else folded


def _fold_part(part: str) -> str:
    if part == "'" or unicodedata.category(part) in {"Mn", "Me", "Cf", "Lm"}:
        return ""
    base = unicodedata.normalize("NFD", part)[0]
    if base.isascii():
        return base.lower() if base.isalnum() else " "
    if unicodedata.category(part)[0] not in "LNM":
        return " "
    latin = anyascii(part).lower()
    return "".join(c if c.isalnum() and c.isascii() else "" if c == "'" else " " for c in latin)


_CHARACTERS = _Characters()


def words(text: str) -> list[str]:
    """Split a text into its folded words: runs of single letters joined, legal forms still in."""
    plain = text if text.isascii() else unicodedata.normalize("NFC", _without_residue(text))
    found = plain.translate(_CHARACTERS).split()
    for word in found:
        if len(word) == 1:
            return _join_letters(found)
    return found


def _without_residue(text: str) -> str:
    """Blanks for every "\u00ff" that ends a word: in lists, what code page 437 left of a no-break space."""
    suspect = "\u00ff" in text or "\u0178" in text or "\u0308" in text
    return _RESIDUE.sub(lambda found: " " * len(found.group()), text) if suspect else text


def _join_letters(found: Iterable[str]) -> list[str]:
    joined: list[str] = []
    open_run = False
    for word in found:
        letter = len(word) == 1 and word.isalpha()
        if letter and open_run:
            joined[-1] += word
        else:
            joined.append(word)
        open_run = letter
    return joined


class Folder:
    """The fold with its table of legal forms, which is reviewed data and comes with the snapshot."""

    __slots__ = ("_first", "_forms")

    def __init__(self, legal_forms: Iterable[str]) -> None:
        """Take the forms as written ("Co", "limited liability company"); each is folded word by word."""
        forms = {tuple(words(form)) for form in legal_forms} | {("and",)}
        forms.discard(())
        self._first: dict[str, list[tuple[str, ...]]] = {}
        for form in sorted(forms, key=lambda form: (-len(form), form)):
            self._first.setdefault(form[0], []).append(form)
        self._forms = frozenset(self._first)

    def __call__(self, text: str) -> str:
        """Fold a text; "" when no letter or digit is in it."""
        return " ".join(self.core(words(text)))

    def core(self, found: list[str]) -> list[str]:
        """Leave out legal forms and "and"; all words stay when nothing else would."""
        if self._forms.isdisjoint(found):
            return found
        kept = [found[at] for at in self._kept(found)]
        return kept or found

    def _kept(self, found: Sequence[str]) -> list[int]:
        kept: list[int] = []
        at = 0
        while at < len(found):
            form = self._form_at(found, at)
            if form:
                at += form
            else:
                kept.append(at)
                at += 1
        return kept

    def _form_at(self, found: Sequence[str], at: int) -> int:
        for form in self._first.get(found[at], ()):
            if tuple(found[at : at + len(form)]) == form:
                return len(form)
        return 0

    def marks(self, text: str) -> list[tuple[int, int]]:
        """For each character of the folded text, the slice of `text` it came from."""
        spelled = _spelled(text)
        kept = self._kept([word for word, _ in spelled]) or range(len(spelled))
        marks: list[tuple[int, int]] = []
        for at in kept:
            word_marks = spelled[at][1]
            if marks:
                marks.append((marks[-1][1], word_marks[0][0]))
            marks.extend(word_marks)
        return marks


def _spelled(text: str) -> list[tuple[str, list[tuple[int, int]]]]:
    """The words of `text`, as `words` gives them, each letter with the slice of `text` it came from."""
    text = _without_residue(text)
    letters: list[str] = []
    marks: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        for letter in _fold_cluster(text[start:end]):
            letters.append(letter)
            marks.append((start, end))
    spelled: list[tuple[str, list[tuple[int, int]]]] = []
    open_run = False
    for start, end in _runs(letters):
        single = end - start == 1 and letters[start].isalpha()
        if single and open_run:
            word, word_marks = spelled.pop()
            spelled.append((word + letters[start], [*word_marks, marks[start]]))
        else:
            spelled.append(("".join(letters[start:end]), marks[start:end]))
        open_run = single
    return spelled


def _fold_cluster(cluster: str) -> str:
    """A character with its combining marks -> folded letters and blanks."""
    return unicodedata.normalize("NFC", cluster).translate(_CHARACTERS)


def _runs(letters: Sequence[str]) -> Iterable[tuple[int, int]]:
    start = None
    for at, letter in enumerate([*letters, " "]):
        if letter == " ":
            if start is not None:
                yield start, at
            start = None
        elif start is None:
            start = at


def _clusters(text: str) -> Iterable[tuple[int, int]]:
    """Slices of `text` that compose among themselves only: a starter and what may join it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at]):
            yield start, at
            start = at


def _joins(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"


def readings(text: str) -> list[str]:
    """A text as it stands, and with borders for what may part words without being one: "c/o", characters of no width.

    All readings have the same length, so that a place in one is a place in the text.
    """
    other = _MARK.sub(_border, text) if "/" in text else text
    if not text.isascii():
        other = _FILLER.sub(" ", other)
    return [text] if other == text else [text, other]


def _border(found: re.Match[str]) -> str:
    return ";" + " " * (len(found.group()) - 1)


def parts(text: str, run_max: int = RUN_PARTS_MAX) -> Iterator[tuple[int, int]]:
    """Slices of a text between brackets, commas, slashes and the like: parts and runs of neighbors, never all of it."""
    borders = [(0, 0), *(found.span() for found in _BORDER.finditer(text)), (len(text), len(text))][: PARTS_MAX + 1]
    if len(borders) < 3:
        return
    pieces = [(end, start) for (_, end), (start, _) in pairwise(borders)]
    for first, (begin, _) in enumerate(pieces):
        for _, stop in pieces[first : first + run_max]:
            if (begin, stop) != (0, len(text)):
                yield begin, stop


def slice_of(marks: Sequence[tuple[int, int]], start: int, end: int, text: str) -> tuple[int, int]:
    """The slice of `text` that `start` to `end` of its folded form came from; all of it where that is nowhere."""
    if not start < end <= len(marks):
        return 0, len(text)
    return marks[start][0], marks[end - 1][1]


def glue(folded: str) -> str:
    """The folded text without its blanks."""
    return folded.replace(" ", "")
