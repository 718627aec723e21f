"""What else is known of a party -> how it bears on a name that is like a listed one.

A country, an address or an identifier that agrees with the entry's adds evidence and lifts the score. One that differs
lowers the score a little, so that the queue is in a better order, and never below the threshold: more data about a
party hides no hit. The numbers are in `[alert]` of `rules/matching.toml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.model import ListEntry, Party, Snapshot
    from screener.protocols import Likeness
    from screener.rulings import Alert

IDENTIFIER_CHARS_MIN = 5


class Weighed(NamedTuple):
    """A likeness with all evidence: whether it is an alert, its score, and why."""

    alert: bool
    score: float
    reasons: tuple[str, ...]


def weigh(like: Likeness, party: Party, snapshot: Snapshot) -> Weighed:
    """Weigh what the party says of itself against the entry."""
    rule = snapshot.rules.alert
    entry = snapshot.entries[like.entry]
    agreeing = list(_agreeing(party, entry, like.entry, snapshot, rule))
    bits = like.bits + sum(bits for _, bits in agreeing)
    score = like.value
    for _, added in agreeing:
        score += (1.0 - score) * added / (added + rule.lift_bits)
    reasons = [reason for reason, _ in agreeing]
    if party.country and entry.countries and party.country not in entry.countries:
        score = max(min(score, like.value_min), score - rule.country_differs)
        reasons.append("another country")
    least = rule.person_bits_min if like.person else rule.other_bits_min
    return Weighed(bits >= least, round(score, 4), (*like.reasons, *reasons))


def _agreeing(
    party: Party, entry: ListEntry, number: int, snapshot: Snapshot, rule: Alert
) -> Iterator[tuple[str, float]]:
    """What agrees, each with the bits that it adds."""
    if party.country and party.country in entry.countries:
        yield "same country", rule.country_bits
    if party.address and entry.addresses:
        share = snapshot.premises.corroborates(party.address, number)
        if share > 0.0:
            yield "same address", rule.address_bits * share
    if party.identifiers and entry.identifiers:
        own = {bare for value in party.identifiers.values() if len(bare := _bare(value)) >= IDENTIFIER_CHARS_MIN}
        if any(_holds(listed, one) for listed in map(_bare, entry.identifiers) for one in own):
            yield "same identifier", rule.identifier_bits


def _holds(listed: str, own: str) -> bool:
    """Whether an identifier with a digit stands in a listed one ("Passport, 715502986, RU"), no part of a number."""
    if not any(map(str.isdigit, own)):
        return False
    at = listed.find(own)
    while at >= 0:
        within = own[0].isdigit() and listed[at - 1 : at].isdigit()
        if not within and not (own[-1].isdigit() and listed[at + len(own) : at + len(own) + 1].isdigit()):
            return True
        at = listed.find(own, at + 1)
    return False


def _bare(identifier: str) -> str:
    return "".join(character for character in identifier.casefold() if character.isalnum())
