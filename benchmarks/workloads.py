"""What the core is given to answer: the workloads of `run.py` and the rows that each is timed in."""

from __future__ import annotations

import gzip
import time
from csv import DictReader
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import orjson

from benchmarks import stream
from benchmarks.engines import BruteForce, NothingSimilar, PlainSearch, RustAutomaton
from benchmarks.workbench import TERMS
from screener.core import screen
from screener.memory import Memory
from screener.runners.demo import sample_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from screener.model import Snapshot

ORDERS = 4_000
STREAM_ORDERS = 20_000
PROVED_ORDERS = 25
PIECE_ORDERS = 250
LONGEST_ORDERS = 5
HIT_HEAVY_SHARE = 0.10
SLOW = frozenset({"core, plain search", "brute force: rapidfuzz"})
REGISTER = "names/ieee_oui_2026-03-16.csv.gz"


class Workload(NamedTuple):
    """Orders to answer, the rows to time, and how many of the first orders are proved."""

    name: str
    orders: list[bytes]
    rows: list[Row]
    proved: int = PROVED_ORDERS


class Row(NamedTuple):
    """One way to answer a workload's first `count` orders; `begin` gives each round its snapshot."""

    name: str
    begin: Callable[[], Snapshot]
    count: int


def workloads(reference: Path | None, held: Snapshot) -> Iterator[Workload]:
    """All workloads: one party an order, the realistic stream, and what streams may be beside it."""
    named = "edition 2026-07-31" if reference else "sample lists"
    count = ORDERS if reference else ORDERS // 4
    register = register_orders(reference)[:count]
    yield Workload(f"{named}, one party an order, all names distinct", register, _engine_rows(held, count))
    listed = stream.listed_names(held)
    parties = stream.usual_parties(reference, held, 2 * stream.PARTIES)
    usual = parties[: stream.PARTIES]
    once = stream.each_once(usual)
    orders = stream.zipf_orders(usual, listed, STREAM_ORDERS)
    before = stream.zipf_orders(usual, listed, STREAM_ORDERS, seed=stream.SEED + 1)
    yield Workload(f"{named}, realistic stream", orders, _stream_rows(held, once, before, orders))
    distinct = stream.distinct_orders(parties, listed, 2 * stream.PARTIES // stream.ORDER_PARTIES)
    rows = [
        Row("memory empty", partial(replace, held), len(distinct)),
        Row("no memory", partial(forgetful, held), 2_000),
    ]
    yield Workload(f"{named}, stream of distinct parties and texts", distinct, rows)
    hits = stream.zipf_orders(usual, listed, STREAM_ORDERS, listed_share=HIT_HEAVY_SHARE)
    known = Row("parties known", partial(having_seen, held, once), len(hits))
    yield Workload(f"{named}, realistic stream, {HIT_HEAVY_SHARE:.0%} of the orders name a listed party", hits, [known])
    foreign = stream.zipf_orders(stream.other_scripts(reference, stream.PARTIES), listed, count)
    yield Workload(f"{named}, stream of names in other scripts", foreign, _cold_rows(held, count))
    missed = stream.zipf_orders(stream.near_misses(listed, stream.PARTIES), (), count)
    yield Workload(f"{named}, stream of listed names misspelt", missed, _cold_rows(held, count))
    longest = stream.longest_orders(listed, LONGEST_ORDERS)
    rows = [Row("memory empty", partial(replace, held), len(longest))]
    yield Workload(f"{named}, the longest orders that are read, of listed words", longest, rows, proved=1)


def _engine_rows(held: Snapshot, count: int) -> list[Row]:
    """Rows by engine, and by how similar names are looked for."""
    rivals = {
        "core, pyahocorasick": held,
        "core, ahocorasick_rs": replace(held, engine=RustAutomaton(held.patterns)),
        "core, plain search": replace(held, engine=PlainSearch(held.patterns)),
        "exact tier alone": replace(held, similar=NothingSimilar()),
        "brute force: rapidfuzz": replace(held, similar=BruteForce(held)),
    }
    return [
        Row(name, partial(replace, rival), PROVED_ORDERS if name in SLOW else count) for name, rival in rivals.items()
    ]


def _cold_rows(held: Snapshot, count: int) -> list[Row]:
    return [Row("cold: memory empty", partial(replace, held), count)]


def _stream_rows(
    held: Snapshot, each_once: Sequence[bytes], before: Sequence[bytes], orders: Sequence[bytes]
) -> list[Row]:
    """Rows by what was seen before: nothing, each party once, as many other orders of the stream, these very orders."""
    return [
        Row("no memory", partial(forgetful, held), 2_000),
        Row("cold: memory empty", partial(replace, held), len(orders)),
        Row("parties known", partial(having_seen, held, each_once), len(orders)),
        Row("steady: after other orders", partial(having_seen, held, before), len(orders)),
        Row("warm: orders seen before", partial(having_seen, held, orders), len(orders)),
    ]


def forgetful(held: Snapshot) -> Snapshot:
    """The snapshot with a memory that keeps nothing."""
    forgetful = replace(held)
    forgetful.memory = Memory(0)
    return forgetful


def having_seen(held: Snapshot, orders: Iterable[bytes]) -> Snapshot:
    """The snapshot with the memory of some orders."""
    seen = replace(held)
    for order in orders:
        screen(order, seen, TERMS)
    return seen


def in_turns(orders: Sequence[bytes], held: Snapshot) -> tuple[float, float]:
    """Seconds an order of the core, and of reading it alone, taken in turns."""
    seconds = floor = 0.0
    for at in range(0, len(orders), PIECE_ORDERS):
        piece = orders[at : at + PIECE_ORDERS]
        begun = time.thread_time()
        for order in piece:
            orjson.loads(order)
        read = time.thread_time()
        for order in piece:
            screen(order, held, TERMS)
        floor += read - begun
        seconds += time.thread_time() - read
    return seconds / len(orders), floor / len(orders)


def register_orders(reference: Path | None) -> list[bytes]:
    """Orders of one party each, of a register; without one those of the demonstration."""
    if reference is None:
        return [order for order in sample_orders() * 20 if _readable(order)][:ORDERS]
    with gzip.open(reference / REGISTER, "rt", encoding="utf-8-sig", newline="") as file:
        named = {row["Organization Name"]: row["Organization Address"] for row in DictReader(file)}
    orders = [_order(number, name, address) for number, (name, address) in enumerate(named.items())]
    return orders[:: len(orders) // ORDERS][:ORDERS]


def _readable(order: bytes) -> bool:
    try:
        orjson.loads(order)
    except orjson.JSONDecodeError:
        return False
    return True


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
