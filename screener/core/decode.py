"""Bytes -> Order, or the Fault that says why not.

Total: every byte string gives one or the other, and no exception leaves. Every field that the order's schema
(`topics/schemas/order.schema.json`) names is held to its type and limit; members that it does not name are passed over,
so that senders can add theirs. A wrong type is a fault and never a guess; so is a member that stands twice in one
object, for then two readers could take one order for two.

There are two ways. The short one takes compact JSON: it cuts the parties out of the bytes, looks each up by its own
bytes, reads it only if it is new, and reads what is left. Whatever it is not certain of goes the long way, which checks
every member and says what is wrong where. An order that can go both ways comes out the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from screener.core.days import WASHINGTON, is_day, washington_day
from screener.memory import Memory
from screener.model import ORDER_ID_CHARS_MAX, Fault, Order, Party

ORDER_BYTES_MAX = 1_000_000
PARTIES_MAX = 100
OTHER_NAMES_MAX = 100
ITEMS_MAX = 1_000
NAME_CHARS_MAX = 1_000
ADDRESS_CHARS_MAX = 2_000
TEXT_CHARS_MAX = 20_000
SHORT_CHARS_MAX = 1_000
IDENTIFIERS_MAX = 50
ROUTE_MAX = 50
DEPTH_MAX = 64
SCHEMA_VERSION = 1
SHAPES_KEPT = 4_096
_BLANKS = b" \t\r\n"
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?')  # a JSON string, and whether it names a member
KINDS = frozenset({"", "organization", "person", "vessel", "aircraft"})

Check = Callable[[Any, str], None]
Checks = Mapping[str, Check]


class _Wrong(Exception):  # noqa: N818  never leaves this module
    """A value that is not what the schema says; carries a JSON pointer and what was expected."""


def decode(raw: bytes, memory: Memory | None = None) -> Order | Fault:
    """Read one order. Raises nothing; parties that are in the memory are not read again."""
    if len(raw) > ORDER_BYTES_MAX:
        return Fault("ORDER_TOO_LARGE", f"{len(raw)} bytes, expected at most {ORDER_BYTES_MAX}")
    memory = memory or Memory()
    return _order_certain(raw, memory) or _order_checked(raw, memory)


def _order_checked(raw: bytes, memory: Memory) -> Order | Fault:
    """The long way."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Fault("NOT_JSON", f"not JSON in UTF-8: {error}")
    if not isinstance(value, dict):
        return Fault("NOT_AN_ORDER", f"expected a JSON object, found {_kind(value)}")
    order = _order_spaced(raw, value, memory)
    if order is not None:
        return order
    try:
        _check_order(value)
        _check_members(raw, value)
        return _order(value, list(map(_party, value["parties"])))
    except _Wrong as wrong:
        return Fault("NOT_AN_ORDER", str(wrong), _readable_id(value))


def _check_members(raw: bytes, value: object) -> None:
    """Hold the depth to its limit, and refuse a member that stands twice in one object."""
    members, depth = _members_and_depth(value)
    if depth > DEPTH_MAX:
        raise _Wrong(f"nested {depth} deep, expected at most {DEPTH_MAX}")
    # Each member's name is followed by a colon, so there are no more of them than this; often no fewer either.
    if raw.translate(None, _BLANKS).count(b'":') != members and sum(map(bool, _STRING.findall(raw))) != members:
        raise _Wrong("a member stands twice in one object: readers would not agree which one counts")


def _members_and_depth(value: object) -> tuple[int, int]:
    """How many members all objects of a value have, and how deep it nests."""
    members = depth = 0
    level = [value]
    while level:
        depth += 1
        inner: list[object] = []
        for container in level:
            if isinstance(container, dict):
                members += len(container)
                inner.extend(container.values())
            elif isinstance(container, list):
                inner.extend(container)
        level = [element for element in inner if isinstance(element, dict | list)]
    return members, depth


def _readable_id(value: dict[str, Any]) -> str | None:
    order_id = value.get("order_id")
    return order_id if isinstance(order_id, str) and len(order_id) <= ORDER_ID_CHARS_MAX else None


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


# --- checks: each takes a value that is not null, and the JSON pointer to it ------------------------------------------


def _text(limit: int) -> Check:
    def check(value: Any, at: str) -> None:  # noqa: ANN401  any JSON value
        if not isinstance(value, str):
            raise _Wrong(f"{at}: expected a string, found {_kind(value)}")
        if len(value) > limit:
            raise _Wrong(f"{at}: {len(value)} characters, expected at most {limit}")

    return check


def _flag(value: Any, at: str) -> None:  # noqa: ANN401
    if not isinstance(value, bool):
        raise _Wrong(f"{at}: expected true or false, found {_kind(value)}")


def _number(value: Any, at: str) -> None:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(f"{at}: expected a number, found {_kind(value)}")


def _amount(value: Any, at: str) -> None:  # noqa: ANN401
    if isinstance(value, str):
        _SHORT(value, at)
    else:
        _number(value, at)


def _version(value: Any, at: str) -> None:  # noqa: ANN401
    if value != SCHEMA_VERSION or isinstance(value, bool):
        raise _Wrong(f"{at}: expected {SCHEMA_VERSION}, the version of the order's schema that this screener knows")


def _day(value: Any, at: str) -> None:  # noqa: ANN401
    _SHORT(value, at)
    if not is_day(value):
        raise _Wrong(f"{at}: expected a date such as 2026-12-01")


def _instant(value: Any, at: str) -> None:  # noqa: ANN401
    _SHORT(value, at)
    if washington_day(value) is None:
        raise _Wrong(f"{at}: expected a time with its offset such as 2026-11-22T01:02:03Z")


def _one_of(names: frozenset[str]) -> Check:
    def check(value: Any, at: str) -> None:  # noqa: ANN401
        _SHORT(value, at)
        if value not in names:
            raise _Wrong(f"{at}: expected one of {', '.join(sorted(filter(None, names)))}")

    return check


def _list(check: Check, limit: int) -> Check:
    def check_list(value: Any, at: str) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            raise _Wrong(f"{at}: expected an array, found {_kind(value)}")
        if len(value) > limit:
            raise _Wrong(f"{at}: {len(value)} elements, expected at most {limit}")
        for number, element in enumerate(value):
            check(element, f"{at}/{number}")

    return check_list


def _object(members: Checks) -> Check:
    def check(value: Any, at: str) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise _Wrong(f"{at}: expected an object, found {_kind(value)}")
        for name, member in value.items():
            check_member = members.get(name)
            if check_member is not None and member is not None:
                check_member(member, f"{at}/{name}")

    return check


def _map(check: Check, limit: int) -> Check:
    def check_map(value: Any, at: str) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise _Wrong(f"{at}: expected an object, found {_kind(value)}")
        if len(value) > limit:
            raise _Wrong(f"{at}: {len(value)} members, expected at most {limit}")
        for name, member in value.items():
            if len(name) > SHORT_CHARS_MAX:
                raise _Wrong(f"{at}: a member's name of {len(name)} characters, expected at most {SHORT_CHARS_MAX}")
            if member is not None:
                check(member, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")  # RFC 6901

    return check_map


_SHORT = _text(SHORT_CHARS_MAX)
_NAME = _text(NAME_CHARS_MAX)
_FREE = _text(TEXT_CHARS_MAX)

_PARTY_MEMBERS = {
    "role": _SHORT,
    "name": _NAME,
    "other_names": _list(_NAME, OTHER_NAMES_MAX),
    "kind": _one_of(KINDS),
    "address": _text(ADDRESS_CHARS_MAX),
    "country": _SHORT,
    "headquarters_country": _SHORT,
    "ultimate_parent_country": _SHORT,
    "identifiers": _map(_SHORT, IDENTIFIERS_MAX),
    "formed_on": _day,
    "website": _SHORT,
    "statements": _map(_flag, IDENTIFIERS_MAX),
}
_PARTY = _object(_PARTY_MEMBERS)
_ITEM_MEMBERS = {
    "sku": _SHORT,
    "description": _FREE,
    "maker": _NAME,
    "model": _SHORT,
    "eccn": _SHORT,
    "hs_code": _SHORT,
    "quantity": _number,
    "value": _amount,
    "currency": _SHORT,
    "origin": _SHORT,
    "us_content_percent": _amount,
    "subject_to_ear": _flag,
    "processing_performance": _number,
    "memory_bandwidth_gbps": _number,
}
_ITEM = _object(_ITEM_MEMBERS)
_ORDER_MEMBERS = {
    "schema_version": _version,
    "order_id": _text(ORDER_ID_CHARS_MAX),
    "placed_at": _instant,
    "export_date": _day,
    "movement": _SHORT,
    "ship_from": _SHORT,
    "destination": _SHORT,
    "route": _list(_SHORT, ROUTE_MAX),
    "us_person": _flag,
    "license": _object({"number": _SHORT, "exception": _SHORT}),
    "parties": _list(_PARTY, PARTIES_MAX),
    "items": _list(_ITEM, ITEMS_MAX),
    "end_use": _FREE,
    "site": _object({"type": _SHORT, "power_mw": _number}),
    "services_declined": _list(_SHORT, ROUTE_MAX),
    "payer_changed": _flag,
    "notes": _FREE,
    "cancelled": _flag,
}
_ORDER = _object(_ORDER_MEMBERS)


def _check_order(value: dict[str, Any]) -> None:
    _ORDER(value, "")
    if not value.get("order_id"):
        raise _Wrong("/order_id: expected a string that is not empty")
    parties = value.get("parties") or ()
    if not any((party.get("name") or "").strip() for party in parties):
        raise _Wrong("/parties: expected at least one party with a name")


def _order(value: dict[str, Any], parties: list[Party]) -> Order:
    get = value.get
    placed_at = get("placed_at")
    return Order(
        value["order_id"],
        get("cancelled") is True,
        washington_day(placed_at) if placed_at else None,
        get("export_date"),
        parties,
        get("items") or (),
        get("end_use") or "",
        get("notes") or "",
        value,
    )


def _party(value: dict[str, Any]) -> Party:
    return Party(
        value.get("role") or "",
        value.get("name") or "",
        value.get("other_names") or [],
        value.get("kind") or "",
        value.get("address") or "",
        value.get("country") or "",
        value.get("identifiers") or {},
        value,
    )


# --- the short way ---------------------------------------------------------------------------------------------------

_NOTHING: frozenset[type] = frozenset({type(None)})
_TEXT = _NOTHING | {str}
_COUNT = _NOTHING | {int, float}
_BOOLEAN = _NOTHING | {bool}
_SCALAR = _TEXT | _COUNT | _BOOLEAN
_CERTAIN = {_SHORT: _TEXT, _NAME: _TEXT, _FREE: _TEXT, _number: _COUNT, _amount: _TEXT | _COUNT, _flag: _BOOLEAN}
"""Check -> the types that pass it for certain, as long as no text is longer than `SHORT_CHARS_MAX`."""


class _Shapes(dict[tuple[Any, ...], bool]):
    """Shape of an object -> whether it is right for certain, with nothing nested in members that the schema omits.

    A shape is the names of the members, then the types of their values. Filled as shapes are met.
    """

    def __init__(self, types: Mapping[str, frozenset[type]], required: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._types = types
        self._required = required

    def __missing__(self, shape: tuple[Any, ...]) -> bool:
        if len(self) >= SHAPES_KEPT:
            self.clear()
        names, kinds = shape[: len(shape) // 2], shape[len(shape) // 2 :]
        certain = all(kind in self._types.get(name, _SCALAR) for name, kind in zip(names, kinds, strict=True))
        self[shape] = right = certain and self._required.issubset(names)
        return right


def _certain_types(checks: Checks) -> dict[str, frozenset[type]]:
    return {name: _CERTAIN.get(check, _NOTHING) for name, check in checks.items()}


_HEAD = _object({name: check for name, check in _ORDER_MEMBERS.items() if name != "parties"})
_HEAD_SHAPES = _Shapes(
    _certain_types(_ORDER_MEMBERS)
    | {"schema_version": _COUNT, "order_id": _TEXT - _NOTHING, "placed_at": _TEXT, "export_date": _TEXT}
    | {"items": _NOTHING | {list}},
    required=frozenset({"order_id", "parties"}),
)
_ITEM_SHAPES = _Shapes(_certain_types(_ITEM_MEMBERS))
_PARTY_SHAPES = _Shapes(_certain_types(_PARTY_MEMBERS) | {"other_names": _NOTHING | {list}})
_NAME_OF_PARTIES = b'"parties":'
_PARTIES_BEGIN = b'"parties":[{'
_PARTIES_BORDER = b"},{"
_PARTIES_END = b"}]"
_NAME_OF_ROLE = b'"role":'
_ROLE_FIRST = b'"role":"'


def _order_certain(raw: bytes, memory: Memory) -> Order | None:
    """The order, if this way shows for certain that it is right.

    Where the member "parties" seems to be, an array of objects is taken out and null put in. If what is left is compact
    JSON and has this member once, and at its top, then that is where it was; and if all the bytes taken out are those
    of objects, then to put them back gives JSON again, of just these parts.
    """
    front, _, behind = raw.partition(_PARTIES_BEGIN)
    parties, closed, rest = behind.partition(_PARTIES_END)
    if not closed or _NAME_OF_PARTIES in front or _NAME_OF_PARTIES in rest:
        return None
    spelled = parties.split(_PARTIES_BORDER)
    if len(spelled) > PARTIES_MAX:
        return None
    head = b'%b"parties":null%b' % (front, rest)
    try:
        value = orjson.loads(head)
        if orjson.dumps(value) != head:  # perhaps a member stands twice
            return None
        if len(head) > SHORT_CHARS_MAX or not _is_flat(value):
            _check_head(value)
        remembered = memory.parties
        order = _order(value, [remembered.get(piece) or _party_certain(piece, memory) for piece in spelled])
    except (_Wrong, orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return order if _is_right(order, value) else None


def _is_flat(value: dict[str, Any]) -> bool:
    """Whether the order is right by its shape, as long as its texts are short; `_is_right` looks at the rest."""
    if type(value) is not dict or not _HEAD_SHAPES[*value, *map(type, value.values())]:
        return False
    for item in value.get("items") or ():
        if type(item) is not dict or not _ITEM_SHAPES[*item, *map(type, item.values())]:
            return False
    return True


def _check_head(value: Any) -> None:  # noqa: ANN401
    """Check the order without its parties, member by member."""
    _HEAD(value, "")
    if not value.get("order_id") or value.get("parties", ...) is not None or _members_and_depth(value)[1] > DEPTH_MAX:
        raise _Wrong


def _is_right(order: Order, value: dict[str, Any]) -> bool:
    """Whether what a shape does not tell is right: the id, the version, the days, and that a party has a name."""
    if not 0 < len(order.order_id) <= ORDER_ID_CHARS_MAX or value.get("schema_version", 1) != SCHEMA_VERSION:
        return False
    if order.placed_on is None and value.get("placed_at") is not None:
        return False
    if order.export_on is not None and not is_day(order.export_on):
        return False
    return bool(order.parties[0].name.strip()) or any(party.name.strip() for party in order.parties)


def _party_certain(piece: bytes, memory: Memory) -> Party:
    """A party that is not remembered; `_Wrong` or the JSON library's error when this is not for certain one."""
    role, body = _role_apart(piece)
    party: Party | None = memory.bodies.get(body)
    if party is None:
        party = memory.bodies.keep(body, _body_certain(body, role))
    elif role is not None and party.role != role:
        party = party.in_role(role)
    memory.parties.keep(piece, party)
    return party


def _role_apart(piece: bytes) -> tuple[str | None, bytes]:
    """The role, if it stands first ("" if nowhere, None if it stands later), and the other members."""
    if not piece.startswith(_ROLE_FIRST):
        return (None if _NAME_OF_ROLE in piece else ""), piece
    end = piece.find(b'"', len(_ROLE_FIRST))
    role, body = orjson.loads(piece[len(_NAME_OF_ROLE) : end + 1]), piece[end + 2 :]
    if piece[end : end + 2] != b'",' or _NAME_OF_ROLE in body:
        raise _Wrong
    _SHORT(role, "role")
    return role, body


def _body_certain(body: bytes, role: str | None) -> Party:
    """A party, if these are its members but for the role, or all of them where the role is None."""
    spelled = b"{%b}" % body
    value = orjson.loads(spelled)
    if orjson.dumps(value) != spelled:  # perhaps a member stands twice
        raise _Wrong
    if len(body) > SHORT_CHARS_MAX or not _is_flat_party(value):
        _PARTY(value, "")
        if _members_and_depth(value)[1] > DEPTH_MAX - 2:  # it is two levels deep
            raise _Wrong
    return _party(value if role is None else {**value, "role": role})


def _is_flat_party(value: dict[str, Any]) -> bool:
    """Whether a party is right by its shape, as long as its texts are short."""
    others = value.get("other_names") or ()
    return (
        type(others) in {list, tuple}
        and _PARTY_SHAPES[*value, *map(type, value.values())]
        and len(others) <= OTHER_NAMES_MAX
        and all(type(other) is str for other in others)
    )


def _order_spaced(raw: bytes, value: dict[str, Any], memory: Memory) -> Order | None:
    """The order by the short way, if but for blanks it is compact JSON: then no member stands twice."""
    try:
        compact = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None
    same = compact != raw and compact.translate(None, _BLANKS) == raw.translate(None, _BLANKS)
    return _order_certain(compact, memory) if same else None


# --- days ------------------------------------------------------------------------------------------------------------


def washington_day_of(timestamp_ms: int) -> str | None:
    """The day in Washington of a time in milliseconds since 1970 (UTC); None for what is no time (Kafka's -1)."""
    if timestamp_ms < 0:
        return None
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC).astimezone(WASHINGTON).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None
