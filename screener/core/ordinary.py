"""Whether an order is ordinary: that no row of the rules over its facts can hold, told from few of them and remembered.

Most orders are. A row is asked about the order, about each item and about each party apart, by the facts that it mostly
rests on; what was not looked at may be anything. Where a row could hold all the same, the order goes the whole way
(`order_rules`), and what that says is the answer. So nothing here finds anything: it only saves looking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from screener.core.conditions import answered, code_of, eccn_matches
from screener.core.history import NOT_KNOWN, Past, buyers, past_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from screener.memory import Shelf
    from screener.model import Facts, Hit, Order, Party, Snapshot
    from screener.rulings import OrderRule, OrderRules

KEYS_MAX: Final = 256
"""Kinds of items, and of parties, that are remembered for one kind of order."""
CHARS_MAX: Final = 100
"""Of a text by which an answer is remembered; an order with a longer one is looked at whole."""
_NONE: frozenset[str] = frozenset()
_SELDOM = frozenset({"route", "site", "services_declined", "license"})
_PAYERS = frozenset({"payer"})
_OfItems = tuple[frozenset[str], bool, bool | None]


def ordinary(
    order: Order, signals: Sequence[Hit], days: tuple[str | None, ...], snapshot: Snapshot
) -> frozenset[str] | None:
    """The rules that can't be evaluated, where no row can hold on any of the days; None where one could.

    It must be looked at whole where it says what few orders say, or has signals elsewhere than in parties.
    """
    key = _plain(order, days) if not signals and snapshot.history is None else None
    if key is None:
        return _looked_at(order, signals, days, snapshot)
    known: Shelf[Any, frozenset[str]] = snapshot.memory.plain
    found = known.get(key)
    if found is None:
        found = _looked_at(order, signals, days, snapshot)
        if found is not None and not _is_third_asked(order, key) and not _is_long(key):
            known.keep(key, found)
    return found


def _plain(order: Order, days: tuple[str | None, ...]) -> tuple[Any, ...] | None:
    """All that the answer rests on, of an order of one item that says where it goes and nothing that few orders say."""
    get = order.facts.get
    destination = get("destination")
    if len(order.items) != 1 or not destination or destination.isspace() or not order.facts.keys().isdisjoint(_SELDOM):
        return None
    item = order.items[0].get
    return (
        days,
        destination,
        get("ship_from"),
        get("movement"),
        get("us_person"),
        get("payer_changed"),
        item("eccn"),
        item("hs_code"),
        item("subject_to_ear"),
        item("origin"),
        item("processing_performance"),
        item("memory_bandwidth_gbps"),
        *[party.role if party.address else (party.role,) for party in order.parties],
    )


def _is_third_asked(order: Order, key: tuple[Any, ...]) -> bool:
    """Whether the answer rests on the parties' countries too: on whether a payer is in a third one."""
    return key[2] is not None and any(party.role in _PAYERS for party in order.parties)


def _looked_at(
    order: Order, signals: Sequence[Hit], days: tuple[str | None, ...], snapshot: Snapshot
) -> frozenset[str] | None:
    heard = _heard(signals, snapshot) if signals else {}
    if heard is None:
        return None
    kind = _kind(order, _NONE.union(*heard.values()) if heard else _NONE, days, snapshot)
    if kind is None:
        return None
    of_items = kind.items(order, snapshot)
    if of_items is None:
        return None
    silent, advanced, priority = of_items
    among = kind.among(advanced=advanced, priority=priority)
    if among.of_order is None:
        return None
    silent = silent | among.of_order if silent else among.of_order
    asked_apart = kind.apart if not heard else None
    for number, party in enumerate(order.parties):
        role = party.role
        of_party = None
        if asked_apart is not None and role not in asked_apart:
            of_party = (among.at_home if party.address else among.nowhere).get(role)
        if of_party is None:
            of_party = kind.party(party, order, heard.get(number, _NONE), among)
            if of_party is None:
                return None
        if of_party and not of_party <= silent:
            silent |= of_party
    return silent


def _kind(order: Order, words: frozenset[str], days: tuple[str | None, ...], snapshot: Snapshot) -> _Kind | None:
    """The orders that say the same of themselves; None for one that says what few do."""
    get = order.facts.get
    if not order.facts.keys().isdisjoint(_SELDOM) and not all(get(name) is None for name in _SELDOM):
        return None
    destination = get("destination")
    if not destination or destination.isspace():
        destination = order.destined_to()
    head = (days, destination, get("ship_from"), get("movement"), get("us_person"), get("payer_changed"), words)
    kinds: Shelf[Any, _Kind] = snapshot.memory.rules
    kind = kinds.get(head)
    if kind is None and not _is_long(head):
        kind = kinds.keep(head, _Kind(head, snapshot.rules.orders))
    return kind


def _heard(signals: Sequence[Hit], snapshot: Snapshot) -> dict[int, frozenset[str]] | None:
    """Party -> the signals in it; None where there are some elsewhere."""
    heard: dict[int, frozenset[str]] = {}
    for hit in signals:
        if hit.place.party is None:
            return None
        heard[hit.place.party] = heard.get(hit.place.party, _NONE) | {snapshot.entries[hit.entry].entry_id}
    return heard


def _is_long(key: Iterable[object]) -> bool:
    return any(isinstance(text, str) and len(text) > CHARS_MAX for text in key)


def _item_key(item: Facts) -> tuple[Any, ...]:
    """What the rows mostly ask of an item."""
    get = item.get
    return (
        get("eccn"),
        get("hs_code"),
        get("subject_to_ear"),
        get("origin"),
        get("processing_performance"),
        get("memory_bandwidth_gbps"),
    )


class _Among:
    """What is said of an order whose items are of one kind, and of its parties without signals.

    Of parties by role, with an address (`at_home`) or without one (`nowhere`).
    """

    __slots__ = ("advanced", "at_home", "nowhere", "of_order", "priority")

    def __init__(self, advanced: bool, priority: bool | None, of_order: frozenset[str] | None) -> None:
        self.advanced, self.priority, self.of_order = advanced, priority, of_order
        self.at_home: dict[str, frozenset[str]] = {}
        self.nowhere: dict[str, frozenset[str]] = {}


class _Kind:
    """Orders that say the same of themselves."""

    def __init__(self, head: tuple[Any, ...], rules: OrderRules) -> None:
        self._days, destination, ship_from, movement, us_person, payer_changed, words = head
        self._rules = rules
        self._known: dict[str, Any] = {
            "destination": self._country(destination),
            "ship_from": self._country(ship_from),
            "us_person": us_person,
            "payer_changed": payer_changed,
            "route": None,
            "site.type": None,
            "site.power_mw": None,
            "services_declined": None,
            "license.exception": None,
            "text.signals": _NONE,
            "any.signals": words,
            "parties.web_presence": None,
        }
        self._known["movement"] = str(movement).strip().lower() if movement else ... if ship_from else None
        past = {f"item.{name}" for name in Past._fields}
        self._of_past = [one for row in rules.rows for one in row.conditions if one.field in past]
        self._items: dict[tuple[Any, ...], _OfItems | None] = {}
        self._parties: dict[tuple[Any, ...], frozenset[str] | None] = {}
        self._among: dict[tuple[bool, bool | None], _Among] = {}
        placed = self._known["ship_from"] is not None and self._known["destination"] is not None
        self.apart = _PAYERS if placed else _NONE
        """Roles in which a party is asked for more than its address: whether a payer is in a third country."""

    def _country(self, written: Any) -> str | None:  # noqa: ANN401
        return code_of(written, self._rules.countries) if isinstance(written, str) and written.strip() else None

    def among(self, *, advanced: bool, priority: bool | None) -> _Among:
        """What there is to say of the order and its parties beside items of this kind."""
        key = (advanced, priority)
        found = self._among.get(key)
        if found is None:
            own = {"items.advanced": advanced, "items.high_priority": priority}
            of_order = self._silent("order", lambda field: own.get(field, self._known.get(field, ...)))
            found = self._among[key] = _Among(advanced, priority, of_order)
        return found

    def items(self, order: Order, snapshot: Snapshot) -> _OfItems | None:
        """What the rows over items come to for all of them, and whether one is advanced, or of high priority."""
        silent, advanced = _NONE, False
        priority: bool | None = False
        profiles = buyers(order, snapshot) if snapshot.history is not None else ()
        for item in order.items:
            of_item = self.item(item, past_of(item, profiles, snapshot) if profiles else NOT_KNOWN)
            if of_item is None:
                return None
            told, is_advanced, is_priority = of_item
            if told and not told <= silent:
                silent |= told
            advanced = advanced or is_advanced
            if is_priority is not False and priority is not True:
                priority = is_priority
        return silent, advanced, priority

    def item(self, item: Facts, past: Past) -> _OfItems | None:
        """What the rows over items come to, and whether the item is advanced or of high priority.

        Of what was bought before only the answers to what rows ask of it are a part of the key: they are few.
        """
        key = _item_key(item)
        if past is not NOT_KNOWN:
            countries = self._rules.countries
            key += tuple(
                answered(one, getattr(past, one.field.removeprefix("item.")), None, countries) for one in self._of_past
            )
        of_item = self._items.get(key)
        if of_item is None and key not in self._items and not _is_long(key):
            if len(self._items) >= KEYS_MAX:
                self._items.clear()
            of_item = self._items[key] = self._new_item(item, past)
        return of_item

    def _new_item(self, item: Facts, past: Past) -> _OfItems | None:
        rules = self._rules
        eccn, hs_code = ((item.get(name) or "").strip() or None for name in ("eccn", "hs_code"))
        sets = {
            name for name, patterns in rules.eccns.items() if any(eccn_matches(eccn or "", one) for one in patterns)
        }
        own = {
            "item.eccn": eccn,
            "item.hs_code": hs_code,
            "item.subject_to_ear": item.get("subject_to_ear") is not False,
            "item.origin": self._country(item.get("origin")),
            "item.processing_performance": item.get("processing_performance"),
            "item.memory_bandwidth_gbps": item.get("memory_bandwidth_gbps"),
            "item.chip": {f"@{name}" for name in sets},
            "item.signals": _NONE,
            **{f"item.{name}": value for name, value in past._asdict().items()},
        }
        silent = self._silent("item", lambda field: own[field] if field in own else self._known.get(field, ...))
        digits = "".join(filter(str.isdigit, hs_code or ""))
        priority = digits.startswith(rules.high_priority) if digits else None
        return None if silent is None else (silent, "advanced_computing" in sets, priority)

    def party(self, party: Party, order: Order, words: frozenset[str], among: _Among) -> frozenset[str] | None:
        """What the rows over parties come to for one of them."""
        advanced, priority = among.advanced, among.priority
        third = self._is_third(party, order) if party.role == "payer" else None
        formed_on = party.facts.get("formed_on") if words else ...
        key = (party.role, not party.address, advanced, priority, third, words, formed_on)
        if key not in self._parties:
            if _is_long(key):
                return None
            if len(self._parties) >= KEYS_MAX:
                self._parties.clear()
            own = {
                "party.role": party.role or None,
                "party.address": ... if party.address else None,
                "party.signals": words,
                "party.formed_on": formed_on,
                "party.in_third_country": third,
                "items.advanced": advanced,
                "items.high_priority": priority,
            }
            self._parties[key] = self._silent(
                "party", lambda field: own[field] if field in own else self._known.get(field, ...)
            )
        of_party = self._parties[key]
        if of_party is not None and not words and party.role not in self.apart and len(among.at_home) < KEYS_MAX:
            (among.at_home if party.address else among.nowhere)[party.role] = of_party
        return of_party

    def _is_third(self, party: Party, order: Order) -> bool | None:
        if self._known["ship_from"] is None or self._known["destination"] is None:
            return None
        own = self._country(party.country)
        others = {self._country(other.country) for other in order.parties if other is not party}
        others |= {self._known["ship_from"], self._known["destination"]}
        return None if own is None or None in others else own not in others

    def _silent(self, over: str, facts: Callable[[str], Any]) -> frozenset[str] | None:
        """The rows that can't be evaluated where none can hold; a fact that is `...` was not looked at."""
        found: set[str] = set()
        for day in self._days:
            for rule in self._rules.rows:
                if rule.over == over and rule.span(day) is not None:
                    said = _could_hold(rule, facts, day, self._rules)
                    if said is None:
                        return None
                    found |= {rule.id} if said else set()
        return frozenset(found)


def _could_hold(rule: OrderRule, facts: Callable[[str], Any], day: str | None, rules: OrderRules) -> bool | None:
    """None: it could. Else whether it can't be evaluated."""
    missing, looked = False, True
    for condition in rule.conditions:
        value = facts(condition.field)
        if value is ...:
            looked = False
            continue
        said = answered(condition, value, day, rules.countries)
        if said is False:
            return False
        missing = missing or said is None
    if not missing or rule.unknown == "review":
        return None
    if rule.unknown == "no":
        return False
    return True if looked else None
