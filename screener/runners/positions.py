"""Where a partition of `orders` is to be read from, or why it must not be read: the log may have changed meanwhile.

A commit carries the topic's id and a fingerprint of the last order that was answered. Compared with the log as it is,
they tell a topic that was re-created, a log that was cut off or restored, orders that retention deleted before they
were answered, and offsets that the broker forgot. Each of these pauses the partition until an operator says from where
to go on; reading on, or starting again, would leave orders unanswered or answer them twice, silently.

Pure: `runners.log_monitor` asks the broker.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import NamedTuple

import orjson

METADATA_VERSION = 1
FINGERPRINT_CHARACTERS = 32
_LENGTH_BYTES = 8


class PauseReason(StrEnum):
    """Why a partition is paused; the label `reason` of `screener_partitions_paused`."""

    TOPIC_RECREATED = "topic_recreated"
    LOG_CUT_OFF = "log_cut_off"
    LOG_REPLACED = "log_replaced"
    ORDERS_EXPIRED = "orders_expired"
    OFFSETS_EXPIRED = "offsets_expired"


class LastAnswered(NamedTuple):
    """The last order of a partition that was answered, by its offset and a fingerprint of its record."""

    offset: int
    fingerprint: str


class Checkpoint(NamedTuple):
    """How far a partition is answered: the next offset, the topic's id ("": not stated), and the last order."""

    offset: int
    topic_id: str = ""
    last: LastAnswered | None = None
    committed: bool = True

    def metadata(self) -> str:
        """The text that goes with the committed offset."""
        fields = {"v": METADATA_VERSION, "topic_id": self.topic_id}
        if self.last is not None:
            fields |= {"last_offset": self.last.offset, "last_record": self.last.fingerprint}
        return orjson.dumps(fields).decode()


class Position(NamedTuple):
    """The next offset of a partition that is read, in the topic of that id."""

    offset: int
    topic_id: str


class LogState(NamedTuple):
    """A partition's log as the broker has it: the topic's id, the first offset and the one after the last record.

    `stable` is the end for readers of committed records, before which no transaction is open.
    """

    topic_id: str
    start: int
    end: int
    stable: int


class LastDecision(NamedTuple):
    """The latest decision on an order of a partition, by the order's offset, topic id and SHA-256 ("": not stated)."""

    offset: int
    topic_id: str
    order_sha256: str = ""


class RecordInLog(NamedTuple):
    """The record that stands at an offset now: its fingerprint, and the SHA-256 of its value."""

    fingerprint: str
    value_sha256: str


class Pause(NamedTuple):
    """A partition that must not be read, with the reason as a sentence and the position that no longer holds."""

    partition: int
    reason: PauseReason
    detail: str
    topic_id: str
    position: int | None = None
    lost: int = 0
    """How many offsets were deleted before they were answered."""


class Resume(NamedTuple):
    """An operator's instruction to read a partition from an offset on; `key` is that of its record.

    It is bound to one pause: to the topic's id, the reason and the position as they were when it was given.
    """

    key: bytes
    offset: int
    topic_id: str
    reason: str
    position: int | None = None


def checkpoint_of(offset: int, metadata: str | None) -> Checkpoint | None:
    """A committed offset with its metadata; None where nothing is committed.

    Metadata of another tool or version is passed over: the offset stands alone then.
    """
    if offset < 0:
        return None
    try:
        fields = orjson.loads(metadata or "null")
        if fields["v"] != METADATA_VERSION:
            return Checkpoint(offset)
        last = LastAnswered(int(fields["last_offset"]), str(fields["last_record"])) if "last_offset" in fields else None
        return Checkpoint(offset, str(fields["topic_id"]), last)
    except (ValueError, KeyError, TypeError):
        return Checkpoint(offset)


def fingerprint(timestamp_ms: int, key: bytes | None, value: bytes | None) -> str:
    """A record's fingerprint: a hash of its timestamp (ms since 1970), key and value."""
    digest = hashlib.sha256(str(timestamp_ms).encode())
    for part in (key, value):
        digest.update(b"\0" if part is None else b"\1" + len(part).to_bytes(_LENGTH_BYTES, "big") + part)
    return digest.hexdigest()[:FINGERPRINT_CHARACTERS]


def judge(
    partition: int,
    checkpoint: Checkpoint | None,
    log: LogState,
    record: RecordInLog | None,
    decision: LastDecision | None,
) -> Checkpoint | Pause:
    """Where to read a partition from, or why it must not be read.

    `decision` is asked for where nothing is committed: what the outgoing topics say was answered. `record` stands now
    at the last offset of the checkpoint, or of the decision; None where there is none.
    """
    if checkpoint is None:
        return _without_commit(partition, log, record, decision)
    at = checkpoint.offset
    if checkpoint.topic_id and checkpoint.topic_id != log.topic_id:
        detail = f"the topic was deleted and created again; of the old one everything before {at} is answered"
        return Pause(partition, PauseReason.TOPIC_RECREATED, detail, log.topic_id, at)
    if at > log.end:
        detail = f"the log ends at {log.end}, and everything before {at} was answered: it was cut off or restored"
        return Pause(partition, PauseReason.LOG_CUT_OFF, detail, log.topic_id, at)
    if at < log.start:
        lost = log.start - at
        detail = f"{lost} records from {at} on were deleted before they were answered; the log begins at {log.start}"
        return Pause(partition, PauseReason.ORDERS_EXPIRED, detail, log.topic_id, at, lost)
    last = checkpoint.last
    if last is not None and log.start <= last.offset and (record is None or record.fingerprint != last.fingerprint):
        return Pause(partition, PauseReason.LOG_REPLACED, _replaced(last.offset), log.topic_id, at)
    return checkpoint._replace(topic_id=log.topic_id)


def _replaced(offset: int) -> str:
    return f"the order that was answered at {offset} is not there any more: the log was cut off or restored"


def _without_commit(
    partition: int, log: LogState, record: RecordInLog | None, decision: LastDecision | None
) -> Checkpoint | Pause:
    """Nothing is committed: a partition that was never answered begins at its start, any other is paused."""
    if decision is None:
        return Checkpoint(log.start, log.topic_id, committed=False)
    if decision.topic_id and decision.topic_id != log.topic_id:
        detail = f"the topic was deleted and created again; of the old one {decision.offset} was answered last"
        return Pause(partition, PauseReason.TOPIC_RECREATED, detail, log.topic_id)
    at = decision.offset + 1
    if at > log.end:
        detail = f"the log ends at {log.end}, and {decision.offset} has a decision: it was cut off or restored"
        return Pause(partition, PauseReason.LOG_CUT_OFF, detail, log.topic_id, at)
    if (
        log.start <= decision.offset
        and decision.order_sha256
        and (record is None or record.value_sha256 != decision.order_sha256)
    ):
        return Pause(partition, PauseReason.LOG_REPLACED, _replaced(decision.offset), log.topic_id, at)
    detail = (
        f"the group has no committed offset any more, and {decision.offset} is the last order with a decision:"
        f" --from {at} goes on behind it"
    )
    return Pause(partition, PauseReason.OFFSETS_EXPIRED, detail, log.topic_id, at)


def resumed(pause: Pause, resume: Resume, log: LogState) -> Checkpoint | None:
    """Where an instruction lets a paused partition be read from; None where it is meant for another pause."""
    meant = (log.topic_id, pause.reason, pause.position)
    fits = (resume.topic_id, resume.reason, resume.position) == meant
    if not fits or not log.start <= resume.offset <= log.end:
        return None
    return Checkpoint(resume.offset, log.topic_id, committed=False)


def unanswered(pause: Pause, log: LogState) -> int:
    """How many offsets of a paused partition may be unanswered: all of a log that is another one than it was."""
    behind = pause.position if pause.reason is PauseReason.OFFSETS_EXPIRED else None
    return max(0, log.end - max(log.start, behind or 0))
