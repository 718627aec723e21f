"""Whatever bytes arrive, `screen` gives a decision that is valid JSON, and always the same one."""

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from screener.core import screen
from screener.core.decode import ITEMS_MAX, TEXT_CHARS_MAX
from screener.lists.build import Inputs, build
from screener.model import Decision, Terms
from tests.costs import assert_growth

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"
OUTCOMES = {"clear", "review", "block", "quarantine"}
DAYS = st.none() | st.dates().map(str)
TERMS = st.builds(
    Terms,
    as_of=DAYS,
    received_on=DAYS,
    aged_on=DAYS,
    list_age_days_max=st.none() | st.integers(0, 10_000),
    allow_stale=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VALID = {
    "schema_version": 1,
    "order_id": "O-1",
    "placed_at": "2026-11-22T01:02:03Z",
    "export_date": "2026-12-01",
    "movement": "export",
    "ship_from": "US",
    "destination": "CN",
    "route": ["SG"],
    "us_person": True,
    "license": {"number": "D123", "exception": None},
    "parties": [
        {
            "role": "purchaser",
            "name": "Northwind Photonics Co., Ltd.",
            "other_names": ["Zorvantek", "北方翡翠光电研究所"],
            "kind": "organization",
            "address": "12 Lantern Road, Shenzhen",
            "country": "CN",
            "identifiers": {"lei": "X"},
            "formed_on": "2023-05-01",
            "statements": {"end_user": True},
        },
        {"name": "Brass Kettle Devices", "address": "Flat 9, 14/F Cormorant Tower, 3 Gannet Street, Wan Chai"},
    ],
    "items": [{"sku": "S", "description": "lens for Amber Coast Group", "maker": "m", "quantity": 10, "value": "1.00"}],
    "end_use": "baking",
    "site": {"type": "data_center", "power_mw": 12},
    "services_declined": [],
    "payer_changed": False,
    "notes": "für Harrier Airframe Design Institute",
    "cancelled": None,
}


@cache
def snapshot():
    return build(
        Inputs(
            lists=[LISTS / "consolidated_2026-11-20.csv"],
            private=[LISTS / "private_2026-11-20.csv"],
            ownership=[LISTS / "ownership.csv"],
        )
    ).snapshot


def screened(raw, terms=None, key=None):
    """The decision, after checking what holds for every one."""
    given_terms = Terms(received_on="2026-11-22") if terms is None else terms
    decision = screen(raw, snapshot(), given_terms, key)
    assert isinstance(decision, Decision)
    assert decision.outcome in OUTCOMES
    assert b"\n" not in decision.value
    value = orjson.loads(decision.value)
    assert (value["outcome"], value["order_id"]) == (decision.outcome, decision.order_id)
    assert value["reasons"] or decision.outcome == "clear"
    assert decision.value == screen(raw, snapshot(), given_terms, key).value
    return decision


@given(st.binary(max_size=200), st.none() | st.binary(max_size=5))
@example(b"", None)
@example(b"\x00", None)
@settings(max_examples=300, deadline=None)
def test_any_bytes_get_a_decision(raw, key):
    """Whatever bytes are the value and the key, the decision is JSON, and the same the second time."""
    screened(raw, key=key)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_gets_a_decision(value):
    """Whatever JSON arrives, the decision is JSON; what has no order id or party is quarantined."""
    decision = screened(json.dumps(value).encode())
    if not isinstance(value, dict) or not {"order_id", "parties"} <= value.keys():
        assert decision.outcome == "quarantine"


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=3), st.text(max_size=60), TERMS)
@settings(max_examples=200, deadline=None)
def test_any_text_in_an_order_gets_a_decision(name, other_names, notes, terms):
    """Whatever a party is called and whatever days are given, the order gets a decision."""
    parties = [{"name": "Meadow"}, {"name": name, "other_names": other_names, "address": notes}]
    order = {"order_id": "O-1", "parties": parties, "notes": notes, "items": [{"description": name}]}
    assert screened(json.dumps(order).encode(), terms).outcome != "quarantine"


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*path, name))


PLACES = sorted((path for path in places(VALID) if path), key=repr)


def changed(path, value, *, remove):
    """The valid order with one place changed or taken out."""
    order = copy.deepcopy(VALID)
    *above, last = path
    inner = order
    for step in above:
        inner = inner[step]
    if remove:
        del inner[last]
    else:
        inner[last] = value
    return order


@given(st.sampled_from(PLACES), JSON, st.booleans(), TERMS)
@settings(max_examples=300, deadline=None)
def test_changed_order_gets_a_decision(path, value, remove, terms):
    """A valid order with any one place changed or missing gets a decision and is never cleared by the change alone."""
    decision = screened(json.dumps(changed(path, value, remove=remove)).encode(), terms)
    if path[0] not in {"parties", "cancelled"}:
        assert decision.outcome != "clear"


@given(st.integers(0, 2_000), st.binary(max_size=6), st.integers(0, 6))
@settings(max_examples=300, deadline=None)
def test_damaged_order_gets_a_decision(at, piece, removed):
    """A valid order with some bytes replaced, inserted or left out gets a decision."""
    raw = orjson.dumps(VALID)
    at %= len(raw)
    screened(raw[:at] + piece + raw[at + removed :])


@given(st.sampled_from([path for path in PLACES if path[0] != "parties"]), JSON, st.text(max_size=20))
@settings(max_examples=150, deadline=None)
def test_nothing_beside_the_parties_frees_a_listed_one(path, value, unknown):
    """Whatever else an order says, and whatever members it has besides, a listed party keeps it from being clear."""
    order = changed(path, value, remove=False)
    if order.get("cancelled") is not True:
        assert screened(json.dumps(order | {f"x-{unknown}": value}).encode()).outcome != "clear"


def test_valid_order_is_blocked():
    """The order that the tests above change is stopped as it stands."""
    assert screened(orjson.dumps(VALID)).outcome == "block"


def screening(order):
    """A call that screens an order with an empty memory."""
    raw, fresh = json.dumps(order).encode(), replace(snapshot())
    return lambda: screen(raw, fresh, Terms(received_on="2026-11-22"))


def test_time_grows_with_the_orders_bytes_only():
    """Four times the listed names take about four times as long, not sixteen: no order holds up the rest."""

    def repeated(times, _):
        text = "Zorvantek " * times
        assert len(text) <= TEXT_CHARS_MAX
        return screening({"order_id": "O-1", "parties": [{"name": "A"}], "notes": text})

    assert_growth(repeated, TEXT_CHARS_MAX // len("Zorvantek ") // 4)


def test_time_grows_with_the_number_of_items_only():
    """Items that each name a listed party cost as many of them as there are, up to the most that an order may have."""

    def repeated(count, _):
        items = [{"description": "for Northwind Photonics", "maker": "Zorvantek", "model": "M"}] * count
        return screening({"order_id": "O-1", "parties": [{"name": "A"}], "items": items})

    assert_growth(repeated, ITEMS_MAX // 4)
