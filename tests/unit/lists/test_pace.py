"""A paced thread rests as long as it works; any other does not rest at all."""

from __future__ import annotations

import time

from screener.lists import pace

WORK_SECONDS = 0.02


def worked(share: float) -> float:
    """Seconds, as a multiple of the work, that work of ten pieces takes with rests behind them."""
    begun, spent = time.perf_counter(), 0.0
    with pace.paced(share):
        for _ in range(10):
            piece = time.thread_time()
            while time.thread_time() - piece < WORK_SECONDS:
                pass
            spent += time.thread_time() - piece
            slept = time.thread_time()
            pace.rest()
            spent += time.thread_time() - slept
    return (time.perf_counter() - begun) / spent


def test_a_paced_thread_rests_as_long_as_it_worked() -> None:
    """Twice the work's time at a share of one, four times at three."""
    assert worked(1.0) >= 1.9
    assert worked(3.0) >= 3.8


def test_nobody_else_rests() -> None:
    """Outside of `paced`, and after it, a rest is nothing."""
    with pace.paced(5.0):
        pass
    piece = time.thread_time()
    while time.thread_time() - piece < WORK_SECONDS:
        pass
    begun = time.perf_counter()
    pace.rest()
    assert time.perf_counter() - begun < WORK_SECONDS


def test_small_pieces_are_gathered() -> None:
    """Work of less than a millisecond is not followed by a rest of its own."""
    with pace.paced(1_000.0):
        begun = time.perf_counter()
        pace.rest()
        assert time.perf_counter() - begun < 0.5
