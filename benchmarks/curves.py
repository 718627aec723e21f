"""How costs grow: over batch size, load, length of the lists and share of hits; `report.py` draws them.

    python benchmarks/curves.py [hits|lists|batches|load ...] [--reference DIR] [--record]

`hits`: microseconds an order of the core, parties known, over the share of orders that name a listed party. `lists`:
microseconds an order of one new party over the length of the consolidated list, cut to a part of its rows or multiplied
by siblings of them (`tenfold.py`), once with the exact tier alone and once with everything on; lengths are timed in
turns, piece by piece. `batches`: orders a second of the worker on a real broker over the most orders that it takes into
a transaction. `load`: milliseconds from `produce` to committed and read over the share of the worker's highest rate,
beside librdkafka's pass-through. The answers behind `batches` and `load` are proved by `worker.py`, and by a count of
decisions here; those of `hits` by the outcomes: the orders that are stopped are those that name a listed party.
"""

from __future__ import annotations

import gc
import statistics
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import orjson

from benchmarks import stream, tenfold, workbench
from benchmarks.engines import NothingSimilar
from benchmarks.worker import AT, Place, Way, latency, percentile, publish, timed, usual_place
from benchmarks.workloads import having_seen, in_turns, register_orders
from screener.core import screen
from screener.lists import build
from tests.oracle.label_register import rows

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from screener.model import Snapshot

SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
HIT_ORDERS = 5_000
LENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
LIST_ORDERS = 8_000
PIECE_ORDERS = 2_000
ROUNDS = 3
BATCHES = (1, 10, 50, 200, 500, 1_000, 2_000, 5_000)
BATCH_ORDERS = 60_000
ONE_BY_ONE_ORDERS = 3_000
LOADS = (0.1, 0.25, 0.5, 0.75, 0.9)


def main() -> int:
    """Measure what is asked for; the exit status is 1 when a proof fails."""
    parser = workbench.parser(__doc__)
    parser.add_argument("curves", nargs="*", metavar="curve", help=f"of {', '.join(CURVES)}; all without any")
    options = parser.parse_args()
    if strange := set(options.curves) - CURVES.keys():
        parser.error(f"no such curve: {', '.join(sorted(strange))}")
    for name in options.curves or CURVES:
        figures = CURVES[name](options)
        if figures is None:
            print(f"{name}: another answer than expected", file=sys.stderr)
            return 1
        if not figures:
            workbench.skipped(name)
            continue
        workbench.table(list(figures[0]), [[*row.values()] for row in figures])
        if options.record:
            workbench.record("curves", {"curve": name, "points": figures}, options.note)
    return 0


# --- the core --------------------------------------------------------------------------------------------------------


def _hits(options: argparse.Namespace) -> list[dict[str, Any]] | None:
    held = build.build(workbench.inputs(options.reference)).snapshot
    listed = stream.listed_names(held)
    usual = stream.usual_parties(options.reference, held, stream.PARTIES)
    once = stream.each_once(usual)
    gc.collect()
    gc.freeze()
    points = []
    for share in SHARES:
        orders = stream.zipf_orders(usual, listed, HIT_ORDERS, listed_share=share)
        if not _is_right(orders, set(listed), having_seen(held, once)):
            return None
        each = [in_turns(orders, having_seen(held, once)) for _ in range(ROUNDS)]
        microseconds = statistics.median(mine for mine, _ in each) * 1e6
        ratio = statistics.median(mine / floor for mine, floor in each)
        points.append({"share": share, "us": round(microseconds, 2), "ratio": round(ratio, 2)})
    return points


def _is_right(orders: Iterable[bytes], listed: set[str], held: Snapshot) -> bool:
    """Whether an order is answered with a finding just where it names a listed party."""
    for order in orders:
        names = {party["name"] for party in orjson.loads(order)["parties"]}
        if bool(names & listed) != bool(screen(order, held, workbench.TERMS).lists):
            return False
    return True


def _lists(options: argparse.Namespace) -> list[dict[str, Any]] | None:
    if options.reference is None:
        return []
    whole = rows(options.reference / workbench.LISTS)
    held = {times: _of_length(whole, times) for times in LENGTHS}
    ways = [
        (times, name, replace(one, similar=NothingSimilar()) if name == "exact" else replace(one))
        for times, one in held.items()
        for name in ("exact", "all")
    ]
    gc.collect()
    gc.freeze()
    orders = register_orders(options.reference)[:LIST_ORDERS]
    spent: dict[tuple[float, str], float] = dict.fromkeys([(times, name) for times, name, _ in ways], 0.0)
    for at in range(0, len(orders), PIECE_ORDERS):
        for times, name, one in ways:
            piece = orders[at : at + PIECE_ORDERS]
            spent[times, name] += in_turns(piece, one)[0] * 1e6 * len(piece)
    return [
        {"times": times, "entries": len(one.entries)}
        | {f"{name}_us": round(spent[times, name] / len(orders), 2) for name in ("exact", "all")}
        | {f"{name}_ratio": round(spent[times, name] / spent[1.0, name], 3) for name in ("exact", "all")}
        for times, one in held.items()
    ]


def _of_length(whole: Sequence[dict[str, str]], times: float) -> Snapshot:
    """A part of the rows, evenly drawn, or the rows and as many siblings of each as it takes."""
    if times < 1:
        return workbench.edition_of(whole[:: round(1 / times)], whole[0])
    return workbench.edition_of(chain(whole, tenfold.siblings(whole, round(times))), whole[0])


# --- the worker ------------------------------------------------------------------------------------------------------


def _batches(options: argparse.Namespace) -> list[dict[str, Any]] | None:
    return _with_broker(options, _batch_points)


def _batch_points(place: Place, orders: Sequence[bytes]) -> list[dict[str, Any]] | None:
    points = []
    for most in BATCHES:
        count = min(len(orders), ONE_BY_ONE_ORDERS * most)
        begins = place.ends()
        run = timed(place, Way("worker", count, batch_orders_max=most))
        if len(place.decided(begins, count)) < count:
            return None
        points.append({"batch_orders_max": most, "orders_s": round(run.rate), "own_us": round(run.own_us, 1)})
    return points


def _load(options: argparse.Namespace) -> list[dict[str, Any]] | None:
    return _with_broker(options, _load_points)


def _load_points(place: Place, orders: Sequence[bytes]) -> list[dict[str, Any]]:
    highest = timed(place, Way("worker", len(orders))).rate
    points = []
    for share in LOADS:
        for way in (Way("pass-through", len(orders), screens=False), Way("worker", len(orders))):
            found = latency(place, way, orders, share * highest)
            told = {f"p{at}_ms": round(percentile(found, at), 2) for at in AT}
            points.append({"way": way.name, "share": share, "orders_s": round(share * highest), **told})
    return points


def _with_broker(
    options: argparse.Namespace, measure: Callable[[Place, Sequence[bytes]], list[dict[str, Any]] | None]
) -> list[dict[str, Any]] | None:
    """Measure on a broker of its own that holds the realistic stream."""
    with usual_place(options.reference) as place:
        usual = stream.usual_parties(options.reference, place.held, stream.PARTIES)
        orders = stream.zipf_orders(usual, stream.listed_names(place.held), BATCH_ORDERS)
        publish(place, orders)
        return measure(place, orders)


CURVES: dict[str, Callable[[argparse.Namespace], list[dict[str, Any]] | None]] = {
    "hits": _hits,
    "lists": _lists,
    "batches": _batches,
    "load": _load,
}


if __name__ == "__main__":
    sys.exit(main())
