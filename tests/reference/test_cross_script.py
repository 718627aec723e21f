"""Labelled pairs of names across scripts: what is read from one is near to the other."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

from screener.core.fold import glue, words
from screener.core.scripts import Reader
from screener.lists import rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EDITS_MAX = 1
EDITS_PER_LETTERS = 8
"""One edit, and one more for each so many letters of the expected name."""

OTHERWISE_APART = {"Rotenberg", "Zelenskyy", "Serej"}
"""Words of labelled names that differ by more than the script: a patronymic, a misspelling."""

READ = Reader(rules.read_tables()["scripts"])


def glued(text: str) -> str:
    return glue(" ".join(words(text)))


def words_sorted(text: str) -> str:
    return " ".join(sorted(words(text)))


def edits(one: str, two: str) -> int:
    """Letters to add, drop or change."""
    row = list(range(len(two) + 1))
    for at, letter in enumerate(one, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(two, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (letter != other))
    return row[-1]


def far(read: str, expected: str) -> bool:
    """Whether no reading of a name is near to the expected one, in its order of words or sorted."""
    allowed = EDITS_MAX + len(glued(expected)) // EDITS_PER_LETTERS
    return all(
        edits(glued(reading), glued(expected)) > allowed
        and edits(words_sorted(reading), words_sorted(expected)) > allowed
        for reading in READ(read)
    )


def across(folder: Path) -> Iterator[tuple[str, str]]:
    """Pairs of cross_script_pairs.csv: a name in another script, the same in Latin letters."""
    with (folder / "matching" / "cross_script_pairs.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader(line for line in file if line.strip() and not line.startswith("#")):
            yield row[0], row[1]


def labelled(folder: Path) -> Iterator[tuple[str, str]]:
    """True pairs of name_pairs.csv of which one name has readings and the other has none."""
    with (folder / "matching" / "name_pairs.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            one, two = row["name1"], row["name2"]
            if row["is_match"] == "true" and bool(READ(one)) != bool(READ(two)):
                yield (one, two) if READ(one) else (two, one)


def test_every_cross_script_pair_is_near(reference_data: Path) -> None:
    """Each of the pairs has a reading within few edits of the Latin name."""
    pairs = list(across(reference_data))
    assert len(pairs) > 20
    assert [pair for pair in pairs if far(*pair)] == []


def test_labelled_pairs_across_scripts_are_near(reference_data: Path) -> None:
    """So is each of the labelled pairs, but for those whose names differ by a patronymic or a misspelling too."""
    pairs = [pair for pair in labelled(reference_data) if OTHERWISE_APART.isdisjoint(pair[1].split())]
    assert len(pairs) >= 3
    assert [pair for pair in pairs if far(*pair)] == []


def test_names_of_people_have_readings(reference_data: Path) -> None:
    """Every synthetic name with a letter of another script has a reading, none in Latin letters has."""

    with gzip.open(reference_data / "names" / "person_negatives_global.csv.gz", "rt", encoding="utf-8") as file:
        names = [row["full_name"] for row in csv.DictReader(file)]
    without = [
        name for name in names if not READ(name) and any("\u0370" <= c <= "\ud7ff" and c.isalpha() for c in name)
    ]
    assert [name for name in without if not any("\u1e00" <= c <= "\u1eff" for c in name)] == []
    assert sum(map(bool, map(READ, names))) > 20_000
