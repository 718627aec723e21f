"""`screener ownership check`: how much ownership files say, and what of it concerns listed parties.

Counts for the person who keeps the graph: shares that are exact, bands or unknown, sources, rows left out, listed
parties among the owners, companies of which more than the whole is held, and how many companies each regime reaches.
Without lists only the files are counted. It judges no holding and changes nothing; a graph without problems may still
lack every owner that matters.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from screener.core.fold import glue
from screener.errors import OperatorError
from screener.lists import build, patterns, rules
from screener.lists.holdings.read import read_ownership
from screener.lists.progress import SILENT, Progress
from screener.runners.ownership_tree import Directory, band, standing
from screener.runners.terminal import columns, cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from screener.lists.holdings.edges import Edges
    from screener.model import Snapshot
    from screener.owners import OwnershipEdge

ROWS_MAX: Final = 20
"""Of one table."""
FIRST_MAX: Final = 3
"""Problems of a kind that are told in full."""
NAME_CHARS_MAX: Final = 60
PROBLEM_CHARS_MAX: Final = 160
DOUBT_CHARS_MAX: Final = 400
SHARES: Final = ("equity", "beneficial", "nominee")
WHOLE: Final = Decimal(100)
NO_SOURCE: Final = "(none)"
STANDINGS: Final = ("captured", "possible", "minority", "circular", "control", "former")
_PLACE: Final = re.compile(r"^.*?:(?:\d+| [^:]*): ")
_PARTICULAR: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\b\d+(?:\.\d+)?(?:, \d+)*\b")
"""What differs between problems of one kind: quoted texts and numbers."""

Rows = list[dict[str, Any]]


class _Graph(NamedTuple):
    """All edges of the files, what is odd in them, why no snapshot is built, and one key for all names of a company."""

    edges: list[OwnershipEdge]
    problems: list[str]
    files: Rows
    doubts: list[str]
    key: Callable[[str], str]
    directory: Directory | None


def tell(found: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print what ownership files hold, as tables or as one JSON object."""
    for line in [orjson.dumps(found).decode()] if as_json else lines(found):
        print(line)


def counted(inputs: build.Inputs, progress: Progress = SILENT) -> dict[str, Any]:
    """All the counts, as `--json` gives them; OperatorError where a file can't be read."""
    graph = _read(inputs, progress)
    progress.begin("counting")
    found: dict[str, Any] = {"files": graph.files, "edges": len(graph.edges)}
    found["build_stops"] = graph.doubts
    found["nodes"] = len({graph.key(name) for edge in graph.edges for name in (edge.owner, edge.owned)})
    found["shares"] = _tally(graph.edges, _share_kind, ("exact", "band", "unknown"))
    found["kinds"] = _tally(graph.edges, lambda edge: edge.kind)
    found["sources"] = _most(Counter(edge.source or NO_SOURCE for edge in graph.edges), "source", "edges")
    found["problems"] = _problems(graph.problems)
    found["above_whole"] = _above_whole(graph)
    if graph.directory is not None:
        found |= _of_listed(graph, graph.directory) | {"regimes": _reached(graph.directory.snapshot)}
    return found


def _read(inputs: build.Inputs, progress: Progress) -> _Graph:
    if not inputs.holdings:
        raise OperatorError("no ownership was named: give --ownership, or --sample for the shipped sample")
    tables = rules.read_tables(inputs.rules)
    read = read_ownership(inputs.holdings, build.source_options(inputs, tables, progress))
    files = [_file(path, one) for path, one in zip(inputs.holdings, read, strict=True)]
    doubts = [doubt for one in read for doubt in one.doubts]
    holdings = [edge for one in read for edge in one.edges]
    problems = [problem for one in read for problem in one.problems]
    summaries = {one.summary for one in read}
    if inputs.lists or inputs.private or inputs.sample:
        built = build.build(inputs, progress, read)
        directory = Directory(built.snapshot)
        told = [problem for problem in built.problems if problem not in summaries]
        return _Graph(holdings, told, files, doubts, _remembered(directory.key), directory)
    fold = patterns.folder(tables)
    return _Graph(holdings, problems, files, doubts, _remembered(lambda name: glue(fold(name)) or name), None)


def _file(path: Path, read: Edges) -> dict[str, Any]:
    """What is counted of a file; `left_out` by reason."""
    return {
        "file": str(path),
        "rows": read.file.rows,
        "edges": len(read.edges),
        "left_out": read.left_out,
        "problems": len(read.problems),
        "edition": read.file.edition,
    }


def _remembered(key: Callable[[str], str]) -> Callable[[str], str]:
    known: dict[str, str] = {}

    def remembered(name: str) -> str:
        if name not in known:
            known[name] = key(name)
        return known[name]

    return remembered


# --- counting --------------------------------------------------------------------------------------------------------


def _share_kind(edge: OwnershipEdge) -> str:
    return "unknown" if edge.low is None else "exact" if edge.low == edge.high else "band"


def _tally(
    holdings: Iterable[OwnershipEdge], of: Callable[[OwnershipEdge], str], first: Sequence[str] = ()
) -> dict[str, int]:
    counts = Counter(map(of, holdings))
    return {name: counts[name] for name in (*first, *sorted(counts.keys() - set(first)))}


def _most(counts: Mapping[str, int], name: str, unit: str) -> Rows:
    """Every value with its count, the greatest first."""
    return [{name: value, unit: count} for value, count in sorted(counts.items(), key=lambda row: (-row[1], row[0]))]


def _problems(problems: Iterable[str]) -> Rows:
    """What is odd by what was expected instead, the most frequent first, each kind with its first few."""
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        kinds.setdefault(_PARTICULAR.sub("…", _PLACE.sub("", problem).split(", found")[0]), []).append(problem)
    order = sorted(kinds.items(), key=lambda row: (-len(row[1]), row[0]))
    return [{"problem": kind, "rows": len(told), "first": told[:FIRST_MAX]} for kind, told in order]


def _above_whole(graph: _Graph) -> Rows:
    """Companies of which known shares come to more than 100 percent on some day, the greatest first."""
    into: dict[str, list[OwnershipEdge]] = {}
    for edge in graph.edges:
        if edge.kind in SHARES and edge.low:
            into.setdefault(graph.key(edge.owned), []).append(edge)
    found: list[tuple[Decimal, str]] = []
    for held in into.values():
        most = _held(held, graph.key)
        if most > WHOLE:
            days = {edge.effective_from or "" for edge in held}
            most = max(_held([edge for edge in held if _holds(edge, day)], graph.key) for day in days)
        if most > WHOLE:
            found.append((most, held[0].owned))
    found.sort(key=lambda row: (-row[0], row[1]))
    return [{"company": company, "held": band(held_of, held_of)} for held_of, company in found]


def _held(holdings: Iterable[OwnershipEdge], key: Callable[[str], str]) -> Decimal:
    """What all owners surely hold: classes of one source add up, sources that repeat a holding count once.

    Where a beneficial owner is told, what a nominee holds for others is left out.
    """
    rows = list(holdings)
    skipped = "nominee" if any(edge.kind == "beneficial" for edge in rows) else ""
    owners: dict[str, dict[str, dict[str, Decimal]]] = {}
    for edge in rows:
        if edge.kind != skipped:
            classes = owners.setdefault(key(edge.owner), {}).setdefault(edge.source, {})
            classes[edge.share_class] = max(classes.get(edge.share_class, Decimal(0)), edge.low or Decimal(0))
    most = (max(sum(classes.values(), Decimal(0)) for classes in sources.values()) for sources in owners.values())
    return sum(most, Decimal(0))


def _holds(edge: OwnershipEdge, day: str) -> bool:
    return (edge.effective_from or "") <= day and (edge.effective_to is None or day < edge.effective_to)


# --- listed parties --------------------------------------------------------------------------------------------------


def _of_listed(graph: _Graph, directory: Directory) -> dict[str, Any]:
    """Which listed parties are owners, by list, and which of them have holdings of unknown size."""
    entries = directory.snapshot.entries
    numbers = {name: directory.numbers(name) for name in {edge.owner for edge in graph.edges}}
    owners = {number for found in numbers.values() for number in found}
    unknown: Counter[str] = Counter()
    of: dict[str, list[int]] = {}
    for edge in graph.edges:
        if numbers[edge.owner] and edge.low is None and edge.kind in SHARES:
            unknown[graph.key(edge.owner)] += 1
            of[graph.key(edge.owner)] = numbers[edge.owner]
    rows = _most(unknown, "key", "holdings")
    told = [_owner(directory, of[row.pop("key")]) | row for row in rows[:ROWS_MAX]]
    by_list = Counter(entries[number].list for number in owners)
    return {
        "listed_owners": _most(by_list, "list", "entries"),
        "unknown_of_listed": told,
        "unknown_of_listed_more": max(0, len(rows) - ROWS_MAX),
    }


def _owner(directory: Directory, numbers: Sequence[int]) -> dict[str, Any]:
    """A listed owner: its name, unless all of its entries are confidential, and the entries that may be told by it."""
    entries = [directory.snapshot.entries[number] for number in numbers]
    open_ones = [entry for entry in entries if not entry.confidential]
    marks = dict.fromkeys(f"{entry.list} {entry.entry_id}" for entry in open_ones or entries)
    return {"owner": open_ones[0].name if open_ones else entries[0].entry_id, "entries": list(marks)}


def _reached(snapshot: Snapshot) -> Rows:
    """Companies by regime and standing, on any day; one that changes its standing counts under each."""
    found: dict[tuple[str, str], set[str]] = {}
    for rows in snapshot.affiliations:
        for row in rows:
            company = glue(snapshot.fold(rows[0].entity)) or rows[0].entity
            found.setdefault((row.regime, standing(row.basis)), set()).add(company)
    return [
        {"regime": regime.id, "captures": regime.outcome == "block"}
        | {name: len(found.get((regime.id, name), ())) for name in STANDINGS}
        for regime in snapshot.rules.regimes
    ]


# --- the tables ------------------------------------------------------------------------------------------------------


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The counts as tables for a terminal."""
    files = [row | {"left_out": sum(row["left_out"].values())} for row in found["files"]]
    yield from _table("Files", files, ("file", "rows", "edges", "left_out", "problems", "edition"))
    for doubt in found["build_stops"]:
        yield f"  A build stops: {_cell(doubt, DOUBT_CHARS_MAX)}"
    yield from _table("Rows left out", _left_out(found["files"]), ("reason", "rows", "file"))
    yield ""
    yield f"{found['edges']:,} holdings between {found['nodes']:,} companies and persons"
    for name in ("shares", "kinds"):
        yield f"  {name}: {', '.join(f'{value:,} {kind}' for kind, value in found[name].items())}"
    yield from _table("Sources", found["sources"], ("source", "edges"))
    yield from _told_problems(found["problems"])
    yield from _table("Companies of which more than 100 percent is held", found["above_whole"], ("company", "held"))
    if "regimes" not in found:
        yield ""
        yield "No lists were named: nothing is said about listed owners."
        return
    yield from _table("Listed parties that are owners", found["listed_owners"], ("list", "entries"))
    told = [row | {"entries": ", ".join(row["entries"])} for row in found["unknown_of_listed"]]
    yield from _table("Listed owners with holdings of unknown size", told, ("holdings", "owner", "entries"))
    if found["unknown_of_listed_more"]:
        yield f"  and {found['unknown_of_listed_more']:,} more"
    rows = [{**row, "regime": row["regime"] + ("" if row["captures"] else " (flags only)")} for row in found["regimes"]]
    yield from _table("Companies that a regime reaches, on any day", rows, ("regime", *STANDINGS))


def _left_out(files: Rows) -> Rows:
    """One row a file and reason, the most frequent first."""
    rows = [
        {"reason": reason, "rows": count, "file": row["file"]}
        for row in files
        for reason, count in row["left_out"].items()
    ]
    return sorted(rows, key=lambda row: (-row["rows"], row["file"], row["reason"]))


def _told_problems(problems: Rows) -> Iterator[str]:
    yield ""
    yield f"Odd in the files: {sum(row['rows'] for row in problems):,}"
    for row in problems[:ROWS_MAX]:
        yield f"  {row['rows']:,}  {_cell(row['problem'], PROBLEM_CHARS_MAX)}"
        yield from (f"      {_cell(first, PROBLEM_CHARS_MAX)}" for first in row["first"])
    if len(problems) > ROWS_MAX:
        yield f"  and {len(problems) - ROWS_MAX:,} more kinds"


def _table(title: str, rows: Rows, names: Sequence[str]) -> Iterator[str]:
    yield ""
    if not rows:
        yield f"{title}: none"
        return
    yield title
    cells = [[_cell(row[name], NAME_CHARS_MAX) for name in names] for row in rows[:ROWS_MAX]]
    right = [at for at, name in enumerate(names) if isinstance(rows[0][name], int)]
    yield from (f"  {line}" for line in columns([[name.replace("_", " ") for name in names], *cells], right))
    if len(rows) > ROWS_MAX:
        yield f"  and {len(rows) - ROWS_MAX:,} more"


def _cell(value: object, chars_max: int) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(cut(str(value), chars_max))
