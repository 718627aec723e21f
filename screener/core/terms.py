"""License terms: how an item's application is reviewed, several terms joined, and terms in words.

The join is the union of item scopes, each with the most restrictive policy that any of them has for it: pointwise the
maximum over the tree of scopes. So it is commutative, associative and idempotent, and one more never softens any item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screener.licensing import ALL, CCL, ECCN, NOT_REQUIRED, UNKNOWN, LicenseTerms, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from screener.licensing import LicenseRules

MOST_RESTRICTIVE = LicenseTerms((Term(ALL, UNKNOWN),))
NOTHING = LicenseTerms((Term(ALL, NOT_REQUIRED),))


def line(scope: str, rules: LicenseRules) -> Iterator[str]:
    """A scope, the one above it, and so on up to all items; one that is not known is below all items."""
    yield scope
    while scope != ALL:
        scope = _parent(scope, rules)
        yield scope


def _parent(scope: str, rules: LicenseRules) -> str:
    if scope.startswith(ECCN):
        head, dot, _ = scope.rpartition(".")
        return head if dot else rules.scope_of_eccn.get(scope.removeprefix(ECCN), CCL)
    rule = rules.scopes.get(scope)
    return rule.parent if rule else ALL


def policy_of(terms: LicenseTerms, scope: str, rules: LicenseRules) -> str:
    """How applications for a scope are reviewed: as the nearest scope above it that something is said of."""
    return _policy(dict(terms.terms), scope, rules)


def _policy(said: Mapping[str, str], scope: str, rules: LicenseRules) -> str:
    return next((said[one] for one in line(scope, rules) if one in said), UNKNOWN)


def rank(policy: str, rules: LicenseRules) -> int:
    """How restrictive a policy is; one that is not known as much as any."""
    return rules.ranks.get(policy, rules.ranks[UNKNOWN])


def join(many: Iterable[LicenseTerms], rules: LicenseRules) -> LicenseTerms:
    """The terms of all together; of none: no license."""
    given = list(dict.fromkeys(many))
    if len(given) == 1:
        return given[0]
    said = [dict(terms.terms) for terms in given]
    joined = {
        scope: max((_policy(one, scope, rules) for one in said), key=lambda policy: rank(policy, rules))
        for scope in {scope for one in said for scope in one} | {ALL}
        if given
    }
    return LicenseTerms(
        normal(joined or {ALL: NOT_REQUIRED}, rules),
        tuple(sorted({footnote for terms in given for footnote in terms.footnotes})),
        tuple(sorted({text for terms in given for text in terms.unparsed})),
    )


def normal(said: Mapping[str, str], rules: LicenseRules) -> tuple[Term, ...]:
    """Terms sorted, without scopes of which the same is said as of the one above them."""
    kept = dict(said)
    for scope in sorted(said, key=lambda scope: -sum(1 for _ in line(scope, rules))):
        if scope != ALL:
            policy = kept.pop(scope)
            if _policy(kept, _parent(scope, rules), rules) != policy:
                kept[scope] = policy
    return tuple(Term(scope, kept[scope]) for scope in sorted(kept, key=lambda scope: (scope != ALL, scope)))


def describe(terms: LicenseTerms, rules: LicenseRules) -> tuple[str, str]:
    """What a license is required for, and how applications are reviewed, as two texts."""
    said = dict(terms.terms)
    required = [scope for scope, policy in terms.terms if policy != NOT_REQUIRED]
    excepted = [scope for scope, policy in terms.terms if policy == NOT_REQUIRED and scope != ALL]
    if ALL in required:
        requirement = f"License required for {_scope(ALL, rules)}"
        requirement += f", except {_listed(excepted, rules)}" if excepted else ""
        first = [f"{_policy_says(said[ALL], rules)} for {_scope(ALL, rules)}"]
    else:
        requirement = f"License required for {_listed(required, rules)}" if required else "No license required"
        first = []
    others: dict[str, list[str]] = {}
    for scope in required:
        if scope != ALL:
            others.setdefault(said[scope], []).append(scope)
    ordered = sorted(others.items(), key=lambda row: -rank(row[0], rules))
    first += [f"{_policy_says(policy, rules)} for {_listed(scopes, rules)}" for policy, scopes in ordered]
    notes = [f"footnote {digit}: {rules.footnotes.get(digit, 'not known')}" for digit in terms.footnotes]
    return "; ".join([requirement, *notes]), "; ".join(first)


def _policy_says(policy: str, rules: LicenseRules) -> str:
    return rules.policy_says.get(policy, policy)


def _listed(scopes: Iterable[str], rules: LicenseRules) -> str:
    return ", ".join(_scope(scope, rules) for scope in scopes)


def _scope(scope: str, rules: LicenseRules) -> str:
    if scope.startswith(ECCN):
        return f"ECCN {scope.removeprefix(ECCN)}"
    rule = rules.scopes.get(scope)
    return rule.says if rule else scope
