"""Licenses held as CSV: what a row must say to be taken, and what refuses the file with its line."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest

from screener.core.fold import Folder
from screener.errors import ListError, OperatorError
from screener.lists.build import Inputs, build
from screener.lists.licenses import OPTIONAL, PARTS_MAX, REQUIRED, by_number, read_licenses

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (*REQUIRED, *OPTIONAL)
AUTHORITIES = {"BIS": "license", "OFAC": "license", "VEU": "veu"}
FOLD = Folder(["Co", "Ltd"])
GOOD = {
    "number": "D100001",
    "authority": "BIS",
    "parties": "Petrel Vane Co., Ltd.|CN|12 Lantern Road",
    "items": "3A090.a; EAR99",
    "destinations": "CN",
    "value": "250000.00",
    "currency": "usd",
    "effective_from": "2026-01-01",
    "effective_to": "2028-01-01",
}
VEU = {"number": "VEU-1", "authority": "VEU", "value": "", "currency": ""}


def written(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(GOOD | row for row in rows)
    return path


def test_a_row_is_read(tmp_path: Path) -> None:
    """Party, items, value in millionths and days are those of the row; the currency is in capitals."""
    held = read_licenses(written(tmp_path / "held_2026-11-20.csv", {}, VEU), AUTHORITIES, FOLD)
    license_, veu = held.rows
    assert (license_.kind, license_.number, license_.limit, license_.currency) == (
        "license",
        "D100001",
        250_000_000_000,
        "USD",
    )
    assert [(row.name, row.country, row.address) for row in license_.parties] == [
        ("petrelvane", "CN", FOLD("12 Lantern Road"))
    ]
    assert license_.items == ("3A090.A", "EAR99")
    assert (license_.effective_from, license_.effective_to) == ("2026-01-01", "2028-01-01")
    assert (veu.kind, veu.limit, veu.currency) == ("veu", 0, "")
    assert (held.file.rows, held.file.edition) == (2, "2026-11-20")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"number": ""}, "a number of 1 to 100 characters"),
        ({"number": "D" * 101}, "a number of 1 to 100 characters"),
        ({"number": "D1\x0bX"}, "printable"),
        ({"authority": "NOBODY"}, "an authority of licenses.toml"),
        ({"authority": ""}, "an authority of licenses.toml"),
        ({"parties": ""}, "1 to 10000 parties"),
        ({"parties": " ; ;"}, "1 to 10000 parties"),
        ({"parties": ";".join(["A|CN"] * (PARTS_MAX + 1))}, "1 to 10000 parties"),
        ({"parties": "Petrel Vane"}, "a party's country"),
        ({"parties": "Petrel Vane|Atlantis"}, "a party's country"),
        ({"parties": "...|CN"}, "a party's name with letters or digits"),
        ({"items": ""}, "items as ECCNs"),
        ({"items": "*"}, "items as ECCNs"),
        ({"items": "all items"}, "items as ECCNs"),
        ({"destinations": ""}, "destinations as two-letter codes"),
        ({"destinations": "CN;*"}, "destinations as two-letter codes"),
        ({"value": ""}, "a value above 0"),
        ({"value": "0"}, "a value above 0"),
        ({"value": "-5"}, "a value above 0"),
        ({"value": "NaN"}, "a value above 0"),
        ({"value": "Infinity"}, "a value above 0"),
        ({"value": "1e999999999"}, "a value above 0"),
        ({"value": "1,000"}, "a value above 0"),
        ({"value": "9" * 500}, "a value above 0"),
        ({"currency": ""}, "a currency such as USD"),
        ({"currency": "US$"}, "a currency such as USD"),
        ({"effective_from": ""}, "effective_from and effective_to"),
        ({"effective_to": ""}, "effective_from and effective_to"),
        ({"effective_to": "2026-02-30"}, "effective_from and effective_to"),
        ({"effective_from": "2028-01-01"}, "effective_from and effective_to"),
        ({"models": "---"}, "models with letters or digits"),
        (VEU | {"value": "5", "currency": "USD"}, "a validated end user draws nothing"),
    ],
)
def test_a_row_that_bounds_nothing_refuses_the_file(tmp_path: Path, cells: dict[str, str], says: str) -> None:
    """What leaves open whom, what, where, when or how much a license is for is told with file and line."""
    path = written(tmp_path / "held.csv", {}, {"number": "D2"} | cells)
    with pytest.raises(ListError, match=says) as refusal:
        read_licenses(path, AUTHORITIES, FOLD)
    assert "held.csv" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"number,authority\n1,BIS\n", b"\xff\xfe\x00", b"PK\x03\x04" + bytes(99)]
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing, columns that are not all there, and no text are refused with the file's name."""
    path = tmp_path / "held.csv"
    path.write_bytes(content)
    with pytest.raises(ListError, match="held"):
        read_licenses(path, AUTHORITIES, FOLD)


def test_a_number_stands_once(tmp_path: Path) -> None:
    """Two rows of one number are refused, in one file or two: nobody could say which one an order draws on."""
    one = read_licenses(written(tmp_path / "a.csv", {}), AUTHORITIES, FOLD)
    with pytest.raises(ValueError, match="D100001"):
        by_number([one, one])
    inputs: Any = Inputs(sample=True, licenses=[tmp_path / "a.csv", written(tmp_path / "b.csv", {})])
    with pytest.raises(OperatorError, match="D100001"):
        build(inputs)
