"""The screening cases of tests/cases/screening: each order gets the answer that its case says."""

import json
import tomllib
from functools import cache
from pathlib import Path

import pytest

from screener.authorizations import Drawn, as_text, units
from screener.core import screen
from screener.lists.build import Inputs, build
from screener.model import Terms

CASES = Path(__file__).parents[2] / "cases" / "screening"
FILES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("*.toml"))}
ALL = [(name, case) for name, file in FILES.items() for case in file["case"]]

NEEDED = {"id", "says", "order", "outcome"}
MAY = {"citation", "drawn"}
TERMS = set(Terms._fields)
FOLDERS = ("lists", "private", "ownership", "good_list", "licenses", "history")
OF_RULES = {
    *("changes", "computing", "destinations", "end_uses", "flags", "history", "jurisdictions", "licenses"),
    *("regimes", "scope", "terms"),
}
EXPECTATIONS = {
    *("reasons", "absent", "entries", "texts", "bases", "judged_on", "regimes", "unverified", "missing"),
    *("priority", "findings", "never_in_decision", "grants", "scored", "why"),
    *("draws", "scores", "not_evaluated", "license_requirement", "license_review_policy", "license_terms", "footnotes"),
}


@cache
def snapshot(name):
    """The snapshot that the file's cases are screened against; files that name the same lists share one."""
    return _built(json.dumps(FILES[name]["against"], sort_keys=True))


@cache
def _built(against):
    named = json.loads(against)
    folders = {key: [CASES / "lists" / file for file in named.pop(key, ())] for key in FOLDERS}
    return build(Inputs(**folders, **named)).snapshot


def terms(name, case):
    given = FILES[name].get("terms", {}) | {key: case[key] for key in TERMS & case.keys()}
    return Terms(**{key: value for key, value in given.items() if value != ""})


def drawn(case):
    """What other orders have drawn before, as the case says."""
    given = case.get("drawn", {})

    def asked(number):
        if given == "unknown":
            return None
        of_orders = {order: units(amount) for order, amount in given.get(number, {}).items()}
        return Drawn(sum(of_orders.values()), of_orders)

    return asked


def order_bytes(case):
    order = case["order"]
    return order.encode() if isinstance(order, str) else json.dumps({"order_id": case["id"], **order}).encode()


def test_cases_of_the_regulation_cite_it():
    """Every case of a file about rules says where the rule is published, and there are at least 150 of them."""
    assert [case["id"] for name, case in ALL if name in OF_RULES and not case.get("citation")] == []
    assert sum(name in OF_RULES for name, _ in ALL) >= 150


@pytest.mark.parametrize(("name", "case"), ALL, ids=[f"{name}:{case['id']}" for name, case in ALL])
def test_order_gets_the_answer_of_its_case(name, case):
    """The decision has the outcome, reasons, entries and texts that the case names, and no text that it excludes."""
    decision = screen(order_bytes(case), snapshot(name), terms(name, case), drawn=drawn(case))
    told = json.loads(decision.value)
    found = told.get("findings", [])
    assert decision.outcome == told["outcome"] == case["outcome"], case["says"]
    assert set(case.get("reasons", ())) <= set(told["reasons"])
    assert not set(case.get("absent", ())) & set(told["reasons"])
    assert set(case.get("not_evaluated", ())) <= set(told.get("not_evaluated", ()))
    assert [text for text in case.get("never_in_decision", ()) if text.lower() in _own_words(told)] == []
    answer = {
        "entries": sorted({finding["entry_id"] for finding in found if "entry_id" in finding}),
        "bases": sorted({finding["basis"] for finding in found if "basis" in finding}),
        "judged_on": told["as_of"],
        "draws": f"{as_text(decision.use.amount)} {decision.use.currency}" if decision.use else "",
        "findings": len(found),
        "grants": [grant["id"] for grant in told.get("grants", ())],
        "license_terms": [
            f"{term['items']}: {term['policy']}" for finding in found for term in finding.get("license_terms", ())
        ],
        "scores": sorted({finding["score"] for finding in found if finding.get("score") is not None}),
        "footnotes": sorted({digit for finding in found for digit in finding.get("footnotes", ())}),
        **{key: told.get(key) for key in ("regimes", "unverified", "missing", "priority")},
        **{key: told.get(key) for key in ("license_requirement", "license_review_policy")},
    }
    for key in answer.keys() & case.keys() - {"not_evaluated"}:
        assert answer[key] == case[key], key
    assert set(case.get("texts", ())) <= {finding.get("text") for finding in found}
    why = {reason for finding in found for reason in finding.get("reasons", ())}
    assert set(case["why"]) <= why if case.get("why") else not why or "why" not in case, why
    assert not case.get("scored") or all(0 < finding["score"] < 1 for finding in found)


def _own_words(told):
    """The decision without the order and the places in it: what the screener itself says, in small letters."""
    findings = [{key: value for key, value in row.items() if key != "text"} for row in told.get("findings", [])]
    return json.dumps(told | {"order": None, "findings": findings}, ensure_ascii=False).lower()


def test_case_ids_are_unique():
    """No two cases have the same id, so that a failing one is found by it."""
    ids = [case["id"] for _, case in ALL]
    assert sorted(ids) == sorted(set(ids))


def test_cases_have_no_misspelt_key():
    """Each case has an id, a sentence, an order and an outcome, and no key that the README does not explain."""
    for _, case in ALL:
        assert case.keys() >= NEEDED, case
        assert case.keys() <= NEEDED | MAY | TERMS | EXPECTATIONS, case["id"]
        assert case["says"].endswith("."), case["id"]
    explained = (CASES / "README.md").read_text(encoding="utf-8")
    assert [key for key in sorted(NEEDED | MAY | EXPECTATIONS) if f"`{key}`" not in explained] == []
