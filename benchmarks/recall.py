"""How many listed people are found when their names come misspelt.

    python benchmarks/recall.py [--reference DIR] [--record]

People of the UN's list are loaded as a private list, and each is ordered for by name: as written, and treated in the
ways of treatments.py. A person is found when the answer is review or block with a finding on that person's entry, or on
an entry of a person with the same words in the name. Asked with the kind "person" and without a kind.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from benchmarks.treatments import NO_BREAK_SPACE, SEED, TREATMENTS, variants
from screener.core import screen
from screener.lists import build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.model import Snapshot

PEOPLE = "matching/un_positives_untreated.csv"
LIST = "UN"
UNTREATED = "untreated"
UNTREATED_TARGET = 0.99
TREATED_TARGET = 0.96
MISSES_PRINTED = 10
WITHOUT_KIND = "without a kind"
KINDS = {"person": "person", WITHOUT_KIND: ""}


class Miss(NamedTuple):
    """A form of a name that did not find its person."""

    name: str
    form: str
    answer: str


def main() -> int:
    """Load the people, ask for each, print and record."""
    options = workbench.options(__doc__)
    if options.reference is None:
        return workbench.skipped("recall")
    with (options.reference / PEOPLE).open(encoding="utf-8-sig", newline="") as file:
        names = list(dict.fromkeys(row["full_name"].strip() for row in csv.DictReader(file)))
    held = snapshot_of(names)
    figures: dict[str, Any] = {"people": len(names), "seed": SEED}
    for title, kind in KINDS.items():
        asked, misses = ask_all(names, kind, held)
        figures[title] = _figures(asked, misses)
        _print(title, figures[title], misses if kind else {})
    if options.record:
        workbench.record("recall", figures, options.note)
    return 0


def snapshot_of(names: Sequence[str]) -> Snapshot:
    """A snapshot of one private list of people."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["name", "list", "kind"])
            out.writerows((name, LIST, "person") for name in names)
        return build.build(build.Inputs(private=[path])).snapshot


def forms(name: str) -> Iterator[tuple[str, str]]:
    """Every treatment with each of its forms of a name; the name itself first."""
    yield UNTREATED, name
    for treatment in TREATMENTS:
        for form in variants(name, treatment):
            yield treatment, form


def ask_all(names: Sequence[str], kind: str, held: Snapshot) -> tuple[dict[str, int], dict[str, list[Miss]]]:
    """How often each treatment was asked, and what was not found."""
    asked: dict[str, int] = defaultdict(int)
    misses: dict[str, list[Miss]] = defaultdict(list)
    for name in names:
        for treatment, form in forms(name):
            asked[treatment] += 1
            decision = screen(workbench.named_order(form, kind), held, workbench.TERMS)
            if decision.outcome not in workbench.STOPPED or _words(name) not in _found(decision.value):
                misses[treatment].append(Miss(name, form, ", ".join([decision.outcome, *decision.reasons])))
    return asked, misses


def _found(value: bytes) -> set[tuple[str, ...]]:
    findings = orjson.loads(value)["findings"]
    return {_words(finding["entry_name"]) for finding in findings if "entry_name" in finding}


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(name.casefold().split()))


def _figures(asked: dict[str, int], misses: dict[str, list[Miss]]) -> dict[str, Any]:
    rows = {
        name: {"asked": asked[name], "found": asked[name] - len(misses.get(name, ()))}
        for name in (UNTREATED, *TREATMENTS)
    }
    treated = [row for name, row in rows.items() if name != UNTREATED]
    rows["all treated"] = {key: sum(row[key] for row in treated) for key in ("asked", "found")}
    return {name: row | {"recall": round(row["found"] / max(1, row["asked"]), 4)} for name, row in rows.items()}


def _print(title: str, rows: dict[str, Any], misses: dict[str, list[Miss]]) -> None:
    print(f"recall, {title}; target {UNTREATED_TARGET:.0%} untreated, {TREATED_TARGET:.0%} treated")
    workbench.table(
        ["treatment", "asked", "found", "recall"],
        [(name, row["asked"], row["found"], f"{row['recall']:.2%}") for name, row in rows.items()],
    )
    draw = random.Random(SEED)  # noqa: S311  no secret
    for treatment, missed in misses.items():
        print(f"missed, {treatment}:")
        for miss in draw.sample(missed, min(MISSES_PRINTED, len(missed))):
            print(f"    {miss.name} | {miss.form.replace(NO_BREAK_SPACE, '~')} | {miss.answer}")
    print()


if __name__ == "__main__":
    sys.exit(main())
