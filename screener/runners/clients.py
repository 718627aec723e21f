"""The Kafka clients of a lane: what they are set to, what their errors mean, and the records that they give."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError

from screener.runners.cluster import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confluent_kafka import KafkaException, Message

    from screener.settings import Settings

TRANSACTION_TIMEOUT_MS = 10_000
SESSION_TIMEOUT_MS = 10_000
METADATA_MS = 10_000
RETRY_BACKOFF_MS = 2
"""A transaction that follows at once waits for the markers of the last one in steps of this length; it doubles."""
POISON = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
HOPELESS = frozenset(
    {
        KafkaError._FATAL,  # noqa: SLF001  its public name; such as a consumer fenced by another of its slot
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)
LOST = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})  # noqa: SLF001  their public names

Source = tuple[int, int]  # partition, offset


Headers = list[tuple[str, str | bytes | None]]

TRACE_LENGTHS_MAX = {"traceparent": 55, "tracestate": 512}
"""W3C Trace Context: the headers by which an order is traced, and how long they may be. Baggage may be personal."""


class Received(NamedTuple):
    """An order's record, without what the client's types leave open; its decision takes on the headers in `trace`."""

    source: Source
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    trace: Headers


def received(message: Message) -> Received:
    """The order's record of a message that is no error."""
    source = (message.partition() or 0, message.offset() or 0)
    headers = message.headers()
    trace = _trace_of(dict(headers)) if headers else []
    return Received(source, message.timestamp()[1], message.key(), message.value(), trace)


def _trace_of(headers: Mapping[str, str | bytes | None]) -> Headers:
    """The headers of a trace, as far as they are of a trace's form."""
    found = ((name, headers.get(name), most) for name, most in TRACE_LENGTHS_MAX.items())
    return [(name, value) for name, value, most in found if value and len(value) <= most]


def producer_settings(
    settings: Settings, output_bytes_max: int, on_delivery: Callable[..., None], on_error: Callable[[KafkaError], None]
) -> dict[str, Any]:
    """The transactional producer of a slot; `on_delivery` hears of records that were not delivered only."""
    return {
        **connection(settings),
        "client.id": settings.transactional_id,
        "transactional.id": settings.transactional_id,
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
        "message.max.bytes": output_bytes_max,
        "compression.type": "lz4",
        "linger.ms": 1,
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "delivery.report.only.error": True,
        "on_delivery": on_delivery,
        "error_cb": on_error,
    }


def consumer_settings(settings: Settings, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """The consumer of a slot, a static member of the group."""
    return {
        **connection(settings),
        "client.id": settings.transactional_id,
        "group.id": f"{settings.topic_prefix}{settings.group}{'-shadow' * settings.shadow}",
        "group.instance.id": settings.transactional_id,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "enable.auto.commit": False,
        "error_cb": on_error,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 8_192,
        "fetch.message.max.bytes": 1_048_588,
    }


class Hung(Exception):  # noqa: N818  said of the client
    """A call of the client did not come back; the client is of no more use."""


class Bounded:
    """Makes calls in a thread of its own, and leaves behind one that does not come back.

    `send_offsets_to_transaction` does not keep to its timeout: where the group's coordinator went away meanwhile, it
    may wait for ever (librdkafka's issues 5456 and 5511, open in 2.16).
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        threading.Thread(target=self._serve, name="bounded", daemon=True).start()

    def __call__(self, call: Callable[[], object], seconds: float) -> None:
        """Make one call; raises what it raises, and Hung after `seconds`. After that make no other."""
        self._calls.put(call)
        try:
            error = self._ends.get(timeout=seconds)
        except Empty:
            raise Hung(f"the Kafka client did not come back from a call for {seconds:.0f} seconds") from None
        if error is not None:
            raise error

    def end(self) -> None:
        """End the thread, after the call that it is in."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            error: BaseException | None = None
            try:
                call()
            except BaseException as raised:  # noqa: BLE001  the caller's to deal with
                error = raised
            self._ends.put(error)


def told(error: KafkaException | Hung) -> str:
    """An error of the client in words."""
    fault = error.args[0]
    if isinstance(fault, KafkaError) and "fenced" in fault.str().lower():
        return (
            "another worker runs in this slot of the group (give each worker a --slot of its own), or a transaction"
            f" was open for more than {TRANSACTION_TIMEOUT_MS // 1_000} seconds"
        )
    return f"{fault.name()}: {fault.str()}" if isinstance(fault, KafkaError) else str(error)
