"""What is remembered, cut into pieces or read the short way comes out as if it were not."""

import importlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from screener.core import screen
from screener.core.decode import decode
from screener.lists.build import Inputs, build
from screener.memory import Memory
from screener.model import Fault, Terms

CORE = importlib.import_module("screener.core")
DECODING = importlib.import_module("screener.core.decode")
PIECES = importlib.import_module("screener.core.pieces")
LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"
TERMS = (Terms(received_on="2026-11-22"), Terms(as_of="2026-12-01"), Terms(allow_stale=True))

NAMES = st.sampled_from(
    [
        "Zorvantek",
        "Northwind Photonics",
        "Meadow",
        " ",
        "",
        "Zоrvantek",
        "Brass Kettle Devices",
        "A}],{",
        '"parties":[{',
    ]
)
OTHER = st.none() | st.booleans() | st.sampled_from([0, 1, 1.0, "x", "", [], {}, [1], {"parties": [{"name": "A"}]}])
ROLE_LATER = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "role": st.sampled_from(["payer", "end_user", "", "x" * 1_001]) | OTHER,
        "other_names": st.lists(NAMES, max_size=2) | OTHER,
        "address": st.sampled_from(["12 Lantern Road, Shenzhen", "x" * 1_001]) | OTHER,
        "statements": st.dictionaries(NAMES, OTHER, max_size=2),
        "x": OTHER,
    },
)
PARTY = ROLE_LATER | ROLE_LATER.map(lambda party: {"role": party.get("role", "payer")} | party)
ITEM = st.fixed_dictionaries({}, optional={"description": NAMES, "maker": NAMES, "model": NAMES | OTHER, "x": OTHER})
ORDER = st.fixed_dictionaries(
    {"order_id": st.sampled_from(["O-1", "O-2"]), "parties": st.lists(PARTY, min_size=1, max_size=3)},
    optional={
        "items": st.lists(ITEM, max_size=2) | OTHER,
        "end_use": NAMES,
        "notes": NAMES | OTHER,
        "schema_version": st.just(1) | OTHER,
        "placed_at": st.sampled_from(["2026-11-22T01:02:03Z", "2026-11-22T24:00:00Z", "1850-01-01T04:58:00Z"]),
        "export_date": st.sampled_from(["2026-12-01", "2027-06-01", "2026-13-01"]) | OTHER,
        "cancelled": OTHER,
        "license": OTHER,
        "x": OTHER,
    },
)
DAMAGE = [b"", b'"', b"}", b"]", b",", b"\\", b"null", b'"parties":', b'"role":"x",', b',"role":"x"']
WRITTEN = st.sampled_from([orjson.dumps, lambda value: json.dumps(value).encode()])


@cache
def snapshot():
    return build(
        Inputs(
            lists=[LISTS / "consolidated_2026-11-20.csv"],
            private=[LISTS / "private_2026-11-20.csv"],
            ownership=[LISTS / "ownership.csv"],
        )
    ).snapshot


def with_memory(answers_max):
    held = replace(snapshot())
    held.memory = Memory(answers_max)
    return held


@given(st.lists(ORDER, min_size=1, max_size=6), WRITTEN, st.sampled_from(TERMS))
@settings(max_examples=150, deadline=None)
def test_decisions_are_the_same_with_and_without_memory(orders, write, terms):
    """Without a memory, with an empty one, a filled one and one that forgets at once, the decisions are equal."""
    raws = [write(order) for order in orders]
    none, little, cold = with_memory(0), with_memory(1), replace(snapshot())
    for raw in raws:
        decisions = [screen(raw, held, terms) for held in (none, little, cold, cold, snapshot(), snapshot())]
        assert decisions == [decisions[0]] * len(decisions)


@given(ORDER)
@settings(max_examples=150, deadline=None)
def test_an_order_is_what_its_pieces_are(value):
    """What the stages say of an order is what they say of its parties and texts one by one, in another order."""
    order = decode(orjson.dumps(value))
    if not isinstance(order, Fault):
        whole = CORE._stages(order, snapshot())
        pieces = PIECES.piecewise(order, replace(snapshot()), CORE._stages)
        assert [sorted(map(repr, said)) for said in whole] == [sorted(map(repr, said)) for said in pieces]


@given(ORDER, WRITTEN, st.integers(0, 600), st.sampled_from(DAMAGE))
@example({"order_id": "O-1", "parties": [{"name": "A"}], "x": {"parties": [{"name": "B"}]}}, orjson.dumps, 0, b"")
@example({"x": {"parties": [{"name": "B"}]}, "order_id": "O-1", "parties": [{"name": "A"}]}, orjson.dumps, 0, b"")
@settings(max_examples=400, deadline=None)
def test_the_short_way_reads_what_the_long_way_reads(value, write, at, piece):
    """Bytes that the short way takes are the same order by the long way, which looks at each member."""
    raw = write(value)
    at %= len(raw)
    for bytes_ in (raw, raw[:at] + piece + raw[at:]):
        short = DECODING._order_certain(bytes_, Memory())
        if short is not None:
            assert short == long_way(bytes_)
            assert facts(short) == facts(long_way(bytes_))
        read = decode(bytes_)
        assert read == long_way(bytes_)


def facts(order):
    """The members of an order and of its parties as they came, but for what stands elsewhere: parties and roles."""
    of_parties = [{name: fact for name, fact in party.facts.items() if name != "role"} for party in order.parties]
    return {name: fact for name, fact in order.facts.items() if name != "parties"}, of_parties


def long_way(raw):
    """What the checks of every member say."""
    spaced = DECODING._order_spaced
    DECODING._order_spaced = lambda *_: None
    try:
        return DECODING._order_checked(raw, Memory())
    finally:
        DECODING._order_spaced = spaced
