"""Example of a gate: tells whether an order may ship, by the decisions on it. docs/consumers.md explains the rule.

    python gate.py kafka:9092 ORDER.json ...

`Gate` is the rule and does not depend on Kafka; `DecisionReader` feeds it with what is committed in the four outgoing
topics. A decision that is malformed, or whose headers are missing or can't be read, holds its order. The result depends
on the set of decisions only: they may come in any order, and any number of times.

Not included: `orders.released`, to which reviewers will release orders. That topic does not exist yet, so an order that
is blocked or under review never ships here. Nor a database: decisions are read from the beginning at each start.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from confluent_kafka import Message

OUTCOMES = {
    "orders.cleared": "clear",
    "orders.review": "review",
    "orders.blocked": "block",
    "orders.quarantine": "quarantine",
}
REFUSED_REASONS = frozenset({"CANCELLED", "SAMPLE", "ALLOW_STALE"})
UNREADABLE = "unreadable"
AGE_HOURS_MAX = 24.0
CLOCK_SKEW_MS_MAX = 60_000
"""A decision from further ahead of the gate's clock than this holds its order."""
GROUP = "order-system-answers-gate"
"""The client asks for its coordinator, so topics/access.toml allows it; it is never joined, and has no offsets."""
METADATA_MS = 5_000
"""How long the client may not know a partition that is new; its default of five minutes is too long for a gate."""
CALL_SECONDS_MAX = 10.0
READ_SECONDS_MAX = 60.0

SOURCE, TOPIC_ID, ROUND = "screener-source", "screener-topic-id", "screener-round"
TIMESTAMP = "screener-source-timestamp-ms"
_SOURCE = re.compile(rb".+\[(\d{1,9})\]@(\d{1,18})")
_NUMBER = re.compile(rb"\d{1,18}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Headers = list[tuple[str, bytes | None]]


# --- the rule --------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Which order a decision answers, and in which round. `topic_id` is empty in decisions of older versions."""

    topic_id: bytes
    partition: int
    offset: int
    timestamp_ms: int
    round: int

    @property
    def log(self) -> tuple[bytes, int] | None:
        """The log in which offsets can be compared: one partition of one topic id."""
        return (self.topic_id, self.partition) if self.topic_id else None


class Decision(NamedTuple):
    """What the gate needs of a decision. `place` is None where the headers don't give it."""

    place: Place | None
    outcome: str
    order_sha256: str = ""
    reasons: frozenset[str] = frozenset()
    decision_id: str = ""


class Verdict(NamedTuple):
    """Whether an order ships, and why not."""

    ships: bool
    reason: str


def place_of(headers: Headers | None) -> Place | None:
    """The place that headers name; None where one is missing, malformed, or there twice."""
    values: dict[str, bytes] = {}
    for name, value in headers or []:
        if name in {SOURCE, TOPIC_ID, ROUND, TIMESTAMP}:
            if name in values or not isinstance(value, bytes):
                return None
            values[name] = value
    topic_id = values.get(TOPIC_ID, b"")
    source = _SOURCE.fullmatch(values.get(SOURCE, b""))
    timestamp = _NUMBER.fullmatch(values.get(TIMESTAMP, b""))
    round_ = _NUMBER.fullmatch(values.get(ROUND, b"" if topic_id else b"0"))
    if source is None or timestamp is None or round_ is None:
        return None
    return Place(topic_id, int(source[1]), int(source[2]), int(timestamp[0]), int(round_[0]))


def is_newer(one: Decision, other: Decision) -> bool:
    """Whether one decision surely replaces the other; where neither replaces the other, both stand."""
    a, b = one.place, other.place
    if a is None or b is None:
        return False
    if a.log is None or a.log != b.log:
        return a.timestamp_ms > b.timestamp_ms
    if a.offset == b.offset:  # the same order in a later round, or another order where the log was cut off
        return (a.timestamp_ms, a.round) > (b.timestamp_ms, b.round)
    return a.offset > b.offset and a.timestamp_ms >= b.timestamp_ms


def decision_of(
    outcome: str, key: bytes | None, value: bytes | None, headers: Headers | None
) -> tuple[set[bytes], Decision]:
    """The ids of the orders that a record is about (UTF-8), and its decision; `outcome` is that of the record's topic.

    A clear decision names one order; a quarantine may name two: the record's key, and another id inside.
    """
    place = place_of(headers)
    ids = set() if key is None else {key}
    try:
        body = json.loads((value or b"").decode())
    except (ValueError, RecursionError):
        return ids, Decision(place, UNREADABLE)
    if not isinstance(body, dict):
        return ids, Decision(place, UNREADABLE)
    order_id, order_sha256, reasons = body.get("order_id"), body.get("order_sha256"), body.get("reasons")
    if isinstance(order_id, str):
        ids.add(_utf8(order_id))
    if (
        body.get("schema_version") != 1
        or body.get("outcome") != outcome
        or not isinstance(order_sha256, str)
        or not _SHA256.fullmatch(order_sha256)
        or not isinstance(reasons, list)
        or not all(isinstance(reason, str) for reason in reasons)
        or not isinstance(body.get("decision_id"), str)
        or (outcome == "clear" and not (isinstance(order_id, str) and ids == {_utf8(order_id)}))
    ):
        return ids, Decision(place, UNREADABLE)
    return ids, Decision(place, outcome, order_sha256, frozenset(reasons), body["decision_id"])


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Gate:
    """Keeps the decisions on each order and ships an order only under the newest one."""

    def __init__(self, age_ms_max: int, refused_reasons: Collection[str] = REFUSED_REASONS) -> None:
        """Take how old the answered order may be, and which reasons of a clear decision hold the order."""
        self._age_ms_max = age_ms_max
        self._refused_reasons = frozenset(refused_reasons)
        self._decisions: dict[bytes, list[Decision]] = {}

    def take(self, outcome: str, key: bytes | None, value: bytes | None, headers: Headers | None) -> set[bytes]:
        """Take a record of an outgoing topic; the ids of the orders that it is about.

        No id: the record has no key and no order id. It holds no order; one that gets no answer is held anyway.
        """
        ids, decision = decision_of(outcome, key, value, headers)
        for order_id in ids:
            decisions = self._decisions.setdefault(order_id, [])
            if decision not in decisions:
                decisions.append(decision)
                self._decisions[order_id] = [row for row in decisions if not _replaced_in_its_log(row, decisions)]
        return ids

    def standing(self, order_id: str) -> list[Decision]:
        """The newest decisions on an order: one, or several where it is not certain which is the newest."""
        decisions = self._decisions.get(_utf8(order_id), [])
        return [row for row in decisions if not any(is_newer(other, row) for other in decisions)]

    def verdict(self, order_id: str, order: bytes, now_ms: int) -> Verdict:
        """Whether these bytes of an order ship: all decisions that stand must clear them.

        `order` must be the bytes that the order system holds now, as it sent them to Kafka.
        """
        standing = self.standing(order_id)
        if not standing:
            return Verdict(ships=False, reason="there is no decision")
        order_sha256 = hashlib.sha256(order).hexdigest()
        for decision in standing:
            if reason := self._hold_reason(decision, order_sha256, now_ms):
                return Verdict(ships=False, reason=reason)
        return Verdict(ships=True, reason="clear")

    def _hold_reason(self, decision: Decision, order_sha256: str, now_ms: int) -> str:
        if decision.place is None:
            return "the headers of a decision can't be read: a person must look"
        if decision.outcome != "clear":
            return f"the newest decision is: {decision.outcome}"
        if decision.order_sha256 != order_sha256:
            return "the newest decision is on other bytes"
        if refused := decision.reasons & self._refused_reasons:
            return f"the newest decision has {', '.join(sorted(refused))}"
        age_ms = now_ms - decision.place.timestamp_ms
        return "" if -CLOCK_SKEW_MS_MAX <= age_ms <= self._age_ms_max else "the newest decision is too old"


def _replaced_in_its_log(row: Decision, decisions: Iterable[Decision]) -> bool:
    """Whether a decision can be forgotten: whatever it replaces, the newer one of the same log replaces as well."""
    return any(row.place and o.place and o.place.log == row.place.log and is_newer(o, row) for o in decisions)


# --- Kafka -----------------------------------------------------------------------------------------------------------

_call_headers = methodcaller("headers")
"""Not `message.headers()`: CPython 3.11 may miss the error of a specialized call, and the process would crash."""


def headers_of(message: Message) -> Headers | None:
    """The headers of a record; None where they can't be read: the client raises SystemError for a name not in UTF-8."""
    try:
        return list(_call_headers(message) or [])
    except Exception:  # noqa: BLE001  whatever the client raises
        return None


class DecisionReader:
    """Reads the committed decisions of all partitions into a gate, from the beginning."""

    def __init__(self, bootstrap: str, gate: Gate, prefix: str = "", login: dict[str, Any] | None = None) -> None:
        """Take where Kafka is; `login` has the settings of TLS and SASL."""
        self._gate = gate
        self._outcomes = {prefix + topic: outcome for topic, outcome in OUTCOMES.items()}
        cluster: dict[str, Any] = {"bootstrap.servers": bootstrap, **(login or {})}
        self._admin = AdminClient(cluster)
        self._consumer = Consumer(
            {
                **cluster,
                "group.id": GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "topic.metadata.refresh.interval.ms": METADATA_MS,
            }
        )
        self._topic_ids: dict[str, str] = {}
        self._next: dict[tuple[str, int], int] = {}  # the offset up to which a partition is read

    def read_to_end(self, seconds: float = READ_SECONDS_MAX) -> bool:
        """Read all that is committed now; False where that did not succeed in time: then hold everything.

        Call it before each round of verdicts. The partitions are asked for each time: `orders` may have grown.
        """
        deadline = time.monotonic() + seconds
        try:
            ends = self._committed_ends()
            while any(self._next[partition] < end for partition, end in ends.items()):
                if time.monotonic() > deadline:
                    return False
                for message in self._consumer.consume(500, 0.2):
                    self._take(message)
        except (KafkaException, TimeoutError):
            return False
        return True

    def close(self) -> None:
        """End the client."""
        self._consumer.close()

    def _committed_ends(self) -> dict[tuple[str, int], int]:
        """Where each partition ends now, open transactions excluded; partitions that are new are read from now on."""
        topics = self._admin.describe_topics(TopicCollection(list(self._outcomes)), request_timeout=CALL_SECONDS_MAX)
        ends = {}
        anew = False
        for name, future in topics.items():
            topic = future.result(CALL_SECONDS_MAX)
            for number in (partition.id for partition in topic.partitions):
                first, end = self._consumer.get_watermark_offsets(TopicPartition(name, number), CALL_SECONDS_MAX)
                ends[name, number] = end
                same = self._topic_ids.get(name, "") == str(topic.topic_id)
                if not same or not first <= self._next.get((name, number), -1) <= end:
                    self._next[name, number] = first
                    anew = True
            self._topic_ids[name] = str(topic.topic_id)
        if anew:
            self._consumer.assign([TopicPartition(*place, self._next[place] or OFFSET_BEGINNING) for place in ends])
        return ends

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
            return  # the client tries again, or the time is up
        topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        if error is None:
            self._gate.take(self._outcomes[topic], message.key(), message.value(), headers_of(message))
            offset += 1
        self._next[topic, partition] = offset


def order_id_of(order: bytes) -> str:
    """The id in an order's bytes; empty, which no order has, where there is none."""
    try:
        order_id = json.loads(order.decode())["order_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return order_id if isinstance(order_id, str) else ""


def main() -> int:
    """Say of each file of an order whether it may ship; 1 where one is held."""
    parser = argparse.ArgumentParser(description="Whether orders may ship, by the decisions on them.")
    parser.add_argument("bootstrap_servers")
    parser.add_argument("orders", nargs="+", type=Path, help="files with the bytes of one order each")
    parser.add_argument("--topic-prefix", default="")
    parser.add_argument("--age-hours", type=float, default=AGE_HOURS_MAX, help="how old an answered order may be")
    options = parser.parse_args()
    gate = Gate(int(options.age_hours * 3_600_000))
    reader = DecisionReader(options.bootstrap_servers, gate, options.topic_prefix)
    complete = reader.read_to_end()
    reader.close()
    held = 0
    for path in options.orders:
        order = path.read_bytes()
        verdict = Verdict(ships=False, reason="decisions could not be read")
        if complete:
            verdict = gate.verdict(order_id_of(order), order, int(time.time() * 1_000))  # noqa: TID251  it needs a clock
        held += not verdict.ships
        print(f"{path}: {'ship' if verdict.ships else 'hold'}: {verdict.reason}")  # noqa: T201
    return 1 if held else 0


if __name__ == "__main__":
    sys.exit(main())
