"""Rows over an order's facts: what refuses them, and that a day or a row of an overlay changes what is decided."""

import copy
import json
import tomllib

import pytest

from screener.core import screen
from screener.errors import ListError
from screener.lists import rules
from screener.lists.build import Inputs, build
from screener.model import Terms

TABLES = rules.read_tables()


def control(table):
    return table["controls"]["HIGH_BANDWIDTH_MEMORY"]


def unlicensed(row):
    return {key: value for key, value in row.items() if key != "licensed_by"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: control(table).pop("citation"), r"controls.toml.*\[HIGH_BANDWIDTH_MEMORY\] expected a citation"),
        (lambda table: control(table).update(verified=False), "expected a reason why it is not verified"),
        (lambda table: control(table).update(colour="red"), "unknown keys colour"),
        (lambda table: control(table).update(confidential="yes"), "confidential = 'yes', expected true or false"),
        (lambda table: control(table).update(status="asleep"), "status = 'asleep', expected one of"),
        (lambda table: control(table).update(over="cart"), "over = 'cart', expected one of"),
        (lambda table: control(table).update(outcome="clear"), "outcome = 'clear', expected one of review, block"),
        (lambda table: control(table).update(priority=101), "priority = 101, expected 0 to 100"),
        (lambda table: control(table).update(when={}), "expected conditions"),
        (lambda table: control(table).update(when={"item.color": {"is": ["red"]}}), "'item.color' is not one of"),
        (
            lambda table: control(table).update(when={"party.role": {"is": ["payer"]}}),
            "'party.role' is not one of",
        ),
        (
            lambda table: control(table).update(when={"destination": {"near": ["CN"]}}),
            "test 'near' of destination is not one of in, missing, not_in",
        ),
        (lambda table: control(table).update(when={"destination": {"in": ["D:9"]}}), "'D:9' is no country code and no"),
        (lambda table: control(table).update(when={"destination": {"in": "CN"}}), "expected a list of texts"),
        (
            lambda table: control(table).update(when={"item.eccn": {"eccn": ["@nothing"]}}),
            "'@nothing' is no row",
        ),
        (lambda table: control(table).update(when={"item.chip": {"has": ["h9000"]}}), "'h9000' is no row of signals"),
        (lambda table: control(table).update(when={"item.quantity": {"below": "many"}}), "expected a number"),
        (lambda table: control(table).update(when={"item.quantity": {"below": True}}), "expected a number"),
        (lambda table: control(table).update(when={"item.quantity": {"below": "2026-01-01"}}), "expected a number"),
        (lambda table: control(table).update(when={"item.quantity": {"has": ["h200"]}}), "of item.quantity is not one"),
        (
            lambda table: control(table).update(when={"any.signals": {"at_least": 0}}),
            "of any.signals is not one of has",
        ),
        (lambda table: control(table).update(when={"us_person": {"is": ["yes"]}}), "expected true or false"),
        (lambda table: control(table).update(when={"item.eccn": {"missing": "no"}}), "expected true or false"),
        (lambda table: control(table).update(when={"movement": {"is": True}}), "expected a list of texts"),
        (lambda table: control(table).update(when={"movement": "export"}), "expected tests such as"),
        (lambda table: control(table).update(when={"services_declined": {"has": ["h200"]}}), "'h200' is not one of"),
        (
            lambda table: control(table).update(over="party", when={"party.formed_on": {"below": 2022}}),
            "expected a day",
        ),
        (lambda table: control(table).update(unless=["NOTHING"]), "expected rows"),
        (lambda table: control(table).update(effective_from="soon"), "expected effective_from"),
        (lambda table: control(table).update(effective_to="2024-12-02"), "it ends on 2024-12-02, before it begins"),
        (
            lambda table: control(table).update(
                spans=[{"effective_from": "2024-01-01"}, {"effective_from": "2025-01-01"}]
            ),
            "days overlap at 2025-01-01",
        ),
        (lambda table: control(table).update(terms={"ccl": "denial"}), "terms expects a policy for all"),
        (lambda table: control(table).update(licensed_by=["NSA"]), "licensed_by = .*expected some of BIS, OFAC, VEU"),
        (lambda table: table["redflags"]["RF_PAYER_CHANGED"].update(licensed_by=["BIS"]), "no license answers a red"),
        (lambda table: table["licenses"]["drawn"].update(review_from_percent=0), "expected a whole number from 1 to"),
        (lambda table: table["licenses"]["authority"]["BIS"].update(grant="favour"), "expected grant as one of"),
        (lambda table: control(table).update(terms={"all": "mercy"}), "terms: all = 'mercy' is not in license_terms"),
        (
            lambda table: table["redflags"].update(EMBARGO_IR=unlicensed(control(table)) | {"over": "item"}),
            "stands in two files",
        ),
        (lambda table: table["countries"]["group"][0].update(countries=["ZZ"]), "ZZ: no country codes"),
        (lambda table: table["countries"]["group"].append(table["countries"]["group"][0]), "stands in the group twice"),
        (lambda table: table["signals"]["h200"].update(names=["H2"]), "expected at least 3 letters"),
        (lambda table: table["signals"]["h200"].update(names=[]), "expected a list of texts"),
        (lambda table: table["jurisdictions"].pop("us"), r"jurisdictions.toml.*\[us\] expected this row"),
        (lambda table: table["jurisdictions"]["us"].update(lists=["XYZ"]), "expected .* or some of"),
        (lambda table: table["jurisdictions"]["us"].update(rules="all"), "expected .* or some of"),
        (lambda table: table["jurisdictions"]["us"].update(colour="red"), "expected a row of"),
        (lambda table: table["jurisdictions"]["us"].pop("citation"), "expected citation"),
        (lambda table: table["jurisdictions"]["adopts_el_sdn"].pop("reason"), "expected a reason why"),
        (lambda table: table["roles"]["payer"].pop("citation"), r"roles.toml.*\[payer\] expected a citation"),
    ],
)
def test_wrong_row_is_refused_with_file_and_row(change, says):
    """A row that names what there is not, has no citation or days that overlap stops the rules from being read."""
    tables = copy.deepcopy(TABLES)
    change(tables)
    with pytest.raises(ListError, match=says):
        rules.parse(tables)


def decided(folder, destination="IR", day="2026-11-22", **members):
    """Outcome and reasons of an order under an overlay."""
    held = build(Inputs(sample=True, rules=folder)).snapshot
    party = {"name": "Meadow Lane Bakery", "role": "end_user"}
    order = {"order_id": "O-1", "destination": destination, "parties": [party], **members}
    told = json.loads(screen(json.dumps(order).encode(), held, Terms(as_of=day)).value)
    return told["outcome"], [code for code in told["reasons"] if code != "SAMPLE"], told


def overlay(folder, name, row, **changes):
    """An overlay that holds one row of a shipped file with other values."""
    shipped = tomllib.loads((rules.SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))[row] | changes
    lines = [f"[{row}]", *(f"{key} = {_toml(value)}" for key, value in shipped.items())]
    (folder / f"{name}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(row)}" for key, row in value.items()) + " }"
    return json.dumps(value)


def test_a_day_of_an_overlay_changes_what_is_decided(tmp_path):
    """A rule that ends in an overlay stops nothing from that day on; another hash says so."""
    ended = overlay(tmp_path, "destinations", "EMBARGO_IR", effective_to="2026-11-01")
    assert decided(ended, day="2026-10-31")[:2] == ("block", ["EMBARGO_IR"])
    assert decided(ended)[:2] == ("clear", [])
    assert decided(None)[:2] == ("block", ["EMBARGO_IR"])
    assert decided(ended)[2]["rules"] != decided(None)[2]["rules"]


def test_a_proposed_row_never_applies(tmp_path):
    """A row that is only proposed decides nothing until its status says otherwise."""
    assert decided(overlay(tmp_path, "destinations", "EMBARGO_IR", status="proposed"))[:2] == ("clear", [])


def test_a_row_of_an_overlay_is_a_rule_like_any_other(tmp_path):
    """Someone's own row stops what it says, under its own code."""
    row = {"over": "order", "says": "Nothing goes to Atlantis' neighbor.", "citation": "House rule 7", "priority": 60}
    row |= {"when": {"destination": {"in": ["IS"]}}, "outcome": "review", "effective_from": "2026-01-01"}
    lines = ["[OURS_ICELAND]", *(f"{key} = {_toml(value)}" for key, value in row.items())]
    (tmp_path / "controls.toml").write_text("\n".join(lines), encoding="utf-8")
    outcome, reasons, told = decided(tmp_path, destination="IS")
    assert (outcome, reasons) == ("review", ["OURS_ICELAND"])
    assert told["findings"][0]["says"] == "Nothing goes to Atlantis' neighbor."
    assert told["findings"][0]["citation"] == "House rule 7"


def test_what_a_decision_rests_on_and_nobody_confirmed_is_told():
    """A row that is not verified stands in the decision's `unverified`."""
    assert decided(None)[2]["unverified"] == ["EMBARGO_IR 1996-03-25"]


def test_of_a_confidential_row_only_the_code_is_told(tmp_path):
    """An is-informed letter about items stops what it says; no decision repeats its words or its source."""
    row = {"over": "item", "says": "Nothing of 3B001 to Iceland.", "citation": "Letter 1744", "priority": 90}
    row |= {"when": {"destination": {"in": ["IS"]}, "item.eccn": {"eccn": ["3B001"]}}, "outcome": "block"}
    row |= {"effective_from": "2026-01-01", "confidential": True, "unknown": "review"}
    row |= {"license_requirement": "A license, says the letter.", "license_review_policy": "denial"}
    lines = ["[LETTER_A]", *(f"{key} = {_toml(value)}" for key, value in row.items())]
    (tmp_path / "controls.toml").write_text("\n".join(lines), encoding="utf-8")
    for items, expected in (([{"eccn": "3B001.a"}], "block"), ([{"description": "x"}], "review")):
        outcome, reasons, told = decided(tmp_path, destination="IS", items=items)
        assert (outcome, reasons) == (expected, ["LETTER_A"])
        assert told["findings"] == [{"type": "control", "code": "LETTER_A", "item": 0}]
        assert told["missing"] == []
        assert "etter 1744" not in json.dumps(told)
        assert told["license_requirement"] == ""
