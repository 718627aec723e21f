"""The histogram of whole batches: the same lines as the client library's own, value by value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from screener.runners.distribution import Distribution

BOUNDS = (0.001, 0.5, 1.0, 2.0)


def samples(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    """What a scrape sees, without when it began."""
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(st.lists(st.floats(0, 4) | st.sampled_from(BOUNDS))))
def test_batches_count_as_their_values_do_one_by_one(batches: list[list[float]]) -> None:
    """Buckets, count and sum are those of the client library's histogram; a bound itself is inside its bucket."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    distribution = Distribution("some_seconds", "A text.", BOUNDS, ours)
    histogram = Histogram("some_seconds", "A text.", buckets=BOUNDS, registry=theirs)
    for batch in batches:
        distribution.observe(batch)
        for value in batch:
            histogram.observe(value)
    assert samples(ours) == samples(theirs)
