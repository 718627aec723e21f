"""A name -> its comparable form: the one normalization, for lists and orders alike.

`Folder` makes of any text a string of ASCII words in lower case, one blank between them: width, case, accents, script,
punctuation, HTML entities and spacing are gone, runs of single letters are joined ("S. A." and "SA" are one), "#", "Nr"
and "\u2116" before a number are "no", "and" and legal forms ("Co., Ltd.", "Company Limited", "OOO") are dropped unless
nothing else would remain. `glue` drops the blanks as well, so that names that differ only in where a punctuation mark
stood compare equal.

It promises: total over `str`; the same for a name composed or decomposed, in upper, lower and full-width letters; a
folded text folds to itself. `marks` leads from each place in the folded text back to the characters as written. It is
not for scoring: two names fold alike or not. `Folder.readings` says in which ways a text is read before it
is folded; `Folder.guesses` are further ways, too bold to stop an order by.
"""

from __future__ import annotations

import re
import string
import unicodedata
from typing import TYPE_CHECKING

from anyascii import anyascii

from screener.core.readings import (
    BORDER_WORDS,
    GLUED_LETTERS_MAX,
    NAME_LETTERS_MIN,
    PADDING,
    WORD,
    decoded,
    in_latin_letters,
    parts,
    readings,
    seams_behind,
    seams_in_front,
    shape_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

VERSION = 2
"""Counts up when the same text folds differently; a snapshot built by another version is refused."""

_APOSTROPHES = frozenset("'`\u00b4\u2018\u2019\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\uff07\uff40")
_NUMERO = frozenset("\u2116#")
_DEGREE_NUMERO = re.compile("[nN][\u00b0\u00ba]")
_STRAY_HASH = re.compile(r"#(?!\s*\d)")
_RESIDUE = re.compile("(?:[\u00ff\u0178]|[yY]\u0308)(?!\\w)")
_HAN = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_WIDE = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
_BRACKETED_FORMS = "株有同資资名合社財주유합재사"
_BRACKETED = re.compile(
    r"\([ \u3000]?(?:"
    + "|".join(f"{form}|{unicodedata.normalize('NFD', form)}" for form in _BRACKETED_FORMS)
    + r")[ \u3000]?\)"
)
"""Short legal forms in brackets; the enclosed characters \u3231 and \u321c, that stand for them, fold to blanks."""

ROUNDS_MAX = 8
GLUED_MAX = 8
GUESSES_MAX = 8
MISSPELT_LETTERS_MIN = 6
_GUESSED_FORM_LETTERS_MIN = 3
_SHORT_FORM_LETTERS_MAX = 2
_SIMPLE_WORD = re.compile("(?<!['`])['`]*[A-Za-z0-9][A-Za-z0-9'`]*")  # no mark is looked at twice
_FOLDED_WORD = re.compile("[^ ]+")
_LONG_WORD = re.compile(rf"[^\W\d_]{{{_GUESSED_FORM_LETTERS_MIN + NAME_LETTERS_MIN},}}")


class _Characters(dict[int, str]):
    """Code point -> what it folds to; filled as characters are met, at most one row a code point."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if character in _APOSTROPHES:
        return ""
    if character in _NUMERO:
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


_ASCII_BLANKS = bytes(ord(_CHARACTERS[code] or " ") if code != ord("#") else 32 for code in range(128)) + bytes(128)
_ASCII_DROPPED = bytes(code for code in range(128) if not _CHARACTERS[code])
_UNTIDY = frozenset("abcdefghijklmnopqrstuvwxyz") | {"nr"}
_PLAIN = (string.ascii_letters + string.digits + " .,&-").encode()
WHOLE_WORDS_KEPT = 200_000


def words(text: str) -> list[str]:
    """Split a text into its folded words: runs of single letters joined, legal forms still in."""
    found = _split(text)
    return found if _UNTIDY.isdisjoint(found) else _joined(found)


def _is_simple(text: str) -> bool:
    """Whether each character of a text stands for itself or nothing."""
    return text.isascii() and "#" not in text and ("&" not in text or ";" not in text)


def _split(text: str) -> list[str]:
    if _is_simple(text):
        return text.encode().translate(_ASCII_BLANKS, _ASCII_DROPPED).decode().split()
    return unicodedata.normalize("NFC", _plain(text)).translate(_CHARACTERS).split()


def _plain(text: str) -> str:
    """A text of the same length with characters for its entities, and blanks for what is no part of a name."""
    if not text.isascii():
        text = text.translate(_WIDE)
    text = decoded(text)
    text = _STRAY_HASH.sub(" ", text)
    if text.isascii():
        return text
    text = _DEGREE_NUMERO.sub("\u2116 ", text)
    text = _BRACKETED.sub(_blanks, text)
    return _RESIDUE.sub(_blanks, text)  # in lists, what code page 437 left of a no-break space


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _joined(found: Iterable[str]) -> list[str]:
    """Join runs of single letters; read "nr" before a number as "no"."""
    joined: list[str] = []
    letters: list[str] = []
    for word in found:
        if len(word) == 1 and word.isalpha():
            letters.append(word)
            continue
        if letters:
            joined.append("".join(letters))
            letters = []
        if joined and joined[-1] == "nr" and word[0].isdigit():
            joined[-1] = "no"
        joined.append(word)
    if letters:
        joined.append("".join(letters))
    return joined


def _tidied(found: Sequence[str]) -> tuple[list[str], list[list[int]]]:
    """The joined words, each with the numbers of the words that it is of."""
    groups: list[list[int]] = []
    open_run = False
    for at, word in enumerate(found):
        letter = len(word) == 1 and word.isalpha()
        if letter and open_run:
            groups[-1].append(at)
        else:
            groups.append([at])
        open_run = letter
    return _joined(found), groups


def _regrouped(
    names: Sequence[str], groups: Sequence[list[int]], kept: Sequence[int]
) -> tuple[list[str], list[list[int]]]:
    """Keep some of the words and tidy them again."""
    tidied, merged = _tidied([names[at] for at in kept])
    return tidied, [[part for at in group for part in groups[kept[at]]] for group in merged]


class Folder:
    """The fold with its tables of legal forms, which are reviewed data and come with the snapshot."""

    __slots__ = (
        *("_inside", "_at_start", "_at_end", "_glued_in_front", "_glued_behind", "_long", "_misspelt"),
        *("_single", "_tricky", "_marked", "_heads", "_tails", "_whole_words", "_misspelt_letters_max"),
    )

    def __init__(self, anywhere: Iterable[str], at_start: Iterable[str] = (), at_end: Iterable[str] = ()) -> None:
        """Take the forms as written ("Co", "limited liability company"), by where in a name they count."""
        inside, starts, ends = ({tuple(words(form)) for form in forms} - {()} for forms in (anywhere, at_start, at_end))
        self._single = frozenset({"and"} | {form[0] for form in inside if len(form) == 1})
        several = {form for form in inside if not self._single.issuperset(form)}
        self._inside = _by_word(inside | {("and",)}, 0)
        self._at_start = _by_word(starts, 0)
        self._at_end = _by_word(ends, -1)
        several |= {form for form in starts | ends if not self._single.issuperset(form)}
        telling = {max(set(form) - self._single, key=lambda word: (len(word), word)) for form in several}
        self._tricky = _UNTIDY | telling
        self._marked = self._single | self._tricky
        self._glued_in_front = frozenset(form[0] for form in inside | starts if len(form) == 1)
        self._glued_behind = frozenset(form[0] for form in inside | ends if len(form) == 1)
        single = {form[0] for form in inside | starts | ends if len(form) == 1}
        long = {word for word in single if len(word) >= MISSPELT_LETTERS_MIN}
        self._long = frozenset(long)
        self._misspelt = frozenset(left for word in long for left in _shortened(word)) | self._long
        self._misspelt_letters_max = max(map(len, long), default=0) + 1
        self._heads = frozenset(form[:_GUESSED_FORM_LETTERS_MIN] for form in self._glued_in_front)
        self._tails = frozenset(form[-_GUESSED_FORM_LETTERS_MIN:] for form in self._glued_behind)
        self._whole_words: set[str] = set()

    def __call__(self, text: str) -> str:
        """Fold a text; "" when no letter or digit is in it."""
        return " ".join(self.core(_split(text)))

    def core(self, found: list[str]) -> list[str]:
        """Leave out legal forms and "and"; all words stay when nothing else would."""
        if self._marked.isdisjoint(found):
            return found
        if not self._tricky.isdisjoint(found):
            joined = _joined(found)
            if not self._tricky.isdisjoint(joined):
                return self._settled(joined)[0]
            found = joined
        single = self._single
        return [word for word in found if word not in single] or _without_and(found)

    def _settled(self, found: Sequence[str]) -> tuple[list[str], list[list[int]]]:
        """Leave out until nothing more can be; each word with the numbers of what it is of.

        What then stands together may be a form again. A name that gives no rest stays as it is, all words of it.
        """
        names, groups = _tidied(found)
        said = [at for at, word in enumerate(names) if word != "and"]
        begun = names, groups = _regrouped(names, groups, said) if 0 < len(said) < len(names) else (names, groups)
        for _ in range(ROUNDS_MAX):
            kept = self._kept(names)
            if len(kept) == len(names):
                return names, groups
            if not kept:
                break
            names, groups = _regrouped(names, groups, kept)
        return begun

    def _kept(self, names: Sequence[str]) -> list[int]:
        kept: list[int] = []
        at = 0
        while at < len(names):
            form = _form_at(self._inside, names, at)
            if not form:
                kept.append(at)
            at += form or 1
        return self._without_ends([names[at] for at in kept], kept)

    def _without_ends(self, names: Sequence[str], kept: list[int]) -> list[int]:
        """Leave out forms that count as the first or last words only, as long as a word remains."""
        start, stop = 0, len(names)
        while start < stop and 0 < (form := _form_at(self._at_start, names, start)) < stop - start:
            start += form
        while start < stop and 0 < (form := _form_before(self._at_end, names, stop)) < stop - start:
            stop -= form
        return kept[start:stop]

    def marks(self, text: str) -> list[tuple[int, int]]:
        """For each character of the folded text, the slice of `text` it came from."""
        spelled = _spelled(text)
        marks: list[tuple[int, int]] = []
        for group in self._settled([word for word, _ in spelled])[1]:
            word_marks = [mark for at in group for mark in spelled[at][1]]
            if marks:
                marks.append((marks[-1][1], word_marks[0][0]))
            marks.extend(word_marks)
        return marks

    def readings(self, text: str) -> list[str]:
        """A text in the ways it may be read; what stands as written goes first, and all have the same length.

        Besides those of `readings`: without a legal form that is written into a word where its capitals show the seam
        ("SiemensAG", "TechnologiesCo.,Ltd"), and with look-alike letters of other scripts as Latin ones.
        """
        found = readings(text)
        if not (text.istitle() or text.isupper()):
            bare = self._without_seams(found[-1])
            if bare != found[-1]:
                found.append(bare)
        if not text.isascii():
            found += [latin for reading in found if (latin := in_latin_letters(reading)) != reading]
        return found

    def plain(self, text: str) -> list[str] | None:
        """The words of a name that can be read in one way only, no part of which says more; None if not for certain.

        Most names are such: ASCII letters and digits in words, no seam, no "dba", no comma but before "Ltd".
        """
        if not text.isascii():
            return None
        raw = text.encode()
        if raw.translate(None, _PLAIN) or b" -" in raw:
            return None
        found = raw.translate(_ASCII_BLANKS).decode().split()
        if not BORDER_WORDS.isdisjoint(found) and any(parts(text)):
            return None
        if not (text.istitle() or text.isupper() or text.islower()) and self._without_seams(text) != text:
            return None
        if not _UNTIDY.isdisjoint(found):
            found = _joined(found)
        return found if b"," not in raw or self._is_whole_before_comma(raw, found) else None

    def _is_whole_before_comma(self, raw: bytes, found: list[str]) -> bool:
        """Whether nothing but one legal form stands behind a name's comma, and the rest is the name without it."""
        named, _, form = raw.partition(b",")
        if form.strip(b" .").lower().decode() not in self._single:
            return False
        return self.core(words(named.decode())) == self.core(found)

    def _without_seams(self, text: str) -> str:
        """Blanks for each legal form that stands in a word with another, with a capital at the seam."""
        shape = shape_of(text)
        if "aA" not in shape and "AAa" not in shape:
            return text
        behind = [at for at in seams_behind(shape) if self._is_glued(text, *at)]
        front = [at for at in seams_in_front(shape) if _only(text[slice(*at)]) in self._glued_in_front]
        for begin, stop in (*behind[:GLUED_MAX], *front[:GLUED_MAX]):
            text = text[:begin] + " " * (stop - begin) + text[stop:]
        return text

    def _is_glued(self, text: str, begin: int, stop: int) -> bool:
        """Whether a legal form ends a word; "Co" is one only before another form, "AG" but not "Ag" is always one."""
        tail = text[begin:stop]
        if _only(tail) not in self._glued_behind:
            return False
        follower = WORD.search(text, stop)
        alone = len(tail) > _SHORT_FORM_LETTERS_MAX or tail.isupper()
        return alone or (follower is not None and _only(follower.group()) in self._glued_behind)

    def guesses(self, text: str) -> list[str]:
        """Bolder readings, for a person to judge: without a legal form that begins or ends a word, or is misspelt.

        "JSCARGUMENT" is "ARGUMENT", and "Long Wave Corporaton" is "Long Wave".
        """
        found: list[str] = []
        for word in _LONG_WORD.finditer(text):
            for begin, stop in self._glued(word.group()):
                if len(found) == GUESSES_MAX:
                    return found
                low, high = word.start() + begin, word.start() + stop
                found.append(text[:low] + " " * (high - low) + text[high:])
        return found

    def has_guesses(self, found: Iterable[str]) -> bool:
        """Whether there may be guesses at a plain name of these words; remembers words that give none."""
        known = self._whole_words
        if known.issuperset(found):
            return False
        if len(known) >= WHOLE_WORDS_KEPT:
            known.clear()
        new = [word for word in found if word not in known]
        whole = [word for word in new if not any(self._glued(run) for run in _LONG_WORD.findall(word))]
        known.update(whole)
        return len(whole) < len(new)

    def _is_misspelt(self, word: str) -> bool:
        """Whether a word is one typing error away from a long legal form of one word, and none itself."""
        if word in self._long or len(word) > self._misspelt_letters_max:
            return False  # a word of many letters has as many shortened ones, so it is left out by its length
        return word in self._misspelt or not self._misspelt.isdisjoint(_shortened(word))

    def _glued(self, spelled: str) -> Sequence[tuple[int, int]]:
        """Slices of a word that a form may be; none where letters fold to several."""
        word, length = _only(spelled), len(spelled)
        least = _GUESSED_FORM_LETTERS_MIN
        if len(word) == length >= MISSPELT_LETTERS_MIN and self._is_misspelt(word):
            return ((0, length),)
        if len(word) != length or (word[:least] not in self._heads and word[-least:] not in self._tails):
            return ()  # as most words
        found: list[tuple[int, int]] = []
        for letters in range(least, min(length - NAME_LETTERS_MIN, GLUED_LETTERS_MAX) + 1):
            if word[:letters] in self._glued_in_front:
                found.append((0, letters))
            if word[length - letters :] in self._glued_behind:
                found.append((length - letters, length))
        return found


def _shortened(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _without_and(found: list[str]) -> list[str]:
    return [word for word in found if word != "and"] or found


def _only(text: str) -> str:
    """The only folded word of some letters, "" when they fold to several."""
    if text.isascii():
        return text.lower()
    found = _split(text)
    return found[0] if len(found) == 1 else ""


def _by_word(forms: Iterable[tuple[str, ...]], place: int) -> dict[str, list[tuple[str, ...]]]:
    """The forms by their first (0) or last (-1) word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        found.setdefault(form[place], []).append(form)
    return found


def _form_at(forms: dict[str, list[tuple[str, ...]]], names: Sequence[str], at: int) -> int:
    for form in forms.get(names[at], ()):
        if tuple(names[at : at + len(form)]) == form:
            return len(form)
    return 0


def _form_before(forms: dict[str, list[tuple[str, ...]]], names: Sequence[str], stop: int) -> int:
    for form in forms.get(names[stop - 1], ()):
        if stop >= len(form) and tuple(names[stop - len(form) : stop]) == form:
            return len(form)
    return 0


def _spelled(text: str) -> list[tuple[str, list[tuple[int, int]]]]:
    """The words of `text`, each letter with the slice of `text` it came from."""
    if _is_simple(text):
        return [_spelled_simple(run.group(), run.start()) for run in _SIMPLE_WORD.finditer(text)]
    text = _plain(text)
    folded: list[str] = []
    marks: list[tuple[int, int]] = []
    for cluster in _clusters(text):
        letters = _fold_cluster(text[slice(*cluster)])
        folded.append(letters)
        marks += [cluster] * len(letters)
    return [(run.group(), marks[slice(*run.span())]) for run in _FOLDED_WORD.finditer("".join(folded))]


def _spelled_simple(word: str, start: int) -> tuple[str, list[tuple[int, int]]]:
    """A word of ASCII letters and digits, with apostrophes between them, that stands at `start`."""
    places = [(at, at + 1) for at, letter in enumerate(word, start) if letter not in _APOSTROPHES]
    return "".join(filter(str.isalnum, word.lower())), places


def _fold_cluster(cluster: str) -> str:
    """A character with its combining marks -> folded letters and blanks."""
    return unicodedata.normalize("NFC", cluster).translate(_CHARACTERS)


def _clusters(text: str) -> Iterable[tuple[int, int]]:
    """Slices of `text` that compose among themselves only: a starter and what may join it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not _joins(text[at]):
            yield start, at
            start = at


def _joins(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff" or character == PADDING


def slice_of(marks: Sequence[tuple[int, int]], start: int, end: int, text: str) -> tuple[int, int]:
    """The slice of `text` that `start` to `end` of its folded form came from; all of it where that is nowhere."""
    if not start < end <= len(marks):
        return 0, len(text)
    return marks[start][0], marks[end - 1][1]


def glue(folded: str) -> str:
    """The folded text without its blanks."""
    return folded.replace(" ", "")


def bare(written: str) -> str:
    """An identifier, or its kind, as it is compared: letters and digits only, whatever their width and case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", written).casefold()))
