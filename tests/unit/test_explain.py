"""`screener explain`: what the sentences hold, what they never hold, and what is said of a recorded decision."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener import cli
from screener.authorizations import Drawn
from screener.core import screen
from screener.lists.build import Inputs, build
from screener.model import Terms
from screener.runners import explain, explain_text
from screener.runners.explain_text import sentences

ROOT = Path(__file__).parents[2]
SAMPLES = (ROOT / "screener" / "sample" / "orders.ndjson").read_bytes().splitlines()
ORDERS = {json.loads(line)["order_id"]: line for line in SAMPLES if line.endswith(b"}")}
DAY = "2026-11-22"


@pytest.fixture(scope="module")
def snapshot():
    return build(Inputs(sample=True)).snapshot


def told(decision: dict[str, Any], order: object) -> str:
    return "\n".join(sentences(decision, order))


def screened(order: bytes, snapshot: Any, **terms: Any) -> dict[str, Any]:
    decision: dict[str, Any] = json.loads(screen(order, snapshot, Terms(**({"as_of": DAY} | terms))).value)
    return decision


def run(*arguments: object) -> tuple[int, str]:
    out = io.StringIO()
    with redirect_stdout(out):
        status = cli.main(["explain", *map(str, arguments)])
    return status, out.getvalue()


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


# --- the sentences ---------------------------------------------------------------------------------------------------


def test_an_order_is_screened_and_told(tmp_path):
    """Outcome, field with its span marked, entry, alias, score, requirement, policy, citation and hashes are told."""
    status, output = run(written(tmp_path, "o.json", ORDERS["D-005"]), "--sample", "--as-of", DAY)
    assert status == 0
    for line in (
        "Order D-005 is answered review: a person decides before it goes on (priority 55 of 100).",
        "  Found in notes, characters 12 to 48: Forward to [[Hangzhou Hikvision Digital Technology]] after calibration",
        '  Listed as: "Hangzhou Hikvision Digital Technology Co., Ltd.", entry sample-el-02 of the list EL',
        '  By its alias: "Hangzhou Hikvision Digital Technology Co., Ltd." (strong)',
        "  License requirement: For all items subject to the EAR. (See §744.11 of the EAR)",
        "  Published in: 84 FR 54002; 85 FR 44159",
        "Ownership regimes in force: bis-affiliates, ofac-50.",
        "Grants that applied: none.",
        "The ownership graph does not know parties[0]: nothing is said about who owns them.",
        "SAMPLE: The shipped sample lists were used: not for compliance use.",
    ):
        assert line in output.splitlines()
    assert f"Judged on: {DAY} (Washington)." in output
    assert "Snapshot: sha256:" in output
    assert "Rules: sha256:" in output


def test_owners_are_told_step_by_step(snapshot):
    """An affiliation names the company, regime, basis, each holding and the listed owners."""
    lines = told(screened(ORDERS["D-007"], snapshot), json.loads(ORDERS["D-007"])).splitlines()
    for line in (
        "  Company in the ownership graph: Quiet River Components Sdn. Bhd.",
        "  Huawei Technologies Co., Ltd. holds 50 percent of Lotus Harbor Microsystems Ltd. (source: sample)",
        "  Lotus Harbor Microsystems Ltd. holds 51 percent of Quiet River Components Sdn. Bhd. (source: sample)",
        "  Listed owners: EL sample-el-01",
        "It rests on a rule that no source confirmed: bis-affiliates 2026-11-10.",
    ):
        assert line in lines


def test_a_share_that_is_not_known_is_told_as_such(snapshot):
    """An unknown share is no percentage."""
    assert "STATE CORPORATION ROSTEC holds a share that is not known of" in told(
        screened(ORDERS["D-009"], snapshot), json.loads(ORDERS["D-009"])
    )


def test_a_clear_order_is_told_with_its_lists(snapshot):
    """A clear order has no finding, and the sentence says under what."""
    order = {"order_id": "O-1", "parties": [{"name": "Amber Gate Trading"}]}
    lines = told(screened(json.dumps(order).encode(), snapshot), order).splitlines()
    assert lines[0] == "Order O-1 is answered clear: no finding under the lists and rules named below."
    assert not any(line.startswith("Finding") for line in lines)


def test_what_is_no_order_is_told_with_its_reason(tmp_path):
    """A quarantined order is told with why it could not be read."""
    status, output = run(written(tmp_path, "o.json", b'{"order_id": "O-1"'), "--sample", "--as-of", DAY)
    assert status == 0
    assert (
        "An order without a readable id is answered quarantine: it could not be read, so it was not judged." in output
    )
    assert "Why it could not be read: not JSON in UTF-8" in output


def test_a_missing_day_is_told(snapshot):
    """An order without a day says so, and what follows from it."""
    order = {"order_id": "O-1", "parties": [{"name": "Amber Gate Trading"}]}
    output = told(screened(json.dumps(order).encode(), snapshot, as_of=None), order)
    assert "DATE_MISSING: There was no day to judge on" in output
    assert "Judged on: no day." in output
    assert "Missing in the order: export_date." in output


def test_grants_and_reasons_of_the_score_are_told():
    """A grant is told with what it covers, a finding with the scorer's reasons and the grant that covers it."""
    finding = {"type": "hit", "code": "EL_HIT", "list": "EL", "score": 0.9, "reasons": ["one letter", "order"]}
    decision = {
        "outcome": "clear",
        "findings": [finding | {"grant": "G-7"}],
        "grants": [{"type": "good_list", "id": "G-7", "satisfies": ["EL_HIT"]}],
    }
    output = told(decision, None)
    assert "Grant G-7 (good_list) covers EL_HIT." in output
    assert "  Why: one letter; order" in output
    assert "  Covered by the grant G-7: it does not count" in output


def test_members_of_a_later_version_are_shown():
    """What this version does not know of a finding is shown as it stands."""
    finding = {"type": "hit", "code": "NEW", "text": "x", "footnotes": ["1"], "seen": {"at": "sea"}}
    output = told({"outcome": "review", "findings": [finding]}, None)
    assert "  Footnotes of Supplement 4: 1" in output
    assert '  seen: {"at":"sea"}' in output


def test_a_confidential_entry_stays_confidential(tmp_path):
    """Of a confidential entry the list and id are told, and nothing of its text."""
    private = written(
        tmp_path,
        "own_2026-11-20.csv",
        b"name,list,aliases,kind,country,address,license_requirement,license_review_policy,effective_from,effective_to,"
        b"reference,confidential\nHidden Harbor Secret Works,OWN,Hidden Harbor,,,,Ask counsel,,,,L-1,true\n",
    )
    order = written(tmp_path, "o.json", {"order_id": "O-1", "parties": [{"name": "Hidden Harbor"}]})
    status, output = run(order, "--sample", "--private", private, "--as-of", DAY)
    assert status == 0
    assert "which is confidential; its text is not in the decision" in output
    assert "Found in parties[0].name, characters 1 to 13: [[Hidden Harbor]]" in output
    assert "Secret" not in output
    assert "counsel" not in output


def test_long_fields_are_shown_around_the_text_found(snapshot):
    """Of a long text so much is shown as stands near the text found."""
    order = {
        "order_id": "O-1",
        "parties": [{"name": "A"}],
        "notes": "x" * 500 + " Hangzhou Hikvision Digital Technology " + "y" * 500,
    }
    output = told(screened(json.dumps(order).encode(), snapshot), order)
    assert f"…{'x' * 59} [[Hangzhou Hikvision Digital Technology]] {'y' * 59}…" in output


def test_an_order_cannot_forge_a_line(snapshot):
    """Line breaks, escapes and marks that turn the direction of writing are shown as escapes."""
    order = {
        "order_id": "O-1\nOrder O-2 is answered clear",
        "parties": [{"name": "Huawei Technologies\x1b[2K\u202e Co., Ltd."}],
    }
    output = told(screened(json.dumps(order).encode(), snapshot), order)
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "\nOrder O-2" not in output
    assert r"O-1\nOrder O-2" in output


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = sorted(explain_text._TOLD | {"grant", "footnotes"})
FINDING = st.dictionaries(st.sampled_from(MEMBERS), JSON | st.lists(st.integers(-3, 30), min_size=2, max_size=2))
DECISION = st.fixed_dictionaries(
    {},
    optional={
        "findings": st.lists(FINDING, max_size=3) | JSON,
        **{name: JSON for name in (*explain.COMPARED, "snapshot", "rules", "order_id") if name != "findings"},
    },
)


@given(DECISION, JSON | st.fixed_dictionaries({"parties": JSON, "notes": JSON}))
def test_any_decision_is_told(decision, order):
    """Whatever JSON a decision and an order hold, sentences come of it, each on one line that prints."""
    for line in sentences(decision, order):
        assert line.isprintable()


@given(DECISION, DECISION)
def test_any_two_decisions_are_compared(recorded, fresh):
    """Equal decisions have no difference, and the differences of others are lines that print."""
    made = {"snapshot": "s", "rules": "r", "screener": "1"}
    assert list(explain.compare(recorded, recorded | made)) == []
    for line in explain.compare(recorded, fresh | made):
        assert line.isprintable()


def test_every_code_and_basis_that_is_explained_exists():
    """The sentences about codes and bases are about those of the reference and the schema."""
    spec = importlib.util.spec_from_file_location("generate_reference", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert {*explain_text.NOTICES, *explain_text.FLAGS} <= module.CODES.keys()
    schema = json.loads((ROOT / "topics" / "schemas" / "decision.schema.json").read_text(encoding="utf-8"))
    assert {*explain_text.BASES, None} == set(schema["$defs"]["finding"]["properties"]["basis"]["enum"])
    assert explain_text.OUTCOMES.keys() == set(schema["properties"]["outcome"]["enum"])


# --- recorded decisions ----------------------------------------------------------------------------------------------


def test_a_recorded_decision_is_told_without_lists(tmp_path, snapshot):
    """With a decision no list is needed: it is told as it was recorded, and its order gives the marked text."""
    decision = screened(ORDERS["D-001"], snapshot) | {"priority": 7}
    status, output = run(
        written(tmp_path, "o.json", ORDERS["D-001"]), "--decision", written(tmp_path, "d.json", decision)
    )
    assert status == 0
    assert "Order D-001 is answered block: it must not go on (priority 7 of 100)." in output
    assert "Found in parties[0].name (end_user), characters 1 to 29: [[Huawei Technologies Co., Ltd.]]" in output
    assert "Screened again" not in output


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_decision_that_comes_out_again_is_confirmed(end, tmp_path, snapshot):
    """Screened again with the same snapshot and the recorded day, the decision is the same and the status 0."""
    decision = screened(ORDERS["D-007"], snapshot)
    order = written(tmp_path, "o.json", ORDERS["D-007"] + end)
    status, output = run(order, "--decision", written(tmp_path, "d.json", decision), "--sample")
    assert status == 0
    assert output.splitlines()[-1] == f"Screened again with snapshot {snapshot.sha256}: the decision is the same."


def test_a_decision_that_would_be_another_one_is_told(tmp_path, snapshot):
    """Other lists, another day or other rules: what differs is told, and the status is 1."""
    decision = screened(ORDERS["D-007"], snapshot, as_of="2026-01-15")
    assert decision["outcome"] != "block"
    order, recorded = written(tmp_path, "o.json", ORDERS["D-007"]), written(tmp_path, "d.json", decision)
    assert run(order, "--decision", recorded, "--sample")[0] == 0
    status, output = run(order, "--decision", recorded, "--sample", "--as-of", DAY)
    assert status == 1
    lines = output.splitlines()
    assert f"Screened again with snapshot {snapshot.sha256}, the decision is another one." in lines
    assert "The snapshot is the same." in lines
    assert f"outcome: {decision['outcome']} then, block now." in lines
    assert "finding only now: AFFILIATE_BIS (QUIET RIVER COMPONENTS SDN BHD)" in lines
    assert "as_of: 2026-01-15 then, 2026-11-22 now." in lines


def test_a_finding_that_is_gone_is_told(tmp_path, snapshot):
    """A hit that the given snapshot no longer has is named, and the hashes of both are told."""
    private = written(tmp_path, "own_2026-11-20.csv", b"name,list\nAmber Gate Trading,OWN\n")
    before = build(Inputs(sample=True, private=[private])).snapshot
    raw = b'{"order_id": "O-1", "parties": [{"name": "Amber Gate Trading"}]}'
    recorded = written(tmp_path, "d.json", screened(raw, before))
    status, output = run(written(tmp_path, "o.json", raw), "--decision", recorded, "--sample")
    assert status == 1
    assert f"{before.sha256} then, {snapshot.sha256} now." in output
    assert "finding only then: OWN_HIT (OWN, " in output


@pytest.mark.parametrize(
    ("drawn", "code"),
    [
        (0, "LICENSE_USED"),
        (249_000, "LICENSE_OVERDRAWN"),
        (240_000, "LICENSE_DRAWN"),
        (None, "LICENSE_USE_UNKNOWN"),
    ],
)
def test_a_decision_under_a_license_comes_out_again(drawn, code, tmp_path):
    """What was drawn of a license then is taken from the decision: the sum of today does not make it another one."""
    cases = ROOT / "tests" / "cases" / "screening" / "lists"
    lists, licenses = cases / "consolidated_2026-11-20.csv", cases / "licenses.csv"
    held = build(Inputs(lists=[lists], licenses=[licenses])).snapshot
    party = {"role": "end_user", "name": "Petrel Vane Laboratories", "country": "CN"}
    item = {"description": "Pump", "eccn": "EAR99", "value": 1200.5, "currency": "USD"}
    raw = json.dumps(
        {"order_id": "O-1", "destination": "CN", "license": {"number": "D100001"}, "parties": [party], "items": [item]}
    ).encode()

    def then(_number):
        return None if drawn is None else Drawn(drawn * 10**6, {})

    decision = json.loads(screen(raw, held, Terms(as_of=DAY), drawn=then).value)
    assert code in decision["reasons"]
    order, recorded = written(tmp_path, "o.json", raw), written(tmp_path, "d.json", decision)
    status, output = run(order, "--decision", recorded, "--lists", lists, "--licenses", licenses)
    assert "The order is worth 1200.5 USD of its limit; " in output
    assert (status, output.splitlines()[-1]) == (
        0,
        f"Screened again with snapshot {held.sha256}: the decision is the same.",
    )


def test_the_same_decision_of_another_snapshot_is_the_same(tmp_path, snapshot):
    """Where only hashes differ, the decision counts as the same."""
    private = written(tmp_path, "own_2026-11-20.csv", b"name,list\nUnrelated Works,OWN\n")
    before = build(Inputs(sample=True, private=[private])).snapshot
    recorded = written(tmp_path, "d.json", screened(ORDERS["D-001"], before))
    status, output = run(written(tmp_path, "o.json", ORDERS["D-001"]), "--decision", recorded, "--sample")
    assert before.sha256 != snapshot.sha256
    assert status == 0
    assert output.endswith(f"{snapshot.sha256}: the decision is the same.\n")


def test_the_day_of_the_record_can_be_given(tmp_path, snapshot):
    """A worker's decision judged on two days comes out again with the day of the order's record."""
    order = json.loads(ORDERS["D-007"]) | {"export_date": "2026-11-12"}
    raw = json.dumps(order).encode()
    decision = screened(raw, snapshot, as_of=None, received_on="2026-11-02")
    path, recorded = written(tmp_path, "o.json", raw), written(tmp_path, "d.json", decision)
    assert run(path, "--decision", recorded, "--sample", "--received-on", "2026-11-02")[0] == 0


def test_a_day_that_comes_from_the_record_reads_as_nobody_s_choice(tmp_path, snapshot):
    """A decision judged on the day of its record comes out again without a word of a day that somebody chose."""
    raw = json.dumps({"order_id": "O-1", "placed_at": "2026-11-20T12:00:00Z", "parties": [{"name": "Quux"}]}).encode()
    decision = screened(raw, snapshot, as_of=None, received_on="2026-11-24")
    path, recorded = written(tmp_path, "o.json", raw), written(tmp_path, "d.json", decision)
    status, output = run(path, "--decision", recorded, "--sample")
    assert (status, "AS_OF_OVERRIDES_DATES" in output) == (0, False)
    chosen = screened(raw, snapshot)
    assert "AS_OF_OVERRIDES_DATES" in chosen["reasons"]
    status, output = run(path, "--decision", written(tmp_path, "c.json", chosen), "--sample")
    assert (status, "The operator chose the day to judge on" in output) == (0, True)


def test_the_decision_of_the_order_is_taken_from_many(tmp_path, snapshot):
    """Of a file of decisions one a line the last on the order's bytes is told."""
    first = screened(ORDERS["D-001"], snapshot) | {"priority": 1}
    second = screened(ORDERS["D-001"], snapshot) | {"priority": 2}
    other = screened(ORDERS["D-002"], snapshot)
    lines = b"\n".join(json.dumps(decision).encode() for decision in (other, first, second, other)) + b"\n"
    order, recorded = written(tmp_path, "o.json", ORDERS["D-001"]), written(tmp_path, "d.ndjson", lines)
    assert (
        "Order D-001 is answered block: it must not go on (priority 2 of 100)." in run(order, "--decision", recorded)[1]
    )
    assert cli.main(["explain", str(written(tmp_path, "p.json", ORDERS["D-006"])), "--decision", str(recorded)]) == 2


def test_a_decision_on_other_bytes_is_told_as_such(tmp_path, snapshot):
    """A decision alone in its file that is on another order is told, with a warning and status 1."""
    recorded = written(tmp_path, "d.json", screened(ORDERS["D-001"], snapshot))
    status, output = run(written(tmp_path, "o.json", ORDERS["D-002"]), "--decision", recorded, "--sample")
    assert status == 1
    assert output.splitlines()[-1].startswith("The decision is on other bytes than those of the order given")


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (b"", "expected a decision on the order given, found none"),
        (b"[]", "d.json:1: expected a decision"),
        (b'{"outcome": "clear"}', "d.json:1: expected a decision"),
        (b'{"outcome": 1, "order_sha256": "x"}', "d.json:1: expected a decision"),
        (b"\xff\xfe", "d.json:1: expected a decision"),
    ],
)
def test_what_is_no_decision_is_refused(decision, says, tmp_path, capsys):
    """A file that holds no decision is refused in one sentence with status 2."""
    order = written(tmp_path, "o.json", ORDERS["D-001"])
    assert cli.main(["explain", str(order), "--decision", str(written(tmp_path, "d.json", decision))]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1


def test_files_that_can_not_be_read_are_refused(tmp_path, monkeypatch, capsys):
    """An order that is missing, empty or too large is refused in one sentence with status 2."""
    monkeypatch.setattr(explain, "FILE_BYTES_MAX", 10)
    for path in (tmp_path / "none", tmp_path, written(tmp_path, "e", b"\n"), written(tmp_path, "l", b"x" * 11)):
        assert cli.main(["explain", str(path), "--sample"]) == 2
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "can't be read (No such file or directory)",
        "can't be read (Is a directory)",
        "expected an order, found nothing",
        "expected at most 10 bytes",
    ]
    assert explain.read_order(written(tmp_path, "m", b"x" * 10)) == b"x" * 10


def test_without_lists_and_decision_nothing_can_be_told(tmp_path, capsys):
    """One of them is needed; the sentence says what."""
    assert cli.main(["explain", str(written(tmp_path, "o.json", ORDERS["D-001"]))]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
