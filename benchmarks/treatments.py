"""Ways in which names come misspelt, as data are typed, cut and converted: a name -> its variants.

The same name, treatment and seed give the same variants on every machine. A variant is never the name itself, and a
treatment that has nothing to do in a name (an accent in a name without one) gives none.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20261122
VARIANTS_MAX = 3
TRIES = 4  # as often as this many draws a variant are made, some of which may be equal
NO_BREAK_SPACE = "\u00a0"
VOWELS = "aeiou"
_LETTERS = re.compile(r"[^\W\d_]{3,}")  # words long enough that one letter less or more leaves a name


def _swapped(name: str, draw: random.Random) -> str:
    places = [at for begin, stop in _words(name) for at in range(begin, stop - 1) if name[at] != name[at + 1]]
    if not places:
        return name
    at = draw.choice(places)
    return f"{name[:at]}{name[at + 1]}{name[at]}{name[at + 2 :]}"


def _doubled(name: str, draw: random.Random) -> str:
    at = _any_letter(name, draw)
    return name if at is None else f"{name[: at + 1]}{name[at:]}"


def _dropped(name: str, draw: random.Random) -> str:
    at = _any_letter(name, draw)
    return name if at is None else f"{name[:at]}{name[at + 1 :]}"


def _vowel_changed(name: str, draw: random.Random) -> str:
    places = [at for begin, stop in _words(name) for at in range(begin, stop) if name[at].lower() in VOWELS]
    if not places:
        return name
    at = draw.choice(places)
    other = draw.choice([vowel for vowel in VOWELS if vowel != name[at].lower()])
    return f"{name[:at]}{other.upper() if name[at].isupper() else other}{name[at + 1 :]}"


def _order_changed(name: str, draw: random.Random) -> str:
    words = name.split()
    draw.shuffle(words)
    return " ".join(words)


def _no_break_spaces(name: str, draw: random.Random) -> str:
    del draw
    return name.replace(" ", NO_BREAK_SPACE)


def _non_ascii_lost(name: str, draw: random.Random) -> str:
    lost = draw.choice(("", "?"))
    return "".join(letter if letter.isascii() else lost for letter in name)


TREATMENTS: dict[str, Callable[[str, random.Random], str]] = {
    "letters swapped": _swapped,
    "letter doubled": _doubled,
    "letter dropped": _dropped,
    "vowel changed": _vowel_changed,
    "word order": _order_changed,
    "no-break spaces": _no_break_spaces,
    "non-ASCII lost": _non_ascii_lost,
}


def variants(name: str, treatment: str, count: int = VARIANTS_MAX, seed: int = SEED) -> list[str]:
    """Up to `count` distinct misspelt forms of a name, none of them the name, none without a letter or digit."""
    draw = random.Random(f"{seed} {treatment} {name!a}")  # noqa: S311  no secret
    found = dict.fromkeys(TREATMENTS[treatment](name, draw) for _ in range(count * TRIES))
    return [form for form in found if form != name and any(map(str.isalnum, form))][:count]


def _words(name: str) -> list[tuple[int, int]]:
    return [found.span() for found in _LETTERS.finditer(name)]


def _any_letter(name: str, draw: random.Random) -> int | None:
    places = [at for begin, stop in _words(name) for at in range(begin, stop)]
    return draw.choice(places) if places else None
