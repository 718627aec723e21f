"""The partitions of `orders` that a lane's consumer holds: which of them are read, and how far they are answered.

The group assigns partitions; which of them the client really reads is decided here. A partition is read only after its
log was checked (`runners.log_monitor`), from the position that came out of the check, and it is checked again whenever
its log may have changed: after an outage, with another leader epoch, with an offset that is not there. Nothing here
asks the broker: that is the monitor's, in a thread of its own.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from screener.errors import OperatorError
from screener.runners.clients import HOPELESS, LOG_CHANGED, ClientHungError, Received, error_text, received
from screener.runners.positions import Checkpoint, LastAnswered, Position, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confluent_kafka import Consumer, Message

    from screener.runners.log_monitor import LogMonitor
    from screener.runners.positions import Resume

log = logging.getLogger(__name__)

SETTLE_SECONDS = 5.0
"""A position that moved without an order, past the markers of transactions, is committed after so long."""
STALLED_SECONDS = 30.0


@dataclass(slots=True)
class _Reading:
    """A partition that is read.

    `answered` is the offset before which everything is answered, `delivered` that behind the last record in hand,
    `next_offset` that of the next record to come: behind markers of transactions where the client met the log's end.
    `committed` is the offset that is committed, None where there is none.
    """

    answered: int
    delivered: int
    next_offset: int
    topic_id: str
    last: LastAnswered | None
    committed: int | None
    moved_at: float = 0.0

    @property
    def position(self) -> int:
        """The next offset to answer; at the end of the log that is behind the markers of transactions."""
        return self.next_offset if self.delivered == self.answered else self.answered

    def read_from(self, offset: int) -> None:
        """Note that the client reads from an offset on, and that nothing is in hand."""
        self.answered = self.delivered = self.next_offset = offset

    def checkpoint(self) -> Checkpoint:
        """What is answered, for another check."""
        return Checkpoint(self.position, self.topic_id, self.last, committed=self.committed == self.position)


class Partitions:
    """What one consumer holds of `orders`; for the thread that consumes, but for the attributes that say otherwise."""

    def __init__(self, consumer: Consumer, monitor: LogMonitor, orders: str) -> None:
        """Take the client, the one who checks logs, and the name of the topic with orders."""
        self._consumer = consumer
        self._monitor = monitor
        self._orders = orders
        self._reading: dict[int, _Reading] = {}
        self._suspected: set[int] = set()
        self._epochs: dict[int, int] = {}
        self._resumes: dict[int, tuple[Checkpoint, Resume]] = {}
        self._heard_at = time.monotonic()
        self.joined = False
        """Whether partitions were ever assigned; `assigned`: whether they are now. For other threads, too."""
        self.assigned = False
        self.numbers: frozenset[int] = frozenset()
        """The partitions that are held, for other threads to read."""
        self.revoked = False

    def join(self) -> None:
        """Take part in the group."""
        self._consumer.subscribe([self._orders], on_assign=self._on_assign, on_revoke=self._on_revoke)

    @property
    def topic_id(self) -> str:
        """The id of the topic that is read; "" where none is, or where partitions were read from different ones."""
        topic_ids = {row.topic_id for row in self._reading.values()}
        return topic_ids.pop() if len(topic_ids) == 1 else ""

    # --- records -----------------------------------------------------------------------------------------------------

    def receive(self, count: int, seconds: float) -> list[Received]:
        """Wait for records, at most so many; raises KafkaException where the client can't go on.

        Records that come after a sign that their partition's log may have changed are left out: they come again once
        it was checked, which `update` has done when nothing is in hand.
        """
        messages = self._consumer.consume(count, seconds)
        records = [record for record in map(self._record, messages) if record is not None]
        while messages and not records and not self.revoked:  # only ends of partitions: there may be records behind
            messages = self._consumer.consume(count, 0.0)
            records = [record for record in map(self._record, messages) if record is not None]
        if records:
            self._heard_at = time.monotonic()
        return records

    def _record(self, message: Message) -> Received | None:
        """The order of a message; None where it is none, or belongs to a partition that must be checked."""
        error, number = message.error(), message.partition() or 0
        reading = self._reading.get(number)
        if error is not None:
            self._hear(error, number, message.offset())
            return None
        if reading is None or number in self._suspected:
            return None
        epoch = message.leader_epoch()
        if epoch is not None and self._epochs.setdefault(number, epoch) != epoch:
            self._epochs[number] = epoch
            self._suspected.add(number)
            return None
        record = received(message)
        reading.delivered = reading.next_offset = record.source[1] + 1
        return record

    def _hear(self, error: KafkaError, number: int, offset: int | None) -> None:
        """Take an error that came instead of a record."""
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
            self._reach_end(number, offset or 0)
        elif error.code() in LOG_CHANGED:
            log.warning("%s[%d] is checked: %s", self._orders, number, error.str(), extra={"seldom": True})
            self.suspect([number] if number in self._reading else self._reading)
        elif error.fatal() or error.code() in HOPELESS:
            raise KafkaException(error)
        else:
            log.warning("consumer: %s", error.str(), extra={"seldom": True})

    def _reach_end(self, number: int, offset: int) -> None:
        """Note the end of a partition's log; not where records before it were left out."""
        reading = self._reading.get(number)
        if reading is not None and number not in self._suspected:
            reading.next_offset = offset
            reading.moved_at = time.monotonic()
            self._publish()

    def rewind(self) -> None:
        """Read again what was delivered and is not answered, as far as its partitions are still held."""
        for number, reading in self._reading.items():
            if reading.delivered != reading.answered and number not in self._suspected:
                self._seek(number, reading.answered)
                reading.read_from(reading.answered)

    def _seek(self, number: int, offset: int) -> None:
        try:
            self._consumer.seek(TopicPartition(self._orders, number, offset))
        except KafkaException as error:  # its topic may be gone just now
            log.warning("%s[%d] is checked: %s", self._orders, number, error_text(error), extra={"seldom": True})
            self._suspected.add(number)

    # --- positions ---------------------------------------------------------------------------------------------------

    def offsets_of(self, records: Sequence[Received]) -> list[TopicPartition]:
        """The offsets to commit with the decisions on some records, in the order in which they came."""
        return [self._offset(number, self._after(record)) for number, record in _last_of_each(records).items()]

    def answer(self, records: Sequence[Received]) -> None:
        """Note that decisions on some records are committed, with the offsets behind them."""
        for number, record in _last_of_each(records).items():
            if reading := self._reading.get(number):
                reading.answered = reading.committed = record.source[1] + 1
                reading.last = self._after(record).last
        self._publish()

    def _after(self, record: Received) -> Checkpoint:
        number, offset = record.source
        last = LastAnswered(offset, fingerprint(record.timestamp_ms, record.key, record.value))
        reading = self._reading.get(number)
        return Checkpoint(offset + 1, reading.topic_id if reading else "", last)

    def unsettled(self) -> list[TopicPartition]:
        """The offsets to commit of partitions whose position moved without an order, a while ago."""
        due = time.monotonic() - SETTLE_SECONDS
        return [
            self._offset(number, row.checkpoint())
            for number, row in self._reading.items()
            if row.position != row.committed and row.delivered == row.answered and row.moved_at < due
        ]

    def settle(self, offsets: Iterable[TopicPartition]) -> None:
        """Note that these offsets are committed."""
        for row in offsets:
            if reading := self._reading.get(row.partition):
                reading.committed = row.offset

    def _offset(self, number: int, checkpoint: Checkpoint) -> TopicPartition:
        return TopicPartition(self._orders, number, checkpoint.offset, checkpoint.metadata())

    # --- what is read ------------------------------------------------------------------------------------------------

    def suspect(self, numbers: Iterable[int] | None = None) -> None:
        """Have partitions checked before they are read on; all that are read without any."""
        self._suspected.update(self._reading if numbers is None else self._reading.keys() & set(numbers))

    def update(self) -> None:
        """Hand suspected partitions to the monitor, and read those whose check is over; nothing may be in hand.

        Raises OperatorError where the topics do not fit together, or may not be read.
        """
        self.suspect(self._monitor.suspects())
        suspected = {number: self._reading.pop(number) for number in self._suspected if number in self._reading}
        self._suspected.clear()
        if suspected:
            self._monitor.check({number: row.checkpoint() for number, row in suspected.items()})
        checks = self._monitor.results()
        for check in checks:
            if check.fault:
                raise OperatorError(check.fault)
            if check.resume is not None and isinstance(check.position, Checkpoint):
                self._resumes[check.partition] = (check.position, check.resume)
            elif isinstance(check.position, Checkpoint):
                self._begin(check.partition, check.position)
        if suspected or checks:
            self._read()

    def _begin(self, number: int, checkpoint: Checkpoint) -> None:
        offset, committed = checkpoint.offset, checkpoint.offset if checkpoint.committed else None
        if number in self.numbers:
            self._reading[number] = _Reading(
                offset, offset, offset, checkpoint.topic_id, checkpoint.last, committed, moved_at=time.monotonic()
            )

    def resume_next(self) -> tuple[TopicPartition, Resume] | None:
        """The offset to commit for a paused partition that an operator lets go on, and the instruction that says so."""
        for number, (checkpoint, resume) in self._resumes.items():
            return self._offset(number, checkpoint), resume
        return None

    def keep_paused(self, number: int) -> None:
        """Leave a partition paused whose new position could not be committed."""
        del self._resumes[number]
        self._monitor.keep_paused(number)

    def resume(self, offset: TopicPartition) -> None:
        """Read a paused partition from an offset on that is committed now."""
        checkpoint, _ = self._resumes.pop(offset.partition)
        self._monitor.check({offset.partition: checkpoint._replace(committed=True)})

    def _read(self) -> None:
        """Have the client read the partitions that may be read, each from the first offset that is not answered."""
        if not self.assigned:
            return
        for row in self._reading.values():
            row.read_from(row.position)
        self._consumer.assign([TopicPartition(self._orders, at, row.position) for at, row in self._reading.items()])
        self._publish()

    def _publish(self) -> None:
        self._monitor.positions = {
            number: Position(row.position, row.topic_id) for number, row in self._reading.items()
        }

    # --- what comes and goes -----------------------------------------------------------------------------------------

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.numbers = frozenset(row.partition for row in partitions)
        self._forget()
        consumer.assign([])
        self.joined = self.assigned = True
        self._heard_at = time.monotonic()
        self._monitor.assign(self.numbers)
        log.info("assigned %s", sorted(self.numbers))

    def _on_revoke(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self.revoked, self.assigned, self.numbers = True, False, frozenset()
        self._forget()
        self._monitor.revoke()
        log.info("partitions revoked")

    def _forget(self) -> None:
        self._reading.clear()
        self._suspected.clear()
        self._resumes.clear()
        self._epochs.clear()

    def check_stall(self) -> None:
        """Raise ClientHungError where the client has given nothing for long, though the broker has records for it."""
        now = time.monotonic()
        if now - self._heard_at < STALLED_SECONDS:
            return
        behind = self._monitor.behind_for()
        if behind > STALLED_SECONDS:
            raise ClientHungError(
                f"the Kafka client has given no record for {STALLED_SECONDS:.0f} seconds, though there are some"
            )


def _last_of_each(records: Iterable[Received]) -> dict[int, Received]:
    """The last record of each partition."""
    return {record.source[0]: record for record in records}
