"""Whether readers of committed decisions get on: a transaction that hangs holds them up, and no worker notices.

Readers of `read_committed` see a partition up to the first record of a transaction that is still open. An open one ends
within seconds: by its worker, or by the coordinator's time-out. One that the coordinator has forgotten (KAFKA-20734)
never does; then the committed end stands still while the end moves on, which is told here and nowhere else.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it re-exports without __all__

from screener.runners.cluster import Heard, connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from screener.runners.lane import Lane
    from screener.runners.metrics import Metrics
    from screener.settings import Cluster

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
CALL_SECONDS_MAX = 5.0

Place = tuple[str, int]  # topic, partition


class Outputs:
    """Looks from time to time how far readers can read in what a lane writes to."""

    def __init__(self, cluster: Cluster, lane: Lane, metrics: Metrics) -> None:
        """Take the lane to ask what it writes to, and where to tell."""
        self._cluster, self._lane, self._metrics = cluster, lane, metrics
        self._stopping = threading.Event()
        self._stood: dict[Place, tuple[int, float]] = {}

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def run(self) -> None:
        """Look until `stop`."""
        quiet: dict[str, Any] = {"log_level": 0, "error_cb": Heard()}
        admin = AdminClient({**connection(self._cluster), **quiet})
        while not self._stopping.wait(LOOK_SECONDS):
            self.look(admin)

    def look(self, admin: AdminClient) -> None:
        """Compare both ends of each partition once, and tell since when a committed one stands."""
        places = self._lane.written
        try:
            committed = _ends(admin, places, IsolationLevel.READ_COMMITTED)
            ends = _ends(admin, places, IsolationLevel.READ_UNCOMMITTED)
        except (KafkaException, TimeoutError) as error:
            log.info("whether readers get on is not known: %s", error or "no answer came")
            return
        now = time.monotonic()
        stood = {}
        for place in places & committed.keys() & ends.keys():
            before, since = self._stood.get(place, (-1, now))
            stands = committed[place] == before and committed[place] < ends[place]
            stood[place] = (committed[place], since if stands else now)
            self._metrics.stalled(*place, now - stood[place][1])
        self._stood = stood


def _ends(admin: AdminClient, places: Iterable[Place], isolation: IsolationLevel) -> dict[Place, int]:
    """The end of each partition as readers of an isolation level see it."""
    asked = {TopicPartition(*place): OffsetSpec.latest() for place in places}  # type: ignore[no-untyped-call]
    if not asked:
        return {}
    futures = admin.list_offsets(asked, isolation_level=isolation, request_timeout=CALL_SECONDS_MAX)
    return {(row.topic, row.partition): future.result(2 * CALL_SECONDS_MAX).offset for row, future in futures.items()}
