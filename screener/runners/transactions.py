"""The transactions of a lane: decisions out and positions in `orders` in, visible together or not at all.

A commit is made only where `orders` is still the topic that the records came from (`runners.topic_identity`). Calls
that may be repeated are, after a passing fault, for a while; a call that does not come back is left behind.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException

from screener.runners.clients import TimeLimitedCall

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from confluent_kafka import Consumer, Producer, TopicPartition

    from screener.runners.clients import Headers
    from screener.runners.topic_identity import TopicIdentity

CALL_SECONDS_MAX = 5.0
HUNG_SECONDS = 2 * CALL_SECONDS_MAX
COMMIT_SECONDS_MAX = 60.0
ABORT_SECONDS_MAX = 30.0


class TopicRecreatedError(Exception):
    """The records of a batch may be of another topic than the one whose positions would be committed."""


class Transactions:
    """One transaction after the other, of one producer; for the thread that consumes."""

    def __init__(
        self,
        producer: Producer,
        consumer: Consumer,
        identity: TopicIdentity,
        stopping: threading.Event,
        beat: Callable[[], None],
    ) -> None:
        """Take the clients; `beat` is called before each call that may take long."""
        self._producer, self._consumer = producer, consumer
        self._identity, self._stopping, self._beat = identity, stopping, beat
        self._limited = TimeLimitedCall()
        self._question = 0

    def begin(self) -> None:
        """Begin a transaction; what it will commit was read before."""
        self._question = self._identity.ask()
        self._producer.begin_transaction()

    def produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int, headers: Headers) -> None:
        """Produce a record, waiting while the client's queue is full."""
        while True:
            try:
                self._producer.produce(topic, value, key, partition, headers=headers)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def commit(self, offsets: list[TopicPartition], topic_id: str) -> None:
        """Commit with positions in `orders`; raises TopicRecreatedError where it has another id, or KafkaException."""
        metadata = self._consumer.consumer_group_metadata()
        deadline = time.monotonic() + COMMIT_SECONDS_MAX
        send = partial(self._producer.send_offsets_to_transaction, offsets, metadata, CALL_SECONDS_MAX)
        self._repeat(lambda: self._limited(send, HUNG_SECONDS), deadline)
        self._repeat(partial(self._confirm, topic_id), deadline)
        self._repeat(lambda: self._producer.commit_transaction(CALL_SECONDS_MAX), deadline)

    def abort(self) -> None:
        """Take back what was produced since `begin`."""
        self._producer.abort_transaction(ABORT_SECONDS_MAX)

    def end(self) -> None:
        """End the thread of calls."""
        self._limited.end()

    def _confirm(self, topic_id: str) -> None:
        seen = self._identity.answer(self._question, CALL_SECONDS_MAX)
        if seen is None:
            unknown = KafkaError(KafkaError._TIMED_OUT, "the id of the topic of orders is not known", retriable=True)  # noqa: SLF001
            raise KafkaException(unknown)
        if seen != topic_id:
            raise TopicRecreatedError

    def _repeat(self, call: Callable[[], object], deadline: float) -> None:
        """Call again after a passing fault, until the deadline or `stop`: the successor ends what is left open."""
        while True:
            self._beat()
            try:
                call()
            except KafkaException as error:
                if not error.args[0].retriable() or self._stopping.is_set() or time.monotonic() > deadline:
                    raise
            else:
                return
