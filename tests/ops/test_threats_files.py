"""Hostile files: list files, rules, ownership, snapshots and announcements that were made to pass or to break things.

Each is refused in one sentence, with little memory, and nothing of it is believed. docs/security.md names these tests.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tracemalloc
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from screener.core.fold import Folder
from screener.errors import ListError, OperatorError
from screener.lists import private, reading, rules, snapshot
from screener.lists.build import Inputs, build, check_against
from screener.lists.good_list import read_good_list
from screener.lists.history import read_history
from screener.lists.holdings import bods, matrix
from screener.lists.holdings.read import read_edges
from screener.lists.licenses import read_licenses
from screener.lists.private import read_private
from screener.lists.read import read_lists
from screener.runners.announcements import ANNOUNCEMENT_BYTES_MAX
from screener.runners.follower import Follower
from screener.runners.metrics import Metrics
from screener.settings import FleetSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from screener.model import Snapshot

FOLD = Folder({})
READERS: dict[str, Callable[[Path], Any]] = {
    "lists": read_lists,
    "private": read_private,
    "ownership": read_edges,
    "good list": partial(read_good_list, days_max=366),
    "licenses": partial(read_licenses, authorities={"BIS": "license"}, fold=FOLD),
    "history": partial(read_history, fold=FOLD),
}
HEADERS = {
    "lists": "_id,source,entity_number,type,programs,name",
    "private": "name,list",
    "ownership": "owner,owned,share",
    "good list": "id,name,country",
    "licenses": "number,authority,parties",
    "history": "counterparty,country,item",
}
every_reader = pytest.mark.parametrize("what", READERS)


def refusal(read: Callable[[], object]) -> str:
    """The one sentence that a file is refused with."""
    with pytest.raises(OperatorError) as refused:
        read()
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 1_000
    return sentence


# --- bombs: small files that become large -----------------------------------------------------------------------------


@every_reader
def test_gzip_bomb_is_refused_before_it_is_unpacked(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that unpacks to more than the limit no more than the limit is unpacked."""
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 4_000_000)
    path = tmp_path / "consolidated_2026-11-20.csv.gz"
    path.write_bytes(gzip.compress(b"a" * 100_000_000, 1))
    tracemalloc.start()
    try:
        assert "expected at most 4000000 bytes uncompressed" in refusal(lambda: READERS[what](path))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@every_reader
@pytest.mark.parametrize("columns", [150_000, 12_000_000])
def test_csv_of_millions_of_columns_is_refused(
    what: str, columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is bounded before it is taken apart: the commas of a packed file of 12 KB would be cells of 100 MB."""
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 20_000_000)  # so much room is asked for whenever a file is read
    path = tmp_path / "consolidated_2026-11-20.csv"
    path.write_text(f"{HEADERS[what]}{',' * columns}\n", encoding="utf-8")
    tracemalloc.start()
    try:
        said = refusal(lambda: READERS[what](path))
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert ("expected at most 100000 columns" if columns < reading.ROW_CHARS_MAX else "characters in a row") in said


def test_row_without_end_is_refused(tmp_path: Path) -> None:
    """Quoted line breaks do not hide how long a row is; the fault names the line on which it begins."""
    path = tmp_path / "private_2026-11-20.csv"
    path.write_text("name,list\nMeadow,DENY\n" + '"\n",' * 3_000_000 + "\n", encoding="utf-8")
    assert ".csv:3: expected at most 10000000 characters in a row" in refusal(lambda: read_private(path))


def test_row_of_the_most_characters_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds at its edge, for the first row and for a later one, with and without a line end."""
    path = tmp_path / "a.csv"
    path.write_text("abcd,efgh\nabc,efghi\n", encoding="utf-8")
    monkeypatch.setattr(reading, "ROW_CHARS_MAX", 10)
    assert len(list(reading.rows(reading.open_published(path)))) == 2
    monkeypatch.setattr(reading, "ROW_CHARS_MAX", 9)
    with pytest.raises(ListError, match=r"csv:1: expected at most 9 characters in a row"):
        list(reading.rows(reading.open_published(path)))
    path.write_text("abcd,efg\nabc,efghijk", encoding="utf-8")
    with pytest.raises(ListError, match=r"csv:2: expected at most 9 characters in a row"):
        list(reading.rows(reading.open_published(path)))


DEEP = {
    "lists": ('{"list_id":"bis-entity-list","entities":' + "[" * 100_000, "depth limit"),
    "ownership": ("[" * 100_000 + "]" * 100_000, "not nested so deep"),
}


@pytest.mark.parametrize("what", DEEP)
def test_json_nested_without_end_is_refused(what: str, tmp_path: Path) -> None:
    """A supplement and a BODS package of 100,000 levels are refused, and so is a manifest beside a good file."""
    text, says = DEEP[what]
    path = tmp_path / "a_2026-11-20.json"
    path.write_text(text, encoding="utf-8")
    assert says in refusal(lambda: READERS[what](path))
    (tmp_path / "manifest.json").write_text('{"files":' * 100_000, encoding="utf-8")
    assert "manifest.json" in refusal(lambda: READERS[what](path))


BILLION = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
XML = {
    "a billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "lol">{BILLION}]><RelationshipData>&l9;</RelationshipData>',
    "an external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><LEIData>&x;</LEIData>',
    "an external parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]><LEIData/>',
    "an external document type": '<!DOCTYPE RelationshipData SYSTEM "http://127.0.0.1:9/"><RelationshipData/>',
    "a document type behind a comment": f"<!--{'x' * 99_000}--><!DOCTYPE a><RelationshipData/>",
    "a document type further back": f"<!--{'x' * 200_000}--><!DOCTYPE a><RelationshipData/>",
    "a million elements in a record": f"<RelationshipData><RelationshipRecord>{'<a/>' * 1_000_000}",
    "elements without end": f"<RelationshipData>{'<a>' * 1_000_000}",
    "a text without end": f"<RelationshipData><RelationshipRecord>{'x' * 1_000_000}",
}


@pytest.mark.parametrize("how", XML)
def test_xml_expands_nothing_and_fetches_nothing(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No entity is expanded, nothing is asked of a file or a host, and what has no end is refused at its limit."""
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 10_000_000)
    path = tmp_path / "a.xml"
    path.write_text(f'<?xml version="1.0"?>{XML[how]}', encoding="utf-8")
    tracemalloc.start()
    try:
        refusal(lambda: read_edges(path))
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@every_reader
def test_archives_are_not_opened(what: str, tmp_path: Path) -> None:
    """A zip file, such as a spreadsheet, and a gzip file in a gzip file are no lists."""
    path = tmp_path / "consolidated_2026-11-20.csv"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../consolidated.csv", "name,list\n")
    assert "found a NUL byte" in refusal(lambda: READERS[what](path))
    path.write_bytes(gzip.compress(gzip.compress(b"name,list\n")))
    assert "found a NUL byte" in refusal(lambda: READERS[what](path))


def test_few_bytes_do_not_make_holdings_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell of a matrix and an interest of a statement take two bytes and become a holding each: so many, no more."""
    cells = tmp_path / "matrix.csv"
    cells.write_text("Stakeholders,a,b,c\nd,1,1,1\ne,1,1,1\n", encoding="utf-8")
    details = {"subject": "a", "interestedParty": "b", "interests": [{}] * 6}
    package = tmp_path / "package.json"
    package.write_bytes(orjson.dumps([{"recordType": "relationship", "recordId": "r", "recordDetails": details}]))
    assert [len(read_edges(path).edges) for path in (cells, package)] == [6, 6]
    monkeypatch.setattr(matrix, "EDGES_MAX", 5)
    monkeypatch.setattr(bods, "EDGES_MAX", 5)
    assert "matrix.csv:3: expected at most 5 holdings" in refusal(lambda: read_edges(cells))
    assert "expected at most 5 interests" in refusal(lambda: read_edges(package))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = " + "[" * 100_000, "not nested so deep"),
        ("a = " + "9" * 100_000, "shorter numbers"),
        ("a = 99999999999999999999", "rules that JSON can hold"),
        ("a." + "b." * 300 + "c = 1", "rules that JSON can hold"),
    ],
)
def test_rules_that_break_a_parser_are_refused(text: str, says: str, tmp_path: Path) -> None:
    """An overlay that nests without end, or holds a number without end, is refused in a sentence."""
    (tmp_path / "lists.toml").write_text(text, encoding="utf-8")
    assert says in refusal(lambda: rules.read_tables(tmp_path))


# --- codes of private lists -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["D" * (private.LIST_CHARS_MAX + 1), '"DE\nNY"', "DE\u202eNY", "DE\x1bNY"])
def test_code_of_a_private_list_is_short_and_can_be_printed(code: str, tmp_path: Path) -> None:
    """Codes are labels of metrics and words on a terminal: they forge no line."""
    path = tmp_path / "deny_2026-11-20.csv"
    path.write_text(f"name,list\nMeadow,{code}\n", encoding="utf-8")
    assert "characters that can be printed" in refusal(lambda: read_private(path))
    path.write_text(f"name,list\nMeadow,{'D' * private.LIST_CHARS_MAX}\n", encoding="utf-8")
    assert len(read_private(path).entries) == 1


def test_private_lists_of_a_file_are_few(tmp_path: Path) -> None:
    """A column of other texts taken for the codes makes no million labels: LISTS_MAX is taken, one more is not."""
    path = tmp_path / "deny_2026-11-20.csv"
    rows = [f"Meadow {at},L-{at}\n" for at in range(private.LISTS_MAX + 1)]
    path.write_text("name,list\n" + "".join(rows), encoding="utf-8")
    assert f"expected at most {private.LISTS_MAX} lists" in refusal(lambda: read_private(path))
    path.write_text("name,list\n" + "".join(rows[:-1]), encoding="utf-8")
    assert len(read_private(path).rows_by_list) == private.LISTS_MAX


def test_ownership_that_is_gone_is_refused(tmp_path: Path) -> None:
    """An ownership file that lost more than half of its parties makes no snapshot that is taken."""

    def of(companies: int) -> Snapshot:
        path = tmp_path / "own.csv"
        rows = "".join(f"Huawei Technologies,Brook {at} Foundry,60\n" for at in range(companies))
        path.write_text(f"owner,owned,share\n{rows}", encoding="utf-8")
        return build(Inputs(sample=True, ownership=[path])).snapshot

    before = of(60)
    check_against(before, of(40))
    assert "the ownership graph knows" in refusal(lambda: check_against(before, of(5)))


# --- snapshots that lie -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content() -> bytes:
    return build(Inputs(sample=True)).content


def parts_of(content: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Header and parts of a snapshot file."""
    line, _, rest = content.partition(b"\n")
    header = orjson.loads(line)
    parts: dict[str, bytes] = {}
    for name, size, _ in header["parts"]:
        parts[name], rest = rest[:size], rest[size:]
    return header, parts


def resealed(header: dict[str, Any], parts: dict[str, bytes]) -> bytes:
    """A file whose hashes are right, whatever is in its parts."""
    index = [[name, len(part), hashlib.sha256(part).hexdigest()] for name, part in parts.items()]
    overall = hashlib.sha256("".join(f"{name} {sha256}\n" for name, _, sha256 in index).encode()).hexdigest()
    return orjson.dumps(header | {"parts": index, "sha256": overall}) + b"\n" + b"".join(parts.values())


LENGTHS = {
    "longer than the file": lambda size: size + 1,
    "shorter": lambda size: size - 1,
    "negative": lambda _: -1,
    "beyond any number": lambda _: 1e308,
    "beyond any file": lambda _: 2**63 - 1,
    "a text": lambda _: "many",
    "none": lambda _: None,
}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("part", range(len(snapshot.PARTS)))
def test_snapshot_with_lengths_that_lie_is_refused(content: bytes, part: int, length: str) -> None:
    """No length is believed before the file and the hashes agree with it, and none makes room in memory."""
    header, parts = parts_of(content)
    header["parts"][part][1] = LENGTHS[length](header["parts"][part][1])  # type: ignore[no-untyped-call]
    lying = orjson.dumps(header) + b"\n" + b"".join(parts.values())
    tracemalloc.start()
    try:
        refusal(lambda: snapshot.loads(lying))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_snapshot_whose_parts_changed_places_is_refused(content: bytes) -> None:
    """Hash and length of a part belong to its name."""
    header, parts = parts_of(content)
    header["parts"][0][1:], header["parts"][4][1:] = header["parts"][4][1:], header["parts"][0][1:]
    refusal(lambda: snapshot.loads(orjson.dumps(header) + b"\n" + b"".join(parts.values())))


FIRST = {"lists": b'[[14,0,"inside"', "ownership": b'[[0,0,"inside"'}
"""A part of a snapshot and the beginning of a reference in it: entry, alias, scope."""
NUMBERS = (b"4294967296", b"18446744073709551615", b"1e308", b"null", b"[]", b'"x"')


@pytest.mark.parametrize(("part", "number"), [("lists", b"-1"), *((part, one) for part in FIRST for one in NUMBERS)])
def test_snapshot_with_numbers_that_fit_nowhere_is_refused(content: bytes, part: str, number: bytes) -> None:
    """A file with the right hashes that names an entry which can't be is refused, and never a traceback."""
    header, parts = parts_of(content)
    before = FIRST[part]
    assert before in parts[part]
    parts[part] = parts[part].replace(before, b"[[" + number + before[before.index(b",") :], 1)
    assert "build it again" in refusal(lambda: snapshot.loads(resealed(header, parts)))


def test_snapshot_is_not_written_through_a_link(content: bytes, tmp_path: Path) -> None:
    """Where a link stands in the place of the file it is replaced; what it leads to stays as it is."""
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    link = tmp_path / "current.snapshot"
    link.symlink_to(target)
    snapshot.save(content, link)
    assert (link.is_symlink(), link.read_bytes(), target.read_bytes()) == (False, content, b"precious")


# --- announcements that lie -------------------------------------------------------------------------------------------


def follower() -> tuple[Follower, Metrics, list[Snapshot], Callable[[bytes], None]]:
    """A follower that is given announcements by hand, with the snapshots that it took."""
    metrics = Metrics()
    made = Follower(FleetSettings("127.0.0.1:9", sample=True), "screener.snapshots", metrics)
    taken: list[Snapshot] = []
    return made, metrics, taken, lambda value: made._take(value, taken.append)


def announcement(location: Path | str, sha256: str, **members: object) -> bytes:
    return orjson.dumps(
        {"schema_version": 1, "snapshot": sha256, "location": str(location), "lists": {}, "screener": "0"} | members
    )


def refused_count(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("screener_snapshots_refused_total")


LOCATIONS = [
    "{folder}/../../../../../../etc/passwd",
    "/etc/passwd",
    "/dev/zero",
    "/dev/stdin",
    "{folder}/fifo",
    "{folder}",
]
LOCATIONS += [
    "{folder}/other.snapshot",
    "{folder}/loop",
    "a\x00b",
    "",
    "x" * 5_000,
    "file:///etc/passwd",
    "~/a",
    "$HOME",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_announced_place_gives_nothing_but_the_announced_snapshot(
    content: bytes, location: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Any path may be announced: only a regular file with the announced hash is taken, and no content is told."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    header, parts = parts_of(content)
    parts["history"] = orjson.dumps([[], {"purchases": {}, "reaches": "2026-01-01"}]) + b"\n"
    (tmp_path / "other.snapshot").write_bytes(resealed(header, parts))
    _, metrics, taken, take = follower()
    take(announcement(location.format(folder=tmp_path), f"sha256:{header['sha256']}"))
    assert (taken, refused_count(metrics)) == ([], 1)
    assert "root:" not in caplog.text


def test_announced_path_may_go_up_and_through_links(content: bytes, tmp_path: Path) -> None:
    """A path is no border: the hash decides, so a link or `..` that leads to the announced file is as good as it."""
    path = tmp_path / "a.snapshot"
    path.write_bytes(content)
    (tmp_path / "below").mkdir()
    (tmp_path / "link").symlink_to(path)
    sha256 = snapshot.load(path).sha256
    for location in (tmp_path / "below" / ".." / "a.snapshot", tmp_path / "link"):
        _, _, taken, take = follower()
        take(announcement(location, sha256))
        assert [one.sha256 for one in taken] == [sha256]


FORGED = {
    "no JSON": b"\xff",
    "an array": b"[]",
    "nothing": b"",
    "another version": orjson.dumps({"schema_version": 2, "snapshot": "x", "location": "y"}),
    "a location of another type": orjson.dumps({"schema_version": 1, "snapshot": "x", "location": ["y"]}),
    "deep": b'{"schema_version":' * 100_000,
    "large": orjson.dumps({"schema_version": 1, "snapshot": "x", "location": "y" * ANNOUNCEMENT_BYTES_MAX}),
}


@pytest.mark.parametrize("how", FORGED)
def test_announcement_that_is_none_is_refused_and_the_old_snapshot_stays(
    content: bytes, how: str, tmp_path: Path
) -> None:
    """It is counted, and the snapshot in use is the one before."""
    path = tmp_path / "a.snapshot"
    path.write_bytes(content)
    made, metrics, taken, take = follower()
    take(announcement(path, snapshot.load(path).sha256))
    take(FORGED[how])
    assert (len(taken), refused_count(metrics)) == (1, 1)
    assert made.current is taken[0]
