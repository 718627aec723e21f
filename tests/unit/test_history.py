"""`screener history build`: archived orders become profiles, and profiles that are not whole are refused."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from screener import cli
from screener.core import screen
from screener.core.fold import Folder
from screener.errors import ListError, OperatorError
from screener.lists import snapshot
from screener.lists.build import Inputs, build
from screener.lists.history import COLUMNS, joined, read_history
from screener.model import Purchases, Terms
from screener.runners.history import build_history

if TYPE_CHECKING:
    from pathlib import Path

FOLD = Folder(["Co", "Ltd", "GmbH"])


def order(
    order_id: str, day: str, quantity: float | None = 1, name: str = "Meadow GmbH", **members: Any
) -> dict[str, Any]:
    item = {"sku": "S-1", "eccn": "3a090.a", "quantity": quantity}
    party = {"role": "purchaser", "name": name, "country": "DE"}
    return {"order_id": order_id, "placed_at": f"{day}T12:00:00Z", "parties": [party], "items": [item], **members}


ORDERS = [
    order("O-1", "2019-03-01", 5),
    order("O-2", "2020-01-01", 900),
    order("O-2", "2020-01-01", 8, name="MEADOW"),
    order("O-3", "2018-01-01", 99),
    order("O-3", "2018-01-01", 99, cancelled=True),
    order("O-4", "2024-01-01", None, name="Kettle Cards"),
    order("O-5", "2021-01-01", 7, items=[]),
]
MEADOW = [("2019-03-01", "2", "8.0")] * 2


def lines(orders: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in orders)


def profiles(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def built(tmp_path: Path, *files: Path) -> list[dict[str, str]]:
    out = tmp_path / "history.csv"
    build_history(files, out)
    return profiles(out)


def ndjson(path: Path) -> None:
    path.write_bytes(lines(ORDERS))


def zipped(path: Path) -> None:
    path.write_bytes(gzip.compress(lines(ORDERS)))


def columns(path: Path) -> None:
    frame = pl.DataFrame(ORDERS, infer_schema_length=None)
    frame.with_columns(pl.col("placed_at").str.to_datetime(time_zone="UTC")).write_parquet(path)


def values(path: Path) -> None:
    pl.DataFrame({"value": lines(ORDERS).splitlines(), "offset": range(len(ORDERS))}).write_parquet(path)


@pytest.mark.parametrize("write", [ndjson, zipped, columns, values])
def test_archives_of_all_forms_give_the_same_profiles(tmp_path: Path, write: Any) -> None:
    """The last order of an id counts, a cancelled one not at all; names are compared as when screening."""
    path = tmp_path / "archive"
    write(path)
    rows = built(tmp_path, path)
    assert [row["counterparty"] for row in rows] == ["Kettle Cards"] * 2 + ["MEADOW"] * 2
    assert [(row["first_on"], row["orders"], row["quantity_max"]) for row in rows[2:]] == MEADOW
    assert [(row["item"], row["quantity_max"]) for row in rows[:2]] == [("3A090", "0.0"), ("sku:S-1", "0.0")]
    assert {row["country"] for row in rows} == {"DE"}


def test_several_files_are_one_archive(tmp_path: Path) -> None:
    """An order that is amended in a later file counts once."""
    one, two = tmp_path / "1.ndjson", tmp_path / "2.ndjson"
    one.write_bytes(lines(ORDERS[:2]))
    two.write_bytes(lines(ORDERS[2:]))
    assert [(row["first_on"], row["orders"], row["quantity_max"]) for row in built(tmp_path, one, two)[2:]] == MEADOW


def test_what_is_no_order_is_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cut off, not UTF-8, of a wrong type: the others count all the same, and the command says how many do not."""
    bad = [
        b'{"order_id":"O-9","parties":[{"name":"Kettle"}]}',
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"order_id":"O-9","parties":5}',
        b'{"order_id":"O-9","parties":[{"name":1}]}',
    ]
    path = tmp_path / "archive.ndjson"
    path.write_bytes(lines(ORDERS) + b"\n".join(bad))
    assert cli.main(["history", "build", str(path), "--out", str(tmp_path / "h.csv")]) == 0
    told = capsys.readouterr()
    assert "4 profiles of 7 orders, 6 left out" in told.out
    assert told.err.count("is left out") == 3


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x00" * 100, b"PAR1", b"\x1f\x8b\x08", b"PAR1" + b"x" * 50 + b"PAR1"]
)
def test_an_archive_without_orders_is_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing, nothing readable and files that are cut off end with one sentence that names the file."""
    path = tmp_path / "archive"
    path.write_bytes(content)
    with pytest.raises(OperatorError, match="archive") as refusal:
        build_history([path], tmp_path / "h.csv")
    assert "\n" not in str(refusal.value)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    """Parquet that has neither orders as JSON nor their members."""
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(OperatorError, match="expected a column value"):
        build_history([tmp_path / "a.parquet"], tmp_path / "h.csv")


def test_the_order_of_files_with_other_orders_changes_nothing(tmp_path: Path) -> None:
    """The same profiles, byte for byte, whichever buyer came first."""
    one, two = tmp_path / "1.ndjson", tmp_path / "2.ndjson"
    one.write_bytes(lines([ORDERS[0]]))
    two.write_bytes(lines([ORDERS[5]]))
    build_history([one, two], tmp_path / "a.csv")
    build_history([two, one], tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_profiles_travel_in_the_snapshot(tmp_path: Path) -> None:
    """From the archive to a flag in a decision, through the snapshot's file."""
    path = tmp_path / "archive.ndjson"
    path.write_bytes(lines(ORDERS))
    build_history([path], tmp_path / "h.csv")
    made = build(Inputs(sample=True, history=[tmp_path / "h.csv"]))
    held = snapshot.loads(made.content)
    assert held.history == made.snapshot.history
    assert held.history is not None
    assert held.history.purchases["meadow|DE"]["3A090"] == Purchases("2019-03-01", 2, 8.0)
    assert held.components["history"] != build(Inputs(sample=True)).snapshot.components["history"]
    raw = json.dumps(order("O-7", "2026-11-22", name="kettle cards")).encode()
    assert "RF_NEW_PURCHASES" in screen(raw, held, Terms(as_of="2026-11-22")).reasons


# --- profiles as CSV -------------------------------------------------------------------------------------------------

GOOD = {"counterparty": "Meadow", "country": "DE", "item": "3A090", "first_on": "2019-03-01", "orders": "2"}


def written(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(GOOD | row for row in rows)
    return path


def test_rows_of_one_buyer_are_joined(tmp_path: Path) -> None:
    """Of several rows of a buyer and kind the first day, all orders, the largest quantity."""
    rows = [{"quantity_max": "5"}, {"counterparty": "MEADOW GmbH", "first_on": "2018-01-01", "quantity_max": "3"}]
    history = joined([read_history(written(tmp_path / "h.csv", *rows), FOLD)])
    assert history is not None
    assert (history.reaches, history.purchases) == (
        "2018-01-01",
        {"meadow|DE": {"3A090": Purchases("2018-01-01", 4, 5.0)}},
    )
    assert joined([]) is None


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"counterparty": ""}, "a counterparty's name"),
        ({"counterparty": "..."}, "a counterparty's name"),
        ({"country": "Atlantis"}, "a country or none"),
        ({"item": ""}, "a kind of item"),
        ({"item": "x" * 201}, "a kind of item"),
        ({"first_on": ""}, "first_on as YYYY-MM-DD"),
        ({"first_on": "2026-02-30"}, "first_on as YYYY-MM-DD"),
        ({"orders": "0"}, "a number of orders"),
        ({"orders": "-1"}, "a number of orders"),
        ({"orders": "1.5"}, "a number of orders"),
        ({"quantity_max": "many"}, "a quantity of 0 or more"),
        ({"quantity_max": "nan"}, "a quantity of 0 or more"),
        ({"quantity_max": "inf"}, "a quantity of 0 or more"),
        ({"quantity_max": "-1"}, "a quantity of 0 or more"),
    ],
)
def test_a_row_that_is_not_whole_refuses_the_file(tmp_path: Path, cells: dict[str, str], says: str) -> None:
    """File and line are told."""
    with pytest.raises(ListError, match=says):
        read_history(written(tmp_path / "h.csv", {}, cells), FOLD)
