"""Counterparty profiles as CSV (`screener history build` writes it) -> the history of the snapshot.

A row: a buyer by name and country, a kind of item (an ECCN without paragraphs, or "sku:" and a number), the day of the
first purchase, the number of orders, the largest quantity in one. Promises: a row that is not whole refuses the file
with its line. Confidential as the orders are that it was made from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from screener.core.fold import glue
from screener.lists.countries import code_of
from screener.lists.reading import iso_day, open_published
from screener.lists.table import table_rows
from screener.model import History, Purchases, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from screener.protocols import Fold

LAYOUT = "history"
COLUMNS = ("counterparty", "country", "item", "first_on", "orders", "quantity_max")
KIND_CHARS_MAX = 200


class Profiles(NamedTuple):
    """The rows of a file, by key of the buyer and kind of item, with its facts."""

    file: SourceFile
    rows: list[tuple[str, str, Purchases]]


def read_history(path: Path, fold: Fold) -> Profiles:
    """Read a file of profiles; ListError naming file and line for a row that is not whole."""
    file = open_published(path)
    glued: dict[str, str] = {}
    rows: list[tuple[str, str, Purchases]] = []
    for row, cells in table_rows(file, COLUMNS, ()):

        def expect(holds: object, expected: str, line: int = row.line) -> None:
            if not holds:
                raise file.fault(line, f"expected {expected}")

        expect(cells, f"no more columns than the header has, found {len(row.cells)}")
        name, country, kind, first_on, orders, quantity_max = cells
        if name not in glued:
            glued[name] = glue(fold(name))
        expect(glued[name], f"a counterparty's name with letters or digits, found {name!r:.60}")
        code = code_of(country.upper()) if country else ""
        expect(code is not None, f"a country or none, found {country!r:.60}")
        expect(0 < len(kind) <= KIND_CHARS_MAX, "a kind of item: an ECCN, or sku: and a number")
        expect(iso_day(first_on), f"first_on as YYYY-MM-DD, found {first_on!r:.20}")
        expect(
            orders.isascii() and orders.isdigit() and int(orders[:18]) > 0, f"a number of orders, found {orders!r:.20}"
        )
        quantity = _quantity(quantity_max)
        expect(quantity is not None, f"a quantity of 0 or more, found {quantity_max!r:.20}")
        rows.append((f"{glued[name]}|{code}", kind, Purchases(first_on, int(orders[:18]), quantity or 0.0)))
    return Profiles(SourceFile(path.name, file.sha256, LAYOUT, len(rows), file.edition), rows)


def joined(files: Iterable[Profiles]) -> History | None:
    """All profiles: of several rows of one buyer and kind the first day, the orders together, the largest quantity."""
    found: dict[str, dict[str, Purchases]] = {}
    reaches: str | None = None
    for key, kind, row in (row for file in files for row in file.rows):
        kinds = found.setdefault(key, {})
        other = kinds.get(kind)
        kinds[kind] = row if other is None else _both(row, other)
        reaches = row.first_on if reaches is None else min(reaches, row.first_on)
    return None if reaches is None else History(reaches, found)


def _both(row: Purchases, other: Purchases) -> Purchases:
    return Purchases(
        min(row.first_on, other.first_on), row.orders + other.orders, max(row.quantity_max, other.quantity_max)
    )


def _quantity(written: str) -> float | None:
    """A quantity, 0 where none is told; None for what is none."""
    try:
        quantity = float(written) if written else 0.0
    except ValueError:
        return None
    return quantity if math.isfinite(quantity) and quantity >= 0 else None
