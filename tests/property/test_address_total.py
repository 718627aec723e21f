"""Any text is an address without a fault, and the order of its parts does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.address import Lexicon
from screener.core.premises import compare, keys
from screener.lists.addresses import compile_addresses, premises
from screener.lists.rules import read_tables
from screener.model import Alias, ListEntry
from tests.costs import assert_growth

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = read_tables()
LEXICON = Lexicon(TABLES["address_words"])
WORDS = sorted({word for row in TABLES["address_words"].values() for words in row.values() for word in words})
ROOM = "Room 803, 8/F, Curlew House, 45-51 Dunlin Road South, Wan Chai, Hong Kong"
ENTRIES = (
    ListEntry("EL", "1", (Alias("Address 01", primary=True),), addresses=(ROOM,)),
    ListEntry("EL", "2", (Alias("Curlew", primary=True),), addresses=("No. 12 Lantern Road, Hefei, CN",)),
)
HELD = premises(tuple(compile_addresses(ENTRIES, TABLES)), ENTRIES, TABLES)

LIKE_AN_ADDRESS = st.lists(
    st.one_of(
        st.sampled_from(WORDS), st.sampled_from(["12", "2-16", "14c", "23/F", "#05-06", ",", "Lantern", "Hefei"])
    ),
    max_size=40,
).map(" ".join)


@given(st.text() | LIKE_AN_ADDRESS)
def test_any_text_is_read_and_looked_up(text: str) -> None:
    """No text raises, reading it twice gives the same, and what is found is an entry's address."""
    address = LEXICON.read(text)
    assert address == LEXICON.read(text)
    assert all(key for key in keys(address))
    for at in HELD.find(text):
        assert 0 <= at.score <= 1
        assert ENTRIES[at.entry].addresses[at.alias]
    HELD.find_within(text)
    assert 0 <= HELD.corroborates(text, 1) <= 1


@given(st.text() | LIKE_AN_ADDRESS)
def test_an_address_with_a_name_and_a_number_agrees_with_itself(text: str) -> None:
    """What is found by a key and says a town is found again under the same text, to the room."""
    address = LEXICON.read(text)
    agreement = compare(address, address)
    if agreement:
        assert agreement.level in {"unit", "building"}


@given(st.permutations(ROOM.split(", ")), st.sampled_from([", ", "; ", "\n", " , "]))
def test_the_order_of_the_parts_does_not_matter(parts: list[str], between: str) -> None:
    """The parts of a listed address in any order are at it."""
    found = HELD.find(between.join(parts))
    assert [(at.entry, at.level) for at in found] == [(0, "unit")]


@given(st.text(alphabet="0123456789abfylrm-/#,. \u5e02\u53f7", min_size=1, max_size=50), st.integers(250, 1_250))
@settings(max_examples=30)
def test_the_cost_grows_with_the_length_only(text: str, times: int) -> None:
    """A text of up to 250,000 characters is answered at a cost of its length."""

    def prepare(count: int, number: int) -> Callable[[], None]:
        longer = f"{number} {text * count}"

        def call() -> None:
            HELD.find(longer)
            LEXICON.read(longer)

        return call

    assert_growth(prepare, times, context=repr(text))
