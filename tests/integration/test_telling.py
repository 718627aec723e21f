"""What a worker tells of itself: metrics, logs and traces. Enough to operate it, and never who an order is about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from screener.runners.metrics import Metrics
from screener.runners.outputs import Outputs
from screener.settings import Cluster
from tests.integration.kafka import (
    CLEAN,
    LISTED,
    Worker,
    in_process,
    order,
    outputs,
    publish,
    reading,
    running,
    value_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from screener.lists import build

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_metrics_tell_reasons_how_long_answers_took_and_which_version_it_is(
    broker: str, prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """Each committed order counts once in every histogram; a reason counts by its code; what waited shows."""
    publish(broker, f"{prefix}orders", [order("O-1", LISTED), order("O-2"), (b"O-3", b"no order")])
    worker = Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])
    with running(worker), reading(broker, outputs(prefix)) as reader:
        reader.read_until(3)
        page = worker.get("/metrics")[1]
    assert value_of(page, 'screener_reasons_total{code="EL_HIT"}') == 1
    assert value_of(page, 'screener_reasons_total{code="NOT_JSON"}') == 1
    assert value_of(page, "screener_answer_seconds_count") == 3
    assert value_of(page, "screener_screening_seconds_count") == 3
    waited = value_of(page, "screener_answer_seconds_sum")  # the orders were there before the worker
    assert waited > value_of(page, "screener_screening_seconds_sum")
    transactions = value_of(page, 'screener_transactions_total{result="committed"}')
    assert value_of(page, "screener_transaction_seconds_count") == transactions
    assert value_of(page, "screener_batch_orders_sum") == 3
    assert "screener_build_info{version=" in page


def test_a_trace_goes_on_with_the_decision_and_nothing_else_of_an_orders_headers_does(
    broker: str, prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """Valid traceparent and tracestate come back on every outcome, as they came; others and other headers don't."""
    headers: dict[bytes, list[tuple[str, Any]]] = {
        b"traced": [("traceparent", TRACEPARENT), ("tracestate", "vendor=1"), ("baggage", "customer=7")],
        b"invalid": [("traceparent", "0" * 55), ("tracestate", "vendor=1")],
        b"state-invalid": [("traceparent", TRACEPARENT), ("tracestate", "x" * 512)],
        b"empty": [("traceparent", b""), ("tracestate", None)],
        b"none": [],
    }
    producer = Producer({"bootstrap.servers": broker})
    for key, given in headers.items():
        producer.produce(f"{prefix}orders", b"no order" if key == b"traced" else order("O")[1], key, headers=given)
    assert producer.flush(60) == 0
    worker = Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])
    with running(worker), reading(broker, outputs(prefix)) as reader:
        found = {record.key or b"": record.headers for record in reader.read_until(5)}
    own = {"screener-source", "screener-topic-id", "screener-source-timestamp-ms", "screener-round"}
    assert all(own <= told.keys() for told in found.values())
    assert {key: {name: text for name, text in told.items() if name not in own} for key, told in found.items()} == {
        b"traced": {"traceparent": TRACEPARENT, "tracestate": "vendor=1"},
        b"invalid": {},
        b"state-invalid": {"traceparent": TRACEPARENT},
        b"empty": {},
        b"none": {},
    }


def test_logs_are_json_lines_that_name_a_record_and_no_party(
    broker: str, prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """Every line is one JSON object; an order on which the core fails is named by its place, not by what is in it."""
    failing = (
        "import sys; from screener import cli; from screener.runners import lane; real = lane.screen\n"
        "def screen(raw, *rest):\n"
        "    if raw and b'O-2' in raw: raise RuntimeError(raw.decode())\n"
        "    return real(raw, *rest)\n"
        "lane.screen = screen; sys.exit(cli.main())"
    )
    options = ["--snapshot", str(sample_file), "--sample", "--log-format", "json"]
    worker = Worker(broker, prefix, tmp_path / "worker.log", options, program=("-c", failing))
    publish(
        broker, f"{prefix}orders", [order("O-1", LISTED), order("O-2", LISTED), order("O-3", CLEAN), (b"O-4", b"{")]
    )
    with running(worker), reading(broker, outputs(prefix)) as reader:
        sources = {record.key: record.source for record in reader.read_until(4)}
        assert worker.stop() == 0
    lines = [orjson.loads(line) for line in worker.log.read_bytes().splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    (failed,) = (line for line in lines if line["level"] == "ERROR")
    assert failed["source"] == sources[b"O-2"]
    text = worker.log.read_text().casefold()
    assert "huawei" not in text
    assert "maple ridge" not in text


def test_readers_that_stand_still_before_an_open_transaction_are_told_of(
    broker: str, prefix: str, sample: build.Built
) -> None:
    """Somebody's transaction stays open on an outgoing partition: the time since grows, and ends with it."""
    metrics = Metrics()
    other = Producer({"bootstrap.servers": broker, "transactional.id": f"{prefix}other", "log_level": 0})
    other.init_transactions(30)
    other.begin_transaction()
    other.produce(f"{prefix}orders.cleared", b"{}", partition=0)
    other.flush(10)
    admin = AdminClient({"bootstrap.servers": broker})

    def stalled() -> float:
        labels = {"topic": f"{prefix}orders.cleared", "partition": "0"}
        return metrics.registry.get_sample_value("screener_output_stalled_seconds", labels) or 0.0

    with in_process(broker, prefix, sample, metrics) as lane:
        deadline = time.monotonic() + 60
        while len(lane.written) < 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert lane.written == {(name, number) for name in outputs(prefix) for number in range(2)}
        watch = Outputs(Cluster(broker), lane, metrics)
        watch.look(admin)
        assert stalled() == 0
        watch.look(admin)
        before = stalled()
        watch.look(admin)
        assert 0 < before < stalled()
        other.abort_transaction(30)
        deadline = time.monotonic() + 60
        while stalled() and time.monotonic() < deadline:
            watch.look(admin)
        assert stalled() == 0
