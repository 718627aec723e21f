"""Whatever rows the rules have and whatever an order says, `screen` answers; a license answers what it names only."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.authorizations import Authorization, Drawn, NamedParty
from screener.core import screen
from screener.core.decode import decode
from screener.core.order_rules import order_rules
from screener.core.ordinary import ordinary
from screener.lists import order_rules as rows
from screener.lists import rules
from screener.lists.build import Inputs, build
from screener.model import Snapshot, Terms

CORE = importlib.import_module("screener.core")
DAYS = st.sampled_from(["2019-01-01", "2022-02-24", "2026-01-15", "2026-11-22", "2027-01-01"])
COUNTRIES = st.sampled_from(["US", "CN", "HK", "MO", "IR", "RU", "DE", "D:5", "E:1"])
VALUES = {
    "country": st.lists(COUNTRIES, min_size=1, max_size=3),
    "text": st.lists(st.sampled_from(["export", "payer", "end_user", "data_center", "person"]), min_size=1, max_size=2),
    "flag": st.booleans(),
    "eccn": st.lists(st.sampled_from(["3A090", "EAR99", "@advanced_computing", "3*.z"]), min_size=1, max_size=2),
    "hs": st.lists(st.sampled_from(["@common_high_priority", "8542"]), min_size=1, max_size=2),
    "number": st.integers(0, 5_000) | st.floats(0, 1e9),
    "day": DAYS,
    "signals": st.lists(st.sampled_from(["@advanced_computing", "military", "h200"]), min_size=1, max_size=2),
    "services": st.lists(st.sampled_from(rows.SERVICES), min_size=1, max_size=2),
}
ORDER_VALUES = (
    st.none()
    | st.booleans()
    | COUNTRIES
    | st.integers(-1, 10_000)
    | st.floats(0, 1e12)
    | DAYS
    | st.sampled_from(["", " ", "export", "3A090.a", "EAR99", "8542.31", "x" * 200, "Nerve Agent Works", "Ascend 910C"])
)
DRAWN = st.none() | st.integers(0, 2_000).map(lambda units: Drawn(units * 10**6, {}))


@cache
def held() -> Snapshot:
    return build(Inputs(sample=True)).snapshot


@cache
def tables() -> Any:
    return rules.read_tables()


@st.composite
def conditions(draw: st.DrawFn, over: str) -> dict[str, Any]:
    fields = draw(st.lists(st.sampled_from(sorted(rows.FIELDS[over])), min_size=1, max_size=3, unique=True))
    asked: dict[str, Any] = {}
    for field in fields:
        kind = rows.FIELDS[over][field]
        test = draw(st.sampled_from(["missing", *sorted(rows.TESTS[kind])]))
        asked[field] = {test: draw(st.booleans() if test == "missing" else VALUES[kind])}
    return asked


@st.composite
def rule_rows(draw: st.DrawFn, file: str) -> dict[str, Any]:
    over = draw(st.sampled_from(["order", "item", "party"]))
    row = {
        "over": over,
        "says": "A row at random.",
        "citation": "15 CFR 700",
        "when": draw(conditions(over)),
        "priority": draw(st.integers(0, 100)),
        "unknown": draw(st.sampled_from(["no", "review", "not_evaluated"])),
        "effective_from": draw(DAYS),
    }
    if file == "controls":
        row |= {
            "outcome": draw(st.sampled_from(["review", "block"])),
            "licensed_by": draw(st.sampled_from([[], ["BIS"]])),
        }
    return row


LICENSES = st.builds(
    Authorization,
    kind=st.just("license"),
    number=st.just("D1"),
    authority=st.sampled_from(["BIS", "OFAC"]),
    parties=st.lists(
        st.builds(
            NamedParty, st.sampled_from(["meadow", "huaweitechnologies"]), st.sampled_from(["CN", "DE"]), st.just("")
        ),
        min_size=1,
    ).map(tuple),
    items=st.sampled_from([("EAR99",), ("3A090", "EAR99")]),
    models=st.just(()),
    destinations=st.sampled_from([("CN",), ("CN", "DE", "IR")]),
    limit=st.sampled_from([10**6, 10**9]),
    currency=st.just("USD"),
    effective_from=st.just("2020-01-01"),
    effective_to=st.sampled_from(["2026-01-15", "2028-01-01"]),
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, Any], list[Authorization]]:
    """Other rows over orders' facts, and a license or none."""
    files: dict[str, Any] = {"destinations": {}}
    for file in ("controls", "redflags"):
        found = draw(st.lists(rule_rows(file), max_size=4))
        files[file] = {f"{file.upper()}_{number}": row for number, row in enumerate(found)}
    return files, draw(st.lists(LICENSES, max_size=1))


def changed(change: tuple[dict[str, Any], list[Authorization]]) -> Snapshot:
    """The sample with these rows, as their reader takes them, and licenses."""
    snapshot = held()
    orders = rows.order_rules({**tables(), **change[0]}, snapshot.rules.licenses)
    authorizations = {row.number: row for row in change[1]}
    return replace(snapshot, rules=replace(snapshot.rules, orders=orders), authorizations=authorizations)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """Orders of plausible members, with any of them set to anything."""
    party = st.fixed_dictionaries(
        {"name": st.sampled_from(["Meadow", "Huawei Technologies Co., Ltd.", "Army of Atlantis"])},
        optional=dict.fromkeys(["country", "role", "formed_on", "website", "headquarters_country"], ORDER_VALUES),
    )
    item = st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["eccn", "hs_code", "description", "model", "value", "quantity", "memory_bandwidth_gbps", "subject_to_ear"],
            ORDER_VALUES,
        )
        | {"currency": st.just("USD")},
    )
    members = ["destination", "ship_from", "movement", "us_person", "payer_changed", "site", "end_use", "notes"]
    return draw(
        st.fixed_dictionaries(
            {"order_id": st.just("O-1"), "parties": st.lists(party, min_size=1, max_size=2)},
            optional=dict.fromkeys(members, ORDER_VALUES)
            | {
                "items": st.lists(item, max_size=2),
                "license": st.sampled_from([{"number": "D1"}, {"number": "D2"}, {}]),
            },
        )
    )


@given(changes(), orders(), DAYS, DRAWN)
@settings(max_examples=500, deadline=None)
def test_any_order_under_any_rules_is_answered(change: Any, order: dict[str, Any], day: str, drawn: Any) -> None:
    """The decision is JSON and the same the second time; short way and whole way find the same."""
    snapshot = changed(change)
    raw, terms = orjson.dumps(order), Terms(as_of=day)
    decision = screen(raw, snapshot, terms, drawn=lambda _: drawn)
    value = orjson.loads(decision.value)
    assert value["outcome"] == decision.outcome
    assert decision.value == screen(raw, replace(snapshot), terms, drawn=lambda _: drawn).value
    read = decode(raw)
    if value["outcome"] == "quarantine":
        return
    signals = CORE._stages(read, snapshot).signals
    unasked, ruled = ordinary(read, signals, (day,), snapshot), order_rules(read, signals, snapshot, day)
    if unasked is not None:
        assert not ruled.findings
        assert unasked == ruled.not_evaluated


@given(changes(), orders(), DAYS, DRAWN)
@settings(max_examples=500, deadline=None)
def test_a_license_answers_what_it_names_and_nothing_else(
    change: Any, order: dict[str, Any], day: str, drawn: Any
) -> None:
    """With a license held each finding stands as without it but those of its authority; no red flag is answered."""
    snapshot = changed(change)
    raw, terms = orjson.dumps({**order, "license": {"number": "D1"}}), Terms(as_of=day)
    without = orjson.loads(screen(raw, replace(snapshot, authorizations={}), terms).value)
    decision = screen(raw, replace(snapshot), terms, drawn=lambda _: drawn)
    told = orjson.loads(decision.value)
    if told["outcome"] == "quarantine":
        return

    def bare(finding: dict[str, Any]) -> bytes:
        kept = {name: value for name, value in finding.items() if name not in {"grant", "unverified"}}
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)

    before = sorted(bare(row) for row in without["findings"])
    after = sorted(bare(row) for row in told["findings"] if not row["code"].startswith("LICENSE_"))
    assert before == after
    answered = [row for row in told["findings"] if row.get("grant") == "D1"]
    assert all(row["type"] != "red_flag" for row in answered)
    if not answered:
        order_of = ["clear", "review", "block"]
        assert order_of.index(told["outcome"]) >= order_of.index(without["outcome"])
    if decision.use is not None:
        assert decision.use.amount <= snapshot.authorizations["D1"].limit
        assert decision.outcome != "block"
        assert drawn is None or drawn.total + decision.use.amount <= snapshot.authorizations["D1"].limit
