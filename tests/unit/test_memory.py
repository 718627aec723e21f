"""The memory is bounded, forgets the oldest, and is every snapshot's own."""

from dataclasses import replace
from pathlib import Path

from screener.core import screen
from screener.lists.build import Inputs, build
from screener.memory import ANSWERS_MAX, FORGOTTEN_PART, QUESTION_LENGTH_MAX, Memory, Shelf

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"
ORDER = b'{"order_id":"O-1","parties":[{"name":"Meadow"}]}'


def test_kept_answer_is_given_back():
    """An answer is found under its question and under no other."""
    shelf = Shelf()
    assert shelf.keep("meadow", ("clear",)) == ("clear",)
    assert (shelf.get("meadow"), shelf.get("Meadow"), shelf.misses) == (("clear",), None, 1)


def test_full_shelf_forgets_its_oldest_eighth():
    """At its limit a shelf holds all; one more, and the first ones are gone."""
    shelf = Shelf(16)
    for number in range(16):
        shelf.keep(str(number), number)
    assert len(shelf) == 16
    shelf.keep("one more", 16)
    assert list(shelf) == [*map(str, range(16 // FORGOTTEN_PART, 16)), "one more"]


def test_shelf_of_few_answers_keeps_its_limit():
    """A shelf of less than eight answers forgets one at a time; one of none keeps nothing."""
    for answers_max in (0, 1, 3):
        shelf = Shelf(answers_max)
        for number in range(9):
            assert shelf.keep(str(number), number) == number
            assert len(shelf) <= answers_max


def test_long_question_is_not_kept():
    """A question of exactly the greatest length is kept, a longer one only answered."""
    shelf = Shelf()
    shelf.keep("x" * QUESTION_LENGTH_MAX, 1)
    assert shelf.keep("y" * (QUESTION_LENGTH_MAX + 1), 2) == 2
    assert list(shelf) == ["x" * QUESTION_LENGTH_MAX]


def test_all_shelves_are_bounded():
    """No shelf of a memory takes more answers than the module says."""
    memory = Memory()
    shelves = [memory.bodies, memory.parties, memory.frames, memory.names, *memory.texts.values()]
    assert all(0 < shelf.answers_max <= ANSWERS_MAX for shelf in shelves)


def test_memory_is_the_snapshots_own():
    """A snapshot that is made from another one begins without its memory, so that no answer outlives its lists."""
    held = build(Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"])).snapshot
    screen(ORDER, held)
    assert (len(held.memory.bodies), held.memory.parties_asked) == (1, 1)
    assert not replace(held).memory.bodies
    screen(ORDER.replace(b"O-1", b"O-2"), held)
    assert (held.memory.bodies.misses, held.memory.parties_asked) == (1, 2)
