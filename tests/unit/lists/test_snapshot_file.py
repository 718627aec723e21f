"""The snapshot file: same inputs, same bytes; anything that was changed is refused; rules overlays are checked."""

import csv
import hashlib
import pickle
import random
import shutil
import subprocess
import sys
from pathlib import Path

import ahocorasick
import orjson
import pytest

from screener.core import screen
from screener.core.serialize import FINDINGS_MAX
from screener.errors import ListError, OperatorError
from screener.lists import rules, snapshot
from screener.lists.build import Inputs, build, check_against, check_rows, doubts, lists_without_rows, weak_aliases
from screener.lists.csl import COLUMNS_2022
from screener.model import Terms

LISTS = Path(__file__).parents[2] / "cases" / "screening" / "lists"
SEED = 744
INPUTS = {
    "lists": [LISTS / "consolidated_2026-11-20.csv"],
    "private": [LISTS / "private_2026-11-20.csv"],
    "ownership": [LISTS / "ownership.csv"],
}
ORDER = (
    b'{"order_id":"O-1","parties":[{"name":"Northwind Photonics Chengdu"},{"name":"Tin Whistle Holdings"},'
    b'{"name":"Hidden Harbor Foundry"}],"notes":"Zorvantek"}'
)


@pytest.fixture(scope="module")
def built():
    return build(Inputs(**INPUTS))


@pytest.fixture(scope="module")
def content():
    return build(Inputs(sample=True)).content


@pytest.fixture
def real(edition):
    """The published list of 2026, built."""
    return edition


# --- what was written is what is read -------------------------------------------------------------------------------


def test_file_read_back_is_the_snapshot_that_was_written(built, tmp_path):
    """A snapshot that was saved and loaded has the same hash, parts and answers."""
    path = tmp_path / "a.snapshot"
    snapshot.save(built.content, path)
    loaded = snapshot.load(path)
    assert loaded.sha256 == built.snapshot.sha256
    for name in ("components", "sources", "lists", "entries", "patterns", "references", "whole", "sample"):
        assert getattr(loaded, name) == getattr(built.snapshot, name), name
    for name in ("affiliations", "listed", "ownership_known", "rules"):
        assert getattr(loaded, name) == getattr(built.snapshot, name), name
    terms = Terms(received_on="2026-11-22")
    assert screen(ORDER, loaded, terms).value == screen(ORDER, built.snapshot, terms).value


def test_save_replaces_a_file_whole(built, tmp_path):
    """Saving over a file replaces it and leaves nothing else behind; where it can't be saved, one sentence says so."""
    path = tmp_path / "a.snapshot"
    path.write_bytes(b"old")
    snapshot.save(built.content, path)
    assert path.read_bytes() == built.content
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OperatorError, match="can't write the snapshot"):
        snapshot.save(built.content, tmp_path / "missing" / "a.snapshot")


def test_same_inputs_give_the_same_bytes(built):
    """Built again from the same files the snapshot is the same, byte for byte."""
    assert build(Inputs(**INPUTS)).content == built.content


def test_bytes_do_not_depend_on_the_folder(built, tmp_path):
    """Copies of the files in another folder give the same bytes: a path is no input."""
    for path in LISTS.iterdir():
        shutil.copy2(path, tmp_path / path.name)  # with its day, which is the edition where the name has none
    copies = {key: [tmp_path / path.name for path in paths] for key, paths in INPUTS.items()}
    assert build(Inputs(**copies)).content == built.content


def test_hash_names_the_content(built, tmp_path):
    """One row more is another snapshot; the components that it does not touch keep their hashes."""
    private = tmp_path / "private_2026-11-20.csv"
    private.write_text((LISTS / private.name).read_text() + "Plaid Otter Marine,DENY,,,,,,,,,CASE-99,no\n")
    other = build(Inputs(**INPUTS | {"private": [private]})).snapshot
    same = {name for name, sha256 in other.components.items() if built.snapshot.components[name] == sha256}
    assert other.sha256 != built.snapshot.sha256
    assert same == {"ownership", "history", "rules"}


def test_hash_covers_every_part(built):
    """The hash over all is derived from the parts' hashes, which are those of their bytes."""
    line, _, bodies = built.content.partition(b"\n")
    header = orjson.loads(line)
    at = 0
    for name, size, sha256 in header["parts"]:
        assert hashlib.sha256(bodies[at : at + size]).hexdigest() == sha256, name
        at += size
    assert at == len(bodies)
    assert built.snapshot.sha256 == f"sha256:{header['sha256']}"


# --- what was changed is refused ------------------------------------------------------------------------------------


def refused(changed):
    with pytest.raises(OperatorError) as refusal:
        snapshot.loads(changed)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_every_changed_byte_of_the_header_is_refused(content):
    """Whatever single byte of the header is another one, the file is refused."""
    dice = random.Random(SEED)  # noqa: S311  places, no secret
    for at in range(content.index(b"\n") + 1):
        for byte in {content[at] ^ 1, content[at] ^ 0x20, *(dice.randrange(256) for _ in range(6)), *b'"0e,]}\n'}:
            if byte != content[at]:
                refused(content[:at] + bytes([byte]) + content[at + 1 :])


def test_changed_bytes_of_the_body_are_refused(content):
    """A single bit flipped anywhere in the body is told as a part that was changed."""
    dice = random.Random(SEED)  # noqa: S311
    start = content.index(b"\n") + 1
    for at in [start, len(content) - 1, *(dice.randrange(start, len(content)) for _ in range(400))]:
        flipped = bytes([content[at] ^ (1 << dice.randrange(8))])
        assert "the file was changed" in refused(content[:at] + flipped + content[at + 1 :])


def test_file_of_another_length_is_refused(content):
    """A file that was cut off anywhere, or has one byte more, is refused."""
    dice = random.Random(SEED)  # noqa: S311
    header = content.index(b"\n") + 1
    for at in [*range(0, header, 7), header, len(content) - 1, *(dice.randrange(len(content)) for _ in range(50))]:
        refused(content[:at])
    for more in (b"\x00", b"\n", b"{}", content):
        refused(content + more)


@pytest.mark.parametrize("what", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b'"x"\n', b"\x00" * 100_000, b"PK\x03\x04"])
def test_what_is_no_snapshot_is_refused(what):
    """Empty and foreign files are refused in one sentence."""
    refused(what)


def with_header(content, **changes):
    line, _, bodies = content.partition(b"\n")
    return orjson.dumps(orjson.loads(line) | changes) + b"\n" + bodies


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 4},
        {"version": "1"},
        {"version": None},
        {"format": "another"},
        {"parts": []},
        {"parts": [["lists", -1, ""], ["ownership", 0, ""], ["rules", 0, ""]]},
        {"parts": [["lists", 1e300, ""], ["ownership", 0, ""], ["rules", 0, ""]]},
        {"parts": None},
        {"parts": [1, 2, 3]},
        {"sha256": "0" * 64},
        {"sha256": None},
    ],
)
def test_another_layout_is_refused(content, changes):
    """A header of another version, layout or hash is refused."""
    refused(with_header(content, **changes))


def rewritten(content, name, body):
    """The file with one part replaced and every hash made right again."""
    line, _, rest = content.partition(b"\n")
    index, bodies, at = [], [], 0
    for part, size, _ in orjson.loads(line)["parts"]:
        piece = body if part == name else rest[at : at + size]
        at += size
        bodies.append(piece)
        index.append([part, len(piece), hashlib.sha256(piece).hexdigest()])
    overall = hashlib.sha256("".join(f"{part} {sha256}\n" for part, _, sha256 in index).encode()).hexdigest()
    return with_header(line + b"\n" + b"".join(bodies), parts=index, sha256=overall)


@pytest.mark.parametrize("name", snapshot.PARTS)
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\x80\x04N."])
def test_part_that_is_whole_and_makes_no_sense_is_refused(content, name, body):
    """A part with the right hash that another program wrote is refused in one sentence, not with a traceback."""
    refused(rewritten(content, name, body))


def test_snapshot_of_another_fold_is_refused(content, monkeypatch):
    """A snapshot whose names were folded by another version is refused, and the sentence says what to do."""
    monkeypatch.setattr("screener.core.fold.VERSION", 1)
    assert "build it again" in refused(content)


def test_nothing_is_ever_unpickled(content, monkeypatch, tmp_path):
    """Loading a snapshot uses no pickle and no native dump, and a pickled file is refused unread."""

    def never(*_, **__):
        pytest.fail("a snapshot file was unpickled")

    for module, name in [(pickle, "loads"), (pickle, "load"), (pickle, "Unpickler"), (ahocorasick, "load")]:
        monkeypatch.setattr(module, name, never)
    assert snapshot.loads(content).sample
    path = tmp_path / "a.snapshot"
    path.write_bytes(pickle.dumps({"format": "screener-snapshot", "version": 1}))
    with pytest.raises(OperatorError, match=r"a\.snapshot: not a snapshot file"):
        snapshot.load(path)


def test_file_that_is_not_there_is_told(tmp_path):
    """A missing file and a folder are refused by name."""
    for path in (tmp_path / "missing.snapshot", tmp_path):
        with pytest.raises(OperatorError, match=f"{path.name}: expected a snapshot file"):
            snapshot.load(path)


# --- the real list ----------------------------------------------------------------------------------------------------


def test_real_snapshot_costs_little_more_than_its_json(real, tmp_path):
    """A new process loads the published list of 2026 with at most so much work as its JSON takes, best of three."""
    path = tmp_path / "real.snapshot"
    path.write_bytes(real.content)
    timed = (
        "import sys; from pathlib import Path; from time import process_time;"
        "from screener.lists import portions, snapshot;"
        "path = Path(sys.argv[1]); began = process_time(); held = snapshot.load(path); loaded = process_time() - began;"
        "file = path.open('rb'); _, places = snapshot._verified(file, path.stat().st_size); began = process_time();"
        "parsed = [portions.loads(snapshot._lines(file, place)) for place in places.values()];"
        "print(loaded, process_time() - began)"
    )
    runs = [subprocess.run([sys.executable, "-c", timed, path], check=True, capture_output=True) for _ in range(3)]
    loaded, parsed = (min(map(float, times)) for times in zip(*(run.stdout.split() for run in runs), strict=True))
    assert loaded <= 8 * parsed


def test_few_real_aliases_are_weak(real):
    """At most one in a hundred published names is too weak to stand alone."""
    names = sum(len(entry.aliases) for entry in real.snapshot.entries)
    assert names > 50_000
    assert len(list(weak_aliases(real.snapshot))) <= names / 100


def test_real_snapshot_has_the_lists_it_is_about(real):
    """Entity List, MEU List and SDN List are there."""
    assert lists_without_rows(real.snapshot) == []


def test_order_of_all_real_names_is_answered(real):
    """An order that names the first parties of the real list is stopped, and its findings are cut at the limit."""
    names = [entry.name[:200] for entry in real.snapshot.entries[: FINDINGS_MAX + 50]]
    parties = [{"name": name} for name in names[:100]]
    order = orjson.dumps({"order_id": "O-1", "parties": parties, "items": [{"maker": name} for name in names]})
    decision = screen(order, real.snapshot, Terms(received_on="2026-08-01"))
    assert decision.outcome == "block"
    assert len(orjson.loads(decision.value)["findings"]) == FINDINGS_MAX


# --- lists that lost rows ---------------------------------------------------------------------------------------------


SOURCES = {
    "EL": "Entity List (EL) - Bureau of Industry and Security",
    "MEU": "Military End User (MEU) List - Bureau of Industry and Security",
}


def published(tmp_path, *, rows, code="EL"):
    """A snapshot of a published list of so many rows, beside one row of another list."""
    path = tmp_path / f"{code}-{rows}_2026-11-20.csv"
    names = [(SOURCES[code], f"Quux{number:03}ton Works") for number in range(rows)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS_2022, restval="")
        writer.writeheader()
        for source, name in [*names, ("Unverified List (UVL) - Bureau of Industry and Security", "Anchor Works")]:
            writer.writerow({"_id": name, "source": source, "name": name})
    return build(Inputs(lists=[path])).snapshot


def test_list_that_lost_all_rows_is_refused(tmp_path):
    """A list that had rows and has none stops the build, and the sentence names it."""
    with pytest.raises(OperatorError, match="list EL has 0 rows and had 10"):
        check_against(published(tmp_path, rows=10), published(tmp_path, rows=10, code="MEU"))


@pytest.mark.parametrize(("rows", "taken"), [(0, False), (4, False), (5, True), (9, True), (20, True)])
def test_list_may_lose_half_of_its_rows(tmp_path, rows, taken):
    """Half of the rows may go, one row more may not."""
    old, new = published(tmp_path, rows=10), published(tmp_path, rows=rows)
    if taken:
        check_against(old, new)
    else:
        with pytest.raises(OperatorError, match=f"list EL has {rows} rows and had 10") as refusal:
            check_against(old, new)
        assert "--accept-losses" in str(refusal.value)


def test_all_lists_that_lost_rows_are_told_the_main_ones_first(tmp_path):
    """Who reads of the least one only accepts the loss of the others unseen."""
    before = {"CAP": 1, "EL": 10, "SDN": 20, "UVL": 1}
    with pytest.raises(OperatorError) as refusal:
        check_rows(before, published(tmp_path, rows=0), "the one before", "publish")
    told = (
        "list EL has 0 rows and had 10; list SDN has 0 rows and had 20; list CAP has 0 rows and had 1 in the one before"
    )
    assert str(refusal.value).startswith(told)
    assert "publish with --accept-losses" in str(refusal.value)


@pytest.mark.parametrize(
    ("today", "terms", "told"),
    [
        ("2026-11-27", Terms(), False),
        ("2026-11-28", Terms(), True),
        ("2026-11-28", Terms(list_age_days_max=8), False),
        ("2026-11-28", Terms(allow_stale=True), False),
    ],
)
def test_what_an_operator_would_not_expect_of_a_snapshot_is_told(tmp_path, today, terms, told):
    """Main lists without rows, and lists that are too old on the day that is asked for."""
    missing, *old = doubts(published(tmp_path, rows=10), terms, today)
    assert missing == "no rows for MEU, SDN: orders are not screened against them"
    assert (
        old
        == ["the oldest list is of 2026-11-20, older than the 7 days allowed: nothing is cleared (LIST_STALE)"] * told
    )


def test_new_list_is_no_loss(tmp_path):
    """A list that was not there before is taken."""
    check_against(published(tmp_path, rows=0), published(tmp_path, rows=10))


def test_private_list_may_lose_its_rows(built):
    """A private list is its owner's to shorten: losing all of its rows is no loss of a published list."""
    check_against(built.snapshot, build(Inputs(**INPUTS | {"private": []})).snapshot)


# --- rules that overlay the shipped ones ------------------------------------------------------------------------------


def overlaid(tmp_path, **files):
    folder = tmp_path / "rules"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return rules.read_tables(folder)


REGIME = """
[own-rule]
share_percent = "25"
outcome = "review"
code = "OWN"
unknown_code = "OWN_UNKNOWN"
captures_us = true
seeds = [{ list = "EL" }]
"""


def test_overlay_adds_and_replaces_rows(tmp_path):
    """A row of the overlay replaces the shipped one of its name, a new one is added, all others stay."""
    shipped = rules.parse(rules.read_tables())
    tables = overlaid(
        tmp_path,
        lists='[UVL]\noutcome = "block"\nnames_inside = false\ncitation = "c"\neffect = "e"\n',
        regimes=f'{REGIME}periods = [{{ effective_from = 2026-01-01, citation = "c", verified = true }}]\n',
    )
    parsed = rules.parse(tables)
    assert (parsed.lists["UVL"].outcome, parsed.lists["UVL"].names_inside) == ("block", False)
    assert parsed.lists["EL"] == shipped.lists["EL"]
    assert [regime.id for regime in parsed.regimes] == ["bis-affiliates", "ofac-50", "listed-owner", "own-rule"]
    assert parsed.sha256 != shipped.sha256


def test_overlay_reaches_the_decision(tmp_path, built):
    """An order is judged by the overlaid rules, and the decision names their hash."""
    overlaid(tmp_path, lists='[EL]\noutcome = "review"\nnames_inside = true\ncitation = "c"\neffect = "e"\n')
    softer = build(Inputs(**INPUTS, rules=tmp_path / "rules")).snapshot
    order = b'{"order_id":"O-1","parties":[{"name":"Zorvantek"}]}'
    terms = Terms(received_on="2026-11-22")
    assert screen(order, built.snapshot, terms).outcome == "block"
    decision = screen(order, softer, terms)
    assert decision.outcome == "review"
    assert orjson.loads(decision.value)["rules"] != built.snapshot.components["rules"]


LIST_ROW = '[EL]\nnames_inside = true\ncitation = "c"\neffect = "e"\n'
PERIOD = 'citation = "c", verified = true'
SECOND = f"{{ effective_from = 2026-02-28, {PERIOD} }}"
TWO_THAT_OVERLAP = f"periods = [{{ effective_from = 2026-01-01, effective_to = 2026-03-01, {PERIOD} }}, {SECOND}]\n"
OPEN_ONE_BEFORE = f"periods = [{{ effective_from = 2026-01-01, {PERIOD} }}, {SECOND}]\n"
ENDS_BEFORE_IT_BEGINS = f"periods = [{{ effective_from = 2026-03-01, effective_to = 2026-01-01, {PERIOD} }}]\n"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("lists", "[EL", "expected TOML"),
        ("lists", "[EL]\n[EL]\n", "expected TOML"),
        ("lists", "EL = 1\n", "EL"),
        ("lists", LIST_ROW, "outcome"),
        ("lists", f'{LIST_ROW}outcome = "stop"\n', "expected one of block, review"),
        ("lists", f'{LIST_ROW}outcome = "clear"\n', "expected one of block, review"),
        ("outcomes", '[name_whole]\noutcome = "stop"\npriority = 1\n', "expected one of"),
        ("outcomes", '[name_whole]\noutcome = "clear"\npriority = 1\n', "expected one of"),
        ("outcomes", '[name_whole]\noutcome = "list"\npriority = 101\n', "expected 0 to 100"),
        ("outcomes", '[name_whole]\noutcome = "list"\npriority = "high"\n', "name_whole"),
        ("outcomes", '[name_whole]\noutcome = "list"\n', "priority"),
        ("regimes", f"{REGIME}{TWO_THAT_OVERLAP}", "periods overlap at 2026-02-28"),
        ("regimes", f"{REGIME}{OPEN_ONE_BEFORE}", "periods overlap at 2026-02-28"),
        ("regimes", f"{REGIME}{ENDS_BEFORE_IT_BEGINS}", "own-rule"),
        ("regimes", f"{REGIME}periods = []\n", "own-rule"),
        ("regimes", f'{REGIME}periods = [{{ effective_from = "soon", {PERIOD} }}]\n', "soon"),
        ("regimes", REGIME, "periods"),
        ("regimes", REGIME.replace('"25"', '"half"'), "own-rule"),
        ("regimes", REGIME.replace('"EL" }', '"SDN", programs = "unknown" }'), "unknown"),
        ("programs", "[bis_744_8]\n", "bis_744_8"),
        ("matching", "[names]\nlist_age_days_max = 3\n", "export_ahead_days_max"),
        ("matching", '[names]\nlist_age_days_max = "x"\nexport_ahead_days_max = 366\n', "list_age_days_max"),
        ("typo", "[EL]\n", "unknown rules file"),
    ],
)
def test_wrong_overlay_is_refused_with_its_file(tmp_path, name, text, says):
    """A rules file that can't be taken is refused in one sentence that names the file and what is wrong."""
    with pytest.raises(ListError) as refusal:
        overlaid(tmp_path, **{name: text})
    assert f"{name}.toml" in str(refusal.value)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["[weak]\nletters_max = 2\n", "[inside]\nletters_min = 6\n"])
def test_overlay_that_lacks_a_number_is_refused_with_its_file(tmp_path, text):
    """A table of numbers that replaces the shipped one and lacks some is refused when the snapshot is built."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "matching.toml").write_text(text)
    with pytest.raises(ListError, match=r"matching\.toml"):
        build(Inputs(**INPUTS, rules=folder))


def test_overlay_that_is_no_folder_or_no_text_is_refused(tmp_path):
    """A missing folder, a file in its place and a file that is not UTF-8 are refused by name."""
    with pytest.raises(ListError, match="expected a folder of rules files"):
        rules.read_tables(tmp_path / "missing")
    (tmp_path / "lists.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ListError, match=r"lists\.toml: expected a readable UTF-8 rules file"):
        rules.read_tables(tmp_path)


def test_periods_may_meet():
    """A period that begins on the day on which the one before ends does not overlap it."""
    tables = rules.read_tables()
    row = tables["regimes"]["bis-affiliates"]
    row["periods"] = [
        {"effective_from": "2026-01-01", "effective_to": "2026-02-01", "citation": "c", "verified": True},
        {"effective_from": "2026-02-01", "citation": "d", "verified": False},
    ]
    [regime, *_] = rules.parse(tables).regimes
    assert [regime.period(day).citation for day in ("2026-01-31", "2026-02-01")] == ["c", "d"]


def test_a_snapshot_that_is_let_go_is_freed_and_others_stay(tmp_path: Path) -> None:
    """Freed in steps, all of it, but for what a second snapshot or a decision still holds."""
    path = tmp_path / "sample.snapshot"
    snapshot.save(build(Inputs(sample=True)).content, path)
    first, second = snapshot.load(path), snapshot.load(path)
    order = b'{"order_id":"O-1","parties":[{"name":"Huawei Technologies Co., Ltd."}]}'
    before = screen(order, first)
    kept, engine = first.entries[0], first.engine
    holder = [first]
    del first
    snapshot.let_go(holder)
    assert sys.getrefcount(kept) == sys.getrefcount(engine) == 2  # this test's, and the question's own
    assert kept.aliases[0].name
    assert screen(order, second).value == before.value


def test_a_snapshot_is_let_go_only_by_its_last_holder(tmp_path: Path) -> None:
    """One that is still in use goes on answering."""
    path = tmp_path / "sample.snapshot"
    snapshot.save(build(Inputs(sample=True)).content, path)
    held = snapshot.load(path)
    snapshot.let_go([held])
    assert screen(b'{"order_id":"O-1","parties":[{"name":"Huawei Technologies Co., Ltd."}]}', held).outcome == "block"
