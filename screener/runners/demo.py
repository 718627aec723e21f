"""`screener demo`: the whole way on this machine, with a real broker and a real worker, in under a minute.

Starts a broker in a folder of its own, creates the topics, builds a snapshot from the shipped sample lists (or real
ones with `--lists`), starts a worker, publishes a few hundred orders, reads the decisions back with
`read_committed`, prints what was stopped and why, and stops everything that it started.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import orjson
from confluent_kafka import Consumer, Producer

from screener import broker
from screener.errors import OperatorError
from screener.lists import build, snapshot
from screener.runners import topics
from screener.runners.children import end_child, free_port, unset
from screener.settings import Cluster

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

CLEAN_ORDERS = 300
WORKER_SECONDS_MAX = 60.0
DECISIONS_SECONDS_MAX = 60.0
COLUMN_CHARS_MAX = (8, 10, 38, 24, 46)
NARROW_COLUMN_CHARS_MAX = (6, 10, 36, 20, 0)  # the evidence goes onto a line of its own
_FIRST = (
    "Amber Birch Cedar Copper Falcon Harbor Juniper Lantern Maple Meadow Nimbus Orchid Pebble Quartz Willow".split()
)
_SECOND = "Bay Bridge Creek Field Gate Hill Orchard Point Ridge Shore Spring Stone Valley Wharf".split()
_THIRD = ("Components Ltd.", "Instruments GmbH", "Pumps S.A.", "Optics K.K.", "Controls B.V.", "Tooling s.r.o.")
_ITEMS = ("Ball bearing", "Relay, 24 V", "Pressure gauge", "Lens, 50 mm", "Stepper motor", "Filter cartridge")
_COUNTRIES = ("DE", "NL", "JP", "CZ", "MX", "CA", "FR")


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `demo`."""
    text = "show the whole way on this machine: broker, topics, lists, worker, orders, decisions"
    command = commands.add_parser("demo", help=text, description=text)
    command.add_argument("--lists", type=Path, nargs="+", default=[], metavar="FILE", help="real lists, not the sample")
    command.set_defaults(run=lambda namespace: run(namespace.lists))


def run(lists: list[Path]) -> int:
    """Run the demonstration and return the exit status: 0 when every order was answered."""
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="screener-demo-")))
        _say("building a snapshot from " + (", ".join(map(str, lists)) or "the shipped sample lists"))
        built = build.build(build.Inputs(lists=lists, sample=not lists))
        snapshot.save(built.content, folder / "demo.snapshot")
        _say("starting a broker (the first time its jars are fetched)")
        bootstrap = stack.enter_context(_broker(folder / "broker"))
        topics.apply(Cluster(bootstrap))
        _say(f"broker at {bootstrap}, topics created; starting a worker")
        metrics = stack.enter_context(_worker(bootstrap, folder, sample=not lists))
        orders = sample_orders()
        _publish(bootstrap, orders)
        _say(f"published {len(orders)} orders; metrics at {metrics}/metrics")
        decisions = _decisions(bootstrap, len(orders))
        _print_table(decisions)
        _print_sums(decisions, _scrape(f"{metrics}/metrics"), sample=not lists)
        if len(decisions) != len(orders):
            raise OperatorError(f"{len(orders)} orders were published and {len(decisions)} decisions came back")
    _say(f"stopped everything again; took {time.monotonic() - begun:.0f} s")
    return 0


def _say(text: str) -> None:
    print(f"» {text}", flush=True)


def sample_orders() -> list[bytes]:
    """The shipped orders that show something, among a few hundred that are clean; the same every time."""
    shown = resources.files("screener").joinpath("sample/orders.ndjson").read_bytes().splitlines()
    chance = random.Random(744)  # noqa: S311  repeatable, not secret
    orders = list(shown)
    for number in range(1, CLEAN_ORDERS + 1):
        name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {chance.choice(_THIRD)}"
        order = {
            "schema_version": 1,
            "order_id": f"C-{number:03}",
            "ship_from": "US",
            "destination": chance.choice(_COUNTRIES),
            "parties": [{"role": "end_user", "name": name}],
            "items": [{"sku": f"S-{number}", "description": chance.choice(_ITEMS), "quantity": chance.randint(1, 90)}],
        }
        orders.append(orjson.dumps(order))
    chance.shuffle(orders)
    return orders


@contextmanager
def _broker(folder: Path) -> Iterator[str]:
    running = broker.start(folder)
    try:
        yield running.bootstrap
    finally:
        broker.stop(folder)


@contextmanager
def _worker(bootstrap: str, folder: Path, *, sample: bool) -> Iterator[str]:
    """A worker in a process of its own; gives the address of its web server once it is ready."""
    port = free_port()
    options = ["--bootstrap-servers", bootstrap, "--snapshot", str(folder / "demo.snapshot")]
    options += ["--metrics-host", "127.0.0.1", "--metrics-port", str(port), "--allow-stale", *["--sample"] * sample]
    with (folder / "worker.log").open("wb") as log:
        process_of_worker = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", "screener", "worker", *options], stdout=log, stderr=log, env=unset()
        )
        try:
            _wait_ready(process_of_worker, f"http://127.0.0.1:{port}/ready", folder / "worker.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            end_child(process_of_worker)


def _wait_ready(worker: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + WORKER_SECONDS_MAX
    while time.monotonic() < deadline and worker.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310  loopback http
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
    raise OperatorError(f"the worker did not become ready; the end of its log:\n{end}")


def _publish(bootstrap: str, orders: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for order in orders:
        producer.produce("orders", order, _key(order))
    producer.flush(30)


def _key(order: bytes) -> bytes | None:
    try:
        order_id: str = orjson.loads(order)["order_id"]
    except (ValueError, KeyError):
        return None
    return order_id.encode()


def _decisions(bootstrap: str, expected: int) -> list[dict[str, Any]]:
    outputs = [topic.name for topic in topics.load() if topic.role == "out"]
    reader = {"bootstrap.servers": bootstrap, "group.id": "demo", "auto.offset.reset": "earliest"}
    consumer = Consumer(reader | {"isolation.level": "read_committed", "enable.auto.commit": False})
    consumer.subscribe(outputs)
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + DECISIONS_SECONDS_MAX
    while len(found) < expected and time.monotonic() < deadline:
        for record in consumer.consume(500, 0.5):
            value = record.value()
            if record.error() is None and value is not None:
                found.append(json.loads(value))
    consumer.close()
    return found


def _print_table(decisions: list[dict[str, Any]]) -> None:
    stopped = [decision for decision in decisions if decision["outcome"] != "clear"]
    ranks = {"block": 0, "review": 1, "quarantine": 2}
    print()
    _print_row("order", "outcome", "found", "reason", "evidence")
    for decision in sorted(stopped, key=lambda row: (ranks[row["outcome"]], row["order_id"] or "")):
        found, why, evidence = _shown(decision)
        _print_row(decision["order_id"] or "none", decision["outcome"], found, why, evidence)
    print()


def _print_row(*cells: str) -> None:
    wide = shutil.get_terminal_size((140, 24)).columns >= sum(COLUMN_CHARS_MAX) + 8
    widths = COLUMN_CHARS_MAX if wide else NARROW_COLUMN_CHARS_MAX
    print("  ".join(f"{_cut(cell, width):<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
    if not wide and cells[-1]:
        print("        " + _cut(cells[-1], 70))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[:width]


def _shown(decision: dict[str, Any]) -> tuple[str, str, str]:
    """The text found, the first reason, and the evidence in a few words."""
    why = decision["reasons"][0]
    if decision["outcome"] == "quarantine":
        return "", why, decision["reason"]
    finding = decision["findings"][0] if decision["findings"] else {}
    if finding.get("type") == "affiliation":
        steps = ", ".join(f"{step['owner']} {step['share'] or '?'} %" for step in finding["path"])
        return finding["text"], why, f"{finding['basis']}: {steps}"
    entry = finding.get("entry_name", "")
    return (
        finding.get("text", ""),
        why,
        f"{finding.get('list', '')} {entry}, {finding.get('citation', '')}" if entry else "",
    )


def _scrape(address: str) -> dict[str, float]:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  loopback http
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def _print_sums(decisions: list[dict[str, Any]], metrics: dict[str, float], *, sample: bool) -> None:
    counts = dict.fromkeys(("clear", "review", "block", "quarantine"), 0)
    for decision in decisions:
        counts[decision["outcome"]] += 1
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + f"; {len(decisions)} orders in all")
    answered = metrics.get("screener_screening_seconds_count", 0.0)
    if answered:
        mean = metrics["screener_screening_seconds_sum"] / answered
        print(f"the worker spent {mean * 1e6:.0f} microseconds an order on screening, on average")
    unverified = sorted({name for decision in decisions for name in decision.get("unverified", ())})
    if unverified:
        print(f"some decisions rest on rules that no source confirmed: {', '.join(unverified)}")
    print("clear means: no finding under the lists and rules named in the decision. This is no legal advice.")
    if sample:
        print("SAMPLE lists: a few dozen parties, for demonstration, not for compliance use.")
