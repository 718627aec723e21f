"""The fleet: which workers run, which snapshot each of them uses, and waiting until all have answered an announcement.

Rows of `screener.workers` say what each worker did last, consumer groups which of them are there. A worker that waits
for its first snapshot is in no group yet; its row counts for an hour after its start, as long as a worker waits.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from confluent_kafka import KafkaError, KafkaException

from screener.errors import OperatorError
from screener.runners.cluster import Reached, reason_of
from screener.runners.terminal import printable
from screener.runners.worker_reports import read_reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from confluent_kafka.admin import AdminClient

    from screener.settings import Cluster

WAITING = timedelta(hours=1)
LOOK_SECONDS = 1.0
GROUP_SECONDS_MAX = 10.0

Progress = Literal["in use", "refused", "own file", "not yet", "no report", "not running"]
PENDING: frozenset[Progress] = frozenset({"not yet", "no report"})


class Worker(NamedTuple):
    """A worker and what became of an announcement there."""

    name: str
    progress: Progress
    snapshot: str | None
    reason: str = ""

    def __str__(self) -> str:
        uses = f"uses {self.snapshot}" if self.snapshot else "has no snapshot"
        texts: dict[Progress, str] = {
            "in use": uses,
            "no report": "in the group without a report: it has just started or ended, or is of an older version",
            "refused": f"refused: {printable(self.reason)}; {uses}",
            "own file": f"follows no announcements (--snapshot); {uses}",
            "not yet": f"has not answered; {uses}",
            "not running": f"not running; its last report: {uses}",
        }
        return f"{printable(self.name)}: {texts[self.progress]}"


def workers(cluster: Cluster, topic: str, group: str, snapshot: str, announcement: str) -> list[Worker]:
    """All workers that reported, or are members of `group` or of one that was reported, and what became of it there."""
    rows = read_reports(cluster, topic)
    members = _members(Reached(cluster).admin, {group, *(row["group"] for row in rows.values())})
    reported = [_worker(row, members, snapshot, announcement) for row in rows.values()]
    silent = [Worker(name, "no report", None) for name in members - rows.keys()]
    return sorted([*reported, *silent])


def _worker(row: Mapping[str, Any], members: set[str], snapshot: str, announcement: str) -> Worker:
    name, used = row["worker"], row["snapshot"]
    if name not in members and not _waits(row):
        return Worker(name, "not running", used)
    if row["announcement"] == announcement and row["refused"] is not None:
        return Worker(name, "refused", used, row["refused"]["reason"])
    if used == snapshot:
        return Worker(name, "in use", used)
    return Worker(name, "own file" if used and row["announcement"] is None else "not yet", used)


def _waits(row: Mapping[str, Any]) -> bool:
    """Tell a worker that may be waiting for its first snapshot from one that is gone."""
    if row["snapshot"] is not None:
        return False
    try:
        started_at = datetime.fromisoformat(row.get("started_at", ""))
    except ValueError:
        return False
    return datetime.now(UTC) - started_at < WAITING


def _members(admin: AdminClient, groups: Iterable[str]) -> set[str]:
    """The names under which workers are members of these groups."""
    names: set[str] = set()
    for group, future in admin.describe_consumer_groups(sorted(groups), request_timeout=GROUP_SECONDS_MAX).items():
        try:
            names.update(member.group_instance_id for member in future.result().members if member.group_instance_id)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
                why = reason_of(error)
                raise OperatorError(f"consumer group {group}: its members can't be listed: {why}") from error
    return names


def wait(look: Callable[[], list[Worker]], seconds: float) -> Iterator[Worker]:
    """Each running worker, as soon as it has answered; after `seconds` those that have not."""
    deadline = time.monotonic() + seconds
    answered: set[str] = set()
    while True:
        running = [worker for worker in look() if worker.progress != "not running"]
        for worker in running:
            if worker.progress not in PENDING and worker.name not in answered:
                answered.add(worker.name)
                yield worker
        pending = [worker for worker in running if worker.name not in answered]
        if not pending:
            return
        if time.monotonic() > deadline:
            yield from pending
            return
        time.sleep(LOOK_SECONDS)
