"""OFAC's files are read as a set, and a set with a part missing, cut off or of another edition is refused."""

import gzip
import shutil
from pathlib import Path

import pytest

from screener.errors import ListError
from screener.lists.ofac import member_name
from screener.lists.read import read_lists

OFAC = Path(__file__).parents[2] / "cases" / "lists" / "ofac"


@pytest.fixture
def whole_set(tmp_path):
    for path in OFAC.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


def replace(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize("member", ["sdn", "alt", "add", "sdn_comments"])
def test_any_member_gives_the_whole_set(member):
    """Any member gives the whole set."""
    assert read_lists(OFAC / f"{member}.csv") == read_lists(OFAC / "sdn.csv")


def test_names_may_be_upper_case_and_some_files_compressed(tmp_path):
    """Names may be upper case and some files compressed."""
    for path in OFAC.iterdir():
        (tmp_path / f"x_{path.stem.upper()}_2026-01-02.CSV").write_bytes(path.read_bytes())
    plain = tmp_path / "x_ALT_2026-01-02.CSV"
    plain.with_suffix(".CSV.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    [source] = read_lists(tmp_path / "x_SDN_2026-01-02.CSV")
    assert source.entries == read_lists(OFAC / "sdn.csv")[0].entries
    assert source.file.edition == "2026-01-02"


def test_edition_of_a_set_is_its_oldest_and_its_sha256_covers_all(whole_set):
    """The edition of a set is its oldest and its sha256 covers all."""
    before = read_lists(whole_set / "sdn.csv")[0].file
    days = {"sdn": "2026-01-03", "alt": "2026-01-01", "add": "2026-01-02"}
    files = ", ".join(f'"{member}.csv": {{"edition": "{day}"}}' for member, day in days.items())
    (whole_set / "manifest.json").write_text(f'{{"files": {{{files}}}}}')
    replace(whole_set / "alt.csv", b"ROYAL BANK", b"LOYAL BANK")
    after = read_lists(whole_set / "sdn.csv")[0].file
    assert after.edition == "2026-01-01"
    assert after.sha256 != before.sha256


@pytest.mark.parametrize("member", ["sdn", "alt", "add"])
def test_set_without_a_required_file_is_refused(member, whole_set):
    """A set without a required file is refused."""
    (whole_set / f"{member}.csv").unlink()
    with pytest.raises(ListError, match=rf"expected {member}\.csv of the same set beside it"):
        read_lists(whole_set)


@pytest.mark.parametrize("member", ["sdn", "alt", "add"])
def test_file_without_its_end_byte_is_refused(member, whole_set):
    """A file without its end byte is refused."""
    replace(whole_set / f"{member}.csv", b"\x1a", b"")
    with pytest.raises(ListError, match=rf"{member}\.csv: expected 0x1A as its last byte"):
        read_lists(whole_set / "sdn.csv")


def test_comments_may_be_missing_only_while_no_remark_needs_them(whole_set):
    """Comments may be missing only while no remark needs them."""
    (whole_set / "sdn_comments.csv").unlink()
    with pytest.raises(ListError, match=r"expected the rest of the remark of 102 in sdn_comments\.csv"):
        read_lists(whole_set / "sdn.csv")
    replace(whole_set / "sdn.csv", b"COMPANY 000; ", b"")
    assert read_lists(whole_set / "sdn.csv")[0].file.rows == 4


@pytest.mark.parametrize(
    ("member", "old", "new", "says"),
    [
        ("alt", b"102,3", b"999,3", "alt.csv:3: expected a number that sdn.csv has, found 999"),
        ("add", b"102,3", b"999,3", "add.csv:3: expected a number that sdn.csv has, found 999"),
        ("sdn_comments", b"102,", b"999,", "sdn_comments.csv:1: expected a number that sdn.csv has, found 999"),
        ("sdn", b"104,", b"103,", "sdn.csv:4: expected each number once, found 103 again"),
        ("sdn", b'"SEA LANTERN"', b"-0- ", "sdn.csv:3: expected a name"),
        ("sdn", b"104,", b"IV,", "sdn.csv:4: expected a number first, found 'IV'"),
        ("alt", b',"aka"', b"", "alt.csv:1: expected 5 columns, found 4"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(whole_set, member, old, new, says):
    """Files that do not fit together are refused."""
    replace(whole_set / f"{member}.csv", old, new)
    with pytest.raises(ListError) as refusal:
        read_lists(whole_set / "sdn.csv")
    assert says in str(refusal.value)


def test_two_files_for_one_member_are_refused(whole_set):
    """Two files for one member are refused."""
    alt = whole_set / "alt.csv"
    (whole_set / "alt.csv.gz").write_bytes(gzip.compress(alt.read_bytes()))
    with pytest.raises(ListError, match="expected one alt file in the set"):
        read_lists(whole_set / "sdn.csv")


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("SDN.CSV", "sdn"),
        ("ofac_2021-07_sdn_comments.csv.gz", "sdn_comments"),
        ("address.csv", None),
        ("consolidated.csv", None),
        ("sdn.txt", None),
    ],
)
def test_member_is_told_from_the_name(name, member):
    """A member is told from the name."""
    found = member_name(name)
    assert (found and found.member) == member
