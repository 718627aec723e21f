"""Addresses: what each word and number says, in the lexicon of the rules."""

from __future__ import annotations

import pytest

from screener.core.address import RANGE_ROOMS_MAX, TEXT_CHARS_MAX, Lexicon
from screener.lists.rules import read_tables

LEXICON = Lexicon(read_tables()["address_words"])


def said(text: str) -> dict[str, list[str]]:
    """The numbers of an address by what they are."""
    address = LEXICON.read(text)
    named = {
        "number": address.numbers,
        "block": address.blocks,
        "floor": address.floors,
        "unit": address.units,
        "postcode": address.postcodes,
    }
    return {name: sorted(found) for name, found in named.items() if found}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Room 1318-19, 13F, 610 Nathan Road", {"unit": ["1318", "1319"], "floor": ["13"], "number": ["610"]}),
        ("UNIT 04 7/F BRIGHT TOWER NO. 33 HILL ROAD", {"unit": ["4"], "floor": ["7"], "number": ["33"]}),
        ("Flat B 607, 6th Floor, Jumbo Building", {"unit": ["b607"], "floor": ["6"]}),
        ("Unit D, 16/F One Place, 18 Hill Rd", {"unit": ["d"], "floor": ["16"], "number": ["18"]}),
        ("2 - 16 Fa Yuen Street", {"number": ["16", "2"]}),
        ("No.2-16 Fa Yuen Street", {"number": ["16", "2"]}),
        ("14C, Plover Main Street", {"number": ["14c"]}),
        (
            "Building 4, No. 999 Hailan Road, Shanghai 200000",
            {"block": ["4"], "number": ["999"], "postcode": ["200000"]},
        ),
        ("Tower 1, Lippo Centre, 89 Queensway", {"block": ["1"], "number": ["89"]}),
        ("ul. Lenina, d. 5, korp. 2, of. 206", {"number": ["5"], "block": ["2"], "unit": ["206"]}),
        ("No: 52 Hasat Sk., Ic Kapi No: 1, Sisli", {"number": ["52"], "unit": ["1"]}),
        ("上海市海兰路999号4号楼305室", {"number": ["999"], "block": ["4"], "unit": ["305"]}),
        ("10 Anson Road, 29-05 International Plaza, Singapore", {"number": ["10"], "unit": ["2905"]}),
        (
            "1305-1308, Building 1, No. 8 Keyuan Road",
            {"unit": ["1305", "1306", "1307", "1308"], "block": ["1"], "number": ["8"]},
        ),
        ("2/F, Building#5, 1690 Cailun Road", {"floor": ["2"], "block": ["5"], "number": ["1690"]}),
        ("Room 1002, #1 Building, No.3000 Longdong Avenue", {"unit": ["1002"], "block": ["1"], "number": ["3000"]}),
        ("Zhichun road NO7 Building B Room1203", {"number": ["7"], "block": ["b"], "unit": ["1203"]}),
        ("Building No.4, Yard No.5, Hill Road", {"block": ["4"], "number": ["5"]}),
        ("P.O. Box 25123, Dubai", {}),
        ("7150 Rue Chouinard, Montreal", {"number": ["7150"]}),
        (
            "10 Anson Road, #29-05 Gull Plaza, 079903, Singapore",
            {"number": ["10"], "unit": ["2905"], "postcode": ["79903"]},
        ),
    ],
)
def test_a_number_is_what_stands_beside_it(text: str, numbers: dict[str, list[str]]) -> None:
    """Room, floor, block, house number and postcode are told apart by the words beside the numbers."""
    assert said(text) == numbers


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("18 Luard Rd", "luard", "street.road"),
        ("Luard Street 18", "luard", "street"),
        ("ul. Verejskaja, 41", "vereiskaia", "street"),
        ("Hasat Sokak No: 52", "hasat", "street"),
        ("Ho King Commercial Ctr., 5 Fa Yuen St", "hoking", "place.building"),
        ("89 Queensway", "queenswai", ""),
    ],
)
def test_a_name_is_told_by_the_word_for_a_street_or_place(text: str, name: str, kind: str) -> None:
    """The word before or behind a name says of which kind it is; a name beside a number needs none."""
    assert (name, kind) in {(phrase.core, phrase.kind) for phrase in LEXICON.read(text).phrases}


def test_directions_are_kept_apart() -> None:
    """East and West are part of a street and not of its name."""
    found = [LEXICON.read(text).phrases[0] for text in ("12 Hill East Road", "12 East Hill Road", "12 Hill E. Road")]
    assert {(phrase.core, phrase.parts) for phrase in found} == {("hill", frozenset({"east"}))}


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Room 5-35", RANGE_ROOMS_MAX + 1),
        ("Room 5-36", 2),
        ("Room 5-5", 1),
        ("Room 17-5", 1),
        ("Room 999999990-999999999", 10),
        ("Room 9999999990-9999999999", 2),
        (f"Room {'9' * 900}0-{'9' * 901}", 2),
    ],
)
def test_rooms_of_a_range_are_bounded(text: str, units: int) -> None:
    """A range of up to thirty rooms is each of them; a longer one, or of longer numbers, its ends."""
    assert len(LEXICON.read(text).units) == units


def test_only_the_beginning_is_read() -> None:
    """What stands behind the limit is not read, and what stands before it is."""
    street = "18 Luard Road"
    filler = "," * (TEXT_CHARS_MAX - len(street))
    assert LEXICON.read(filler + street).numbers == {"18"}
    assert LEXICON.read("," * TEXT_CHARS_MAX + street).phrases == ()
    assert LEXICON.read("Room 5 " * 20_000).units == {"5"}


@pytest.mark.parametrize(
    "text", ["", " ", ",,,;", "-", "#", "№", "\u0000", "\U0001f3e0", "upto", "5 upto", "5-", "a" * 100_000]
)
def test_nothing_in_it_is_an_empty_address(text: str) -> None:
    """A text without an address gives no street and no room."""
    address = LEXICON.read(text)
    assert not address.units
    assert not [phrase for phrase in address.phrases if phrase.kind]
