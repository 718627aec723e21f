"""What comparing two names costs, and how often it is right, beside other ways to compare them.

    python benchmarks/rivals.py [--reference DIR] [--record]

The rivals are nomenklatura's logic-v2, where it is installed (`make rivals`; it needs ICU's headers and a compiler),
and rapidfuzz's token_sort_ratio as the plain way. logic-v2 is asked as its own name bench asks it: two entities of the
pair's schema with nothing but a name, a match from 0.7 on. All compare the same labelled pairs in one process, in turn.
"Cold" is the first round, in which every name is new; the others are medians of rounds in which names repeat.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from rapidfuzz import fuzz, utils

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from screener.lists import rules, scoring
from screener.runners.pairs import Pair, open_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAIRS = "matching/name_pairs.csv"
ROUNDS = 5
LOGIC_V2_THRESHOLD = 0.7  # of its own name bench
PLAIN_THRESHOLD = 0.85
GROUPS = {
    "all": frozenset[str](),
    "organizations": frozenset(["company", "organization", "legalentity"]),
    "people": frozenset(["person"]),
}
FIRST = Pair("Anna Beispiel", "Anna Besipiel", "Person", "true", "person", is_match=True, groups=())
GRID = [step / 100 for step in range(50, 101)]


class Rival(NamedTuple):
    """A way to score a pair, and the score from which on it is a match."""

    name: str
    score: Callable[[Pair], float]
    threshold: Callable[[Pair], float]


def main() -> int:
    """Time all ways, print and record."""
    options = workbench.options(__doc__)
    if options.reference is None:
        return workbench.skipped("rivals")
    pairs = read_pairs(options.reference)
    rivals = [screener_scorer(), plain(), *filter(None, [logic_v2()])]
    costs = _timed(rivals, pairs)
    figures: dict[str, Any] = {"pairs": len(pairs), "rows": {}}
    for rival in rivals:
        cold_s, warm_s = costs[rival.name]
        scores = [rival.score(pair) for pair in pairs]
        figures["rows"][rival.name] = {
            "us_cold": round(cold_s * 1e6, 1),
            "us_warm": round(warm_s * 1e6, 1),
            "ratio_cold": round(cold_s / costs[rivals[0].name][0], 2),
            "f1": {group: confusion(pairs, scores, rival, group)["f1"] for group in GROUPS},
        }
    _print(figures)
    if options.record:
        workbench.record("rivals", figures, options.note)
    return 0


def read_pairs(reference: Path) -> list[Pair]:
    """The labelled pairs."""
    with open_pairs(reference / PAIRS) as pairs:
        return list(pairs)


def screener_scorer() -> Rival:
    """The package's scorer at the thresholds of its rules."""
    comparer = scoring.comparer(rules.read_tables())
    return Rival(
        "screener",
        lambda pair: comparer.compare(pair.name1, pair.name2, pair.kind).value,
        lambda pair: comparer.threshold(pair.kind),
    )


def plain() -> Rival:
    """Words sorted, then edits: what many scripts do."""
    return Rival(
        "rapidfuzz token_sort_ratio",
        lambda pair: fuzz.token_sort_ratio(pair.name1, pair.name2, processor=utils.default_process) / 100,
        lambda _: PLAIN_THRESHOLD,
    )


def logic_v2() -> Rival | None:
    """The matcher of nomenklatura, or None, told on the terminal, where it is not installed."""
    try:
        ftm = importlib.import_module("followthemoney")
        logic = importlib.import_module("nomenklatura.matching.logic_v2.model").LogicV2
        name = f"nomenklatura {version('nomenklatura')} logic-v2"
    except (ImportError, PackageNotFoundError) as missing:
        print(f"nomenklatura's logic-v2: skipped, not installed ({missing}); `make rivals` installs it")
        return None
    config = logic.default_config()

    def entity(schema: str, text: str) -> object:
        # Names are cached by the entity's id there, so that each needs an id of its own.
        made = ftm.ValueEntity(ftm.model.get(schema or "LegalEntity"), {"id": uuid4().hex})
        made.add("name", text)
        return made

    def score(pair: Pair) -> float:
        return float(logic.compare(entity(pair.schema, pair.name1), entity(pair.schema, pair.name2), config).score)

    return Rival(name, score, lambda _: LOGIC_V2_THRESHOLD)


def confusion(
    pairs: Sequence[Pair], scores: Sequence[float], rival: Rival, group: str, threshold: float | None = None
) -> dict[str, Any]:
    """Counts, precision, recall and F1 of a group; at one threshold for all pairs where one is given."""
    counts = {"tp": 0, "fp": 0, "fn": 0, "tn": 0}
    for pair, score in zip(pairs, scores, strict=True):
        if in_group(pair, group):
            said = score >= (rival.threshold(pair) if threshold is None else threshold)
            counts[("t" if said == pair.is_match else "f") + ("p" if said else "n")] += 1
    return counts | workbench.f1(counts["tp"], counts["fp"], counts["fn"])


def in_group(pair: Pair, group: str) -> bool:
    """Whether a pair counts in a group; "all" has every pair."""
    return not GROUPS[group] or pair.schema.lower() in GROUPS[group]


def _timed(rivals: Sequence[Rival], pairs: Sequence[Pair]) -> dict[str, tuple[float, float]]:
    """Rival -> seconds a pair, in the first round and as a median of the others; tables are loaded before."""
    seconds: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    for rival in rivals:
        rival.score(FIRST)
    for _ in range(1 + ROUNDS):
        for rival in rivals:
            begun = time.perf_counter()
            for pair in pairs:
                rival.score(pair)
            seconds[rival.name].append((time.perf_counter() - begun) / len(pairs))
    return {name: (cold, statistics.median(warm)) for name, (cold, *warm) in seconds.items()}


def _print(figures: dict[str, Any]) -> None:
    print(f"{figures['pairs']} labelled pairs, one process, one core")
    workbench.table(
        ["", "us/pair cold", "us/pair", "cost cold", *(f"F1 {group}" for group in GROUPS)],
        [
            (name, row["us_cold"], row["us_warm"], f"{row['ratio_cold']:.2f}x", *row["f1"].values())
            for name, row in figures["rows"].items()
        ],
    )
    print()


if __name__ == "__main__":
    sys.exit(main())
