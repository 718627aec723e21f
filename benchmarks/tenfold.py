"""What a list ten times as long costs: less than half as much again an order, is the aim.

    python benchmarks/tenfold.py [--reference DIR] [--record]

The consolidated list is screened as it is, and with nine siblings beside each of its rows: the same names with a word
swapped for one of another name, and for organizations with a number or a city added. Addresses are of other numbers.
First it is proved that the entries of the edition are found as before, by orders that are not timed: names of a
register and misspelt listed names. Patterns inside of longer names (`word_inside`) are left out of that: a word that
many entries use is none, by the rules. Then the same orders are screened against both in turns, each order once, so
that nothing is remembered of a party, and words only as far as the orders before had them. A misspelt name has up to
ten times the findings then, and a clean one has none: so both are told apart.
"""

from __future__ import annotations

import gc
import random
import re
import statistics
import sys
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from benchmarks.treatments import SEED, TREATMENTS, variants
from screener.core import screen
from screener.core.decode import decode
from screener.core.match import match
from screener.model import Fault
from tests.oracle.label_register import register_names, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.model import Snapshot

TIMES = 10
REGISTERS = ("oui", "sec", "uk")
PROVED_ORDERS = 1_000
ORDERS = PROVED_ORDERS + 8_000
PIECE_ORDERS = 200
MISSPELT_SHARE = 0.05
RATIO_MAX = 1.5
DEPENDENT = frozenset({"word_inside"})
CITIES = "Ankara Bergen Cordoba Dalian Esfahan Fukuoka Gdansk Hanoi Izmir Jeddah Kazan Lagos Minsk Nanjing".split()
_NUMBER = re.compile("[0-9]+")


def main() -> int:
    """Build both snapshots, prove, time, print and record; the exit status is 1 when the proof fails."""
    options = workbench.options(__doc__)
    if options.reference is None:
        return workbench.skipped("tenfold")
    one, ten = workbench.edition(options.reference), tenfold(options.reference)
    gc.collect()
    gc.freeze()  # snapshots stay: to look through them again and again is no part of an order's cost
    orders = _orders(options.reference, one)
    lost, gained = _differences(one, ten, orders[:PROVED_ORDERS])
    print(f"{len(one.entries):,} entries and {len(ten.entries):,}; findings of {PROVED_ORDERS} orders on the former:")
    print(
        f"    {lost} are lost among ten times as many, {gained} are new (of names with more candidates than are scored)"
    )
    if lost:
        return 1
    figures = _timed(one, ten, orders[PROVED_ORDERS:])
    workbench.table(
        ["names of", "orders", "us, edition", "us, tenfold", "ratio"],
        [
            (source, row["orders"], f"{row['us_edition']:.1f}", f"{row['us_tenfold']:.1f}", f"{row['ratio']:.2f}")
            for source, row in figures.items()
        ],
    )
    print(f"aim, for names of registers: less than {RATIO_MAX}\n")
    if options.record:
        entries = {"entries": len(one.entries), "entries_tenfold": len(ten.entries)}
        workbench.record("tenfold", {**entries, "rows": figures}, options.note)
    return 0


# --- the longer list -------------------------------------------------------------------------------------------------


def tenfold(reference: Path) -> Snapshot:
    """The snapshot of the edition with the siblings of its rows."""
    held = rows(reference / workbench.LISTS)
    return workbench.edition_of(chain(held, siblings(held, TIMES)), held[0])


def siblings(held: Sequence[dict[str, str]], times: int) -> Iterator[dict[str, str]]:
    """For each row one row less than `times`, of other names and numbers."""
    draw = random.Random(SEED)  # noqa: S311  no secret
    vocabulary: dict[str, list[str]] = {}
    for row in held:
        vocabulary.setdefault(row["type"], []).extend(word for word in row["name"].split() if len(word) > 2)
    for row in held:
        for number in range(1, times):
            told = [_other(name, row["type"], number, vocabulary[row["type"]], draw) for name in _names(row)]
            yield row | {
                "_id": f"{row['_id']}-{number}",
                "entity_number": f"{row['entity_number']}{number:03}" if row["entity_number"] else "",
                "name": told[0],
                "alt_names": "; ".join(told[1:]),
                "addresses": _NUMBER.sub(lambda found: str(int(found.group()) + 7 * number), row["addresses"]),  # noqa: B023
                "ids": "",
            }


def _names(row: dict[str, str]) -> list[str]:
    return [row["name"], *filter(None, row["alt_names"].split("; "))]


def _other(name: str, kind: str, number: int, vocabulary: Sequence[str], draw: random.Random) -> str:
    """A name with a word swapped, or a number or a city behind it where it is an organization's."""
    way = number % 3 if kind in {"Entity", ""} else 0
    if way:
        return f"{name} {100 + draw.randrange(900)}" if way == 1 else f"{name} {draw.choice(CITIES)}"
    told = name.split()
    told[draw.randrange(len(told))] = draw.choice(vocabulary)
    return " ".join(told)


# --- orders, proof and time ------------------------------------------------------------------------------------------


class _Order(NamedTuple):
    source: str
    raw: bytes


def _orders(reference: Path, held: Snapshot) -> list[_Order]:
    """Names of the registers, and some misspelt ones of the list."""
    draw = random.Random(SEED)  # noqa: S311
    registered = [name for register in REGISTERS for name in register_names(reference, register)]
    listed = [alias.name for entry in held.listings for alias in entry.aliases if alias.quality == "strong"]
    orders = [_Order("register", workbench.named_order(name)) for name in draw.sample(registered, ORDERS)]
    step = round(1 / MISSPELT_SHARE)
    for at, alias in zip(range(0, ORDERS, step), draw.sample(listed, ORDERS // step), strict=True):
        form = next(iter(variants(alias, draw.choice(list(TREATMENTS)), 1)), alias)
        orders[at] = _Order("listed, misspelt", workbench.named_order(form))
    return orders


def _differences(one: Snapshot, ten: Snapshot, orders: Sequence[_Order]) -> tuple[int, int]:
    """How many findings on the entries of the edition are lost, and gained, with ten times as many."""
    known = {entry.entry_id for entry in one.entries}
    lost = gained = 0
    for order in orders:
        before, after = (_found(order.raw, held) for held in (one, ten))
        lost += len(before - after)
        gained += len({finding for finding in after if finding[0] in known} - before)
    return lost, gained


def _found(order: bytes, held: Snapshot) -> set[tuple[str, str, str]]:
    """Entry, alias and rule of each hit."""
    read = decode(order)
    hits = [] if isinstance(read, Fault) else match(read, held)
    entries = [(hit, held.entries[hit.entry]) for hit in hits if hit.rule not in DEPENDENT]
    return {(entry.entry_id, entry.aliases[hit.alias].name, hit.rule) for hit, entry in entries}


def _timed(one: Snapshot, ten: Snapshot, orders: Sequence[_Order]) -> dict[str, dict[str, Any]]:
    """Microseconds an order of both, in turns, piece by piece: of all orders, and by where the names are from."""
    spent: dict[str, list[tuple[float, float]]] = {"all": []}
    for at in range(0, len(orders), PIECE_ORDERS):
        piece = orders[at : at + PIECE_ORDERS]
        edition, longer = ([_seconds(order, held) for order in piece] for held in (one, ten))
        for order, *both in zip(piece, edition, longer, strict=True):
            spent["all"].append((both[0], both[1]))
            spent.setdefault(order.source, []).append((both[0], both[1]))
    return {source: _figures(rows) for source, rows in spent.items()}


def _seconds(order: _Order, held: Snapshot) -> float:
    begun = time.thread_time()
    screen(order.raw, held, workbench.TERMS)
    return time.thread_time() - begun


def _figures(rows: Sequence[tuple[float, float]]) -> dict[str, Any]:
    edition, longer = (statistics.mean(column) for column in zip(*rows, strict=True))
    return {
        "orders": len(rows),
        "us_edition": round(edition * 1e6, 1),
        "us_tenfold": round(longer * 1e6, 1),
        "ratio": round(longer / edition, 3),
    }


if __name__ == "__main__":
    sys.exit(main())
