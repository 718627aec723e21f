"""`screener history build`: archived orders -> counterparty profiles, what each buyer bought of what, since when.

Orders come as NDJSON (also gzip) or Parquet: a column `value` with the order as JSON, or the members of an order as
columns. They are read as the screener reads them; what is no order is left out and counted, which can only make a
buyer newer. The last order of an id counts, a cancelled one not at all. An importer of Polars, which no worker loads.
"""

from __future__ import annotations

import gzip
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from screener.core.conditions import number
from screener.core.decode import decode
from screener.core.fold import glue
from screener.core.history import classes
from screener.errors import OperatorError
from screener.lists import patterns, rules
from screener.lists.countries import code_of
from screener.lists.history import COLUMNS, KIND_CHARS_MAX
from screener.memory import Memory
from screener.model import BUYERS, Fault
from screener.runners.files import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from screener.model import Order
    from screener.protocols import Fold

ORDERS_AT_ONCE: Final = 50_000
FAULTS_TOLD: Final = 3
GZIP_MAGIC: Final = b"\x1f\x8b"
SCHEMA: Final = {
    "at": pl.UInt32,
    "order_id": pl.String,
    "key": pl.String,
    "counterparty": pl.String,
    "country": pl.String,
    "item": pl.String,
    "day": pl.String,
    "quantity": pl.Float64,
}


class Counts(NamedTuple):
    """What became of the archive: orders read, left out, and rows of profiles written."""

    orders: int
    left_out: int
    rows: int


def build_history(paths: Sequence[Path], out: Path, overlay: Path | None = None) -> Counts:
    """Write the profiles of archived orders as CSV, sorted; OperatorError where there is no order to read."""
    archive = _Archive(patterns.folder(rules.read_tables(overlay)))
    frames = [archive.rows(path, batch) for path in paths for batch in _batches(orders_of(path))]
    if not archive.orders:
        raise OperatorError(f"{', '.join(map(str, paths))}: expected archived orders, found none that could be read")
    profiles = profiles_of(pl.concat(frames))
    try:
        profiles.write_csv(out)
    except OSError as error:
        raise OperatorError(f"{out}: can't be written ({error.strerror or error})") from None
    return Counts(archive.orders, archive.left_out, profiles.height)


def profiles_of(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a buyer and kind of item, from rows a buyer and item of all versions of all orders."""
    return (
        rows.filter(pl.col("at") == pl.col("at").max().over("order_id"))
        .filter(pl.col("key").is_not_null())
        .group_by("key", "country", "item")
        .agg(
            counterparty=pl.col("counterparty").min(),
            first_on=pl.col("day").min(),
            orders=pl.col("order_id").n_unique(),
            quantity_max=pl.col("quantity").max().fill_null(0.0),
        )
        .sort("counterparty", "country", "item", "key")
        .select(COLUMNS)
    )


# --- reading ---------------------------------------------------------------------------------------------------------


def orders_of(path: Path) -> Iterator[bytes]:
    """The orders of a file as JSON, in their order."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if head == b"PAR1":
                yield from _of_parquet(path)
            elif head.startswith(GZIP_MAGIC):
                with gzip.open(file) as lines:
                    yield from read_lines(lines)  # type: ignore[arg-type]
            else:
                yield from read_lines(file)
    except (OSError, EOFError, pl.exceptions.PolarsError) as error:
        raise OperatorError(f"{path}: can't be read ({getattr(error, 'strerror', None) or error})") from None


def _batches(orders: Iterator[bytes]) -> Iterator[list[bytes]]:
    while batch := list(islice(orders, ORDERS_AT_ONCE)):
        yield batch


def _of_parquet(path: Path) -> Iterator[bytes]:
    lazy = pl.scan_parquet(path)
    schema = lazy.collect_schema()
    if "value" not in schema and "order_id" not in schema:
        raise OperatorError(f"{path}: expected a column value with orders as JSON, or the members of orders as columns")
    moments = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    for start in range(0, lazy.select(pl.len()).collect().item(), ORDERS_AT_ONCE):
        frame = lazy.slice(start, ORDERS_AT_ONCE).collect()
        if "value" in schema:
            yield from (one.encode() if isinstance(one, str) else bytes(one or b"") for one in frame["value"])
        else:
            written = frame.with_columns(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ") for name in moments)
            yield from written.write_ndjson().encode().splitlines()


class _Archive:
    """Takes orders apart: each distinct name and country is looked up once."""

    def __init__(self, fold: Fold) -> None:
        self.orders = self.left_out = 0
        self._fold, self._memory = fold, Memory()
        self._keys: dict[str, str] = {}
        self._codes: dict[str, str] = {}

    def rows(self, path: Path, batch: Iterable[bytes]) -> pl.DataFrame:
        """A row a buyer and kind of item; of an order without any, as of a cancelled one, a row that says only that."""
        found: list[tuple[Any, ...]] = []
        for raw in batch:
            order = decode(raw, self._memory)
            if isinstance(order, Fault):
                self._leave_out(path, order.reason)
                continue
            day = order.placed_on or order.export_on
            if day is None and not order.cancelled:
                self._leave_out(path, "it has no day: neither placed_at nor export_date")
                continue
            self.orders += 1
            bought = [] if order.cancelled else list(self._bought(order))
            found += [(self.orders, order.order_id, *row[:4], day, row[4]) for row in bought]
            if not bought:
                found.append((self.orders, order.order_id, None, None, None, None, None, None))
        return pl.DataFrame(found, schema=SCHEMA, orient="row")

    def _bought(self, order: Order) -> Iterator[tuple[str, str, str, str, float | None]]:
        buyers = [party for party in order.parties if party.role.strip().lower() in BUYERS]
        for party in buyers or [party for party in order.parties if not party.role.strip()]:
            if (name := party.name) not in self._keys:
                self._keys[name] = glue(self._fold(name))
            if (country := party.country.strip().upper()) not in self._codes:
                self._codes[country] = code_of(country) or ""
            if key := self._keys[name]:
                for item in order.items:
                    quantity = number(item.get("quantity"))
                    for kind in classes(item):
                        if kind and len(kind) <= KIND_CHARS_MAX:
                            yield key, " ".join(name.split()), self._codes[country], kind, quantity

    def _leave_out(self, path: Path, reason: str) -> None:
        self.left_out += 1
        if self.left_out <= FAULTS_TOLD:
            where = f"order {self.orders + self.left_out}"
            print(f"screener: {path}: {where} is left out: {reason}", file=sys.stderr)
