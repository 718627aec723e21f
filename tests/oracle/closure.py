"""The slow closure: fractions of one, sets, and one pass over all holdings a step; nothing shared with the fast one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Held(NamedTuple):
    """One holding as stated: `low` and `high` as fractions of the whole, None where the share is not known."""

    owner: int
    owned: int
    low: Fraction | None
    high: Fraction | None
    source: str = ""
    share_class: str = ""
    is_share: bool = True


class Closed(NamedTuple):
    """Captured companies with their steps; the others with the numbers of the holdings that say so."""

    tier: dict[int, int]
    unknown: dict[int, list[int]]
    minority: dict[int, list[int]]
    control: dict[int, list[int]]


def close_slowly(holdings: Sequence[Held], listed: Iterable[int], share: Fraction) -> Closed:
    """Who is captured by `listed`, who could be, and who has captured owners, or owners so held, below `share`."""
    listed = set(listed)
    shares = [held for held in holdings if held.is_share and _most(held) > 0]
    tier = _captured(shares, listed, share, _least)
    possible = _captured(shares, listed, share, _most)
    held_below = {held.owned for held in shares if held.owner in possible and held.owned not in possible}
    flagged = _captured(shares, possible.keys() | held_below, share, _most)
    doubtful, below = possible.keys() - tier.keys(), flagged.keys() - possible.keys()
    unknown, minority, control = {}, {}, {}
    for number, held in enumerate(holdings):
        if held in shares and held.owner in possible and held.owned in doubtful:
            unknown.setdefault(held.owned, []).append(number)
        elif held in shares and held.owner in flagged and held.owned in below:
            minority.setdefault(held.owned, []).append(number)
        elif not held.is_share and held.owner in tier and held.owned not in tier:
            control.setdefault(held.owned, []).append(number)
    return Closed(tier, unknown, minority, control)


def _least(held: Held) -> Fraction:
    return Fraction(0) if held.low is None else held.low


def _most(held: Held) -> Fraction:
    return Fraction(1) if held.high is None else held.high


def _captured(holdings, listed, share, end):
    companies = {held.owned for held in holdings}
    tier = dict.fromkeys(listed, 0)
    for step in range(1, len(companies) + 2):
        owners = set(tier)
        fresh = {
            company
            for company in companies - owners
            if sum((_part(holdings, owner, company, end) for owner in owners), Fraction(0)) >= share
        }
        if not fresh:
            break
        tier |= dict.fromkeys(fresh, step)
    return tier


def _part(holdings, owner, company, end):
    """What an owner holds of a company: the classes of one source add up, of several sources the most counts."""
    by_source = {}
    for held in holdings:
        if held.is_share and (held.owner, held.owned) == (owner, company):
            classes = by_source.setdefault(held.source, {})
            classes[held.share_class] = max(classes.get(held.share_class, Fraction(0)), end(held))
    return max((sum(classes.values(), Fraction(0)) for classes in by_source.values()), default=Fraction(0))
