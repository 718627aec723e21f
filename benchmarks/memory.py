"""What a worker with the whole list and 100,000 affiliates holds in memory: steady, in a swap, and over millions.

    python benchmarks/memory.py [--millions N] [--affiliates N] [--reference DIR] [--record]

The affiliates are invented companies that those on the SDN list own to 50 % or more, in chains of up to three. A worker
that follows announcements answers the realistic stream on a broker of its own, again and again under new order ids, and
its resident memory is read from the system: after each half million orders, and at its highest while a second snapshot
replaces the first. First it is proved that the affiliates are in the snapshot: orders to a part of them are stopped for
their owners.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stream, workbench
from benchmarks.worker import Place, place_in, publish
from screener.core import screen
from screener.lists import snapshot
from screener.runners.announcements import announce
from screener.settings import FleetSettings
from tests.integration.kafka import Worker

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from screener.model import Snapshot

AFFILIATES = 100_000
CHAIN = 3
MILLIONS = 2.0
ORDERS = 100_000
LEG_ORDERS = 500_000
WARM_LEGS = 2
PROVED = 200
CONVERGED_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.02
FREED_SECONDS = 15.0
MB = 1_000_000
OWNED = frozenset({"AFFILIATE_OFAC", "LISTED_OWNER"})


def main() -> int:
    """Prove, measure, print; the exit status is 1 when the affiliates are not stopped."""
    parser = workbench.parser(__doc__)
    parser.add_argument("--millions", type=float, default=MILLIONS, help="orders, in millions")
    parser.add_argument("--affiliates", type=int, default=AFFILIATES)
    options = parser.parse_args()
    if options.reference is None:
        return workbench.skipped("memory")
    with tempfile.TemporaryDirectory(prefix="screener-memory-") as name:
        folder = Path(name)
        names = _affiliates(folder / "owners.csv", workbench.edition(options.reference), options.affiliates)
        of = replace(workbench.inputs(options.reference), ownership=[folder / "owners.csv"])
        files = [workbench.variant(folder, of, number) for number in range(2)]
        held = snapshot.load(files[0])
        stopped = sum(_is_stopped(name, held) for name in names[:: len(names) // PROVED])
        if stopped < PROVED:
            print(f"{stopped} of {PROVED} affiliates are stopped for their owners", file=sys.stderr)
            return 1
        with place_in(folder, held, files[0]) as place:
            figures = _measured(place, files, options)
    figures = {"affiliates": len(names), "entries": len(held.entries), **figures}
    print(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    if options.record:
        workbench.record("memory", figures, options.note)
    return 0


def _affiliates(path: Path, held: Snapshot, count: int) -> list[str]:
    """Write the holdings of invented companies; their names."""
    draw = random.Random(stream.SEED)  # noqa: S311  repeatable, not secret
    owners = [entry.name for entry in held.listings if entry.list == "SDN"]
    names: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["owner", "owned", "share", "owner_country", "owned_country", "effective_from", "source", "kind"])
        while len(names) < count:
            owner = draw.choice(owners)
            for _ in range(min(draw.randint(1, CHAIN), count - len(names))):
                names.append(f"Quillhaven {len(names)} {draw.choice(('Optics', 'Trading', 'Marine'))} Ltd.")
                out.writerow([owner, names[-1], draw.randint(50, 100), "", "SG", "", "invented", "equity"])
                owner = names[-1]
    return names


def _is_stopped(name: str, held: Snapshot) -> bool:
    decision = screen(workbench.named_order(name), held, workbench.TERMS)
    return decision.outcome in workbench.STOPPED and any(reason in OWNED for reason in decision.reasons)


def _measured(place: Place, files: Sequence[Path], options: argparse.Namespace) -> dict[str, Any]:
    parties = stream.usual_parties(options.reference, place.held, stream.PARTIES)
    orders = stream.zipf_orders(parties, stream.listed_names(place.held), ORDERS)
    announce(FleetSettings(place.bootstrap, sample=True), "screener.snapshots", files[0])
    worker = Worker(place.bootstrap, "", place.folder / "worker.log", ["--allow-stale", "--sample"])
    legs: list[float] = []
    try:
        worker.start().wait_ready()
        assert worker.popen is not None
        pid = worker.popen.pid
        loaded = _resident(pid)
        numbers = _renumbered(orders)
        for _ in range(max(WARM_LEGS + 1, round(options.millions * MB / LEG_ORDERS))):
            publish(place, [next(numbers) for _ in range(LEG_ORDERS)])
            place.wait_answered("screener")
            legs.append(_resident(pid))
        highest = _swapped(place, worker, files[1], numbers)
        after = _resident(pid)
    finally:
        worker.kill()
    grown = (legs[-1] - legs[WARM_LEGS - 1]) / ((len(legs) - WARM_LEGS) * LEG_ORDERS / 1e6)
    return {
        "loaded_mb": round(loaded),
        "steady_mb": round(legs[-1]),
        "swap_mb_max": round(highest),
        "after_swap_mb": round(after),
        "mb_a_million": round(grown, 2),
        "legs_mb": [round(leg, 1) for leg in legs],
    }


def _renumbered(orders: Sequence[bytes]) -> Iterator[bytes]:
    """The same orders again and again, each time under new ids."""
    turn = 0
    while True:
        for order in orders:
            yield order.replace(b'"SO-', b'"T%d-' % turn, 1)
        turn += 1


def _swapped(place: Place, worker: Worker, path: Path, orders: Iterator[bytes]) -> float:
    """The highest resident memory while orders are answered and a snapshot takes over, in MB."""
    assert worker.popen is not None
    pid, seen, done = worker.popen.pid, [0.0], threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(_resident(pid))
            time.sleep(LOOK_SECONDS)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        sha256 = announce(FleetSettings(place.bootstrap, sample=True), "screener.snapshots", path).sha256
        deadline = time.monotonic() + CONVERGED_SECONDS_MAX
        while worker.metric(f'screener_snapshot_info{{sha256="{sha256}"}}') != 1:
            if time.monotonic() > deadline:
                raise SystemExit(f"the worker does not use {sha256}")
            publish(place, [next(orders) for _ in range(2_000)])
        place.wait_answered("screener")
        time.sleep(FREED_SECONDS)  # the one before is freed in steps
    finally:
        done.set()
        looking.join()
    return max(seen)


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1_024 / MB
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
