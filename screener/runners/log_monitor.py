"""Watches the logs of the partitions that a worker holds, in a thread of its own: the lane makes no call for it.

It checks each partition before it is read (`runners.positions` has the verdicts), counts what is not answered yet, and
notices an open transaction of a sender that holds orders back, and a log that changes while it is read. A partition
that fails its check stays paused until an operator's instruction fits (`screener offsets resume`).

The lag of a partition is the number of offsets from the worker's position to the log's end: the orders that a reader of
committed records has or will have to answer. Records of transactions that are open, or were aborted and are not passed
yet, count; markers of transactions do not, once the reader has passed them: where all is answered the lag is 0.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import IsolationLevel, KafkaException

from screener.errors import OperatorError
from screener.runners import topics
from screener.runners.clients import HOPELESS
from screener.runners.cluster import partition_counts, reason_of
from screener.runners.log_reader import FIRST, LATEST, LogReader, ends_of, no_answer
from screener.runners.offsets import instructions
from screener.runners.positions import Checkpoint, LogState, Pause, judge, resumed, unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from screener.runners.log_reader import LogNames
    from screener.runners.metrics import Metrics
    from screener.runners.positions import Position, Resume
    from screener.runners.topic_identity import TopicIdentity
    from screener.settings import Cluster

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
RETRY_SECONDS = 0.5
WAITING_SECONDS = 5.0
RESUME_SECONDS = 2.0
UNKNOWN_SECONDS = 30.0
LEFT_SECONDS = 5.0
LIST_SECONDS_MAX = 10.0


class Check(NamedTuple):
    """What came of a partition's check: where to read it from, or why not.

    `resume` is the operator's instruction by which a paused partition goes on, `fault` what an operator must fix first.
    """

    partition: int
    position: Checkpoint | Pause | None
    resume: Resume | None = None
    fault: str = ""


class LogMonitor:
    """Checks and watches the partitions of one lane; `run` is the thread's, everything else is for any thread."""

    def __init__(
        self,
        cluster: Cluster,
        names: LogNames,
        declared: Sequence[topics.Topic],
        identity: TopicIdentity,
        metrics: Metrics,
        on_paused: Callable[[list[Pause]], None],
    ) -> None:
        """Take the names, the topics that must fit together, who knows the topic's id, and where to report."""
        self._cluster, self._names, self._topics = cluster, names, declared
        self._identity, self._metrics, self._on_paused = identity, metrics, on_paused
        self._changed = threading.Condition()
        self._stopping = False
        self._round = 0
        self._unchecked: dict[int, Checkpoint | None] = {}
        self._waiting: frozenset[int] = frozenset()
        self._paused: dict[int, Pause] = {}
        self._results: list[Check] = []
        self._numbers: frozenset[int] = frozenset()
        self._stable_ends: dict[int, tuple[int, float]] = {}
        self._behind_since: dict[int, tuple[int, float]] = {}
        self._seen_at = time.monotonic()
        self._due = {"waiting": 0.0, "resume": 0.0}
        self._suspects: set[int] = set()
        self._left_at: dict[int, float] = {}
        self._resuming: set[int] = set()
        self._fault = ""
        self.positions: dict[int, Position] = {}
        """Where each partition that is read stands; the lane replaces the whole dictionary."""

    # --- for the lane ------------------------------------------------------------------------------------------------

    def assign(self, numbers: frozenset[int]) -> None:
        """Check partitions that the group has given to this worker."""
        with self._changed:
            self._round += 1
            self._left_at |= dict.fromkeys(self._numbers - numbers, time.monotonic())
            self._numbers, self._results = numbers, []
            self._unchecked = dict.fromkeys(numbers)
            self._paused = {number: pause for number, pause in self._paused.items() if number in numbers}
            self._waiting, self.positions = frozenset(), {}
            self._resuming.clear()
            self._suspects.clear()
            self._changed.notify_all()
        self._report()

    def revoke(self) -> None:
        """Forget what is under way: other workers may have these partitions now."""
        with self._changed:
            self._round += 1
            self._unchecked, self._results = {}, []
            self._waiting = frozenset()
            self._resuming.clear()
            self._behind_since.clear()

    def check(self, checkpoints: Mapping[int, Checkpoint]) -> None:
        """Check partitions of which the lane knows how far they are answered."""
        with self._changed:
            self._unchecked |= checkpoints
            self._resuming -= checkpoints.keys()
            self._changed.notify_all()

    def keep_paused(self, number: int) -> None:
        """Note that a partition could not be resumed now; its instruction is looked at again."""
        with self._changed:
            self._resuming.discard(number)

    def suspects(self) -> set[int]:
        """Take the partitions that are read and whose log does not fit their position any more."""
        with self._changed:
            suspects, self._suspects = self._suspects, set()
            return suspects

    def results(self) -> list[Check]:
        """Take what came of checks since the last call."""
        with self._changed:
            results, self._results = self._results, []
            return results

    def problems(self) -> list[str]:
        """Say which partitions are paused or being checked, and why, as phrases."""
        with self._changed:
            paused, unchecked = list(self._paused.values()), sorted(self._unchecked.keys() - self._waiting)
        phrases = [f"{self._names.orders}[{row.partition}] is paused ({row.reason}): {row.detail}" for row in paused]
        if unchecked:
            phrases.append(
                f"the logs of partitions {unchecked} are being checked" + f" ({self._fault})" * bool(self._fault)
            )
        if self._identity.fault:
            phrases.append(self._identity.fault)
        return phrases

    def behind_for(self) -> float:
        """The seconds for which a partition that is read has not moved, though records are there for it."""
        now = time.monotonic()
        with self._changed:
            rows = list(self._behind_since.values())
        return max((now - since for _, since in rows), default=0.0)

    def stop(self) -> None:
        """End `run` soon."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    # --- the thread --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Check and watch until `stop`."""
        reader: LogReader | None = None
        try:
            while not self._wait():
                try:
                    reader = reader or LogReader(self._cluster, self._names)
                    self._check_all(reader)
                    self._check_paused(reader)
                    self._look(reader)
                    self._fault = ""
                except (KafkaException, OperatorError) as error:
                    self._note_fault(error)
                    if reader is not None:
                        reader.close()
                    reader = None  # it goes on with what it remembers of leaders and partitions, however wrong
                    self._forget_unknown()
                    time.sleep(RETRY_SECONDS)
        finally:
            if reader is not None:
                reader.close()

    def _note_fault(self, error: KafkaException | OperatorError) -> None:
        """Log why the logs can't be looked at; what the cluster refuses to this user does not pass by itself."""
        level, self._fault = logging.INFO, str(error)
        if isinstance(error, KafkaException):
            self._fault = f"{error.args[0].name()}: {reason_of(error)}"
            level = logging.ERROR if error.args[0].code() in HOPELESS else level
        log.log(level, "the logs of orders can't be looked at: %s", self._fault, extra={"seldom": True})

    def _wait(self) -> bool:
        """Wait until there is something to do; whether to end."""
        with self._changed:
            if not (self._unchecked.keys() - self._waiting) and not self._stopping:
                self._changed.wait(LOOK_SECONDS)
            return self._stopping

    # --- checks

    def _check_all(self, reader: LogReader) -> None:
        """Check what is not checked yet; partitions without a counterpart wait, and are looked at from time to time."""
        with self._changed:
            current, unchecked, waiting = self._round, dict(self._unchecked), self._waiting
        now = time.monotonic()
        if not unchecked.keys() - waiting and now < self._due["waiting"]:
            return
        if not unchecked:
            return
        fault, without = self._compare_topics(reader, unchecked)
        self._due["waiting"] = now + WAITING_SECONDS
        ready = {number: row for number, row in unchecked.items() if number not in without}
        verdicts = [] if fault else self._verdicts(reader, ready)
        with self._changed:
            if current != self._round:
                return
            self._waiting = frozenset(without)
            for check in verdicts:
                self._unchecked.pop(check.partition, None)
                self._paused.pop(check.partition, None)
                if isinstance(check.position, Pause):
                    self._paused[check.partition] = check.position
            self._results += [Check(-1, None, fault=f"the topics do not fit: {fault}")] if fault else verdicts
        self._log_checks(verdicts, without, waiting)

    def _compare_topics(self, reader: LogReader, unchecked: Iterable[int]) -> tuple[str, list[int]]:
        """What is wrong with the topics, and which partitions no outgoing topic has yet."""
        counts = partition_counts(reader.admin.list_topics(timeout=LIST_SECONDS_MAX))
        problems = "; ".join(topics.partition_problems(self._topics, counts))
        gone = [topic for topic in self._topics if not counts.get(topic.name) and topic.role != "in"]
        covered = topics.partitions_covered(self._topics, counts)
        without = sorted(number for number in unchecked if number >= covered)
        if without and not gone and frozenset(without) != self._waiting:
            log.error("%s wait, unanswered, at partitions %s: %s", self._names.orders, without, problems)
        return (problems if gone else ""), without

    def _verdicts(self, reader: LogReader, unchecked: Mapping[int, Checkpoint | None]) -> list[Check]:
        """Judge each partition by what the broker has now."""
        if not unchecked:
            return []
        states = reader.log_states(unchecked)
        fresh = [number for number, checkpoint in unchecked.items() if checkpoint is None]
        checkpoints = dict(unchecked) | reader.commits(fresh)
        offsets = {
            number: row.last.offset
            for number, row in checkpoints.items()
            if row and row.last and states[number].start <= row.last.offset < states[number].stable
        }
        missing = [number for number, row in checkpoints.items() if row is None]
        topic_id = next(iter(states.values())).topic_id
        decisions = reader.last_decisions(missing, topic_id)
        offsets |= {
            number: decision.offset
            for number, decision in decisions.items()
            if decision and states[number].start <= decision.offset < states[number].stable
        }
        records = reader.records_at(offsets)
        return [
            Check(number, judge(number, row, states[number], records.get(number), decisions.get(number)))
            for number, row in checkpoints.items()
        ]

    def _log_checks(self, checks: Iterable[Check], without: Sequence[int], waiting: frozenset[int]) -> None:
        """Log what came of checks, and count it."""
        self._metrics.waiting(len(without))
        if gone := sorted(waiting - frozenset(without)):
            log.info("partitions %s have their counterparts now", gone)
        for check in checks:
            if isinstance(check.position, Pause):
                self._log_pause(check.position)
        self._report()

    def _log_pause(self, pause: Pause) -> None:
        self._metrics.expired(pause.lost)
        log.error(
            "%s[%d] is paused (%s): %s. Orders in it are not answered until: screener offsets resume --partition %d"
            " --from earliest|end|OFFSET",
            *(self._names.orders, pause.partition, pause.reason, pause.detail, pause.partition),
            extra={"source": f"{self._names.orders}[{pause.partition}]"},
        )

    def _report(self) -> None:
        with self._changed:
            paused = [self._paused[number] for number in sorted(self._paused)]
        self._metrics.paused(paused)
        self._on_paused(paused)

    def _check_paused(self, reader: LogReader) -> None:
        """Look for operators' instructions, and let those partitions go on that they are meant for."""
        with self._changed:
            current = self._round
            settled = self._paused.keys() - self._unchecked.keys() - self._resuming
            paused = {number: self._paused[number] for number in settled}
        if not paused or time.monotonic() < self._due["resume"]:
            return
        self._due["resume"] = time.monotonic() + RESUME_SECONDS
        fitting = {number: row for number, row in self._instructions().items() if number in paused}
        if not fitting:
            return
        states = reader.log_states(fitting)
        starts = {number: resumed(paused[number], row, states[number]) for number, row in fitting.items()}
        checks = [Check(number, start, fitting[number]) for number, start in starts.items() if start is not None]
        with self._changed:
            if current != self._round:
                return
            self._results += checks
            self._resuming |= {check.partition for check in checks}
        for number in fitting.keys() - {check.partition for check in checks}:
            text = "%s[%d]: an operator's instruction is meant for another pause, or for an offset that is not there"
            log.warning(text, self._names.orders, number, extra={"seldom": True})

    def _instructions(self) -> dict[int, Resume]:
        try:
            return instructions(self._cluster, self._names.reports, self._names.group)
        except OperatorError as error:
            log.warning("operators' instructions can't be read: %s", error, extra={"seldom": True})
            return {}

    # --- lag

    def _look(self, reader: LogReader) -> None:
        """Say how far each partition is behind, and since when a sender's open transaction holds orders back."""
        with self._changed:
            numbers, before, waiting = self._numbers, self.positions, self._waiting
        places = [(self._names.orders, number) for number in numbers]
        if not places:
            self._forget_left()
            return
        committed = reader.commits(waiting) if waiting else {}
        stable, faults = ends_of(reader.admin, places, LATEST, IsolationLevel.READ_COMMITTED)
        ends, more = ends_of(reader.admin, places, LATEST, IsolationLevel.READ_UNCOMMITTED)
        starts, others = ends_of(reader.admin, places, FIRST, IsolationLevel.READ_UNCOMMITTED)
        if problems := [*faults, *more, *others]:
            raise no_answer(problems[0])
        self._seen_at = time.monotonic()
        self._forget_left()
        topic_id = self._identity.latest
        changed = {
            number
            for number, row in before.items()
            if row.offset > ends.get((self._names.orders, number), row.offset) or topic_id not in {"", row.topic_id}
        }
        with self._changed:
            self._suspects |= changed
            for number in self._behind_since.keys() - self.positions.keys():
                del self._behind_since[number]
        for number in waiting:
            checkpoint = committed[number]
            place = (self._names.orders, number)
            self._metrics.lagging(number, ends[place] - max(starts[place], checkpoint.offset if checkpoint else 0))
        for place in places:
            self._measure(place[1], LogState(topic_id, starts[place], ends[place], stable[place]))

    def _forget_left(self) -> None:
        """Take back the lag of partitions that other workers have had for a while: they tell it by now."""
        due = time.monotonic() - LEFT_SECONDS
        with self._changed:
            left = {number for number, at in self._left_at.items() if at < due or number in self._numbers}
            for number in left:
                del self._left_at[number]
            gone = left - self._numbers
        for number in gone:
            self._metrics.left(number)

    def _measure(self, number: int, state: LogState) -> None:
        with self._changed:
            position, pause = self.positions.get(number), self._paused.get(number)
        now = time.monotonic()
        if pause is not None:
            self._metrics.lagging(number, unanswered(pause, state))
        elif position is not None:
            self._metrics.lagging(number, max(0, state.end - position.offset))
            self._note_behind(number, position.offset, state.stable, now)
        before, since = self._stable_ends.get(number, (-1, now))
        since = since if state.stable == before and state.stable < state.end else now
        self._stable_ends[number] = (state.stable, since)
        self._metrics.held_back(number, now - since)

    def _note_behind(self, number: int, offset: int, stable: int, now: float) -> None:
        """Note since when a position stands still before records that could be read."""
        with self._changed:
            before, since = self._behind_since.get(number, (-1, now))
            if stable > offset:
                self._behind_since[number] = (offset, since if offset == before else now)
            else:
                self._behind_since.pop(number, None)

    def _forget_unknown(self) -> None:
        """Take back what was said of partitions, where it has not been known for long."""
        if time.monotonic() - self._seen_at > UNKNOWN_SECONDS:
            self._metrics.lag_unknown()
            self._stable_ends.clear()
            with self._changed:
                self._behind_since.clear()
