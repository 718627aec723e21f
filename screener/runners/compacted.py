"""Compacted topics of one partition, read whole and without a group.

A group would hand each record to one of its members only; every reader here needs all of them. Not for following a
topic: that is `follower.py`, which makes its consumer here.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from screener.errors import OperatorError
from screener.runners.cluster import connection

if TYPE_CHECKING:
    from screener.settings import Cluster

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
READ_SECONDS_MAX = 10.0


def consumer_at_beginning(cluster: Cluster, topic: str, group: str) -> Consumer:
    """A consumer that is about to read the topic's partition from its beginning, and says when it is at the end.

    The client library wants a `group` all the same; no offset is ever committed. A position that is no longer in the
    topic is an error and never means "from the end", or what was written meanwhile would be passed over.
    """
    settings = {
        **connection(cluster),
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    }
    consumer = Consumer(settings, logger=log)
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    return consumer


def latest_values(cluster: Cluster, topic: str, group: str) -> dict[bytes, bytes]:
    """The latest value of each key; a key whose latest record is a tombstone is left out.

    Raises OperatorError where the topic can't be read to its end.
    """
    consumer = consumer_at_beginning(cluster, topic, group)
    values: dict[bytes, bytes] = {}
    deadline = time.monotonic() + READ_SECONDS_MAX
    try:
        while time.monotonic() < deadline:
            record = consumer.poll(POLL_SECONDS)
            if record is None:
                continue
            fault = record.error()
            if fault is not None and fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                return values
            if fault is not None:
                raise OperatorError(f"{topic}: can't be read: {fault.str()}")
            key, value = record.key() or b"", record.value()
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
    finally:
        consumer.close()
    raise OperatorError(f"{topic}: can't be read: no broker answers at {cluster.bootstrap_servers}")
