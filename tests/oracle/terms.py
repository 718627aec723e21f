"""License terms the slow way: every scope that there is, and for each the most restrictive of all."""


def every_scope(many, rules):
    """All scopes of the rules, and all ECCNs that any of the terms names, with those above them."""
    eccns = {term.items for terms in many for term in terms.terms if term.items.startswith("eccn:")}
    eccns |= {code.rsplit(".", 1)[0] for code in eccns} | {"eccn:3A991", "eccn:9Z999", "eccn:1A004.c"}
    return sorted({*rules.scopes, *eccns})


def above(scope, rules):
    """The scopes from one up to all items."""
    found = [scope]
    while found[-1] != "all":
        here = found[-1]
        if here.startswith("eccn:"):
            code = here.removeprefix("eccn:")
            up = here.rsplit(".", 1)[0] if "." in code else rules.scope_of_eccn.get(code, "ccl")
        else:
            up = rules.scopes[here].parent
        found.append(up)
    return found


def policy(terms, scope, rules):
    """The policy of a scope: that of the first above it that is named."""
    said = dict(terms.terms)
    return next(said[one] for one in above(scope, rules) if one in said)


def strictest(many, scope, rules):
    """The rank of the most restrictive policy that any of the terms has for a scope."""
    return max(rules.ranks[policy(terms, scope, rules)] for terms in many)
