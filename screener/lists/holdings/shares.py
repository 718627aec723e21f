"""Reads a share as people write it: an exact percent, a band, a bound in words or signs, a fraction, or unknown.

Promises: a share is read whole or not at all. What is not understood, or could be read in two ways that differ, raises
`UnreadableShareError`, and the caller keeps the holding with an unknown share. Digits and signs of any script count
(full width, Arabic). A share is a `Decimal` from 0 to 100 in whole billionths of a percent; a finer one becomes the
narrow band around it. The words are in `rules/shares.toml`. Not for deciding who is captured.

    50   49.9 %   49,9   25-50   25 to 50 %   more than 50   at least 25   >=50   <25   50+   1/2   33 1/3 %   half
"""

from __future__ import annotations

import html
import re
import unicodedata
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from screener.errors import ListError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHARE_MAX: Final = Decimal(100)
SHARE_PLACES: Final = Decimal("0.000000001")
SHARE_CHARS_MAX: Final = 120
"""Of a share as written; a longer text is a remark."""
DECIMALS_MAX: Final = 40
"""As spreadsheets and databases write them; the share itself has nine."""
DENOMINATOR_SMALL: Final = 12
DENOMINATOR_LARGE: Final = 1_000_000_000_000
YEARS: Final = range(1900, 2200)
"""A fraction is one of few parts (1/2, 3/8) or of many shares (1500/10000). Between them 25/75 may be how a company is
split and 25/50 a band, and 12/2020 is a month."""
QUOTED_CHARS_MAX: Final = 40
STEPS_MAX: Final = 2_000
"""To take a text apart in every way; a share has a handful of words."""
READ_MAX: Final = 100_000
"""Texts that a reader remembers: a file of millions of rows has few different shares."""

Share = tuple[Decimal | None, Decimal | None]
UNKNOWN: Final[Share] = (None, None)
ShareUnit = Literal["percent", "fraction"]
Bounds = tuple[Decimal, Decimal]
Token = str | frozenset[str]
"""A number as written, or the kinds of a word."""
Words = list[frozenset[str]]

EXPECTED = "expected a share as a percent such as 50 or 49.9, a band such as 25-50, a bound such as > 50, or nothing"

WORDS: Final = (
    *("percent", "more_than", "at_least", "less_than", "at_most", "between", "equal", "to", "and"),
    *("or_more", "or_less", "over_behind", "under_behind", "beside_percent", "one_more", "unknown"),
)
LIMITS: Final = {"left_out_rows_min": 1_000_000, "left_out_percent_max": 100, "fractions_min": 1_000_000}
"""Each limit of the rules with the most that it may be."""

_NUMBER = re.compile(r"[.,]?[0-9]+(?:[.,'\u2019][0-9]+)*")
_FRACTION = re.compile(r"(?:([0-9]{1,3}) +)?([0-9]{1,13}) ?[/\u2044\u2215] ?([0-9]{1,13})(?![0-9.,/])")
_DECIMAL = re.compile(rf"([0-9]{{0,3}})([.,])([0-9]{{1,{DECIMALS_MAX}}})")
_SAME_AS = {"\u066a": "%", "\u066b": ".", "\u066c": "'", "\u2030": "\0", "\u2031": "\0"}
_WIDTHS = ("<wide>", "<narrow>", "<small>", "<noBreak>")


class UnreadableShareError(ValueError):
    """A text that is no share, or could be read as two that differ; the message says what was expected."""


class ReadShare(NamedTuple):
    """A share with the highest number that stands in it without a percent sign; None where there is none."""

    share: Share
    bare: Decimal | None = None


class ShareRules(NamedTuple):
    """The words of shares and the limits of files of them, as the rules have them."""

    words: Mapping[str, frozenset[str]]
    amounts: Mapping[str, str]
    left_out_rows_min: int
    left_out_percent_max: int
    fractions_min: int


def share_rules(table: Mapping[str, Any]) -> ShareRules:
    """Check the table of shares.toml; ListError naming the row that is wrong."""
    words, amounts = _word_rows(table.get("words")), _amount_rows(table.get("amounts"))
    rules = ShareRules(words, amounts, **_limits(table.get("limits")))
    reader = ShareReader(rules._replace(amounts={}))
    for word, text in amounts.items():
        try:
            is_percentage = reader.read(text).bare is None
        except UnreadableShareError:
            is_percentage = False
        if not is_percentage:
            raise _wrong(f"[amounts] {word!r:.40} = {text!r:.40}, expected a percentage such as 50 % or > 50 %")
    return rules


def _word_rows(rows: object) -> dict[str, frozenset[str]]:
    if not isinstance(rows, dict) or set(rows) != set(WORDS):
        raise _wrong(f"[words] expected the rows {', '.join(WORDS)}")
    for name, row in rows.items():
        if not isinstance(row, list) or not all(isinstance(word, str) and plain(word) for word in row):
            raise _wrong(f"[words] {name} = {row!r:.80}, expected a list of words")
    return {name: frozenset(map(plain, row)) for name, row in rows.items()}


def _amount_rows(rows: object) -> dict[str, str]:
    if not isinstance(rows, dict) or not all(isinstance(text, str) for text in rows.values()):
        raise _wrong("[amounts] expected words, each with the percentage that it stands for")
    return {plain(word): plain(text) for word, text in rows.items()}


def _limits(rows: object) -> dict[str, int]:
    if not isinstance(rows, dict) or set(rows) != set(LIMITS):
        raise _wrong(f"[limits] expected the rows {', '.join(LIMITS)}")
    for name, most in LIMITS.items():
        value = rows[name]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise _wrong(f"[limits] {name} = {value!r:.80}, expected a whole number from 0 to {most}")
    return rows


def _wrong(says: str) -> ListError:
    return ListError("shares.toml", None, says)


class ShareReader:
    """Reads shares by the words of a set of rules; what was read before is looked up.

    `unit` says what a number without a percent sign is: a percent, or a fraction of 1.
    """

    def __init__(self, rules: ShareRules, unit: ShareUnit = "percent") -> None:
        """Compile the words."""
        self._rules = rules
        self._unit = unit
        self._kinds: dict[str, frozenset[str]] = {}
        for kind, words in rules.words.items():
            for word in words if kind != "unknown" else ():
                self._kinds[word] = self._kinds.get(word, frozenset()) | {kind}
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(self._kinds, key=len):
            self._by_letter.setdefault(word[0], []).append(word)
        self._read: dict[str, ReadShare] = {}

    def read(self, written: str) -> ReadShare:
        """Return the share of a text; UnreadableShareError where it is none, or more than one."""
        found = self._read.get(written)
        if found is None:
            found = self._read_anew(written)
            if len(self._read) < READ_MAX:
                self._read[written] = found
        return found

    def _read_anew(self, written: str) -> ReadShare:
        text = plain(written[: SHARE_CHARS_MAX + 1])
        if len(written) > SHARE_CHARS_MAX or "\0" in text:
            raise _unreadable(written)
        text = self._rules.amounts.get(text, text)
        if not text or text in self._rules.words["unknown"]:
            return ReadShare(UNKNOWN)
        read = {one for tokens in self._tokens(text) if (one := self._share(tokens)) is not None}
        if len(read) != 1:
            raise _unreadable(written)
        bounds, bare = read.pop()
        try:
            return ReadShare(band(*bounds), bare)
        except UnreadableShareError as error:
            expected = (
                error if self._unit == "percent" else f"{error}, as a fraction from 0 to 1 or with a percent sign"
            )
            raise UnreadableShareError(f"{expected}, found {quoted(written)}") from None

    def _tokens(self, text: str) -> Iterator[list[Token]]:
        """Each way to take a text apart into numbers as written and words as their kinds; none where none fits.

        "and less than 50" begins with "and less" and with "and": the longer word is tried first.
        """
        waiting: list[tuple[int, list[Token]]] = [(0, [])]
        for _ in range(STEPS_MAX):
            if not waiting:
                return
            at, tokens = waiting.pop()
            at += text[at : at + 1] == " "
            if at == len(text):
                yield tokens
            elif number := _FRACTION.match(text, at) or _NUMBER.match(text, at):
                waiting.append((number.end(), [*tokens, number[0]]))
            else:
                found = (word for word in self._by_letter.get(text[at], ()) if text.startswith(word, at))
                waiting += [(at + len(word), [*tokens, self._kinds[word]]) for word in found]

    def _share(self, tokens: Sequence[Token]) -> tuple[Bounds, Decimal | None] | None:
        """The bounds that numbers and words come to, and the highest bare number; None where they do not fit."""
        has_percent = any(not isinstance(token, str) and "percent" in token for token in tokens)
        parts: list[Decimal | frozenset[str]] = []
        bare: list[Decimal] = []
        for token in tokens:
            if isinstance(token, str):
                number = _number(token, has_percent=has_percent)
                if number is None:
                    return None
                parts.append(number.percent(self._unit))
                bare += [number.written] if number.is_bare else []
            elif "percent" not in token and not ("beside_percent" in token and has_percent):
                parts.append(token)
        bounds = _bounds(parts)
        return None if bounds is None else (bounds, max(bare, default=None))


# --- texts and numbers ------------------------------------------------------------------------------------------------


def plain(written: str) -> str:
    """A text in lower case with ASCII digits, usual widths of letters and single blanks."""
    text = "".join(map(_plain_letter, html.unescape(written) if "&" in written else written))
    return " ".join(text.casefold().split())


def _plain_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in _SAME_AS:
        return _SAME_AS[letter]
    if unicodedata.category(letter) == "Cf":  # marks of direction, joiners: nobody sees them
        return ""
    digit = unicodedata.decimal(letter, -1)
    if digit >= 0:
        return str(digit)
    kind, _, plain = unicodedata.decomposition(letter).partition(" ")
    if kind == "<fraction>":
        return " " + "".join(chr(int(code, 16)) for code in plain.split()) + " "
    return chr(int(plain, 16)) if kind in _WIDTHS else letter


class _Number(NamedTuple):
    """A number as written; `is_fraction`: of parts, such as 1/2, so that it needs no percent sign."""

    written: Decimal
    has_percent: bool
    is_fraction: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether it depends on the file whether this is a percent or a fraction of 1."""
        return not self.has_percent and not self.is_fraction

    def percent(self, unit: ShareUnit) -> Decimal:
        """The number as a percent, exactly, where a bare one is of this unit."""
        return self.written if unit == "percent" or not self.is_bare else hundredfold(self.written)


def _number(written: str, *, has_percent: bool) -> _Number | None:
    """The number of a text; None for one of thousands, of two kinds of separators or of too many digits."""
    fraction = _FRACTION.fullmatch(written)
    if fraction is not None:
        return _fraction(fraction[1], int(fraction[2]), int(fraction[3]), has_percent=has_percent)
    if written.isdigit():
        return _Number(Decimal(written), has_percent) if len(written) <= 3 else None
    decimal = _DECIMAL.fullmatch(written)
    if decimal is None:
        return None
    whole, separator, places = decimal.groups()
    if separator == "," and len(places) == 3 and whole.strip("0") and not has_percent:
        return None  # 1,500 is a number of shares, 33,333 may be one
    return _Number(Decimal(f"{whole or '0'}.{places}"), has_percent)


def _fraction(whole: str | None, above: int, below: int, *, has_percent: bool) -> _Number | None:
    if whole is not None:
        mixed = 0 < above < below <= DENOMINATOR_SMALL
        return _Number(int(whole) + Decimal(above) / below, has_percent) if mixed else None
    is_clear = below <= DENOMINATOR_SMALL or (SHARE_MAX < below < DENOMINATOR_LARGE and below not in YEARS)
    if has_percent or not is_clear or not 0 <= above <= below or below == 0:
        return None
    return _Number(Decimal(above) * 100 / below, has_percent=False, is_fraction=True)


# --- what the words and numbers of a share come to --------------------------------------------------------------------


def _bounds(parts: Sequence[Decimal | frozenset[str]]) -> Bounds | None:
    """The lower and upper end of a share; None where the words do not fit together."""
    places = [at for at, part in enumerate(parts) if isinstance(part, Decimal)]
    numbers = [part for part in parts if isinstance(part, Decimal)]
    if not 1 <= len(numbers) <= 2:
        return None
    before, behind = _words(parts[: places[0]]), _words(parts[places[-1] + 1 :])
    if len(numbers) == 1:
        return _of_one(numbers[0], before, behind)
    middle = _words(parts[places[0] + 1 : places[1]])
    if not before and _is(middle, "or_more") and numbers[1] == 1 and (not behind or _is(behind, "one_more")):
        return numbers[0], min(numbers[0] + 1, SHARE_MAX)  # 50 + 1 share
    return _of_two(numbers[0], numbers[1], before, middle, behind)


def _words(parts: Sequence[Decimal | frozenset[str]]) -> Words:
    """The words among parts; one that joins numbers and is said again ("25 - to - 50") counts once."""
    words = [part for part in parts if isinstance(part, frozenset)]
    return [word for at, word in enumerate(words) if at == 0 or not ("to" in word and "to" in words[at - 1])]


def _of_one(number: Decimal, before: Words, behind: Words) -> Bounds | None:
    """The bounds of a share of one number."""
    if before and behind:
        return None
    if not before and not behind:
        return number, number
    if before:
        return (number, number) if _is(before, "equal") else _above(number, before) or _below(number, before)
    return _above_behind(number, behind) or _below_behind(number, behind)


def _of_two(first: Decimal, second: Decimal, before: Words, middle: Words, behind: Words) -> Bounds | None:
    """The bounds of a band: each number may have words before it or behind it, and words that join them between."""
    lower: Bounds | None = (first, first)
    bounded = bool(before)
    if before and not _is(before, "between"):
        lower = _above(first, before[1:] if "between" in before[0] else before)
    elif not before and middle and (lower_behind := _above_behind(first, middle[:1])):
        lower, middle, bounded = lower_behind, middle[1:], True
    joined = bool(middle) and ("to" in middle[0] or (bounded and "and" in middle[0]))
    ending = middle[1:] if joined else middle
    upper: Bounds | None = (second, second)
    if ending:
        upper = _below(second, ending) if not behind and (joined or bounded) else None
    elif behind:
        upper = _below_behind(second, behind) if joined or bounded else None
    elif not joined:
        upper = None
    return None if lower is None or upper is None else (lower[0], upper[1])


def _is(words: Words, kind: str) -> bool:
    return len(words) == 1 and kind in words[0]


def _above(number: Decimal, before: Words) -> Bounds | None:
    if _is(before, "more_than"):
        return _more_than(number)
    return (number, SHARE_MAX) if _is(before, "at_least") else None


def _below(number: Decimal, before: Words) -> Bounds | None:
    if _is(before, "less_than"):
        return _less_than(number)
    return (Decimal(0), number) if _is(before, "at_most") else None


def _above_behind(number: Decimal, behind: Words) -> Bounds | None:
    if _is(behind, "over_behind"):
        return _more_than(number)
    return (number, SHARE_MAX) if _is(behind, "or_more") else None


def _below_behind(number: Decimal, behind: Words) -> Bounds | None:
    if _is(behind, "under_behind"):
        return _less_than(number)
    return (Decimal(0), number) if _is(behind, "or_less") else None


def _more_than(number: Decimal) -> Bounds | None:
    """More than a percent: the lower end is the percent itself, as for a band of a register ("25-50" is above 25)."""
    return (number, SHARE_MAX) if number < SHARE_MAX else None


def _less_than(number: Decimal) -> Bounds | None:
    return (Decimal(0), number - SHARE_PLACES) if number > 0 else None


def hundredfold(fraction: Decimal) -> Decimal:
    """A fraction of 1 as a percent, exactly."""
    sign, digits, exponent = fraction.as_tuple()
    if exponent == 0:
        return fraction * 100
    return Decimal((sign, digits, exponent + 2)) if isinstance(exponent, int) else fraction


# --- bands ------------------------------------------------------------------------------------------------------------


def band(low: Decimal, high: Decimal) -> Share:
    """Return a share from 0 to 100 in whole billionths of a percent; UnreadableShareError where it is none."""
    if not (low.is_finite() and high.is_finite() and 0 <= low <= high <= SHARE_MAX):
        raise UnreadableShareError("expected a share from 0 to 100, the lower end of a band first")
    return low_end(low), _rounded(high, ROUND_CEILING)


def low_end(low: Decimal) -> Decimal:
    """The lower end of a share, never above what was stated."""
    return _rounded(low, ROUND_FLOOR)


def _rounded(share: Decimal, rounding: str) -> Decimal:
    exponent = share.as_tuple().exponent
    if isinstance(exponent, int) and SHARE_PLACES.as_tuple().exponent <= exponent <= 2:  # type: ignore[operator]
        return share
    return share.quantize(SHARE_PLACES, rounding=rounding)


def quoted(written: str) -> str:
    """The beginning of what was written, in quotes."""
    return repr(written[:QUOTED_CHARS_MAX])


def _unreadable(written: str) -> UnreadableShareError:
    return UnreadableShareError(f"{EXPECTED}, found {quoted(written)}")
