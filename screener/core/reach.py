"""Whether an entry's requirement reaches an order: by the party's role, and by what the items are.

An order is inside where one item surely is, or where it shows no item at all. What is not said leaves it open, and
names the field that would settle it. Nothing but what the order shows takes it outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from screener.core.terms import policy_of
from screener.licensing import ALL, CCL, ECCN, NOT_REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.licensing import LicenseRules, LicenseTerms
    from screener.model import Facts, Order
    from screener.rulings import Rules

EAR99 = "ear99"


class Reach(NamedTuple):
    """`inside`, or why not: a code, and what would have settled it."""

    inside: bool
    code: str = ""
    missing: tuple[str, ...] = ()


INSIDE = Reach(inside=True)
SAYS = {
    "ROLE_OUTSIDE": "the party's role is none of those that the requirement binds",
    "ITEMS_OUTSIDE": "the requirement does not cover the items as the order classifies them",
    "NOT_SUBJECT_TO_EAR": "the order says that no item is subject to the EAR",
    "ITEMS_UNCLEAR": "whether the requirement covers the items depends on what the order does not say",
    "CONDITION_UNCLEAR": "the requirement depends on a condition that an order can't show, such as a named project",
}
"""Code -> what it says, for the evidence of a finding."""


def reach(role: str, terms: LicenseTerms, order: Order, rules: Rules) -> Reach:
    """Whether terms reach an order in which a party in this role bears them."""
    if role.strip().lower() in rules.orders.roles_free:
        return Reach(inside=False, code="ROLE_OUTSIDE")
    if not order.items:
        return INSIDE
    said = [_of_item(item, terms, rules.licenses) for item in order.items]
    if "inside" in said:
        return INSIDE
    if "unclear" in said:
        missing = (f"items[{number}].eccn" for number, one in enumerate(said) if one == "unclear")
        return Reach(inside=False, code="ITEMS_UNCLEAR", missing=tuple(missing))
    if "condition" in said:
        return Reach(inside=False, code="CONDITION_UNCLEAR", missing=("end_use",) if not order.end_use else ())
    subject = any(item.get("subject_to_ear") is not False for item in order.items)
    return Reach(inside=False, code="ITEMS_OUTSIDE" if subject else "NOT_SUBJECT_TO_EAR")


def _of_item(
    item: Facts, terms: LicenseTerms, rules: LicenseRules
) -> Literal["inside", "outside", "unclear", "condition"]:
    if item.get("subject_to_ear") is False:
        return "outside"
    conditional = any(
        policy != NOT_REQUIRED and scope in rules.scopes and rules.scopes[scope].condition
        for scope, policy in terms.terms
    )
    eccn = "".join((item.get("eccn") or "").upper().split())
    if eccn:
        needed = policy_of(terms, EAR99 if eccn == "EAR99" else f"{ECCN}{eccn}", rules) != NOT_REQUIRED
        return "inside" if needed else "condition" if conditional else "outside"
    asked = list(_policies_of_items(terms, rules))
    if NOT_REQUIRED not in asked:
        return "inside"
    return "unclear" if any(policy != NOT_REQUIRED for policy in asked) else "condition"


def _policies_of_items(terms: LicenseTerms, rules: LicenseRules) -> Iterator[str]:
    """The policies of all scopes that an item's classification could put it into."""
    named = {scope for scope, _ in terms.terms if scope not in rules.scopes or not rules.scopes[scope].condition}
    for scope in sorted((named | {EAR99, CCL}) - {ALL}):
        yield policy_of(terms, scope, rules)
