"""What a mere rewording of entries changes: nothing, it should.

    python benchmarks/rename.py [--reference DIR] [--record] [--part 1]

Between the Entity List's editions of 2025-11-08 and 2026-07-31 some entries were only worded anew: places after the
name left out, quotes put in. An old entry that is gone is paired with a new one that was not there when the letters of
the old name begin with those of the new. The edition of 2026-07-31 is screened with the new wordings and with the old
ones put back, by one set of orders: both wordings, misspelt forms of both (treatments.py), and names of a register.
Each order must get the same outcome from both; those that do not are printed, with the findings.
"""

from __future__ import annotations

import gzip
import random
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import workbench
from benchmarks.treatments import NO_BREAK_SPACE, SEED, TREATMENTS, variants
from screener.core import screen
from tests.oracle.label_register import register_names, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.model import Decision, Snapshot

OLD_LIST = "lists/entity_list_2025-11-08.json.gz"
ENTITY_LIST = "Entity List (EL)"
REGISTER = "oui"
REGISTER_NAMES = 2_000
KINDS = ("", "organization")
DIFFERENCES_PRINTED = 40


class Wording(NamedTuple):
    """An entry that was worded anew: names with aliases, each as its file has them."""

    old: str
    new: str
    old_aliases: str


class Difference(NamedTuple):
    """An order that the two wordings answer otherwise."""

    source: str
    name: str
    kind: str
    old: Decision
    new: Decision


def main() -> int:
    """Build both snapshots, screen, compare, print and record."""
    options = workbench.in_part(__doc__)
    if options.reference is None:
        return workbench.skipped("rename")
    wordings = reworded(options.reference)
    new = workbench.edition(options.reference)
    old = _with_old_wordings(options.reference, wordings)
    asked, differences = _compare(islice(_orders(options.reference, wordings), 0, None, options.part), old, new)
    unlike = Counter(difference.source for difference in differences)
    print(f"{len(wordings)} entries worded anew; each order screened with the old wordings and with the new")
    workbench.table(["orders of", "asked", "other outcome"], [(row, asked[row], unlike[row]) for row in asked])
    _print(differences)
    if options.record:
        by_source = {source: {"asked": asked[source], "other_outcome": unlike[source]} for source in asked}
        workbench.record("rename", {"entries": len(wordings), "part": options.part, "rows": by_source}, options.note)
    return 0


def reworded(reference: Path) -> list[Wording]:
    """Entries of the Entity List that have another wording, and nothing else, in the later edition."""
    with gzip.open(reference / OLD_LIST) as file:
        old = {row["name"]: row for row in orjson.loads(file.read())["entities"]}
    new = {row["name"] for row in rows(reference / workbench.LISTS) if row["source"].startswith(ENTITY_LIST)}
    found: list[Wording] = []
    for name in (name for name in old if name not in new):
        begun = [later for later in new - old.keys() if _letters(name).startswith(_letters(later))]
        if begun:
            found.append(Wording(name, max(begun, key=len), "; ".join(old[name]["alternateNames"])))
    return found


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _with_old_wordings(reference: Path, wordings: Sequence[Wording]) -> Snapshot:
    """The snapshot of the later edition in which the reworded entries have their names and aliases of before."""
    before = {wording.new: wording for wording in wordings}
    held = rows(reference / workbench.LISTS)
    for row in held:
        wording = before.get(row["name"]) if row["source"].startswith(ENTITY_LIST) else None
        if wording:
            row |= {"name": wording.old, "alt_names": wording.old_aliases}
    return workbench.edition_of(held, held[0])


def _orders(reference: Path, wordings: Sequence[Wording]) -> Iterator[tuple[str, str]]:
    """Each name to order for, with where it is from."""
    for wording in wordings:
        yield "old wordings", wording.old
        yield "new wordings", wording.new
        for source, name in (("old wordings, misspelt", wording.old), ("new wordings, misspelt", wording.new)):
            for treatment in TREATMENTS:
                yield from ((source, form) for form in variants(name, treatment))
    names = register_names(reference, REGISTER)
    yield from (("register", name) for name in names[:: len(names) // REGISTER_NAMES][:REGISTER_NAMES])


def _compare(orders: Iterator[tuple[str, str]], old: Snapshot, new: Snapshot) -> tuple[Counter[str], list[Difference]]:
    """How many orders of each source were asked, and those with another outcome."""
    asked: Counter[str] = Counter()
    differences: list[Difference] = []
    for source, name in orders:
        for kind in KINDS:
            asked[source] += 1
            order = workbench.named_order(name, kind)
            answers = [screen(order, held, workbench.TERMS) for held in (old, new)]
            if answers[0].outcome != answers[1].outcome:
                differences.append(Difference(source, name, kind, *answers))
    return asked, differences


def _print(differences: Sequence[Difference]) -> None:
    draw = random.Random(SEED)  # noqa: S311  no secret
    for difference in draw.sample(differences, min(DIFFERENCES_PRINTED, len(differences))):
        print(f"    {difference.name.replace(NO_BREAK_SPACE, '~')} [{difference.kind or 'no kind'}]")
        for title, decision in (("old", difference.old), ("new", difference.new)):
            findings = orjson.loads(decision.value)["findings"]
            told = [f"{row['code']} {row.get('score')} {row.get('alias', '')}" for row in findings[:2]]
            print(f"        {title}: {decision.outcome} {'; '.join(told)}".rstrip())
    if len(differences) > DIFFERENCES_PRINTED:
        print(f"    and {len(differences) - DIFFERENCES_PRINTED} more")
    print()


if __name__ == "__main__":
    sys.exit(main())
