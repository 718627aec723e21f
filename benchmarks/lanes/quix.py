"""Quix Streams with the same core, exactly once; runs in an environment of its own (requirements/quix.txt)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from quixstreams import Application

from benchmarks.lanes import (
    BATCH_ORDERS,
    BATCH_SECONDS,
    COMPRESSION,
    LINGER_MS,
    OUTPUT_BYTES_MAX,
    RETRY_BACKOFF_MS,
    arguments,
)
from screener.core import screen
from screener.runners.days import TermsOf

if TYPE_CHECKING:
    from screener.model import Decision

run = arguments()
if run.held is None:
    sys.exit("expected a snapshot")
held = run.held
terms_of = TermsOf(run.settings)
app = Application(
    broker_address=run.settings.bootstrap_servers,
    consumer_group=run.settings.group,
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    commit_every=BATCH_ORDERS,
    commit_interval=BATCH_SECONDS,
    consumer_extra_config={"isolation.level": "read_committed"},
    producer_extra_config={
        "compression.type": COMPRESSION,
        "linger.ms": LINGER_MS,
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        "message.max.bytes": OUTPUT_BYTES_MAX,
        "transaction.timeout.ms": 10_000,
    },
    auto_create_topics=False,
    use_changelog_topics=False,
    loglevel="WARNING",
)
orders = app.topic(run.orders, value_deserializer="bytes", key_deserializer="bytes")
outputs = {
    outcome: app.topic(name, value_serializer="bytes", key_serializer="bytes") for outcome, name in run.outputs.items()
}


def decide(value: bytes, key: bytes, timestamp_ms: int, _headers: Any) -> Decision:  # noqa: ANN401
    """Screen an order."""
    return screen(value, held, terms_of(timestamp_ms), key)


chosen: dict[str, Any] = {}


def value_of(decision: Decision) -> bytes:
    """What goes to the topic."""
    chosen["topic"] = outputs[decision.outcome]
    return decision.value


def topic_of(*_record: object) -> Any:  # noqa: ANN401
    """Where it goes: where the decision in hand belongs."""
    return chosen["topic"]


frame = app.dataframe(orders)
frame = frame.apply(decide, metadata=True).apply(value_of)
frame.to_topic(topic_of)
app.run()
