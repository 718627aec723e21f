"""The watchdog of the lane, with invented clocks: which silence counts, and which does not."""

from __future__ import annotations

from screener.runners.watchdog import Watchdog

SILENCE = 45.0
GAP = 1.0


def alarms(ticks: list[tuple[float, float]]) -> list[float]:
    """The times at which a watchdog finds the lane silent for too long, given (now, alive_at) of each tick."""
    watchdog = Watchdog(SILENCE, GAP)
    return [now for now, alive_at in ticks if watchdog.tick(now, alive_at)]


def every_half_second(begin: float, end: float) -> list[float]:
    return [begin + half / 2 for half in range(int(2 * (end - begin)))]


def test_a_lane_that_gives_signs_is_left_alone() -> None:
    """Signs at every tick, or 45 seconds apart, are no fault however long the worker runs."""
    assert alarms([(now, now - 0.1) for now in every_half_second(1_000, 2_000)]) == []
    assert alarms([(now, now - now % SILENCE) for now in every_half_second(0, 1_000)]) == []


def test_a_silent_lane_is_found_at_the_limit() -> None:
    """45 seconds after its last sign it is not too long yet; at the next tick it is, and stays so."""
    found = alarms([(now, 1_000.0) for now in every_half_second(1_000, 1_060)])
    assert found[0] == 1_045.5
    assert found == every_half_second(1_045.5, 1_060)


def test_a_sign_ends_the_silence() -> None:
    """A lane that comes back after 44 seconds has 45 more."""
    before = [(now, 1_000.0) for now in every_half_second(1_000, 1_044)]
    after = [(now, 1_044.0) for now in every_half_second(1_044, 1_090)]
    assert alarms(before + after) == [1_089.5]


def test_time_in_which_the_watch_did_not_run_does_not_count() -> None:
    """A process that stood still for a minute or a day finds its lane as silent as before it, and one gap more."""
    for stood in (60.0, 86_400.0):
        before = [(now, 1_000.0) for now in every_half_second(1_000, 1_010)]
        after = [(now + stood, 1_000.0) for now in every_half_second(1_010, 1_060)]
        found = alarms(before + after)
        assert found[0] == 1_045.0 + stood  # of the gap one second counted, half a second of it as always
        assert alarms(before + after[:1] + [(now, now) for now, _ in after[1:]]) == []


def test_ticks_of_a_busy_machine_count_to_their_limit() -> None:
    """Gaps of a second count wholly, and of longer ones a second each."""
    assert alarms([(1_000.0 + tick, 1_000.0) for tick in range(100)])[0] == 1_046.0
    assert alarms([(1_000.0 + 3 * tick, 1_000.0) for tick in range(100)])[0] == 1_000.0 + 3 * 46


def test_the_first_tick_finds_nothing() -> None:
    """A watch that begins counts from its own beginning."""
    assert alarms([(1_000.0, 0.0), (1_000.5, 0.0)]) == []
