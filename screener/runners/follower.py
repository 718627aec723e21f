"""The follower: keeps a worker on the latest announced snapshot that passes its checks.

Every worker reads the whole of `screener.snapshots` from its beginning, without a group. What is announced is loaded,
checked (`announcements.check`) and taken over; a snapshot that fails is refused and counted, and the one in use stays.
Only a worker that has none yet, and a profile that the announced rules lack, ends: no waiting mends its settings.
A topic that was deleted and created again is noticed by its id and read from its beginning, whatever its length.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException

from screener.errors import OperatorError
from screener.lists import pace, snapshot
from screener.lists.jurisdictions import UnknownProfileError
from screener.runners import announcements, compacted
from screener.runners.cluster import quiet_admin, topic_id
from screener.runners.warming import warm

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Consumer

    from screener.model import Snapshot
    from screener.runners.metrics import Metrics
    from screener.settings import Cluster, FleetSettings

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
TOPIC_CHECK_SECONDS = 3.0
LET_GO_SECONDS_MAX = 30.0
REST_SHARE = 1.0
"""How long the follower rests, as a multiple of the processor time that it takes, while orders are answered."""
REASON_CHARACTERS_MAX = 1_000
_OWN_REFERENCES = 2  # the list's, and that of the question itself
_POSITION_LOST = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})  # noqa: SLF001  public names


class Refusal(NamedTuple):
    """A snapshot that was not taken, None where the record was no announcement, and why."""

    snapshot: str | None
    reason: str


class Answer(NamedTuple):
    """The outcome of an announcement, which is named by its hash; `refusal` is None where its snapshot is in use."""

    announcement: str
    refusal: Refusal | None


class Follower:
    """Keeps `current` at the latest announced snapshot that passed its checks."""

    def __init__(
        self, fleet: FleetSettings, topic: str, metrics: Metrics, on_answer: Callable[[Answer], None] = lambda _: None
    ) -> None:
        self._fleet = fleet
        self._topic = topic
        self._metrics = metrics
        self._on_answer = on_answer
        self._stopping = threading.Event()
        self._unknown_profile: UnknownProfileError | None = None
        self.caught_up = threading.Event()
        self.current: Snapshot | None = None

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def run(self, on_snapshot: Callable[[Snapshot], None]) -> None:
        """Follow the topic until `stop`; `on_snapshot` is called with each snapshot that is taken.

        OperatorError where the topic can't be followed, or the worker's profile is none of those announced.
        """
        try:
            watch = _TopicWatch(self._fleet, self._topic)
            while not self._stopping.is_set():
                consumer = compacted.consumer_at_beginning(self._fleet, self._topic, announcements.GROUP)
                try:
                    self._follow(consumer, watch, on_snapshot)
                finally:
                    consumer.close()
        except KafkaException as error:
            raise OperatorError(f"{self._topic}: can't be followed ({error})") from error

    def _follow(self, consumer: Consumer, watch: _TopicWatch, on_snapshot: Callable[[Snapshot], None]) -> None:
        """Take announcements until `stop`, or until the topic must be read from its beginning again."""
        latest: bytes | None = None
        while not self._stopping.is_set() and not watch.sees_another_topic():
            record = consumer.poll(POLL_SECONDS)
            if record is None:
                continue
            fault = record.error()
            if fault is None:
                latest = record.value() if record.key() == announcements.KEY else latest
            elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                self._take(latest, on_snapshot)  # only the latest announcement counts
                latest = None
            elif fault.code() in _POSITION_LOST:
                log.warning("%s: %s: it is read from its beginning", self._topic, fault.str())
                self._stopping.wait(POLL_SECONDS)
                return
            else:
                log.warning("%s: %s", self._topic, fault.str())

    def _take(self, value: bytes | None, on_snapshot: Callable[[Snapshot], None]) -> None:
        if value is not None:
            refusal = self._refusal_of(value, on_snapshot)
            self._metrics.answered(refused=refusal is not None)
            self._on_answer(Answer(announcements.hash_of(value), refusal))
        if self.current is not None:
            self.caught_up.set()
        elif self._unknown_profile is not None:
            raise self._unknown_profile

    def _refusal_of(self, value: bytes, on_snapshot: Callable[[Snapshot], None]) -> Refusal | None:
        """Take what is announced, or, without a snapshot in use, the one before it; None where it was taken."""
        try:
            announcement = announcements.announcement_of(value)
        except OperatorError as error:
            return self._refused(None, error)
        refusal = self._try(announcement, on_snapshot)
        unknown_profile = self._unknown_profile
        if refusal is not None and self.current is None and "previous" in announcement:
            previous = announcement["previous"]
            log.warning("trying the snapshot that was announced before: %s", previous["location"])
            self._try(previous, on_snapshot)
            self._unknown_profile = unknown_profile
        return refusal

    def _try(self, announcement: dict[str, Any], on_snapshot: Callable[[Snapshot], None]) -> Refusal | None:
        """Take an announced snapshot; why it is refused, where it is."""
        self._unknown_profile = None
        try:
            self._swap(announcement, on_snapshot)
        except OperatorError as error:
            self._unknown_profile = error if isinstance(error, UnknownProfileError) else None
            return self._refused(announcement["snapshot"], error)
        return None

    def _refused(self, sha256: str | None, error: OperatorError) -> Refusal:
        self._metrics.refused()
        log.error("announced snapshot refused: %s", error)
        return Refusal(sha256, str(error)[:REASON_CHARACTERS_MAX])

    def _swap(self, announcement: dict[str, Any], on_snapshot: Callable[[Snapshot], None]) -> None:
        if self.current is not None and announcement["snapshot"] == self.current.sha256:
            announcements.check(announcement, self.current, self._fleet)
            return
        with pace.paced(self._share):
            fresh = self._load(announcement)
        log.info("snapshot %s was at %s", fresh.sha256, announcement["location"])
        on_snapshot(fresh)
        before, self.current = [self.current], fresh
        if before[0] is not None:
            with pace.paced(self._share):
                self._let_go(before)  # type: ignore[arg-type]

    @property
    def _share(self) -> float:
        """Nobody waits while the first one is loaded."""
        return REST_SHARE if self.current is not None else 0.0

    def _load(self, announcement: dict[str, Any]) -> Snapshot:
        """Load and check the announced snapshot; fill its memory from that of the one in use."""
        fresh = snapshot.load(Path(announcement["location"]))
        announcements.check(announcement, fresh, self._fleet)
        if self.current is not None:
            begun = time.monotonic()
            count = warm(fresh, self.current, self._stopping.is_set)
            log.info("snapshot %s met %d known pieces in %.1f s", fresh.sha256, count, time.monotonic() - begun)
        return fresh

    def _let_go(self, before: list[Snapshot]) -> None:
        """Free the snapshot that was in use, once the batch in hand is answered."""
        deadline = time.monotonic() + LET_GO_SECONDS_MAX
        while sys.getrefcount(before[0]) > _OWN_REFERENCES and time.monotonic() < deadline:
            self._stopping.wait(0.1)
        snapshot.let_go(before)


class _TopicWatch:
    """Notices that a topic was deleted and created again."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._topic = topic
        self._admin = quiet_admin(cluster)
        self._id: str | None = None
        self._missing = False
        self._check_at = 0.0
        self.sees_another_topic()  # only notes the id

    def sees_another_topic(self) -> bool:
        """Compare the topic's id with the one noted before, every few seconds; True once after each re-creation.

        An id that becomes known only now counts as another one: to read a topic once more does no harm.
        """
        if time.monotonic() < self._check_at:
            return False
        try:
            fresh = topic_id(self._admin, self._topic)
        except KafkaException:
            return False  # no broker answers: the consumer says so
        finally:
            self._check_at = time.monotonic() + TOPIC_CHECK_SECONDS
        if fresh is None:
            if not self._missing:
                log.warning("%s: the topic is gone; the snapshot in use stays until it is there again", self._topic)
            self._missing = True
            return False
        self._missing = False
        before, self._id = self._id, fresh
        if before is not None and before != fresh:
            log.warning("%s: the topic was created again; it is read from its beginning", self._topic)
        return before != fresh
