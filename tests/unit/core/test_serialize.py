"""The decision's bytes: one line that the schema takes, bounded, and the same from every hand."""

import base64
import hashlib
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from screener import __version__
from screener.core import refuse, screen
from screener.core.decode import ITEMS_MAX, NAME_CHARS_MAX, ORDER_BYTES_MAX, OTHER_NAMES_MAX, PARTIES_MAX
from screener.core.serialize import (
    DECISION_BYTES_MAX,
    FINDINGS_MAX,
    ORIGINAL_BYTES_KEPT,
    ORIGINAL_BYTES_MAX,
)
from screener.lists.build import Inputs, build
from screener.model import Alias, Fault, ListEntry, Reference, Terms
from screener.owners import AFFILIATE_LIST, Affiliation, Holding

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "cases"
SCHEMA = Draft202012Validator(
    json.loads((ROOT / "topics" / "schemas" / "decision.schema.json").read_text(encoding="utf-8")),
    format_checker=FormatChecker(),
)
TODAY = Terms(received_on="2026-11-22")
LISTED = "Northwind Photonics"


@pytest.fixture(scope="module")
def snapshot():
    folder = CASES / "screening" / "lists"
    return build(
        Inputs(
            lists=[folder / "consolidated_2026-11-20.csv"],
            private=[folder / "private_2026-11-20.csv"],
            ownership=[folder / "ownership.csv"],
        )
    ).snapshot


def order(**members):
    return {"order_id": "O-1", "parties": [{"name": LISTED}], **members}


def raw(**members):
    return json.dumps(order(**members), ensure_ascii=False, separators=(",", ":")).encode()


def faults(value):
    return [f"{error.json_path}: {error.message[:200]}" for error in SCHEMA.iter_errors(json.loads(value))]


ALL_PARTIES = [
    *(LISTED, "Zorvantek Gulf", "NWP", "Brass Kettle Devices", "Tin Whistle Holdings", "Pewter Mug Logistics"),
    *("Chrome Whisk Labs", "Iron Skillet Optics", "Hidden Harbor Foundry", "Silver Gull Freight", "***", "Meadow"),
]


@pytest.mark.parametrize("name", ALL_PARTIES)
@pytest.mark.parametrize("terms", [TODAY, Terms(), Terms(as_of="2030-01-01", allow_stale=True)])
def test_decision_is_what_the_schema_says(snapshot, name, terms):
    """The decision on each kind of party is valid under the published schema."""
    decision = screen(raw(parties=[{"name": name}], notes=f"for {LISTED}"), snapshot, terms)
    assert faults(decision.value) == []


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", None, raw(cancelled=True), b'{"order_id": ""}', b"[" * 5000])
def test_decision_on_what_is_no_order_is_what_the_schema_says(snapshot, value):
    """Quarantine records and answers to cancellations are valid under the published schema too."""
    assert faults(screen(value, snapshot, TODAY).value) == []
    assert faults(screen(value, snapshot).value) == []


def test_decision_names_what_it_was_made_with(snapshot):
    """The decision names order, snapshot, rules, program, profile and day."""
    told = json.loads(screen(raw(), snapshot, TODAY).value)
    assert told["order_sha256"] == hashlib.sha256(raw()).hexdigest()
    assert (told["snapshot"], told["rules"]) == (snapshot.sha256, snapshot.components["rules"])
    assert (told["screener"], told["profile"], told["as_of"]) == (__version__, "us", "2026-11-22")


def test_decision_id_is_derived_from_order_snapshot_and_day(snapshot):
    """The id is the same for the same three, and another one where one of them differs."""

    def decision_id(value, held, terms):
        return json.loads(screen(value, held, terms).value)["decision_id"]

    first = decision_id(raw(), snapshot, TODAY)
    assert first == decision_id(raw(), snapshot, TODAY)
    others = {
        decision_id(raw() + b" ", snapshot, TODAY),
        decision_id(raw(), replace(snapshot, sha256="sha256:" + "0" * 64), TODAY),
        decision_id(raw(), snapshot, Terms(received_on="2026-11-23")),
        decision_id(raw(), snapshot, Terms()),
    }
    assert len(others | {first}) == 5


def test_order_travels_in_review_and_block_only(snapshot):
    """A decision that a person must look at carries the order as it came; a clear one does not."""
    assert json.loads(screen(raw(), snapshot, TODAY).value)["order"] == order()
    clear = raw(parties=[{"name": "Meadow"}])
    assert "order" not in json.loads(screen(clear, snapshot, TODAY).value)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_pretty_printed_order_gives_one_line(snapshot, line_end):
    """Line breaks of an order's layout do not reach the decision; those of its texts do, as they were escaped."""
    pretty = json.dumps(order(notes="two\r\nlines"), indent=2).replace("\n", line_end).encode()
    decision = screen(line_end.encode() + pretty + line_end.encode(), snapshot, TODAY)
    assert not {b"\n", b"\r"} & {decision.value[at : at + 1] for at in range(len(decision.value))}
    assert json.loads(decision.value)["order"] == order(notes="two\r\nlines")


def test_line_separators_in_texts_stay(snapshot):
    """Characters that some readers take for line ends are told as they came."""
    name = f"{LISTED}\u2028\u2029\u0085"
    decision = screen(raw(parties=[{"name": name}]), snapshot, TODAY)
    assert json.loads(decision.value)["order"]["parties"][0]["name"] == name
    assert decision.value.count(b"\n") == 0


def test_numbers_of_an_order_stay_as_written(snapshot):
    """Amounts travel with all their digits: the order is not written anew."""
    value = b'{"order_id":"O-1","parties":[{"name":"Zorvantek"}],"items":[{"value":1200.10000000000000000001}]}'
    assert b"1200.10000000000000000001" in screen(value, snapshot, TODAY).value


@pytest.mark.parametrize("count", [FINDINGS_MAX, FINDINGS_MAX + 1])
def test_findings_are_cut_at_their_limit(snapshot, count):
    """Two hundred findings are told; of more the sternest are, and the reasons say so."""
    texts = [{"description": LISTED}] * (count - 1)
    decision = screen(raw(items=texts), snapshot, TODAY)
    told = json.loads(decision.value)
    assert len(told["findings"]) == FINDINGS_MAX
    assert told["findings"][0]["code"] == "EL_HIT"
    assert ("FINDINGS_CUT" in told["reasons"]) == (count > FINDINGS_MAX)
    assert faults(decision.value) == []


def test_decision_object_says_what_its_bytes_say(snapshot):
    """The reasons that a runner counts are those of the bytes, FINDINGS_CUT included."""
    decision = screen(raw(items=[{"description": LISTED}] * (FINDINGS_MAX + 1)), snapshot, TODAY)
    assert decision.reasons == json.loads(decision.value)["reasons"]


def worst_order():
    """As many findings as fit into the most bytes, each with the longest text."""
    name = f"{LISTED} \U00020000" + "\U00020000" * (NAME_CHARS_MAX - len(LISTED) - 2)
    parties = [{"name": name, "other_names": [name]} for _ in range(PARTIES_MAX)]
    value = raw(parties=parties, items=[{"maker": LISTED}] * ITEMS_MAX)
    return value[:-1] + b',"x":"' + b"\x7f" * (ORDER_BYTES_MAX - len(value) - 7) + b'"}'


def test_worst_order_has_a_decision_within_its_limit(snapshot):
    """The largest legal order with hundreds of findings has a decision that fits, and that says what was cut."""
    value = worst_order()
    assert len(value) == ORDER_BYTES_MAX
    decision = screen(value, snapshot, TODAY)
    assert len(decision.value) <= DECISION_BYTES_MAX
    told = json.loads(decision.value)
    assert told["outcome"] == "block"
    assert "FINDINGS_CUT" in told["reasons"]


def test_escapes_do_not_outgrow_the_limit(snapshot):
    """Names of control characters, which take six bytes each in JSON, keep to the limit too."""
    name = f"{LISTED} " + "\x01" * (NAME_CHARS_MAX - len(LISTED) - 1)
    parties = [{"name": name, "other_names": [name]} for _ in range(PARTIES_MAX - 20)]
    value = json.dumps(order(parties=parties)).encode()
    assert ORDER_BYTES_MAX * 0.9 < len(value) <= ORDER_BYTES_MAX
    decision = screen(value, snapshot, TODAY)
    assert decision.outcome == "block"
    assert len(decision.value) <= DECISION_BYTES_MAX


def with_company(name, affiliation, snapshot):
    """The snapshot with one company more that is found by its whole name."""
    number = snapshot.listed + len(snapshot.affiliations)
    return replace(
        snapshot,
        entries=(*snapshot.entries[:number], ListEntry(AFFILIATE_LIST, "", (Alias(name, primary=True),))),
        affiliations=(*snapshot.affiliations, (affiliation,)),
        whole={**snapshot.whole, name.lower(): (Reference(number, 0, "whole"),)},
    )


def test_long_ownership_path_does_not_outgrow_the_limit(snapshot):
    """One affiliation whose path is long, in names as long as a list file may hold, keeps to the limit too."""
    long = "x" * 20_000
    path = tuple(Holding(long, long, "50", long) for _ in range(200))
    row = Affiliation("ofac-50", long, "indirect", path, (0,), None, None)
    held = with_company("Meadow", row, snapshot)
    decision = screen(raw(parties=[{"name": "Meadow"}]), held, TODAY)
    assert decision.outcome == "block"
    assert len(decision.value) <= DECISION_BYTES_MAX


@pytest.mark.parametrize("depth", [100, 900, 1020, 1021, 1022, 1023, 1024])
def test_nested_order_has_a_decision_that_can_be_read(snapshot, depth):
    """Whatever nesting an order has, its decision is JSON that a common reader takes."""
    value = raw()[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
    assert orjson.loads(screen(value, snapshot, TODAY).value)["outcome"] in {"block", "quarantine"}


def test_largest_order_other_names(snapshot):
    """A party with the most other names gets a finding for each that is listed."""
    names = [LISTED] * OTHER_NAMES_MAX
    told = json.loads(screen(raw(parties=[{"name": LISTED, "other_names": names}]), snapshot, TODAY).value)
    assert len(told["findings"]) == OTHER_NAMES_MAX + 1


# --- quarantine ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"", b"\xff\x00", b"{}", "Müller".encode("latin-1")])
def test_quarantine_holds_the_original_bytes(snapshot, value):
    """A quarantine record carries the order's bytes as they came, and why."""
    told = json.loads(screen(value, snapshot, TODAY).value)
    assert base64.b64decode(told["original"]) == value
    assert (told["original_bytes"], told["original_truncated"]) == (len(value), False)
    assert told["reason"]
    assert told["order_sha256"] == hashlib.sha256(value).hexdigest()


def test_quarantine_keeps_a_part_above_its_limit(snapshot):
    """At the limit the whole original is kept; above it the first 64 KiB, its size and its hash."""
    at, above = b"x" * ORIGINAL_BYTES_MAX, b"x" * (ORIGINAL_BYTES_MAX + 1)
    kept = json.loads(screen(at, snapshot, TODAY).value)
    assert (len(base64.b64decode(kept["original"])), kept["original_truncated"]) == (ORIGINAL_BYTES_MAX, False)
    cut = json.loads(screen(above, snapshot, TODAY).value)
    assert (len(base64.b64decode(cut["original"])), cut["original_truncated"]) == (ORIGINAL_BYTES_KEPT, True)
    assert cut["original_bytes"] == ORIGINAL_BYTES_MAX + 1
    assert cut["order_sha256"] == hashlib.sha256(above).hexdigest()


def test_quarantine_record_of_any_size_fits(snapshot):
    """Whatever was sent, its quarantine record keeps to the limit of a decision."""
    for size in (ORIGINAL_BYTES_MAX, ORIGINAL_BYTES_MAX + 1, 20_000_000):
        assert len(screen(b"\xff" * size, snapshot, TODAY).value) <= DECISION_BYTES_MAX


def test_refused_decision_is_small(snapshot):
    """An order whose answer could not be delivered is quarantined in a record of bounded size, with its id."""
    fault = Fault("NOT_DELIVERED", "the answer could not be produced", "O-1")
    decision = refuse(worst_order(), fault, snapshot, TODAY)
    assert len(decision.value) < 2 * ORIGINAL_BYTES_KEPT
    told = json.loads(decision.value)
    assert (told["outcome"], told["order_id"], told["reasons"]) == ("quarantine", "O-1", ["NOT_DELIVERED"])
    assert faults(decision.value) == []


def test_quarantine_of_every_bad_order_is_what_the_schema_says(snapshot):
    """Each order of the quarantine cases gives a valid record with its code."""
    cases = tomllib.loads((CASES / "orders" / "quarantine.toml").read_text(encoding="utf-8"))
    for case in cases["wrong_type"]["orders"]:
        decision = screen(case["text"].encode(), snapshot, TODAY)
        assert decision.outcome == "quarantine", case["text"]
        assert faults(decision.value) == [], case["text"]


def test_sample_is_said_in_quarantine_too(snapshot):
    """Every decision made with sample lists says so, a quarantine record as well."""
    decision = screen(b"", replace(snapshot, sample=True), TODAY)
    assert decision.reasons == ["NOT_JSON", "SAMPLE"]
