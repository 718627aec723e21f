"""The ordeals of the worker in full, each on a broker of its own: `make soak`.

    python benchmarks/soak.py [ORDEAL ...] [--record] [--note TEXT]

Numbered orders go in and decisions are counted: every order must have exactly one, and those of a partition must stand
in the order of their orders; the exit status is 1 otherwise. `tests/integration/ordeals.py` says what each ordeal does,
and the tests run all of them in a shorter form.
"""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from screener import broker
from tests.integration import log_ordeals, ordeals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ORDEALS: dict[str, Callable[[ordeals.Place], ordeals.Seen]] = {
    "kills": partial(ordeals.kills, orders=200_000, rate=5_000, times=20),
    "ends": partial(ordeals.ends, orders=5_000),
    "broker": partial(ordeals.broker_restarts, rate=1_000, times=5, apart_seconds=5, gone_seconds=30),
    "pauses": partial(
        ordeals.broker_pauses, rate=1_000, pauses_seconds=[1, 2, 3, 3.5, 4, 5, 8, 12, 15, 20], apart_seconds=3
    ),
    "disk": partial(ordeals.full_disk, rate=1_000, times=3, apart_seconds=5),
    "rebalances": partial(ordeals.rebalances, rate=1_000, seconds=60),
    "hostile": partial(ordeals.hostile, count=100_000),
    "scaling": partial(ordeals.scaling, seconds=10, backlog=20_000),
}
ON_A_CLUSTER: dict[str, Callable[[Path], ordeals.Seen]] = {
    "rolling": partial(ordeals.rolling, rate=500, rounds=3, apart_seconds=4),
}
OF_THE_LOG: dict[str, Callable[[ordeals.Place], Sequence[log_ordeals.Accounted]]] = {
    "recreated": partial(log_ordeals.recreated, orders=20_000, rate=5_000),
    "restored": lambda place: [log_ordeals.restored_shorter(place, 20_000, running=True)],
    "poison": lambda place: [log_ordeals.poison_headers(place, 50_000, 100)],
}
PARTITIONS = {"scaling": 12}
"""Of the ordeals that want others than the rest."""
KILLS_IN_TRANSACTION_MIN = 10
FIRST_DECISION_SECONDS = 15.0
"""From the kill of a worker to the first commit of its successor."""
GRACE_SECONDS = 30.0
"""From SIGTERM to the end of a worker whose broker is gone."""


def main() -> int:
    """Run what is asked for, count, and say what was seen."""
    parser = workbench.parser(__doc__)
    known = [*ORDEALS, *ON_A_CLUSTER, *OF_THE_LOG]
    parser.add_argument("ordeals", nargs="*", metavar="ordeal", help=f"of {', '.join(known)}; all without any")
    options = parser.parse_args()
    if strange := set(options.ordeals).difference(known):
        parser.error(f"no such ordeal: {', '.join(sorted(strange))}")
    failed = False
    for name in options.ordeals or known:
        if name in OF_THE_LOG:
            failed |= not _log_ordeal(name, options.note if options.record else None)
            continue
        begun = time.monotonic()
        seen = _seen(name)
        seconds = round(time.monotonic() - begun)
        right = seen.exact and _as_asked(name, seen)
        failed = failed or not right
        print(
            f"{name}: {'passed' if right else 'FAILED'} in {seconds} s: {seen.orders} orders,"
            f" {seen.decisions} decisions, {seen.distinct} distinct, {seen.unanswered} unanswered,"
            f" {seen.disordered} out of order;"
            f" {seen.facts}; {seen.outcomes}",
            flush=True,
        )
        if options.record:
            figures = {"ordeal": name, "passed": right, "seconds": seconds, **seen._asdict()}
            workbench.record("soak", figures, options.note)
    return int(failed)


def _log_ordeal(name: str, note: str | None) -> bool:
    """Run an ordeal of the log; whether no order was lost or repeated silently. Recorded with a note, be it empty."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="screener-soak-") as made:
        folder = Path(made)
        try:
            accounts = OF_THE_LOG[name](ordeals.Place(folder))
        finally:
            broker.stop(folder / "broker")
    seconds = round(time.monotonic() - begun)
    right = all(account.exact for account in accounts)
    print(f"{name}: {'passed' if right else 'FAILED'} in {seconds} s: {'; then '.join(map(str, accounts))}", flush=True)
    if note is not None:
        rows = [account._asdict() for account in accounts]
        workbench.record("soak", {"ordeal": name, "passed": right, "seconds": seconds, "accounts": rows}, note)
    return right


def _seen(name: str) -> ordeals.Seen:
    with tempfile.TemporaryDirectory(prefix="screener-soak-") as made:
        folder = Path(made)
        if name in ON_A_CLUSTER:
            return ON_A_CLUSTER[name](folder)
        try:
            return ORDEALS[name](ordeals.Place(folder, partitions=PARTITIONS.get(name, ordeals.PARTITIONS)))
        finally:
            broker.stop(folder / "broker")


def _as_asked(name: str, seen: ordeals.Seen) -> bool:
    """Whether the ordeal was as hard as it should be, and what else it promises was kept."""
    facts = seen.facts
    if name == "kills":
        soon = facts["seconds_until_decided_max"] <= FIRST_DECISION_SECONDS
        return bool(soon and facts["in_transaction"] >= KILLS_IN_TRANSACTION_MIN)
    if name == "ends":
        return bool(facts["status"] == 0 and facts["seconds_until_ended"] <= GRACE_SECONDS)
    if name == "hostile":
        return bool(facts["worker_lives"] and seen.outcomes["orders.quarantine"] == sum(facts["kinds"].values()))
    return bool(facts.get("worker_lives", True))


if __name__ == "__main__":
    sys.exit(main())
