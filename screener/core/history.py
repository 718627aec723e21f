"""What an order's buyers bought before: the counterparty profiles of the snapshot, asked for an item.

A buyer is known by the glued form of its name and its country. Without profiles nothing is known; with them a buyer of
whom there are none has bought nothing. No state of its own: what is answered comes from archived orders when the
snapshot is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from screener.core.conditions import FirstDay, number
from screener.core.fold import glue
from screener.model import BUYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from screener.model import Facts, Order, Party, Purchases, Snapshot

NEVER = "9999-12-31"
CLASS_CHARS = 5
"""Of an ECCN, without its paragraphs; EAR99 has as many."""
NOTHING: Mapping[str, Purchases] = {}


class Past(NamedTuple):
    """What is known of earlier purchases of an item; None where it is not."""

    first_bought: FirstDay | None = None
    orders_before: int | None = None
    quantity_ratio: float | None = None


NOT_KNOWN = Past()


def buyers(order: Order, snapshot: Snapshot) -> list[Mapping[str, Purchases]]:
    """The profiles of an order's buyers: of those in a buyer's role, where none is in one of all without a role."""
    history = snapshot.history
    if history is None:
        return []
    found = [party for party in order.parties if party.role.strip().lower() in BUYERS]
    found = found or [party for party in order.parties if not party.role.strip()]
    return [history.purchases.get(key_of(party, snapshot), NOTHING) for party in found]


def key_of(party: Party, snapshot: Snapshot) -> str:
    """By what a profile is found: glued name and country."""
    shelf = snapshot.memory.glued
    glued = shelf.get(party.name)
    if glued is None:
        glued = shelf.keep(party.name, glue(snapshot.fold(party.name)))
    country = party.country.strip().upper()
    return f"{glued}|{snapshot.rules.orders.countries.codes.get(country, country)}"


def classes(item: Facts) -> tuple[str, str]:
    """By what purchases of an item are found: its classification without paragraphs, and its own number; "" is none."""
    eccn = "".join(str(item.get("eccn") or "").upper().split())[:CLASS_CHARS]
    sku = str(item.get("sku") or "").strip()
    return eccn, f"sku:{sku}" if sku else ""


def past_of(item: Facts, profiles: Sequence[Mapping[str, Purchases]], snapshot: Snapshot) -> Past:
    """What the buyers bought of an item before: the newest buyer counts, and the largest jump.

    The first day is that of the item's classification; quantities are of the same number (`sku`) where it has one.
    """
    history = snapshot.history
    if history is None or not profiles:
        return NOT_KNOWN
    eccn, sku = classes(item)
    first = None
    if eccn:
        days = [profile[eccn].first_on if eccn in profile else NEVER for profile in profiles]
        first = FirstDay(max(days), history.reaches)
    kind = sku or eccn
    known = [profile[kind] for profile in profiles if kind in profile]
    quantity = number(item.get("quantity"))
    ratio = None
    if quantity is not None and known:
        ratio = max(quantity / row.quantity_max if row.quantity_max else 0.0 for row in known)
    return Past(first, max((row.orders for row in known), default=0), ratio)
