"""Topics on a real broker: applied once and again, drifted, grown, and as large as they say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it re-exports without __all__
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from screener.errors import OperatorError
from screener.runners import topics
from screener.runners.cluster import partition_counts
from screener.runners.durability import Durability
from screener.settings import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Message

pytestmark = pytest.mark.broker

SECONDS_MAX = 60.0
# A batch of one record with a key of one byte around a value of 2**19 to 2**20 bytes: 61 bytes of batch header,
# 3 of record length, 1 each of attributes, timestamp, offset, key length, key and headers, 3 of value length.
BATCH_BYTES = 73
KEY = b"k"


@pytest.fixture
def admin(broker: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker})


def set_config(admin: AdminClient, topic: str, field: str, value: str) -> None:
    entry = ConfigEntry(field, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result()


def get_config(admin: AdminClient, topic: str, field: str) -> str:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    value: str = admin.describe_configs([resource])[resource].result()[field].value
    return value


def counts(admin: AdminClient, prefix: str) -> dict[str, int]:
    """Partitions of the topics with the prefix, by the name without it."""
    found = partition_counts(admin.list_topics(timeout=SECONDS_MAX))
    return {name.removeprefix(prefix): count for name, count in found.items() if name.startswith(prefix)}


def wait_for(holds: Callable[[], bool]) -> None:
    """Return when it holds: what an admin client changed takes a moment to show in the metadata."""
    deadline = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def produce(broker: str, topic: str, value: bytes, timestamp_ms: int = 0) -> KafkaError | None:
    """Produce one record as its own batch; the broker's refusal, or None when it was taken."""
    refusals: list[KafkaError | None] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        refusals.append(error)

    producer = Producer({"bootstrap.servers": broker, "message.max.bytes": 10_000_000, "compression.type": "none"})
    producer.produce(topic, value, KEY, timestamp=timestamp_ms, on_delivery=delivered)
    assert producer.flush(SECONDS_MAX) == 0
    (refusal,) = refusals
    return refusal


def first_record(broker: str, topic: str) -> Message:
    consumer = Consumer({"bootstrap.servers": broker, "group.id": topic, "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([topic])
        message = consumer.poll(SECONDS_MAX)
        assert message is not None
        assert message.error() is None
        return message
    finally:
        consumer.close()


def test_apply_creates_and_again_changes_nothing(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """The first run creates each topic, outputs before orders; the second finds nothing to do, and check agrees."""
    created = topics.apply(Cluster(broker), topic_prefix)
    assert {change.action for change in created} == {"created"}
    assert [change.topic for change in created][-1] == f"{topic_prefix}orders"
    assert counts(admin, topic_prefix) == {topic.name: topic.partitions for topic in topics.load()}
    again = topics.apply(Cluster(broker), topic_prefix)
    assert [(change.action, change.details) for change in again] == [("unchanged", ())] * len(created)
    assert topics.check(Cluster(broker), topic_prefix) == []
    assert topics.check(Cluster(broker), topic_prefix, shadow=True) == []


def test_check_names_each_problem_and_apply_mends_it(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """Drifted settings, a missing topic and an output with fewer partitions than orders are each found and mended."""
    topics.apply(Cluster(broker), topic_prefix)
    set_config(admin, f"{topic_prefix}orders", "message.timestamp.type", "CreateTime")
    set_config(admin, f"{topic_prefix}orders.review", "max.message.bytes", "1000000")
    set_config(admin, f"{topic_prefix}screener.snapshots", "cleanup.policy", "delete")
    blocked = f"{topic_prefix}orders.blocked"
    admin.delete_topics([blocked])[blocked].result()
    for name in ("orders", "orders.cleared", "orders.review"):
        full = f"{topic_prefix}{name}"
        admin.create_partitions([NewPartitions(full, 5)])[full].result()
    wait_for(lambda: {"orders": 5, "orders.review": 5}.items() <= counts(admin, topic_prefix).items())
    wait_for(lambda: "orders.blocked" not in counts(admin, topic_prefix))
    assert topics.check(Cluster(broker), topic_prefix, shadow=False) == [
        f"{topic_prefix}orders.blocked: missing; `screener topics apply` creates it",
        f"{topic_prefix}orders.quarantine: 3 partitions, {topic_prefix}orders has 5; `screener topics apply` adds them",
        f"{topic_prefix}orders: message.timestamp.type is CreateTime, LogAppendTime expected",
        f"{topic_prefix}orders.review: max.message.bytes is 1000000, at least 2162712 expected",
        f"{topic_prefix}screener.snapshots: cleanup.policy is delete, compact expected",
    ]
    topics.apply(Cluster(broker), topic_prefix)
    assert topics.check(Cluster(broker), topic_prefix) == []
    assert counts(admin, topic_prefix)["orders.blocked"] == 5


def test_check_of_an_empty_cluster_only_reads(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """Every declared topic is reported missing, and none is there afterwards."""
    problems = topics.check(Cluster(broker), topic_prefix)
    assert [problem.split(":")[0] for problem in problems] == [topic.name for topic in topics.load(topic_prefix)]
    assert counts(admin, topic_prefix) == {}


def test_apply_grows_outputs_before_orders_and_never_shrinks(
    broker: str, admin: AdminClient, topic_prefix: str
) -> None:
    """Six partitions are given to orders, outputs and shadow, all others keep one; fewer are not taken away."""
    topics.apply(Cluster(broker), topic_prefix)
    assert topics.check(Cluster(broker), topic_prefix, partitions=6)
    grown = topics.apply(Cluster(broker), topic_prefix, partitions=6)
    assert [change.topic for change in grown][-1] == f"{topic_prefix}orders"
    six = {topic.name: 6 if topic.role in {"in", "out", "shadow"} else 1 for topic in topics.load()}
    assert counts(admin, topic_prefix) == six
    assert topics.check(Cluster(broker), topic_prefix, partitions=6) == []
    fewer = {
        change.topic.removeprefix(topic_prefix): change for change in topics.apply(Cluster(broker), topic_prefix, 2)
    }
    assert {change.action for change in fewer.values()} == {"unchanged"}
    assert fewer["orders"].details == ("keeps its 6 partitions, Kafka removes none",)
    assert counts(admin, topic_prefix) == six


def test_apply_follows_an_orders_topic_that_was_there(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """Outputs get the partitions and twice the size of an orders topic that is larger than the declared one."""
    wide = NewTopic(f"{topic_prefix}orders", num_partitions=7, config={"max.message.bytes": "3000000"})
    admin.create_topics([wide])[wide.topic].result()
    wait_for(lambda: counts(admin, topic_prefix) == {"orders": 7})
    topics.apply(Cluster(broker), topic_prefix)
    assert topics.check(Cluster(broker), topic_prefix) == []
    assert counts(admin, topic_prefix)["orders.quarantine"] == 7
    assert get_config(admin, f"{topic_prefix}orders", "max.message.bytes") == "3000000"
    assert get_config(admin, f"{topic_prefix}orders.quarantine", "max.message.bytes") == str(6_000_000 + 65_536)
    assert {change.action for change in topics.apply(Cluster(broker), topic_prefix)} == {"unchanged"}


def test_retention_is_the_operators_after_creation(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """A retention that the operator changed is neither a problem nor set back."""
    topics.apply(Cluster(broker), topic_prefix)
    cleared = f"{topic_prefix}orders.cleared"
    assert get_config(admin, cleared, "retention.ms") == "315619200000"
    set_config(admin, cleared, "retention.ms", "-1")
    assert topics.check(Cluster(broker), topic_prefix) == []
    assert {change.action for change in topics.apply(Cluster(broker), topic_prefix)} == {"unchanged"}
    assert get_config(admin, cleared, "retention.ms") == "-1"


def test_each_topic_shows_how_safely_it_is_kept(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """Apply and check name the replicas and how many must have a record; one replica is a warning and no problem."""
    created = topics.apply(Cluster(broker), topic_prefix, replication_factor=1)
    assert {change.durability for change in created} == {Durability(1, 1)}
    assert str(created[-1]).endswith("; replication factor 1; min.insync.replicas 1)")
    set_config(admin, f"{topic_prefix}orders", "min.insync.replicas", "2")
    report = topics.report(Cluster(broker), topic_prefix)
    assert report.problems == []
    assert report.topics[:2] == [
        f"{topic_prefix}orders: 3 partitions; replication factor 1; min.insync.replicas 2",
        f"{topic_prefix}orders.cleared: 3 partitions; replication factor 1; min.insync.replicas 1",
    ]
    assert len(report.topics) == len(created)
    assert report.warnings[0].endswith(": replication factor 1: a lost disk loses orders and decisions")


def test_a_replication_factor_is_for_topics_that_are_created(broker: str, topic_prefix: str) -> None:
    """More replicas than brokers are refused; the line of a topic that is there says that it keeps its own factor."""
    with pytest.raises(OperatorError, match=r"^Kafka did not create topic .*orders.cleared: .*eplication factor"):
        topics.apply(Cluster(broker), topic_prefix, replication_factor=3)
    topics.apply(Cluster(broker), topic_prefix)
    again = topics.apply(Cluster(broker), topic_prefix, replication_factor=3)
    assert {(change.action, change.details) for change in again} == {
        ("unchanged", ("keeps its replication factor, 3 asked for",))
    }


def test_offsets_must_be_kept_as_long_as_orders(broker: str, admin: AdminClient, topic_prefix: str) -> None:
    """The broker's own seven days are less than thirty, and than for ever; they are enough for orders of one day."""
    topics.apply(Cluster(broker), topic_prefix)

    def warnings() -> list[str]:
        return [line for line in topics.report(Cluster(broker), topic_prefix).warnings if "offsets" in line]

    (warning,) = warnings()
    assert "offsets.retention.minutes is 10080" in warning
    assert "keeps records for 30 days" in warning
    set_config(admin, f"{topic_prefix}orders", "retention.ms", "-1")
    wait_for(lambda: "for ever" in "".join(warnings()))
    set_config(admin, f"{topic_prefix}orders", "retention.ms", "86400000")
    wait_for(lambda: warnings() == [])


def test_sizes_hold(broker: str, topic_prefix: str) -> None:
    """Orders takes 1,000,000 bytes and up to its limit, and not one more; quarantine takes 2 MB."""
    topics.apply(Cluster(broker), topic_prefix)
    orders = f"{topic_prefix}orders"
    largest = 1_048_588 - BATCH_BYTES
    assert produce(broker, orders, b"x" * 1_000_000) is None
    assert produce(broker, orders, b"x" * largest) is None
    refusal = produce(broker, orders, b"x" * (largest + 1))
    assert refusal is not None
    assert refusal.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert produce(broker, f"{topic_prefix}orders.quarantine", b"x" * (2 * 1024 * 1024)) is None


def test_broker_time_is_what_a_consumer_sees(broker: str, topic_prefix: str) -> None:
    """A record sent with a date of 2001 arrives with the broker's time, and says that it is the broker's."""
    topics.apply(Cluster(broker), topic_prefix)
    before_ms = int(time.time() * 1000)
    assert produce(broker, f"{topic_prefix}orders", b"{}", timestamp_ms=1_000_000_000_000) is None
    kind, timestamp_ms = first_record(broker, f"{topic_prefix}orders").timestamp()
    assert kind == TIMESTAMP_LOG_APPEND_TIME
    assert timestamp_ms >= before_ms
