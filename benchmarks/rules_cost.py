"""What policy, items and red flags cost together on a clean order, as a ratio to reading its bytes.

    python benchmarks/rules_cost.py [--reference DIR] [--record]

Of the realistic stream the clean orders are taken. First it is proved that the quick look (`core/ordinary.py`) tells
each of them from the rest and names what the rows themselves leave unevaluated. Then reading, the quick look and the
rows asked one by one are timed in turn, a few orders at a time that were read just before, as in the core; the medians
of the rounds' ratios are printed. `run.py` prints them with the core's own.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from screener.core import screen
from screener.core.decode import decode
from screener.core.order_rules import order_rules
from screener.core.ordinary import ordinary
from screener.lists import build
from screener.model import Order

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stream, workbench
from benchmarks.workbench import TERMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from screener.model import Snapshot

ROUNDS = 9
ORDERS = 4_000
ROWS_ORDERS = 400
PIECE_ORDERS = 20
DAYS = (TERMS.as_of,)


def main() -> int:
    """Prove, time, print; the exit status is 1 when the proof fails."""
    options = workbench.options(__doc__)
    held = build.build(workbench.inputs(options.reference)).snapshot
    parties = stream.parties(options.reference, 2 * stream.PARTIES)[: stream.PARTIES]
    return told(held, stream.zipf_orders(parties, stream.listed_names(held), ORDERS), record=options.record)


def told(held: Snapshot, orders: Sequence[bytes], *, record: bool = False) -> int:
    """Prove and print for orders of a stream; 1 when the proof fails."""
    held = replace(held)
    cleared = [raw for raw in orders if screen(raw, held, TERMS).outcome == "clear"]
    if not cleared or not all(_is_proved(_read(raw, held), held) for raw in cleared):
        print("rules on clean orders: the quick look and the rows say different things", file=sys.stderr)
        return 1
    quick = _ratio(cleared, held, lambda order: ordinary(order, (), DAYS, held))
    rows = _ratio(cleared[:ROWS_ORDERS], held, lambda order: order_rules(order, (), held, TERMS.as_of))
    size = stream.bytes_median(cleared)
    print(f"policy, items and red flags on {len(cleared):,} clean orders, median {size} bytes (target 1.0, aim 0.5)")
    print(f"  quick look  {quick:6.2f}x orjson.loads")
    print(f"  all rows    {rows:6.2f}x orjson.loads")
    if record:
        workbench.record("rules_cost", {"orders": len(cleared), "ratio": round(quick, 3), "all_rows": round(rows, 2)})
    return 0


def _read(raw: bytes, held: Snapshot) -> Order:
    order = decode(raw, held.memory)
    if not isinstance(order, Order):
        raise TypeError("a clear order that can't be read")
    return order


def _is_proved(order: Order, held: Snapshot) -> bool:
    ruled = order_rules(order, (), held, TERMS.as_of)
    return not ruled.findings and ordinary(order, (), DAYS, held) == ruled.not_evaluated


def _ratio(cleared: Sequence[bytes], held: Snapshot, look: Callable[[Order], object]) -> float:
    return statistics.median(_round(cleared, held, look) for _ in range(ROUNDS))


def _round(cleared: Sequence[bytes], held: Snapshot, look: Callable[[Order], object]) -> float:
    spent = floor = 0.0
    for at in range(0, len(cleared), PIECE_ORDERS):
        piece = cleared[at : at + PIECE_ORDERS]
        orders = [_read(raw, held) for raw in piece]
        begun = time.thread_time()
        for raw in piece:
            orjson.loads(raw)
        read = time.thread_time()
        for order in orders:
            look(order)
        floor += read - begun
        spent += time.thread_time() - read
    return spent / floor


if __name__ == "__main__":
    sys.exit(main())
