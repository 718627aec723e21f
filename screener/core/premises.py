"""Listed addresses: how far two addresses agree, which listed ones a text is at, and what that means for an order.

`compare` holds a listed address against another one: the same room, the same house with a room on one side only,
another room of it, or nothing. `Premises` finds the few listed addresses worth comparing by keys (a name and a house
number beside it, in any order) and remembers the answers to the texts it met last. `at_listed_address` is the stage:
a party at the address of an entry that has no name of its own, and a party of another name at a listed party's address.

It promises: total, bounded by the length of the text, and the same answer whatever was asked before. What a hit does
to an order is not decided here.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple

from screener.core.address import TEXT_CHARS_MAX
from screener.core.fold import words
from screener.memory import Shelf
from screener.model import Hit, Place
from screener.protocols import AtAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from screener.core.address import Address, Lexicon, Phrase
    from screener.model import ListEntry, Order, Snapshot

EDIT_LETTERS_MIN = 7  # from this length on one letter may differ
PHRASE_LETTERS_MIN = 4
PLAIN_UNIT_LETTERS_MAX = 2  # "Unit 4" and "Room B" say a room on a floor only
HEAD_LETTERS = 5
NAME_LETTERS_MIN = 3
MATCHES_MAX = 50
ENTRIES_NAMED_MAX = 5
REMEMBERED_MAX = 20_000
WINDOW_CHARS = 240  # of a longer text, such as the notes, that an address is looked for in at a time
WINDOW_STEP_CHARS = 120

_SMALL = bytes(c + 32 if 65 <= c <= 90 else c if 97 <= c <= 122 else 32 for c in range(256))
_LETTERS = _SMALL.replace(b"y", b"i").replace(b"j", b"i")
_DIGITS = bytes(c if 48 <= c <= 57 else 32 for c in range(256))
_APOSTROPHES = b"'`"
_NUMBERS = re.compile("[0-9]+")
_APART = ";"

Level = Literal["unit", "building", "other_unit"]


class Agreement(NamedTuple):
    """How far a listed address and another one agree.

    `level`: the same room or all of a listed house; the same house, a room on one side only; another room.
    `certain`: name, number and town agree, and nothing speaks against it. `parts` names what agrees.
    """

    level: Level
    certain: bool
    score: float
    parts: tuple[str, ...]


# --- comparing -------------------------------------------------------------------------------------------------------


def compare(listed: Address, other: Address) -> Agreement | None:
    """How far another address is the listed one; None where they are not one house."""
    agreed = [phrase for phrase in listed.phrases if _named(phrase, other)]
    strict = [phrase for phrase in agreed if _same_part(phrase, other)]
    number = _numbers_agree(listed, other)
    room = _room(listed, other)
    town = bool(listed.areas & other.grams) or bool(listed.postcodes & other.postcodes)
    street = any(phrase.kind[:6] != "place." for phrase in agreed)
    place = any(phrase.kind[:6] == "place." for phrase in agreed)
    if not _one_house(number, street=street, place=place, room=room, town=town):
        return None
    fitting = number == "all" or (number == "none" and room == "unit" and bool(listed.units or listed.floors))
    certain = fitting and town and _on_the_spot(listed, strict) and not _elsewhere(listed, other, strict)
    said = [("street", street), ("place", place), ("number", number in {"all", "some"}), ("town", town)]
    parts = [name for name, agrees in said if agrees] + (["unit"] if room == "unit" and listed.units else [])
    score = 0.5 + 0.1 * len(parts) - (0.3 if room == "other_unit" else 0.15 if room == "building" else 0.0)
    return Agreement(room, certain, round(score, 2), tuple(parts))


def _one_house(number: str, *, street: bool, place: bool, room: Level, town: bool) -> bool:
    if number == "other":
        return street and place and town and room == "unit"  # a house number typed wrong
    if number == "none":
        return place and town and (street or room == "unit")
    return (street or place) and (town or (street and place) or room == "unit")


def _named(phrase: Phrase, other: Address) -> bool:
    """Whether the other address has the words of a street or place, and not as the name of another kind of street."""
    alike = [core for core in other.grams if core == phrase.core or _one_edit(core, phrase.core)]
    if not alike:
        return False
    kinds = {row.kind for row in other.phrases if row.core in alike}
    return not phrase.kind or phrase.kind in kinds or not any(kinds)


def _same_part(phrase: Phrase, other: Address) -> bool:
    """Whether "East" and "West" of a street agree as well."""
    rows = [row for row in other.phrases if row.core == phrase.core]
    return any(row.parts == phrase.parts for row in rows) if rows else phrase.parts <= other.grams


def _one_edit(one: str, two: str) -> bool:
    """Whether two long words differ in one letter, left out, put in, replaced or swapped with its neighbor."""
    if min(len(one), len(two)) < EDIT_LETTERS_MIN or abs(len(one) - len(two)) > 1 or one[0] != two[0]:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    rest1, rest2 = one[at:], two[at:]
    return (
        rest1[1:] == rest2[1:]
        or rest1[1:] == rest2
        or rest1 == rest2[1:]
        or (rest1[:2] == rest2[1::-1] and rest1[2:] == rest2[2:])
    )


def _numbers_agree(listed: Address, other: Address) -> Literal["all", "some", "none", "other"]:
    """Whether the house numbers agree: all, some, none to compare, or they are others."""
    if not listed.numbers or not other.numbers:
        return "none" if not listed.numbers or not other.every & listed.numbers else "some"
    if listed.numbers <= other.every and other.numbers <= listed.every:
        return "all"
    return "some" if listed.numbers & other.numbers else "other"


def _room(listed: Address, other: Address) -> Level:
    pairs = [(listed.blocks, other.blocks), (listed.floors, other.floors), (listed.units, other.units)]
    if any(one and two and not _overlap(one, two) for one, two in pairs):
        return "other_unit"
    (block1, block2), (floor1, floor2), (unit1, unit2) = pairs
    if (block1 and not block2) or (unit1 and not unit2) or (floor1 and not floor2 and not unit1):
        return "building"
    plain = unit1 and all(len(unit) <= PLAIN_UNIT_LETTERS_MAX for unit in unit1)
    return "building" if plain and floor1 and not floor2 else "unit"


def _one_tenant(agreement: Agreement, listed: Address, other: Address) -> bool:
    """Whether the same room is meant, or a house that neither divides: a room in a listed house may be anybody's."""
    rooms = bool(other.units or other.floors)
    return agreement.level == "unit" and (not rooms or bool(listed.units or listed.floors))


def _overlap(one: frozenset[str], two: frozenset[str]) -> bool:
    """Whether rooms are the same, by their numbers where both have some."""
    digits1, digits2 = ({unit for unit in units if any(map(str.isdigit, unit))} for units in (one, two))
    return bool(digits1 & digits2) if digits1 and digits2 else bool(one & two)


def _on_the_spot(listed: Address, agreed: Sequence[Phrase]) -> bool:
    """Whether the street of the house number is among what agrees, or the building where the address has no street."""
    if sum(len(phrase.core) for phrase in agreed) < PHRASE_LETTERS_MIN:
        return False
    streets = [phrase for phrase in listed.phrases if phrase.kind[:6] != "place."]
    beside = [phrase for phrase in streets if phrase.numbered] or streets
    return any(phrase in agreed if beside else phrase.kind == "place.building" for phrase in beside or agreed)


def _elsewhere(listed: Address, other: Address, agreed: Sequence[Phrase]) -> bool:
    """Whether both name streets and none of them is the same."""
    streets = [
        {phrase.core for phrase in phrases if phrase.kind[:6] == "street"}
        for phrases in (listed.phrases, other.phrases, agreed)
    ]
    return bool(streets[0]) and bool(streets[1]) and not streets[2]


# --- looking up ------------------------------------------------------------------------------------------------------


def _plain(text: str) -> bytes:
    return (text if text.isascii() else " ".join(words(text))).encode("ascii", "ignore")


def _heads(raw: bytes) -> tuple[str, list[str]]:
    """The letters of a text in one; the first letters from each of its words on, across blanks, and its words.

    So a name is found however it is parted into words, but for one of fewer than `HEAD_LETTERS` letters.
    """
    letters = raw.translate(_LETTERS, _APOSTROPHES).decode().split()
    glued = "".join(letters)
    return glued, [glued[at : at + HEAD_LETTERS] for at in accumulate(map(len, letters), initial=0)] + letters


def keys(address: Address) -> Iterator[str]:
    """What an address can be found by: each name's beginning with each number of the house, or else of the room."""
    beside = tuple(phrase for phrase in address.phrases if phrase.numbered)
    for head in beginnings(address._replace(phrases=beside)) or beginnings(address):
        for number in _digits(address):
            yield head + number


def _digits(address: Address) -> set[str]:
    """The numbers of the house, or of the room where it has none, without their letters."""
    return {found for number in address.numbers or address.units for found in _NUMBERS.findall(number)}


def needed(address: Address, respelled: Mapping[str, Sequence[str]], *, nameless: bool) -> str:
    """All of the numbers, one of the names and one of the towns that a text must have to be at an address.

    Each is words between blanks, with a ";" between the three; only names are needed where a name may do.
    """
    names = " ".join([phrase.core for phrase in address.phrases])
    if nameless:
        return _APART.join(["", names, ""])
    towns = () if address.postcodes else sorted(address.areas)
    spelled = [spelling for area in towns for spelling in (area, *respelled.get(area, ()))]
    return _APART.join([" ".join(sorted(_digits(address))), names, " ".join(spelled)])


def beginnings(address: Address) -> set[str]:
    """The first letters of the names of an address; of the shortest names none."""
    return {phrase.core[:HEAD_LETTERS] for phrase in address.phrases if len(phrase.core) >= NAME_LETTERS_MIN}


class Premises:
    """The listed addresses of a snapshot; answers for a text, remembered.

    `rows[i]` are the (entry, number of the address) of one address, `needs[i]` what a text must have to be at it (see
    `needed`); `found_by` maps keys to rows, `alone` the names of addresses that a name alone may find.
    """

    __slots__ = (
        *(
            "_alone",
            "_entries",
            "_found_by",
            "_lexicon",
            "_nameless",
            "_names",
            "_needs",
            "_read",
            "_remembered",
            "_rows",
        ),
    )

    def __init__(
        self,
        rows: Sequence[Sequence[Sequence[int]]],
        needs: Sequence[str],
        found_by: Mapping[str, Sequence[int]],
        names: Iterable[str],
        alone: Mapping[str, Sequence[int]],
        entries: Sequence[ListEntry],
        lexicon: Lexicon,
    ) -> None:
        """Take the table that `lists/addresses.py` made."""
        self._rows = rows
        self._needs = needs
        self._found_by = found_by
        self._names = frozenset(names)
        self._alone = alone
        self._nameless = frozenset(row for held in alone.values() for row in held)
        self._entries = entries
        self._lexicon = lexicon
        self._read: dict[int, Address] = {}
        self._remembered: Shelf[str, tuple[AtAddress, ...]] = Shelf(REMEMBERED_MAX)

    def find(self, text: str) -> tuple[AtAddress, ...]:
        """The listed addresses that a text is at, those that agree most first."""
        known = self._remembered.get(text)
        return self._remembered.keep(text, self._search(text)) if known is None else known

    def find_within(self, text: str) -> tuple[AtAddress, ...]:
        """The addresses of entries without a name that a longer text holds, to the room."""
        if not self._alone or self._alone.keys().isdisjoint(_heads(_plain(text))[1]):
            return ()
        found: dict[int, AtAddress] = {}
        for start in range(0, max(len(text) - WINDOW_STEP_CHARS, 1), WINDOW_STEP_CHARS):
            for at in self._search(text[start : start + WINDOW_CHARS]):
                if at.nameless and at.level == "unit":
                    found.setdefault(at.entry, at)
        return tuple(found.values())

    def _search(self, text: str) -> tuple[AtAddress, ...]:
        raw = _plain(text[:TEXT_CHARS_MAX])
        glued, heads = _heads(raw)
        named = self._names.intersection(heads)
        return self._compared(text, self._candidates(raw, glued, named)) if named else ()

    def _candidates(self, raw: bytes, glued: str, named: Iterable[str]) -> list[int]:
        numbers = set((b" " + raw.translate(_DIGITS)).replace(b" 0", b" ").decode().split())
        found: set[int] = set()
        for head in named:
            if head in self._alone:
                found.update(self._alone[head])
            for number in numbers:
                if head + number in self._found_by:
                    found.update(self._found_by[head + number])
        return sorted(row for row in found if self._may_be(row, glued, numbers)) if found else []

    def _may_be(self, row: int, glued: str, numbers: set[str]) -> bool:
        """Whether the numbers, one of the names and one of the towns that a listed address needs are in a text."""
        digits, names, towns = self._needs[row].split(_APART)
        if not numbers.issuperset(digits.split()):
            return False
        for name in names.split():
            if name in glued:
                break
        else:
            return False
        return not towns or any(town in glued for town in towns.split())

    def _compared(self, text: str, candidates: Sequence[int]) -> tuple[AtAddress, ...]:
        if not candidates:
            return ()
        other = self._lexicon.read(text)
        found: list[AtAddress] = []
        for row in candidates:
            listed = self._address(row)
            agreement = compare(listed, other)
            nameless = row in self._nameless
            if agreement and (nameless or (agreement.certain and _one_tenant(agreement, listed, other))):
                level, _, score, parts = agreement
                found += [AtAddress(entry, at, nameless, level, score, parts) for entry, at in self._rows[row]]
        found.sort(key=lambda at: (not at.nameless, -at.score, at.entry, at.alias))
        return tuple(found[:MATCHES_MAX])

    def _address(self, row: int) -> Address:
        read = self._read.get(row)
        if read is None:
            entry, at = self._rows[row][0]
            read = self._read[row] = self._lexicon.read(self._entries[entry].addresses[at])
        return read

    def corroborates(self, text: str, entry: int) -> float:
        """How far a text is at an address of an entry, whatever its list: 0 (not) to 1; for the scores of names."""
        other = self._lexicon.read(text)
        agreements = [compare(self._lexicon.read(address), other) for address in self._entries[entry].addresses]
        return max((agreement.score for agreement in agreements if agreement and agreement.certain), default=0.0)


# --- the stage -------------------------------------------------------------------------------------------------------


def at_listed_address(order: Order, snapshot: Snapshot, named: Iterable[Hit] = ()) -> list[Hit]:
    """Hits of parties at listed addresses; an entry that a party is `named` as gives none."""
    premises = snapshot.premises
    hits: list[Hit] = []
    for number, party in enumerate(order.parties):
        found = premises.find(party.address) if party.address else ()
        if found:
            own = {hit.entry for hit in named if hit.place.party == number}
            hits += _of_party(Place(number, None, "address"), party.address, found, own)
    for field, text in (("end_use", order.end_use), ("notes", order.notes)):
        for at in premises.find_within(text) if text else ():
            hits.append(Hit(Place(None, None, field), 0, len(text), text, at.entry, at.alias, "address_in_text"))
    return hits


def _of_party(place: Place, text: str, found: Sequence[AtAddress], own: set[int]) -> Iterator[Hit]:
    named = 0
    seen = set(own)
    for at in found:
        if at.entry in seen:
            continue
        seen.add(at.entry)
        if at.nameless:
            rule = "address" if at.level == "unit" else "address_building"
        elif named < ENTRIES_NAMED_MAX:
            named += 1
            rule = "listed_address"
        else:
            break
        yield Hit(place, 0, len(text), text, at.entry, at.alias, rule)
