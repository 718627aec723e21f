"""Uses of licenses as records, and counting them without a broker."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from screener import cli
from screener.authorizations import AMOUNT_MAX, Use, as_text, units
from screener.errors import OperatorError
from screener.model import Decision
from screener.runners.license_use import Counted, Sums, record_of, use_of

SCHEMA = Path(__file__).parents[2] / "topics" / "schemas" / "license-usage.schema.json"
USE = Use("D1", "O-1", 1_200_500_000, "USD")


def decided(use: Use) -> Decision:
    return Decision("clear", use.order_id, [], [], b'{"decision_id":"d1"}', use)


def test_a_use_is_written_and_read() -> None:
    """A record is one of the schema, and read as the use that it was."""
    record = record_of(decided(USE), USE)
    jsonschema.validate(json.loads(record), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert use_of(record) == USE


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"[]",
        b"1",
        b"\xff",
        b'{"license":"D1","order_id":"O-1","currency":"USD"}',
        b'{"license":"D1","order_id":"O-1","currency":"USD","amount":"-1"}',
        b'{"license":"D1","order_id":"O-1","currency":"USD","amount":"x"}',
        b'{"license":"D1","order_id":"O-1","currency":"USD","amount":true}',
        b'{"license":1,"order_id":"O-1","currency":"USD","amount":"1"}',
        b'{"license":"D1","order_id":null,"currency":"USD","amount":"1"}',
    ],
)
def test_what_is_no_use_is_none(value: bytes | None) -> None:
    """A record that does not say who draws how much of what is no use."""
    assert use_of(value) is None


@pytest.mark.parametrize(
    ("written", "amount"),
    [("1", 10**6), (0, 0), ("0.0000001", 1), (1.5, 1_500_000), (f"{AMOUNT_MAX}", int(AMOUNT_MAX) * 10**6)],
)
def test_amounts_are_rounded_up(written: object, amount: int) -> None:
    """Amounts are whole millionths, and a part of one counts as one: never less is drawn than an order is worth."""
    assert units(written) == amount
    assert units(as_text(amount)) == amount


def test_the_last_use_of_an_order_counts() -> None:
    """An order that is amended or told twice draws once, also before its use is counted."""
    sums = Sums()
    for amount in (5, 5, 3):
        sums.add("D1", "O-1", amount)
    sums.add("D1", "O-2", 10)
    assert sums.drawn("D1").total == 13
    later = sums.drawn("D1", [Use("D1", "O-1", 7, "USD"), Use("D1", "O-1", 1, "USD"), Use("D2", "O-9", 99, "USD")])
    assert (later.total, later.of_orders["O-1"], later.of_orders["O-2"]) == (11, 1, 10)
    assert sums.drawn("D1").total == 13
    assert sums.drawn("D3").total == 0


def test_a_file_is_counted_on(tmp_path: Path) -> None:
    """Uses are appended as they are counted, and the next run goes on from them, though a line end be missing."""
    path = tmp_path / "uses.ndjson"
    counted = Counted(path)
    counted.keep(decided(USE))
    counted.keep(Decision("review", "O-2", [], [], b"{}"))
    assert counted("D1").total == USE.amount
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    again = Counted(path)
    again.keep(decided(USE._replace(order_id="O-3", amount=1)))
    assert Counted(path)("D1").total == USE.amount + 1
    assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize("bad", [b"{", b"\xff\xfe", b"x" * 100_000, b'{"license":"D1"}'])
def test_a_line_that_is_no_use_ends_the_run(tmp_path: Path, bad: bytes) -> None:
    """Nothing is decided on a file that can't be counted whole: the line is told."""
    path = tmp_path / "uses.ndjson"
    path.write_bytes(record_of(decided(USE), USE) + b"\n" + bad + b"\n")
    with pytest.raises(OperatorError, match=r"uses\.ndjson:2: expected a use"):
        Counted(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """What can't be opened is told."""
    with pytest.raises(OperatorError, match="can't be read and written"):
        Counted(tmp_path)


def test_without_a_broker_one_sentence_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Sums that can't be asked for are told as such, once."""
    assert cli.main(["licenses", "drawn", "--bootstrap-servers", "localhost:1"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("screener: No Kafka broker answers at localhost:1")
    assert told.err.count("\n") == 1
