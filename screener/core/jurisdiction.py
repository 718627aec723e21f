"""The profile that an order is judged under: what it does not adopt is for review instead of a stop.

Nothing is left out, and nothing becomes clear by a profile: goods of US origin stay subject to US rules wherever their
owner is. Lists that a company keeps itself count under every profile. A profile that the rules do not have adopts all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screener.model import Finding
    from screener.rulings import Jurisdiction, Rules

OUTSIDE = "OUTSIDE_PROFILE"
SAYS = "The profile that the order is judged under does not adopt what this rests on."


def adopted(findings: list[Finding], profile: str, rules: Rules) -> list[Finding]:
    """The findings as they count under a profile."""
    under = rules.jurisdictions.get(profile)
    if under is None or under.adopts_all:
        return findings
    return [finding if _counts(finding, under, rules) else _outside(finding) for finding in findings]


def unverified(profile: str, rules: Rules) -> str | None:
    """The profile as decisions name it that rest on it, where nobody confirmed it."""
    under = rules.jurisdictions.get(profile)
    return None if under is None or under.verified else f"PROFILE {profile}"


def _counts(finding: Finding, under: Jurisdiction, rules: Rules) -> bool:
    """Whether a stop is one under the profile; what is no stop counts as it is."""
    if finding.outcome != "block":
        return True
    if finding.type == "hit":
        code = finding.evidence["list"]
        return code not in rules.lists or under.lists is None or code in under.lists
    if finding.type == "affiliation":
        return under.regimes is None or finding.evidence["regime"] in under.regimes
    return under.rules is None or finding.code in under.rules


def _outside(finding: Finding) -> Finding:
    evidence = finding.evidence | {"scope": {"code": OUTSIDE, "says": SAYS}}
    return replace(finding, outcome="review", evidence=evidence, notes=(*finding.notes, OUTSIDE))
