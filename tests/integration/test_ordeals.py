"""The ordeals of the worker in their short form; `make soak` runs them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from screener import broker
from tests.integration import ordeals
from tests.integration.kafka import orders_of, outputs, publish, reading, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[ordeals.Place]:
    """A broker of the test's own: it is killed."""
    try:
        yield ordeals.Place(tmp_path)
    finally:
        broker.stop(tmp_path / "broker")


def test_kills_lose_nothing_and_repeat_nothing(place: ordeals.Place) -> None:
    """Two workers, kills at random: every order has exactly one committed decision, in the order of its partition."""
    seen = ordeals.kills(place, orders=15_000, rate=5_000, times=2)
    assert seen.exact, seen
    assert seen.facts["in_transaction"] >= 1, seen


def test_a_broker_that_is_killed_and_gone_loses_nothing(place: ordeals.Place) -> None:
    """The worker outlives its broker, and answers every order once when it is back."""
    seen = ordeals.broker_restarts(place, rate=300, times=1, apart_seconds=2, gone_seconds=3)
    assert seen.exact, seen
    assert seen.facts["worker_lives"], seen


def test_a_quiet_stream_loses_nothing_when_its_broker_is_restarted(place: ordeals.Place) -> None:
    """A few orders after each restart: the first of a new leader epoch is a sign to check the log, and not to skip it.

    The worker meets the end of the partition right behind them.
    """
    with running(place.worker(0)), reading(place.bootstrap, outputs("")) as reader:
        for restart in range(2):
            publish(place.bootstrap, "orders", orders_of(range(restart * 12, restart * 12 + 12)))
            assert len(reader.read_until((restart + 1) * 12, seconds=30)) == (restart + 1) * 12, restart
            place.stop_broker()
            place.start_broker()


def test_a_broker_that_does_not_answer_for_a_while_loses_nothing(place: ordeals.Place) -> None:
    """Connections stay open and nothing comes; the second time for so long that the cluster takes it for dead."""
    seen = ordeals.broker_pauses(place, rate=300, pauses_seconds=[1.0, 3.5], apart_seconds=1)
    assert seen.exact, seen
    assert seen.facts["worker_lives"], seen


def test_a_full_disk_loses_nothing(place: ordeals.Place) -> None:
    """The broker can't write and ends; orders that were not taken yet are taken when there is room again."""
    seen = ordeals.full_disk(place, rate=300, times=1, apart_seconds=2)
    assert seen.exact, seen
    assert seen.facts["worker_lives"], seen


def test_a_worker_ends_though_its_broker_is_gone(place: ordeals.Place) -> None:
    """SIGTERM in an outage, with a batch in hand: the worker ends by itself, and its successor answers the rest."""
    seen = ordeals.ends(place, orders=500)
    assert seen.exact, seen
    assert seen.facts["status"] == 0, seen


def test_workers_that_come_and_go_lose_nothing(place: ordeals.Place) -> None:
    """Rebalances while orders stream."""
    seen = ordeals.rebalances(place, rate=500, seconds=5)
    assert seen.exact, seen
    assert seen.facts["changes"] >= 4


def test_hostile_messages_are_quarantined_and_good_ones_answered(place: ordeals.Place) -> None:
    """Of each kind of message that is no order some, among as many good ones."""
    count = 3_000
    seen = ordeals.hostile(place, count)
    assert seen.exact, seen
    assert seen.outcomes["orders.quarantine"] == count, seen
    assert seen.outcomes["orders.blocked"] == -(-count // ordeals.LISTED_EVERY), seen
    assert seen.facts["worker_lives"], seen
