"""Ownership edges -> who is owned to the regime's share; the only importer of Polars.

The least fixed point: listed parties are captured; a company whose captured owners together hold at least the share is
captured too, wholly, so that shares are never multiplied along a chain. Shares are whole numbers of billionths of a
percent, exact, never floats. The order of edges does not matter. What one owner holds of a company:

* Sources that repeat a holding count once, the higher one. Classes of one source add up; classes that different sources
  tell of may be different holdings: they add up in the upper end only.
* A share that is not known is at most what the other owners, by their lower ends, leave of the whole.
* A joint holding is a holding of its own, the same for all of its owners: captured with the first of them.
* A nominee's holding adds nothing where another owner's beneficial holding of the same size or a larger one stands.
* Votes, options, trusts and other control never count as shares: they are signs of control.

Lower ends capture. What would be captured with upper ends is `unknown`, along the whole chain. Where companies own each
other in circles, those of which captured owners hold the share net of the circle are `circular`, and what those own to
the share; a listed party closes no circle. Other holdings of all these are minorities, and so is what companies so held
own to the share. Whom captured owners, or those who could be, control without shares is under their `control`, and so
is what those own to the share or control in turn: a trust's holdings are seen behind it.

Nodes are numbered from 0 on without large gaps: they are places in columns. `Graph` is made once a stretch of days and
serves all regimes. Its holdings are sorted by owner, so that a step reads those of its new owners and no others.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, get_args

import polars as pl

from screener.lists.loops import Loop, loops, net_shares, reached
from screener.owners import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

HUNDRED_PERCENT_UNITS = 100_000_000_000
LOOP_COMPANIES_MAX = 16
"""Circles of more companies are not solved: everyone in them whom captured owners reach is `circular`."""
TRIM_SHARE_MIN = 0.02
SPLIT_EDGES_MIN = 5_000
SPLIT_STEPS_MAX, SPLITS_MAX = 100, 6
"""Holdings that may be in circles are told apart by columns while that helps; the rest one by one."""
PATH_NODES_MAX = 10_000
SHARES = ("equity", "beneficial", "nominee")

NONE, MINORITY, CIRCULAR, UNKNOWN, CAPTURED, CONTROL = range(6)
"""What is said of a company, from the least on; CONTROL is said beside it."""

_SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "owner": pl.UInt32,
    "owned": pl.UInt32,
    "low": pl.Int64,
    "high": pl.Int64,
    "source": pl.String,
    "share_class": pl.String,
    "kind": pl.Enum(get_args(EdgeKind)),
    "row": pl.UInt32,
    "joint": pl.String,
}


class Edge(NamedTuple):
    """One holding between numbered nodes. Units are billionths of a percent; `low` None: not known.

    `joint` is the key of a holding that several owners of the company have together, "" where there is none.
    """

    owner: int
    owned: int
    low: int | None
    high: int | None
    source: str
    share_class: str
    kind: str
    row: int
    joint: str = ""


class Closure(NamedTuple):
    """`tier`: captured node -> steps from a listed party (0: listed); others: node -> rows of the edges that say so.

    `unknown`: could be captured, were shares known; `circular`: net of a circle; `minority`: captured owners hold less;
    `control`: by other means. `contradicting`: rows of holdings of which two sources tell what can't both be.
    """

    tier: dict[int, int]
    unknown: dict[int, list[int]]
    circular: dict[int, list[int]]
    minority: dict[int, list[int]]
    control: dict[int, list[int]]
    contradicting: set[int]


class Closed(NamedTuple):
    """The same in columns, for graphs of millions. `nodes`: node, basis, tier, of those of whom something is said.

    `evidence`: the edges that say it, sorted by company: owned, owner, low, high, row, basis, contradicting.
    """

    nodes: pl.DataFrame
    evidence: pl.DataFrame

    def as_dicts(self) -> Closure:
        """The closure of a small graph."""
        tiers = self.nodes.filter(pl.col("basis") == CAPTURED)
        return Closure(
            dict(tiers.select("node", "tier").iter_rows()),
            unknown=self._rows(UNKNOWN),
            circular=self._rows(CIRCULAR),
            minority=self._rows(MINORITY),
            control=self._rows(CONTROL),
            contradicting=set(self.evidence.filter("contradicting")["row"]),
        )

    def _rows(self, basis: int) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for owned, row in self.evidence.filter(pl.col("basis") == basis).select("owned", "row").iter_rows():
            rows.setdefault(owned, []).append(row)
        return rows

    def paths(self, node: int) -> dict[int, list[int]]:
        """Listed party -> the rows of a shortest path of holdings from it to a company, the party's own first."""
        listed = set(self.nodes.filter(pl.col("tier") == 0)["node"])
        came: dict[int, list[int]] = {node: []}
        level = [node]
        while level and len(came) < PATH_NODES_MAX:
            fresh = []
            for company in level:
                for owner, row in self._into(company):
                    if owner not in came:
                        came[owner] = [row, *came[company]]
                        fresh.append(owner)
            level = [owner for owner in fresh if owner not in listed]
        return {owner: rows for owner, rows in came.items() if owner in listed}

    def _into(self, company: int) -> Iterable[tuple[int, int]]:
        owned = self.evidence["owned"]
        begin, end = owned.search_sorted(company, "left"), owned.search_sorted(company, "right")
        shares = self.evidence[begin:end].filter(pl.col("basis") != CONTROL)
        return shares.select("owner", "row").iter_rows()


def frame(edges: Iterable[Edge]) -> pl.DataFrame:
    """The edges of a small graph in columns; those of a large one come so."""
    made = pl.DataFrame(list(edges), schema=_SCHEMA, orient="row")
    return made.with_columns(pl.col("joint").replace("", None))


def close(edges: Iterable[Edge], seeds: Collection[int], share_units: int) -> Closure:
    """The closure of `seeds` over a small graph at a threshold of `share_units`."""
    return Graph(frame(edges)).close(seeds, share_units).as_dicts()


def together(edges: Iterable[Edge]) -> int:
    """What one owner surely holds of one company by several edges, as `Graph` counts it, for a handful of them."""
    holdings: dict[str, dict[str, dict[str, int]]] = {}
    for edge in edges:
        classes = holdings.setdefault(edge.joint, {}).setdefault(edge.source, {})
        classes[edge.share_class] = max(classes.get(edge.share_class, 0), edge.low or 0)
    return sum(max(sum(classes.values()) for classes in sources.values()) for sources in holdings.values())


class Graph:
    """Edges made ready: what each owner holds of each company, at least and at most, sorted by owner.

    Columns of `edges`: those of `Edge`; `source` and `share_class` may be of any type, `joint` too, null where there is
    none; `kind` says the words of `Edge`.
    """

    def __init__(self, edges: pl.DataFrame) -> None:
        is_share = pl.col("kind").is_in(SHARES)
        self._others = edges.filter(~is_share).select("owner", "owned", "low", "high", "row")
        self._shares = edges.filter(is_share, pl.col("high").is_null() | (pl.col("high") > 0))
        highest = edges.select(pl.max_horizontal(pl.col("owner").max(), pl.col("owned").max())).item()
        self._named: int = 0 if highest is None else highest + 1
        self._replaced = self._replaced_nominees()
        self._joint = self._joint_holdings()
        self._size: int = self._named + self._joint["holding"].n_unique()
        self._contradicting: list[pl.DataFrame] = []
        holdings = self._bounded(self._holdings())
        runs = holdings["owner"].rle()
        owners, counts = runs.struct.field("value"), runs.struct.field("len")
        self._count = _filled(self._size, 0, pl.UInt32).scatter(owners, counts)
        self._first = _filled(self._size, 0, pl.UInt32).scatter(owners, counts.cum_sum() - counts)
        self._owned, self._low, self._high = holdings["owned"], holdings["low"], holdings["high"]
        self._loops = self._find_loops(holdings)

    # --- what an owner holds of a company ----------------------------------------------------------------------------

    def _joint_holdings(self) -> pl.DataFrame:
        """One row an owner of a joint holding: owner, holding (a node of its own), owned and key."""
        joint = self._shares.filter(pl.col("joint").is_not_null()).join(self._replaced, on="row", how="anti")
        joint = joint.select("owner", "owned", "joint").unique()
        number = pl.struct("owned", "joint").rank("dense") + (self._named - 1)
        return joint.with_columns(holding=number.cast(pl.UInt32)).sort("holding", "owner")

    def _holdings(self) -> pl.DataFrame:
        """One row an owner and company, sorted by both: low, high and whether a share is not known (`open`)."""
        nominee, shares = self._replaced, self._shares
        if nominee.height:
            shares = shares.join(nominee, on="row", how="anti")
        if self._joint.height:
            keys = self._joint.select("owned", "joint", "holding").unique()
            shares = shares.join(keys, on=["owned", "joint"], how="left", nulls_equal=False)
            shares = shares.with_columns(owner=pl.coalesce("holding", "owner")).drop("holding")
        told = shares.select(
            (pl.col("owner").cast(pl.Int64) * self._size + pl.col("owned")).alias("pair"),
            *("low", "high", "source", "share_class", "row"),
        ).sort("pair")
        again = pl.col("pair").eq(pl.col("pair").shift(1)) | pl.col("pair").eq(pl.col("pair").shift(-1))
        again = again.fill_null(value=False)
        once = told.filter(~again).select("pair", "low", "high", "row")
        parts = [_known(once).select("pair", "low", "high", "open"), self._added_up(_known(told.filter(again)))]
        if nominee.height:
            pair = pl.col("owner").cast(pl.Int64) * self._size + pl.col("owned")
            nothing = (pl.lit(0, pl.Int64).alias(name) for name in ("low", "high"))
            parts.append(nominee.select(pair.alias("pair"), *nothing, pl.lit(value=False).alias("open")))
        merged = parts[0]
        for part in parts[1:]:
            if part.height:
                merged = merged.merge_sorted(part.sort("pair"), key="pair")
        return merged.select(
            (pl.col("pair") // self._size).cast(pl.UInt32).alias("owner"),
            (pl.col("pair") % self._size).cast(pl.UInt32).alias("owned"),
            *("low", "high", "open"),
        )

    def _replaced_nominees(self) -> pl.DataFrame:
        """Holdings of nominees, each beside another owner's beneficial holding that is as large."""
        columns = ("owner", "owned", "low", "high", "row")
        nominee = self._shares.filter(pl.col("kind") == "nominee").select(columns)
        beneficial = self._shares.filter(pl.col("kind") == "beneficial").select(columns)
        pairs = nominee.join(beneficial, on="owned", suffix="_real").filter(
            pl.col("owner") != pl.col("owner_real"),
            pl.col("low") <= pl.col("low_real"),
            pl.col("high") <= pl.col("high_real"),
        )
        return pairs.select("owner", "owned", "row").unique("row")

    def _added_up(self, told: pl.DataFrame) -> pl.DataFrame:
        """One row a pair of which several edges tell; notes those of which two tell what can't both be."""
        stated = told.filter(~pl.col("open")).group_by("pair", "share_class")
        unlike = stated.agg(pl.col("low").max(), pl.col("high").min()).filter(pl.col("low") > pl.col("high"))
        classes = unlike.select("pair", "share_class").unique()
        self._contradicting.append(told.join(classes, on=["pair", "share_class"], how="semi").select("row"))
        least = (
            told.group_by("pair", "source", "share_class")
            .agg(pl.col("low").max())
            .group_by("pair", "source")
            .agg(pl.col("low").sum())
            .group_by("pair")
            .agg(pl.col("low").max())
        )
        most = (
            told.group_by("pair", "share_class")
            .agg(pl.col("high").max(), pl.col("open").any())
            .group_by("pair")
            .agg(pl.col("high").sum().clip(upper_bound=HUNDRED_PERCENT_UNITS), pl.col("open").any())
        )
        both = least.join(most, on="pair")
        return both.select("pair", "low", pl.max_horizontal("low", "high").alias("high"), "open")

    def _bounded(self, holdings: pl.DataFrame) -> pl.DataFrame:
        """With upper ends for shares that are not known: what others leave."""
        companies = holdings.filter("open")["owned"]
        if not companies.len():
            return holdings.drop("open")
        asked = self._marked(companies)
        held = holdings.select("owned", "low").filter(asked.gather(holdings["owned"]), pl.col("low") > 0)
        sums = held.group_by("owned").agg(pl.col("low").sum())
        surely = _filled(self._size, 0, pl.Int64).scatter(sums["owned"], sums["low"])
        left = HUNDRED_PERCENT_UNITS - (surely.gather(holdings["owned"]) - pl.col("low"))
        high = pl.when("open").then(pl.max_horizontal("high", left)).otherwise("high")
        return holdings.select("owner", "owned", "low", high.alias("high"))

    # --- circles -----------------------------------------------------------------------------------------------------

    def _find_loops(self, holdings: pl.DataFrame) -> list[Loop]:
        """The circles of all shares: first who has no owner or owns nothing is left out, again and again."""
        rest = holdings.select("owner", "owned", "high").filter(pl.col("high") > 0)
        if self._joint.height:
            members = self._joint.select("owner", pl.col("holding").alias("owned"))
            rest = pl.concat([rest, members.with_columns(high=pl.lit(HUNDRED_PERCENT_UNITS, pl.Int64))])
        rest = self._trimmed(rest)
        for attempt in range(SPLITS_MAX):
            if rest.height <= SPLIT_EDGES_MIN:
                break
            rest = self._trimmed(self._split(rest, attempt))
        return loops(rest.sort("owner", "owned").rows())

    def _trimmed(self, rest: pl.DataFrame) -> pl.DataFrame:
        """Without those who have no owner or own nothing, as long as that leaves out many."""
        before = rest.height * 2
        while rest.height < before * (1 - TRIM_SHARE_MIN):
            before = rest.height
            rest = rest.filter(self._marked(rest["owned"]).gather(rest["owner"]))
            rest = rest.filter(self._marked(rest["owner"]).gather(rest["owned"]))
        return rest

    def _split(self, rest: pl.DataFrame, attempt: int) -> pl.DataFrame:
        """Without holdings between two circles: those in one have the same highest owner, by any numbers, and owned."""
        for owner, owned in (("owner", "owned"), ("owned", "owner")):
            highest = pl.Series(range(self._size), dtype=pl.UInt32).shuffle(seed=attempt)
            for _ in range(SPLIT_STEPS_MAX):
                passed = pl.DataFrame({"to": rest[owned], "number": highest.gather(rest[owner])})
                passed = passed.filter(passed["number"] > highest.gather(rest[owned]))
                if not passed.height:
                    rest = rest.filter(highest.gather(rest[owner]) == highest.gather(rest[owned]))
                    break
                passed = passed.group_by("to").agg(pl.col("number").max())
                highest.scatter(passed["to"], passed["number"])
        return rest

    def __len__(self) -> int:
        return self._size

    # --- closures ----------------------------------------------------------------------------------------------------

    def close(self, seeds: Collection[int], share_units: int) -> Closed:
        """The closure of `seeds` at a threshold of `share_units`."""
        listed = pl.Series(sorted(seeds), dtype=pl.UInt32)
        known = listed.filter(listed < self._named)
        captured = _Spread(self, self._low, share_units)
        captured.add(known)
        possible = _Spread(self, self._high, share_units)
        possible.add(captured.inside())
        controlling = self._controlling(possible)
        said = _filled(self._size, NONE, pl.UInt8)
        said.scatter(possible.inside(), UNKNOWN)
        circles = list(self._without(set(known)))
        self._circular(possible, circles)
        said.scatter(possible.inside().filter(said.gather(possible.inside()) == NONE), CIRCULAR)
        possible.add((possible.touched & (possible.tier < 0)).arg_true())
        said.scatter(possible.inside().filter(said.gather(possible.inside()) == NONE), MINORITY)
        said.scatter(captured.inside(), CAPTURED)
        nodes = pl.DataFrame({"basis": said, "tier": captured.tier}).with_row_index("node")
        nodes = nodes.filter(pl.col("basis") > NONE, pl.col("node") < self._named)
        nodes = nodes.with_columns(pl.when(pl.col("tier") >= 0).then("tier").alias("tier"))
        beyond = listed.filter(listed >= self._named)
        if beyond.len():
            alone = pl.DataFrame({"node": beyond}).with_columns(
                basis=pl.lit(CAPTURED, pl.UInt8), tier=pl.lit(0, pl.Int32)
            )
            nodes = pl.concat([nodes, alone])
        return Closed(nodes, self._evidence(said, known, controlling, circles))

    def held_by(self, owners: pl.Series, units: pl.Series, outside: pl.Series) -> pl.DataFrame:
        """What owners hold together of the companies of which `outside` is -1: owned, units."""
        counts = self._count.gather(owners)
        first = self._first.gather(owners).filter(counts > 0).cast(pl.Int64)
        at = pl.select(pl.int_ranges(first, first + counts.filter(counts > 0), dtype=pl.UInt32).explode()).to_series()
        owned = self._owned.gather(at)
        wanted = outside.gather(owned) < 0
        held = pl.DataFrame({"owned": owned.filter(wanted), "units": units.gather(at.filter(wanted))})
        return held.group_by("owned").agg(pl.col("units").sum())

    def with_joint(self, owners: pl.Series) -> pl.Series:
        """Owners and the joint holdings that they have part in."""
        if not self._joint.height:
            return owners
        taken = self._joint.filter(self._marked(owners).gather(self._joint["owner"]))
        return pl.concat([owners, taken["holding"]]).unique()

    def _marked(self, nodes: pl.Series) -> pl.Series:
        return _filled(self._size, value=False, dtype=pl.Boolean).scatter(nodes, True)

    def _without(self, seeds: Collection[int]) -> Iterable[Loop]:
        """The circles that are left without listed parties: whoever owns one of these has no part in what it owns."""
        for loop in self._loops:
            if any(node in seeds for node in loop.members):
                yield from loops([row for row in loop.within if row[0] not in seeds and row[1] not in seeds])
            else:
                yield loop

    def _circular(self, possible: _Spread, circles: Sequence[Loop]) -> None:
        """Add those of whom captured owners hold the share net of their circle, until there are no more."""
        members = pl.Series([node for loop in circles for node in loop.members], dtype=pl.UInt32)
        fresh = [-1]
        while fresh:
            columns = (members, possible.tier.gather(members), possible.totals.gather(members))
            direct = {node: units for node, tier, units in zip(*columns, strict=True) if tier < 0}
            fresh = [node for loop in circles for node in self._net(loop, direct, possible.share_units)]
            possible.add(pl.Series(sorted(fresh), dtype=pl.UInt32))

    def _net(self, loop: Loop, direct: Mapping[int, int], share_units: int) -> list[int]:
        """The companies of a circle to add, by what is held `direct` of those that are not inside."""
        held = {node: direct[node] for node in loop.members if node in direct}
        if not any(held.values()):
            return []
        within = [holding for holding in loop.within if holding[0] in held and holding[1] in held]
        if len(held) > LOOP_COMPANIES_MAX:
            found = reached((node for node, units in held.items() if units), within)
            return sorted(node for node in found if node < self._named)
        most = dict(held)
        for _, owned, units in within:
            most[owned] += units
        if max(most.values()) < share_units:
            return []
        net = net_shares(
            {node: _part(units) for node, units in held.items()},
            [(owner, owned, _part(units)) for owner, owned, units in within],
        )
        return [node for node, share in net.items() if share >= _part(share_units) and node < self._named]

    def _controlling(self, possible: _Spread) -> pl.Series:
        """Who could be captured, whom they control without shares, and what those own to the share or control."""
        spread = possible.copy()
        inside = spread.tier >= 0
        while True:
            begun = inside.gather(self._others["owner"]) & ~inside.gather(self._others["owned"])
            fresh = self._others["owned"].filter(begun)
            if not fresh.len():
                return inside
            spread.add(fresh.unique())
            inside = spread.tier >= 0

    def _evidence(
        self, said: pl.Series, listed: pl.Series, controlling: pl.Series, circles: Sequence[Loop]
    ) -> pl.DataFrame:
        """The shares of owners of whom as much is said as of the company, or more; and signs of control."""
        asked = said.clone().scatter(listed, NONE)
        columns = ("owned", "owner", "low", "high", "row")
        basis, by = asked.gather(self._shares["owned"]), said.gather(self._shares["owner"])
        shares = self._shares.select(*columns, basis=basis, by=by).filter(basis > NONE)
        counts = pl.col("by") >= pl.col("basis")
        if circles:
            of = _filled(self._size, -1, pl.Int32)
            rows = [(node, number) for number, loop in enumerate(circles) for node in loop.members]
            of.scatter([node for node, _ in rows], [number for _, number in rows])
            loop = of.gather(shares["owned"])
            same = (loop >= 0) & (loop == of.gather(shares["owner"]))
            counts = counts | ((pl.col("basis") == CIRCULAR) & same)
        shares = shares.filter(counts).drop("by")
        found = pl.concat([shares, self._control(said, controlling).select(*columns, basis=pl.lit(CONTROL, pl.UInt8))])
        found = found.sort("owned", "row")
        unlike = pl.concat(self._contradicting)["row"].implode()
        return found.with_columns(contradicting=pl.col("row").is_in(unlike))

    def _control(self, said: pl.Series, controlling: pl.Series) -> pl.DataFrame:
        """Control by those that are controlling, and holdings among companies that are so by control alone."""
        others = self._others.filter(
            controlling.gather(self._others["owner"]) & (said.gather(self._others["owned"]) != CAPTURED)
        )
        alone = controlling & (said < UNKNOWN)
        if not alone.any():
            return others
        owner, owned = self._shares["owner"], self._shares["owned"]
        held = self._shares.filter(alone.gather(owned) & alone.gather(owner))
        return pl.concat([others, held.select(others.columns)])


class _Spread:
    """A fixed point that grows: who is inside, at which step, and what those inside hold of the others."""

    def __init__(self, graph: Graph, units: pl.Series, share_units: int) -> None:
        self._graph, self._units, self.share_units = graph, units, share_units
        self.tier = _filled(len(graph), -1, pl.Int32)
        self.totals = _filled(len(graph), 0, pl.Int64)
        self.touched = _filled(len(graph), value=False, dtype=pl.Boolean)
        self._step = 0

    def add(self, nodes: pl.Series) -> None:
        """Take nodes in, and whoever those inside hold to the share then, and so on."""
        fresh = nodes
        while fresh.len():
            fresh = self._graph.with_joint(fresh)
            fresh = fresh.filter(self.tier.gather(fresh) < 0)
            self.tier.scatter(fresh, self._step)
            self._step += 1
            gained = self._graph.held_by(fresh, self._units, self.tier)
            owned, sums = gained["owned"], gained["units"] + self.totals.gather(gained["owned"])
            self.totals.scatter(owned, sums)
            self.touched.scatter(owned, True)
            fresh = owned.filter(sums >= self.share_units)

    def copy(self) -> _Spread:
        """One that may grow by itself."""
        copied = _Spread(self._graph, self._units, self.share_units)
        copied.tier, copied.totals, copied.touched = self.tier.clone(), self.totals.clone(), self.touched.clone()
        copied._step = self._step
        return copied

    def inside(self) -> pl.Series:
        """Who is inside."""
        return (self.tier >= 0).arg_true()


def _known(told: pl.DataFrame) -> pl.DataFrame:
    """With numbers for shares that are not known, and a column that says so."""
    unknown = pl.col("low").is_null() | pl.col("high").is_null()
    return told.with_columns(pl.col("low").fill_null(0), pl.col("high").fill_null(0), unknown.alias("open"))


def _filled(size: int, value: int | bool, dtype: type[pl.DataType]) -> pl.Series:
    return pl.repeat(value, size, dtype=dtype, eager=True)


def _part(units: int) -> Fraction:
    return Fraction(units, HUNDRED_PERCENT_UNITS)
