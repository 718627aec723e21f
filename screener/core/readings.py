"""A name -> the ways it may be read, before it is folded: entities, marks, look-alike letters, parts, seams in words.

All ways have the same length as the text, so that a place in one is a place in the text. Which legal forms there are is
not known here: `screener.core.fold` asks for the places where one may be.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS_MAX = 40
RUN_PARTS_MAX = 4
GLUED_LETTERS_MAX = 12
NAME_LETTERS_MIN = 3
"""What remains of a word that a legal form is taken from has as many letters at least."""

_BORDER = re.compile(
    r"[()\[\]{}<>/;,:|\"\u00ab\u00bb\u201c\u201d]+|\s[-\u2013\u2014]+\s|\b(?:dba|aka|fka|attn|care of)\b\.?",
    re.IGNORECASE,
)
_BORDER_SIGNS = frozenset('()[]{}<>/;,:|"-\u00ab\u00bb\u201c\u201d\u2013\u2014')
_BORDER_WORDS = ("dba", "aka", "fka", "attn", "care of")
BORDER_WORDS = frozenset(word.split()[0] for word in _BORDER_WORDS)
"""The first words of what may part a name without a sign."""
_MARK = re.compile(r"(?<![a-z0-9])(?:c/o|d/b/a|a/k/a|f/k/a|m/s)(?![a-z0-9])\.?", re.IGNORECASE)
_FILLER = re.compile("[\u00ad\u115f\u1160\u180e\u200b-\u200f\u2060-\u2064\u3164\ufeff\uffa0]")
_ENTITIES = dict(
    zip(
        "amp quot apos lt gt nbsp shy szlig aelig oelig reg copy trade deg lsquo rsquo ldquo rdquo ndash mdash".split(),
        "&\"'<>\u00a0\u00ad\u00df\u00e6\u0153\u00ae\u00a9\u2122\u00b0\u2018\u2019\u201c\u201d\u2013\u2014",
        strict=True,
    )
)
_ENTITY = re.compile(
    rf"&(?:amp;)*(?:#([0-9]{{1,7}})|#x([0-9a-f]{{1,6}})|({'|'.join(_ENTITIES)})"
    r"|([a-z])(?:uml|acute|grave|circ|tilde|cedil|ring|caron|slash));",
    re.IGNORECASE | re.ASCII,
)
PADDING = "\u206f"
"""Stands behind the character of an entity, so that the text keeps its length; it has no width and folds to nothing."""

_ALIKE = (
    "\u0410A\u0412B\u0415E\u0405S\u0406I\u0408J\u041aK\u041cM\u041dH\u041eO\u0420P\u0421C\u0422T\u0423Y"
    "\u0425X\u0430a\u0435e\u0455s\u0456i\u0458j\u043eo\u0440p\u0441c\u0443y\u0445x\u04bbh\u04cfl\u0501d"
    "\u051bq\u051dw\u0391A\u0392B\u0395E\u0396Z\u0397H\u0399I\u039aK\u039cM\u039dN\u039fO\u03a1P\u03a4T"
    "\u03a5Y\u03a7X\u03b1a\u03b9i\u03bak\u03bdv\u03bfo\u03c1p\u03c4t\u03c5u\u03c7x\u03f2c\u03f3j\u0555O"
    "\u054dU\u0585o\u057du\u0570h\u0578n\u0581g\u0566q\u13aaA\u13a2T\u13acE\u13b3W\u13b7M\u13bbH\u13c0G"
    "\u13c3Z\u13dfC\u13e2P\u13d4W\u13d9V\u13deL\u13daS\u13a0D\u13a1R"
)
_ROUGHLY_ALIKE = (
    "\u0432b\u0433r\u04373\u0438u\u043ak\u043cm\u043dh\u043fn\u0442t\u044cb\u0418U\u041fN\u03b2b\u03b5e\u03b7n\u03c9w"
)
"""Each letter of another script before the Latin one that it looks like: in print, or in some hands and typefaces."""
_LOOK_ALIKES = {ord(there): latin for there, latin in zip(_ALIKE[::2], _ALIKE[1::2], strict=True)}
_MIXED_IN = _LOOK_ALIKES | dict(zip(map(ord, _ROUGHLY_ALIKE[::2]), _ROUGHLY_ALIKE[1::2], strict=True))
_LOOK_ALIKE = re.compile(f"[{''.join(map(chr, _MIXED_IN))}]")
WORD = re.compile(r"[^\W\d_]+")
_LOOK_ALIKE_WORD_LETTERS_MIN = 3
_LATIN_END = "\u0370"


def readings(text: str) -> list[str]:
    """A text as it stands, and with borders for what may part words without being one: "c/o", characters of no width.

    All readings have the same length, so that a place in one is a place in the text. Entities are read as characters.
    """
    text = decoded(text)
    other = _MARK.sub(_border, text) if "/" in text else text
    if not text.isascii():
        other = _FILLER.sub(" ", other)
    return [text] if other == text else [text, other]


def in_latin_letters(text: str) -> str:
    """A text with look-alike letters of other scripts as Latin ones, word by word.

    A word that is mixed with Latin letters is read so when all others look like some; any other when they do closely.
    """
    return text if text.isascii() or not _LOOK_ALIKE.search(text) else WORD.sub(_in_latin_letters, text)


def _in_latin_letters(found: re.Match[str]) -> str:
    word = found.group()
    mixed = any(letter < _LATIN_END for letter in word)
    if not mixed and len(word) < _LOOK_ALIKE_WORD_LETTERS_MIN:
        return word
    alike = _MIXED_IN if mixed else _LOOK_ALIKES
    return word.translate(alike) if all(letter < _LATIN_END or ord(letter) in alike for letter in word) else word


def _border(found: re.Match[str]) -> str:
    return ";" + " " * (len(found.group()) - 1)


def parts(text: str, run_max: int = RUN_PARTS_MAX) -> Iterator[tuple[int, int]]:
    """Slices of a text between brackets, commas, slashes and the like: parts and runs of neighbors, never all of it."""
    if _BORDER_SIGNS.isdisjoint(text) and not any(map(text.lower().__contains__, _BORDER_WORDS)):
        return  # as most names
    borders = [(0, 0), *(found.span() for found in _BORDER.finditer(text)), (len(text), len(text))][: PARTS_MAX + 1]
    if len(borders) < 3:
        return
    pieces = [(end, start) for (_, end), (start, _) in pairwise(borders)]
    for first, (begin, _) in enumerate(pieces):
        for _, stop in pieces[first : first + run_max]:
            if (begin, stop) != (0, len(text)):
                yield begin, stop


def decoded(text: str) -> str:
    """A text of the same length with characters for its HTML entities."""
    return _ENTITY.sub(_character, text) if "&" in text and ";" in text else text


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name, letter = entity.groups()
    if decimal or hexadecimal:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        character = chr(code) if code < 0x110000 else " "
    else:
        character = letter or _ENTITIES[name.lower()]
    return character.ljust(len(entity.group()), PADDING)


class _Shapes(dict[int, str]):
    """Code point -> "A" for a capital, "a" for a small letter, a blank for all else."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shape = self[code] = "A" if character.isupper() else "a" if character.islower() else " "
        return shape


_SHAPES = _Shapes()
_ASCII_SHAPES = bytes(ord(_SHAPES[code]) for code in range(128)) + bytes(128)


def shape_of(text: str) -> str:
    """A text's capitals as "A", small letters as "a", all else as blanks."""
    return text.encode().translate(_ASCII_SHAPES).decode() if text.isascii() else text.translate(_SHAPES)


def seams_behind(shape: str) -> Iterator[tuple[int, int]]:
    """Slices from a capital behind small letters to the end of their word."""
    at = shape.find("aA")
    while at >= 0:
        stop = shape.find(" ", at, at + GLUED_LETTERS_MAX + 2)
        stop = len(shape) if stop < 0 else stop
        named = at + 1 >= NAME_LETTERS_MIN and " " not in shape[at + 1 - NAME_LETTERS_MIN : at]
        if named and stop - at - 1 <= GLUED_LETTERS_MAX:
            yield at + 1, stop
        at = shape.find("aA", at + 1)


def seams_in_front(shape: str) -> Iterator[tuple[int, int]]:
    """Slices from the begin of a word to the last of several capitals, behind which small letters go on."""
    at = shape.find("AAa")
    while at >= 0:
        low = max(0, at - GLUED_LETTERS_MAX)
        begin = max(low, shape.rfind(" ", low, at) + 1)
        whole = begin == 0 or shape[begin - 1] == " "
        named = len(shape[at + 1 : at + 1 + NAME_LETTERS_MIN].rstrip()) == NAME_LETTERS_MIN
        if whole and named and shape[begin : at + 1].count("A") == at + 1 - begin >= 2:
            yield begin, at + 1
        at = shape.find("AAa", at + 1)
