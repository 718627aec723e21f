"""Bytes -> Order, or the Fault that says why not.

Total: every byte string gives one or the other, and no exception leaves. Every field that the order's schema
(`topics/schemas/order.schema.json`) names is held to its type and limit; members that it does not name are passed over,
so that senders can add theirs. A wrong type is a fault and never a guess; so is a member that stands twice in one
object, for then two readers could take one order for two.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from screener.model import Fault, Item, Order, Party

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER_BYTES_MAX = 1_000_000
ORDER_ID_CHARS_MAX = 200
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
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?')  # a JSON string, and whether it names a member
WASHINGTON = ZoneInfo("America/New_York")
KINDS = frozenset({"", "organization", "person", "vessel", "aircraft"})


class _Wrong(Exception):  # noqa: N818  never leaves this module
    """A value that is not what the schema says; carries a JSON pointer and what was expected."""


def decode(raw: bytes) -> Order | Fault:
    """Read one order. Reads nothing else, raises nothing."""
    if len(raw) > ORDER_BYTES_MAX:
        return Fault("ORDER_TOO_LARGE", f"{len(raw)} bytes, expected at most {ORDER_BYTES_MAX}")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Fault("NOT_JSON", f"not JSON in UTF-8: {error}")
    if not isinstance(value, dict):
        return Fault("NOT_AN_ORDER", f"expected a JSON object, found {_kind(value)}")
    try:
        _check_order(value)
        _check_members(raw, value)
        return _order(value)
    except _Wrong as wrong:
        return Fault("NOT_AN_ORDER", str(wrong), _readable_id(value))


def _check_members(raw: bytes, value: object) -> None:
    """Hold the depth to its limit, and refuse a member that stands twice in one object."""
    members, depth = _members_and_depth(value)
    if depth > DEPTH_MAX:
        raise _Wrong(f"nested {depth} deep, expected at most {DEPTH_MAX}")
    if sum(map(bool, _STRING.findall(raw))) != members:
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


def _text(limit: int) -> Callable[[Any, str], None]:
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
    try:
        if date.fromisoformat(value).isoformat() != value:
            raise ValueError
    except ValueError:
        raise _Wrong(f"{at}: expected a date such as 2026-12-01") from None


def _instant(value: Any, at: str) -> None:  # noqa: ANN401
    _SHORT(value, at)
    if _washington_day(value) is None:
        raise _Wrong(f"{at}: expected a time with its offset such as 2026-11-22T01:02:03Z")


def _one_of(names: frozenset[str]) -> Callable[[Any, str], None]:
    def check(value: Any, at: str) -> None:  # noqa: ANN401
        _SHORT(value, at)
        if value not in names:
            raise _Wrong(f"{at}: expected one of {', '.join(sorted(filter(None, names)))}")

    return check


def _list(check: Callable[[Any, str], None], limit: int) -> Callable[[Any, str], None]:
    def check_list(value: Any, at: str) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            raise _Wrong(f"{at}: expected an array, found {_kind(value)}")
        if len(value) > limit:
            raise _Wrong(f"{at}: {len(value)} elements, expected at most {limit}")
        for number, element in enumerate(value):
            check(element, f"{at}/{number}")

    return check_list


def _object(members: dict[str, Callable[[Any, str], None]]) -> Callable[[Any, str], None]:
    def check(value: Any, at: str) -> None:  # noqa: ANN401
        if not isinstance(value, dict):
            raise _Wrong(f"{at}: expected an object, found {_kind(value)}")
        for name, member in value.items():
            check_member = members.get(name)
            if check_member is not None and member is not None:
                check_member(member, f"{at}/{name}")

    return check


def _map(check: Callable[[Any, str], None], limit: int) -> Callable[[Any, str], None]:
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

_PARTY = _object(
    {
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
)
_ITEM = _object(
    {
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
)
_ORDER = _object(
    {
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
)


def _check_order(value: dict[str, Any]) -> None:
    _ORDER(value, "")
    if not value.get("order_id"):
        raise _Wrong("/order_id: expected a string that is not empty")
    parties = value.get("parties") or ()
    if not any((party.get("name") or "").strip() for party in parties):
        raise _Wrong("/parties: expected at least one party with a name")


def _order(value: dict[str, Any]) -> Order:
    placed_at = value.get("placed_at")
    return Order(
        order_id=value["order_id"],
        cancelled=value.get("cancelled") is True,
        placed_on=_washington_day(placed_at) if placed_at else None,
        export_on=value.get("export_date"),
        parties=[_party(party) for party in value["parties"]],
        items=[_item(item) for item in value.get("items") or ()],
        end_use=value.get("end_use") or "",
        notes=value.get("notes") or "",
    )


def _party(value: dict[str, Any]) -> Party:
    return Party(
        role=value.get("role") or "",
        name=value.get("name") or "",
        other_names=value.get("other_names") or [],
        kind=value.get("kind") or "",
        address=value.get("address") or "",
        country=value.get("country") or "",
        identifiers=value.get("identifiers") or {},
    )


def _item(value: dict[str, Any]) -> Item:
    return Item(value.get("description") or "", value.get("maker") or "", value.get("model") or "")


def _washington_day(instant: str) -> str | None:
    """The day in Washington of an ISO time with an offset; None when it is none."""
    try:
        moment = datetime.fromisoformat(instant)
        return moment.astimezone(WASHINGTON).date().isoformat() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def washington_day_of(timestamp_ms: int) -> str | None:
    """The day in Washington of a time in milliseconds since 1970 (UTC); None for what is no time (Kafka's -1)."""
    if timestamp_ms < 0:
        return None
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC).astimezone(WASHINGTON).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None
