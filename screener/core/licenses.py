"""Whether a license that an order cites covers it, and which findings it answers then.

A license covers the whole order or nothing: every party that the requirement binds is named, every item, the
destination and the value are within it, on the day. What it lacks is told, each with a code, and then it answers
nothing. It answers what its authority can license, of parties that it names; a red flag it never answers. Where too
little of it is left, it answers and a person decides all the same. Not for good lists (`route.cover`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from screener.authorizations import Granted, NamedParty, Use, as_text, units
from screener.core.conditions import eccn_matches
from screener.core.fold import bare, glue
from screener.model import CONSIGNEES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from screener.authorizations import Authorization, Drawn
    from screener.model import Order, Party, Snapshot, Verdict
    from screener.protocols import DrawnSoFar

_OF_DRAWN = ("LICENSE_OVERDRAWN", "LICENSE_DRAWN")


class Lack(NamedTuple):
    """Something of an order that a license does not cover: a code, words, and what would have settled it."""

    code: str
    says: str
    missing: tuple[str, ...] = ()


class Claim(NamedTuple):
    """A license held that an order cites: what it draws, and what keeps the license from covering it.

    `doubts` are of a license that covers the order: of what is left of it, besides what `others` have drawn (None: not
    known). `use` is None where it would be overdrawn.
    """

    license: Authorization
    amount: int
    others: int | None
    use: Use | None
    lacks: tuple[Lack, ...]
    doubts: tuple[Lack, ...]

    @property
    def covers(self) -> bool:
        """Whether the order is within the license."""
        return not self.lacks


def not_known(number: str) -> Drawn | None:  # noqa: ARG001  a name of the protocol
    """What is drawn where nobody keeps count."""
    return None


def claim(order: Order, snapshot: Snapshot, day: str | None, drawn: DrawnSoFar) -> Claim | None:
    """What an order's license comes to on a day; None where it cites none that is held."""
    cited = cited_number(order)
    held = snapshot.authorizations.get(cited) if cited else None
    if held is None or held.kind != "license":
        return None
    amount, worth = _value(order, held)
    lacks = (*_outside(order, held, snapshot, day), *worth)
    others = None if lacks else _of_others(order.order_id, held, drawn)
    doubts = () if lacks else tuple(_left(held, amount, others, snapshot))
    use = Use(held.number, order.order_id, amount, held.currency)
    overdrawn = any(doubt.code == "LICENSE_OVERDRAWN" for doubt in doubts)
    return Claim(held, amount, others, None if overdrawn else use, lacks, doubts)


def given_back(order: Order, snapshot: Snapshot) -> Use | None:
    """The use of a cancelled order: nothing of the license that it cites, whatever it drew before."""
    held = snapshot.authorizations.get(cited_number(order))
    if held is None or held.kind != "license":
        return None
    return Use(held.number, order.order_id, 0, held.currency)


def cited_number(order: Order) -> str:
    """The license number that an order cites, "" for none."""
    cited = order.facts.get("license") or {}
    return str(cited.get("number") or "").strip()


def notices(order: Order, claimed: Claim | None, snapshot: Snapshot) -> list[str]:
    """What is told of the license that an order cites beyond findings."""
    if claimed is None:
        return ["LICENSE_NOT_HELD"] if snapshot.authorizations and cited_number(order) else []
    return ["LICENSE_USED"] if claimed.covers else []


def lacking(claimed: Claim | None, snapshot: Snapshot) -> list[Finding]:
    """A finding for each thing that keeps the license from covering the order, or from being enough."""
    if claimed is None:
        return []
    rule = snapshot.rules.findings["license"]

    def finding(lack: Lack) -> Finding:
        told = {"license": claimed.license.number, "says": lack.says}
        if lack.code not in _OF_DRAWN:
            return Finding("control", lack.code, "review", rule.priority, told, missing=lack.missing)
        drawn = snapshot.rules.drawn
        unverified = None if drawn.verified else f"{lack.code} {drawn.citation.partition(':')[0]}"
        return Finding("control", lack.code, "review", rule.priority, told | {"citation": drawn.citation}, unverified)

    return [finding(lack) for lack in (*claimed.lacks, *claimed.doubts)]


def answer(
    findings: list[Finding], claimed: Claim | None, order: Order, snapshot: Snapshot, day: str | None
) -> list[Finding]:
    """Write the license's number on each finding that it answers, and the id of a validated end user likewise."""
    held = [claimed.license] if claimed is not None and claimed.covers else []
    held += _validated(order, snapshot, day)
    for authorization in held:
        findings = [
            _granted(finding, authorization)
            if finding.grant is None and _answers(authorization, finding, order, snapshot)
            else finding
            for finding in findings
        ]
    return findings


def used(verdict: Verdict, claimed: Claim | None) -> Verdict:
    """The verdict with what the order draws of the license; an order that is stopped all the same draws nothing."""
    if claimed is None or not claimed.covers:
        return verdict
    key = ("license", claimed.license.number)
    satisfied = next((row.satisfies for row in verdict.grants if (row.type, row.id) == key), ())
    others = [row for row in verdict.grants if (row.type, row.id) != key]
    drawn = None if claimed.others is None else as_text(claimed.others)
    row = Granted("license", key[1], satisfied, as_text(claimed.amount), claimed.license.currency, drawn)
    use = None if verdict.outcome == "block" else claimed.use
    return verdict._replace(grants=(row, *others), use=use)


# --- what a license lacks --------------------------------------------------------------------------------------------


def _outside(order: Order, held: Authorization, snapshot: Snapshot, day: str | None) -> Iterator[Lack]:
    if not _in_force(held, day):
        days = f"license {held.number} is in force from {held.effective_from} to before {held.effective_to}"
        yield Lack("LICENSE_NOT_IN_FORCE", days if day else f"{days}; the order has no day")
    free = snapshot.rules.orders.roles_free
    for number, party in enumerate(order.parties):
        if party.role.strip().lower() not in free and not _is_named(party, party.name, held, snapshot):
            missing = () if party.country.strip() else (f"parties[{number}].country",)
            yield Lack(
                "LICENSE_PARTY", f"license {held.number} does not name parties[{number}] in its country", missing
            )
    if not order.items:
        yield Lack("LICENSE_ITEM", f"license {held.number} names items, and the order shows none", ("items",))
    for number, item in enumerate(order.items):
        if item.get("subject_to_ear") is not False and not _is_item(item.get("eccn"), item.get("model"), held):
            missing = () if item.get("eccn") else (f"items[{number}].eccn",)
            yield Lack("LICENSE_ITEM", f"license {held.number} does not name items[{number}]", missing)
    if not _is_destination(order, held, snapshot):
        missing = () if order.destined_to() else ("destination",)
        yield Lack("LICENSE_DESTINATION", f"license {held.number} is for {', '.join(held.destinations)}", missing)


def _in_force(held: Authorization, day: str | None) -> bool:
    return day is not None and held.effective_from <= day < held.effective_to


def _is_named(party: Party, name: str, held: Authorization, snapshot: Snapshot, *, at_home: bool = False) -> bool:
    """Whether a license names a party by this name, in its country, and at its address where that is asked for."""
    country = _country(party.country, snapshot)
    glued = glue(snapshot.fold(name))
    address = snapshot.fold(party.address)

    def same(row: NamedParty) -> bool:
        here = row.address == address if row.address or at_home else True
        return row.name == glued and row.country == country and here

    return bool(glued and country) and any(map(same, held.parties))


def _country(written: str, snapshot: Snapshot) -> str:
    """A country as a license names it: Hong Kong is not China here."""
    plain = written.strip().upper()
    return snapshot.rules.orders.countries.codes.get(plain, plain)


def _is_item(eccn: object, model: object, held: Authorization) -> bool:
    if not isinstance(eccn, str) or not any(eccn_matches(eccn, named) for named in held.items):
        return False
    return not held.models or (isinstance(model, str) and bare(model) in held.models)


def _is_destination(order: Order, held: Authorization, snapshot: Snapshot) -> bool:
    return _country(order.destined_to() or "", snapshot) in held.destinations


def _value(order: Order, held: Authorization) -> tuple[int, list[Lack]]:
    """What the order's items are worth, and which of them say it in another currency or not at all."""
    amount, lacks = 0, []
    for number, item in enumerate(order.items):
        worth = units(item.get("value"))
        if worth is None:
            says = f"license {held.number} has a limit, and items[{number}] no value"
            lacks.append(Lack("LICENSE_VALUE", says, (f"items[{number}].value",)))
        elif str(item.get("currency") or "").strip().upper() != held.currency:
            says = f"license {held.number} has a limit in {held.currency}, and items[{number}] its value not"
            lacks.append(Lack("LICENSE_VALUE", says, (f"items[{number}].currency",)))
        amount += worth or 0
    if amount > held.limit:
        lacks.append(
            Lack("LICENSE_VALUE", f"license {held.number} is for {as_text(held.limit)} {held.currency} in all")
        )
    return amount, lacks


def _of_others(order_id: str, held: Authorization, drawn: DrawnSoFar) -> int | None:
    """What other orders have drawn, None where that is not known: an amended order draws once."""
    known = drawn(held.number)
    return None if known is None else known.total - known.of_orders.get(order_id, 0)


def _left(held: Authorization, amount: int, others: int | None, snapshot: Snapshot) -> Iterator[Lack]:
    """Whether there is enough left beside what other orders have drawn."""
    if others is None:
        yield Lack("LICENSE_USE_UNKNOWN", f"what is drawn of license {held.number} could not be read")
        return
    share = snapshot.rules.drawn.review_from_percent
    if others + amount > held.limit:
        left = as_text(max(0, held.limit - others))
        yield Lack("LICENSE_OVERDRAWN", f"{left} {held.currency} are left of license {held.number}")
    elif others * 100 >= held.limit * share:
        yield Lack("LICENSE_DRAWN", f"{share} percent or more of license {held.number} are drawn")


# --- what it answers -------------------------------------------------------------------------------------------------


def _answers(held: Authorization, finding: Finding, order: Order, snapshot: Snapshot) -> bool:
    """Whether an authorization answers a finding: what its authority can license, of a party that it names.

    A listed name in a text that is no party's is never answered: the license does not say whose it is.
    """
    if held.authority not in finding.licensed_by:
        return False
    number = finding.evidence.get("party")
    if number is None:
        return finding.type == "control"
    party, field = order.parties[number], finding.evidence.get("field", "")
    name = dict(party.names()).get(field)
    if name is None:
        at_home = finding.type != "control"
        return (not at_home or field == "address") and _is_named(party, party.name, held, snapshot, at_home=at_home)
    return _is_named(party, name, held, snapshot)


def _validated(order: Order, snapshot: Snapshot, day: str | None) -> Iterator[Authorization]:
    """The validated end users that the order goes to, and to nobody else, with items that they may have."""
    for held in snapshot.authorizations.values():
        if held.kind == "veu" and _in_force(held, day) and _is_destination(order, held, snapshot):
            users = [party for party in order.parties if party.role.strip().lower() in CONSIGNEES]
            items = [item for item in order.items if item.get("subject_to_ear") is not False]
            if (
                users
                and items
                and all(_is_named(party, party.name, held, snapshot) for party in users)
                and all(_is_item(item.get("eccn"), item.get("model"), held) for item in items)
            ):
                yield held


def _granted(finding: Finding, held: Authorization) -> Finding:
    return replace(finding, evidence=finding.evidence | {"grant": held.number}, grant_type=held.kind)
