"""Transactions that the coordinator ends for their time, and a worker that is stopped for longer than its watch allows.

They take minutes of real time, so that they are not in `make test`.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from screener.runners import lane as lanes
from screener.runners.metrics import Metrics
from screener.runners.worker import STUCK_SECONDS
from tests.integration.kafka import Worker, committed, in_process, orders_of, outputs, publish, reading, running

if TYPE_CHECKING:
    from pathlib import Path

    from screener.lists import build


def test_a_batch_that_takes_longer_than_a_transaction_may_be_open_is_answered_in_parts(
    broker: str, prefix: str, sample: build.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty orders of half a second each: the coordinator ends a transaction after ten, and no lane dies of it."""
    real_screen = lanes.screen

    def slow(*given: Any) -> Any:
        time.sleep(0.5)
        return real_screen(*given)

    publish(broker, f"{prefix}orders", orders_of(range(60)))
    monkeypatch.setattr(lanes, "screen", slow)
    metrics = Metrics()
    with in_process(broker, prefix, sample, metrics), reading(broker, outputs(prefix)) as reader:
        decided = reader.read_until(60, 90.0)
    assert len({record.key for record in decided}) == len(decided) == 60
    assert sum(committed(broker, prefix)) == 60
    assert metrics.registry.get_sample_value("screener_transactions_total", {"result": "aborted"}) == 0


@pytest.mark.parametrize("slow", ["once", "always"])
def test_an_order_that_takes_longer_than_a_transaction_may_be_open_ends_no_lane(
    broker: str,
    prefix: str,
    sample: build.Built,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    slow: str,
) -> None:
    """The coordinator ends the transaction meanwhile; the lane takes new clients, and that order one of its own.

    Once: the machine stood still. Always: the order is so laborious.
    """
    real_screen = lanes.screen
    stood: list[float] = []

    def standing(raw: bytes | None, *rest: Any) -> Any:
        if raw and b"O-7" in raw and not (stood and slow == "once"):
            stood.append(time.monotonic())
            time.sleep(22.0)  # the coordinator looks every ten seconds for what is ten seconds old
        return real_screen(raw, *rest)

    publish(broker, f"{prefix}orders", orders_of(range(10)))
    monkeypatch.setattr(lanes, "screen", standing)
    with in_process(broker, prefix, sample, Metrics()), reading(broker, outputs(prefix)) as reader:
        decided = reader.read_until(10, 120.0)
    assert len({record.key for record in decided}) == len(decided) == 10
    assert sum(committed(broker, prefix)) == 10
    assert len(stood) == (1 if slow == "once" else 2)
    assert "the clients begin anew" in caplog.text


def test_a_worker_that_was_stopped_goes_on_as_the_same_process(
    broker: str, prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """Stopped at work for longer than a silent lane is allowed, then continued: all orders are answered, each once."""
    before, after = orders_of(range(20_000)), orders_of(range(20_000, 20_100))
    worker = Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])
    with running(worker), reading(broker, outputs(prefix)) as reader:
        assert worker.popen is not None
        publish(broker, f"{prefix}orders", before)
        reader.read_until(1)
        worker.popen.send_signal(signal.SIGSTOP)
        time.sleep(STUCK_SECONDS + 15.0)
        publish(broker, f"{prefix}orders", after)
        worker.popen.send_signal(signal.SIGCONT)
        decided = reader.read_until(len(before) + len(after), 180.0)
        assert worker.popen.poll() is None, "another process would have to take over"
        assert worker.get("/health")[0] == 200
        assert "nothing was heard of the lane" not in worker.log.read_text(encoding="utf-8")
        assert worker.stop() == 0
    assert len({record.key for record in decided}) == len(decided) == len(before) + len(after)
    assert sum(committed(broker, prefix)) == len(decided)
