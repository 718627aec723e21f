"""A paced thread rests as long as it works; any other does not rest at all. The clock is invented."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from screener.lists import pace


class Clock:
    """The processor time of a thread, which only `work` moves on, and the rests that were asked for."""

    def __init__(self) -> None:
        self.worked = 0.0
        self.rests: list[float] = []

    def work(self, seconds: float) -> None:
        self.worked += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    invented = SimpleNamespace(thread_time=lambda: made.worked, sleep=made.rests.append)
    monkeypatch.setattr(pace, "time", invented)
    return made


@pytest.mark.parametrize("share", [0.5, 1.0, 3.0])
def test_a_paced_thread_rests_as_long_as_it_worked(clock: Clock, share: float) -> None:
    """Each rest is the share's multiple of the work since the one before."""
    with pace.paced(share):
        for seconds in (0.5, 0.25, 2.0):
            clock.work(seconds)
            pace.rest()
    assert clock.rests == [0.5 * share, 0.25 * share, 2.0 * share]


def test_nobody_else_rests(clock: Clock) -> None:
    """Outside of `paced`, before and after it, a rest is nothing, however long the work was."""
    clock.work(5.0)
    pace.rest()
    with pace.paced(5.0):
        pass
    clock.work(5.0)
    pace.rest()
    assert clock.rests == []


def test_small_pieces_are_gathered(clock: Clock) -> None:
    """Work of less than a millisecond is not followed by a rest of its own; it counts for the next one."""
    with pace.paced(1.0):
        clock.work(pace.WORK_SECONDS_MIN / 2)
        pace.rest()
        assert clock.rests == []
        clock.work(pace.WORK_SECONDS_MIN / 2)
        pace.rest()
    assert clock.rests == [pace.WORK_SECONDS_MIN]


def test_steps_rest_at_every_hundredth(clock: Clock) -> None:
    """Of 250 steps, those numbered 0, 100 and 200 are followed by a rest."""
    with pace.paced(1.0):
        for step in range(250):
            clock.work(1.0)
            pace.rest_at(step)
    assert clock.rests == [1.0, 100.0, 100.0]
