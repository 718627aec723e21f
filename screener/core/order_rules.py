"""An order's own facts -> control reasons and red flags, by the rows of rules.

Rows are tested over the order, each item or each party; what a row asks for is data. What an order does not say is
unknown and never guessed: a row tells whether that is nothing, a review that names the field, or not evaluated. Chips
and words that rows ask for were found by `match` as signals.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from screener.core.conditions import code_of, eccn_matches, holds, lacking
from screener.core.history import Past, buyers, past_of
from screener.model import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from screener.model import Hit, Order, Party, Purchases, Snapshot
    from screener.rulings import OrderRule, Span

TEXT_CHARS_MAX = 1_000
SIGNALS_SHOWN_MAX = 100
"""Signals outside of an item that are looked through for what to show."""


class Ruled(NamedTuple):
    """What the rows say of an order on a day: findings, and rows that could not be evaluated."""

    findings: list[Finding]
    not_evaluated: set[str] | frozenset[str]


def order_rules(order: Order, signals: Sequence[Hit], snapshot: Snapshot, day: str | None) -> Ruled:
    """Test all rows that are in force on a day; without a day the last span of each."""
    rules = snapshot.rules.orders
    facts = _Facts(order, signals, snapshot)
    findings: list[Finding] = []
    unasked: set[str] = set()
    held: dict[str, set[int | None]] = {}
    for rule in rules.rows:
        span = rule.span(day)
        if span is None:
            continue
        for number, said in facts.over(rule):
            if any(number in held.get(other, ()) for other in rule.unless):
                continue
            answer = holds(rule, said, day, rules.countries)
            if answer:
                held.setdefault(rule.id, set()).add(number)
                findings.append(_finding(rule, span, number, rule.names_missing, facts))
            elif answer is None and rule.unknown == "review":
                fields = lacking(rule, said, day, rules.countries)
                doubtful = rule._replace(outcome="review", terms=None)
                findings.append(_finding(doubtful, span, number, fields, facts))
            elif answer is None and rule.unknown == "not_evaluated":
                unasked.add(rule.id)
    return Ruled(findings, unasked)


def _finding(rule: OrderRule, span: Span, number: int | None, missing: Iterable[str], facts: _Facts) -> Finding:
    """What follows from a row, with the fields that would have settled it."""
    return Finding(
        rule.type,
        rule.id,
        rule.outcome,
        rule.priority,
        facts.evidence(rule, number),
        None if span.verified else f"{rule.id} {span.effective_from}",
        terms=rule.terms,
        licensed_by=rule.licensed_by,
        missing=() if rule.confidential else tuple(_pointer(field, number) for field in missing),
    )


def _pointer(field: str, number: int | None) -> str:
    """A field as decisions name it: "items[0].eccn"."""
    head, _, rest = field.partition(".")
    plural = {"item": "items", "party": "parties"}.get(head)
    return f"{plural}[{number}].{rest}" if plural and number is not None else field


class _Facts:
    """What an order says, by field; worked out when it is asked for."""

    def __init__(self, order: Order, signals: Sequence[Hit], snapshot: Snapshot) -> None:
        self._order, self._rules, self._snapshot = order, snapshot.rules.orders, snapshot
        self._buyers: list[Mapping[str, Purchases]] | None = None
        self._countries = self._rules.countries
        self._signals = [(hit, snapshot.entries[hit.entry].entry_id) for hit in signals]
        self._of_items: dict[int, list[tuple[Hit, str]]] = {}
        self._of_parties: dict[int, list[tuple[Hit, str]]] = {}
        for hit, name in self._signals:
            if hit.place.item is not None:
                self._of_items.setdefault(hit.place.item, []).append((hit, name))
            elif hit.place.party is not None:
                self._of_parties.setdefault(hit.place.party, []).append((hit, name))
        self._known: dict[str, Any] = {}

    def over(self, rule: OrderRule) -> Iterator[tuple[int | None, Callable[[str], Any]]]:
        """What a row looks at, one after the other, each with the number of the item or party."""
        if rule.over == "order":
            yield None, self.of_order
        elif rule.over == "item":
            for number in range(len(self._order.items)):
                yield number, partial(self._of_item, number)
        else:
            for number in range(len(self._order.parties)):
                yield number, partial(self._of_party, number)

    # --- the order

    def of_order(self, field: str) -> Any:  # noqa: ANN401
        """A field of the order itself."""
        if field not in self._known:
            own = getattr(self, "_" + field.replace(".", "_"), None)
            self._known[field] = own() if own else self._order.facts.get(field)
        return self._known[field]

    def _country(self, written: object) -> str | None:
        return code_of(written, self._countries) if isinstance(written, str) and written.strip() else None

    def _destination(self) -> str | None:
        return self._country(self._order.destined_to())

    def _ship_from(self) -> str | None:
        return self._country(self._order.facts.get("ship_from"))

    def _movement(self) -> str | None:
        """As the order says, else by where the goods come from: the United States, the same country, or another."""
        told = self._order.facts.get("movement")
        if told:
            return str(told).strip().lower()
        begin, end = self.of_order("ship_from"), self.of_order("destination")
        if begin is None or end is None:
            return None
        if begin == end:
            return "domestic" if begin == "US" else "transfer"
        return "export" if begin == "US" else "reexport"

    def _route(self) -> set[str | None] | None:
        told = self._order.facts.get("route")
        return None if told is None else {self._country(one) for one in told}

    def _services_declined(self) -> set[str] | None:
        told = self._order.facts.get("services_declined")
        return None if told is None else {one.strip().lower() for one in told}

    def _site_type(self) -> str | None:
        return (self._order.facts.get("site") or {}).get("type")

    def _site_power_mw(self) -> float | None:
        return (self._order.facts.get("site") or {}).get("power_mw")

    def _license_exception(self) -> str | None:
        return (self._order.facts.get("license") or {}).get("exception")

    def _headquarters(self) -> set[str | None]:
        """The countries of headquarters and ultimate parents; None among them where a party tells neither."""
        found: set[str | None] = set()
        for party in self._order.parties:
            told = [party.facts.get(name) for name in ("headquarters_country", "ultimate_parent_country")]
            found |= {self._country(one) for one in told if one} or {None}
        return found

    def _headquarters_unknown(self) -> bool:
        return None in self.of_order("headquarters")

    def _subject_to_ear(self) -> bool:
        """Whether any item is subject to the EAR, as it is unless the order says that it is not."""
        items = self._order.items
        return not items or any(item.get("subject_to_ear") is not False for item in items)

    def _text_signals(self) -> set[str]:
        return {name for hit, name in self._signals if hit.place.party is None and hit.place.item is None}

    def _any_signals(self) -> set[str]:
        return {name for _, name in self._signals}

    def _items_advanced(self) -> bool:
        patterns, chips = self._rules.eccns["advanced_computing"], self._rules.advanced_chips
        return any(
            self._matches(item, patterns) or not chips.isdisjoint(self._signals_of_item(number))
            for number, item in enumerate(self._order.items)
        )

    def _items_high_priority(self) -> bool | None:
        codes = ["".join(filter(str.isdigit, item.get("hs_code") or "")) for item in self._order.items]
        if any(code.startswith(self._rules.high_priority) for code in codes):
            return True
        return None if "" in codes else False

    # --- items and parties

    def _matches(self, item: Any, patterns: Iterable[str]) -> bool:  # noqa: ANN401
        eccn = item.get("eccn")
        return bool(eccn) and any(eccn_matches(eccn, pattern) for pattern in patterns)

    def _signals_of_item(self, number: int) -> set[str]:
        return {name for _, name in self._of_items.get(number, ())}

    def _of_item(self, number: int, field: str) -> Any:  # noqa: ANN401
        head, _, name = field.partition(".")
        if head != "item":
            return self.of_order(field)
        item = self._order.items[number]
        if name == "subject_to_ear":
            return item.get("subject_to_ear") is not False
        if name in Past._fields:
            return getattr(self._past(number), name)
        if name in {"signals", "chip"}:
            sets = self._rules.eccns.items() if name == "chip" else ()
            return self._signals_of_item(number) | {f"@{one}" for one, rows in sets if self._matches(item, rows)}
        value = item.get(name)
        if name == "origin":
            return self._country(value)
        return value if not isinstance(value, str) or value.strip() else None

    def _past(self, number: int) -> Past:
        if self._buyers is None:
            self._buyers = buyers(self._order, self._snapshot)
        return past_of(self._order.items[number], self._buyers, self._snapshot)

    def _of_party(self, number: int, field: str) -> Any:  # noqa: ANN401
        head, _, name = field.partition(".")
        if head != "party":
            return self.of_order(field)
        party = self._order.parties[number]
        if name == "role":
            return party.role or None
        if name == "signals":
            return {signal for _, signal in self._of_parties.get(number, ())}
        if name == "in_third_country":
            return self._in_third_country(party)
        value = party.facts.get(name)
        if name.endswith("country"):
            return self._country(value)
        return value if not isinstance(value, str) or value.strip() else None

    def _in_third_country(self, party: Party) -> bool | None:
        """Whether a party's country is neither one of the others' nor where the goods come from or go."""
        own = self._country(party.country)
        others = {self._country(other.country) for other in self._order.parties if other is not party}
        others |= {self.of_order("ship_from"), self.of_order("destination")}
        return None if own is None or None in others else own not in others

    # --- evidence

    def evidence(self, rule: OrderRule, number: int | None) -> dict[str, Any]:
        """Where the row holds and what it says; with the words that were found, where it asks for words."""
        asked = {one for row in rule.conditions if row.test == "has" for one in row.value}
        found = next((hit for hit, name in self._concerning(rule, number) if name in asked), None)
        told: dict[str, Any] = {}
        if rule.over != "order" and number is not None:
            told[rule.over] = number
        field = next(row.field for row in rule.conditions)
        if rule.confidential:
            return told
        told["field"] = field.partition(".")[2] if field.startswith((f"{rule.over}.", "items.")) else field
        written = self._written(rule, number, told["field"])
        if isinstance(written, str):
            told["text"] = written[:TEXT_CHARS_MAX]
        if found is not None:
            hit = found
            told |= {name: at for name, at in (("party", hit.place.party), ("item", hit.place.item)) if at is not None}
            told |= {"field": hit.place.field, "span": [hit.start, hit.end], "text": hit.text[:TEXT_CHARS_MAX]}
        told |= {"says": rule.says, "citation": rule.citation}
        if rule.license_requirement:
            told |= {"license_requirement": rule.license_requirement}
            told |= {"license_review_policy": rule.license_review_policy}
        if rule.terms:
            told["license_terms"] = [term._asdict() for term in rule.terms.terms]
        return told

    def _written(self, rule: OrderRule, number: int | None, name: str) -> object:
        """A member as the order, the item or the party that a row looks at has it."""
        if rule.over == "order" or number is None:
            return self._order.facts.get(name)
        holders = self._order.items if rule.over == "item" else [party.facts for party in self._order.parties]
        return holders[number].get(name, self._order.facts.get(name))

    def _concerning(self, rule: OrderRule, number: int | None) -> Iterator[tuple[Hit, str]]:
        """The signals that may be why a row holds: those of its item or party first."""
        if number is not None:
            yield from (self._of_items if rule.over == "item" else self._of_parties).get(number, ())
        if rule.over == "order":
            yield from self._signals
        elif rule.over == "item":
            yield from ((hit, name) for hit, name in self._signals[:SIGNALS_SHOWN_MAX] if hit.place.item is None)
