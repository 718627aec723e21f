"""Listed addresses: found by name and number, compared part by part, remembered."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from screener.core.address import Lexicon
from screener.core.premises import ENTRIES_NAMED_MAX, MATCHES_MAX, Premises, at_listed_address, compare
from screener.lists.addresses import compile_addresses, premises
from screener.lists.rules import read_tables
from screener.model import Alias, Hit, ListEntry, Place

TABLES = read_tables()
LEXICON = Lexicon(TABLES["address_words"])


def entry(name: str, *addresses: str, code: str = "EL") -> ListEntry:
    return ListEntry(code, name, (Alias(name, primary=True),), addresses=addresses)


def made(*entries: ListEntry) -> Premises:
    return premises(tuple(compile_addresses(entries, TABLES)), entries, TABLES)


ROOM = "Room 803, 8/F, Curlew House, 45-51 Dunlin Road South, Hong Kong"
TOWER = "No. 12 Lantern Road, Hefei, China"


@pytest.mark.parametrize(
    ("other", "level"),
    [
        (ROOM, "unit"),
        ("Rm 803, Curlew House, 45 - 51, Dunlin Rd. South", "unit"),
        ("Curlew House, 45-51 Dunlin Road South, Hong Kong", "building"),
        ("8/F Curlew House, 45-51 Dunlin Road South, Hong Kong", "building"),
        ("Room 804, Curlew House, 45-51 Dunlin Road South, Hong Kong", "other_unit"),
        ("Room 803, 9/F, Curlew House, 45-51 Dunlin Road South, Hong Kong", "other_unit"),
        ("Room 803, Avocet House, 60 Dunlin Road South, Hong Kong", None),
        ("Room 803, 8/F, 45-51 Avocet Road, Hong Kong", None),
        ("Hong Kong", None),
        ("", None),
    ],
)
def test_two_addresses_are_a_room_a_house_or_nothing(other: str, level: str | None) -> None:
    """The same room, the same house without it, another room of it, or another house."""
    agreement = compare(LEXICON.read(ROOM), LEXICON.read(other))
    assert (agreement.level if agreement else None) == level


def test_more_parts_that_agree_score_higher() -> None:
    """The score rises with what agrees, and another room lowers it."""
    scores = [
        compare(LEXICON.read(ROOM), LEXICON.read(text))
        for text in (ROOM, "Room 803, 45-51 Dunlin Road South", "Room 9, Curlew House, 45-51 Dunlin Road South")
    ]
    found = [agreement.score for agreement in scores if agreement]
    assert len(found) == 3
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 3


def test_an_address_is_one_row_however_many_have_it() -> None:
    """Entries that share an address share a row, and the country behind it makes no other one."""
    table = compile_addresses([entry("A", TOWER, f"{TOWER}, CN"), entry("B", TOWER)], TABLES)
    assert table.rows == [[[0, 0], [0, 1], [1, 0]]]


@pytest.mark.parametrize(
    "vague", ["Hefei, CN", "CN", "", "P.O. Box 5, Hefei, CN", "12 Lantern Road", "Lantern Road, Hefei, China"]
)
def test_a_vague_address_is_left_out(vague: str) -> None:
    """An address without a street, a number or a town is not kept."""
    assert compile_addresses([entry("A", vague)], TABLES).rows == []


def test_lists_that_the_rules_do_not_name_are_left_out() -> None:
    """Only the addresses of the lists in the rules are kept, and none of a confidential entry."""
    kept = [entry("A", TOWER, code=code) for code in ("EL", "MEU", "SDN", "DPL", "OWN")]
    assert len(compile_addresses(kept, TABLES).rows[0]) == 3
    assert compile_addresses([replace(kept[0], confidential=True)], TABLES).rows == []


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    """The same text gets the same answer again, and the same from another table."""
    one, two = made(entry("A", TOWER), entry("Address 01", ROOM)), made(entry("A", TOWER), entry("Address 01", ROOM))
    texts = [TOWER, ROOM, "elsewhere", TOWER]
    assert [one.find(text) for text in texts] == [two.find(text) for text in reversed(texts)][::-1]
    assert [at.entry for at in one.find(TOWER)] == [0]


def test_what_is_found_is_bounded() -> None:
    """Of an address that very many entries share, so many are found, and a party's finding names fewer."""
    many = [entry(f"N {number}", TOWER) for number in range(MATCHES_MAX + 10)]
    assert len(made(*many).find(TOWER)) == MATCHES_MAX


def test_corroboration_is_graded_and_needs_the_entrys_address() -> None:
    """An address of the entry speaks for it, another entry's does not, and a room agrees more than a house."""
    held = made(entry("A", TOWER), entry("B", ROOM), entry("C", "CN"))
    assert held.corroborates(TOWER, 0) > 0.7
    assert held.corroborates(ROOM, 1) > held.corroborates("Curlew House, 45-51 Dunlin Road South, Hong Kong", 1) > 0
    assert held.corroborates(TOWER, 1) == held.corroborates("CN", 2) == 0


@pytest.mark.parametrize(
    "text", ["12 " * 30_000, "Lantern Road 12 Hefei " * 5_000, "x" * 100_000, "12 Lantern Road, " * 100_000]
)
def test_a_hostile_length_is_bounded(text: str) -> None:
    """A text of any length gets an answer; only its beginning is read, and it is not remembered."""
    held = made(entry("A", TOWER), entry("Address 01", ROOM))
    assert len(held.find(text)) <= 2
    assert held.find_within(text) == ()


def hits(
    held: Premises, *addresses: str, notes: str = "", named: tuple[Hit, ...] = ()
) -> list[tuple[object, int, str]]:
    order = SimpleNamespace(parties=[SimpleNamespace(address=text) for text in addresses], end_use="", notes=notes)
    found = at_listed_address(order, SimpleNamespace(premises=held), named)  # type: ignore[arg-type]
    return [(hit.place.party, hit.entry, hit.rule) for hit in found]


def test_only_so_many_entries_are_named() -> None:
    """A party's address names at most so many entries, and every entry without a name."""
    named = [entry(f"N {number}", TOWER) for number in range(ENTRIES_NAMED_MAX + 2)]
    held = made(entry("Address 01", TOWER), *named)
    found = hits(held, TOWER, "", TOWER)
    assert [rule for party, _, rule in found if party == 0] == ["address"] + ["listed_address"] * ENTRIES_NAMED_MAX
    assert {party for party, _, _ in found} == {0, 2}


def test_an_entry_that_is_named_is_not_found_by_its_address() -> None:
    """A party that a hit names as the entry gets no hit by address; another party at the address does."""
    held = made(entry("A", TOWER))
    by_name = Hit(Place(0, None, "name"), 0, 1, "X", 0, 0, "name_whole")
    assert hits(held, TOWER, TOWER, named=(by_name,)) == [(1, 0, "listed_address")]


def test_the_notes_are_searched_for_addresses_without_a_name() -> None:
    """An address without a name is found anywhere in long notes, to the room; a named entry's is not."""
    held = made(entry("Address 01", ROOM), entry("A", TOWER))
    for before in range(0, 700, 37):
        assert hits(held, notes="word " * before + ROOM + " word" * 50) == [(None, 0, "address_in_text")]
    assert hits(held, notes=TOWER) == hits(held, notes="Curlew House, 45-51 Dunlin Road South") == []
