"""`screener offsets resume`: an operator says from where a paused partition of `orders` is to be read on.

The instruction is a record of `screener.workers`, bound to the topic and the reason as they are now. The worker that
holds the partition takes it back in the transaction that commits the new position, so that it counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from confluent_kafka import KafkaException, Producer

from screener import __version__
from screener.errors import OperatorError
from screener.runners import topics
from screener.runners.cluster import Reached, connection, reason_of
from screener.runners.log_reader import LogNames, LogReader, resume_key

if TYPE_CHECKING:
    from screener.runners.positions import LogState
    from screener.settings import Cluster

DELIVERY_SECONDS_MAX = 12.0


def resume(cluster: Cluster, topic_prefix: str, group: str, partition: int, start: str) -> str:
    """Write the instruction to read a paused partition from `start` on; a sentence of what was done.

    `start` is `earliest`, `end` or an offset. Raises OperatorError where no worker of the group reports the partition
    as paused, and for an offset that is not in the log.
    """
    declared = topics.load(topic_prefix)
    orders, reports = (topics.named(declared, role).name for role in ("in", "workers"))
    group = f"{topic_prefix}{group}"
    Reached(cluster)
    reader = LogReader(cluster, LogNames(orders, (), reports, group))
    try:
        reason = reader.paused(group).get(partition)
        if reason is None:
            raise OperatorError(f"{orders}[{partition}] is not paused: no worker of the group {group} reports it")
        state = reader.log_states([partition])[partition]
    except KafkaException as error:
        raise OperatorError(f"{orders}[{partition}] can't be looked at: {reason_of(error)}") from None
    finally:
        reader.close()
    offset = _offset(start, state, f"{orders}[{partition}]")
    value = {
        "schema_version": 1,
        "offset": offset,
        "from": start,
        "topic_id": state.topic_id,
        "reason": reason,
        "screener": __version__,
    }
    _write(cluster, reports, resume_key(group, partition), orjson.dumps(value))
    skipped = f"; {offset - state.start} records before it stay as they are" if offset > state.start else ""
    return f"{orders}[{partition}] is resumed from {offset} ({reason}){skipped}"


def _offset(start: str, state: LogState, where: str) -> int:
    named = {"earliest": state.start, "end": state.end}
    if start in named:
        return named[start]
    if not start.isascii() or not start.isdigit():
        raise OperatorError(f"--from {start!r}: expected earliest, end or an offset")
    offset = int(start)
    if not state.start <= offset <= state.end:
        raise OperatorError(f"--from {offset}: expected an offset of {where}, which has {state.start} to {state.end}")
    return offset


def _write(cluster: Cluster, topic: str, key: bytes, value: bytes) -> None:
    failures: list[str] = []
    producer = Producer({**connection(cluster), "message.timeout.ms": 10_000, "log_level": 0})
    producer.produce(topic, value, key, 0, on_delivery=lambda error, _: failures.append(error.str()) if error else None)
    producer.flush(DELIVERY_SECONDS_MAX)
    if failures or len(producer):
        raise OperatorError(f"{topic}: the instruction was not taken ({'; '.join(failures) or 'no answer'})")
