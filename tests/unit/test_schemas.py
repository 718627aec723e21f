"""The JSON Schemas: valid themselves, true to the examples, and strict where an order is at fault."""

from __future__ import annotations

import base64
import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from screener.core import screen
from screener.core.decode import decode
from screener.lists.build import Inputs, build
from screener.model import Fault, Order, Snapshot, Terms

TOPICS = Path(__file__).resolve().parents[2] / "topics"
CASES = Path(__file__).resolve().parents[1] / "cases" / "orders"
SCHEMAS = sorted(path.name for path in (TOPICS / "schemas").iterdir())
SHA = "sha256:" + "0" * 64
BAD_ORDERS = tomllib.loads((CASES / "invalid.toml").read_text(encoding="utf-8"))["case"]
EXAMPLES = tomllib.loads((TOPICS / "examples" / "expected.toml").read_text(encoding="utf-8"))["example"]


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TOPICS / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name), format_checker=FormatChecker())


def pointers(name: str, instance: Any) -> set[str]:
    """JSON pointers of what the schema refuses."""
    return {"".join(f"/{step}" for step in error.absolute_path) for error in validator(name).iter_errors(instance)}


def subschemas(node: Any, where: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every named property and definition, with where it stands."""
    found = []
    for keyword in ("properties", "$defs"):
        for name, child in node.get(keyword, {}).items():
            found += [(f"{where}/{keyword}/{name}", child), *subschemas(child, f"{where}/{keyword}/{name}")]
    return found


def order(**fields: Any) -> dict[str, Any]:
    return {"order_id": "O-1", "parties": [{"name": "A"}], **fields}


@pytest.mark.parametrize("file", SCHEMAS)
def test_schema_is_valid_2020_12(file: str) -> None:
    """Each schema names the 2020-12 dialect, has an id of its own and passes the dialect's meta-schema."""
    loaded = json.loads((TOPICS / "schemas" / file).read_text(encoding="utf-8"))
    assert loaded["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert loaded["$id"] == f"urn:screener:schema:{file.removesuffix('.schema.json')}:1"
    Draft202012Validator.check_schema(loaded)


@pytest.mark.parametrize("file", SCHEMAS)
def test_every_field_says_what_it_is(file: str) -> None:
    """Each property and definition carries a description of one line that ends as a sentence does."""
    loaded = json.loads((TOPICS / "schemas" / file).read_text(encoding="utf-8"))
    for where, child in subschemas(loaded):
        assert re.fullmatch(r"[^\n]+\.", child.get("description", "")), where


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["file"])
def test_examples_follow_the_order_schema(example: dict[str, str]) -> None:
    """Each example that is not meant for quarantine is one line of JSON that the order schema takes."""
    raw = (TOPICS / "examples" / example["file"]).read_bytes()
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1
    if example["outcome"] == "quarantine":
        with pytest.raises(ValueError, match=r"utf-8|control character"):
            json.loads(raw.decode("utf-8"))
    else:
        assert pointers("order", json.loads(raw)) == set()


def test_every_example_has_an_expected_outcome() -> None:
    """`expected.toml` names each order beside it once, with a known outcome and why; each outcome has an example."""
    named = [example["file"] for example in EXAMPLES]
    beside = {path.name for path in (TOPICS / "examples").iterdir()} - {"expected.toml", "gate.py", "__pycache__"}
    assert sorted(named) == sorted(beside)
    assert {example["outcome"] for example in EXAMPLES} == {"clear", "review", "block", "quarantine"}
    assert all(example["why"].endswith(".") for example in EXAMPLES)


def test_examples_show_an_amendment_and_a_cancellation() -> None:
    """The amended and the cancelled example carry the id of an earlier one and differ from it."""
    orders = {path.stem: json.loads(path.read_bytes()) for path in (TOPICS / "examples").glob("order_[abcmr]*.json")}
    assert orders["order_amended"]["order_id"] == orders["order_clear"]["order_id"]
    assert orders["order_amended"] != orders["order_clear"]
    assert orders["order_cancelled"] == orders["order_blocked"] | {"cancelled": True}


@pytest.mark.parametrize("case", BAD_ORDERS, ids=lambda case: case["name"])
def test_order_schema_refuses(case: dict[str, str]) -> None:
    """Each invalid order is refused at exactly the pointer that its case names."""
    assert pointers("order", json.loads(case["json"])) == {case["pointer"]}


def test_case_names_are_unique() -> None:
    """No two invalid orders have the same name, so that a failing one is found by it."""
    names = [case["name"] for case in BAD_ORDERS]
    assert len(names) == len(set(names))


def test_null_is_taken_wherever_missing_is() -> None:
    """Every optional field of order, party and item may be null."""
    loaded = schema("order")
    optional = dict.fromkeys(loaded["properties"].keys() - {"order_id", "parties"})
    party = dict.fromkeys(loaded["$defs"]["party"]["properties"])
    item = dict.fromkeys(loaded["$defs"]["item"]["properties"])
    assert pointers("order", order(**optional)) == set()
    assert pointers("order", order(parties=[party, {"name": "A"}], items=[item])) == set()


def test_unknown_properties_are_taken() -> None:
    """An order from a newer sender is still valid: properties that are not known are ignored everywhere."""
    newer = order(color="red", items=[{"weight": 1}], site={"floor": 2}, license={"x": 1}, movement="hand carried")
    newer["parties"][0] |= {"mood": "good", "role": "broker", "statements": {"other": True}}
    assert pointers("order", newer) == set()


def at_limits(extra: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Limit -> pointer and an order that has as much as the limit says, and so many more."""
    most = {name: limit + extra for name, limit in schema("order")["x-limits"].items()}
    party = "/parties/0"
    text = {name: "x" * count for name, count in most.items() if name.endswith("_characters_max")}
    return {
        "order_id_characters_max": ("/order_id", order(order_id=text["order_id_characters_max"])),
        "parties_max": ("/parties", order(parties=[{"name": "A"}] * most["parties_max"])),
        "other_names_max": (
            f"{party}/other_names",
            order(parties=[{"name": "A", "other_names": ["B"] * most["other_names_max"]}]),
        ),
        "items_max": ("/items", order(items=[{}] * most["items_max"])),
        "route_max": ("/route", order(route=["SG"] * most["route_max"])),
        "services_declined_max": ("/services_declined", order(services_declined=["x"] * most["services_declined_max"])),
        "identifiers_max": (
            f"{party}/identifiers",
            order(parties=[{"name": "A", "identifiers": {str(n): "x" for n in range(most["identifiers_max"])}}]),
        ),
        "statements_max": (
            f"{party}/statements",
            order(parties=[{"name": "A", "statements": {str(n): True for n in range(most["statements_max"])}}]),
        ),
        "name_characters_max": (f"{party}/name", order(parties=[{"name": text["name_characters_max"]}])),
        "address_characters_max": (
            f"{party}/address",
            order(parties=[{"name": "A", "address": text["address_characters_max"]}]),
        ),
        "line_characters_max": ("/items/0/sku", order(items=[{"sku": text["line_characters_max"]}])),
        "free_text_characters_max": ("/end_use", order(end_use=text["free_text_characters_max"])),
    }


def test_limits_hold_at_the_edge() -> None:
    """At each named limit an order is valid; one more and it is refused at that field."""
    for name, (_, at) in at_limits(0).items():
        assert pointers("order", at) == set(), name
    for name, (pointer, above) in at_limits(1).items():
        assert pointers("order", above) == {pointer}, name


def test_limits_are_complete() -> None:
    """Each named limit is tested at its edge, but for the bytes of an order, which the description states."""
    loaded = schema("order")
    assert at_limits(0).keys() | {"order_bytes_max"} == loaded["x-limits"].keys()
    assert f"{loaded['x-limits']['order_bytes_max']:,} bytes" in loaded["description"]


@pytest.mark.parametrize("case", BAD_ORDERS, ids=lambda case: case["name"])
def test_decoder_refuses_what_the_schema_refuses(case: dict[str, str]) -> None:
    """Each invalid order is a fault for the decoder too, and its reason leads to the same place."""
    fault = decode(case["json"].encode())
    assert isinstance(fault, Fault)
    assert fault.reason.startswith(case["pointer"])


def test_decoder_has_the_limits_of_the_schema() -> None:
    """An order at each limit is read, one above is not; the limit of bytes is the decoder's."""
    for name, (pointer, at) in at_limits(0).items():
        assert isinstance(decode(json.dumps(at).encode()), Order), name
        above = decode(json.dumps(at_limits(1)[name][1]).encode())
        assert isinstance(above, Fault), name
        assert above.reason.startswith(pointer), name
    bytes_max = schema("order")["x-limits"]["order_bytes_max"]
    assert isinstance(decode(json.dumps(order()).encode().ljust(bytes_max)), Order)
    assert isinstance(decode(json.dumps(order()).encode().ljust(bytes_max + 1)), Fault)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["file"])
def test_decoder_reads_the_examples(example: dict[str, str]) -> None:
    """The examples are read, but for those that are meant for quarantine."""
    read = decode((TOPICS / "examples" / example["file"]).read_bytes())
    assert isinstance(read, Fault if example["outcome"] == "quarantine" else Order)


@pytest.fixture(scope="module")
def sample() -> Snapshot:
    return build(Inputs(sample=True)).snapshot


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["file"])
def test_examples_become_what_is_expected(example: dict[str, str], sample: Snapshot) -> None:
    """With the sample lists each example gets its outcome, in a decision that the schema takes and fully describes."""
    raw = (TOPICS / "examples" / example["file"]).read_bytes()
    decided = screen(raw, sample, Terms(received_on="2026-11-22"))
    assert decided.outcome == example["outcome"]
    value = json.loads(decided.value)
    assert pointers("decision", value) == set()
    described = schema("decision")
    assert value.keys() <= described["properties"].keys()
    for finding in value.get("findings", []):
        assert finding.keys() <= described["$defs"]["finding"]["properties"].keys()


def decision(outcome: str, **fields: Any) -> dict[str, Any]:
    """A decision of the outcome, as complete as its kind must be."""
    shared = {
        "schema_version": 1,
        "decision_id": "d-1",
        "order_sha256": "0" * 64,
        "outcome": outcome,
        "reasons": [],
        "as_of": "2026-11-22",
        "snapshot": SHA,
        "rules": SHA,
        "screener": "0.1.0",
    }
    read = {"order_id": "O-1", "priority": 0, "profile": "us", "findings": [], "grants": []}
    read |= {name: [] for name in ("missing", "not_evaluated", "unverified", "regimes")}
    unread = {
        "reason": "The order is not UTF-8.",
        "original": base64.b64encode(b"\xff").decode(),
        "original_bytes": 1,
        "original_truncated": False,
    }
    own = unread if outcome == "quarantine" else read
    return shared | own | ({"order": {}} if outcome in {"review", "block"} else {}) | fields


@pytest.mark.parametrize("outcome", ["clear", "review", "block", "quarantine"])
def test_decision_of_each_outcome_is_valid(outcome: str) -> None:
    """A complete decision of each outcome is valid, and stays so with properties of a later version."""
    assert pointers("decision", decision(outcome)) == set()
    assert pointers("decision", decision(outcome, later="x", reasons=["NOT_YET_INVENTED"])) == set()


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [
        ("clear", {"order": {}}),
        ("clear", {"original": ""}),
        ("review", {"reason": "x"}),
        ("quarantine", {"order": {}}),
        ("quarantine", {"original": "not base64!"}),
        ("allow", {}),
        ("clear", {"priority": 101}),
        ("clear", {"snapshot": "0" * 64}),
    ],
)
def test_decision_fields_belong_to_their_outcome(outcome: str, fields: dict[str, Any]) -> None:
    """An order in a clear decision, a reason outside quarantine and values out of range are refused."""
    assert pointers("decision", decision(outcome, **fields))


@pytest.mark.parametrize("outcome", ["clear", "review", "block", "quarantine"])
def test_decision_lacks_nothing_its_outcome_needs(outcome: str) -> None:
    """Leaving out any field that belongs to the outcome is refused."""
    for name in decision(outcome):
        short = decision(outcome)
        del short[name]
        assert pointers("decision", short), name


def test_decision_explains_its_findings() -> None:
    """The finding, path and grant of the contract are valid; a finding without a code is not."""
    finding = {
        "type": "affiliation",
        "code": "AFFILIATE_BIS",
        "party": 0,
        "field": "name",
        "span": [0, 12],
        "text": "as written",
        "list": "EL",
        "entry_id": "e-1",
        "entry_name": "X",
        "alias": "X",
        "alias_quality": "strong",
        "score": 0.97,
        "citation": "85 FR 83420",
        "footnotes": ["1"],
        "path": [{"owner": "X", "owned": "A", "share": "50", "source": "register"}],
        "basis": "direct",
    }
    grant = {"type": "license", "id": "D123", "satisfies": ["EL_HIT"]}
    assert pointers("decision", decision("block", findings=[finding], grants=[grant])) == set()
    unnamed = copy.deepcopy(finding)
    del unnamed["code"]
    assert pointers("decision", decision("block", findings=[unnamed])) == {"/findings/0"}


def test_announcement_names_the_snapshot_and_its_lists() -> None:
    """An announcement is valid with hash, location and lists, and refused with a hash that is none."""
    announcement = {
        "schema_version": 1,
        "snapshot": SHA,
        "location": "/snapshots/current.snapshot",
        "lists": {"EL": {"rows": 3420, "edition": "2026-07-31"}},
        "screener": "0.1.0",
    }
    assert pointers("snapshot-announcement", announcement) == set()
    before = {"snapshot": SHA, "lists": {"EL": 10}, "ownership_known": 3}
    grown = announcement | {"ownership_known": 3, "sample": True, "before": before}
    assert pointers("snapshot-announcement", grown | {"announced_at": "2026-11-28T06:30:00.000001Z"}) == set()
    assert pointers("snapshot-announcement", grown | {"before": before | {"lists": {"EL": -1}}}) == {"/before/lists/EL"}
    assert pointers("snapshot-announcement", announcement | {"snapshot": "sha256:0"}) == {"/snapshot"}
    assert pointers("snapshot-announcement", announcement | {"lists": {"EL": {"rows": -1, "edition": "x"}}}) == {
        "/lists/EL/rows",
        "/lists/EL/edition",
    }
