"""The worker on a real broker: what it answers, refuses, survives and tells."""

from __future__ import annotations

import socket
import time
from base64 import b64decode
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from screener.core.decode import ORDER_BYTES_MAX
from screener.lists import build, snapshot
from screener.runners import topics
from screener.settings import Cluster
from tests.integration.kafka import CLEAN, LISTED, Decided, Worker, committed, order, outputs, publish, reading, running


@pytest.fixture
def worker(broker: str, prefix: str, sample_file: Path, tmp_path: Path) -> Worker:
    return Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])


def padded(order_id: str, size: int) -> tuple[bytes, bytes]:
    """An order of exactly `size` bytes: blanks of its layout fill it up."""
    key, value = order(order_id)
    return key, value[:-1] + b" " * (size - len(value)) + b"}"


def answered(broker: str, prefix: str, records: list[tuple[bytes | None, bytes | None]]) -> list[Decided]:
    """Publish records and read as many decisions, in the order of their sources."""
    publish(broker, f"{prefix}orders", records)
    with reading(broker, outputs(prefix)) as reader:
        decided = reader.read_until(len(records))
    assert len(decided) == len(records)
    return decided


def test_unreadable_records_are_quarantined_with_bytes_and_reason_and_stop_nothing(
    broker: str, prefix: str, worker: Worker
) -> None:
    """The largest legal order is answered; one byte more, a tombstone, bytes that are no order are quarantined."""
    bad: dict[bytes, tuple[bytes | None, str]] = {
        b"bytes": (b"\xff\xfe not JSON", "NOT_JSON"),
        b"empty": (b"", "NOT_JSON"),
        b"cut": (b'{"order_id":"cut","parties":[{"name":"A', "NOT_JSON"),
        b"typed": (b'{"order_id":"typed","parties":[{"name":7}]}', "NOT_AN_ORDER"),
        b"over": (padded("over", ORDER_BYTES_MAX + 1)[1], "ORDER_TOO_LARGE"),
        b"tomb": (None, "TOMBSTONE"),
        b"other": (order("another-id")[1], "KEY_MISMATCH"),
    }
    records: list[tuple[bytes | None, bytes | None]] = [(key, value) for key, (value, _) in bad.items()]
    records += [padded("largest", ORDER_BYTES_MAX), (None, order("no-key")[1]), order("last", LISTED)]
    with running(worker):
        decided = {record.key: record for record in answered(broker, prefix, records)}
        for key, (value, reason) in bad.items():
            said = decided[key].decision
            assert decided[key].topic == f"{prefix}orders.quarantine"
            assert said["reasons"] == [reason, "SAMPLE"]
            assert said["reason"]
            assert said["original_bytes"] == len(value or b"")
            kept = b64decode(said["original"])
            assert kept == (value or b"")[: len(kept)]
            assert said["original_truncated"] == (len(kept) < len(value or b""))
            assert worker.metric(f'screener_quarantined_total{{reason="{reason}"}}') >= 1
        assert '"other" is not the order id "another-id"' in decided[b"other"].decision["reason"]
        assert "another-id" not in worker.log.read_text(encoding="utf-8")  # ids are in topics, not in logs
        assert decided[b"largest"].topic == f"{prefix}orders.cleared"
        assert decided[None].decision["order_id"] == "no-key"
        assert decided[b"last"].topic == f"{prefix}orders.blocked"
        assert decided[b"last"].decision["order"] == orjson.loads(order("last", LISTED)[1])
        assert worker.get("/ready")[0] == 200


def test_metrics_health_and_readiness_are_served(broker: str, prefix: str, worker: Worker) -> None:
    """The pages tell outcomes, hits, seconds, snapshot, list entries and lag."""
    with running(worker):
        answered(broker, prefix, [order("O-1"), order("O-2", LISTED), order("O-3")])
        status, page = worker.get("/metrics")
        assert status == 200
        for line in (
            'screener_orders_total{outcome="clear"} 2.0',
            "screener_parties_total 3.0",
            "screener_parties_new_total 2.0",
            'screener_orders_total{outcome="block"} 1.0',
            'screener_hits_total{list="EL"} 1.0',
            "screener_screening_seconds_count 3.0",
            'screener_list_entries{list="MEU"} 6.0',
        ):
            assert line in page
        assert 'screener_snapshot_info{sha256="sha256:' in page
        assert "screener_snapshot_age_seconds " in page
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and worker.metric('screener_consumer_lag_records{partition="0"}') != 0:
            time.sleep(0.1)
        assert 'screener_consumer_lag_records{partition="0"} 0.0' in worker.get("/metrics")[1]
        assert worker.get("/health") == (200, '{"healthy":true}') or worker.get("/health")[0] == 200
        assert orjson.loads(worker.get("/ready")[1])["ready"] is True


def test_a_running_worker_has_no_polars(broker: str, prefix: str, worker: Worker) -> None:
    """Polars belongs to the building of snapshots: a worker that answers orders never loads it."""
    with running(worker):
        answered(broker, prefix, [order("O-1")])
        assert worker.popen is not None
        loaded = Path(f"/proc/{worker.popen.pid}/maps").read_text(encoding="utf-8")
        assert "ahocorasick" in loaded
        assert "polars" not in loaded


def test_a_worker_refuses_to_start_without_its_topics(
    broker: str, topic_prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """Missing topics are named in one sentence, and the status is 2."""
    worker = Worker(broker, topic_prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])
    assert worker.start().wait_end() == 2
    said = worker.log.read_text(encoding="utf-8").strip().splitlines()
    assert len(said) == 1
    assert f"{topic_prefix}orders" in said[0]
    assert "topics apply" in said[0]


def test_settings_are_told_all_at_once_before_anything_starts(tmp_path: Path) -> None:
    """Three wrong settings are one message that names all three."""
    worker = Worker("nowhere", "x/", tmp_path / "worker.log", ["--slot", "-1"])
    assert worker.start().wait_end() == 2
    said = worker.log.read_text(encoding="utf-8")
    assert "3 setting(s)" in said
    for name in ("SCREENER_BOOTSTRAP_SERVERS", "SCREENER_TOPIC_PREFIX", "SCREENER_SLOT"):
        assert name in said


def test_stale_lists_are_not_ready_and_never_clear(broker: str, prefix: str, tmp_path: Path) -> None:
    """A list older than the limit: /ready says so, and a clean order goes to review; --allow-stale is recorded."""
    case = Path(__file__).parents[2] / "screener" / "sample" / "consolidated.csv"
    old = tmp_path / "consolidated_2020-01-01.csv"
    old.write_bytes(case.read_bytes())
    path = tmp_path / "old.snapshot"
    snapshot.save(build.build(build.Inputs(lists=[old])).content, path)
    worker = Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(path)])
    worker.start()
    try:
        (decided,) = answered(broker, prefix, [order("O-1")])
        assert decided.topic == f"{prefix}orders.review"
        assert decided.decision["reasons"] == ["LIST_STALE"]
        status, page = worker.get("/ready")
        assert status == 503
        assert "older than allowed" in page
    finally:
        worker.kill()
    with running(Worker(broker, prefix, tmp_path / "second.log", ["--snapshot", str(path), "--allow-stale"])):
        publish(broker, f"{prefix}orders", [order("O-2")])
        with reading(broker, outputs(prefix)) as reader:
            found = {record.key: record for record in reader.read_until(2)}
    assert found[b"O-2"].topic == f"{prefix}orders.cleared"
    assert "ALLOW_STALE" in found[b"O-2"].decision["reasons"]


def test_shadow_writes_to_the_shadow_topic_only(broker: str, prefix: str, worker: Worker) -> None:
    """A trial beside a live system leaves the outgoing topics alone."""
    worker.options.append("--shadow")
    with running(worker):
        publish(broker, f"{prefix}orders", [order("O-1"), order("O-2", LISTED)])
        with reading(broker, outputs(prefix, shadow=True)) as reader:
            found = {record.decision["outcome"] for record in reader.read_until(2)}
    assert found == {"clear", "block"}
    with reading(broker, outputs(prefix)) as reader:
        assert reader.read_until(0) == []


def test_an_output_that_cannot_be_produced_becomes_a_small_quarantine_record(
    broker: str, prefix: str, worker: Worker
) -> None:
    """A decision larger than its topic takes quarantines the order; the partition does not loop."""
    with running(worker):
        admin = AdminClient({"bootstrap.servers": broker})
        limit = ConfigEntry("max.message.bytes", "20000", incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, f"{prefix}orders.review", incremental_configs=[limit])
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(10)
        text = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(19_000))
        small = [order(f"small-{number}", CLEAN | {"notes": "c/o Loongson Technology"}) for number in range(40)]
        records = [order("big", CLEAN | {"notes": f"c/o Loongson Technology {text}"}), order("after", LISTED), *small]
        decided = {record.key: record for record in answered(broker, prefix, records)}
    assert decided[b"big"].topic == f"{prefix}orders.quarantine"
    assert decided[b"big"].decision["reasons"] == ["OUTPUT_TOO_LARGE", "SAMPLE"]
    assert decided[b"big"].decision["original_bytes"] == len(records[0][1])
    assert decided[b"after"].topic == f"{prefix}orders.blocked"
    assert {record.topic for key, record in decided.items() if key not in {b"big", b"after"}} == {
        f"{prefix}orders.review"
    }


def test_an_affiliate_of_the_third_tier_is_blocked_and_the_decision_tells_every_hop(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    """An order that names no listed party goes to the blocked topic for who owns the party, through two companies."""
    chain = ["MAHAN AIR", "Fernbrook One FZE", "Fernbrook Two FZE", "Fernbrook Three FZE"]
    holdings = tmp_path / "holdings.csv"
    rows = [f"{owner},{owned},50,register" for owner, owned in pairwise(chain)]
    holdings.write_text("\n".join(["owner,owned,share,source", *rows, ""]), encoding="utf-8")
    path = tmp_path / "owned.snapshot"
    snapshot.save(build.build(build.Inputs(ownership=[holdings], sample=True)).content, path)
    with running(Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(path), "--sample"])):
        body = {"parties": [{"role": "end_user", "name": chain[-1]}]}
        (decided,) = answered(broker, prefix, [order("O-1", body)])
    assert decided.topic == f"{prefix}orders.blocked"
    (finding,) = (row for row in decided.decision["findings"] if row["code"] == "AFFILIATE_OFAC")
    assert finding["basis"] == "indirect"
    assert [(hop["owner"], hop["owned"], hop["share"]) for hop in finding["path"]] == [
        (owner, owned, "50") for owner, owned in pairwise(chain)
    ]


def test_a_port_that_is_taken_is_named(worker: Worker) -> None:
    """A worker that can't serve its metrics says where, in one sentence, and ends with 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", worker.port))
        taken.listen()
        assert worker.start().wait_end() == 2
    assert f"127.0.0.1:{worker.port}" in worker.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("grown", ["before the worker starts", "while it runs"])
def test_a_partition_without_a_counterpart_waits_and_is_answered_once_it_has_one(
    broker: str, prefix: str, worker: Worker, grown: str
) -> None:
    """`orders` grew alone: its new partition is not read and told of, the others are answered; nothing is lost."""
    admin = AdminClient({"bootstrap.servers": broker})

    def grow() -> None:
        (future,) = admin.create_partitions([NewPartitions(f"{prefix}orders", 3)]).values()
        future.result(10)

    if grown == "before the worker starts":
        grow()
    with running(worker):
        if grown == "while it runs":
            grow()
        producer = Producer({"bootstrap.servers": broker})
        for number in range(30):
            key, value = order(f"O-{number}")
            producer.produce(f"{prefix}orders", value, key, number % 3)
        producer.flush(30)
        with reading(broker, outputs(prefix)) as reader:
            reader.read_until(20)
            deadline = time.monotonic() + 60
            while worker.metric("screener_partitions_waiting") != 1 and time.monotonic() < deadline:
                time.sleep(0.2)
            assert worker.metric("screener_partitions_waiting") == 1, worker.log.read_text()[-2000:]
            assert "2 partitions" in worker.log.read_text(encoding="utf-8")
            assert len(reader.read(1.0)) == 20
        topics.apply(Cluster(broker), prefix, 3)
        with reading(broker, outputs(prefix)) as reader:
            decided = reader.read_until(30)
        assert len({record.key for record in decided}) == len(decided) == 30
        assert worker.metric("screener_partitions_waiting") == 0


def test_two_slots_share_the_partitions_and_survive_each_others_end(
    broker: str, topic_prefix: str, sample_file: Path, tmp_path: Path
) -> None:
    """Two workers of a group, one killed and one stopped on the way: one committed decision for each order."""
    topics.apply(Cluster(broker), topic_prefix, 6)
    count = 12_000
    options = ["--snapshot", str(sample_file), "--sample"]
    workers = [
        Worker(broker, topic_prefix, tmp_path / f"{slot}.log", [*options, "--slot", str(slot)]) for slot in range(2)
    ]
    with running(workers[0]), running(workers[1]), reading(broker, outputs(topic_prefix)) as reader:
        publish(broker, f"{topic_prefix}orders", [order(f"O-{number}") for number in range(count // 2)])
        reader.read(0.2)
        workers[0].kill()
        publish(broker, f"{topic_prefix}orders", [order(f"O-{number}") for number in range(count // 2, count)])
        workers[0].start()
        reader.read(1.0)
        assert workers[1].stop() == 0
        decided = reader.read_until(count)
    assert (
        len({record.source for record in decided}) == len({record.key for record in decided}) == len(decided) == count
    )


def test_the_group_commits_only_what_was_answered(broker: str, prefix: str, worker: Worker) -> None:
    """After a clean stop the committed offsets are the ends of the partitions."""
    with running(worker):
        answered(broker, prefix, [order(f"O-{number}") for number in range(50)])
        assert worker.stop() == 0
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "unused"})
    ends = [consumer.get_watermark_offsets(TopicPartition(f"{prefix}orders", number))[1] for number in range(2)]
    consumer.close()
    assert sum(committed(broker, prefix)) == sum(ends) == 50
