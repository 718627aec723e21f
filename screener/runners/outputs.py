"""Whether readers of committed decisions get on: a transaction that hangs holds them up, and no worker notices.

Readers of `read_committed` see a partition up to the first record of a transaction that is still open. An open one ends
within seconds: by its worker, or by the coordinator's time-out. One that the coordinator has forgotten (KAFKA-20734)
never does; then the committed end stands still while the end moves on, which is told here and nowhere else.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from confluent_kafka import IsolationLevel

from screener.runners.cluster import quiet_admin
from screener.runners.log_reader import LATEST, ends_of

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

    from screener.runners.lane import Lane
    from screener.runners.metrics import Metrics
    from screener.settings import Cluster

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
UNKNOWN_SECONDS = 60.0

Place = tuple[str, int]  # topic, partition


class Outputs:
    """Looks from time to time how far readers can read in what a lane writes to."""

    def __init__(self, cluster: Cluster, lane: Lane, metrics: Metrics) -> None:
        """Take the lane to ask what it writes to, and where to tell."""
        self._cluster, self._lane, self._metrics = cluster, lane, metrics
        self._stopping = threading.Event()
        self._stood: dict[Place, tuple[int, float]] = {}
        self._known_at = time.monotonic()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def run(self) -> None:
        """Look until `stop`."""
        admin: AdminClient | None = None
        while not self._stopping.wait(LOOK_SECONDS):
            admin = admin or quiet_admin(self._cluster)
            if not self.look(admin):
                admin = None  # it goes on with what it remembers of leaders and partitions, however wrong

    def look(self, admin: AdminClient) -> bool:
        """Compare both ends of each partition, and tell since when a committed one stands; whether all were told."""
        places = self._lane.written
        committed, faults = ends_of(admin, places, LATEST, IsolationLevel.READ_COMMITTED)
        ends, more = ends_of(admin, places, LATEST, IsolationLevel.READ_UNCOMMITTED)
        self._tell_faults(len(places - (committed.keys() & ends.keys())), [*faults, *more])
        now = time.monotonic()
        stood = {}
        for place in places & committed.keys() & ends.keys():
            before, since = self._stood.get(place, (-1, now))
            stands = committed[place] == before and committed[place] < ends[place]
            stood[place] = (committed[place], since if stands else now)
        self._stood = stood
        self._metrics.stalled({place: now - since for place, (_, since) in stood.items()})
        return not faults and not more

    def _tell_faults(self, unknown: int, faults: list[str]) -> None:
        """Log what could not be learnt, as a warning once that has lasted."""
        now = time.monotonic()
        if not faults:
            self._known_at = now
            return
        level = logging.WARNING if now - self._known_at > UNKNOWN_SECONDS else logging.INFO
        log.log(level, "whether readers get on is not known of %d partitions: %s", unknown, faults[0])
