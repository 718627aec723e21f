"""The real lists are read whole: every row that SOURCES.md counts, and every name an obvious second reading finds."""

import csv
import gzip
import io
import re

import orjson
import pytest

from screener.lists.countries import code_of
from screener.lists.read import read_lists

pytestmark = pytest.mark.reference

COUNTS_2026 = {
    "SDN": 19_181,
    "EL": 3420,
    "DPL": 1596,
    "DTC": 787,
    "SSI": 286,
    "UVL": 222,
    "ISN": 161,
    "PLC": 78,
    "MEU": 70,
    "CMIC": 68,
    "NS-MBS": 51,
    "CAP": 1,
}
CSL = [
    "consolidated_2026-07-31.csv.gz",
    "consolidated_2022-05-16.csv.gz",
    "layout_2025_consolidated.csv",
    "layout_2019_csl.csv",
]


def content(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def bare(name):
    """The characters that no cleaning may drop."""
    return "".join(character for character in name.casefold() if character.isalnum())


def test_edition_of_2026_has_the_published_rows(reference_data):
    """The edition of 2026 has the published rows."""
    [source] = read_lists(reference_data / "lists" / CSL[0])
    assert source.rows_by_list == COUNTS_2026
    assert source.file.rows == 25_921
    assert source.file.edition == "2026-07-31"


def test_edition_of_2022_has_the_published_rows(reference_data):
    """The edition of 2022 has the published rows."""
    [source] = read_lists(reference_data / "lists" / CSL[1])
    assert source.file.rows == 14_160
    assert {code: source.rows_by_list[code] for code in ("SDN", "EL", "MEU")} == {"SDN": 10_026, "EL": 2001, "MEU": 71}


@pytest.mark.parametrize(("name", "rows"), [(CSL[2], 13), (CSL[3], 115)])
def test_small_files_of_other_years_are_read(reference_data, name, rows):
    """Small files of other years are read."""
    [source] = read_lists(reference_data / "lists" / name)
    assert source.file.rows == rows


@pytest.mark.parametrize("name", CSL)
def test_no_name_is_lost_and_the_primary_one_is_first(reference_data, name):
    """No name is lost and the primary one is first."""
    path = reference_data / "lists" / name
    [source] = read_lists(path)
    rows = list(csv.DictReader(io.StringIO(content(path).decode("utf-8-sig"), newline="")))
    found, first = set(), set()
    for entry in source.entries:
        entry_id = entry.entry_id if "_id" in rows[0] else ""
        found |= {(entry.list, entry_id, bare(alias.name)) for alias in entry.aliases}
        first.add((entry.list, entry_id, bare(entry.name)))
    for row in rows:
        key = (re.search(r"\(([A-Z-]+)( List)?\)", row["source"])[1], row.get("_id", ""))
        assert (*key, bare(row["name"])) in first
        for part in row["alt_names"].split(";"):
            written = re.sub(r"^\s*and |^\s*f\.k\.a\. ", "", part, flags=re.IGNORECASE)
            if bare(written) not in {"", "and"} and not written.strip().startswith("any successor"):
                assert (*key, bare(written)) in found, part


def test_rows_of_one_id_become_one_entry(reference_data):
    """Rows of one id become one entry."""
    [source] = read_lists(reference_data / "lists" / CSL[0])
    keys = [(entry.list, entry.entry_id) for entry in source.entries]
    assert len(keys) == len(set(keys)) == 25_791


def test_ofac_set_has_every_row_alias_and_quoted_weak_alias(reference_data):
    """The OFAC set has every row alias and quoted weak alias."""
    lists = reference_data / "lists"
    [source] = read_lists(lists / "ofac_2021-07_sdn.csv.gz")
    assert source.rows_by_list == {"SDN": 8976}
    names = {(entry.entry_id, alias.name): alias.quality for entry in source.entries for alias in entry.aliases}
    rows = {member: naive_rows(lists / f"ofac_2021-07_{member}.csv.gz") for member in ("sdn", "alt", "sdn_comments")}
    for row in rows["sdn"]:
        assert names[row[0], row[1]] == "strong"
    for row in rows["alt"]:
        assert names[row[0], row[3]] == "strong"
    rest = dict(rows["sdn_comments"])
    remarks = "\n".join(row[11] + rest.get(row[0], "") for row in rows["sdn"])
    weak = [alias for alias, quality in names.items() if quality == "weak"]
    assert len(weak) == remarks.count(".k.a. '") == 2441
    assert ("28263", "snowsjohn") in weak


def naive_rows(path):
    return list(csv.reader(io.StringIO(content(path).decode().rstrip("\x1a"), newline="")))


def test_set_without_sdn_is_refused(reference_data):
    """A set without SDN is refused."""
    with pytest.raises(Exception, match=r"expected ofac_2025-12-24_sdn\.csv of the same set"):
        read_lists(reference_data / "lists" / "ofac_2025-12-24_alt.csv.gz")


@pytest.mark.parametrize(
    ("name", "code", "rows"),
    [("supplement4_entity_list_2026-07-09.json.gz", "EL", 3409), ("supplement7_meu_2026-07-09.json", "MEU", 70)],
)
def test_supplements_have_every_row_name_and_country(reference_data, name, code, rows):
    """Supplements have every row name and country."""
    path = reference_data / "lists" / name
    [source] = read_lists(path)
    assert source.rows_by_list == {code: rows}
    assert all(entry.countries for entry in source.entries)
    found = {bare(alias.name) for entry in source.entries for alias in entry.aliases}
    for entity in orjson.loads(content(path))["entities"]:
        for written in (entity["name"], *entity["aliases"]):
            assert bare(re.sub("^and ", "", written)) in found


def test_country_names_of_ofac_have_codes(reference_data):
    """Only regions, "undetermined" and a country that is no more have none."""
    rows = naive_rows(reference_data / "lists" / "ofac_2025-12-24_add.csv.gz")
    unknown = {row[4] for row in rows if row[4].strip() != "-0-" and code_of(row[4]) is None}
    assert all(name in {"undetermined", "Netherlands Antilles"} or name.startswith("Region: ") for name in unknown)
