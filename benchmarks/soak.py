"""The long run: orders at a steady rate, a worker killed again and again, one decision each: `make soak`.

    python benchmarks/soak.py [--minutes 10] [--rate 500] [--kill-every 30]

Starts a broker of its own, publishes from one thread, kills the worker with SIGKILL at every interval and starts it
again in the same slot. At the end every order must have exactly one committed decision; the exit status is 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson
from confluent_kafka import Producer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from screener import broker
from screener.lists import build, snapshot
from screener.runners import topics
from tests.integration.kafka import Worker, outputs, reading

MINUTES_MAX = 60.0
RATE_MAX = 5_000


class Publisher(threading.Thread):
    """Publishes numbered orders at a rate until told to stop."""

    def __init__(self, bootstrap: str, rate: int) -> None:
        super().__init__(daemon=True)
        self._producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
        self._rate = rate
        self._ending = threading.Event()
        self.published = 0

    def run(self) -> None:
        """Publish a tenth of a second's orders ten times a second."""
        while not self._ending.wait(0.1):
            for _ in range(max(1, self._rate // 10)):
                order_id = f"S-{self.published}"
                name = (
                    "Huawei Technologies Co., Ltd."
                    if self.published % 50 == 0
                    else f"Maple Ridge {self.published} Ltd."
                )
                order = {"order_id": order_id, "parties": [{"role": "end_user", "name": name}]}
                self._producer.produce("orders", orjson.dumps(order), order_id.encode())
                self.published += 1
            self._producer.poll(0)
        self._producer.flush(60)

    def end(self) -> None:
        """Stop, and wait until the broker has every order."""
        self._ending.set()
        self.join()


def main() -> int:
    """Run, count, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=500, help="orders a second")
    parser.add_argument("--kill-every", type=float, default=30.0, help="seconds between kills")
    options = parser.parse_args()
    minutes, rate = min(options.minutes, MINUTES_MAX), min(options.rate, RATE_MAX)
    with tempfile.TemporaryDirectory(prefix="screener-soak-") as name:
        folder = Path(name)
        snapshot.save(build.build(build.Inputs(sample=True)).content, folder / "soak.snapshot")
        try:
            bootstrap = broker.start(folder / "broker").bootstrap
            return _soak(bootstrap, folder, minutes * 60, rate, options.kill_every)
        finally:
            broker.stop(folder / "broker")


def _soak(bootstrap: str, folder: Path, seconds: float, rate: int, kill_seconds: float) -> int:
    topics.apply(bootstrap)
    publisher = Publisher(bootstrap, rate)
    worker = Worker(bootstrap, "", folder / "worker.log", ["--snapshot", str(folder / "soak.snapshot")])
    end = time.monotonic() + seconds
    kills = 0
    publisher.start()
    worker.start().wait_ready()
    try:
        while time.monotonic() < end:
            time.sleep(min(kill_seconds, max(0.0, end - time.monotonic())))
            worker.kill()
            kills += 1
            worker.start().wait_ready()
        publisher.end()
        with reading(bootstrap, outputs("")) as reader:
            decided = reader.read_until(publisher.published, 300)
    finally:
        worker.kill()
    distinct = len({record.source for record in decided})
    print(f"{publisher.published} orders, {kills} kills, {len(decided)} decisions, {distinct} of them distinct")
    return int(not publisher.published == len(decided) == distinct)


if __name__ == "__main__":
    sys.exit(main())
