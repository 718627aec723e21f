"""Hits: where a listed name stands, in which field, and that one entry is found once at one place."""

import json
from pathlib import Path

import pytest

from screener.core.decode import decode
from screener.core.match import SIMILAR_PARTS_MAX, match
from screener.core.readings import RUN_PARTS_MAX
from screener.lists.build import Inputs, build

LISTS = Path(__file__).parents[2] / "cases" / "screening" / "lists"


@pytest.fixture(scope="module")
def snapshot():
    return build(Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"])).snapshot


def hits(snapshot, **members):
    order = {"order_id": "O-1", "parties": [{"name": "Meadow Lane Bakery"}], **members}
    return match(decode(json.dumps(order).encode()), snapshot)


def found(snapshot, **members):
    """Place, text and entry id of each hit."""
    return [
        (hit.place.party, hit.place.item, hit.place.field, hit.text, snapshot.entries[hit.entry].entry_id)
        for hit in hits(snapshot, **members)
    ]


def test_places_are_named(snapshot):
    """A hit says party or item by number, and the field."""
    bakery = {"name": "Meadow Lane Bakery"}
    listed = "Northwind Photonics"
    assert [
        place
        for *place, _, _ in found(
            snapshot,
            parties=[bakery, bakery | {"other_names": ["x", listed], "address": listed}, {"name": listed}],
            items=[{}, {"description": listed, "maker": listed, "model": listed}],
            end_use=listed,
            notes=listed,
        )
    ] == [
        [1, None, "other_names[1]"],
        [1, None, "address"],
        [2, None, "name"],
        [None, 1, "description"],
        [None, 1, "maker"],
        [None, 1, "model"],
        [None, None, "end_use"],
        [None, None, "notes"],
    ]


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ("for Northwind Photonics only", "Northwind Photonics"),
        ("for NORTHWIND  Photonics.", "NORTHWIND  Photonics"),
        ("für „Northwind—Photonics“", "Northwind—Photonics"),
        ("cafe\u0301 Mu\u0308ller-O\u0308ztu\u0308rk Feinmechanik", "Mu\u0308ller-O\u0308ztu\u0308rk Feinmechanik"),
        ("to ＮＯＲＴＨＷＩＮＤ　Photonics!", "ＮＯＲＴＨＷＩＮＤ　Photonics"),
        ("ﬁve ﬂats, North\u00adwind Photonics", "North\u00adwind Photonics"),
        ("\U0001f680\U0001f680 Northwind Photonics", "Northwind Photonics"),
        ("Northwind Co., Ltd. Photonics", "Northwind Co., Ltd. Photonics"),
        ("\u09c7\u09be\u09c7\u09be Northwind Photonics", "Northwind Photonics"),
    ],
)
def test_span_points_at_the_text_as_written(snapshot, notes, text):
    """The span counts characters of the field as the order writes it, whatever the fold made of them."""
    [hit] = hits(snapshot, notes=notes)
    assert (hit.text, notes[hit.start : hit.end]) == (text, text)


def test_first_occurrence_is_the_hit(snapshot):
    """A name that stands twice in a text is told once, at its first place."""
    spans = [(hit.start, hit.end) for hit in hits(snapshot, notes="Zorvantek, then Zorvantek")]
    assert spans == [(0, 9)]


def test_longest_name_of_an_entry_counts(snapshot):
    """Where several names of an entry begin at one place, the longest is told."""
    name = "Harrier Airframe Design Institute HADI, Hall 4"
    assert found(snapshot, parties=[{"name": name}]) == [
        (0, None, "name", "Harrier Airframe Design Institute HADI", "meu-harrier")
    ]


@pytest.mark.parametrize(
    "name", ["Établissements Crémieux-Façade", "Müller-Öztürk Feinmechanik", "O'Neil & Sons Optronics"]
)
def test_whole_name_is_one_hit(snapshot, name):
    """A whole name is one hit an entry, however many of its spellings it equals."""
    assert len(hits(snapshot, parties=[{"name": name}])) == 1


def test_whole_name_with_a_word_of_itself_is_one_hit(snapshot):
    """The whole name is not found once more by what stands inside it."""
    [hit] = hits(snapshot, parties=[{"name": "Harrier Airframe Design Institute (HADI)"}])
    assert hit.rule == "name_whole"


def test_words_in_another_order_are_no_hit(snapshot):
    """The words of a name count in their order."""
    assert found(snapshot, notes="Photonics Northwind") == []


def test_names_do_not_run_over_fields(snapshot):
    """Words of two fields never make one name."""
    assert found(snapshot, parties=[{"name": "Northwind", "address": "Photonics"}], notes="Northwind") == []


def test_so_many_parts_of_a_name_are_held_against_similar_names(snapshot):
    """The first parts of a name and the runs of what it begins with are heard, SIMILAR_PARTS_MAX in all."""
    singles = SIMILAR_PARTS_MAX - (RUN_PARTS_MAX - 1)
    for count in (singles, singles + 1):
        others = [f"Meadow Lane {letter}" for letter in "abcdefghijklmnop"[: count - 1]]
        name = ", ".join([*others, "Northwnid Photonics"])
        rules = [hit.rule for hit in hits(snapshot, parties=[{"name": name}])]
        assert rules == (["name_similar"] if count == singles else [])


def test_what_a_party_says_of_itself_counts_where_its_name_is_remembered(snapshot):
    """A name that comes again is weighed with the country of each party that bears it, and told at its place."""
    parties = [{"name": "Northwnid Photonics", "country": country} for country in ("", "CN", "DE", "CN")]
    told = hits(snapshot, parties=parties)
    assert [hit.place.party for hit in told] == [0, 1, 2, 3]
    plain, same, other, again = (hit.score for hit in told)
    assert other < plain < same == again
