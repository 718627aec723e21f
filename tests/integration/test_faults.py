"""What a lane does when the core raises, the client hangs, the group moves or the log was cut: nothing is lost."""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer

from screener import settings
from screener.runners import lane as lanes
from screener.runners import partitions, transactions
from screener.runners.lane import Lane
from screener.runners.metrics import Metrics
from tests.integration.kafka import (
    LISTED,
    Worker,
    committed,
    in_process,
    order,
    orders_of,
    outputs,
    publish,
    reading,
    running,
)

if TYPE_CHECKING:
    from pathlib import Path

    from screener.lists import build
    from screener.model import Snapshot


# --- what an exception does not do -----------------------------------------------------------------------------------


def test_an_exception_of_the_core_quarantines_its_order_and_nothing_else(
    broker: str, prefix: str, sample: build.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order goes to quarantine with its bytes, offset and the traceback without values; others are answered."""
    real_screen = lanes.screen

    def failing(raw: bytes | None, snapshot: Snapshot, *rest: Any) -> Any:
        if raw and b"O-2" in raw:
            raise RuntimeError(raw.decode())
        return real_screen(raw, snapshot, *rest)

    publish(broker, f"{prefix}orders", [order("O-1"), order("O-2", LISTED), order("O-3")])
    monkeypatch.setattr(lanes, "screen", failing)
    metrics = Metrics()
    with in_process(broker, prefix, sample, metrics), reading(broker, outputs(prefix)) as reader:
        decided = {record.key: record for record in reader.read_until(3)}
    assert {key: record.decision["outcome"] for key, record in decided.items()} == {
        b"O-1": "clear",
        b"O-2": "quarantine",
        b"O-3": "clear",
    }
    said = decided[b"O-2"].decision
    assert said["reasons"][0] == "SCREENING_FAILED"
    assert said["reason"].startswith("RuntimeError, last calls:")
    assert "in failing" in said["reason"]
    assert "Huawei" not in said["reason"]
    assert b64decode(said["original"]) == order("O-2", LISTED)[1]
    assert decided[b"O-2"].source.startswith(f"{prefix}orders[")
    assert sum(committed(broker, prefix)) == 3
    assert metrics.registry.get_sample_value("screener_quarantined_total", {"reason": "SCREENING_FAILED"}) == 1


def test_an_exception_never_acknowledges_an_order(
    broker: str, prefix: str, sample: build.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no decision can be made at all, the lane ends and commits nothing: the successor answers."""
    real = lanes.screen, lanes.give_up

    def failing(raw: bytes | None, *rest: Any) -> Any:
        if raw and b"O-2" in raw:
            raise RuntimeError("a fault of the program")
        return real[0](raw, *rest)

    publish(broker, f"{prefix}orders", [order("O-1"), order("O-2", LISTED), order("O-3")])
    monkeypatch.setattr(lanes, "screen", failing)
    monkeypatch.setattr(lanes, "give_up", failing)
    with pytest.raises(RuntimeError, match="a fault of the program"):
        Lane(settings.Settings(broker, topic_prefix=prefix), lambda: sample.snapshot, Metrics()).run()
    before = committed(broker, prefix)
    with reading(broker, outputs(prefix)) as reader:
        assert not [record for record in reader.read_until(0) if record.key == b"O-2"]
        monkeypatch.undo()
        with in_process(broker, prefix, sample, Metrics()):
            decided = reader.read_until(3)
    assert sorted(record.key or b"" for record in decided) == [b"O-1", b"O-2", b"O-3"]
    assert sum(committed(broker, prefix)) == 3
    assert sum(before) < 3


def test_a_second_worker_in_the_same_slot_fences_the_first(broker: str, prefix: str, sample: build.Built) -> None:
    """Two workers with one transactional id: the older one ends, and no order is answered twice."""
    held = settings.Settings(broker, topic_prefix=prefix)
    ended: list[str] = []

    def run(lane: Lane) -> None:
        try:
            lane.run()
        except Exception as error:  # noqa: BLE001  its words are what is asserted
            ended.append(str(error))

    lanes_made = [Lane(held, lambda: sample.snapshot, Metrics()) for _ in range(2)]
    threads = [threading.Thread(target=run, args=(lane,), daemon=True) for lane in lanes_made]
    try:
        with reading(broker, outputs(prefix)) as reader:
            threads[0].start()
            publish(broker, f"{prefix}orders", [order("O-1")])
            reader.read_until(1)
            threads[1].start()
            publish(broker, f"{prefix}orders", [order(f"O-{number}") for number in range(2, 40)])
            decided = reader.read_until(39)
            threads[0].join(30)
    finally:
        for lane, thread in zip(lanes_made, threads, strict=True):
            lane.stop()
            thread.join(30)
    assert len({record.key for record in decided}) == len(decided) == 39
    assert len(ended) == 1, ended


# --- a client that hangs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["before it hangs", "after it hung"])
def test_a_call_that_does_not_come_back_is_left_behind(
    broker: str,
    prefix: str,
    sample: build.Built,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    sent: str,
) -> None:
    """The lane takes new clients, which end the transaction that lay open; the old call may return when it likes."""
    hanging, let_go = threading.Event(), threading.Event()

    class Hanging(Producer):
        def send_offsets_to_transaction(self, *given: Any) -> None:
            first = not hanging.is_set()
            if first and sent == "after it hung":
                hanging.set()
                let_go.wait()
            super().send_offsets_to_transaction(*given)
            if first and sent == "before it hangs":
                hanging.set()
                let_go.wait()

    monkeypatch.setattr(lanes, "Producer", Hanging)
    monkeypatch.setattr(transactions, "HUNG_SECONDS", 1.0)
    publish(broker, f"{prefix}orders", orders_of(range(10)))
    with in_process(broker, prefix, sample, Metrics()), reading(broker, outputs(prefix)) as reader:
        assert hanging.wait(60)
        publish(broker, f"{prefix}orders", orders_of(range(10, 20)))
        assert len(reader.read_until(20)) == 20
        let_go.set()
        time.sleep(1.0)
        publish(broker, f"{prefix}orders", orders_of(range(20, 30)))
        decided = reader.read_until(30)
    assert len({record.key for record in decided}) == len(decided) == 30
    assert sum(committed(broker, prefix)) == 30
    assert "the clients begin anew" in caplog.text


def test_a_client_that_gives_no_records_is_replaced(
    broker: str, prefix: str, sample: build.Built, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker has orders and the client gives none of them: the lane takes new clients, which answer them."""
    made: list[Consumer] = []

    class Mute(Consumer):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            made.append(self)

        def consume(self, *given: Any) -> Any:
            messages = super().consume(*given)
            return [] if self is made[0] else messages

    monkeypatch.setattr(lanes, "Consumer", Mute)
    monkeypatch.setattr(partitions, "STALLED_SECONDS", 1.0)
    publish(broker, f"{prefix}orders", orders_of(range(10)))
    with in_process(broker, prefix, sample, Metrics()), reading(broker, outputs(prefix)) as reader:
        assert len(reader.read_until(10)) == 10
    assert len(made) > 1
    assert "has given no record" in caplog.text


STUCK = """
import sys, time
from screener import cli
from screener.runners import lane, worker
worker.STUCK_SECONDS = 2.0
lane.screen = lambda *given: time.sleep(3_600)
sys.exit(cli.main())
"""


def test_a_worker_that_is_stuck_ends_and_its_successor_answers(
    broker: str, prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """It says so, with status 2, and is not ready; nothing was acknowledged."""
    options = ["--snapshot", str(sample_file), "--sample"]
    stuck = Worker(broker, prefix, tmp_path / "stuck.log", options, program=("-c", STUCK))
    with running(stuck):
        publish(broker, f"{prefix}orders", orders_of(range(5)))
        assert stuck.wait_end() == 2
    assert "screener: nothing was heard of the lane for 2 seconds" in stuck.log.read_text(encoding="utf-8")
    assert not sum(committed(broker, prefix))
    with (
        running(Worker(broker, prefix, tmp_path / "worker.log", options)),
        reading(broker, outputs(prefix)) as reader,
    ):
        assert len(reader.read_until(5)) == 5


# --- a group that moves ----------------------------------------------------------------------------------------------


def test_orders_in_hand_are_left_when_their_partition_is_taken_between_two_fetches(
    broker: str, prefix: str, sample: build.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebalance inside the fetch of one batch: the successor answers what was in hand, and only once."""
    in_hand, joined, moved = threading.Event(), threading.Event(), threading.Event()

    class Slow(Consumer):
        def consume(self, count: int, timeout: float) -> Any:
            if in_hand.is_set() or count == 1:
                return super().consume(count, timeout)
            in_hand.set()
            joined.wait(30)
            assert lane.partitions is not None
            found = []
            while not found and not lane.partitions.revoked:
                found = [message for message in super().consume(count, 0.1) if message.error() is None]
            if lane.partitions.revoked:
                moved.set()
            return found

    monkeypatch.setattr(lanes, "Consumer", Slow)
    lane = Lane(settings.Settings(broker, topic_prefix=prefix), lambda: sample.snapshot, Metrics())
    thread = threading.Thread(target=lane.run, daemon=True)
    with reading(broker, outputs(prefix)) as reader:
        thread.start()
        while not lane.joined:
            time.sleep(0.05)
        publish(broker, f"{prefix}orders", [order("O-0")])
        assert in_hand.wait(30)
        monkeypatch.undo()
        with in_process(broker, prefix, sample, Metrics(), slot=1) as second:
            joined.set()
            assert moved.wait(30)
            while not second.joined:
                time.sleep(0.05)
            publish(broker, f"{prefix}orders", orders_of(range(1, 20)))
            decided = reader.read_until(20)
        lane.stop()
        thread.join(30)
    assert len({record.source for record in decided}) == len(decided) == 20
