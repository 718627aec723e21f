"""Ownership edges -> who is owned to the regime's share; the only importer of Polars.

The least fixed point: listed parties are captured; a company whose captured owners together hold at least the share is
captured too, wholly, so that shares are never multiplied along a chain. Shares are whole numbers of billionths of a
percent, exact, never floats. The order of edges does not matter. Bands count with their lower end; what would be
captured with the upper ends, an unknown share counting as 100, is reported as unknown, along the whole chain; other
holdings of captured owners are minorities, and so is what companies so held own to the share. Votes, options and trusts
never count as shares: they are signs of control.

Not here yet: nominee and beneficial holdings of one another, circular holdings as findings of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

HUNDRED_PERCENT_UNITS = 100_000_000_000


class Edge(NamedTuple):
    """One holding between numbered nodes. Units are billionths of a percent; `low` None: not known."""

    owner: int
    owned: int
    low: int | None
    high: int | None
    source: str
    share_class: str
    is_share: bool
    row: int


class Closure(NamedTuple):
    """`tier`: captured node -> steps from a listed party (0: listed); others: node -> rows of the edges that say so.

    `unknown`: could be captured, were shares known; `minority`: captured owners hold less; `control`: by other means.
    """

    tier: dict[int, int]
    unknown: dict[int, list[int]]
    minority: dict[int, list[int]]
    control: dict[int, list[int]]


_SCHEMA = {
    "owner": pl.Int64,
    "owned": pl.Int64,
    "low": pl.Int64,
    "high": pl.Int64,
    "source": pl.String,
    "share_class": pl.String,
    "is_share": pl.Boolean,
    "row": pl.Int64,
}


def close(edges: list[Edge], seeds: set[int], share_units: int) -> Closure:
    """Compute the closure of `seeds` over `edges` at a threshold of `share_units`."""
    frame = pl.DataFrame(edges, schema=_SCHEMA, orient="row")
    shares = frame.filter(pl.col("is_share"), pl.col("high").is_null() | (pl.col("high") > 0))
    holdings = _holdings(shares)
    tier = _fixed_point(holdings.select("owner", "owned", units="low"), seeds, share_units)
    possible = _fixed_point(holdings.select("owner", "owned", units="high"), seeds, share_units)
    held = set(_outside(shares, possible)["owned"])
    flagged = _fixed_point(holdings.select("owner", "owned", units="high"), possible.keys() | held, share_units)
    return Closure(
        tier,
        unknown=_rows(_between(shares, owners=set(possible), owned=possible.keys() - tier.keys())),
        minority=_rows(_between(shares, owners=set(flagged), owned=flagged.keys() - possible.keys())),
        control=_rows(_outside(frame.filter(~pl.col("is_share")), tier)),
    )


def _holdings(shares: pl.DataFrame) -> pl.DataFrame:
    """One row an owner and owned: classes of one source add up, sources that repeat a holding count once."""
    known = shares.with_columns(
        pl.col("low").fill_null(0),
        pl.when(pl.col("low").is_null()).then(HUNDRED_PERCENT_UNITS).otherwise(pl.col("high")).alias("high"),
    )
    by_class = known.group_by("owner", "owned", "source", "share_class").agg(pl.col("low").max(), pl.col("high").max())
    by_source = by_class.group_by("owner", "owned", "source").agg(pl.col("low").sum(), pl.col("high").sum())
    return by_source.group_by("owner", "owned").agg(pl.col("low").max(), pl.col("high").max())


def together(edges: list[Edge]) -> int:
    """What one owner surely holds of one company by several edges: as `_holdings` says, for a handful of them."""
    sources: dict[str, dict[str, int]] = {}
    for edge in edges:
        classes = sources.setdefault(edge.source, {})
        classes[edge.share_class] = max(classes.get(edge.share_class, 0), edge.low or 0)
    return max((sum(classes.values()) for classes in sources.values()), default=0)


def _fixed_point(holdings: pl.DataFrame, seeds: set[int], share_units: int) -> dict[int, int]:
    tier = dict.fromkeys(sorted(seeds), 0)
    totals: dict[int, int] = {}
    frontier = _nodes("owner", tier)
    step = 0
    while frontier.height:
        step += 1
        gained = holdings.join(frontier, on="owner", how="semi").group_by("owned").agg(pl.col("units").sum())
        fresh = []
        for owned, units in gained.iter_rows():
            totals[owned] = totals.get(owned, 0) + units
            if totals[owned] >= share_units and owned not in tier:
                fresh.append(owned)
        tier.update(dict.fromkeys(sorted(fresh), step))
        frontier = _nodes("owner", fresh)
    return tier


def _nodes(name: str, nodes: Iterable[int]) -> pl.DataFrame:
    return pl.DataFrame({name: list(nodes)}, schema={name: pl.Int64})


def _between(edges: pl.DataFrame, owners: Iterable[int], owned: Iterable[int]) -> pl.DataFrame:
    held = edges.join(_nodes("owner", owners), on="owner", how="semi")
    return held.join(_nodes("owned", owned), on="owned", how="semi")


def _outside(edges: pl.DataFrame, captured: Iterable[int]) -> pl.DataFrame:
    """Edges from captured owners to companies that are not captured."""
    held = edges.join(_nodes("owner", captured), on="owner", how="semi")
    return held.join(_nodes("owned", captured), on="owned", how="anti")


def _rows(edges: pl.DataFrame) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for owned, row in edges.select("owned", "row").sort("owned", "row").iter_rows():
        rows.setdefault(owned, []).append(row)
    return rows
