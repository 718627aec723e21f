"""docs/security.md holds: its tables name what there is, and its claims about hostile orders and private lists are so.

Hostile files are in test_threats_files.py, dependencies and code in test_supply_chain.py.
"""

from __future__ import annotations

import ast
import json
import logging
import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from screener.core import screen
from screener.core.decode import DEPTH_MAX, ORDER_BYTES_MAX, TEXT_CHARS_MAX
from screener.lists.build import Inputs, build
from screener.memory import Memory, Shelf
from screener.model import Terms
from screener.runners import topics
from screener.runners.logs import JsonLines, TextLines
from screener.runners.metrics import Metrics
from screener.runners.terminal import printable
from tests.costs import assert_growth
from tests.ops.rendering import GENERATE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from screener.lists.build import Built
    from screener.model import Decision, Snapshot

PAGE = ROOT / "docs" / "security.md"
THREATS = Path(__file__).with_name("threats")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SOURCE = re.compile(r"`((?:screener|topics|k8s|docs|tests|requirements)/[\w./-]+|Dockerfile|Makefile)`")
DAY_MS = 24 * 60 * 60 * 1000
TODAY = Terms(received_on="2026-11-22")
LISTED = "Huawei Technologies Co., Ltd."
LISTED_INSIDE = "Hangzhou Hikvision Digital Technology"
"""A listed name that counts inside a longer text too."""


# --- the page ---------------------------------------------------------------------------------------------------------


def table(heading: str) -> list[dict[str, str]]:
    """The rows of the table below a heading of the page, by the names of its columns."""
    _, found, below = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    assert found, heading
    lines = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    head, _, *rows = cells
    return [dict(zip(head, row, strict=True)) for row in rows]


@cache
def listed_tests(path: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _is_test(node))


def _is_test(node: ast.FunctionDef) -> bool:
    """Whether a function is a test that must pass: one that is expected to fail or skipped shows nothing."""
    marks = {ast.unparse(one) for one in node.decorator_list}
    return node.name.startswith("test_") and not any("xfail" in mark or "mark.skip" in mark for mark in marks)


def test_each_threat_names_what_stops_it_and_tests_that_exist() -> None:
    """Each row is whole: code that is there, at least one test that is there, and what remains."""
    rows = table("Threats")
    assert len(rows) >= 40
    for row in rows:
        assert all(row.values()), row
        shown = NODE.findall(row["Shown by"])
        assert shown, f"no test: {row['Who and how']}"
        assert [f"{path}::{name}" for path, name in shown if name not in listed_tests(path)] == [], row["Who and how"]
        assert SOURCE.findall(row["What stops it"]), f"no code: {row['Who and how']}"


def test_what_the_page_names_is_there() -> None:
    """Every file and test that stands anywhere on the page exists."""
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in SOURCE.findall(text) if not (ROOT / name).exists()] == []
    assert [f"{path}::{name}" for path, name in NODE.findall(text) if name not in listed_tests(path)] == []


def test_each_test_of_threats_is_on_the_page() -> None:
    """Nothing is tested here that no row of the page tells."""
    named = {name for _, name in NODE.findall(PAGE.read_text(encoding="utf-8"))}
    for path in ("test_threats.py", "test_threats_files.py", "test_supply_chain.py"):
        assert listed_tests(f"tests/ops/{path}") - named == set(), path


def kept(topic: topics.Topic) -> str:
    """How long a topic keeps records, as its declaration says."""
    milliseconds = int(topic.on_creation.get("retention.ms", 0))
    return f"{milliseconds // DAY_MS} days" if milliseconds else "the last of each key, without end"


def test_topics_of_the_page_are_those_declared() -> None:
    """What is kept how long, and who reads it, is as `topics.toml` and `access.toml` have it, for every topic."""
    readers: dict[str, list[str]] = {}
    for user in GENERATE.users():
        for right in user.rights:
            if right.resource == "topic" and "Read" in right.operations:
                readers.setdefault(right.name, []).append(f"`{user.name}`")
    told = {row["Topic"]: (row["Kept"], row["Read by"]) for row in table("Personal data in topics")}
    assert told == {
        f"`{topic.name}`": (kept(topic), ", ".join(readers.get(topic.name, ["nobody"]))) for topic in topics.load()
    }


# --- orders -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return build(Inputs(sample=True)).snapshot


def order(name: str = LISTED, order_id: str = "O-1", party: dict[str, Any] | None = None, **members: object) -> bytes:
    return json.dumps({"order_id": order_id, "parties": [{"name": name} | (party or {})], **members}).encode()


def told(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decision.value)
    return found


CASES = {case["how"]: case for case in tomllib.loads((THREATS / "names.toml").read_text(encoding="utf-8"))["case"]}


@pytest.mark.parametrize("how", CASES)
def test_disguised_name_is_seen_through_or_told_as_a_limit(snapshot: Snapshot, how: str) -> None:
    """Each disguise has the outcome of its case; those that are clear are told on the page, word for word."""
    case = CASES[how]
    party = {"other_names": case.get("others", []), "country": case.get("country", "")}
    assert screen(order(case["name"], party=party), snapshot, TODAY).outcome == case["outcome"]
    if case["outcome"] == "clear":
        assert f"* {how}" in PAGE.read_text(encoding="utf-8").replace(";\n", "\n").replace(".\n", "\n").splitlines()


@pytest.mark.parametrize(
    "name", [".*", "(a+)+$", "[" * 500, "\\", "^(Huawei|x)*$", "a" * 999 + "!", "(?:.*)*Huawei", "%s"]
)
def test_name_that_looks_like_a_pattern_is_a_name(snapshot: Snapshot, name: str) -> None:
    """It matches nobody and is answered; that it costs little follows from the next test."""
    decision = screen(order(name), snapshot, TODAY)
    assert not any("list" in finding for finding in told(decision)["findings"])


def test_no_pattern_is_made_of_an_orders_text() -> None:
    """In the core regular expressions are made when a module is loaded or a table is taken, never for an order."""
    made: list[str] = []
    for path in sorted((ROOT / "screener" / "core").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name != "__init__":
                calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
                made += [f"{path.name}:{call.lineno}" for call in calls if ast.unparse(call.func).startswith("re.")]
    assert made == []


NUMBERS: list[Any] = [1e308, -1e308, 2**63, 2**64 - 1, -(2**63), 5e-324, 0.1 + 0.2]
AMOUNTS: list[Any] = [*NUMBERS, "9" * 1_000, "1e999999999", "-1", "NaN", "Infinity", "٣", ""]


@pytest.mark.parametrize("amount", AMOUNTS, ids=str)
def test_huge_numbers_get_an_answer_and_free_nobody(snapshot: Snapshot, amount: Any) -> None:
    """No number is too large, too small or no number: the listed party is stopped, and an ordinary one is answered."""
    item = {"eccn": "3A090.a", "value": amount, "currency": "USD", "us_content_percent": amount}
    if not isinstance(amount, str):
        item |= {"quantity": amount, "processing_performance": amount, "memory_bandwidth_gbps": amount}
    for name in (LISTED, "Meadow"):
        decision = screen(order(name, items=[item], destination="CN"), snapshot, TODAY)
        assert decision.outcome != "quarantine"
        assert (decision.outcome, "EL_HIT" in decision.reasons) == ("block", True) or name != LISTED


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 500, 100_000])
@pytest.mark.parametrize("mark", ["[]", '{"a":}'])
def test_deep_json_is_quarantined(snapshot: Snapshot, depth: int, mark: str) -> None:
    """Nesting beyond the limit, in a member that nobody reads, quarantines the order."""
    begin, end = mark[:-1], mark[-1:]
    raw = order()[:-1] + b',"extra":' + (begin * depth + "1" + end * depth).encode() + b"}"
    assert screen(raw[:ORDER_BYTES_MAX], snapshot, TODAY).outcome == "quarantine"


def test_cancelled_order_says_that_nobody_was_looked_for(snapshot: Snapshot) -> None:
    """A sender can have any order answered clear by cancelling it; the answer says so, and names no party."""
    decision = screen(order(cancelled=True), snapshot, TODAY)
    assert (decision.outcome, decision.reasons[0]) == ("clear", "CANCELLED")
    assert b"Huawei" not in decision.value
    for wrong in ("true", 1, "yes", [True]):
        assert screen(order(cancelled=wrong), snapshot, TODAY).outcome == "quarantine"
    assert screen(order(cancelled=False), snapshot, TODAY).outcome == "block"


CLAIMS: dict[str, dict[str, Any]] = {
    "a license": {"license": {"number": "D123456"}},
    "a license exception": {"license": {"exception": "ENC"}},
    "both": {"license": {"number": "D123456", "exception": "GOV"}},
    "statements": {"party": {"statements": {"end_user": True, "uvl": True}}},
    "no US person": {"us_person": False, "movement": "domestic", "ship_from": "FR", "destination": "FR"},
    "a harmless class": {"items": [{"eccn": "EAR99", "value": "1.00", "currency": "USD"}]},
    "a decision of its own": {"outcome": "clear", "reasons": [], "grants": [{"type": "license", "id": "x"}]},
    "an early day": {"export_date": "2015-01-01", "placed_at": "2015-01-01T00:00:00Z"},
    "a late day": {"export_date": "2099-01-01"},
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_an_order_claims_frees_no_listed_party(snapshot: Snapshot, claim: str) -> None:
    """Licenses that are not held, exceptions, statements, days and classes change nothing: the party is stopped."""
    members = dict(CLAIMS[claim])
    decision = screen(order(party=members.pop("party", None), **members), snapshot, TODAY)
    assert (decision.outcome, decision.reasons[0]) == ("block", "EL_HIT")


@pytest.mark.parametrize(
    "members", [{"items": [{"eccn": "3A090.a", "subject_to_ear": False}]}, {"party": {"role": "payer"}}]
)
def test_false_facts_about_items_or_roles_leave_a_review(snapshot: Snapshot, members: dict[str, Any]) -> None:
    """Who says that nothing is subject to the EAR, or that the listed party only pays, gets to a person."""
    members = dict(members)
    decision = screen(order(party=members.pop("party", None), **members), snapshot, TODAY)
    assert decision.outcome == "review"
    assert "EL_HIT" in decision.reasons


def test_many_distinct_names_fill_no_memory(snapshot: Snapshot) -> None:
    """However many parties and texts come once, what is remembered stays within its limit, shelf by shelf."""
    held, snapshot.memory = snapshot.memory, Memory(64)
    try:
        for number in range(300):
            screen(order(f"Brook {number} Foundry", notes=f"Note {number}", order_id=f"O-{number}"), snapshot, TODAY)
        assert {True} == {len(shelf) <= 64 for shelf in shelves(snapshot.memory)}
        assert max(len(shelf) for shelf in shelves(snapshot.memory)) > 32
    finally:
        snapshot.memory = held


def shelves(memory: Memory) -> Iterator[Shelf[Any, Any]]:
    for name in Memory.__slots__:
        value = getattr(memory, name)
        yield from value.values() if name == "texts" else [value] if isinstance(value, Shelf) else []


def test_hashes_of_texts_differ_from_run_to_run() -> None:
    """Nothing fixes Python's seed of hashes, so that nobody can send names that all fall on one place of a table."""
    files = [ROOT / "Dockerfile", ROOT / "Makefile", *(ROOT / "k8s").rglob("*"), *(ROOT / "screener").rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files if path.is_file()]
    assert [text for text in texts if "PYTHONHASHSEED" in text] == []


SLOW = ["A", "\ufdfa", "' ", "\u0301", "(", "\u200b", "a.k.a. ", "&#39;", "a1 ", "1-", "Hikvision "]


@pytest.mark.parametrize("piece", SLOW)
def test_no_text_around_a_listed_name_holds_up_the_rest(snapshot: Snapshot, piece: str) -> None:
    """A listed name and texts around it cost as their length, up to the longest, whatever they are made of."""

    def prepare(chars: int, number: int) -> Callable[[], None]:
        text = f"{LISTED_INSIDE} {number} {piece * chars}"[:chars]
        raw = order("Meadow", items=[{"description": f"{text}{at}"} for at in range(8)])
        return screening(raw, snapshot)

    assert_growth(prepare, (TEXT_CHARS_MAX - 10) // 4)


def screening(raw: bytes, snapshot: Snapshot) -> Callable[[], None]:
    """A call that screens an order with an empty memory, and wants a review."""
    fresh = replace(snapshot)

    def call() -> None:
        assert screen(raw, fresh, TODAY).outcome == "review"

    return call


def test_apostrophes_around_a_listed_name_hold_up_nothing(snapshot: Snapshot) -> None:
    """Apostrophes are letters of words, and a run of them is looked at once: it costs as its length."""

    def prepare(chars: int, number: int) -> Callable[[], None]:
        return screening(order("Meadow", notes=f"{LISTED_INSIDE} {number} {chr(39) * chars}"), snapshot)

    assert_growth(prepare, 2_500)


# --- what is told, and where ------------------------------------------------------------------------------------------


def test_metrics_have_no_label_of_an_orders_making(snapshot: Snapshot) -> None:
    """However many orders come, with whatever names, ids and codes, the series are those of lists and rules."""
    metrics = Metrics()
    metrics.swapped(snapshot)

    def series(first: int) -> set[str]:
        orders = [
            order(f"Brook {n} {LISTED_INSIDE}", order_id=f"Z{n}", party={"role": f"R{n}"}, items=[{"eccn": f"X{n}"}])
            for n in range(first, first + 50)
        ]
        decided = [(screen(raw, snapshot, TODAY), 0.001) for raw in [*orders, *(raw[:-9] for raw in orders)]]
        metrics.committed(decided, [0.1] * len(decided), 0.1)
        return {line.rpartition(" ")[0] for line in metrics.exposition().decode().splitlines() if line[:1] != "#"}

    once = series(0)
    assert series(50) == once
    assert not any(word in line for line in once for word in ("Brook", "Z1", "R1", "X1"))


def test_clear_decision_tells_nobodys_name(snapshot: Snapshot) -> None:
    """Of an order without findings the decision holds its id, its hash and what was looked at, and no text of it."""
    party = {"address": "12 Canary Lane", "country": "DE", "identifiers": {"registration": "CANARY-1"}}
    decision = screen(order("Canary Pumps", party=party, notes="Canary notes"), snapshot, TODAY)
    assert decision.outcome == "clear"
    assert "canary" not in decision.value.decode().lower()


@pytest.mark.parametrize("lines", [JsonLines(), TextLines("%(message)s")])
def test_a_line_of_log_is_one_line(lines: logging.Formatter) -> None:
    """Whatever a message holds, such as the place that somebody announced, it forges no other record."""
    forged = 'x\n{"level":"INFO"}\u2028\x1b[2J'
    record = logging.LogRecord("a", logging.ERROR, "", 0, "refused: %s", (forged,), None)
    line = lines.format(record)
    assert not {"\n", "\x1b"} & set(line)
    told = json.loads(line)["message"] if isinstance(lines, JsonLines) else line
    assert told == f"refused: {forged if isinstance(lines, JsonLines) else printable(forged)}"


# --- confidential private lists ---------------------------------------------------------------------------------------

SECRET = {
    "name": "Quibbletone Vexwater Holdings",
    "list": "LETTER",
    "aliases": "Zanzimarr Oolong Works;Plumtwist Gravelock",
    "kind": "organization",
    "country": "CN",
    "address": '"77 Wimbledrake Lane, Chengdu"',
    "license_requirement": "Skreelgrum",
    "license_review_policy": "Droovelish",
    "effective_from": "2025-01-01",
    "effective_to": "",
    "reference": "FRABJOUS-1",
    "confidential": "yes",
}
SECRETS = re.findall(r"\w{5,}", " ".join(SECRET[key] for key in SECRET if key not in {"list", "kind", "confidential"}))
HOLDINGS = (
    "owner,owned,share\nFRABJOUS-1,Open Meadow Foundry,60\nZanzimarr Oolong Works,Gentle Harbor Mills,60\n"
    "Plumtwist Gravelock,Tall Walnut Press,\nQuibbletone Vexwatr Holdings,Blue Acorn Forge,60\n"
    f"{LISTED.replace(',', '')},Plumtwist Gravelock,60\n"
)
ASKED = (
    "Quibbletone Vexwater Holdings",
    "Quibletone Vexwater",
    "Zanzimarr Oolong Works",
    "Zanzimar Oolong Works",
    "Plumtwist Gravelok",
    "Open Meadow Foundry",
    "Gentle Harbor Mills",
    "Gentl Harbor Mills",
    "Tall Walnut Press",
    "Meadow",
)


def confidential(folder: Path, more: str = "") -> Built:
    """The sample with a confidential row, and holdings of the party that it names."""
    private, owned = folder / "letters.csv", folder / "owned.csv"
    private.write_text(f"{','.join(SECRET)}\n{','.join(SECRET.values())}\n{more}", encoding="utf-8")
    owned.write_text(HOLDINGS, encoding="utf-8")
    return build(Inputs(sample=True, private=[private], ownership=[owned]))


def betrayed(raw: bytes, decision: Decision) -> set[str]:
    """The words of the confidential row that the decision tells and the order did not."""
    found = told(decision)
    found.pop("order", None)
    text = json.dumps(found, ensure_ascii=False).lower()
    return {word for word in SECRETS if word.lower() in text and word.lower() not in raw.decode().lower()}


def asked() -> Iterator[bytes]:
    """Orders that come near the confidential row: by name, in a text, at its address, by its owners."""
    near = {"address": "77 Wimbledrake Lane, Chengdu", "country": "CN"}
    for name in ASKED:
        yield order(name)
        yield order(name, party=near)
        yield order("Meadow", notes=f"for {name}", party={"other_names": [name]})


def test_words_of_a_confidential_row_are_in_no_decision_and_no_metric(tmp_path: Path) -> None:
    """What an order does not say itself, its answer does not say: no name, address, requirement, policy, reference."""
    held = confidential(tmp_path).snapshot
    metrics = Metrics()
    metrics.swapped(held)
    outcomes: set[str] = set()
    for raw in asked():
        decision = screen(raw, held, TODAY)
        metrics.committed([(decision, 0.001)], [0.1], 0.1)
        outcomes.add(decision.outcome)
        assert betrayed(raw, decision) == set(), raw
    assert outcomes == {"clear", "review", "block"}
    assert not any(word.lower() in metrics.exposition().decode().lower() for word in SECRETS)


def test_owner_that_is_like_a_confidential_party_is_told_as_its_holding_has_it(tmp_path: Path) -> None:
    """The path says that an entry told by its hash is like the owner: with the owner's name from the ownership file."""
    decision = told(screen(order("Blue Acorn Forge"), confidential(tmp_path).snapshot, TODAY))
    steps = [(step["owner"][:7], step["owned"], step["source"][:18]) for step in decision["findings"][0]["path"]]
    assert ("LETTER-", "Quibbletone Vexwatr Holdings", "like a listed name") in steps
    assert "Vexwater" not in json.dumps(decision)


def test_confidential_row_is_told_by_code_and_hash(tmp_path: Path) -> None:
    """The code of the list and a hash are told, so that a reviewer who may read the letter finds it; nothing else."""
    (finding,) = told(screen(order("Zanzimarr Oolong Works"), confidential(tmp_path).snapshot, TODAY))["findings"][:1]
    assert finding["entry_id"].startswith("LETTER-")
    assert finding.keys() == {
        *("type", "code", "party", "field", "span", "text"),
        *("list", "entry_id", "alias_quality", "score"),
    }


def test_snapshot_file_holds_confidential_rows_in_the_open(tmp_path: Path) -> None:
    """Who reads the snapshot file reads them, but for the reference, which is hashed: it is for workers only."""
    content = confidential(tmp_path).content.decode()
    assert "Quibbletone Vexwater Holdings" in content
    assert "Wimbledrake" in content
    assert "FRABJOUS-1" not in content.replace('"owner":"FRABJOUS-1"', "")


OPEN_TWIN = "Quibbletone Vexwater Holdings,DENY,,,,,,,,,D-1,no\n"


def test_open_row_of_the_same_party_opens_no_confidential_one(tmp_path: Path) -> None:
    """Where an open row names the party too, what the confidential one adds stays confidential."""
    held = confidential(tmp_path, OPEN_TWIN).snapshot
    words = {word for raw in asked() for word in betrayed(raw, screen(raw, held, TODAY))}
    assert words & {"Zanzimarr", "Oolong", "Plumtwist", "Gravelock", "Wimbledrake"} == set()
