"""Reports of workers, without a broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from confluent_kafka import KafkaError, KafkaException

from screener.runners import clients, worker_reports
from screener.runners.worker_reports import Reporter
from screener.settings import Cluster, Settings

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "topics" / "schemas" / "worker-report.schema.json").read_text(encoding="utf-8")
)
SHA, OTHER = "sha256:" + "0" * 64, "sha256:" + "1" * 64
REFUSED = {"snapshot": OTHER, "reason": "It lost rows."}


class FakeProducer:
    """Notes what is produced; `faults` are raised or reported instead, one a record."""

    def __init__(self, _settings: dict[str, Any] | None = None, **_options: Any) -> None:
        self.values: list[bytes | None] = []
        self.faults: list[Exception | KafkaError] = []
        self._undelivered: list[Any] = []

    def produce(self, _topic: str, value: bytes | None, _key: bytes, _partition: int, on_delivery: Any) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        self.values.append(value)
        self._undelivered.append(lambda: on_delivery(fault, None))

    def poll(self, _seconds: float) -> int:
        while self._undelivered:
            self._undelivered.pop(0)()
        return 0

    def flush(self, _seconds: float) -> int:
        return self.poll(0)

    @property
    def rows(self) -> list[dict[str, Any] | None]:
        return [None if value is None else orjson.loads(value) for value in self.values]


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> FakeProducer:
    made = FakeProducer()
    monkeypatch.setattr(worker_reports, "Producer", lambda *_, **__: made)
    return made


def reporter() -> Reporter:
    return Reporter(Cluster("127.0.0.1:9"), "screener.workers", "screener-0", group="screener", slot=0)


def test_a_row_is_written_when_it_changes_and_deleted_at_a_clean_end(producer: FakeProducer) -> None:
    """Each row is one of the schema; what does not change is not written again; nothing follows the end."""
    own = reporter()
    own.report()
    own.report(snapshot=SHA)
    own.report(snapshot=SHA)
    own.report(announcement=OTHER, refused=REFUSED, paused=[{"partition": 1, "reason": "TOPIC_RECREATED"}])
    own.stop(clean=True)
    own.report(snapshot=OTHER)
    own.stop(clean=True)
    *rows, tombstone = producer.rows
    for row in rows:
        jsonschema.validate(row, SCHEMA)
    assert [row and row["snapshot"] for row in rows] == [None, SHA, SHA]
    assert rows[-1]
    assert rows[-1]["refused"] == REFUSED
    assert tombstone is None


def test_the_row_of_a_worker_that_failed_stays(producer: FakeProducer) -> None:
    """It may be of its successor in the slot by then."""
    own = reporter()
    own.report(snapshot=SHA)
    own.stop(clean=False)
    assert len(producer.rows) == 1


def test_a_report_that_is_not_written_disturbs_nobody_and_is_written_later(
    producer: FakeProducer, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the client and one of the delivery are each logged once; the row comes as soon as it can."""
    own = reporter()
    lost = KafkaError(KafkaError._MSG_TIMED_OUT)
    producer.faults = [KafkaException(lost), BufferError("full"), BufferError("full"), lost]
    for _ in range(6):
        own.report(snapshot=SHA)
    assert len(producer.rows) == 2  # one was not delivered, the other one was
    assert len(caplog.records) == 3


def row(name: str = "w-0", **members: Any) -> dict[str, Any]:
    empty = {"worker": name, "group": "w", "snapshot": None, "announcement": None, "refused": None}
    return {"schema_version": 1} | empty | members


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"\xff", b'{"schema_version": 2}', orjson.dumps(row(snapshot=3)), orjson.dumps({"worker": 1})]
)
def test_what_is_no_report_is_passed_over(value: bytes) -> None:
    """A record of a later version or of another program hides no report."""
    assert worker_reports._row(value) is None


def test_reports_are_read_without_the_keys_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that begins with resume/ belongs to another program."""
    values = {b"w-0": orjson.dumps(row()), b"resume/orders": orjson.dumps(row("x")), b"w-1": b"none"}
    monkeypatch.setattr(worker_reports.compacted, "latest_values", lambda *_: values)
    assert worker_reports.read_reports(Cluster("127.0.0.1:9"), "screener.workers") == {"w-0": row()}


@pytest.mark.parametrize("shadow", [False, True])
def test_the_group_of_a_report_is_that_of_the_consumer(*, shadow: bool) -> None:
    """Who runs is asked of the group and by the name under which the lane joins it."""
    settings = Settings("127.0.0.1:9", topic_prefix="t.", group="night", slot=3, shadow=shadow)
    joined = clients.consumer_settings(settings, print)
    assert (settings.consumer_group, settings.transactional_id) == (joined["group.id"], joined["group.instance.id"])
    assert Reporter.of(settings)._row["group"] == settings.consumer_group
