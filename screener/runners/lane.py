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
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from screener.core import give_up, refuse, screen
from screener.core.keys import answer_key
from screener.errors import OperatorError
from screener.model import Fault
from screener.runners import topics
from screener.runners.clients import (
    LOST,
    TRANSACTION_TIMEOUT_MS,
    UNDELIVERABLE_CODES,
    ClientHungError,
    Headers,
    Received,
    Source,
    consumer_settings,
    error_text,
    producer_settings,
)
from screener.runners.days import TermsOf
from screener.runners.license_use import BATCH_HEADER, PARTITION, Ledger, record_of
from screener.runners.log_monitor import LogMonitor
from screener.runners.log_reader import ROUND_HEADER, SOURCE_HEADER, TIMESTAMP_HEADER, TOPIC_ID_HEADER, LogNames
from screener.runners.partitions import Partitions
from screener.runners.topic_identity import TopicIdentity
from screener.runners.transactions import TopicRecreatedError, Transactions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confluent_kafka import TopicPartition

    from screener.authorizations import Use
    from screener.model import Decision, Snapshot
    from screener.runners.metrics import Metrics
    from screener.runners.positions import Pause
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
FLUSH_SECONDS_MAX = 60.0
WATCHER_END_SECONDS_MAX = 5.0
ABORTS_MAX = 8
FENCED_MAX = 5
LOST_SECONDS = 120.0
"""After this time no fault is put down to a broker that was gone."""
BACKOFF_SECONDS_MAX = 5.0
CONTESTED_SECONDS = (0.005, 0.1)


FIRST_ROUND = "0"
"""The worker's own answer; orders that are screened again have other rounds."""


class _Contested(Exception):  # noqa: N818  no fault
    """Another worker's use of a license stands before the batch's own."""


class Lane:
    """One worker's way from `orders` to the outgoing topics."""

    def __init__(
        self,
        settings: Settings,
        current: Callable[[], Snapshot],
        metrics: Metrics,
        on_paused: Callable[[list[Pause]], None] = lambda _paused: None,
    ) -> None:
        """Take where to go; `current` gives the snapshot to use, asked once a batch.

        `on_paused` is called with the paused partitions whenever these change.
        """
        self._settings = settings
        self._current = current
        self._metrics = metrics
        self._topics = topics.required(settings.topic_prefix, shadow=settings.shadow)
        self._orders = topics.named(self._topics, "in").name
        self._outputs = {topic.outcome: topic.name for topic in self._topics if topic.role == "out"}
        self._shadow = next((topic.name for topic in self._topics if topic.role == "shadow"), "")
        self._usage, drawn, self._reports = (
            topics.named(self._topics, role).name for role in ("usage", "drawn", "workers")
        )
        self._ledger = Ledger(settings, self._usage, drawn)
        self._output_bytes_max = min(
            topic.message_bytes_max for topic in self._topics if topic.role in {"out", "shadow"}
        )
        self._terms_of = TermsOf(settings)
        decisions = (self._shadow,) if settings.shadow else tuple(self._outputs.values())
        names = LogNames(self._orders, settings.consumer_group, decisions, self._reports)
        self._identity = TopicIdentity(settings, self._orders)
        self._monitor = LogMonitor(settings, names, self._topics, self._identity, metrics, on_paused)
        self._stopping = threading.Event()
        self._undeliverable: set[Source] = set()
        self._failed: KafkaError | None = None
        self._cause: KafkaError | None = None  # why a transaction last failed, until one is committed
        self._failure: str | None = None
        self._careful = 0  # orders that are still sent one by one
        self._alone = 0  # orders that still have a transaction each
        self._aborts = 0
        self._lost_at: float | None = None
        self._fenced = 0
        self._opened_at: float | None = None
        self.alive_at = time.perf_counter()
        self._consumer: Consumer
        self._producer: Producer
        self._transactions: Transactions
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

    def problems(self) -> list[str]:
        """Say which partitions are not read, and why, as phrases; may be asked from another thread."""
        return self._monitor.problems()

    def stop(self) -> None:
        """Ask the lane to end after the batch in hand."""
        self._stopping.set()

    def run(self) -> None:
        """Answer orders until `stop`; raises OperatorError when it can't go on."""
        watchers = [
            threading.Thread(target=self._guarded, args=(body,), name=name, daemon=True)
            for name, body in (("log monitor", self._monitor.run), ("topic identity", self._identity.run))
        ]
        for watcher in watchers:
            watcher.start()
        try:
            while not self._stopping.is_set():
                try:
                    self._run_clients()
                except (KafkaException, ClientHungError) as error:
                    if not self._may_begin_anew(error):
                        raise OperatorError(f"the lane had to stop: {error_text(error)}") from error
                    log.warning("the clients begin anew: %s", error_text(error))
        finally:
            self._ledger.close()
            self._monitor.stop()
            self._identity.stop()
            for watcher in watchers:
                watcher.join(WATCHER_END_SECONDS_MAX)

    def _guarded(self, body: Callable[[], None]) -> None:
        """Run the body of a thread without which no order may be answered: its failure ends the lane."""
        try:
            body()
        except Exception as error:
            log.exception("the watch of the log ended")
            self._failure = f"{type(error).__name__}: {error}"

    def _run_clients(self) -> None:
        callbacks = (self._not_delivered, self._on_client_error)
        self._producer = Producer(producer_settings(self._settings, self._output_bytes_max, *callbacks), logger=log)
        self._consumer = Consumer(consumer_settings(self._settings, self._on_client_error), logger=log)
        self._transactions = Transactions(self._producer, self._consumer, self._identity, self._stopping, self._beat)
        held = Partitions(self._consumer, self._monitor, self._orders)
        self.partitions = held
        try:
            self._producer.init_transactions(START_SECONDS_MAX)
            held.join()
            while not self._stopping.is_set():
                self._step(held)
        finally:
            self.partitions = None
            self._monitor.revoke()
            self._transactions.end()
            self._consumer.close()

    def _may_begin_anew(self, error: KafkaException | ClientHungError) -> bool:
        """Whether what ended the clients is a broker that was gone or a transaction open for too long.

        A broker that comes back may take a member that it forgot for another one of the same slot; the coordinator
        ends a transaction at its time-out. Two workers in one slot look the same, but lose no broker before and end
        each other's at once; and that is not believed for ever. An outage itself may be as long as it likes.
        """
        if isinstance(error, ClientHungError):
            return True
        self._fenced += error.args[0].fatal()
        lost = self._lost_at is not None and time.monotonic() - self._lost_at < LOST_SECONDS
        open_for = 0.0 if self._opened_at is None else time.perf_counter() - self._opened_at
        timed_out = open_for > TRANSACTION_TIMEOUT_MS / 1_000
        if timed_out:  # one order that takes so long is screened before its transaction begins at the broker
            self._alone = BATCH_ORDERS_MAX
        return (lost or timed_out) and self._fenced <= FENCED_MAX

    def _beat(self) -> None:
        self.alive_at = time.perf_counter()

    def _on_client_error(self, error: KafkaError) -> None:
        if error.code() in LOST:
            self._lost_at = time.monotonic()
            if self.partitions is not None:  # a broker that comes back may have another log
                self.partitions.suspect()

    # --- one batch ---------------------------------------------------------------------------------------------------

    def _step(self, held: Partitions) -> None:
        self.alive_at = time.perf_counter()
        if self._failure is not None:
            raise OperatorError(f"the watch of the log ended: {self._failure}")
        held.update()
        self._resume(held)
        records = self._fetch(held)
        if records:
            self._report_headers(records)
            self._answer(records, held)
        else:
            self._settle(held)
            held.check_stall()

    def _fetch(self, held: Partitions) -> list[Received]:
        """Wait for one record, then take what is there already: small batches when quiet, large ones when behind."""
        most = 1 if self._alone else CAREFUL_ORDERS if self._careful else BATCH_ORDERS_MAX
        records = held.receive(1, POLL_SECONDS)
        size = _bytes_of(records)
        while records and len(records) < most and size < BATCH_BYTES_MAX:
            held.revoked = False
            more = held.receive(min(FETCH_ORDERS, most - len(records)), 0.0)
            if held.revoked:
                # What is in hand may be another worker's now, and the group's new generation would pass it.
                records, size = [], 0
            if not more:
                break
            records += more
            size += _bytes_of(more)
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
            self._again(held)
            return
        except TopicRecreatedError:
            self._go_back(held)
            held.suspect()
            return
        except KafkaException as error:
            self._roll_back(error, len(records), held)
            return
        took = time.perf_counter() - opened
        self._opened_at = None
        answered, rest = records[: len(decided)], records[len(decided) :]
        self._ledger.settle()
        self._aborts = self._fenced = 0
        self._cause = None
        self._careful = max(0, self._careful - len(answered))
        self._alone = max(0, self._alone - len(answered))
        if self._undeliverable:
            self._undeliverable.difference_update(record.source for record in answered)
        held.answer(answered)
        if rest:
            held.rewind()
        now = time.time()
        self._metrics.committed(decided, (max(0.0, now - record.received_ms / 1_000) for record in answered), took)
        self._metrics.met(snapshot)

    def _screened(self, record: Received, snapshot: Snapshot) -> Decision:
        terms = self._terms_of(record.received_ms, record.broker_time)
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
        topic_id = held.topic_id
        self._transactions.begin()
        for record in records:
            self.alive_at = begun = clock()
            if decided and begun - opened > BATCH_SECONDS_MAX:
                break
            decision = self._screened(record, snapshot)
            decided.append((decision, clock() - begun))
            if decision.use is not None:
                self._ledger.add(decision.use)
                uses.append((decision, decision.use))
            self._produce(record, decision, topic_id)
        if uses and not self._settings.shadow:
            self._write_uses(uses)
        self._transactions.commit(held.offsets_of(records[: len(decided)]), topic_id)
        return decided

    def _settle(self, held: Partitions) -> None:
        """Commit positions that moved without an order: past the markers of transactions, or to where reading began."""
        offsets = held.unsettled()
        if offsets and self._commit_alone(offsets, held, None):
            held.settle(offsets)

    def _resume(self, held: Partitions) -> None:
        """Commit the position that an operator chose for a paused partition, and take the instruction back with it."""
        while (due := held.resume_next()) is not None:
            offset, instruction = due
            if self._commit_alone([offset], held, instruction.key, instruction.topic_id):
                log.warning("%s[%d] is resumed from %d by an operator", self._orders, offset.partition, offset.offset)
                held.resume(offset)
            else:
                text = "%s[%d] could not be resumed, and stays paused"
                log.error(text, self._orders, offset.partition, extra={"seldom": True})
                self._aborts = 0  # it is tried again, and must not end those that go on
                held.keep_paused(offset.partition)

    def _commit_alone(
        self, offsets: list[TopicPartition], held: Partitions, key: bytes | None, topic_id: str = ""
    ) -> bool:
        """Commit positions without decisions, and a tombstone under a key; False where that has to be tried again."""
        self._opened_at = time.perf_counter()
        try:
            self._transactions.begin()
            if key is not None:
                self._transactions.produce(self._reports, None, key, PARTITION, [])
            self._transactions.commit(offsets, topic_id or held.topic_id)
        except TopicRecreatedError:
            self._go_back(held)
            held.suspect()
            return False
        except KafkaException as error:
            self._roll_back(error, 0, held)
            return False
        self._opened_at = None
        self._aborts = self._fenced = 0
        self._cause = None
        return True

    def _write_uses(self, uses: list[tuple[Decision, Use]]) -> None:
        """Produce what the batch draws of licenses; raise where another worker draws on one of them before it."""
        token = uuid.uuid4().hex.encode()
        headers: Headers = [(BATCH_HEADER, token)]
        for decision, use in uses:
            value, key = record_of(decision, use), use.license.encode()
            self._transactions.produce(self._usage, value, key, PARTITION, headers)
        self._producer.flush(FLUSH_SECONDS_MAX)
        if self._ledger.contested(token):
            raise _Contested

    def _produce(self, record: Received, decision: Decision, topic_id: str) -> None:
        topic = self._shadow if self._settings.shadow else self._outputs[decision.outcome]
        headers: Headers = [
            (SOURCE_HEADER, self._told(record)),
            (TOPIC_ID_HEADER, topic_id),
            (TIMESTAMP_HEADER, str(record.received_ms)),
            (ROUND_HEADER, FIRST_ROUND),
            *record.trace,
        ]
        try:
            self._transactions.produce(topic, decision.value, answer_key(record.key), record.source[0], headers)
        except KafkaException as error:
            if error.args[0].code() in UNDELIVERABLE_CODES:
                self._found_undeliverable(record, error.args[0])
            raise
        if self._careful:
            self._producer.flush(CALL_SECONDS_MAX)
            if self._failed:
                self._found_undeliverable(record, self._failed)
                raise KafkaException(self._failed)

    def _report_headers(self, records: list[Received]) -> None:
        """Count and log records whose headers can't be read; they are screened as if they had none."""
        unreadable = [record for record in records if not record.headers_readable]
        if unreadable:
            self._metrics.headers_unreadable(len(unreadable))
            source = self._told(unreadable[0])
            extra = {"source": source, "seldom": True}
            log.warning("the headers of %s can't be read (a name that is not UTF-8?)", source, extra=extra)

    def _told(self, record: Received) -> str:
        """Where an order is, in the field's usual words."""
        partition, offset = record.source
        return f"{self._orders}[{partition}]@{offset}"

    def _not_delivered(self, error: KafkaError | None, _message: object) -> None:
        """The client's word on a record: the broker refused it, and with it all that it was packed together with."""
        if error is not None and error.code() in UNDELIVERABLE_CODES:
            self._failed = error

    def _found_undeliverable(self, record: Received, error: KafkaError) -> None:
        source = self._told(record)
        log.error("decision on %s can't be produced: %s", source, error.str(), extra={"source": source})
        self._undeliverable.add(record.source)

    def _roll_back(self, error: KafkaException, orders: int, held: Partitions) -> None:
        """Abort, and go back to the first of so many orders; raise when there is no way on.

        Where the broker refused a decision, the batch is sent again one by one, to know which it was.
        """
        fault = error.args[0]
        if fault.code() != KafkaError._STATE:  # noqa: SLF001
            self._cause = fault
        elif self._cause:  # the call says only that the transaction had failed already
            fault = self._cause
        self._aborts += 1
        if fault.fatal() or self._aborts > ABORTS_MAX:
            raise KafkaException(fault) from error
        log.warning("transaction aborted (%d in a row): %s", self._aborts, fault.str())
        if self._stopping.is_set():
            return
        self._go_back(held)
        if self._undeliverable or self._failed:
            self._aborts = 0  # each time one order more is known
            self._careful = max(self._careful, orders)
        else:
            self._stopping.wait(min(BACKOFF_SECONDS_MAX, 0.05 * 2**self._aborts))

    def _again(self, held: Partitions) -> None:
        """Another worker draws on the same license: let it go first, then screen the batch with what it has drawn."""
        self._go_back(held)
        self._metrics.contested()
        self._stopping.wait(random.uniform(*CONTESTED_SECONDS))  # noqa: S311  so that two do not meet again

    def _go_back(self, held: Partitions) -> None:
        """Abort the transaction and go to the first record of the batch."""
        self._transactions.abort()
        self._opened_at = None
        self._metrics.aborted()
        held.rewind()


def _bytes_of(records: Sequence[Received]) -> int:
    """The bytes of keys and values."""
    return sum(len(record.value or b"") + len(record.key or b"") for record in records)


def _trace(error: Exception) -> str:
    """An exception's kind and last calls, without its message: that may hold a party's name."""
    calls = "".join(traceback.format_tb(error.__traceback__, limit=-TRACE_CALLS))
    return f"{type(error).__name__}, last calls:\n{calls}"
