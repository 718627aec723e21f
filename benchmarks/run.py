"""What the core costs, as a ratio to reading the same bytes: `make bench`.

    python benchmarks/run.py [--reference DIR] [--record]

Every row is first proved: all engines must give the decisions that a plain search of every pattern gives, byte for
byte, on a part of the orders. Then rows are timed in turn, round after round, and the median of the ratios to the floor
is printed: on a shared machine an absolute time proves nothing. With the reference lists the snapshot is a real one and
the orders are a register's names; without them the shipped sample. `--record` appends the figures to record/.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import statistics
import sys
import time
from csv import DictReader
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import ahocorasick_rs
import orjson

from screener import __version__
from screener.core import screen
from screener.lists import build
from screener.model import Terms
from screener.runners.demo import sample_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from screener.model import Snapshot

ROUNDS = 7
ORDERS = 4_000
PROVED_ORDERS = 25
TERMS = Terms(as_of="2026-08-01", allow_stale=True)
HERE = Path(__file__).parent
LISTS = "lists/consolidated_2026-07-31.csv.gz"
REGISTER = "names/ieee_oui_2026-03-16.csv.gz"


class RustAutomaton:
    """A rival behind the engine protocol: the ahocorasick_rs package."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._automaton = ahocorasick_rs.AhoCorasick(list(patterns))

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return ((end - 1, number) for number, _, end in found)


class PlainSearch:
    """The naive engine: look for one pattern after the other."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns

    def scan(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield (index of the last character, pattern number) of every occurrence."""
        for number, pattern in enumerate(self._patterns):
            at = text.find(pattern)
            while at >= 0:
                yield at + len(pattern) - 1, number
                at = text.find(pattern, at + 1)


class Row(NamedTuple):
    """One thing to time over all orders; `orders` is how many of them one round takes."""

    name: str
    run: Callable[[Sequence[bytes]], object]
    orders: int


def main() -> int:
    """Prove, time, print; the exit status is 1 when a proof fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reference", type=Path, default=_reference(), help="folder of the reference lists and names")
    parser.add_argument("--record", action="store_true", help="append the figures to benchmarks/record/")
    options = parser.parse_args()
    held, orders, workload = _workload(options.reference)
    rivals = {
        "core, pyahocorasick": held,
        "core, ahocorasick_rs": replace(held, engine=RustAutomaton(held.patterns)),
        "core, plain search": replace(held, engine=PlainSearch(held.patterns)),
    }
    if not _proved(rivals, orders[:PROVED_ORDERS]):
        return 1
    floor = Row("floor: orjson.loads", lambda part: [orjson.loads(order) for order in part], len(orders))
    rows = [floor, *(_row(name, rival, len(orders)) for name, rival in rivals.items())]
    figures = _timed(rows, orders)
    _print(figures, workload, sum(map(len, orders)) // len(orders))
    if options.record:
        _record(figures, workload)
    return 0


def _reference() -> Path | None:
    named = os.environ.get("SCREENER_DATA")
    folder = Path(named) if named else HERE.parents[1] / "shared" / "data"
    return folder if folder.is_dir() else None


def _workload(reference: Path | None) -> tuple[Snapshot, list[bytes], str]:
    if reference is None:
        held = build.build(build.Inputs(sample=True)).snapshot
        return held, (sample_orders() * 20)[:ORDERS], "sample lists, demonstration orders"
    held = build.build(build.Inputs(lists=[reference / LISTS])).snapshot
    with gzip.open(reference / REGISTER, "rt", encoding="utf-8-sig", newline="") as file:
        named = {row["Organization Name"]: row["Organization Address"] for row in DictReader(file)}
    orders = [_order(number, name, address) for number, (name, address) in enumerate(named.items())]
    return held, orders[:: len(orders) // ORDERS][:ORDERS], "edition 2026-07-31, distinct register names with address"


def _order(number: int, name: str, address: str) -> bytes:
    return orjson.dumps(
        {
            "schema_version": 1,
            "order_id": f"O-{number}",
            "placed_at": "2026-07-31T12:00:00Z",
            "ship_from": "US",
            "destination": "DE",
            "parties": [{"role": "end_user", "name": name, "address": address, "country": "DE"}],
            "items": [
                {"sku": "A-1", "description": "Integrated circuit, 8 channels", "quantity": 10, "currency": "USD"}
            ],
            "end_use": "Assembly of measuring instruments",
            "notes": "Deliver to dock 4, weekdays only",
        }
    )


def _proved(rivals: dict[str, Snapshot], orders: Sequence[bytes]) -> bool:
    """Whether all engines give the same decisions."""
    answers = {name: [screen(order, held, TERMS).value for order in orders] for name, held in rivals.items()}
    expected = answers["core, plain search"]
    for name, values in answers.items():
        if values != expected:
            print(f"{name}: other decisions than the plain search gives", file=sys.stderr)
            return False
    return True


def _row(name: str, held: Snapshot, orders: int) -> Row:
    def run(part: Sequence[bytes]) -> None:
        for order in part:
            screen(order, held, TERMS)

    return Row(name, run, PROVED_ORDERS if "plain" in name else orders)


def _timed(rows: Sequence[Row], orders: Sequence[bytes]) -> dict[str, tuple[float, float]]:
    """Row -> (median seconds an order, median ratio to the floor of the same round)."""
    seconds: dict[str, list[float]] = {row.name: [] for row in rows}
    for _ in range(ROUNDS):
        for row in rows:
            begun = time.perf_counter()
            row.run(orders[: row.orders])
            seconds[row.name].append((time.perf_counter() - begun) / row.orders)
    floor = seconds[rows[0].name]
    return {
        name: (
            statistics.median(times),
            statistics.median(time / base for time, base in zip(times, floor, strict=True)),
        )
        for name, times in seconds.items()
    }


def _print(figures: dict[str, tuple[float, float]], workload: str, order_bytes: int) -> None:
    print(f"{workload}; {order_bytes} bytes an order, one core, {ROUNDS} rounds, medians")
    print(f"{'':<24}{'ratio':>9}{'us/order':>12}{'orders/s':>12}")
    for name, (seconds, ratio) in figures.items():
        print(f"{name:<24}{ratio:>9.1f}{seconds * 1e6:>12.1f}{1 / seconds:>12,.0f}")


def _record(figures: dict[str, tuple[float, float]], workload: str) -> None:
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    rows = {
        name: {"us_an_order": round(seconds * 1e6, 2), "ratio": round(ratio, 2)}
        for name, (seconds, ratio) in figures.items()
    }
    line = {
        "day": datetime.now(UTC).date().isoformat(),
        "screener": __version__,
        "workload": workload,
        **machine,
        "rows": rows,
    }
    with (HERE / "record" / "core.jsonl").open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
