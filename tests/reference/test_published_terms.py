"""The published lists: how many requirements and review policies are understood word by word."""

import csv
import gzip

import pytest

from screener.lists import rules
from screener.lists.license_terms import Reader

READER = Reader(rules.read_tables())


@pytest.mark.parametrize(
    ("file", "entries", "military", "not_understood_max"),
    [("consolidated_2026-07-31.csv.gz", 3_420, 70, 2), ("consolidated_2022-05-16.csv.gz", 2_001, 71, 10)],
)
def test_published_terms_are_understood(reference_data, file, entries, military, not_understood_max):
    """Of the Entity List at least 97 percent are understood, in full, and all of the Military End User List."""
    with gzip.open(reference_data / "lists" / file, "rt", encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["source"].startswith(("Entity List", "Military End"))]
    read = [(row["source"][:6], READER.read(row["license_requirement"], row["license_policy"])) for row in rows]
    unlike = {source: [terms for of, terms in read if of == source and terms.unparsed] for source, _ in read}
    assert {source: sum(of == source for of, _ in read) for source in unlike} == {"Entity": entries, "Milita": military}
    assert len(unlike["Entity"]) <= not_understood_max <= entries * 0.03
    assert unlike["Milita"] == []
