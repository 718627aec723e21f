"""Signs in an order that need a person even where no listed name was found.

So far those that could hide a name from the matcher: letters of two scripts mixed in one word, a name without a letter
or digit, and a mark that has a name shown backwards. Each is a finding of its own; none decides alone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from screener.core.readings import decoded
from screener.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.model import Order, Snapshot
    from screener.rulings import FindingRule

_PLAIN = re.compile("[A-Za-z0-9]")  # of a name with one of these the fold leaves something
_OVERRIDES = re.compile("[\u202d\u202e]")  # what follows is shown from one side, whatever its script
_LOOK_ALIKES = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def redflags(order: Order, snapshot: Snapshot) -> list[Finding]:
    """The red flags of an order's party names."""
    rule = snapshot.rules.findings["flag"]
    findings: list[Finding] = []
    for number, party in enumerate(order.parties):
        for field, name in party.names():
            read = decoded(name)
            if not (read.isascii() and _PLAIN.search(read)):
                findings.extend(_flag(code, rule, number, field, name) for code in _codes(read, snapshot))
    return findings


def _codes(name: str, snapshot: Snapshot) -> Iterator[str]:
    if name.strip() and not snapshot.fold(name):
        yield "NAME_UNREADABLE"
    if not name.isascii() and any(_mixed(word) for word in name.split()):
        yield "NAME_MIXED_SCRIPTS"
    if _OVERRIDES.search(name):
        yield "NAME_DIRECTION_OVERRIDE"


def _mixed(word: str) -> bool:
    """Whether letters of look-alike scripts stand in one word."""
    plain = unicodedata.normalize("NFKC", word)  # a full-width letter is a letter of its script
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in plain if letter.isalpha()}
    return len(scripts.intersection(_LOOK_ALIKES)) > 1


def _flag(code: str, rule: FindingRule, party: int, field: str, name: str) -> Finding:
    evidence = {"party": party, "field": field, "span": [0, len(name)], "text": name}
    return Finding("red_flag", code, "review", rule.priority, evidence)
