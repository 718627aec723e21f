"""Each address of the Entity List without a name is found in every way to write it, and a real register stays quiet."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from screener.core import screen
from screener.lists.addresses import is_nameless
from screener.model import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.lists.build import Built
    from screener.model import ListEntry, Snapshot

TERMS = Terms(as_of="2026-08-01")
ENTRIES = 19

SHORT = {
    "Street": "St",
    "Road": "Rd.",
    "Building": "Bldg",
    "Centre": "Ctr",
    "Center": "Ctr",
    "Room": "Rm",
    "Kowloon": "KLN",
}
LONG = {"St": "Street", "Rd": "Road", "Rm": "Room", "Sk": "Sokak", "Mah": "Mahallesi", "N.T": "New Territories"}
WORDED = re.compile(r"[A-Za-z.]*[A-Za-z]")
ROOM = re.compile(r"^(?:Flat(?:/RM)?|Unit|Room|Office|Rm\.) \S+\s?,?|\b[0-9]+/?F\b,?|Ic Kapi No: 1,", re.IGNORECASE)


def bare(address: str) -> str:
    """The address without the country's code."""
    return re.sub(r",\s*[A-Z]{2}$", "", address)


def worded(words: dict[str, str]) -> Callable[[str], str]:
    return lambda address: WORDED.sub(lambda found: words.get(found.group(), found.group()), bare(address))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as published": str,
    "without the country": bare,
    "in upper case": lambda address: bare(address).upper(),
    "in lower case": lambda address: bare(address).lower(),
    "parts reversed": lambda address: ", ".join(reversed(bare(address).split(", "))),
    "over lines": lambda address: bare(address).replace(", ", "\n"),
    "with short words": worded(SHORT),
    "with long words": worded(LONG),
    "with blanks around hyphens": lambda address: re.sub(r"(?<=\d)-(?=\d)", " - ", bare(address)),
    "with more blanks": lambda address: bare(address).replace(" ", "   "),
    "with No. before the house": lambda address: re.sub(r"\b([0-9]+-[0-9]+) (?=[A-Z])", r"No.\1 ", bare(address)),
}


@pytest.fixture(scope="module")
def real(edition: Built) -> Snapshot:
    return replace(edition.snapshot)


@pytest.fixture(scope="module")
def nameless(real: Snapshot) -> list[ListEntry]:
    return [entry for entry in real.entries if is_nameless(entry)]


def answered(address: str, real: Snapshot) -> tuple[str, dict[str, str]]:
    """The outcome, and the entries found by their address with the codes."""
    order = {"order_id": "O-1", "parties": [{"role": "end_user", "name": "Meadow Lane Bakery", "address": address}]}
    told = orjson.loads(screen(orjson.dumps(order), real, TERMS).value)
    return told["outcome"], {row["entry_id"]: row["code"] for row in told.get("findings", ()) if "entry_id" in row}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_an_address_without_a_name_is_blocked(
    spelling: str, real: Snapshot, nameless: list[ListEntry]
) -> None:
    """Every address of the entries without a name stops a party there, in every spelling, naming the entry."""
    assert len(nameless) == ENTRIES
    for entry in nameless:
        for address in entry.addresses:
            outcome, found = answered(SPELLINGS[spelling](address), real)
            assert (outcome, found.get(entry.entry_id)) == ("block", "EL_ADDRESS"), SPELLINGS[spelling](address)


def test_the_house_without_the_room_is_reviewed(real: Snapshot, nameless: list[ListEntry]) -> None:
    """An address without its room and floor is a review that names the entry; one that has no room stays a block."""
    reviewed = 0
    for entry in nameless:
        address = bare(entry.addresses[0])
        house = ROOM.sub("", address).strip(" ,")
        outcome, found = answered(house, real)
        expected = ("block", "EL_ADDRESS") if house == address else ("review", "EL_ADDRESS_BUILDING")
        assert (outcome, found.get(entry.entry_id)) == expected, house
        reviewed += outcome == "review"
    assert reviewed == ENTRIES - 1


def test_another_town_is_not_the_address(real: Snapshot, nameless: list[ListEntry]) -> None:
    """The street and number alone, in another town, are nothing."""
    for street in ("610 Nathan Road, Atlanta, GA 30331, US", "18 Luard Road, Sydney", "89 Queensway, London"):
        assert answered(street, real)[0] == "clear", street
    assert nameless
