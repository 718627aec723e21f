"""The whole way: keys, tombstones, several days, and that nothing but the arguments decides."""

import base64
import json
import tomllib
from pathlib import Path

import pytest

from screener.core import screen
from screener.lists.build import Inputs, build
from screener.model import Terms

LISTS = Path(__file__).parents[2] / "cases" / "screening" / "lists"
ORDERS = Path(__file__).parents[2] / "cases" / "orders" / "quarantine.toml"
MISMATCHES = tomllib.loads(ORDERS.read_text(encoding="utf-8"))["key_mismatch"]
TODAY = Terms(received_on="2026-11-22")


@pytest.fixture(scope="module")
def snapshot():
    return build(
        Inputs(lists=[LISTS / "consolidated_2026-11-20.csv"], ownership=[LISTS / "ownership.csv"]),
    ).snapshot


def order(name="Meadow", order_id="O-1", **members):
    return json.dumps({"order_id": order_id, "parties": [{"name": name}], **members}, ensure_ascii=False).encode()


def told(decision):
    return json.loads(decision.value)


def test_key_that_is_the_order_id_is_judged(snapshot):
    """An order under its own id as key is judged as one without a key, byte for byte."""
    for order_id in ("O-1", "Bestellung Nr. 5 – Süd", " "):
        raw = order(order_id=order_id)
        assert screen(raw, snapshot, TODAY, order_id.encode()).value == screen(raw, snapshot, TODAY).value


@pytest.mark.parametrize("key", [b"", b"O-2", b"o-1", b"O-1 ", b"O-1\x00", b"\xff", b'"O-1"'])
def test_key_that_is_another_orders_quarantines(snapshot, key):
    """Any other key quarantines the order, listed parties or none: its answer would be taken for another order's."""
    for name in ("Meadow", "Zorvantek"):
        decision = screen(order(name), snapshot, TODAY, key)
        assert (decision.outcome, decision.order_id, decision.reasons) == ("quarantine", "O-1", ["KEY_MISMATCH"])


@pytest.mark.parametrize("case", MISMATCHES, ids=lambda case: case["quoted"][:20])
def test_reason_of_a_key_mismatch_quotes_key_and_order_id(snapshot, case):
    """The reason shows both, printable and at most 80 characters each, whatever bytes the key has."""
    key = base64.b64decode(case["key_base64"]) if "key_base64" in case else case["key"].encode()
    order_id = case.get("order_id", "O-1")
    decision = screen(order(order_id=order_id), snapshot, TODAY, key * case.get("key_repeat", 1))
    assert (decision.outcome, decision.order_id, decision.reasons) == ("quarantine", order_id, ["KEY_MISMATCH"])
    reason = told(decision)["reason"]
    quoted_id = case.get("quoted_id", order_id)
    assert reason == f'the record\'s key "{case["quoted"]}" is not the order id "{quoted_id}"'
    assert reason.isprintable()


def test_tombstone_is_quarantined(snapshot):
    """A record without value is no cancellation: it is quarantined, with its key or without."""
    for key in (None, b"O-1"):
        decision = screen(None, snapshot, TODAY, key)
        assert (decision.outcome, decision.order_id, decision.reasons) == ("quarantine", None, ["TOMBSTONE"])
        assert (told(decision)["original"], told(decision)["original_bytes"]) == ("", 0)


def test_bad_order_is_its_own_fault_whatever_the_key(snapshot):
    """What can't be read is quarantined for that, not for its key."""
    assert screen(b"{", snapshot, TODAY, b"O-1").reasons == ["NOT_JSON"]


def test_cancellation_needs_a_readable_order(snapshot):
    """A cancellation of the wrong shape is quarantined, not answered clear."""
    assert screen(b'{"order_id": "O-1", "cancelled": true}', snapshot, TODAY).outcome == "quarantine"
    assert screen(order("Zorvantek", cancelled=True), snapshot, TODAY).outcome == "clear"


def test_decision_object_says_what_its_bytes_say(snapshot):
    """Outcome, id, reasons and lists beside the bytes are those in the bytes."""
    decision = screen(order("Zorvantek", notes="for Harrier Airframe Design Institute"), snapshot, TODAY)
    value = told(decision)
    assert (decision.outcome, decision.order_id) == (value["outcome"], value["order_id"])
    assert decision.reasons == value["reasons"]
    assert decision.lists == ["EL", "MEU"] == sorted({finding["list"] for finding in value["findings"]})


def test_parties_of_unknown_ownership_are_named(snapshot):
    """A party of whose owners the graph knows nothing never reads as not owned: the decision says which."""
    raw = json.dumps({"order_id": "O-1", "parties": [{"name": "Meadow"}, {"name": "Plain Spoon Kitchenware"}]}).encode()
    asked = told(screen(raw, snapshot, TODAY))["not_evaluated"]
    assert [name for name in asked if name.startswith("OWNERSHIP")] == ["OWNERSHIP parties[0]"]


def test_stricter_of_two_days_is_told_whole(snapshot):
    """Where the record's day is the stricter one, its findings are told under the day of export."""
    decision = screen(
        order("Brass Kettle Devices", export_date="2025-11-12"), snapshot, Terms(received_on="2025-11-08")
    )
    value = told(decision)
    assert (value["outcome"], value["as_of"]) == ("block", "2025-11-12")
    assert [finding["code"] for finding in value["findings"]] == ["AFFILIATE_BIS"]


def test_all_findings_of_one_party_are_told(snapshot):
    """A listed party that is also owned by a listed one has both findings."""
    raw = order("Brass Kettle Devices c/o Zorvantek", notes="Amber Coast Group")
    reasons = told(screen(raw, snapshot, TODAY))["reasons"]
    assert {"EL_NAME_INSIDE", "EL_IN_TEXT"} <= set(reasons)


def test_one_letter_more_changes_the_hash_and_not_the_answer(snapshot):
    """Blanks around the order change its hash alone."""
    first, second = (
        told(screen(order("Zorvantek"), snapshot, TODAY)),
        told(screen(order("Zorvantek") + b" ", snapshot, TODAY)),
    )
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"order_sha256", "decision_id"}
