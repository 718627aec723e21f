"""What a record, a quiet hour and another producer's transaction can do to a worker: nothing that stops or hides."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from screener.runners import lane as lanes
from screener.runners.days import today
from screener.runners.metrics import Metrics
from tests.integration.kafka import (
    CLEAN,
    LISTED,
    Worker,
    in_process,
    order,
    orders_of,
    outputs,
    publish,
    reading,
    running,
)
from tests.integration.log_ordeals import PoisonProducer, topic_id, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from screener.lists import build

YEAR_1990_MS = 631_152_000_000
QUIET_SECONDS = 7.0


@pytest.fixture
def worker(broker: str, prefix: str, sample_file: Path, tmp_path: Path) -> Worker:
    return Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])


# --- one record ------------------------------------------------------------------------------------------------------


def test_headers_that_cannot_be_read_stop_no_worker(broker: str, prefix: str, worker: Worker) -> None:
    """A header's name that is not UTF-8: the order is screened as if it had none, which a line and a metric say."""
    poison = PoisonProducer(broker)
    names = [b"\xff", b"\xc3", b"traceparent\xfe", b"", b"\x00", b"n" * 30_000, b"\xed\xa0\x80"]
    for number, name in enumerate(names):
        key, value = order(f"P-{number}", LISTED if number % 2 else CLEAN)
        poison.produce(f"{prefix}orders", key, value, [(b"first", b"1"), (name, b"\xff" * 10), (name, b"")])
    many = [(b"h%d" % number, b"v") for number in range(2_000)]
    poison.produce(f"{prefix}orders", *order("many"), many)
    poison.flush()
    publish(broker, f"{prefix}orders", orders_of(range(20)))
    with running(worker), reading(broker, outputs(prefix)) as reader:
        decided = {record.key: record for record in reader.read_until(len(names) + 21)}
        assert len(decided) == len(names) + 21
        assert {decided[b"P-%d" % number].decision["outcome"] for number in range(1, len(names), 2)} == {"block"}
        assert {decided[b"P-%d" % number].decision["outcome"] for number in range(0, len(names), 2)} == {"clear"}
        unreadable = worker.metric("screener_headers_unreadable_total")
        assert worker.get("/ready")[0] == 200
    assert unreadable == sum(not _is_utf8(name) for name in names)
    assert "can't be read" in worker.log.read_text()


def test_a_key_that_packs_well_stops_no_worker(broker: str, prefix: str, worker: Worker) -> None:
    """The broker takes a key of 3 MB of one letter, for its batch is small; its answer could not be sent under it."""
    packer = Producer({"bootstrap.servers": broker, "message.max.bytes": 20_000_000, "compression.type": "zstd"})
    values = [order("packed")[1], b"no JSON", None]
    for value in values:
        packer.produce(f"{prefix}orders", value, b"k" * 3_000_000, 0)
    packer.flush(30)
    publish(broker, f"{prefix}orders", orders_of(range(20)))
    with running(worker), reading(broker, outputs(prefix)) as reader:
        decided = reader.read_until(len(values) + 20)
    refused = [record for record in decided if record.topic == f"{prefix}orders.quarantine"]
    assert len(decided) == len(values) + 20
    assert {record.source for record in refused} == {f"{prefix}orders[0]@{offset}" for offset in range(len(values))}
    assert {record.key for record in refused} == {None}
    assert sorted(record.decision["reasons"][0] for record in refused) == ["KEY_MISMATCH", "NOT_JSON", "TOMBSTONE"]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("timestamp_ms", [1, YEAR_1990_MS, 4_102_444_800_000, 2**62], ids=["0", "1990", "2100", "far"])
def test_a_record_without_the_brokers_time_is_judged_today_and_is_a_review(
    broker: str, prefix: str, worker: Worker, timestamp_ms: int
) -> None:
    """The topic was set to CreateTime at run time: the sender's clock must not choose the day."""
    admin = AdminClient({"bootstrap.servers": broker})
    with running(worker), reading(broker, outputs(prefix)) as reader:
        publish(broker, f"{prefix}orders", [order("before")])
        assert reader.read_until(1)[0].decision["outcome"] == "clear"
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in (
                ("message.timestamp.type", "CreateTime"),
                ("message.timestamp.before.max.ms", str(2**63 - 1)),
                ("message.timestamp.after.max.ms", str(2**63 - 1)),
            )
        ]
        resource = ConfigResource(ResourceType.TOPIC, f"{prefix}orders", incremental_configs=entries)
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(30)
        producer = Producer({"bootstrap.servers": broker})
        for _ in range(100):  # brokers take a setting over after a while
            producer.produce(f"{prefix}orders", order("old")[1], b"old", timestamp=timestamp_ms)
            assert producer.flush(60) == 0
            found = [record for record in reader.read(0.5) if record.key == b"old"]
            if found and "BROKER_TIME_MISSING" in found[-1].decision["reasons"]:
                break
        day = {today()}
        decision = found[-1].decision
        assert decision["outcome"] == "review"
        assert decision["reasons"][0] == "BROKER_TIME_MISSING"
        assert decision["as_of"] in day | {today()}
        assert int(found[-1].headers["screener-source-timestamp-ms"]) > YEAR_1990_MS * 2
        assert worker.get("/ready")[0] == 200


def test_each_decision_names_its_source_topic_and_round(broker: str, prefix: str, worker: Worker) -> None:
    """What a gate deduplicates by: the order's place, Kafka's id of the topic, and 0 for the worker's own answer."""
    publish(broker, f"{prefix}orders", [order("O-1"), (b"O-2", b"no order"), order("O-3", LISTED)])
    with running(worker), reading(broker, outputs(prefix)) as reader:
        decided = reader.read_until(3)
    assert {record.headers["screener-topic-id"] for record in decided} == {topic_id(broker, f"{prefix}orders")}
    assert {record.headers["screener-round"] for record in decided} == {"0"}
    assert len({record.source for record in decided}) == 3


# --- quiet hours -----------------------------------------------------------------------------------------------------


def test_the_thread_that_answers_asks_the_broker_nothing_when_it_is_quiet(
    broker: str, prefix: str, sample: build.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far behind it is, whether topics fit and whether the log is the same: all of that is another thread's."""
    asked: list[str] = []
    threads: set[int] = set()

    def noting(base: type, names: tuple[str, ...]) -> type:
        def note(name: str) -> Any:
            def call(self: Any, *given: Any, **named: Any) -> Any:
                if threading.get_ident() in threads:
                    asked.append(name)
                return getattr(base, name)(self, *given, **named)

            return call

        return type(f"Noting{base.__name__}", (base,), {name: note(name) for name in names})

    class Noted(noting(Consumer, ("committed", "get_watermark_offsets", "list_topics", "offsets_for_times", "commit"))):  # type: ignore[misc]
        def consume(self, *given: Any) -> Any:
            threads.add(threading.get_ident())
            return super().consume(*given)

    monkeypatch.setattr(lanes, "Consumer", Noted)
    monkeypatch.setattr(lanes, "Producer", noting(Producer, ("list_topics",)))
    metrics = Metrics()
    with in_process(broker, prefix, sample, metrics), reading(broker, outputs(prefix)) as reader:
        for number in range(2):
            publish(broker, f"{prefix}orders", [order(f"O-{number}")])
            assert len(reader.read_until(number + 1)) == number + 1
            time.sleep(QUIET_SECONDS)
        wait_until(lambda: lag_of(metrics) == {"0": 0, "1": 0}, "the lag is known all the same")
    assert threads
    assert asked == []


# --- other producers' transactions -----------------------------------------------------------------------------------


def lag_of(metrics: Metrics) -> dict[str, float]:
    return values_of(metrics, "screener_consumer_lag_records")


def held_back(metrics: Metrics) -> float:
    return max(values_of(metrics, "screener_orders_held_back_seconds").values(), default=0.0)


def values_of(metrics: Metrics, name: str) -> dict[str, float]:
    return {
        sample.labels["partition"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_the_lag_counts_what_is_to_be_answered_and_is_0_when_all_is(
    broker: str, prefix: str, sample: build.Built
) -> None:
    """Markers of transactions are no orders; orders behind another producer's open transaction are; never below 0."""
    metrics = Metrics()
    seen: list[float] = []
    producers = [
        Producer({"bootstrap.servers": broker, "transactional.id": f"{prefix}{name}", "log_level": 0})
        for name in ("first", "second")
    ]
    for producer in producers:
        producer.init_transactions(60)

    def put(producer: Producer, numbers: range) -> None:
        for number in numbers:
            key, value = order(f"O-{number}")
            producer.produce(f"{prefix}orders", value, key, 0)
        assert producer.flush(60) == 0

    def lag() -> float:
        seen.extend(lag_of(metrics).values())
        return sum(lag_of(metrics).values()) if len(lag_of(metrics)) == 2 else -1.0

    with in_process(broker, prefix, sample, metrics), reading(broker, outputs(prefix)) as reader:
        producers[0].begin_transaction()
        put(producers[0], range(5))
        producers[0].commit_transaction(60)
        assert len(reader.read_until(5)) == 5
        wait_until(lambda: lag() == 0, "all is answered, and a marker stands behind it")
        producers[0].begin_transaction()
        put(producers[0], range(5, 8))
        publish(broker, f"{prefix}orders", [order("behind")])
        wait_until(lambda: lag() >= 3, "orders wait behind an open transaction")
        wait_until(lambda: held_back(metrics) > 1, "and that is told")
        producers[1].begin_transaction()
        put(producers[1], range(8, 10))
        producers[0].abort_transaction(60)
        producers[1].commit_transaction(60)
        assert len(reader.read_until(8)) == 8
        wait_until(lambda: lag() == 0, "all is answered again")
        wait_until(lambda: held_back(metrics) == 0, "and nothing is held back")
    assert min(seen) >= 0


def test_positions_pass_markers_in_what_the_group_commits(broker: str, prefix: str, sample: build.Built) -> None:
    """Readers of the group's offsets see no lag either, and retention can't pass a partition that is answered."""
    producer = Producer({"bootstrap.servers": broker, "transactional.id": f"{prefix}sender", "log_level": 0})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(f"{prefix}orders", order("O-1")[1], b"O-1", 0)
    producer.commit_transaction(60)
    from tests.integration.kafka import committed  # noqa: PLC0415

    with in_process(broker, prefix, sample, Metrics()), reading(broker, outputs(prefix)) as reader:
        assert len(reader.read_until(1)) == 1
        wait_until(lambda: committed(broker, prefix) == [2, 0], "the marker is passed")


def test_the_lag_of_a_partition_is_told_by_somebody_through_a_rebalance(
    broker: str, prefix: str, sample: build.Built
) -> None:
    """While a second worker comes, each partition has its series in one of them at any time."""
    first, second = Metrics(), Metrics()
    missing: list[set[str]] = []
    with in_process(broker, prefix, sample, first) as lane:
        wait_until(lambda: len(lag_of(first)) == 2, "the first worker tells both")
        with in_process(broker, prefix, sample, second, slot=1) as other:

            def settled() -> bool:
                both = lag_of(first).keys() | lag_of(second).keys()
                missing.append({"0", "1"} - both)
                shared = lane.partitions, other.partitions
                return all(held is not None and len(held.numbers) == 1 for held in shared) and len(lag_of(second)) == 1

            wait_until(settled, "each has one")
    assert missing.count(set()) == len(missing), missing
