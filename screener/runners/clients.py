"""The Kafka clients of a lane: what they are set to, what their errors mean, and the records that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Received(NamedTuple):
    """An order's record, without what the client's types leave open."""

    source: Source
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


def received(message: Message) -> Received:
    """The order's record of a message that is no error."""
    source = (message.partition() or 0, message.offset() or 0)
    return Received(source, message.timestamp()[1], message.key(), message.value())


def producer_settings(
    settings: Settings, output_bytes_max: int, on_delivery: Callable[..., None], on_error: Callable[[KafkaError], None]
) -> dict[str, Any]:
    """The transactional producer of a slot; `on_delivery` hears of records that were not delivered only."""
    return {
        "bootstrap.servers": settings.bootstrap_servers,
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
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": settings.transactional_id,
        "group.id": f"{settings.topic_prefix}{settings.group}{'-shadow' * settings.shadow}",
        "group.instance.id": settings.transactional_id,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "enable.auto.commit": False,
        "error_cb": on_error,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 32_768,
        "fetch.message.max.bytes": 1_048_588,
    }


def told(error: KafkaException) -> str:
    """An error of the client in words."""
    fault = error.args[0]
    if isinstance(fault, KafkaError) and "fenced" in fault.str().lower():
        return "another worker runs in this slot of the group: give each worker a --slot of its own"
    return f"{fault.name()}: {fault.str()}" if isinstance(fault, KafkaError) else str(error)
