"""The worker on a real broker beside what it is compared with: throughput, cost and latency.

    python benchmarks/worker.py [--orders N] [--rounds N] [--reference DIR] [--record]

A broker of its own holds the realistic stream in `orders`. Each way reads it as a new consumer group, in a process of
its own, and its rows are timed in turn, round after round: librdkafka's pass-through, the worker, Quix Streams and a
Faust agent with the same core. Every decision is held against that of the core alone, byte for byte, before a figure
is printed. Time and processor time are taken between two commits: the first one behind half of the orders, and the
last; so starting up and meeting parties for the first time are left out. The broker runs on the same machine.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from confluent_kafka import (
    Consumer,
    Producer,
    TopicPartition,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stream, workbench
from benchmarks.lanes import COMPRESSION, LINGER_MS
from screener import broker
from screener.core import screen
from screener.lists import build, snapshot
from screener.runners import topics
from screener.runners.children import end_child, free_port, unset
from screener.runners.days import TermsOf
from screener.settings import Cluster, Settings
from tests.integration.kafka import Group

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from screener.model import Snapshot

ROOT = Path(__file__).resolve().parents[1]
ORDERS = 160_000
FAUST_ORDERS = 40_000
ROUNDS = 3
PARTITIONS = 4
WARM_SHARE = 0.5
LATENCY_SECONDS = 10.0
LATENCY_SHARE = 0.5
SAMPLE_SECONDS = 0.05
AT = (50, 99, 99.9)
WAIT_SECONDS = 300.0
TICKS = os.sysconf("SC_CLK_TCK")
MODULES = {"pass-through": "pass_through", "Quix Streams": "quix", "Faust agent": "faust_agent"}
BATCHES_OF = """
import sys
from screener import cli
from screener.runners import lane
lane.BATCH_ORDERS_MAX = {}
sys.exit(cli.main())
"""
QUIX_PYTHON = ROOT / ".venv-quix" / "bin" / "python"


class Way(NamedTuple):
    """A way from orders to decisions: how its process is started, and how many orders it gets.

    `batch_orders_max` is the worker's, where it is not to be its own.
    """

    name: str
    orders: int
    screens: bool = True
    batch_orders_max: int = 0


class Timed(NamedTuple):
    """Orders a second, and microseconds of the process's and of the broker's processor time an order."""

    rate: float
    own_us: float
    broker_us: float


class Place:
    """The broker with the orders in it, and who runs on it."""

    def __init__(self, folder: Path, running: broker.RunningBroker, held: Snapshot, path: Path) -> None:
        self.folder, self.held, self.path = folder, held, path
        self.bootstrap, self.broker_pid = running.bootstrap, running.pid
        self.settings = Settings(self.bootstrap, allow_stale=True)
        rows = topics.load("")
        self.orders = topics.named(rows, "in").name
        self.outputs = [row.name for row in rows if row.role == "out"]
        self._groups = 0
        self._asked: dict[str, Group] = {}

    def start(self, way: Way) -> tuple[subprocess.Popen[bytes], str]:
        """A process of this way, and its consumer group."""
        self._groups += 1
        group = f"bench-{self._groups}"
        environment = unset() | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        if way.name == "worker":
            self._begin_at_the_start(group)
            program = ["-c", BATCHES_OF.format(way.batch_orders_max)] if way.batch_orders_max else ["-m", "screener"]
            command = [sys.executable, *program, "worker", "--bootstrap-servers", self.bootstrap]
            command += ["--group", group, "--snapshot", str(self.path), "--allow-stale", "--sample"]
            command += ["--metrics-host", "127.0.0.1", "--metrics-port", str(free_port())]
        else:
            python = str(QUIX_PYTHON) if way.name == "Quix Streams" else sys.executable
            command = [python, "-m", f"benchmarks.lanes.{MODULES[way.name]}", self.bootstrap, group]
            command += [str(self.path)] * way.screens
        with (self.folder / f"{group}.log").open("wb") as log:
            child = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)  # noqa: S603
        return child, group

    def _begin_at_the_start(self, group: str) -> None:
        """Commit the start of `orders` for a new group: decisions without a commit mean expired offsets to a worker."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            consumer.commit(
                offsets=[TopicPartition(self.orders, at, 0) for at in range(PARTITIONS)], asynchronous=False
            )
        finally:
            consumer.close()

    def committed(self, group: str) -> int:
        """How many orders a group has answered."""
        if group not in self._asked:
            self._asked[group] = Group(self.bootstrap, group, self.orders)
        return sum(self._asked[group].committed())

    def wait_answered(self, group: str) -> None:
        """Wait until a group has answered all orders that there are now."""
        total = sum(self._ends([self.orders]).values())
        deadline = time.monotonic() + WAIT_SECONDS
        while self.committed(group) < total:
            if time.monotonic() > deadline:
                raise SystemExit(f"{group} stood still at {self.committed(group)} of {total}")
            time.sleep(SAMPLE_SECONDS)

    def ends(self) -> dict[tuple[str, int], int]:
        """Where the outgoing topics end."""
        return self._ends(self.outputs)

    def _ends(self, names: Sequence[str]) -> dict[tuple[str, int], int]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "unused"})
        try:
            return {
                (name, number): consumer.get_watermark_offsets(TopicPartition(name, number))[1]
                for name in names
                for number in range(PARTITIONS)
            }
        finally:
            consumer.close()

    def decided(self, begins: dict[tuple[str, int], int], count: int) -> dict[bytes, bytes]:
        """Order id -> hash of the committed decision, of all that stands behind some positions; one an order."""
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "unused", "isolation.level": "read_committed"}
        )
        consumer.assign([TopicPartition(*place, offset) for place, offset in begins.items()])
        found: dict[bytes, bytes] = {}
        repeated, quiet = 0, 0
        while quiet < 3:
            records = consumer.consume(5_000, 1.0)
            quiet = 0 if records else quiet + (len(found) >= count or 1)
            for record in records:
                repeated += record.key() in found
                found[record.key()] = hashlib.sha256(record.value()).digest()
        consumer.close()
        if repeated:
            print(f"{repeated} orders were answered more than once", file=sys.stderr)
        return found


@contextmanager
def place_in(folder: Path, held: Snapshot, path: Path) -> Iterator[Place]:
    """A broker with its topics in a folder, stopped again; `path` is the file of the snapshot `held`."""
    try:
        place = Place(folder, broker.start(folder / "broker"), held, path)
        topics.apply(Cluster(place.bootstrap), "", PARTITIONS)
        yield place
    finally:
        broker.stop(folder / "broker")


@contextmanager
def usual_place(reference: Path | None) -> Iterator[Place]:
    """A broker with the snapshot of the lists that benchmarks use, in a folder that is removed again."""
    with tempfile.TemporaryDirectory(prefix="screener-bench-") as name:
        folder = Path(name)
        path = folder / "bench.snapshot"
        built = build.build(workbench.inputs(reference))
        snapshot.save(built.content, path)
        with place_in(folder, built.snapshot, path) as place:
            yield place


def main() -> int:
    """Prove, time, print; the exit status is 1 when a decision is not the core's."""
    parser = workbench.parser(__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--no-latency", action="store_true", help="throughput only")
    options = parser.parse_args()
    with usual_place(options.reference) as place:
        return _bench(place, options)


def _bench(place: Place, options: argparse.Namespace) -> int:
    parties = stream.usual_parties(options.reference, place.held, stream.PARTIES)
    orders = stream.zipf_orders(parties, stream.listed_names(place.held), options.orders)
    publish(place, orders)
    expected, core_us = _by_the_core(place, orders)
    few = min(FAUST_ORDERS, len(orders))
    ways = [Way("pass-through", len(orders), screens=False), Way("worker", len(orders))]
    ways += [Way("Quix Streams", len(orders))] if QUIX_PYTHON.is_file() else []
    ways += [Way("Faust agent", few)]
    if not QUIX_PYTHON.is_file():
        print("Quix Streams: skipped, `make quix` installs it")
    rounds: dict[str, list[Timed]] = {way.name: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            begins = place.ends()
            rounds[way.name].append(timed(place, way))
            if not _proved(way, place.decided(begins, way.orders), expected):
                return 1
    _print(rounds, core_us, orders)
    told = _told(rounds, core_us)
    if not options.no_latency:
        rate = LATENCY_SHARE * statistics.median(row.rate for row in rounds["worker"])
        told["latency"] = _latencies(place, orders, rate, options.rounds)
    if options.record:
        shape = {"orders": len(orders), "bytes_median": stream.bytes_median(orders), "partitions": PARTITIONS}
        workbench.record("worker", {**shape, **told}, options.note)
    return 0


def publish(place: Place, orders: Sequence[bytes]) -> None:
    """Put the orders into their topic, not packed: Faust's client has no lz4."""
    publisher = Producer({"bootstrap.servers": place.bootstrap, "acks": "all"})
    for order in orders:
        _produce(publisher, place.orders, order)
    publisher.flush(60)


def _produce(publisher: Producer, topic: str, order: bytes) -> None:
    while True:
        try:
            publisher.produce(topic, order, _id_of(order))
        except BufferError:
            publisher.poll(0.05)
        else:
            return


def _id_of(order: bytes) -> bytes:
    order_id: str = orjson.loads(order)["order_id"]
    return order_id.encode()


def _by_the_core(place: Place, orders: Sequence[bytes]) -> tuple[dict[bytes, bytes], float]:
    """Order id -> hash of the decision by the core alone, and its microseconds an order behind the first ones."""
    terms = TermsOf(place.settings)(int(time.time() * 1000))
    expected = {_id_of(order): hashlib.sha256(screen(order, place.held, terms).value).digest() for order in orders}
    held = replace(place.held)
    first = int(WARM_SHARE * len(orders))
    for order in orders[:first]:
        screen(order, held, terms)
    begun = time.thread_time()
    for order in orders[first:]:
        screen(order, held, terms)
    return expected, (time.thread_time() - begun) / (len(orders) - first) * 1e6


def timed(place: Place, way: Way) -> Timed:
    """Run a way until it has answered its orders."""
    child, group = place.start(way)
    samples: list[tuple[float, int, float, float]] = []
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        while not samples or samples[-1][1] < way.orders:
            if child.poll() is not None or time.monotonic() > deadline:
                log = (place.folder / f"{group}.log").read_text(errors="replace")[-2_000:]
                raise SystemExit(f"{way.name} ended or stood still:\n{log}")
            time.sleep(SAMPLE_SECONDS)
            done = place.committed(group)
            if done >= WARM_SHARE * way.orders:
                samples.append((time.monotonic(), done, _cpu_seconds(child.pid), _cpu_seconds(place.broker_pid)))
    finally:
        end_child(child)
    (begun, first, own, brokers), (ended, last, own_end, brokers_end) = samples[0], samples[-1]
    count = last - first
    return Timed(count / (ended - begun), (own_end - own) / count * 1e6, (brokers_end - brokers) / count * 1e6)


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def _proved(way: Way, found: dict[bytes, bytes], expected: dict[bytes, bytes]) -> bool:
    """Whether a way answered its orders as the core does; the pass-through only that it passed all on."""
    if len(found) < way.orders:
        print(f"{way.name}: {len(found)} orders were answered, expected {way.orders}", file=sys.stderr)
        return False
    wrong = sum(expected[order_id] != value for order_id, value in found.items()) if way.screens else 0
    if wrong:
        print(f"{way.name}: {wrong} decisions are not those of the core", file=sys.stderr)
    return not wrong


# --- latency ---------------------------------------------------------------------------------------------------------


def _latencies(place: Place, orders: Sequence[bytes], rate: float, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds from `produce` to a committed record in the hands of a consumer, at one rate for both ways."""
    ways = [Way("pass-through", len(orders), screens=False), Way("worker", len(orders))]
    found: dict[str, list[list[float]]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            found[way.name].append(latency(place, way, orders, rate))
    rows = {}
    for name, each in found.items():
        each_p99 = [percentile(row, 99) for row in each]
        rows[name] = {f"p{at}_ms": round(statistics.median(percentile(row, at) for row in each), 2) for at in AT}
        rows[name]["p99_ratio"] = round(
            statistics.median(
                mine / floor
                for mine, floor in zip(each_p99, (percentile(row, 99) for row in found["pass-through"]), strict=True)
            ),
            2,
        )
    print(f"latency at {rate:,.0f} orders/s, produced to committed and read; milliseconds")
    workbench.table(["", *(f"p{at}" for at in AT), "p99 ratio"], [[name, *row.values()] for name, row in rows.items()])
    return rows


def percentile(values: Sequence[float], at: float) -> float:
    """The value that `at` percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * at / 100))]


def latency(place: Place, way: Way, orders: Sequence[bytes], rate: float) -> list[float]:
    """Milliseconds from `produce` to committed and read, of the later half of what a way answers at a rate."""
    child, group = place.start(way)
    try:
        place.wait_answered(group)
        sent: dict[bytes, float] = {}
        count = min(len(orders), int(rate * LATENCY_SECONDS))
        reader = Reader(place)
        reader.start()
        send_at(place, orders[:count], rate, sent)
        reader.end(count)
        if len(reader.seen) < count:
            raise SystemExit(f"{way.name}: {len(reader.seen)} of {count} came out")
        settled = int(count * WARM_SHARE)
        return [(reader.seen[key][0] - at) * 1e3 for key, at in list(sent.items())[settled:]]
    finally:
        end_child(child)


class Reader(threading.Thread):
    """Notes when each committed decision comes, and of which snapshot it is; reads from where the topics end now."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True)
        self._consumer = Consumer(
            {
                "bootstrap.servers": place.bootstrap,
                "group.id": "unused",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 10,
            }
        )
        self._consumer.assign([TopicPartition(*at, offset) for at, offset in place.ends().items()])
        self._ended = threading.Event()
        self.seen: dict[bytes, tuple[float, str]] = {}
        self.repeated = 0

    def run(self) -> None:
        """Read until `end`."""
        while not self._ended.is_set():
            records = self._consumer.consume(1, 0.2)
            records += self._consumer.consume(500, 0.0) if records else []
            now = time.perf_counter()
            for record in records:
                key, value = record.key() or b"", record.value() or b""
                self.repeated += key in self.seen
                at = value.find(b'"snapshot":"') + 12
                self.seen.setdefault(key, (now, value[at : value.find(b'"', at)].decode("ascii", "replace")))
        self._consumer.close()

    def end(self, count: int, seconds: float = 30.0) -> None:
        """Wait until so many decisions came, at most so long, then end."""
        deadline = time.monotonic() + seconds
        while len(self.seen) < count and time.monotonic() < deadline:
            time.sleep(SAMPLE_SECONDS)
        self._ended.set()
        self.join()


def send_at(place: Place, orders: Sequence[bytes], rate: float, sent: dict[bytes, float]) -> None:
    """Send at a rate, a few each two milliseconds."""
    publisher = Producer({"bootstrap.servers": place.bootstrap, "acks": "all", "linger.ms": LINGER_MS})
    keys = [_id_of(order) for order in orders]
    begun = time.perf_counter()
    at = 0
    while at < len(orders):
        due = min(len(orders), int((time.perf_counter() - begun) * rate) + 1)
        for number in range(at, due):
            sent[keys[number]] = time.perf_counter()
            publisher.produce(place.orders, orders[number], keys[number])
        at = due
        publisher.poll(0)
        time.sleep(0.002)
    publisher.flush(30)


# --- what is told ----------------------------------------------------------------------------------------------------


def _told(rounds: dict[str, list[Timed]], core_us: float) -> dict[str, Any]:
    rows = {}
    for name, each in rounds.items():
        ratio = statistics.median(
            mine.rate / floor.rate for mine, floor in zip(each, rounds["pass-through"], strict=True)
        )
        rows[name] = {
            "orders_s": round(statistics.median(row.rate for row in each)),
            "ratio": round(ratio, 3),
            "own_us": round(statistics.median(row.own_us for row in each), 1),
            "broker_us": round(statistics.median(row.broker_us for row in each), 1),
        }
    return {"core_us": round(core_us, 1), "rows": rows}


def _print(rounds: dict[str, list[Timed]], core_us: float, orders: Sequence[bytes]) -> None:
    told = _told(rounds, core_us)["rows"]
    print(
        f"worker: {len(orders)} orders, median {stream.bytes_median(orders)} bytes, {PARTITIONS} partitions,"
        f" {COMPRESSION}, linger {LINGER_MS} ms, {os.cpu_count()} cores with the broker on them;"
        f" the core alone {core_us:.1f} us an order"
    )
    workbench.table(
        ["", "orders/s", "ratio", "own us", "without core", "broker us"],
        [
            [
                name,
                row["orders_s"],
                row["ratio"],
                row["own_us"],
                round(row["own_us"] - (core_us if name != "pass-through" else 0.0), 1),
                row["broker_us"],
            ]
            for name, row in told.items()
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
