"""Hands for the integration tests: publish orders, read what was committed, run real workers, kill them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError

import orjson
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Producer,
    TopicPartition,
)

from screener import settings
from screener.runners import topics
from screener.runners.children import free_port, unset
from screener.runners.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from screener.lists import build
    from screener.runners.metrics import Metrics

WAIT_SECONDS = 60.0
LOG_CHARACTERS_SHOWN = 6_000
CLEAN = {"parties": [{"role": "end_user", "name": "Maple Ridge Instruments Ltd."}]}
LISTED = {"parties": [{"role": "end_user", "name": "Huawei Technologies Co., Ltd."}]}


class Decided(NamedTuple):
    """One record of an outgoing topic."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: dict[str, str]

    @property
    def decision(self) -> dict[str, Any]:
        return orjson.loads(self.value)  # type: ignore[no-any-return]

    @property
    def source(self) -> str:
        return self.headers["screener-source"]


def publish(bootstrap: str, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    """Publish (key, value) pairs and wait until the broker has them all."""
    failures: list[str] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "message.max.bytes": 3_000_000})
    for key, value in records:
        while True:
            try:
                producer.produce(
                    topic, value, key, on_delivery=lambda error, _: failures.append(error.str()) if error else None
                )
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush(WAIT_SECONDS)
    if failures:
        raise AssertionError(f"{len(failures)} not taken: {failures[0]}")


def order(order_id: str, body: dict[str, Any] = CLEAN) -> tuple[bytes, bytes]:
    """The key and value of an order."""
    return order_id.encode(), orjson.dumps({"order_id": order_id, **body})


def orders_of(numbers: Iterable[int]) -> list[tuple[bytes | None, bytes | None]]:
    """Orders of these numbers."""
    return [order(f"O-{number}") for number in numbers]


def outputs(prefix: str, *, shadow: bool = False) -> list[str]:
    """The names of the topics that decisions go to."""
    return [topic.name for topic in topics.load(prefix) if topic.role == ("shadow" if shadow else "out")]


class Reader:
    """Reads all committed records of some topics from the beginning."""

    def __init__(self, bootstrap: str, names: list[str]) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "unused", "isolation.level": "read_committed"}
        )
        found = self._consumer.list_topics(timeout=10).topics
        self._consumer.assign(
            [TopicPartition(name, number, OFFSET_BEGINNING) for name in names for number in found[name].partitions]
        )
        self.found: list[Decided] = []

    def read(self, seconds: float = 0.2) -> list[Decided]:
        """Take what is there; all records read so far."""
        for record in self._consumer.consume(2_000, seconds):
            if record.error():
                raise KafkaException(record.error())
            headers = {name: (value or b"").decode() for name, value in record.headers() or []}
            self.found.append(Decided(record.topic(), record.partition(), record.key(), record.value(), headers))
        return self.found

    def read_until(self, count: int, seconds: float = WAIT_SECONDS) -> list[Decided]:
        """Read until `count` records were seen, then a moment longer: one too many would show."""
        deadline = time.monotonic() + seconds
        while len(self.read()) < count and time.monotonic() < deadline:
            pass
        for _ in range(3):
            self.read(0.3)
        return self.found

    def close(self) -> None:
        self._consumer.close()


@contextlib.contextmanager
def reading(bootstrap: str, names: list[str]) -> Iterator[Reader]:
    """A reader that is closed again."""
    reader = Reader(bootstrap, names)
    try:
        yield reader
    finally:
        reader.close()


def value_of(page: str, line: str) -> float:
    """The value of a metric on a page, named with its labels; 0 where there is none."""
    for found in page.splitlines():
        name, _, value = found.rpartition(" ")
        if name == line:
            return float(value)
    return 0.0


@dataclass
class Worker:
    """A real worker, or another command that serves, in a process of its own; `log` is where it writes."""

    bootstrap: str
    prefix: str
    log: Path
    options: list[str] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    command: tuple[str, ...] = ("worker",)
    program: tuple[str, ...] = ("-m", "screener")
    environment: dict[str, str] = field(default_factory=dict)
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> Worker:
        """Start it, and don't wait."""
        options = ["--bootstrap-servers", self.bootstrap, "--topic-prefix", self.prefix]
        options += ["--metrics-host", "127.0.0.1", "--metrics-port", str(self.port), *self.options]
        with self.log.open("ab") as log:
            command = [sys.executable, *self.program, *self.command, *options]
            self.popen = subprocess.Popen(command, stdout=log, stderr=log, env=unset() | self.environment)
        return self

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of its web server; (0, "") while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self) -> Worker:
        """Wait until /ready says so; AssertionError with the log when it doesn't."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and self.popen and self.popen.poll() is None:
            if self.get("/ready")[0] == 200:
                return self
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.get('/ready')}\n{self.log.read_text()[-3000:]}")

    def metric(self, line: str) -> float:
        """The value of a metric, named with its labels; 0 where there is none."""
        return value_of(self.get("/metrics")[1], line)

    def kill(self) -> None:
        """SIGKILL, by its own process id."""
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self.popen is not None
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(WAIT_SECONDS)

    def wait_end(self) -> int:
        """Its exit status, when it ends by itself."""
        assert self.popen is not None
        return self.popen.wait(WAIT_SECONDS)


@contextlib.contextmanager
def running(worker: Worker) -> Iterator[Worker]:
    """A worker that is ready, and ended whatever happens; where the test fails, what it logged is shown."""
    try:
        yield worker.start().wait_ready()
    except BaseException:
        print(worker.log.read_text(errors="replace")[-LOG_CHARACTERS_SHOWN:])
        raise
    finally:
        if worker.popen is not None and worker.popen.poll() is None:
            worker.kill()


@contextlib.contextmanager
def in_process(broker: str, prefix: str, sample: build.Built, metrics: Metrics, slot: int = 0) -> Iterator[Lane]:
    """A lane in a thread of the test, ended whatever happens."""
    lane = Lane(settings.Settings(broker, topic_prefix=prefix, slot=slot), lambda: sample.snapshot, metrics)
    thread = threading.Thread(target=lane.run, daemon=True)
    thread.start()
    try:
        yield lane
    finally:
        lane.stop()
        thread.join()


class Group:
    """What a consumer group has acknowledged of a topic, asked by a client that takes no part in it.

    A consumer asks, not the AdminClient: its `list_consumer_group_offsets` crashes now and then, when the group's
    coordinator is just starting (confluent-kafka 2.16).
    """

    def __init__(self, bootstrap: str, group: str, topic: str) -> None:
        settings = {"bootstrap.servers": bootstrap, "group.id": group, "isolation.level": "read_uncommitted"}
        self._consumer = Consumer(settings | {"log_level": 0})
        numbers = self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
        self._asked = [TopicPartition(topic, number) for number in sorted(numbers)]

    def committed(self) -> list[int]:
        """How many records of each partition are acknowledged."""
        return [max(0, row.offset) for row in self._consumer.committed(self._asked, timeout=30)]

    def close(self) -> None:
        self._consumer.close()


def committed(broker: str, prefix: str) -> list[int]:
    """How many records of each partition of `orders` the group has acknowledged."""
    with contextlib.closing(Group(broker, f"{prefix}screener", f"{prefix}orders")) as group:
        return group.committed()
