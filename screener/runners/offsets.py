"""`screener offsets resume`: an operator says from where a paused partition of `orders` is to be read on.

The instruction is a record of `screener.workers`, bound to the topic and the reason as they are now. The worker that
holds the partition takes it back in the transaction that commits the new position, so that it counts once.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

import orjson
from confluent_kafka import KafkaException, Producer

from screener import __version__
from screener.errors import OperatorError
from screener.runners import compacted, options, topics
from screener.runners.cluster import Reached, connection, reason_of
from screener.runners.log_reader import LogNames, LogReader
from screener.runners.positions import Resume
from screener.runners.worker_reports import GROUP, OTHER_KEYS, read_reports

if TYPE_CHECKING:
    from screener.runners.positions import LogState
    from screener.settings import Cluster

DELIVERY_SECONDS_MAX = 12.0
PARTITION_MAX = 999_999

# --- instructions, for the worker ------------------------------------------------------------------------------------


def instructions(cluster: Cluster, topic: str, group: str) -> dict[int, Resume]:
    """The instructions for partitions of a group that are not carried out yet; OperatorError where none can be read."""
    rows = (resume_of(key, value, group) for key, value in compacted.latest_values(cluster, topic, GROUP).items())
    return dict(filter(None, rows))


def resume_key(group: str, partition: int) -> bytes:
    """The key of an instruction in the topic of reports."""
    return OTHER_KEYS + f"{group}/{partition}".encode()


def resume_of(key: bytes, value: bytes, group: str) -> tuple[int, Resume] | None:
    """The partition and the instruction of a record; None for a record of another kind or group."""
    number = key.rpartition(b"/")[2]
    if not number.isdigit() or len(number) > len(str(PARTITION_MAX)) or key != resume_key(group, int(number)):
        return None
    try:
        fields = orjson.loads(value)
        offset, topic_id, reason = fields["offset"], fields["topic_id"], fields["reason"]
        position = fields["position"]
    except (ValueError, KeyError, TypeError):
        return None
    numbers = type(offset) is int and (position is None or type(position) is int)
    if not numbers or not isinstance(topic_id, str) or not isinstance(reason, str):
        return None
    return int(number), Resume(key, offset, topic_id, reason, position)


# --- the command -----------------------------------------------------------------------------------------------------


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `offsets` to the commands."""
    text = "say from where a paused partition of orders is to be read on"
    actions = commands.add_parser("offsets", help=text, description=text).add_subparsers(
        dest="action", required=True, metavar="resume"
    )
    text = (
        "tell the worker that holds a paused partition, once, from where to read it on; orders before that place stay"
        " as they are, orders behind it are answered, again where they were before"
    )
    go_on = actions.add_parser("resume", help="resume a paused partition", description=text)
    go_on.add_argument("--partition", type=_partition, required=True, metavar="N", help="number of the partition")
    text = "earliest: all that is in the log; end: nothing that is in it; or an offset"
    go_on.add_argument("--from", dest="start", required=True, metavar="earliest|end|OFFSET", help=text)
    text = "group of the workers, without prefix (default: SCREENER_GROUP, else screener)"
    go_on.add_argument("--group", default=os.environ.get("SCREENER_GROUP") or "screener", help=text)
    go_on.add_argument("--shadow", action="store_true", help="the workers on trial (--shadow)")
    options.add_broker(go_on)
    go_on.set_defaults(run=_run_resume)


def _partition(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > PARTITION_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a partition")
    return int(text)


def _run_resume(namespace: argparse.Namespace) -> int:
    group = f"{namespace.group}{'-shadow' if namespace.shadow else ''}"
    cluster = options.cluster_of(namespace)
    print(resume(cluster, namespace.topic_prefix, group, namespace.partition, namespace.start))
    return 0


def resume(cluster: Cluster, topic_prefix: str, group: str, partition: int, start: str) -> str:
    """Write the instruction to read a paused partition from `start` on; a sentence of what was done.

    `start` is `earliest`, `end` or an offset. Raises OperatorError where no worker of the group reports the partition
    as paused, and for an offset that is not in the log.
    """
    declared = topics.load(topic_prefix)
    orders, reports = (topics.named(declared, role).name for role in ("in", "workers"))
    group = f"{topic_prefix}{group}"
    Reached(cluster)
    pause = _pause(cluster, reports, group, partition)
    if pause is None:
        raise OperatorError(f"{orders}[{partition}] is not paused: no running worker of the group {group} reports it")
    reader = LogReader(cluster, LogNames(orders, group))
    try:
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
        "reason": pause["reason"],
        "position": pause.get("position"),
        "screener": __version__,
    }
    _write(cluster, reports, resume_key(group, partition), orjson.dumps(value))
    skipped = f"; {offset - state.start} records before it stay as they are" if offset > state.start else ""
    return f"{orders}[{partition}] is resumed from {offset} ({pause['reason']}){skipped}"


def _pause(cluster: Cluster, topic: str, group: str, partition: int) -> dict[str, Any] | None:
    """What a worker of the group reports of a paused partition; None where none does."""
    for row in read_reports(cluster, topic).values():
        for pause in row.get("paused", ()) if row["group"] == group else ():
            if pause.get("partition") == partition and isinstance(pause.get("reason"), str):
                return dict(pause)
    return None


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
