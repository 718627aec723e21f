"""How the cost of a call grows with the size of what it is given: for tests that nothing can hold up the other orders.

A test compares processor time with processor time, never with a number of seconds: on a machine that is slow or busy
both sides grow alike.
"""

from __future__ import annotations

import gc
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS_MIN = 2
ROUNDS_MAX = 8
FACTOR = 4
GROWTH_MAX = 10.0
"""Of four times the size: what grows with its square costs sixteen times as much."""


def assert_growth(
    prepare: Callable[[int, int], Callable[[], object]],
    size: int,
    growth_max: float = GROWTH_MAX,
    *,
    context: object = "",
) -> None:
    """Fail where four times the size costs more than `growth_max` times the processor time.

    `prepare` makes the call to time, of a size and the number of a round, so that it can take a text that no cache has
    seen. The cheapest of several rounds counts, and there are more of them while the growth looks too large.
    """
    small = large = float("inf")
    for number in range(ROUNDS_MAX):
        small = min(small, _processor_seconds(prepare(size, number)))
        large = min(large, _processor_seconds(prepare(FACTOR * size, number)))
        if number + 1 >= ROUNDS_MIN and large <= growth_max * small:
            return
    growth = f"{large / small:.1f} times as much, expected at most {growth_max:.0f}"
    raise AssertionError(f"{FACTOR} times {size} cost {growth} {context}")


def _processor_seconds(call: Callable[[], object]) -> float:
    collecting = gc.isenabled()
    gc.disable()
    try:
        begun = process_time()
        call()
        return process_time() - begun
    finally:
        if collecting:
            gc.enable()
