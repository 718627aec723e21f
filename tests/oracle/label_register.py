"""Label the names of a public register: which are listed names, by the reference fold alone.

    python tests/oracle/label_register.py REFERENCE_DIR oui > tests/cases/oui_listed.csv

The registers are `oui` (electronics makers), `sec` (companies that report to the SEC), `uk` (companies that sponsor
workers) and `person_negatives` (invented people of many cultures). `number` counts a register's distinct names in file
order from 0; a name that is not in the label file is truly clean. The names themselves are not kept, only their
SHA-256. A person is listed when the name, given or family name first, folds like the name of a listed person; a row
without a type may be a person.

The labels stand before any tuning of the matcher, and with the legal forms of that day: the files count, not what this
command gives with later forms.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.oracle.fold import reference_fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LISTS = "lists/consolidated_2026-07-31.csv.gz"
OUI = "names/ieee_oui_2026-03-16.csv.gz"
SEC = "names/sec_company_tickers.json.gz"
UK = "names/uk_sponsors_2015.txt.gz"
PERSON_NEGATIVES = "names/person_negatives_global.csv.gz"
LABELS = Path(__file__).parents[1] / "cases"
NOT_A_PERSON = frozenset(["Entity", "Vessel", "Aircraft"])

Named = dict[str, tuple[str, ...]]  # a register's name -> the ways to write it


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a gzipped CSV."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _as_written(names: Sequence[str]) -> Named:
    return {name: (name,) for name in names}


def _oui(reference: Path) -> Named:
    return _as_written([row["Organization Name"] for row in rows(reference / OUI)])


def _sec(reference: Path) -> Named:
    with gzip.open(reference / SEC, "rt", encoding="utf-8") as file:
        return _as_written([company["title"] for company in json.load(file).values()])


def _uk(reference: Path) -> Named:
    with gzip.open(reference / UK, "rt", encoding="utf-8") as file:
        return _as_written([name for line in file if (name := line.strip())])


def _person_negatives(reference: Path) -> Named:
    named: Named = {}
    for row in rows(reference / PERSON_NEGATIVES):
        given = f"{row['first_name']} {row['middle_name']}"
        ways = (row["full_name"], f"{given} {row['last_name']}", f"{row['last_name']} {given}")
        named[row["full_name"]] = (*named.get(row["full_name"], ()), *ways)
    return named


REGISTERS: dict[str, Callable[[Path], Named]] = {
    "oui": _oui,
    "sec": _sec,
    "uk": _uk,
    "person_negatives": _person_negatives,
}


def register_names(reference: Path, register: str) -> list[str]:
    """The distinct names of a register, in file order."""
    return list(REGISTERS[register](reference))


def label_numbers(register: str) -> set[int]:
    """The numbers of a register's listed names, as they were labelled."""
    with (LABELS / f"{register}_listed.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["number"]) for row in csv.DictReader(file)}


def listed_folds(reference: Path, *, persons: bool) -> dict[str, set[str]]:
    """Reference fold of every listed name (of those that may be a person's) -> the lists that have it."""
    folds: dict[str, set[str]] = {}
    for row in rows(reference / LISTS):
        if persons and row["type"] in NOT_A_PERSON:
            continue
        code = re.search(r"\(([A-Z-]+)( List)?\)", row["source"])
        for name in [row["name"], *row["alt_names"].split("; ")]:
            fold = reference_fold(re.sub(r"^and ", "", name.strip()))
            if fold and code:
                folds.setdefault(fold, set()).add(code.group(1))
    return folds


def main() -> None:
    """Write the label file to standard output."""
    reference, register = Path(sys.argv[1]), sys.argv[2]
    folds = listed_folds(reference, persons=register == "person_negatives")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["number", "name_sha256", "lists"])
    for number, (name, ways) in enumerate(REGISTERS[register](reference).items()):
        lists = set[str]().union(*(folds.get(reference_fold(way), ()) for way in dict.fromkeys(ways)))
        if lists:
            out.writerow([number, hashlib.sha256(name.encode()).hexdigest()[:16], ";".join(sorted(lists))])


if __name__ == "__main__":
    main()
