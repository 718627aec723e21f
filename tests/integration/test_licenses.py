"""Licenses drawn on a real broker: counted once, never overdrawn by workers that draw at once, whatever is killed."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from screener.authorizations import units
from screener.cli import main
from screener.lists import build, snapshot
from screener.runners import topics
from screener.runners.license_use import Ledger, use_of
from screener.settings import Cluster
from tests.integration.kafka import Worker, outputs, publish, reading, running

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = Path(__file__).parents[1] / "cases" / "screening" / "lists"
HEADER = "number,authority,parties,items,destinations,value,currency,effective_from,effective_to\n"
LIMIT, LICENSES, ORDERS = 100_000, 12, 10


def order(order_id: str, number: str, value: float, **more: Any) -> tuple[bytes, bytes]:
    """The key and value of an order for a listed party under a license."""
    said = {
        "order_id": order_id,
        "destination": "CN",
        "license": {"number": number},
        "parties": [{"role": "end_user", "name": "Petrel Vane Laboratories", "country": "CN"}],
        "items": [{"description": "Pump", "eccn": "EAR99", "value": value, "currency": "USD"}],
    }
    return order_id.encode(), orjson.dumps(said | more)


@pytest.fixture
def prefix(broker: str, topic_prefix: str) -> str:
    """A prefix whose topics exist, with a partition of orders for each of two workers."""
    topics.apply(Cluster(broker), topic_prefix, 2)
    return topic_prefix


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """The snapshot that all workers use: one listed party, a dozen licenses for it."""
    held = tmp_path / "licenses.csv"
    rows = (
        f"D{one},BIS,Petrel Vane Laboratories|CN,EAR99,CN,{LIMIT},USD,2020-01-01,2090-01-01" for one in range(LICENSES)
    )
    held.write_text(HEADER + "\n".join(rows) + "\n")
    built = build.build(build.Inputs(private=[], lists=[LISTS / "terms_2026-11-20.csv"], licenses=[held]))
    path = tmp_path / "held.snapshot"
    snapshot.save(built.content, path)
    return ["--snapshot", str(path), "--allow-stale"]


@pytest.fixture
def workers(broker: str, prefix: str, options: list[str], tmp_path: Path) -> Iterator[list[Worker]]:
    """Two workers of a group, ready, ended whatever happens."""
    made = [Worker(broker, prefix, tmp_path / f"{slot}.log", [*options, "--slot", str(slot)]) for slot in range(2)]
    with running(made[0]), running(made[1]):
        yield made


@pytest.fixture
def summing(broker: str, prefix: str, tmp_path: Path) -> Worker:
    """The process that keeps the sums, not yet started."""
    return Worker(broker, prefix, tmp_path / "sums.log", command=("licenses", "sum"))


def committed_uses(broker: str, prefix: str, count: int) -> dict[str, dict[str, int]]:
    """License -> order -> amount, of the committed log; the last use of an order counts."""
    found: dict[str, dict[str, int]] = {}
    with reading(broker, [f"{prefix}screener.license-usage"]) as reader:
        for record in reader.read_until(count):
            use = use_of(record.value)
            assert use is not None
            found.setdefault(use.license, {})[use.order_id] = use.amount
    return found


def sums(worker: Worker) -> dict[str, Any]:
    """What the page of the sums shows; nothing while it does not answer."""
    status, page = worker.get("/licenses")
    return orjson.loads(page) if status == 200 else {}


def wait_for_totals(worker: Worker, totals: dict[str, int]) -> None:
    """Wait until the sums are these."""
    deadline = time.monotonic() + 90
    shown: dict[str, int] = {}
    while time.monotonic() < deadline and shown != totals:
        shown = {number: units(row["total"]) or 0 for number, row in sums(worker).items()}
        time.sleep(0.2)
    assert shown == totals, worker.log.read_text()[-3000:]


def test_two_workers_that_draw_at_once_never_overdraw(broker: str, prefix: str, workers: list[Worker]) -> None:
    """Of ten orders of 30 percent of a license three are clear and draw; all others are for review and draw nothing."""
    names = [(f"D{one}", f"D{one}-O{number}") for number in range(ORDERS) for one in range(LICENSES)]
    with reading(broker, outputs(prefix)) as reader:
        for begin in range(0, len(names), 7):
            publish(
                broker,
                f"{prefix}orders",
                [order(name, number, 0.3 * LIMIT) for number, name in names[begin : begin + 7]],
            )
        decided = reader.read_until(len(names))
    assert len(decided) == len({record.key for record in decided}) == len(names)
    partitions = {record.partition for record in decided}
    assert len(partitions) == 2, "both workers must have drawn"
    outcomes = Counter(record.decision["outcome"] for record in decided)
    assert outcomes == {"clear": 3 * LICENSES, "review": (ORDERS - 3) * LICENSES}
    reasons = Counter(reason for record in decided for reason in record.decision["reasons"])
    assert reasons["LICENSE_OVERDRAWN"] == (ORDERS - 3) * LICENSES
    uses = committed_uses(broker, prefix, 3 * LICENSES)
    assert {number: sum(orders.values()) for number, orders in uses.items()} == {
        f"D{one}": units(0.9 * LIMIT) for one in range(LICENSES)
    }
    contests = sum(worker.metric("screener_license_contests_total") for worker in workers)
    print(f"{contests:.0f} contests")


def test_sums_are_exact_whatever_is_killed(
    broker: str, prefix: str, workers: list[Worker], summing: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Workers and sums are killed while orders come: every order is answered once, and counted once."""
    count, step = 240, 60
    names = [f"O-{number}" for number in range(count)]
    summing.start()
    try:
        with reading(broker, outputs(prefix)) as reader:
            for begin in range(0, count, step):
                batch = names[begin : begin + step]
                publish(broker, f"{prefix}orders", [order(name, "D0", 300) for name in batch])
                reader.read(0.3)
                summing.kill()
                workers[(begin // step) % 2].kill()
                workers[(begin // step) % 2].start()
                summing.start()
            decided = reader.read_until(count)
        assert len(decided) == len({record.key for record in decided}) == count
        assert Counter(record.decision["outcome"] for record in decided) == {"clear": count}
        uses = committed_uses(broker, prefix, count)
        assert uses == {"D0": dict.fromkeys(names, 300_000_000)}
        wait_for_totals(summing, {"D0": 300_000_000 * count})
        # an amended order draws once, a cancelled one nothing, and from 90 percent on a person decides
        more = [order("O-0", "D0", 18_600), order("O-1", "D0", 0, cancelled=True), order("late", "D0", 1)]
        with reading(broker, outputs(prefix)) as reader:
            publish(broker, f"{prefix}orders", more[:2])
            reader.read_until(count + 2)
            publish(broker, f"{prefix}orders", more[2:])
            late = reader.read_until(count + 3)[-1].decision
        assert (late["outcome"], late["reasons"][0]) == ("review", "LICENSE_DRAWN")
        total = 300 * (count - 2) + 18_600 + 1
        wait_for_totals(summing, {"D0": total * 1_000_000})
        assert sums(summing)["D0"]["orders"] == count
    finally:
        summing.kill()
    # who starts from the sums knows the same as who reads all uses
    for drawn in ("screener.license-drawn", "screener.license-usage"):
        ledger = Ledger(Cluster(broker), f"{prefix}screener.license-usage", f"{prefix}{drawn}")
        try:
            told = ledger.sums()
            assert told is not None
            assert told.totals == {"D0": total * 1_000_000}
        finally:
            ledger.close()
    assert main(["licenses", "drawn", "--bootstrap-servers", broker, "--topic-prefix", prefix]) == 0
    assert capsys.readouterr().out.split() == ["D0", str(total), "drawn", "by", str(count), "orders"]


def test_a_log_that_cannot_be_read_sends_orders_to_a_person(broker: str, prefix: str) -> None:
    """Where the topics of uses are not there, nothing is known of what is drawn."""
    ledger = Ledger(Cluster(broker), f"{prefix}no-such-topic", f"{prefix}nor-this")
    try:
        assert ledger("D0") is None
    finally:
        ledger.close()
