"""What orders have drawn of licenses held: the uses as records, and counting them for the next order.

A use is a record of `screener.license-usage`, written in the transaction of its decision; the last one of an order id
counts. `Ledger` is a worker's view of that log, exact where several workers draw at once: it reads what is committed
before it answers, and before a batch is committed it looks whether another worker's use of the same license stands
before the batch's own; then the batch is screened again (`contested`). The order of the log decides, so that one of two
always goes on. `screener.license-drawn` (`runners/license_sums.py`) saves reading the log from its beginning.

`Counted` counts uses where no broker is: of a file, and of the run itself. Not for deciding anything: the core does.
"""

from __future__ import annotations

import logging
import time
from collections import ChainMap
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from screener.authorizations import Drawn, Use, as_text, units
from screener.errors import OperatorError
from screener.runners import topics
from screener.runners.clients import headers_of
from screener.runners.cluster import connection
from screener.runners.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from confluent_kafka import Message

    from screener.model import Decision
    from screener.settings import Cluster

log = logging.getLogger(__name__)

READ_SECONDS_MAX = 5.0
START_SECONDS_MAX = 30.0
POLL_SECONDS = 0.5
LINE_BYTES_MAX = 65_536
PARTITION = 0
"""The log has one partition: its order is the order in which licenses are drawn."""
BATCH_HEADER = "screener-batch"
"""The header by which a worker finds the uses of one try of a batch again."""
BETWEEN = "\n"
"""Between license number and order id in keys of `screener.license-drawn`; no number has it."""


# --- records ---------------------------------------------------------------------------------------------------------


def record_of(decision: Decision, use: Use) -> bytes:
    """A use as a record's value, after `topics/schemas/license-usage.schema.json`."""
    return orjson.dumps(
        {
            "schema_version": 1,
            "license": use.license,
            "order_id": use.order_id,
            "amount": as_text(use.amount),
            "currency": use.currency,
            "decision_id": orjson.loads(decision.value)["decision_id"],
        }
    )


def use_of(value: bytes | None) -> Use | None:
    """The use that a record tells; None for what is none."""
    try:
        told = orjson.loads(value or b"")
        amount = units(told["amount"])
        texts = (told["license"], told["order_id"], told["currency"])
    except (ValueError, KeyError, TypeError):
        return None
    if amount is None or not all(isinstance(text, str) for text in texts):
        return None
    return Use(texts[0], texts[1], amount, texts[2])


class Sums:
    """What is drawn, by license and order id; the last use of an order counts."""

    def __init__(self) -> None:
        self.of_orders: dict[str, dict[str, int]] = {}
        self.totals: dict[str, int] = {}

    def add(self, number: str, order_id: str, amount: int) -> None:
        """Count a use instead of an earlier one of the order."""
        orders = self.of_orders.setdefault(number, {})
        self.totals[number] = self.totals.get(number, 0) + amount - orders.get(order_id, 0)
        orders[order_id] = amount

    def drawn(self, number: str, own: Iterable[Use] = ()) -> Drawn:
        """What is drawn of a license, with uses that are not counted yet."""
        orders, total = self.of_orders.get(number, {}), self.totals.get(number, 0)
        later: dict[str, int] = {}
        for use in own:
            if use.license == number:
                total += use.amount - later.get(use.order_id, orders.get(use.order_id, 0))
                later[use.order_id] = use.amount
        return Drawn(total, ChainMap(later, orders))


# --- without a broker ------------------------------------------------------------------------------------------------


class Counted:
    """Counts the uses that a file tells, and appends those that are new; the file need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._sums = Sums()
        try:
            self._lines = path.open("a+b")
            self._lines.seek(0)
            content = self._lines.read()
            if content and not content.endswith(b"\n"):
                self._lines.write(b"\n")
            for number, line in enumerate(_lines(content), 1):
                use = use_of(line[:LINE_BYTES_MAX])
                if use is None:
                    raise OperatorError(f"{path}:{number}: expected a use (topics/schemas/license-usage.schema.json)")
                self._sums.add(use.license, use.order_id, use.amount)
        except OSError as error:
            raise OperatorError(f"{path}: can't be read and written ({error.strerror})") from None

    def __call__(self, number: str) -> Drawn:
        """What is drawn of a license."""
        return self._sums.drawn(number)

    def keep(self, decision: Decision) -> None:
        """Count what an order draws, and write it down before its decision goes out."""
        if decision.use is not None:
            self._sums.add(decision.use.license, decision.use.order_id, decision.use.amount)
            self._lines.write(record_of(decision, decision.use) + b"\n")
            self._lines.flush()


def _lines(content: bytes) -> Iterator[bytes]:
    return (line for line in content.split(b"\n") if line.strip())


# --- on the broker ---------------------------------------------------------------------------------------------------


class _Own(NamedTuple):
    """A use of this worker's that is committed and perhaps not read back yet."""

    offset: int
    use: Use


class Ledger:
    """A worker's view of what is drawn; asked from one thread, and no client before the first question."""

    def __init__(self, cluster: Cluster, usage: str, drawn: str) -> None:
        """Take the names of the topics of uses and of sums."""
        self._cluster, self._usage, self._drawn = cluster, usage, drawn
        self._sums = Sums()
        self._committed: Consumer | None = None
        self._all: Consumer | None = None
        self._next = 0
        self._own: list[_Own] = []
        self._batch: list[Use] = []
        self._fresh: bool | None = None
        self._asked: set[str] = set()
        self._offsets: list[int] = []

    def begin(self) -> None:
        """Begin a batch: what others committed is read again when it is asked for."""
        self._batch.clear()
        self._asked.clear()
        self._offsets = []
        self._fresh = None

    def __call__(self, number: str) -> Drawn | None:
        """What is drawn of a license, the batch's own uses included; None where the log can't be read."""
        if self._fresh is None:
            self._fresh = self._refresh()
        if not self._fresh:
            return None
        self._asked.add(number)
        return self._sums.drawn(number, [*(own.use for own in self._own), *self._batch])

    def sums(self) -> Sums | None:
        """All that is drawn; None where the log can't be read."""
        return self._sums if self._refresh() else None

    def add(self, use: Use) -> None:
        """Count a use of the batch for its later orders."""
        self._batch.append(use)

    def settle(self) -> None:
        """The batch is committed: keep its uses until they are read back."""
        self._own += map(_Own, self._offsets, self._batch)
        self._batch.clear()

    def contested(self, token: bytes) -> bool:
        """Whether another worker's use, of a license that was asked for, stands before the batch's own ones.

        The batch's uses are in the log under `token` and not committed. Raises KafkaException where it can't be read.
        """
        open_ones = {use.license for use in self._batch} & self._asked
        if not open_ones:
            return False
        before = {row.offset for row in self._own}
        for offset, number, own in self._written(token):
            if own:
                self._offsets.append(offset)
                open_ones.discard(number)
            elif number in open_ones and offset not in before:
                return True
        return False

    def close(self) -> None:
        """End the clients."""
        for client in (self._committed, self._all):
            if client is not None:
                client.close()
        self._committed = self._all = None

    # --- the committed log

    def _refresh(self) -> bool:
        """Read what is committed; False where that can't be done."""
        try:
            if self._committed is None:
                self._committed = self._start()
            self._read_to_end(self._committed, self._usage, self._take, READ_SECONDS_MAX)
        except KafkaException as error:
            log.warning("what is drawn of licenses can't be read: %s", error)
            return False
        self._own = [row for row in self._own if row.offset >= self._next]
        return True

    def _start(self) -> Consumer:
        """Take the sums so far, then go to the first use that is not in them; the client that stands there."""
        client = self._client("read_committed")
        try:
            client.assign([TopicPartition(self._drawn, PARTITION, OFFSET_BEGINNING)])
            self._sums, self._next = Sums(), 0
            through = -1

            def take(record: Message) -> None:
                nonlocal through
                number, order_id, told = _sum_of(record)
                if order_id is not None:
                    self._sums.add(number, order_id, units(told) or 0)
                elif isinstance(told, dict):
                    through = max(through, int(told.get("through", -1)))

            self._read_to_end(client, self._drawn, take, START_SECONDS_MAX)
            self._next = through + 1
            low, _ = client.get_watermark_offsets(TopicPartition(self._usage, PARTITION), READ_SECONDS_MAX)
            self._next = max(self._next, low)
            client.assign([TopicPartition(self._usage, PARTITION, self._next)])
        except BaseException:
            client.close()
            raise
        return client

    def _take(self, record: Message) -> None:
        use = use_of(record.value())
        if use is None:
            log.error("%s@%s is no use of a license: passed over", self._usage, record.offset())
        else:
            self._sums.add(use.license, use.order_id, use.amount)

    def _read_to_end(self, client: Consumer, topic: str, take: Any, seconds: float) -> None:  # noqa: ANN401
        """Hand each record on until everything that was committed at the call is read."""
        partition = TopicPartition(topic, PARTITION)
        deadline = time.monotonic() + seconds
        _, end = client.get_watermark_offsets(partition, READ_SECONDS_MAX)
        at = self._next
        if at > end:  # what was drawn before is not to be had any more: orders that cite a license go to a person
            raise KafkaException(KafkaError(KafkaError._LOG_TRUNCATION, f"{topic} ends at {end}, before {at}"))  # noqa: SLF001
        while at < end:
            if time.monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{topic} is read to {at} of {end}"))  # noqa: SLF001
            record = client.poll(POLL_SECONDS)
            if record is None:
                continue
            error = record.error()
            offset = record.offset() or 0
            if error is None:
                take(record)
                at = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                at = max(at, offset)
            else:
                raise KafkaException(error)
            self._next = at

    # --- the whole log

    def _written(self, token: bytes) -> Iterator[tuple[int, str, bool]]:
        """The uses behind the committed ones up to the batch's last: offset, license, and whether it is the batch's."""
        if self._all is None:
            self._all = self._client("read_uncommitted")
        self._all.assign([TopicPartition(self._usage, PARTITION, self._next)])
        deadline = time.monotonic() + READ_SECONDS_MAX
        missing = len(self._batch)
        while missing:
            if time.monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{self._usage}: uses can't be read back"))  # noqa: SLF001
            record = self._all.poll(POLL_SECONDS)
            if record is None or record.error() is not None:
                continue
            use, own = use_of(record.value()), (BATCH_HEADER, token) in (headers_of(record) or [])
            missing -= own
            if use is not None:
                yield record.offset() or 0, use.license, own

    def _client(self, isolation: str) -> Consumer:
        """A client without a group; the client library wants a name all the same, and no offset is ever committed."""
        settings = {
            **connection(self._cluster),
            "group.id": "screener-license-use-unused",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        }
        return Consumer(settings, logger=log)


def _sum_of(record: Message) -> tuple[str, str | None, Any]:
    """A row of the sums: license, order id (None: of the license itself), and what it says."""
    try:
        number, between, order_id = orjson.loads(record.key() or b'""').partition(BETWEEN)
        told = orjson.loads(record.value() or b"null")
    except (ValueError, AttributeError):
        return "", None, None
    return number, order_id if between else None, told


def of_licenses(cluster: Cluster, topic_prefix: str) -> tuple[str, str]:
    """The names of the topics of uses and of their sums; OperatorError where they are not as topics.toml says."""
    declared = topics.load(topic_prefix)
    usage, drawn = (topics.named(declared, role).name for role in ("usage", "drawn"))
    counts = topics.check(cluster, topic_prefix, shadow=True)
    problems = [problem for problem in counts if problem.startswith((f"{usage}:", f"{drawn}:"))]
    if problems:
        raise OperatorError(f"the topics are not as topics.toml says: {'; '.join(problems)}")
    return usage, drawn


def drawn_lines(cluster: Cluster, topic_prefix: str, *, as_json: bool) -> Iterator[str]:
    """What is drawn of each license, for a person or as JSON; OperatorError where the log can't be read."""
    usage, drawn = of_licenses(cluster, topic_prefix)
    ledger = Ledger(cluster, usage, drawn)
    try:
        sums = ledger.sums()
    finally:
        ledger.close()
    if sums is None:
        raise OperatorError(f"{usage}: can't be read at {cluster.bootstrap_servers}")
    for number, total in sorted(sums.totals.items()):
        orders = sum(amount > 0 for amount in sums.of_orders[number].values())
        if as_json:
            yield orjson.dumps({"license": number, "drawn": as_text(total), "orders": orders}).decode()
        else:
            yield f"{printable(number):<24} {as_text(total):>20} drawn by {orders:,} orders"
    if not sums.totals and not as_json:
        yield "nothing is drawn of any license"
