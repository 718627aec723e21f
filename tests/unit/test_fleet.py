"""The fleet: what rows and groups say of each worker, and waiting for all of them, without a broker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from screener.runners import fleet
from screener.runners.fleet import Worker

if TYPE_CHECKING:
    import pytest

SHA, OTHER = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def row(name: str = "w-0", **members: Any) -> dict[str, Any]:
    empty = {"worker": name, "group": "w", "snapshot": None, "announcement": None, "refused": None}
    return {"schema_version": 1} | empty | members


def answered(row: dict[str, Any], *members: str) -> Worker:
    return fleet._worker(row, set(members), SHA, "announcement")


def test_what_became_of_an_announcement() -> None:
    """A row and the members of the groups say whether a worker has it, refused it, has not answered or is gone."""
    refused = {"snapshot": SHA, "reason": "It lost rows."}
    now, long_ago = datetime.now(UTC), datetime.now(UTC) - timedelta(hours=2)
    assert answered(row(snapshot=SHA, announcement="announcement"), "w-0").progress == "in use"
    assert answered(row(snapshot=SHA), "w-0").progress == "in use"
    assert answered(row(snapshot=OTHER), "w-0").progress == "own file"
    assert answered(row(snapshot=OTHER, announcement="earlier", refused=refused), "w-0").progress == "not yet"
    assert answered(row(snapshot=OTHER, announcement="announcement", refused=refused), "w-0").progress == "refused"
    assert answered(row(snapshot=SHA, announcement="announcement"), "w-1").progress == "not running"
    assert answered(row(started_at=now.isoformat())).progress == "not yet"
    assert answered(row(started_at=long_ago.isoformat())).progress == "not running"
    assert answered(row()).progress == answered(row(started_at="then")).progress == "not running"


def test_a_worker_is_shown_on_one_line() -> None:
    """A reason cannot forge another line."""
    assert str(Worker("w-0", "refused", None, "a\nw-1: uses")) == "w-0: refused: a\\nw-1: uses; has no snapshot"


def test_waiting_ends_when_all_that_run_have_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each worker is told once, as it answers; those that do not run are not waited for."""
    monkeypatch.setattr(fleet, "LOOK_SECONDS", 0.0)
    gone = Worker("w-9", "not running", SHA)
    looks = [
        [Worker("w-0", "not yet", None), Worker("w-1", "in use", SHA), gone],
        [Worker("w-0", "refused", None, "why"), Worker("w-1", "in use", SHA), Worker("w-2", "no report", None), gone],
        [Worker("w-0", "refused", None, "why"), Worker("w-1", "in use", SHA), gone],
    ]
    assert [worker.name for worker in fleet.wait(lambda: looks.pop(0), 60)] == ["w-1", "w-0"]
    pending = [Worker("w-0", "not yet", None), Worker("w-1", "no report", None), gone]
    assert list(fleet.wait(lambda: pending, -1)) == pending[:2]
