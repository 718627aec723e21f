"""What a process that serves writes to its log."""

from __future__ import annotations

import logging

from screener.runners.logs import ALIKE_MAX, CLIENT_FORMAT, SELDOM_SECONDS, Seldom


def said(seldom: Seldom, at: float, text: str, fmt: str = CLIENT_FORMAT) -> str | None:
    """What is written of a line that comes at a time, None where it is left out."""
    arguments = ("FAIL", "rdkafka#producer-1", text) if fmt == CLIENT_FORMAT else (text,)
    record = logging.LogRecord("client", logging.ERROR, "", 0, fmt, arguments, None)
    record.created = at
    return record.getMessage() if seldom.filter(record) else None


def test_what_the_client_says_again_and_again_is_written_now_and_then() -> None:
    """One line of those that differ in numbers only, the next with how many were left out; others as they come."""
    seldom = Seldom()
    assert said(seldom, 0.0, "Connect to broker 1 failed, 100% lost") is not None
    for at in range(1, 9):
        assert said(seldom, float(at), f"Connect to broker {at} failed, 100% lost") is None
    assert said(seldom, 9.0, "Disconnected") is not None
    line = said(seldom, SELDOM_SECONDS, "Connect to broker 1 failed, 100% lost")
    assert line == "FAIL [rdkafka#producer-1] Connect to broker 1 failed, 100% lost (and 8 like it)"
    assert said(seldom, SELDOM_SECONDS + 1, "Connect to broker 1 failed, 100% lost") is None


def test_what_the_program_says_is_always_written() -> None:
    """Two orders that fail in the same way are two lines."""
    seldom = Seldom()
    assert [said(seldom, 0.0, "orders[0]@1", "screening of %s failed") for _ in range(3)] == [
        "screening of orders[0]@1 failed"
    ] * 3


def test_lines_that_are_remembered_are_bounded() -> None:
    """A client that never says the same twice fills no memory."""
    seldom = Seldom()
    for number in range(2 * ALIKE_MAX):
        assert said(seldom, 0.0, "a" * number) is not None
    assert len(seldom._told) <= ALIKE_MAX
