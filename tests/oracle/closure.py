"""The slow closure: fractions of one, sets, and one pass over all holdings a step; nothing shared with the fast one."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTHING, WHOLE = Fraction(0), Fraction(1)
CONTROL = {"votes", "option", "trust", "control"}


class Held(NamedTuple):
    """One holding as stated: `low` and `high` as fractions of the whole, None where the share is not known."""

    owner: int
    owned: int
    low: Fraction | None
    high: Fraction | None
    source: str = ""
    share_class: str = ""
    kind: str = "equity"
    joint: str = ""

    @property
    def is_share(self):
        return self.kind in {"equity", "beneficial", "nominee"} and self.high != 0

    @property
    def holder(self):
        """Who holds: the owner, or a joint holding of which it is one of the owners."""
        return (self.owned, self.joint) if self.joint else self.owner


class Closed(NamedTuple):
    """Captured companies with their steps; the others with the numbers of the holdings that say so."""

    tier: dict[int, int]
    unknown: dict[int, list[int]]
    circular: dict[int, list[int]]
    minority: dict[int, list[int]]
    control: dict[int, list[int]]
    contradicting: set[int]


def close_slowly(holdings: Sequence[Held], listed: Iterable[int], share: Fraction) -> Closed:
    """Who is captured by `listed`, who could be, who is in a circle or below `share`, and by which holdings."""
    listed = set(listed)
    companies = _companies(holdings)
    tier = _captured(companies, listed, share, 0)
    possible = set(_captured(companies, listed, share, 1))
    circles = _circles({company: parts for company, parts in companies.items() if company not in listed})
    around = set(possible)
    while fresh := set().union(*(_net_owned(companies, circle, around, share) for circle in circles)) - around:
        around = set(_captured(companies, around | fresh, share, 1))
    controlling = _controlling(holdings, companies, possible, share)
    held_below = {held.owned for held in holdings if held.is_share and held.owner in around}
    flagged = set(_captured(companies, around | held_below, share, 1))
    levels = [("unknown", possible, possible - set(tier)), ("circular", around, around - possible)]
    levels.append(("minority", flagged, flagged - around))
    found = Closed(tier, {}, {}, {}, {}, set())
    said = set()
    for number, held in enumerate(holdings):
        if not held.is_share:
            if held.kind in CONTROL and held.owner in controlling and held.owned not in tier:
                found.control.setdefault(held.owned, []).append(number)
            continue
        if {held.owner, held.owned} <= controlling - possible:
            found.control.setdefault(held.owned, []).append(number)
            said.add(number)
        if held.owner in tier and held.owned in tier.keys() - listed:
            said.add(number)
        for name, owners, owned in levels:
            in_circle = name == "circular" and any({held.owner, held.owned} <= circle for circle in circles)
            if held.owned in owned and (held.owner in owners or in_circle):
                getattr(found, name).setdefault(held.owned, []).append(number)
                said.add(number)
    return found._replace(contradicting=said & _contradicting(holdings))


def _controlling(holdings, companies, possible, share):
    """Who could be captured, whom those control without shares, and what all of them own to `share` or control."""
    found = set(possible)
    while True:
        controlled = {held.owned for held in holdings if held.kind in CONTROL and held.owner in found}
        grown = set(_captured(companies, found | controlled, share, 1))
        if grown == found:
            return found
        found = grown


def _companies(holdings):
    """Company -> (its holders: (owners, least, most))."""
    by_company = {}
    for held in holdings:
        if held.is_share:
            by_company.setdefault(held.owned, {}).setdefault(held.holder, []).append(held)
    return {company: _parts(_without_nominees(holders)) for company, holders in by_company.items()}


def _without_nominees(holders):
    everyone = [held for stated in holders.values() for held in stated]
    return {
        holder: [held for held in stated if not any(_stands_for(other, held) for other in everyone)]
        for holder, stated in holders.items()
    }


def _stands_for(real, held):
    return (
        (held.kind, real.kind) == ("nominee", "beneficial")
        and real.owner != held.owner
        and None not in (real.low, real.high, held.low, held.high)
        and real.low >= held.low
        and real.high >= held.high
    )


def _parts(holders):
    least = {holder: _least(stated) for holder, stated in holders.items()}
    parts = {}
    for holder, stated in holders.items():
        most = max(_most(stated), least[holder])
        if any(held.high is None for held in stated):
            most = max(most, WHOLE - sum((part for other, part in least.items() if other != holder), NOTHING))
        owners = {held.owner for held in stated} if isinstance(holder, tuple) else {holder}
        parts[holder] = (owners, (least[holder], most))
    return parts


def _least(stated):
    """Classes of one source add up; the source that tells of the most counts."""
    sums = {}
    for source, share_class in {(held.source, held.share_class) for held in stated}:
        told = [held.low or NOTHING for held in stated if (held.source, held.share_class) == (source, share_class)]
        sums[source] = sums.get(source, NOTHING) + max(told)
    return max(sums.values(), default=NOTHING)


def _most(stated):
    """All classes that any source tells of add up."""
    classes = {held.share_class for held in stated}
    told = [max(held.high or NOTHING for held in stated if held.share_class == name) for name in classes]
    return min(WHOLE, sum(told, NOTHING))


def _captured(companies, listed, share, end):
    tier = dict.fromkeys(listed, 0)
    for step in range(1, len(companies) + 2):
        fresh = {
            company
            for company, parts in companies.items()
            if company not in tier
            and sum((ends[end] for owners, ends in parts.values() if not owners.isdisjoint(tier)), NOTHING) >= share
        }
        if not fresh:
            break
        tier |= dict.fromkeys(fresh, step)
    return tier


def _steps(companies):
    """(owner or joint holding, what it owns) -> the share; a joint holding is owned by each of its owners."""
    steps = {}
    for company, parts in companies.items():
        for holder, (owners, (_, most)) in parts.items():
            if most > 0:
                steps[holder, company] = most
                steps |= {(owner, holder): WHOLE for owner in owners if owner != holder}
    return steps


def _circles(companies):
    """Sets of those who own each other through others, and who own themselves."""
    steps = _steps(companies)
    reach = {
        node: {owned for owner, owned in steps if owner == node} for node in {node for step in steps for node in step}
    }
    for middle, beyond in reach.items():
        for owned in reach.values():
            owned.update(beyond if middle in owned else ())
    return {frozenset(other for other in reach[node] if node in reach[other]) for node in reach if node in reach[node]}


def _net_owned(companies, circle, around, share):
    """The companies of a circle of which those in `around` hold `share` net of it."""
    steps = _steps(companies)

    def inside(node):
        return node in around or (isinstance(node, tuple) and any((owner, node) in steps for owner in around))

    asked = [node for node in circle if not inside(node)]
    direct = {
        node: sum((part for (owner, owned), part in steps.items() if owned == node and inside(owner)), NOTHING)
        for node in asked
    }
    asked = sorted(_touched(asked, direct, steps), key=str)
    for size in range(len(asked) + 1):
        for full in combinations(asked, size):
            net = _balance(asked, set(full), direct, steps)
            if net is not None:
                return {node for node, part in net.items() if part >= share and not isinstance(node, tuple)}
    raise AssertionError("a circle has a net share")


def _touched(asked, direct, steps):
    touched = {node for node in asked if direct[node] > 0}
    for _ in asked:
        touched |= {owned for owner, owned in steps if owner in touched and owned in asked}
    return touched


def _balance(asked, full, direct, steps):
    """The shares with all of `full` held wholly, if they are what the owners' shares make of them; else None."""
    rest = [node for node in asked if node not in full]
    within = {step: part for step, part in steps.items() if set(step) <= set(asked)}
    equations = [
        [Fraction(int(node == other)) - within.get((other, node), NOTHING) for other in rest]
        + [direct[node] + sum((within.get((other, node), NOTHING) for other in full), NOTHING)]
        for node in rest
    ]
    solved = _solve(equations)
    if solved is None:
        return None
    net = dict.fromkeys(full, WHOLE) | dict(zip(rest, solved, strict=True))
    for node in asked:
        owned = direct[node] + sum((within.get((other, node), NOTHING) * net[other] for other in asked), NOTHING)
        if not 0 <= net[node] <= 1 or net[node] != min(owned, WHOLE):
            return None
    return net


def _solve(equations):
    """The one solution of linear equations by substitution, or None."""
    if not equations:
        return []
    first = next((row for row in equations if row[0] != 0), None)
    if first is None:
        return None
    others = [row for row in equations if row is not first]
    tail = _solve([[b - a * row[0] / first[0] for a, b in zip(first[1:], row[1:], strict=True)] for row in others])
    if tail is None:
        return None
    return [(first[-1] - sum((a * x for a, x in zip(first[1:-1], tail, strict=True)), NOTHING)) / first[0], *tail]


def _contradicting(holdings):
    """Holdings that are told twice, of one class, so that no share fits both."""
    found = set()
    everyone = [held for held in holdings if held.is_share]
    for number, held in enumerate(holdings):
        if not held.is_share or any(_stands_for(other, held) for other in everyone):
            continue
        same = [
            other
            for other in everyone
            if (other.holder, other.owned, other.share_class) == (held.holder, held.owned, held.share_class)
            and other.high is not None
            and not any(_stands_for(real, other) for real in everyone)
        ]
        if same and max(other.low for other in same) > min(other.high for other in same):
            found.add(number)
    return found
