"""The lane: orders in, decisions out, in record batches, exactly once.

Fetch records, screen them, then produce all decisions and commit the consumed offsets in one Kafka transaction: an
offset is never committed without its decision, and a decision becomes visible (to `read_committed`) only with its
offset. Nothing but a committed transaction acknowledges an order; no exception of an order is swallowed, because
`screen` raises none. A crash at any point leaves the transaction open; the successor in the same slot (same
transactional id) ends it and reads the same orders again.

It runs in a thread of its own and blocks; `runners.worker` hosts it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
import uuid
from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from screener.core import give_up, refuse, screen
from screener.errors import OperatorError
from screener.model import Fault, Terms
from screener.runners import topics
from screener.runners.clients import (
    LOST,
    POISON,
    TRANSACTION_TIMEOUT_MS,
    Bounded,
    Headers,
    Hung,
    Received,
    Source,
    consumer_settings,
    producer_settings,
    told,
)
from screener.runners.days import day_of
from screener.runners.license_use import BATCH_HEADER, PARTITION, Ledger, record_of
from screener.runners.partitions import Partitions

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.authorizations import Use
    from screener.model import Decision, Snapshot
    from screener.runners.metrics import Metrics
    from screener.settings import Settings

log = logging.getLogger(__name__)

BATCH_ORDERS_MAX = 2_000
BATCH_BYTES_MAX = 16_000_000
BATCH_SECONDS_MAX = 3.0
"""A transaction takes no further order after this time: well before the coordinator ends it."""
CAREFUL_ORDERS = 100
FETCH_ORDERS = 200
TRACE_CALLS = 10
POLL_SECONDS = 0.2
START_SECONDS_MAX = 30.0
CALL_SECONDS_MAX = 5.0
HUNG_SECONDS = 2 * CALL_SECONDS_MAX
COMMIT_SECONDS_MAX = 60.0
ABORTS_MAX = 8
FENCED_MAX = 5
LOST_SECONDS = 120.0
"""After this time no fault is put down to a broker that was gone."""
BACKOFF_SECONDS_MAX = 5.0
CONTESTED_SECONDS = (0.005, 0.1)


class _Contested(Exception):  # noqa: N818  no fault
    """Another worker's use of a license stands before the batch's own."""


class Lane:
    """One worker's way from `orders` to the outgoing topics."""

    def __init__(self, settings: Settings, current: Callable[[], Snapshot], metrics: Metrics) -> None:
        """Take where to go; `current` gives the snapshot to use, asked once a batch."""
        self._settings = settings
        self._current = current
        self._metrics = metrics
        self._topics = topics.required(settings.topic_prefix, shadow=settings.shadow)
        self._orders = topics.named(self._topics, "in").name
        self._outputs = {topic.outcome: topic.name for topic in self._topics if topic.role == "out"}
        self._shadow = next((topic.name for topic in self._topics if topic.role == "shadow"), "")
        self._usage, drawn = (topics.named(self._topics, role).name for role in ("usage", "drawn"))
        self._ledger = Ledger(settings, self._usage, drawn)
        self._output_bytes_max = min(
            topic.message_bytes_max for topic in self._topics if topic.role in {"out", "shadow"}
        )
        self._terms_of = TermsOf(settings)
        self._stopping = threading.Event()
        self._undeliverable: set[Source] = set()
        self._failed: KafkaError | None = None
        self._careful = 0  # orders that are still sent one by one
        self._alone = 0  # orders that still have a transaction each
        self._aborts = 0
        self._lost_at: float | None = None
        self._fenced = 0
        self._opened_at: float | None = None
        self.alive_at = time.perf_counter()
        self._consumer: Consumer
        self._producer: Producer
        self._bounded: Bounded
        self.partitions: Partitions | None = None
        """What the consumer holds, while there is one."""

    @property
    def written(self) -> set[tuple[str, int]]:
        """The outgoing topics and partitions that this worker writes to now; may be asked from another thread."""
        held = self.partitions
        names = [self._shadow] if self._settings.shadow else self._outputs.values()
        return {(name, number) for name in names for number in held.numbers} if held else set()

    @property
    def joined(self) -> bool:
        """Whether partitions were assigned to this worker, be it none."""
        held = self.partitions
        return held is not None and held.joined

    @property
    def assigned(self) -> bool:
        """Whether this worker has its share of the partitions now, be it none; not while no broker answers."""
        held = self.partitions
        return held is not None and held.assigned

    def stop(self) -> None:
        """Ask the lane to end after the batch in hand."""
        self._stopping.set()

    def run(self) -> None:
        """Answer orders until `stop`; raises OperatorError when it can't go on."""
        try:
            while not self._stopping.is_set():
                try:
                    self._run_clients()
                except (KafkaException, Hung) as error:
                    if not self._may_begin_anew(error):
                        raise OperatorError(f"the lane had to stop: {told(error)}") from error
                    log.warning("the clients begin anew: %s", told(error))
        finally:
            self._ledger.close()

    def _run_clients(self) -> None:
        heard = (self._not_delivered, self._on_client_error)
        self._producer = Producer(producer_settings(self._settings, self._output_bytes_max, *heard), logger=log)
        self._consumer = Consumer(consumer_settings(self._settings, self._on_client_error), logger=log)
        self._bounded = Bounded()
        held = Partitions(self._consumer, self._producer, self._topics, self._orders, self._metrics)
        self.partitions = held
        try:
            self._producer.init_transactions(START_SECONDS_MAX)
            held.join()
            while not self._stopping.is_set():
                self._step(held)
        finally:
            self.partitions = None
            self._bounded.end()
            self._consumer.close()

    def _may_begin_anew(self, error: KafkaException | Hung) -> bool:
        """Whether what ended the clients is a broker that was gone or a transaction open for too long.

        A broker that comes back may take a member that it forgot for another one of the same slot; the coordinator
        ends a transaction at its time-out. Two workers in one slot look the same, but lose no broker before and end
        each other's at once; and that is not believed for ever. An outage itself may be as long as it likes.
        """
        if isinstance(error, Hung):
            return True
        self._fenced += error.args[0].fatal()
        lost = self._lost_at is not None and time.monotonic() - self._lost_at < LOST_SECONDS
        open_for = 0.0 if self._opened_at is None else time.perf_counter() - self._opened_at
        timed_out = open_for > TRANSACTION_TIMEOUT_MS / 1_000
        if timed_out:  # one order that takes so long is screened before its transaction begins at the broker
            self._alone = BATCH_ORDERS_MAX
        return (lost or timed_out) and self._fenced <= FENCED_MAX

    def _on_client_error(self, error: KafkaError) -> None:
        if error.code() in LOST:
            self._lost_at = time.monotonic()

    # --- one batch ---------------------------------------------------------------------------------------------------

    def _step(self, held: Partitions) -> None:
        self.alive_at = time.perf_counter()
        held.hold_waiting()
        records = self._fetch(held)
        if records:
            self._answer(records, held)
        held.tell_lag()

    def _fetch(self, held: Partitions) -> list[Received]:
        """Wait for one record, then take what is there already: small batches when quiet, large ones when behind."""
        most = 1 if self._alone else CAREFUL_ORDERS if self._careful else BATCH_ORDERS_MAX
        records = held.readable(self._consumer.consume(1, POLL_SECONDS))
        size = sum(len(record.value or b"") for record in records)
        while records and len(records) < most and size < BATCH_BYTES_MAX:
            held.revoked = False
            more = held.readable(self._consumer.consume(min(FETCH_ORDERS, most - len(records)), 0.0))
            if held.revoked:
                # What is in hand may be another worker's now, and the group's new generation would pass it.
                records, size = [], 0
            if not more:
                break
            records += more
            size += sum(len(record.value or b"") for record in more)
        return records

    def _answer(self, records: list[Received], held: Partitions) -> None:
        self._ledger.begin()
        self._failed = None
        snapshot = self._current()
        opened = time.perf_counter()
        self._opened_at = opened
        try:
            decided = self._transact(records, snapshot, held, opened)
        except _Contested:
            self._again(records, held)
            return
        except KafkaException as error:
            self._roll_back(error, records, held)
            return
        took = time.perf_counter() - opened
        self._opened_at = None
        answered, rest = records[: len(decided)], records[len(decided) :]
        self._ledger.settle()
        self._aborts = self._fenced = 0
        self._careful = max(0, self._careful - len(answered))
        self._alone = max(0, self._alone - len(answered))
        if self._undeliverable:
            self._undeliverable.difference_update(record.source for record in answered)
        if rest:
            held.go_to(rest)
        now = time.time()
        self._metrics.committed(decided, (max(0.0, now - record.timestamp_ms / 1_000) for record in answered), took)
        self._metrics.met(snapshot)

    def _screened(self, record: Received, snapshot: Snapshot) -> Decision:
        terms = self._terms_of(record.timestamp_ms)
        if record.source in self._undeliverable:
            fault = Fault("OUTPUT_TOO_LARGE", "the decision on this order is larger than the outgoing topic takes")
            return refuse(record.value, fault, snapshot, terms)
        try:
            return screen(record.value, snapshot, terms, record.key, self._ledger)
        except Exception as error:  # noqa: BLE001  a fault of ours stops no other order and is no answer
            trace = _trace(error)
            source = self._told(record)
            log.error("screening of %s failed: %s", source, trace, extra={"source": source})  # noqa: TRY400
            return give_up(record.value, Fault("SCREENING_FAILED", trace), snapshot, terms)

    # --- the transaction ---------------------------------------------------------------------------------------------

    def _transact(
        self, records: list[Received], snapshot: Snapshot, held: Partitions, opened: float
    ) -> list[tuple[Decision, float]]:
        """Commit decisions, uses of licenses and positions together; the decisions with the seconds each took.

        A decision is produced as soon as it is made, so that the client sends it while the next order is screened.
        There are fewer decisions than records where time was up since it was `opened`: the first ones.
        """
        decided: list[tuple[Decision, float]] = []
        uses: list[tuple[Decision, Use]] = []
        clock = time.perf_counter
        self._producer.begin_transaction()
        for record in records:
            self.alive_at = begun = clock()
            if decided and begun - opened > BATCH_SECONDS_MAX:
                break
            decision = self._screened(record, snapshot)
            decided.append((decision, clock() - begun))
            if decision.use is not None:
                self._ledger.add(decision.use)
                uses.append((decision, decision.use))
            self._produce(record, decision)
        if uses and not self._settings.shadow:
            self._write_uses(uses)
        ends = {partition: offset + 1 for partition, offset in (record.source for record in records[: len(decided)])}
        positions = [held.at(partition, offset) for partition, offset in ends.items()]
        metadata = self._consumer.consumer_group_metadata()
        deadline = time.monotonic() + COMMIT_SECONDS_MAX
        send = partial(self._producer.send_offsets_to_transaction, positions, metadata, CALL_SECONDS_MAX)
        self._retried(lambda: self._bounded(send, HUNG_SECONDS), deadline)
        self._retried(lambda: self._producer.commit_transaction(CALL_SECONDS_MAX), deadline)
        return decided

    def _write_uses(self, uses: list[tuple[Decision, Use]]) -> None:
        """Produce what the batch draws of licenses; raise where another worker draws on one of them before it."""
        token = uuid.uuid4().hex.encode()
        headers: Headers = [(BATCH_HEADER, token)]
        for decision, use in uses:
            value, key = record_of(decision, use), use.license.encode()
            self._offer(self._usage, value, key, PARTITION, headers)
        self._producer.flush(COMMIT_SECONDS_MAX)
        if self._ledger.contested(token):
            raise _Contested

    def _offer(self, topic: str, value: bytes, key: bytes | None, partition: int, headers: Headers) -> None:
        """Produce, waiting while the client's queue is full."""
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=headers)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _retried(self, call: Callable[[], object], deadline: float) -> None:
        """Call again after a passing fault, until the deadline or `stop`: the successor ends what is left open."""
        while True:
            self.alive_at = time.perf_counter()
            try:
                call()
            except KafkaException as error:
                if not error.args[0].retriable() or self._stopping.is_set() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _produce(self, record: Received, decision: Decision) -> None:
        topic = self._shadow if self._settings.shadow else self._outputs[decision.outcome]
        headers: Headers = [
            ("screener-source", self._told(record)),
            ("screener-source-timestamp-ms", str(record.timestamp_ms)),
            *record.trace,
        ]
        try:
            self._offer(topic, decision.value, record.key, record.source[0], headers)
        except KafkaException as error:
            if error.args[0].code() in POISON:
                self._found_undeliverable(record, error.args[0])
            raise
        if self._careful:
            self._producer.flush(CALL_SECONDS_MAX)
            if self._failed:
                self._found_undeliverable(record, self._failed)
                raise KafkaException(self._failed)

    def _told(self, record: Received) -> str:
        """Where an order is, in the field's usual words."""
        partition, offset = record.source
        return f"{self._orders}[{partition}]@{offset}"

    def _not_delivered(self, error: KafkaError | None, _message: object) -> None:
        """The client's word on a record: the broker refused it, and with it all that it was packed together with."""
        if error is not None and error.code() in POISON:
            self._failed = error

    def _found_undeliverable(self, record: Received, error: KafkaError) -> None:
        source = self._told(record)
        log.error("decision on %s can't be produced: %s", source, error.str(), extra={"source": source})
        self._undeliverable.add(record.source)

    def _roll_back(self, error: KafkaException, records: list[Received], held: Partitions) -> None:
        """Abort, and go back to the first record of the batch; raise when there is no way on.

        Where the broker refused a decision, the batch is sent again one by one, to know which it was.
        """
        fault = error.args[0]
        self._aborts += 1
        if fault.fatal() or self._aborts > ABORTS_MAX:
            raise error
        log.warning("transaction aborted (%d in a row): %s", self._aborts, fault.str())
        if self._stopping.is_set():
            return
        self._go_back(records, held)
        if self._undeliverable or self._failed:
            self._aborts = 0  # each time one order more is known
            self._careful = max(self._careful, len(records))
        else:
            self._stopping.wait(min(BACKOFF_SECONDS_MAX, 0.05 * 2**self._aborts))

    def _again(self, records: list[Received], held: Partitions) -> None:
        """Another worker draws on the same license: let it go first, then screen the batch with what it has drawn."""
        self._go_back(records, held)
        self._metrics.contested()
        self._stopping.wait(random.uniform(*CONTESTED_SECONDS))  # noqa: S311  so that two do not meet again

    def _go_back(self, records: list[Received], held: Partitions) -> None:
        """Abort the transaction and go to the first record of the batch."""
        self._producer.abort_transaction(START_SECONDS_MAX)
        self._opened_at = None
        self._metrics.aborted()
        held.go_to(records)


class TermsOf:
    """The terms of orders, by when the broker got them; those of one hour share theirs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hours = (-1, -1)
        self._terms = Terms()

    def __call__(self, timestamp_ms: int) -> Terms:
        """The terms of an order that the broker has a timestamp of (ms since 1970), at this moment."""
        hours = (timestamp_ms // 3_600_000, int(time.time()) // 3_600)
        if hours != self._hours:
            today = day_of(hours[1])
            self._terms = Terms(
                received_on=day_of(hours[0]) or today,
                aged_on=today,
                list_age_days_max=self._settings.max_list_age,
                allow_stale=self._settings.allow_stale,
                profile=self._settings.profile,
            )
            self._hours = hours
        return self._terms


def _trace(error: Exception) -> str:
    """An exception's kind and last calls, without its message: that may hold a party's name."""
    calls = "".join(traceback.format_tb(error.__traceback__, limit=-TRACE_CALLS))
    return f"{type(error).__name__}, last calls:\n{calls}"
