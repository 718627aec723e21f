"""Prometheus metrics: listens to decisions, snapshots and batches, and knows nothing of what made them.

Names are `screener_<noun>_<unit>` in base units; labels are bounded: outcomes, list codes, reason codes, partitions,
never a name or an order id.
"""

from __future__ import annotations

from collections import Counter as Counts
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from screener.model import Decision, Snapshot

OUTCOMES = ("clear", "review", "block", "quarantine")
SCREENING_SECONDS_BUCKETS = (25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1.0)
BATCH_ORDERS_BUCKETS = (1, 2, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._orders = Counter("screener_orders", "Orders answered, by outcome.", ["outcome"], registry=self.registry)
        self._hits = Counter("screener_hits", "Orders with a hit on a list.", ["list"], registry=self.registry)
        self._quarantined = Counter(
            "screener_quarantined", "Orders quarantined, by reason.", ["reason"], registry=self.registry
        )
        self._screening = Histogram(
            "screener_screening_seconds",
            "Time to screen one order.",
            buckets=SCREENING_SECONDS_BUCKETS,
            registry=self.registry,
        )
        self._batch = Histogram(
            "screener_batch_orders",
            "Orders answered in one transaction.",
            buckets=BATCH_ORDERS_BUCKETS,
            registry=self.registry,
        )
        self._parties = Counter("screener_parties", "Parties of the orders that were read.", registry=self.registry)
        self._parties_new = Counter(
            "screener_parties_new", "Parties that were not remembered and had to be worked out.", registry=self.registry
        )
        self._met = ("", 0, 0)
        self._transactions = Counter(
            "screener_transactions", "Kafka transactions, by result.", ["result"], registry=self.registry
        )
        self._contested = Counter(
            "screener_license_contests",
            "Batches screened again because another worker drew on the same license.",
            registry=self.registry,
        )
        self._lag = Gauge(
            "screener_consumer_lag_records", "Orders not yet answered.", ["partition"], registry=self.registry
        )
        self._waiting = Gauge(
            "screener_partitions_waiting",
            "Partitions of orders that are not read: an outgoing topic has fewer partitions.",
            registry=self.registry,
        )
        self._expired = Counter(
            "screener_orders_expired",
            "Records of orders that the topic deleted before they were answered.",
            registry=self.registry,
        )
        self._age = Gauge(
            "screener_snapshot_age_seconds", "Age of the oldest list of the snapshot in use.", registry=self.registry
        )
        self._snapshot = Gauge(
            "screener_snapshot_info", "The snapshot in use, by its hash.", ["sha256"], registry=self.registry
        )
        self._entries = Gauge(
            "screener_list_entries", "Entries of the snapshot in use, by list.", ["list"], registry=self.registry
        )
        self._refused = Counter(
            "screener_snapshots_refused", "Announced snapshots that were not taken.", registry=self.registry
        )
        for outcome in OUTCOMES:
            self._orders.labels(outcome)
        for result in ("committed", "aborted"):
            self._transactions.labels(result)

    def committed(self, decided: Sequence[tuple[Decision, float]]) -> None:
        """Count a transaction: its decisions, with the seconds that screening each order took."""
        self._batch.observe(len(decided))
        self._transactions.labels("committed").inc()
        for outcome, count in Counts(decision.outcome for decision, _ in decided).items():
            self._orders.labels(outcome).inc(count)
        for _, seconds in decided:
            self._screening.observe(seconds)
        for code, count in Counts(code for decision, _ in decided for code in decision.lists).items():
            self._hits.labels(code).inc(count)
        faults = (decision.reasons[0] for decision, _ in decided if decision.outcome == "quarantine")
        for reason, count in Counts(faults).items():
            self._quarantined.labels(reason).inc(count)

    def met(self, snapshot: Snapshot) -> None:
        """Count the parties that the snapshot in use was asked about, and those that it did not remember."""
        asked, new = snapshot.memory.parties_asked, snapshot.memory.bodies.misses
        sha256, asked_before, new_before = self._met
        if sha256 == snapshot.sha256:
            self._parties.inc(asked - asked_before)
            self._parties_new.inc(new - new_before)
        self._met = (snapshot.sha256, asked, new)

    def aborted(self) -> None:
        """Count a transaction that was rolled back."""
        self._transactions.labels("aborted").inc()

    def contested(self) -> None:
        """Count a batch that is screened again with what another worker has drawn."""
        self._contested.inc()

    def lagging(self, partition: int, records: int) -> None:
        """Say how many orders of a partition are not yet answered."""
        self._lag.labels(str(partition)).set(records)

    def waiting(self, partitions: int) -> None:
        """Say how many partitions have no counterpart in an outgoing topic and are not read."""
        self._waiting.set(partitions)

    def expired(self, records: int) -> None:
        """Count records of `orders` that were deleted before they were answered."""
        self._expired.inc(records)

    def revoked(self) -> None:
        """Forget the partitions' lags: other workers may have them now."""
        self._lag.clear()

    def swapped(self, snapshot: Snapshot) -> None:
        """Say which snapshot is in use."""
        self.met(snapshot)
        self._snapshot.clear()
        self._snapshot.labels(snapshot.sha256).set(1)
        self._entries.clear()
        for code, facts in snapshot.lists.items():
            self._entries.labels(code).set(facts.entries)

    def aged(self, seconds: float) -> None:
        """Say how old the oldest list is."""
        self._age.set(seconds)

    def refused(self) -> None:
        """Count an announced snapshot that was not taken."""
        self._refused.inc()

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
