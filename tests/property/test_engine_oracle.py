"""The automaton finds what the slow engine finds, and `match` makes the same hits of both."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.decode import decode
from screener.core.match import match
from screener.lists.automaton import Automaton
from screener.lists.build import Inputs, build
from tests.oracle.engine import SlowEngine

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"


@cache
def snapshots():
    """The sample with the lists of the cases, once with each engine."""
    fast = build(
        Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"], private=[LISTS / "private_2026-11-20.csv"], sample=True)
    ).snapshot
    return fast, replace(fast, engine=SlowEngine(fast.patterns))


def listed_names():
    return sorted({alias.name for entry in snapshots()[0].entries for alias in entry.aliases})


def pieces():
    """Listed names, their words, and what may stand between."""
    names = listed_names()
    split = sorted({word for name in names for word in name.split()})
    between = [" ", "-", ", ", "; ", "\u00a0", "\n", "", "/", "\u0301", "ß", "Ltd. ", "& "]
    return st.sampled_from(names) | st.sampled_from(split) | st.sampled_from(between) | st.just(" ")


TEXTS = st.lists(st.deferred(pieces), max_size=12).map("".join)


@given(name=TEXTS, other=TEXTS, address=TEXTS, notes=TEXTS, item=TEXTS)
@settings(max_examples=150, deadline=None)
def test_both_engines_give_the_same_hits(name, other, address, notes, item):
    """Through `match`, automaton and slow engine find the same aliases at the same places."""
    party = {"name": f"x {name}"[:1000], "other_names": [other[:1000]], "address": address}
    order = {"order_id": "O-1", "parties": [party], "items": [{"maker": item[:1000]}], "notes": notes}
    read = decode(json.dumps(order).encode())
    fast, slow = snapshots()
    assert match(read, fast) == match(read, slow)


SMALL = st.text(alphabet="ab ", min_size=1, max_size=4)


@given(st.lists(SMALL, unique=True, max_size=12), st.text(alphabet="ab ", max_size=40))
@settings(max_examples=200)
def test_automaton_finds_all_occurrences(patterns, text):
    """Nested, overlapping and repeated patterns are all found, and an automaton without patterns finds nothing."""
    assert sorted(Automaton(patterns).scan(text)) == SlowEngine(patterns).scan(text)


def test_every_listed_name_is_found_by_both():
    """Each alias as the whole name of a party is a hit of its entry, whichever engine looks."""
    fast, slow = snapshots()
    for number, entry in enumerate(fast.entries):
        for alias in entry.aliases:
            order = decode(json.dumps({"order_id": "O-1", "parties": [{"name": alias.name}]}).encode())
            hits = match(order, fast)
            assert number in {hit.entry for hit in hits}, alias.name
            assert hits == match(order, slow)
