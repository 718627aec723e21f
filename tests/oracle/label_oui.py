"""Label the names of a public register of electronics makers: which are listed names, by the reference fold alone.

    python tests/oracle/label_oui.py REFERENCE_DIR > tests/cases/oui_listed.csv

The labels stand before any tuning of the matcher: `number` counts the register's distinct names in file order from 0;
a name that is not in the label file is truly clean. The names themselves are not kept, only their SHA-256.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.oracle.fold import reference_fold

REGISTER = "names/ieee_oui_2026-03-16.csv.gz"
LISTS = "lists/consolidated_2026-07-31.csv.gz"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a gzipped CSV."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def register_names(reference: Path) -> list[str]:
    """The distinct names, in file order."""
    return list(dict.fromkeys(row["Organization Name"] for row in rows(reference / REGISTER)))


def listed_folds(reference: Path) -> dict[str, set[str]]:
    """Reference fold of every listed name -> the lists that have it."""
    folds: dict[str, set[str]] = {}
    for row in rows(reference / LISTS):
        code = re.search(r"\(([A-Z-]+)( List)?\)", row["source"])
        for name in [row["name"], *row["alt_names"].split("; ")]:
            fold = reference_fold(re.sub(r"^and ", "", name.strip()))
            if fold and code:
                folds.setdefault(fold, set()).add(code.group(1))
    return folds


def main() -> None:
    """Write the label file to standard output."""
    reference = Path(sys.argv[1])
    folds = listed_folds(reference)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["number", "name_sha256", "lists"])
    for number, name in enumerate(register_names(reference)):
        lists = folds.get(reference_fold(name))
        if lists:
            out.writerow([number, hashlib.sha256(name.encode()).hexdigest()[:16], ";".join(sorted(lists))])


if __name__ == "__main__":
    main()
