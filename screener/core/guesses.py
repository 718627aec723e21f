"""Guesses at a name -> hits, where one is a strong listed name word by word: for a person to judge.

A guess is a name in another order, with letters for digits that look like them, without a legal form that is misspelt
or written into a word, or with the other names of its party behind it. It is looked up as a whole, however common its
words are; what is only like a listed name is found in `match`.
"""

from __future__ import annotations

from itertools import accumulate, islice, permutations, product
from typing import TYPE_CHECKING

from screener.core.fold import words
from screener.core.names.score import DIGITS_LIKE
from screener.model import NO_PLACE, Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from screener.model import Party, Snapshot

GUESS_SCORE = 0.95
ORDERED_WORDS_MAX = 3
"""A name of more words says enough to be found as a similar one in another order."""
SPELLINGS_MAX = 16
CONTINUED_MAX = 3


def without_forms(name: str, guesses: Iterable[list[str]], named: set[int], snapshot: Snapshot) -> list[Hit]:
    """Strong names of entries that are not `named`, which are the words of a `Folder.guesses`."""
    return _looked_up(name, map(snapshot.fold.core, guesses), "same words but for a legal form", named, snapshot)


def in_other_orders(name: str, cores: Iterable[Sequence[str]], named: set[int], snapshot: Snapshot) -> list[Hit]:
    """Strong names of entries that are not `named`, of the same two or three words as a reading of a name."""
    few = (core for core in cores if 1 < len(core) <= ORDERED_WORDS_MAX)
    orders = (order for core in few for order in islice(permutations(core), 1, None))
    return _looked_up(name, orders, "same words in another order", named, snapshot)


def with_letters(name: str, readings: Iterable[Sequence[str]], named: set[int], snapshot: Snapshot) -> list[Hit]:
    """Strong names of entries that are not `named`, by the words of a reading with letters for digits among letters."""
    cores = (snapshot.fold.core(spelling) for words in readings for spelling in _spellings(words))
    return _looked_up(name, cores, "same words but for digits that look like letters", named, snapshot)


def continued(party: Party, named: set[int], snapshot: Snapshot) -> list[Hit]:
    """Strong names of entries that are not `named`, which a party's name and its next other names are together.

    Order systems have several lines for one name.
    """
    lines = [party.name, *party.other_names[:CONTINUED_MAX]]
    cores = (snapshot.fold.core(spoken) for spoken in islice(accumulate(map(words, lines)), 1, None))
    return _looked_up(party.name, cores, "same words with the other names behind it", named, snapshot)


def _spellings(words: Sequence[str]) -> Iterator[list[str]]:
    """The words with letters for digits, in the words that have letters too; none where there are no such."""
    if any(map(_is_mixed, words)):
        yield from map(list, islice(product(*map(_spelled, words)), SPELLINGS_MAX))


def _is_mixed(word: str) -> bool:
    return not (word.isalpha() or word.isdigit())


def _spelled(word: str) -> Sequence[str]:
    if not _is_mixed(word):
        return (word,)
    letters = product(*(DIGITS_LIKE.get(letter, letter) for letter in word))
    return [*map("".join, islice(letters, SPELLINGS_MAX)), word]


def _looked_up(
    name: str, guesses: Iterable[Sequence[str]], reason: str, named: set[int], snapshot: Snapshot
) -> list[Hit]:
    found: dict[int, Hit] = {}
    for guess in guesses:
        for entry, alias, _ in snapshot.whole.get("".join(guess), ()):
            if entry not in named and snapshot.entries[entry].aliases[alias].quality == "strong":
                hit = Hit(NO_PLACE, 0, len(name), name, entry, alias, "name_similar", GUESS_SCORE, (reason,))
                found.setdefault(entry, hit)
    return list(found.values())
