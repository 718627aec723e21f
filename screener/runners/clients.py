"""The Kafka clients of a lane: what they are set to, what their errors mean, and the records that they give."""

from __future__ import annotations

import re
import threading
import time
from operator import methodcaller
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError

from screener.runners.cluster import connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import KafkaException, Message

    from screener.settings import Settings

TRANSACTION_TIMEOUT_MS = 10_000
SESSION_TIMEOUT_MS = 10_000
METADATA_MS = 10_000
RETRY_BACKOFF_MS = 2
"""A transaction that follows at once waits for the markers of the last one in steps of this length; it doubles."""
UNDELIVERABLE_CODES = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
HOPELESS = frozenset(
    {
        KafkaError._FATAL,  # noqa: SLF001  its public name; such as a consumer fenced by another of its slot
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)
LOG_CHANGED = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001  their public names
        KafkaError._LOG_TRUNCATION,  # noqa: SLF001
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
    }
)
"""Errors of a partition after which its position is checked before it is read on."""
LOST = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})  # noqa: SLF001  their public names

Source = tuple[int, int]  # partition, offset


Headers = list[tuple[str, str | bytes | None]]

TRACESTATE_CHARACTERS_MAX = 512
TRACESTATE_MEMBERS_MAX = 32
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE_MEMBER = re.compile(
    rb"(?P<key>[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    rb"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
"""W3C Trace Context, https://www.w3.org/TR/trace-context/: the two headers by which an order is traced."""


class Received(NamedTuple):
    """An order's record, without what the client's types leave open.

    `timestamp_ms` is the record's own, `received_ms` when the broker took it, in ms since 1970. Where the topic does
    not say the broker's time, that is the worker's clock and `broker_time` is false. `trace` has the headers that the
    decision takes on; `headers_readable` is false where the client could not give the record's headers.
    """

    source: Source
    timestamp_ms: int
    received_ms: int
    broker_time: bool
    key: bytes | None
    value: bytes | None
    trace: Headers
    headers_readable: bool = True


def received(message: Message) -> Received:
    """The order's record of a message that is no error."""
    kind, timestamp_ms = message.timestamp()
    broker_time = kind == TIMESTAMP_LOG_APPEND_TIME and timestamp_ms >= 0
    headers = headers_of(message)
    return Received(
        (message.partition() or 0, message.offset() or 0),
        timestamp_ms,
        timestamp_ms if broker_time else int(time.time() * 1_000),
        broker_time,
        message.key(),
        message.value(),
        trace_of(headers) if headers else [],
        headers is not None,
    )


_call_headers = methodcaller("headers")
"""Not a plain call: after some of them CPython 3.11 leaves out the look at what an extension returned."""


def headers_of(message: Message) -> Headers | None:
    """The headers of a record; None where they can't be read. Must not be called twice on the same message.

    Where a header's name is not UTF-8, the client returns a list with a NULL in it and an exception set
    (confluent-kafka 2.16). Python makes a SystemError of that where it looks; touching the NULL ends the process.
    """
    try:
        return list(_call_headers(message) or [])
    except Exception:  # noqa: BLE001  whatever the client raises: the record itself is fine
        return None


def trace_of(headers: Headers) -> Headers:
    """The headers of a trace, as far as they are valid W3C values; a tracestate needs its traceparent."""
    parents = [value for name, value in headers if name == "traceparent"]
    states = [value for name, value in headers if name == "tracestate"]
    if len(parents) != 1 or not isinstance(parents[0], bytes) or not _TRACEPARENT.fullmatch(parents[0]):
        return []
    trace: Headers = [("traceparent", parents[0])]
    if len(states) == 1 and isinstance(states[0], bytes) and _is_tracestate(states[0]):
        trace.append(("tracestate", states[0]))
    return trace


def _is_tracestate(value: bytes) -> bool:
    if not 0 < len(value) <= TRACESTATE_CHARACTERS_MAX:
        return False
    members = [member for text in value.split(b",") if (member := text.strip(b" \t"))]
    matches = [_TRACESTATE_MEMBER.fullmatch(member) for member in members]
    keys = {match["key"] for match in matches if match}
    return 0 < len(members) == len(keys) <= TRACESTATE_MEMBERS_MAX


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
        "group.id": settings.consumer_group,
        "group.instance.id": settings.transactional_id,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "enable.auto.commit": False,
        "error_cb": on_error,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "auto.offset.reset": "error",  # where to read from is decided after the log was looked at, never by the client
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 8_192,
        "fetch.message.max.bytes": 1_048_588,
    }


class ClientHungError(Exception):
    """A call of the client did not come back; the client is of no more use."""


class TimeLimitedCall:
    """Makes calls in a thread of its own, and leaves behind one that does not come back.

    `send_offsets_to_transaction` does not keep to its timeout: where the group's coordinator went away meanwhile, it
    may wait for ever (librdkafka's issues 5456 and 5511, open in 2.16).
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        threading.Thread(target=self._serve, name="limited call", daemon=True).start()

    def __call__(self, call: Callable[[], object], seconds: float) -> None:
        """Make one call; raises what it raises, and ClientHungError after `seconds`. After that make no other."""
        self._calls.put(call)
        try:
            error = self._ends.get(timeout=seconds)
        except Empty:
            raise ClientHungError(f"the Kafka client did not come back from a call for {seconds:.0f} seconds") from None
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


def error_text(error: KafkaException | ClientHungError) -> str:
    """An error of the client in words."""
    fault = error.args[0]
    if isinstance(fault, KafkaError) and "fenced" in fault.str().lower():
        return (
            "another worker runs in this slot of the group (give each worker a --slot of its own), or a transaction"
            f" was open for more than {TRANSACTION_TIMEOUT_MS // 1_000} seconds"
        )
    return f"{fault.name()}: {fault.str()}" if isinstance(fault, KafkaError) else str(error)
