"""No order is passed over, whatever the client tells in whatever order: records, ends of logs, new leaders, rebalances.

The client is a model here, of what librdkafka promises: records of a partition in order from where it was assigned or
sought, and the end of the log after the last of them. A real broker shows few of the orders in which these can come
(`tests/integration/test_ordeals.py` and the soak have it); a new leader and the end of the log between two fetches is
one that it shows once in many hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, Message, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from screener.runners.log_monitor import Check
from screener.runners.partitions import Partitions
from screener.runners.positions import Checkpoint, Position

if TYPE_CHECKING:
    from screener.runners.clients import Received

TOPIC, TOPIC_ID = "orders", "T1"
PARTITIONS = 2
BEGINNING = Checkpoint(0, TOPIC_ID)
END = KafkaError(KafkaError._PARTITION_EOF)


class Log:
    """A partition: at each offset the leader epoch of an order, or None for the marker of a transaction."""

    def __init__(self) -> None:
        self.entries: list[int | None] = []
        self.epoch = 0


class Client:
    """What a consumer does with assign, seek and consume."""

    def __init__(self, logs: list[Log]) -> None:
        self._logs = logs
        self._at: dict[int, int] = {}
        self._told_end: set[int] = set()

    def subscribe(self, _topics: list[str], *, on_assign: Any, on_revoke: Any) -> None:
        self.on_assign, self.on_revoke = on_assign, on_revoke

    def assign(self, places: list[TopicPartition]) -> None:
        self._at = {place.partition: place.offset for place in places}
        self._told_end.clear()

    def seek(self, place: TopicPartition) -> None:
        self._at[place.partition] = place.offset
        self._told_end.discard(place.partition)

    def consume(self, count: int, _seconds: float) -> list[Message]:
        """Messages of the partitions in turn, and the end of each once after its last record."""
        found: list[Message] = []
        for number in sorted(self._at):
            entries = self._logs[number].entries
            while len(found) < count and self._at[number] < len(entries):
                offset = self._at[number]
                self._at[number] += 1
                if entries[offset] is not None:
                    found.append(order_at(number, offset, entries[offset]))
                    self._told_end.discard(number)
            if len(found) < count and self._at[number] == len(entries) and number not in self._told_end:
                self._told_end.add(number)
                found.append(Message(topic=TOPIC, partition=number, offset=len(entries), error=END))
        return found


class Monitor:
    """Every check finds the log as it was, at the next question."""

    def __init__(self) -> None:
        self.positions: dict[int, Position] = {}
        self._results: list[Check] = []

    def assign(self, numbers: frozenset[int]) -> None:
        raise NotImplementedError

    def revoke(self) -> None:
        self._results = []

    def check(self, checkpoints: dict[int, Checkpoint]) -> None:
        self._results += [Check(number, checkpoint) for number, checkpoint in checkpoints.items()]

    def suspects(self) -> set[int]:
        return set()

    def results(self) -> list[Check]:
        results, self._results = self._results, []
        return results


def order_at(number: int, offset: int, epoch: int | None) -> Message:
    return Message(
        topic=TOPIC,
        partition=number,
        offset=offset,
        value=b"an order",
        key=b"its key",
        timestamp=(TIMESTAMP_LOG_APPEND_TIME, 1_000 + offset),
        leader_epoch=epoch,
    )


class Reader:
    """Reads as the lane does: records in hand, then answered, in part answered, or gone back to."""

    def __init__(self) -> None:
        self.logs = [Log() for _ in range(PARTITIONS)]
        self.client, self.monitor = Client(self.logs), Monitor()
        self.monitor.assign = self.start  # type: ignore[method-assign]
        self.held = Partitions(self.client, self.monitor, TOPIC)  # type: ignore[arg-type]
        self.answered: list[tuple[int, int]] = []
        self.committed = [BEGINNING] * PARTITIONS
        self.hand: list[Received] = []
        self.held.join()
        self.rebalance()

    def start(self, numbers: frozenset[int]) -> None:
        self.monitor.check({number: self.committed[number] for number in numbers})

    def rebalance(self) -> None:
        self.client.on_revoke(self.client, [])
        self.hand = []
        self.client.on_assign(self.client, [TopicPartition(TOPIC, number) for number in range(PARTITIONS)])

    def step(self) -> None:
        """What the lane does with nothing in hand."""
        self.held.update()
        self.settle()

    def receive(self, count: int) -> None:
        self.hand += self.held.receive(count, 0.0)

    def answer(self, count: int) -> None:
        """Answer the first of what is in hand, and go back to the rest."""
        now, rest = self.hand[:count], self.hand[count:]
        self.commit(self.held.offsets_of(now))
        self.held.answer(now)
        self.answered += [record.source for record in now]
        self.hand = []
        if rest:
            self.held.rewind()

    def go_back(self) -> None:
        self.held.rewind()
        self.hand = []

    def settle(self) -> None:
        """Commit where the partitions stand, as the lane does after a while without orders."""
        checkpoints = {number: row.checkpoint() for number, row in self.held._reading.items()}
        for number, checkpoint in checkpoints.items():
            self.committed[number] = checkpoint

    def commit(self, offsets: list[TopicPartition]) -> None:
        for row in offsets:
            self.committed[row.partition] = Checkpoint(row.offset, TOPIC_ID)


EVENTS = st.one_of(
    st.tuples(st.just("order"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("marker"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("leader"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("receive"), st.integers(1, 5)),
    st.tuples(st.just("answer"), st.integers(0, 9)),
    st.tuples(st.just("go back"), st.just(0)),
    st.tuples(st.just("suspect"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("rebalance"), st.just(0)),
)


def play(events: list[tuple[str, int]]) -> Reader:
    """Let events happen, then read the rest."""
    reader = Reader()
    for event, number in events:
        if event in {"order", "marker"}:
            log = reader.logs[number]
            log.entries.append(log.epoch if event == "order" else None)
        elif event == "leader":
            reader.logs[number].epoch += 1
        elif event == "receive":
            if not reader.hand:
                reader.step()
            reader.receive(number)
        elif event == "answer":
            reader.answer(number)
        elif event == "go back":
            reader.go_back()
        elif event == "suspect":
            reader.held.suspect([number])
        else:
            reader.rebalance()
    reader.go_back()
    for _ in range(3 + sum(len(log.entries) for log in reader.logs)):
        reader.step()
        reader.receive(10)
        reader.answer(len(reader.hand))
    return reader


@settings(max_examples=400)
@given(st.lists(EVENTS, max_size=40))
def test_every_order_is_answered_once_and_in_order(events: list[tuple[str, int]]) -> None:
    """Whatever the client tells in whatever order."""
    reader = play(events)
    for number, log in enumerate(reader.logs):
        orders = [offset for offset, entry in enumerate(log.entries) if entry is not None]
        assert [offset for partition, offset in reader.answered if partition == number] == orders


def test_the_end_of_the_log_behind_orders_that_were_left_out_moves_no_position() -> None:
    """The first order of a new leader is left out until its log was checked, and with it those up to the end."""
    orders = [("order", 0), ("receive", 1), ("answer", 1), ("leader", 0), ("order", 0), ("order", 0)]
    reader = play([*orders, ("order", 1), ("receive", 3), ("receive", 5), ("receive", 5), ("answer", 9)])
    assert sorted(reader.answered) == [(0, 0), (0, 1), (0, 2), (1, 0)]


def test_the_end_of_the_log_is_forgotten_when_its_orders_are_read_again() -> None:
    """A transaction that is taken back leaves the position before its orders, though the end was seen behind them."""
    reader = play([("order", 0), ("receive", 5), ("receive", 5), ("go back", 0), ("suspect", 0)])
    assert reader.answered == [(0, 0)]
