"""The remembered day of an hour is the day of each of its seconds."""

import importlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

DAYS = importlib.import_module("screener.core.days")
TEXTS = st.datetimes().map(lambda moment: f"{moment.isoformat()[:19]}Z") | st.from_regex(
    r"[0-9W-]{10}[T t0-9][0-9]{2}:[0-9]{2}:[0-9]{2}Z", fullmatch=True
)


@given(TEXTS)
@example("1883-11-18T17:00:00Z")
@example("1850-01-01T04:58:00Z")
@example("2026-11-22T24:00:00Z")
@example("2026-11-22T23:59:60Z")
@example("2026-W47-7T01:02:03Z")
@example("20261122T0102:03:04Z")
@settings(max_examples=500)
def test_day_by_hour_is_the_day_of_the_instant(instant):
    """Whatever looks like an instant has the same day, or none, by its hour and by itself."""
    assert DAYS.washington_day(instant) == DAYS._day_of(instant)
