"""An order that is taken for ordinary is one of which the whole way finds nothing, and the same is not evaluated."""

import importlib
from dataclasses import replace
from functools import cache

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.decode import decode
from screener.core.order_rules import order_rules
from screener.core.ordinary import ordinary
from screener.lists.build import Inputs, build
from screener.memory import Memory
from screener.model import History, Purchases

CORE = importlib.import_module("screener.core")
COUNTRIES = st.sampled_from(
    [None, "", "US", "CN", "HK", "MO", "DE", "IR", "RU", "KH", "VN", "TR", "Iran", " cn ", "Atlantis"]
)
ECCNS = st.sampled_from([None, "", "EAR99", "3A090.a", "3a090.b", "3A090.c", "5A992.z", "3A991", "3A999.a", "x"])
NUMBERS = st.sampled_from([None, 0, 100, 1600, 4800.5, 21000])
DAYS = st.sampled_from([None, "2019-01-01", "2022-02-23", "2022-02-24", "2025-04-01", "2026-01-14", "2026-11-22"])
SOMETIMES = st.sampled_from([None, None, None, True, False])


def few(**members):
    """An object with some of these members, null or missing."""
    return st.fixed_dictionaries({}, optional=members)


ITEMS = few(
    eccn=ECCNS,
    hs_code=st.sampled_from([None, "", "8542.31", "630260", "x"]),
    subject_to_ear=SOMETIMES,
    origin=COUNTRIES,
    processing_performance=NUMBERS,
    memory_bandwidth_gbps=NUMBERS,
    quantity=NUMBERS,
    sku=st.sampled_from([None, None, "S"]),
)
PARTIES = few(
    name=st.sampled_from(["Meadow", "Meadow", "Meadow Trading", "Hansa Freight Forwarding", "Army of Atlantis"]),
    other_names=st.sampled_from([None, None, ["Nerve Agent Works"]]),
    role=st.sampled_from([None, "", "end_user", "ultimate_consignee", "payer", "purchaser", "odd"]),
    country=COUNTRIES,
    headquarters_country=COUNTRIES,
    ultimate_parent_country=COUNTRIES,
    address=st.sampled_from([None, "", "7 Mill Lane"]),
    formed_on=st.sampled_from([None, "2001-01-01", "2023-05-01"]),
    website=st.sampled_from([None, "meadow.example"]),
)
ORDERS = few(
    destination=COUNTRIES,
    ship_from=COUNTRIES,
    movement=st.sampled_from([None, "", "export", "Transfer", "reexport"]),
    us_person=SOMETIMES,
    payer_changed=SOMETIMES,
    items=st.none() | st.lists(ITEMS, max_size=3),
    route=st.sampled_from([None, None, None, [], ["AE"], ["FR"]]),
    site=st.sampled_from([None, None, None, {}, {"type": "data_center"}, {"type": "data_center", "power_mw": 12}]),
    services_declined=st.sampled_from([None, None, None, [], ["training"]]),
)


BOUGHT = Purchases("2023-01-01", 5, 100.0)
HISTORIES = (
    None,
    History("2015-01-01", {"meadow|DE": {"EAR99": BOUGHT, "3A090": BOUGHT._replace(first_on="2019-01-01")}}),
    History("2023-01-01", {"meadow|DE": {"EAR99": BOUGHT, "sku:S": BOUGHT}}),
)


@cache
def snapshot(history=None):
    return replace(build(Inputs(sample=True)).snapshot, history=HISTORIES[history] if history else None)


@given(ORDERS, st.lists(PARTIES, min_size=1, max_size=3), st.tuples(DAYS) | st.tuples(DAYS, DAYS), st.integers(0, 2))
@settings(max_examples=900, deadline=None)
def test_what_is_taken_for_ordinary_is_ordinary(members, parties, days, history):
    """On none of the days a row holds, and those that can't be evaluated on one of them are the same."""
    value = {"order_id": "O-1", **members, "parties": [{"name": "Meadow", **party} for party in parties]}
    order = decode(orjson.dumps(value))
    held = snapshot(history)
    signals = CORE._stages(order, held).signals
    unasked = ordinary(order, signals, days, held)
    ruled = [order_rules(order, signals, held, day) for day in days]
    if unasked is not None:
        assert [finding.code for one in ruled for finding in one.findings] == []
        assert unasked == {name for one in ruled for name in one.not_evaluated}
    assert unasked == ordinary(order, signals, days, replace(held, rules=held.rules))  # in a memory that is empty


def test_most_orders_are_ordinary():
    """An order of the usual members is told so without looking at it whole, with and without an ECCN."""
    for item in ({"description": "Pump", "eccn": "EAR99"}, {"description": "Pump"}):
        party = {"role": "payer", "name": "Meadow", "country": "DE"}
        value = {"order_id": "O-1", "destination": "DE", "ship_from": "US", "items": [item], "parties": [party]}
        held = replace(snapshot())
        assert ordinary(decode(orjson.dumps(value), Memory()), (), ("2026-11-22",), held) is not None
