"""Ordeals of the log that orders stand in: re-created, restored shorter, cut off, and records that no client can read.

Each counts: every order that is in the log now has one decision, or its partition is paused and reported.
"""

from __future__ import annotations

import ctypes
import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import confluent_kafka
import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from screener.runners import offsets
from screener.settings import Cluster
from tests.integration.kafka import WAIT_SECONDS, Worker, outputs, publish, reading
from tests.integration.ordeals import Place, Publisher, good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PAUSED = "screener_partitions_paused"
LOG_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}


class Accounted(NamedTuple):
    """What became of the orders that are in the log now.

    `silent` are orders without a decision in a partition that nobody reports as paused; `repeated` have several
    decisions with one topic id; `reported` are without a decision in a partition that is reported as paused.
    """

    orders: int
    answered: int
    reported: int
    silent: int
    repeated: int
    paused: dict[str, str]

    @property
    def exact(self) -> bool:
        """No order is lost or repeated silently."""
        return not self.silent and not self.repeated and self.answered + self.reported == self.orders


def topic_id(bootstrap: str, topic: str) -> str:
    """Kafka's id of a topic."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    return str(admin.describe_topics(TopicCollection([topic]))[topic].result(30).topic_id)


def recreate(bootstrap: str, topic: str, partitions: int, config: dict[str, str] | None = None) -> None:
    """Delete a topic and create it again at once."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([topic])[topic].result(30)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        wish = NewTopic(topic, partitions, 1, config=LOG_APPEND_TIME if config is None else config)
        try:
            admin.create_topics([wish])[topic].result(30)
        except confluent_kafka.KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def log_of(bootstrap: str, topic: str) -> list[tuple[int, int, bytes | None]]:
    """Partition, offset and key of every record that is in a topic now."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "unused", "enable.partition.eof": True}
    consumer = Consumer(settings | {"isolation.level": "read_committed"})
    try:
        waiting = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in waiting])
        records = []
        deadline = time.monotonic() + WAIT_SECONDS
        while waiting and time.monotonic() < deadline:
            for message in consumer.consume(500, 0.2):
                if message.error() is None:
                    records.append((message.partition() or 0, message.offset() or 0, message.key()))
                else:
                    waiting.discard(message.partition())
        assert not waiting, f"{topic} can't be read"
        return records
    finally:
        consumer.close()


def paused_of(workers: Iterable[Worker]) -> dict[str, str]:
    """The partitions that workers report as paused, with the reason."""
    paused = {}
    for worker in workers:
        for line in worker.get("/metrics")[1].splitlines():
            if line.startswith(PAUSED + "{") and line.endswith(" 1.0"):
                labels = dict(part.split("=") for part in line[len(PAUSED) + 1 : line.index("}")].split(","))
                paused[labels["partition"].strip('"')] = labels["reason"].strip('"')
    return paused


def account(bootstrap: str, prefix: str, workers: list[Worker]) -> Accounted:
    """Count decisions on the orders that are in the log now, once nothing moves any more."""
    topic = f"{prefix}orders"
    current = topic_id(bootstrap, topic)
    log = log_of(bootstrap, topic)
    places = {(f"{topic}[{number}]@{offset}", key) for number, offset, key in log}

    def decided(reader: Any) -> Counter[tuple[str, bytes | None]]:
        return Counter(
            (record.source, record.key)
            for record in reader.found
            if record.headers["screener-topic-id"] == current and (record.source, record.key) in places
        )

    def unanswered(paused: dict[str, str]) -> int:
        missing = places - decided(reader).keys()
        return sum(source.rpartition("[")[2].partition("]")[0] not in paused for source, _ in missing)

    with reading(bootstrap, outputs(prefix)) as reader:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            reader.read(0.5)
            if not unanswered(paused_of(workers)):
                break
        reader.read_until(len(reader.found) + 1, 3.0)  # one too many would show
        counts, paused = decided(reader), paused_of(workers)
    silent = unanswered(paused)
    reported = len(places) - len(counts) - silent
    return Accounted(len(places), len(counts), reported, silent, sum(n > 1 for n in counts.values()), paused)


# --- surgery on a log ------------------------------------------------------------------------------------------------


def partition_folders(place: Place) -> list[Path]:
    """The broker's folders of the partitions of `orders`."""
    return sorted((place.folder / "broker" / "data").glob("orders-[0-9]*"))


def back_up(place: Place) -> Path:
    """Copy the log of `orders`, while the broker is down."""
    kept = place.folder / "kept"
    for folder in partition_folders(place):
        shutil.copytree(folder, kept / folder.name)
    return kept


def restore(place: Place, kept: Path) -> None:
    """Put the copy in place of the log, while the broker is down."""
    for folder in partition_folders(place):
        shutil.rmtree(folder)
        shutil.copytree(kept / folder.name, folder)


def recreated(place: Place, orders: int, rate: float = 1e9) -> tuple[Accounted, Accounted]:
    """`orders` is deleted and created again while orders stream in and a worker answers them.

    The first account is of the new topic while its partitions are paused, the second one after they were resumed.
    """
    worker = place.worker(0)
    worker.start().wait_ready()
    try:
        _send(place, range(orders))
        wait_answered(place, orders)
        publisher = Publisher(place.bootstrap, 3 * orders, rate, good)
        publisher.start()
        wait_answered(place, orders + orders // 2)
        recreate(place.bootstrap, "orders", place.partitions)
        publisher.wait()
        _send(place, range(orders))
        numbers = {str(number) for number in range(place.partitions)}
        wait_until(lambda: paused_of([worker]).keys() == numbers, "all partitions are paused")
        first = account(place.bootstrap, "", [worker])
        for number in range(place.partitions):
            offsets.resume(Cluster(place.bootstrap), "", "screener", number, "earliest")
        wait_until(lambda: not paused_of([worker]), "all partitions go on")
        return first, account(place.bootstrap, "", [worker])
    finally:
        worker.kill()


def restored_shorter(place: Place, orders: int, *, running: bool) -> Accounted:
    """The log comes back from a copy that lacks its last orders, and new ones follow; the worker runs on or starts."""
    worker = place.worker(0)
    worker.start().wait_ready()
    try:
        _send(place, range(orders))
        wait_answered(place, orders)
        place.stop_broker()
        kept = back_up(place)
        place.start_broker()
        _send(place, range(orders, 2 * orders))
        wait_answered(place, 2 * orders)
        if not running:
            worker.stop()
        place.stop_broker()
        restore(place, kept)
        place.start_broker()
        _send(place, range(2 * orders, 4 * orders))
        if not running:
            worker.start()
        return account(place.bootstrap, "", [worker])
    finally:
        worker.kill()


def _send(place: Place, numbers: range) -> None:
    publish(place.bootstrap, "orders", [good(number) for number in numbers])


def wait_answered(place: Place, decisions: int) -> None:
    """Wait until so many decisions are there."""
    with reading(place.bootstrap, outputs("")) as reader:
        wait_until(lambda: len(reader.read()) >= decisions, f"{decisions} decisions")


# --- headers that the client can't read ------------------------------------------------------------------------------

_STRING = ctypes.c_char_p


class PoisonProducer:
    """Produces records with header names that are no UTF-8, as clients in C++ or Go can: through librdkafka itself."""

    def __init__(self, bootstrap: str) -> None:
        self._library = ctypes.CDLL(_librdkafka())
        library = self._library
        library.rd_kafka_conf_new.restype = ctypes.c_void_p
        library.rd_kafka_new.restype = ctypes.c_void_p
        library.rd_kafka_topic_new.restype = ctypes.c_void_p
        library.rd_kafka_headers_new.restype = ctypes.c_void_p
        library.rd_kafka_headers_new.argtypes = [ctypes.c_size_t]
        library.rd_kafka_header_add.argtypes = [
            ctypes.c_void_p, _STRING, ctypes.c_ssize_t, _STRING, ctypes.c_ssize_t
        ]  # fmt: skip
        configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
        error = ctypes.create_string_buffer(512)
        library.rd_kafka_conf_set(configuration, b"bootstrap.servers", bootstrap.encode(), error, 512)
        self._client = ctypes.c_void_p(library.rd_kafka_new(0, configuration, error, 512))
        assert self._client.value, error.value

    def produce(self, topic: str, key: bytes, value: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """Produce one record with these headers."""
        library = self._library
        made = ctypes.c_void_p(library.rd_kafka_headers_new(len(headers)))
        for name, content in headers:
            library.rd_kafka_header_add(made, name, len(name), content, len(content))
        # The variable arguments of rd_kafka_producev: type, value(s), ..., 0 for the end.
        topic_, value_, key_, flags_, headers_ = 1, 4, 5, 7, 10
        arguments = [
            ctypes.c_int(topic_), ctypes.c_char_p(topic.encode()),
            ctypes.c_int(value_), ctypes.c_char_p(value), ctypes.c_size_t(len(value)),
            ctypes.c_int(key_), ctypes.c_char_p(key), ctypes.c_size_t(len(key)),
            ctypes.c_int(flags_), ctypes.c_int(2),  # the client copies the value
            ctypes.c_int(headers_), made,
            ctypes.c_int(0),
        ]  # fmt: skip
        while library.rd_kafka_producev(self._client, *arguments):
            library.rd_kafka_poll(self._client, 100)

    def flush(self) -> None:
        """Wait until the broker has all of them."""
        self._library.rd_kafka_flush(self._client, int(WAIT_SECONDS * 1_000))
        assert self._library.rd_kafka_outq_len(self._client) == 0


def _librdkafka() -> str:
    """The client library that the Python client has loaded."""
    assert Producer
    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123
        return next(line.split()[-1] for line in maps if "librdkafka" in line)


def poison_headers(place: Place, orders: int, every: int) -> Accounted:
    """Among good orders, some whose headers no Python client can read."""
    worker = place.worker(0)
    worker.start().wait_ready()
    poison = PoisonProducer(place.bootstrap)
    publisher = Publisher(place.bootstrap, orders, 1e9, good)
    try:
        publisher.start()
        for number in range(0, orders, every):
            key, value = good(orders + number)
            poison.produce("orders", key, value, [(b"\xff\xfe", b"1"), (b"traceparent", b"x")])
        poison.flush()
        publisher.wait()
        seen = account(place.bootstrap, "", [worker])
        assert worker.popen is not None
        assert worker.popen.poll() is None, "the worker ended"
        assert worker.metric("screener_headers_unreadable_total") == len(range(0, orders, every))
        return seen
    finally:
        worker.kill()


def wait_until(seen: Callable[[], bool], what: str) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def report_of(worker: Worker) -> dict[str, Any]:
    """What /ready says, with its status."""
    status, page = worker.get("/ready")
    return {"status": status, **(orjson.loads(page) if page else {})}
