"""How many clean names are stopped, and by what.

    python benchmarks/false_alerts.py [--reference DIR] [--record] [--part 1]

Each name of three registers of companies is ordered for as a company and without a kind, and each of 50,000 invented
people as a person; nothing but the name is known. A name that is no listed name by the labels of tests/cases/ is clean,
and an answer of review or block to it is a false alert. Labels were made by the reference fold before the matcher was
tuned. A listed name that is answered clear is a miss: those are counted and printed too. Prints the ten commonest
causes (an alias of an entry) and forty alerts drawn at random.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from screener.core import screen
from tests.oracle.label_register import label_numbers, register_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.model import Snapshot

SHARE_TARGET = 0.005
CAUSES_PRINTED = 10
ALERTS_PRINTED = 40
MISSES_PRINTED = 20
SEED = 20261122
COMPANIES = ("oui", "sec", "uk")
RUNS: dict[str, tuple[tuple[str, ...], str]] = {
    "companies, kind given": (COMPANIES, "organization"),
    "companies, no kind": (COMPANIES, ""),
    "people, kind given": (("person_negatives",), "person"),
}


class Alert(NamedTuple):
    """A clean name that was stopped; `findings` as in the decision."""

    name: str
    outcome: str
    findings: list[dict[str, Any]]

    def causes(self) -> set[str]:
        """Every alias that stopped the name, with its entry."""
        return {
            f"{row['code']}: {row.get('alias', '')} ({row.get('entry_name', '')})"
            if "alias" in row
            else str(row["code"])
            for row in self.findings
        }


class Answers(NamedTuple):
    """What the names of some registers were answered."""

    clean: int
    alerts: list[Alert]
    listed: int
    misses: list[str]


def main() -> int:
    """Screen all names, print and record."""
    options = workbench.in_part(__doc__)
    if options.reference is None:
        return workbench.skipped("false alerts")
    held = workbench.edition(options.reference)
    figures: dict[str, Any] = {"target": SHARE_TARGET, "part": options.part, "rows": {}}
    for title, (registers, kind) in RUNS.items():
        begun = time.perf_counter()
        by_register = {name: _ask(options.reference, name, kind, held, options.part) for name in registers}
        figures["rows"][title] = _figures(by_register)
        _print(title, by_register, time.perf_counter() - begun)
    if options.record:
        workbench.record("false_alerts", figures, options.note)
    return 0


def _ask(reference: Path, register: str, kind: str, held: Snapshot, part: int) -> Answers:
    names = dict(list(enumerate(register_names(reference, register)))[::part])
    listed = names.keys() & label_numbers(register)
    alerts: list[Alert] = []
    misses: list[str] = []
    progress = workbench.Progress(register, len(names))
    for number, name in names.items():
        decision = screen(workbench.named_order(name, kind), held, workbench.TERMS)
        if number in listed and decision.outcome == "clear":
            misses.append(name)
        elif number not in listed and decision.outcome in workbench.STOPPED:
            alerts.append(Alert(name, decision.outcome, orjson.loads(decision.value)["findings"]))
        progress.step()
    return Answers(len(names) - len(listed), alerts, len(listed), misses)


def _figures(by_register: dict[str, Answers]) -> dict[str, Any]:
    answers = list(by_register.values())
    alerts = [alert for answer in answers for alert in answer.alerts]
    clean = sum(answer.clean for answer in answers)
    return {
        "clean": clean,
        "stopped": len(alerts),
        "share": round(len(alerts) / clean, 6),
        "listed": sum(answer.listed for answer in answers),
        "listed_cleared": sum(len(answer.misses) for answer in answers),
        "outcomes": dict(Counter(alert.outcome for alert in alerts)),
        "codes": dict(_codes(alerts)),
        "registers": {name: round(len(row.alerts) / row.clean, 6) for name, row in by_register.items()},
    }


def _codes(alerts: Iterable[Alert]) -> Counter[str]:
    """In how many alerts each code occurs."""
    return Counter(code for alert in alerts for code in {row["code"] for row in alert.findings})


def _print(title: str, by_register: dict[str, Answers], seconds: float) -> None:
    rows = [*by_register.items()]
    if len(rows) > 1:
        rows.append(("all", _joined(by_register.values())))
    print(f"false alerts, {title}; target at most {SHARE_TARGET:.1%} of clean names; {seconds:.0f} s")
    workbench.table(
        ["register", "clean", "stopped", "share", "review", "block", "listed", "listed but clear"],
        [_row(name, answers) for name, answers in rows],
    )
    joined = rows[-1][1]
    workbench.table(["finding", "alerts"], _codes(joined.alerts).most_common())
    _print_examples(joined.alerts)
    for name in joined.misses[:MISSES_PRINTED]:
        print(f"    listed but clear: {name}")
    print()


def _row(name: str, answers: Answers) -> tuple[object, ...]:
    outcomes = Counter(alert.outcome for alert in answers.alerts)
    stopped = len(answers.alerts)
    share = f"{stopped / answers.clean:.3%}"
    counts = (outcomes["review"], outcomes["block"], answers.listed, len(answers.misses))
    return (name, answers.clean, stopped, share, *counts)


def _joined(answers: Iterable[Answers]) -> Answers:
    clean, listed = 0, 0
    alerts: list[Alert] = []
    misses: list[str] = []
    for row in answers:
        clean, listed = clean + row.clean, listed + row.listed
        alerts += row.alerts
        misses += row.misses
    return Answers(clean, alerts, listed, misses)


def _print_examples(alerts: Sequence[Alert]) -> None:
    print(f"the {CAUSES_PRINTED} commonest causes:")
    causes = Counter(cause for alert in alerts for cause in alert.causes())
    for cause, count in causes.most_common(CAUSES_PRINTED):
        print(f"    {count:>5}  {cause}")
    print(f"{ALERTS_PRINTED} alerts at random:")
    draw = random.Random(SEED)  # noqa: S311  no secret
    for alert in draw.sample(alerts, min(ALERTS_PRINTED, len(alerts))):
        print(f"    {alert.outcome}: {alert.name} <- {min(alert.causes(), default='no finding')}")


if __name__ == "__main__":
    sys.exit(main())
