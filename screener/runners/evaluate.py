"""`screener evaluate`: how well the scorer tells labelled pairs of names apart, at its thresholds and at others.

Counts only: true and false positives and negatives, overall and by schema, kind and group, and for the curve how many
pairs of either label reach each threshold. So a file of any length takes the same memory. Not a place that scores, and
not a judgment of a threshold: it gives the figures that one is defended with.
"""

from __future__ import annotations

import argparse
from bisect import bisect_right
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from screener.errors import OperatorError
from screener.lists import rules, scoring
from screener.runners import evaluate_plot
from screener.runners.pairs import SCORED, open_pairs, replacing, scored_line
from screener.runners.terminal import columns, cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from screener.runners.pairs import Pair

KINDS: Final = ("person", "organization", "vessel", "aircraft", "")
KIND_NAMES: Final = {kind: kind or "unknown kind" for kind in KINDS}
GRID: Final = tuple(step / 100 for step in range(50, 101))
GROUPS_MAX: Final = 100
"""Of one column; pairs of further values are counted together."""
GROUP_CHARS_MAX: Final = 60
OTHER_GROUPS: Final = "(all other values)"
NO_GROUP: Final = "(empty)"
TEXT: Final = (
    "compare labelled pairs of names and say how well the scorer tells them apart: precision, recall, F1, confusion by "
    "group, and the curve over thresholds; columns name1,name2,schema,is_match and, if wanted, "
    "category,case_group,quality. The figures are evidence for a threshold: 3 NYCRR 504.3 (NYDFS Part 504) asks the "
    "institutions it binds to test and document their filtering programs, the Wolfsberg Group's Guidance on Sanctions "
    "Screening (2019) asks for a documented calibration. The curve applies one threshold to all pairs; for one kind's "
    "curve give a file of that kind."
)


class Scored(Protocol):
    """How alike two names are, from 0 to 1."""

    @property
    def value(self) -> float:
        """The score."""


class Comparing(Protocol):
    """What scores a pair; see `screener.lists.scoring.Comparer`."""

    def compare(self, name1: str, name2: str, kind: str, /) -> Scored:
        """Compare two names of a kind."""

    def threshold(self, kind: str, /) -> float:
        """The score from which on two names of a kind are taken for one."""


# --- counting --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Confusion:
    """Pairs by label and prediction. A figure that the pairs can't tell is None."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def add(self, is_match: bool, predicted: bool) -> None:
        """Count one pair."""
        if is_match:
            self.tp += predicted
            self.fn += not predicted
        else:
            self.fp += predicted
            self.tn += not predicted

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def both_labels(self) -> bool:
        """Whether some pairs are labelled true and some false."""
        return self.tp + self.fn > 0 and self.fp + self.tn > 0

    @property
    def precision(self) -> float | None:
        """The share of predicted pairs that are labelled true."""
        return self.tp / (self.tp + self.fp) if self.both_labels and self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        """The share of pairs labelled true that are predicted."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.both_labels else None

    @property
    def accuracy(self) -> float | None:
        """The share of pairs that are predicted as they are labelled."""
        return (self.tp + self.tn) / self.pairs if self.pairs else None

    @property
    def alerts(self) -> float | None:
        """The share of all pairs that are predicted."""
        return (self.tp + self.fp) / self.pairs if self.pairs else None


class Point(NamedTuple):
    """What one threshold for all pairs would give."""

    threshold: float
    confusion: Confusion


class Evaluation:
    """Counts pairs as they come."""

    def __init__(self, thresholds: Mapping[str, float], group_columns: Sequence[str]) -> None:
        """Take the threshold of each kind and the names of the columns to count by."""
        self.thresholds = thresholds
        self.overall = Confusion()
        self.groups: dict[str, dict[str, Confusion]] = {name: {} for name in ("kind", "schema", *group_columns)}
        self._grid = sorted({*GRID, *thresholds.values()})
        self._reached = {label: [0] * (len(self._grid) + 1) for label in (True, False)}

    def add(self, pair: Pair, score: float) -> None:
        """Count one pair with its score."""
        predicted = score >= self.thresholds[pair.kind]
        self.overall.add(pair.is_match, predicted)
        values = (KIND_NAMES[pair.kind], pair.schema.strip(), *pair.groups)
        for counts, value in zip(self.groups.values(), values, strict=True):
            _group(counts, value).add(pair.is_match, predicted)
        self._reached[pair.is_match][bisect_right(self._grid, score)] += 1

    def thresholds_used(self) -> dict[str, float]:
        """The thresholds of the kinds that occurred."""
        return {kind: self.thresholds[kind] for kind in KINDS if KIND_NAMES[kind] in self.groups["kind"]}

    def curve(self) -> list[Point]:
        """The figures at each threshold of the grid and at those in use, from the lowest on."""
        shown = {*GRID, *self.thresholds_used().values()}
        reached = {label: list(accumulate(reversed(counts)))[::-1] for label, counts in self._reached.items()}
        positives, negatives = reached[True][0], reached[False][0]
        return [
            Point(threshold, Confusion(tp, fp, positives - tp, negatives - fp))
            for threshold, tp, fp in zip(self._grid, reached[True][1:], reached[False][1:], strict=True)
            if threshold in shown
        ]


def _group(counts: dict[str, Confusion], value: str) -> Confusion:
    name = cut(value, GROUP_CHARS_MAX) or NO_GROUP
    if name not in counts and len(counts) >= GROUPS_MAX:
        name = OTHER_GROUPS
    return counts.setdefault(name, Confusion())


# --- the report ------------------------------------------------------------------------------------------------------


def report(evaluation: Evaluation) -> Iterator[str]:
    """The lines that are printed."""
    yield from _figures(evaluation)
    yield ""
    head = ("confusion", "pairs", "TP", "FP", "FN", "TN", "precision", "recall", "F1")
    rows = [head, _confusion_row("all", evaluation.overall)]
    for name, counts in evaluation.groups.items():
        rows.append((f"by {name}",))
        rows.extend(_confusion_row("  " + printable(value), counts[value]) for value in sorted(counts))
    yield from columns(rows, right=range(1, len(head)))
    yield ""
    yield "one threshold for all pairs; a row that would repeat the figures above it is left out"
    yield from columns(list(_curve_rows(evaluation)), right=range(5))


def _figures(evaluation: Evaluation) -> Iterator[str]:
    held = evaluation.overall
    yield f"pairs      {held.pairs} ({held.tp + held.fn} labelled true, {held.fp + held.tn} labelled false)"
    yield f"precision  {_figure(held.precision)}"
    yield f"recall     {_figure(held.recall)}"
    yield f"F1         {_figure(held.f1)}"
    yield f"accuracy   {_figure(held.accuracy)}"
    used = evaluation.thresholds_used().items()
    yield "threshold  " + ", ".join(f"{KIND_NAMES[kind]} {threshold:g}" for kind, threshold in used)
    if not held.both_labels:
        label = "false" if held.tp + held.fn else "true"
        yield f"No pair is labelled {label}: what these pairs can't tell is shown as -."


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _confusion_row(name: str, held: Confusion) -> tuple[str, ...]:
    counts = (held.pairs, held.tp, held.fp, held.fn, held.tn)
    return (name, *map(str, counts), _figure(held.precision), _figure(held.recall), _figure(held.f1))


def _curve_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    yield "threshold", "precision", "recall", "F1", "alerts", ""
    in_use = _in_use(evaluation)
    before: Confusion | None = None
    for threshold, held in evaluation.curve():
        mark = in_use.get(threshold, "")
        if held == before and not mark and threshold != GRID[-1]:
            continue
        before = held
        figures = (held.precision, held.recall, held.f1, held.alerts)
        yield (f"{threshold:g}" if mark else f"{threshold:.2f}", *map(_figure, figures), mark and f"in use: {mark}")


def _in_use(evaluation: Evaluation) -> dict[float, str]:
    """Threshold -> the kinds that have it, as text."""
    kinds: dict[float, list[str]] = {}
    for kind, threshold in evaluation.thresholds_used().items():
        kinds.setdefault(threshold, []).append(KIND_NAMES[kind])
    return {threshold: ", ".join(names) for threshold, names in kinds.items()}


def plot(evaluation: Evaluation, name: str) -> str:
    """The curve as an SVG."""
    rows = [
        evaluate_plot.Row(threshold, held.precision, held.recall, held.f1, held.alerts)
        for threshold, held in evaluation.curve()
    ]
    held = evaluation.overall
    labels = f"{held.pairs} pairs, {held.tp + held.fn} labelled true and {held.fp + held.tn} labelled false"
    used = sorted(evaluation.thresholds_used().items(), key=itemgetter(1))
    in_use = {KIND_NAMES[kind]: threshold for kind, threshold in used}
    figures = {"precision": held.precision, "recall": held.recall, "F1": held.f1, "share of alerts": held.alerts}
    told = [f"{figure} {_figure(value)}" for figure, value in figures.items()]
    return evaluate_plot.svg(rows, in_use, f"Threshold curve of {name}", labels, told)


# --- the command -----------------------------------------------------------------------------------------------------


def evaluate(
    pairs: Iterable[Pair],
    comparer: Comparing,
    thresholds: Mapping[str, float],
    group_columns: Sequence[str],
    tell: Callable[[Pair, float, float], object],
) -> Evaluation:
    """Score and count all pairs; `tell` is told each pair with its score and threshold."""
    evaluation = Evaluation(thresholds, group_columns)
    for pair in pairs:
        score = comparer.compare(pair.name1, pair.name2, pair.kind).value
        evaluation.add(pair, score)
        tell(pair, score, thresholds[pair.kind])
    return evaluation


def run(path: Path, comparer: Comparing, scores: Path | None, plotted: Path | None, threshold: float | None) -> int:
    """Evaluate a file, write what was asked for, print the report, and return the exit status."""
    _check_outputs(path, scores, plotted)
    thresholds = {kind: comparer.threshold(kind) if threshold is None else threshold for kind in KINDS}
    with ExitStack() as stack:
        pairs = stack.enter_context(open_pairs(path))
        out = None if scores is None else stack.enter_context(replacing(scores))

        def tell(pair: Pair, score: float, limit: float) -> None:
            if out is not None:
                out.write(scored_line(pair, score, limit) + "\n")

        if out is not None:
            out.write(",".join(SCORED) + "\n")
        evaluation = evaluate(pairs, comparer, thresholds, pairs.group_columns, tell)
    if plotted is not None:
        with replacing(plotted) as drawing:
            drawing.write(plot(evaluation, path.name))
    for line in report(evaluation):
        print(line)
    return 0


def _check_outputs(path: Path, scores: Path | None, plotted: Path | None) -> None:
    outputs = [output for output in (scores, plotted) if output is not None]
    for output in outputs:
        if output.is_file() and path.is_file() and output.samefile(path):
            raise OperatorError(f"{output} is the file of pairs: give another name to what is written")
    if len(outputs) == 2 and outputs[0].absolute() == outputs[1].absolute():
        raise OperatorError(f"{outputs[0]} can't be both the scores and the plot")


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `evaluate`."""
    command = commands.add_parser("evaluate", help="measure the scorer on labelled pairs", description=TEXT)
    command.add_argument("pairs", type=Path, metavar="PAIRS.csv", help="labelled pairs (CSV)")
    command.add_argument("--scores", type=Path, metavar="OUT.csv", help="write each pair with score and prediction")
    command.add_argument("--plot", type=Path, metavar="OUT.svg", help="draw the threshold curve")
    command.add_argument("--rules", type=Path, metavar="DIR", help="rules files that overlay the shipped ones")
    command.add_argument("--threshold", type=_share, metavar="X", help="use this threshold (0 to 1) for every kind")
    command.set_defaults(run=_run)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return share


def _run(namespace: argparse.Namespace) -> int:
    comparer = scoring.comparer(rules.read_tables(namespace.rules))
    return run(namespace.pairs, comparer, namespace.scores, namespace.plot, namespace.threshold)
