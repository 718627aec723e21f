"""The log of orders changes under the position: no order is lost or repeated silently."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from screener import broker as brokers
from tests.integration import log_ordeals
from tests.integration.kafka import LISTED, Worker, committed, order, orders_of, outputs, publish, reading, running
from tests.integration.log_ordeals import account, paused_of, recreate, report_of, wait_until
from tests.integration.ordeals import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDERS = 500


@pytest.fixture
def worker(broker: str, prefix: str, sample_file: Path, tmp_path: Path) -> Worker:
    return Worker(broker, prefix, tmp_path / "worker.log", ["--snapshot", str(sample_file), "--sample"])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A broker of the test's own, whose log is operated on."""
    try:
        yield Place(tmp_path, partitions=1)
    finally:
        brokers.stop(tmp_path / "broker")


def test_a_topic_that_is_created_again_while_orders_stream_is_paused_and_reported(place: Place) -> None:
    """Orders of the new topic are not taken for a continuation of the old one, and all are answered once on a word."""
    paused, resumed = log_ordeals.recreated(place, ORDERS)
    assert paused.exact, paused
    assert paused.paused == {"0": "topic_recreated"}
    assert paused.orders >= ORDERS
    assert paused.answered == 0, paused
    assert resumed.exact, resumed
    assert resumed.answered == resumed.orders == paused.orders
    assert resumed.paused == {}


@pytest.mark.parametrize("runs", [True, False], ids=["while a worker runs", "while none runs"])
def test_a_log_that_is_restored_shorter_is_paused_and_reported(place: Place, runs: bool) -> None:
    """The position lies within the new log, and another order stands where one was answered."""
    seen = log_ordeals.restored_shorter(place, ORDERS // 4, running=runs)
    assert seen.silent == seen.repeated == 0, seen
    assert seen.paused in ({"0": "log_replaced"}, {"0": "log_cut_off"})
    assert seen.reported == ORDERS // 4 * 2, seen


def test_a_paused_partition_says_so_and_goes_on_from_where_an_operator_says(
    broker: str, prefix: str, worker: Worker
) -> None:
    """/ready names it and is 503, the lag counts its orders, the other partition goes on; then all is answered once."""
    with running(worker):
        publish(broker, f"{prefix}orders", orders_of(range(40)))
        wait_for_decisions(broker, prefix, 40)
        recreate(broker, f"{prefix}orders", 2)
        publish(broker, f"{prefix}orders", orders_of(range(40, 100)))
        wait_until(lambda: len(paused_of([worker])) == 2, "both partitions are paused")
        ready = report_of(worker)
        assert ready["status"] == 503
        assert f"{prefix}orders[0] is paused (topic_recreated)" in "".join(ready["problems"])
        wait_until(lambda: lag(worker) == 60, "the lag of paused partitions is told")
        resume(broker, prefix, 1, "earliest")
        wait_until(lambda: paused_of([worker]) == {"0": "topic_recreated"}, "one goes on")
        assert "partition" in "".join(report_of(worker)["problems"]) or report_of(worker)["status"] == 503
        resume(broker, prefix, 0, "earliest")
        seen = account(broker, prefix, [worker])
        assert seen.exact, seen
        assert seen.answered == 60, seen
        wait_until(lambda: report_of(worker)["status"] == 200, "ready again")
        wait_until(lambda: lag(worker) == 0, "all is answered")
    with running(worker):  # the instruction was for once: a worker that starts again does not go back
        publish(broker, f"{prefix}orders", [order("last", LISTED)])
        again = account(broker, prefix, [worker])
    assert again.exact, again
    assert again.answered == 61, again


def test_an_instruction_is_taken_once_and_refused_where_nothing_is_paused(
    broker: str, prefix: str, worker: Worker
) -> None:
    """A partition that is read can't be moved; an offset that is not in the log is refused; both in one sentence."""
    from screener.errors import OperatorError  # noqa: PLC0415

    with running(worker):
        publish(broker, f"{prefix}orders", orders_of(range(10)))
        wait_for_decisions(broker, prefix, 10)
        with pytest.raises(OperatorError, match="is not paused"):
            resume(broker, prefix, 0, "earliest")
        recreate(broker, f"{prefix}orders", 2)
        wait_until(lambda: len(paused_of([worker])) == 2, "both partitions are paused")
        with pytest.raises(OperatorError, match="0 to 0"):
            resume(broker, prefix, 0, "7")


def test_orders_that_expire_before_a_running_worker_reads_them_are_counted_and_reported(
    broker: str, prefix: str, worker: Worker
) -> None:
    """Retention passes the position of a worker that stood still: paused, counted, and the rest answered on a word."""
    with running(worker):
        publish(broker, f"{prefix}orders", one_partition(range(10)))
        wait_for_decisions(broker, prefix, 10)
        number = next(number for number, offset in enumerate(committed(broker, prefix)) if offset)
        assert worker.popen is not None
        with stopped(worker.popen.pid):
            publish(broker, f"{prefix}orders", one_partition(range(10, 11)))  # answers the fetch that waits
            time.sleep(1.0)
            publish(broker, f"{prefix}orders", one_partition(range(11, 40)))
            delete_before(broker, f"{prefix}orders", number, 31)
        wait_until(lambda: paused_of([worker]) == {str(number): "orders_expired"}, "paused")
        assert worker.metric("screener_orders_expired_total") == 20
        resume(broker, prefix, number, "earliest")
        with reading(broker, outputs(prefix)) as reader:
            decided = reader.read_until(20)
    assert [int(record.source.rpartition("@")[2]) for record in decided] == [*range(11), *range(31, 40)]


def test_orders_that_expired_before_a_worker_starts_are_counted_and_reported(
    broker: str, prefix: str, worker: Worker
) -> None:
    """The group's position lies before the log's start."""
    with running(worker):
        publish(broker, f"{prefix}orders", one_partition(range(10)))
        wait_for_decisions(broker, prefix, 10)
        number = next(number for number, offset in enumerate(committed(broker, prefix)) if offset)
        worker.stop()
    publish(broker, f"{prefix}orders", one_partition(range(10, 40)))
    delete_before(broker, f"{prefix}orders", number, 30)
    worker.start()
    try:
        wait_until(lambda: paused_of([worker]) == {str(number): "orders_expired"}, "paused")
        assert worker.metric("screener_orders_expired_total") == 20
        seen = account(broker, prefix, [worker])
        assert seen.exact, seen
    finally:
        worker.kill()


@pytest.mark.parametrize("orders", [5, 60], ids=["shorter", "longer"])
def test_a_topic_that_is_created_again_while_no_worker_runs_is_paused_and_reported(
    broker: str, prefix: str, worker: Worker, orders: int
) -> None:
    """Kafka forgets the group's offsets with the topic; the decisions on the old one tell that it is another one."""
    publish(broker, f"{prefix}orders", orders_of(range(40)))
    with running(worker):
        wait_for_decisions(broker, prefix, 40)
        worker.stop()
    recreate(broker, f"{prefix}orders", 2)
    publish(broker, f"{prefix}orders", orders_of(range(orders)))
    worker.start()
    try:
        wait_until(lambda: set(paused_of([worker]).values()) == {"topic_recreated"}, "paused")
        seen = account(broker, prefix, [worker])
        assert seen.exact, seen
        assert seen.answered == 0
        for number in paused_of([worker]):
            resume(broker, prefix, int(number), "earliest")
        wait_until(lambda: not paused_of([worker]), "resumed")
        seen = account(broker, prefix, [worker])
        assert seen.exact, seen
        assert seen.answered == orders
    finally:
        worker.kill()


def test_a_topic_that_is_gone_for_a_while_ends_no_worker(broker: str, prefix: str, worker: Worker) -> None:
    """It is not ready meanwhile and says why; when the topic is there again its partitions are paused."""
    admin = AdminClient({"bootstrap.servers": broker})
    publish(broker, f"{prefix}orders", orders_of(range(40)))
    with running(worker):
        wait_for_decisions(broker, prefix, 40)
        admin.delete_topics([f"{prefix}orders"])[f"{prefix}orders"].result(30)
        wait_until(lambda: report_of(worker)["status"] == 503, "not ready")
        wait_until(lambda: "there is no such topic" in str(report_of(worker)), "it says why")
        wish = NewTopic(f"{prefix}orders", 2, 1, config=log_ordeals.LOG_APPEND_TIME)
        admin.create_topics([wish])[wish.topic].result(30)
        publish(broker, f"{prefix}orders", orders_of(range(40, 60)))
        wait_until(lambda: len(paused_of([worker])) == 2, "paused")
        seen = account(broker, prefix, [worker])
    assert seen.exact, seen
    assert seen.answered == 0


def test_expired_offsets_are_told_from_a_first_start(broker: str, prefix: str, worker: Worker) -> None:
    """The broker forgot the group's offsets: what was answered is not answered again; an empty partition begins."""
    publish(broker, f"{prefix}orders", one_partition(range(ORDERS)))
    with running(worker):
        wait_for_decisions(broker, prefix, ORDERS)
        number = next(number for number, offset in enumerate(committed(broker, prefix)) if offset)
        worker.stop()
    forget_offsets(broker, prefix)
    worker.start()
    try:
        wait_until(lambda: paused_of([worker]) == {str(number): "offsets_expired"}, "paused")
        assert f"--from {ORDERS} goes on behind it" in worker.log.read_text()
        seen = account(broker, prefix, [worker])
        assert seen == (ORDERS, ORDERS, 0, 0, 0, {str(number): "offsets_expired"})
        resume(broker, prefix, number, str(ORDERS))
        wait_until(lambda: report_of(worker)["status"] == 200, "ready")
        publish(broker, f"{prefix}orders", one_partition(range(ORDERS, ORDERS + 10)))
        wait_for_decisions(broker, prefix, ORDERS + 10)
    finally:
        worker.kill()


# --- hands -----------------------------------------------------------------------------------------------------------


def one_partition(numbers: range) -> list[tuple[bytes | None, bytes | None]]:
    """Orders of these numbers, and all in one partition: they share what the partition is chosen by."""
    return [(b"O-7", order("O-7", {"parties": [{"name": f"Maple {number} Ltd."}]})[1]) for number in numbers]


def wait_for_decisions(broker: str, prefix: str, count: int) -> None:
    with reading(broker, outputs(prefix)) as reader:
        assert len(reader.read_until(count)) == count


def lag(worker: Worker) -> float:
    return sum(worker.metric(f'screener_consumer_lag_records{{partition="{number}"}}') for number in range(2))


def resume(broker: str, prefix: str, partition: int, start: str) -> None:
    from screener.runners import offsets  # noqa: PLC0415
    from screener.settings import Cluster  # noqa: PLC0415

    offsets.resume(Cluster(broker), prefix, "screener", partition, start)


def delete_before(broker: str, topic: str, partition: int, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": broker})
    (deleted,) = admin.delete_records([TopicPartition(topic, partition, offset)]).values()
    deleted.result(30)


def forget_offsets(broker: str, prefix: str) -> None:
    """Do what the broker does with the offsets of a group that was empty for long."""
    admin = AdminClient({"bootstrap.servers": broker})
    deadline = time.monotonic() + 60
    while True:
        try:
            admin.delete_consumer_groups([f"{prefix}screener"])[f"{prefix}screener"].result(30)
        except Exception:  # noqa: BLE001  a member that just left is counted for a while
            assert time.monotonic() < deadline
            time.sleep(0.5)
        else:
            return


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that stands still for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
