"""Announcements of snapshots on `screener.snapshots`: written, read, and the checks that decide what is taken.

An announcement names a snapshot's hash and where its file lies, and has the facts of the announcement that it was
compared with. `check` says whether a file may be used for an announcement. It looks at the announcement, the file and
the settings that a fleet has in common, and at nothing else: whoever publishes and every worker come to the same
answer, whichever snapshot a worker has in use. Following the topic is `follower.py`.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from confluent_kafka import Producer

from screener import __version__
from screener.errors import OperatorError
from screener.lists import build, snapshot
from screener.lists.jurisdictions import must_know
from screener.runners import compacted
from screener.runners.cluster import Reached, connection

if TYPE_CHECKING:
    from pathlib import Path

    from screener.model import Snapshot
    from screener.settings import Cluster, FleetSettings

log = logging.getLogger(__name__)

DELIVERY_SECONDS_MAX = 10.0
ANNOUNCEMENT_BYTES_MAX = 65_536
KEY = b"latest"
GROUP = "screener-snapshots-unused"


class Published(NamedTuple):
    """A snapshot that was announced, and the hash of its announcement."""

    snapshot: Snapshot
    announcement: str

    @property
    def sha256(self) -> str:
        """Hash of the snapshot."""
        return self.snapshot.sha256


def announce(
    fleet: FleetSettings, topic: str, path: Path, *, accept_losses: bool = False, withdraw: bool = False
) -> Published:
    """Publish a snapshot file: load and check it, then announce its hash and its absolute path.

    It is compared with the announcement in force. Where it lost too much, or where that is no announcement, an
    OperatorError is raised; `accept_losses` leaves the comparison out, here and for the workers. The announcement names
    the one before it for workers that start and can't take this one, unless that is withdrawn: by `withdraw`, or
    because this one is the one before it again.
    """
    fresh = snapshot.load(path)
    Reached(fleet)
    latest = _in_force(fleet, topic, accept_losses=accept_losses)
    announcement = {
        "schema_version": 1,
        "snapshot": fresh.sha256,
        "location": str(path.resolve()),
        "lists": {
            code: {"rows": facts.rows} | ({"edition": facts.edition} if facts.edition else {})
            for code, facts in fresh.lists.items()
        },
        "ownership_known": len(fresh.ownership_known),
        "sample": fresh.sample,
        "accept_losses": accept_losses,
        "announced_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "screener": __version__,
    }
    announcement |= {} if accept_losses else _compared_with(latest)
    announcement |= _previous(latest, fresh.sha256, withdraw=withdraw)
    check(announcement, fresh, fleet)
    value = orjson.dumps(announcement)
    if len(value) > ANNOUNCEMENT_BYTES_MAX:
        raise OperatorError(
            f"{path}: the announcement has {len(value)} bytes, expected {ANNOUNCEMENT_BYTES_MAX} at most"
        )
    _produce(fleet, topic, value)
    return Published(fresh, hash_of(value))


def _produce(cluster: Cluster, topic: str, value: bytes) -> None:
    failures: list[str] = []
    settings = {**connection(cluster), "message.timeout.ms": int(DELIVERY_SECONDS_MAX * 1_000)}
    producer = Producer(settings, logger=log)
    producer.produce(topic, value, KEY, on_delivery=lambda error, _: failures.append(error.str()) if error else None)
    producer.flush(DELIVERY_SECONDS_MAX + 2)
    if failures or len(producer):
        raise OperatorError(f"{topic}: the announcement was not taken ({'; '.join(failures) or 'no answer'})")


def check(announcement: dict[str, Any], fresh: Snapshot, fleet: FleetSettings) -> None:
    """Raise OperatorError where a snapshot must not be used for an announcement."""
    if fresh.sha256 != announcement["snapshot"]:
        raise OperatorError(
            f"{announcement['location']} has another hash than the announced {announcement['snapshot']}"
        )
    check_sample(fresh, fleet)
    must_know(fresh.rules, fleet.profile)
    before = announcement.get("before")
    if before is not None and announcement.get("accept_losses") is not True:
        where = "the snapshot announced before"
        build.check_ownership(before.get("ownership_known", 0), fresh, where, "publish")
        build.check_rows(before["lists"], fresh, where, "publish")


def check_sample(fresh: Snapshot, fleet: FleetSettings) -> None:
    """Raise OperatorError for a snapshot of the sample lists where these are not allowed."""
    if fresh.sample and not fleet.sample:
        raise OperatorError(
            f"snapshot {fresh.sha256[:19]} has the sample lists, which are not for compliance use: expected --sample or"
            " SCREENER_SAMPLE=true where it is meant"
        )


def hash_of(value: bytes) -> str:
    """The name of an announcement: the hash of its record's value."""
    return f"sha256:{sha256(value).hexdigest()}"


def announced_now(cluster: Cluster, topic: str) -> tuple[dict[str, Any], str]:
    """The announcement in force and its hash; OperatorError where there is none, or where it can't be read."""
    Reached(cluster)
    value = _latest(cluster, topic)
    if value is None:
        raise OperatorError(f"{topic}: nothing is announced")
    return announcement_of(value), hash_of(value)


def _latest(cluster: Cluster, topic: str) -> bytes | None:
    return compacted.latest_values(cluster, topic, GROUP).get(KEY)


def _in_force(cluster: Cluster, topic: str, *, accept_losses: bool) -> dict[str, Any]:
    """The announcement in force, {} where there is none; OperatorError for what is none, unless losses are accepted."""
    value = _latest(cluster, topic)
    try:
        return {} if value is None else announcement_of(value)
    except OperatorError as error:
        if accept_losses:
            return {}
        raise OperatorError(
            f"{topic}: what is announced now is {error}: nothing can be compared; see who wrote it, then publish with"
            " --accept-losses"
        ) from None


def _compared_with(latest: dict[str, Any]) -> dict[str, Any]:
    """The member `before`: facts of the announcement in force, as far as it has them; {} without one."""
    if not latest:
        return {}
    rows = {code: facts.get("rows", 0) for code, facts in latest.get("lists", {}).items() if "edition" in facts}
    before = {"snapshot": latest["snapshot"], "lists": rows}
    if "ownership_known" in latest:
        before["ownership_known"] = latest["ownership_known"]
    return {"before": before}


def _previous(latest: dict[str, Any], published: str, *, withdraw: bool) -> dict[str, Any]:
    """The member `previous`: the snapshot in force if it is another one and not withdrawn, else what that one names."""
    earlier = latest.get("previous", {})
    if latest and published not in {latest["snapshot"], earlier.get("snapshot")} and not withdraw:
        return {"previous": {"snapshot": latest["snapshot"], "location": latest["location"]}}
    return {"previous": earlier} if earlier and published != earlier["snapshot"] else {}


def announcement_of(value: bytes) -> dict[str, Any]:
    """The announcement that a record's value holds; OperatorError for what is none."""
    try:
        announcement: dict[str, Any] = orjson.loads(value[:ANNOUNCEMENT_BYTES_MAX])
        shaped = announcement["schema_version"] == 1 and _has_shape(announcement)
    except (ValueError, KeyError, TypeError, AttributeError):
        shaped = False
    if not shaped:
        raise OperatorError("not an announcement as topics/schemas/snapshot-announcement.schema.json says")
    return announcement


def _has_shape(announcement: dict[str, Any]) -> bool:
    """Check the members that are read; those of a later version are ignored, those of this one may be missing."""
    texts = [announcement["snapshot"], announcement["location"], announcement.get("announced_at", "")]
    counts = [facts.get("rows", 0) for facts in announcement.get("lists", {}).values()]
    counts.append(announcement.get("ownership_known", 0))
    if "previous" in announcement:
        texts += [announcement["previous"]["snapshot"], announcement["previous"]["location"]]
    if "before" in announcement:
        texts.append(announcement["before"]["snapshot"])
        counts += [*announcement["before"]["lists"].values(), announcement["before"].get("ownership_known", 0)]
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(count, int) and count >= 0 for count in counts)
        and isinstance(announcement.get("sample", False), bool)
    )
