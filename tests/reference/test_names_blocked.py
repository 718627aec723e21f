"""Every name of every EL, MEU and SDN entry of a real edition, as an order's end user, stops the order.

Equal names stop it by themselves: here nothing is held against names that are like it, which would take minutes more.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from screener.core import screen
from screener.core.fold import glue
from screener.model import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.lists.build import Built
    from screener.model import Snapshot
    from screener.protocols import Likeness

TERMS = Terms(as_of="2026-08-01")
LISTS = ("EL", "MEU", "SDN")


def without_punctuation(name: str) -> str:
    return "".join(c for c in name if not unicodedata.category(c).startswith("P"))


def blanks_for_punctuation(name: str) -> str:
    return "".join(" " if unicodedata.category(c).startswith("P") else c for c in name)


def full_width(name: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in name)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as published": str,
    "in upper case": str.upper,
    "in lower case": str.lower,
    "without punctuation": without_punctuation,
    "with blanks for punctuation": blanks_for_punctuation,
    "with no-break spaces": lambda name: name.replace(" ", "\u00a0"),
    "in full-width letters": full_width,
    "with Company Limited for Co., Ltd.": lambda name: re.sub(r"Co\.?,? ?Ltd\.?", "Company Limited", name),
}


class NothingAlike:
    """No name is like any other."""

    def __call__(self, _found: list[str], _doubt: float = 0.0) -> list[Likeness]:
        return []

    def read(self, _text: str) -> tuple[str, ...]:
        return ()


@pytest.fixture(scope="module")
def real(edition: Built) -> Snapshot:
    return replace(edition.snapshot, similar=NothingAlike())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_primary_name_and_strong_alias_is_blocked_with_its_entry(real: Snapshot, spelling: str) -> None:
    """The decision is block and names the entry; a name that several entries share names them all."""
    spell = SPELLINGS[spelling]
    missed, tried = [], 0
    for entry in real.listings:
        if entry.list not in LISTS:
            continue
        for alias in entry.aliases:
            if alias.primary or alias.quality == "strong":
                tried += 1
                order = {"order_id": "O-1", "parties": [{"role": "end_user", "name": spell(alias.name)}]}
                decision = screen(orjson.dumps(order), real, TERMS)
                if decision.outcome != "block" or f'"{entry.entry_id}"'.encode() not in decision.value:
                    missed.append((entry.list, alias.name, decision.outcome))
    assert missed == []
    assert tried > 50_000


def test_shared_names_name_all_their_entries(real: Snapshot) -> None:
    """An order that uses a name of several entries carries a finding for each of them."""
    bearers: dict[str, dict[str, str]] = {}
    for entry in real.listings:
        for alias in entry.aliases:
            bearers.setdefault(glue(real.fold(alias.name)), {})[entry.entry_id] = alias.name
    shared = [named for named in bearers.values() if len(named) > 1]
    assert len(shared) > 2_000
    for named in shared:
        for name in set(named.values()):
            order = orjson.dumps({"order_id": "O-1", "parties": [{"role": "end_user", "name": name}]})
            findings = orjson.loads(screen(order, real, TERMS).value)["findings"]
            assert named.keys() <= {finding.get("entry_id") for finding in findings}
