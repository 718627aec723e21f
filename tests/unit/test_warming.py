"""Warming a snapshot: what the one in use remembers is known to the fresh one, and decisions are the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from screener.core import screen
from screener.lists import build
from screener.runners.warming import warm

if TYPE_CHECKING:
    from screener.model import Snapshot

ORDERS = [
    orjson.dumps(
        {
            "order_id": f"O-{number}",
            "parties": [
                {"role": "end_user", "name": f"Maple Ridge {number} Ltd."},
                {"name": "Huawei Technologies Co., Ltd.", "role": "payer"},
            ],
            "items": [{"description": f"Bearing {number}", "maker": 'Acme \u00e9"', "model": "A-1"}],
            "end_use": "Repair",
            "notes": "call ahead",
        }
    )
    for number in range(20)
]


def snapshots() -> tuple[Snapshot, Snapshot]:
    used, fresh = (build.build(build.Inputs(sample=True)).snapshot for _ in range(2))
    return used, fresh


def test_what_was_met_before_is_known_afterwards() -> None:
    """Nothing is worked out anew for the same orders; the decisions are those of a cold snapshot, byte for byte."""
    used, fresh = snapshots()
    before = [screen(order, used).value for order in ORDERS]
    assert warm(fresh, used, lambda: False) == 20 + 1 + 1 + 1 + 1 + 21
    asked = [fresh.memory.bodies.misses, *(shelf.misses for shelf in fresh.memory.texts.values())]
    assert [screen(order, fresh).value for order in ORDERS] == before
    assert [fresh.memory.bodies.misses, *(shelf.misses for shelf in fresh.memory.texts.values())] == asked


def test_warming_ends_in_time_and_when_the_worker_stops() -> None:
    """It is a courtesy: a swap does not wait for it."""
    used, fresh = snapshots()
    for order in ORDERS:
        screen(order, used)
    assert warm(fresh, used, lambda: True) == 0
    assert warm(fresh, used, lambda: False, seconds_max=-1.0) == 0
