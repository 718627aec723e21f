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
    told = sorted(caveats, key=lambda caveat: -caveat.priority)
    weights: list[tuple[Outcome, int]] = [(finding.outcome, finding.priority) for finding in ranked]
    weights += [("review", caveat.priority) for caveat in told]
    outcome, priority = max(weights, key=lambda weight: (STERNNESS[weight[0]], weight[1]), default=("clear", 0))
    codes = [finding.code for finding in ranked] + [caveat.code for caveat in told]
    return Verdict(outcome, priority, list(dict.fromkeys([*codes, *notices])), ranked)


def sterner(verdicts: Iterable[Verdict]) -> Verdict:
    """The sternest of the verdicts of several days; of equal ones the last."""
    return max(reversed(list(verdicts)), key=lambda verdict: (STERNNESS[verdict.outcome], verdict.priority))
