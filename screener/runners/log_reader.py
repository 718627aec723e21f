"""Asks the broker what a partition of `orders` and its decisions look like now; `runners.positions` judges it.

Promises: reads only, joins no group, commits nothing. Every question covers all partitions asked for in one call, so
that a hundred partitions take as long as one. Raises KafkaException where the broker does not answer in time.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, NamedTuple

import orjson
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it re-exports without __all__

from screener.runners.clients import headers_of
from screener.runners.cluster import QUIET, connection, quiet_admin, topic_id
from screener.runners.positions import Checkpoint, LastDecision, LogState, RecordInLog, checkpoint_of, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from confluent_kafka import Message

    from screener.settings import Cluster

CALL_SECONDS_MAX = 10.0
POLL_SECONDS = 0.2
WINDOW_RECORDS = 64
WINDOW_GROWTH = 16
"""Transactions leave markers behind their records: where a window has no record, a larger one is read."""
SOURCE_HEADER, TOPIC_ID_HEADER, ROUND_HEADER = "screener-source", "screener-topic-id", "screener-round"
TIMESTAMP_HEADER = "screener-source-timestamp-ms"
FIRST, LATEST = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]

Place = tuple[str, int]  # topic, partition


class LogNames(NamedTuple):
    """The topics and the group that positions depend on: orders, where decisions go, and where workers report."""

    orders: str
    group: str
    decisions: tuple[str, ...] = ()
    reports: str = ""


def ends_of(
    admin: AdminClient, places: Iterable[Place], spec: OffsetSpec, isolation: IsolationLevel
) -> tuple[dict[Place, int], list[str]]:
    """One offset of each partition, after `spec` and `isolation`, and in words why there is none of the others."""
    request = {TopicPartition(*place): spec for place in places}
    if not request:
        return {}, []
    offsets: dict[Place, int] = {}
    faults: list[str] = []
    answers = admin.list_offsets(request, isolation_level=isolation, request_timeout=CALL_SECONDS_MAX)
    for row, future in answers.items():
        try:
            offsets[row.topic, row.partition] = future.result(2 * CALL_SECONDS_MAX).offset
        except (KafkaException, TimeoutError) as error:
            faults.append(f"{row.topic}[{row.partition}]: {error or 'no answer came'}")
    return offsets, faults


class LogReader:
    """Reads logs, commits and decisions for one group; used by one thread."""

    def __init__(self, cluster: Cluster, names: LogNames) -> None:
        self._names = names
        self.admin = quiet_admin(cluster)
        self._consumer = Consumer(
            {
                **connection(cluster),
                "group.id": names.group,  # to ask for its offsets; it is never joined
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "fetch.message.max.bytes": 65_536,
                "queued.max.messages.kbytes": 4_096,
                **QUIET,
            }
        )

    def close(self) -> None:
        """End the clients."""
        self._consumer.close()

    def log_states(self, partitions: Iterable[int]) -> dict[int, LogState]:
        """The state of each partition's log; LogState.end counts records of open transactions as well."""
        places = [(self._names.orders, number) for number in partitions]
        current = topic_id(self.admin, self._names.orders)
        if current is None:
            raise KafkaException(
                KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"there is no topic {self._names.orders}")
            )
        starts = self._ends(places, FIRST)
        ends = self._ends(places, LATEST)
        stable = self._ends(places, LATEST, IsolationLevel.READ_COMMITTED)
        return {place[1]: LogState(current, starts[place], ends[place], stable[place]) for place in places}

    def commits(self, partitions: Iterable[int]) -> dict[int, Checkpoint | None]:
        """What the group has committed of each partition, None where that is nothing."""
        places = [TopicPartition(self._names.orders, number) for number in partitions]
        rows = self._consumer.committed(places, timeout=CALL_SECONDS_MAX) if places else []
        for row in rows:
            if row.error is not None:
                raise KafkaException(row.error)
        return {row.partition: checkpoint_of(row.offset, row.metadata) for row in rows}

    def records_at(self, offsets: Mapping[int, int]) -> dict[int, RecordInLog | None]:
        """The record at one offset of each partition, None where no record stands there."""
        records: dict[int, RecordInLog | None] = dict.fromkeys(offsets)

        def take(place: Place, message: Message) -> bool:
            if message.offset() == offsets[place[1]]:
                records[place[1]] = _record_of(message)
            return True

        self._read({(self._names.orders, number): offset for number, offset in offsets.items()}, take)
        return records

    def last_decisions(self, partitions: Iterable[int], current_id: str) -> dict[int, LastDecision | None]:
        """The latest decision on an order of each partition; of several topics' the one on the topic as it is now."""
        places = {(topic, number) for number in partitions for topic in self._names.decisions}
        latest: dict[int, LastDecision] = {}
        starts = self._ends(places, FIRST)
        ends = self._ends(places, LATEST, IsolationLevel.READ_COMMITTED)
        window = WINDOW_RECORDS
        while places:
            firsts = {place: max(starts[place], ends[place] - window) for place in places}
            seen = self._decisions_from({place: first for place, first in firsts.items() if first < ends[place]})
            for (_, number), decision in seen.items():
                latest[number] = max(decision, latest.get(number, decision), key=lambda row: _rank(row, current_id))
            places = {place for place in places - seen.keys() if firsts[place] > starts[place]}
            window *= WINDOW_GROWTH
        return {number: latest.get(number) for number in partitions}

    def _ends(
        self,
        places: Iterable[Place],
        spec: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> dict[Place, int]:
        offsets, faults = ends_of(self.admin, places, spec, isolation)
        if faults:
            raise no_answer(faults[0])
        return offsets

    def _decisions_from(self, offsets: Mapping[Place, int]) -> dict[Place, LastDecision]:
        latest: dict[Place, LastDecision] = {}

        def take(place: Place, message: Message) -> bool:
            decision = _decision_of(message, f"{self._names.orders}[{place[1]}]")
            if decision is not None:
                latest[place] = decision
            return False

        self._read(offsets, take)
        return latest

    def _read(self, offsets: Mapping[Place, int], take: Callable[[Place, Message], bool]) -> None:
        """Hand each committed record from some offsets on to `take`, up to each log's end or until it says True."""
        waiting = set(offsets)
        if not waiting:
            return
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in offsets.items()])
        deadline = time.monotonic() + CALL_SECONDS_MAX
        try:
            while waiting:
                for message in self._consumer.consume(500, POLL_SECONDS):
                    place = (message.topic() or "", message.partition() or 0)
                    if place in waiting and (_is_end(message) or take(place, message)):
                        waiting.discard(place)
                    deadline = time.monotonic() + CALL_SECONDS_MAX
                if time.monotonic() > deadline:
                    raise no_answer(f"{len(waiting)} partitions can't be read, one of them {min(waiting)}")
        finally:
            self._consumer.unassign()


def _is_end(message: Message) -> bool:
    """Recognize the end of a log; an offset that is not there ends it as well. KafkaException for another fault."""
    error = message.error()
    if error is None:
        return False
    if error.code() in {
        KafkaError._PARTITION_EOF,  # noqa: SLF001  their public names
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
        KafkaError.OFFSET_OUT_OF_RANGE,
    }:
        return True
    raise KafkaException(error)


def _record_of(message: Message) -> RecordInLog:
    value = message.value()
    return RecordInLog(
        fingerprint(message.timestamp()[1], message.key(), value), hashlib.sha256(value or b"").hexdigest()
    )


def _decision_of(message: Message, partition: str) -> LastDecision | None:
    """The order that a decision answers, from its headers; None for one of another topic or without headers."""
    headers = dict(headers_of(message) or [])
    source = re.fullmatch(rb"(.+)@(\d{1,19})", _bytes(headers.get(SOURCE_HEADER)))
    if source is None or source[1] != partition.encode():
        return None
    topic_id = _bytes(headers.get(TOPIC_ID_HEADER)).decode("utf-8", "replace")
    return LastDecision(int(source[2]), topic_id, _order_sha256(message.value()))


def _order_sha256(decision: bytes | None) -> str:
    """What a decision says of its order's bytes, "" where it says nothing."""
    try:
        sha256 = orjson.loads(decision or b"null")["order_sha256"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return sha256 if isinstance(sha256, str) else ""


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def _rank(decision: LastDecision, current_id: str) -> tuple[bool, bool, int]:
    """Order decisions: on the topic as it is now, then on one whose id is not stated, then by offset."""
    return decision.topic_id == current_id, not decision.topic_id, decision.offset


def no_answer(what: str) -> KafkaException:
    """An error for what the broker did not say."""
    return KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no answer: {what}"))  # noqa: SLF001  its public name
