"""A file that can't be taken is refused in one sentence with file, line and what was expected."""

import gzip
import os
import random
import sys
import tomllib
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from screener.errors import ListError
from screener.lists import reading
from screener.lists.good_list import read_good_list
from screener.lists.holdings.read import read_edges
from screener.lists.private import read_private
from screener.lists.read import read_lists

CASES = Path(__file__).parents[2] / "cases" / "lists"
BAD = CASES / "bad"
EXPECTED = tomllib.loads((BAD / "expected.toml").read_text())
READERS = {
    "lists": read_lists,
    "private": read_private,
    "ownership": read_edges,
    "good_list": partial(read_good_list, days_max=366),
}
GOOD = CASES / "consolidated_29_columns_2026-05-04.csv"
SEED = 744
CUTS = 100


@pytest.mark.parametrize("name", EXPECTED)
def test_bad_file_is_refused_with_its_line_and_what_was_expected(name):
    """A bad file is refused with its line and what was expected."""
    case = EXPECTED[name]
    with pytest.raises(ListError) as refusal:
        READERS[case["reader"]](BAD / name)
    assert case["says"] in str(refusal.value)
    assert refusal.value.file == str(BAD / name)
    assert refusal.value.line == case.get("line")
    assert "\n" not in str(refusal.value)


def test_every_bad_file_has_a_case():
    """Every bad file has a case."""
    assert {path.name for path in BAD.iterdir()} - {"expected.toml"} == set(EXPECTED)


DAMAGED = {
    "not UTF-8": (GOOD.read_bytes().replace("§".encode(), b"\xa7"), 2, "expected UTF-8, found the byte 0xa7"),
    "UTF-16": ("source,name\n".encode("utf-16"), 1, "found a NUL byte"),
    "a NUL": (GOOD.read_bytes().replace(b"JONAS", b"JO\0NAS"), 7, "expected text, found a NUL byte"),
    "gzip cut off": (gzip.compress(GOOD.read_bytes())[:-5], None, "found one that is cut off"),
    "gzip damaged": (gzip.compress(GOOD.read_bytes())[:-8] + bytes(8), None, "found one that is damaged"),
    "nothing in gzip": (gzip.compress(b""), None, "found an empty file"),
    "only a byte order mark": (b"\xef\xbb\xbf", None, "found an empty file"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_bytes_are_refused(damage, tmp_path):
    """Damaged bytes are refused."""
    content, line, says = DAMAGED[damage]
    path = tmp_path / "consolidated.csv"
    path.write_bytes(content)
    for read in READERS.values():
        with pytest.raises(ListError) as refusal:
            read(path)
        assert says in str(refusal.value)
        assert refusal.value.line == line


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_missing_file_is_refused(read, tmp_path):
    """A missing file is refused."""
    with pytest.raises(ListError, match="expected a file, found nothing there"):
        read(tmp_path / "consolidated.csv")


@pytest.mark.parametrize("read", [read_private, read_edges])
def test_directory_in_place_of_a_file_is_refused(read, tmp_path):
    """A directory in place of a file is refused."""
    with pytest.raises(ListError, match="expected a file, found a directory"):
        read(tmp_path)


def test_file_above_the_limit_is_refused_stored_or_uncompressed(tmp_path, monkeypatch):
    """A file above the limit is refused stored or uncompressed."""
    monkeypatch.setattr(reading, "FILE_BYTES_MAX", 1000)
    plain, packed = tmp_path / "plain.csv", tmp_path / "packed.csv.gz"
    plain.write_bytes(b"x" * 1001)
    packed.write_bytes(gzip.compress(b"x" * 100_000))
    for path in (plain, packed):
        with pytest.raises(ListError, match="expected at most 1000 bytes"):
            read_lists(path)


def test_cell_above_the_limit_is_refused_whatever_the_csv_module_allows(tmp_path):
    """A cell above the limit is refused whatever the csv module allows."""
    header, row, *_ = GOOD.read_text().splitlines(keepends=True)
    path = tmp_path / "consolidated.csv"
    for chars in (reading.CELL_CHARS_MAX + 1, 200_000):
        path.write_text(header + row.replace("Northlight Optics", "N" * chars))
        with pytest.raises(ListError, match=r"csv:2: expected at most 100000 characters in a cell"):
            read_lists(path)


def test_rows_above_the_limit_are_refused(monkeypatch):
    """Rows above the limit are refused."""
    monkeypatch.setattr(reading, "ROWS_MAX", 5)
    with pytest.raises(ListError, match="expected at most 5 rows"):
        read_lists(GOOD)


def test_cut_anywhere_is_refused_or_loses_whole_rows_only(tmp_path):
    """A cut between two rows can't be seen in the file: it shows as fewer rows than the snapshot before had."""
    assert_cuts_are_seen(GOOD, tmp_path / "consolidated.csv")


@pytest.mark.reference
def test_real_list_cut_anywhere_is_refused_or_loses_whole_rows_only(reference_data, tmp_path):
    """A real list cut anywhere is refused or loses whole rows only."""
    for name in ("layout_2025_consolidated.csv", "layout_2019_csl.csv", "consolidated_2026-07-31.csv.gz"):
        assert_cuts_are_seen(reference_data / "lists" / name, tmp_path / name)
    start = tmp_path / "start.csv"
    with gzip.open(reference_data / "lists" / "consolidated_2022-05-16.csv.gz") as file:
        start.write_bytes(b"".join(islice(file, 1000)))
    assert_cuts_are_seen(start, tmp_path / "cut.csv")


def assert_cuts_are_seen(source, path):
    content = source.read_bytes()
    whole = read_lists(source)[0]
    chance = random.Random(SEED)  # noqa: S311 (places to cut, no secrets)
    for length in chance.sample(range(len(content)), CUTS):
        path.write_bytes(content[:length])
        try:
            [cut] = read_lists(path)
        except ListError:
            continue
        assert cut.file.rows < whole.file.rows
        assert content[length - 1 : length] == b"\n" or content[length : length + 1] in (b"\n", b"\r")


# --- editions ---------------------------------------------------------------------------------------------------------

EDITIONS = {
    "consolidated_2026-07-31.csv": "2026-07-31",
    "ofac_2021-07_sdn.csv": "2021-07-01",
    "consolidated20260731.csv": "2026-07-31",
    "consolidated_2026-02-30_2026-03-01.csv": "2026-03-01",
    "consolidated_2026-13.csv": "2026-01-05",
    "case_1234567890.csv": "2026-01-05",
    "layout_2025.csv": "2026-01-05",
}


@pytest.mark.parametrize("name", EDITIONS)
def test_edition_is_the_date_in_the_name_else_the_day_of_the_file(name, tmp_path):
    """The edition is the date in the name else the day of the file."""
    path = tmp_path / name
    path.write_bytes(GOOD.read_bytes())
    at = datetime(2026, 1, 5, 23, 59, tzinfo=UTC).timestamp()
    os.utime(path, (at, at))
    assert read_lists(path)[0].file.edition == EDITIONS[name]


def test_manifest_decides_the_edition_before_the_name(tmp_path):
    """A manifest decides the edition before the name."""
    path = tmp_path / "consolidated_2026-07-31.csv"
    path.write_bytes(GOOD.read_bytes())
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"files": {"consolidated_2026-07-31.csv": {"edition": "2026-08-01"}}}')
    assert read_lists(tmp_path)[0].file.edition == "2026-08-01"
    manifest.write_text('{"files": {"other.csv": {"edition": "2026-08-01"}}}')
    assert read_lists(path)[0].file.edition == "2026-07-31"


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", "{}", '{"files": []}', '{"files": {"a.csv": 1}}', '{"files": {"a.csv": {"edition": "August"}}}'],
)
def test_manifest_that_says_nothing_clear_is_refused(manifest, tmp_path):
    """A manifest that says nothing clear is refused."""
    (tmp_path / "a.csv").write_bytes(GOOD.read_bytes())
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(ListError, match=r"manifest\.json: expected"):
        read_lists(tmp_path / "a.csv")


# --- directories ------------------------------------------------------------------------------------------------------


def test_directory_gives_each_list_in_it_once(tmp_path):
    """A directory gives each list in it once."""
    for name in (GOOD.name, "supplement7.json", *(f"ofac/{member}.csv" for member in ("sdn", "alt", "add"))):
        (tmp_path / Path(name).name).write_bytes((CASES / name).read_bytes())
    (tmp_path / "sdn_comments.csv.gz").write_bytes(gzip.compress((CASES / "ofac/sdn_comments.csv").read_bytes()))
    (tmp_path / "README.md").write_text("fetched on Monday")
    (tmp_path / "manifest.json").write_text('{"files": {}}')
    found = {source.file.name: source.file.layout for source in read_lists(tmp_path)}
    assert found == {GOOD.name: "csl", "sdn.csv": "ofac", "supplement7.json": "supplement"}


def test_unknown_file_in_a_directory_refuses_the_directory(tmp_path):
    """An unknown file in a directory refuses the directory."""
    (tmp_path / GOOD.name).write_bytes(GOOD.read_bytes())
    (tmp_path / "more.csv").write_text("party\nOrbital Widgets\n")
    with pytest.raises(ListError, match=r"more\.csv:1: expected a layout that is known"):
        read_lists(tmp_path)


def test_same_list_compressed_and_not_is_refused(tmp_path):
    """The same list compressed and not is refused."""
    (tmp_path / "consolidated.csv").write_bytes(GOOD.read_bytes())
    (tmp_path / "consolidated.csv.gz").write_bytes(gzip.compress(GOOD.read_bytes()))
    with pytest.raises(ListError, match="expected each list once"):
        read_lists(tmp_path)


def test_directory_without_lists_is_refused(tmp_path):
    """A directory without lists is refused."""
    (tmp_path / "README.md").write_text("nothing yet")
    with pytest.raises(ListError, match="expected at least one list"):
        read_lists(tmp_path)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    """Too many files are refused."""
    monkeypatch.setattr(sys.modules["screener.lists.read"], "DIRECTORY_FILES_MAX", 1)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(GOOD.read_bytes())
    with pytest.raises(ListError, match="expected at most 1 files"):
        read_lists(tmp_path)


def test_gzip_and_plain_differ_in_sha256_only(tmp_path):
    """Gzip and plain differ in sha256 only."""
    path = tmp_path / f"{GOOD.name}.gz"
    path.write_bytes(gzip.compress(GOOD.read_bytes()))
    plain, packed = read_lists(GOOD)[0], read_lists(path)[0]
    assert packed.entries == plain.entries
    assert packed.file.sha256 != plain.file.sha256
