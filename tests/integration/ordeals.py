"""Ordeals of the worker on a broker of their own: kills, a broker that is gone, slow or full, rebalances, bad messages.

Each puts numbered orders in, counts the decisions that come out, and says what it did. The tests run them short, and
`make soak` runs them whole.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import string
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from screener import broker
from screener.lists import build, snapshot
from screener.runners import topics
from screener.settings import Cluster
from tests.integration.cluster import NODES, Brokers
from tests.integration.kafka import Worker, committed, outputs, publish, reading, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PARTITIONS = 6
LISTED_EVERY = 50
READ_SECONDS = 900.0


class Seen(NamedTuple):
    """What came of an ordeal: orders in their topic, decisions committed, how many of their sources are distinct.

    `unanswered` counts orders that were published and have no decision, and `disordered` decisions that stand before
    one on an earlier order in their partition; `facts` is what the ordeal itself has to say. A broker that is killed
    may have the publisher put an order into the topic twice: then both are to be answered.
    """

    orders: int
    decisions: int
    distinct: int
    unanswered: int
    disordered: int
    outcomes: dict[str, int]
    facts: dict[str, Any]

    @property
    def exact(self) -> bool:
        """Whether every order has one decision, and each partition's stand in the order of its orders."""
        return self.orders == self.decisions == self.distinct and not self.unanswered and not self.disordered


class Place:
    """A broker in a folder (or another one), its topics, and a snapshot file of the sample."""

    def __init__(self, folder: Path, bootstrap: str | None = None, partitions: int = PARTITIONS) -> None:
        self.folder, self.partitions = folder, partitions
        self.bootstrap = bootstrap or broker.start(folder / "broker").bootstrap
        topics.apply(Cluster(self.bootstrap), "", partitions)
        self.snapshot = folder / "sample.snapshot"
        snapshot.save(build.build(build.Inputs(sample=True)).content, self.snapshot)

    def worker(self, slot: int) -> Worker:
        """A worker of a slot, not started."""
        options = ["--snapshot", str(self.snapshot), "--sample", "--slot", str(slot)]
        return Worker(self.bootstrap, "", self.folder / f"worker-{slot}.log", options)

    @property
    def broker_pid(self) -> int:
        """The broker's process id."""
        running = broker.status(self.folder / "broker")
        assert running is not None
        return running.pid

    def kill_broker(self) -> None:
        """SIGKILL, by the broker's own process id."""
        os.kill(self.broker_pid, signal.SIGKILL)
        self.wait_broker_ended()

    def wait_broker_ended(self) -> None:
        """Wait until it is gone."""
        deadline = time.monotonic() + READ_SECONDS
        while broker.status(self.folder / "broker") is not None:
            assert time.monotonic() < deadline, "the broker does not end"
            time.sleep(0.05)

    def start_broker(self) -> None:
        """Start it again, at the same port."""
        assert broker.start(self.folder / "broker").bootstrap == self.bootstrap

    def stop_broker(self) -> None:
        """End it, by SIGTERM."""
        broker.stop(self.folder / "broker")

    def seen(self, keys: int, **facts: Any) -> Seen:
        """Read all committed decisions; the orders that were published have so many keys."""
        orders = self.count_orders()
        with reading(self.bootstrap, outputs("")) as reader:
            decided = reader.read_until(orders, READ_SECONDS)
        last: dict[tuple[str, int], int] = {}
        disordered = 0
        for record in decided:
            offset = int(record.source.rpartition("@")[2])
            disordered += offset <= last.get((record.topic, record.partition), -1)
            last[record.topic, record.partition] = offset
        distinct = len({record.source for record in decided})
        topic_counts = dict(Counter(record.topic for record in decided))
        unanswered = keys - len({record.key for record in decided})
        return Seen(orders, len(decided), distinct, unanswered, disordered, topic_counts, facts)

    def count_orders(self) -> int:
        """How many records `orders` has; its publisher has no transactions, so each offset is one."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        asked = {TopicPartition("orders", at): OffsetSpec.latest() for at in range(self.partitions)}
        deadline = time.monotonic() + READ_SECONDS
        while True:
            try:
                return sum(future.result(30).offset for future in admin.list_offsets(asked).values())
            except KafkaException:  # a broker that has just come back does not know everything yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


class Publisher(threading.Thread):
    """Publishes `count` messages at a rate; `of` makes key and value of a number."""

    def __init__(self, bootstrap: str, count: int, rate: float, of: Callable[[int], tuple[bytes, bytes]]) -> None:
        super().__init__(daemon=True)
        self._servers = bootstrap
        self._failed: list[tuple[bytes | None, bytes | None]] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "message.max.bytes": 3_000_000,
                "message.timeout.ms": 60_000,
            }
        )
        self._count, self._rate, self._of = count, rate, of
        self._ending = threading.Event()
        self.published = 0

    def run(self) -> None:
        """Publish until all are out or `end` is asked for."""
        begun = time.monotonic()
        while self.published < self._count and not self._ending.is_set():
            due = min(self._count, int((time.monotonic() - begun) * self._rate) + 1)
            while self.published < due:
                key, value = self._of(self.published)
                while not self._taken(key, value):
                    self._producer.poll(0.1)
                self.published += 1
            self._producer.poll(0.02)
        while self._producer.flush(10):
            pass
        publish(self._servers, "orders", self._failed)  # the client may stand still after brokers were killed

    def _taken(self, key: bytes, value: bytes) -> bool:
        try:
            self._producer.produce("orders", value, key, on_delivery=self._delivered)
        except BufferError:
            return False
        return True

    def _delivered(self, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self._failed.append((message.key(), message.value()))

    def end(self) -> int:
        """Stop; how many the broker has."""
        self._ending.set()
        self.join()
        return self.published

    def wait(self) -> int:
        """Wait until all are out."""
        self.join()
        return self.published


def good(number: int) -> tuple[bytes, bytes]:
    """A numbered order; one in fifty names a listed party."""
    order_id = f"S-{number}"
    name = "Huawei Technologies Co., Ltd." if number % LISTED_EVERY == 0 else f"Maple Ridge {number % 977} Ltd."
    return order_id.encode(), orjson.dumps({"order_id": order_id, "parties": [{"role": "end_user", "name": name}]})


def laborious(number: int) -> tuple[bytes, bytes]:
    """A numbered order of many parties that come only once, so that a worker is always in the midst of a batch."""
    order_id = f"S-{number}"
    parties = [{"role": "other", "name": f"Ridge{number} Valley{party} of Maple{number}"} for party in range(19)]
    named = orjson.loads(good(number)[1])["parties"]
    return order_id.encode(), orjson.dumps({"order_id": order_id, "parties": [*named, *parties]})


# --- kills -----------------------------------------------------------------------------------------------------------


def kills(place: Place, orders: int, rate: float, times: int, seed: int = 1) -> Seen:
    """Two workers, one of them killed at random again and again; its successor starts at once in the same slot."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    workers = [place.worker(0), place.worker(1)]
    for worker in workers:
        worker.start().wait_ready()
    publisher = Publisher(place.bootstrap, orders, rate, laborious)
    publisher.start()
    opened, waits = 0, []
    try:
        for _ in range(times):
            time.sleep(chance.uniform(0.1, 1.0))
            worker = chance.choice(workers)
            worker.kill()
            begun = time.monotonic()
            opened += _left_open(place)
            worker.start()
            waits.append(_seconds_until_decided(worker, begun))
        published = publisher.wait()
        facts = {"kills": times, "in_transaction": opened, "seconds_until_decided_max": round(max(waits), 1)}
        return place.seen(published, **facts)
    finally:
        for worker in workers:
            worker.kill()


def _left_open(place: Place) -> bool:
    """Whether a transaction of a worker that was killed is open: those of the living one end within half a second."""
    ends = _ends(place, IsolationLevel.READ_UNCOMMITTED)
    time.sleep(0.5)
    stable = _ends(place, IsolationLevel.READ_COMMITTED)
    return any(stable[at] < end for at, end in ends.items())


def _ends(place: Place, level: IsolationLevel) -> dict[TopicPartition, int]:
    admin = AdminClient({"bootstrap.servers": place.bootstrap})
    numbers = range(place.partitions)
    asked = {TopicPartition(name, at): OffsetSpec.latest() for name in outputs("") for at in numbers}
    found = admin.list_offsets(asked, isolation_level=level)
    return {at: future.result(10).offset for at, future in found.items()}


def _seconds_until_decided(worker: Worker, begun: float) -> float:
    while time.monotonic() < begun + READ_SECONDS:
        if worker.metric('screener_transactions_total{result="committed"}') > 0:
            break
        time.sleep(0.05)
    return time.monotonic() - begun


# --- the end of a worker -------------------------------------------------------------------------------------------


def ends(place: Place, orders: int) -> Seen:
    """SIGTERM in an outage, with a batch in hand; the successor answers what is left once the broker is back."""
    worker = place.worker(0)
    with running(worker):
        publisher = Publisher(place.bootstrap, orders, orders, laborious)
        publisher.start()
        published = publisher.wait()
        place.kill_broker()
        begun = time.monotonic()
        status = worker.stop()
        seconds = round(time.monotonic() - begun, 1)
    place.start_broker()
    with running(place.worker(0)):
        return place.seen(published, status=status, seconds_until_ended=seconds)


# --- the broker ------------------------------------------------------------------------------------------------------


def broker_restarts(place: Place, rate: float, times: int, apart_seconds: float, gone_seconds: float) -> Seen:
    """The broker is killed and started again, several times, and then stopped for long."""

    def suffer() -> None:
        for _ in range(times):
            time.sleep(apart_seconds)
            place.kill_broker()
            place.start_broker()
        time.sleep(apart_seconds)
        place.stop_broker()
        time.sleep(gone_seconds)
        place.start_broker()
        time.sleep(apart_seconds)

    return _outlived(place, rate, suffer, broker_kills=times, gone_seconds=gone_seconds)


def broker_pauses(place: Place, rate: float, pauses_seconds: Sequence[float], apart_seconds: float) -> Seen:
    """The broker does not answer for a while, again and again, with all connections open."""

    def suffer() -> None:
        for seconds in pauses_seconds:
            time.sleep(apart_seconds)
            os.kill(place.broker_pid, signal.SIGSTOP)
            try:
                time.sleep(seconds)
            finally:
                os.kill(place.broker_pid, signal.SIGCONT)
        time.sleep(apart_seconds)

    return _outlived(place, rate, suffer, pauses_seconds=list(pauses_seconds))


def full_disk(place: Place, rate: float, times: int, apart_seconds: float) -> Seen:
    """The broker's disk takes no more bytes, on which it ends; then there is room again, and it is started."""

    def suffer() -> None:
        for _ in range(times):
            time.sleep(apart_seconds)
            resource.prlimit(place.broker_pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            place.wait_broker_ended()
            place.start_broker()
        time.sleep(apart_seconds)

    return _outlived(place, rate, suffer, times=times)


def _outlived(place: Place, rate: float, suffer: Callable[[], None], **facts: Any) -> Seen:
    """What came of orders that were published while the broker suffered; one worker serves them all the time."""
    worker = place.worker(0)
    worker.start().wait_ready()
    publisher = Publisher(place.bootstrap, 10**9, rate, good)
    publisher.start()
    try:
        suffer()
        published = publisher.end()
        watched = threading.Thread(target=_started_again, args=(worker, ended := threading.Event()), daemon=True)
        watched.start()
        seen = place.seen(published, **facts)
        ended.set()
        watched.join()
        assert worker.popen is not None
        begun_anew = worker.log.read_text(encoding="utf-8", errors="replace").count("begin anew")
        told = {"worker_lives": worker.popen.poll() is None, "begun_anew": begun_anew}
        return seen._replace(facts=seen.facts | told)
    finally:
        worker.kill()


def _started_again(worker: Worker, ended: threading.Event) -> None:
    """Do what an orchestrator does: a worker that ended by itself is started again."""
    while not ended.wait(0.5):
        if worker.popen is not None and worker.popen.poll() is not None:
            worker.start()


def rolling(folder: Path, rate: float, rounds: int, apart_seconds: float) -> Seen:
    """Each broker of a cluster of three is restarted, one after the other: leaders and coordinators move.

    The last round kills them instead. A broker is touched only while the other two have all that it has.
    """
    cluster = Brokers(folder / "cluster")
    moved = 0
    try:
        place = Place(folder, cluster.bootstrap)

        def suffer() -> None:
            nonlocal moved
            for at in range(rounds):
                for node in range(1, NODES + 1):
                    time.sleep(apart_seconds)
                    cluster.end(node, signal.SIGKILL if at == rounds - 1 else signal.SIGTERM)
                    time.sleep(apart_seconds)
                    cluster.start(node)
                    cluster.wait_whole()
                    moved += 1
            time.sleep(apart_seconds)

        seen = _outlived(place, rate, suffer)
        return seen._replace(facts=seen.facts | {"restarts": moved})
    finally:
        cluster.stop()


# --- rebalances ------------------------------------------------------------------------------------------------------


def rebalances(place: Place, rate: float, seconds: float) -> Seen:
    """A third and a fourth worker come and go while two work."""
    steady = [place.worker(0), place.worker(1)]
    guests = [place.worker(2), place.worker(3)]
    for worker in steady:
        worker.start().wait_ready()
    publisher = Publisher(place.bootstrap, 10**9, rate, good)
    publisher.start()
    end = time.monotonic() + seconds
    changes = 0
    try:
        while time.monotonic() < end:
            for guest in guests:
                guest.start().wait_ready()
            for guest in guests:
                guest.kill() if changes % 4 else guest.stop()
            changes += 4
        return place.seen(publisher.end(), changes=changes)
    finally:
        for worker in [*steady, *guests]:
            if worker.popen is not None:
                worker.kill()


# --- more workers, and fewer -----------------------------------------------------------------------------------------


def scaling(place: Place, seconds: float, backlog: int, wave: float = 1.15, calm: float = 0.8) -> Seen:
    """One worker, three, and one again: what each phase answered of what came, and how far behind it was at its end.

    A wave comes at `wave` times what the first worker makes of a `backlog`, until three are there; then orders come at
    `calm` times that, and the three stay until they have caught up. 997 order ids come again and again.
    """
    workers = [place.worker(slot) for slot in range(3)]
    publisher = Publisher(place.bootstrap, backlog, 1e9, _amended)
    publisher.start()
    sent = publisher.wait()
    phases: list[dict[str, float]] = []
    try:
        workers[0].start().wait_ready()
        alone = _answered_a_second(place, sent)
        publisher = _coming(place, sent, wave * alone)
        phases.append(_phase(place, 1, wave * alone, seconds))
        for worker in workers[1:]:
            worker.start()
        for worker in workers[1:]:
            worker.wait_ready()
        phases.append(_phase(place, 3, wave * alone, seconds))
        sent += publisher.end()
        publisher = _coming(place, sent, calm * alone)
        deadline = time.monotonic() + READ_SECONDS
        while phases[-1]["behind"] > alone:
            phases.append(_phase(place, 3, calm * alone, seconds))
            assert time.monotonic() < deadline, phases
        for worker in workers[1:]:
            assert worker.stop() == 0
        phases.append(_phase(place, 1, calm * alone, seconds))
        publisher.end()
        return place.seen(min(ORDER_IDS, place.count_orders()), alone=round(alone), phases=phases)
    finally:
        for worker in workers:
            if worker.popen is not None:
                worker.kill()


def _coming(place: Place, sent: int, rate: float) -> Publisher:
    """Orders at a rate from now on, numbered on."""
    publisher = Publisher(place.bootstrap, 10**9, rate, lambda number: _amended(sent + number))
    publisher.start()
    return publisher


ORDER_IDS = 997
AMENDED_PARTIES = 4


def _amended(number: int) -> tuple[bytes, bytes]:
    """An order of a few new parties under an id that comes again: an amendment."""
    order_id = f"S-{number % ORDER_IDS}"
    order = orjson.loads(laborious(number)[1])
    return order_id.encode(), orjson.dumps(
        order | {"order_id": order_id, "parties": order["parties"][:AMENDED_PARTIES]}
    )


def _phase(place: Place, workers: int, coming: float, seconds: float) -> dict[str, float]:
    """What so many workers answer in a while, of so much that comes, and how much is behind at its end."""
    begun, before = time.monotonic(), _committed(place)
    time.sleep(seconds)
    after, ended = _committed(place), time.monotonic()
    rate = round((after - before) / (ended - begun))
    behind = place.count_orders() - after
    return {"workers": workers, "coming_a_second": round(coming), "orders_a_second": rate, "behind": behind}


def _answered_a_second(place: Place, backlog: int) -> float:
    """How many orders of a backlog are answered in a second, from its first tenth to its last."""
    reached: list[tuple[float, int]] = []
    deadline = time.monotonic() + READ_SECONDS
    for share in (0.1, 0.9):
        while (done := _committed(place)) < share * backlog:
            assert time.monotonic() < deadline, f"{done} of {backlog} answered"
            time.sleep(0.1)
        reached.append((time.monotonic(), done))
    (begun, before), (ended, after) = reached
    return (after - before) / (ended - begun)


def _committed(place: Place) -> int:
    """How many orders the group has acknowledged."""
    return sum(committed(place.bootstrap, ""))


# --- hostile messages ------------------------------------------------------------------------------------------------


def hostile(place: Place, count: int, seed: int = 2) -> Seen:
    """Messages that are no orders among good ones: each is quarantined, and the good ones are answered as ever."""
    chance = random.Random(seed)  # noqa: S311
    kinds: Counter[str] = Counter()
    ways = list(_WAYS.items())

    def of(number: int) -> tuple[bytes, bytes]:
        if number % 2:
            return good(number // 2)
        name, way = ways[number // 2 % len(ways)]
        kinds[name] += 1
        return f"bad-{number}".encode(), way(chance)

    worker = place.worker(0)
    worker.start().wait_ready()
    publisher = Publisher(place.bootstrap, 2 * count, 1e9, of)
    try:
        publisher.start()
        published = publisher.wait()
        seen = place.seen(published, kinds=dict(kinds))
        assert worker.popen is not None
        return seen._replace(facts=seen.facts | {"worker_lives": worker.popen.poll() is None})
    finally:
        worker.kill()


def _cut(chance: random.Random) -> bytes:
    value = good(chance.randrange(1_000))[1]
    return value[: chance.randrange(1, len(value))]


def _deep(chance: random.Random) -> bytes:
    depth = chance.randrange(65, 2_000)
    return b'{"order_id":"D","parties":[{"name":"A"}],"x":' + b"[" * depth + b"]" * depth + b"}"


def _huge(chance: random.Random) -> bytes:
    return b'{"order_id":"H","parties":[{"name":"%b"}]}' % (b"A" * chance.randrange(1_001, 20_000))


def _typed(chance: random.Random) -> bytes:
    wrong = chance.choice([7, None, True, [], {}, 1e300, "", [[]]])
    field = chance.choice(["order_id", "parties"])
    return orjson.dumps({"order_id": "T", "parties": [{"name": "A"}]} | {field: wrong})


def _twice(chance: random.Random) -> bytes:
    name = "".join(chance.choices(string.ascii_letters, k=5)).encode()
    return b'{"order_id":"K","parties":[{"name":"%b","name":"Huawei"}]}' % name


_WAYS: dict[str, Callable[[random.Random], bytes]] = {
    "random bytes": lambda chance: chance.randbytes(chance.randrange(1, 600)),
    "cut off": _cut,
    "deep": _deep,
    "long": _huge,
    "wrong type": _typed,
    "NUL": lambda chance: b'{"order_id":"N","parties":[{"name":"A"}]}' + b"\0" * chance.randrange(1, 50),
    "not UTF-8": lambda chance: b'{"order_id":"U","parties":[{"name":"%b"}]}' % bytes([chance.randrange(128, 256)]),
    "a member twice": _twice,
    "empty": lambda _: b"",
    "many parties": lambda chance: orjson.dumps(
        {"order_id": "P", "parties": [{"name": "A"}] * chance.randrange(101, 400)}
    ),
}
