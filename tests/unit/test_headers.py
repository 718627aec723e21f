"""Headers of an order's record: a valid trace is passed on, and headers that can't be read stop nothing."""

from __future__ import annotations

from typing import Any

import pytest

from screener.runners.clients import headers_of, trace_of

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "state",
    [
        b"vendor=1",
        b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        b"fw529a3039@dt=FfAz, a*b/c_d-e=x y",
        b"a=1,,b=2",
        b",".join(b"k%d=v" % number for number in range(32)),
        b"a=" + b"v" * 256,
    ],
)
def test_a_valid_trace_is_passed_on(state: bytes) -> None:
    """As it came."""
    headers: list[Any] = [("baggage", b"x=1"), ("tracestate", state), ("traceparent", PARENT)]
    assert trace_of(headers) == [("traceparent", PARENT), ("tracestate", state)]


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        None,
        b"0" * 55,
        PARENT.upper(),
        PARENT + b"\n",
        b" " + PARENT,
        PARENT + b"-00",
        b"ff" + PARENT[2:],
        PARENT[:3] + b"0" * 32 + PARENT[35:],
        PARENT[:36] + b"0" * 16 + PARENT[52:],
        PARENT.replace(b"-", b"_"),
    ],
)
def test_an_invalid_traceparent_takes_its_tracestate_with_it(parent: bytes | None) -> None:
    """Nothing of such a trace is passed on."""
    assert trace_of([("traceparent", parent), ("tracestate", b"vendor=1")]) == []


@pytest.mark.parametrize(
    "state",
    [
        b"",
        None,
        b",",
        b"vendor",
        b"Vendor=1",
        b"vendor=1\r\nx-evil: 1",
        b"vendor=\xff",
        b"vendor=1,vendor=2",
        b"vendor=" + b"v" * 257,
        b"vendor=1;b=2=3",
        b",".join(b"k%d=v" % number for number in range(33)),
        b"x" * 513,
    ],
)
def test_an_invalid_tracestate_is_left_out(state: bytes | None) -> None:
    """The traceparent goes on alone."""
    assert trace_of([("traceparent", PARENT), ("tracestate", state)]) == [("traceparent", PARENT)]


def test_headers_that_come_twice_are_no_trace() -> None:
    """Which of them counts would be a guess."""
    assert trace_of([("traceparent", PARENT), ("traceparent", PARENT)]) == []
    assert trace_of([("traceparent", PARENT), ("tracestate", b"a=1"), ("tracestate", b"b=1")]) == [
        ("traceparent", PARENT)
    ]


def test_headers_that_cannot_be_read_are_asked_for_once() -> None:
    """The client's second answer for such a record ends the process."""
    asked = []

    class Message:
        def headers(self) -> Any:
            asked.append(1)
            raise SystemError("a header's name is not UTF-8")

    assert headers_of(Message()) is None  # type: ignore[arg-type]
    assert len(asked) == 1
