"""A broker that is gone and comes back: what a worker says of it meanwhile, and that it looks again afterwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from screener import broker
from tests.integration import ordeals
from tests.integration.kafka import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAG = "screener_consumer_lag_records{"
STALLED = "screener_output_stalled_seconds{"
WAIT_SECONDS = 120.0
LINES_MAX = 150  # of a client that tries to connect again and again for half a minute


def until(seen: Callable[[], bool], what: str) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def test_an_outage_shows_and_what_is_looked_at_is_looked_at_again_after_it(tmp_path: Path) -> None:
    """No longer ready, no lag told, few lines of log; then ready, and both ends of what it writes to are looked at."""
    try:
        place = ordeals.Place(tmp_path)
        worker = place.worker(0)
        with running(worker):
            until(lambda: STALLED in worker.get("/metrics")[1], "the outputs are looked at")
            lines = len(worker.log.read_text().splitlines())
            place.stop_broker()
            until(lambda: worker.get("/ready")[0] == 503 and LAG not in worker.get("/metrics")[1], "an outage shows")
            assert "no partitions are assigned now" in worker.get("/ready")[1]
            assert worker.get("/health")[0] == 200
            until(lambda: STALLED not in worker.get("/metrics")[1], "what is not known is not told")
            said = worker.log.read_text().splitlines()[lines:]
            assert len(said) < LINES_MAX, said
            place.start_broker()
            until(lambda: worker.get("/ready")[0] == 200 and LAG in worker.get("/metrics")[1], "it is over")
            until(lambda: STALLED in worker.get("/metrics")[1], "the outputs are looked at again")
    finally:
        broker.stop(tmp_path / "broker")
