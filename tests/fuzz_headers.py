"""Headers of an order's record as bytes that a fuzzer can change, and what is promised of all of them.

An input is a list of headers: a name, `VALUE_MARK` and a value, ended by `HEADER_MARK`; without `VALUE_MARK` there is
no value. `Message` behaves as the Kafka client does with a record of them: a name that is not UTF-8 is a SystemError
instead of headers. `tests/fuzz.py` makes inputs, and the tests replay its corpus.
"""

from __future__ import annotations

import re
from typing import Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME

from screener.runners.clients import TRACESTATE_CHARACTERS_MAX, TRACESTATE_MEMBERS_MAX, headers_of, received, trace_of

HEADER_MARK, VALUE_MARK = b"\x1e", b"\x1f"
LARGE_TIMES = 3_000
"""How often the values are repeated for a second look: the client takes headers of up to a megabyte."""

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NAMES = (b"traceparent", b"tracestate", b"Traceparent", b"baggage", b"", b"\xff", b"traceparent\xfe", b"\x00")
VALUES = (
    *(PARENT, PARENT.upper(), b"ff" + PARENT[2:], PARENT[:36] + b"0" * 16 + PARENT[52:], PARENT + b"\n", b"0" * 55),
    *(b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", b"fw529a3039@dt=FfAz, a*b/c_d-e=x y", b"a=1,,b=2", b"a=1,a=2"),
    *(b"a=1\r\nx-evil: 1", b"a=\xff", b"A=1", b"a=b=c", b"a= ", b",", b"", b"a=" + b"v" * 256, b"a=" + b"v" * 257),
    *(b",".join(b"k%d=v" % number for number in range(count)) for count in (32, 33)),
)


class Message:
    """A record with headers, as the client gives it; `asked` counts how often it was asked for them."""

    def __init__(self, headers: list[tuple[bytes, bytes | None]]) -> None:
        self._headers = headers
        self.asked = 0

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """The headers, or None where there are none; a second call would end the client's process."""
        self.asked += 1
        try:
            return [(name.decode(), value) for name, value in self._headers] or None
        except UnicodeDecodeError:
            raise SystemError("method returned a result with an exception set") from None

    def timestamp(self) -> tuple[int, int]:
        """A time of the broker's."""
        return TIMESTAMP_LOG_APPEND_TIME, 1_764_000_000_000

    def partition(self) -> int:
        """A partition."""
        return 2

    def offset(self) -> int:
        """An offset."""
        return 8810

    def key(self) -> bytes:
        """A key."""
        return b"O-1"

    def value(self) -> bytes:
        """A value."""
        return b"{}"


def headers_from(raw: bytes) -> list[tuple[bytes, bytes | None]]:
    """The headers that an input stands for."""
    headers: list[tuple[bytes, bytes | None]] = []
    for part in raw.split(HEADER_MARK)[:-1]:
        name, mark, value = part.partition(VALUE_MARK)
        headers.append((name, value if mark else None))
    return headers


def check(raw: bytes) -> None:
    """Hold headers, and the same with very long values, against what is promised of all."""
    headers = headers_from(raw)
    _check(headers)
    _check([(name, value and value * LARGE_TIMES) for name, value in headers])


def _check(headers: list[tuple[bytes, bytes | None]]) -> None:
    message: Any = Message(headers)
    record = received(message)
    assert message.asked == 1, "the client must not be asked twice"
    assert (record.source, record.key, record.value, record.broker_time) == ((2, 8810), b"O-1", b"{}", True)
    readable = all(_is_utf8(name) for name, _ in headers)
    assert record.headers_readable == readable
    assert (headers_of(Message(headers)) is None) == (not readable)  # type: ignore[arg-type]
    expected = _trace(headers) if readable else []
    assert record.trace == expected, (headers, record.trace)
    assert trace_of(record.trace) == expected, "what is passed on is a trace again"


# --- the plain path --------------------------------------------------------------------------------------------------


def _trace(headers: list[tuple[bytes, bytes | None]]) -> list[tuple[str, bytes]]:
    """What W3C Trace Context makes of headers, in plain steps."""
    parents = [value for name, value in headers if name == b"traceparent"]
    states = [value for name, value in headers if name == b"tracestate"]
    if len(parents) != 1 or parents[0] is None or not _is_parent(parents[0]):
        return []
    trace = [("traceparent", parents[0])]
    if len(states) == 1 and states[0] is not None and _is_state(states[0]):
        trace.append(("tracestate", states[0]))
    return trace


def _is_parent(value: bytes) -> bool:
    parts = value.split(b"-")
    if [len(part) for part in parts] != [2, 32, 16, 2] or value.strip(b"0123456789abcdef-"):
        return False
    if any(character not in b"0123456789abcdef-" for character in value):
        return False
    return parts[0] != b"ff" and bool(parts[1].strip(b"0")) and bool(parts[2].strip(b"0"))


def _is_state(value: bytes) -> bool:
    members = [member.strip(b" \t") for member in value.split(b",")]
    members = [member for member in members if member]
    keys = [member.partition(b"=")[0] for member in members]
    return (
        len(value) <= TRACESTATE_CHARACTERS_MAX
        and 1 <= len(members) <= TRACESTATE_MEMBERS_MAX
        and len(set(keys)) == len(keys)
        and all(_is_member(member) for member in members)
    )


def _is_member(member: bytes) -> bool:
    key, mark, value = member.partition(b"=")
    tenant, at, system = key.partition(b"@")
    lower, digits = b"abcdefghijklmnopqrstuvwxyz", b"0123456789"
    allowed = lower + digits + b"_-*/"
    if at:
        named = len(tenant) <= 241 and len(system) <= 14 and tenant[:1] != b"" and tenant[:1] in lower + digits
        named = named and system[:1] != b"" and system[:1] in lower
    else:
        named = 1 <= len(key) <= 256 and key[:1] in lower
    named = named and all(character in allowed for character in tenant + system)
    printable = all(0x20 <= character <= 0x7E and character not in b",=" for character in value)
    return bool(named and mark and printable and 1 <= len(value) <= 256 and not value.endswith(b" "))


def _is_utf8(name: bytes) -> bool:
    return not re.search("[\udc80-\udcff]", name.decode("utf-8", "surrogateescape"))


# --- what a fuzzer begins with ---------------------------------------------------------------------------------------


def seeds() -> list[bytes]:
    """Each name with each value, alone and behind a valid traceparent, twice, and without a value."""
    first = b"traceparent" + VALUE_MARK + PARENT + HEADER_MARK
    headers = [name + VALUE_MARK + value + HEADER_MARK for name in NAMES for value in VALUES]
    bare = [name + HEADER_MARK for name in NAMES]
    return [b"", *headers, *bare, *(first + header for header in headers + bare), *(header * 2 for header in headers)]


def words() -> list[bytes]:
    """What a mutation may put in."""
    return [HEADER_MARK, VALUE_MARK, *filter(None, NAMES), PARENT, b"a=1,", b"@"]
