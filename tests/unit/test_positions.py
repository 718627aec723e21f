"""Where a partition is read from: each way in which a log can have changed pauses it, and nothing else does."""

from __future__ import annotations

import pytest

from screener.runners.positions import (
    Checkpoint,
    LastAnswered,
    LastDecision,
    LogState,
    Pause,
    PauseReason,
    RecordInLog,
    Resume,
    checkpoint_of,
    fingerprint,
    judge,
    resumed,
    unanswered,
)

LAST = LastAnswered(99, "abc")
AT_100 = Checkpoint(100, "T1", LAST)
LOG = LogState("T1", 0, 150, 150)
ANSWERED, OTHER = RecordInLog("abc", "sha256 of it"), RecordInLog("another", "another")
DECIDED = LastDecision(99, "T1", "sha256 of it")


@pytest.mark.parametrize(
    ("checkpoint", "log", "record", "decision", "reason"),
    [
        (AT_100, LogState("T2", 0, 150, 150), ANSWERED, None, PauseReason.TOPIC_RECREATED),
        (AT_100, LogState("T2", 0, 0, 0), None, None, PauseReason.TOPIC_RECREATED),
        (AT_100, LogState("T1", 0, 99, 99), None, None, PauseReason.LOG_CUT_OFF),
        (AT_100, LOG, OTHER, None, PauseReason.LOG_REPLACED),
        (AT_100, LOG, None, None, PauseReason.LOG_REPLACED),
        (AT_100, LogState("T1", 101, 150, 150), None, None, PauseReason.ORDERS_EXPIRED),
        (None, LOG, None, LastDecision(99, "T1"), PauseReason.OFFSETS_EXPIRED),
        (None, LOG, None, LastDecision(99, ""), PauseReason.OFFSETS_EXPIRED),
        (None, LOG, None, LastDecision(99, "T0"), PauseReason.TOPIC_RECREATED),
        (None, LOG, ANSWERED, DECIDED, PauseReason.OFFSETS_EXPIRED),
        (None, LogState("T1", 100, 150, 150), None, DECIDED, PauseReason.OFFSETS_EXPIRED),
        (None, LOG, OTHER, DECIDED, PauseReason.LOG_REPLACED),
        (None, LOG, OTHER, DECIDED._replace(topic_id=""), PauseReason.LOG_REPLACED),
        (None, LOG, None, DECIDED, PauseReason.LOG_REPLACED),
        (None, LogState("T1", 0, 99, 99), None, DECIDED, PauseReason.LOG_CUT_OFF),
    ],
)
def test_a_log_that_changed_pauses_its_partition(
    checkpoint: Checkpoint | None, log: LogState, record: RecordInLog | None, decision: LastDecision | None, reason: str
) -> None:
    """With a reason, a sentence, and the id of the topic as it is now."""
    pause = judge(7, checkpoint, log, record, decision)
    assert isinstance(pause, Pause)
    assert (pause.partition, pause.reason, pause.topic_id) == (7, reason, log.topic_id)
    assert pause.detail
    assert 0 <= unanswered(pause, log) <= log.end - log.start


@pytest.mark.parametrize(
    ("checkpoint", "log", "record", "offset"),
    [
        (AT_100, LOG, ANSWERED, 100),
        (AT_100, LogState("T1", 0, 100, 100), ANSWERED, 100),
        (AT_100, LogState("T1", 100, 150, 150), None, 100),
        (Checkpoint(100, "T1", LastAnswered(97, "abc")), LogState("T1", 98, 150, 150), None, 100),
        (Checkpoint(100), LOG, None, 100),
        (Checkpoint(0, "T1"), LogState("T1", 0, 0, 0), None, 0),
        (None, LogState("T1", 5, 150, 150), None, 5),
    ],
)
def test_a_log_that_is_as_it_was_is_read_on(
    checkpoint: Checkpoint | None, log: LogState, record: RecordInLog | None, offset: int
) -> None:
    """From the position, though retention deleted the last order; from the start where nothing was ever answered."""
    start = judge(7, checkpoint, log, record, None)
    assert isinstance(start, Checkpoint)
    assert (start.offset, start.topic_id) == (offset, "T1")


def test_what_a_commit_says_comes_back_and_foreign_metadata_is_passed_over() -> None:
    """An offset of another tool, or of a version that wrote none, stands alone."""
    assert checkpoint_of(100, AT_100.metadata()) == AT_100
    assert checkpoint_of(5, Checkpoint(5, "T1").metadata()) == Checkpoint(5, "T1")
    for metadata in (
        None,
        "",
        "reset by hand",
        "{}",
        "[1]",
        '{"v":2,"topic_id":"T"}',
        '{"v":1}',
        '{"v":1,"topic_id":7,"last_offset":"x"}',
    ):
        assert checkpoint_of(7, metadata) == Checkpoint(7), metadata
    assert checkpoint_of(-1001, None) is None


def test_a_fingerprint_tells_records_apart() -> None:
    """By time, key and value, by none and empty, and by where the key ends."""
    records = [
        (1, b"k", b"v"),
        (2, b"k", b"v"),
        (1, b"kv", b""),
        (1, b"", b"kv"),
        (1, None, b"kv"),
        (1, b"kv", None),
        (1, None, None),
        (-1, None, None),
    ]
    assert len({fingerprint(*record) for record in records}) == len(records)


def test_an_instruction_fits_one_pause_only() -> None:
    """It names the topic as it is and the reason, and an offset that the log has."""
    pause = Pause(7, PauseReason.TOPIC_RECREATED, "", "T1", 100)
    fitting = Resume(b"k", 10, "T1", "topic_recreated", 100)
    assert resumed(pause, fitting, LOG) == Checkpoint(10, "T1", committed=False)
    for other in (
        fitting._replace(topic_id="T0"),
        fitting._replace(reason="log_cut_off"),
        fitting._replace(offset=151),
        fitting._replace(offset=-1),
        fitting._replace(position=99),
        fitting._replace(position=None),
    ):
        assert resumed(pause, other, LOG) is None
