"""Bytes become an order or a fault that says where and why; every named limit holds at its edge."""

import base64
import importlib
import json
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from screener.core.decode import decode, washington_day_of
from screener.model import Fault, Order

DECODING = importlib.import_module("screener.core.decode")  # the package's attribute of that name is the function
CASES = tomllib.loads(
    (Path(__file__).parents[2] / "cases" / "orders" / "quarantine.toml").read_text(encoding="utf-8"),
)


def case_bytes(case):
    if "base64" in case:
        return base64.b64decode(case["base64"])
    if "repeat" in case:
        before, behind = case["around"]
        return (before + case["repeat"] * case["times"] + behind).encode()
    return case["text"].encode()


def order(**members):
    return {"order_id": "O-1", "parties": [{"name": "A"}], **members}


def party(**members):
    return order(parties=[{"name": "A", **members}])


def read(value):
    return decode(json.dumps(value).encode())


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["name"])
def test_bytes_that_are_no_order_are_a_fault(case):
    """Each case is a fault with its code, a reason of one line, and the order id where that can be read."""
    fault = decode(case_bytes(case))
    assert isinstance(fault, Fault)
    assert fault.code == case["code"]
    assert case["says"] in fault.reason
    assert "\n" not in fault.reason
    assert fault.order_id == case.get("order_id")


@pytest.mark.parametrize("case", CASES["wrong_type"]["orders"], ids=lambda case: case["text"][40:])
def test_wrong_type_is_a_fault_at_its_pointer(case):
    """A value of the wrong type is never guessed at: the reason begins with its JSON pointer (RFC 6901)."""
    fault = decode(case["text"].encode())
    assert isinstance(fault, Fault)
    assert fault.code == "NOT_AN_ORDER"
    assert fault.reason.startswith(f"{case['pointer']}: expected ")
    assert fault.order_id == "O-1"


@pytest.mark.parametrize("text", CASES["repeated_member"]["orders"])
def test_repeated_member_is_a_fault(text):
    """An order that says a thing twice is quarantined: another reader may take the other one."""
    assert isinstance(decode(text.encode()), Fault)


@pytest.mark.parametrize(
    "text",
    [
        'a "name": b',
        '"parties": [{"name": "A"}], "parties": []',
        "ends with a backslash \\",
        '\\"',
        "colons : and :: quotes '\"'",
        "",
    ],
)
def test_text_that_looks_like_members_is_text(text):
    """Quotes, colons and backslashes inside texts and names of members never make a member that stands twice."""
    value = party(other_names=[text], identifiers={text: text, f"{text} ": text}) | {
        "notes": text,
        f"x{text}": [{}, text],
    }
    for raw in (json.dumps(value), json.dumps(value, indent=1), json.dumps(value, separators=(" ,", "\t: "))):
        assert isinstance(decode(raw.encode()), Order)


LIMITS = {
    "order_id": ("ORDER_ID_CHARS_MAX", "/order_id", lambda n: order(order_id="x" * n)),
    "parties": ("PARTIES_MAX", "/parties", lambda n: order(parties=[{"name": "A"}] * n)),
    "other_names": ("OTHER_NAMES_MAX", "/parties/0/other_names", lambda n: party(other_names=["B"] * n)),
    "items": ("ITEMS_MAX", "/items", lambda n: order(items=[{}] * n)),
    "name": ("NAME_CHARS_MAX", "/parties/0/name", lambda n: order(parties=[{"name": "ü" * n}])),
    "other_name": ("NAME_CHARS_MAX", "/parties/0/other_names/0", lambda n: party(other_names=["x" * n])),
    "address": ("ADDRESS_CHARS_MAX", "/parties/0/address", lambda n: party(address="x" * n)),
    "notes": ("TEXT_CHARS_MAX", "/notes", lambda n: order(notes="x" * n)),
    "end_use": ("TEXT_CHARS_MAX", "/end_use", lambda n: order(end_use="x" * n)),
    "description": ("TEXT_CHARS_MAX", "/items/0/description", lambda n: order(items=[{"description": "x" * n}])),
    "maker": ("NAME_CHARS_MAX", "/items/0/maker", lambda n: order(items=[{"maker": "x" * n}])),
    "model": ("SHORT_CHARS_MAX", "/items/0/model", lambda n: order(items=[{"model": "x" * n}])),
    "country": ("SHORT_CHARS_MAX", "/parties/0/country", lambda n: party(country="x" * n)),
    "identifiers": (
        "IDENTIFIERS_MAX",
        "/parties/0/identifiers",
        lambda n: party(identifiers={str(number): "x" for number in range(n)}),
    ),
    "identifier_name": (
        "SHORT_CHARS_MAX",
        "/parties/0/identifiers",
        lambda n: party(identifiers={"x" * n: "y"}),
    ),
    "statements": (
        "IDENTIFIERS_MAX",
        "/parties/0/statements",
        lambda n: party(statements={str(number): True for number in range(n)}),
    ),
    "route": ("ROUTE_MAX", "/route", lambda n: order(route=["SG"] * n)),
    "services_declined": ("ROUTE_MAX", "/services_declined", lambda n: order(services_declined=["x"] * n)),
    "value": ("SHORT_CHARS_MAX", "/items/0/value", lambda n: order(items=[{"value": "1" * n}])),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limit_holds_at_its_edge(name):
    """Exactly as much as the limit says is read; one more is a fault at that field that names the limit."""
    constant, pointer, make = LIMITS[name]
    limit = getattr(DECODING, constant)
    assert isinstance(read(make(limit)), Order)
    fault = read(make(limit + 1))
    assert isinstance(fault, Fault)
    assert fault.reason.startswith(f"{pointer}: ")
    assert str(limit) in fault.reason


def test_bytes_limit_holds_at_its_edge():
    """An order of exactly the most bytes is read, one of one more is a fault that is found without reading it."""
    raw = json.dumps(order()).encode()
    assert isinstance(decode(raw.ljust(DECODING.ORDER_BYTES_MAX)), Order)
    fault = decode(raw.ljust(DECODING.ORDER_BYTES_MAX + 1))
    assert isinstance(fault, Fault)
    assert (fault.code, fault.order_id) == ("ORDER_TOO_LARGE", None)


def test_every_limit_is_tested():
    """Each named limit of the decoder stands in this module's table; bytes and depth have tests of their own."""
    named = {name for name in vars(DECODING) if name.endswith("_MAX")}
    assert named - {"ORDER_BYTES_MAX", "DEPTH_MAX"} == {constant for constant, _, _ in LIMITS.values()}


def test_order_is_read_whole():
    """Every text and day that a stage looks at arrives as written."""
    found = read(
        order(
            placed_at="2026-11-22T01:02:03Z",
            export_date="2026-12-01",
            end_use="use",
            notes="note",
            cancelled=False,
            parties=[
                {
                    "role": "payer",
                    "name": "N",
                    "other_names": ["O", ""],
                    "kind": "person",
                    "address": "A",
                    "country": "CN",
                    "identifiers": {"lei": "L"},
                }
            ],
            items=[{"description": "D", "maker": "M", "model": "X"}],
        )
    )
    [only] = found.parties
    [item] = found.items
    assert (found.order_id, found.cancelled, found.end_use, found.notes) == ("O-1", False, "use", "note")
    assert (found.placed_on, found.export_on) == ("2026-11-21", "2026-12-01")
    assert (only.role, only.name, only.other_names, only.kind) == ("payer", "N", ["O", ""], "person")
    assert (only.address, only.country, only.identifiers) == ("A", "CN", {"lei": "L"})
    assert item == {"description": "D", "maker": "M", "model": "X"}


def test_null_and_missing_are_the_same():
    """A member that is null reads as one that is missing."""
    nulls = dict.fromkeys(["placed_at", "export_date", "items", "end_use", "notes", "cancelled"])
    party_nulls = dict.fromkeys(["role", "other_names", "kind", "address", "country", "identifiers"])
    assert read(order(**nulls, parties=[{"name": "A", **party_nulls}])) == read(order())


def test_unknown_members_are_passed_over():
    """Members that the schema does not name may hold anything."""
    assert read(order(color={"deep": [1, None]}, parties=[{"name": "A", "mood": 7}])) == read(order())


def test_order_id_is_told_where_it_can_be():
    """A fault names the order id unless that is what is wrong."""
    assert read({"order_id": "O-9"}).order_id == "O-9"
    assert read({"order_id": 9, "parties": [{"name": "A"}]}).order_id is None
    assert read({"order_id": "x" * (DECODING.ORDER_ID_CHARS_MAX + 1)}).order_id is None


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-10T04:59:59Z", "2026-11-09"),
        ("2026-11-10T05:00:00Z", "2026-11-10"),
        ("2026-07-01T03:59:59+00:00", "2026-06-30"),
        ("2026-07-01T04:00:00+00:00", "2026-07-01"),
        ("2026-11-22T09:00:00+09:00", "2026-11-21"),
        ("2026-11-22T23:59:59.999-05:00", "2026-11-22"),
    ],
)
def test_day_of_an_instant_is_washingtons(instant, day):
    """The day of an instant is the calendar day in Washington, in winter and in summer."""
    assert read(order(placed_at=instant)).placed_on == day
    moment = datetime.fromisoformat(instant)
    assert washington_day_of(int(moment.timestamp() * 1000)) == day


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00"])
def test_instants_at_the_end_of_time_are_a_fault_or_a_day(instant):
    """The first and the last instant that can be written give an order or a fault, never an exception."""
    assert isinstance(read(order(placed_at=instant)), Order | Fault)


@pytest.mark.parametrize("timestamp_ms", [-1, -(10**18), 10**18, 2**63 - 1])
def test_impossible_timestamps_have_no_day(timestamp_ms):
    """A broker time that is none has no day: no rule of the past is taken for today's."""
    assert washington_day_of(timestamp_ms) is None
