"""The pace of work that others must not wait for: in a thread that is `paced`, each `rest` is as long as its work was.

CPython runs one thread at a time, and one that loads a snapshot takes turns with the one that answers orders: short
turns are not enough, for the latter gives its own away with every record that it sends. Elsewhere `rest` does nothing.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS_BETWEEN_RESTS = 100
WORK_SECONDS_MIN = 0.001
"""Of work between two rests; a rest that comes earlier is left out."""


class _Pace(threading.local):
    share = 0.0
    since = 0.0


_pace = _Pace()


@contextmanager
def paced(share: float) -> Iterator[None]:
    """Let this thread rest `share` times as long as it works."""
    _pace.share, _pace.since = share, time.thread_time()
    try:
        yield
    finally:
        _pace.share = 0.0


def rest() -> None:
    """Rest, if this thread is paced and has worked a while."""
    if not _pace.share:
        return
    worked = time.thread_time() - _pace.since
    if worked >= WORK_SECONDS_MIN:
        time.sleep(_pace.share * worked)
        _pace.since = time.thread_time()


def rest_at(step: int) -> None:
    """Rest at every hundredth of many small steps, by their number."""
    if not step % STEPS_BETWEEN_RESTS:
        rest()
