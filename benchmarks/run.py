"""What the core costs, as a ratio to reading the same bytes: `make bench`.

    python benchmarks/run.py [--reference DIR] [--record]

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
import gzip
import importlib.util
import statistics
import sys
import time
from csv import DictReader
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import ahocorasick_rs
import orjson
from rapidfuzz import fuzz, process

from screener import core
from screener.core import screen
from screener.core.pieces import Said
from screener.lists import build
from screener.memory import Memory
from screener.runners.demo import sample_orders

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import rules_cost, stream, workbench
from benchmarks.workbench import TERMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from screener.model import Order, Snapshot
    from screener.protocols import Likeness

ROUNDS = 5
ORDERS = 4_000
STREAM_ORDERS = 20_000
PROVED_ORDERS = 25
PIECE_ORDERS = 250
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


class NothingSimilar:
    """A stand-in for the search of similar names that finds none: what is left are listed names as they are."""

    def __call__(self, found: Sequence[str], doubt: float = 0.0) -> list[Likeness]:
        """Find nothing."""
        del found, doubt
        return []

    def compare(self, found: Sequence[str], entry: int, alias: int, *, person: bool) -> Likeness:
        """Not asked for by an order."""
        raise NotImplementedError

    def read(self, text: str) -> Sequence[str]:
        """Read no other script."""
        del text
        return ()


class BruteForce(NothingSimilar):
    """The plain way to similar names: the words of each name held against all aliases, the best one taken.

    It finds what it finds and tells nothing of it, so that its row is its cost beside the exact tier.
    """

    def __init__(self, held: Snapshot) -> None:
        self._aliases = sorted({held.fold(alias.name) for entry in held.listings for alias in entry.aliases})

    def __call__(self, found: Sequence[str], doubt: float = 0.0) -> list[Likeness]:
        """Look for the alias of the best score."""
        del doubt
        process.extractOne(" ".join(found), self._aliases, scorer=fuzz.token_sort_ratio, score_cutoff=80)
        return []


class Workload(NamedTuple):
    """Orders to answer, and what they are."""

    name: str
    orders: list[bytes]


class Row(NamedTuple):
    """One way to answer a workload's first `count` orders; `begin` gives each round its snapshot."""

    name: str
    begin: Callable[[], Snapshot]
    count: int


def main() -> int:
    """Prove, time, print; the exit status is 1 when a proof fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--reference", type=Path, default=workbench.reference_folder(), help="folder of the reference lists and names"
    )
    parser.add_argument("--record", action="store_true", help="append the figures to benchmarks/record/")
    options = parser.parse_args()
    held = build.build(workbench.inputs(options.reference)).snapshot
    gc.collect()
    gc.freeze()  # a snapshot stays: to look through it again and again is no part of an order's cost
    for workload, rows in _workloads(options.reference, held):
        if not _proved(held, workload.orders[:PROVED_ORDERS]):
            return 1
        figures = _timed(rows, workload.orders)
        _print(figures, workload)
        if options.record:
            _record(figures, workload)
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


def _workloads(reference: Path | None, held: Snapshot) -> Iterable[tuple[Workload, list[Row]]]:
    """The workloads with their rows."""
    named = "edition 2026-07-31" if reference else "sample lists"
    count = ORDERS if reference else ORDERS // 4
    rivals = {
        "core, pyahocorasick": held,
        "core, ahocorasick_rs": replace(held, engine=RustAutomaton(held.patterns)),
        "core, plain search": replace(held, engine=PlainSearch(held.patterns)),
    }
    rows = [
        Row(name, partial(replace, rival), PROVED_ORDERS if "plain" in name else count)
        for name, rival in rivals.items()
    ]
    rows += [
        Row("exact tier alone", partial(replace, held, similar=NothingSimilar()), count),
        Row("brute force: rapidfuzz", partial(replace, held, similar=BruteForce(held)), PROVED_ORDERS),
    ]
    yield Workload(f"{named}, one party an order, all names distinct", _register_orders(reference)[:count]), rows
    listed = stream.listed_names(held)
    parties = stream.usual_parties(reference, held, 2 * stream.PARTIES)
    usual = parties[: stream.PARTIES]
    orders = stream.zipf_orders(usual, listed, STREAM_ORDERS)
    before = stream.zipf_orders(usual, listed, STREAM_ORDERS, seed=stream.SEED + 1)
    yield Workload(f"{named}, realistic stream", orders), _stream_rows(held, stream.each_once(usual), before, orders)
    distinct = stream.distinct_orders(parties, listed, 2 * stream.PARTIES // stream.ORDER_PARTIES)
    rows = [
        Row("memory empty", partial(replace, held), len(distinct)),
        Row("no memory", partial(_forgetful, held), 2_000),
    ]
    yield Workload(f"{named}, stream of distinct parties and texts", distinct), rows


def _stream_rows(
    held: Snapshot, each_once: Sequence[bytes], before: Sequence[bytes], orders: Sequence[bytes]
) -> list[Row]:
    """Rows by what was seen before: nothing, each party once, as many other orders of the stream, these very orders."""
    return [
        Row("no memory", partial(_forgetful, held), 2_000),
        Row("cold: memory empty", partial(replace, held), len(orders)),
        Row("parties known", partial(_having_seen, held, each_once), len(orders)),
        Row("steady: after other orders", partial(_having_seen, held, before), len(orders)),
        Row("warm: orders seen before", partial(_having_seen, held, orders), len(orders)),
    ]


def _forgetful(held: Snapshot) -> Snapshot:
    """The snapshot with a memory that keeps nothing."""
    forgetful = replace(held)
    forgetful.memory = Memory(0)
    return forgetful


def _having_seen(held: Snapshot, orders: Iterable[bytes]) -> Snapshot:
    """The snapshot with the memory of some orders."""
    seen = replace(held)
    for order in orders:
        screen(order, seen, TERMS)
    return seen


def _register_orders(reference: Path | None) -> list[bytes]:
    """Orders of one party each, of a register; without one those of the demonstration."""
    if reference is None:
        return (sample_orders() * 20)[:ORDERS]
    with gzip.open(reference / REGISTER, "rt", encoding="utf-8-sig", newline="") as file:
        named = {row["Organization Name"]: row["Organization Address"] for row in DictReader(file)}
    orders = [_order(number, name, address) for number, (name, address) in enumerate(named.items())]
    return orders[:: len(orders) // ORDERS][:ORDERS]


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


def _proved(held: Snapshot, orders: Sequence[bytes]) -> bool:
    """Whether all engines and memories give the decisions of the plain search without a memory."""
    plain = _forgetful(replace(held, engine=PlainSearch(held.patterns)))
    expected = [screen(order, plain, TERMS).value for order in orders]
    rivals = {
        "pyahocorasick, no memory": _forgetful(held),
        "pyahocorasick, memory empty": replace(held),
        "pyahocorasick, orders seen before": _having_seen(held, orders),
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


def _timed(rows: Sequence[Row], orders: Sequence[bytes]) -> dict[str, Figure]:
    """The medians of the rounds."""
    figures: dict[str, Figure] = {}
    for row in rows:
        rounds = [_round(row, orders) for _ in range(ROUNDS)]
        with patch.object(core, "_stages", _silent):
            bare = [_round(row, orders) for _ in range(ROUNDS)]
        figures[row.name] = Figure(
            statistics.median(seconds for seconds, _ in rounds),
            statistics.median(seconds / floor for seconds, floor in rounds),
            statistics.median(seconds / floor for seconds, floor in bare),
        )
    return figures


def _silent(order: Order, _snapshot: Snapshot) -> Said:
    """Stages that find nothing: what is left is the cost of reading, remembering and writing."""
    return Said((), (), (), range(len(order.parties)))


def _round(row: Row, orders: Sequence[bytes]) -> tuple[float, float]:
    """Seconds an order of the row and of the floor, taken in turns."""
    held = row.begin()
    seconds = floor = 0.0
    for at in range(0, row.count, PIECE_ORDERS):
        piece = orders[at : min(at + PIECE_ORDERS, row.count)]
        begun = time.thread_time()
        for order in piece:
            orjson.loads(order)
        read = time.thread_time()
        for order in piece:
            screen(order, held, TERMS)
        floor += read - begun
        seconds += time.thread_time() - read
    return seconds / row.count, floor / row.count


def _print(figures: dict[str, Figure], workload: Workload) -> None:
    print(f"{workload.name}: {len(workload.orders)} orders, median {stream.bytes_median(workload.orders)} bytes")
    print(f"{'':<28}{'ratio':>9}{'no stages':>11}{'us/order':>11}{'floor us':>10}{'orders/s':>11}")
    for name, (seconds, ratio, bare) in figures.items():
        floor = seconds / ratio
        print(f"{name:<28}{ratio:>9.1f}{bare:>11.1f}{seconds * 1e6:>11.1f}{floor * 1e6:>10.2f}{1 / seconds:>11,.0f}")


def _record(figures: dict[str, Figure], workload: Workload) -> None:
    rows = {
        name: {
            "us_an_order": round(row.seconds * 1e6, 2),
            "ratio": round(row.ratio, 2),
            "ratio_without_stages": round(row.ratio_without_stages, 2),
        }
        for name, row in figures.items()
    }
    told = {"workload": workload.name, "floor": "orjson.loads, each order dropped", "rows": rows}
    workbench.record("core", told)


if __name__ == "__main__":
    sys.exit(main())
