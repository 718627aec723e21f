"""The labels of the registers: made before any tuning, and about the names that are there."""

from __future__ import annotations

import csv
import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.oracle.label_register import LABELS, REGISTERS, label_numbers, register_names

if TYPE_CHECKING:
    from pathlib import Path

LISTED = {"oui": 165, "sec": 21, "uk": 47, "person_negatives": 26}


@pytest.mark.parametrize("register", REGISTERS)
def test_labels_are_as_they_were_made(register: str) -> None:
    """Each register has as many listed names as when it was labelled, none of them twice."""
    assert len(label_numbers(register)) == LISTED[register]


@pytest.mark.parametrize("register", REGISTERS)
def test_labels_name_the_names_of_the_register(register: str, reference_data: Path) -> None:
    """The name at a label's number is the one that was labelled."""
    names = register_names(reference_data, register)
    with (LABELS / f"{register}_listed.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = names[int(row["number"])]
            assert hashlib.sha256(name.encode()).hexdigest()[:16] == row["name_sha256"]
