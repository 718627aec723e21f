"""What the core costs, as a ratio to reading the same bytes: `make bench`.

    python benchmarks/run.py [--reference DIR] [--record] [--rounds 3]

Every row is first proved: all engines, with a memory that is empty, filled or none, must give the decisions that a
plain search of every pattern gives, byte for byte, on a part of the orders. Then floor and row are timed in turn, a
piece of the orders at a time, round after round, and the median of the rounds' ratios is printed: on a shared machine
an absolute time proves nothing. The floor reads each order and drops it, as the core does. With the reference lists the
snapshot is a real one and the parties are those of registers; without them the shipped sample and invented ones.
Two rows stand for what they are compared with and have other answers: "exact tier alone" looks for no similar names,
"brute force" holds each name against all aliases instead. `--record` appends the figures to record/.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import orjson

from screener import core
from screener.core import screen
from screener.core.pieces import Said
from screener.lists import build

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import rules_cost, stream, workbench
from benchmarks.engines import PlainSearch, RustAutomaton
from benchmarks.workbench import TERMS
from benchmarks.workloads import ORDERS, Workload, forgetful, having_seen, in_turns, workloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screener.model import Order, Snapshot

ROUNDS = 3


def main() -> int:
    """Prove, time, print; the exit status is 1 when a proof fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--reference", type=Path, default=workbench.reference_folder(), help="folder of the reference lists and names"
    )
    parser.add_argument("--record", action="store_true", help="append the figures to benchmarks/record/")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of floor and row in turn (default: {ROUNDS})")
    options = parser.parse_args()
    held = build.build(workbench.inputs(options.reference)).snapshot
    gc.collect()
    gc.freeze()  # a snapshot stays: to look through it again and again is no part of an order's cost
    for workload in workloads(options.reference, held):
        if not _proved(held, workload.orders[: workload.proved]):
            return 1
        figures = _timed(workload, options.rounds)
        _print(figures, workload)
        if options.record:
            _record(figures, workload, options.rounds)
    print(_logic_v2(held))
    parties = stream.parties(options.reference, stream.PARTIES)
    return rules_cost.told(held, stream.zipf_orders(parties, stream.listed_names(held), ORDERS), record=options.record)


def _logic_v2(held: Snapshot) -> str:
    """What nomenklatura's logic-v2 takes for a pair, as `rivals.py` recorded it last, so for a name and all aliases."""
    if importlib.util.find_spec("nomenklatura") is None:
        return "brute force by logic-v2: skipped, nomenklatura is not installed (`make rivals` installs it)"
    path = workbench.RECORD / "rivals.jsonl"
    lines = path.read_bytes().splitlines() if path.is_file() else []
    recorded = [
        row["us_warm"] for line in lines for name, row in orjson.loads(line)["rows"].items() if "logic-v2" in name
    ]
    if not recorded:
        return "brute force by logic-v2: skipped, `rivals.py --record` did not measure it yet"
    aliases = sum(len(entry.aliases) for entry in held.listings)
    seconds = recorded[-1] * aliases / 1e6
    return f"brute force by logic-v2: {recorded[-1]:.1f} us a pair as recorded, {seconds:.1f} s a name and all aliases"


def _proved(held: Snapshot, orders: Sequence[bytes]) -> bool:
    """Whether all engines and memories give the decisions of the plain search without a memory."""
    plain = forgetful(replace(held, engine=PlainSearch(held.patterns)))
    expected = [screen(order, plain, TERMS).value for order in orders]
    rivals = {
        "pyahocorasick, no memory": forgetful(held),
        "pyahocorasick, memory empty": replace(held),
        "pyahocorasick, orders seen before": having_seen(held, orders),
        "ahocorasick_rs, memory empty": replace(held, engine=RustAutomaton(held.patterns)),
    }
    for name, rival in rivals.items():
        if [screen(order, rival, TERMS).value for order in orders] != expected:
            print(f"{name}: other decisions than the plain search gives", file=sys.stderr)
            return False
    return True


class Figure(NamedTuple):
    """Seconds an order, the ratio to the floor of the same round, and that ratio when the stages say nothing."""

    seconds: float
    ratio: float
    ratio_without_stages: float


def _timed(workload: Workload, count: int) -> dict[str, Figure]:
    """The medians of the rounds."""
    figures: dict[str, Figure] = {}
    orders = workload.orders
    for row in workload.rows:
        part = orders[: row.count]
        rounds = [in_turns(part, row.begin()) for _ in range(count)]
        with patch.object(core, "_stages", _silent):
            bare = [in_turns(part, row.begin()) for _ in range(count)]
        figures[row.name] = Figure(
            statistics.median(seconds for seconds, _ in rounds),
            statistics.median(seconds / floor for seconds, floor in rounds),
            statistics.median(seconds / floor for seconds, floor in bare),
        )
    return figures


def _silent(order: Order, _snapshot: Snapshot) -> Said:
    """Stages that find nothing: what is left is the cost of reading, remembering and writing."""
    return Said((), (), (), range(len(order.parties)))


def _print(figures: dict[str, Figure], workload: Workload) -> None:
    print(f"{workload.name}: {len(workload.orders)} orders, median {stream.bytes_median(workload.orders)} bytes")
    print(f"{'':<28}{'ratio':>9}{'no stages':>11}{'us/order':>11}{'floor us':>10}{'orders/s':>11}")
    for name, (seconds, ratio, bare) in figures.items():
        floor = seconds / ratio
        print(f"{name:<28}{ratio:>9.1f}{bare:>11.1f}{seconds * 1e6:>11.1f}{floor * 1e6:>10.2f}{1 / seconds:>11,.0f}")


def _record(figures: dict[str, Figure], workload: Workload, rounds: int) -> None:
    rows = {
        name: {
            "us_an_order": round(row.seconds * 1e6, 2),
            "ratio": round(row.ratio, 2),
            "ratio_without_stages": round(row.ratio_without_stages, 2),
        }
        for name, row in figures.items()
    }
    told = {"workload": workload.name, "rounds": rounds, "floor": "orjson.loads, each order dropped", "rows": rows}
    workbench.record("core", told)


if __name__ == "__main__":
    sys.exit(main())
