"""How soon a quiet stream is answered: one order every few seconds, with few partitions and with many.

    python benchmarks/quiet.py [--orders N] [--apart SECONDS] [--record] [--note TEXT]

Two workers share the partitions of a broker of their own, first 3 and then 100. An order is published, and timed from
there until a reader of committed decisions has its decision, which is held against the core's own. Ten minutes of
quiet are 80 orders, 7 s apart. The exit status is 1 where a worker ended meanwhile, an order has no decision or two, or
one of many partitions took more than 0.3 s longer than the slowest of few.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Producer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from screener import broker
from tests.integration.kafka import outputs, reading
from tests.integration.ordeals import Place, good

if TYPE_CHECKING:
    from tests.integration.kafka import Reader, Worker

ORDERS = 80
APART_SECONDS = 7.0
FEW, MANY = 3, 100
LONGER_SECONDS_MAX = 0.3
ANSWER_SECONDS_MAX = 60.0
WARM_ORDERS = 5


def main() -> int:
    """Time both, and say what was seen."""
    parser = workbench.parser(__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"how many of each (default: {ORDERS})")
    parser.add_argument("--apart", type=float, default=APART_SECONDS, help=f"seconds (default: {APART_SECONDS:.0f})")
    options = parser.parse_args()
    rows = [_quiet(partitions, options.orders, options.apart) for partitions in (FEW, MANY)]
    few, many = rows
    workbench.table(list(few), [list(row.values()) for row in rows])
    longer = round(many["slowest_ms"] - few["slowest_ms"])
    right = all(row["restarts"] == 0 and row["answered_once"] == options.orders for row in rows)
    passed = right and longer <= LONGER_SECONDS_MAX * 1_000
    print(f"{'passed' if passed else 'FAILED'}: the slowest of {MANY} partitions took {longer} ms longer than of {FEW}")
    if options.record:
        figures = {"orders": options.orders, "apart_seconds": options.apart, "passed": passed, "rows": rows}
        workbench.record("quiet", figures, options.note)
    return int(not passed)


def _quiet(partitions: int, orders: int, apart: float) -> dict[str, Any]:
    """Milliseconds from producing an order to reading its decision, with so many partitions and two workers."""
    with tempfile.TemporaryDirectory(prefix="screener-quiet-") as made:
        folder = Path(made)
        try:
            place = Place(folder, partitions=partitions)
            workers = [place.worker(slot) for slot in range(2)]
            try:
                for worker in workers:
                    worker.start().wait_ready()
                pids = [_pid(worker) for worker in workers]
                with reading(place.bootstrap, outputs("")) as reader:
                    waited = _timed(place, reader, orders, apart)
                    again = reader.read_until(len(reader.found) + 1, 3.0)
                restarts = sum(worker.popen is None or worker.popen.poll() is not None for worker in workers)
                assert pids == [_pid(worker) for worker in workers]
            finally:
                for worker in workers:
                    worker.kill()
        finally:
            broker.stop(folder / "broker")
    sources = [record.source for record in again]
    return {
        "partitions": partitions,
        "median_ms": round(statistics.median(waited) * 1_000, 1),
        "slowest_ms": round(max(waited) * 1_000, 1),
        "answered_once": len(set(sources)) - WARM_ORDERS if len(set(sources)) == len(sources) else -1,
        "restarts": restarts,
    }


def _pid(worker: Worker) -> int:
    assert worker.popen is not None
    return worker.popen.pid


def _timed(place: Place, reader: Reader, orders: int, apart: float) -> list[float]:
    """Seconds until each order's decision was read; some that come first are not counted."""
    producer = Producer({"bootstrap.servers": place.bootstrap, "linger.ms": 0})
    waited = []
    for number in range(WARM_ORDERS + orders):
        key, value = good(number)
        begun = time.perf_counter()
        producer.produce("orders", value, key)
        producer.flush()
        while len(reader.found) <= number and time.perf_counter() - begun < ANSWER_SECONDS_MAX:
            reader.read(0.01)
        waited.append(time.perf_counter() - begun)
        if number >= WARM_ORDERS:
            time.sleep(apart)
    return waited[WARM_ORDERS:]


if __name__ == "__main__":
    sys.exit(main())
