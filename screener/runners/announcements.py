"""Announced snapshots: follow `screener.snapshots`, load what is announced, hand it over verified.

Every worker reads the whole topic, without a group (a group would tell each announcement to one worker only), from the
beginning and read_committed. An announcement names a snapshot's hash and where its file lies; the file is loaded only
when its content has that hash, and it replaces the one in use only when no list lost its rows. A snapshot that fails is
refused and counted, and the one in use stays.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from screener import __version__
from screener.errors import OperatorError
from screener.lists import build, pace, snapshot
from screener.runners.cluster import Reached, connection
from screener.runners.warming import warm

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.model import Snapshot
    from screener.runners.metrics import Metrics
    from screener.settings import Cluster

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
REACH_SECONDS_MAX = 10.0
ANNOUNCEMENT_BYTES_MAX = 65_536
LET_GO_SECONDS_MAX = 30.0
REST_SHARE = 1.0
"""How long the follower rests, as a multiple of the processor time that it takes, while orders are answered."""
KEY = b"latest"
_OWN_REFERENCES = 2  # the list's, and that of the question itself


def announce(
    cluster: Cluster, topic: str, path: Path, *, accept_losses: bool = False, withdraw: bool = False
) -> Snapshot:
    """Publish a snapshot file: load and verify it, then announce its hash and its absolute path.

    The announcement names the one before it for workers that start and can't take this one, unless that is withdrawn:
    by `withdraw`, or because this one is the one before it again. Raises OperatorError when a list has less than half
    of the rows that the announcement before tells, or where that is none, unless `accept_losses`, which the
    announcement then says to the workers.
    """
    published = snapshot.load(path)
    Reached(cluster)
    before = _before(cluster, topic, accept_losses=accept_losses)
    if not accept_losses:
        build.check_rows(_aging_rows(before), published, "the snapshot announced before", "publish")
    lists = {
        code: {"rows": facts.rows} | ({"edition": facts.edition} if facts.edition else {})
        for code, facts in published.lists.items()
    }
    value = orjson.dumps(
        {
            "schema_version": 1,
            "snapshot": published.sha256,
            "location": str(path.resolve()),
            "lists": lists,
            "accept_losses": accept_losses,
            "screener": __version__,
        }
        | _previous(before, published.sha256, withdraw=withdraw)
    )
    failures: list[str] = []
    producer = Producer({**connection(cluster), "message.timeout.ms": 10_000}, logger=log)
    producer.produce(topic, value, KEY, on_delivery=lambda error, _: failures.append(error.str()) if error else None)
    producer.flush(REACH_SECONDS_MAX + 2)
    if failures or len(producer):
        raise OperatorError(f"{topic}: the announcement was not taken ({'; '.join(failures) or 'no answer'})")
    return published


def _reader(cluster: Cluster) -> Consumer:
    """A client without a group; the client library wants a name all the same, and no offset is ever committed."""
    settings = {
        **connection(cluster),
        "group.id": "screener-snapshots-unused",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    }
    return Consumer(settings, logger=log)


def _latest(cluster: Cluster, topic: str) -> bytes | None:
    """The value of the announcement in force, None where there is none."""
    consumer = _reader(cluster)
    latest: bytes | None = None
    deadline = time.monotonic() + REACH_SECONDS_MAX
    try:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        while time.monotonic() < deadline:
            record = consumer.poll(POLL_SECONDS)
            if record is None:
                continue
            fault = record.error()
            if fault is None:
                latest = record.value() if record.key() == KEY else latest
            elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                return latest
            else:
                raise OperatorError(f"{topic}: can't be read: {fault.str()}")
    finally:
        consumer.close()
    raise OperatorError(f"{topic}: can't be read: no broker answers at {cluster.bootstrap_servers}")


def announced_now(cluster: Cluster, topic: str) -> dict[str, Any]:
    """The announcement in force; OperatorError where there is none, or where it can't be read."""
    Reached(cluster)
    value = _latest(cluster, topic)
    if value is None:
        raise OperatorError(f"{topic}: nothing is announced")
    return _announcement(value)


def _before(cluster: Cluster, topic: str, *, accept_losses: bool) -> dict[str, Any]:
    """The announcement in force, {} where there is none; OperatorError for what is none, unless losses are accepted."""
    value = _latest(cluster, topic)
    try:
        return {} if value is None else _announcement(value)
    except OperatorError as error:
        if accept_losses:
            return {}
        raise OperatorError(
            f"{topic}: what is announced now is {error}: nothing can be compared; see who wrote it, then publish with"
            " --accept-losses"
        ) from None


def _previous(before: dict[str, Any], published: str, *, withdraw: bool) -> dict[str, Any]:
    """What to say of the announcement before, if of another snapshot and not withdrawn; else what that one says."""
    earlier = before.get("previous", {})
    if before and published not in {before["snapshot"], earlier.get("snapshot")} and not withdraw:
        return {"previous": {"snapshot": before["snapshot"], "location": before["location"]}}
    return {"previous": earlier} if earlier and published != earlier["snapshot"] else {}


def _aging_rows(announced: dict[str, Any]) -> dict[str, int]:
    """List -> rows, as an announcement tells of lists that age."""
    return {code: told.get("rows", 0) for code, told in announced.get("lists", {}).items() if "edition" in told}


class Follower:
    """Keeps `current` at the latest announced snapshot that could be verified."""

    def __init__(self, cluster: Cluster, topic: str, metrics: Metrics) -> None:
        self._cluster = cluster
        self._topic = topic
        self._metrics = metrics
        self._stopping = threading.Event()
        self.caught_up = threading.Event()
        self.current: Snapshot | None = None

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def run(self, on_snapshot: Callable[[Snapshot], None]) -> None:
        """Follow the topic until `stop`; `on_snapshot` is called with each snapshot that is taken."""
        consumer = _reader(self._cluster)
        try:
            consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
            latest: bytes | None = None
            while not self._stopping.is_set():
                record = consumer.poll(POLL_SECONDS)
                if record is None:
                    continue
                fault = record.error()
                if fault is None:
                    latest = record.value() if record.key() == KEY else latest
                elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                    self._take(latest, on_snapshot)  # only the latest announcement counts
                    latest = None
                else:
                    log.warning("%s: %s", self._topic, fault.str())
        except KafkaException as error:
            raise OperatorError(f"{self._topic}: can't be followed ({error})") from error
        finally:
            consumer.close()

    def _take(self, value: bytes | None, on_snapshot: Callable[[Snapshot], None]) -> None:
        if value is not None:
            try:
                announced = _announcement(value)
            except OperatorError as error:
                self._refuse(error)
            else:
                taken = self._try(announced, on_snapshot)
                if not taken and self.current is None and "previous" in announced:
                    log.warning("trying the snapshot that was announced before: %s", announced["previous"]["location"])
                    self._try(announced["previous"], on_snapshot)
        if self.current is not None:
            self.caught_up.set()

    def _try(self, announced: dict[str, Any], on_snapshot: Callable[[Snapshot], None]) -> bool:
        """Take an announced snapshot; False where it is refused."""
        try:
            self._swap(announced, on_snapshot)
        except OperatorError as error:
            self._refuse(error)
            return False
        return True

    def _refuse(self, error: OperatorError) -> None:
        self._metrics.refused()
        log.error("announced snapshot refused: %s", error)

    def _swap(self, announced: dict[str, Any], on_snapshot: Callable[[Snapshot], None]) -> None:
        if self.current is not None and announced["snapshot"] == self.current.sha256:
            return
        with pace.paced(self._share):
            fresh = self._loaded(announced)
        log.info("snapshot %s was at %s", fresh.sha256, announced["location"])
        on_snapshot(fresh)
        before, self.current = [self.current], fresh
        if before[0] is not None:
            with pace.paced(self._share):
                self._let_go(before)  # type: ignore[arg-type]

    @property
    def _share(self) -> float:
        """Nobody waits while the first one is loaded."""
        return REST_SHARE if self.current is not None else 0.0

    def _loaded(self, announced: dict[str, Any]) -> Snapshot:
        """The announced snapshot, verified, and acquainted with what the one in use remembers."""
        fresh = snapshot.load(Path(announced["location"]))
        if fresh.sha256 != announced["snapshot"]:
            raise OperatorError(f"{announced['location']} has another hash than the announced {announced['snapshot']}")
        if self.current is not None and announced.get("accept_losses") is not True:
            build.check_against(self.current, fresh, "publish")
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


def _announcement(value: bytes) -> dict[str, Any]:
    try:
        announced = orjson.loads(value[:ANNOUNCEMENT_BYTES_MAX])
        known = announced["schema_version"] == 1
        told = list(announced.get("lists", {}).values())
        texts = [announced["snapshot"], announced["location"]]
        if "previous" in announced:
            texts += [announced["previous"]["snapshot"], announced["previous"]["location"]]
        if not known or not all(isinstance(text, str) for text in texts):
            raise ValueError
        if not all(isinstance(row, dict) and isinstance(row.get("rows", 0), int) for row in told):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OperatorError("not an announcement as topics/schemas/snapshot-announcement.schema.json says") from None
    found: dict[str, Any] = announced
    return found
