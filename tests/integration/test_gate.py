"""The example of a gate on a real broker, behind a real worker: which orders ship after what happened to them."""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from confluent_kafka import Producer

from screener.runners import offsets, topics
from screener.runners.days import today
from screener.settings import Cluster
from tests.integration.kafka import CLEAN, LISTED, Decided, Worker, order, outputs, publish, reading, running
from tests.integration.log_ordeals import PoisonProducer, paused_of, recreate, wait_until
from topics.examples import gate as gates
from topics.examples.gate import REFUSED_REASONS, DecisionReader, Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.lists import build

EXPORT_DATE = {"export_date": (date.fromisoformat(today()) + timedelta(days=30)).isoformat()}
"""The day that all decisions are about, so that midnight changes no decision_id."""
HOUR_MS = 3_600_000
RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"


class Warehouse:
    """Sends orders and asks a gate about them; sample lists are allowed unless said otherwise."""

    def __init__(self, broker: str, prefix: str) -> None:
        self.broker = broker
        self.prefix = prefix
        self.gate = Gate(HOUR_MS, REFUSED_REASONS - {"SAMPLE"})
        self.decisions = DecisionReader(broker, self.gate, prefix)
        self.sent = 0

    def send(self, *orders: tuple[bytes, bytes]) -> list[Decided]:
        """Send orders, and wait until all that were sent are answered; the decisions so far, as they were read."""
        publish(self.broker, f"{self.prefix}orders", orders)
        self.sent += len(orders)
        return self.answered()

    def answered(self) -> list[Decided]:
        with reading(self.broker, outputs(self.prefix)) as reader:
            decided = reader.read_until(self.sent)
        assert len(decided) == self.sent
        assert self.decisions.read_to_end()
        return decided

    def verdict(self, sent: tuple[bytes, bytes]) -> gates.Verdict:
        """What the gate says of the bytes of an order, by the decisions that it has read."""
        return self.gate.verdict(sent[0].decode(), sent[1], int(time.time() * 1_000))

    def ships(self, sent: tuple[bytes, bytes]) -> bool:
        return self.verdict(sent).ships


@pytest.fixture
def worker(broker: str, prefix: str, sample_file: Path, tmp_path: Path) -> Iterator[Worker]:
    made = Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])
    with running(made):
        yield made


@pytest.fixture
def warehouse(broker: str, prefix: str, worker: Worker) -> Iterator[Warehouse]:
    assert worker.popen is not None
    made = Warehouse(broker, prefix)
    with contextlib.closing(made.decisions):
        yield made


def clean(order_id: str, **fields: Any) -> tuple[bytes, bytes]:
    return order(order_id, CLEAN | EXPORT_DATE | fields)


def listed(order_id: str, **fields: Any) -> tuple[bytes, bytes]:
    return order(order_id, LISTED | EXPORT_DATE | fields)


def outcome_by_decision_id(decided: list[Decided]) -> str:
    """Where a consumer ends that takes the decisions in the order of the log and passes over a decision_id it had."""
    ids: set[str] = set()
    outcome = ""
    for record in sorted(decided, key=lambda record: int(record.source.rpartition("@")[2])):
        if record.decision["decision_id"] not in ids:
            ids.add(record.decision["decision_id"])
            outcome = record.decision["outcome"]
    return outcome


def test_an_order_that_is_amended_and_sent_again_as_it_was(warehouse: Warehouse) -> None:
    """A is blocked, B is clear, A again is blocked. By decision_id alone a consumer would stay at clear."""
    a, b = listed("O-1"), clean("O-1")
    warehouse.send(a)
    assert not warehouse.ships(a)
    warehouse.send(b)
    assert warehouse.ships(b)
    decided = warehouse.send(a)
    assert len({record.decision["decision_id"] for record in decided}) == 2, "the third decision has the first one's id"
    assert outcome_by_decision_id(decided) == "clear"
    assert warehouse.verdict(a).reason == "the newest decision is: block"
    assert not warehouse.ships(b)


def test_an_order_that_is_clear_again_ships(warehouse: Warehouse) -> None:
    """The other way round: by decision_id alone a consumer would stay at block."""
    a, b = clean("O-1"), listed("O-1")
    for sent, ships in ((a, True), (b, False), (a, True)):
        decided = warehouse.send(sent)
        assert warehouse.ships(sent) is ships
    assert outcome_by_decision_id(decided) == "block"
    assert not warehouse.ships(b)


def test_resent_cancelled_and_unanswered_orders(warehouse: Warehouse) -> None:
    """The same bytes ship again; a cancelled order never does, nor what it was before; nothing means hold."""
    first = clean("O-1")
    warehouse.send(first, first)
    assert warehouse.ships(first)
    cancelled = clean("O-1", cancelled=True)
    warehouse.send(cancelled)
    assert warehouse.verdict(cancelled).reason == "the newest decision has CANCELLED"
    assert not warehouse.ships(first)
    assert warehouse.verdict(clean("O-2")).reason == "there is no decision"


def test_nothing_ships_on_sample_lists_unless_the_gate_allows_them(warehouse: Warehouse) -> None:
    """The gate refuses SAMPLE by default."""
    sent = clean("O-1")
    warehouse.send(sent)
    assert warehouse.ships(sent)
    gate = Gate(HOUR_MS)
    with contextlib.closing(DecisionReader(warehouse.broker, gate, warehouse.prefix)) as decisions:
        assert decisions.read_to_end()
    verdict = gate.verdict("O-1", sent[1], int(time.time() * 1_000))
    assert verdict.reason == "the newest decision has SAMPLE"


def test_decisions_on_a_topic_that_was_created_again_stand_over_those_before(
    warehouse: Warehouse, worker: Worker
) -> None:
    """Its offsets are lower; the old decisions stay in the outgoing topics."""
    warehouse.send(*(clean(f"F-{number}") for number in range(40)))  # so that offsets before are higher than after
    before = warehouse.send(clean("O-1"), listed("O-2"))
    assert warehouse.ships(clean("O-1"))
    assert not warehouse.ships(listed("O-2"))
    recreate(warehouse.broker, f"{warehouse.prefix}orders", 2)
    publish(warehouse.broker, f"{warehouse.prefix}orders", [listed("O-1"), clean("O-2")])
    wait_until(lambda: len(paused_of([worker])) == 2, "both partitions are paused")
    assert warehouse.decisions.read_to_end()
    assert warehouse.ships(clean("O-1")), "no answer on the new bytes yet"
    assert not warehouse.ships(clean("O-2"))
    for partition in range(2):
        offsets.resume(Cluster(warehouse.broker), warehouse.prefix, "screener", partition, "earliest")
    warehouse.sent += 2
    after = warehouse.answered()
    offset_of = {(row.key, row.headers["screener-topic-id"]): int(row.source.rpartition("@")[2]) for row in after}
    (old_id,) = {row.headers["screener-topic-id"] for row in before}
    (new_id,) = {row.headers["screener-topic-id"] for row in after} - {old_id}
    assert all(offset_of[key, new_id] < offset_of[key, old_id] for key in (b"O-1", b"O-2"))
    assert warehouse.verdict(listed("O-1")).reason == "the newest decision is: block"
    assert not warehouse.ships(clean("O-1"))
    assert warehouse.ships(clean("O-2"))
    assert not warehouse.ships(listed("O-2"))


def test_an_order_id_that_moves_to_another_partition_is_amended_there(warehouse: Warehouse) -> None:
    """`orders` grew: the newest decision stands, though its offset is lower and the gate began before the growth."""
    numbers = range(20)
    first = [clean(f"O-{n}") if n % 2 else listed(f"O-{n}") for n in numbers]
    amended = [listed(f"O-{n}") if n % 2 else clean(f"O-{n}") for n in numbers]
    warehouse.send(*(clean(f"F-{n}") for n in range(40)))
    warehouse.send(*first)
    assert [warehouse.ships(sent) for sent in first] == [bool(n % 2) for n in numbers]
    topics.apply(Cluster(warehouse.broker), warehouse.prefix, 5)
    decided = warehouse.send(*amended)
    moved = [
        row
        for row in decided
        if row.partition > 1 and any(other.key == row.key and other.partition < 2 for other in decided)
    ]
    assert len(moved) > 2, "some order ids have decisions in an old and in a new partition"
    assert {row.decision["outcome"] for row in moved} == {"clear", "block"}
    assert [warehouse.ships(sent) for sent in amended] == [not n % 2 for n in numbers]
    assert not any(warehouse.ships(sent) for sent in first)


def test_the_script_of_the_runbook_writes_the_orders_that_a_snapshot_cleared(
    warehouse: Warehouse, sample: build.Built, tmp_path: Path
) -> None:
    """Those that are in the topic; of a topic that was created again it takes no other order for one of them."""
    warehouse.send(clean("O-1"), listed("O-2"), clean("O-3"))
    script = re.search(r"^```python\n(import hashlib, json.*?)^```$", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert script is not None
    path = tmp_path / "cleared.py"
    path.write_text(
        script[1].replace("kafka:9092", warehouse.broker).replace('"orders.', f'"{warehouse.prefix}orders.')
    )

    def cleared(snapshot: str) -> tuple[set[str], str]:
        command = [sys.executable, str(path), snapshot]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return {orjson.loads(line)["order_id"] for line in done.stdout.splitlines()}, done.stderr

    assert cleared(sample.snapshot.sha256) == ({"O-1", "O-3"}, "")
    assert cleared("sha256:0") == (set(), "")
    recreate(warehouse.broker, f"{warehouse.prefix}orders", 2)
    publish(warehouse.broker, f"{warehouse.prefix}orders", [clean(f"N-{number}") for number in range(20)])
    assert cleared(sample.snapshot.sha256) == (set(), "2 orders are not in the topic\n")


def test_a_decision_that_is_not_committed_ships_nothing(warehouse: Warehouse) -> None:
    """What an open transaction wrote is not there, and the gate does not wait for it."""
    sent = clean("O-1")
    (decided,) = warehouse.send(sent)
    forged = clean("O-2")
    value = decided.decision | {"order_id": "O-2", "order_sha256": hashlib.sha256(forged[1]).hexdigest()}
    other = Producer(
        {"bootstrap.servers": warehouse.broker, "transactional.id": f"{warehouse.prefix}other", "log_level": 0}
    )
    other.init_transactions(30)
    other.begin_transaction()
    other.produce(
        f"{warehouse.prefix}orders.cleared", orjson.dumps(value), b"O-2", decided.partition, headers=decided.headers
    )
    other.flush(10)
    assert warehouse.decisions.read_to_end()
    assert warehouse.verdict(forged).reason == "there is no decision"
    assert warehouse.ships(sent)
    other.abort_transaction(30)
    assert warehouse.decisions.read_to_end()
    assert warehouse.verdict(forged).reason == "there is no decision"


def test_a_decision_whose_headers_can_not_be_read_holds_its_order_alone(warehouse: Warehouse) -> None:
    """Header names that are no UTF-8 end no gate, however many there are."""
    sent, other = clean("O-1"), clean("O-2")
    decided = warehouse.send(sent, other)
    poison = PoisonProducer(warehouse.broker)
    (value,) = (row.value for row in decided if row.key == b"O-1")
    for _ in range(50):
        poison.produce(f"{warehouse.prefix}orders.cleared", b"O-1", value, [(b"\xff\xfe", b"1")])
    poison.flush()
    assert warehouse.decisions.read_to_end()
    assert "headers" in warehouse.verdict(sent).reason
    assert warehouse.ships(other)


def test_the_gate_is_a_program(warehouse: Warehouse, tmp_path: Path) -> None:
    """It says of each file whether it ships, and ends with 1 where one is held; without Kafka all are."""
    sent = clean("O-1")
    warehouse.send(sent)
    paths = [tmp_path / "O-1.json", tmp_path / "junk.json"]
    paths[0].write_bytes(sent[1])
    paths[1].write_bytes(b"\xff")
    command = [sys.executable, str(Path(gates.__file__)), warehouse.broker, *map(str, paths)]
    done = subprocess.run(
        [*command, "--topic-prefix", warehouse.prefix], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        f"{paths[0]}: hold: the newest decision has SAMPLE",
        f"{paths[1]}: hold: there is no decision",
    ]
    lost = DecisionReader("127.0.0.1:1", Gate(HOUR_MS))
    assert not lost.read_to_end(1.0)
    lost.close()
