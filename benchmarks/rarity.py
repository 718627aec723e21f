"""How rare the words of names are: public registers -> `screener/rules/rarity.toml`.

    python benchmarks/rarity.py REFERENCE_DIR > screener/rules/rarity.toml

Counts, for each word, the share of names that hold it; every register has the same weight, however long it is, so that
none dominates. Words are folded, and read as the canonical ones of `name_words.toml`. Bits are -log2 of the share,
rounded down. Only counts are taken over, no name. The same registers and word tables give the same file.

A word that many companies of one family bear ("Gazprom") is frequent in one register and says very much all the same.
So a word that no reviewed table knows as a plain word is as common as its second register says, and not its first.
It is run when the registers or the tables were changed on purpose, and then `VERSION` counts up: scores move with it.
"""

from __future__ import annotations

import csv
import gzip
import math
import sys
import textwrap
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from screener.core.fold import words
from screener.lists.word_tables import folded, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

VERSION = 1
BITS_MIN = 2
BITS_MAX = 13
SECOND_REGISTER_FACTOR = 2
"""How much commoner than in its second register an unreviewed word of organizations may be."""

LINE_CHARS_MAX = 116
RULES = Path(__file__).resolve().parents[1] / "screener" / "rules"
HEAD = f"""\
# How rare a word is in names: what it tells that two names share it. Bits are -log2 of the share of names that hold the
# word, rounded down; a word that is in no row has `bits_max`. Words are canonical ones of name_words.toml. Made from
# public registers by benchmarks/rarity.py, not from the lists that orders are screened against: a new edition of a
# list changes nothing here, and so moves no score. A new version of this file moves all scores, and says so.
# Organizations: makers of network devices (IEEE), companies traded in the US (SEC), sponsors in the UK (2015) and the
# entities of the Consolidated Screening List of 2026-07-31, one quarter each. Persons: 50,000 made-up people of many
# cultures and the individuals of that list, one half each. Legal forms, titles and particles are left out.

version = {VERSION}
bits_max = {BITS_MAX}
"""


def register(names: Iterable[Sequence[str]], canon: Mapping[str, str]) -> dict[str, float]:
    """Word -> share of the parties that bear it; a party with several names counts once, each name for a part of it."""
    shares: defaultdict[str, float] = defaultdict(float)
    parties = 0
    for party in names:
        parties += 1
        for name in party:
            for word in {canon.get(word, word) for word in words(name)}:
                shares[word] += 1 / len(party)
    return {word: share / parties for word, share in shares.items()}


def organizations(reference: Path) -> list[list[tuple[str, ...]]]:
    """The names of organizations by register."""
    names = reference / "names"
    tickers = orjson.loads(gzip.decompress((names / "sec_company_tickers.json.gz").read_bytes()))
    sponsors = gzip.decompress((names / "uk_sponsors_2015.txt.gz").read_bytes()).decode()
    return [
        single(row["Organization Name"] for row in rows(names / "ieee_oui_2026-03-16.csv.gz")),
        single(row["title"] for row in tickers.values()),
        single(sponsors.splitlines()),
        listed(reference, lambda kind: kind in {"Entity", ""}),
    ]


def persons(reference: Path) -> list[list[tuple[str, ...]]]:
    """The names of persons by register."""
    return [
        single(row["full_name"] for row in rows(reference / "names" / "person_negatives_global.csv.gz")),
        listed(reference, lambda kind: kind == "Individual"),
    ]


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a compressed CSV file."""
    before = csv.field_size_limit(1 << 24)  # of the whole process
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    finally:
        csv.field_size_limit(before)


def single(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Parties of one name each; a name that a register holds many times is one party."""
    return sorted({(name.strip(),) for name in names if words(name)})


def listed(reference: Path, wanted: Callable[[str], bool]) -> list[tuple[str, ...]]:
    """The parties of the consolidated list whose type is wanted, each with all its names."""
    found: set[tuple[str, ...]] = set()
    for row in rows(reference / "lists" / "consolidated_2026-07-31.csv.gz"):
        if wanted(row["type"]):
            names = (row["name"], *row["alt_names"].split(";"))
            found.add(tuple(sorted({name.strip() for name in names if words(name)})))
    return sorted(found)


def mean(registers: Sequence[Mapping[str, float]], known: frozenset[str] | None) -> dict[str, float]:
    """Word -> its share over all registers; where reviewed words are known, all others by their second register."""
    shares: dict[str, float] = {}
    for word in sorted(set().union(*registers)):
        each = sorted((found.get(word, 0.0) for found in registers), reverse=True)
        share = sum(each) / len(each)
        shares[word] = share if known is None or word in known else min(share, SECOND_REGISTER_FACTOR * each[1])
    return shares


def table(shares: Mapping[str, float], left_out: frozenset[str]) -> dict[int, list[str]]:
    """Bits -> words, for the words that are common enough to be listed."""
    found: dict[int, list[str]] = {bits: [] for bits in range(BITS_MIN, BITS_MAX)}
    for word, share in shares.items():
        bits = max(BITS_MIN, math.floor(-math.log2(share))) if share > 0 else BITS_MAX
        if bits < BITS_MAX and len(word) > 1 and not word.isdigit() and word not in left_out:
            found[bits].append(word)
    return found


def section(name: str, found: Mapping[int, Sequence[str]]) -> str:
    """One section of the file."""
    lines = [f"[{name}]"]
    for bits, listed_words in found.items():
        wrapped = textwrap.wrap(" ".join(listed_words), LINE_CHARS_MAX)
        lines += [f'{bits} = """', *(f"{line} \\" for line in wrapped), '"""'] if len(wrapped) > 1 else []
        lines += [f'{bits} = "{" ".join(wrapped)}"'] if len(wrapped) <= 1 else []
    return "\n".join(lines) + "\n"


def rarity(reference: Path) -> str:
    """The whole file."""
    tables = {
        name: tomllib.loads((RULES / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("name_words", "legal_forms", "common_words")
    }
    named = tables["name_words"]
    forms = [words(form) for each in tables["legal_forms"].values() for form in each["forms"]]
    legal = frozenset(form[0] for form in forms if len(form) == 1)
    canon = spellings(named["abbreviations"], named["numbers"], named["places"])
    common = [*tables["common_words"]["words"], *named["stop_words"]["words"], *canon.values(), *named["places"]]
    known = frozenset(canon.get(word, word) for word in folded(common)).union(*forms)
    variants = spellings(named["variants"], named["numbers"])
    small = folded([*named["honorifics"]["words"], *named["particles"]["words"]])
    stop = folded(named["stop_words"]["words"])
    organization = mean([register(names, canon) for names in organizations(reference)], known)
    person = mean([register(names, variants) for names in persons(reference)], None)
    parts = (section("organization", table(organization, legal | stop)), section("person", table(person, small)))
    return "\n".join((HEAD, *parts))


def main() -> int:
    """Print the file made from the reference data in the folder that the command line names."""
    if len(sys.argv) != 2:
        print("usage: python benchmarks/rarity.py REFERENCE_DIR > screener/rules/rarity.toml", file=sys.stderr)
        return 2
    print(rarity(Path(sys.argv[1])), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
