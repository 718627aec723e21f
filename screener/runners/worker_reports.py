"""Reports of workers on `screener.workers`: a row for each worker says which snapshot it uses and which it refused.

The topic is compacted and the key is the worker's transactional id, so that its newest row counts; a worker that ends
in good order deletes its row. A row says what a worker knew last and not that it lives: its consumer group says that
(`fleet.py`). Keys that begin with `resume/` belong to others. Never in the way of answering orders: a report that can't
be written is logged and tried again.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from confluent_kafka import KafkaException, Producer

from screener import __version__
from screener.errors import OperatorError
from screener.runners import compacted, topics
from screener.runners.cluster import connection

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from screener.settings import Cluster, Settings

log = logging.getLogger(__name__)

GROUP = "screener-workers-unused"
OTHER_KEYS = b"resume/"
STOP_SECONDS_MAX = 5.0
REPORT_BYTES_MAX = 262_144


class Reporter:
    """Keeps the row of one worker up to date; may be called from any thread."""

    def __init__(
        self, cluster: Cluster, topic: str, transactional_id: str, *, group: str, slot: int, shadow: bool = False
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._key = transactional_id.encode()
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._row: dict[str, Any] = {
            "schema_version": 1,
            "worker": transactional_id,
            "group": group,
            "slot": slot,
            "shadow": shadow,
            "screener": __version__,
            "started_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "snapshot": None,
            "announcement": None,
            "refused": None,
            "paused": [],
        }
        self._written: bytes | None = None
        self._warned = ""
        self._stopped = False

    @classmethod
    def of(cls, settings: Settings) -> Reporter:
        """The reporter of a worker with these settings."""
        topic = topics.named(topics.load(settings.topic_prefix), "workers").name
        return cls(
            settings,
            topic,
            settings.transactional_id,
            group=settings.consumer_group,
            slot=settings.slot,
            shadow=settings.shadow,
        )

    def report(self, **changes: object) -> None:
        """Merge changes into the row and write it if it differs from what was written last."""
        with self._lock:
            self._row |= changes
            if self._stopped:
                return
            self._serve_deliveries()
            value = orjson.dumps(self._row)
            if value != self._written:
                self._produce(value)

    def stop(self, *, clean: bool) -> None:
        """Write nothing more; where the worker ends in good order, delete its row first."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            if clean:
                self._produce(None)
            if self._producer is not None and self._producer.flush(STOP_SECONDS_MAX):
                log.warning("%s: the last report of this worker was not delivered", self._topic)

    def _serve_deliveries(self) -> None:
        if self._producer is not None:
            self._producer.poll(0)

    def _produce(self, value: bytes | None) -> None:
        try:
            if self._producer is None:
                self._producer = self._connected()
            self._producer.produce(self._topic, value, self._key, 0, on_delivery=self._delivered)
        except (KafkaException, BufferError, OperatorError) as error:
            self._warn(str(error))
        else:
            self._written = value

    def _warn(self, reason: str) -> None:
        """Log a failure once until the reason is another one: a report is tried again and again."""
        if reason != self._warned:
            self._warned = reason
            text = "%s: the report of this worker can't be written: %s"
            log.warning(text, self._topic, reason, extra={"seldom": True})

    def _connected(self) -> Producer:
        settings = {
            **connection(self._cluster),
            "client.id": self._key.decode(),
            "enable.idempotence": True,  # rows stay in their order when one is sent again
        }
        return Producer(settings, logger=log)

    def _delivered(self, error: KafkaError | None, _record: Message) -> None:
        """Have a row that was not delivered written again; the lock is held by whoever serves deliveries."""
        if error is not None:
            self._warn(error.str())
            self._written = None
        else:
            self._warned = ""


def read_reports(cluster: Cluster, topic: str) -> dict[str, dict[str, Any]]:
    """The newest row of each worker, by transactional id; OperatorError where the topic can't be read."""
    rows = {}
    for key, value in compacted.latest_values(cluster, topic, GROUP).items():
        row = None if key.startswith(OTHER_KEYS) else _row(value)
        if row is not None:
            rows[row["worker"]] = row
    return rows


def _row(value: bytes) -> dict[str, Any] | None:
    """The row that a record holds; None for what is no report of a version that is known."""
    try:
        row: dict[str, Any] = orjson.loads(value[:REPORT_BYTES_MAX])
        texts = [row["worker"], row["group"], row.get("started_at", "")]
        optional = [row["snapshot"], row["announcement"]]
        if row["refused"] is not None:
            texts.append(row["refused"]["reason"])
            optional.append(row["refused"]["snapshot"])
        shaped = (
            row["schema_version"] == 1
            and all(isinstance(text, str) for text in texts)
            and all(isinstance(text, str | None) for text in optional)
        )
    except (ValueError, KeyError, TypeError):
        return None
    return row if shaped else None
