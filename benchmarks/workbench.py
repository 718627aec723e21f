"""What all benchmarks share: where the reference lists and names are, how figures are printed and recorded.

Reference lists and names are not part of the repository. `SCREENER_DATA` or `--reference` names their folder; a
benchmark that cannot do without them says that it is skipped. A record is one line of JSON that is added to a file of
record/ and never changed.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from screener import __version__
from screener.lists import build, snapshot
from screener.model import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from screener.model import Snapshot

RECORD = Path(__file__).parent / "record"
LISTS = "lists/consolidated_2026-07-31.csv.gz"
TERMS = Terms(as_of="2026-08-01", allow_stale=True)
STOPPED = frozenset({"review", "block"})


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The command line that every benchmark has: `reference` (a folder or None), `record` and `note`."""
    made = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    made.add_argument("--reference", type=Path, default=reference_folder(), help="folder of reference lists and names")
    made.add_argument("--record", action="store_true", help="append the figures to benchmarks/record/")
    made.add_argument("--note", default="", help="what to remember of this run, in its record")
    return made


def in_part(doc: str | None) -> argparse.Namespace:
    """What the command line says, of a benchmark that can also ask a part only: `part`, every how manieth it asks."""
    made = parser(doc)
    made.add_argument("--part", type=int, default=1, metavar="N", help="ask only every Nth of all (default: each)")
    return made.parse_args()


def options(doc: str | None) -> argparse.Namespace:
    """What the command line says, of a benchmark without options of its own."""
    return parser(doc).parse_args()


def reference_folder() -> Path | None:
    """The folder of the reference lists and names, or None where there is none."""
    named = os.environ.get("SCREENER_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


def skipped(what: str, why: str = "there are no reference lists and names (SCREENER_DATA, --reference)") -> int:
    """Say that a benchmark did not run; the exit status of such a benchmark."""
    print(f"{what}: skipped, {why}")
    return 0


def inputs(reference: Path | None) -> build.Inputs:
    """The consolidated list of the reference folder; without one the shipped sample."""
    return build.Inputs(lists=[reference / LISTS]) if reference else build.Inputs(sample=True)


def variant(folder: Path, of: build.Inputs, number: int) -> Path:
    """A snapshot file in the folder that differs from others of the same inputs in one private list."""
    deny = folder / f"deny-{number}.csv"
    deny.write_text(f"name,list\nHazelmoor {number} Holdings,DENY\n", encoding="utf-8")
    path = folder / f"{number}.snapshot"
    snapshot.save(build.build(replace(of, private=[deny])).content, path)
    return path


def edition(reference: Path) -> Snapshot:
    """The snapshot of the consolidated list of the reference folder."""
    return build.build(inputs(reference)).snapshot


def edition_of(rows: Iterable[Mapping[str, str]], columns: Iterable[str]) -> Snapshot:
    """The snapshot of a consolidated list of these rows, under the name and so the day of the edition."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(LISTS).name.removesuffix(".gz")
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, list(columns))
            out.writeheader()
            out.writerows(rows)
        return build.build(build.Inputs(lists=[path])).snapshot


def named_order(name: str, kind: str = "") -> bytes:
    """An order of which only a party's name is known, and its kind where one is given."""
    party = {"role": "end_user", "name": name} | ({"kind": kind} if kind else {})
    return orjson.dumps({"schema_version": 1, "order_id": "O-1", "parties": [party]})


def f1(true_positives: int, false_positives: int, false_negatives: int) -> dict[str, float]:
    """Precision, recall and F1 of a confusion; 0.0 where there is nothing to divide by."""
    precision = _share(true_positives, true_positives + false_positives)
    recall = _share(true_positives, true_positives + false_negatives)
    return {"precision": precision, "recall": recall, "f1": _share(2 * precision * recall, precision + recall)}


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a plain table: the first column to the left, the others to the right."""
    lines = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        print("  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def record(benchmark: str, figures: dict[str, Any], note: str = "") -> None:
    """Append the figures to the benchmark's file of record/, with the day, the version and the machine."""
    line = {
        "day": datetime.now(UTC).date().isoformat(),
        "screener": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        **({"note": note} if note else {}),
        **figures,
    }
    with (RECORD / f"{benchmark}.jsonl").open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")


class Progress:
    """A word on standard error about every ten seconds, on a terminal only."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._said_s = time.monotonic()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if sys.stderr.isatty() and time.monotonic() - self._said_s > 10:
            self._said_s = time.monotonic()
            print(f"{self._what}: {self._done:,} of {self._total:,}", file=sys.stderr)
