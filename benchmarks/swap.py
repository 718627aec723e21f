"""A snapshot is swapped under load: what it does to latency, and how long anything else waits for the interpreter.

    python benchmarks/swap.py [--rate N] [--swaps N] [--reference DIR] [--record]

A worker that follows announcements answers the realistic stream at a steady rate on a broker of its own, while
snapshots are announced that differ in one private list. Every order must have one decision, by one of the announced
snapshots, and orders that came after the worker said that it uses a snapshot by that one. Latency is from `produce` to
a committed record in a consumer's hands: of orders sent while a swap was under way and shortly after, and of all
others; the 99th percentile of all of them, and that of a usual second, which a machine that stands still moves little.
Besides, a snapshot is loaded in a thread of this process while another thread looks at the clock: its longest waits are
those for the interpreter.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stream, workbench
from benchmarks.worker import Place, Reader, percentile, place_in, publish, send_at
from screener.lists import snapshot
from screener.runners.announcements import announce
from screener.settings import FleetSettings
from tests.integration.kafka import Worker

if TYPE_CHECKING:
    import argparse

RATE = 5_000
SWAPS = 3
APART_SECONDS = 12.0
AFTER_SECONDS = 2.0
WARMED_SECONDS = 20.0  # what a swap takes, about
SETTLED_SECONDS = 5.0  # after the first order
TICK_SECONDS = 0.0005
CONVERGED_SECONDS_MAX = 30.0


def main() -> int:
    """Swap, measure, print; the exit status is 1 when an order was lost or answered by another snapshot."""
    parser = workbench.parser(__doc__)
    parser.add_argument("--rate", type=int, default=RATE, help="orders a second")
    parser.add_argument("--swaps", type=int, default=SWAPS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="screener-swap-") as name:
        folder = Path(name)
        of = workbench.inputs(options.reference)
        files = [workbench.variant(folder, of, number) for number in range(options.swaps + 1)]
        holds = _holds(files[0])
        print(f"longest waits for the interpreter while a snapshot is loaded and freed: {holds} ms")
        print(f"processor time to load a snapshot: {_load_seconds(files[0]):.2f} s")
        with place_in(folder, snapshot.load(files[0]), files[0]) as place:
            return _under_load(place, files, holds, options)


def _holds(path: Path) -> list[float]:
    """The five longest waits of a thread that only looks at the clock, in milliseconds."""
    gaps: list[float] = []
    done = threading.Event()

    def look() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(TICK_SECONDS)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=look)
    thread.start()
    held = [snapshot.load(path)]
    snapshot.let_go(held)
    done.set()
    thread.join()
    return [round(gap * 1e3, 1) for gap in sorted(gaps, reverse=True)[:5]]


def _load_seconds(path: Path) -> float:
    """The least of three loads; a second is the target on the machine of the records."""
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        held = [snapshot.load(path)]
        seconds.append(time.process_time() - begun)
        snapshot.let_go(held)
    return min(seconds)


def _under_load(place: Place, files: list[Path], holds: list[float], options: argparse.Namespace) -> int:
    count = int(options.rate * (options.swaps * (APART_SECONDS + WARMED_SECONDS) + APART_SECONDS))
    parties = stream.usual_parties(options.reference, place.held, stream.PARTIES)
    orders = stream.zipf_orders(parties, stream.listed_names(place.held), count)
    hashes = [announce(FleetSettings(place.bootstrap, sample=True), "screener.snapshots", files[0]).sha256]
    worker = Worker(place.bootstrap, "", place.folder / "worker.log", ["--allow-stale", "--sample"])
    sent: dict[bytes, float] = {}
    swaps: list[tuple[float, float]] = []
    try:
        worker.start().wait_ready()
        publish(place, stream.each_once(parties))  # a worker that has met its parties
        place.wait_answered("screener")
        reader = Reader(place)
        reader.start()
        sender = threading.Thread(target=send_at, args=(place, orders, options.rate, sent))
        sender.start()
        for path in files[1:]:
            time.sleep(APART_SECONDS)
            begun = time.perf_counter()
            hashes.append(announce(FleetSettings(place.bootstrap, sample=True), "screener.snapshots", path).sha256)
            while worker.metric(f'screener_snapshot_info{{sha256="{hashes[-1]}"}}') != 1:
                if time.perf_counter() - begun > CONVERGED_SECONDS_MAX:
                    raise SystemExit(f"the worker does not use {hashes[-1]}: {worker.log.read_text()[-2_000:]}")
                time.sleep(0.02)
            swaps.append((begun, time.perf_counter()))
        sender.join()
        reader.end(len(sent))
    finally:
        worker.kill()
    return _tell(sent, reader, swaps, hashes, holds, options)


def _tell(
    sent: dict[bytes, float],
    reader: Reader,
    swaps: list[tuple[float, float]],
    hashes: list[str],
    holds: list[float],
    options: argparse.Namespace,
) -> int:
    during: dict[int, list[float]] = {}
    normal: dict[int, list[float]] = {}
    wrong = 0
    first = min(sent.values())
    for key, at in sent.items():
        came, sha256 = reader.seen.get(key, (0.0, ""))
        since = sum(end < at for _, end in swaps)
        wrong += sha256 not in hashes or hashes.index(sha256) < since
        if any(begun <= at <= end + AFTER_SECONDS for begun, end in swaps):
            during.setdefault(int(at), []).append((came - at) * 1e3)
        elif at > first + SETTLED_SECONDS:
            normal.setdefault(int(at), []).append((came - at) * 1e3)
    lost = len(sent.keys() - reader.seen.keys())
    (normal_p99, normal_usual), (swap_p99, swap_usual) = map(_p99, (normal, during))
    figures: dict[str, Any] = {
        "rate": options.rate,
        "swaps": len(swaps),
        "seconds_max": round(max(end - begun for begun, end in swaps), 2),
        "normal_p99_ms": round(normal_p99, 1),
        "swap_p99_ms": round(swap_p99, 1),
        "ratio": round(swap_p99 / normal_p99, 2),
        "normal_usual_p99_ms": round(normal_usual, 1),
        "swap_usual_p99_ms": round(swap_usual, 1),
        "usual_ratio": round(swap_usual / normal_usual, 2),
        "holds_ms": holds,
    }
    print(f"{len(sent)} orders, {lost} lost, {reader.repeated} repeated, {wrong} not by the snapshot in use")
    print(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    if options.record:
        workbench.record("swap", figures, options.note)
    return int(bool(lost or wrong or reader.repeated))


def _p99(seconds: dict[int, list[float]]) -> tuple[float, float]:
    """The 99th percentile of all, and of a usual second: the median over seconds."""
    everything = [latency for second in seconds.values() for latency in second]
    return percentile(everything, 99), statistics.median(percentile(second, 99) for second in seconds.values())


if __name__ == "__main__":
    sys.exit(main())
