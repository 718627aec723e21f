"""How well the scorer tells labelled pairs of names apart, beside nomenklatura's logic-v2.

    python benchmarks/pairs.py [--reference DIR] [--record]

Precision, recall and F1 over all pairs, over organizations (schemas Company, Organization and LegalEntity: only so is
the published .855 found again) and over people, at the thresholds of the rules. The published figures are those of the
design for the same pairs; where nomenklatura is installed (`make rivals`) it is asked in the same process. "Best" is
the F1 that one threshold for all pairs of the group could reach: how much the thresholds leave lying, no result. Prints
the pairs that are answered wrongly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import rivals, workbench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rivals import Rival
    from screener.runners.pairs import Pair

PUBLISHED = {"all": 0.781, "organizations": 0.855}  # logic-v2 on these pairs, as taken from the design
AIMS = {"all": 0.84, "organizations": 0.90}
WRONG_PRINTED = 40


def main() -> int:
    """Score all pairs, print and record."""
    options = workbench.options(__doc__)
    if options.reference is None:
        return workbench.skipped("pairs")
    pairs = rivals.read_pairs(options.reference)
    figures: dict[str, Any] = {"pairs": len(pairs), "published": PUBLISHED, "rows": {}}
    for rival in filter(None, [rivals.screener_scorer(), rivals.logic_v2()]):
        scores = [rival.score(pair) for pair in pairs]
        figures["rows"][rival.name] = {group: _of_group(pairs, scores, rival, group) for group in rivals.GROUPS}
        if rival.name == "screener":
            _print_wrong(pairs, scores, rival)
    _print(figures)
    if options.record:
        workbench.record("pairs", figures, options.note)
    return 0


def _of_group(pairs: Sequence[Pair], scores: Sequence[float], rival: Rival, group: str) -> dict[str, Any]:
    curve = {at: rivals.confusion(pairs, scores, rival, group, at)["f1"] for at in rivals.GRID}
    best = max(curve, key=curve.__getitem__)
    return rivals.confusion(pairs, scores, rival, group) | {"best_f1": curve[best], "best_threshold": best}


def _print_wrong(pairs: Sequence[Pair], scores: Sequence[float], rival: Rival) -> None:
    wrong = [
        (abs(score - rival.threshold(pair)), score, pair)
        for pair, score in zip(pairs, scores, strict=True)
        if (score >= rival.threshold(pair)) is not pair.is_match
    ]
    wrong.sort(key=lambda row: -row[0])
    print(f"{len(wrong)} pairs answered wrongly, the farthest from the threshold first (at most {WRONG_PRINTED})")
    for _, score, pair in wrong[:WRONG_PRINTED]:
        label = "match" if pair.is_match else "other"
        print(f"    {score:.3f} {label} {pair.schema}: {pair.name1} | {pair.name2}")
    print()


def _print(figures: dict[str, Any]) -> None:
    rows: list[tuple[object, ...]] = []
    for name, groups in figures["rows"].items():
        for group, row in groups.items():
            shown = [row[key] for key in ("tp", "fp", "fn", "precision", "recall", "f1", "best_f1")]
            rows.append((f"{name}, {group}", *shown, f"{row['best_threshold']:.2f}"))
    for group, value in PUBLISHED.items():
        rows.append((f"logic-v2 as published, {group}", "", "", "", "", "", f"{value:.3f}", "", ""))
        rows.append((f"aim, {group}", "", "", "", "", "", f"{AIMS[group]:.2f}", "", ""))
    workbench.table(["", "TP", "FP", "FN", "precision", "recall", "F1", "best F1", "at"], rows)
    print()


if __name__ == "__main__":
    sys.exit(main())
