"""Workers that are added and sent away under load: what an autoscaler does; `make soak` runs it longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener import broker
from tests.integration import ordeals

if TYPE_CHECKING:
    from pathlib import Path

PARTITIONS = 12


def test_three_workers_catch_up_with_what_one_can_not_bear_and_nothing_is_lost(tmp_path: Path) -> None:
    """1, 3 and 1 workers over 12 partitions: one decision an order, in the order of its key, and the lag drains."""
    try:
        place = ordeals.Place(tmp_path, partitions=PARTITIONS)
        seen = ordeals.scaling(place, seconds=4, backlog=4_000)
    finally:
        broker.stop(tmp_path / "broker")
    assert seen.exact, seen
    three = [phase for phase in seen.facts["phases"] if phase["workers"] == 3]
    assert three[-1]["behind"] <= seen.facts["alone"], seen
