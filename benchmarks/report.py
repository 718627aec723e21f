"""What the benchmarks found, as one page: `report.html`, drawn from the last lines of record/.

    python benchmarks/report.py [--output FILE]

Nothing is measured here. Each table and each picture names the day of its record; what was never recorded is said to be
missing. The page is one file without scripts, and the same records give the same bytes.
"""

from __future__ import annotations

import argparse
import io
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import orjson
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes

OUTPUT = Path(__file__).parent / "report.html"
INCHES = (7.2, 3.8)
WAYS = {"worker": ("#1f78d1", "o-"), "pass-through": ("#777777", "s--")}
STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.2rem } figure { margin: 1rem 0 }
figcaption, .of { color: #666; font-size: .85rem } svg { max-width: 100%; height: auto }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
"""

Record = dict[str, Any]


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    output: Path = parser.parse_args().output
    output.write_text(page(), encoding="utf-8")
    print(output)
    return 0


def page() -> str:
    """The whole page."""
    parts = (_curves(), _core(), _worker(), _swap(), _soak(), _quality())
    body = "\n".join(line for part in parts for line in part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<title>screener: what the benchmarks found</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>What the benchmarks found</h1>\n"
        "<p>Drawn by <code>benchmarks/report.py</code> from the last records of <code>benchmarks/record/</code>."
        " All figures come of shared machines of two cores with the broker on them: ratios are taken between ways that"
        " were timed in turns and hold elsewhere, absolute figures hold for that machine in that hour."
        ' What each command proves before it times anything, and what is aimed at, is in <a href="README.md">README.md'
        f"</a>.</p>\n{body}\n</body>\n</html>\n"
    )


# --- records ---------------------------------------------------------------------------------------------------------


def _records(name: str) -> list[Record]:
    path = workbench.RECORD / f"{name}.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.is_file() else []


def _last(name: str, **sought: object) -> Record | None:
    """The last record of a benchmark in which some members have these values."""
    found = [row for row in _records(name) if all(row.get(key) == value for key, value in sought.items())]
    return found[-1] if found else None


def _last_of_each(name: str, member: str) -> Iterator[Record]:
    """The last record for each value of a member, in the order in which they were met first."""
    for value in dict.fromkeys(row.get(member) for row in _records(name)):
        found = _last(name, **{member: value})
        if found is not None:
            yield found


# --- pictures --------------------------------------------------------------------------------------------------------


def _curves() -> Iterator[str]:
    yield "<h2>How costs grow</h2>"
    pictures: dict[str, tuple[str, Callable[[Axes, Sequence[Record]], None]]] = {
        "batches": ("Throughput of the worker over the most orders in a transaction.", _draw_batches),
        "load": ("Latency from produced to committed and read, over the load.", _draw_load),
        "lists": ("Cost of an order of one new party over the length of the list.", _draw_lists),
        "hits": ("Cost of an order, parties known, over the share that name a listed party.", _draw_hits),
    }
    for curve, (caption, draw) in pictures.items():
        record = _last("curves", curve=curve)
        if record is None:
            yield f"<p>{escape(caption)} Never recorded.</p>"
            continue
        yield f"<figure>\n{_svg(curve, draw, record['points'])}"
        yield f"<figcaption>{escape(caption)} {_of(record)}</figcaption>\n</figure>"


def _svg(name: str, draw: Callable[[Axes, Sequence[Record]], None], points: Sequence[Record]) -> str:
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9, "font.family": "sans-serif"}):
        figure = Figure(figsize=INCHES, layout="constrained")
        axes = figure.subplots()
        axes.grid(visible=True, alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, points)
        held = io.StringIO()
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None})
    text = held.getvalue()
    lines = text[text.index("<svg") :].splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _draw_batches(axes: Axes, points: Sequence[Record]) -> None:
    axes.plot([row["batch_orders_max"] for row in points], [row["orders_s"] for row in points], "o-", color="#1f78d1")
    axes.set(xscale="log", xlabel="orders in a transaction, at most", ylabel="orders a second", ylim=(0, None))


def _draw_load(axes: Axes, points: Sequence[Record]) -> None:
    for way, (color, line) in WAYS.items():
        rows = [row for row in points if row["way"] == way]
        for percent, alpha in (("p50_ms", 0.45), ("p99_ms", 1.0)):
            label = f"{way}, {percent.removesuffix('_ms')}"
            x, y = [100 * row["share"] for row in rows], [row[percent] for row in rows]
            axes.plot(x, y, line, color=color, alpha=alpha, label=label)
    axes.set(xlabel="load, percent of the worker's highest rate", ylabel="milliseconds", yscale="log")
    axes.legend(frameon=False)


def _draw_lists(axes: Axes, points: Sequence[Record]) -> None:
    for name, label, line in (("all", "everything on", "o-"), ("exact", "exact tier alone", "s--")):
        axes.plot([row["entries"] for row in points], [row[f"{name}_us"] for row in points], line, label=label)
    axes.set(xscale="log", xlabel="entries of the list", ylabel="microseconds an order", ylim=(0, None))
    axes.legend(frameon=False)


def _draw_hits(axes: Axes, points: Sequence[Record]) -> None:
    axes.plot([100 * row["share"] for row in points], [row["us"] for row in points], "o-", color="#1f78d1")
    axes.set(xlabel="percent of the orders that name a listed party", ylabel="microseconds an order", ylim=(0, None))


# --- tables ----------------------------------------------------------------------------------------------------------


def _core() -> Iterator[str]:
    yield "<h2>The core, as a ratio to reading the same bytes</h2>"
    for record in _last_of_each("core", "workload"):
        if "rows" in record:
            yield f"<h3>{escape(record['workload'])}</h3>"
            yield from _table([{"": name, **row} for name, row in record["rows"].items()])
            yield _told_of(record)


def _worker() -> Iterator[str]:
    yield "<h2>The worker on a real broker, exactly once</h2>"
    record = _last("worker")
    if record is None:
        yield "<p>Never recorded.</p>"
        return
    core = record["core_us"]
    yield f"<p>The core alone takes {core} us an order; the ratio is to librdkafka's pass-through.</p>"
    without = {name: round(row["own_us"] - core * (name != "pass-through"), 1) for name, row in record["rows"].items()}
    yield from _table([{"": name, **row, "without_core_us": without[name]} for name, row in record["rows"].items()])
    if "latency" in record:
        yield "<h3>Latency at half of its rate, produced to committed and read</h3>"
        yield from _table([{"": name, **row} for name, row in record["latency"].items()])
    yield _told_of(record)


def _swap() -> Iterator[str]:
    record = _last("swap")
    if record is not None:
        yield "<h2>A snapshot swapped under load</h2>"
        yield from _table([_figures(record)])
        yield _told_of(record)


def _soak() -> Iterator[str]:
    yield "<h2>Ordeals: orders in, decisions out</h2>"
    shown = ("orders", "decisions", "distinct", "unanswered", "disordered", "seconds")
    yield from _table(
        [
            {"": row["ordeal"], **{name: row.get(name) for name in shown}, "passed": "yes" if row["passed"] else "NO"}
            | {"on": row["day"]}
            for row in _last_of_each("soak", "ordeal")
        ]
    )


def _quality() -> Iterator[str]:
    yield "<h2>Names found, and clean ones let pass</h2>"
    for name in ("pairs", "recall", "false_alerts", "generator", "rename", "closure", "memory"):
        record = _last(name)
        if record is not None:
            yield f"<h3>{escape(name.replace('_', ' '))}</h3>"
            nested = record.get("rows")
            if isinstance(nested, dict) and all(isinstance(row, dict) for row in nested.values()):
                yield from _table([{"": each, **row} for each, row in nested.items()])
            else:
                yield from _table([_figures(record)])
            yield _told_of(record)


def _figures(record: Record) -> Record:
    """What of a record is a figure."""
    kept = {name: value for name, value in record.items() if isinstance(value, int | float | list)}
    return {name: value for name, value in kept.items() if name != "cores"}


def _table(rows: Sequence[Record]) -> Iterator[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    yield '<div class="wide"><table>'
    yield f"<tr>{''.join(f'<th>{escape(_words(name))}</th>' for name in names)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(_cell(row.get(name)))}</td>' for name in names)}</tr>"
    yield "</table></div>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(one)}" for name, one in value.items())
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _told_of(record: Record) -> str:
    return f'<p class="of">{_of(record)}</p>'


def _of(record: Record) -> str:
    note = f" {record['note']}" if record.get("note") else ""
    return escape(f"Measured {record['day']}, Python {record['python']}, {record['cores']} cores.{note}")


if __name__ == "__main__":
    sys.exit(main())
