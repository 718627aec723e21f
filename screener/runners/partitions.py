"""The partitions of `orders` that a lane's consumer holds: which may be read, what was there before, what is behind."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, TopicPartition

from screener.errors import OperatorError
from screener.runners import topics
from screener.runners.clients import HOPELESS, Hung, Received, received, told
from screener.runners.cluster import partition_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confluent_kafka import Consumer, Message, Producer

    from screener.runners.metrics import Metrics

log = logging.getLogger(__name__)

ANSWER_SECONDS_MAX = 30.0
EXPIRED_CALL_SECONDS = 5.0
LAG_SECONDS = 1.0
LAG_CALL_SECONDS = 1.0
QUIET_SECONDS = 5.0
STALLED_SECONDS = 30.0
WAITING_SECONDS = 5.0


class Partitions:
    """What one consumer holds of `orders`.

    A partition that an outgoing topic has no counterpart of is paused until it has one. The producer serves to ask the
    cluster: a call on the consumer from its own callback makes the client abort at its next log line.
    """

    def __init__(
        self, consumer: Consumer, producer: Producer, needed: Sequence[topics.Topic], orders: str, metrics: Metrics
    ) -> None:
        """Take the clients, the topics that must fit together, the name of the one with orders, and where to tell."""
        self._consumer = consumer
        self._producer = producer
        self._topics = needed
        self._orders = orders
        self._metrics = metrics
        self._fault: str | None = None
        self._waiting: frozenset[int] = frozenset()
        self._waiting_due = 0.0
        self._lag_due = 0.0
        self._heard_at = self._known_at = time.monotonic()
        self._fresh = False
        self.joined = False
        """Whether partitions were ever assigned; `assigned`: whether they are now."""
        self.assigned = False
        self.numbers: frozenset[int] = frozenset()
        """The partitions that are held, for other threads to read."""
        self.revoked = False

    def join(self) -> None:
        """Take part in the group."""
        self._consumer.subscribe([self._orders], on_assign=self._on_assign, on_revoke=self._on_revoke)

    def at(self, partition: int, offset: int) -> TopicPartition:
        """A position in `orders`."""
        return TopicPartition(self._orders, partition, offset)

    def readable(self, messages: Iterable[Message]) -> list[Received]:
        """The orders among what the consumer gave; raises where it can't go on."""
        if self._fault:
            raise OperatorError(f"the topics do not fit: {self._fault}")
        if self._fresh:  # before any order of this assignment is answered
            self._fresh = False
            self._tell_expired()
        records: list[Received] = []
        held: dict[int, Message] = {}
        for message in messages:
            error = message.error()
            if error is None and message.partition() in self._waiting:
                held.setdefault(message.partition() or 0, message)
            elif error is None:
                records.append(received(message))
            elif error.fatal() or error.code() in HOPELESS:
                raise KafkaException(error)
            else:
                log.warning("consumer: %s", error.str())
        for message in held.values():
            self._put_back(message)
        if records:
            self._heard_at = self._known_at = time.monotonic()
        return records

    def go_to(self, records: Iterable[Received]) -> None:
        """Read these records again, as far as their partitions are still held."""
        firsts: dict[int, int] = {}
        for record in records:
            firsts.setdefault(*record.source)
        held = {row.partition for row in self._consumer.assignment()}
        for partition in held.intersection(firsts):
            self._consumer.seek(self.at(partition, firsts[partition]))

    # --- what comes and goes -----------------------------------------------------------------------------------------

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        assigned = sorted(row.partition for row in partitions)
        self.numbers = frozenset(assigned)
        self._compare_topics(assigned)
        self._waiting_due, self._fresh = 0.0, True
        self.joined = self.assigned = True
        log.info("assigned %s", assigned)

    def _on_revoke(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self.revoked, self.assigned, self.numbers = True, False, frozenset()
        self._metrics.revoked()
        log.info("partitions revoked")

    def _tell_expired(self) -> None:
        """Say of orders that the group has not answered and the topic no longer has."""
        try:
            rows = self._consumer.committed(self._consumer.assignment(), timeout=EXPIRED_CALL_SECONDS)
            ends = [self._consumer.get_watermark_offsets(row, timeout=EXPIRED_CALL_SECONDS) for row in rows]
        except KafkaException as error:
            log.warning("whether orders expired before they were answered is not known: %s", told(error))
            return
        for row, (first, end) in zip(rows, ends, strict=True):
            if 0 <= row.offset < first:
                self._metrics.expired(first - row.offset)
                log.error(
                    "%d records of %s[%d] from %d on were deleted before they were answered: screen these orders again",
                    *(first - row.offset, self._orders, row.partition, row.offset),
                )
            elif row.offset > end:
                log.error(
                    "%s[%d] ends at %d, before the position %d of the group: it is read from its beginning",
                    *(self._orders, row.partition, end, row.offset),
                )

    # --- partitions without a counterpart ----------------------------------------------------------------------------

    def _compare_topics(self, assigned: Iterable[int]) -> None:
        """Which of the partitions have no counterpart in an outgoing topic; a missing topic is a fault."""
        counts = partition_counts(self._producer.list_topics(timeout=ANSWER_SECONDS_MAX))
        problems = "; ".join(topics.partition_problems(self._topics, counts))
        if not all(counts.get(topic.name) for topic in self._topics):
            self._fault = problems
        covered = topics.partitions_covered(self._topics, counts)
        self._waiting = frozenset(partition for partition in assigned if partition >= covered)
        self._metrics.waiting(len(self._waiting))
        if self._waiting:
            log.error("%s wait, unanswered, at partitions %s: %s", self._orders, sorted(self._waiting), problems)

    def hold_waiting(self) -> None:
        """Pause partitions without a counterpart, and from time to time look whether they have one now."""
        if not self._waiting or time.monotonic() < self._waiting_due:
            return
        before = self._waiting
        if self._waiting_due:
            self._compare_topics(before)
        self._waiting_due = time.monotonic() + WAITING_SECONDS
        self._consumer.pause([TopicPartition(self._orders, partition) for partition in self._waiting])
        fitting = [TopicPartition(self._orders, partition) for partition in before - self._waiting]
        if fitting:
            log.info("partitions %s have their counterparts now", sorted(before - self._waiting))
            self._consumer.resume(fitting)

    def _put_back(self, message: Message) -> None:
        """Leave an order in its place: it came before its partition was paused."""
        self._waiting_due = 0.0
        self.hold_waiting()
        self._consumer.seek(self.at(message.partition() or 0, message.offset() or 0))

    # --- what is told ------------------------------------------------------------------------------------------------

    def tell_lag(self) -> None:
        """Say once a second what is not yet answered; raises Hung where that was not to be had for long."""
        now = time.monotonic()
        if now < self._lag_due:
            return
        self._lag_due = now + LAG_SECONDS
        try:
            self._tell_lag(quiet=now - self._heard_at > QUIET_SECONDS)
        except KafkaException as error:  # a broker that does not answer now is waited for by the next fetch
            log.info("the lag is not known: %s", told(error))
            if now - self._known_at > STALLED_SECONDS:
                raise Hung(
                    f"the Kafka client could not say where it stands for {STALLED_SECONDS:.0f} seconds"
                ) from None
        else:
            self._known_at = now

    def _tell_lag(self, *, quiet: bool) -> None:
        """When it is quiet, the broker is asked: what the client remembers of the ends comes with records."""
        rows = self._consumer.position(self._consumer.assignment())
        unread = [TopicPartition(row.topic, row.partition) for row in rows if row.offset < 0]
        done = {}
        if unread:
            done = {row.partition: row.offset for row in self._consumer.committed(unread, timeout=LAG_CALL_SECONDS)}
        for row in rows:
            low, high = self._consumer.get_watermark_offsets(row, timeout=LAG_CALL_SECONDS, cached=not quiet)
            if high >= 0:
                answered = row.offset if row.offset >= 0 else max(low, done[row.partition])
                self._metrics.lagging(row.partition, high - answered)
