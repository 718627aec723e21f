"""Findings and caveats -> one verdict: clear, review or block.

The join takes the sternest outcome, so that it is commutative, associative, idempotent and monotone: one more finding
never softens an order's answer. Quarantine is not decided here: an order that could not be read has no findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.model import Caveat, Finding, Outcome

STERNNESS: dict[Outcome, int] = {"clear": 0, "review": 1, "block": 2}


def route(findings: Iterable[Finding], caveats: Iterable[Caveat], notices: Sequence[str] = ()) -> Verdict:
    """Join what was found; `notices` are told among the reasons and change nothing."""
    ranked = sorted(findings, key=lambda finding: (-STERNNESS[finding.outcome], -finding.priority))
    outcome: Outcome = ranked[0].outcome if ranked else "clear"
    reasons = [finding.code for finding in ranked]
    priority = max((finding.priority for finding in ranked if finding.outcome == outcome), default=0)
    for caveat in caveats:
        reasons.append(caveat.code)
        if STERNNESS[outcome] < STERNNESS["review"]:
            outcome, priority = "review", max(priority, caveat.priority)
    return Verdict(outcome, priority, list(dict.fromkeys([*reasons, *notices])), ranked)


def sterner(verdicts: Iterable[Verdict]) -> Verdict:
    """The sternest of the verdicts of several days; of equal ones the last."""
    return max(reversed(list(verdicts)), key=lambda verdict: (STERNNESS[verdict.outcome], verdict.priority))
